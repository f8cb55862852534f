from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()
        for p in self.dense.parameters():
            p.requires_grad = False

    def forward(self, encoder_out):
        return self.activation(self.dense(encoder_out[:, 0]))
