"""Read the sources in a zip file, in memory, believing none of its headers.

Runs on the trusted side, on hostile bytes. Of two entries with one name the last counts, since
that is what unpacking leaves. An archive inside the archive is not opened.
"""

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from autograder.trusted.errors import UngradableSubmission
from autograder.trusted.folders import open_ordinary_file
from autograder.trusted.outcomes import clean_text
from autograder.trusted.wanted import FoundSources, is_archive, is_wanted

_CHUNK_BYTES = 2**18
# The others are refused: bzip2 gives all that a chunk holds at once, gigabytes from some
# kilobytes, and LZMA takes whatever memory the file asks for.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises on bytes that are no zip: a parser's errors besides its own.
_MALFORMED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OSError, ArithmeticError,
    LookupError, NotImplementedError, RuntimeError,
)  # fmt: skip


def collect_archive(location: Path, found: FoundSources) -> None:
    """Add every source in a zip file. Raises UngradableSubmission with one sentence."""
    shown, limits = found.shown, found.limits
    bytes_max = int(limits.archive_contents_mib_max * 2**20)
    with _BoundedFile(open_ordinary_file(location, follow=True), bytes_max, shown) as stream:
        size = stream.seek(0, io.SEEK_END)
        if size == 0:
            raise UngradableSubmission(f"{shown} is empty: was it saved before it was sent?")
        if size > limits.archive_mib_max * 2**20:
            raise UngradableSubmission(
                f"{shown} is larger than {limits.archive_mib_max:g} MiB: zip the sources only"
            )
        try:
            with zipfile.ZipFile(stream) as archive:
                _read_entries(archive, found)
        except _MALFORMED:
            raise UngradableSubmission(
                f"{shown} is no intact zip file (cut off in transfer?): pack it and send it again"
            ) from None


class _BoundedFile(io.BufferedReader):
    """A file that gives at most so many bytes at once.

    zipfile reads a zip's table of contents in one piece, as large as the zip says it is, and makes
    an object of every few bytes of it before anyone can count them.
    """

    def __init__(self, descriptor: int, bytes_max: int, shown: str) -> None:
        super().__init__(io.FileIO(descriptor, closefd=True))
        self._bytes_max = bytes_max
        self._shown = shown

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as io does, but refuse the zip where more than the bound would come."""
        wanted = self._bytes_max + 1 if size is None or size < 0 else size
        content = super().read(min(wanted, self._bytes_max + 1))
        if len(content) > self._bytes_max:
            raise UngradableSubmission(f"{self._shown} holds too many entries: zip only your files")
        return content


def _read_entries(archive: zipfile.ZipFile, found: FoundSources) -> None:
    entries = archive.infolist()
    if len(entries) > found.limits.entries_max:
        raise UngradableSubmission(
            f"{found.shown} holds more than {found.limits.entries_max} entries: zip only your files"
        )
    # Every entry is looked at, wanted or not: no honest tool writes a name that climbs.
    named = [(_check_path(entry, found.shown), entry) for entry in entries]
    environments = tuple(
        path.removesuffix("pyvenv.cfg") for path, _ in named if path.endswith("/pyvenv.cfg")
    )
    for path, entry in named:
        ours = is_wanted(path) and not path.startswith(environments)
        if stat.S_ISLNK(entry.external_attr >> 16):
            # An environment packed along is full of links; one in place of a source is no accident.
            if ours:
                raise UngradableSubmission(
                    f"{found.shown} is refused: its entry «{clean_text(path, 80)}» is a link; pack "
                    "what it points to"
                )
        elif entry.is_dir():
            if is_wanted(path):
                found.notes.append(f"{path} is a folder, not a file")
        elif is_archive(path):
            found.archives.append(path)
        elif ours:
            if path.count("/") > found.limits.depth_max or len(path) > found.limits.path_chars_max:
                found.leave_out(path, "it lies too many folders deep")
            else:
                found.add(path, _unpack(archive, entry, path, found))
        elif not path.startswith(environments):
            found.pass_by(path)


def _check_path(entry: zipfile.ZipInfo, shown: str) -> str:
    """Return an entry's path with slashes, or refuse the zip."""
    path = entry.filename.replace("\\", "/")
    parts = path.split("/")
    fault = ""
    if ".." in parts or path.startswith("/") or path[1:2] == ":":
        fault = "points outside the archive"
    elif "\0" in entry.orig_filename:  # zipfile would cut the name off there
        fault = "has a name no file can have"
    if fault:
        raise UngradableSubmission(
            f"{shown} is refused: its entry «{clean_text(entry.orig_filename, 80)}» {fault}; pack "
            "it again with an ordinary tool"
        )
    return "/".join(part for part in parts if part not in ("", "."))


def _unpack(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str, found: FoundSources
) -> bytes:
    """Unpack one entry chunk by chunk; what counts is what comes out, not what it says it is."""
    if entry.flag_bits & 0x1:
        raise UngradableSubmission(
            f"{found.shown} is protected by a password: pack it again without one"
        )
    if entry.compress_type not in _METHODS:
        raise UngradableSubmission(
            f"{found.shown} is packed in a way that is not read here: pack it again as an ordinary "
            "zip (method Deflate)"
        )
    bytes_max = found.limits.bytes_max(path)
    content = bytearray()
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            content += chunk
            if len(content) > bytes_max:
                raise UngradableSubmission(
                    f"{found.shown} is refused: {clean_text(path, 80)} unpacks to more than "
                    f"{bytes_max / 2**20:.3g} MiB; clear outputs, take out data and pack it again"
                )
    return bytes(content)
