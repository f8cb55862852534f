import torch.nn as nn
import torch.nn.functional as F


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.w1 = nn.Linear(emb_size, intermediate_size)
        self.w2 = nn.Linear(intermediate_size, emb_size)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.p = dropout

    def forward(self, att_out):
        out = self.norm(self.w2(F.gelu(self.w1(att_out))) + att_out)
        return F.dropout(out, p=self.p, training=self.training)
