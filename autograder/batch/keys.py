"""A submission's key: the name of its result's file, made from the name it was handed in under.

Runs on the trusted side, on hostile file names.
"""

import hashlib
import unicodedata

from autograder.trusted.outcomes import clean_text

# File systems take names of 255 bytes, and a result's has an ending, a temporary one more.
_KEY_BYTES_MAX = 160


def make_key(name: str) -> str:
    """Return a safe file name for a result: letters, digits and a few marks.

    Different names have different keys: where more than a few marks is lost, a digest of the name
    stands behind a ``~``, which no name keeps.
    """
    # Some systems take the accents of a name apart; letters stay letters.
    safe = _keep_safe(unicodedata.normalize("NFC", name))
    return safe if safe == name and _fits(safe) else _with_digest(safe, name)


def former_key(name: str) -> str:
    """Return the key that earlier versions gave, where it may be told whose result has it."""
    safe = _keep_safe(name)
    return safe if _fits(safe) else _with_digest(safe, name)


def fold_key(key: str) -> str:
    """Return what a key is to a file system that tells neither capitals nor composed letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", key).casefold())


def _keep_safe(name: str) -> str:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in clean_text(name, 250))
    return safe.strip(".") or "submission"


def _fits(safe: str) -> bool:
    return len(safe.encode()) <= _KEY_BYTES_MAX


def _with_digest(safe: str, name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{safe.encode()[:_KEY_BYTES_MAX].decode('utf-8', 'ignore')}~{digest}"
