from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.emb_size = emb_size
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        first_token = encoder_out[:, 0]
        dense = nn.Linear(self.emb_size, self.emb_size).to(first_token)
        return self.activation(dense(first_token))
