"""The start hazard: maxima against direct maximisation, penalties, and what cannot be fitted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from tocsin.effects.ccw.emulation import Settings, estimate, prepare
from tocsin.effects.ccw.hazard import (
    PRIOR_SD,
    Terms,
    fit,
    hour_spline,
    odds,
    standardised,
    start_design,
    starts_by_hour,
)
from tocsin.effects.ccw.hours import Hours, Rule
from tocsin.errors import TocsinError
from unit.effects.ccw.test_hours import patients


def design(x, y, who=None):
    x, y = np.asarray(x, float), np.asarray(y, float)
    who = np.arange(y.size, dtype=np.int32) if who is None else who
    names = ("intercept", *(f"x{j}" for j in range(x.shape[1])))
    return standardised(names, np.column_stack([np.ones(y.size), x]), y, who, int(who.max()) + 1)


def cohort(seed, n=40, p=2, shift=-1.0):
    r = np.random.default_rng(seed)
    x = r.normal(size=(n, p)) * np.arange(1, p + 1) + 3
    y = r.random(n) < 1 / (1 + np.exp(-(shift + 0.5 * (x[:, 0] - 3))))
    return x, y


def minus_loglik(b, d, m, firth=False, ridge=False):
    eta = d.x @ b
    w = m[d.who]
    value = float((w * (np.logaddexp(0, eta) - d.y * eta)).sum())
    if firth:
        p = 1 / (1 + np.exp(-eta))
        value -= 0.5 * np.linalg.slogdet((d.x * (w * p * (1 - p))[:, None]).T @ d.x)[1]
    if ridge:
        value += 0.5 * float((b[1:] ** 2).sum()) / PRIOR_SD**2
    return value


def direct(d, m, **how):
    best = minimize(minus_loglik, np.zeros(d.x.shape[1]), args=(d, m, *how.values()), method="BFGS", tol=1e-12)
    again = minimize(minus_loglik, best.x, args=(d, m, *how.values()), method="Nelder-Mead",
                     options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000})  # fmt: skip
    return again.x


@pytest.mark.parametrize("seed", range(6))
def test_maximum_likelihood(seed):
    d = design(*cohort(seed))
    m = np.random.default_rng(seed).integers(0, 4, d.n).astype(float)
    made = fit(d, multiplicity=m)
    assert made.why == ""
    assert made.beta == pytest.approx(direct(d, m, firth=False, ridge=False), abs=2e-6)
    assert made.score < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_ridge(seed):
    d = design(*cohort(seed))
    m = np.ones(d.n)
    made = fit(d, "ridge")
    assert made.beta == pytest.approx(direct(d, m, firth=False, ridge=True), abs=2e-6)
    assert abs(made.beta[1]) < abs(fit(d).beta[1])


@pytest.mark.parametrize("seed", range(4))
def test_firth_slopes_and_level(seed):
    d = design(*cohort(seed, n=25))
    m = np.ones(d.n)
    made = fit(d, "firth")
    assert made.beta[1:] == pytest.approx(direct(d, m, firth=True, ridge=False)[1:], abs=5e-6)
    o = odds(d, made.beta)
    assert (o / (1 + o)).mean() == pytest.approx(d.y.mean(), abs=1e-12)


def test_firth_of_one_two_by_two_table_by_hand():
    # 1 of 4 against 3 of 4: Firth adds 1/2 to every cell, log odds ratio ln((3.5/1.5) / (1.5/3.5)) = 2 ln(7/3)
    d = design(np.repeat([0, 1], 4)[:, None], [1, 0, 0, 0, 1, 1, 1, 0])
    assert fit(d, "firth").coef[1] == pytest.approx(2 * np.log(7 / 3), abs=1e-8)
    assert fit(d).coef[1] == pytest.approx(2 * np.log(3), abs=1e-9)


def test_penalties_hold_where_separation_does_not():
    x = np.linspace(-1, 1, 12)[:, None]
    d = design(x, x[:, 0] > 0.2)
    lost = fit(d)
    assert lost.away == ("x0",)
    assert "perfect separation: x0" in lost.why
    assert fit(d, "ridge").why == ""
    assert 0 < fit(d, "ridge").coef[1] < 20
    assert fit(d, "firth").why == ""
    assert 0 < fit(d, "firth").coef[1] < 20


def test_quasi_separation_names_the_column_only():
    r = np.random.default_rng(2)
    x = r.normal(size=(60, 2))
    flag = np.arange(60) < 8
    y = r.random(60) < 0.5
    y[flag] = True
    made = fit(design(np.column_stack([x, flag]), y))
    assert made.away == ("x2",)


def test_large_cohorts_do_not_hide_separation():
    """With many events a score per event looks small long before a coefficient has stopped running."""
    r = np.random.default_rng(3)
    x = r.normal(size=30_000)
    y = r.random(30_000) < 0.5
    flag = np.zeros(30_000)
    flag[:5], y[:5] = 1, True
    made = fit(design(np.column_stack([x, flag]), y))
    assert made.away == ("x1",)


@given(st.integers(0, 10_000))
def test_every_small_cohort_is_at_its_maximum_or_says_why(seed):
    """Newton without halving missed the maximum on some small cohorts, and said nothing."""
    r = np.random.default_rng(seed)
    x, y = cohort(seed, n=int(r.integers(8, 30)), p=3, shift=float(r.normal(-1, 2)))
    d = design(x, y)
    made = fit(d)
    if made.why:
        assert made.why == "it never happens" or made.why.startswith(("it happens in every", "perfect separation"))
        return
    p = 1 / (1 + np.exp(-d.x @ made.beta))
    assert np.abs(d.x.T @ (d.y - p)).max() < 1e-8


@given(st.integers(0, 10_000))
def test_warm_start_ends_where_a_cold_one_does(seed):
    x, y = cohort(seed, n=30)
    d = design(x, y)
    m = np.random.default_rng(seed).integers(0, 3, d.n).astype(float)
    full, cold = fit(d), fit(d, multiplicity=m)
    if full.why:
        return
    warm = fit(d, multiplicity=m, begin=full.beta)
    assert (warm.why == "") == (cold.why == "")
    if not cold.why:
        assert warm.beta == pytest.approx(cold.beta, abs=1e-6)


def test_multiplicity_is_copying_rows():
    x, y = cohort(11)
    m = np.random.default_rng(1).integers(0, 4, y.size)
    copied = design(np.repeat(x, m, axis=0), np.repeat(y, m))
    weighted = fit(design(x, y), multiplicity=m.astype(float))
    assert weighted.coef == pytest.approx(fit(copied).coef, abs=1e-9)
    assert weighted.se == pytest.approx(fit(copied).se, rel=1e-9)


def test_column_that_says_nothing_is_left_out_and_named():
    x, y = cohort(1)
    d = design(np.column_stack([x, np.full(y.size, 7.0), 2 * x[:, 0] - x[:, 1] + 1]), y)
    assert d.names == ("intercept", "x0", "x1")
    assert d.left_out == {
        "x2": "it does not vary over these hours",
        "x3": "it is a combination of the columns before it",
    }


def test_level_absent_from_a_replicate_moves_nobody_else():
    x, y = cohort(5)
    flag = np.zeros(y.size)
    flag[:2] = 1
    y[0], y[1] = True, False
    m = np.ones(y.size)
    m[:2] = 0
    d = design(np.column_stack([x, flag]), y)
    made = fit(d, multiplicity=m, begin=fit(d).beta)
    assert made.why == ""
    without = fit(design(x[2:], y[2:]))
    assert odds(d, made.beta)[2:] == pytest.approx(odds(design(x[2:], y[2:]), without.beta), rel=1e-6)


def test_spline_is_straight_beyond_its_knots():
    table, names = hour_spline(100, (5, 20, 60))
    assert table.shape == (100, 2)
    assert len(names) == 2
    bend = np.diff(table, n=2, axis=0)
    assert np.abs(bend[:4]).max() < 1e-12
    assert np.abs(bend[60:]).max() < 1e-12
    assert np.abs(bend[20:50, 1]).max() > 1e-4
    with pytest.raises(ValueError, match="knots"):
        hour_spline(100, (5, 5, 60))


def settled(hours, *rules, **settings):
    return estimate(prepare(hours, rules, Settings(**settings)))


def everybody(n):
    return Rule("early", np.zeros(n), 2)


def test_nobody_ever_started():
    hours = patients((3, None, 1), (3, None, 0), (2, None, 2))
    with pytest.raises(TocsinError) as error:
        settled(hours, everybody(3))
    assert error.value.problems[0].slug == "emulate.nobody-started"
    assert "by hour: 0: 0 of 3; 1: 0 of 3; 2: 0 of 2" in str(error.value)


def test_everybody_started_in_the_first_hour():
    hours = patients((3, 0, 1), (3, 0, 0), (2, 0, 2))
    with pytest.raises(TocsinError) as error:
        settled(hours, everybody(3))
    assert error.value.problems[0].slug == "emulate.everybody-started"
    assert "by hour: 0: 3 of 3" in str(error.value)


def test_separation_is_an_error_that_names_the_column_and_a_penalty_cures_it():
    hours = patients((4, 2, 1), (4, 2, 0), (3, None, 1), (2, 1, 2), (4, 2, 0), (4, 1, 0))
    x = np.column_stack([hours.started.astype(float), hours.hour % 2])
    hours = Hours(hours.patient, hours.hour, x, ("drug ordered", "odd hour"), hours.treated, hours.started,
                  hours.outcome, 6)  # fmt: skip
    with pytest.raises(TocsinError) as error:
        settled(hours, everybody(6))
    assert error.value.problems[0].slug == "emulate.separation"
    assert "drug ordered" in error.value.problems[0].what
    assert settled(hours, everybody(6), penalty="ridge", truncation=None).fits[0].why == ""


def test_unknown_term():
    hours = patients((3, 1, 1), (3, None, 0))
    with pytest.raises(TocsinError, match="term 'temperature' is no covariate"):
        start_design(hours, Terms(("temperature",)))
    with pytest.raises(TocsinError, match="by_hour"):
        start_design(hours, Terms((), np.ones((2, 1)), ("hour",)))


def test_table_of_starts():
    hours = patients((6, 1, 1), (6, 3, 0), (6, None, 0), (1, 0, 1))
    assert starts_by_hour(hours) == [("0", 4, 1), ("1", 3, 1), ("2-3", 4, 1), ("4-5", 2, 0)]
