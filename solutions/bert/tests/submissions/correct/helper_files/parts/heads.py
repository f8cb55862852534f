from ..helpers import check


def split_heads(x, n):
    check(x, 3)
    return x.unflatten(-1, (n, -1)).transpose(1, 2)


def join_heads(x):
    check(x, 4)
    return x.transpose(1, 2).flatten(2)
