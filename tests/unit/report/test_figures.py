"""Figures are valid, say what they show, and become a sentence where there is nothing to draw."""

import re
from xml.etree import ElementTree

import polars as pl
import pytest

from tocsin.report.charts import legend_strip, plot_patients, trigger_threshold
from tocsin.report.draw import draw_all, main_scale
from tocsin.report.drawing import Figure, inline, runs_of, sheet, size_of, to_png
from tocsin.report.figures import plot_curve
from tocsin.report.files import complete
from tocsin.report.sensitivity import plot_sensitivity
from tocsin.report.shapes import band, num, round_ticks
from tocsin.report.swimmer import what_happened
from tocsin.report.words import Lang, Words
from tocsin.tables import CURVES, READINGS, StudyResults
from unit.report.example_results import SCALE, empty_results, example_results, named


@pytest.fixture(scope="module")
def five() -> StudyResults:
    return complete(example_results(5))


@pytest.fixture(scope="module")
def drawn(five: StudyResults) -> list[Figure]:
    return draw_all(five)


def words_in(svg: str) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


def test_every_figure_is_valid_svg_with_a_size_and_no_request(drawn: list[Figure]) -> None:
    assert len(drawn) == 7
    for figure in drawn:
        ElementTree.fromstring(figure.svg)
        assert min(size_of(figure.svg)) > 50
        assert figure.alt
        assert not re.search(r'(href|src)="(?!#)', figure.svg)


def test_png_has_the_size_of_the_svg(drawn: list[Figure]) -> None:
    png = to_png(drawn[0].svg, scale=2)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(png[16:20], "big") == pytest.approx(2 * size_of(drawn[0].svg)[0], abs=2)


def test_a_png_is_as_wide_as_a_page_unless_the_figure_is_small() -> None:
    wide, small = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="9"></svg>' for w in (2400, 100))
    assert [int.from_bytes(to_png(svg)[16:20], "big") for svg in (wide, small)] == [1000, 200]


def test_ticks_are_round_and_few() -> None:
    assert round_ticks(-0.5, 21.5, 12) == [float(t) for t in range(0, 22, 2)]
    assert round_ticks(2.1, 6.2, 7) == [3.0, 4.0, 5.0, 6.0]
    assert [num(v) for v in (-0.001, 2.0, 3.456)] == ["0", "2", "3.46"]


def test_a_band_closes_along_the_steps_of_its_lower_line() -> None:
    assert band([(0, 1), (5, 2)], [(0, 8), (5, 9)]) == "M0,1H5V2L5,9L5,8L0,8Z"


def test_curves_carry_arms_axis_and_numbers_at_risk(drawn: list[Figure]) -> None:
    text = words_in(drawn[0].svg)
    for word in ("early", "conventional", "Number at risk", "months", "100%"):
        assert word in text


def test_a_curve_with_events_at_time_zero_starts_at_the_top(five: StudyResults) -> None:
    rows = [{"outcome": "EFS", "kind": "survival", "arm": "early", "time": t, "at_risk": n, "events": 1, "censored": 0,
             "estimate": s, "low": None, "high": None} for t, n, s in ((0.0, 2, 0.5), (90.0, 1, 0.0))]  # fmt: skip
    figure = plot_curve(named(five, curves=CURVES.frame(rows)), Words(), "EFS", "survival")
    line = next(tag for tag in re.findall(r"<path[^>]*>", figure.svg) if 'stroke-width="2.2"' in tag)
    start = re.search(r' d="M([\d.]+),([\d.]+)', line)
    assert start
    assert float(start.group(2)) == 0.0


def test_choices_that_move_nobody_are_a_sentence(five: StudyResults) -> None:
    quiet = five.tables["sensitivity"].with_columns(pl.lit("").alias("moved"))
    figure = plot_sensitivity(named(five, sensitivity=quiet), Words())
    assert not figure.svg
    assert figure.instead == "Nobody moves with: fever threshold; longest gap."


