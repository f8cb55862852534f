import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.emb_size = emb_size
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def transpose_for_scores(self, x):
        new_shape = x.size()[:-1] + (self.n_heads, self.head_size)
        return x.view(*new_shape).permute(0, 2, 1, 3)

    def forward(self, emb, att_mask=None):
        query_layer = self.transpose_for_scores(self.query(emb))
        key_layer = self.transpose_for_scores(self.key(emb))
        value_layer = self.transpose_for_scores(self.key(emb))

        attention_scores = torch.matmul(query_layer, key_layer.transpose(-1, -2))
        attention_scores = attention_scores / self.head_size ** 0.5
        if att_mask is not None:
            attention_scores = attention_scores.masked_fill(
                att_mask[:, None, None, :] == 0, float("-inf")
            )
        attention_probs = nn.functional.softmax(attention_scores, dim=-1)
        attention_probs = self.dropout(attention_probs)
        context_layer = torch.matmul(attention_probs, value_layer)
        context_layer = context_layer.permute(0, 2, 1, 3).contiguous()
        context_layer = context_layer.view(*context_layer.size()[:-2], self.emb_size)
        hidden_states = self.dropout(self.final_linear(context_layer))
        return self.ln(hidden_states + emb)
