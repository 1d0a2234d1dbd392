"""The g-formula: against exact enumeration of a world its models can hold, and what it refuses."""

import numpy as np
import pytest

from tocsin.effects.ccw.emulation import Settings, estimate, prepare
from tocsin.effects.ccw.g_formula import Covariate, g_formula, side_by_side
from tocsin.effects.ccw.hazard import Terms
from tocsin.effects.ccw.hours import NEVER, Hours, Rule
from tocsin.errors import TocsinError
from truth.simulator import GRACE, simulate, truth
from truth.worlds import hours_of, rules, specs, terms
from unit.effects.ccw import tree


@pytest.fixture(scope="module")
def cohort():
    return hours_of(simulate(4000, 12, horizon=60))


def world():
    """The enumerated world, its histories weighted by their probability."""
    paths = tree.observed()
    rows, chance = tree.rows_of(paths)
    hours = Hours(
        rows["patient"], rows["hour"], rows["severe"][:, None], ("severe",), rows["treated"], rows["started"],
        rows["outcome"], len(paths),
    )  # fmt: skip
    return paths, hours, chance * len(paths)


BY_HOUR = np.eye(tree.HOURS)[:, 1:]
NAMES = ("hour 1", "hour 2", "hour 3")


@pytest.mark.parametrize(
    ("due", "grace", "how", "trigger"),
    [
        (lambda s: 0, 2, "uniform", None),
        (lambda s: 0, 3, "natural", None),
        (lambda s: None, None, "natural", None),
        (lambda s: s.index(1) if 1 in s else None, 2, "uniform", "severe"),
    ],
)
def test_close_to_the_enumerated_risk(due, grace, how, trigger):
    """The world's chances are of the models' form, so nothing but the error of 60,000 draws is left."""
    paths, hours, m = world()
    at = [due(p.severity) for p in paths]
    rule = Rule("rule", np.array([NEVER if h is None else h for h in at]), grace, how)
    made = g_formula(
        hours, (rule,), [Covariate("severe", "binary")], triggers={"rule": trigger} if trigger else None,
        start=Terms(None, BY_HOUR, NAMES), penalty="none", draws=60_000, seed=3, multiplicity=m,
    )  # fmt: skip
    exact = tree.risks(tree.histories(tree.law(due, grace, how)), 1)[-1]
    assert made.curves[0].incidence[-1] == pytest.approx(exact, abs=0.003)
    observed = tree.risks(paths, 1)
    assert abs(exact - observed[-1]) > 0.01
    assert made.observed.incidence == pytest.approx(observed, abs=1e-12)
    assert made.natural.incidence[-1] == pytest.approx(observed[-1], abs=0.003)


def test_natural_course_lies_on_the_observed(cohort):
    made = g_formula(cohort, rules(cohort), specs(), triggers={"delay": "g3"}, start=terms(60), seed=1)
    assert made.natural.incidence[-1] == pytest.approx(made.observed.incidence[-1], rel=0.15)
    assert made.natural.competing[-1] == pytest.approx(made.observed.competing[-1], rel=0.2)


def test_agrees_with_the_weights(cohort):
    made = g_formula(cohort, rules(cohort), specs(), triggers={"delay": "g3"}, start=terms(60), seed=1)
    weighted = estimate(prepare(cohort, rules(cohort), Settings(terms(60)))).curves
    rows = {name: (w, g) for name, w, g in side_by_side(weighted, made, [60])}
    assert len(rows) == 10
    w, g = rows["risk difference after 60 h, early - delay"]
    exact = [truth(how, n=150_000, horizon=60)[0] for how in ("early_uniform", "delay")]
    assert g == pytest.approx(exact[0] - exact[1], abs=0.012)
    assert g == pytest.approx(w, abs=0.02)
    assert GRACE == 8


def test_seeded(cohort):
    given = {"triggers": {"delay": "g3"}, "start": terms(60), "draws": 500}
    one, two, other = (g_formula(cohort, rules(cohort), specs(), seed=s, **given) for s in (1, 1, 2))
    assert np.array_equal(one.curves[1].incidence, two.curves[1].incidence)
    assert not np.array_equal(one.curves[1].incidence, other.curves[1].incidence)


def test_observed_like_starts_have_a_model_of_their_own(cohort):
    numerator = Terms((), terms(60).by_hour, terms(60).by_hour_names)
    rule = (Rule("observed", np.zeros(cohort.n), 8, "observed"),)
    with pytest.raises(ValueError, match="numerator"):
        g_formula(cohort, rule, specs(), start=terms(60), draws=200)
    made = g_formula(cohort, rule, specs(), start=terms(60), numerator=numerator, draws=5000)
    weighted = estimate(prepare(cohort, rule, Settings(terms(60), numerator=numerator)))
    assert made.curves[0].incidence[-1] == pytest.approx(weighted.curves[0].incidence[-1], abs=0.01)


def test_refused(cohort):
    with pytest.raises(TocsinError) as error:
        g_formula(cohort, rules(cohort), [Covariate("L", "gaussian"), Covariate("g3", "derived")])
    said = str(error.value)
    assert "covariates: 2 entries for L, g3, age" in said
    assert "'g3': derived without a function" in said
    assert "rule 'delay': due at different hours, and no trigger given" in said
    with pytest.raises(TocsinError, match="its trigger is no covariate"):
        g_formula(cohort, rules(cohort), specs(), triggers={"delay": "grade"})
