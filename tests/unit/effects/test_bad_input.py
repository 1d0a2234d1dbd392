"""Every estimator on thin, tied and wrong input: a value, a row that says why not, or a ValueError that names it.

No warning (warnings are errors), no other exception, no number out of nothing. A public function of `effects` that
stands in no table here fails the first test.
"""

import importlib
import inspect
import pkgutil
from dataclasses import fields, is_dataclass
from math import inf, isfinite, nan

import numpy as np
import pytest

import tocsin.effects
from tocsin.effects import (
    agreement,
    balance,
    competing,
    cox_checks,
    curves,
    e_value,
    fine_gray,
    firth,
    fragility,
    gray,
    guyot,
    means,
    permutation,
    power,
    proportions,
    quantiles,
    ranks,
    restricted_mean,
    risk_difference,
    stratified,
    survival,
    tables,
    time_dependent,
    tipping,
    unconditional,
    weighted,
)  # fmt: skip
from tocsin.effects.cox import cox
from tocsin.effects.estimate import Estimate


def ones(t):
    return np.ones(np.size(t))


def begun(t, e, g):
    """Patients of group 1 begin treatment half-way; those of group 0 never."""
    when = np.where(np.asarray(g) == 1, np.asarray(t, float) / 2, inf)
    rows = time_dependent.split_at_treatment(t, e, when)
    return rows.start, rows.stop, rows.event, rows.treated, rows.patient


