"""Batch is step: the event driver, fed one event at a time in any order of arrival, ends where the kernel ends."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators import Generated, courses, generated, row_course, row_patient, row_reading, row_stay, wide_courses
from properties.history import batch_is_not_step
from tocsin.signs import Parameters, situations
from tocsin.signs import events as signs_events
from tocsin.signs.course import Course, acts_of
from tocsin.signs.run import unpack

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def batch(whole: Generated, wide: bool = False) -> list[Any]:
    """(minute, signs) wherever the situation changes, by the cohort kernel."""
    runs = situations(whole.records(), whole.course_frame(), Parameters(), wide)
    signs = runs.drop("course_id", "from", "to").rows()
    return list(zip(runs.get_column("from").to_list(), signs, strict=True))


def in_order(whole: Generated, seed: int, course: type[Course] = Course, wide: bool = False) -> list[Any]:
    """The same by the event driver; the events arrive shuffled by `seed`."""
    built = signs_events.build(whole.records(), whole.course_frame(), Parameters(), wide)
    acts = list(acts_of(built, 0))
    random.Random(seed).shuffle(acts)
    driver = course(built.courses[0], built.rules.view(np.recarray)[0])
    for act in acts:
        driver.take(act)
    changes = driver.runs()
    minutes, what, more = (pl.Series([change[k] for change in changes], dtype=pl.Int64) for k in range(3))
    signs = pl.DataFrame(unpack(what, more if wide else None)).rows()
    return list(zip(minutes.to_list(), signs, strict=True))


@settings(SLOW, max_examples=100)
@given(courses(), st.integers(0, 999))
def test_event_driver(whole: Generated, seed: int) -> None:
    assert batch_is_not_step(batch, in_order, whole, seed) == []


@settings(SLOW, max_examples=100)
@given(wide_courses(), st.integers(0, 999))
def test_event_driver_of_the_wide_situation(whole: Generated, seed: int) -> None:
    def both(one: Generated, of: int) -> list[Any]:
        return in_order(one, of, wide=True)

    assert batch_is_not_step(lambda one: batch(one, wide=True), both, whole, seed) == []


# ------------------------------------------------------------------------------------------------------- sabotage


class ArrivalIsOrder(Course):
    """Wrong: events are taken in the order in which they arrive; a late one is patched in at the end."""

    def take(self, act: Any) -> None:
        self.acts.append(act)
        self._advance(act)


def test_arrival_taken_for_order_is_seen() -> None:
    whole = generated(
        {
            "patients": [row_patient()],
            "stays": [row_stay(-1000, None)],
            "measurements": [row_reading("temperature", value, minute) for minute, value in ((0, 37.0), (60, 39.0))],
        },
        [row_course()],
        600,
    )
    seeds = range(6)
    assert [batch_is_not_step(batch, in_order, whole, seed) for seed in seeds] == [[]] * len(seeds)
    assert any(batch_is_not_step(batch, lambda one, s: in_order(one, s, ArrivalIsOrder), whole, seed) for seed in seeds)
