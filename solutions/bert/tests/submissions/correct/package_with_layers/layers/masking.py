def hide_padding(scores, mask):
    if mask is None:
        return scores
    return scores.masked_fill(mask[:, None, None, :].eq(0), float("-inf"))
