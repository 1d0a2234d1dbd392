"""By complete enumeration: weights of known chances have mean 1 over all clones, and give the risk under the rule."""

import numpy as np
import pytest

from tocsin.effects.ccw.diagnostics import mean_weight
from tocsin.effects.ccw.hours import NEVER, Hours, Rule
from tocsin.effects.ccw.incidence import curve, unweighted
from tocsin.effects.ccw.weights import weigh
from unit.effects.ccw import tree


def at_once(severity):
    return 0


def first_severe(severity):
    return severity.index(1) if 1 in severity else None


def second_hour(severity):
    return 1


def never(severity):
    return None


RULES = [
    *((at_once, grace, how) for grace in (1, 2, 3, 4) for how in ("uniform", "natural", "observed")),
    *((first_severe, grace, how) for grace in (1, 2, 3) for how in ("uniform", "natural", "observed")),
    *((second_hour, grace, how) for grace in (1, 2, 3) for how in ("uniform", "natural", "observed")),
    (first_severe, None, "natural"),
    (second_hour, None, "uniform"),
    (at_once, None, "natural"),
    (never, None, "natural"),
    (never, 2, "uniform"),
]


@pytest.fixture(scope="module")
def world():
    paths = tree.observed()
    rows, chance = tree.rows_of(paths)
    assert chance.sum() == pytest.approx(1, abs=1e-12)
    hours = Hours(
        rows["patient"], rows["hour"], rows["severe"][:, None], ("severe",), rows["treated"], rows["started"],
        rows["outcome"], len(paths),
    )  # fmt: skip
    at_risk = hours.at_risk()
    p, q = rows["chance"][at_risk], rows["average"][at_risk]
    return paths, hours, p / (1 - p), q / (1 - q), chance * len(paths)


def clones(world, due, grace, how):
    paths, hours, odds, numerator, m = world
    hour = [due(path.severity) for path in paths]
    rule = Rule("rule", np.array([NEVER if h is None else h for h in hour]), grace, how)
    return hours, weigh(hours, rule, odds, numerator), m


@pytest.mark.parametrize(("due", "grace", "how"), RULES)
def test_mean_weight_over_all_clones_is_1(world, due, grace, how):
    hours, weighted, m = clones(world, due, grace, how)
    made = curve(hours, weighted, multiplicity=m)
    mean = mean_weight(hours, made, lost=False, multiplicity=m)
    assert mean == pytest.approx(np.ones(tree.HOURS), abs=1e-12)


@pytest.mark.parametrize(("due", "grace", "how"), RULES)
def test_weighted_risk_is_the_risk_under_the_rule(world, due, grace, how):
    hours, weighted, m = clones(world, due, grace, how)
    made = curve(hours, weighted, multiplicity=m)
    intervened = tree.histories(tree.law(due, grace, how))
    assert made.incidence == pytest.approx(tree.risks(intervened, 1), abs=1e-12)
    assert made.competing == pytest.approx(tree.risks(intervened, 2), abs=1e-12)


def test_clones_without_weights_are_wrong(world):
    hours, weighted, m = clones(world, first_severe, None, "natural")
    flat = np.where(weighted.weight > 0, 1.0, 0.0)
    truth = tree.risks(tree.histories(tree.law(first_severe, None, "natural")), 1)[-1]
    plain = curve(hours, type(weighted)(weighted.rule, flat, np.sign(weighted.tail), weighted.stay), multiplicity=m)
    assert abs(plain.incidence[-1] - truth) > 0.005
    assert unweighted(hours, weighted).weight[0] == (flat[hours.hour[hours.at_risk()] == 0]).sum()


def test_decision_after_outcome_would_be_seen(world):
    """Swapping decision and outcome is the commonest mistake: a clone that leaves in an hour has no outcome in it."""
    hours, weighted, _ = clones(world, never, None, "natural")
    left = weighted.censored_at(hours)
    same_hour = (left == hours.length - 1) & (hours.last == 1)
    assert same_hour.any()
    rows = weighted.rows(hours)[hours.first[1:] - 1]
    assert (rows[same_hour] == 0).all()
