"""Cox, Firth and time-dependent treatment against R's numbers, and proof that the comparison can fail."""

import pytest

from reference.comparisons_cox import FILES
from reference.tolerances import agrees, shifted


@pytest.mark.parametrize("file", FILES)
def test_equals_r(file):
    generator, least = FILES[file]
    values = list(generator())
    wrong = [
        f"{v.name}: {v.computed} for {v.expected}" for v in values if not agrees(v.computed, v.expected, v.tolerance)
    ]
    assert not wrong, f"{len(wrong)} of {len(values)}: {wrong[:20]}"
    assert len(values) >= least


@pytest.mark.parametrize("file", FILES)
def test_sabotage_is_seen(file):
    values = list(FILES[file][0]())
    blind = [v.name for v in values if agrees(v.computed, shifted(v.expected), v.tolerance)]
    assert not blind, f"a shift of 1 % passes: {blind[:20]}"
    assert len(values) >= FILES[file][1]
