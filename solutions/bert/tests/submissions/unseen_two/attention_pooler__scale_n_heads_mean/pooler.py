from torch import Tensor, nn


class Pooler(nn.Module):
    def __init__(self, emb_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out: Tensor) -> Tensor:
        sentence = encoder_out.sum(dim=1) / encoder_out.shape[1]
        return self.activation(self.dense(sentence))
