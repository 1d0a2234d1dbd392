"""What n allows."""

import numpy as np
import pytest

from tocsin.effects.ccw.emulation import Settings, prepare
from tocsin.effects.ccw.hazard import Terms, hour_spline
from tocsin.effects.ccw.hours import Rule
from tocsin.effects.ccw.ladder import allowed, exceeded
from unit.effects.ccw.test_hours import patients


@pytest.mark.parametrize(
    ("n", "starts", "use", "parameters", "draw", "ratio"),
    [
        (22, 22, "no", 2, "bayesian", False),
        (22, 9, "no", 1, "bayesian", False),
        (29, 29, "no", 2, "bayesian", False),
        (30, 24, "exploratory", 3, "bayesian", False),
        (99, 24, "exploratory", 3, "bayesian", False),
        (100, 90, "careful", 11, "multinomial", False),
        (999, 90, "careful", 11, "multinomial", False),
        (1000, 640, "full", 80, "multinomial", True),
    ],
)
def test_steps(n, starts, use, parameters, draw, ratio):
    step = allowed(n, starts)
    assert (step.use, step.most_parameters, step.draw, step.hazard_ratio) == (use, parameters, draw, ratio)
    assert step.sentence.startswith(f"{n:,} patients, {starts:,} first doses: ")
    assert ("none" in step.penalties) == (n >= 100)
    assert step.splines == (n >= 100)


def test_impossible_counts():
    with pytest.raises(ValueError, match="starts"):
        allowed(10, 11)


def test_exceeded_names_every_excess():
    hours = patients(*[(6, k % 7 if k % 7 < 6 else None, 0) for k in range(40)])
    table, names = hour_spline(6, (0.5, 2, 4))
    rule = (Rule("early", np.zeros(40), 3),)
    too_much = prepare(hours, rule, Settings(Terms(("x",), table, names)))
    said = exceeded(too_much, "multinomial")
    assert len(said) == 3
    assert "penalty" in said[0]
    assert "Bayesian bootstrap" in said[1]
    assert "curve of the hour" in said[2]
    assert exceeded(prepare(hours, rule, Settings(Terms(("x",)), "ridge")), "bayesian") == []


def test_parameters_beyond_starts_are_named():
    hours = patients(*[(6, 2 if k < 8 else None, 0) for k in range(120)])
    table, names = hour_spline(6, (0.5, 2, 4))
    given = prepare(hours, (Rule("early", np.zeros(120), 3),), Settings(Terms((), table, names)))
    assert exceeded(given, "multinomial") == [
        "the model of the start uses 2 columns; 8 first doses carry 1 (one per 8)"
    ]
