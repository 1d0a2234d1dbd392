"""The other scales from records to grades: a sheet typed by hand, the worked cases, the naive second implementation.

The sheet is the boundary sheet of eight CRS scales at once: every row is one history, every column one scale. `1` means
proved and not more than 1, `1-3` means 1 is proved and 3 cannot be excluded. All of it was worked out by hand from the
tables of docs/signs.md.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from generators import (
    Generated,
    generated,
    row_assessment,
    row_course,
    row_death,
    row_drug,
    row_patient,
    row_reading,
    row_stay,
    row_support,
    wide_course,
    wide_courses,
)
from minutes import Minutes, differences
from naive import wide
from naive.rates import is_high
from naive.scales import LADDERS, bounds
from naive.signs import DEFAULTS, count_for_astct, count_together, fio2_of, oxygen_class
from tocsin.grading import grade
from tocsin.signs import Parameters

NAMES = tuple(sorted(LADDERS))
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def product_grades(whole: Generated, names: tuple[str, ...], **parameters: Any) -> dict[str, Minutes]:
    """The product's bounds of the only course, one dict for each minute of its stays."""
    runs = grade(whole.records(), whole.course_frame(), names, Parameters.of(parameters)).grades
    found: dict[str, Minutes] = {name: [] for name in names}
    for row in runs.sort("scale", "from").iter_rows(named=True):
        until = whole.last_minute + 1 if row["to"] is None else min(row["to"], whole.last_minute + 1)
        bounds = {"grade": row["grade"], "grade_at_most": row["grade_at_most"]}
        found[row["scale"]] += [{"minute": minute, **bounds} for minute in range(row["from"], until)]
    return found


# ------------------------------------------------------------------------------------------------ the sheet by hand

COLUMNS = (
    "lee2014_crs", "penn2018_crs", "ctcae403_crs", "ctcae5_crs", "ctcae6_crs", "mskcc_crs", "cartox_crs",
    "china2023_crs",
)  # fmt: skip
NORMAL = {"creatinine": 1.0, "bilirubin": 0.5, "ast": 20.0, "alt": 20.0, "fibrinogen": 3.0}


def patient(
    expected: str, *, at: int = 200, charted: int = 0, temperature: float | None = 39.0, systolic: float | None = 120,
    spo2: float | None = None, device: str | None = "room_air", flow: float | None = None, fio2: float | None = None,
    drugs: tuple[dict[str, Any], ...] = (), items: tuple[tuple[str, str], ...] = (), care: str | None = "none",
    absent: frozenset[str] = frozenset(), more: tuple[dict[str, Any], ...] = (), reason: str | None = None,
    **labs: float | None,
) -> tuple[Any, ...]:  # fmt: skip
    """A febrile adult of 70 kg on room air, pressure and laboratory normal, all charted at `charted`, if not said."""
    values = {"temperature": temperature, "systolic": systolic, "spo2": spo2, **NORMAL, **labs}
    rows = {
        "patients": [row_patient()],
        "stays": [row_stay(-5000, None)],
        "measurements": [row_reading(name, value, charted) for name, value in values.items() if value is not None],
        "supports": [row_support(device, charted, flow=flow, fio2=fio2, reason=reason)] if device else [],
        "assessments": [row_assessment(item, value, charted) for item, value in items],
        "drugs": list(drugs),
    }
    rows["measurements"] += more
    if care:
        rows["assessments"].append(row_assessment("crs_care", care, charted))
    return expected.split(), generated(rows, [row_course()], at, absent)


def ne(rate: float, start: int = 0, **more: Any) -> dict[str, Any]:
    return row_drug("norepinephrine", start, rate=rate, unit="ug/min", **more)


def bolus(minute: int, dose: float | None) -> dict[str, Any]:
    return row_drug("sodium_chloride", minute, mode="dose", dose=dose, dose_unit="mL")


