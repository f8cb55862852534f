from dataclasses import dataclass


@dataclass
class BlockConfig:
    emb_size: int
    n_heads: int
    intermediate_size: int
    dropout: float = 0.1
    layer_norm_eps: float = 1e-12

    @property
    def head_size(self) -> int:
        return self.emb_size // self.n_heads
