"""Mistakes that others have made in this analysis, one test each (the news of SEQTaRget, statistics.md section 7)."""

import numpy as np
import pytest

from tocsin.effects.ccw.bootstrap import bootstrap, effect_rows, multiplicities
from tocsin.effects.ccw.emulation import Settings, estimate, prepare, replicate
from tocsin.effects.ccw.hazard import Terms
from tocsin.effects.ccw.hours import NEVER, Hours, Rule
from tocsin.effects.ccw.incidence import after, curve, hazard_ratio
from tocsin.effects.ccw.weights import check_weights, weigh
from tocsin.errors import TocsinError
from truth.simulator import simulate
from truth.worlds import hours_of, rules, terms
from unit.effects.ccw.test_hours import patients, raw


@pytest.fixture(scope="module")
def hours():
    return hours_of(simulate(200, 4, horizon=48))


def test_equal_numerator_and_denominator_are_an_error(hours):
    rule = Rule("early", np.zeros(200), 8, "observed")
    with pytest.raises(TocsinError) as error:
        estimate(prepare(hours, (rule,), Settings(terms(48), numerator=terms(48))))
    assert "emulate.weights-all-one" in [p.slug for p in error.value.problems]


def test_numerator_does_not_default_to_the_denominator(hours):
    with pytest.raises(TocsinError) as error:
        prepare(hours, (Rule("early", np.zeros(200), 8, "observed"),), Settings(terms(48)))
    assert error.value.problems[0].slug == "emulate.numerator-missing"


def test_weights_that_are_all_1_are_an_error_only_where_somebody_leaves():
    given = patients((3, 0, 1), (3, 1, 0), (3, None, 0), (3, None, 1))
    odds = np.full(given.at_risk().size, 0.25)
    forced = weigh(given, Rule("within 3 h", np.zeros(4), 3, "natural"), odds)
    with pytest.raises(TocsinError, match="within 3 h"):
        check_weights(given, (forced,), odds, None)
    check_weights(given, (weigh(given, Rule("as it was", np.zeros(4), None), odds),), odds, None)


def test_copies_of_a_patient_stay_distinct():
    """As weights a patient drawn three times is three patients: n stays, clones count three."""
    given = patients((3, 0, 1), (3, 1, 0), (3, None, 0))
    made = weigh(given, Rule("any", np.zeros(3), None), np.full(given.at_risk().size, 0.25))
    assert curve(given, made, multiplicity=np.array([3.0, 0.0, 0.0])).clones.tolist() == [3, 3, 3]


def test_risk_after_k_hours_has_the_events_of_hours_0_to_k_minus_1():
    given = patients((1, None, 1), (2, None, 1), (3, None, 1), (4, 2, 0))
    made = weigh(given, Rule("any", np.zeros(4), None), np.full(given.at_risk().size, 0.25))
    c = curve(given, made)
    assert [after(c.incidence, k) for k in range(5)] == pytest.approx([0, 0.25, 0.5, 0.75, 0.75])


def test_rows_after_the_event_are_refused():
    with pytest.raises(TocsinError, match="before the patient's last hour"):
        raw(outcome=np.array([1, 0, 0, 0]))


def test_difference_is_paired_by_replicate(hours):
    prepared = prepare(hours, rules(hours), Settings(terms(48), truncation=None))
    point = estimate(prepared)
    made = bootstrap(prepared, point, [48], replicates=20, seed=9)
    for k in range(3):
        again = replicate(prepared, multiplicities(200, "multinomial", 9, k), point)
        difference = again.curves[0].incidence[47] - again.curves[1].incidence[47]
        j = [q.measure for q in made.quantities].index("risk difference after 48 h, early - delay")
        assert made.values[k, j] == difference


