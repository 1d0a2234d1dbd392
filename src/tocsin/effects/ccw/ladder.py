"""What a number of patients allows: the sentence of the report, and the limits of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tocsin.effects.ccw.bootstrap import Draw
from tocsin.effects.ccw.emulation import Prepared
from tocsin.effects.ccw.hazard import Penalty

# borders and limits are ours (tag R), from simulations with one confounder: at 60 patients the error of a delayed
# arm's 200-h risk is 0.17, the size of the effect itself; at 200 it is still 0.13, at 1,000 it is 0.05
EXPLORATORY, WITH_CARE, FULL = 30, 100, 1000
STARTS_PER_PARAMETER = 8


@dataclass(frozen=True, slots=True)
class Allowed:
    """The step of the ladder that ``n`` patients stand on.

    ``use`` is ``no`` (not as a main result), ``exploratory``, ``careful`` or ``full``. ``most_parameters`` of the
    model of the start, intercept not counted. ``grid_hours``: a coarser grid worth trying.
    """

    n: int
    starts: int
    use: Literal["no", "exploratory", "careful", "full"]
    sentence: str
    most_parameters: int
    penalties: tuple[Penalty, ...]
    draw: Draw
    splines: bool
    hazard_ratio: bool
    grid_hours: tuple[int, ...]


def allowed(n: int, starts: int) -> Allowed:
    """Return what ``n`` patients of whom ``starts`` got the drug allow."""
    if not 0 <= starts <= n:
        raise ValueError(f"starts: {starts} of {n} patients")
    by_starts = starts // STARTS_PER_PARAMETER
    who = f"{n:,} patients, {starts:,} first doses: "
    if n < EXPLORATORY:
        text = (
            "an emulation is no main result. Describe the patients, use exact tests and medians with intervals, "
            "landmark and time-dependent analyses, and say how long nobody of each group could have had the outcome."
        )
        return Allowed(
            n, starts, "no", who + text, min(2, by_starts), ("ridge", "firth"), "bayesian", False, False, (1,)
        )
    if n < WITH_CARE:
        text = (
            f"an emulation is exploratory. At most {by_starts} columns (severity at baseline, grade, hour), a penalty, "
            "weights of patients drawn by the Bayesian bootstrap, truncation shown and never alone."
        )
        return Allowed(
            n, starts, "exploratory", who + text, by_starts, ("ridge", "firth"), "bayesian", False, False, (1, 2, 4)
        )
    if n < FULL:
        text = (
            f"an emulation has low power, above all for an arm that waits. At most {by_starts} columns; show uniform "
            "and natural starts and a grid of 2 to 4 hours beside it, and claim nothing from the hazard ratio."
        )
        return Allowed(
            n,
            starts,
            "careful",
            who + text,
            by_starts,
            ("none", "ridge", "firth"),
            "multinomial",
            True,
            False,
            (1, 2, 4),
        )
    text = f"enough for the full model, up to {by_starts} columns. Risk differences first, the hazard ratio last."
    return Allowed(
        n, starts, "full", who + text, by_starts, ("none", "ridge", "firth"), "multinomial", True, True, (1,)
    )


def exceeded(prepared: Prepared, draw: Draw) -> list[str]:
    """Return where the settings go beyond what the patients allow, a sentence each; empty if nowhere."""
    hours = prepared.hours
    step = allowed(hours.n, int(hours.started.sum()))
    used = len(prepared.start.names) - 1
    out: list[str] = []
    if used > step.most_parameters:
        out.append(
            f"the model of the start uses {used} columns; {step.starts} first doses carry {step.most_parameters} "
            f"(one per {STARTS_PER_PARAMETER})"
        )
    if prepared.settings.penalty not in step.penalties:
        out.append(f"{hours.n} patients need a penalty ({' or '.join(step.penalties)})")
    if draw == "multinomial" and step.draw == "bayesian":
        out.append(f"{hours.n} patients drawn with replacement can leave an arm empty: use the Bayesian bootstrap")
    if (
        prepared.settings.start.by_hour is not None
        and prepared.settings.start.by_hour.shape[1] > 1
        and not step.splines
    ):
        out.append(f"{hours.n} patients do not carry a curve of the hour: use one column")
    return out
