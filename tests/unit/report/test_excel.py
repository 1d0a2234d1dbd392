"""The workbook, read again as the XML it is: a sheet a table, typed cells, nothing that a spreadsheet would run."""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tocsin.report.excel import MOST_TEXT, excel_bytes
from tocsin.report.files import complete, result_contracts
from tocsin.report.words import Words
from tocsin.tables import EFFECTS, StudyResults
from unit.report.example_results import empty_results, example_results, named

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "http://x.example", "1e5", "{=1}", " ")


class Book:
    """Sheets by name, each a dict of (row, column) from 0 to (type, text, style)."""

    def __init__(self, content):
        self.zip = zipfile.ZipFile(io.BytesIO(content))
        book = self.xml("xl/workbook.xml")
        self.names = [sheet.get("name") for sheet in book.find("m:sheets", NS)]
        strings = self.xml("xl/sharedStrings.xml")
        self.strings = ["".join(t.text or "" for t in one.iter(f"{{{NS['m']}}}t")) for one in strings]
        self.styles = self.xml("xl/styles.xml").find("m:cellXfs", NS)
        self.roots = {name: self.xml(f"xl/worksheets/sheet{k}.xml") for k, name in enumerate(self.names, 1)}

    def xml(self, name):
        return ET.fromstring(self.zip.read(name))

    def cells(self, name):
        found = {}
        for cell in self.roots[name].iter(f"{{{NS['m']}}}c"):
            assert cell.find("m:f", NS) is None  # no formula anywhere
            letters, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r")).groups()
            column = 0
            for letter in letters:
                column = column * 26 + ord(letter) - 64
            value = cell.findtext("m:v", None, NS)
            kind = cell.get("t", "n")
            text = _unescaped(self.strings[int(value)]) if kind == "s" else value
            found[int(row) - 1, column - 1] = (kind, text, int(cell.get("s", 0)))
        return found


def _unescaped(text):
    return re.sub(r"_x([0-9A-F]{4})_", lambda hit: chr(int(hit[1], 16)), text)


def book_of(results, lang="en", **more):
    return Book(excel_bytes(complete(results), lang, **more))


@pytest.fixture(scope="module")
def five():
    return complete(example_results(5))


@pytest.fixture(scope="module")
def book(five):
    return Book(excel_bytes(five))


def test_a_sheet_a_table_after_one_that_explains(book):
    assert book.names == ["about", *(table.name for table in result_contracts())]
    assert len(set(book.names)) == len(book.names)


def test_every_cell_is_what_the_table_holds_in_its_type(five, book):
    for table in result_contracts():
        cells, frame = book.cells(table.name), five.tables[table.name]
        assert [cells[0, k][1] for k in range(len(table.columns))] == list(table.schema)
        assert max((row for row, _ in cells), default=0) == frame.height
        for k, column in enumerate(table.columns):
            for row, value in enumerate(frame.get_column(column.name), 1):
                found = cells.get((row, k))
                if value is None or value == "":
                    assert found is None  # unknown is empty, never 0
                elif isinstance(value, bool):
                    assert found[:2] == ("b", str(int(value)))
                elif isinstance(value, datetime):
                    assert found[0] == "n"
                    assert datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=float(found[1])) == pytest.approx(
                        value, abs=timedelta(seconds=1)
                    )
                elif isinstance(value, str):
                    assert found[:2] == ("s", value)
                else:
                    assert found[0] == "n"
                    assert float(found[1]) == pytest.approx(value, rel=1e-14)


def test_heads_are_frozen_filtered_and_wide_enough(book):
    for table in result_contracts():
        root = book.roots[table.name]
        pane = root.find("m:sheetViews/m:sheetView/m:pane", NS)
        assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
        assert root.find("m:autoFilter", NS) is not None
        widths = [float(col.get("width")) for col in root.find("m:cols", NS)]
        assert all(5 <= width <= 61 for width in widths)