# time, event or cause, arm (1 or 0)
TIMED = {
    "survival.kaplan_meier": lambda t, e, g: survival.kaplan_meier(t, e),
    "survival.survival_at": lambda t, e, g: survival.survival_at(survival.kaplan_meier(t, e), [0, 1, 99]),
    "survival.number_at_risk": lambda t, e, g: survival.number_at_risk(survival.kaplan_meier(t, e), [0, 1]),
    "quantiles.survival_quantile": lambda t, e, g: quantiles.survival_quantile(survival.kaplan_meier(t, e), 0.25),
    "quantiles.median_survival": lambda t, e, g: quantiles.median_survival(t, e),
    "quantiles.follow_up": lambda t, e, g: quantiles.follow_up(t, e),
    "quantiles.spss_median": lambda t, e, g: quantiles.spss_median(t, e),
    "quantiles.spss_median_parts": lambda t, e, g: quantiles.spss_median_parts(t, e),
    "restricted_mean.rmst": lambda t, e, g: restricted_mean.rmst(t, e, 2.0),
    "restricted_mean.rmst_difference": lambda t, e, g: restricted_mean.rmst_difference(t, e, g, 2.0),
    "restricted_mean.rmst_ratio": lambda t, e, g: restricted_mean.rmst_ratio(t, e, g, 2.0),
    "restricted_mean.restricted_mean": lambda t, e, g: restricted_mean.restricted_mean(t, e, 2.0),
    "curves.log_rank": lambda t, e, g: [curves.log_rank(t, e, g, weights=w) for w in curves.NAMES],
    "curves.log_rank_scores": lambda t, e, g: curves.log_rank_scores(t, e),
    "curves.exact_log_rank": lambda t, e, g: curves.exact_log_rank(t, e, g),
    "cox.cox": lambda t, e, g: [cox(t, e, {"arm": g}, ties=ties) for ties in ("efron", "breslow", "exact")],
    "cox_checks.proportional_hazards": lambda t, e, g: cox_checks.proportional_hazards(cox(t, e, {"arm": g})),
    "cox_checks.concordance": lambda t, e, g: cox_checks.concordance(cox(t, e, {"arm": g})),
    "firth.firth": lambda t, e, g: firth.firth(t, e, {"arm": g}),
    "competing.cumulative_incidence": lambda t, e, g: competing.cumulative_incidence(t, e),
    "competing.incidence_at": lambda t, e, g: competing.incidence_at(competing.cumulative_incidence(t, e), [0, 1, 99]),
    "gray.gray_test": lambda t, e, g: gray.gray_test(t, e, g),
    "gray.gray_permutation": lambda t, e, g: gray.gray_permutation(t, e, g),
    "fine_gray.fine_gray": lambda t, e, g: fine_gray.fine_gray(t, e, {"arm": g}),
    "weighted.weighted_kaplan_meier": lambda t, e, g: weighted.weighted_kaplan_meier(t, e, ones(t)),
    "weighted.weighted_incidence": lambda t, e, g: weighted.weighted_incidence(t, e, ones(t)),
    "weighted.weighted_at": lambda t, e, g: weighted.weighted_at(weighted.weighted_kaplan_meier(t, e, ones(t)), [0, 1]),
    "time_dependent.split_at_treatment": begun,
    "time_dependent.mantel_byar": lambda t, e, g: time_dependent.mantel_byar(*begun(t, e, g)),
    "time_dependent.simon_makuch": lambda t, e, g: time_dependent.simon_makuch(*begun(t, e, g)),
    "time_dependent.simon_makuch_at": lambda t, e, g: time_dependent.simon_makuch_at(
        time_dependent.simon_makuch(*begun(t, e, g)), [0, 1]
    ),
    "time_dependent.landmarks": lambda t, e, g: time_dependent.landmarks(
        t, e, np.where(np.asarray(g) == 1, 0.0, inf), [0, 1, 99]
    ),
    "e_value.observed_strength": lambda t, e, g: e_value.observed_strength(np.asarray(t) > 1, g, e),
}  # fmt: skip
CAUSES = {name for name in TIMED if name.split(".")[0] in ("competing", "gray", "fine_gray")} | {
    "weighted.weighted_incidence"
}
NO_ARM = {
    name
    for name in TIMED
    if name.split(".")[0] in ("survival", "quantiles", "competing", "weighted")
    or name in ("restricted_mean.rmst", "restricted_mean.restricted_mean", "curves.log_rank_scores")
}
NO_TIME = {"e_value.observed_strength"}  # the times are only what the covariate is made of there
# a/m v b/n
COUNTED = {
    "proportions.proportion": lambda a, m, b, n: [
        proportions.proportion(a, m, method=how)
        for how in ("clopper-pearson", "wilson", "wilson-corrected", "jeffreys")
    ],
    "proportions.odds_ratio": lambda a, m, b, n: [
        proportions.odds_ratio(a, m, b, n, method=how) for how in ("exact", "mid-p")
    ],
    "proportions.risk_ratio": lambda a, m, b, n: proportions.risk_ratio(a, m, b, n),
    "proportions.fisher_p": proportions.fisher_p,
    "proportions.mid_p": proportions.mid_p,
    "proportions.boschloo_p": proportions.boschloo_p,
    "risk_difference.risk_difference": lambda a, m, b, n: [
        risk_difference.risk_difference(a, m, b, n, method=how)
        for how in ("newcombe", "miettinen-nurminen")
    ],
    "unconditional.barnard_p": unconditional.barnard_p,
    "unconditional.boschloo_by_fisher_p": unconditional.boschloo_by_fisher_p,
    "e_value.e_value_two_arms": e_value.e_value_two_arms,
    "fragility.fragility": fragility.fragility,
    "tipping.tipping_grid": lambda a, m, b, n: tipping.tipping_grid(a, m, 1, b, n, 2),
    "stratified.mantel_haenszel": lambda a, m, b, n: [
        stratified.mantel_haenszel([(a, m, b, n)], measure=what)
        for what in ("odds ratio", "risk ratio", "risk difference")
    ],
    "stratified.cochran_mantel_haenszel": lambda a, m, b, n: stratified.cochran_mantel_haenszel([(a, m, b, n)]),
    "stratified.homogeneity": lambda a, m, b, n: stratified.homogeneity([(a, m, b, n), (1, 2, 1, 2)]),
    "stratified.common_odds_ratio": lambda a, m, b, n: stratified.common_odds_ratio([(a, m, b, n), (0, 1, 0, 1)]),
    "stratified.mcnemar": lambda a, m, b, n: [stratified.mcnemar(a, b, exact=exact) for exact in (True, False)],
    "tables.chi_square_p": lambda a, m, b, n: tables.chi_square_p([[a, m - a], [b, n - b]]),
    "tables.fisher_freeman_halton_p": lambda a, m, b, n: tables.fisher_freeman_halton_p([[a, m - a], [b, n - b]]),
    "agreement.weighted_kappa": lambda a, m, b, n: agreement.weighted_kappa([[a, m - a], [b, n - b]]),
}  # fmt: skip
# numbers of two groups
VALUED = {
    "ranks.spread": lambda x, y: ranks.spread(x),
    "ranks.mann_whitney": lambda x, y: [ranks.mann_whitney(x, y, rule=rule) for rule in ("exact", "R")],
    "ranks.hodges_lehmann": ranks.hodges_lehmann,
    "ranks.kruskal_wallis": lambda x, y: ranks.kruskal_wallis([x, y]),
    "means.welch": means.welch,
    "balance.smd_continuous": balance.smd_continuous,
    "balance.hedges_g": balance.hedges_g,
    "balance.smd_levels": balance.smd_levels,
}  # fmt: skip
MISSING_ALLOWED = {"ranks.spread", "balance.smd_continuous", "balance.hedges_g", "balance.smd_levels"}  # NaN is missing
# held by tests of their own; the rest is what estimators are made of
ELSEWHERE = {
    "agreement.bootstrap_kappa", "agreement.cross_table", "balance.smd_binary", "cox.maximise", "cox.normal_p",
    "cox.ratio_row", "cox_data.prepare", "cox_data.spans", "e_value.bounding_factor", "e_value.confounder_grid",
    "e_value.e_value", "estimate.not_estimable", "firth.climb", "guyot.read_curve", "inputs.check_share",
    "inputs.codes", "inputs.count", "inputs.labels", "inputs.numbers", "inputs.times", "inputs.times_and_events",
    "inputs.z_value", "partial_likelihood.crossed", "partial_likelihood.derivatives", "partial_likelihood.evaluate",
    "partial_likelihood.risk_sets", "partial_likelihood.score_residuals", "partial_likelihood.summed_hazard",
    "permutation.score_test", "power.detectable_hazard_ratio", "power.detectable_proportion", "power.fisher_power",
    "power.schoenfeld_power", "proportions.hypergeometric", "proportions.wilson", "survival.band",
}  # fmt: skip


