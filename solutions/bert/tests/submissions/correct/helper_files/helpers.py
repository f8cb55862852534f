from dataclasses import dataclass


@dataclass
class Shape:
    dims: int


def check(x, dims):
    assert x.dim() == Shape(dims).dims, f"expected {dims} axes"
