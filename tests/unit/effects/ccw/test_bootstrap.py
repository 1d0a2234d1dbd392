"""Replicates: weights of patients, the same whatever runs them, paired arms, honest about failures."""

import numpy as np
import pytest

from tocsin.effects.ccw.bootstrap import bootstrap, effect_rows, jackknife, multiplicities, plain_rows
from tocsin.effects.ccw.emulation import Settings, estimate, prepare, replicate
from tocsin.effects.ccw.hazard import Terms
from tocsin.effects.ccw.hours import Hours, Rule
from tocsin.effects.ccw.incidence import Quantity, value
from truth.simulator import simulate
from truth.worlds import first_grade_3, hours_of, rules, terms
from unit.effects.ccw.test_hours import patients

AT = [24, 48]


@pytest.fixture(scope="module")
def ready():
    hours = hours_of(simulate(150, 3, horizon=48))
    prepared = prepare(hours, rules(hours), Settings(terms(48), truncation=0.95))
    return prepared, estimate(prepared)


def test_one_thread_and_two_give_the_same(ready):
    prepared, point = ready
    one, two = (bootstrap(prepared, point, AT, replicates=24, seed=7, threads=t) for t in (1, 2))
    assert np.array_equal(one.values, two.values, equal_nan=True)
    assert np.array_equal(one.truncated, two.truncated, equal_nan=True)
    assert np.array_equal(one.incidence, two.incidence, equal_nan=True)


def test_replicates_do_not_depend_on_how_many_are_asked(ready):
    prepared, point = ready
    few, more = (bootstrap(prepared, point, AT, replicates=k, seed=7) for k in (20, 30))
    assert np.array_equal(few.values, more.values[:20], equal_nan=True)
    assert not np.array_equal(more.values[:10], more.values[10:20])


def test_unseeded_runs_differ_and_can_be_repeated(ready):
    prepared, point = ready
    one, two = (bootstrap(prepared, point, AT, replicates=20) for _ in range(2))
    assert one.seed != two.seed
    assert not np.array_equal(one.values, two.values)
    again = bootstrap(prepared, point, AT, replicates=20, seed=one.seed)
    assert np.array_equal(again.values, one.values, equal_nan=True)


@pytest.mark.parametrize("draw", ["multinomial", "bayesian"])
def test_multiplicities_add_up(draw):
    m = np.array([multiplicities(50, draw, 1, k) for k in range(400)])
    assert m.sum(axis=1) == pytest.approx(np.full(400, 50.0))
    # variance of a patient's weight: 1 - 1/n drawn, (n - 1)/(n + 1) Bayesian; its error here about 0.02
    assert m.var() == pytest.approx(49 / 50 if draw == "multinomial" else 49 / 51, abs=0.06)
    assert (m.min() == 0) == (draw == "multinomial")


def copied(hours, m):
    """The cohort with each patient's rows repeated m times, every copy a patient of its own."""
    rows, who, n = [], [], 0
    for i, k in enumerate(m.astype(int)):
        for _ in range(k):
            mine = np.arange(hours.first[i], hours.first[i + 1])
            rows.append(mine)
            who.append(np.full(mine.size, n))
            n += 1
    rows = np.concatenate(rows)
    return Hours(
        np.concatenate(who), hours.hour[rows], hours.covariates[rows], hours.names, hours.treated[rows],
        hours.started[rows], hours.outcome[rows], n,
    )  # fmt: skip


def test_weights_are_copies_that_stay_apart(ready):
    """A copy taken for the same patient would pile up hours and starts; both arms, truncation, everything."""
    prepared, point = ready
    m = multiplicities(prepared.hours.n, "multinomial", 7, 0)
    weighted = replicate(prepared, m, point)
    hours = copied(prepared.hours, m)
    spelled = estimate(prepare(hours, rules(hours), prepared.settings))
    for one, other in zip(weighted.curves + weighted.truncated, spelled.curves + spelled.truncated, strict=True):
        assert one.incidence == pytest.approx(other.incidence, abs=1e-7)
        assert one.clones.tolist() == other.clones.tolist()
        assert one.cap == pytest.approx(other.cap, rel=1e-6)


def test_arms_are_paired_within_a_replicate(ready):
    prepared, point = ready
    made = bootstrap(prepared, point, AT, replicates=30, seed=7)
    place = {q.measure: j for j, q in enumerate(made.quantities)}
    one, two = made.values[:, place["risk after 48 h, early"]], made.values[:, place["risk after 48 h, delay"]]
    both = made.values[:, place["risk difference after 48 h, early - delay"]]
    assert both == pytest.approx(one - two, abs=1e-15)
    assert np.abs(np.sort(one) - np.sort(two)).max() > 0
    assert made.incidence[:, 0, 47] == pytest.approx(one)


def test_intervals_by_hand(ready):
    prepared, point = ready
    made = bootstrap(prepared, point, AT, replicates=40, seed=2)
    j = next(k for k, q in enumerate(made.quantities) if q.measure.startswith("risk difference after 48"))
    draws, estimated = made.values[:, j], value(made.quantities[j], point.curves)
    for level in (0.95, 0.8):
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        row = effect_rows(prepared, point, made, level=level)[j]
        assert (row.estimate, row.low, row.high, row.level) == (estimated, low, high, level)
        basic = effect_rows(prepared, point, made, level=level, interval="basic")[j]
        assert (basic.low, basic.high) == (2 * estimated - high, 2 * estimated - low)
    assert "basic bootstrap of 40" in basic.method
    assert "seed 2" in basic.method
    cut = effect_rows(prepared, point, made, truncated=True)[j]
    assert "weights cut at their 95.0% quantile" in cut.method
    assert cut.estimate == value(made.quantities[j], point.truncated)


