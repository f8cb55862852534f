from torch import nn
class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.net = nn.Sequential(nn.LazyLinear(intermediate_size), nn.GELU(), nn.LazyLinear(emb_size), nn.Dropout(dropout))
        self.ln = nn.LayerNorm(emb_size, layer_norm_eps)
    def forward(self, att_out):
        return self.ln(att_out + self.net(att_out))
