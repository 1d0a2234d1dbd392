import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.effects.e_value import (
    LIMIT,
    OBSERVED,
    POINT,
    STRENGTHS,
    bounding_factor,
    confounder_grid,
    e_value,
    e_value_two_arms,
    observed_strength,
)


def test_published_example():
    """VanderWeele & Ding 2017: RR 3.9 (1.8 to 8.7) has E-values 7.26 and 3.0."""
    point, limit = e_value(3.9, 1.8, 8.7, n=1_000)
    assert (point.measure, limit.measure) == (POINT, LIMIT)
    assert round(point.estimate, 2) == 7.26
    assert limit.estimate == pytest.approx(3.0, abs=1e-12)
    assert point.method == "VanderWeele-Ding, risk ratio"
    assert point.n == 1_000


def test_by_hand():
    """2 + sqrt(2); a half is a two; an odds ratio of 4, common, is a risk ratio of 2."""
    expected = 2 + math.sqrt(2)
    for ratio, kind in ((2, "risk ratio"), (0.5, "risk ratio"), (4, "odds ratio, common"), (2, "hazard ratio, rare")):
        assert e_value(ratio, kind=kind, n=10)[0].estimate == pytest.approx(expected)
    # HR 4, common: (1 - 2^-2) / (1 - 2^-0.5) = 0.75 / 0.2928932 = 2.5606602
    ratio = 0.75 / (1 - math.sqrt(0.5))
    found = e_value(4, kind="hazard ratio, common", n=10)[0].estimate
    assert found == pytest.approx(ratio + math.sqrt(ratio * (ratio - 1)))


def test_an_interval_that_holds_1():
    for ratio, low, high in ((1.5, 0.9, 2.5), (0.7, 0.4, 1.2), (1.0, 0.5, 2.0), (1.5, 1.0, 2.5)):
        point, limit = e_value(ratio, low, high, n=10)
        assert limit.estimate == 1
        assert limit.note == "the interval holds 1"
        assert point.estimate >= 1
    assert e_value(1, n=10)[0].estimate == 1


def test_no_interval_is_not_estimable():
    point, limit = e_value(2, n=10)
    assert point.estimable
    assert not limit.estimable
    assert limit.note == "not estimable: no interval"


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0,), "ratio"),
        ((-1,), "ratio"),
        ((math.inf,), "ratio"),
        ((math.nan,), "ratio"),
        ((2, 1.5, None), "both limits"),
        ((2, None, 3), "both limits"),
        ((2, 2.5, 3), "does not lie"),
        ((2, 0, 3), "low"),
        ((2, 1, math.inf), "high"),
    ],
)
def test_wrong_ratios(numbers, message):
    with pytest.raises(ValueError, match=message):
        e_value(*numbers, n=10)


def test_wrong_codes():
    with pytest.raises(ValueError, match="kind: unknown"):
        e_value(2, kind="beta", n=10)  # pyright: ignore
    with pytest.raises(ValueError, match="n: needs"):
        e_value(2, n=-1)
    with pytest.raises(ValueError, match="events: 11 is more than 10"):
        e_value(2, n=10, events=11)
    with pytest.raises(ValueError, match="with_arm"):
        bounding_factor(0.5, 2)
    with pytest.raises(ValueError, match="with_outcome"):
        bounding_factor(2, math.nan)


def test_two_arms():
    """8/10 v 4/10: RR 2, Wald limits exp(log 2 -+ 1.96 sqrt 0.175)."""
    point, limit = e_value_two_arms(8, 10, 4, 10)
    assert point.estimate == pytest.approx(2 + math.sqrt(2))
    assert limit.estimate == 1
    assert (point.n, point.events) == (20, 12)
    for empty in ((0, 13, 2, 9), (0, 0, 2, 9), (13, 13, 9, 9), (0, 13, 0, 9)):
        rows = e_value_two_arms(*empty)
        assert [row.measure for row in rows] == [POINT, LIMIT]
        assert not any(row.estimable for row in rows)
        assert all(row.note.startswith("not estimable: ") and row.n == empty[1] + empty[3] for row in rows)


@given(st.floats(1.001, 50), st.booleans())
def test_a_confounder_of_that_size_explains_it_and_a_weaker_one_does_not(ratio, below):
    e = e_value(1 / ratio if below else ratio, n=10)[0].estimate
    assert bounding_factor(e, e) == pytest.approx(ratio)
    assert bounding_factor(e * 0.99, e * 0.99) < ratio


