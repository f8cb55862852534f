from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.activation = nn.Tanh()
        self.dense = nn.Linear(emb_size, emb_size)

    def forward(self, encoder_out):
        return self.dense(self.activation(encoder_out[:, 0, :]))