LITTLE = ne(3.5)
EPINEPHRINE = row_drug("epinephrine", 0, rate=3.5, unit="ug/min")
VASOPRESSIN = row_drug("vasopressin", 0, rate=0.03, unit="U/min")
AFEBRILE = {"temperature": 37.0}
NO_DRUGS = frozenset({"drugs"})
SHEET: dict[str, tuple[Any, ...]] = {
    #                                     Lee  Penn v4.03 v5   v6 MSKCC CARTOX China
    "temperature 38.0": patient("          1    1    1    1    1    1    1    1", temperature=38.0),
    "temperature 37.9": patient("          0    0    0    0    0    0    0    0", temperature=37.9),
    "temperature unknown": patient("      0-1  0-1  0-1  0-1  0-1  0-1  0-1  0-1", temperature=None),
    "fever and a dose after onset": patient("1  1    2    1    1    1    1    1",
                                            drugs=(row_drug("acetaminophen", 50, mode="dose"),)),
    "the fever is gone, waived": patient(" 0    0    0    0    0    0    0    0", temperature=37.0, charted=100,
                                         drugs=(row_drug("acetaminophen", 50, mode="dose"),),
                                         more=(row_reading("temperature", 39.0, 0),)),
    "waived, systolic 89": patient("       2    1    1    2    2    1    2    2", temperature=37.0, charted=100,
                                   systolic=89, drugs=(row_drug("acetaminophen", 50, mode="dose"),),
                                   more=(row_reading("temperature", 39.0, 0),)),
    # pressure and fluids
    "systolic 89": patient("               2    1    1    2    2    1    2    2", systolic=89),
    "systolic 90": patient("               1    1    1    1    1    1    1    1", systolic=90),
    "systolic unknown": patient("         1-2   1    1   1-2  1-2   1   1-2  1-2", systolic=None),
    "systolic unknown, one bolus": patient("1-2 1-2 1-2  1-2  1-2   1   1-2  1-2", systolic=None,
                                           drugs=(bolus(10, 250.0),)),
    "never febrile, systolic 89": patient("2    1    1    2    2    1    2    0", systolic=89, **AFEBRILE),
    "systolic 89, 250 mL": patient("       2    2    2    2    2    1    2    2", systolic=89,
                                   drugs=(bolus(10, 250.0),)),
    "systolic 89, 249 mL": patient("       2    1    1    2    2    1    2    2", systolic=89,
                                   drugs=(bolus(10, 249.0),)),
    "systolic 89, two boluses": patient("  2    3    2    2    2    1    2    2", systolic=89,
                                        drugs=(bolus(10, 250.0), bolus(10, 250.0))),
    "systolic 89, no amount": patient("    2   1-2  1-2   2    2    1    2    2", systolic=89,
                                      drugs=(bolus(10, None),)),
    "systolic 90, two boluses": patient("  1    1    1    1    1    1    1    1", systolic=90,
                                        drugs=(bolus(10, 250.0), bolus(10, 250.0))),
    "no drug table": patient("            1-3  1-4  1-4  1-4  1-4  1-3  1-3  1-4", absent=NO_DRUGS),
    "no drug table, systolic 89": patient("2-3 1-4  1-4  2-4  2-4  1-4  2-4  2-4", systolic=89, absent=NO_DRUGS),
    # vasopressors
    "one, low dose": patient("             2    3    4    3    3    2    2    3", drugs=(LITTLE,)),
    "one, low dose, afebrile": patient("   2    3    4    3    3    2    2    0", drugs=(LITTLE,), **AFEBRILE),
    "13.9 ug/min for 3 h": patient("       2    3    4    3    3    2    2    3", drugs=(ne(13.9),)),
    "14 ug/min for 3 h": patient("         2    4    4    3    3    2    2    3", drugs=(ne(14.0),)),
    "20 ug/min for 2 h 59": patient("      2    3    4    3    3    2    2    3", at=179, drugs=(ne(20.0),)),
    "20 ug/min for 3 h": patient("         3    4    4    3    3    2    3    3", at=180, drugs=(ne(20.0),)),
    "and systolic 90": patient("           3    4    4    3    3    2    3    3", systolic=90, drugs=(ne(20.0),)),
    "and systolic 89": patient("           3    4    4    3    3    4    4    3", systolic=89, drugs=(ne(20.0),)),
    "and systolic unknown": patient("      3    4    4    3    3   2-4  3-4   3", systolic=None, drugs=(ne(20.0),)),
    "two, low dose": patient("             3    3    4    4    4    2    3    4", drugs=(LITTLE, EPINEPHRINE)),
    "two, systolic 89": patient("          3    3    4    4    4    2    4    4", systolic=89,
                                drugs=(LITTLE, EPINEPHRINE)),
    "vasopressin alone": patient("         2    3    4    3    3    2    2    3", drugs=(VASOPRESSIN,)),
    "one and vasopressin": patient("       3    3    4    4    4    2    3    3", drugs=(LITTLE, VASOPRESSIN)),
    "23 h 59 on a vasopressor": patient("  2    3    4    3    3    2    2    3", at=1439, charted=1400,
                                        drugs=(LITTLE, ne(3.5, 1000))),
    "24 h on a vasopressor": patient("     2    3    4    3    3    3    2    3", at=1440, charted=1400,
                                     drugs=(LITTLE, ne(3.5, 1000))),
    "24 h, stopped this minute": patient(" 1    1    1    1    1    1    1    1", at=1440, charted=1400,
                                         drugs=(LITTLE, ne(3.5, 1000, stop=1440))),
    "dobutamine": patient("                1    1    1    1    1    1    1    1",
                          drugs=(row_drug("dobutamine", 0, rate=5.0),)),
    "pressure with another cause": patient("1   1    1    1    1    1    1    1", systolic=80, drugs=(ne(20.0),),
                                           items=(("attribution_hypotension", "no"),)),
    # oxygen: class and fraction
    "cannula 2 L (0.28)": patient("        2    3    3    2    2    2    2    2", device="nasal_cannula", flow=2.0),
    "cannula 4.9 L (0.396)": patient("     2    3    3    2    2    2    2    2", device="nasal_cannula", flow=4.9),
    "cannula 5 L (0.40)": patient("        3    3    3    3    2    3    3    2", device="nasal_cannula", flow=5.0),
    "Venturi 0.28": patient("              2    3    3    2    3    2    2    3", device="venturi", fio2=0.28),
    "Venturi, fraction unknown": patient("2-3   3    3   2-3   3   2-3  2-3   3", device="venturi"),
    "high flow 0.39": patient("            2    3    3    2    3    2    2    3", device="hfnc", flow=30.0, fio2=0.39),
    "high flow 0.40": patient("            3    3    3    3    3    3    3    3", device="hfnc", flow=30.0, fio2=0.40),
    "BiPAP 0.30": patient("                3    3    4    3    4    2    3    4", device="bipap", fio2=0.30),
    "BiPAP 0.50": patient("                3    3    4    3    4    3    3    4", device="bipap", fio2=0.50),
    "BiPAP at home": patient("             1    1    1    1    1    1    1    1", device="bipap", fio2=0.50,
                             reason="known_sleep_apnoea"),
    "ventilator": patient("                4    4    4    4    4    4    4    4", device="ventilator", fio2=0.30),
    "ventilator, afebrile": patient("      4    4    4    4    4    4    4    0", device="ventilator", fio2=0.30,
                                    **AFEBRILE),
    "oxygen of some kind": patient("      2-4  3-4  3-4  2-4  2-4  2-4  2-4  2-4", device="other"),
    "device unknown": patient("           1-4  1-4  1-4  1-4  1-4  1-4  1-4  1-4", device=None),
    "saturation 89 on room air": patient(" 2    3    3    2    2    2    2    2", spo2=89),
    # organs
    "creatinine 1.2": patient("            1    1    1    1    1    1    1    1", creatinine=1.2),
    "creatinine 1.8": patient("            1    1    1    1    1    1    1    1", creatinine=1.8),
    "creatinine 1.81": patient("           2    2    3    1    1    1    2    1", creatinine=1.81),
    "creatinine 3.6": patient("            2    2    3    1    1    1    2    1", creatinine=3.6),
    "creatinine 3.61": patient("           3    3    3    1    1    1    3    1", creatinine=3.61),
    "creatinine 7.2": patient("            3    3    3    1    1    1    3    1", creatinine=7.2),
    "creatinine 7.21": patient("           4    4    4    1    1    1    4    1", creatinine=7.21),
    "creatinine 1.21, afebrile": patient(" 0    1    0    0    0    0    1    0", creatinine=1.21, **AFEBRILE),
    "creatinine unknown": patient("       1-4  1-4  1-4   1    1    1   1-4   1", creatinine=None),
    "dialysis": patient("                  4    4    4    1    1    1    4    1", items=(("dialysis", "yes"),)),
    "charted creatinine 3": patient("      3    3    3    1    1    1    3    1", creatinine=None,
                                    items=(("ctcae_creatinine", "3"),)),
    "bilirubin 1.81": patient("            2    1    1    1    1    1    2    1", bilirubin=1.81),
    "bilirubin 3.61": patient("            3    1    3    1    1    1    3    1", bilirubin=3.61),
    "bilirubin 12": patient("              3    1    3    1    1    1    3    1", bilirubin=12.0),
    "bilirubin 12.1": patient("            4    1    3    1    1    1    4    1", bilirubin=12.1),
    "bilirubin unknown": patient("        1-4   1   1-3   1    1    1   1-4   1", bilirubin=None),
    "bilirubin unknown, organs charted": patient("1 1 1   1    1    1    1    1", bilirubin=None,
                                                 items=(("ctcae_organ", "0"),)),
    "another organ 2": patient("           2    1    1    1    1    1    2    1", items=(("ctcae_organ", "2"),)),
    "another organ 4": patient("           4    1    3    1    1    1    4    1", items=(("ctcae_organ", "4"),)),
    "fibrinogen 1.49": patient("           2    1    1    1    1    1    2    1", fibrinogen=1.49),
    "fibrinogen 0.99": patient("           3    1    3    1    1    1    3    1", fibrinogen=0.99),
    "fibrinogen unknown": patient("       1-4   1   1-3   1    1    1   1-4   1", fibrinogen=None),
    "AST 41, afebrile": patient("          0    0    0    0    0    0    1    0", ast=41.0, **AFEBRILE),
    "AST 120": patient("                   1    1    1    1    1    1    1    1", ast=120.0),
    "AST 121": patient("                   2    1    1    1    1    1    2    1", ast=121.0),
    "AST 121, afebrile": patient("         2    1    0    0    0    0    2    0", ast=121.0, **AFEBRILE),
    "ALT 200": patient("                   2    1    1    1    1    1    2    1", alt=200.0),
    "ALT 201": patient("                   3    2    3    1    1    1    3    1", alt=201.0),
    "ALT 800": patient("                   3    2    3    1    1    1    3    1", alt=800.0),
    "ALT 801": patient("                   3    3    3    1    1    1    3    1", alt=801.0),
    "AST unknown": patient("              1-3  1-3  1-3   1    1    1   1-3   1", ast=None),
    "AST unknown, enzymes charted": patient("1  1    1    1    1    1    1    1", ast=None,
                                            items=(("ctcae_transaminase", "1"),)),
    "organs with another cause": patient(" 1    1    1    1    1    1    1    1", creatinine=7.21, ast=801.0,
                                         drugs=(row_drug("plasma", 0, mode="dose"),),
                                         items=(("attribution_organ", "no"),)),
    # care
    "plasma": patient("                    1    3    3    1    1    1    1    1",
                      drugs=(row_drug("plasma", 100, mode="dose"),)),
    "in hospital for the fever": patient(" 1    2    1    1    1    1    1    1", care="iv_therapy"),
    "care unknown": patient("              1   1-2   1    1    1    1    1    1", care=None),
}  # fmt: skip