def test_every_estimator_is_here():
    public = set[str]()
    for module in pkgutil.iter_modules(tocsin.effects.__path__):
        if module.ispkg:
            continue
        found = importlib.import_module(f"tocsin.effects.{module.name}")
        public |= {
            f"{module.name}.{name}"
            for name, one in inspect.getmembers(found, inspect.isfunction)
            if not name.startswith("_") and one.__module__ == found.__name__
        }
    assert public == {*TIMED, *COUNTED, *VALUED, *ELSEWHERE}


def estimates(made):
    """Every estimate in a result; a bare number must be finite, an array never infinite."""
    if isinstance(made, Estimate):
        return [made]
    if isinstance(made, float):
        assert isfinite(made), made
    if isinstance(made, np.ndarray) and made.dtype.kind == "f":
        assert not np.isinf(made).any()
    if isinstance(made, list | tuple):
        return [row for one in made for row in estimates(one)]
    if is_dataclass(made):
        kept = [field.name for field in fields(made) if field.name not in ("data", "sets")]
        return [row for name in kept for row in estimates(getattr(made, name))]
    return []


# what has no row to say "not estimable" in: a bare P, a split, a mean with its error
REFUSED = {
    ("restricted_mean.restricted_mean", "horizon: "), ("time_dependent", "time: "),
    ("time_dependent", "start: "), ("proportions", "a/m v b/n: an arm"),
    ("unconditional", "a/m v b/n: an arm"), ("tables.chi_square_p", "table: "),
}  # fmt: skip


def said(name, work, *given):
    """The estimates; the functions of `REFUSED` may refuse thin input instead, in these words."""
    refusal, rows = "", list[Estimate]()
    try:
        rows = estimates(work(*given))
    except ValueError as error:
        refusal = str(error)
    if refusal:
        assert any(name.startswith(who) and refusal.startswith(words) for who, words in REFUSED), (name, refusal)
        return None
    for row in rows:
        assert row.estimate is not None or row.note or row.p is not None, row
        if row.p is not None:
            assert 0 <= row.p <= 1, row
        if row.low is not None and row.high is not None:
            assert row.low <= row.high, row
            assert row.estimate is None or row.low - 1e-12 <= row.estimate <= row.high + 1e-12, row
    return rows


