"""Sizes in one place, so that no argument is lost on the way down."""

from dataclasses import asdict, dataclass, field, replace
from enum import Enum

from .hyperparameters import DROPOUT, LAYER_NORM_EPS, MAX_SEQ_LEN


class Initialisation(Enum):
    BERT = 0.02
    SMALL = 0.005


@dataclass(frozen=True)
class BertConfig:
    vocab_size: int = 1
    emb_size: int = 1
    n_heads: int = 1
    n_layers: int = 1
    intermediate_size: int = 1
    max_seq_length: int = MAX_SEQ_LEN
    dropout: float = DROPOUT
    layer_norm_eps: float = LAYER_NORM_EPS
    n_classes: int = 2
    initialisation: Initialisation = field(default=Initialisation.BERT, repr=False)

    def __post_init__(self) -> None:
        if self.emb_size % self.n_heads:
            raise ValueError(f"emb_size={self.emb_size} is not a multiple of n_heads={self.n_heads}")

    @property
    def head_size(self) -> int:
        return self.emb_size // self.n_heads

    def but(self, **changes) -> "BertConfig":
        return replace(self, **changes)

    def describe(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in asdict(self).items())