@pytest.mark.parametrize("name", SHEET)
def test_sheet(name: str) -> None:
    expected, whole = SHEET[name]
    found = product_grades(whole, (*COLUMNS, "cartox_ped_crs"))
    now = {scale: minutes[-1] for scale, minutes in found.items()}
    assert now["lee2014_crs"]["minute"] == whole.last_minute
    assert dict(zip(COLUMNS, expected, strict=True)) == {scale: said(now[scale]) for scale in COLUMNS}
    assert said(now["cartox_ped_crs"]) == said(now["cartox_crs"])


def said(row: dict[str, Any]) -> str:
    low, high = row["grade"], row["grade_at_most"]
    return str(low) if low == high else f"{low}-{high}"


MIND = {
    "cartox10": "10", "papilloedema": "none", "consciousness": "awake", "seizure": "none", "motor_weakness": "no",
    "oedema": "none",
}  # fmt: skip
CRES_SHEET: dict[str, tuple[str, dict[str, str | None]]] = {
    "all normal": ("0", {}),
    "CARTOX-10 9": ("1", {"cartox10": "9"}),
    "CARTOX-10 7": ("1", {"cartox10": "7"}),
    "CARTOX-10 6": ("2", {"cartox10": "6"}),
    "CARTOX-10 3": ("2", {"cartox10": "3"}),
    "CARTOX-10 2": ("3", {"cartox10": "2"}),
    "CARTOX-10 0": ("3", {"cartox10": "0"}),
    "CARTOX-10 unknown": ("0-3", {"cartox10": None}),
    "ICE is another score": ("0-3", {"cartox10": None, "ice": "10"}),
    "to touch": ("0", {"consciousness": "to_touch"}),
    "unarousable": ("4", {"consciousness": "unarousable"}),
    "consciousness unknown": ("0-4", {"consciousness": None}),
    "sedated": ("0-4", {"consciousness": "sedated", "cartox10": "0"}),
    "papilloedema low": ("3", {"papilloedema": "low"}),
    "papilloedema high": ("4", {"papilloedema": "high"}),
    "papilloedema unknown": ("0-4", {"papilloedema": None}),
    "focal oedema": ("4", {"oedema": "focal"}),
    "diffuse oedema": ("4", {"oedema": "diffuse"}),
    "raised pressure": ("3-4", {"oedema": "raised_pressure"}),
    "oedema unknown": ("0-4", {"oedema": None}),
    "seizure on EEG only": ("3", {"seizure": "nonconvulsive"}),
    "seizure resolved, of either kind": ("3-4", {"seizure": "resolved"}),
    "status": ("4", {"seizure": "prolonged"}),
    "seizures without return": ("4", {"seizure": "repetitive"}),
    "seizure unknown": ("0-4", {"seizure": None}),
    "motor weakness": ("4", {"motor_weakness": "yes"}),
    "motor weakness unknown": ("0-4", {"motor_weakness": None}),
}


