"""The raw Sentiment-140 file, read block by block and turned into lines of `dataset.csv`.

Runs anywhere (standard library only); knows the two formats and nothing of paths or progress.

A raw row is `"target","id","date","flag","user","text"`, in Latin-1, with label 0 or 4; a line of
the result is `"text",label`, in UTF-8, with label 0 or 1. Because the text is quoted on both sides
a well-formed block need not be parsed at all: split at its quotes, it falls into twelve pieces a
row, and the escaped quotes inside a text stay as they are. That is several times faster than
`csv.reader`, which takes over for every block that is not of exactly that form and remains the
judge of what a row is. Both ways give the same bytes (a test compares them).
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from data_utils.errors import DataProblem

RAW_ENCODING = "latin-1"
RAW_COLUMNS = ("target", "id", "date", "flag", "user", "text")
HEADER = "tweet,label\n"
LABELS = {"0": "0", "4": "1"}

BLOCK_BYTES = 1 << 18
# A real row has under 500 bytes: a line past this is some other file, and is not read to its end.
LINE_BYTES_MAX = 1 << 20
# A file is damaged, not slightly dirty, once more rows than both of these have wrong columns.
BAD_ROWS_MAX = 10
BAD_ROWS_SHARE_MAX = 0.01

_PIECES_A_ROW = 2 * len(RAW_COLUMNS)
# Stands for an escaped quote while a block is split; no block that contains it gets that far.
_ESCAPED = "\0"
_FOREIGN_STARTS = (
    (b"\xef\xbb\xbf", "starts with a UTF-8 byte order mark"),
    (b"\xff\xfe", "is UTF-16 text"),
    (b"\xfe\xff", "is UTF-16 text"),
    (b"PK\x03\x04", "is a zip archive"),
    (b"\x1f\x8b", "is a gzip archive"),
)


class RawTweets:
    """Convert the raw rows of a binary `source`; the counts are complete once it is exhausted.

    `name` is what messages call the file. `label_counts` counts the rows given out by new label,
    `dropped` those left out by reason. Raises DataProblem while converting when the source is not
    the raw file: another encoding, other columns, labels other than 0 and 4.
    """

    def __init__(self, source: BinaryIO, name: str) -> None:
        self.name = name
        self.bytes_read = 0
        self.label_counts = {"0": 0, "1": 0}
        self.dropped: dict[str, int] = {}
        self._source = source
        self._lines: deque[str] = deque()
        self._rows = csv.reader(self._next_lines())

    @property
    def rows_read(self) -> int:
        """Rows seen so far, given out or dropped; blank lines are none."""
        return sum(self.label_counts.values()) + sum(self.dropped.values())

    def convert(self) -> Iterator[bytes]:
        """Yield the processed file in pieces of about one block, without its header."""
        while block := self._next_block():
            converted = self._convert_regular(block)
            if converted is None:
                converted = self._convert_parsed(block)
            yield converted.encode("utf-8")
        if not self.rows_read:
            raise DataProblem(f"{self.name} has no rows.")

    def _next_block(self) -> str:
        """Return the next whole lines, "" at the end of the file; the last line ends like others.

        At most BLOCK_BYTES + LINE_BYTES_MAX bytes are held, whatever the file contains.
        """
        data = self._source.read(BLOCK_BYTES)
        data += self._source.readline(LINE_BYTES_MAX) if data else b""
        if not self.bytes_read:
            _refuse_foreign_start(data, self.name)
        self.bytes_read += len(data)
        if b"\0" in data:
            where = f"after row {self.rows_read}"
            raise DataProblem(
                f"{self.name} contains a NUL byte {where}: it is damaged or not Latin-1 text, "
                "download it again."
            )
        if not data or data.endswith(b"\n"):
            return data.decode(RAW_ENCODING)
        if self._source.read(1):
            raise DataProblem(
                f"{self.name} has a line of more than {LINE_BYTES_MAX} bytes after row "
                f"{self.rows_read}: it is not the raw Sentiment-140 file."
            )
        return data.decode(RAW_ENCODING) + "\n"

    def _convert_regular(self, block: str) -> str | None:
        """Convert a block of nothing but regular rows; None, counting nothing, for any other.

        Regular: six quoted columns, one line end, a known label, a text that is not blank. A block
        starts at the start of a row, so pieces that alternate as they should are the columns.
        """
        escapes = '""' in block
        if escapes:
            # First a text that begins with a quote, or its opening quote would pair with it.
            block = block.replace(',"""', f',"{_ESCAPED}').replace('""', _ESCAPED)
        pieces = block.split('"')
        if len(pieces) % _PIECES_A_ROW != 1 or pieces[0]:
            return None
        for separator in range(2, _PIECES_A_ROW, 2):
            if set(pieces[separator::_PIECES_A_ROW]) != {","}:
                return None
        if not set(pieces[_PIECES_A_ROW::_PIECES_A_ROW]) <= {"\n", "\r\n"}:
            return None
        labels = pieces[1::_PIECES_A_ROW]
        texts = pieces[_PIECES_A_ROW - 1 :: _PIECES_A_ROW]
        if not (LABELS.keys() >= set(labels) and all(map(str.strip, texts))):
            return None
        for raw_label, label in LABELS.items():
            self.label_counts[label] += labels.count(raw_label)
        converted = "".join(
            [f'"{text}",{LABELS[label]}\n' for text, label in zip(texts, labels, strict=True)]
        )
        return converted.replace(_ESCAPED, '""') if escapes else converted

    def _convert_parsed(self, block: str) -> str:
        """Convert a block through `csv.reader`, reading on where its last row is not complete."""
        converted = io.StringIO()
        writer = csv.writer(converted, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self._lines.extend(io.StringIO(block, newline="\n"))
        try:
            while self._lines:
                row = next(self._rows)
                if row and (label := self._judge(row)) is not None:
                    writer.writerow((row[-1], int(label)))
        except csv.Error as problem:
            raise DataProblem(
                f"{self.name} cannot be read as CSV after row {self.rows_read} ({problem}): "
                "download it again."
            ) from problem
        return converted.getvalue()

    def _next_lines(self) -> Iterator[str]:
        # The parser asks for a line beyond the block only while a quoted text is still open.
        while True:
            while self._lines:
                yield self._lines.popleft()
            self._lines.extend(io.StringIO(self._next_block(), newline="\n"))
            if not self._lines:
                # The file ends inside a quoted text: end the row, which `_judge` then drops.
                yield _ESCAPED + '"\n'

    def _judge(self, row: list[str]) -> str | None:
        """Count `row` and return its new label, or None when it is dropped."""
        if len(row) != len(RAW_COLUMNS):
            self._drop_misshapen(row)
            return None
        if row[-1].endswith(_ESCAPED):
            self._drop("cut off at the end of the file")
            return None
        label = LABELS.get(row[0])
        if label is None:
            raise DataProblem(_explain_label(self.name, self.rows_read + 1, row[0]))
        if not row[-1].strip():
            self._drop("empty tweet")
            return None
        self.label_counts[label] += 1
        return label

    def _drop_misshapen(self, row: list[str]) -> None:
        reason = f"not {len(RAW_COLUMNS)} columns"
        self._drop(reason)
        count = self.dropped[reason]
        if self.rows_read == 1 or count > max(BAD_ROWS_MAX, BAD_ROWS_SHARE_MAX * self.rows_read):
            columns = f"{len(row)} column{'' if len(row) == 1 else 's'}"
            raise DataProblem(
                f"{self.name} is not the raw Sentiment-140 file: row {self.rows_read} has "
                f"{columns}, expected {len(RAW_COLUMNS)} ({', '.join(RAW_COLUMNS)})."
            )

    def _drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


def _refuse_foreign_start(data: bytes, name: str) -> None:
    for start, finding in _FOREIGN_STARTS:
        if data.startswith(start):
            way_out = "unpack it first" if "archive" in finding else "download it again"
            raise DataProblem(f"{name} {finding}, not the Latin-1 CSV file: {way_out}.")
    if data.replace(b'"', b"").startswith(HEADER.strip().encode()):
        raise DataProblem(f"{name} is already processed (its header is {HEADER.strip()}).")
    if not data:
        raise DataProblem(f"{name} is empty: download it again.")


def _explain_label(name: str, row: int, label: str) -> str:
    expected = "expected 0 (negative) or 4 (positive)"
    if label == "2":
        return (
            f"{name} has the label 2 (neutral) in row {row}, {expected}: "
            "this looks like the Sentiment-140 test file, take the training file."
        )
    shown = label if len(label) <= 20 else label[:20] + "…"
    return f"{name} has the label {shown!r} in row {row}, {expected}."
