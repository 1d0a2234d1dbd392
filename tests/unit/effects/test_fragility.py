import pytest

from tocsin.effects.fragility import fragility
from tocsin.effects.proportions import fisher_p, mid_p


def steps(path):
    return [(step.a, step.b) for step in path]


def test_by_hand():
    """11/13 v 2/9: p .007; with 3 events .026, with 4 .074: two patients, on Walsh's path too."""
    found = fragility(11, 13, 2, 9)
    assert (found.index.estimate, found.walsh.estimate) == (2, 2)
    assert found.quotient.estimate == pytest.approx(2 / 22)
    assert found.index.p == fisher_p(11, 13, 2, 9)
    assert found.index.note == "to p >= alpha; shortest: a remove; b add"
    assert [steps(path) for path in found.paths] == [
        [(11, 2), (12, 2), (13, 2)],
        [(11, 2), (10, 2), (9, 2), (8, 2)],
        [(11, 2), (11, 3), (11, 4), (11, 5)],
        [(11, 2), (11, 1), (11, 0)],
    ]
    for path in found.paths:
        for step in path:
            assert step.p == fisher_p(step.a, 13, step.b, 9)
            assert step.significant == (step.p < 0.05)


def test_not_significant_counts_the_other_way():
    """11/13 v 5/9, p .178: two more events in the first arm give .017."""
    found = fragility(11, 13, 5, 9)
    assert fisher_p(13, 13, 5, 9) < 0.05 <= fisher_p(12, 13, 5, 9)
    assert found.index.estimate == 2
    assert found.index.note.startswith("to p < alpha; shortest: a add")
    assert not found.walsh.estimable
    assert found.walsh.note == "not estimable: the result was not significant"


def test_no_way():
    """Two against two: no table has p below 0.05."""
    found = fragility(1, 2, 1, 2)
    assert found.index.note == "not estimable: no change of one arm turns the conclusion"
    assert not found.quotient.estimable
    assert [steps(path)[-1] for path in found.paths] == [(2, 1), (0, 1), (1, 2), (1, 0)]


def test_index_is_one_from_the_edge():
    """A step back from the end of the shortest path has the first conclusion."""
    for a, b in ((13, 3), (12, 1), (0, 6), (13, 0)):
        found = fragility(a, 13, b, 9)
        k = int(found.index.estimate)
        shortest = min((p for p in found.paths if any(s.significant != p[0].significant for s in p)), key=len)
        assert shortest[k].significant != shortest[0].significant
        assert shortest[k - 1].significant == shortest[0].significant


def test_another_test_and_level():
    exact, mid = fragility(11, 13, 4, 9), fragility(11, 13, 4, 9, p_of=mid_p, test="mid-p")
    assert (exact.index.p, mid.index.p) == (fisher_p(11, 13, 4, 9), mid_p(11, 13, 4, 9))
    assert not exact.paths[0][0].significant
    assert mid.paths[0][0].significant
    assert mid.index.method == "mid-p two-sided p against 0.05"
    assert fragility(11, 13, 2, 9, alpha=0.01).index.estimate == 1


def test_equal_events_have_no_arm_with_fewer():
    found = fragility(9, 9, 9, 30)
    assert found.index.estimable
    assert found.walsh.note == "not estimable: both arms have as many events"


def test_empty_and_eventless_arms():
    for m, n in ((0, 9), (9, 0), (0, 0)):
        found = fragility(0, m, 0, n)
        assert found.paths == ()
        assert all(row.note == "not estimable: an arm is empty" for row in (found.index, found.quotient, found.walsh))
    nobody = fragility(0, 13, 0, 9)
    assert nobody.index.p == 1
    assert [len(path) for path in nobody.paths][1::2] == [1, 1]
    assert nobody.index.estimate == min(k for k in range(10) if fisher_p(0, 13, k, 9) < 0.05)


def test_long_paths_are_cut():
    found = fragility(60, 100, 30, 100, most=3)
    assert not found.index.estimable
    assert found.index.note.endswith("turns the conclusion within 3 patients")
    assert max(len(path) for path in found.paths) == 4


@pytest.mark.parametrize("table", [(14, 13, 2, 9), (-1, 13, 2, 9), (1.5, 13, 2, 9), (float("nan"), 13, 2, 9)])
def test_wrong_counts(table):
    with pytest.raises(ValueError, match="a: "):
        fragility(*table)


def test_wrong_level():
    with pytest.raises(ValueError, match="alpha"):
        fragility(1, 2, 1, 2, alpha=0)