def test_level_of_the_interval_is_the_level_asked_for(hours):
    prepared = prepare(hours, rules(hours), Settings(terms(48), truncation=None))
    point = estimate(prepared)
    made = bootstrap(prepared, point, [48], replicates=40, seed=9)
    wide, narrow = (effect_rows(prepared, point, made, level=level)[0] for level in (0.95, 0.5))
    assert (wide.level, narrow.level) == (0.95, 0.5)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_levels_are_fixed_before_patients_are_drawn(hours):
    """A level that a draw happens to lack must not turn its neighbours' columns."""
    flag = (hours.patient == 17).astype(float)
    with_flag = Hours(
        hours.patient, hours.hour, np.column_stack([hours.covariates, flag]), (*hours.names, "rare"), hours.treated,
        hours.started, hours.outcome, 200,
    )  # fmt: skip
    settings = Settings(Terms(None, terms(48).by_hour, terms(48).by_hour_names), truncation=None)
    without = prepare(hours, rules(hours), settings)
    both = prepare(with_flag, rules(with_flag), settings)
    lacking = next(m for m in (multiplicities(200, "multinomial", 1, k) for k in range(99)) if m[17] == 0)
    start = estimate(prepare(with_flag, rules(with_flag), Settings(settings.start, "ridge", truncation=None)))
    one = replicate(both, lacking, start)
    other = replicate(without, lacking)
    assert one.curves[1].incidence == pytest.approx(other.curves[1].incidence, abs=1e-6)


def test_interval_of_the_competing_death_exists():
    hours = hours_of(simulate(1000, 4, horizon=100))
    prepared = prepare(hours, rules(hours), Settings(terms(100), truncation=None))
    point = estimate(prepared)
    assert min(curve.competing[-1] for curve in point.curves) > 0
    rows = effect_rows(prepared, point, bootstrap(prepared, point, [100], replicates=40, seed=9))
    deaths = [row for row in rows if "competing death" in row.measure]
    assert len(deaths) == 3
    assert all(row.low is not None and row.high is not None and row.low < row.high for row in deaths)


def test_a_dose_once_due_is_no_deviation():
    """Treatment excused by the rule stays excused, however the later hours look."""
    given = patients((5, 3, 1), (5, 2, 0), (5, None, 0))
    due = np.array([2, 2, 2])
    made = weigh(given, Rule("after hour 2", due, None), np.full(given.at_risk().size, 0.25))
    assert made.censored_at(given).tolist() == [NEVER, NEVER, NEVER]
    assert made.rows(given)[given.first[0] + 2 : given.first[1]] == pytest.approx([1.25**2] * 3)


def test_large_patient_numbers_are_refused_not_wrapped():
    with pytest.raises(TocsinError, match="32 bits"):
        raw(patient=np.array([0, 0, 2**32 + 1, 2**32 + 1]))


def test_hours_that_do_not_begin_at_0_are_refused():
    with pytest.raises(TocsinError, match="does not begin at hour 0"):
        raw(hour=np.array([1, 2, 1, 2]))


def test_an_hour_that_stands_twice_is_refused():
    with pytest.raises(TocsinError, match="stands twice"):
        raw(hour=np.array([0, 0, 0, 1]))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_bounds_of_truncation(hours, share):
    with pytest.raises(ValueError, match="truncation"):
        prepare(hours, rules(hours), Settings(terms(48), truncation=share))


def test_truncation_is_per_arm_and_beside_the_untruncated(hours):
    made = estimate(prepare(hours, rules(hours), Settings(terms(48), truncation=0.9)))
    caps = [c.cap for c in made.truncated]
    assert caps[0] != caps[1]
    for plain, cut, one in zip(made.curves, made.truncated, made.weighted, strict=True):
        weights = one.rows(hours)
        assert plain.cap == np.inf
        assert cut.weight.sum() == pytest.approx(np.minimum(weights, cut.cap).sum(), rel=1e-12)
        kept = weights[weights > 0]
        assert (kept <= cut.cap).mean() >= 0.9 > (kept < cut.cap).mean()


def test_hazard_ratio_needs_both_arms():
    given = patients((3, None, 1), (3, None, 0))
    odds = np.full(given.at_risk().size, 0.25)
    arms = (
        weigh(given, Rule("at once", np.zeros(2), 1), odds),
        weigh(given, Rule("never", np.full(2, NEVER), None), odds),
    )
    row = hazard_ratio(given, arms)
    assert row.estimate is None
    assert row.note == "not estimable: an arm has no hour that follows its rule"
