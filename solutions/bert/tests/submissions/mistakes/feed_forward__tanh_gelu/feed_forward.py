import torch.nn.functional as F
from torch import nn


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.ln = nn.LayerNorm(emb_size)
        self.eps = layer_norm_eps
        self.p = dropout

    def forward(self, att_out):
        x = F.linear(F.gelu(self.fc1(att_out), approximate='tanh'), self.fc2.weight, self.fc2.bias)
        x = F.dropout(x, p=self.p, training=self.training)
        return F.layer_norm(x + att_out, (x.shape[-1],), self.ln.weight, self.ln.bias, self.eps)
