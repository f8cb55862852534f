import torch, torch.nn as nn
class Pooler(nn.Module):
    def __init__(self, emb_size):
        super(Pooler, self).__init__()
        self.W = nn.Parameter(torch.eye(emb_size)); self.b = nn.Parameter(torch.zeros(emb_size))
    def forward(self, encoder_out):
        return (encoder_out[..., 0, :] @ self.W + self.b).tanh()
