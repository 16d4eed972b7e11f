"""Delimited text: what kind of file it really is, whether its structure holds, where its records stand.

A file is scanned once as bytes (encoding, NUL, quotes, records), which is quick and independent of the bulk
reader; only where the two disagree, or where line numbers are needed, is it read again record by record and
written as a Parquet file of text with line numbers. Typed values are the business of ``casting``.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.raw.limits import (
    HEADER_CHARACTERS,
    RECORD_CHARACTERS,
    UNPACKED_BYTES,
    check_unpacked,
)
from orchestration.raw.problems import BadCell, UnreadableFileError, shortened

_CHUNK_BYTES = 4 << 20
_BATCH_ROWS = 20_000
# So many broken rows and not a good one say that the file as a whole is something else.
_HOPELESS_ROWS = 10_000
# A longer field is an open quote that swallowed the records behind it rather than a value.
_LONGEST_FIELD = 16 << 20

# Blank lines, and blanks beside quotes: readers of CSV differ about them.
_DOUBTFUL = (b"\n\n", b"\n\r", b' "', b'\t"', b'" ', b'"\t')

_SIGNATURES = (
    (b"\xff\xfe\x00\x00", "is UTF-32 text", "Save it as UTF-8."),
    (b"\xff\xfe", "is UTF-16 text", "Save it as UTF-8 (in Excel: 'CSV UTF-8')."),
    (b"\xfe\xff", "is UTF-16 text", "Save it as UTF-8 (in Excel: 'CSV UTF-8')."),
    (b"PK\x03\x04", "is a zip archive or an Excel workbook", "Name a workbook .xlsx; unpack an archive."),
    (b"PAR1", "is a Parquet file", "Name it .parquet."),
    (b"\x1f\x8b", "is compressed with gzip", "Name it .csv.gz."),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook", "Save it as .xlsx or CSV."),
    (b"<", "is a web page or XML, not CSV", "The download may have failed: export it again."),
    (b"%PDF", "is a PDF", "Export it as CSV."),
)


@dataclass(frozen=True)
class TextScan:
    """What the bytes of a text file say, after gzip.

    Attributes:
        path: the uncompressed file, the landing file itself where it was not compressed.
        header: the first record.
        records: records after the header if every quote is balanced, counted from line ends outside quotes.
        is_regular: nothing was seen that readers of CSV disagree about, and every record has as many fields
        as
            the header.
        strips_spaces: fields begin with a space before their quote, so leading spaces are no part of any
        value.
    """

    path: Path
    header: list[str]
    records: int
    is_regular: bool
    strips_spaces: bool


def scan_text(path: Path, extension: str, work: Path, *, unpacked_limit: int = UNPACKED_BYTES) -> TextScan:
    """Read all bytes of a ``.csv`` or ``.csv.gz`` file once; a compressed one is unpacked into ``work``.

    Raises:
        UnreadableFileError: empty, not text, not UTF-8, a NUL byte, damaged compression, another delimiter,
        or more than ``unpacked_limit`` bytes behind the compression.
    """
    compressed = extension == ".csv.gz"
    _refuse_other_formats(path, compressed)
    target = work / "unpacked.csv" if compressed else path
    try:
        counts = _scan_bytes(path, target if compressed else None, unpacked_limit)
    except EOFError:
        raise UnreadableFileError(
            "is cut off: the compressed data ends before its end mark.", "Copy or export it again."
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFileError(f"is damaged: {error}.", "Copy or export it again.") from None
    if counts.bytes == 0:
        raise UnreadableFileError(
            "is empty: not even a header.", "A table without rows still has its header line."
        )
    header = read_header(target)
    fields = len(header)
    records = counts.lines - 1
    return TextScan(
        path=target,
        header=header,
        records=records,
        is_regular=(
            not counts.is_doubtful
            and not counts.ends_in_quotes
            and counts.delimiters == counts.lines * (fields - 1)
        ),
        strips_spaces=counts.has_space_before_quote,
    )


def _refuse_other_formats(path: Path, compressed: bool) -> None:
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise UnreadableFileError(
            "is empty (0 bytes).", "Export it again; a table without rows has a header."
        )
    if compressed:
        if not start.startswith(b"\x1f\x8b"):
            raise UnreadableFileError(
                "is not compressed with gzip.", "Name it for what it is, or export it again."
            )
        return
    for signature, reason, hint in _SIGNATURES:
        if start.startswith(signature):
            raise UnreadableFileError(f"{reason}.", hint)
    _refuse_wide_text(start)


def _refuse_wide_text(start: bytes) -> None:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or start.count(0) * 3 > len(start):
        raise UnreadableFileError("is UTF-16 text.", "Save it as UTF-8 (in Excel: 'CSV UTF-8').")


@dataclass
class _Counts:
    bytes: int = 0
    lines: int = 0
    delimiters: int = 0
    ends_in_quotes: bool = False
    is_doubtful: bool = False
    has_space_before_quote: bool = False


def _scan_bytes(path: Path, unpack_to: Path | None, unpacked_limit: int) -> _Counts:
    counts = _Counts()
    decoder = getincrementaldecoder("utf-8")()
    inside = 0
    carriage_returns = carriage_returns_before_line_feeds = 0
    tail = b""
    with (
        _opened(path, unpack_to is not None) as file,
        unpack_to.open("wb") if unpack_to else io.BytesIO() as copy,
    ):
        while chunk := file.read(_CHUNK_BYTES):
            if counts.bytes == 0:
                _refuse_wide_text(chunk[:4096])
            if (position := chunk.find(b"\0")) >= 0:
                line = _line_at(path, unpack_to is not None, counts.bytes + position)
                raise UnreadableFileError(
                    "holds a NUL byte, so it is damaged or no text.", "Export it again.", line=line
                )
            _decode(decoder, chunk, path, unpack_to is not None, counts.bytes)
            if unpack_to:
                check_unpacked(counts.bytes + len(chunk), unpacked_limit, path.stat().st_size)
                copy.write(chunk)
            counts.bytes += len(chunk)
            # What stands outside quotes; each quoted stretch leaves one quote as its mark.
            stretches = chunk.split(b'"')
            outside = b'"'.join(stretches[inside::2])
            inside = (inside + len(stretches) - 1) & 1
            counts.lines += outside.count(b"\n")
            counts.delimiters += outside.count(b",")
            seam = tail + outside + (b'"' if inside else b"")
            counts.has_space_before_quote = counts.has_space_before_quote or b', "' in seam or b'\n "' in seam
            counts.is_doubtful = counts.is_doubtful or any(mark in seam for mark in _DOUBTFUL)
            carriage_returns += outside.count(b"\r")
            carriage_returns_before_line_feeds += (tail[-1:] + outside).count(b"\r\n")
            tail = seam[-2:]
    # One kind of line end throughout, line feeds with or without carriage returns.
    counts.is_doubtful = (
        counts.is_doubtful
        or carriage_returns != carriage_returns_before_line_feeds
        or 0 < carriage_returns < counts.lines
    )
    if counts.bytes:
        _decode(decoder, b"", path, unpack_to is not None, counts.bytes, final=True)
        if not tail.endswith(b"\n") or inside:
            counts.lines += 1
    counts.ends_in_quotes = bool(inside)
    return counts


def _opened(path: Path, compressed: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if compressed else path.open("rb")


def _decode(
    decoder: object, chunk: bytes, path: Path, compressed: bool, offset: int, *, final: bool = False
) -> None:
    try:
        decoder.decode(chunk, final)  # type: ignore[attr-defined]
    except UnicodeDecodeError as error:
        # The decoder may have kept up to three bytes of the chunk before.
        position = offset - (len(error.object) - len(chunk)) + error.start
        raise UnreadableFileError(
            f"is not UTF-8 text (byte 0x{error.object[error.start]:02X}), probably Latin-1 or Windows-1252.",
            "Save it as UTF-8 (in Excel: 'CSV UTF-8').",
            line=_line_at(path, compressed, position),
        ) from None


def _line_at(path: Path, compressed: bool, offset: int) -> int:
    """The physical line, from 1, in which a byte of the (uncompressed) text stands."""
    lines, carriage_returns, remaining = 0, 0, offset
    with _opened(path, compressed) as file:
        while remaining and (chunk := file.read(min(_CHUNK_BYTES, remaining))):
            remaining -= len(chunk)
            lines += chunk.count(b"\n")
            carriage_returns += chunk.count(b"\r")
    return 1 + (lines or carriage_returns)


def read_header(path: Path) -> list[str]:
    """The first record, with the delimiter checked.

    Raises:
        UnreadableFileError: the names are divided by something else than commas, or a quote stays open.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            lines = _bounded_lines(file, HEADER_CHARACTERS)
            header = next((record for record in csv.reader(lines, strict=True) if record), [])
        except csv.Error:
            raise UnreadableFileError(
                "the header has a quote that is not closed.", "Export it again.", line=1
            ) from None
    if not header:
        raise UnreadableFileError(
            "holds blank lines only: not even a header.", "A table without rows still has its header line."
        )
    if len(header) == 1:
        for delimiter, name in ((";", "semicolons (;)"), ("\t", "tabs"), ("|", "bars (|)")):
            if delimiter in header[0]:
                raise UnreadableFileError(
                    f"its columns are divided by {name}, not by commas.", "Export it with commas.", line=1
                )
    return header


