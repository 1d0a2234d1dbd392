"""Six patients or fewer, every number worked as a fraction."""

from fractions import Fraction as F

import numpy as np
import pytest

from tocsin.effects.ccw.diagnostics import by_hour, followed, mean_weight
from tocsin.effects.ccw.emulation import Settings, estimate, prepare
from tocsin.effects.ccw.hazard import Terms
from tocsin.effects.ccw.hours import NEVER, Rule
from tocsin.effects.ccw.incidence import after, curve, free_hours, hazard_ratio, naive_incidence, unweighted
from tocsin.effects.ccw.weights import stay_weights, weigh
from unit.effects.ccw.test_hours import patients


def exactly(values):
    return pytest.approx([float(v) for v in values], abs=1e-12)


# length, hour of the dose, outcome
SIX = ((3, 0, 0), (2, 1, 1), (1, None, 1), (3, None, 2), (3, 2, 1), (3, None, 0))
# untreated rows: patient 0 one, 1 two, 2 one, 3 three, 4 three, 5 three; a start has chance 1/4 in each
QUARTER = np.full(13, 1 / 3)


def test_uniform_within_2_hours():
    """Factors: hour 0 start (1/2)/(1/4) = 2, none (1/2)/(3/4) = 2/3; hour 1 start 1/(1/4) = 4, none: censored."""
    hours = patients(*SIX)
    made = weigh(hours, Rule("early", np.zeros(6), 2), QUARTER)
    zero = [0] * 3
    expected = [2, 2, 2, F(2, 3), F(8, 3), F(2, 3), F(2, 3), 0, 0, F(2, 3), 0, 0, F(2, 3), 0, 0]
    assert made.rows(hours) == exactly(expected)
    assert made.censored_at(hours).tolist() == [NEVER, NEVER, NEVER, 1, 1, 1]
    c = curve(hours, made)
    # hour 0: 2 + 5 times 2/3 = 16/3 at risk, outcome of patient 2 with 2/3; hour 1: 2 + 8/3, outcome with 8/3
    assert c.weight == exactly([F(16, 3), F(14, 3), 2])
    h0, h1 = F(2, 3) / F(16, 3), F(8, 3) / F(14, 3)
    assert c.incidence == exactly([h0, h0 + (1 - h0) * h1, h0 + (1 - h0) * h1])
    assert c.competing == exactly(zero)
    assert c.clones.tolist() == [6, 2, 1]
    assert c.effective == exactly([F(16, 3) ** 2 / (4 + 5 * F(4, 9)), F(14, 3) ** 2 / (4 + F(64, 9)), 1])
    assert free_hours(c, 3) == pytest.approx(float(1 + (1 - h0) + (1 - h0) * (1 - h1)), abs=1e-12)


def test_dead_in_grace_before_the_dose_counts_in_both_arms():
    hours = patients(*SIX)
    early = weigh(hours, Rule("early", np.zeros(6), 2), QUARTER)
    never = weigh(hours, Rule("never", np.full(6, NEVER), None), QUARTER)
    row = hours.first[2]
    assert early.rows(hours)[row] == pytest.approx(2 / 3)
    assert never.rows(hours)[row] == pytest.approx(4 / 3)
    assert curve(hours, early).outcome[0] > 0
    assert curve(hours, never).outcome[0] > 0


def test_natural_then_forced_within_3_hours():
    """Only a dose of hour 2, the last, is weighted: 1/(1/4)."""
    hours = patients(*SIX)
    made = weigh(hours, Rule("early", np.zeros(6), 3, "natural"), QUARTER)
    assert made.rows(hours) == exactly([1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 4, 1, 1, 0])
    c = curve(hours, made)
    assert c.incidence == exactly([F(1, 6), F(1, 6) + F(5, 6) * F(1, 5), F(1, 3) + F(2, 3) * F(4, 5)])
    assert followed(hours, made).last_hour == 1
    assert followed(hours, made).last_hour_share == pytest.approx(4 / (1 + 1 + 1 + 4))


