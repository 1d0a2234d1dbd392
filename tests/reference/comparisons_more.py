"""Reference values that comparisons.py leaves out: Gray, Fine-Gray, strata, pairs, weighted curves at one weight.

Still left out: `p_half` of `binom` (a test against 1/2 that no report asks for) and the odds ratio and limits of
`mantelhaen` under `exact` to more than four digits: R stops its root search there.
"""

import math
from collections.abc import Iterator

import numpy as np

from reference.comparisons import Value, curve_of, data, reference, several
from reference.tolerances import CLOSED, COUNT, EXACT_P, Tolerance
from tocsin.effects import (
    balance,
    fine_gray,
    gray,
    means,
    proportions,
    ranks,
    stratified,
    survival,
    unconditional,
    weighted,
)

NEWTON = Tolerance(1e-7, 0, "crr stops its search at a score of 1e-6 of the likelihood; ours goes on")
UNIROOT = Tolerance(5e-5, 0, "mantelhaen.test(exact = TRUE) leaves uniroot at its default of 1e-4")
FINE_GRID = Tolerance(1e-5, 0, "R maximises over 3999 nuisance values, here 2,000 and again around the best")

# Admitted of men and of women, by department: datasets::UCBAdmissions (Bickel et al., Science 1975;187:398)
BERKELEY = [
    (512, 825, 89, 108),
    (353, 560, 17, 25),
    (120, 325, 202, 593),
    (138, 417, 131, 375),
    (53, 191, 94, 393),
    (22, 373, 24, 341),
]


def competing_tests() -> Iterator[Value]:
    r = reference("competing")
    d = data("mgus2_competing")
    t, s = d["time"].astype(float), d["status"].astype(int)
    block = r["mgus2"]["cuminc"]["gray_test"]
    small = data("competing22")
    for i, cause in enumerate((1, 2)):
        test = gray.gray_test(t, s, d["sex"], cause)
        expected = [block["stat"][i], block["p"][i], block["df"][i]]
        yield from several(f"mgus2 Gray {cause}", expected, [test.chi_square, test.p, test.df], CLOSED)
        test = gray.gray_test(small["time"].astype(float), small["status"].astype(int), small["g"], cause)
        expected = [r["competing22"]["gray_stat"][i], r["competing22"]["gray_p"][i]]
        yield from several(f"competing22 Gray {cause}", expected, [test.chi_square, test.p], CLOSED)
    crr = r["mgus2"]["finegray_crr_pcm"]
    fit = fine_gray.fine_gray(t, s, {"sexM": d["sex"] == "M", "age": d["age"].astype(float)})
    assert fit.covariance is not None
    se = np.sqrt(np.diag(fit.covariance))
    for j, name in enumerate(("sexM", "age")):
        yield from several(f"crr {name}", crr["coef"][name], fit.coefficients[j], NEWTON)
        yield from several(f"crr se {name}", crr["se"][name], se[j], NEWTON)
        yield from several(f"crr ratio {name}", math.exp(crr["coef"][name]), fit.rows[j].estimate, NEWTON)
    yield from several("crr likelihood", crr["loglik"], fit.log_likelihood, CLOSED)


def weighted_curves() -> Iterator[Value]:
    """Any one weight for all is no weight: R's Aalen-Johansen and its error, Greenwood's of Kaplan-Meier."""
    for name, file, column in (("mgus2", "mgus2_competing", "sex"), ("competing22", "competing22", "g")):
        d, aj = data(file), reference("competing")[name]["aalen_johansen"]
        t, s = d["time"].astype(float), d["status"].astype(int)
        for i, stratum in enumerate(aj["strata"]):
            mine, at = d[column] == stratum.split("=")[1], aj["times"][i]
            for cause in (1, 2):
                curve = weighted.weighted_incidence(t[mine], s[mine], np.full(mine.sum(), 2.5), cause)
                row = np.searchsorted(curve.time, at, side="right") - 1
                prefix = f"{name} {stratum} cause {cause} at {at}"
                yield from several(prefix, aj["pstate"][i][cause], curve.value[row], CLOSED)
                yield from several(f"{prefix} se", aj["se"][i][cause], curve.se[row], CLOSED)
    for name in ("lung", "aml", "ovarian"):
        r, (t, e) = reference("km")[name]["all"], curve_of(name)
        for kind in r["conf"]:
            curve = weighted.weighted_kaplan_meier(t, e, np.full(t.size, 0.4), interval=kind)
            rows, block = weighted.weighted_at(curve, r["times"]), r["conf"][kind]
            row = np.searchsorted(curve.time, r["times"], side="right") - 1
            yield from several(f"{name} {kind} survival", block["surv"], [x.estimate for x in rows], CLOSED)
            yield from several(f"{name} {kind} se", block["se"], curve.se[row], CLOSED)
            yield from several(f"{name} {kind} low", block["lower"], curve.low[row], CLOSED)
            yield from several(f"{name} {kind} high", block["upper"], curve.high[row], CLOSED)
            at_risk = survival.number_at_risk(survival.kaplan_meier(t, e), curve.time)
            yield from several(f"{name} {kind} at risk", at_risk.tolist(), curve.at_risk, COUNT)


