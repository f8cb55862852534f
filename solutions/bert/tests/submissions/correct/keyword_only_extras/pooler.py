from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size, *, bias=True):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size, bias=bias)
        self.activation = nn.Tanh()

    def forward(self, encoder_out, *, position=0):
        return self.activation(self.dense(encoder_out.narrow(1, position, 1).squeeze(1)))
