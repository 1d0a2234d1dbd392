"""What hours and rules refuse, all at once, and the edges of a grace period."""

import numpy as np
import pytest

from tocsin.effects.ccw.diagnostics import followed, grace_table
from tocsin.effects.ccw.hours import NEVER, Hours, Rule, check_rules
from tocsin.effects.ccw.weights import weigh
from tocsin.errors import TocsinError

UNKNOWN = np.array([[0.0], [np.nan], [np.inf], [0.0]])


def patients(*courses):
    """Courses (hours alive, hour of the first dose or None, outcome) as Hours with one covariate."""
    rows = [
        (i, h, dose is not None and dose < h, dose == h, outcome if h == length - 1 else 0)
        for i, (length, dose, outcome) in enumerate(courses)
        for h in range(length)
    ]
    who, hour, treated, started, end = (np.array(x) for x in zip(*rows, strict=True))
    return Hours(who, hour, hour[:, None] * 0.5, ("x",), treated, started, end, len(courses))


def raw(**changes):
    given = {
        "patient": np.array([0, 0, 1, 1]),
        "hour": np.array([0, 1, 0, 1]),
        "covariates": np.zeros((4, 1)),
        "names": ("x",),
        "treated": np.array([False, False, False, True]),
        "started": np.array([False, False, True, False]),
        "outcome": np.array([0, 1, 0, 0]),
        "n": 2,
    }
    return Hours(**(given | changes))


def slugs(error):
    return [problem.slug for problem in error.value.problems]


def test_derived():
    hours = patients((3, 1, 1), (2, None, 0), (4, 0, 3))
    assert hours.first.tolist() == [0, 3, 5, 9]
    assert hours.untreated.tolist() == [2, 2, 1]
    assert hours.begun.tolist() == [1, NEVER, 0]
    assert hours.last.tolist() == [1, 0, 3]
    assert hours.horizon == 4


@pytest.mark.parametrize(
    ("changes", "slug", "words"),
    [
        ({"hour": np.array([0, 0, 0, 1])}, "emulate.hours-order", "an hour stands twice in 1 of 4 rows (first: row 2)"),
        ({"hour": np.array([0, 2, 0, 1])}, "emulate.hours-order", "missing or out of order in 1 of 4"),
        ({"hour": np.array([1, 2, 0, 1])}, "emulate.hours-order", "does not begin at hour 0 in 1 of 4"),
        ({"patient": np.array([0, 0, 2, 2])}, "emulate.hours-order", "numbers 0 to 1"),
        ({"patient": np.array([1, 1, 0, 0])}, "emulate.hours-order", "numbers 0 to 1"),
        ({"patient": np.array([0, 0, 1, 1]) + 2**31}, "emulate.hours-shape", "32 bits"),
        ({"outcome": np.array([1, 1, 0, 0])}, "emulate.hours-outcome", "before the patient's last hour in 1 of 4"),
        ({"outcome": np.array([0, 4, 0, 0])}, "emulate.hours-outcome", "not 0, 1, 2 or 3 in 1 of 4"),
        ({"outcome": np.array([0, 0.5, 0, 0])}, "emulate.hours-shape", "outcome: holds values"),
        ({"started": np.array([False, False, True, True])}, "emulate.hours-treatment", "already treated starts"),
        ({"treated": np.array([True, True, False, True])}, "emulate.hours-treatment", "treated before time zero"),
        ({"treated": np.array([False, False, False, False])}, "emulate.hours-treatment", "does not agree"),
        ({"covariates": UNKNOWN}, "emulate.covariate-unknown", "in 2 of 4 rows (first: row 2)"),
        ({"names": ("x", "x"), "covariates": np.zeros((4, 2))}, "emulate.hours-shape", "stands twice"),
        ({"names": ("x", "y")}, "emulate.hours-shape", "2 names"),
        ({"hour": np.array([0, 1, 0])}, "emulate.hours-shape", "hour: (3,) values for 4 rows"),
        ({"patient": np.array([], int)}, "emulate.hours-shape", "at least one row"),
    ],
)  # fmt: skip
def test_refused(changes, slug, words):
    with pytest.raises(TocsinError) as error:
        raw(**changes)
    assert slug in slugs(error)
    assert words in str(error.value)


def test_all_problems_at_once():
    with pytest.raises(TocsinError) as error:
        raw(
            hour=np.array([0, 0, 0, 1]),
            outcome=np.array([1, 1, 0, 0]),
            covariates=np.full((4, 1), np.nan),
            treated=np.array([True, True, False, True]),
        )
    assert {s.split(".")[1] for s in slugs(error)} == {
        "hours-order", "hours-outcome", "hours-treatment", "covariate-unknown"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("due", "grace", "how", "words"),
    [
        ([0, -1], 6, "uniform", "due"),
        ([0, 0.5], 6, "uniform", "due"),
        ([0, 0], 0, "uniform", "grace is 0"),
        ([0, 0], 2.5, "uniform", "grace is 2.5"),
        ([0, 0], 6, "at will", "initiation"),
    ],
)
def test_rule_refused(due, grace, how, words):
    with pytest.raises(TocsinError, match=words):
        Rule("early", np.array(due), grace, how)


def test_rules_need_a_due_hour_each_and_names():
    hours = patients((2, None, 0), (2, None, 0))
    with pytest.raises(TocsinError) as error:
        check_rules(hours, (Rule("a", np.zeros(3), 1), Rule("a", np.zeros(2), 1)))
    assert len(error.value.problems) == 2


def test_within_6_hours_is_hours_0_to_5():
    hours = patients((9, 0, 0), (9, 5, 0), (9, 6, 0), (9, None, 0), (6, None, 1), (5, None, 1))
    rule = Rule("within 6 h", np.zeros(6), 6, "natural")
    made = weigh(hours, rule, np.full(hours.at_risk().size, 0.25))
    # the dose of hour 5 is in time, that of hour 6 is not: its clone has left in hour 5, as that of the untreated
    assert made.censored_at(hours).tolist() == [NEVER, NEVER, 5, 5, 5, NEVER]
    assert followed(hours, made).too_late == 3
    assert [k for k, *_ in grace_table(hours, rule)] == [0, 1, 2, 3, 4, 5]


def test_due_later_moves_the_grace_period():
    hours = patients((9, 2, 0), (9, 3, 0), (9, 4, 0), (9, 5, 0), (9, None, 0), (9, None, 0))
    due = np.array([3, 3, 3, 3, 3, NEVER])
    made = weigh(hours, Rule("within 2 h of hour 3", due, 2), np.full(hours.at_risk().size, 0.25))
    assert made.censored_at(hours).tolist() == [2, NEVER, NEVER, 4, 4, NEVER]
    counted = followed(hours, made)
    assert (counted.too_early, counted.too_late, counted.followed, counted.last_hour) == (1, 2, 3, 1)
