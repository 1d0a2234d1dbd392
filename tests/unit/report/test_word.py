"""The Word report, opened again: every table of the page with the same cells, pictures, notice, and clean XML."""

import io
import re
from html.parser import HTMLParser
from itertools import pairwise

import polars as pl
import pytest
from docx import Document

from tocsin.report.draw import draw_all
from tocsin.report.drawing import size_of, to_png
from tocsin.report.files import complete
from tocsin.report.html import render_report
from tocsin.report.sections import sections
from tocsin.report.word import _slices, word_bytes
from tocsin.report.words import Words
from tocsin.tables import StudyResults
from unit.report.example_results import empty_results, example_results, named

PICTURE = to_png('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>')


class Tables(HTMLParser):
    """Every table of a page as rows of cell texts."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.cell = [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.cell = ""
        elif tag == "span" and self.cell is not None:
            self.cell += "\n"  # what stands in small type below

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[-1][-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data


def made(results, lang="en", pictures=None):
    checked = complete(results)
    drawn = draw_all(checked, lang)
    if pictures is None:
        pictures = {figure.name: PICTURE for figure in drawn if figure.svg}
    return checked, drawn, word_bytes(checked, drawn, pictures, lang)


def opened(content):
    return Document(io.BytesIO(content))


def cells(table):
    """Texts of the cells as written: a cell over several columns stands once."""
    return [["".join(_texts(cell)) for cell in row._tr.tc_lst] for row in table.rows]


def _texts(cell):
    for part in cell.iter():
        if part.tag.endswith("}t"):
            yield part.text or ""
        elif part.tag.endswith("}br"):
            yield "\n"


def text_of(document):
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


@pytest.fixture(scope="module")
def five():
    return example_results(5)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_table_of_the_page_is_in_it_with_equal_cells(five, lang):
    checked, drawn, content = made(five, lang)
    on_page = Tables(render_report(checked, drawn, lang)).tables
    in_word = [cells(table) for table in opened(content).tables]
    flow = [table for table in in_word if table not in on_page]
    assert len(on_page) > 12
    for table in on_page:
        assert table in in_word
    assert len(flow) == 1  # the flow chart of the page, a table here
    assert len(in_word) == len(on_page) + 1
    steps = checked.tables["attrition"].to_dicts()
    assert [row for row in flow[0] if len(row) == 3] == [
        [words_left, said, lost] for words_left, said, lost in _steps(steps, Words(lang))
    ]


def _steps(steps, words):
    for row in steps:
        lost = row["courses_in"] - row["courses_out"]
        why = f"\n{words.term(row['why'])}" if row["why"] else ""
        yield (
            words("who.left", n=row["courses_out"]),
            f"{words.term(row['step'])}{why}",
            words("who.lost", n=lost) if lost else words("who.none_lost"),
        )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_section_and_every_warning_stands_in_it(five, lang):
    checked, drawn, content = made(five, lang)
    document, words = opened(content), Words(lang)
    heads = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert heads == [f"{n} {part.title}" for n, part in enumerate(sections(checked, words, drawn), 1)]
    said = text_of(document)
    for row in checked.tables["warnings"].to_dicts():
        assert words.of(row) in said
    for paragraph in checked.meta["methods"]:
        assert paragraph[lang] in said
    for strategy in checked.meta["strategies"]:
        assert strategy["sentence_zh" if lang == "zh" else "sentence"] in said


@pytest.mark.parametrize(
    ("lang", "notice", "synthetic"),
    [("en", "Research software. Not a medical device. Not for diagnosis or treatment decisions.", "Synthetic data"),
     ("zh", "研究软件。 本软件不是医疗器械，不得用于诊断或治疗决策。", "合成数据")],
)  # fmt: skip
def test_the_notice_is_on_the_first_page_and_in_the_footer(five, lang, notice, synthetic):
    document = opened(made(five, lang)[2])
    foot = document.sections[0].footer.paragraphs[0].text
    for text in (document.paragraphs[1].text, foot):
        assert notice in text
        assert synthetic in text
    real = opened(made(StudyResults({**five.meta, "synthetic": False}, five.tables), lang)[2])
    assert notice in real.paragraphs[1].text
    assert synthetic not in real.paragraphs[1].text + real.sections[0].footer.paragraphs[0].text
    assert real.core_properties.author == "tocsin"
    assert real.core_properties.title == real.paragraphs[0].text


def test_figures_are_pictures_with_words_that_fit_the_page(five):
    _, drawn, content = made(five)
    shown = [figure for figure in drawn if figure.svg]
    document = opened(content)
    shapes = document.inline_shapes
    assert len(shapes) == len(shown) > 5
    assert {shape._inline.docPr.get("descr") for shape in shapes} == {figure.alt for figure in shown}
    assert {part.blob for part in document.part.package.iter_parts() if part.partname.endswith(".png")} == {PICTURE}
    for shape, figure in zip(shapes, shown, strict=True):
        wide, high = size_of(figure.svg)
        assert shape.width.cm <= 17.01
        assert shape.height.cm <= 22.51
        assert shape.height / shape.width == pytest.approx(high / wide, rel=1e-3)


def test_many_charts_go_on_over_pages_in_whole_rows():
    drawn = draw_all(complete(example_results(30)))
    patients = next(figure for figure in drawn if figure.panels)
    parts = _slices(patients)
    wide, high = size_of(patients.svg)
    tall = max(size_of(svg)[1] for svg, _ in patients.panels) + 14
    assert len(parts) > 1
    assert parts[0][0] == 0
    assert parts[-1][1] == 1
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    starts = [float(y) - 14 for y in re.findall(r'<svg x="[^"]*" y="([0-9.]+)"', patients.svg)]
    for first, last in parts:
        assert high * (last - first) / wide * 17 <= 22.51
        assert first == 0 or any(first * high == pytest.approx(start + 14, abs=1) for start in starts)
        assert (1 - last) * high / tall == pytest.approx(round((1 - last) * high / tall), abs=1e-6)
    shapes = opened(made(example_results(30))[2]).inline_shapes
    cut = [shape._inline.xml.count("a:srcRect") for shape in shapes]
    assert sum(cut) == len(parts)


def test_without_pictures_their_words_stand_in_it(five):
    _, drawn, content = made(five, pictures={})
    document = opened(content)
    assert len(document.inline_shapes) == 0
    assert all(figure.alt in text_of(document) for figure in drawn if figure.svg)


def test_hostile_text_is_text():
    results = example_results(1)
    evil = 'a\x00\x0b<w:p/>&amp;]]>"\ud800'
    tables = {"arms": results.tables["arms"].with_columns(pl.lit("<w:t>&\x08 why").alias("why"))}
    meta = {**results.meta, "title": evil, "question": evil, "inputs": {evil: "hash"}}
    document = opened(made(StudyResults(meta, {**results.tables, **tables}))[2])
    assert document.paragraphs[0].text == 'a\ufffd\ufffd<w:p/>&amp;]]>"\ufffd'
    assert any("<w:t>&\ufffd why" in cell for table in document.tables for row in cells(table) for cell in row)


def test_the_same_results_give_the_same_bytes(five):
    assert made(five)[2] == made(five)[2]


@pytest.mark.parametrize("results", [empty_results(), example_results(0), example_results(1, tocilizumab=False)])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_thin_results_make_a_document_that_opens(results, lang):
    checked, drawn, content = made(results, lang)
    in_word = [cells(table) for table in opened(content).tables]
    assert all(table in in_word for table in Tables(render_report(checked, drawn, lang)).tables)


def test_heads_repeat_and_numbers_stand_right(five):
    document = opened(made(five)[2])
    table = next(t for t in document.tables if cells(t)[0][0] == Words("en")("head.file"))
    assert "w:tblHeader" in table.rows[0]._tr.xml
    assert "w:tblHeader" not in table.rows[1]._tr.xml
    assert 'w:jc w:val="right"' in table.rows[1].cells[1]._tc.xml


def test_a_cell_that_differs_is_seen(five):
    """The comparison of this file bites."""
    checked, drawn, _ = made(five)
    counts = checked.tables["counts"].with_columns(pl.col("value") * 1.01)
    content = made(named(five, counts=counts))[2]
    in_word = [cells(table) for table in opened(content).tables]
    assert not all(table in in_word for table in Tables(render_report(checked, drawn, "en")).tables)
