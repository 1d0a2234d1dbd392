"""How easily a two-arm result turns: an unrecorded confounder, a few other outcomes, the outcomes that are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tocsin.effects.e_value import confounder_grid, e_value_two_arms, observed_strength
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.fragility import Fragility, fragility
from tocsin.effects.proportions import risk_ratio
from tocsin.effects.tipping import TippingGrid, tipping_grid
from tocsin.report.turning import ALPHA
from tocsin.study.ledger import Effects, versus

Counts = dict[str, tuple[int, int]]
Covariates = Mapping[str, Mapping[str, float]]  # name, course, 1 or 0; a course without a value is not in it
MOVES = {"add": "more", "remove": "fewer"}


def turning(
    effects: Effects, outcome: str, counts: Counts, pairs: Sequence[tuple[str, str]],
    events: Mapping[str, int] | None = None,
) -> None:  # fmt: skip
    """Risk ratio, its E-values and the fragility index of every two arms; `counts`: arm to (events, courses).

    None of these rows carries a P of its own: Fisher's stands beside the risk difference. Each step on the way, and
    every confounder of the grid, is a row of `turning`. `events` (course to 1 or 0) is kept for `observed`.
    """
    effects.events[outcome] = dict(events or {})
    for pair in pairs:
        (a, m), (b, n), contrast = counts[pair[0]], counts[pair[1]], versus(pair)
        ratio = risk_ratio(a, m, b, n, level=effects.level)
        effects.add(outcome, contrast, ratio, p=None)
        for row in e_value_two_arms(a, m, b, n, level=effects.level):
            effects.add(outcome, contrast, row)
        found = fragility(a, m, b, n, alpha=ALPHA)
        effects.add(outcome, contrast, _index(found, pair), p=None)
        base = {"outcome": outcome, "contrast": contrast, "expected": False, "note": ""}
        effects.steps += [{**base, **step} for step in (*_paths(found, pair), *_confounders(ratio, effects.level))]


def _paths(found: Fragility, pair: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        {"kind": "fragility", "arm": pair[step.arm == "b"], "move": MOVES[step.move], "x": step.moved,
         "first_events": step.a, "second_events": step.b, "p": step.p,
         "turns": "no" if step.significant == path[0].significant else "yes"}
        for path in found.paths
        for step in path
    ]  # fmt: skip


def _confounders(ratio: Estimate, level: float) -> list[dict[str, Any]]:
    """The grid of confounders of a ratio that has limits; a limit that holds 1 already is not turned."""
    if ratio.estimate is None or ratio.low is None or ratio.high is None or ratio.estimate == 1:
        return []
    held = {"no": "no", "interval": "no" if ratio.low <= 1 <= ratio.high else "interval", "estimate": "yes"}
    cells = confounder_grid(ratio.estimate, ratio.low, ratio.high, level=level, n=ratio.n, events=ratio.events)
    return [
        {"kind": "confounder", "x": cell.with_arm, "y": cell.with_outcome, "estimate": cell.row.estimate,
         "low": cell.row.low, "high": cell.row.high, "turns": held[cell.explained]}
        for cell in cells
    ]  # fmt: skip


def observed(
    effects: Effects, members: Mapping[str, Sequence[str]], pairs: Sequence[tuple[str, str]], covariates: Covariates
) -> None:
    """E-values of what was recorded at baseline, beside those of every outcome `turning` saw the courses of.

    Nothing to compare where the result has no risk ratio; courses without an outcome are left out.
    """
    for outcome, events in effects.events.items():
        _observed(effects, outcome, events, members, pairs, covariates)


def _observed(
    effects: Effects, outcome: str, events: Mapping[str, int], members: Mapping[str, Sequence[str]],
    pairs: Sequence[tuple[str, str]], covariates: Covariates,
) -> None:  # fmt: skip
    for pair in pairs:
        known = [[course for course in members[arm] if course in events] for arm in pair]
        (a, m), (b, n) = ((sum(events[course] for course in mine), len(mine)) for mine in known)
        if risk_ratio(a, m, b, n).estimate is None:
            continue
        courses = [*known[0], *known[1]]
        arm, died = [1] * m + [0] * n, [events[course] for course in courses]
        for name, values in covariates.items():
            found = observed_strength([values.get(course, np.nan) for course in courses], arm, died)
            why = [found.e_value.note, f"{found.missing} without a value" if found.missing else ""]
            effects.steps.append(
                {"outcome": outcome, "contrast": versus(pair), "kind": "covariate", "covariate": name,
                 "x": found.with_arm, "y": found.with_outcome, "estimate": found.e_value.estimate, "expected": False,
                 "note": "; ".join(part for part in why if part)}
            )  # fmt: skip


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
        effects.steps += [
            {"outcome": outcome, "contrast": contrast, "note": "", **step} for step in _filled(grid, a, b)
        ]
        filled = f"missing filled in: {lost[0]} {pair[0]}, {lost[1]} {pair[1]}"
        effects.add(outcome, contrast, grid.observed, "risk difference, assessed only")
        for row, end in ((grid.lowest, "lowest"), (grid.highest, "highest")):
            effects.add(outcome, contrast, replace(row, note=filled), f"risk difference, {end} possible", p=None)
        effects.add(outcome, contrast, _turned(grid.turned, len(grid.cells), sum(lost) + m + n, a + b), note=filled)


def _filled(grid: TippingGrid, a: int, b: int) -> list[dict[str, Any]]:
    return [
        {"kind": "missing", "x": cell.filled_a, "y": cell.filled_b, "first_events": a + cell.filled_a,
         "second_events": b + cell.filled_b, "estimate": cell.row.estimate, "low": cell.row.low,
         "high": cell.row.high, "turns": "yes" if cell.turned else "no", "expected": cell == grid.expected}
        for cell in grid.cells
    ]  # fmt: skip


def _turned(turned: int, ways: int, n: int, events: int) -> Estimate:
    note = f"of {ways} ways; it turns where the interval no longer excludes 0, or begins to"
    return Estimate("ways that turn the result", turned, None, None, None, "filling in, every way", n, events, note)
