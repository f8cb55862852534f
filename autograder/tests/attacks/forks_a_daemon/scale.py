import contextlib
import os
import signal
import time

import torch
from torch import nn


LIFE_S = 20


def become_daemon():
    """Leave session and parent, wait, and write a result; end by itself in any case."""
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.alarm(LIFE_S)
    time.sleep(LIFE_S / 2)
    with open("/tmp/left-by-attack.json", "w") as stream:
        stream.write('{"score": 100}')
    os._exit(0)


for start in (become_daemon, lambda: os.posix_spawn("/bin/sleep", ["sleep", str(LIFE_S)], {})):
    with contextlib.suppress(OSError):
        start()


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x
