"""Clone-censor-weight against R's numbers, and proof that the comparison can fail."""

from reference.comparisons_ccw import ccw_file, emulated, hours
from reference.tolerances import agrees, shifted


def test_equals_r():
    values = list(ccw_file())
    wrong = [
        f"{v.name}: {v.computed} for {v.expected}" for v in values if not agrees(v.computed, v.expected, v.tolerance)
    ]
    assert not wrong, f"{len(wrong)} of {len(values)}: {wrong[:20]}"
    assert len(values) == 7 + 3 * (3 * 96 + 1)


def test_sabotage_is_seen():
    values = list(ccw_file())
    blind = [v.name for v in values if agrees(v.computed, shifted(v.expected), v.tolerance)]
    assert not blind, f"a shift of 1 % passes: {blind[:20]}"


def test_one_hour_more_of_grace_is_seen():
    """Not only the arithmetic: another strategy gives other numbers."""
    given = hours()
    made = emulated(given)
    assert abs(made.curves[0].incidence[-1] - made.curves[1].incidence[-1]) > 1e-3
    assert (made.curves[0].clones[:7] > 190).all()
    assert made.curves[0].clones[7] < 110
