"""The worked cases of the clinical specification, written by hand: through the product and the naive graders."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from naive.facts import NOT_FOR_CRS
from naive.grades import astct_crs, astct_icans
from naive.signs import count_for_astct, oxygen_class
from tocsin.verify import verify

CASES = Path(__file__).parent / "cases" / "grading-cases.csv"
ROWS = list(csv.DictReader(CASES.read_text(encoding="utf-8").splitlines()))
DEVICES = {"imv": "ventilator"}
REASONS = {"airway_protection_neuro": "airway_protection"}
SEIZURES = {"status_epilepticus": "prolonged"}


def number(text: str) -> float | None:
    return float(text) if text else None


def signs_of(case: dict[str, str]) -> dict[str, Any]:
    """One minute's signs, typed off the case: nothing is unknown but what its cell leaves empty."""
    age = float(case["age_y"])
    limit = 90 if age >= 11 else 70 + 2 * int(age) if age >= 1 else 70
    running = dict.fromkeys((part.split("=")[0] for part in case["vasopressors"].split(";") if part), 0)
    count = count_for_astct(running, 60 * int(case["pressor_hours"] or 0), 60)
    reason = REASONS.get(case["respiratory_support_reason"], case["respiratory_support_reason"])
    assert reason in {*NOT_FOR_CRS, "crs_hypoxia", ""}
    device = DEVICES.get(case["o2_device"], case["o2_device"])
    oxygen = oxygen_class(device, number(case["o2_flow_lpm"]), number(case["fio2"]), reason)
    sedated = case["consciousness"] == "sedated"
    return {
        "fever": float(case["temp_c"]) >= 38.0,
        "fever_carried": False,
        "fever_waived": case["crs_fever_earlier"] == "yes"
        and case["antipyretic_or_anticytokine_since_onset"] != "none",
        "hypotension": float(case["sbp_mmhg"]) < limit,
        "vasopressors": count,
        "vasopressors_at_most": count,
        "oxygen": oxygen[0],
        "oxygen_at_most": oxygen[1],
        "uses_ice": age >= 12,
        "uses_capd": age < 12,
        "ice": int(case["ice"]) if case["ice"] else None,
        "capd": int(case["capd"]) if case["capd"] else None,
        "consciousness": None if sedated else case["consciousness"],
        "seizure": SEIZURES.get(case["seizure"], case["seizure"]),
        "motor_weakness": case["motor_weakness"],
        "oedema": case["icp_oedema"],
    }


def test_file_is_whole() -> None:
    assert len(ROWS) == 45
    assert len({row["case_id"] for row in ROWS}) == 45


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case["case_id"])
def test_naive_graders(case: dict[str, str]) -> None:
    for column, grader in (("exp_astct", astct_crs), ("exp_icans", astct_icans)):
        grade, at_most, _ = grader(signs_of(case))
        if case[column]:
            assert grade == int(case[column]), (column, case["title"])
            known = case[column] == "4" or grade == at_most
            assert known, (column, case["title"])
        else:
            assert grade < at_most, (column, case["title"])


def test_product_agrees_with_every_case() -> None:
    assert verify(CASES).to_dicts() == []


def test_a_wrong_case_is_listed(tmp_path: Path) -> None:
    """The comparison can fail: one expected grade changed, one emptied, one filled."""
    text = CASES.read_text(encoding="utf-8")
    header = text.splitlines()[0].split(",")
    rows = [dict(row) for row in ROWS]
    by_id = {row["case_id"]: row for row in rows}
    by_id["G01"]["exp_astct"] = "2"
    by_id["G61"]["exp_penn"] = "3"
    by_id["G38"]["exp_cartox"] = "4"
    by_id["G22"]["exp_icans"] = ""
    by_id["G17"]["exp_icans"] = "0"
    spoilt = tmp_path / "spoilt.csv"
    with spoilt.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)
    found = {(row["case_id"], row["scale"]) for row in verify(spoilt).to_dicts()}
    assert found == {("G01", "astct_crs"), ("G22", "astct_icans"), ("G17", "astct_icans"), ("G61", "penn2018_crs"),
                     ("G38", "cartox_crs")}  # fmt: skip
