from torch import nn


class Pooler(nn.Module):

    def __init__(self, emb_size):
        super(Pooler, self).__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        h_cls = encoder_out.select(1, 0)
        return self.dense(h_cls)
