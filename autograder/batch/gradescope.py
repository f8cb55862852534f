"""Whose each folder of a Gradescope export is, from the list that lies beside the folders.

Runs on the trusted side, on a file that students may have a hand in.
"""

from pathlib import Path
from typing import Any

import yaml

from autograder.trusted.outcomes import clean_text

METADATA = "submission_metadata.yml"
_BYTES_MAX = 16 * 2**20
_SEPARATOR = "; "


class _PlainLoader(yaml.SafeLoader):
    """YAML of texts, lists and mappings; no aliases, which can stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):  # type: ignore[no-untyped-call]
            raise yaml.YAMLError("aliases are not read here")
        return super().compose_node(parent, index)


def read_names(folder: Path) -> tuple[dict[str, tuple[str, str]], str]:
    """Return student and number by folder's name, and why there are none, or ""."""
    path = folder / METADATA
    if not path.is_file():
        return {}, ""
    try:
        with path.open("rb") as stream:
            data = yaml.load(stream.read(_BYTES_MAX), Loader=_PlainLoader)  # noqa: S506 (a safe one)
    except Exception as error:  # noqa: BLE001  (its parser raises what it likes on hostile text)
        return {}, f"{METADATA} cannot be used ({type(error).__name__}): names are not known"
    if not isinstance(data, dict):
        return {}, f"{METADATA} is no list of submissions: names are not known"
    return {str(name): _read_submitters(entry) for name, entry in data.items()}, ""


def _read_submitters(entry: Any) -> tuple[str, str]:
    submitters = entry.get(":submitters") if isinstance(entry, dict) else None
    people = [p for p in submitters if isinstance(p, dict)] if isinstance(submitters, list) else []
    # Several hand in together; a comma belongs to «Last, First».
    names, numbers = (
        [text for text in (_text(person.get(key)) for person in people) if text]
        for key in (":name", ":sid")
    )
    return _SEPARATOR.join(names), _SEPARATOR.join(numbers)


def _text(value: Any) -> str:
    return clean_text(str(value), 80) if isinstance(value, str | int) else ""
