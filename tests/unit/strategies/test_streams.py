"""What a trigger looks at, from small records: states by what is proved, drugs, oxygen, laboratory, facts."""

from __future__ import annotations

from typing import Any

import pytest

from generators import generated, row_course, row_death, row_drug, row_patient, row_reading, row_stay, row_support
from tocsin.errors import TocsinError
from tocsin.grading import grade
from tocsin.streams import named_streams


def changes(
    name: str, *, course: dict[str, Any] | None = None, absent: frozenset[str] = frozenset(), patient=None, **rows: Any
) -> list[tuple[Any, ...]]:
    """(minute, value) of a stream of one course, or (minute, value, at_most) where it has bounds."""
    rows = {"patients": [row_patient() | (patient or {})], "stays": [row_stay(-5000, None)], **rows}
    whole = generated(rows, [row_course() | (course or {})], 600, absent)
    records, courses = whole.records(), whole.course_frame()
    [frame] = named_streams([name], records, courses, grade(records, courses, ("astct_crs",))).values()
    return frame.select([c for c in ("minute", "value", "at_most") if c in frame.columns]).rows()


def bolus(minute: int, ml: float | None, unit: str | None = "mL", drug: str = "sodium_chloride") -> dict[str, Any]:
    return row_drug(drug, minute, mode="dose") | {"dose": ml, "dose_unit": unit}


def fever_and_oxygen() -> dict[str, Any]:
    return {
        "measurements": [row_reading("temperature", 38.0, 60), row_reading("temperature", 37.9, 120)],
        "supports": [row_support("nasal_cannula", 30, flow=2.0), row_support("non_rebreather", 90)],
    }


def test_states_by_what_is_proved():
    # a temperature is known for 8 h, a device for 24 h; before and after, nothing is proved and anything is possible
    assert changes("fever", **fever_and_oxygen()) == [(0, None, 1), (60, 1, 1), (120, 0, 0), (600, None, 1)]
    assert changes("oxygen", **fever_and_oxygen()) == [(0, 0, 4), (30, 1, 1), (90, 2, 2), (1530, 0, 4)]


def test_outside_every_stay_nothing_is_known_and_nothing_possible():
    rows = fever_and_oxygen() | {"stays": [row_stay(-5000, 300), row_stay(400, None)]}
    for name in ("oxygen", "fever", "astct_crs"):
        found = changes(name, **rows)
        assert (300, None, None) in found
        assert found[-1][:2] == (400, None if name == "fever" else 0)
        assert found[-1][2] > 0


def test_a_state_is_unknown_from_death_on():
    rows = fever_and_oxygen() | {"outcomes": [row_death(100, "crs")]}
    assert changes("oxygen", **rows)[-1] == (100, None, None)
    assert changes("astct_crs", **rows)[-1] == (100, None, None)


def test_grades_are_bounds():
    found = changes("astct_crs", **fever_and_oxygen())
    assert (60, 2.0) in [row[:2] for row in found]  # fever and low flow
    assert all(value is None or value <= most for _, value, most in found)


def test_doses_of_tocilizumab_so_far():
    given = [row_drug("tocilizumab", minute, mode="dose") for minute in (100, 130, 700)]  # split vials are one dose
    assert changes("tocilizumab", drugs=given) == [(0, 0, 0), (100, 1, 1), (700, 2, 2)]
    assert changes("tocilizumab", absent=frozenset({"drugs"})) == [(0, None, 1e9)]


def test_the_rate_of_norepinephrine_is_summed_over_its_orders_in_micrograms_a_minute():
    rows = [
        row_drug("norepinephrine", 10, rate=0.05, order_id="a"),  # 0.05 x 70 kg = 3.5
        row_drug("norepinephrine", 20, rate=2.0, order_id="b") | {"rate_unit": "ug/min"},
        row_drug("norepinephrine", 25, rate=0.3, order_id="b") | {"rate_unit": "mg/h"},  # 0.3 x 1000 / 60 = 5
        row_drug("norepinephrine", 30, rate=0.0, order_id="a"),
        row_drug("norepinephrine", 40, rate=None, order_id="b", stop=50),
        row_drug("epinephrine", 5, rate=9.0),
    ]
    expected = [(0, 0, 0), (10, 3.5, 3.5), (20, 5.5, 5.5), (25, 8.5, 8.5), (30, 5, 5), (40, None, 1e9), (50, 0, 0)]
    assert changes("norepinephrine", drugs=rows) == expected
    no_weight = changes("norepinephrine", course={"weight_kg": None}, drugs=rows[:1])
    assert no_weight == [(0, 0, 0), (10, None, 1e9)]


def test_boluses_are_large_enough_single_doses_of_fluid_judged_an_hour_later():
    rows = [bolus(0, 250), bolus(10, 249), bolus(20, 500, "mg"), bolus(30, None), bolus(40, 500, drug="albumin"),
            row_drug("sodium_chloride", 50, rate=100.0), bolus(60, 500, drug="norepinephrine")]  # fmt: skip
    assert changes("fluid_bolus", drugs=rows) == [(60, 1), (100, 1)]
    child = {"weight_kg": 12.0}  # 10 mL/kg is less than 250 mL
    assert changes("fluid_bolus", course=child, drugs=[bolus(0, 120), bolus(9, 119)]) == [(60, 1)]


def test_the_charted_oxygen_fraction_and_what_may_be_where_none_is():
    rows = [
        row_support("hfnc", 10, flow=40.0, fio2=0.6),
        row_support("hfnc", 20, flow=40.0),  # none charted: high flow, so any
        row_support(None, 30, fio2=0.35),
        row_support("nasal_cannula", 40, flow=2.0),  # none charted: low flow, so no more than 0.44
        row_support("room_air", 50, stop=70),
    ]
    expected = [(0, None, 1), (10, 0.6, 0.6), (20, None, 1), (30, 0.35, 0.35), (40, None, 0.44), (50, 0.21, 0.21)]
    assert changes("fio2", supports=rows)[:6] == expected
    assert changes("fio2", supports=rows)[6][:2] == (70, None)
    assert changes("fio2", supports=rows[:1])[-1] == (10 + 1440, None, 1)  # a device is known for 24 h


def test_creatinine_over_the_last_value_before_time_zero():
    rows = [
        row_reading("creatinine", value, minute)
        for value, minute in ((0.5, -9000), (0.8, -300), (2.0, 100), (2.1, 700))
    ]
    assert changes("creatinine_ratio", measurements=rows) == [(100, 2.5), (700, 2.625)]
    assert changes("creatinine_ratio", measurements=rows[2:]) == []  # no baseline, nothing known
    old = [row_reading("creatinine", 0.8, -30 * 1440 - 1), *rows[2:]]
    assert changes("creatinine_ratio", measurements=old) == []


def test_facts_of_the_patient():
    assert changes("age_y") == [(0, 40, 40)]
    assert changes("age_y", course={"age_y": None}) == [(0, None, 1e9)]
    assert changes("blasts_percent", patient={"blasts_percent": 55.0}) == [(0, 55, 55)]
    assert changes("blasts_percent") == [(0, None, 1e9)]


def test_a_scale_that_does_not_exist_is_said():
    with pytest.raises(TocsinError) as caught:
        changes("no_such_scale")
    assert caught.value.problems[0].slug == "grades.scale-unknown"
