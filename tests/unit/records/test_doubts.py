"""Absence that proves nothing, and findings that must ask: one small case a rule."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tocsin.records.clean import clean
from tocsin.records.courses import courses
from tocsin.records.folder import read_folder
from tocsin.tables import Records
from unit.records.rows import at, cleaned, codes, device, dose, found, rate, raw, reading

DAY = 1440


def asked(records: Records, code: str) -> list[tuple[int, bool]]:
    return sorted(records.findings.filter(code=code).select("count", "needs_decision").rows())


# --- doubts


@pytest.mark.parametrize(
    ("row", "doubted"),
    [
        (rate(0, "norepinefrine", 0.1), True), (dose(0, None, 1.0, "mg"), True),
        ({**rate(0, "norepinephrine", 0.1), "start": None}, True), (rate(0, "norepinephrine", 0.1, "?"), True),
        (rate(0, "norepinephrine", 5.0, "mL/h"), True), (rate(0, "norepinephrine", 0.0, "?"), False),
        (rate(0, "propofol", 10.0), False), (rate(0, "norepinephrine", 0.1), False),
        (dose(0, "phenylephrine", 1.0, "mg", route="ophthalmic"), False), (rate(0, "dextrose", 1.0, "?"), False),
        ({**rate(0, "norepinefrine", 0.1), "patient_id": " "}, False),
    ],
)  # fmt: skip
def test_patients_of_drug_rows_set_aside_are_in_doubt(row: dict[str, Any], doubted: bool) -> None:
    records = cleaned(drugs=[row, row, dose(0, "tocilizumab", 480.0, "mg", patient_id="p2")])
    assert records.doubts.rows() == ([("p1", "drugs")] if doubted else [])
    assert records.doubts.schema == Records.of({}).doubts.schema == {"patient_id": pl.String, "table": pl.String}


def test_a_support_without_a_start_is_in_doubt_and_asks() -> None:
    records = cleaned(supports=[{**device(0, "nasal cannula"), "start": None}, device(0, "room air", patient_id="p2")])
    assert records.doubts.rows() == [("p1", "supports")]
    assert found(records, "M.time-missing")["needs_decision"]
    assert cleaned(measurements=[reading(0, "qqq", 1.0, "°C")]).doubts.is_empty()


def test_rows_the_reader_sets_aside_are_in_doubt(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('zone = "UTC"\n', encoding="utf-8")
    rows = ["p1,2021-03-04 10:00,tocilizumab,dose", "p2,sometime,tocilizumab,dose", "p1,2021-03-04 11:00,aspirin,dose"]
    (tmp_path / "drugs.csv").write_text("\n".join(["patient_id,start,drug,mode", *rows]), encoding="utf-8")
    records = read_folder(tmp_path).check()
    assert records.doubts.rows() == [("p2", "drugs")]


def test_attrition_says_that_an_infusion_may_have_been_set_aside() -> None:
    people = [{}, {"patient_id": "p2"}, {"patient_id": "p3"}]
    cells = dose(0, "CAR-T", 2e6, "cells/kg")
    lost = dose(0, "new cells", 2e6, "cells/kg", patient_id="p2")
    why = courses(cleaned(patients=people, drugs=[cells, lost]))[1].item(0, "why")
    assert why.startswith("2 patients without a course: 1 with rows of the drugs table set aside")
    assert "1 with no CAR-T infusion" in why
    why = courses(cleaned(patients=people[:2], drugs=[cells, lost]))[1].item(0, "why")
    assert "no CAR-T infusion" not in why


# --- drugs and supports


@pytest.mark.parametrize(
    ("row", "mode"),
    [
        ({**rate(0, "norepinephrine", 0.1), "mode": "dose"}, "infusion"),
        ({**dose(0, "vasopressin", 2.0, "U"), "rate_unit": "U/min"}, "infusion"),
        (dose(0, "norepinephrine", 1.0, "mg"), "dose"),
        ({**dose(0, "norepinephrine", 1.0, "mg"), "rate_unit": " "}, "dose"),
        ({**rate(0, "dobutamine", 5.0), "mode": "dose"}, "dose"),
    ],
)
def test_a_pressor_with_a_rate_is_no_single_dose(row: dict[str, Any], mode: str) -> None:
    records = cleaned(drugs=[row])
    assert records.drugs.item(0, "mode") == mode
    if mode == row["mode"]:
        assert "C.mode-contradiction" not in codes(records)
    else:
        one = found(records, "C.mode-contradiction")
        assert (one["effect"], one["needs_decision"]) == ("changed", True)


@pytest.mark.parametrize(
    ("drug", "decide"),
    [
        ("norepinephrine", True), ("vasopressin", True), ("acetaminophen", True), ("dexamethasone", True),
        ("tocilizumab", True), ("vancomycin", False), ("CAR-T", False),
    ],
)  # fmt: skip
def test_drugs_charted_to_the_day(drug: str, decide: bool) -> None:
    rows = [dose(240, drug, 1.0, "mg", precision="day"), dose(240, drug, 2.0, "mg")]
    assert asked(cleaned(drugs=rows), "C.drug-date-only") == [(1, decide)]


def test_supports_charted_to_the_day() -> None:
    records = cleaned(supports=[device(240, "room air", precision="day"), device(241, "room air")])
    assert asked(records, "C.support-date-only") == [(1, True)]


# --- deaths


def death(minute: float, **more: Any) -> dict[str, Any]:
    return {"what": "death", "time": at(minute), **more}


@pytest.mark.parametrize(
    ("died", "tables", "expected"),
    [
        (death(-1), {}, [(1, True)]), (death(0), {}, []),
        (death(-60, precision="day"), {}, []), (death(-DAY, precision="day"), {}, [(1, True)]),
        (death(10), {"drugs": [dose(11, "CAR-T", 2e6, "cells/kg")]}, [(1, True)]),
        (death(10), {"drugs": [dose(9, "CAR-T", 2e6, "cells/kg")]}, []),
        (death(10), {"measurements": [reading(11, "systolic", 90.0, "mmHg")]}, [(1, False)]),
        (death(10), {"measurements": [reading(10 + DAY, "systolic", 90.0, "mmHg")]}, [(1, False)]),
        (death(10), {"measurements": [reading(11 + DAY, "systolic", 90.0, "mmHg")]}, [(1, True)]),
        (death(10), {"drugs": [dose(11 + DAY, "aspirin", 1.0, "mg")]}, [(1, True)]),
        (death(10), {"supports": [device(11 + DAY, "room air")]}, [(1, True)]),
        (death(10), {"supports": [device(11 + DAY, "room air", patient_id="p2")]}, []),
        # 8:00 is the first minute: the day ends at 960, the next at 2400
        (death(10, precision="day"), {"supports": [device(959, "room air")]}, []),
        (death(10, precision="day"), {"supports": [device(960 + DAY - 1, "room air")]}, [(1, False)]),
        (death(10, precision="day"), {"supports": [device(960 + DAY, "room air")]}, [(1, True)]),
        (death(10), {"supports": [device(11 + DAY, "room air", precision="day")]}, [(1, False)]),
    ],
)  # fmt: skip
def test_deaths_that_other_records_contradict(
    died: dict[str, Any], tables: dict[str, list[dict[str, Any]]], expected: list[tuple[int, bool]]
) -> None:
    assert asked(cleaned(outcomes=[died], **tables), "P.after-death") == expected


def test_days_of_a_death_are_those_of_the_zone() -> None:
    died = {"what": "death", "time": datetime(2026, 3, 2, 4, tzinfo=UTC), "precision": "day"}  # 2 March in Shanghai
    later = {**device(0, "room air"), "start": datetime(2026, 3, 3, 16, tzinfo=UTC)}  # 4 March in Shanghai
    assert asked(cleaned("Asia/Shanghai", outcomes=[died], supports=[later]), "P.after-death") == [(1, True)]
    assert asked(cleaned("UTC", outcomes=[died], supports=[later]), "P.after-death") == [(1, False)]


# --- values


@pytest.mark.parametrize(
    ("variable", "bad", "good", "decide"),
    [
        ("heart_rate", 5, 44, True), ("heart_rate", 5, 45, False), ("heart_rate", 4, 1, False),
        ("heart_rate", 3, 0, False), ("systolic", 3, 0, True), ("systolic", 2, 0, False), ("systolic", 3, 1, False),
    ],
)  # fmt: skip
def test_many_impossible_values_ask(variable: str, bad: int, good: int, decide: bool) -> None:
    unit = "mmHg" if variable == "systolic" else "/min"
    rows = [reading(n, variable, 999.0 if n < bad else 100.0, unit) for n in range(bad + good)]
    others = [reading(n, variable, 100.0, unit, patient_id="p2", source="other.csv") for n in range(99)]
    frame = raw("measurements", rows + others)
    records = clean({"measurements": frame}, zone="UTC", supplied=frozenset({"measurements"}))
    assert asked(records, "P.value-impossible") == [(bad, decide)]


@pytest.mark.parametrize(
    ("variable", "bad", "decide"), [("systolic", 5, True), ("systolic", 4, False), ("heart_rate", 5, False)]
)
def test_many_values_that_are_no_number_ask(variable: str, bad: int, decide: bool, tmp_path: Path) -> None:
    unit = "mmHg" if variable == "systolic" else "/min"
    rows = [reading(n, variable, None, unit, value_text="x" if n < bad else "100") for n in range(40)]
    assert asked(cleaned(measurements=rows), "C.value-not-a-number") == [(bad, decide)]
    head = "zone = 'UTC'\n[v]\nfile = 'v.csv'\ntable = 'measurements'\npatient_id = 'no'\ntime = 'at'\n"
    wide = f"[v.{variable}]\ncolumn = 'x'\nunit = '{unit}'\n"
    long = "variable = 'item'\nvalue = 'x'\nunit = 'unit'\n"
    cells = [f"1,2021-03-04 10:{n:02d},{variable},{unit},{'x' if n < bad else 100}" for n in range(40)]
    (tmp_path / "v.csv").write_text("\n".join(["no,at,item,unit,x", *cells]), encoding="utf-8")
    for site in (wide, long):
        (tmp_path / "site.toml").write_text(head + site, encoding="utf-8")
        assert asked(read_folder(tmp_path).check(), "C.value-not-a-number") == [(bad, decide)]
