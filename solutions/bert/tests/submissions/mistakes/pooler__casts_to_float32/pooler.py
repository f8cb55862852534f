import torch
import torch.nn as nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.fc = nn.Linear(emb_size, emb_size)

    def forward(self, encoder_out):
        cls_token = encoder_out[:, 0].float()
        return torch.tanh(self.fc(cls_token))