def test_what_a_spreadsheet_would_run_stays_text(five):
    rows = [{**five.tables["effects"].row(0, named=True), "note": text, "outcome": text} for text in HOSTILE]
    meta = {**five.meta, "title": "=HYPERLINK(1)", "synthetic_note": "@note"}
    book = book_of(StudyResults(meta, {**five.tables, "effects": EFFECTS.frame(rows)}))
    cells = book.cells("effects")
    place = list(EFFECTS.schema).index("note")
    for row, text in enumerate(HOSTILE, 1):
        kind, found, style = cells[row, place]
        assert (kind, found) == ("s", text)
        quoted = book.styles[style].get("quotePrefix") == "1"
        assert quoted == text.startswith(("=", "+", "-", "@", "\t", "\r"))
    about = book.cells("about")
    assert about[0, 0][:2] == ("s", "=HYPERLINK(1)")
    assert not any(name.startswith("xl/externalLinks") for name in book.zip.namelist())
    relations = [book.zip.read(name) for name in book.zip.namelist() if "worksheets/_rels" in name]
    assert not any(b'TargetMode="External"' in one for one in relations)


def test_text_that_no_cell_or_file_can_hold_is_said_to_be_cut(five):
    rows = [{**five.tables["effects"].row(0, named=True), "note": note} for note in ("x" * 40_000, "a\x00\x0bb")]
    cells = book_of(named(five, effects=EFFECTS.frame(rows))).cells("effects")
    place = list(EFFECTS.schema).index("note")
    assert len(cells[1, place][1]) == MOST_TEXT
    assert cells[1, place][1].endswith("x...")
    assert cells[2, place][1] == "a\ufffd\ufffdb"


def test_a_table_longer_than_a_sheet_is_cut_and_the_first_sheet_says_so(five):
    book = book_of(five, most_rows=3)
    assert max(row for row, _ in book.cells("readings")) == 3
    texts = [text for _, text, _ in book.cells("about").values()]
    height = five.tables["readings"].height
    assert any("cut to 3 rows; whole in tables/readings.csv" in text for text in texts if text)
    assert str(height) in texts
    whole = [text for _, text, _ in book_of(five).cells("about").values()]
    assert not any("cut to" in text for text in whole if text)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_first_sheet_explains(five, lang):
    words = Words(lang)
    texts = [text for _, text, _ in book_of(five, lang).cells(_first(lang)).values()]
    notice = {"en": "Research software. Not a medical device. Not for diagnosis or treatment decisions.",
              "zh": "研究软件。 本软件不是医疗器械，不得用于诊断或治疗决策。"}[lang]  # fmt: skip
    assert notice in texts
    assert words("banner") in texts
    assert any(five.meta["spec_hash"] in text for text in texts if text)
    for table in result_contracts():
        assert words(f"table.{table.name}") in texts
        assert all(column.words in texts for column in table.columns)
    real = StudyResults({**five.meta, "synthetic": False}, five.tables)
    assert words("banner") not in [text for _, text, _ in book_of(real, lang).cells(_first(lang)).values()]


def _first(lang):
    return {"en": "about", "zh": "说明"}[lang]


@pytest.mark.parametrize("results", [empty_results(), example_results(0), example_results(1)])
def test_thin_results_make_a_workbook(results):
    book = book_of(results)
    for table in result_contracts():
        assert {place for place in book.cells(table.name) if place[0] == 0} == {
            (0, k) for k in range(len(table.columns))
        }


def test_the_same_results_give_the_same_bytes(five):
    assert excel_bytes(five) == excel_bytes(five)


def test_a_chinese_word_takes_two_places():
    results = complete(example_results(1))
    warnings = results.tables["warnings"].with_columns(pl.lit("组" * 12).alias("arm"))
    cols = book_of(named(results, warnings=warnings)).roots["warnings"].find("m:cols", NS)
    assert float(cols[1].get("width")) >= 26