def tables() -> Iterator[Value]:
    r = reference("exact_tables")
    mh = r["mantelhaen"]
    # R lays a 2 x 2 stratum out by column: a, c, b, d
    strata = [(a, a + b, c, c + d) for a, c, b, d in ((2, 5, 3, 6), (4, 6, 2, 5), (1, 4, 5, 5))]
    exact = stratified.common_odds_ratio(strata)
    yield from several("exact common p", mh["exact"]["p"], exact.p, EXACT_P)
    expected = [mh["exact"]["or"], *mh["exact"]["ci"]]
    yield from several("exact common ratio", expected, [exact.estimate, exact.low, exact.high], UNIROOT)
    for name, block, tables_ in (("three", mh["asymptotic"], strata), ("Berkeley", mh["UCBAdmissions"], BERKELEY)):
        row, test = stratified.mantel_haenszel(tables_), stratified.cochran_mantel_haenszel(tables_)
        yield from several(f"{name} ratio", [block["or"], *block["ci"]], [row.estimate, row.low, row.high], CLOSED)
        yield from several(f"{name} chi-square", block["stat"], test.estimate, CLOSED)
        if "p" in block:
            yield from several(f"{name} p", [block["p"], block["p"]], [test.p, row.p], CLOSED)
    for block in r["tables"]:  # one stratum is the table itself
        a, m, b, n = (block[key] for key in "ambn")
        if 0 < a + b < m + n:
            row = stratified.common_odds_ratio([(a, m, b, n)])
            yield from several(f"{a}/{m} v {b}/{n} p", block["fisher_p"], row.p, EXACT_P)
    pairs = r["mcnemar"]
    _, first, second, _ = pairs["table"]
    yield from several("McNemar exact", pairs["exact_p"], stratified.mcnemar(first, second).p, EXACT_P)
    yield from several("McNemar corrected", pairs["p_cc"], stratified.mcnemar(first, second, exact=False).p, CLOSED)
    for block in r["binom"]:
        for method, key in (("wilson-corrected", "wilson_cc"), ("jeffreys", "jeffreys")):
            row = proportions.proportion(block["x"], block["n"], method=method)
            yield from several(f"{block['x']}/{block['n']} {key}", block[key], [row.low, row.high], CLOSED)
    for block in reference("exact_unconditional")["tables"]:
        table = tuple(block[key] for key in "ambn")
        p = unconditional.barnard_p(*table)
        yield from several(f"Barnard {table}", block["barnard_pooled_z_two_sided"], p, FINE_GRID)
        p = unconditional.boschloo_by_fisher_p(*table)
        yield from several(f"Boschloo by Fisher {table}", block["boschloo_two_sided_fisher2"], p, FINE_GRID)
    smd = reference("ranks")["smd"]
    yield from several("Hedges g", smd["hedges_g"], balance.hedges_g(smd["x"], smd["y"]).smd, CLOSED)


def unequal_weights() -> Iterator[Value]:
    """R's robust errors at weights that differ, of patients and of pairs that share a cluster; two causes."""
    r, (t, e) = reference("more"), curve_of("lung")
    for name in ("weighted_lung", "weighted_lung_pairs"):
        block = r[name]
        curve = weighted.weighted_kaplan_meier(t, e, r["weighted_lung"]["weight"], cluster=block.get("pair"))
        row = np.searchsorted(curve.time, block["times"], side="right") - 1
        for key, values in (("survival", curve.value), ("se", curve.se), ("low", curve.low), ("high", curve.high)):
            yield from several(f"{name} {key}", block[key], values[row], CLOSED)
    d, block = data("mgus2_competing"), r["weighted_mgus2"]
    for cause, key in ((1, "first"), (2, "second")):
        curve = weighted.weighted_incidence(d["time"].astype(float), d["status"].astype(int), block["weight"], cause)
        row = np.searchsorted(curve.time, block["times"], side="right") - 1
        yield from several(f"mgus2 {key}", block[key], curve.value[row], CLOSED)
        yield from several(f"mgus2 {key} se", block[f"{key}_se"], curve.se[row], CLOSED)


def groups() -> Iterator[Value]:
    """Kruskal-Wallis with and without ties, and Welch at two levels."""
    for name, block in reference("more")["kruskal"].items():
        row = ranks.kruskal_wallis(block["groups"])
        yield from several(f"{name} Kruskal", [block["chi_square"], block["p"]], [row.estimate, row.p], CLOSED)
        yield from several(f"{name} df", block["df"], int(row.method.split()[-2]), COUNT)
    for name, block in reference("more")["welch"].items():
        for level in ("0.95", "0.9"):
            r, row = block[level], means.welch(*block["groups"], level=float(level))
            expected = [r["difference"], *r["ci"], r["p"]]
            yield from several(f"{name} Welch {level}", expected, [row.estimate, row.low, row.high, row.p], CLOSED)
            yield from several(f"{name} df", round(r["df"], 2), float(row.method.split()[-2]), COUNT)


MORE = {
    "competing tests": (competing_tests, 17),
    "weighted curves": (weighted_curves, 400),
    "tables": (tables, 60),
    "unequal weights": (unequal_weights, 56),
    "groups": (groups, 39),
}
