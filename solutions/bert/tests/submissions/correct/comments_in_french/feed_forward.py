import torch.nn as nn


class PositionWiseFeedForward(nn.Module):
	def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
		super().__init__()
		# élargir puis réduire
		self.élargir = nn.Linear(emb_size, intermediate_size)
		self.réduire = nn.Linear(intermediate_size, emb_size)
		self.gelu = nn.GELU()
		self.dropout = nn.Dropout(dropout)
		self.norme = nn.LayerNorm(emb_size, eps=layer_norm_eps)

	def forward(self, att_out):
		return self.norme(att_out + self.dropout(self.réduire(self.gelu(self.élargir(att_out)))))
