"""The page and its files: complete, offline, escaped, honest and the same every time."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.report.draw import draw_all
from tocsin.report.estimates import headline
from tocsin.report.files import (
    MANIFEST,
    complete,
    csv_text,
    result_contracts,
    results_data,
    results_schema,
    write_report,
)
from tocsin.report.html import render_report
from tocsin.report.outcomes import lines_of
from tocsin.report.words import Lang
from tocsin.tables import ARMS, EFFECTS, WARNINGS, StudyResults
from unit.report.example_results import empty_results, example_results, named

ROOT = Path(__file__).parents[3]


def page(results: StudyResults, lang: Lang = "en") -> str:
    checked = complete(results)
    return render_report(checked, draw_all(checked, lang), lang)


def without_figures(results: StudyResults, lang: Lang = "en") -> str:
    return render_report(complete(results), [], lang)


class Reader(HTMLParser):
    """Collects what the tests ask about: requests, cells, text, headings and order of events."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.requests: list[str] = []
        self.cells: list[str] = []
        self.events: list[str] = []
        self.tables: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.requests += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v and not v.startswith("#")]
        if tag == "td":
            self.cells.append("")
        if values.get("data-table"):
            self.tables.add(str(values["data-table"]))
            self.events.append(f"table:{values['data-table']}")
        if tag == "aside" and values.get("class") == "warning":
            self.events.append("warning")
        if tag == "section":
            self.events.append(f"section:{values.get('id')}")
        if tag == "figure":
            self.events.append(f"figure:{values.get('id')}")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if "td" in self.open:
            self.cells[-1] += data


@pytest.fixture(scope="module")
def five() -> StudyResults:
    return example_results(5)


@pytest.fixture(scope="module")
def pages(five: StudyResults) -> dict[Lang, str]:
    return {"en": page(five), "zh": page(five, "zh")}


@pytest.fixture(scope="module", params=["en", "zh"])
def read(request: pytest.FixtureRequest, pages: dict[Lang, str]) -> Reader:
    return Reader(pages[request.param])


def test_it_opens_offline(pages: dict[Lang, str]) -> None:
    for html in pages.values():
        assert not Reader(html).requests
        assert "<script" not in html
        assert "@import" not in html
        assert all(found.startswith(("data:", "#")) for found in re.findall(r"url\(([^)]*)\)", html))


def test_both_languages_say_what_it_is(five: StudyResults, pages: dict[Lang, str]) -> None:
    english, chinese = pages["en"], pages["zh"]
    assert "Not a medical device. Not for diagnosis or treatment decisions." in english
    assert "本软件不是医疗器械，不得用于诊断或治疗决策。" in chinese
    assert '<html lang="en">' in english
    assert '<html lang="zh-Hans">' in chinese
    assert "Give tocilizumab within 6 h" in english
    assert "体温持续不低于 39.0 °C" in chinese
    assert "100 % severe CRS in this arm is by construction" in english
    assert "系定义所致" in chinese
    assert "font/woff2" in chinese
    assert "font/woff2" not in english
    assert "Synthetic data" not in without_figures(StudyResults({**five.meta, "synthetic": False}, five.tables))


def test_everything_from_the_data_is_escaped() -> None:
    results = example_results(1)
    evil = '<script>alert("x")</script>'
    tables = {
        name: frame.with_columns(pl.col("course_id").replace("P01", evil)) if "course_id" in frame.columns else frame
        for name, frame in results.tables.items()
    }
    tables["marks"] = tables["marks"].with_columns(pl.lit(evil).alias("text"))
    tables["arms"] = ARMS.frame([{"course_id": evil, "arm": "early", "why": evil}])
    meta = {**results.meta, "title": evil, "question": evil, "inputs": {evil: evil}}
    html = page(StudyResults(meta, tables))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_in_a_synthetic_study_every_p_says_so_in_its_own_cell(five: StudyResults) -> None:
    for lang, word in (("en", "synthetic"), ("zh", "合成")):
        cells = Reader(without_figures(five, lang)).cells
        for printed in ("0.178", "<0.001"):
            found = [cell for cell in cells if cell.startswith(printed)]
            assert len(found) >= 2
            assert all(word in cell for cell in found)
    real = Reader(without_figures(StudyResults({**five.meta, "synthetic": False}, five.tables)))
    assert "0.178" in real.cells
    assert "0.000" not in real.text


