"""Cox fits by hand, by brute force, and where there is nothing to fit."""

from itertools import combinations
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.effects.cox import cox
from tocsin.effects.cox_checks import concordance, proportional_hazards

ONE_TIME = ([3, 3, 3, 4, 5], [1, 1, 1, 0, 0], {"x": [1, 1, 0, 0, 1]})


def made(n=60, seed=3, late=False):
    """Tied times, censoring, two covariates, and optionally late entry, strata, weights and an offset."""
    rng = np.random.default_rng(seed)
    t, e = rng.integers(3, 12, n).astype(float), rng.integers(0, 2, n)
    x = {"a": rng.integers(0, 2, n).astype(float), "b": rng.normal(size=n)}
    more = {}
    if late:
        more = {
            "start": np.minimum(rng.integers(0, 6, n), t - 1).astype(float),
            "strata": rng.integers(0, 3, n),
            "weights": rng.integers(1, 4, n) / 2,
            "offset": rng.normal(size=n) / 3,
        }
    return t, e, x, more


def brute(beta, t, e, x, ties, start=None, strata=None, weights=None, offset=None):
    """The log partial likelihood, one event time after the other, as the papers print it."""
    n = len(t)
    start = np.full(n, -1.0) if start is None else start
    strata = np.zeros(n) if strata is None else strata
    w = np.ones(n) if weights is None else weights
    eta = sum(b * v for b, v in zip(beta, x.values(), strict=True)) + (0 if offset is None else offset)
    total = 0.0
    for stratum in np.unique(strata):
        for at in np.unique(t[(e == 1) & (strata == stratum)]):
            risk = (strata == stratum) & (start < at) & (t >= at)
            dead = risk & (t == at) & (e == 1)
            d = int(dead.sum())
            total += float((w * eta)[dead].sum())
            if ties == "exact":
                total -= log(sum(exp(eta[list(c)].sum()) for c in combinations(np.flatnonzero(risk), d)))
                continue
            for k in range(d):
                gone = k / d if ties == "efron" else 0.0
                total -= w[dead].mean() * log((w * np.exp(eta))[risk].sum() - gone * (w * np.exp(eta))[dead].sum())
    return total


def test_three_patients_by_hand():
    """1/(2r+1) = r/(1+r), so r = 1/sqrt 2; the information is 2r/(2r+1)^2 + r/(1+r)^2."""
    fit = cox([1, 2, 3], [1, 1, 1], {"x": [1, 0, 1]})
    r = 1 / sqrt(2)
    se = (2 * r / (2 * r + 1) ** 2 + r / (1 + r) ** 2) ** -0.5
    assert fit.rows[0].estimate == pytest.approx(r, rel=1e-12)
    assert fit.se[0] == pytest.approx(se, rel=1e-12)
    assert fit.rows[0].low == pytest.approx(r * exp(-1.959963984540054 * se), rel=1e-12)
    assert fit.loglik_null == pytest.approx(-log(6), rel=1e-14)
    assert (fit.rows[0].n, fit.rows[0].events, fit.rows[0].level) == (3, 3, 0.95)
    assert fit.rows[0].method == "Cox, efron ties, Wald interval"


