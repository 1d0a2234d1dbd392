"""Printed numbers, worked by hand."""

import pytest

from tocsin.report.estimates import estimate_text, headline, interval_text, months_text, p_text
from tocsin.report.numbers import count_of, day_clock, fixed, hours, p_value, percent, short
from tocsin.report.words import Words

EN, ZH = Words("en"), Words("zh")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(2.345, 2, "2.34"), (2.355, 2, "2.36"), (2.5, 0, "2"), (3.5, 0, "4"), (-0.001, 2, "0.00"), (-1.25, 1, "−1.2"),
     (1234.5, 1, "1,234.5"), (None, 2, "–"), (float("nan"), 2, "–"), (float("inf"), 2, "∞")],
)  # fmt: skip
def test_fixed_rounds_half_even_on_the_printed_decimal(value: float | None, digits: int, text: str) -> None:
    assert fixed(value, digits) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0, "<0.001"), (0.00099, "<0.001"), (0.001, "0.001"), (0.0345, "0.034"), (0.05, "0.050"), (0.9995, ">0.999"),
     (1.0, "1"), (None, "–")],
)  # fmt: skip
def test_p_never_prints_zeros(p: float | None, text: str) -> None:
    assert p_value(p) == text


def test_counts_stand_beside_percentages() -> None:
    assert count_of(11, 13) == "11/13 (84.62 %)"
    assert count_of(0, 0) == "0/0"
    assert percent(None) == "–"
    assert short(12.50) == "12.5"
    assert hours(90) == "1.5 h"
    assert day_clock(3 * 1440 + 250) == "d 3 04:10"
    assert day_clock(-10) == "d −1 23:50"


def row(**more: object) -> dict[str, object]:
    return {
        "outcome": "EFS",
        "contrast": "early",
        "measure": "median (log-log)",
        "estimate": None,
        "low": None,
        "high": None,
        "level": 0.95,
        "p": None,
        "method": "",
        "n": 13,
        "events": 4,
        "note": "",
        **more,
    }


def test_estimates_by_kind() -> None:
    assert estimate_text(row(), EN) == "not reached"
    assert estimate_text(row(note="not estimable: no subjects"), EN) == "not estimable"
    assert estimate_text(row(measure="proportion", estimate=11 / 13, events=11), EN) == "11/13 (84.62 %)"
    assert estimate_text(row(measure="proportion", estimate=0.8, events=11), EN) == "80.00 %"
    assert estimate_text(row(measure="risk difference", estimate=-0.1), EN) == "−10.00 percentage points"
    assert estimate_text(row(estimate=7.0, measure="median, months"), EN) == "7.00 months"
    assert estimate_text(row(estimate=7.0), ZH) == "7.00 天"
    assert estimate_text(row(measure="hazard ratio", estimate=0.456), EN) == "0.46"


def test_a_test_has_a_p_and_no_estimate() -> None:
    assert estimate_text(row(measure="Fisher-Freeman-Halton", p=0.0003), EN) == "–"
    assert estimate_text(row(measure="survival at 30"), EN) == "not estimable"
    assert estimate_text(row(measure="restricted mean to 180", estimate=90.0), EN) == "90.00 days"


def test_intervals_by_kind() -> None:
    assert interval_text(row(), EN) == "–"
    assert interval_text(row(measure="proportion", low=0.5455, high=0.9808), EN) == "54.55 to 98.08 %"
    assert interval_text(row(low=210.0), EN) == "210.00 to not reached"
    assert interval_text(row(high=152.0), EN) == "0 to 152.00"
    assert interval_text(row(measure="odds ratio", low=0.5), EN) == "0.50 to ∞"


def test_long_times_in_days_stand_in_months_too() -> None:
    assert months_text(row(estimate=7 * 30.4375, low=3 * 30.4375, high=None), EN) == "7.00 months (3.00 to not reached)"
    assert months_text(row(estimate=7.0, measure="median, months"), EN) == ""
    assert months_text(row(estimate=12.0), EN) == ""


def test_p_carries_the_word_where_the_study_is_synthetic() -> None:
    assert p_text(0.00001, True, EN) == "<0.001 (synthetic)"
    assert p_text(0.2, True, ZH) == "0.200 (合成)"
    assert p_text(0.2, False, EN) == "0.200"
    assert p_text(None, True, EN) == "–"


def test_headline_takes_one_measure_an_outcome() -> None:
    rows = [row(measure="median (log-log)", estimate=200.0), row(measure="median (SPSS)", estimate=200.0),
            row(contrast="conventional", measure="median (log-log)", estimate=60.0),
            row(contrast="early v conventional", measure="log-rank", p=0.03)]  # fmt: skip
    [found] = headline(rows, ["early", "conventional"])
    assert found["measure"] == "median (log-log)"
    assert found["arms"]["conventional"]["estimate"] == 60.0
    assert found["contrast"] is None
    assert found["p_row"]["p"] == 0.03