def test_chinese_figures_use_chinese_words(five: StudyResults) -> None:
    text = " ".join(words_in(figure.svg) for figure in draw_all(five, "zh"))
    for word in ("早期组", "风险人数", "体温", "°C", "末次随访"):
        assert word in text
    assert "since time zero" not in text


def test_one_panel_a_course_with_title_grade_trigger_and_dose(drawn: list[Figure]) -> None:
    figure = next(f for f in drawn if f.name == "patients")
    assert len(figure.panels) == 5
    for svg, told in figure.panels:
        text = words_in(svg)
        assert re.search(r"P0\d · (early|conventional) · max CRS [1-4]", text)
        for word in ("due", "480 mg", "39.0", "38.0"):
            assert word in text
        assert "due at" in told
    assert "vasopressor" in words_in(figure.svg)


def gaps(minutes: list[int]) -> int:
    rows = [{"course_id": "P01", "minute": m, "temperature": 38.0 + m % 7 / 10} for m in minutes]
    results = named(complete(example_results(1)), readings=READINGS.frame(rows))
    svg = plot_patients(results, Words(), SCALE).panels[0][0]
    return len(re.findall(r'stroke="#24506e" stroke-width="1.2"', svg))


def test_readings_more_than_eight_hours_apart_are_not_joined() -> None:
    first = int(example_results(1).tables["episodes"]["onset"][0])
    assert gaps([first, first + 240, first + 720, first + 960]) == 1
    assert gaps([first, first + 240, first + 721, first + 960]) == 2


def test_neighbouring_runs_of_one_grade_are_one_band() -> None:
    runs = [{"from": 0, "to": 10, "grade": 0}, {"from": 10, "to": 20, "grade": 2}, {"from": 20, "to": 30, "grade": 2},
            {"from": 30, "to": None, "grade": 1}]  # fmt: skip
    assert runs_of(runs) == [(10, 30, 2), (30, None, 1)]


def test_days_that_cannot_be_graded_are_hatched() -> None:
    figure = next(f for f in draw_all(complete(example_results(11))) if f.name.startswith("days"))
    assert 'fill="url(#hatch)"' in figure.svg
    assert "?" in words_in(figure.svg)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_data_every_figure_is_a_sentence(lang: Lang) -> None:
    for figure in draw_all(complete(empty_results()), lang):
        assert not figure.svg
        assert len(figure.instead) > 8


@pytest.mark.parametrize("results", [example_results(1), example_results(5, tocilizumab=False)])
def test_one_patient_and_no_tocilizumab_are_drawn(results: StudyResults) -> None:
    figures = draw_all(complete(results))
    assert next(f for f in figures if f.name == "patients").panels
    assert ("no tocilizumab" in figures[-4].panels[0][1]) == (
        not results.tables["marks"]["group"].is_in(["tocilizumab"]).any()
    )


def test_the_trigger_threshold_comes_from_meta_or_the_sentences() -> None:
    results = empty_results()
    assert trigger_threshold(results) == 39.0
    assert trigger_threshold(StudyResults({"trigger_temperature": 38.5}, {})) == 38.5
    assert trigger_threshold(StudyResults({}, {})) is None


def test_last_contact_or_death_comes_from_overall_survival(five: StudyResults) -> None:
    rows = what_happened(five)
    by_course = pl.DataFrame(rows).group_by("course_id").agg(pl.col("what"))
    assert all(("death" in what) != ("last_contact" in what) for what in by_course["what"].to_list())


def test_ids_stay_apart_when_many_drawings_share_a_page() -> None:
    svg = '<svg width="10" height="10"><clipPath id="a"/><g clip-path="url(#a)"/></svg>'
    assert 'id="x-a"' in inline(svg, "x")
    assert "url(#x-a)" in inline(svg, "x")
    page = sheet([svg, svg, svg], 2, head=legend_strip(Words()))
    assert len(set(re.findall(r' id="([^"]+)"', page))) == 3
    ElementTree.fromstring(page)


def test_main_scale_is_the_named_one_where_it_was_graded(five: StudyResults) -> None:
    assert main_scale(five) == SCALE
    assert main_scale(StudyResults({**five.meta, "scale": "lee2014_crs"}, five.tables)) == SCALE