def test_three_events_at_one_time_by_hand():
    """Exact r^3 = 3r; Breslow 3 x 3r/(3r+2) = 2; Efron's three pieces add up to the 2 events with x = 1."""
    exact, breslow, efron = (cox(*ONE_TIME, ties=ties).rows[0].estimate for ties in ("exact", "breslow", "efron"))
    assert exact == pytest.approx(sqrt(3), rel=1e-12)
    assert breslow == pytest.approx(4 / 3, rel=1e-12)
    pieces = [(3 * efron - k / 3 * 2 * efron) / (3 * efron + 2 - k / 3 * (2 * efron + 1)) for k in range(3)]
    assert sum(pieces) == pytest.approx(2, rel=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
@pytest.mark.parametrize("late", [False, True])
def test_brute_force_has_its_maximum_where_the_fit_says(ties, late):
    t, e, x, more = made(22 if ties == "exact" else 40, late=late)
    if ties == "exact":
        more.pop("weights", None)
    fit = cox(t, e, x, ties=ties, robust=False, **more)
    assert fit.loglik_null == pytest.approx(brute([0, 0], t, e, x, ties, **more), rel=1e-12)
    assert fit.loglik == pytest.approx(brute(fit.coef, t, e, x, ties, **more), rel=1e-12)
    h, bend = 1e-3, np.zeros((2, 2))
    step = np.eye(2) * h
    for i in range(2):
        up, down = (brute(fit.coef + side * step[i], t, e, x, ties, **more) for side in (1, -1))
        assert abs(up - down) / (2 * h) < 1e-4
        for j in range(2):
            corners = [
                a * b * brute(fit.coef + a * step[i] + b * step[j], t, e, x, ties, **more)
                for a in (1, -1)
                for b in (1, -1)
            ]
            bend[i, j] = -sum(corners) / (4 * h * h)
    assert np.linalg.inv(fit.covariance) == pytest.approx(bend, rel=1e-4, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_rows_cut_anywhere_change_nothing(seed):
    """Follow-up cut in two, covariates unchanged, is the same follow-up; the clustered error too."""
    t, e, x, _ = made(50, seed)
    rng = np.random.default_rng(seed)
    cut = rng.integers(1, 3, t.size).astype(float)
    who = np.arange(t.size)
    twice = {name: np.concatenate((v, v)) for name, v in x.items()}
    whole = cox(t, e, x, robust=True)
    halves = cox(
        np.concatenate((cut, t)), np.concatenate((0 * e, e)), twice, start=np.concatenate((0 * t, cut)),
        patient=np.concatenate((who, who)), robust=True,
    )  # fmt: skip
    assert halves.coef == pytest.approx(whole.coef, rel=1e-9, abs=1e-11)
    assert halves.se == pytest.approx(whole.se, rel=1e-9)
    assert halves.loglik == pytest.approx(whole.loglik, rel=1e-12)
    assert (halves.n, whole.n) == (50, 50)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.booleans(), st.integers(0, 2)), min_size=2, max_size=9))
def test_infinity_is_said_exactly_where_it_is(patients):
    """No finite maximum: every event has the largest, or every one the smallest, value of those at risk."""
    t, e, x = (np.array(column, float) for column in zip(*patients, strict=True))
    fit = cox(t, e.astype(int), {"x": x}, ties="breslow")
    up = down = True
    varies = False
    for at in np.unique(t[e == 1]):
        risk, dead = x[t >= at], x[(t == at) & (e == 1)]
        up, down = up and dead.min() >= risk.max(), down and dead.max() <= risk.min()
        varies = varies or (risk.size > dead.size and np.ptp(risk) > 0)
    row = fit.rows[0]
    if not varies:
        assert not row.estimable
    else:
        assert bool(fit.infinite) == (up or down)
        assert ("monotone" in row.note) == (up or down)
        if up or down:
            assert ("runs to infinity" if up else "runs to zero") in row.note


def test_monotone_likelihood_keeps_its_likelihood_ratio():
    """One event, of the only patient with x = 1: the likelihood climbs from 1/3 to 1."""
    fit = cox([1, 2, 3, 4], [0, 1, 0, 0], {"x": [1, 1, 0, 0]})
    assert fit.rows[0].note.startswith("not estimable: monotone likelihood, the hazard ratio runs to infinity")
    assert fit.likelihood_ratio.estimate == pytest.approx(2 * log(3), rel=1e-8)
    assert fit.likelihood_ratio.note == "the likelihood has no finite maximum; its limit is used"
    assert not fit.wald.estimable
    assert fit.infinite == ("x",)


def test_a_covariate_beside_an_infinite_one_is_still_estimated():
    t, e, x, _ = made(80, 5)
    x["gone"] = np.where(e == 1, 0.0, (np.arange(80) % 2).astype(float))
    fit = cox(t, e, x)
    assert fit.infinite == ("gone",)
    fixed = cox(t, e, {"a": x["a"], "b": x["b"]}, offset=-40 * x["gone"])
    assert fit.coef[:2] == pytest.approx(fixed.coef, rel=1e-6)
    assert fit.se[:2] == pytest.approx(fixed.se, rel=1e-6)
    assert "beside gone" in fit.rows[0].note
    assert not fit.rows[2].estimable


def test_a_combination_that_runs_away_is_seen():
    """Neither covariate alone separates; their sum does."""
    a, b = np.array([3, 0, 2, 1, 1, 0.0]), np.array([0, 2.9, 0.5, 1, 0.5, 1.0])
    fit = cox([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], {"a": a, "b": b})
    assert set(fit.infinite) == {"a", "b"}
    assert not cox([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], {"b": b}).infinite


