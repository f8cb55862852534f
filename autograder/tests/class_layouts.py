"""Class folders as tests lay them out, and what is found in them."""

from pathlib import Path

from autograder.batch.discovery import discover

TOY = Path(__file__).parent / "toy_course"
FILES = ["scale.py", "stack.py"]


def lay_out(folder, *names):
    """Write empty files; a name that ends in a slash is a folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text("")
    return folder


def found(folder):
    return {entry.location.name: entry for entry in discover(folder, FILES)[0]}
