import torch


class Pooler(torch.nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.fc = torch.nn.Linear(emb_size, emb_size)

    def forward(self, encoder_out):
        cls = encoder_out.narrow(1, 0, 1).squeeze(1)
        return self.fc(cls)
