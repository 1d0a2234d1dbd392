"""Small histories on which kernel and naive implementation once disagreed, or the rule book could be read two ways.

The expected runs (minute, value) are typed by hand from docs/signs.md; both implementations must give them.
"""

from __future__ import annotations

from typing import Any

import pytest

from generators import (
    Generated,
    generated,
    row_assessment,
    row_course,
    row_drug,
    row_patient,
    row_reading,
    row_stay,
    row_support,
)
from minutes import Minutes, kernel_minutes, naive_minutes, wide_kernel_minutes, wide_naive_minutes

Stays = tuple[tuple[int, int | None], ...]


def history(
    stays: Stays = ((-5000, None),), age: float | None = 40.0, last: int = 2000, weight: float | None = 70.0,
    absent: frozenset[str] = frozenset(), **rows: list[Any],
) -> Generated:  # fmt: skip
    tables = {"patients": [row_patient()], "stays": [row_stay(*stay) for stay in stays], **rows}
    return generated(tables, [row_course(age, weight_kg=weight)], last, absent)


def pressor(start: int, rate: float | None = 0.1, **more: Any) -> dict[str, Any]:
    return row_drug("norepinephrine", start, rate=rate, **more)


def cool(first: int, last: int) -> list[Any]:
    """No fever and no low pressure, every 4 h from `first` on."""
    pairs = (("temperature", 37.0), ("systolic", 120.0))
    readings = [row_reading(name, value, minute) for minute in range(first, last, 240) for name, value in pairs]
    return [row_reading("systolic", 120.0, minute) for minute in range(0, first, 240)] + readings


def changes(minutes: Minutes, column: str) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    for signs in minutes:
        if not found or found[-1][1] != signs[column]:
            found.append((signs["minute"], signs[column]))
    return found


