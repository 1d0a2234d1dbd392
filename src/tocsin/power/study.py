"""One simulated study as the estimators see it, and beside it what only a simulation knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.effects.ccw.emulation import Emulated, Prepared
from tocsin.effects.ccw.g_formula import GFormula
from tocsin.effects.ccw.hours import BoolArray, Hours, Rule
from tocsin.effects.inputs import FloatArray


@dataclass(frozen=True, eq=False)
class Groups:
    """A naive comparison: who is in its two groups, and hours to the outcome (infinite: none; below t: had by t)."""

    one: BoolArray
    other: BoolArray
    hours: FloatArray


@dataclass(frozen=True, eq=False)
class Study:
    """Patient-hours, rules and what each analysis needs; a study whose `hours` nobody could make says why.

    `at`: hours asked about; `step`: hours of a row; `reference`: the arm the others are compared with. `emulated` fits
    and weighs as production does and raises TocsinError where it cannot. `oracle`: odds of a start in every untreated
    row, known to the simulation only. `groups`: of each naive analysis. `forward`: the g-formula by a seed.
    """

    outcome: str
    hours: Hours
    rules: tuple[Rule, ...]
    reference: int
    at: tuple[int, ...]
    step: int
    emulated: Callable[[], tuple[Prepared, Emulated]]
    oracle: FloatArray | None
    groups: dict[str, Groups]
    forward: Callable[[int], GFormula] | None = None


@dataclass(frozen=True)
class NoStudy:
    """A study of which nothing is left to analyse, and why."""

    outcome: str
    arms: tuple[str, ...]
    reference: int
    at: tuple[int, ...]
    why: str