def test_a_large_finite_ratio_is_not_called_infinite():
    n = 2_000
    x = (np.arange(n) < n / 2).astype(float)
    e = np.where(x == 1, 1, 0)
    e[-1] = 1
    fit = cox(np.arange(n) + 1.0, e, {"x": x}, strata=np.zeros(n))
    early = cox(np.r_[1.0, np.arange(n)[1:] + 1, 1.5], np.r_[1, e[1:], 1], {"x": np.r_[x, 0]})
    assert fit.infinite == ("x",)  # every event with x = 1 comes first, the last one is alone
    assert not early.infinite
    assert early.rows[0].estimate > 500
    assert early.rows[0].note == "2 events where x is 0: give Firth's estimate too"


def test_whole_weights_are_repeated_rows():
    t, e, x, _ = made(30)
    w = np.arange(30) % 3 + 1
    weighted = cox(t, e, x, weights=w, ties="breslow")
    repeated = cox(np.repeat(t, w), np.repeat(e, w), {k: np.repeat(v, w) for k, v in x.items()}, ties="breslow")
    assert weighted.coef == pytest.approx(repeated.coef, rel=1e-10)
    assert weighted.se == pytest.approx(repeated.se, rel=1e-10)
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-12)
    clones = {k: np.repeat(v, w) for k, v in x.items()}
    clustered = cox(np.repeat(t, w), np.repeat(e, w), clones, patient=np.repeat(np.arange(30), w), ties="breslow")
    assert cox(t, e, x, weights=w, ties="breslow", robust=True).se == pytest.approx(clustered.se, rel=1e-10)


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_the_unit_of_the_weights_does_not_matter(unit):
    t, e, x, _ = made(30)
    w = np.arange(30) % 3 + 0.5
    fit, scaled = cox(t, e, x, weights=w), cox(t, e, x, weights=w * unit, robust=True)
    assert scaled.coef == pytest.approx(fit.coef, rel=1e-8)
    assert scaled.se == pytest.approx(fit.se, rel=1e-8)


def test_a_climb_that_does_not_settle_is_said(monkeypatch):
    monkeypatch.setattr("tocsin.effects.cox.MOST_STEPS", 1)
    t, e, x, _ = made(30)
    fit = cox(t, e, x)
    assert fit.rows[0].note == "not estimable: the steps towards the maximum did not settle"
    assert not fit.likelihood_ratio.estimable
    assert not fit.wald.estimable
    assert fit.score.estimable


def test_clones_of_one_patient_add_no_information():
    t, e, x, _ = made(40)
    who = np.repeat(np.arange(40), 2)
    double = {name: np.repeat(v, 2) for name, v in x.items()}
    cloned = cox(np.repeat(t, 2), np.repeat(e, 2), double, patient=who, ties="breslow")
    single = cox(t, e, x, ties="breslow", robust=True)
    assert cloned.coef == pytest.approx(single.coef, rel=1e-10)
    assert cloned.se == pytest.approx(single.se, rel=1e-10)
    assert cloned.model_se == pytest.approx(cox(t, e, x, ties="breslow").se / sqrt(2), rel=1e-10)
    assert cloned.method == "Cox, breslow ties, Wald interval, robust error clustered by patient (40 patients)"
    assert cloned.rows[0].n == 40
    assert cloned.score.note == "takes the rows as independent"


def test_robust_error_is_the_change_when_a_patient_is_left_out():
    """The infinitesimal jackknife: many patients, each left out in turn."""
    t, e, x, _ = made(150, 8)
    fit = cox(t, e, x, robust=True)
    left = np.array(
        [cox(np.delete(t, i), np.delete(e, i), {k: np.delete(v, i) for k, v in x.items()}).coef for i in range(150)]
    )
    assert fit.se == pytest.approx(np.sqrt(((left - fit.coef) ** 2).sum(axis=0)), rel=0.07)
    assert not np.allclose(fit.se, fit.model_se, rtol=1e-3)


def test_fractional_weights_turn_robust_errors_on():
    t, e, x, _ = made()
    assert "robust error" in cox(t, e, x, weights=np.full(60, 0.5)).method
    assert "robust" not in cox(t, e, x, weights=np.full(60, 2)).method
    assert "robust" not in cox(t, e, x, weights=np.full(60, 0.5), robust=False).method


