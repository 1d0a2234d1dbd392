"""Clone-censor-weight beside R's glm and base R, on 200 patients; the scheme of `comparisons.py`."""

from collections.abc import Iterator

import numpy as np

from reference.comparisons import Value, data, reference, several
from reference.tolerances import Tolerance
from tocsin.effects.ccw.emulation import Emulated, Settings, estimate, prepare
from tocsin.effects.ccw.hazard import Terms
from tocsin.effects.ccw.hours import NEVER, Hours, Rule

NEWTON = Tolerance(1e-9, 1e-12, "R's glm stops at 1e-8 of the deviance, one step later it stands still to 1e-10")
SUMS = Tolerance(2e-9, 1e-13, "sums of weights that carry the coefficients' error")
TERMS = {
    "(Intercept)": "intercept", "L": "L", "g3": "g3", "age": "age", "I(h < 12)TRUE": "first 12 h", "I(h/100)": "hour",
    "I((h/100)^2)": "hour squared",
}  # fmt: skip


def hours() -> Hours:
    d = {key: column.astype(float) for key, column in data("ccw_hours200").items()}
    columns = np.column_stack([d["L"], d["g3"], d["age"]])
    return Hours(d["pid"], d["h"], columns, ("L", "g3", "age"), d["A0"] > 0, d["start"] > 0, d["ev"], 200)


def emulated(given: Hours) -> Emulated:
    h = np.arange(given.horizon, dtype=float)
    table = np.column_stack([(h < 12).astype(float), h / 100, (h / 100) ** 2])
    due = np.full(given.n, NEVER)
    latched = np.flatnonzero(given.covariates[:, 1] > 0)[::-1]
    due[given.patient[latched]] = given.hour[latched]
    rules = (
        Rule("early_uniform", np.zeros(given.n), 8),
        Rule("early_forced", np.zeros(given.n), 8, "natural"),
        Rule("delay", due, None),
    )
    terms = Terms(("L", "g3", "age"), table, ("first 12 h", "hour", "hour squared"))
    return estimate(prepare(given, rules, Settings(terms)))


def ccw_file() -> Iterator[Value]:
    r, given = reference("ccw_glm"), hours()
    made = emulated(given)
    fit = made.fits[0]
    assert fit is not None
    coef = dict(zip(fit.names, fit.coef.tolist(), strict=True))
    assert set(TERMS) == set(r["coef"])
    for theirs, ours in TERMS.items():
        yield from several(f"coef {ours}", r["coef"][theirs], coef[ours], NEWTON)
    for curve, weighted in zip(made.curves, made.weighted, strict=True):
        block = r[curve.rule]
        assert block["h"] == list(range(given.horizon))
        yield from several(f"{curve.rule} outcome", block["cif1"], curve.incidence, SUMS)
        yield from several(f"{curve.rule} death", block["cif2"], curve.competing, SUMS)
        yield from several(f"{curve.rule} at risk", block["at_risk_w"], curve.weight, SUMS)
        yield from several(f"{curve.rule} largest", r["max_w"][curve.rule], float(weighted.rows(given).max()), SUMS)
