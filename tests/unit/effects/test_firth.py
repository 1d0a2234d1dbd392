"""Firth's penalty by hand, against a second maximiser, and at the edges."""

from math import exp, log

import numpy as np
import pytest
from scipy.optimize import minimize

from tocsin.effects.cox import cox
from tocsin.effects.firth import firth
from unit.effects.test_cox import ONE_TIME, made

ONE_EVENT = ([1, 2, 3, 4], [0, 1, 0, 0], {"x": [1, 1, 0, 0]})


def by_hand(b):
    """One event with x = 1 among it and two with x = 0: ln p + 0.5 ln p(1-p), p = e^b / (e^b + 2)."""
    p = exp(b) / (exp(b) + 2)
    return log(p) + 0.5 * log(p * (1 - p))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_one_event_by_hand(ties):
    """The slope 1.5 (1-p) - 0.5 p is 0 at p = 3/4, a ratio of 6, where the usual estimate is infinite."""
    fit = firth(*ONE_EVENT, ties=ties)
    (row,) = fit.rows
    assert row.estimate == pytest.approx(6, rel=1e-10)
    assert fit.se[0] == pytest.approx((3 / 16) ** -0.5, rel=1e-10)
    assert fit.penalised_loglik == pytest.approx(by_hand(log(6)), rel=1e-12)
    for limit in (row.low, row.high):
        assert 2 * (by_hand(log(6)) - by_hand(log(limit))) == pytest.approx(3.841458820694124, rel=1e-9)
    assert row.low < 6 < row.high
    assert fit.test.estimate == pytest.approx(2 * (by_hand(log(6)) - by_hand(0)), rel=1e-10)
    assert row.p == pytest.approx(fit.test.p, rel=1e-10)
    assert (row.n, row.events, row.level) == (4, 1, 0.95)
    assert row.method == f"Cox, Firth's penalty, {ties} ties, profile likelihood interval"
    assert cox(*ONE_EVENT).infinite == ("x",)


def test_three_events_at_one_time_by_hand():
    """Breslow: p = 3r/(3r+2), 3 events, information 3p(1-p): slope 2 - 3p + 0.5(1 - 2p) = 0, p = 5/8, r = 10/9."""
    assert firth(*ONE_TIME, ties="breslow").rows[0].estimate == pytest.approx(10 / 9, rel=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("late", [False, True])
def test_a_second_maximiser_finds_no_higher_point(ties, late):
    """The penalised likelihood from `cox`'s own at a point given as an offset: no use of Firth's derivatives."""
    t, e, x, more = made(35, 6, late)
    more.pop("weights", None)
    shift = more.pop("offset", np.zeros(35))

    def negative(beta):
        there = shift + sum(b * v for b, v in zip(beta, x.values(), strict=True))
        null, _, information = cox(t, e, x, ties=ties, offset=there, **more).data.null
        scale = np.array([np.ptp(v) for v in x.values()])
        return -null - 0.5 * np.linalg.slogdet(information / np.outer(1 / scale, 1 / scale))[1]

    fit = firth(t, e, x, ties=ties, offset=shift, **more)
    found = minimize(negative, [0, 0], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-13})
    assert fit.coef == pytest.approx(found.x, abs=1e-5)
    assert fit.penalised_loglik == pytest.approx(-found.fun, rel=1e-10)
    for k, side in ((0, fit.low), (1, fit.high)):
        rest = minimize(
            lambda b, k=k, side=side: negative([side[0], b[0]] if k == 0 else [b[0], side[1]]),
            [fit.coef[1 - k]], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-13},
        )  # fmt: skip
        assert 2 * (fit.penalised_loglik + rest.fun) == pytest.approx(3.841458820694124, rel=1e-6)


def test_an_arm_without_events_has_a_finite_ratio():
    t, e = np.arange(1, 21) / 1.0, np.tile([1, 0], 10)
    x = np.tile([0, 1], 10)
    (row,) = firth(t, e, {"arm": x}).rows
    assert 0 < row.low < row.estimate < 1
    assert row.p < 0.05
    assert not cox(t, e, {"arm": x}).rows[0].estimable


def test_with_many_events_the_penalty_hardly_counts():
    t, e, x, _ = made(3_000, 4)
    usual, penalised = cox(t, e, x), firth(t, e, x)
    assert penalised.coef == pytest.approx(usual.coef, abs=2e-3)
    assert np.abs(penalised.coef - usual.coef).max() > 1e-9
    assert penalised.low == pytest.approx(usual.coef - 1.959963984540054 * usual.se, abs=4e-3)


def test_units_do_not_matter():
    t, e, x, _ = made(30, 9)
    fit, moved = firth(t, e, x), firth(t, e, {"a": 1 - x["a"], "b": 50 + 24 * x["b"]})
    assert moved.coef == pytest.approx(fit.coef * [-1, 1 / 24], rel=1e-7)
    assert (moved.low[0], moved.high[0]) == pytest.approx((-fit.high[0], -fit.low[0]), rel=1e-7)
    assert moved.penalised_loglik == pytest.approx(fit.penalised_loglik + log(24), rel=1e-10)
    assert [r.p for r in moved.rows] == pytest.approx([r.p for r in fit.rows], rel=1e-7)


def test_the_level_is_kept():
    (narrow,), (wide,) = firth(*ONE_EVENT, level=0.8).rows, firth(*ONE_EVENT).rows
    assert wide.low < narrow.low < narrow.high < wide.high
    assert narrow.level == 0.8


@pytest.mark.parametrize(
    ("time", "event", "x", "why"),
    [
        ([], [], [], "no event"),
        ([1, 2, 3], [0, 0, 0], [1, 0, 1], "no event"),
        ([1, 2, 3], [1, 1, 0], [1, 1, 1], "at no event that leaves somebody at risk does it vary"),
        ([3, 3, 3, 3], [1, 1, 1, 1], [1, 1, 0, 0], "at no event that leaves somebody at risk does it vary"),
    ],
)
def test_nothing_to_estimate(time, event, x, why):
    fit = firth(time, event, {"x": x})
    assert fit.rows[0].note.startswith(f"not estimable: {why}")
    assert not fit.test.estimable
    assert fit.penalised_loglik is None


def test_a_repeated_column_is_left_out_and_named():
    t, e, x, _ = made(30)
    both, alone = firth(t, e, x | {"again": x["a"]}), firth(t, e, x)
    assert both.rows[2].note == "not estimable: it is a combination of the covariates before it"
    assert both.rows[:2] == alone.rows


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"time": [1, -2]}, "negative"),
        ({"time": [1, np.nan]}, "NaN or infinite"),
        ({"event": [1, 3]}, "not 0 or 1"),
        ({"covariates": {"x": [np.inf, 1]}}, "covariate x"),
        ({"ties": "exact"}, "efron or breslow"),
        ({"level": 0}, "level"),
    ],
)
def test_wrong_input_is_named(changed, words):
    with pytest.raises(ValueError, match=words):
        firth(**({"time": [1, 2], "event": [1, 1], "covariates": {"x": [0, 1]}} | changed))