def test_offset_moves_the_coefficient():
    t, e, x, _ = made()
    assert cox(t, e, x, offset=0.7 * x["b"]).coef == pytest.approx(cox(t, e, x).coef - [0, 0.7], rel=1e-9)


def test_units_and_origin_do_not_matter():
    t, e, x, _ = made()
    fit, moved = cox(t, e, x), cox(t / 24, e, {"a": 5 - x["a"], "b": 1e6 + 1000 * x["b"]})
    assert moved.coef == pytest.approx(fit.coef * [-1, 1e-3], rel=1e-8)
    assert moved.likelihood_ratio.estimate == pytest.approx(fit.likelihood_ratio.estimate, rel=1e-8)


def test_a_tie_in_hours_is_a_tie_in_days():
    fit = cox([0.1 + 0.2, 0.3, 0.5, 0.6], [1, 1, 1, 0], {"x": [0, 1, 0, 1]})
    assert fit.data.sets.tied.tolist() == [2, 1]


@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
@pytest.mark.parametrize(
    ("time", "event", "x", "why"),
    [
        ([], [], [], "no event"),
        ([1, 2, 3], [0, 0, 0], [1, 0, 1], "no event"),
        ([1, 2, 3], [1, 1, 0], [1, 1, 1], "at no event that leaves somebody at risk does it vary"),
        ([3, 3, 3, 3], [1, 1, 1, 1], [1, 1, 0, 0], "at no event that leaves somebody at risk does it vary"),
        ([1], [1], [1], "at no event that leaves somebody at risk does it vary"),
        ([1, 2, 3], [1, 0, 1], [0, 0, 1], "monotone likelihood, the hazard ratio runs to zero"),
    ],
)
def test_nothing_to_estimate(ties, time, event, x, why):
    fit = cox(time, event, {"x": x}, ties=ties)
    (row,) = fit.rows
    assert row.note.startswith(f"not estimable: {why}")
    assert (row.estimate, row.low, row.high, row.p, row.n) == (None, None, None, None, len(time))
    assert not fit.wald.estimable
    assert not concordance(fit).estimable
    assert all(not test.estimable for test in proportional_hazards(fit))


def test_repeated_columns_are_left_out_and_named():
    t, e, x, _ = made()
    x |= {"twice": 2 * x["a"] - 3 * x["b"], "flat": np.ones(60)}
    fit = cox(t, e, x)
    assert fit.rows[2].note == "not estimable: it is a combination of the covariates before it"
    assert "does it vary" in fit.rows[3].note
    assert fit.coef[:2] == pytest.approx(cox(t, e, {k: x[k] for k in "ab"}).coef, rel=1e-10)
    assert fit.wald.method.endswith("chi-square with 2 df")
    assert [row.estimable for row in proportional_hazards(fit)] == [True, True, False, False, True]


def test_few_events_ask_for_firth():
    t, e, x, _ = made()
    rows = cox(t, e, {f"x{i}": np.roll(x["b"], i) for i in range(4)}).rows
    assert rows[0].note == f"{int(e.sum())} events for 4 covariates: give Firth's estimate too"
    assert cox(t, e, {"b": x["b"]}).rows[0].note == ""


