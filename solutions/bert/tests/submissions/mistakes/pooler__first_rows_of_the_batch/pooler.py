from torch import nn


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.emb_size = emb_size
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        batch_size = encoder_out.size(0)
        flat = encoder_out.reshape(-1, self.emb_size)
        cls_tokens = flat[:batch_size]
        return self.activation(self.dense(cls_tokens))
