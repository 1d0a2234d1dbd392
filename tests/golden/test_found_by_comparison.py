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
from minutes import Minutes, kernel_minutes, naive_minutes

Stays = tuple[tuple[int, int | None], ...]


def history(
    stays: Stays = ((-5000, None),), age: float | None = 40.0, last: int = 2000, **rows: list[Any]
) -> Generated:
    tables = {"patients": [row_patient()], "stays": [row_stay(*stay) for stay in stays], **rows}
    return generated(tables, [row_course(age)], last)


def pressor(start: int, rate: float | None = 0.1, **more: Any) -> dict[str, Any]:
    return row_drug("norepinephrine", start, rate=rate, **more)


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
}


@pytest.mark.parametrize("name", FOUND)
def test_naive(name: str) -> None:
    whole, column, expected = FOUND[name]
    assert changes(naive_minutes(whole), column) == expected


@pytest.mark.parametrize("name", FOUND)
def test_kernel(name: str) -> None:
    whole, column, expected = FOUND[name]
    assert changes(kernel_minutes(whole), column) == expected
