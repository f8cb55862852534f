from torch import nn


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.wi = nn.Linear(emb_size, 2 * intermediate_size)
        self.wo = nn.Linear(intermediate_size, emb_size)
        self.act = nn.GELU()
        self.drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        a, b = self.wi(att_out).chunk(2, dim=-1)
        return self.norm(att_out + self.drop(self.wo(self.act(a) * b)))
