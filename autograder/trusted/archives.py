"""Read the sources in a zip file, in memory, believing none of its headers.

Runs on the trusted side, on hostile bytes.
"""

import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.outcomes import clean_text

if TYPE_CHECKING:
    from autograder.trusted.intake import IntakeLimits

_CHUNK_BYTES = 2**18
# The two every tool writes. bzip2 and LZMA unpack a few bytes to gigabytes before any chunk ends.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def list_archive(
    location: Path, shown: str, limits: "IntakeLimits", is_wanted: Callable[[str], bool]
) -> list[tuple[str, bytes]]:
    """Return (path, bytes) of every wanted file. Raises UngradableSubmission with one sentence."""
    if location.stat().st_size == 0:
        raise UngradableSubmission(f"{shown} is empty: was it saved before it was sent?")
    if location.stat().st_size > limits.archive_mib_max * 2**20:
        raise UngradableSubmission(
            f"{shown} is larger than {limits.archive_mib_max:g} MiB: zip the sources only"
        )
    try:
        with zipfile.ZipFile(location) as archive:
            return _read_entries(archive, shown, limits, is_wanted)
    except UngradableSubmission:
        raise
    except (RuntimeError, NotImplementedError) as error:
        if "password" in str(error) or "encrypted" in str(error):
            raise UngradableSubmission(_encrypted(shown)) from None
        raise UngradableSubmission(_odd_packing(shown)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, UnicodeError) as error:
        if isinstance(error, PermissionError):
            raise
        raise UngradableSubmission(
            f"{shown} is no intact zip file (cut off in transfer?): pack it and send it again"
        ) from None


def _encrypted(shown: str) -> str:
    return f"{shown} is protected by a password: pack it again without one"


def _odd_packing(shown: str) -> str:
    return f"{shown} is packed in a way that cannot be read here: pack it again as an ordinary zip"


def _read_entries(
    archive: zipfile.ZipFile, shown: str, limits: "IntakeLimits", is_wanted: Callable[[str], bool]
) -> list[tuple[str, bytes]]:
    entries = archive.infolist()
    if len(entries) > limits.entries_max:
        raise UngradableSubmission(
            f"{shown} holds more than {limits.entries_max} entries: zip the sources only"
        )
    found: dict[str, bytes] = {}
    total = 0
    for entry in entries:
        path = _safe_path(entry, shown)
        if entry.is_dir() or not is_wanted(path):
            continue
        if entry.flag_bits & 0x1:
            raise UngradableSubmission(_encrypted(shown))
        if entry.compress_type not in _METHODS:
            raise UngradableSubmission(_odd_packing(shown))
        if len(found) >= limits.files_max:
            raise UngradableSubmission(
                f"{shown} holds more than {limits.files_max} sources: zip your own files only"
            )
        notebook = path.lower().endswith(".ipynb")
        mib_max = limits.notebook_mib_max if notebook else limits.source_mib_max
        content = _unpack(archive, entry, path, shown, int(mib_max * 2**20))
        total += len(content)
        if total > limits.total_mib_max * 2**20:
            raise UngradableSubmission(
                f"{shown} unpacks to more than {limits.total_mib_max:g} MiB of sources: zip your "
                "own files only"
            )
        # Two entries of one name: unpackers keep the last, so that is what the student saw.
        found[path] = content
    return list(found.items())


def _safe_path(entry: zipfile.ZipInfo, shown: str) -> str:
    path = entry.filename.replace("\\", "/")
    parts = path.split("/")
    climbs = ".." in parts or path.startswith("/") or (len(path) > 1 and path[1] == ":")
    if climbs or "\0" in entry.orig_filename:
        raise UngradableSubmission(
            f"{shown} is refused: its entry «{clean_text(entry.orig_filename, 80)}» points outside "
            "the archive; pack it again with an ordinary tool"
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UngradableSubmission(
            f"{shown} is refused: its entry «{clean_text(path, 80)}» is a link; pack what it "
            "points to"
        )
    return "/".join(part for part in parts if part not in ("", "."))


def _unpack(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str, shown: str, bytes_max: int
) -> bytes:
    """Unpack one entry chunk by chunk; what counts is what comes out, not what it says it is."""
    content = bytearray()
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            content += chunk
            if len(content) > bytes_max:
                raise UngradableSubmission(
                    f"{shown} is refused: {clean_text(path, 80)} unpacks to more than "
                    f"{bytes_max / 2**20:g} MiB"
                )
    return bytes(content)
