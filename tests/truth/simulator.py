"""Virtual patients of a closed form, with truth: severity L drives the drug and the outcome.

From the project's own sketch. Observed care, or everybody intervened upon under a rule. Imports nothing of tocsin.
"""

from __future__ import annotations

import numpy as np

HORIZON = 200
GRACE = 8


def logistic(x):
    return 1 / (1 + np.exp(-x))


def start_chance(L, g3, age, h, hidden=0.0):
    return logistic(-4.2 + 0.9 * L + 1.3 * (h < 12) + 1.0 * g3 + 0.2 * age + hidden)


def simulate(n, seed, rule=None, *, effect=1.0, hidden=0.0, horizon=HORIZON, loss=0.0):
    """Rows of observed care; under a rule (early_uniform, early_forced, delay) everybody's outcome and its hour.

    ``effect`` 0 is the null world. ``hidden`` is the strength of a confounder that no column shows. ``loss`` is the
    intercept shift of an informative loss to follow-up (0: none).
    """
    r = np.random.default_rng(seed)
    age = r.normal(0, 1, n)
    L = 0.3 * age + r.normal(0, 1, n)
    u = hidden * r.normal(0, 1, n) if hidden else np.zeros(n)
    A, g3, alive = np.zeros(n, bool), np.zeros(n, bool), np.ones(n, bool)
    assigned = r.integers(0, GRACE, n)
    event, at = np.zeros(n, np.int8), np.full(n, horizon, np.int32)
    rows = []
    for h in range(horizon):
        g3 |= alive & (L > 1.8)
        chance = start_chance(L, g3, age, h, u)
        start = alive & ~A & (r.random(n) < chance)
        if rule == "early_uniform":
            start = alive & ~A & (assigned == h)
        elif rule == "early_forced":
            start = (start & (h < GRACE)) | (alive & ~A & (h == GRACE - 1))
        elif rule == "delay":
            start &= g3
        who = np.flatnonzero(alive)
        if rule is None:
            columns = (who, np.full(who.size, h), L[who], g3[who], age[who], A[who], start[who], chance[who])
            rows.append(tuple(column.copy() for column in columns))
        A = A | start
        q1 = logistic(-7.2 + 0.9 * L + 0.3 * age - 0.9 * effect * A + u)
        q2 = logistic(-9.0 + 0.6 * L)
        draw = r.random(n)
        one = alive & (draw < q1)
        two = alive & ~one & (draw < q1 + q2)
        gone = alive & ~one & ~two & (r.random(n) < logistic(-6 + loss + 1.2 * L)) if loss else np.zeros(n, bool)
        event[one], event[two], event[gone] = 1, 2, 3
        at[one | two | gone] = h
        alive &= ~(one | two | gone)
        L = np.where(alive, 0.96 * L + 0.22 * r.normal(0, 1, n) + 0.01 - 0.06 * effect * A, L)
    if rule is not None:
        return event, at
    who, hour, L, g3, age, treated, started, chance = (np.concatenate(x) for x in zip(*rows, strict=True))
    order = np.lexsort((hour, who))
    made = {
        "patient": who, "hour": hour, "L": L, "g3": g3, "age": age, "treated": treated, "started": started,
        "chance": chance, "outcome": np.where(hour == at[who], event[who], 0),
    }  # fmt: skip
    return {key: values[order] for key, values in made.items()} | {"n": n, "horizon": horizon}


def truth(rule, n=400_000, seed=99, **world):
    """Risk of the outcome after 72 and 200 hours, everybody under the rule, by a large sample."""
    event, at = simulate(n, seed, rule, **world)
    return [float(np.mean((event == 1) & (at < t))) for t in (72, HORIZON)]
