"""How easily a two-arm result turns: an unrecorded confounder, a few other outcomes, the outcomes that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tocsin.effects.e_value import e_value_two_arms
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.fragility import Fragility, fragility
from tocsin.effects.proportions import risk_ratio
from tocsin.effects.tipping import tipping_grid
from tocsin.study.ledger import Effects, versus

ALPHA = 0.05
MANY, MOST_OF_MANY = 200, 25  # above so many courses at most so many are changed: exact tests take long there
Counts = dict[str, tuple[int, int]]
MOVES = {"add": "more", "remove": "fewer"}


def turning(effects: Effects, outcome: str, counts: Counts, pairs: Sequence[tuple[str, str]]) -> None:
    """Risk ratio, its E-values and the fragility index of every two arms; `counts`: arm to (events, courses).

    None of these rows carries a P of its own: Fisher's stands beside the risk difference.
    """
    for pair in pairs:
        (a, m), (b, n), contrast = counts[pair[0]], counts[pair[1]], versus(pair)
        effects.add(outcome, contrast, risk_ratio(a, m, b, n, level=effects.level), p=None)
        for row in e_value_two_arms(a, m, b, n, level=effects.level):
            effects.add(outcome, contrast, row)
        found = fragility(a, m, b, n, alpha=ALPHA, most=MOST_OF_MANY if m + n > MANY else MANY)
        effects.add(outcome, contrast, _index(found, pair), p=None)


def _index(found: Fragility, pair: tuple[str, str]) -> Estimate:
    """The index, with the arm and the direction of the shortest ways in words."""
    row = found.index
    if row.estimate is None:
        return row
    began = found.paths[0][0].significant
    ways = [
        f"shortest way: {MOVES[path[-1].move]} events in {pair[path[-1].arm == 'b']}"
        for path in found.paths
        if next((step.moved for step in path if step.significant != began), None) == row.estimate
    ]
    goal = f"until P is {ALPHA:g} or more" if began else f"until P is below {ALPHA:g}"
    return replace(row, note="; ".join((f"courses of one arm with the other outcome {goal}", *ways)))


def tipping(
    effects: Effects, outcome: str, counts: Counts, missing: dict[str, int], pairs: Sequence[tuple[str, str]]
) -> None:
    """The risk difference among courses with an outcome, what the missing can make of it, and how many ways turn it.

    `counts`: arm to (events, courses with an outcome); `missing`: arm to courses without one.
    """
    for pair in pairs:
        (a, m), (b, n), contrast = counts[pair[0]], counts[pair[1]], versus(pair)
        lost = missing[pair[0]], missing[pair[1]]
        grid = tipping_grid(a, m, lost[0], b, n, lost[1], level=effects.level)
        if not sum(lost) or not grid.observed.estimable:
            why = "an arm has no assessed course" if not (m and n) else "every outcome is known"
            row = not_estimable("tipping point", why, n=m + n, events=a + b, method="filling in", level=None)
            effects.add(outcome, contrast, row)
            continue
        filled = f"missing filled in: {lost[0]} {pair[0]}, {lost[1]} {pair[1]}"
        effects.add(outcome, contrast, grid.observed, "risk difference, assessed only")
        for row, end in ((grid.lowest, "lowest"), (grid.highest, "highest")):
            effects.add(outcome, contrast, replace(row, note=filled), f"risk difference, {end} possible", p=None)
        effects.add(outcome, contrast, _turned(grid.turned, len(grid.cells), sum(lost) + m + n, a + b), note=filled)


def _turned(turned: int, ways: int, n: int, events: int) -> Estimate:
    note = f"of {ways} ways; it turns where the interval no longer excludes 0, or begins to"
    return Estimate("ways that turn the result", turned, None, None, None, "filling in, every way", n, events, note)
