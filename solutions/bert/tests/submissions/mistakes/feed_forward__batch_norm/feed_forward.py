from torch import nn


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.BatchNorm1d(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        x = self.dropout(self.fc2(self.gelu(self.fc1(att_out))))
        B, T, C = x.shape
        x = (x + att_out).reshape(B * T, C)
        return self.ln(x).reshape(B, T, C)