@pytest.mark.parametrize("name", CRES_SHEET)
def test_cres_sheet(name: str) -> None:
    expected, changed = CRES_SHEET[name]
    charted = {item: value for item, value in {**MIND, **changed}.items() if value is not None}
    rows = {
        "patients": [row_patient()],
        "stays": [row_stay(-5000, None)],
        "assessments": [row_assessment(item, value, 0) for item, value in charted.items()],
    }
    found = product_grades(generated(rows, [row_course()], 200), ("cres",))
    assert said(found["cres"][-1]) == expected


# ---------------------------------------------------------------------------------------------------- worked cases

CASES = Path(__file__).parent / "cases" / "grading-cases.csv"
CASE_ROWS = list(csv.DictReader(CASES.read_text(encoding="utf-8").splitlines()))
EXPECTED = {
    "exp_astct": "astct_crs", "exp_lee2014": "lee2014_crs", "exp_penn": "penn2018_crs", "exp_ctcae403": "ctcae403_crs",
    "exp_ctcae5": "ctcae5_crs", "exp_ctcae6": "ctcae6_crs", "exp_mskcc": "mskcc_crs", "exp_cartox": "cartox_crs",
    "exp_icans": "astct_icans", "exp_cres": "cres",
}  # fmt: skip
RATE = re.compile(r"(\w+)=([\d.]+)([\w/]+)")


