"""Each analysis on one study: by hand where it can be, and failures as rows that say why."""

from dataclasses import replace

import numpy as np
import pytest

from tocsin.effects.ccw.hours import NEVER, Hours, Rule
from tocsin.effects.ccw.incidence import unweighted
from tocsin.errors import TocsinError
from tocsin.power.analyses import analyse
from tocsin.power.closed_form import ClosedFormWorld
from tocsin.power.design import Design
from tocsin.power.study import Groups, NoStudy, Study
from tocsin.tables.power import POWER_ANALYSES
from unit.power.toy import closed

ALL = (*Design.model_fields["analyses"].default, "g_formula")


def refused():
    raise TocsinError.of("emulate.separation", "a test")


def tiny(**changes):
    """Four patients, two hours; drug in hour 0 for 0 and 1; outcomes: 1 in hour 0, 2 and 3 in hour 1."""
    patient, hour = [0, 0, 1, 2, 2, 3, 3], [0, 1, 0, 0, 1, 0, 1]
    hours = Hours(
        np.array(patient), np.array(hour), np.zeros((7, 0)), (), np.array([0, 1, 0, 0, 0, 0, 0], bool),
        np.array([1, 0, 1, 0, 0, 0, 0], bool), np.array([0, 0, 1, 0, 1, 0, 1]), 4,
    )  # fmt: skip
    rules = (Rule("early", np.zeros(4), 1), Rule("never", np.full(4, NEVER), None))
    early = np.array([True, True, False, False])
    when = np.array([np.inf, 0, 1, 1])
    made = Study("o", hours, rules, 1, (1, 2), 1, refused, np.ones(6), {"treated_or_not": Groups(early, ~early, when)})
    return replace(made, **changes)


def found(rows, hour, measure="risk difference", arm="early"):
    (row,) = [one for one in rows if (one.hour, one.measure, one.arm) == (hour, measure, arm)]
    return row


def test_naive_by_hand():
    rows = analyse(tiny(), ["treated_or_not"], draws=0, seed=1, level=0.95)
    assert len(rows) == 6
    assert (found(rows, 1, "risk").estimate, found(rows, 1, "risk", "never").estimate) == (0.5, 0.0)
    assert found(rows, 1).estimate == 0.5
    late = found(rows, 2)
    assert (late.estimate, late.n, late.events) == (-0.5, 4, 3)
    assert late.se == pytest.approx(0.5 / np.sqrt(2))
    assert late.p == 1.0  # Fisher, 1 of 2 v 2 of 2
    assert late.low < -0.5 < late.high


def test_true_weights_by_hand():
    # a chance of a half in every hour: those who start in hour 0 stand for two; who never starts for two, then four
    rows = analyse(tiny(), ["emulated_oracle", "aligned_unadjusted"], draws=0, seed=1, level=0.95)
    true = [one for one in rows if one.analysis == "emulated_oracle"]
    assert found(true, 1, "risk").estimate == pytest.approx(0.5)
    assert found(true, 2, "risk", "never").estimate == pytest.approx(1.0)
    assert found(true, 2).estimate == pytest.approx(-0.5)
    assert all(one.se is None and one.failure == "" for one in rows)


def test_a_refused_fit_is_a_row_with_its_slug_and_the_others_stand():
    rows = analyse(tiny(), ["emulated", "emulated_truncated", "emulated_oracle"], draws=0, seed=1, level=0.95)
    failed = [one for one in rows if one.analysis != "emulated_oracle"]
    assert {one.failure for one in failed} == {"emulate.separation"}
    assert all(one.estimate is None for one in failed)
    assert all(one.estimate is not None for one in rows if one.analysis == "emulated_oracle")


def test_a_curve_that_has_ended_says_so():
    hours = Hours(np.array([0, 1]), np.zeros(2), np.zeros((2, 0)), (), np.zeros(2, bool), np.ones(2, bool),
                  np.array([1, 0]), 2)  # fmt: skip
    rules = (Rule("early", np.zeros(2), 1), Rule("never", np.full(2, NEVER), None))
    everybody = tiny(hours=hours, rules=rules, at=(1,), oracle=np.ones(2))
    row = found(analyse(everybody, ["emulated_oracle"], draws=0, seed=1, level=0.95), 1)
    assert row.estimate is None
    assert "nobody follows never" in row.failure


def test_an_empty_group_is_no_zero():
    nobody = np.zeros(4, bool)
    study = tiny(groups={"treated_or_not": Groups(nobody, ~nobody, np.zeros(4))})
    rows = analyse(study, ["treated_or_not"], draws=0, seed=1, level=0.95)
    assert found(rows, 1).estimate is None
    assert found(rows, 1, "risk").estimate is None
    assert found(rows, 1, "risk").failure == "nobody is in this group"


def test_nothing_left_gives_every_row():
    rows = analyse(NoStudy("o", ("a", "b", "c"), 1, (12, 24), "no course is left"), ALL, draws=0, seed=1, level=0.95)
    assert len(rows) == len(ALL) * 2 * 5
    assert {one.failure for one in rows} == {"no course is left"}


@pytest.fixture(scope="module")
def study():
    ((_, (made,)),) = list(ClosedFormWorld(closed(n=400, closed_form={"horizon": 48})).studies(np.array([0])))
    return made


def test_names_are_those_of_the_contract():
    assert ALL == POWER_ANALYSES


def test_production_numbers_are_the_production_functions(study):
    prepared, point = study.emulated()
    rows = analyse(study, ["emulated", "emulated_truncated", "aligned_unadjusted"], draws=0, seed=1, level=0.95)
    by = {one.analysis: found([r for r in rows if r.analysis == one.analysis], 48, "risk", "delay") for one in rows}
    assert by["emulated"].estimate == point.curves[1].incidence[47]
    assert by["emulated_truncated"].estimate == point.truncated[1].incidence[47]
    plain = [unweighted(study.hours, one).incidence[47] for one in point.weighted]
    assert by["aligned_unadjusted"].estimate == pytest.approx(plain[1], abs=1e-12)
    assert prepared.hours is study.hours


def test_intervals_follow_the_draws_and_the_level(study):
    names = ["emulated", "emulated_oracle", "aligned_unadjusted"]
    rows, again, wide = (analyse(study, names, draws=40, seed=s, level=level)
                         for s, level in ((1, 0.95), (1, 0.95), (1, 0.99)))  # fmt: skip
    assert rows == again
    for one, other in zip(rows, wide, strict=True):
        assert one.se == other.se > 0
        assert one.low == pytest.approx(one.estimate - 1.959963984540054 * one.se)
        assert other.high == pytest.approx(other.estimate + 2.5758293035489004 * other.se)
        if one.measure == "risk difference":
            assert (one.p < 0.05) == (one.low > 0 or one.high < 0)
    shifted = analyse(study, names, draws=40, seed=2, level=0.95)
    assert [one.se for one in shifted] != [one.se for one in rows]


def test_the_order_of_the_analyses_changes_no_number(study):
    one = analyse(study, ["emulated", "aligned_unadjusted"], draws=20, seed=1, level=0.95)
    other = analyse(study, ["aligned_unadjusted", "emulated"], draws=20, seed=1, level=0.95)
    assert sorted(one, key=str) == sorted(other, key=str)
