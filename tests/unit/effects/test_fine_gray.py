"""Fine-Gray against its own likelihood, written out patient by patient, and against the cases with no answer."""

from math import exp, log

import numpy as np
import pytest

from tocsin.effects.fine_gray import fine_gray

RNG = np.random.default_rng(17)
N = 60
X = RNG.normal(size=N)
T = np.ceil(RNG.exponential(6, N))
S = RNG.integers(0, 3, N)


def weight(i, t):
    """1 while at risk; after another cause G(t-) / G(T-), by counting; else 0."""
    if T[i] >= t:
        return 1.0
    if S[i] != 2:
        return 0.0

    def g(moment):
        value = 1.0
        for u in sorted({float(u) for u, s in zip(T, S, strict=True) if s == 0 and u < moment}):
            value *= 1 - np.sum((u == T) & (S == 0)) / np.sum(u <= T)
        return value

    return g(t) / g(T[i])


def likelihood(b):
    events = [i for i in range(N) if S[i] == 1]
    weights = {float(T[i]): [weight(j, T[i]) for j in range(N)] for i in events}
    return sum(
        b * X[i] - log(sum(w * exp(b * x) for w, x in zip(weights[float(T[i])], X, strict=True))) for i in events
    )


def test_likelihood_and_its_maximum():
    fit = fine_gray(T, S, {"x": X})
    (b,) = fit.coefficients
    assert fit.log_likelihood == pytest.approx(likelihood(b), rel=1e-12)
    assert likelihood(b) > max(likelihood(b - 1e-3), likelihood(b + 1e-3))


def test_row():
    (row,) = fine_gray(T, S, {"x": X}).rows
    assert row.measure == "subdistribution hazard ratio of x"
    assert row.low < row.estimate < row.high
    assert (row.n, row.events) == (N, int((S == 1).sum()))
    assert row.method == "Fine-Gray, Breslow ties, censoring by Kaplan-Meier, sandwich interval"


def test_without_censoring_the_error_is_that_of_the_score_residuals():
    """No censoring: every weight is 1, so the sandwich is that of a Cox model in which other causes never leave."""
    s = np.where(S == 0, 1, S)
    never = np.where(s == 2, T.max() + 1, T)
    fit = fine_gray(T, s, {"x": X})
    risk = np.exp(fit.coefficients[0] * X)
    information, residual = 0.0, np.zeros(N)
    for t in np.unique(T[s == 1]):
        at = never >= t
        mean = (risk * X)[at].sum() / risk[at].sum()
        d = ((t == T) & (s == 1)).sum()
        information += d * ((risk * X**2)[at].sum() / risk[at].sum() - mean**2)
        residual += np.where((t == T) & (s == 1), X - mean, 0) - at * risk * (X - mean) * d / risk[at].sum()
    assert fit.covariance[0, 0] == pytest.approx((residual**2).sum() / information**2, rel=1e-9)


def test_units_and_origin_of_a_covariate_do_not_matter():
    one, other = fine_gray(T, S, {"x": X}), fine_gray(T, S, {"x": 1_000 * X + 5e4})
    assert other.coefficients[0] * 1_000 == pytest.approx(one.coefficients[0], rel=1e-6)
    assert other.rows[0].p == pytest.approx(one.rows[0].p, rel=1e-6)


@pytest.mark.parametrize(
    ("status", "covariates", "why"),
    [
        (np.zeros(N), {"x": X}, "no event of this cause"),
        (S, {"x": np.ones(N), "y": X}, "constant: x"),
        (S, {"x": X, "y": 2 * X - 1}, "the covariates repeat each other"),
        (S, {"x": S == 1}, "the likelihood has no maximum: a covariate separates the events from the rest"),
    ],
)
def test_not_estimable(status, covariates, why):
    fit = fine_gray(T, status, covariates)
    assert [row.note for row in fit.rows] == [f"not estimable: {why}"] * len(covariates)
    assert fit.coefficients is None


def test_nobody_one_event_and_one_time():
    assert fine_gray([], [], {"x": []}).rows[0].note == "not estimable: no subjects"
    one = fine_gray([1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 2, 0], {"x": [0, 1, 0, 1, 1, 0]})
    assert one.rows[0].note.startswith("not estimable: the likelihood has no maximum")
    few = fine_gray([5] * 6, [1, 1, 2, 1, 2, 2], {"x": [0, 0, 0, 1, 1, 1]}).rows[0]
    assert few.estimate == pytest.approx(0.5, rel=1e-6)  # Breslow: 3 of 3 v 3, odds of an event's being in arm 1: 1/2
    assert "fewer than 10 events" in few.note


@pytest.mark.parametrize(
    ("time", "status", "x", "name"),
    [
        ([1, -2, 3], [1, 0, 2], [1, 2, 3], "time"),
        ([1, np.inf, 3], [1, 0, 2], [1, 2, 3], "time"),
        ([1, 2, 3], [1, 0.5, 2], [1, 2, 3], "status"),
        ([1, 2, 3], [1, 0, 2], [1, np.nan, 3], "x"),
        ([1, 2, 3], [1, 0, 2], [1, 2], "x"),
    ],
)
def test_wrong_input(time, status, x, name):
    with pytest.raises(ValueError, match=name):
        fine_gray(time, status, {"x": x})


def test_no_covariate_and_wrong_cause():
    with pytest.raises(ValueError, match="covariates"):
        fine_gray(T, S, {})
    with pytest.raises(ValueError, match="cause"):
        fine_gray(T, S, {"x": X}, 0)
