"""The example in Chinese: no English phrase of our own is left in headings, tables, captions or warnings."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tocsin.report.draw import draw_all
from tocsin.report.html import render_report
from tocsin.study import run_study
from tocsin.tables import StudyResults

EXAMPLE = Path(__file__).parents[3] / "examples" / "zhou2023"
ENGLISH = re.compile(r"[a-z]{3,},? [a-z]{2,}|\d to \d")


class Texts(HTMLParser):
    """Every text and spoken label of a page, outside its style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.style = False
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.style = tag == "style"
        self.texts += [value for name, value in attrs if name == "aria-label" and value]

    def handle_endtag(self, tag: str) -> None:
        self.style = False

    def handle_data(self, data: str) -> None:
        if not self.style:
            self.texts += [line.strip() for line in data.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def results() -> StudyResults:
    return run_study(EXAMPLE)


def theirs(results: StudyResults) -> set[str]:
    """Not our words: titles of papers, what the study's author wrote, who adjudicated."""
    out = {*results.tables["citations"]["text"], *results.tables["parameters"]["source"]}
    out |= {str(results.meta.get(key)) for key in ("title", "question", "synthetic_note")}
    return out | {f"来源：{strategy['source']}" for strategy in results.meta["strategies"]}


def test_nothing_of_ours_is_left_in_english(results: StudyResults) -> None:
    page = render_report(results, draw_all(results, "zh"), "zh")
    allowed = theirs(results)
    assert [
        text
        for text in Texts(page).texts
        if ENGLISH.search(text.replace("Brookmeyer-Crowley log-log", "")) and text not in allowed
    ] == []


def test_the_short_answer_is_short(results: StudyResults) -> None:
    page = render_report(results, [], "en")
    start = page.index('<section id="answer"')
    answer = page[start : page.index("</section>", start)]
    first = re.findall(r'<td class="strong">(.*?)</td>', answer)
    assert first == [
        "MRD-negative CR – proportion", "CRS death – proportion", "EFS from infusion – median (log-log)",
        "OS from infusion – median (log-log)", "severe CRS – proportion", "severe ICANS – proportion",
    ]  # fmt: skip
    assert "not estimable" not in answer
    assert "cumulative incidence at 30 days" in page
