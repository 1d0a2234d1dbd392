"""Virtual patients of known truth, a small part with fixed seeds; `python -m truth.slow` is the long run.

Distances are in Monte-Carlo errors of the mean over the studies: what is right lies within 3, what is wrong beyond 4.
"""

import numpy as np
import pytest

from tocsin.effects.ccw.bootstrap import bootstrap
from truth.experiment import CLONES, CUT, KNOWN, NAIVE, PLAYED, TRUTH, WEIGHTED, many


@pytest.fixture(scope="module")
def world():
    return many(1000, 30)


@pytest.fixture(scope="module")
def null():
    return many(1000, 20, effect=0.0, replicates=80)


def test_weighted_clones_find_the_truth(world):
    assert abs(world.away(WEIGHTED, 0, TRUTH["early"])) < 3
    assert abs(world.away(WEIGHTED, 1, TRUTH["delay"])) < 3
    assert abs(world.away(WEIGHTED, 2, TRUTH["early"] - TRUTH["delay"])) < 3
    assert world.mean(WEIGHTED, 1)[1] < 0.014


def test_known_chances_find_the_truth(world):
    assert abs(world.away(KNOWN, 0, TRUTH["early"])) < 3
    assert abs(world.away(KNOWN, 1, TRUTH["delay"])) < 3


def test_naive_and_unweighted_do_not(world):
    assert world.away(NAIVE, 1, TRUTH["delay"]) < -20
    assert world.away(CLONES, 1, TRUTH["delay"]) < -10
    assert world.mean(CLONES, 1)[0] == pytest.approx(0.0997, abs=0.01)
    assert world.mean(NAIVE, 1)[0] == pytest.approx(0.0690, abs=0.01)


def test_cut_weights_trade_bias_for_spread(world):
    assert world.values(CUT, 1).std() < 0.85 * world.values(WEIGHTED, 1).std()
    assert world.mean(CUT, 1)[0] < world.mean(WEIGHTED, 1)[0]


def test_without_an_effect_only_the_naive_comparison_finds_one(null):
    assert null.away(NAIVE, 2, 0.0) > 4
    assert abs(null.away(WEIGHTED, 2, 0.0)) < 3
    assert abs(null.away(KNOWN, 2, 0.0)) < 3


def test_intervals_cover_no_effect(null):
    # 20 studies: at 0.95 fewer than 16 cover with a chance of 0.003
    assert null.intervals.shape == (20, 2)
    assert null.coverage(0.0) >= 16 / 20
    assert np.median(null.intervals[:, 1] - null.intervals[:, 0]) < 0.4
    assert bootstrap.__name__ == "bootstrap"


def test_a_hidden_confounder_is_not_cured_by_weights():
    """No effect, and a column nobody has: weights by what is known fail, weights by the true chances do not."""
    hidden = many(2000, 8, effect=0.0, hidden=0.6)
    assert abs(hidden.away(WEIGHTED, 2, 0.0)) > 4
    assert abs(hidden.away(KNOWN, 2, 0.0)) < 3


def test_g_formula_finds_the_truth():
    played = many(1000, 4, played=True)
    assert abs(played.away(PLAYED, 0, TRUTH["early"])) < 3.5
    assert abs(played.away(PLAYED, 1, TRUTH["delay"])) < 3.5
    assert played.mean(PLAYED, 1)[0] > played.mean(CLONES, 1)[0] + 0.02
