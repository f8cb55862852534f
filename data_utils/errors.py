"""The one error of the data tools: something about the data a person can put right.

Runs anywhere (standard library only). Every message is one sentence that says what is wrong and,
where there is one, the way out, so commands print it as it is instead of a traceback.
"""

from __future__ import annotations


class DataProblem(ValueError):
    """A file, a label or a setting that cannot be used as given; the message says what to do."""
