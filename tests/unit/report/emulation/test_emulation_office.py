"""Word and Excel, opened again: the page's tables, pictures with words, nothing a spreadsheet would run."""

import io

import polars as pl
import pytest
from docx import Document

from tocsin.report.drawing import to_png
from tocsin.report.emulation.page import draw_all, excel_bytes, render_report, word_bytes
from tocsin.report.emulation.words import EmulationWords
from tocsin.tables.emulation import EMULATION_TABLES, EmulationResults
from unit.report.emulation.example_emulation import CONTRACTS, MAIN, example, hollow
from unit.report.test_excel import HOSTILE, Book
from unit.report.test_word import Tables

PICTURE = to_png('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>')


def opened(results, lang="en"):
    drawn = draw_all(results, lang)
    made = word_bytes(results, drawn, {f.name: PICTURE for f in drawn if f.svg}, lang)
    return drawn, Document(io.BytesIO(made)), made


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_word_holds_the_tables_and_pictures_of_the_page(lang):
    results = example()
    drawn, document, made = opened(results, lang)
    on_page = {rows[0][0] for rows in Tables(render_report(results, drawn, lang)).tables}
    in_word = {table.rows[0].cells[0].text for table in document.tables}
    assert on_page <= in_word
    descriptions = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert descriptions == [f.alt for f in _in_order(drawn)]
    text = "\n".join(p.text for p in document.paragraphs)
    assert EmulationWords(lang)("device") in text
    assert text.count("Research software.") <= 1
    assert EmulationWords(lang)("device") in document.sections[0].footer.paragraphs[0].text
    assert made == opened(example(), lang)[2]


def _in_order(drawn):
    """Figures as the sections show them: the competing event comes after the curves, with its own section."""
    return [f for f in drawn if f.svg]


def test_word_without_an_answer_has_no_picture():
    _, document, _ = opened(example(False))
    assert len(document.inline_shapes) == 0
    assert "cannot be estimated: nobody was ever given tocilizumab" in "\n".join(p.text for p in document.paragraphs)
    assert opened(hollow())[1].paragraphs


def test_excel_has_a_sheet_a_table_and_says_the_answer_first():
    results = example()
    book = Book(excel_bytes(results))
    assert book.names == ["about", *(t.name for t in EMULATION_TABLES)]
    about = [text for (row, column), (_, text, _) in sorted(book.cells("about").items()) if column == 0]
    assert about[1] == "Research software. Not a medical device; not for diagnosis or treatment decisions."
    assert any(line.startswith('Had everybody followed "early", 12.1 %') for line in about)
    cells = book.cells("risks")
    heads = {cells[0, k][1]: k for k in range(9)}
    row = 1 + results.tables["risks"].with_row_index().filter(
        pl.col("outcome") == MAIN, pl.col("analysis") == "emulated", pl.col("arm") == "wait", pl.col("hour") == 72
    )["index"].item()  # fmt: skip
    assert float(cells[row, heads["risk"]][1]) == pytest.approx(0.264 * (1 - 2.718281828459045**-1.2), abs=1e-12)
    last = results.tables["risks"].with_row_index().filter(pl.col("clones").is_null())["index"][0] + 1
    assert (last, heads["clones"]) not in cells  # unknown is an empty cell
    zh = Book(excel_bytes(results, "zh"))
    assert zh.names[0] == "说明"


def test_excel_runs_nothing():
    frame = CONTRACTS["protocol"].frame(
        pl.DataFrame([{c.name: text for c in CONTRACTS["protocol"].columns} for text in HOSTILE])
    )
    results = EmulationResults({"title": "=1+1"}, {"protocol": frame}).complete()
    book = Book(excel_bytes(results))  # Book refuses any formula
    cells = book.cells("protocol")
    assert [cells[row, 0][1] for row in range(1, len(HOSTILE) + 1)] == list(HOSTILE)
    assert {cells[row, 0][0] for row in range(1, len(HOSTILE) + 1)} == {"s"}
    quoted = [k for k, style in enumerate(book.styles) if style.get("quotePrefix") == "1"]
    risky = [row for row, text in enumerate(HOSTILE, 1) if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert all(cells[row, 0][2] in quoted for row in risky)