THIN = {
    "nobody": ([], [], []),
    "one patient, an event": ([3], [1], [1]),
    "one patient, censored": ([3], [0], [0]),
    "the second arm is empty": ([1, 2, 3, 4], [1, 1, 0, 1], [1, 1, 1, 1]),
    "the first arm is empty": ([1, 2, 3, 4], [1, 1, 0, 1], [0, 0, 0, 0]),
    "one event": ([1, 2, 3, 4], [0, 1, 0, 0], [1, 0, 1, 0]),
    "one event, the last": ([1, 2, 3, 4], [0, 0, 0, 1], [1, 0, 1, 0]),
    "no events": ([1, 2, 3, 4], [0, 0, 0, 0], [1, 0, 1, 0]),
    "events in one arm": ([1, 2, 3, 4, 5, 6], [1, 0, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0]),
    "all at one time": ([2, 2, 2, 2], [1, 1, 1, 1], [1, 0, 1, 0]),
    "all at one time, some censored": ([2, 2, 2, 2], [1, 0, 0, 1], [1, 0, 1, 0]),
    "all censored at one time": ([2, 2, 2, 2], [0, 0, 0, 0], [1, 0, 1, 0]),
    "all at time 0": ([0, 0, 0, 0], [1, 0, 1, 1], [1, 0, 1, 0]),
    "ties everywhere": ([1, 1, 1, 2, 2, 2, 3, 3], [1, 0, 1, 1, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0, 1, 0]),
    "one patient an arm": ([1, 2], [1, 1], [1, 0]),
    "arms one after the other": ([1, 2, 3, 4], [1, 1, 1, 1], [1, 1, 0, 0]),
    "times of 1e-300 and 1e300": ([1e-300, 1e300, 2e300], [1, 1, 0], [1, 0, 1]),
}
SILENT = ("nobody", "no events", "all censored at one time")
COMPARE = {name for name in TIMED if name not in NO_ARM} - {
    "time_dependent.split_at_treatment", "time_dependent.simon_makuch", "time_dependent.simon_makuch_at"
}  # fmt: skip


@pytest.mark.parametrize("thin", THIN)
@pytest.mark.parametrize("name", TIMED)
def test_thin_times(name, thin):
    rows = said(name, TIMED[name], *THIN[thin])
    if rows and thin in SILENT and name in COMPARE and "restricted" not in name:
        assert all(row.estimate is None and row.p is None for row in rows), rows
    compared = name in COMPARE - {"time_dependent.mantel_byar"}  # there all were untreated first
    if rows and compared and "arm is empty" in thin:
        assert all(row.p is None for row in rows), rows


@pytest.mark.parametrize("name", sorted(CAUSES))
@pytest.mark.parametrize("status", [[2, 2, 2, 2], [2, 0, 2, 0], [1, 2, 1, 2], [3, 3, 1, 0]])
def test_other_causes(name, status):
    said(name, TIMED[name], [1, 2, 2, 4], status, [1, 0, 1, 0])


WRONG_TIMES = {
    "NaN": ([1, nan, 3, 4], [1, 1, 0, 1], [1, 0, 1, 0], "time"),
    "infinite": ([1, inf, 3, 4], [1, 1, 0, 1], [1, 0, 1, 0], "time"),
    "negative": ([1, -2, 3, 4], [1, 1, 0, 1], [1, 0, 1, 0], "time"),
    "text": (["a", "b", "c", "d"], [1, 1, 0, 1], [1, 0, 1, 0], "time"),
    "an event of 0.5": ([1, 2, 3, 4], [1, 0.5, 0, 1], [1, 0, 1, 0], "event|status"),
    "an event of -1": ([1, 2, 3, 4], [1, -1, 0, 1], [1, 0, 1, 0], "event|status"),
    "an event of NaN": ([1, 2, 3, 4], [1, nan, 0, 1], [1, 0, 1, 0], "event|status"),
    "an event too few": ([1, 2, 3, 4], [1, 1, 0], [1, 0, 1, 0], "event|status"),
    "an arm of NaN": ([1, 2, 3, 4], [1, 1, 0, 1], [1, nan, 1, 0], "group|arm|covariate|treated"),
    "an arm too few": ([1, 2, 3, 4], [1, 1, 0, 1], [1, 0, 1], "group|arm|covariate|treated"),
}


@pytest.mark.parametrize("wrong", WRONG_TIMES)
@pytest.mark.parametrize("name", sorted(set(TIMED) - NO_TIME))
def test_wrong_times(name, wrong):
    t, e, g, named = WRONG_TIMES[wrong]
    if "arm" in wrong and (name in NO_ARM or name.startswith("time_dependent")):
        return  # there the arm is not an argument
    if wrong == "text" and name.startswith("time_dependent"):
        return  # this table's own arithmetic refuses it first
    with pytest.raises(ValueError, match=rf"^({named})"):
        TIMED[name](t, e, g)