FOUND: dict[str, tuple[Generated, str, list[tuple[int, Any]]]] = {
    # an order whose row arrives after its own printed stop has ended already
    "order known after its stop": (history(drugs=[pressor(0, stop=10, delay=20)]), "vasopressors_at_most", [(0, 0)]),
    "order known at its stop": (history(drugs=[pressor(0, stop=20, delay=20)]), "vasopressors_at_most", [(0, 0)]),
    "order known before its stop": (
        history(drugs=[pressor(0, stop=21, delay=20)]),
        "vasopressors",
        [(0, 0), (20, 1), (21, 0)],
    ),
    "order that stops as it starts": (history(drugs=[pressor(0, stop=0)]), "vasopressors_at_most", [(0, 0)]),
    # a stop charted on time is not undone by an older row that arrives late
    "late start older than the stop": (
        history(drugs=[pressor(50, rate=0.0, order_id="a"), pressor(30, order_id="a", delay=70)]),
        "vasopressors_at_most",
        [(0, 0)],
    ),
    "late stop older than the running row": (
        history(drugs=[pressor(0, order_id="a"), pressor(50, order_id="a"), pressor(30, 0.0, order_id="a", delay=70)]),
        "vasopressors",
        [(0, 1), (1490, 0)],
    ),
    # devices
    "device known after its stop": (
        history(supports=[row_support("cpap", 0, stop=10, delay=20)]),
        "oxygen_at_most",
        [(0, 4), (20, 0), (1450, 4)],
    ),
    "device that stops as it starts": (
        history(supports=[row_support("cpap", 0, stop=0)]),
        "oxygen_at_most",
        [(0, 0), (1440, 4)],
    ),
    "stop of a device that was not held any more": (
        history(supports=[row_support("cpap", 0, stop=1500)]),
        "oxygen_at_most",
        [(0, 3), (1440, 4)],
    ),
    "late settings of the device before": (
        history(supports=[row_support("nasal_cannula", 31, flow=2.0), row_support(None, 30, flow=30.0, delay=60)]),
        "oxygen",
        [(0, 0), (31, 1), (1471, 0)],
    ),
    "late settings older than the settings held": (
        history(
            supports=[
                row_support("nasal_cannula", 0, flow=2.0),
                row_support(None, 40, flow=3.0),
                row_support(None, 30, flow=30.0, delay=60),
            ]
        ),
        "oxygen",
        [(0, 1), (1440, 0)],
    ),
    "settings charted after a device that arrives late": (
        history(supports=[row_support("nasal_cannula", 30, flow=2.0, delay=60), row_support(None, 40, flow=30.0)]),
        "oxygen",
        [(0, 0), (90, 2), (1470, 0)],
    ),
    "late device between start and stop of another": (
        history(supports=[row_support("cpap", 0, stop=100), row_support("nasal_cannula", 50, flow=2.0, delay=70)]),
        "oxygen",
        [(0, 3), (100, 0), (120, 1), (1490, 0)],
    ),
    "settings of one minute: the higher flow": (
        history(supports=[row_support("hfnc", 0), row_support(None, 5, flow=30.0), row_support(None, 5, flow=4.0)]),
        "oxygen",
        [(0, 2), (1440, 0)],
    ),
    # attributions: a stay's end drops them, none from outside every stay, the sign counts where two disagree
    "attribution at the end of the stay": (
        history(((-500, 300), (360, None)), assessments=[row_assessment("attribution_oxygen", "no", 10)]),
        "oxygen_at_most",
        [(0, 4), (10, 0), (300, 4)],
    ),
    "attribution from outside every stay": (
        history(((-100, None),), assessments=[row_assessment("attribution_oxygen", "no", -200)]),
        "oxygen_at_most",
        [(0, 4)],
    ),
    "attribution older than the lookback": (
        history(assessments=[row_assessment("attribution_oxygen", "no", -2881)]),
        "oxygen_at_most",
        [(0, 4)],
    ),
    "two attributions of one minute": (
        history(
            assessments=[row_assessment("attribution_oxygen", value, 0) for value in ("yes", "no")],
            supports=[row_support("cpap", 0)],
        ),
        "oxygen",
        [(0, 3), (1440, 0)],
    ),
    # neurology
    "sedation and CAPD": (
        history(age=6.0, assessments=[row_assessment("capd", "9", 0), row_assessment("consciousness", "sedated", 0)]),
        "capd",
        [(0, None)],
    ),
    "no ICE for a child whose neurology has another cause": (
        history(age=6.0, assessments=[row_assessment("attribution_neurotoxicity", "no", 0)]),
        "ice",
        [(0, None)],
    ),
    "a low ICE hides the older one for good": (
        history(assessments=[row_assessment("ice", "10", 0), row_assessment("ice", "5", 100)]),
        "ice",
        [(0, 10), (100, 5), (820, None)],
    ),
    # episode
    "a dose given before onset and known after it waives": (
        history(
            last=100,
            measurements=[row_reading("temperature", 39.0, 10)],
            drugs=[row_drug("acetaminophen", 0, mode="dose", delay=30)],
        ),
        "fever_waived",
        [(0, False), (30, True)],
    ),
    "a fever with another cause is known not to be fever, whatever the thermometer last said": (
        history(
            last=900,
            measurements=[row_reading("temperature", 39.0, 0)],
            supports=[row_support("cpap", 0)],
            assessments=[row_assessment("attribution_fever", "no", 100)],
        ),
        "fever_carried",
        [(0, True)],
    ),
    "oxygen does not carry a fever that has another cause": (
        history(
            last=2500,
            measurements=[row_reading("temperature", 39.0, 0)],
            supports=[row_support("cpap", 0)],
            assessments=[row_assessment("attribution_fever", "no", minute) for minute in (100, 1400)],
        ),
        "fever_carried",
        [(0, True), (1539, False)],
    ),
    # what is proved closes an episode; what is unknown may have kept it open
    "oxygen never charted may keep a waived episode open": (
        history(
            last=4000,
            measurements=[*cool(240, 4000), row_reading("temperature", 39.0, 0)],
            drugs=[row_drug("tocilizumab", 100, mode="dose")],
        ),
        "fever_waived",
        [(0, False), (100, True), (2980, None)],
    ),
    "room air charted lets it close for sure": (
        history(
            last=4000,
            measurements=[*cool(240, 4000), row_reading("temperature", 39.0, 0)],
            drugs=[row_drug("tocilizumab", 100, mode="dose")],
            supports=[row_support("room_air", minute) for minute in range(0, 4000, 1200)],
        ),
        "fever_waived",
        [(0, False), (100, True), (2980, False)],
    ),
    "a fever between two readings far apart may be carried": (
        history(
            last=3000,
            measurements=[row_reading("temperature", 39.0, 0), *cool(1000, 3000)],
            supports=[row_support("room_air", minute) for minute in range(0, 3000, 1200)],
        ),
        "fever_carried",
        [(0, True), (1919, None), (2439, False)],
    ),
    # a vasopressor that waits after an intubation runs, though it is not counted yet
    "a stopped device still outranks a lower one of the same start": (
        history(
            last=200,
            supports=[
                row_support("venturi", 0, stop=10, fio2=0.5),
                row_support("nasal_cannula", 0, flow=2.0, delay=20),
            ],
        ),
        "oxygen",
        [(0, 2), (10, 0)],
    ),
    "a low pressure beside a vasopressor that is held back": (
        history(
            last=300,
            measurements=[row_reading("systolic", 60, 61)],
            supports=[row_support("nasal_cannula", 65, flow=2.0), row_support("ventilator", 112)],
            drugs=[row_drug("epinephrine", 118)],
        ),
        "isolated_low_pressure",
        [(0, False), (61, True), (172, False)],
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_naive(name: str) -> None:
    whole, column, expected = FOUND[name]
    assert changes(naive_minutes(whole), column) == expected


@pytest.mark.parametrize("name", FOUND)
def test_kernel(name: str) -> None:
    whole, column, expected = FOUND[name]
    assert changes(kernel_minutes(whole), column) == expected


# ------------------------------------------------------------------------------------------------ the other scales


def at_rate(drug: str, rate: float | None, start: int = 0, unit: str = "ug/min", **more: Any) -> dict[str, Any]:
    return row_drug(drug, start, rate=rate, unit=unit, **more)


def ne(rate: float | None, start: int = 0, **more: Any) -> dict[str, Any]:
    return at_rate("norepinephrine", rate, start, **more)


def on_drugs(*rows: dict[str, Any], **more: Any) -> Generated:
    return history(drugs=list(rows), **{"last": 1000, **more})


def bolus(minute: int, dose: float | None, unit: str | None = "mL", **more: Any) -> dict[str, Any]:
    return row_drug("sodium_chloride", minute, mode="dose", dose=dose, dose_unit=unit, **more)


def lab(variable: str, value: float, minute: int = 0, **more: Any) -> dict[str, Any]:
    return row_reading(variable, value, minute, **more)


def labs(*rows: dict[str, Any], **more: Any) -> Generated:
    return history(measurements=list(rows), **{"last": 2500, **more})


def charted(*rows: tuple[Any, ...], **more: Any) -> Generated:
    return history(assessments=[row_assessment(*row) for row in rows], **{"last": 2500, **more})


def depleted(start: int, *rows: dict[str, Any]) -> Generated:
    """Creatinine 1.51 at minute 0 after one dose of fludarabine."""
    drugs = [row_drug("fludarabine", start, mode="dose")]
    return history(last=2500, measurements=[*rows, lab("creatinine", 1.51)], drugs=drugs)


HIGH = [(0, False), (180, True)]
LOW = [(0, False)]
CHILD: dict[str, Any] = {"age": 4.0, "weight": 16.0}
WIDE: dict[str, tuple[Generated, str, list[tuple[int, Any]]]] = {
    # high dose: 3 h, judged at the end of each minute; one drug
    "20 ug/min for 3 h": (on_drugs(ne(20.0)), "high_dose_lee", HIGH),
    "stopped in the 180th minute": (on_drugs(ne(20.0, stop=180)), "high_dose_lee", LOW),
    "stopped one minute later": (
        on_drugs(ne(20.0, stop=181)), "high_dose_lee", [(0, False), (180, True), (181, False)],
    ),
    "19.9 ug/min": (on_drugs(ne(19.9)), "high_dose_lee", LOW),
    "a dip of one minute": (
        on_drugs(ne(20.0), ne(19.0, 100), ne(20.0, 101)), "high_dose_lee", [(0, False), (281, True)],
    ),
    "another rate above the edge is no interruption": (on_drugs(ne(20.0), ne(30.0, 100)), "high_dose_lee", HIGH),
    "running since before minute 0": (on_drugs(ne(20.0, -100)), "high_dose_lee", [(0, False), (80, True)]),
    "1.2 mg/h is 20 ug/min": (on_drugs(ne(1.2, unit="mg/h")), "high_dose_lee", HIGH),
    "1.19 mg/h is not": (on_drugs(ne(1.19, unit="mg/h")), "high_dose_lee", LOW),
    "mL/h says nothing": (on_drugs(ne(500.0, unit="mL/h")), "high_dose_lee", LOW),
    "no rate": (on_drugs(ne(None)), "high_dose_lee", LOW),
    "17.5 ug/min at 70 kg: 0.25 ug/kg/min, Penn": (on_drugs(ne(17.5)), "high_dose_penn", HIGH),
    "17.5 ug/min at 70 kg, Lee": (on_drugs(ne(17.5)), "high_dose_lee", LOW),
    "0.2 ug/kg/min at 100 kg, Lee": (on_drugs(ne(0.2, unit="ug/kg/min"), weight=100.0), "high_dose_lee", HIGH),
    "0.2 ug/kg/min at 99 kg, Lee": (on_drugs(ne(0.2, unit="ug/kg/min"), weight=99.0), "high_dose_lee", LOW),
    "0.2 ug/kg/min at 99 kg, Penn": (on_drugs(ne(0.2, unit="ug/kg/min"), weight=99.0), "high_dose_penn", HIGH),
    "nobody weighed the adult": (on_drugs(ne(14.0), weight=None), "high_dose_penn", [(0, None)]),
    "nor does the Lee column know, whatever the unit": (on_drugs(ne(50.0), weight=None), "high_dose_lee", [(0, None)]),
    "two orders of one drug add up": (
        on_drugs(ne(10.0, order_id="a"), ne(10.0, order_id="b")), "high_dose_lee", HIGH,
    ),
    "two rows of one order do not, the higher counts": (on_drugs(ne(10.0), ne(19.0)), "high_dose_lee", LOW),
    "of two rows of one order the higher": (on_drugs(ne(20.0), ne(10.0)), "high_dose_lee", HIGH),
    "0.3 ug/kg/min is more than 19 ug/min": (
        on_drugs(ne(19.0), ne(0.3, unit="ug/kg/min")), "high_dose_lee", HIGH,
    ),
    "epinephrine 10 ug/min": (on_drugs(at_rate("epinephrine", 10.0)), "high_dose_lee", HIGH),
    "epinephrine 7 ug/min is 0.1 ug/kg/min": (on_drugs(at_rate("epinephrine", 7.0)), "high_dose_penn", HIGH),
    "phenylephrine 200 ug/min": (on_drugs(at_rate("phenylephrine", 200.0)), "high_dose_penn", HIGH),
    "phenylephrine 199 ug/min": (on_drugs(at_rate("phenylephrine", 199.0)), "high_dose_penn", LOW),
    "dopamine 10 ug/kg/min": (on_drugs(at_rate("dopamine", 10.0, unit="ug/kg/min")), "high_dose_lee", HIGH),
    "dopamine 10 ug/min": (on_drugs(at_rate("dopamine", 10.0)), "high_dose_lee", LOW),
    "dopamine 700 ug/min at 70 kg": (on_drugs(at_rate("dopamine", 700.0)), "high_dose_lee", HIGH),
    "metaraminol alone": (on_drugs(at_rate("metaraminol", 700.0)), "high_dose_lee", LOW),
    "vasopressin alone": (on_drugs(at_rate("vasopressin", 0.04, unit="U/min")), "high_dose_lee", LOW),
    # several drugs: norepinephrine equivalents, no 60 minutes of overlap
    "a switch of drugs, both high, is no interruption": (
        on_drugs(ne(20.0, stop=100), at_rate("epinephrine", 10.0, 100)), "high_dose_lee", HIGH,
    ),
    "a switch with one free minute": (
        on_drugs(ne(20.0, stop=100), at_rate("epinephrine", 10.0, 101)),
        "high_dose_lee", [(0, False), (281, True)],
    ),
    "with vasopressin 10": (on_drugs(ne(10.0), at_rate("vasopressin", 0.03, unit="U/min")), "high_dose_lee", HIGH),
    "with terlipressin 10": (on_drugs(ne(10.0), at_rate("terlipressin", None)), "high_dose_lee", HIGH),
    "with vasopressin 9.9": (on_drugs(ne(9.9), at_rate("vasopressin", 0.03, unit="U/min")), "high_dose_lee", LOW),
    "two drugs 15 + 4": (on_drugs(ne(15.0), at_rate("epinephrine", 4.0)), "high_dose_lee", LOW),
    "two drugs 15 + 5": (on_drugs(ne(15.0), at_rate("epinephrine", 5.0)), "high_dose_lee", HIGH),
    "phenylephrine enters by a tenth": (on_drugs(ne(15.0), at_rate("phenylephrine", 50.0)), "high_dose_lee", HIGH),
    "the unit trap: dopamine 8 ug/kg/min adds 4, not 280": (
        on_drugs(ne(15.9), at_rate("dopamine", 8.0, unit="ug/kg/min")), "high_dose_lee", LOW,
    ),
    "dopamine 8 ug/kg/min adds 4": (
        on_drugs(ne(16.0), at_rate("dopamine", 8.0, unit="ug/kg/min")), "high_dose_lee", HIGH,
    ),
    "norepinephrine 18 and metaraminol are two drugs": (
        on_drugs(ne(18.0), at_rate("metaraminol", 9.0)), "high_dose_penn", LOW,
    ),
    "norepinephrine 18 alone is high for Penn": (on_drugs(ne(18.0)), "high_dose_penn", HIGH),
    # below 40 kg
    "a child of 16 kg on 0.8 ug/kg/min (12.8 ug/min)": (
        on_drugs(ne(0.8, unit="ug/kg/min"), **CHILD), "high_dose_lee", HIGH,
    ),
    "a child of 16 kg on 3.2 ug/min (0.2 ug/kg/min)": (on_drugs(ne(3.2), **CHILD), "high_dose_lee", HIGH),
    "a child of 16 kg on 3.1 ug/min": (on_drugs(ne(3.1), **CHILD), "high_dose_penn", LOW),
    "40 kg is not below 40 kg": (on_drugs(ne(0.2, unit="ug/kg/min"), weight=40.0), "high_dose_lee", LOW),
    "39.9 kg is": (on_drugs(ne(0.2, unit="ug/kg/min"), weight=39.9), "high_dose_lee", HIGH),
    "a child on phenylephrine 2 ug/kg/min": (
        on_drugs(at_rate("phenylephrine", 2.0, unit="ug/kg/min"), **CHILD), "high_dose_penn", HIGH,
    ),
    "a child, two drugs 0.15 + 0.05": (
        on_drugs(ne(0.15, unit="ug/kg/min"), at_rate("epinephrine", 0.05, unit="ug/kg/min"), **CHILD),
        "high_dose_penn", HIGH,
    ),
    # dopamine 3.2 ug/kg/min is a norepinephrine of 3.2 / 2 / 16 = 0.1 ug/kg/min
    "a child, 0.1 and dopamine 3.2": (
        on_drugs(ne(0.1, unit="ug/kg/min"), at_rate("dopamine", 3.2, unit="ug/kg/min"), **CHILD),
        "high_dose_penn", HIGH,
    ),
    "a child, 0.1 and dopamine 3.1": (
        on_drugs(ne(0.1, unit="ug/kg/min"), at_rate("dopamine", 3.1, unit="ug/kg/min"), **CHILD),
        "high_dose_penn", LOW,
    ),
    "nobody weighed the child": (
        on_drugs(ne(0.2, unit="ug/kg/min"), ne(0.0, 300), age=15.9, weight=None),
        "high_dose_penn", [(0, None), (300, False)],
    ),
    # unknown
    "silent for 24 h": (
        on_drugs(ne(20.0), last=2000), "high_dose_lee", [(0, False), (180, True), (1440, None)],
    ),
    "no drug table": (history(last=300, absent=frozenset({"drugs"})), "high_dose_lee", [(0, None)]),
    "outside the stay": (
        history(((-500, 300), (400, None)), last=1000, drugs=[ne(20.0)]),
        "high_dose_lee", [(0, False), (180, True), (300, None), (400, False)],
    ),
    "a hypotension with another cause": (
        history(last=1000, drugs=[ne(20.0)], assessments=[
            row_assessment("attribution_hypotension", "no", 200), row_assessment("attribution_hypotension", "yes", 300),
        ]),
        "high_dose_lee", [(0, False), (180, True), (200, False), (480, True)],
    ),
    "held back after an intubation": (
        history(last=1000, drugs=[ne(20.0, 130)], supports=[
            row_support("room_air", 0), row_support("ventilator", 100),
        ]),
        "high_dose_lee", [(0, False), (130, None), (160, False), (340, True)],
    ),
    # 24 h on vasopressors: minutes that are over
    "24 h": (on_drugs(ne(1.0), ne(1.0, 1000), last=3000), "pressors_long", [(0, False), (1440, True)]),
    "1439 minutes": (on_drugs(ne(1.0), ne(0.0, 1439), last=3000), "pressors_long", [(0, False)]),
    "1440 minutes, then none": (
        on_drugs(ne(1.0), ne(0.0, 1440), last=3000), "pressors_long", [(0, False), (1440, True)],
    ),
    # 1000 + 440 minutes; the second begins after 1439 free minutes, and in the other case after 1440
    "a pause of 23 h 59": (
        on_drugs(ne(1.0), ne(0.0, 1000), ne(1.0, 2439), last=3500), "pressors_long", [(0, False), (2879, True)],
    ),
    "a pause of 24 h": (
        on_drugs(ne(1.0), ne(0.0, 1000), ne(1.0, 2440), ne(1.0, 3000), last=4000),
        "pressors_long", [(0, False), (3880, True)],
    ),
    "a new count ends the old": (
        on_drugs(ne(1.0), ne(1.0, 1000), ne(0.0, 1500), ne(1.0, 2940), ne(0.0, 3000), last=4000),
        "pressors_long", [(0, False), (1440, True), (2940, False)],
    ),
    "a switch counts on": (
        on_drugs(ne(1.0, stop=700), at_rate("vasopressin", 0.03, 700, unit="U/min"), last=2000),
        "pressors_long", [(0, False), (1440, True)],
    ),
    "two drugs at once are one minute a minute": (
        on_drugs(ne(1.0, stop=900), at_rate("epinephrine", 1.0, stop=900), last=2000), "pressors_long", [(0, False)],
    ),
    "minutes before minute 0": (on_drugs(ne(1.0, -1000), last=1000), "pressors_long", [(0, False), (440, True)]),
    "an end of the stay starts anew": (
        history(((-500, 1000), (1001, None)), last=3000, drugs=[ne(1.0), ne(1.0, 1001), ne(1.0, 2000)]),
        "pressors_long", [(0, False), (1000, None), (1001, False), (2441, True)],
    ),
    "a pause of twenty minutes": (
        on_drugs(ne(1.0, 100), ne(0.0, 200), ne(1.0, 220), ne(0.0, 1600), last=2500),
        "pressors_long", [(0, False), (1560, True)],
    ),
    # the row arrives silent: it may run from minute 100 on
    "an order that may run after 24 h": (
        on_drugs(ne(1.0, -1500, delay=1600), last=3000), "pressors_long", [(0, False), (1540, None)],
    ),
    # fluids
    "250 mL": (on_drugs(bolus(10, 250.0), last=2000), "fluids", [(0, 0), (10, 1), (1450, 0)]),
    "249.9 mL": (on_drugs(bolus(10, 249.9)), "fluids_at_most", [(0, 0)]),
    "160 mL for 16 kg": (on_drugs(bolus(10, 160.0), **CHILD), "fluids", [(0, 0), (10, 1)]),
    "159.9 mL for 16 kg": (on_drugs(bolus(10, 159.9), **CHILD), "fluids", [(0, 0)]),
    "249 mL for a child nobody weighed": (on_drugs(bolus(10, 249.0), age=4.0, weight=None), "fluids", [(0, 0)]),
    "three boluses are two": (
        on_drugs(bolus(10, 500.0), bolus(20, 500.0), bolus(20, 500.0)), "fluids", [(0, 0), (10, 1), (20, 2)],
    ),
    "no amount": (on_drugs(bolus(10, None), last=2000), "fluids_at_most", [(0, 0), (10, 1), (1450, 0)]),
    "no amount proves none": (on_drugs(bolus(10, None)), "fluids", [(0, 0)]),
    "another unit": (on_drugs(bolus(10, 1.0, "g"), bolus(10, 500.0)), "fluids_at_most", [(0, 0), (10, 2)]),
    "known late": (on_drugs(bolus(10, 500.0, delay=60), last=2000), "fluids", [(0, 0), (70, 1), (1450, 0)]),
    "a drip is no bolus": (
        on_drugs(row_drug("sodium_chloride", 10, rate=500.0, unit="mL/h")), "fluids_at_most", [(0, 0)],
    ),
    "a bolus on some day": (on_drugs(bolus(10, 500.0, precision="day")), "fluids_at_most", [(0, 0), (10, 2)]),
    "a bolus on some day proves none": (on_drugs(bolus(10, 500.0, precision="day")), "fluids", [(0, 0)]),
    "and says nothing of other drugs": (
        on_drugs(bolus(10, 500.0, precision="day")), "vasopressors_all_at_most", [(0, 0)],
    ),
    "plasma on some day": (
        on_drugs(row_drug("plasma", 10, mode="dose", precision="day")), "coagulation_product", [(0, False), (10, None)],
    ),
    "the stay ends": (
        history(((-500, 100), (200, None)), last=500, drugs=[bolus(10, 500.0)]),
        "fluids_at_most", [(0, 0), (10, 1), (100, 2), (200, 0)],
    ),
    # products
    "plasma for 24 h": (
        on_drugs(row_drug("plasma", 10, mode="dose"), last=2000),
        "coagulation_product", [(0, False), (10, True), (1450, False)],
    ),
    "fibrinogen at rate 0": (
        on_drugs(row_drug("fibrinogen_concentrate", 10, rate=0.0, unit="mL/h")), "coagulation_product", [(0, False)],
    ),
    "cryoprecipitate known late, two days after": (
        on_drugs(row_drug("cryoprecipitate", -1400, mode="dose", delay=1500)), "coagulation_product", [(0, False)],
    ),
    "plasma, no drug table": (history(last=100, absent=frozenset({"drugs"})), "coagulation_product", [(0, None)]),
    "plasma for another reason": (
        history(last=300, drugs=[row_drug("plasma", 10, mode="dose")],
                assessments=[row_assessment("attribution_organ", "no", 20)]),
        "coagulation_product", [(0, False), (10, True), (20, False)],
    ),
    # laboratory: baseline, lateness, ties
    "creatinine 1.8 is 1.5 x 1.2": (labs(lab("creatinine", 1.8)), "creatinine_grade", [(0, 1), (2160, 0)]),
    "creatinine 1.81": (labs(lab("creatinine", 1.81)), "creatinine_grade", [(0, 2), (2160, 0)]),
    "creatinine expired": (labs(lab("creatinine", 1.81)), "creatinine_grade_at_most", [(0, 2), (2160, 4)]),
    "creatinine 7.21": (labs(lab("creatinine", 7.21)), "creatinine_grade", [(0, 4), (2160, 0)]),
    "a rise within the limit is no grade 1": (
        labs(lab("creatinine", 0.8, -3000), lab("creatinine", 1.2)), "creatinine_grade", [(0, 0)],
    ),
    "a rise by half within the limit is grade 2": (
        labs(lab("creatinine", 0.79, -3000), lab("creatinine", 1.2)), "creatinine_grade", [(0, 2), (2160, 0)],
    ),
    "a rise to three times the baseline": (
        labs(lab("creatinine", 0.5, -3000), lab("creatinine", 1.51)), "creatinine_grade", [(0, 3), (2160, 0)],
    ),
    "baseline known too late": (
        labs(lab("creatinine", 0.5, -3000, delay=3000), lab("creatinine", 1.51, 1)), "creatinine_grade",
        [(0, 0), (1, 1), (2161, 0)],
    ),
    "the lower of two baselines": (
        labs(lab("creatinine", 1.0, -3000), lab("creatinine", 0.5, -3000), lab("creatinine", 1.51)),
        "creatinine_grade", [(0, 3), (2160, 0)],
    ),
    "baseline before lymphodepletion, not the last one": (
        history(last=2500, measurements=[
            lab("creatinine", 0.5, -10000), lab("creatinine", 1.0, -3000), lab("creatinine", 1.51),
        ], drugs=[row_drug("fludarabine", -7200, mode="dose"), row_drug("cyclophosphamide", -5000, mode="dose")]),
        "creatinine_grade", [(0, 3), (2160, 0)],
    ),
    "a reading known late and older than the one held": (
        labs(lab("creatinine", 1.3, 10), lab("creatinine", 7.3, 5, delay=20)), "creatinine_grade",
        [(0, 0), (10, 1), (2170, 0)],
    ),
    "two of one minute: the worse": (
        labs(lab("creatinine", 1.3), lab("creatinine", 2.4), lab("creatinine", 1.2)), "creatinine_grade",
        [(0, 2), (2160, 0)],
    ),
    # 30 days and 14 days, both included; a rise from 0.5 to 1.51 is grade 3, from nothing known grade 1
    "a reading of 30 days before": (
        labs(lab("creatinine", 0.5, -43200), lab("creatinine", 1.51)),
        "creatinine_grade",
        [(0, 3), (2160, 0)],
    ),
    "a reading older than that": (
        labs(lab("creatinine", 0.5, -43201), lab("creatinine", 1.51)),
        "creatinine_grade",
        [(0, 1), (2160, 0)],
    ),
    "a reading of that day only": (
        labs(lab("creatinine", 0.5, -3000, precision="day"), lab("creatinine", 1.51)),
        "creatinine_grade",
        [(0, 1), (2160, 0)],
    ),
    "lymphodepletion 14 days before": (
        depleted(-20160, lab("creatinine", 0.5, -20161), lab("creatinine", 1.2, -3000)),
        "creatinine_grade",
        [(0, 3), (2160, 0)],
    ),
    "lymphodepletion before that": (
        depleted(-20161, lab("creatinine", 0.5, -20162), lab("creatinine", 1.2, -3000)),
        "creatinine_grade",
        [(0, 1), (2160, 0)],
    ),
    "a reading in the minute of the lymphodepletion": (
        depleted(-7200, lab("creatinine", 0.5, -7200), lab("creatinine", 1.2, -3000)),
        "creatinine_grade",
        [(0, 1), (2160, 0)],
    ),
    "no reading before the lymphodepletion": (
        depleted(-7200, lab("creatinine", 0.5, -7199)),
        "creatinine_grade",
        [(0, 3), (2160, 0)],
    ),
    "fibrinogen 1.99": (labs(lab("fibrinogen", 1.99)), "organ_grade", [(0, 1), (2160, 0)]),
    "fibrinogen 2.0": (labs(lab("fibrinogen", 2.0)), "organ_grade", [(0, 0)]),
    "the higher of two fibrinogens is the baseline": (
        labs(lab("fibrinogen", 3.0, -3000), lab("fibrinogen", 5.9, -3000), lab("fibrinogen", 2.95)),
        "organ_grade",
        [(0, 3), (2160, 0)],
    ),
    "liver enzymes do not look at the baseline": (
        labs(lab("ast", 120.0, -3000), lab("ast", 120.0)),
        "transaminase_grade",
        [(0, 1), (2160, 0)],
    ),
    "dialysis": (charted(("dialysis", "yes", 10)), "creatinine_grade", [(0, 0), (10, 4), (2170, 0)]),
    "no dialysis says nothing": (charted(("dialysis", "no", 10)), "creatinine_grade_at_most", [(0, 4)]),
    "a charted grade after dialysis": (
        charted(("dialysis", "yes", 10), ("ctcae_creatinine", "2", 20)), "creatinine_grade",
        [(0, 0), (10, 4), (20, 2), (2180, 0)],
    ),
    "AST alone": (labs(lab("ast", 121.0)), "transaminase_grade_at_most", [(0, 4)]),
    "AST and ALT": (
        labs(lab("ast", 121.0), lab("alt", 201.0)), "transaminase_grade_at_most", [(0, 3), (2160, 4)],
    ),
    "ALT 800": (labs(lab("ast", 20.0), lab("alt", 800.0)), "transaminase_grade", [(0, 3), (2160, 0)]),
    "a charted grade covers both": (
        charted(("ctcae_transaminase", "2", 0)), "transaminase_grade_at_most", [(0, 2), (2160, 4)],
    ),
    "creatinine and bilirubin": (
        labs(lab("creatinine", 1.0), lab("bilirubin", 1.3)), "organ_grade_at_most", [(0, 4)],
    ),
    "creatinine, bilirubin and fibrinogen": (
        labs(lab("creatinine", 1.0), lab("bilirubin", 1.3), lab("fibrinogen", 3.0)),
        "organ_grade_at_most", [(0, 1), (2160, 4)],
    ),
    "creatinine without bilirubin": (labs(lab("creatinine", 1.0)), "organ_grade_at_most", [(0, 4)]),
    "bilirubin 12.1 alone": (labs(lab("bilirubin", 12.1)), "organ_grade", [(0, 4), (2160, 0)]),
    "fibrinogen 1.49": (labs(lab("fibrinogen", 1.49)), "organ_grade", [(0, 2), (2160, 0)]),
    "fibrinogen 1.5": (labs(lab("fibrinogen", 1.5)), "organ_grade", [(0, 1), (2160, 0)]),
    "fibrinogen 3 from 4 is a fall by a quarter": (
        labs(lab("fibrinogen", 4.0, -3000), lab("fibrinogen", 3.0)), "organ_grade", [(0, 2), (2160, 0)],
    ),
    "fibrinogen 0.49": (labs(lab("fibrinogen", 0.49)), "organ_grade", [(0, 4), (2160, 0)]),
    "organs with another cause": (
        charted(("ctcae_organ", "4", 0), ("attribution_organ", "no", 50)), "organ_grade_at_most", [(0, 4), (50, 0)],
    ),
    "organ grade proved, then not": (
        charted(("ctcae_organ", "4", 0), ("attribution_organ", "no", 50)), "organ_grade", [(0, 4), (50, 0)],
    ),
    # care and neurology
    "parenteral nutrition": (
        charted(("crs_care", "iv_therapy", 10)), "iv_therapy", [(0, None), (10, True), (1450, None)],
    ),
    "two of one minute: iv_therapy": (
        charted(("crs_care", "iv_therapy", 10), ("crs_care", "none", 10), ("crs_care", "none", 20)),
        "iv_therapy", [(0, None), (10, True), (20, False), (1460, None)],
    ),
    "CARTOX-10 of 10 for 24 h": (charted(("cartox10", "10", 0)), "cartox10", [(0, 10), (1440, None)]),
    "CARTOX-10 of 9 for 12 h": (charted(("cartox10", "9", 0)), "cartox10", [(0, 9), (720, None)]),
    "CARTOX-10, the lower of two": (
        charted(("cartox10", "9", 0), ("cartox10", "6", 0)), "cartox10", [(0, 6), (720, None)],
    ),
    "CARTOX-10 and sedation": (
        charted(("cartox10", "10", 0), ("consciousness", "sedated", 5)), "cartox10", [(0, 10), (5, None)],
    ),
    "CARTOX-10 below 12 years": (charted(("cartox10", "9", 0), age=11.9), "cartox10", [(0, None)]),
    "CARTOX-10, another cause": (
        charted(("cartox10", "6", 0), ("attribution_neurotoxicity", "no", 5)), "cartox10", [(0, 6), (5, 10)],
    ),
    "papilloedema": (
        charted(("papilloedema", "high", 0), ("papilloedema", "low", 0), ("papilloedema", "none", 9)),
        "papilloedema", [(0, "high"), (9, "none"), (1449, None)],
    ),
    "papilloedema, another cause": (
        charted(("attribution_neurotoxicity", "no", 5)), "papilloedema", [(0, None), (5, "none")],
    ),
    "the first weeks": (history(last=30300), "first_weeks", [(0, True), (30240, False)]),
}  # fmt: skip


@pytest.mark.parametrize("name", WIDE)
def test_wide_naive(name: str) -> None:
    whole, column, expected = WIDE[name]
    assert changes(wide_naive_minutes(whole), column) == expected


@pytest.mark.parametrize("name", WIDE)
def test_wide_kernel(name: str) -> None:
    whole, column, expected = WIDE[name]
    assert changes(wide_kernel_minutes(whole), column) == expected


UNKNOWN_BASELINE: dict[str, tuple[Generated, str, int]] = {
    "creatinine 1.0 may be three times the baseline": (labs(lab("creatinine", 1.0)), "creatinine_grade_at_most", 3),
    "creatinine 1.0 proves nothing": (labs(lab("creatinine", 1.0)), "creatinine_grade", 0),
    "creatinine 1.9": (labs(lab("creatinine", 1.9)), "creatinine_grade", 2),
    "creatinine 7.3 needs no baseline": (labs(lab("creatinine", 7.3)), "creatinine_grade_at_most", 4),
    "fibrinogen 3 may be a quarter of the baseline": (
        labs(lab("fibrinogen", 3.0), lab("bilirubin", 1.0), lab("creatinine", 1.0)),
        "organ_grade_at_most",
        4,
    ),
    "without fibrinogen": (labs(lab("bilirubin", 1.0), lab("creatinine", 1.0)), "organ_grade_at_most", 4),
}


@pytest.mark.parametrize("minutes_of", [wide_naive_minutes, wide_kernel_minutes])
@pytest.mark.parametrize("name", UNKNOWN_BASELINE)
def test_unknown_baseline(name: str, minutes_of: Any) -> None:
    whole, column, expected = UNKNOWN_BASELINE[name]
    assert minutes_of(whole, baseline_missing="unknown")[0][column] == expected
