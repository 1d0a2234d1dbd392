"""Opening files safely: what is in the folder may be anything, and every way it is not a table has its own message.

Cells of text files stay text; Parquet keeps its types. Row numbers count from 1 without the header, blank lines
included, so that row n stands in line n + 1 of a spreadsheet.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tocsin.errors import TocsinError

ROW = "tocsin source row"
TEXT_ENDINGS = (".csv", ".txt", ".tsv")
ENDINGS = (*TEXT_ENDINGS, ".parquet")
SEPARATORS = (",", ";", "\t")
LONGEST_LINE = 1_000_000
MOST_COLUMNS = 5_000
MOST_LINES_IN_A_ROW = 100
_CHUNK = 100_000
_SAVE = "Save the sheet as CSV (UTF-8) or Parquet and name that file in site.toml."

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (.xlsx)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file (.xls, .doc)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"PAR1", "a Parquet file without the ending .parquet"),
    (b"$FL2", "an SPSS file"),
)
_MARKUP = re.compile(rb"^\s*<(\?xml|!doctype|html|table|head|meta|style|workbook)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Opened:
    """A file as it was: `frame` has the file's columns and `ROW`; `empty_rows` are lines without any cell filled."""

    name: str
    frame: pl.DataFrame
    sha256: str
    empty_rows: tuple[int, ...] = ()
    columns: tuple[str, ...] = field(default=())