def test_a_third_code_is_refused_where_there_are_two_arms():
    for name in ("curves.exact_log_rank", "restricted_mean.rmst_difference", "gray.gray_permutation"):
        with pytest.raises(ValueError, match=r"^group: 1 of 4 values are not 0 or 1"):
            TIMED[name]([1, 2, 3, 4], [1, 1, 0, 1], [1, 0, 2, 0])


THIN_COUNTS = [
    (0, 0, 0, 0), (0, 0, 3, 9), (3, 9, 0, 0), (0, 13, 0, 9), (13, 13, 9, 9), (13, 13, 0, 9), (0, 13, 9, 9),
    (0, 1, 0, 1), (1, 1, 0, 1), (1, 1, 1, 1), (1, 13, 0, 9), (12, 13, 9, 9), (5, 10, 5, 10),
]  # fmt: skip


@pytest.mark.parametrize("table", THIN_COUNTS)
@pytest.mark.parametrize("name", COUNTED)
def test_thin_counts(name, table):
    rows = said(name, COUNTED[name], *table)
    _, m, _, n = table
    if rows and not (m and n) and not name.startswith(("proportions.proportion", "stratified", "agreement", "tipping")):
        assert all(row.estimate is None and row.p is None for row in rows), rows


@pytest.mark.parametrize("table", [(14, 13, 1, 9), (-1, 13, 1, 9), (1.5, 13, 1, 9), (nan, 13, 1, 9), (inf, 13, 1, 9)])
@pytest.mark.parametrize("name", COUNTED)
def test_wrong_counts(name, table):
    if name == "stratified.mcnemar" and table[0] == 14:
        return  # two counts of pairs, none of them out of the other
    with pytest.raises(ValueError, match=r"^(events|a|b|stratum \d: a|table|first_only)\b"):
        COUNTED[name](*table)


THIN_VALUES = [
    ([], []), ([1.0], []), ([], [1.0]), ([1.0], [1.0]), ([1.0], [2.0]), ([2.0, 2.0], [2.0, 2.0]),
    ([1.0, 1.0], [2.0, 2.0]), ([1.0, 2.0], [3.0]), ([1e300, 1.0], [1e-300, 2.0]), ([-1.0, -2.0], [0.0, 5.0]),
]  # fmt: skip


@pytest.mark.parametrize("groups", THIN_VALUES)
@pytest.mark.parametrize("name", VALUED)
def test_thin_values(name, groups):
    rows = said(name, VALUED[name], *groups)
    if rows and not (groups[0] and groups[1]):
        assert all(row.estimate is None and row.p is None for row in rows), rows


@pytest.mark.parametrize("wrong", [nan, inf, -inf])
@pytest.mark.parametrize("name", VALUED)
def test_wrong_values(name, wrong):
    if name == "balance.smd_levels" or (wrong != wrong and name in MISSING_ALLOWED):
        said(name, VALUED[name], [1.0, wrong, 2.0], [2.0, 3.0])
        return
    with pytest.raises(ValueError, match=r"(NaN or )?infinite"):
        VALUED[name]([1.0, wrong, 2.0], [2.0, 3.0])


def test_what_stands_elsewhere_refuses_too():
    for work in (
        lambda: permutation.score_test([1.0, nan], [True, False]),
        lambda: permutation.score_test([], []),
        lambda: guyot.read_curve([], [], [0], [10]),
        lambda: guyot.read_curve([0, 1], [100, 90], [0], [10]),
        lambda: power.fisher_power(0.5, 0.5, 0, 9),
        lambda: power.detectable_hazard_ratio(0),
        lambda: power.schoenfeld_power(inf, 10),
        lambda: balance.smd_binary([0, 2], [0, 1]),
        lambda: e_value.e_value(0, n=10),
        lambda: e_value.confounder_grid(nan, 1, 2, n=10),
        lambda: agreement.bootstrap_kappa([0, 1], [0, -1], ["a", "b"]),
        lambda: e_value.observed_strength([0, 2], [1, 0], [1, 0]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"^[\w/ ,]+.*: |^\w+ "):
            work()
