import contextlib
import os
import sys

import torch
from torch import nn


NAMES = ("rubric.toml", "result.json", "left-by-attack.py", "sitecustomize.py")


def places():
    """Return folders a grader's files could lie in, its own code among them."""
    ours = sys.modules["autograder.untrusted.worker"].__file__
    above = [os.path.dirname(ours)]
    for _ in range(4):
        above.append(os.path.dirname(above[-1]))
    return [*above, *sys.path, "/dev/shm", "/usr", "/etc"]


written = []
for folder in places():
    for name in NAMES:
        with contextlib.suppress(OSError):
            # "x" makes a new file only: nothing that exists is ever harmed.
            with open(os.path.join(folder, "left-by-attack-" + name), "x") as stream:
                stream.write("")
            if not folder.startswith("/dev/shm"):
                written.append(folder)
if written:
    said = f"KIT-WRITABLE {written}"
    raise RuntimeError(said)


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x
