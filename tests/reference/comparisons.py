"""Every reference value beside what this package computes, one generator per JSON file.

Left out, by name, because nothing here computes it yet or because the reference itself is rough:
- `coin_mc_200000`: a Monte-Carlo p whose own error is near 1 %;
- `fisher_or*`: R's root search errs by up to 1 %; `or_cond_precise` and `or_exact_ci_precise` are compared;
- `hl` and `ci` under `exact: false`: R stops a root search at 1e-4;
- `ties.hl`: exactRankTests prints -1.5, the median of all differences is -1, which a unit test holds;
- `p_half`: not computed here;
- what `comparisons_more.py` and `comparisons_cox.py` hold;
- the odds ratio of a table without events: R prints 0 (0 to infinity), here it is not estimable.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from reference.tolerances import CLOSED, COUNT, EXACT_P, GRID, ROOT, TIME, Tolerance
from tocsin.effects import (
    balance,
    competing,
    curves,
    permutation,
    proportions,
    ranks,
    restricted_mean,
    survival,
    tables,
)
from tocsin.effects.quantiles import follow_up, spss_median_parts, survival_quantile
from tocsin.effects.risk_difference import risk_difference

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Value:
    name: str
    expected: float | None
    computed: float | None
    tolerance: Tolerance


def several(name: str, expected: Any, computed: Any, tolerance: Tolerance) -> Iterator[Value]:
    """Pair lists of any depth, or single values; a different length is an error."""
    if isinstance(expected, list) or isinstance(computed, list | tuple | np.ndarray):
        wanted = expected if isinstance(expected, list) else [expected]  # R writes a vector of one as a number
        for i, (one, other) in enumerate(zip(wanted, list(computed), strict=True)):
            yield from several(f"{name}[{i}]", one, other, tolerance)
    else:
        yield Value(name, expected, None if computed is None else float(computed), tolerance)


@cache
def reference(name: str) -> dict[str, Any]:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@cache
def data(name: str) -> dict[str, np.ndarray]:
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    renamed = {"time": "week", "event": "arrest"} if "week" in columns else {}
    for new, old in renamed.items():
        columns[new] = columns[old]
    return columns


def curve_of(name: str, where: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    d = data(name)
    keep = np.ones(len(d["time"]), bool)
    if where is not None:
        column, label = where.split("=", 1)
        keep = d[column] == label
    return d["time"][keep].astype(float), d["event"][keep].astype(int)


def km_block(name: str, block: dict[str, Any], t: np.ndarray, e: np.ndarray) -> Iterator[Value]:
    yield from several(f"{name} n", block["n"], t.size, COUNT)
    yield from several(f"{name} events", block["events"], e.sum(), COUNT)
    r, parts = block["spss_median"], spss_median_parts(t, e)
    yield from several(f"{name} spss median", r["median"], parts.median, TIME)
    yield from several(f"{name} spss S", r["S_at_median"], parts.survival, CLOSED)
    yield from several(f"{name} spss se S", r["se_S"], parts.se_survival, CLOSED)
    yield from several(f"{name} spss u", r["u"], parts.before, TIME)
    yield from several(f"{name} spss S u", r["S_u"], parts.survival_before, CLOSED)
    yield from several(f"{name} spss l", r["l"], parts.after, TIME)
    yield from several(f"{name} spss S l", r["S_l"], parts.survival_after, CLOSED)
    yield from several(f"{name} spss density", r["density"], parts.density, CLOSED)
    yield from several(f"{name} spss se", r["se"], parts.se, CLOSED)
    from tocsin.effects.quantiles import spss_median

    spss = spss_median(t, e)
    yield from several(f"{name} spss limits", [r["lower"], r["upper"]], [spss.low, spss.high], CLOSED)
    r, row = block["reverse_km_median_followup"], follow_up(t, e)
    yield from several(
        f"{name} follow-up", [r["median"], r["lower"], r["upper"]], [row.estimate, row.low, row.high], TIME
    )
    at = block["times"]
    for kind, r in block["conf"].items():
        curve = survival.kaplan_meier(t, e, interval=kind)
        quartiles = [survival_quantile(curve, p) for p in r["quantile_p"]]
        rows = survival.survival_at(curve, at)
        place = np.searchsorted(curve.time, at, side="right") - 1
        prefix = f"{name} {kind}"
        yield from several(f"{prefix} quantile", r["quantile"], [q.estimate for q in quartiles], TIME)
        yield from several(f"{prefix} quantile low", r["quantile_lower"], [q.low for q in quartiles], TIME)
        yield from several(f"{prefix} quantile high", r["quantile_upper"], [q.high for q in quartiles], TIME)
        yield from several(f"{prefix} survival", r["surv"], [x.estimate for x in rows], CLOSED)
        yield from several(f"{prefix} low", r["lower"], [x.low for x in rows], CLOSED)
        yield from several(f"{prefix} high", r["upper"], [x.high for x in rows], CLOSED)
        yield from several(f"{prefix} se", r["se"], curve.se[place], CLOSED)
        yield from several(f"{prefix} at risk", r["n_risk"], survival.number_at_risk(curve, at), COUNT)
    curve = survival.kaplan_meier(t, e)
    hazard = curve.cumulative_hazard[np.searchsorted(curve.time, at, side="right") - 1]
    yield from several(f"{name} hazard", block["nelson_aalen"]["cumhaz"], hazard, CLOSED)


def km() -> Iterator[Value]:
    for name, blocks in reference("km").items():
        for where, block in blocks.items():
            if name != "meta" and where != "group_var":
                yield from km_block(f"{name} {where}", block, *curve_of(name, None if where == "all" else where))


def km_tables() -> Iterator[Value]:
    for name, groups in reference("km_tables").items():
        if name == "meta":
            continue
        column = reference("km")[name]["group_var"]
        for label, r in groups.items():
            curve = survival.kaplan_meier(*curve_of(name, f"{column}={label}"))
            prefix = f"{name} {label}"
            yield from several(f"{prefix} time", r["time"], curve.time, TIME)
            yield from several(f"{prefix} at risk", r["n_risk"], curve.at_risk, COUNT)
            yield from several(f"{prefix} events", r["n_event"], curve.events, COUNT)
            yield from several(f"{prefix} censored", r["n_censor"], curve.censored, COUNT)
            yield from several(f"{prefix} survival", r["surv"], curve.survival, CLOSED)
            yield from several(f"{prefix} se", r["se_greenwood"], curve.se, CLOSED)
            yield from several(f"{prefix} low", r["lower"], curve.low, CLOSED)
            yield from several(f"{prefix} high", r["upper"], curve.high, CLOSED)


def log_rank_block(name: str, r: dict[str, Any], test: curves.LogRank) -> Iterator[Value]:
    yield from several(f"{name} chi-square", r["chisq"], test.chi_square, CLOSED)
    yield from several(f"{name} p", r["p"], test.p, EXACT_P)
    if "df" in r:
        yield from several(f"{name} df", r["df"], test.df, COUNT)
        yield from several(f"{name} n", r["n"], test.n, COUNT)
        yield from several(f"{name} observed", r["obs"], test.observed, CLOSED)
        yield from several(f"{name} expected", r["exp"], test.expected, CLOSED)
        yield from several(f"{name} variance", r["var"], test.variance, CLOSED)


def logrank() -> Iterator[Value]:
    for name, block in reference("logrank").items():
        if name in ("meta", "toy22"):
            continue
        d, (t, e) = data(name), curve_of(name)
        group = d[block["group"]]
        yield from log_rank_block(f"{name} log-rank", block["logrank"], curves.log_rank(t, e, group))
        yield from log_rank_block(f"{name} peto", block["peto"], curves.log_rank(t, e, group, weights="peto"))
        for key in block:
            if key.startswith("stratified_by_"):
                test = curves.log_rank(t, e, group, strata=d[key.removeprefix("stratified_by_")])
                yield from log_rank_block(f"{name} {key}", block[key], test)
        if "coin_exact" in block:
            yield from coin(name, block, t, e, group == sorted(set(group))[0])
    yield from toy22()


def coin(name: str, block: dict[str, Any], t: np.ndarray, e: np.ndarray, arm: np.ndarray) -> Iterator[Value]:
    """coin standardises the sum over the first group by its permutation mean and SD, and negates our scores."""
    scores, rank_last = curves.log_rank_scores(t, e), curves.log_rank_scores(t, e, scores="hothorn-lausen")
    n1, n = int(arm.sum()), t.size
    sd = np.sqrt(n1 * (n - n1) / n * scores.var(ddof=1))
    z = (scores[arm].sum() - n1 * scores.mean()) / sd
    p = curves.exact_log_rank(t, e, arm).p
    yield from several(f"{name} coin z", block["coin_asymptotic"]["z"], -z, CLOSED)
    yield from several(f"{name} coin exact z", block["coin_exact"]["z"], -z, CLOSED)
    yield from several(f"{name} coin exact p", block["coin_exact"]["p"], p, EXACT_P)
    yield from several(f"{name} scores", block["logrank_scores"], rank_last, CLOSED)


def toy22() -> Iterator[Value]:
    r, (t, e) = reference("logrank")["toy22"], curve_of("toy22")
    arm = data("toy22")["group"] == "1"
    test = permutation.score_test(curves.log_rank_scores(t, e), arm)
    asymptotic = curves.log_rank(t, e, arm)
    yield from several("toy22 splits", r["n_assignments"], test.splits, COUNT)
    yield from several("toy22 score", r["score"], test.score, CLOSED)
    yield from several("toy22 chi-square", r["chisq"], asymptotic.chi_square, CLOSED)
    yield from several("toy22 asymptotic p", r["p_asymptotic"], asymptotic.p, EXACT_P)
    yield from several("toy22 exact p", r["p_exact_two_sided_abs"], curves.exact_log_rank(t, e, arm).p, EXACT_P)
    yield from several("toy22 less", r["p_exact_one_sided_le"], test.p_less, EXACT_P)
    yield from several("toy22 greater", r["p_exact_one_sided_ge"], test.p_greater, EXACT_P)
    yield from several("toy22 mid-p", r["midp_two_sided"], test.p_mid, EXACT_P)
    for label in "10":
        yield from km_block(f"toy22 group {label}", r[f"km_group{label}"], *curve_of("toy22", f"group={label}"))


def rank_block(name: str, r: dict[str, Any]) -> Iterator[Value]:
    test = ranks.mann_whitney(r["x"], r["y"], rule="R", correct=r["correct"])
    if not r["exact"]:  # R was told to use the normal approximation where its rule would be exact
        twice = ranks._twice_mid_ranks(np.array(r["x"] + r["y"], float))
        p = ranks._normal_p(r["W"], len(r["x"]), len(r["y"]), twice, r["correct"])
        yield from several(f"{name} p", r["p"], p, CLOSED)
    else:
        shift = ranks.hodges_lehmann(r["x"], r["y"])
        yield from several(f"{name} p", r["p"], test.p, EXACT_P)
        yield from several(f"{name} shift", [r["hl"], *r["ci"]], [shift.estimate, shift.low, shift.high], CLOSED)
    yield from several(f"{name} W", r["W"], test.estimate, CLOSED)


def ranks_file() -> Iterator[Value]:
    r = reference("ranks")
    for name in r:
        if name == "permeability_no_ties" or name.startswith("n13_n9"):
            yield from rank_block(name, r[name])
    tied = r["ties"]
    yield from rank_block("ties normal", tied["normal"])
    yield from rank_block("ties normal, no correction", tied["normal_nocc"])
    exact, shift = ranks.mann_whitney(tied["x"], tied["y"]), ranks.hodges_lehmann(tied["x"], tied["y"])
    yield from several("ties W", tied["W"], exact.estimate, CLOSED)
    yield from several("ties exactRankTests p", tied["exactRankTests_p"], exact.p, EXACT_P)
    yield from several("ties coin p", tied["coin_exact_p"], exact.p, EXACT_P)
    yield from several("ties limits", tied["ci"], [shift.low, shift.high], CLOSED)
    yield from several(
        "ties R rule p", tied["normal"]["p"], ranks.mann_whitney(tied["x"], tied["y"], rule="R").p, CLOSED
    )
    arm = [True] * len(tied["x"]) + [False] * len(tied["y"])
    means = permutation.score_test(tied["x"] + tied["y"], arm)
    yield from several("permutation of means", r["permutation_means_ties"]["p"], means.p, EXACT_P)
    s = r["smd"]
    yield from several("smd", s["smd_pooled_mean_var"], balance.smd_continuous(s["x"], s["y"]).smd, CLOSED)
    binary = balance.smd_binary([1] * 11 + [0] * 2, [1] * 5 + [0] * 4)
    yield from several("smd binary", s["binary_11of13_5of9"], binary.smd, CLOSED)


def table_block(r: dict[str, Any], m: int, n: int) -> Iterator[Value]:
    a, b = r["a"], r["b"]
    table, name = (a, m, b, n), f"{a}/{m} v {b}/{n}"
    yield from several(f"{name} fisher", r["fisher_p"], proportions.fisher_p(*table), EXACT_P)
    yield from several(f"{name} mid-p", r["midp_two_sided_prob_order"], proportions.mid_p(*table), EXACT_P)
    for method, key in (
        ("newcombe", "newcombe"),
        ("miettinen-nurminen", "miettinen_nurminen"),
        ("mee", "mee_no_correction"),
    ):
        if key in r:
            row = risk_difference(*table, method=method)
            yield from several(f"{name} difference", r["rd"], row.estimate, CLOSED)
            yield from several(f"{name} {key}", r[key], [row.low, row.high], CLOSED if method == "newcombe" else ROOT)
    if 0 < a + b < m + n:  # R prints 0 (0 to infinity) for a table without events: no odds ratio exists
        exact, mid = proportions.odds_ratio(*table), proportions.odds_ratio(*table, method="mid-p")
        yield from several(f"{name} odds ratio", r["or_cond_precise"], exact.estimate, ROOT)
        yield from several(f"{name} exact limits", r["or_exact_ci_precise"], [exact.low, exact.high], ROOT)
        yield from several(f"{name} mid-p limits", r["or_midp_ci"], [mid.low, mid.high], ROOT)
    if "fisher_p_less" in r:
        for side in ("less", "greater"):
            p = proportions.fisher_p(*table, alternative=side)
            yield from several(f"{name} fisher {side}", r[f"fisher_p_{side}"], p, EXACT_P)
        yield from several(
            f"{name} doubled mid-p", r["midp_two_sided_doubled"], proportions.mid_p(*table, order="doubled"), EXACT_P
        )
        if 0 < a + b < m + n:
            counts = [[a, m - a], [b, n - b]]
            yield from several(f"{name} pearson", r["chisq_p"], tables.chi_square_p(counts), CLOSED)
            yield from several(f"{name} yates", r["chisq_yates_p"], tables.chi_square_p(counts, yates=True), CLOSED)


def exact_tables() -> Iterator[Value]:
    r = reference("exact_tables")
    for block in r["tables"]:
        yield from table_block(block, block["m"], block["n"])
    for block in r["all_13_vs_9"]:
        yield from table_block(block, 13, 9)
    for block in r["binom"]:
        for method in ("clopper-pearson", "wilson"):
            row = proportions.proportion(block["x"], block["n"], method=method)
            expected = block[method.replace("-", "_")]
            yield from several(f"{block['x']}/{block['n']} {method}", expected, [row.low, row.high], CLOSED)
    for i, block in enumerate(r["fisher_rxc"]):
        yield from several(f"r x c {i}", block["p"], tables.fisher_freeman_halton_p(block["table"]), EXACT_P)


def exact_unconditional() -> Iterator[Value]:
    for r in reference("exact_unconditional")["tables"]:
        table = (r["a"], r["m"], r["b"], r["n"])
        for side in ("less", "greater"):
            p = proportions.boschloo_p(*table, alternative=side)
            yield from several(f"{table} boschloo {side}", r[f"boschloo_{side}"], p, GRID)


def rmst() -> Iterator[Value]:
    for key, r in reference("rmst").items():
        if key == "meta":
            continue
        name = key.rsplit("_tau", 1)[0]
        column = "group" if name == "toy22" else reference("km")[name]["group_var"]
        (t, e), group = curve_of(name), data(name)[column]
        areas = [restricted_mean.restricted_mean(t[group == str(g)], e[group == str(g)], r["tau"]) for g in r["levels"]]
        yield from several(f"{key} area", r["rmst"], [area for area, _ in areas], CLOSED)
        yield from several(f"{key} se", r["se"], [se for _, se in areas], CLOSED)
        second = (group == str(r["levels"][1])).astype(int)
        gap = restricted_mean.rmst_difference(t, e, second, r["tau"])
        expected = [r["diff_2_minus_1"], r["diff_lower"], r["diff_upper"], r["p"]]
        yield from several(f"{key} difference", expected, [gap.estimate, gap.low, gap.high, gap.p], CLOSED)
        se = (gap.high - gap.low) / (2 * 1.959963984540054)
        yield from several(f"{key} difference se", r["diff_se"], se, CLOSED)
        ratio = restricted_mean.rmst_ratio(t, e, second, r["tau"])
        expected = [r["ratio"], r["ratio_lower"], r["ratio_upper"]]
        yield from several(f"{key} ratio", expected, [ratio.estimate, ratio.low, ratio.high], CLOSED)


def competing_risks() -> Iterator[Value]:
    for name, file, column in (("mgus2", "mgus2_competing", "sex"), ("competing22", "competing22", "g")):
        block, d = reference("competing")[name], data(file)
        t, s, group = d["time"].astype(float), d["status"].astype(int), d[column]
        gray, aj = block.get("cuminc", block), block["aalen_johansen"]
        for row, label in enumerate(gray["curves"]):
            who, cause = label.split()
            mine = group == who
            curve = competing.cumulative_incidence(t[mine], s[mine], int(cause))
            place = np.searchsorted(curve.time, gray["times"], side="right") - 1
            yield from several(f"{name} {label}", gray["est"][row], curve.incidence[place], CLOSED)
            yield from several(f"{name} {label} variance", gray["var"][row], curve.se[place] ** 2, CLOSED)
        for i, stratum in enumerate(aj["strata"]):
            mine, at = group == stratum.split("=")[1], aj["times"][i]
            for cause in (1, 2):
                curve = competing.cumulative_incidence(t[mine], s[mine], cause, variance="greenwood", interval="log")
                place, (row,) = np.searchsorted(curve.time, at, side="right") - 1, competing.incidence_at(curve, [at])
                prefix = f"{name} {stratum} cause {cause} at {at}"
                yield from several(prefix, aj["pstate"][i][cause], row.estimate, CLOSED)
                yield from several(f"{prefix} se", aj["se"][i][cause], curve.se[place], CLOSED)
                if "lower" in aj:
                    limits = [aj["lower"][i][cause], aj["upper"][i][cause]]
                    yield from several(f"{prefix} limits", limits, [row.low, row.high], CLOSED)
            yield from several(f"{name} {stratum} free at {at}", aj["pstate"][i][0], curve.event_free[place], CLOSED)


# how many values each file must at least yield: a comparison that quietly compares nothing fails
FILES = {
    "km": (km, 2_600),
    "km_tables": (km_tables, 590),
    "logrank": (logrank, 500),
    "ranks": (ranks_file, 25),
    "exact_tables": (exact_tables, 1_050),
    "exact_unconditional": (exact_unconditional, 12),
    "rmst": (rmst, 40),
    "competing": (competing_risks, 100),
}
