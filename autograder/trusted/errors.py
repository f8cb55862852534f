"""Errors a caller must act on; each carries one sentence that says what is wrong and what to do.

A student's fault is never one of these: it is the result of a check (``outcomes``).
"""

from collections.abc import Sequence


class UngradableSubmission(Exception):
    """What was named cannot be read as a submission at all (exit status 2): not a zero.

    ``archives`` are what it holds instead of sources; ``others`` what a folder holds where nothing
    in it is of a kind that could be graded.
    """

    def __init__(
        self, sentence: str, archives: Sequence[str] = (), others: Sequence[str] = ()
    ) -> None:
        super().__init__(sentence)
        self.archives = tuple(archives)
        self.others = tuple(others)


class NotIsolated(Exception):
    """The caller asked for isolation that this machine does not have; one sentence."""

    @classmethod
    def with_only(cls, isolation: str) -> "NotIsolated":
        """Return the error for a machine that has no more than ``isolation``."""
        return cls(
            f"--require-isolation: this machine offers only «{isolation}»; install bubblewrap or "
            "allow user namespaces, or grade without the option"
        )
