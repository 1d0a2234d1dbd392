"""The two guards of every sign and grade, as functions that return what is wrong (nothing = the property holds).

`answer` takes a generated history of one course to minutes (a list of dicts from minute 0 on). The tests hand in the
product's answer; the sabotage tests hand in wrong answers and demand that the guard sees them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from generators import Generated, cut_at, shuffled
from minutes import COMPARED, Minutes, differences, expand
from tocsin.grades import ASTCT_CRS, ASTCT_ICANS, FINAL, SCALES
from tocsin.signs import WIDE, Parameters, situations

Answer = Callable[[Generated], Minutes]
GRADES = ("astct_crs", "astct_crs_at_most", "astct_icans", "astct_icans_at_most")
ALL_COLUMNS = (*COMPARED, *GRADES)
BEDSIDE = tuple(scale for scale in SCALES.values() if scale.name not in FINAL)
EVERY_COLUMN = (*COMPARED, *sorted(WIDE), *(f"{s.name}{end}" for s in BEDSIDE for end in ("", "_at_most")))


def graded_minutes(whole: Generated, parameters: Parameters | None = None) -> Minutes:
    """The product's answer: signs and both grades of the only course."""
    runs = situations(whole.records(), whole.course_frame(), parameters or Parameters())
    for scale in (ASTCT_CRS, ASTCT_ICANS):
        runs = scale.grade(runs).rename({"grade": scale.name, "grade_at_most": f"{scale.name}_at_most"})
    return expand(runs, whole.courses[0]["course_id"], whole.last_minute)


def graded_on_every_scale(whole: Generated) -> Minutes:
    """The product's answer on every scale that may be used at the bedside."""
    runs = situations(whole.records(), whole.course_frame(), Parameters(), wide=True)
    for scale in BEDSIDE:
        runs = scale.grade(runs).rename({"grade": scale.name, "grade_at_most": f"{scale.name}_at_most"})
    return expand(runs, whole.courses[0]["course_id"], whole.last_minute)


def peeks(answer: Answer, whole: Generated, cuts: list[int], columns: tuple[str, ...] = ALL_COLUMNS) -> list[str]:
    """Where the answer on a history cut at a minute is not the first part of the answer on the full history."""
    full = answer(whole)
    found = []
    for cut in cuts:
        part = answer(cut_at(whole, cut))
        found += [f"cut at {cut}: {words}" for words in differences(part, full[: cut + 1], columns)]
    return found


def follows_row_order(answer: Answer, whole: Generated, seed: int, columns: tuple[str, ...] = ALL_COLUMNS) -> list[str]:
    """Where the answer changes when the rows of every table come in another order."""
    return differences(answer(whole), answer(shuffled(whole, seed)), columns)


def batch_is_not_step(
    batch: Callable[[Generated], list[Any]], step: Callable[[Generated, int], list[Any]], whole: Generated, seed: int
) -> list[str]:
    """Where feeding the events one at a time, in an order of arrival drawn by `seed`, ends elsewhere than the batch."""
    one, other = batch(whole), step(whole, seed)
    if len(one) != len(other):
        return [f"{len(one)} changes in the batch, {len(other)} step by step"]
    return [f"batch {left}, step {right}" for left, right in zip(one, other, strict=True) if left != right]
