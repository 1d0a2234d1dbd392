from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.records.files import ROW, open_table, sha256

TEXT = "no,体温,note\n1,38.5,发热\n2,36.9,\n"


def _refused(path: Path, **more: str) -> tuple[str, str]:
    with pytest.raises(TocsinError) as caught:
        open_table(path, **more)
    assert caught.value.exit_code == 3
    assert path.name in str(caught.value)
    return caught.value.problems[0].slug, str(caught.value)


def _csv(folder: Path, content: str | bytes, name: str = "vitals.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_the_same_table_in_every_encoding_recognised(tmp_path: Path, encoding: str) -> None:
    opened = open_table(_csv(tmp_path, TEXT.encode(encoding)))
    assert opened.columns == ("no", "体温", "note")
    assert opened.frame.rows() == [("1", "38.5", "发热", 1), ("2", "36.9", None, 2)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(tmp_path: Path, separator: str, end: str) -> None:
    opened = open_table(_csv(tmp_path, f'a{separator}b{end}1{separator}"x{separator}y"{end}'))
    assert opened.frame.rows() == [("1", f"x{separator}y", 1)]


def test_excel_announces_its_separator(tmp_path: Path) -> None:
    assert open_table(_csv(tmp_path, "sep=;\r\na;b,c\r\n1;2\r\n")).columns == ("a", "b,c")


def test_header_only_is_a_valid_table_without_rows(tmp_path: Path) -> None:
    opened = open_table(_csv(tmp_path, "no,T\n"))
    assert opened.frame.height == 0
    assert opened.frame.schema == pl.Schema({"no": pl.String, "T": pl.String, ROW: pl.Int64})


def test_blank_lines_keep_the_spreadsheet_numbers_and_are_no_rows(tmp_path: Path) -> None:
    opened = open_table(_csv(tmp_path, "no,T\n1,38\n\n,\n2,39\n"))
    assert opened.frame[ROW].to_list() == [1, 4]
    assert opened.empty_rows == (2, 3)


def test_cells_may_hold_line_ends_and_quotation_marks(tmp_path: Path) -> None:
    opened = open_table(_csv(tmp_path, 'no,note\n1,"two\nlines, ""quoted"""\n2,x\n'))
    assert opened.frame.rows() == [("1", 'two\nlines, "quoted"', 1), ("2", "x", 2)]


def test_leading_zeros_of_identifiers_stay(tmp_path: Path) -> None:
    assert open_table(_csv(tmp_path, "no\n00012\n")).frame["no"].to_list() == ["00012"]


def test_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = _csv(tmp_path, TEXT)
    assert open_table(path).sha256 == sha256(path) == hashlib.sha256(TEXT.encode()).hexdigest()


def test_latin_text_is_never_taken_for_chinese(tmp_path: Path) -> None:
    path = _csv(tmp_path, "no,unit\n1,°C\n2,°C\n".encode("cp1252"))
    path.read_bytes().decode("gb18030")  # it would decode, into a Chinese character: the trap
    slug, message = _refused(path)
    assert slug == "records.encoding"
    assert "line 2" in message
    assert open_table(path, encoding="cp1252").frame["unit"].to_list() == ["°C", "°C"]


def test_a_named_encoding_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    assert _refused(_csv(tmp_path, b"a\n\xff\xfe\xfa\n"), encoding="utf-8")[0] == "records.encoding"
    assert _refused(_csv(tmp_path, b"a\n1\n"), encoding="no-such-encoding")[0] == "records.encoding"


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_zip(), "Excel"),
        (gzip.compress(b"a,b\n1,2\n"), "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"PAR1" + bytes(40), "Parquet"),
        (b"no,T\n1,38\x00.5\n", "NUL"),
        (bytes(range(256)) * 8, "NUL"),
        (b"no,T\n" + b"3" * 10_000_000, "line 2 has 10,000,000 characters"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    slug, message = _refused(_csv(tmp_path, content))
    assert slug == "records.not-a-table"
    assert words in message


def test_missing_folder_empty_and_blank(tmp_path: Path) -> None:
    assert _refused(tmp_path / "gone.csv")[0] == "records.file-missing"
    (tmp_path / "folder.csv").mkdir()
    assert _refused(tmp_path / "folder.csv")[0] == "records.not-a-file"
    assert _refused(_csv(tmp_path, b""))[0] == "records.file-empty"
    assert _refused(_csv(tmp_path, b"\xef\xbb\xbf \r\n\r\n"))[0] == "records.file-empty"


def test_ragged_rows_are_counted_and_refused(tmp_path: Path) -> None:
    slug, message = _refused(_csv(tmp_path, "no,T\n1,38\n2,38,5\n3\n4,37\n"))
    assert slug == "records.ragged-rows"
    assert "2 rows" in message
    assert "first: row 2 has 3" in message


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    slug, message = _refused(_csv(tmp_path, "no,T,SBP,T\n1,38,90,37\n"))
    assert slug == "records.column-twice"
    assert "columns 2 and 4" in message


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ('no,note\n1,ok\n2,"never closed\n3,x\n4,y\n', "row 2"),
        ('no,note\n1,"a"b\n', "row 1"),
        ('no,note\n1,x\n2,"' + "line\n" * 300 + '"\n', "row 2"),
    ],
)
def test_a_quotation_mark_that_swallows_rows_is_refused(tmp_path: Path, content: str, row: str) -> None:
    slug, message = _refused(_csv(tmp_path, content))
    assert slug == "records.quoting"
    assert row in message


def test_parquet_keeps_types_and_refuses_what_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "vitals.parquet"
    frame = pl.DataFrame({"no": ["1", ""], "T": [38.5, None], "more": [[1], [2]], "kind": ["a", "b"]})
    frame.with_columns(pl.col("kind").cast(pl.Categorical)).write_parquet(path)
    opened = open_table(path)
    assert opened.frame.rows() == [("1", 38.5, "a", 1), (None, None, "b", 2)]
    whole = path.read_bytes()
    for cut in (whole[:-30], whole[: len(whole) // 2], b"PAR1" + bytes(100) + b"PAR1", b"PAR1"):
        path.write_bytes(cut)
        assert _refused(path)[0] == "records.not-a-table"
    path.write_bytes(b"no,T\n1,38\n")
    assert "something else" in _refused(path)[1]
