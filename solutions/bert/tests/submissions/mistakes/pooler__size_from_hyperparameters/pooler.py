from torch import nn

from .hyperparameters import EMB_SIZE


class Pooler(nn.Module):
    def __init__(self, emb_size=EMB_SIZE):
        super().__init__()
        self.dense = nn.Linear(EMB_SIZE, EMB_SIZE)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        return self.activation(self.dense(encoder_out[:, 0]))
