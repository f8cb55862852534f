"""Seeds and random numbers: one purpose, one seed, all of them replayed by that of the run.

Runs on the trusted side.
"""

import hashlib

import torch


def derive_seed(seed: int, *names: str) -> int:
    """Return a 63-bit seed for one purpose; it tells nothing about the run's seed."""
    text = "/".join([str(seed), *names]).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def visible_seed(*names: str) -> int:
    """Return a 31-bit seed that student code may see: it has nothing of the run's seed in it.

    A seed of 31 bits is found by trying, where anything that was made from it can be seen.
    """
    return derive_seed(0, "visible", *names) % 2**31


def make_generator(seed: int, *names: str) -> torch.Generator:
    """Return a generator of random numbers for one purpose."""
    return torch.Generator().manual_seed(derive_seed(seed, *names))