def number(text: str) -> float | None:
    return float(text) if text else None


def signs_of(case: dict[str, str]) -> dict[str, Any]:
    """One minute's signs, typed off the case: nothing is unknown but what its cell leaves empty."""
    age, hours = float(case["age_y"]), int(case["pressor_hours"] or 0)
    limit = 90 if age >= 11 else 70 + 2 * int(age) if age >= 1 else 70
    running = [
        {"drug": drug, "rate": float(rate), "rate_unit": unit}
        for drug, rate, unit in RATE.findall(case["vasopressors"])
    ]
    since = {row["drug"]: 0 for row in running}
    high = {
        f"high_dose_{column}": hours >= 3 and is_high(column, running, float(case["weight_kg"]))
        for column in ("lee", "penn")
    }
    reason = {"airway_protection_neuro": "airway_protection"}.get(case["respiratory_support_reason"])
    device = {"imv": "ventilator"}.get(case["o2_device"], case["o2_device"])
    flow, fio2 = number(case["o2_flow_lpm"]), number(case["fio2"])
    oxygen, oxygen_at_most = oxygen_class(device, flow, fio2, reason)
    breathed, _ = fio2_of({"device": device, "flow": flow, "fio2": fio2}, DEFAULTS)
    creatinine, organ = int(case["creatinine_ctcae_grade"]), int(case["other_organ_ctcae_grade"])
    sedated = case["consciousness"] == "sedated"
    pairs = {
        "vasopressors": count_for_astct(since, 60 * hours, 60),
        "vasopressors_all": count_together(since, 60 * hours, 60),
        "fluids": min(2, int(case["fluid_boluses_n"])),
        "creatinine_grade": creatinine,
        "transaminase_grade": int(case["transaminase_ctcae_grade"]),
        "organ_grade": max(creatinine, organ),
    }
    return {
        **pairs,
        **{f"{name}_at_most": value for name, value in pairs.items()},
        **high,
        "pressors_long": hours >= 24,
        "oxygen": oxygen,
        "oxygen_at_most": oxygen_at_most,
        "fio2_at_least_040": None if breathed is None else breathed >= 0.40,
        "fever": float(case["temp_c"]) >= 38.0,
        "fever_carried": False,
        "fever_waived": case["crs_fever_earlier"] == "yes"
        and case["antipyretic_or_anticytokine_since_onset"] != "none",
        "hypotension": float(case["sbp_mmhg"]) < limit,
        "coagulation_product": case["coagulopathy_blood_product"] == "yes",
        "iv_therapy": case["hospitalised_for_neutropenic_fever_or_iv_therapy"] == "yes",
        "uses_ice": age >= 12,
        "uses_capd": age < 12,
        **{score: int(case[score]) if case[score] else None for score in ("ice", "capd", "cartox10")},
        "consciousness": None if sedated else case["consciousness"],
        "seizure": {"status_epilepticus": "prolonged"}.get(case["seizure"], case["seizure"]),
        "motor_weakness": case["motor_weakness"],
        "oedema": case["icp_oedema"],
        "papilloedema": "none",
    }