def _bounded_lines(file: TextIO, characters: int) -> Iterator[str]:
    """The lines of a file; one that is longer than any line is read no further.

    Raises:
        UnreadableFileError: a line has more than so many characters.
    """
    number = 0
    while line := file.readline(characters + 1):
        number += 1
        if len(line) > characters:
            raise UnreadableFileError(
                f"this line has more than {characters:,} characters.",
                "Its line ends may be missing: export it again.",
                line=number,
            )
        yield line


@dataclass(frozen=True)
class TextTable:
    """A file of text columns ``c0``, ``c1`` ... and ``line``, written by ``write_text_table``.

    Attributes:
        rows: rows in the file; ``broken`` rows are not among them.
        broken: cells of rows that could not even be divided into columns.
    """

    path: Path
    rows: int
    broken: list[BadCell]

    @property
    def broken_rows(self) -> int:
        """How many rows the broken cells belong to."""
        return len({cell.line for cell in self.broken})


def write_text_table(
    records: Iterable[tuple[int, Sequence[str | None]] | BadCell], columns: int, path: Path
) -> TextTable:
    """Write numbered records of exactly ``columns`` fields as Parquet; broken ones are collected instead.

    Raises:
        UnreadableFileError: a long file begins with nothing but broken records.
    """
    schema = pa.schema([(f"c{index}", pa.string()) for index in range(columns)] + [("line", pa.int64())])
    broken: list[BadCell] = []
    rows = 0
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        batch: list[tuple[int, Sequence[str | None]]] = []

        def flush() -> None:
            divided: list[Sequence[object]] = [
                list(column) for column in zip(*(fields for _, fields in batch), strict=True)
            ]
            divided.append([line for line, _ in batch])
            arrays = [
                pa.array(values, type=field.type) for values, field in zip(divided, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            batch.clear()

        for record in records:
            if isinstance(record, BadCell):
                broken.append(record)
                if not rows and len(broken) == _HOPELESS_ROWS:
                    raise UnreadableFileError(
                        f"not one of its first {len(broken):,} rows has the header's columns; the first: "
                        f"{broken[0].reason}.",
                        "Its rows may be divided by another character than its header.",
                        line=broken[0].line,
                    )
                continue
            batch.append(record)
            rows += 1
            if len(batch) == _BATCH_ROWS:
                flush()
        if batch:
            flush()
    return TextTable(path, rows, broken)


def numbered_records(scan: TextScan) -> Iterator[tuple[int, list[str]] | BadCell]:
    """Every record after the header with the physical line on which it begins; blank lines are no records.

    Raises:
        UnreadableFileError: a quote stays open or is closed in the middle of a later record.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    with scan.path.open(encoding="utf-8-sig", newline="") as file:
        source = _Remembering(_bounded_lines(file, RECORD_CHARACTERS))
        reader = csv.reader(source, strict=True, skipinitialspace=scan.strips_spaces)
        width = len(scan.header)
        seen_header = False
        while True:
            source.forget()
            start = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "field larger" in str(error):
                    raise UnreadableFileError(
                        f"a value has more than {_LONGEST_FIELD:,} characters.",
                        "A quote may be open, or the value is no cell of a table.",
                        line=start,
                    ) from None
                if reader.line_num > start or "unexpected end" in str(error):
                    line = start + _lines_before_last_opening(source.lines)
                    raise UnreadableFileError(
                        "a quote opens here and is not closed before its field ends; the lines after it "
                        "would be read as one value.",
                        "Close it, or write it twice if it belongs to the text.",
                        line=line,
                    ) from None
                text = source.lines[0].rstrip("\r\n") if source.lines else ""
                yield BadCell(start, None, shortened(text), "a quoted field goes on after its closing quote")
                continue
            if not record:
                continue
            if not seen_header:
                seen_header = True
            elif len(record) == width:
                yield start, record
            else:
                text = "".join(source.lines).rstrip("\r\n")
                few_or_many = "few" if len(record) < width else "many"
                yield BadCell(
                    start,
                    None,
                    shortened(text),
                    f"has too {few_or_many} fields: {len(record)}, the header has {width}",
                )


class _Remembering:
    """Lines of a file, keeping those of the record that is being read."""

    def __init__(self, file: Iterable[str]) -> None:
        self._file = iter(file)
        self.lines: list[str] = []
        self._number = 0
        self._characters = 0

    def forget(self) -> None:
        """Begin another record."""
        self.lines.clear()
        self._characters = 0

    def __iter__(self) -> _Remembering:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self._number += 1
        self._characters += len(line)
        if self._characters > RECORD_CHARACTERS:
            raise UnreadableFileError(
                f"the record that begins here has more than {RECORD_CHARACTERS:,} characters.",
                "A quote may be open: export it again.",
                line=self._number - len(self.lines),
            )
        self.lines.append(line)
        return line


def _lines_before_last_opening(lines: Sequence[str]) -> int:
    """On which of the lines of one record, from 0, the quote opens that is not closed as it should be."""
    opening = 0
    inside = False
    field_start = True
    for number, line in enumerate(lines):
        position = 0
        while position < len(line):
            character = line[position]
            if inside:
                if character == '"':
                    following = line[position + 1 : position + 2]
                    if following == '"':
                        position += 1
                    elif following in (",", "\r", "\n", ""):
                        inside = False
                    else:
                        return opening
            elif character == '"' and field_start:
                inside = True
                opening = number
            field_start = not inside and character in ",\r\n"
            position += 1
    return opening


def without_byte_order_mark(name: str) -> str:
    """A header name without the mark that some tools write before UTF-8 text."""
    return name.removeprefix(BOM_UTF8.decode("utf-8"))
