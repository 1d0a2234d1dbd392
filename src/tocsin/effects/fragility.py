"""How few patients with another outcome would turn the conclusion round."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import check_share, count
from tocsin.effects.proportions import fisher_p

MOST_MOVED = 200
Arm = Literal["a", "b"]
Move = Literal["add", "remove"]


@dataclass(frozen=True, slots=True)
class FragilityStep:
    """One table on a path: ``moved`` patients of ``arm`` got the other outcome; ``a`` and ``b`` are the events then."""

    arm: Arm
    move: Move
    moved: int
    a: int
    b: int
    p: float
    significant: bool


@dataclass(frozen=True, slots=True)
class Fragility:
    """The shortest way to the other conclusion, and all four ways there are when one arm is changed one way.

    ``index`` holds the number of patients (``None``: no path gets there), ``quotient`` that number over all patients.
    ``walsh`` is the number on Walsh's own path, events added to the arm with fewer of them, where the result was
    significant. A path begins with the table as observed and ends one step after the conclusion has turned, or where
    the arm has nobody left to change, or at ``most`` changes.
    """

    index: Estimate
    quotient: Estimate
    walsh: Estimate
    paths: tuple[tuple[FragilityStep, ...], ...]


def fragility(
    a: int, m: int, b: int, n: int, *, alpha: float = 0.05, p_of: Callable[[int, int, int, int], float] = fisher_p,
    test: str = "Fisher", most: int = MOST_MOVED,
) -> Fragility:  # fmt: skip
    """Return the fragility index of a/m v b/n: how many outcomes must change until p crosses ``alpha``.

    From p < alpha it counts to p >= alpha, else the other way (then often called reverse fragility). Not a measure of
    effect: it falls with n by construction, so the whole path is returned. An empty arm is not estimable; a wrong
    count raises ValueError. ``p_of`` takes (a, m, b, n); ``test`` names it. Walsh et al., J Clin Epidemiol
    2014;67:622. Checked: paths worked by hand.
    """
    check_share(alpha, "alpha")
    m, n = count(m, "m"), count(n, "n")
    a, b = count(a, "a", m), count(b, "b", n)
    method, size, events = f"{test} two-sided p against {alpha:g}", m + n, a + b
    names = ("fragility index", "fragility quotient", "fragility index (Walsh)")
    if not (m and n):
        rows = [
            not_estimable(name, "an arm is empty", n=size, events=events, method=method, level=None) for name in names
        ]
        return Fragility(rows[0], rows[1], rows[2], ())
    ways: tuple[tuple[Arm, Move], ...] = (("a", "add"), ("a", "remove"), ("b", "add"), ("b", "remove"))
    paths = tuple(_path(a, m, b, n, arm, move, alpha, p_of, most) for arm, move in ways)
    significant = paths[0][0].significant
    turned = [_turn(path) for path in paths]
    fewest = min((k for k in turned if k is not None), default=None)
    p = paths[0][0].p
    aim = "to p >= alpha" if significant else "to p < alpha"

    def row(name: str, value: float | None, why: str, note: str = aim) -> Estimate:
        if value is None:
            return not_estimable(name, why, n=size, events=events, method=method, level=None)
        return Estimate(name, value, None, None, None, method, size, events, note, p)

    cut = f" within {most} patients" if any(len(path) > most and _turn(path) is None for path in paths) else ""
    never = f"no change of one arm turns the conclusion{cut}"
    by = "; ".join(f"{arm} {move}" for (arm, move), k in zip(ways, turned, strict=True) if k == fewest)
    shortest = row(names[0], fewest, never, f"{aim}; shortest: {by}")
    quotient = row(names[1], None if fewest is None else fewest / size, never)
    if not significant:
        return Fragility(shortest, quotient, row(names[2], None, "the result was not significant"), paths)
    if a == b:
        return Fragility(shortest, quotient, row(names[2], None, "both arms have as many events"), paths)
    walsh = turned[ways.index(("a" if a < b else "b", "add"))]
    return Fragility(
        shortest, quotient, row(names[2], walsh, f"adding events to that arm does not get there{cut}"), paths
    )


def _path(
    a: int, m: int, b: int, n: int, arm: Arm, move: Move, alpha: float, p_of: Callable[[int, int, int, int], float],
    most: int,
) -> tuple[FragilityStep, ...]:  # fmt: skip
    step = 1 if move == "add" else -1
    events, size = (a, m) if arm == "a" else (b, n)
    steps: list[FragilityStep] = []
    for moved in range(min(most, size - events if step > 0 else events) + 1):
        now = (a + step * moved, b) if arm == "a" else (a, b + step * moved)
        p = p_of(now[0], m, now[1], n)
        steps.append(FragilityStep(arm, move, moved, *now, p, p < alpha))
        if len(steps) > 1 and steps[-2].significant != steps[0].significant:
            break
    return tuple(steps)


def _turn(path: tuple[FragilityStep, ...]) -> int | None:
    return next((step.moved for step in path if step.significant != path[0].significant), None)
