from torch import nn


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        inner = emb_size * 4
        self.fc1 = nn.Linear(emb_size, inner)
        self.fc2 = nn.Linear(inner, emb_size)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        residual = att_out
        out = self.fc1(att_out)
        out = self.gelu(out)
        out = self.fc2(out)
        out = self.dropout(out)
        out = out + residual
        return self.ln(out)
