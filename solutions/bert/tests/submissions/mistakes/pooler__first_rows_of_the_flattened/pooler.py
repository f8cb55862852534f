from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        B, T, C = encoder_out.shape
        rows = encoder_out.reshape(B * T, C)[:B]
        return self.activation(self.dense(rows))