def test_observed_like_within_3_hours():
    """Numerator chance 1/2: dose of hours 0, 1 (1/2)/(1/4) = 2, none (1/2)/(3/4) = 2/3; dose of hour 2: 4."""
    hours = patients(*SIX)
    made = weigh(hours, Rule("early", np.zeros(6), 3, "observed"), QUARTER, np.ones(13))
    none = F(2, 3)
    expected = [2, 2, 2, none, 2 * none, none, none, none**2, 0, none, none**2, 4 * none**2, none, none**2, 0]
    assert made.rows(hours) == exactly(expected)


def test_wait_until_due_then_as_care_did():
    """Due from hour 2 for patient 4 (given then), 1 for patient 5, never for others: 4/3 for each hour waited."""
    hours = patients(*SIX)
    due = np.array([NEVER, NEVER, NEVER, NEVER, 2, 1])
    made = weigh(hours, Rule("wait", due, None), QUARTER)
    w = F(4, 3)
    expected = [0, 0, 0, w, 0, w, w, w**2, w**3, w, w**2, w**2, w, w, w]
    assert made.rows(hours) == exactly(expected)
    c = curve(hours, made)
    assert c.competing[2] == pytest.approx(float((1 - F(1, 5)) * w**3 / (w**3 + w**2 + w)), abs=1e-12)
    assert c.death[2] == pytest.approx(float(w**3))


def test_factors_multiply_to_weights():
    hours = patients(*SIX)
    made = weigh(hours, Rule("early", np.zeros(6), 2), QUARTER)
    factors = made.factors(hours)
    assert np.exp(factors[3:5]) == exactly([F(2, 3), 4])
    assert factors[7] == -np.inf
    assert np.isnan(factors[8])


def test_mean_weight_keeps_the_dead_and_counts_the_censored_0():
    hours = patients(*SIX)
    c = curve(hours, weigh(hours, Rule("early", np.zeros(6), 2), QUARTER))
    # hour 1: 14/3 alive in it, 2/3 died before; hour 2: 2, and 2/3 + 8/3 died before; six clones throughout
    mean = mean_weight(hours, c, lost=False)
    assert mean == exactly([F(16, 3) / 6, (F(14, 3) + F(2, 3)) / 6, (2 + F(10, 3)) / 6])


def test_loss_weights():
    """Lost with chance 1/5 in each hour: 5/4 for each hour before this one."""
    hours = patients((3, 0, 0), (2, 0, 3), (3, 1, 1))
    stay = stay_weights(hours, np.full(8, 1 / 4))
    assert stay == exactly([1, F(5, 4), F(25, 16), 1, F(5, 4), 1, F(5, 4), F(25, 16)])
    made = weigh(hours, Rule("any", np.zeros(3), None), np.full(4, 1 / 3), stay=stay)
    c = curve(hours, made)
    assert c.weight == exactly([3, F(15, 4), F(25, 8)])
    assert c.incidence[2] == pytest.approx(1 / 2)
    assert made.cap(hours, 0.5) == 1.25


def test_loss_model_follows_the_data():
    """Of 5 untreated hours 3 end in loss, of 7 treated hours 1: 5/2 and 7/6 for each hour before."""
    courses = [(1, None, 3)] * 3 + [(2, None, 0), (2, 0, 3), (3, 0, 0), (3, 0, 1)]
    hours = patients(*courses)
    rule = Rule("any", np.zeros(7), None)
    made = estimate(prepare(hours, (rule,), Settings(Terms(()), loss=Terms(()), truncation=None)))
    assert made.fits[2].names == ("intercept", "treated")
    # treated hours without outcome: 2 + 3 + 2 of the three treated, one lost: 7/6
    stay = made.weighted[0].stay
    assert stay[hours.first[3] : hours.first[4]] == pytest.approx([1, 5 / 2], rel=1e-8)
    assert stay[hours.first[5] : hours.first[6]] == pytest.approx([1, 7 / 6, 49 / 36], rel=1e-8)
    assert made.curves[0].weight == pytest.approx([7, 5 / 2 + 3 * 7 / 6, 2 * 49 / 36], rel=1e-8)


