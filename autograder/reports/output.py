"""Where reports are printed: a reader who goes away decides nothing.

Runs on the trusted side.
"""

import os
import sys
from contextlib import suppress
from typing import Any

from rich.console import Console


class Output(Console):
    """Standard output; ``| head -1`` closes it, and what is done meanwhile goes on unseen."""

    def __init__(self, **how: Any) -> None:
        # A file's name may hold bytes that are no text, which not every stream takes.
        getattr(sys.stdout, "reconfigure", lambda **_: None)(errors="replace")
        super().__init__(**how)

    def print(self, *objects: Any, **how: Any) -> None:
        """Print, as long as somebody reads. Never raises OSError."""
        try:
            super().print(*objects, **how)
        except BrokenPipeError:
            self.on_broken_pipe()
        except OSError as error:
            self.on_broken_pipe()
            with suppress(OSError):
                sys.stderr.write(f"grade.py: standard output is lost: {error.strerror}\n")

    def on_broken_pipe(self) -> None:
        """Print nothing more; what is still buffered goes nowhere when the process ends."""
        self.quiet = True
        with suppress(OSError, ValueError):  # a stream that is no file of the system's
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.file.fileno())
            os.close(nowhere)
