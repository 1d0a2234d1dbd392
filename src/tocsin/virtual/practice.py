"""How cytokine drugs are given: a strategy as an intervention, usual practice, or never; repeats and steroids alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tocsin.errors import TocsinError
from tocsin.signs.state import NEVER
from tocsin.strategies.zhou2023_conventional import ZHOU2023_CONVENTIONAL
from tocsin.strategies.zhou2023_early import ZHOU2023_EARLY
from tocsin.virtual.log import DRUGS
from tocsin.virtual.random import uniform
from tocsin.when import Strategy, When

NEVER_KIND, STRATEGY_KIND, USUAL_KIND = range(3)
_KINDS = {"never": NEVER_KIND, "strategy": STRATEGY_KIND, "usual": USUAL_KIND}
#: What a run of the kernel needs to know of the care, one record.
CARE = np.dtype(
    [("kind", "i4"), ("drug", "i4"), ("within", "i4"), ("at_once", "i4"), ("delay", "i4"), ("repeat_after", "i4"),
     ("most_doses", "i4")], align=True
)  # fmt: skip
_START, _USUAL, _REPEAT, _STEROID = 200, 201, 202, 203

#: The prototype's bundle: fever of 39.0 °C for 4 h or grade 3 on ASTCT, whichever comes first.
FEVER_OR_GRADE3 = Strategy(
    give="tocilizumab",
    when=When(any=(ZHOU2023_EARLY.when, When(grade_of="astct_crs", at_least=3))),
    within="6 h",  # pyright: ignore[reportArgumentType]
    source="bundle of this project, for simulation",
    tag="R",
)
#: Its comparator: wait for grade 3.
WAIT_GRADE3 = Strategy(
    give="tocilizumab",
    when=When(grade_of="astct_crs", at_least=3),
    within="6 h",  # pyright: ignore[reportArgumentType]
    source="bundle of this project, for simulation",
    tag="R",
)
#: Strategies shipped for simulation, each with its own truth.
SHIPPED: dict[str, Strategy] = {
    "zhou2023_early": ZHOU2023_EARLY,
    "zhou2023_conventional": ZHOU2023_CONVENTIONAL,
    "fever_or_grade3": FEVER_OR_GRADE3,
    "wait_grade3": WAIT_GRADE3,
}


@dataclass(frozen=True)
class Care:
    """`strategy` as an intervention gives its drug when it is due: at once (`delay_min` after it is known), or at a
    minute drawn uniformly between that and the end of `within`. `usual` practice draws every hour; `never` gives none.

    With `usual` and `never` a strategy is only watched: `due_at` of the summary says when it was due.
    """

    kind: Literal["strategy", "usual", "never"] = "usual"
    strategy: Strategy | None = None
    initiation: Literal["at_once", "uniform"] = "uniform"
    delay_min: int = 30

    def __post_init__(self) -> None:
        if self.kind == "strategy" and self.strategy is None:
            raise TocsinError.of("virtual.care", "care by a strategy needs a strategy.")
        if self.strategy is not None and self.strategy.give not in DRUGS[:6]:
            raise TocsinError.of(
                "virtual.drug",
                f'the virtual ward has no "{self.strategy.give}".',
                "",
                f"Known: {', '.join(DRUGS[:6])}.",
            )

    @property
    def scales(self) -> tuple[str, ...]:
        """Scales the ward grades on: ASTCT always, and those of the strategy."""
        asked = self.strategy.scales if self.strategy else ()
        return tuple(dict.fromkeys(("astct_crs", "astct_icans", *asked)))

    def record(self, world: Any) -> np.ndarray[Any, Any]:
        """The care as one CARE record."""
        s = self.strategy
        made = np.zeros(1, CARE)
        made["kind"], made["drug"] = _KINDS[self.kind], DRUGS.index(s.give) if s else 0
        made["within"], made["delay"] = s.within if s else 0, self.delay_min
        made["at_once"] = self.initiation == "at_once"
        made["repeat_after"] = (s.repeat_after if s else None) or round(60 * world.repeat_after_h)
        made["most_doses"] = (s.at_most_doses if s else None) or round(world.most_doses)
        return made


# --- steps ------------------------------------------------------------------------------------------------------------


def plan(p: Any, care: Any, ch: Any) -> None:
    """The trigger has fired: when the dose will be given."""
    if care.kind != STRATEGY_KIND or ch.home:
        return
    if care.at_once:
        ch.dose_at = ch.due_known + max(1, care.delay)
        return
    room = max(1, ch.due_at + care.within - ch.due_known)
    ch.dose_at = ch.due_known + 1 + int(uniform(p.luck, _START, 0) * room)


def usual_chance(p: Any, w: Any, b: Any, ch: Any, minute: int) -> float:
    """Hourly chance of a first dose in usual practice; reads the chart, and with `gestalt` what no chart shows."""
    severity = 0.9 * min(2.0, max(-1.0, ch.temperature - 38.5)) + 0.9 * (p.percent / 100.0 - 0.22)
    if ch.crs == 2:
        severity += w.u_grade2
    elif ch.crs >= 3:
        severity += w.u_grade3
    if ch.crp > 100:
        severity += 0.9
    if ch.ferritin > 5000:
        severity += 0.5
    logit = w.u_base + w.confounding * severity + p.habit + w.calendar_trend * p.day / 365.25
    if ch.hot_since != NEVER and ch.read_at - ch.hot_since >= 240:
        logit += w.u_sustained
    if w.gestalt > 0.0:
        logit += w.gestalt * (b.vessels - 0.8)
    return 1.0 / (1.0 + np.exp(-logit))


def draws_usual(p: Any, chance: float, hour: int) -> bool:
    """Whether usual practice gives the first dose this hour."""
    return uniform(p.luck, _USUAL, hour) < chance


def repeats(p: Any, w: Any, care: Any, ch: Any, hour: int, minute: int) -> bool:
    """Whether a further dose is given now: still at the repeat grade, late enough, not too many."""
    if ch.doses < 1 or ch.doses >= care.most_doses or ch.crs < w.repeat_grade:
        return False
    if minute - ch.dosed_at < care.repeat_after:
        return False
    return uniform(p.luck, _REPEAT, hour) < w.repeat_hourly * (1.0 if ch.doses == 1 else w.third_share)


def steroid_due(p: Any, w: Any, ch: Any, minute: int) -> int:
    """Which steroid is given now, -1 none: refractory CRS, grade 4, or ICANS; until both grades are 1 or less."""
    refractory = ch.doses >= 2 and ch.crs >= w.repeat_grade and minute - ch.dosed_at >= 60 * w.steroid_refractory_h
    if refractory or ch.crs >= w.steroid_crs_grade or ch.icans >= w.steroid_icans_grade:
        ch.steroid_on = 1
    elif ch.steroid_on and ch.crs < 2 and ch.icans < 2:
        ch.steroid_on = 0
    if ch.steroid_on == 0:
        return -1
    methyl = uniform(p.luck, _STEROID, 0) < w.methylprednisolone
    if minute - ch.steroid_at < (690 if methyl else 330):
        return -1
    return 2 if methyl else 1


def steroid_works(w: Any, ch: Any, minute: int) -> float:
    """1 while a dose of a steroid works (8 h; methylprednisolone is given every 12 h and is as long about it)."""
    return (
        1.0
        if minute - ch.steroid_at < 780 and ch.steroids > 0 and (ch.steroid_on or minute - ch.steroid_at < 480)
        else 0.0
    )
