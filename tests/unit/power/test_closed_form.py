"""The closed form against the project's own sketch, which imports nothing of tocsin, and its luck."""

import numpy as np
import pytest

from tocsin.power.closed_form import DELAY, EARLY, ClosedFormWorld, play
from tocsin.power.design import ClosedForm
from truth.simulator import simulate
from unit.power.toy import closed


@pytest.mark.parametrize(("effect", "hidden"), [(1.0, 0.0), (0.0, 0.0), (0.5, 1.5)])
def test_observed_care_equals_the_sketch(effect, hidden):
    form = ClosedForm(effect=effect, hidden=hidden, horizon=60)
    made = play(form, 300, np.random.default_rng(3))
    sketch = simulate(300, 3, effect=effect, hidden=hidden, horizon=60)
    names = {"severity": "L", "severe": "g3", "patient": "patient", "hour": "hour", "age": "age",
             "treated": "treated", "started": "started", "chance": "chance"}  # fmt: skip
    for mine, theirs in names.items():
        assert np.array_equal(made.rows[mine], sketch[theirs]), mine


@pytest.mark.parametrize(("rule", "initiation", "theirs"), [
    (EARLY, "uniform", "early_uniform"), (EARLY, "natural", "early_forced"), (DELAY, "uniform", "delay"),
])  # fmt: skip
def test_rules_equal_the_sketch(rule, initiation, theirs):
    form = ClosedForm(initiation=initiation, horizon=60)
    made = play(form, 400, np.random.default_rng(4), rule)
    event, at = simulate(400, 4, theirs, horizon=60)
    assert np.array_equal(made.event, event)
    assert np.array_equal(made.at, at)


def test_without_an_effect_the_arms_are_one_to_the_last_digit():
    truth = ClosedFormWorld(closed(closed_form={"effect": 0.0})).truth()
    differences = truth.filter(measure="risk difference")
    assert differences.height == 2
    assert differences.get_column("truth").to_list() == [0.0, 0.0]
    assert differences.get_column("truth_se").to_list() == [0.0, 0.0]
    assert truth.filter(measure="risk").get_column("truth").min() > 0


def test_known_chances_stand_beside_their_rows():
    world = ClosedFormWorld(closed())
    ((_, (study,)),) = list(world.studies(np.array([1])))
    rows = play(world.form, 200, np.random.default_rng([7, 1])).rows
    chance = study.oracle / (1 + study.oracle)
    assert chance == pytest.approx(rows["chance"][~rows["treated"]], abs=1e-12)
    assert np.array_equal(study.hours.started, rows["started"])
