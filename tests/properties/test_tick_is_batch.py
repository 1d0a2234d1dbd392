"""The tick driver (simulate's) over the example's patients says at every tick what the cohort driver says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tocsin.records import courses, read
from tocsin.signs import Parameters, events, kernel, run, state
from tocsin.signs.course import acts_of
from tocsin.signs.run import unpack

EXAMPLE = Path(__file__).parents[2] / "examples" / "zhou2023"


def ticks(built: events.Events, minutes: list[int]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Situation and wide situation of every patient at each minute in which anybody has an event."""
    n = len(built.courses)
    per_course = [acts_of(built, k) for k in range(n)]
    who = np.concatenate([np.full(len(acts), k) for k, acts in enumerate(per_course)])
    acts = np.concatenate(per_course)
    slots, orders = np.zeros((n, state.SLOTS), state.SLOT), np.zeros((n, state.ORDERS), state.ORDER)
    since, before = np.zeros((n, 2 * state.PRESSORS), np.int32), np.full(n, state.LONG_AGO, np.int32)
    now = built.courses.copy()
    for k in range(n):
        state.begin(slots[k].view(np.recarray), orders[k].view(np.recarray), since[k], now.view(np.recarray)[k])
    out, more, found = np.zeros(n, np.int64), np.zeros(n, np.int64), {}
    one = kernel.tick()
    for minute in minutes:
        here = acts["minute"] == minute
        one(slots, orders, since, now, built.rules, minute, who[here], acts[here], before, out, more)
        found[minute] = out.copy(), more.copy()
    return found


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("options", [{}, {"confirm_hypotension": True, "oxygen_uncharted": "none_if_spo2_at_least_92"}])
def test_tick_is_batch(options, wide):
    records = read(EXAMPLE)
    of, _ = courses(records, "infusion")
    of = of.sort("patient_id", "course_id")
    parameters = Parameters.of(options)
    runs = run(records, of, parameters, wide=wide).situations
    built = events.build(records, of, parameters, wide)
    charted = {int(m) for k in range(of.height) for m in acts_of(built, k)["minute"]}
    minutes = sorted(m for m in charted | {0, 777, 5000} if m < 6000)
    found = ticks(built, minutes)
    assert len(minutes) > 1000
    for k, course_id in enumerate(of.get_column("course_id")):
        mine = runs.filter(pl.col("course_id") == course_id)
        edges, expected = mine.get_column("from").to_numpy(), mine.drop("course_id", "from", "to").rows()
        inside = [m for m in minutes if m >= 0]
        what, more = (pl.Series([int(found[m][word][k]) for m in inside], dtype=pl.Int64) for word in (0, 1))
        rows = pl.DataFrame(unpack(what, more if wide else None)).rows()
        for minute, row in zip(inside, rows, strict=True):
            assert row == expected[np.searchsorted(edges, minute, side="right") - 1], (course_id, minute)