def sha256(path: Path) -> str:
    """Digest of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def open_table(
    path: Path, *, name: str | None = None, encoding: str | None = None, separator: str | None = None
) -> Opened:
    """The table in `path`, whatever its encoding and separator; TocsinError (`records.*`) when it is none.

    `name` is what messages and `source` call it. A file that has a header and no rows is a valid empty table.
    """
    name = name or path.name
    data = _bytes(path, name)
    digest = hashlib.sha256(data).hexdigest()
    if path.suffix.lower() == ".parquet":
        frame, empty = _parquet(data, name), ()
    else:
        text = decode(data, name, encoding)
        frame, empty = _rows(text, name, separator)
    return Opened(name, frame, digest, empty, tuple(c for c in frame.columns if c != ROW))


def _bytes(path: Path, name: str) -> bytes:
    if not path.exists():
        raise TocsinError.of(
            "records.file-missing",
            f"{name}: there is no such file.",
            do="Correct `file` in site.toml, or copy it there.",
        )
    if not path.is_file():
        raise TocsinError.of(
            "records.not-a-file", f"{name}: this is a folder, not a file.", do="Name the file inside it in site.toml."
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TocsinError.of(
            "records.file-unreadable",
            f"{name}: the system refuses to read it ({type(error).__name__}).",
            do="Close the program that holds it, or ask for the right to read it.",
        ) from None
    if not data:
        raise _empty(name, "the file has 0 bytes")
    return data


def _empty(name: str, what: str) -> TocsinError:
    return TocsinError.of(
        "records.file-empty",
        f"{name}: {what}.",
        "An empty export looks like a hospital without patients.",
        "Export it again; a table without rows still has its header.",
    )


def not_a_table(name: str, what: str, do: str = _SAVE) -> TocsinError:
    """The error for everything that is no table at all."""
    return TocsinError.of("records.not-a-table", f"{name}: {what}.", "No row of it could be read.", do)


# --- text: encoding -----------------------------------------------------------------------------------------------


def decode(data: bytes, name: str, encoding: str | None = None) -> str:
    """Bytes to text: UTF-8, UTF-16 and GB18030 are recognised, anything else must be named in site.toml.

    Latin bytes are often valid GB18030 by accident ("°C" of Windows becomes one Chinese character), so GB18030 is taken
    only when its characters look like written Chinese.
    """
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            raise not_a_table(name, f"this is {kind}, not a text table")
    if _MARKUP.match(data):
        raise not_a_table(name, "this is a web page or XML, not a text table")
    chosen = encoding or _guess_encoding(data)
    if b"\x00" in data and not (chosen or "").lower().startswith(("utf-16", "utf16", "utf_16", "utf-32")):
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise not_a_table(name, f"the text has NUL bytes, as binary files do (first: line {line:,})")
    if chosen is None:
        line = _first_bad_line(data)
        raise TocsinError.of(
            "records.encoding",
            f"{name}: the characters are neither UTF-8, UTF-16 nor GB18030 (first: line {line:,}).",
            "Units and drug names would be misread.",
            'Save it as CSV UTF-8, or add  encoding = "cp1252"  (or the right one) to its section in site.toml.',
        )
    try:
        text = data.decode(chosen)
    except (UnicodeError, LookupError):
        raise TocsinError.of(
            "records.encoding",
            f"{name}: the characters are not {chosen} (first: line {_first_bad_line(data, chosen):,}).",
            "Units and drug names would be misread.",
            "Correct `encoding` in site.toml, or remove it and save the file as CSV UTF-8.",
        ) from None
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        raise not_a_table(name, "the text has NUL characters, as binary files do")
    return text


def _guess_encoding(data: bytes) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    head = data[:4096]
    if (len(head) >= 4 and len(head) % 2 == 0) or len(head) == 4096:
        even, odd = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
        if odd > 0.3 and even < 0.01:
            return "utf-16-le"
        if even > 0.3 and odd < 0.01:
            return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030" if _is_chinese(data) else None
    return "utf-8"


def _is_chinese(data: bytes) -> bool:
    """Valid GB18030 whose characters stand mostly in the part that GB2312 uses: both bytes above 0xA0."""
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    pairs = re.findall(rb"[\x81-\xfe](?:[\x30-\x39][\x81-\xfe][\x30-\x39]|[\x40-\xfe])", data)
    usual = sum(len(pair) == 2 and 0xA1 <= pair[0] <= 0xF7 and pair[1] >= 0xA1 for pair in pairs)
    return bool(pairs) and usual >= 0.7 * len(pairs)


def _first_bad_line(data: bytes, encoding: str = "utf-8") -> int:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    except (UnicodeError, LookupError):
        return 1
    return 1


# --- text: rows ---------------------------------------------------------------------------------------------------


def _rows(text: str, name: str, separator: str | None) -> tuple[pl.DataFrame, tuple[int, ...]]:
    _check_lines(text, name)
    announced = re.match(r"sep=([,;\t|])\r?\n", text)  # Excel writes this line
    if announced:
        text, separator = text[announced.end() :], separator or announced.group(1)
    separator = separator or _guess_separator(text)
    reader = _records(text, separator, name)
    _, first = next(reader, (0, None))
    if first is None:
        raise _empty(name, "the file has no text, not even a header")
    header = _header(first, name)
    frames: list[pl.DataFrame] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    empty: list[int] = []
    ragged: list[tuple[int, int]] = []
    for number, cells in reader:
        if not any(cell.strip() for cell in cells):
            empty.append(number)
        elif len(cells) != len(header):
            ragged.append((number, len(cells)))
        else:
            rows.append(cells)
            numbers.append(number)
            if len(rows) >= _CHUNK:
                frames.append(_frame(rows, numbers, header))
                rows, numbers = [], []
    if ragged:
        raise _ragged(name, ragged, len(header), separator)
    frames.append(_frame(rows, numbers, header))
    return pl.concat(frames), tuple(empty)


def _check_lines(text: str, name: str) -> None:
    start, line = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > LONGEST_LINE and max(map(len, text[start:end].split("\r"))) > LONGEST_LINE:
            raise not_a_table(name, f"line {line:,} has {end - start:,} characters; no table row is that long")
        start, line = end + 1, line + 1


def _guess_separator(text: str) -> str:
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    outside_quotes = re.sub(r'"[^"]*"', "", first)
    return max(SEPARATORS, key=outside_quotes.count)


def _records(text: str, separator: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells) of each record; row 0 is the header."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number, header_seen, line = -1, False, 0
    try:
        for cells in reader:
            number += 1
            lines, line = reader.line_num - line, reader.line_num
            if lines > MOST_LINES_IN_A_ROW:
                raise _quoting(name, number, f"one cell runs over {lines:,} lines")
            if not header_seen and not any(cell.strip() for cell in cells):
                number = -1  # blank lines above the header
                continue
            header_seen = True
            yield number, cells
    except csv.Error:
        raise _quoting(name, number + 1, "a quotation mark is opened and not closed, or stands inside a cell") from None


def _quoting(name: str, row: int, what: str) -> TocsinError:
    where = f"row {row:,}" if row > 0 else "the header"
    return TocsinError.of(
        "records.quoting",
        f"{name}: in {where} {what}.",
        "Rows after it would be swallowed into one cell.",
        'Write a quotation mark inside a cell twice (""), or export the file again.',
    )


def _header(cells: list[str], name: str) -> list[str]:
    header = [cell.strip() for cell in cells]
    if len(header) > MOST_COLUMNS:
        raise not_a_table(name, f"the header has {len(header):,} columns")
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        places = {column: [i + 1 for i, other in enumerate(header) if other == column] for column in twice}
        listed = "; ".join("columns " + " and ".join(map(str, places[column])) for column in twice[:10])
        raise TocsinError.of(
            "records.column-twice",
            f"{name}, header: {len(twice):,} name{'s stand' if len(twice) > 1 else ' stands'} twice ({listed}).",
            "Which of the two is meant cannot be known.",
            "Give every column its own name and export again.",
        )
    return [column or f"(column {i + 1} without name)" for i, column in enumerate(header)]


def _frame(rows: list[list[str]], numbers: list[int], header: list[str]) -> pl.DataFrame:
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    data = {column: pl.Series(column, cells[i], dtype=pl.String) for i, column in enumerate(header)}
    frame = pl.DataFrame(data)
    stripped = frame.with_columns(pl.all().str.strip_chars())
    blanks = stripped.with_columns(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())
    return blanks.with_columns(pl.Series(ROW, numbers, dtype=pl.Int64))


def _ragged(name: str, ragged: list[tuple[int, int]], expected: int, separator: str) -> TocsinError:
    number, cells = ragged[0]
    words = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(separator, "separator")
    return TocsinError.of(
        "records.ragged-rows",
        f"{name}: {len(ragged):,} row{'' if len(ragged) == 1 else 's'} with more or fewer cells than the header's "
        f"{expected:,} (first: row {number:,} has {cells:,}; the separator is the {words}).",
        "Values would stand in the wrong column.",
        'Put cells that hold the separator in quotes, or set  separator = ";"  in its section of site.toml.',
    )


# --- Parquet ------------------------------------------------------------------------------------------------------


def _parquet(data: bytes, name: str) -> pl.DataFrame:
    if not data.startswith(b"PAR1"):
        kind = next((kind for magic, kind in _MAGIC if data.startswith(magic)), "something else")
        raise not_a_table(name, f"the ending says Parquet but the content is {kind}")
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, OverflowError, MemoryError):
        raise not_a_table(name, "the Parquet file is damaged or cut off", "Export or copy it again.") from None
    opaque = (pl.Object, pl.Binary)
    nested = [c for c, dtype in frame.schema.items() if dtype.is_nested() or isinstance(dtype, opaque)]
    frame = frame.drop(nested)
    if not frame.columns:
        raise not_a_table(name, "the Parquet file has no plain column")
    words = [c for c, dtype in frame.schema.items() if isinstance(dtype, pl.Categorical | pl.Enum)]
    frame = frame.with_columns(pl.col(words).cast(pl.String)) if words else frame
    texts = [c for c, dtype in frame.schema.items() if dtype == pl.String]
    if texts:
        frame = frame.with_columns(pl.col(texts).str.strip_chars().replace("", None))
    return frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW))