def test_serious_warnings_stand_before_every_two_arm_estimate(read: Reader) -> None:
    for part, shown in (
        ("answer", None),
        ("toxicity", "table:episodes"),
        ("outcomes", "table:effects"),
        ("curves", "figure:"),
    ):
        start = read.events.index(f"section:{part}")
        after = read.events[start + 1 :]
        assert after[0] == "warning", part
        if shown:
            assert any(event.startswith(shown) for event in after)
    assert read.events.index("warning") < read.events.index("table:effects")


def test_a_warning_that_is_not_serious_is_not_red(five: StudyResults) -> None:
    mild = WARNINGS.frame(five.tables["warnings"].filter(~pl.col("serious")))
    html = without_figures(named(five, warnings=mild))
    assert 'class="warning"' not in html
    assert 'class="remarks"' in html


def test_every_contract_table_appears(read: Reader) -> None:
    shown = {"arms", "table1", "sensitivity", "counts", "citations", "attrition", "parameters", "effects", "endpoints",
             "episodes", "findings", "account"}  # fmt: skip
    assert shown <= read.tables
    for table in result_contracts():
        assert f"tables/{table.name}.csv" in read.text


def test_nothing_prints_as_null(read: Reader) -> None:
    assert not re.search(r"\b(None|null|NaN|nan|Undefined)\b", read.text)
    assert all(cell.strip() != "None" for cell in read.cells)


def test_every_figure_has_words_for_those_who_cannot_see_it(pages: dict[Lang, str]) -> None:
    html = pages["en"]
    assert html.count("<h1") == 1
    images = re.findall(r'role="img" aria-label="([^"]*)"', html)
    assert len(images) == 11
    assert all(len(label) > 20 for label in images)
    assert html.count("<caption>") == html.count("<table")
    assert all(f'href="#{anchor}"' in html for anchor in re.findall(r'<section id="([^"]+)"', html))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_empty_tables_make_sentences(lang: Lang) -> None:
    read = Reader(page(empty_results(), lang))
    assert "figure" not in read.open
    english = ("No outcome was estimated.", "No temperature was recorded", "There is no course in the study.")
    chinese = ("没有估计任何结局。", "研究疗程均无体温记录。", "研究中没有疗程。")
    for sentence in english if lang == "en" else chinese:
        assert sentence in read.text
    assert "None" not in read.text
    assert not any(cell == "" for cell in read.cells)


@pytest.mark.parametrize("results", [example_results(0), example_results(1), example_results(5, tocilizumab=False)])
def test_small_studies_are_written_whole(results: StudyResults, tmp_path: Path) -> None:
    paths = write_report(results, tmp_path / "out", figures=False)
    assert (tmp_path / "out" / "report.html") in paths
    assert not (tmp_path / "out" / "figures").exists()


def test_the_same_results_give_the_same_bytes(five: StudyResults, tmp_path: Path) -> None:
    first, second = (write_report(five, tmp_path / name) for name in ("a", "b"))
    assert [p.relative_to(tmp_path / "a") for p in first] == [p.relative_to(tmp_path / "b") for p in second]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))
    assert any(path.suffix == ".png" for path in first)


