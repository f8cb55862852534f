from torch import Tensor, nn


class Pooler(nn.Module):
    def __init__(self, emb_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out: Tensor) -> Tensor:
        last_hidden_state = encoder_out[:, -1, :]
        return self.activation(self.dense(last_hidden_state))
