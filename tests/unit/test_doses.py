"""Norepinephrine and dexamethasone equivalents and the checks of tocilizumab, worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tocsin.doses import (
    EQUIVALENTS,
    TOCILIZUMAB,
    check_tocilizumab,
    dexamethasone_equivalents,
    norepinephrine_equivalents,
    steroids,
    tocilizumab,
    total_equivalents,
)
from tocsin.errors import TocsinError
from tocsin.tables import COURSES, Records

RATES = {"at": pl.Int32, "drug": pl.String, "rate": pl.Float64, "rate_unit": pl.String, "weight_kg": pl.Float64}


def rates(*rows: tuple[str, float | None, str | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame([(1, *row) for row in rows], schema=RATES, orient="row")


def total(table: str, *rows: tuple[str, float | None, str | None, float | None]) -> dict[str, object]:
    return total_equivalents(rates(*rows), table, ["at"]).row(0, named=True)


def test_the_dopamine_unit_trap():
    """Dopamine enters VASST in ug/kg/min: 8 / 2 + 15 = 19 ug/min. As ug/min at 70 kg it would be 560 / 2 + 15 = 295."""
    norepinephrine = ("norepinephrine", 15.0, "ug/min", 70.0)
    assert total("vasst", norepinephrine, ("dopamine", 8.0, "ug/kg/min", 70.0))["ne_equivalent"] == 19
    assert total("vasst", norepinephrine, ("dopamine", 560.0, "ug/min", 70.0))["ne_equivalent"] == 19
    assert total("vasst", norepinephrine, ("dopamine", 8.0, "ug/kg/min", None))["ne_equivalent"] == 19


@pytest.mark.parametrize(
    ("table", "drug", "rate", "unit", "expected"),
    [
        ("vasst", "norepinephrine", 0.1, "ug/kg/min", 8),  # 80 kg
        ("vasst", "epinephrine", 5, "ug/min", 5),
        ("vasst", "phenylephrine", 100, "ug/min", 10),
        ("vasst", "norepinephrine", 0.6, "mg/h", 10),
        ("goradia", "norepinephrine", 8, "ug/min", 0.1),
        ("goradia", "phenylephrine", 2, "ug/kg/min", 0.2),
        ("goradia", "dopamine", 10, "ug/kg/min", 0.1),
        ("goradia", "dopamine", 800, "ug/min", 0.1),
        ("goradia", "metaraminol", 0.8, "ug/kg/min", 0.1),
        ("goradia", "vasopressin", 0.04, "U/min", 0.1),
        ("goradia", "vasopressin", 2.4, "U/h", 0.1),
        ("goradia", "angiotensin_ii", 20, "ng/kg/min", 0.2),
        ("kotani", "angiotensin_ii", 20, "ng/kg/min", 0.05),
        ("kotani", "angiotensin_ii", 0.02, "ug/kg/min", 0.05),
        ("kotani", "angiotensin_ii", 1.6, "mcg/min", 0.05),
        ("kotani", "phenylephrine", 2, "ug/kg/min", 0.12),
        ("kotani", "terlipressin", 0.01, "ug/kg/min", 0.1),
        ("kotani", "vasopressin", 0.04, "U/min", 0.1),
    ],
)
def test_one_drug_of_80_kg(table, drug, rate, unit, expected):
    made = norepinephrine_equivalents(rates((drug, rate, unit, 80.0)), table)
    assert made.item(0, "ne_equivalent") == pytest.approx(expected, rel=1e-12)
    assert made.item(0, "why") is None


@pytest.mark.parametrize(
    ("table", "row", "why"),
    [
        ("vasst", ("norepinephrine", None, "ug/min", 80.0), "no rate"),
        ("vasst", ("norepinephrine", float("nan"), "ug/min", 80.0), "no rate"),
        ("vasst", ("norepinephrine", 5.0, None, 80.0), "unit not known"),
        ("vasst", ("norepinephrine", 5.0, "mL/h", 80.0), "unit not known"),
        ("vasst", ("norepinephrine", 5.0, "U/min", 80.0), "unit not known"),
        ("vasst", ("norepinephrine", 5.0, "mg", 80.0), "unit not known"),
        ("vasst", ("norepinephrine", 0.1, "ug/kg/min", None), "no weight"),
        ("vasst", ("norepinephrine", 0.1, "ug/kg/min", 0.0), "no weight"),
        ("vasst", ("dopamine", 500.0, "ug/min", None), "no weight"),
        ("goradia", ("norepinephrine", 5.0, "ug/min", None), "no weight"),
        ("goradia", ("vasopressin", 0.1, "ug/min", 80.0), "unit not known"),
        ("kotani", ("methylene_blue", 0.5, "mg/kg/h", 80.0), "not in table"),
        ("vasst", ("vasopressin", 0.04, "U/min", 80.0), "not in table"),
    ],
)
def test_unknown_is_null_and_says_why(table, row, why):
    made = norepinephrine_equivalents(rates(row), table)
    assert made.select("ne_equivalent", "why").row(0) == (None, why)


def test_weight_is_asked_for_only_where_it_matters():
    made = norepinephrine_equivalents(rates(("norepinephrine", 5.0, "ug/min", None)), "vasst")
    assert made.item(0, "ne_equivalent") == 5
    made = norepinephrine_equivalents(rates(("vasopressin", 0.04, "U/min", None)), "goradia")
    assert made.item(0, "ne_equivalent") == pytest.approx(0.1)


def test_a_sum_with_an_unknown_part_is_null_and_keeps_what_is_known():
    made = total("vasst", ("norepinephrine", 12.0, "ug/min", None), ("epinephrine", None, "ug/min", None),
                 ("vasopressin", 0.03, "U/min", None), ("dopamine", 0.0, None, None))  # fmt: skip
    assert made == {"at": 1, "ne_equivalent": None, "at_least": 12, "unknown": "epinephrine: no rate",
                    "not_in_table": "vasopressin"}  # fmt: skip


def test_a_drug_without_a_number_is_named_and_never_zero():
    assert total("vasst", ("metaraminol", 1.0, "ug/kg/min", 80.0))["ne_equivalent"] is None
    made = total("vasst", ("metaraminol", 1.0, "ug/kg/min", 80.0), ("norepinephrine", 4.0, "ug/min", None))
    assert (made["ne_equivalent"], made["not_in_table"]) == (4, "metaraminol")
    assert total("vasst", ("metaraminol", 0.0, "ug/kg/min", 80.0))["not_in_table"] == ""


def test_tables_carry_unit_tag_and_source():
    assert {name: table.unit for name, table in EQUIVALENTS.items()} == {
        "vasst": "ug/min", "goradia": "ug/kg/min", "kotani": "ug/kg/min"}  # fmt: skip
    assert {c.tag for c in EQUIVALENTS["vasst"].coefficients} == {"Mh"}
    assert {c.tag for c in EQUIVALENTS["goradia"].coefficients} == {"V"}
    assert {c.tag for c in EQUIVALENTS["kotani"].coefficients} == {"Mm"}
    with pytest.raises(TocsinError, match=r"doses\.table-unknown"):
        norepinephrine_equivalents(rates(), "lee")


# --- steroids ---------------------------------------------------------------------------------------------------------

GIVEN = {"course_id": pl.String, "minute": pl.Int32, "drug": pl.String, "dose": pl.Float64, "dose_unit": pl.String}


def given(*rows: tuple[int, str, float | None, str | None], course: str = "A") -> pl.DataFrame:
    return pl.DataFrame([(course, *row) for row in rows], schema=GIVEN, orient="row")


@pytest.mark.parametrize(
    ("drug", "mg", "expected"),
    [
        ("dexamethasone", 10, 10),
        ("betamethasone", 10, 10),
        ("methylprednisolone", 53.333333333333336, 10),  # 4 mg for 0.75
        ("methylprednisolone", 1000, 187.5),
        ("prednisone", 100, 15),
        ("prednisolone", 5, 0.75),
        ("hydrocortisone", 200, 7.5),
    ],
)
def test_dexamethasone_equivalents(drug, mg, expected):
    assert dexamethasone_equivalents(given((0, drug, mg, "mg"))).item(0, "dexamethasone_mg") == pytest.approx(expected)


def test_24_h_window_edges():
    """(minute - 24 h, minute]: a dose a day and a minute... a day apart is out, a minute less is in."""
    rows = given((0, "dexamethasone", 10, "mg"), (1439, "dexamethasone", 4, "mg"), (1440, "hydrocortisone", 100, "mg"))
    assert dexamethasone_equivalents(rows).get_column("mg_24h").to_list() == [10, 14, 4 + 3.75]


def test_two_doses_of_one_minute_see_each_other():
    rows = given((60, "dexamethasone", 10, "mg"), (60, "methylprednisolone", 1, "g"))
    assert dexamethasone_equivalents(rows).get_column("mg_24h").to_list() == [197.5, 197.5]


def test_an_unknown_dose_makes_its_day_unknown_and_no_more():
    rows = given((0, "dexamethasone", 10, "mg"), (600, "dexamethasone", None, "mg"), (1200, "dexamethasone", 5, "mL"),
                 (4000, "dexamethasone", 2, "mg"), (4100, "acetaminophen", 1000, "mg"))  # fmt: skip
    made = dexamethasone_equivalents(rows)
    assert made.get_column("mg_24h").to_list() == [10, None, None, 2]
    assert made.get_column("mg_24h_at_least").to_list() == [10, 10, 10, 2]


def test_courses_do_not_mix():
    rows = pl.concat([given((0, "dexamethasone", 10, "mg")), given((5, "dexamethasone", 1, "mg"), course="B")])
    assert dexamethasone_equivalents(rows).get_column("mg_24h").to_list() == [10, 1]


ZERO = datetime(2024, 3, 1, 10, 0, tzinfo=UTC)


def course(weight: float | None = 70.0) -> pl.DataFrame:
    row = {"course_id": "A", "patient_id": "P", "time_zero": ZERO, "set_by": "infusion", "precision": "minute",
           "infusions": 1, "weight_kg": weight}  # fmt: skip
    return COURSES.frame([row])


def records(*rows: dict[str, object]) -> Records:
    made = [
        {"patient_id": "P", "available_time": row["start"], "precision": "minute", "mode": "dose", "dose_unit": "mg",
         "source": "drugs.csv", "source_row": k, **row}
        for k, row in enumerate(rows, 1)
    ]  # fmt: skip
    frame = pl.DataFrame(made, infer_schema_length=None).with_columns(
        pl.col("start", "available_time").cast(pl.Datetime("us", "UTC"))
    )
    return Records.of({"drugs": frame})


def at(hours: float) -> datetime:
    return ZERO + timedelta(hours=hours)


def test_steroids_of_records_count_the_dose_before_minute_0():
    made = steroids(
        records(
            {"drug": "dexamethasone", "start": at(-2), "dose": 8.0},
            {"drug": "dexamethasone", "start": at(1), "dose": 10.0},
            {"drug": "tocilizumab", "start": at(1), "dose": 560.0},
        ),
        course(),
    )
    assert made.select("minute", "dexamethasone_mg", "mg_24h").rows() == [(60, 10, 18)]


def test_steroid_infusion_and_day_charting_are_unknown():
    infusion = {"drug": "methylprednisolone", "start": at(1), "mode": "infusion", "rate": 5.0, "rate_unit": "mg/h"}
    dose = {"drug": "dexamethasone", "start": at(5), "dose": 10.0}
    made = steroids(records({**infusion, "dose": None, "dose_unit": None}, dose), course())
    assert made.get_column("mg_24h").to_list() == [None, None]
    # the day 13:00 +- 12 h ends 15 h after minute 0: a window that begins before then may hold it
    vague = {"drug": "dexamethasone", "start": at(3), "dose": 4.0, "precision": "day"}
    later = [{"drug": "dexamethasone", "start": at(h), "dose": 1.0} for h in (38.9, 64, 100)]
    made = steroids(records(dose, vague, *later), course())
    assert made.select("minute", "mg_24h").rows() == [(300, None), (2334, None), (3840, 1), (6000, 1)]


# --- tocilizumab ------------------------------------------------------------------------------------------------------

DOSES = {"course_id": pl.String, "minute": pl.Int32, "dose": pl.Float64, "dose_unit": pl.String, "rows": pl.UInt32}


def checked(*rows: tuple[int, float | None], weight: float | None = 70.0, vague: tuple[str, ...] = ()) -> pl.DataFrame:
    frame = pl.DataFrame([("A", m, d, "mg", 1) for m, d in rows], schema=DOSES, orient="row")
    weights = pl.DataFrame({"course_id": ["A"], "weight_kg": [weight]}, schema_overrides={"weight_kg": pl.Float64})
    return TOCILIZUMAB.check(check_tocilizumab(frame, weights, vague=vague))


@pytest.mark.parametrize(
    ("weight", "dose", "implausible", "above"),
    [
        (70, 560, False, False),
        (20, 240, False, False),
        (100, 350, False, False),  # 3.5 exactly
        (100, 349, True, False),
        (40, 560, False, False),  # 14 exactly
        (40, 561, True, False),
        (230, 800, False, False),  # 3.48 mg/kg, and the cap explains it
        (230, 790, True, False),
        (50, 800, True, False),  # 16 mg/kg: 800 is no cap for 50 kg
        (100, 801, False, True),
        (None, 560, None, False),
        (None, 900, None, True),
        (70, None, None, None),
    ],
)
def test_dose_by_weight(weight, dose, implausible, above):
    row = checked((0, dose), weight=weight).row(0, named=True)
    assert (row["implausible_per_kg"], row["above_800_mg"]) == (implausible, above)


def test_reasons_are_words():
    assert checked((0, 560)).item(0, "reasons") == ""
    assert checked((0, 560), weight=None).item(0, "reasons") == "weight not known"
    assert checked((0, None)).item(0, "reasons") == "dose not known"
    late = checked((0, 560), (479, 900)).item(1, "reasons")
    assert late == "more than 800 mg; less than 8 h after the dose before"


def test_intervals_and_counts():
    made = checked(*((m, 560) for m in (0, 480, 959, 1439, 1440, 5000)))
    assert made.get_column("within_8_h").to_list() == [False, False, True, False, True, False]
    # at minute 1440 the first one is exactly 24 h old and no longer counts
    assert made.get_column("in_24_h").to_list() == [1, 2, 3, 4, 4, 1]
    assert made.get_column("above_3_in_24_h").to_list() == [False, False, False, True, True, False]
    assert made.get_column("above_4_in_all").to_list() == [False, False, False, False, True, True]


def test_with_a_dose_charted_to_the_day_nothing_is_excluded():
    made = checked((0, 560), (100, 560), vague=("A",))
    assert made.get_column("within_8_h").to_list() == [None, True]
    assert made.get_column("above_4_in_all").to_list() == [None, None]
    assert "charted to the day" in made.item(0, "reasons")


def test_split_vials_of_records_are_one():
    made = tocilizumab(
        records(
            {"drug": "tocilizumab", "start": at(10), "dose": 400.0},
            {"drug": "tocilizumab", "start": at(10) + timedelta(minutes=59), "dose": 160.0},
            {"drug": "tocilizumab", "start": at(18), "dose": 560.0},
        ),
        course(),
    )
    assert made.select("minute", "rows", "dose_mg", "mg_per_kg", "hours_since_last").rows() == [
        (600, 2, 560, 8, None),
        (1080, 1, 560, 8, 8),
    ]
    assert made.get_column("reasons").to_list() == ["", ""]


def test_vials_that_together_are_too_much():
    twice = [{"drug": "tocilizumab", "start": at(10 + k / 10), "dose": 560.0} for k in (0, 1)]
    made = tocilizumab(records(*twice), course())
    assert made.select("rows", "dose_mg", "above_800_mg", "implausible_per_kg").rows() == [(2, 1120, True, True)]
