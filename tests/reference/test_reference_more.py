"""The later estimators against R's numbers, and proof that the comparison can fail."""

import pytest

from reference.comparisons_more import MORE
from reference.tolerances import agrees, shifted


@pytest.mark.parametrize("name", MORE)
def test_equals_r(name):
    generator, least = MORE[name]
    values = list(generator())
    wrong = [
        f"{v.name}: {v.computed} for {v.expected}" for v in values if not agrees(v.computed, v.expected, v.tolerance)
    ]
    assert not wrong, f"{len(wrong)} of {len(values)}: {wrong[:20]}"
    assert len(values) >= least


@pytest.mark.parametrize("name", MORE)
def test_sabotage_is_seen(name):
    values = list(MORE[name][0]())
    blind = [v.name for v in values if agrees(v.computed, shifted(v.expected), v.tolerance)]
    assert not blind, f"a shift of 1 % passes: {blind[:20]}"