def test_unweighted_and_naive():
    hours = patients(*SIX)
    made = weigh(hours, Rule("early", np.zeros(6), 2), QUARTER)
    assert unweighted(hours, made).incidence == exactly([F(1, 6), F(1, 6) + F(5, 6) * F(1, 2), F(7, 12)])
    # treated within 2 h: patients 0 and 1, one outcome; the rest: outcomes of patients 2 and 4
    assert naive_incidence(hours, 2) == (0.5, 0.5)
    assert naive_incidence(patients((1, None, 1)), 2)[1] == 1
    assert np.isnan(naive_incidence(patients((1, None, 1)), 2)[0])


def test_truncation_takes_the_weight_that_a_share_does_not_exceed():
    hours = patients(*SIX)
    made = weigh(hours, Rule("early", np.zeros(6), 3, "natural"), QUARTER)
    # 13 uncensored hours: twelve weigh 1, one weighs 4
    assert made.cap(hours, 12 / 13) == 1
    assert made.cap(hours, 12.5 / 13) == 4
    assert made.cap(hours, 12 / 13, hint=0.7) == 1
    assert made.cap(hours, 12 / 13, hint=3) == 1  # a hint above the answer is no hint
    assert made.cap(hours, 12 / 13, hint=9) == 1
    double = np.array([1.0, 1, 1, 1, 2, 1])  # patient 4 counts twice: 16 hours, two of them weigh 4
    assert made.cap(hours, 14 / 16, double) == 1
    assert made.cap(hours, 14.5 / 16, double) == 4
    for share in (0.0, 1.0, 1.2):
        with pytest.raises(ValueError, match="truncation"):
            made.cap(hours, share)
    assert curve(hours, made, cap=1.0).incidence[2] == pytest.approx(float(F(1, 3) + F(2, 3) * F(1, 2)))


def test_hazard_ratio_is_cox_on_spelled_out_rows():
    from tocsin.effects.cox import cox

    hours = patients(*SIX, *((4, h % 4, h % 3) for h in range(9)), (4, None, 1), (4, None, 1))
    odds = np.linspace(0.2, 0.6, hours.at_risk().size)
    arms = (weigh(hours, Rule("a", np.zeros(17), 2), odds), weigh(hours, Rule("b", np.full(17, NEVER), None), odds))
    start, event, weight, who, arm = [], [], [], [], []
    for k, one in enumerate(arms):
        rows = one.rows(hours)
        for r in np.flatnonzero(rows > 0):
            start.append(hours.hour[r])
            event.append(hours.outcome[r] == 1)
            weight.append(rows[r])
            who.append(hours.patient[r])
            arm.append(1 - k)
    long = cox(np.array(start) + 1, event, {"arm": arm}, start=start, weights=weight, patient=who, robust=True)
    row = hazard_ratio(hours, arms)
    assert row.estimate == pytest.approx(long.rows[0].estimate, rel=1e-9)
    assert row.low == pytest.approx(long.rows[0].low, rel=1e-9)
    assert row.high == pytest.approx(long.rows[0].high, rel=1e-9)


def test_risk_after_0_hours_is_0():
    values = np.array([0.1, 0.2])
    assert (after(values, 0), after(values, 1), after(values, 2)) == (0.0, 0.1, 0.2)


def test_by_hour_names_the_largest():
    hours = patients(*SIX)
    made = estimate(prepare(hours, (Rule("early", np.zeros(6), 3, "natural"),), Settings(Terms(()), truncation=0.9)))
    # 3 starts in 13 hours at risk: the last hour weighs 13/3
    assert made.fits[0].coef[0] == pytest.approx(np.log(3 / 10), abs=1e-9)
    assert by_hour(hours, made)[0].largest == pytest.approx([1, 1, 13 / 3], rel=1e-9)
