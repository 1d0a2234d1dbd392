"""Boundary sheets: just below, at, just above and unknown for every threshold of the two scales.

Every row is a patient charted in the hospital from long before; the expected (grade, grade_at_most) is typed by hand
from the paper's table and the rule book, never computed.
"""

from __future__ import annotations

from typing import Any

import pytest

from generators import (
    generated,
    row_assessment,
    row_course,
    row_drug,
    row_patient,
    row_reading,
    row_stay,
    row_support,
)
from minutes import expand
from tocsin.grades import ASTCT_CRS, ASTCT_ICANS
from tocsin.signs import Parameters, situations

Rows = dict[str, list[dict[str, Any]]]


def grades_at(scale: Any, minute: int, rows: Rows, age: float | None, absent: frozenset[str]) -> tuple[int, int]:
    rows = {"patients": [row_patient()], "stays": [row_stay(-5000, None)], **rows}
    whole = generated(rows, [row_course(age)], minute, absent)
    runs = situations(whole.records(), whole.course_frame(), Parameters())
    now = expand(scale.grade(runs), "c1", minute)[-1]
    assert now["minute"] == minute
    return now["grade"], now["grade_at_most"]


# ------------------------------------------------------------------------------------------------------------- CRS


def crs(
    expected: tuple[int, int], *, at: int = 200, temperature: float | None = 39.0, systolic: float | None = 120,
    device: str | None = "room_air", flow: float | None = None, fio2: float | None = None, reason: str | None = None,
    spo2: float | None = None, drugs: tuple[dict[str, Any], ...] = (), charted: int = 0, age: float | None = 40.0,
    absent: frozenset[str] = frozenset(), more: tuple[dict[str, Any], ...] = (), device_at: int | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """A febrile adult with normal pressure on room air, everything charted at `charted`, unless said otherwise."""
    readings = [*more]
    readings += [row_reading("temperature", temperature, charted)] if temperature is not None else []
    readings += [row_reading("systolic", systolic, charted)] if systolic is not None else []
    readings += [row_reading("spo2", spo2, charted)] if spo2 is not None else []
    begin = charted if device_at is None else device_at
    supports = [row_support(device, begin, flow=flow, fio2=fio2, reason=reason)] if device else []
    rows = {"measurements": readings, "supports": supports, "drugs": list(drugs)}
    return expected, at, rows, age, absent


def pressor(drug: str, start: int, **more: Any) -> dict[str, Any]:
    return row_drug(drug, start, rate=0.1, **more)


#: Read often enough that the fever is never unknown after minute 102.
COOL = (row_reading("temperature", 37.0, 570), row_reading("temperature", 37.0, 1040))
CRS_SHEET: dict[str, tuple[Any, ...]] = {
    # temperature 38.0
    "temperature 37.99": crs((0, 0), temperature=37.99),
    "temperature 38.0": crs((1, 1), temperature=38.0),
    "temperature 38.01": crs((1, 1), temperature=38.01),
    "temperature unknown": crs((0, 1), temperature=None),
    "temperature unknown, low pressure": crs((0, 2), temperature=None, systolic=89),
    "no fever, low pressure": crs((0, 0), temperature=37.99, systolic=89),
    # systolic 90, adult
    "systolic 89": crs((2, 2), systolic=89),
    "systolic 89.9": crs((2, 2), systolic=89.9),
    "systolic 90": crs((1, 1), systolic=90),
    "systolic 91": crs((1, 1), systolic=91),
    "systolic unknown": crs((1, 2), systolic=None),
    # systolic by age
    "11 years, 89": crs((2, 2), age=11.0, systolic=89),
    "11 years, 90": crs((1, 1), age=11.0, systolic=90),
    "10 years, 89": crs((2, 2), age=10.0, systolic=89),
    "10 years, 90": crs((1, 1), age=10.0, systolic=90),
    "10.9 years, 89": crs((2, 2), age=10.9, systolic=89),
    "9.9 years, 87": crs((2, 2), age=9.9, systolic=87),
    "9.9 years, 88": crs((1, 1), age=9.9, systolic=88),
    "4 years, 77": crs((2, 2), age=4.0, systolic=77),
    "4 years, 78": crs((1, 1), age=4.0, systolic=78),
    "1 year, 71": crs((2, 2), age=1.0, systolic=71),
    "1 year, 72": crs((1, 1), age=1.0, systolic=72),
    "0.9 years, 69": crs((2, 2), age=0.9, systolic=69),
    "0.9 years, 70": crs((1, 1), age=0.9, systolic=70),
    "0.9 years, 71": crs((1, 1), age=0.9, systolic=71),
    "over a month, 69": crs((2, 2), age=0.09, systolic=69),
    "under a month, 59": crs((2, 2), age=0.08, systolic=59),
    "under a month, 60": crs((1, 1), age=0.08, systolic=60),
    "age unknown, 59": crs((2, 2), age=None, systolic=59),
    "age unknown, 60": crs((1, 2), age=None, systolic=60),
    "age unknown, 89": crs((1, 2), age=None, systolic=89),
    "age unknown, 90": crs((1, 1), age=None, systolic=90),
    # flow 6 L/min
    "cannula 5.9": crs((2, 2), device="nasal_cannula", flow=5.9),
    "cannula 6.0": crs((2, 2), device="nasal_cannula", flow=6.0),
    "cannula 6.1": crs((3, 3), device="nasal_cannula", flow=6.1),
    "cannula, flow unknown": crs((2, 2), device="nasal_cannula"),
    "high flow 6.0": crs((2, 2), device="hfnc", flow=6.0),
    "high flow 6.1": crs((3, 3), device="hfnc", flow=6.1),
    "high flow, flow unknown": crs((3, 3), device="hfnc"),
    # the other devices
    "room air": crs((1, 1)),
    "blow-by": crs((2, 2), device="blow_by", flow=10.0),
    "simple mask": crs((3, 3), device="simple_mask", flow=5.0),
    "face tent": crs((3, 3), device="face_tent"),
    "aerosol mask": crs((3, 3), device="aerosol_mask"),
    "venturi 28 %": crs((3, 3), device="venturi", fio2=0.28),
    "partial rebreather": crs((3, 3), device="partial_rebreather"),
    "non-rebreather": crs((3, 3), device="non_rebreather"),
    "face mask": crs((3, 3), device="face_mask"),
    "tracheostomy tube": crs((3, 3), device="tracheostomy_tube"),
    "collar 0.21": crs((1, 1), device="trach_collar", fio2=0.21),
    "collar 0.22": crs((3, 3), device="trach_collar", fio2=0.22),
    "collar, FiO2 unknown": crs((1, 3), device="trach_collar"),
    "T-piece 0.21": crs((1, 1), device="t_piece", fio2=0.21),
    "T-piece 0.22": crs((3, 3), device="t_piece", fio2=0.22),
    "CPAP": crs((4, 4), device="cpap", reason="crs_hypoxia"),
    "CPAP, reason unknown": crs((4, 4), device="cpap", reason="unknown"),
    "CPAP at home for apnoea": crs((1, 1), device="cpap", reason="known_sleep_apnoea"),
    "BiPAP": crs((4, 4), device="bipap"),
    "ventilator": crs((4, 4), device="ventilator"),
    "ventilator for the airway": crs((1, 1), device="ventilator", reason="airway_protection"),
    "ventilator for a procedure": crs((1, 1), device="ventilator", reason="procedure"),
    "ECMO": crs((4, 4), device="ecmo"),
    "other oxygen": crs((2, 4), device="other"),
    "device not recognised": crs((1, 4), device="unrecognised"),
    "device never charted": crs((1, 4), device=None),
    # saturation 90 without support
    "saturation 89.9 on room air": crs((2, 2), spo2=89.9),
    "saturation 90 on room air": crs((1, 1), spo2=90),
    "saturation 89.9, device unknown": crs((2, 4), device=None, spo2=89.9),
    "saturation 92, device unknown": crs((1, 4), device=None, spo2=92),
    # vasopressors
    "no drug": crs((1, 1)),
    "drug table absent": crs((1, 4), absent=frozenset({"drugs"})),
    "one": crs((3, 3), drugs=(pressor("norepinephrine", 0),)),
    "dobutamine is none": crs((1, 1), drugs=(pressor("dobutamine", 0),)),
    "a push dose is none": crs((1, 1), drugs=(row_drug("phenylephrine", 0, mode="dose"),)),
    "rate 0 is none": crs((1, 1), drugs=(row_drug("norepinephrine", 0, rate=0.0),)),
    "rate unknown is one": crs((3, 3), drugs=(row_drug("norepinephrine", 0, rate=None),)),
    "vasopressin alone": crs((3, 3), drugs=(pressor("vasopressin", 0),)),
    "vasopressin and terlipressin": crs((3, 3), drugs=(pressor("vasopressin", 0), pressor("terlipressin", 0))),
    "one and vasopressin": crs((3, 3), drugs=(pressor("norepinephrine", 0), pressor("vasopressin", 0))),
    "two, overlap 59": crs((3, 3), at=159, drugs=(pressor("norepinephrine", 0), pressor("epinephrine", 100))),
    "two, overlap 60": crs((4, 4), at=160, drugs=(pressor("norepinephrine", 0), pressor("epinephrine", 100))),
    "two, overlap 61": crs((4, 4), at=161, drugs=(pressor("norepinephrine", 0), pressor("epinephrine", 100))),
    "first stops before the 60th minute": crs(
        (3, 3), at=160, drugs=(pressor("norepinephrine", 0, stop=159), pressor("epinephrine", 100))
    ),
    "minute before the stop": crs((3, 3), at=149, drugs=(pressor("norepinephrine", 0, stop=150),)),
    "minute of the stop": crs((1, 1), at=150, drugs=(pressor("norepinephrine", 0, stop=150),)),
    "silent for 1439 minutes": crs((3, 3), at=1439, charted=1400, drugs=(pressor("norepinephrine", 0),)),
    "silent for 1440 minutes": crs((1, 3), at=1440, charted=1400, drugs=(pressor("norepinephrine", 0),)),
    # ends of windows: 8 h, 24 h; a fever that is no longer known is carried while the episode is open
    "last minute of a temperature": crs((1, 1), at=479, device_at=0, more=(row_reading("systolic", 120, 400),)),
    "temperature expired": crs((0, 1), at=480, device_at=0, more=(row_reading("systolic", 120, 400),)),
    "last minute of a pressure": crs((2, 2), at=479, systolic=89, more=(row_reading("temperature", 39.0, 400),)),
    "pressure expired": crs((1, 2), at=480, systolic=89, more=(row_reading("temperature", 39.0, 400),)),
    "last minute of a device": crs((3, 3), at=1439, charted=1400, device_at=0, device="hfnc", flow=30.0),
    "device expired": crs((1, 4), at=1440, charted=1400, device_at=0, device="hfnc", flow=30.0),
    # entry: carried and waived
    "fever gone for 23 h 59 min, low pressure": crs(
        (2, 2), at=1539, temperature=37.0, charted=1500, systolic=89,
        more=(row_reading("temperature", 38.0, 99), row_reading("temperature", 37.9, 101)),
    ),
    "fever gone for 24 h, low pressure": crs(
        (0, 0), at=1540, temperature=37.0, charted=1500, systolic=89,
        more=(row_reading("temperature", 38.0, 99), row_reading("temperature", 37.9, 101), *COOL),
    ),
    "fever gone for 24 h as far as was read, low pressure": crs(
        (0, 2), at=1540, temperature=37.0, charted=1500, systolic=89,
        more=(row_reading("temperature", 38.0, 99), row_reading("temperature", 37.9, 101)),
    ),
    "waived, low pressure": crs(
        (2, 2), at=1560, temperature=37.0, charted=1500, systolic=89,
        drugs=(row_drug("acetaminophen", 101, mode="dose"),),
        more=(row_reading("temperature", 38.0, 100), row_reading("temperature", 37.9, 102)),
    ),
    "waived, nothing else": crs(
        (0, 0), at=160, temperature=37.0, charted=150, drugs=(row_drug("tocilizumab", 101, mode="dose"),),
        more=(row_reading("temperature", 38.0, 100),),
    ),
    "drug in the minute of onset waives nothing": crs(
        (0, 0), at=1560, temperature=37.0, charted=1500, systolic=89,
        drugs=(row_drug("acetaminophen", 100, mode="dose"),),
        more=(row_reading("temperature", 38.0, 100), row_reading("temperature", 37.9, 102), *COOL),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CRS_SHEET)
def test_crs(name: str) -> None:
    expected, minute, rows, age, absent = CRS_SHEET[name]
    assert grades_at(ASTCT_CRS, minute, rows, age, absent) == expected


# ----------------------------------------------------------------------------------------------------------- ICANS

NORMAL = {"ice": "10", "consciousness": "awake", "seizure": "none", "motor_weakness": "no", "oedema": "none"}
CHILD = {**{item: value for item, value in NORMAL.items() if item != "ice"}, "capd": "0"}


def icans(
    expected: tuple[int, int], *, at: int = 200, age: float | None = 40.0, base: dict[str, str] = NORMAL,
    later: tuple[tuple[str, int], ...] = (), absent: frozenset[str] = frozenset(), **items: str | None,
) -> tuple[Any, ...]:  # fmt: skip
    """A patient with every domain normal at minute 0, unless said otherwise; `later` charts normal items again."""
    charted = {item: value for item, value in {**base, **items}.items() if value is not None}
    rows = [row_assessment(item, value, 0) for item, value in charted.items()]
    rows += [row_assessment(item, base[item], minute) for item, minute in later]
    return expected, at, {"assessments": rows}, age, absent


REST = tuple((item, 600) for item in ("consciousness", "seizure", "motor_weakness", "oedema"))
ICANS_SHEET: dict[str, tuple[Any, ...]] = {
    "ICE 10": icans((0, 0)),
    "ICE 9": icans((1, 1), ice="9"),
    "ICE 7": icans((1, 1), ice="7"),
    "ICE 6": icans((2, 2), ice="6"),
    "ICE 3": icans((2, 2), ice="3"),
    "ICE 2": icans((3, 3), ice="2"),
    "ICE 0": icans((3, 3), ice="0"),
    "ICE unknown": icans((0, 3), ice=None),
    "CAPD 0": icans((0, 0), age=6.0, base=CHILD),
    "CAPD 1": icans((1, 1), age=6.0, base=CHILD, capd="1"),
    "CAPD 8": icans((1, 1), age=6.0, base=CHILD, capd="8"),
    "CAPD 9": icans((3, 3), age=6.0, base=CHILD, capd="9"),
    "CAPD 32": icans((3, 3), age=6.0, base=CHILD, capd="32"),
    "CAPD unknown": icans((0, 3), age=6.0, base=CHILD, capd=None),
    "12 years, CAPD 9 is ignored": icans((0, 0), age=12.0, capd="9"),
    "11.9 years, ICE 0 is ignored": icans((0, 0), age=11.9, base=CHILD, ice="0"),
    "12 years, only CAPD charted": icans((0, 3), age=12.0, base=CHILD, capd="9"),
    "awake": icans((0, 0), consciousness="awake"),
    "to voice": icans((2, 2), consciousness="to_voice"),
    "to touch": icans((3, 3), consciousness="to_touch"),
    "unarousable": icans((4, 4), consciousness="unarousable"),
    "consciousness unknown": icans((0, 4), consciousness=None),
    "sedated": icans((0, 4), consciousness="sedated", ice="0"),
    "no seizure": icans((0, 0), seizure="none"),
    "seizure resolved": icans((3, 3), seizure="resolved"),
    "seizure on EEG only": icans((3, 3), seizure="nonconvulsive"),
    "seizure over 5 minutes": icans((4, 4), seizure="prolonged"),
    "seizures without return": icans((4, 4), seizure="repetitive"),
    "seizure unknown": icans((0, 4), seizure=None),
    "motor weakness": icans((4, 4), motor_weakness="yes"),
    "motor weakness unknown": icans((0, 4), motor_weakness=None),
    "focal oedema": icans((3, 3), oedema="focal"),
    "diffuse oedema": icans((4, 4), oedema="diffuse"),
    "raised pressure": icans((4, 4), oedema="raised_pressure"),
    "oedema unknown": icans((0, 4), oedema=None),
    "a lesser domain unknown": icans((3, 4), ice="2", oedema=None),
    "assessment table absent": icans((0, 4), absent=frozenset({"assessments"})),
    # ends of windows
    "ICE 10, last minute": icans((0, 0), at=1439, later=REST),
    "ICE 10 expired": icans((0, 3), at=1440, later=REST),
    "ICE 9, last minute": icans((1, 1), at=719, ice="9", later=REST),
    "ICE 9 expired": icans((0, 3), at=720, ice="9", later=REST),
    "CAPD 9, last minute": icans((3, 3), at=1439, age=6.0, base=CHILD, capd="9", later=REST),
    "CAPD 9 expired": icans((0, 3), at=1440, age=6.0, base=CHILD, capd="9", later=REST),
    "to voice, last minute": icans((2, 2), at=1439, consciousness="to_voice", later=(("ice", 600), *REST[1:])),
    "to voice expired": icans((0, 4), at=1440, consciousness="to_voice", later=(("ice", 600), *REST[1:])),
}


@pytest.mark.parametrize("name", ICANS_SHEET)
def test_icans(name: str) -> None:
    expected, minute, rows, age, absent = ICANS_SHEET[name]
    assert grades_at(ASTCT_ICANS, minute, rows, age, absent) == expected
