"""Every history of a small world, each with its probability: sums over them are exact, and know nothing of tocsin.

Four hours; severity 0 or 1 is known at the start of an hour, then the dose is or is not given, then outcome (1) or
death (2) may come. Severity makes dose and outcome likelier; the dose lowers both later severity and the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HOURS = 4


def logistic(x):
    return 1 / (1 + np.exp(-x))


def dose_chance(hour, severe):
    return logistic((-1.4, -0.6, -1.7, -1.1)[hour] + 1.4 * severe)


def average_chance(hour):
    """The model behind observed-like starts: any chance by hour will do."""
    return (0.3, 0.4, 0.2, 0.3)[hour]


def outcome_chance(severe, treated):
    return logistic(-3 + 1.9 * severe - 0.8 * treated)


def death_chance(severe):
    """Among those without the outcome."""
    return logistic(-4 + 1.2 * severe)


def severe_chance(severe, treated):
    return logistic(-1.1 + 2.5 * severe - 0.9 * treated)


@dataclass(frozen=True)
class History:
    chance: float
    severity: tuple[int, ...]
    dose: int | None
    outcome: int

    def due(self):
        """First hour of severity 1."""
        return self.severity.index(1) if 1 in self.severity else None


def histories(dose_law):
    """All histories; ``dose_law(hour, severity so far)`` is the chance of a first dose, between 0 and 1."""
    out = []

    def hour(chance, severity, dose):
        h, severe = len(severity) - 1, severity[-1]
        p = 0.0 if dose is not None else dose_law(h, severity)
        for given, share in ((True, p), (False, 1 - p)):
            if share == 0:
                continue
            now = h if given else dose
            treated = now is not None
            q1 = outcome_chance(severe, treated)
            q2 = (1 - q1) * death_chance(severe)
            out.append(History(chance * share * q1, severity, now, 1))
            out.append(History(chance * share * q2, severity, now, 2))
            left = chance * share * (1 - q1 - q2)
            if h == HOURS - 1:
                out.append(History(left, severity, now, 0))
                continue
            p_severe = severe_chance(severe, treated)
            hour(left * p_severe, (*severity, 1), now)
            hour(left * (1 - p_severe), (*severity, 0), now)

    hour(0.4, (1,), None)
    hour(0.6, (0,), None)
    return out


def observed():
    return histories(lambda h, severity: dose_chance(h, severity[-1]))


def rows_of(paths):
    """Patient-hours of the histories, one patient each, and their probabilities."""
    made = {key: [] for key in ("patient", "hour", "severe", "treated", "started", "outcome", "chance", "average")}
    for i, path in enumerate(paths):
        for h, severe in enumerate(path.severity):
            last = h == len(path.severity) - 1
            values = (
                i, h, severe, path.dose is not None and path.dose < h, path.dose == h, path.outcome if last else 0,
                dose_chance(h, severe), average_chance(h),
            )  # fmt: skip
            for key, value in zip(made, values, strict=True):
                made[key].append(value)
    return {key: np.array(values) for key, values in made.items()}, np.array([path.chance for path in paths])


def law(due, grace, initiation):
    """The rule as a law of the dose, what care would be under it; ``due`` maps severity so far to an hour."""

    def dose_law(h, severity):
        at, natural = due(severity), dose_chance(h, severity[-1])
        since = -1 if at is None else h - at
        if since < 0:
            return 0.0
        if grace is None:
            return natural
        if since >= grace:
            raise AssertionError("nobody is left untreated after the grace period")
        if since == grace - 1:
            return 1.0
        return {"uniform": 1 / (grace - since), "natural": natural, "observed": average_chance(h)}[initiation]

    return dose_law


def risks(paths, code):
    """Probability of an event of one kind by the end of each hour."""
    return [sum(p.chance for p in paths if p.outcome == code and len(p.severity) <= h + 1) for h in range(HOURS)]
