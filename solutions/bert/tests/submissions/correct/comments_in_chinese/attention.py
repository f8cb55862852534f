# 多头注意力
import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
	"""多头自注意力：残差连接和层归一化也在这里"""

	def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
		super(MultiHeadAttention, self).__init__()
		self.num_heads = n_heads
		self.head_size = emb_size // n_heads
		self.query = nn.Linear(emb_size, emb_size)
		self.key = nn.Linear(emb_size, emb_size)
		self.value = nn.Linear(emb_size, emb_size)
		self.dropout = nn.Dropout(dropout)
		self.final_linear = nn.Linear(emb_size, emb_size)
		self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

	def forward(self, emb, att_mask=None):
		batch, seq, hidden = emb.shape

		# (B, T, C) -> (B*H, T, D)
		def split(x):
			x = x.view(batch, seq, self.num_heads, self.head_size).permute(0, 2, 1, 3)
			return x.reshape(batch * self.num_heads, seq, self.head_size)

		q, k, v = split(self.query(emb)), split(self.key(emb)), split(self.value(emb))
		scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(self.head_size)
		if att_mask is not None:
			# 填充位置不参与注意力
			mask = att_mask.bool().repeat_interleave(self.num_heads, dim=0).unsqueeze(1)
			scores = scores.masked_fill(~mask, -1e9)
		probs = self.dropout(torch.softmax(scores, dim=2))
		out = torch.bmm(probs, v).view(batch, self.num_heads, seq, self.head_size)
		out = out.permute(0, 2, 1, 3).reshape(batch, seq, hidden)
		return self.ln(self.dropout(self.final_linear(out)) + emb)