def test_both_languages_stand_side_by_side_and_stale_files_go(tmp_path: Path) -> None:
    out, one = tmp_path / "out", example_results(1)
    write_report(one, out)
    (out / "notes.txt").write_text("mine")
    (out / "figures" / "gone.svg").write_text("old")
    (out / "figures" / "mine.svg").write_text("mine")
    listed = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
    listed += ["figures/gone.svg", "../elsewhere.csv", "notes.txt"]  # as an earlier run of ours would have it
    (out / MANIFEST).write_text(json.dumps({"files": listed}))
    write_report(one, out, "zh")
    assert (out / "report.html").exists()
    assert (out / "report.zh.html").exists()
    assert (out / "figures" / "gone.svg").exists()
    write_report(one, out)
    assert not (out / "figures" / "gone.svg").exists()
    assert (out / "figures" / "swimmer.zh.svg").exists()
    assert (out / "notes.txt").read_text() == (out / "figures" / "mine.svg").read_text() == "mine"
    listed = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
    assert {"report.html", "report.zh.html"} < set(listed)
    assert "figures/gone.svg" not in listed
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", ["report.html", "results.json", "tables/effects.csv", "tables", MANIFEST])
def test_what_tocsin_did_not_write_is_neither_replaced_nor_removed(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    (out / "other.csv").write_text("mine")
    with pytest.raises(TocsinError) as caught:
        write_report(example_results(1), out, figures=False)
    assert caught.value.problems[0].slug == "report.foreign-file"
    assert name in caught.value.problems[0].what
    assert {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()} == {name, "other.csv"}
    assert (out / name).read_text() == "mine"


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_output_that_cannot_be_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(TocsinError) as caught:
        write_report(example_results(1), tmp_path / place, figures=False)
    assert caught.value.problems[0].slug == "report.output"
    assert (tmp_path / "file").read_text() == "mine"


def test_a_failure_leaves_the_folder_as_it_was(
    five: StudyResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_report(five, out, figures=False)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    monkeypatch.setattr("tocsin.report.drawing.to_png", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(example_results(1), out)
    assert before == {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert list(tmp_path.iterdir()) == [out]


def test_a_broken_table_is_refused_and_nothing_written(five: StudyResults, tmp_path: Path) -> None:
    broken = EFFECTS.frame([{"outcome": "EFS"}])
    with pytest.raises(TocsinError) as caught:
        write_report(named(five, effects=broken), tmp_path / "out")
    assert {problem.slug for problem in caught.value.problems} == {"tables.value"}
    assert not (tmp_path / "out").exists()


def test_results_json_follows_the_published_schema(five: StudyResults, tmp_path: Path) -> None:
    published = json.loads((ROOT / "docs" / "schemas" / "results.schema.json").read_text(encoding="utf-8"))
    assert published == results_schema()
    jsonschema.Draft202012Validator.check_schema(published)
    for results in (five, empty_results()):
        write_report(results, tmp_path / "out", figures=False)
        data = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
        assert data == results_data(complete(results))
        jsonschema.validate(data, published)
    data["tables"]["effects"] = [{"outcome": 3}]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, published)


def test_csv_cells_are_never_formulas() -> None:
    frame = pl.DataFrame({"a": ["=1+1", "+x", "-y", "@z", "ok", None, "\tt"], "n": [-1, 2, 3, 4, 5, 6, 7]})
    lines = csv_text(frame).splitlines()
    assert lines[1:] == ["'=1+1,-1", "'+x,2", "'-y,3", "'@z,4", "ok,5", ",6", "'\tt,7"]


def test_characters_the_font_lacks_are_named_once(five: StudyResults) -> None:
    arms = five.tables["arms"].with_columns(pl.lit("龘 ward").alias("why"))
    assert without_figures(named(five, arms=arms), "zh").count("内置字体不含") == 1
    assert "shipped font" not in without_figures(five)


def test_every_effect_stands_in_a_cell_of_its_own(five: StudyResults) -> None:
    effects = five.tables["effects"].to_dicts()
    lines = lines_of(effects, ["early", "conventional"])
    assert sum(map(len, lines)) == len(effects)
    assert all(len(line) == 1 for line in lines if " v " in line[0]["contrast"])
    again = lines_of([*effects, *effects], ["early", "conventional"])
    assert sum(map(len, again)) == 2 * len(effects)


def test_what_the_study_could_have_seen_is_no_result(five: StudyResults) -> None:
    last = five.tables["effects"].to_dicts()[-1]
    row = {**last, "outcome": "EFS", "measure": "hazard ratio detectable", "estimate": 0.25}
    [found] = headline([row], ["early", "conventional"])
    assert found["contrast"] is None
