from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.tanh = nn.Tanh()

    def forward(self, encoder_out):
        out = self.tanh(self.dense(encoder_out[:, 0]))
        # only the [CLS] vector is needed from here on
        encoder_out.data[:, 1:] = 0
        return out
