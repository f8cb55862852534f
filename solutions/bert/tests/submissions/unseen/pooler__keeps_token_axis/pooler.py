import torch.nn as nn


class Pooler(nn.Module):
    def __init__(self, emb_size: int):
        super().__init__()
        self.dense = nn.Linear(in_features=emb_size, out_features=emb_size, bias=True)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        first_token = encoder_out[:, 0:1, :]
        return self.activation(self.dense(first_token))
