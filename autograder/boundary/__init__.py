"""What crosses between grader and sandbox: frames, messages and tensors, as bytes only.

Imported by both sides, so it imports nothing of either.
"""