def test_bounding_factor_by_hand():
    assert bounding_factor(2, 3) == pytest.approx(6 / 4)
    assert bounding_factor(1, 7) == 1
    assert bounding_factor(1e200, 1e200) == pytest.approx(5e199)


def test_grid_by_hand():
    """2.4 (1.3 to 4.4) over 2 x 3 / 4 = 1.5: 1.6 (0.8667 to 2.9333); below 1 the mirror image."""
    (cell,) = confounder_grid(2.4, 1.3, 4.4, n=100, with_arm=(2,), with_outcome=(3,))
    assert (cell.row.estimate, cell.row.low, cell.row.high) == pytest.approx((1.6, 1.3 / 1.5, 4.4 / 1.5))
    assert cell.explained == "interval"
    (mirror,) = confounder_grid(1 / 2.4, 1 / 4.4, 1 / 1.3, n=100, with_arm=(2,), with_outcome=(3,))
    assert mirror.row.estimate == pytest.approx(1 / 1.6)
    assert mirror.explained == "interval"
    for strength, explained in ((1, "no"), (7, "estimate")):
        (cell,) = confounder_grid(2.4, 1.3, 4.4, n=100, with_arm=(strength,), with_outcome=(strength,))
        assert cell.explained == explained
    cells = confounder_grid(2.4, 1.3, 4.4, n=100, events=40)
    assert len(cells) == len(STRENGTHS) ** 2
    assert {cell.row.level for cell in cells} == {0.95}
    assert (cells[1].with_arm, cells[1].with_outcome) == STRENGTHS[:2]


def test_grid_of_a_common_odds_ratio_is_in_risk_ratios():
    (cell,) = confounder_grid(4, 2.25, 9, kind="odds ratio, common", n=10, with_arm=(1,), with_outcome=(1,))
    assert (cell.row.low, cell.row.estimate, cell.row.high) == pytest.approx((1.5, 2, 3))


def cohort(*groups):
    """(arm, covariate, n, events) as rows."""
    rows = [(x, arm, int(k < events)) for arm, x, n, events in groups for k in range(n)]
    return tuple(zip(*rows, strict=True))


OBSERVED_COHORT = ((1, 1, 4, 2), (1, 0, 4, 1), (0, 1, 2, 1), (0, 0, 6, 1))


def test_an_observed_covariate_by_hand():
    """Shares 4/8 and 2/8; Mantel-Haenszel (2*4/8 + 1*6/8) / (1*4/8 + 1*2/8) = 7/3; bound (14/3) / (10/3) = 1.4."""
    found = observed_strength(*cohort(*OBSERVED_COHORT))
    assert (found.with_arm, found.with_outcome) == (2, pytest.approx(7 / 3))
    assert found.e_value.estimate == pytest.approx(1.4 + math.sqrt(1.4 * 0.4))
    assert (found.e_value.measure, found.e_value.n, found.e_value.events, found.missing) == (OBSERVED, 16, 5, 0)
    e = found.e_value.estimate
    assert bounding_factor(e, e) == pytest.approx(bounding_factor(found.with_arm, found.with_outcome))


def test_an_observed_covariate_turned_round_is_as_strong():
    x, arm, event = cohort(*OBSERVED_COHORT)
    other = observed_strength(x, [1 - a for a in arm], event)
    assert other.e_value.estimate == pytest.approx(observed_strength(x, arm, event).e_value.estimate)


def test_missing_values_are_left_out_and_counted():
    x, arm, event = cohort(*OBSERVED_COHORT)
    found = observed_strength([*x, math.nan, math.nan], [*arm, 1, 0], [*event, 1, 1])
    assert found.missing == 2
    assert found.e_value == observed_strength(x, arm, event).e_value


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        (((1, 1, 3, 1), (0, 0, 3, 1)), "only one arm has it: the ratio is infinite"),
        (((1, 0, 3, 1), (0, 0, 3, 1)), "nobody has it"),
        (((1, 1, 3, 1), (1, 0, 3, 1)), "an arm has no known value"),
        (((1, 1, 3, 0), (1, 0, 3, 1), (0, 1, 2, 0), (0, 0, 1, 0)),
         "no risk ratio with the outcome: no event with it, or none without"),
    ],
)  # fmt: skip
def test_no_strength(groups, why):
    found = observed_strength(*cohort(*groups))
    assert (found.e_value.estimate, found.with_outcome) == (None, None)
    assert found.e_value.note == f"not estimable: {why}"