def test_ratio_is_reflected_on_its_log(ready):
    prepared, point = ready
    made = bootstrap(prepared, point, AT, replicates=40, seed=2)
    j = next(k for k, q in enumerate(made.quantities) if q.measure.startswith("risk ratio after 48"))
    percentile = effect_rows(prepared, point, made)[j]
    basic = effect_rows(prepared, point, made, interval="basic")[j]
    assert basic.low == pytest.approx(np.exp(2 * np.log(percentile.estimate) - np.log(percentile.high)), rel=1e-12)
    assert basic.low > 0


def test_one_step_is_near_the_whole_way(ready):
    hours = hours_of(simulate(800, 5, horizon=48))
    prepared = prepare(hours, rules(hours), Settings(terms(48), truncation=None))
    point = estimate(prepared)
    whole, step = (bootstrap(prepared, point, AT, replicates=40, seed=1, one_step=o) for o in (False, True))
    place = [k for k, q in enumerate(whole.quantities) if q.measure.startswith("risk difference after 48")]
    gap = np.abs(whole.values[:, place] - step.values[:, place]).max()
    assert 0 < gap < 0.25 * whole.values[:, place].std()
    assert "one Newton step" in effect_rows(prepared, point, step)[0].method


def rare():
    """One patient alone has started; most replicates lack either the start or the flag."""
    courses = [(4, None, 0)] * 6 + [(3, None, 1)] * 2 + [(4, 1, 0)] * 2
    return patients(*courses)


def test_failed_replicates_are_counted_and_named():
    hours = rare()
    given = (Rule("late", np.full(10, 1), 3), Rule("uniform", np.zeros(10), 4))
    prepared = prepare(hours, given, Settings(Terms(()), truncation=None))
    point = estimate(prepared)
    made = bootstrap(prepared, point, [2], replicates=100, seed=3)
    # two of ten patients start: a draw has neither with chance 0.8^10 = 0.107
    (why,) = made.failed
    assert why == "chance of a first dose: it never happens"
    assert 3 <= made.failed[why] <= 22
    row = effect_rows(prepared, point, made)[0]
    lost = int((~np.isfinite(made.values[:, 0])).sum())
    assert lost >= made.failed[why]
    assert row.note.startswith(f"{lost} of 100 replicates gave no number")
    bayesian = bootstrap(prepared, point, [2], replicates=100, seed=3, draw="bayesian")
    assert bayesian.failed == {}


def test_a_strategy_nobody_follows_is_not_estimable_and_says_from_when():
    hours = patients((5, 3, 0), (5, 4, 1), (5, None, 0), (5, 3, 2))
    prepared = prepare(hours, (Rule("within 2 h", np.zeros(4), 2), Rule("as it was", np.zeros(4), None)),
                       Settings(Terms(()), truncation=None))  # fmt: skip
    point = estimate(prepared)
    rows = {row.measure: row for row in plain_rows(prepared, point, [1, 4])}
    assert rows["risk after 1 h, within 2 h"].estimate == 0
    lost = rows["risk difference after 4 h, within 2 h - as it was"]
    assert lost.estimate is None
    assert lost.note == (
        "not estimable: nobody follows within 2 h any more at the outcome of hour 1 (clones left: hour 0: 4; hour 1: 0)"
    )
    assert rows["risk after 4 h, as it was"].estimate == 0
    assert rows["risk after 4 h, as it was"].note == "no interval: no bootstrap"


def test_ratio_over_no_event_is_not_estimable():
    hours = patients((5, 0, 0), (5, 1, 1), (5, None, 0), (5, 3, 0), (5, 3, 0))
    prepared = prepare(hours, (Rule("early", np.zeros(5), 2), Rule("late", np.full(5, 2), 2)),
                       Settings(Terms(()), truncation=None))  # fmt: skip
    point = estimate(prepared)
    row = next(r for r in plain_rows(prepared, point, [5]) if r.measure.startswith("risk ratio"))
    assert row.estimate is None
    assert "no event under the rule" in row.note


def test_jackknife_is_leaving_out():
    hours = hours_of(simulate(25, 0, horizon=120, effect=0.0))
    given = (Rule("early", np.zeros(25), 8), Rule("delay", first_grade_3(hours), None))
    settings = Settings(Terms(("L",)), truncation=None)
    prepared = prepare(hours, given, settings)
    asked, error, failed = jackknife(prepared, estimate(prepared), [120])
    assert failed == {}
    values = []
    for i in range(25):
        less = copied(hours, (np.arange(25) != i).astype(float))
        rest = tuple(Rule(r.name, np.delete(r.due, i), r.grace) for r in given)
        curves = estimate(prepare(less, rest, settings)).curves
        values.append([value(q, curves) for q in asked])
    spread = np.asarray(values)
    expected = np.sqrt(24 / 25 * ((spread - spread.mean(axis=0)) ** 2).sum(axis=0))
    assert error == pytest.approx(expected, rel=1e-6, nan_ok=True)
    assert (error[[0, 2, 3, 5, 6, 7]] > 0).all()


@pytest.mark.parametrize("at", [[], [0], [49]])
def test_hours_that_say_nothing_are_refused(ready, at):
    with pytest.raises(ValueError, match="at: needs hours from 1 to 48"):
        bootstrap(*ready, at, replicates=20)


def test_quantity_knows_its_scale():
    assert Quantity("", "risk ratio", 0, 1, 5).log
    assert not Quantity("", "risk", 0, 1, 5).log
