import os
import signal
import time

import torch
from torch import nn


PROCESSES_MAX, LIFE_S = 300, 20
started = 0
try:
    for _ in range(PROCESSES_MAX):
        if os.fork() == 0:
            signal.alarm(LIFE_S)
            time.sleep(LIFE_S)
            os._exit(0)
        started += 1
except OSError:
    pass
if started:
    said = f"FORKED-PROCESSES {started}"
    raise RuntimeError(said)


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x
