"""What the diagnostics count, against plain counting."""

import numpy as np
import pytest

from tocsin.effects.ccw.diagnostics import balance_over_time, by_hour, followed, positivity
from tocsin.effects.ccw.emulation import Settings, estimate, estimate_known, prepare
from tocsin.effects.ccw.hours import Rule
from tocsin.effects.ccw.weights import weigh
from truth.simulator import simulate
from truth.worlds import hours_of, rules, terms
from unit.effects.ccw.test_hours import patients


@pytest.fixture(scope="module")
def made():
    hours = hours_of(simulate(2000, 6, horizon=60))
    return hours, estimate(prepare(hours, rules(hours), Settings(terms(60))))


def test_by_hour_is_counting_rows(made):
    hours, emulated = made
    for arm, weighted in zip(by_hour(hours, emulated), emulated.weighted, strict=True):
        rows = weighted.rows(hours)
        for h in (0, 7, 30, 59):
            w = rows[(hours.hour == h) & (rows > 0)]
            assert arm.clones[h] == w.size
            assert arm.largest[h] == w.max()
            assert arm.effective[h] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)


def test_mean_weight_is_near_1_and_over_the_living_is_not(made):
    hours, emulated = made
    early, delay = by_hour(hours, emulated)
    assert np.abs(early.mean - 1).max() < 0.05
    assert np.abs(delay.mean[:24] - 1).max() < 0.1
    assert emulated.curves[0].weight[30] / emulated.curves[0].clones[30] > 1.5


def test_a_wrong_model_moves_the_mean_weight(made):
    hours, _ = made
    wrong = estimate(prepare(hours, rules(hours), Settings(type(terms(60))(("age",)))))
    assert np.abs(by_hour(hours, wrong)[0].mean - 1).max() > 0.1


def test_weights_balance_what_clones_do_not(made):
    hours, emulated = made
    rows = balance_over_time(hours, emulated.weighted, [0, 8])
    assert len(rows) == 2 * 3 * 2
    (severity,) = (r for r in rows if (r.hour, r.covariate, r.when) == (8, "L", "baseline"))
    assert severity.unweighted.smd > 0.25
    assert abs(severity.weighted.smd) < 0.12
    assert severity.weighted.n1 == emulated.curves[0].clones[8]


def test_followed_counts():
    hours = patients((5, 0, 0), (5, 1, 1), (2, None, 1), (5, 3, 0), (5, None, 2), (5, 3, 1))
    rule = Rule("within 4 h", np.zeros(6), 4)
    row = followed(hours, weigh(hours, rule, np.full(hours.at_risk().size, 1 / 3)))
    assert (row.clones, row.too_early, row.too_late, row.followed, row.last_hour) == (6, 0, 1, 5, 2)
    assert row.empty_hours == (2,)
    assert "nobody started in grace hour 2" in row.note
    wait = followed(hours, weigh(hours, Rule("wait", np.full(6, 2), None), np.full(hours.at_risk().size, 1 / 3)))
    assert (wait.too_early, wait.too_late, wait.followed, wait.last_hour, wait.note) == (2, 0, 4, None, "")


def test_an_hour_without_a_start_shows_in_the_mean_weight():
    """Grace hour 2 has no start: the share of the rule that would start then, 1/4 of all, weighs nothing."""
    hours = patients(*[(5, 0, 0)] * 2 + [(5, 1, 0)] * 2 + [(5, 3, 0)] * 2 + [(5, None, 0)] * 2)
    odds = np.where(hours.hour == 2, 1e-6, np.array([2 / 6, 2 / 4, 1, 1, 1])[hours.hour])[hours.at_risk()]
    odds[hours.hour[hours.at_risk()] == 3] = 1.0
    rule = Rule("within 4 h", np.zeros(8), 4)
    weighted = weigh(hours, rule, odds)
    assert followed(hours, weighted).empty_hours == (2,)
    weights = weighted.rows(hours)[hours.hour == 4]
    assert weights == pytest.approx([1, 1, 1, 1, 1, 1, 0, 0], rel=1e-5)
    assert weights.sum() / 8 == pytest.approx(3 / 4, rel=1e-5)


def test_positivity_table_names_empty_cells():
    hours = patients((4, 0, 0), (4, 2, 1), (4, None, 0))
    cells = positivity(hours, (hours.hour > 1).astype(int), ["mild", "severe"], (0, 2))
    assert [(c.stratum, c.hours, c.at_risk, c.starts, c.note) for c in cells] == [
        ("mild", "0-1", 5, 1, ""),
        ("mild", "2-3", 0, 0, "nobody at risk"),
        ("severe", "0-1", 0, 0, "nobody at risk"),
        ("severe", "2-3", 3, 1, ""),
    ]
    assert cells[0].chance == 0.2
    assert cells[1].chance is None
    with pytest.raises(ValueError, match="strata"):
        positivity(hours, np.zeros(3, int), ["mild"])
    with pytest.raises(ValueError, match="edges"):
        positivity(hours, np.zeros(hours.hour.size, int), ["mild"], (1, 2))


def test_loss_that_tells_something_shows_in_the_mean_weight_until_it_is_modelled():
    hours = hours_of(simulate(10_000, 2, horizon=48, loss=1.0))
    assert (hours.last == 3).mean() > 0.2
    plain = estimate(prepare(hours, rules(hours), Settings(terms(48), truncation=None)))
    modelled = estimate(prepare(hours, rules(hours), Settings(terms(48), loss=terms(48), truncation=None)))
    assert any("lost to follow-up: taken as if loss told nothing" in note for note in plain.notes)
    assert not any("lost" in note for note in modelled.notes)
    assert by_hour(hours, plain)[0].mean[47] > 1.06
    assert by_hour(hours, plain)[1].mean[47] < 0.92
    assert abs(by_hour(hours, modelled)[0].mean[47] - 1) < 0.04
    assert abs(by_hour(hours, modelled)[1].mean[47] - 1) < 0.06


def test_hours_that_end_early_are_counted_in_a_note():
    hours = patients((5, 0, 0), (5, 1, 1), (2, None, 0), (5, 3, 0), (5, None, 2), (5, 3, 1))
    settings = Settings(type(terms(5))(()), truncation=None)
    notes = estimate(prepare(hours, (Rule("early", np.zeros(6), 4),), settings)).notes
    assert notes == ("1 of 6 patients: hours end without an outcome before the horizon, taken as end of study",)


def test_known_chances_replace_the_model():
    d = simulate(500, 6, horizon=60)
    hours = hours_of(d)
    prepared = prepare(hours, rules(hours), Settings(terms(60)))
    p = d["chance"][hours.at_risk()]
    known = estimate_known(prepared, p)
    assert known.fits == (None, None, None)
    assert known.odds == pytest.approx(p / (1 - p), rel=1e-12)
    assert known.curves[1].incidence[-1] != estimate(prepared).curves[1].incidence[-1]
    for wrong in (d["chance"], np.ones(p.size), np.zeros(p.size), np.full(p.size, np.nan)):
        with pytest.raises(ValueError, match="chance"):
            estimate_known(prepared, wrong)
