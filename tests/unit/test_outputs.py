"""Files are whole or absent, nothing of somebody else is replaced, and no cell runs in a spreadsheet."""

import csv
import io
import os

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.outputs import csv_text, put_text, replace_file, replace_folder, write_parquet

OURS, MARKER = frozenset({"a.csv", "b.csv", "mark.json"}), "mark.json"
OURS_SAYS = '{"written_by": "tocsin grade"}'


def make(*names, text="new"):
    def fill(folder):
        for name in names:
            (folder / name).write_text(OURS_SAYS if name == MARKER else text)

    return fill


def refused(slug, action):
    with pytest.raises(TocsinError) as caught:
        action()
    assert [problem.slug for problem in caught.value.problems] == [slug]
    assert "Nothing was written" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_formula_is_text(sign):
    cell = f"{sign}1+2"
    [row] = csv.DictReader(io.StringIO(csv_text(pl.DataFrame({"x": [cell], "n": [-3.5]})), newline=""))
    assert row == {"x": f"'{cell}", "n": "-3.5"}


def test_harmless_text_null_and_categories_stay():
    frame = pl.DataFrame({"x": ["1-2", None, "体温"], "e": pl.Series(["a", "=b", None], dtype=pl.Enum(["a", "=b"]))})
    assert csv_text(frame) == "x,e\n1-2,a\n,'=b\n体温,\n"


def test_headers_without_rows():
    assert csv_text(pl.DataFrame(schema={"x": pl.String, "y": pl.Int32})) == "x,y\n"


def test_parquet_keeps_cells_and_types(tmp_path):
    frame = pl.DataFrame({"x": ["=1"], "m": pl.Series([7], dtype=pl.Int32)})
    write_parquet(tmp_path / "x.parquet", frame)
    assert pl.read_parquet(tmp_path / "x.parquet").equals(frame)


def test_a_folder_is_made_with_its_parents(tmp_path):
    out = tmp_path / "deep" / "out"
    assert replace_folder(out, make("a.csv", "mark.json"), OURS, MARKER) == [out / "a.csv", out / "mark.json"]
    assert os.listdir(out.parent) == ["out"]


def test_an_earlier_result_is_replaced_whole(tmp_path):
    out = tmp_path / "out"
    replace_folder(out, make("a.csv", "b.csv", "mark.json", text="old"), OURS, MARKER)
    replace_folder(out, make("a.csv", "mark.json"), OURS, MARKER)
    assert sorted(os.listdir(out)) == ["a.csv", "mark.json"]
    assert (out / "a.csv").read_text() == "new"


def test_a_failure_leaves_the_earlier_result(tmp_path):
    out = tmp_path / "out"
    replace_folder(out, make("a.csv", "mark.json", text="old"), OURS, MARKER)

    def breaks(folder):
        (folder / "a.csv").write_text("half")
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        replace_folder(out, breaks, OURS, MARKER)
    assert (out / "a.csv").read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_failing_move_puts_the_earlier_result_back(tmp_path, monkeypatch):
    out, real, calls = tmp_path / "out", os.replace, []
    replace_folder(out, make("a.csv", "mark.json", text="old"), OURS, MARKER)

    def second_fails(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", second_fails)
    refused("outputs.not-writable", lambda: replace_folder(out, make("a.csv", "mark.json"), OURS, MARKER))
    assert (out / "a.csv").read_text() == "old"
    assert len(calls) == 3


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "out").mkdir()
    assert replace_folder(tmp_path / "out", make("mark.json"), OURS, MARKER)


@pytest.mark.parametrize(
    "names", [["thesis.docx"], ["a.csv"], ["a.csv", "mark.json", "thesis.docx"], ["mark.json", "sub/"]]
)
def test_a_folder_of_somebody_else_is_left_alone(tmp_path, names):
    for name in names:
        if name.endswith("/"):
            (tmp_path / "out" / name).mkdir(parents=True)
        else:
            (tmp_path / "out").mkdir(exist_ok=True)
            (tmp_path / "out" / name).write_text("mine")
    text = refused("outputs.foreign-folder", lambda: replace_folder(tmp_path / "out", make("mark.json"), OURS, MARKER))
    assert "thesis" not in text
    assert {path.read_text() for path in (tmp_path / "out").iterdir() if path.is_file()} == {"mine"}


def test_a_file_and_the_current_folder_are_no_place(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    refused("outputs.not-a-folder", lambda: replace_folder(tmp_path / "file", make("a.csv"), OURS, MARKER))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    refused("outputs.current-folder", lambda: replace_folder(tmp_path / "here", make("a.csv"), OURS, MARKER))
    refused("outputs.not-writable", lambda: replace_folder(tmp_path / "file" / "out", make("a.csv"), OURS, MARKER))
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_is_replaced_only_if_it_is_ours(tmp_path):
    path = tmp_path / "found.csv"
    replace_file(path, "code,row\nA,1\n", "code,row")
    replace_file(path, "code,row\nB,2\n", "code,row")
    assert path.read_text() == "code,row\nB,2\n"
    path.write_text("Date;Temp\n")
    refused("outputs.foreign-file", lambda: replace_file(path, "code,row\n", "code,row"))
    refused("outputs.foreign-file", lambda: replace_file(tmp_path, "code,row\n", "code,row"))
    assert path.read_text() == "Date;Temp\n"


def test_no_scrap_is_left_where_a_file_cannot_be_moved(tmp_path, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    refused("outputs.not-writable", lambda: put_text(tmp_path / "x.csv", "x"))
    assert os.listdir(tmp_path) == []


def test_the_name_of_the_marker_proves_nothing(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MARKER).write_text("mine")
    refused("outputs.foreign-folder", lambda: replace_folder(tmp_path / "out", make("a.csv", MARKER), OURS, MARKER))
    assert (tmp_path / "out" / MARKER).read_text() == "mine"
