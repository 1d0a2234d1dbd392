"""One simulated study, every way of analysing it; many studies, and how far each way lands from the truth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tocsin.effects.ccw.bootstrap import bootstrap
from tocsin.effects.ccw.emulation import Settings, estimate, estimate_known, prepare
from tocsin.effects.ccw.g_formula import g_formula
from tocsin.effects.ccw.incidence import naive_incidence, unweighted
from tocsin.errors import TocsinError
from truth.simulator import GRACE, HORIZON, simulate
from truth.worlds import hours_of, rules, specs, terms

# 200-h risk, everybody under the rule, 1,000,000 patients an arm (statistics.md section 6); its own error is 0.0002
# and 0.0004. `slow` works them out anew
TRUTH = {"early": 0.0358, "early, natural": 0.0363, "delay": 0.1517}
NAIVE, CLONES, WEIGHTED, CUT, KNOWN, PLAYED, NATURAL = (
    "naive", "clones, unweighted", "weighted", "weighted, cut at 99 %", "weighted, known chances", "g-formula",
    "weighted, natural starts",
)  # fmt: skip


def analyse(n, seed, *, played=False, replicates=0, modelled_loss=True, **world):
    """Risks (early, delay) after 200 h by every analysis; with replicates also the interval of the difference."""
    d = simulate(n, seed, **world)
    hours = hours_of(d)
    loss = terms(HORIZON) if modelled_loss and world.get("loss") else None
    prepared = prepare(hours, rules(hours), Settings(terms(HORIZON), loss=loss))
    made = estimate(prepared)
    out = {
        NAIVE: naive_incidence(hours, GRACE),
        CLONES: tuple(unweighted(hours, one).incidence[-1] for one in made.weighted),
        WEIGHTED: tuple(c.incidence[-1] for c in made.curves),
        CUT: tuple(c.incidence[-1] for c in made.truncated),
        KNOWN: tuple(c.incidence[-1] for c in estimate_known(prepared, d["chance"][hours.at_risk()]).curves),
    }
    try:
        natural = estimate(prepare(hours, rules(hours, "natural"), Settings(terms(HORIZON), truncation=None)))
        out[NATURAL] = tuple(c.incidence[-1] for c in natural.curves)
    except TocsinError:  # nobody started in the last hour of grace
        out[NATURAL] = (np.nan, np.nan)
    if played:
        g = g_formula(hours, rules(hours), specs(), triggers={"delay": "g3"}, start=terms(HORIZON), seed=seed)
        out[PLAYED] = tuple(c.incidence[-1] for c in g.curves)
    interval = None
    if replicates:
        boot = bootstrap(prepared, made, [HORIZON], replicates=replicates, seed=seed, one_step=True, threads=1)
        j = [q.measure for q in boot.quantities].index(f"risk difference after {HORIZON} h, early - delay")
        interval = tuple(np.nanquantile(boot.values[:, j], [0.025, 0.975]))
    return out, interval


@dataclass(frozen=True)
class Many:
    """Studies by analysis: ``risks[name]`` is studies by (early, delay); ``intervals`` of the weighted difference."""

    risks: dict[str, np.ndarray]
    intervals: np.ndarray

    def mean(self, name, arm):
        """Mean over the studies and its Monte-Carlo error; ``arm`` 0, 1, or 2 for the difference."""
        values = self.values(name, arm)
        return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))

    def values(self, name, arm):
        risks = self.risks[name][np.isfinite(self.risks[name]).all(axis=1)]
        return risks[:, 0] - risks[:, 1] if arm == 2 else risks[:, arm]

    def away(self, name, arm, truth):
        """Distance of the mean from the truth, in Monte-Carlo errors."""
        mean, error = self.mean(name, arm)
        return (mean - truth) / error

    def coverage(self, truth):
        return float(((self.intervals[:, 0] <= truth) & (truth <= self.intervals[:, 1])).mean())


def many(n, studies, *, first=1000, threads=2, **how) -> Many:
    """Simulate and analyse so many studies; seeds count from ``first``."""
    with ThreadPoolExecutor(threads) as pool:
        made = list(pool.map(lambda k: analyse(n, first + k, **how), range(studies)))
    risks = {name: np.array([each[name] for each, _ in made], float) for name in made[0][0]}
    return Many(risks, np.array([i for _, i in made if i is not None], float))
