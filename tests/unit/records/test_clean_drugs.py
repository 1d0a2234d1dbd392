"""Each rule about drugs on rows made by hand."""

from datetime import UTC, datetime

import polars as pl
import pytest

from tocsin.records.clean import clean
from unit.records.rows import at, cleaned, codes, dose, found, rate, raw


@pytest.mark.parametrize(
    ("drug", "value", "unit", "made", "kept"),
    [
        ("vasopressin", 2.4, "units/hour", 0.04, "U/min"), ("vasopressin", 0.04, "U/min", 0.04, "U/min"),
        ("norepinephrine", 1.2, "mg/h", 20.0, "ug/min"), ("norepinephrine", 0.2, "mcg/kg/min", 0.2, "ug/kg/min"),
        ("epinephrine", 600.0, "mcg/hour", 10.0, "ug/min"), ("angiotensin", 20.0, "ng/kg/min", 0.02, "ug/kg/min"),
        ("去甲肾上腺素", 12.0, "mg/kg/h", 200.0, "ug/kg/min"), ("acetaminophen", 1.0, "mg/min", 1000.0, "ug/min"),
    ],
)  # fmt: skip
def test_rates_in_units_of_the_contract(drug, value, unit, made, kept):
    records = cleaned(drugs=[rate(0, drug, value, unit)])
    assert records.drugs.select("rate", "rate_unit").row(0) == (made, kept)
    assert ("C.rate-converted" in codes(records)) == (made != value)


def test_float32_keeps_the_decimals_it_was_written_with():
    frame = raw("drugs", [rate(0, "norepinephrine", 0.1)]).with_columns(pl.col("rate").cast(pl.Float32))
    records = clean({"drugs": frame}, zone="UTC", supplied=frozenset({"drugs"}))
    assert records.drugs.item(0, "rate") == 0.1


def test_a_stop_is_a_stop_in_any_unit_and_a_volume_is_no_rate():
    rows = [
        rate(0, "norepinephrine", 5.0, "mL/h"),
        rate(1, "norepinephrine", 0.0, "mL/h"),
        rate(2, "norepinephrine", 0.0, "?"),
        rate(3, "norepinephrine", 0.3, "?"),
    ]
    records = cleaned(drugs=rows)
    assert records.drugs.get_column("rate").to_list() == [None, 0.0, 0.0, None]
    assert found(records, "P.vasopressor-rate-volume")["needs_decision"]
    assert (found(records, "C.rate-unit-unknown")["row"], found(records, "C.rate-unit-unknown")["needs_decision"]) == (
        4,
        True,
    )
    assert found(records, "M.rate-missing")["count"] == 2


def test_an_unknown_drug_asks_and_a_known_other_is_counted():
    records = cleaned(drugs=[rate(0, "norepinefrine", 0.1), rate(1, "propofol", 10.0), dose(2, None, 1.0, "mg")])
    assert records.drugs.is_empty()
    assert found(records, "C.drug-unknown")["needs_decision"]
    assert found(records, "M.drug-missing")["needs_decision"]
    row = records.account.filter(pl.col("source") == "drugs.csv").row(0, named=True)
    assert (row["excluded"], row["not_needed"]) == (2, 1)


def test_an_unknown_dose_unit_keeps_the_dose_as_given():
    records = cleaned(
        drugs=[dose(0, "托珠单抗", 1.0, "支"), dose(1, "vancomycin", 1.0, "dose"), dose(2, "tocilizumab", 480.0, "mg")]
    )
    assert records.drugs.select("drug", "dose", "dose_unit").rows() == [
        ("tocilizumab", None, None), ("vancomycin", None, None), ("tocilizumab", 480.0, "mg"),
    ]  # fmt: skip
    asked = records.findings.filter(pl.col("code") == "C.dose-unit-unknown").sort("row")
    assert asked.get_column("needs_decision").to_list() == [True, False]


