import math

import pytest

from tocsin.effects.estimate import Estimate, not_estimable


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["estimate", "low", "high", "level", "p"])
def test_nan_and_infinity_are_refused(field, bad):
    values = {"estimate": 1.0, "low": 0.5, "high": 2.0, "level": 0.95, "p": 0.5} | {field: bad}
    with pytest.raises(ValueError, match=f"x: {field} is"):
        Estimate(measure="x", method="m", n=1, events=1, **values)


@pytest.mark.parametrize(("estimate", "low", "level"), [(None, 0.1, 0.95), (0.5, None, 0.95), (None, None, None)])
def test_a_missing_number_needs_a_reason(estimate, low, level):
    with pytest.raises(ValueError, match="needs a note"):
        Estimate("x", estimate, low, 0.9, level, "m", 1, 1)
    assert Estimate("x", estimate, low, 0.9, level, "m", 1, 1, note="because").note == "because"


def test_not_estimable_says_so():
    row = not_estimable("x", "no subjects", n=0, events=0, method="m", level=0.95)
    assert (row.estimate, row.low, row.high, row.p, row.note) == (None, None, None, None, "not estimable: no subjects")
    assert not row.estimable


def test_a_test_without_interval_is_estimable():
    assert Estimate("x", None, None, None, None, "m", 1, None, p=0.5).estimable
