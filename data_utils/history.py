"""What a training run remembers of its epochs.

Runs anywhere (standard library only).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class History:
    """Loss and accuracy of every finished epoch, the first epoch first; all lists equally long.

    Losses are means over tweets, accuracies shares between 0 and 1. It can be unpacked:
    `train_loss, train_accuracy, val_loss, val_accuracy = train(...)`. `interrupted` says that the
    run was stopped by hand; the epoch it was in is not in the lists.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    interrupted: bool = False

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(self.val_loss)

    @property
    def best_val_loss(self) -> float:
        """The lowest validation loss so far, infinite before the first epoch is finished."""
        return min(self.val_loss, default=math.inf)

    def add(
        self, train_loss: float, train_accuracy: float, val_loss: float, val_accuracy: float
    ) -> None:
        """Note down one finished epoch."""
        self.train_loss.append(train_loss)
        self.train_accuracy.append(train_accuracy)
        self.val_loss.append(val_loss)
        self.val_accuracy.append(val_accuracy)

    def describe_epoch(self, epoch: int) -> str:
        """Return one line about an epoch, counted from 1."""
        i = epoch - 1
        return (
            f"epoch {epoch}: "
            f"train loss {self.train_loss[i]:.4f}, accuracy {self.train_accuracy[i]:.3f}; "
            f"val loss {self.val_loss[i]:.4f}, accuracy {self.val_accuracy[i]:.3f}"
        )

    def __iter__(self) -> Iterator[list[float]]:
        return iter((self.train_loss, self.train_accuracy, self.val_loss, self.val_accuracy))

    def __str__(self) -> str:
        lines = [self.describe_epoch(epoch) for epoch in range(1, self.epochs + 1)]
        if self.interrupted:
            lines.append(f"interrupted in epoch {self.epochs + 1}")
        return "\n".join(lines) or "no epoch yet"
