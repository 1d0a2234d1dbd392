"""The two founding strategies against brute force over all pairs of readings and over naive grades."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import polars as pl
import pytest

from generators import (
    TIME_ZERO,
    Generated,
    instant,
    long_course,
    renamed,
    row_course,
    row_drug,
    row_patient,
    row_reading,
    row_stay,
    together,
)
from generators import generated as build
from minutes import naive_minutes
from naive import strategies as naive
from naive.grades import astct_crs
from naive.strategies import conventional, early
from tocsin.grades import ASTCT_CRS
from tocsin.grading import follow_strategy, grade
from tocsin.strategies import ZHOU2023_CONVENTIONAL, ZHOU2023_EARLY, first_due
from tocsin.strategies.catalogue import CATALOGUE
from tocsin.strategies.zhou2023_conventional import on_scale
from tocsin.streams import streams
from tocsin.when import Strategy, When

SETTINGS = [
    # threshold, duration in hours, longest gap in hours, least readings, within hours
    (39.0, 4, 6, 2, 6),
    (38.5, 4, 4, 2, 6),
    (38.0, 2, 6, 3, 2),
    (39.0, 8, 6, 2, 12),
    (38.5, 4, 8, 4, 24),
]


def fever_course(seed: int) -> Generated:
    """Readings on the knife edges of 4 h and 6 h, and a dose around the moment it may be due."""
    dice = random.Random(seed)
    minute, readings = dice.choice((0, 0, 5, 60)), []
    for _ in range(dice.randrange(1, 9)):
        value = dice.choice((39.0, 39.0, 39.1, 39.4, 38.9, 38.5, 38.0, 37.9))
        readings.append(row_reading("temperature", value, minute))
        minute += dice.choice((0, 59, 60, 119, 120, 180, 239, 240, 241, 300, 359, 360, 361, 480))
    doses = [row_drug("tocilizumab", dice.choice((-5, 0, 120, 240, 241, 360, 480, 599, 600, 601, 840)), mode="dose")]
    return build(
        {
            "patients": [row_patient()],
            "stays": [row_stay(-1000, None)],
            "measurements": readings,
            "drugs": doses if dice.random() < 0.8 else [],
        },
        [row_course()],
        minute,
    )


def minute_of(row: dict[str, Any], name: str) -> int:
    return int((row[name] - TIME_ZERO).total_seconds() // 60)


def doses_of(one: Generated) -> list[int]:
    return [minute_of(row, "start") for row in one.tables["drugs"] if row["drug"] == "tocilizumab"]


def product_answers(strategy: Any, parts: list[Generated]) -> list[tuple[int | None, str]]:
    whole = together([renamed(part, f"p{k:04}", f"c{k:04}") for k, part in enumerate(parts)])
    records, courses = whole.records(), whole.course_frame()
    table = follow_strategy("tried", strategy, records, courses, grade(records, courses)).sort("course_id")
    assert table.height == len(parts)
    return table.select("due_at", "followed").rows()


@pytest.mark.parametrize(("threshold", "hours", "gap", "least", "within"), SETTINGS)
def test_early(threshold: float, hours: float, gap: float, least: int, within: float) -> None:
    when = ZHOU2023_EARLY.when.model_copy(
        update={"at_least": threshold, "sustained": 60 * hours, "longest_gap": 60 * gap, "min_readings": least}
    )
    strategy = ZHOU2023_EARLY.model_copy(update={"when": when, "within": 60 * within})
    parts = [fever_course(seed) for seed in range(400)]
    expected = [
        early(
            [(minute_of(row, "time"), row["value"]) for row in part.tables["measurements"]],
            doses_of(part), threshold, hours, gap, least, within,
        )
        for part in parts
    ]  # fmt: skip
    seen = Counter(followed for _, followed in expected)
    assert len(seen) >= 4, seen
    found = product_answers(strategy, parts)
    assert [(k, f, e) for k, (f, e) in enumerate(zip(found, expected, strict=True)) if f != e] == []


def test_the_founding_settings_are_the_defaults() -> None:
    when = ZHOU2023_EARLY.when
    assert (when.at_least, when.sustained, when.longest_gap, when.min_readings) == (39.0, 240, 360, 2)
    assert (ZHOU2023_EARLY.within, ZHOU2023_CONVENTIONAL.within) == (360, 360)
    assert ZHOU2023_CONVENTIONAL.when.at_least == 3


def severe_course(seed: int) -> Generated:
    """A ward course that ends at minute 2500, with one dose near the first severe grade, or none."""
    dice = random.Random(seed)
    part = long_course(seed)
    rows = {name: list(rows) for name, rows in part.tables.items()}
    rows["drugs"] = [row for row in rows["drugs"] if row["drug"] != "tocilizumab"]
    course = {**part.courses[0], "ends": instant(ENDS)}
    severe = [at for at, grade_then in grades_by_minute(Generated(rows, [course], ENDS)) if grade_then >= 3]
    near = dice.choice((None, None, 0, 0, 30, 359, 360, 361, 900, -30))
    if near is not None:
        minute = min(max(0, (severe[0] if severe else 500) + near), ENDS - 1)
        rows["drugs"].append(row_drug("tocilizumab", minute, mode="dose"))
    return build(rows, [course], ENDS)


def grades_by_minute(whole: Generated) -> list[tuple[int, int]]:
    return [(signs["minute"], astct_crs(signs)[0]) for signs in naive_minutes(whole)]


ENDS = 2500


def test_conventional() -> None:
    parts = [severe_course(seed) for seed in range(40)]
    expected = [
        conventional([(minute, minute + 1, worst) for minute, worst in grades_by_minute(part)], doses_of(part))
        for part in parts
    ]
    seen = Counter(followed for _, followed in expected)
    assert set(seen) == {"yes", "early", "late", "not_given", "never_due"}, seen
    found = product_answers(on_scale(ASTCT_CRS), parts)
    assert [(k, f, e) for k, (f, e) in enumerate(zip(found, expected, strict=True)) if f != e] == []


# --- the catalogue ----------------------------------------------------------------------------------------------------


def changed(name: str, **lengths: tuple[str, str]) -> When:
    """The trigger of a rule with other lengths, so that three days of records can show it."""
    text = CATALOGUE[name].when.model_dump_json(by_alias=True, exclude_none=True)
    for key, (old, new) in lengths.items():
        assert f'"{key}":"{old}"' in text
        text = text.replace(f'"{key}":"{old}"', f'"{key}":"{new}"')
    return When.model_validate_json(text)


def ward_course(seed: int) -> Generated:
    """A ward course with fluids and antipyretics; every other patient is 70; charted without delay."""
    dice = random.Random(1000 + seed)
    part = long_course(seed)
    rows = {name: list(rows) for name, rows in part.tables.items()}
    on_time = [{**row, "available_time": row["time"]} for row in rows["measurements"]]
    rows["measurements"] = list({(row["variable"], row["time"]): row for row in on_time}.values())
    for _ in range(dice.randrange(4)):
        fluid = row_drug("sodium_chloride", dice.randrange(0, 2400), mode="dose")
        rows["drugs"].append({**fluid, "dose": dice.choice((500.0, 100.0)), "dose_unit": "mL"})
    rows["drugs"] += [row_drug("acetaminophen", dice.randrange(0, 2400), mode="dose") for _ in range(dice.randrange(3))]
    rows["outcomes"] = []
    course = {**part.courses[0], "ends": instant(ENDS), "age_y": dice.choice((40.0, 70.0))}
    rows["stays"] = [row_stay(-4000, None)]
    return build(rows, [course], ENDS)


def charted(part: Generated, variable: str) -> list[tuple[int, float]]:
    rows = [row for row in part.tables["measurements"] if row["variable"] == variable]
    found = [(minute_of(row, "time"), row["value"]) for row in rows]
    return sorted(row for row in found if 0 <= row[0] < ENDS)


def given(part: Generated, drug: str, least: float = 0) -> list[int]:
    rows = [row for row in part.tables["drugs"] if row["drug"] == drug and (row["dose"] or 0) >= least]
    return sorted({minute for row in rows if 0 <= (minute := minute_of(row, "start")) < ENDS})


def onset_of(part: Generated) -> int | None:
    records, courses = part.records(), part.course_frame()
    found = grade(records, courses).signs.episodes.filter(pl.col("episode") == 1)
    return found.item(0, "onset") if found.height else None


def naive_asco(part: Generated, minutes: list[dict[str, Any]]) -> int | None:
    return naive.grade_or_lasting_fever(minutes, crs, 2, 600, 180)


def naive_sitc(part: Generated, minutes: list[dict[str, Any]]) -> int | None:
    return naive.grade_or_lower_from(minutes, crs, 2, 1, 0 if part.courses[0]["age_y"] >= 65 else None)


def naive_cilta(part: Generated, minutes: list[dict[str, Any]]) -> int | None:
    onset = onset_of(part)
    return naive.grade_or_lower_from(minutes, crs, 2, 1, onset if onset is not None and onset < 600 else None)


def naive_tisa(part: Generated, minutes: list[dict[str, Any]]) -> int | None:
    return naive.first_at(minutes, naive.kymriah)


def naive_tisa_steroid(part: Generated, minutes: list[dict[str, Any]]) -> int | None:
    return naive.kymriah_steroid(minutes, given(part, "tocilizumab"), 240)


def naive_gardner(part: Generated, minutes: list[dict[str, Any]]) -> int | None:
    readings, boluses = charted(part, "temperature"), given(part, "sodium_chloride", 250)
    return naive.gardner(minutes, readings, given(part, "acetaminophen"), boluses, 4, 8)


def naive_anakinra(part: Generated, minutes: list[dict[str, Any]]) -> int | None:
    return naive.earliest(naive.two_fevers(charted(part, "temperature"), 38.5, 240), 2880)


def crs(signs: dict[str, Any]) -> int:
    return astct_crs(signs)[0]


RULES = {
    "asco2021": (changed("asco2021", sustained=("3 d", "10 h"), lapse=("24 h", "3 h")), naive_asco),
    "ebmt2022": (changed("ebmt2022", sustained=("3 d", "10 h"), lapse=("24 h", "3 h")), naive_asco),
    "sitc2020": (CATALOGUE["sitc2020"].when, naive_sitc),
    "label:cilta-cel:undated": (changed("label:cilta-cel:undated", onset_within=("3 d", "10 h")), naive_cilta),
    "label:tisa-cel:2018": (CATALOGUE["label:tisa-cel:2018"].when, naive_tisa),
    "label:tisa-cel:2018:methylprednisolone": (
        changed("label:tisa-cel:2018:methylprednisolone", sustained=("12 h", "4 h")), naive_tisa_steroid,
    ),
    "gardner2019": (changed("gardner2019", sustained=("10 h", "4 h"), longest_gap=("6 h", "8 h")), naive_gardner),
    "anakinra_prophylaxis": (changed("anakinra_prophylaxis", count_within=("2 d", "4 h")), naive_anakinra),
}  # fmt: skip


@pytest.fixture(scope="module")
def ward() -> tuple[list[Generated], list[list[dict[str, Any]]]]:
    parts = [ward_course(seed) for seed in range(40)]
    return parts, [naive_minutes(part)[:ENDS] for part in parts]


@pytest.mark.parametrize("name", RULES)
def test_rules_of_the_catalogue(name: str, ward: tuple[list[Generated], list[list[dict[str, Any]]]]) -> None:
    parts, minutes = ward
    when, by_hand = RULES[name]
    whole = together([renamed(part, f"p{k:04}", f"c{k:04}") for k, part in enumerate(parts)])
    records, courses = whole.records(), whole.course_frame()
    rule = Strategy(give="tocilizumab", when=when)
    found = first_due(when, streams(rule, records, courses, grade(records, courses)), courses.get_column("course_id"))
    due = found.sort("course_id").get_column("due_known_at").to_list()
    expected = [by_hand(part, signs) for part, signs in zip(parts, minutes, strict=True)]
    assert [(k, f, e) for k, (f, e) in enumerate(zip(due, expected, strict=True)) if f != e] == []
    assert len({minute for minute in due if minute}) >= 8  # and they are no constants