@pytest.mark.parametrize(
    ("drug", "route", "kept"),
    [
        ("phenylephrine", "ophthalmic", False), ("epinephrine", "IM", False), ("epinephrine", "静脉泵入", True),
        ("epinephrine", None, True), ("epinephrine", "somehow", True), ("dexamethasone", "滴眼", False),
        ("dexamethasone", "po", True), ("hydrocortisone", "topical", False), ("acetaminophen", "rectal", True),
    ],
)  # fmt: skip
def test_routes(drug, route, kept):
    records = cleaned(drugs=[dose(0, drug, 1.0, "mg", route=route)])
    assert records.drugs.height == int(kept)
    assert bool(codes(records) & {"C.route-not-intravenous", "C.route-not-systemic"}) != kept
    assert ("C.route-unknown" in codes(records)) == (route == "somehow")


def test_solvents_are_no_fluid_given_even_of_drugs_nobody_needs():
    rows = [
        rate(0, "norepinephrine", 0.1, order_id="1"), rate(0, "dextrose", 20.0, "mL/h", order_id="1"),
        rate(0, "fentanyl", 50.0, "mcg/hour", order_id="2"), rate(0, "sodium chloride", 5.0, "mL/h", order_id="2"),
        rate(0, "sodium chloride", 500.0, "mL/h", order_id="3"), rate(0, "sodium chloride", 250.0, "mL/h"),
    ]  # fmt: skip
    records = cleaned(drugs=rows)
    assert records.drugs.get_column("source_row").to_list() == [1, 5, 6]
    assert (found(records, "C.diluent")["row"], found(records, "C.diluent")["count"]) == (2, 2)


def test_two_names_of_one_fluid_are_one_row():
    rows = [rate(0, name, 20.0, "mL/h", order_id="1") for name in ("dextrose", "dextrose_in_water_d5w")]
    records = cleaned(drugs=rows)
    assert records.drugs.height == 1
    assert found(records, "P.duplicate")["row"] == 2


def test_start_and_stop_in_one_minute():
    rows = [
        rate(0, "norepinephrine", 0.0, order_id="1"), rate(0.5, "norepinephrine", 0.2, order_id="2"),
        rate(9, "vasopressin", 0.0, "U/min", order_id="3"), rate(9, "vasopressin", 0.04, "U/min", order_id="3"),
        rate(20, "epinephrine", 0.0, order_id="4"), rate(21, "epinephrine", 0.1, order_id="4"),
    ]  # fmt: skip
    records = cleaned(drugs=rows)
    assert records.drugs.height == 6
    assert found(records, "P.pressor-start-stop-same-minute")["count"] == 4
    assert (
        found(records, "P.order-start-stop-same-minute")["row"],
        found(records, "P.order-start-stop-same-minute")["count"],
    ) == (3, 2)


def test_mode_not_written_negative_dose_and_end_before_start():
    rows = [
        {**rate(0, "dopamine", 5.0), "mode": None}, {**dose(1, "tocilizumab", -8.0, "mg"), "mode": None},
        rate(2, "dopamine", 5.0, stop=at(-10)),
    ]  # fmt: skip
    records = cleaned(drugs=rows)
    assert records.drugs.select("mode", "dose", "stop").rows() == [
        ("infusion", None, None), ("dose", None, None), ("infusion", None, None),
    ]  # fmt: skip
    assert {"M.mode-missing", "P.dose-impossible", "P.stop-before-start"} <= codes(records)


def test_cells_at_local_midnight_are_a_date():
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # 00:00 of 2 March in Shanghai
    rows = [
        {**dose(0, "CAR-T", 2e6, "cells/kg"), "start": midnight},
        {**dose(0, "tocilizumab", 480.0, "mg"), "start": midnight},
    ]
    records = cleaned("Asia/Shanghai", drugs=rows).drugs.sort("drug")
    assert records.get_column("precision").to_list() == ["day", "minute"]
    assert records.item(0, "start") == datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    assert records.item(1, "start") == midnight