def test_ratios_beyond_any_number_are_not_printed():
    (row,) = cox([1, 2, 3, 4, 5, 6], [1, 1, 0, 1, 1, 1], {"x": [1e-12, 0, 1e-12, 0, 0, 1e-12]}).rows
    assert (row.estimate, row.high) == (None, None)
    assert "choose another unit" in row.note
    assert 0 < row.p < 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"time": [1, -2]}, "time: 1 of 2 values are negative"),
        ({"time": [1, np.inf]}, "time: 1 of 2 values are NaN or infinite"),
        ({"time": [np.nan, 1]}, "time: 1 of 2 values are NaN or infinite"),
        ({"event": [1, 2]}, "event: 1 of 2 values are not 0 or 1"),
        ({"event": [1]}, "event: 1 values, but 2 times"),
        ({"covariates": {"x": [1, np.nan]}}, r"covariate x: 1 of 2 values are NaN or infinite \(first: row 1\)"),
        ({"covariates": {"x": [1, 2, 3]}}, "covariate x: 3 values, but 2 times"),
        ({"covariates": {"x": ["a", "b"]}}, "covariate x: not all values are numbers"),
        ({"covariates": {}}, "covariates: none given"),
        ({"start": [0, 2]}, r"start: 1 of 2 are not before the time \(first: row 1\)"),
        ({"start": [0, -1]}, "start: 1 of 2 values are negative"),
        ({"start": [0]}, "start: 1 values, but 2 times"),
        ({"weights": [1, 0]}, "weights: 1 of 2 are not positive"),
        ({"weights": [1]}, "weights: 1 values, but 2 times"),
        ({"offset": [np.inf, 0]}, "offset: 1 of 2 values are NaN or infinite"),
        ({"strata": ["a", None]}, "strata: holds missing labels"),
        ({"patient": [1]}, "patient: needs 2 values"),
        ({"ties": "none"}, "ties: unknown"),
        ({"level": 95}, "level: must lie between 0 and 1"),
        ({"ties": "exact", "robust": True}, "the exact likelihood knows no weights"),
        ({"ties": "exact", "weights": [1, 2]}, "the exact likelihood knows no weights"),
    ],
)
def test_wrong_input_is_named(changed, words):
    given_now = {"time": [1, 2], "event": [1, 1], "covariates": {"x": [0, 1]}} | changed
    with pytest.raises(ValueError, match=words):
        cox(**given_now)


def test_concordance_by_hand():
    """Pairs with an earlier event: (1,2) (1,3) (1,4) agree but for (1,4), tied; (3,4) disagrees: 2.5 of 4."""
    fit = cox([1, 2, 3, 4], [1, 0, 1, 0], {"x": [3, 2, 1, 3]})
    ranked = [3, 2, 1, 3] if fit.coef[0] > 0 else [-3, -2, -1, -3]
    pairs = [(0, 1), (0, 2), (0, 3), (2, 3)]
    hand = sum((ranked[i] > ranked[j]) + 0.5 * (ranked[i] == ranked[j]) for i, j in pairs) / 4
    assert concordance(fit).estimate == hand


def test_concordance_without_a_pair():
    fit = cox([1, 1, 1, 2], [1, 1, 0, 0], {"x": [0, 1, 1, 0]})
    assert concordance(fit).estimable
    alone = cox([1, 2], [0, 1], {"x": [0, 1]})
    assert not concordance(alone).estimable


def test_time_itself_and_kaplan_meier_are_one_clock_for_evenly_spaced_events():
    _, _, x, _ = made(30)
    fit = cox(np.arange(30) + 1.0, np.ones(30), x)
    km, clock = proportional_hazards(fit), proportional_hazards(fit, over="identity")
    assert [r.estimate for r in km] == pytest.approx([r.estimate for r in clock], rel=1e-9)
    assert [r.measure for r in km] == [f"proportional hazards, {name}" for name in ("a", "b", "all")]


def test_a_hazard_ratio_that_drifts_is_seen_and_a_steady_one_is_not():
    rng = np.random.default_rng(1)
    x = np.repeat([0.0, 1.0], 400)
    steady = rng.exponential(1, 800) / np.where(x == 1, 2, 1)
    crossing = np.where(x == 1, rng.weibull(3, 800), rng.exponential(1, 800))
    assert proportional_hazards(cox(steady, np.ones(800), {"x": x}))[-1].p > 0.05
    assert proportional_hazards(cox(crossing, np.ones(800), {"x": x}))[-1].p < 1e-6


def test_proportional_hazards_needs_more_than_one_event_time():
    assert "all events at one time" in proportional_hazards(cox(*ONE_TIME))[0].note
    assert "exact" in proportional_hazards(cox(*ONE_TIME, ties="exact"))[0].note
    with pytest.raises(ValueError, match="over"):
        proportional_hazards(cox(*ONE_TIME), over="rank")


def test_many_tied_events_by_the_exact_likelihood_do_not_overflow():
    rng = np.random.default_rng(2)
    t, e, x = np.repeat([1.0, 2.0], 700), np.tile([1, 0], 700), rng.integers(0, 2, 1400)
    fit = cox(t, e, {"x": x}, ties="exact")
    assert fit.rows[0].estimable
    assert fit.loglik_null < -900  # ln of 1400 choose 350 is beyond 700