@pytest.mark.parametrize("case", CASE_ROWS, ids=lambda case: case["case_id"])
def test_naive_ladders_give_the_worked_grades(case: dict[str, str]) -> None:
    signs = signs_of(case)
    for column, scale in EXPECTED.items():
        low, high = bounds(scale, signs)
        if case[column]:
            assert low == int(case[column]), (column, case["title"])
            assert low == high or scale in ("astct_icans", "cres"), (column, case["title"])
        else:
            assert low < high, (column, case["title"])


# ------------------------------------------------------------------------------------------ from records to grades


def naive_grades(whole: Generated, **parameters: Any) -> dict[str, Minutes]:
    """Both bounds of every scale from the naive signs, minute by minute.

    A final reading looks ahead: nothing that is charted later than `last_minute` - 100 can prove anything after another
    24 h without a row and 24 h on a vasopressor.
    """
    ahead = wide.course_signs(whole.tables, whole.courses[0], parameters, whole.last_minute + 3000)
    found: dict[str, Minutes] = {}
    for name in NAMES:
        minutes = wide.final(ahead) if name.endswith("_final") else ahead
        found[name] = [
            {"minute": signs["minute"], "grade": low, "grade_at_most": high}
            for signs in minutes[: whole.last_minute + 1]
            if signs["covered"]
            for low, high in (bounds(name, signs),)
        ]
    return found


def disagreements(whole: Generated, **parameters: Any) -> list[str]:
    one, other = product_grades(whole, NAMES, **parameters), naive_grades(whole, **parameters)
    return [
        f"{name}: {words}"
        for name in NAMES
        for words in differences(one[name], other[name], ("minute", "grade", "grade_at_most"))
    ]


@settings(SLOW, max_examples=40)
@given(wide_courses())
def test_grades_of_small_courses(whole: Generated) -> None:
    assert disagreements(whole) == []


@pytest.mark.parametrize("seed", range(100, 110))
def test_grades_of_three_days(seed: int) -> None:
    options = {"high_dose_h": 1, "pressor_long_h": 6, "resolve_h": 4} if seed % 2 else {}
    assert disagreements(wide_course(seed), **options) == []


def test_grade_5_from_the_minute_of_a_death_due_to_crs() -> None:
    rows = {"patients": [row_patient()], "stays": [row_stay(-5000, None)], "assessments": [], "outcomes": []}
    rows["outcomes"].append({**row_death(100, "crs"), "adjudicated_by": "committee"})
    names = tuple(name for name in NAMES if name.endswith(("crs", "final")))
    found = product_grades(generated(rows, [row_course()], 100), names)
    assert len(found) == 15
    for name, minutes in found.items():
        assert [row["grade"] for row in minutes[-2:]] == [0, 5], name
        assert minutes[-1]["grade_at_most"] == 5, name
