"""The kernel against the naive second implementation, minute by minute and sign by sign.

Both were written from docs/signs.md by different hands: where they disagree, one of them or the rule book is wrong.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators import Generated, courses, long_course
from minutes import differences, kernel_minutes, naive_minutes

OPTIONS: tuple[dict[str, Any], ...] = (
    {"confirm_hypotension": True},
    {"mean_below": 65},
    {"mean_below": 65, "confirm_hypotension": True},
    {"fall_fraction": 0.3},
    {"site_policy": "oral_equivalent"},
    {"clock": "measured"},
    {"oxygen_uncharted": "none_if_spo2_at_least_92"},
    {"fio2_table": "marshall"},
    {"waiver_drugs": "anticytokine_steroid"},
    {"neuro_uncharted": "none_if_scored"},
    {"resolve_h": 4, "mask_antipyretic_h": 2, "mask_steroid_h": 3, "fever_carry_h": 1},
    {"overlap_min": 1, "after_intubation_min": 10, "pressor_silent_h": 2},
    {"after_intubation_min": 0, "overlap_min": 0},
    {"temperature_valid_h": 4, "pressure_valid_h": 2, "spo2_valid_h": 2, "device_valid_h": 12, "ice_valid_h": 12},
    {"lookback_h": 4, "prior_fever_h": 3, "fever_free_h": 1},
)
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(SLOW, max_examples=300)
@given(courses())
def test_default_parameters(whole: Generated) -> None:
    assert differences(kernel_minutes(whole), naive_minutes(whole)) == []


@settings(SLOW, max_examples=150)
@given(courses(), st.sampled_from(OPTIONS))
def test_other_parameters(whole: Generated, options: dict[str, Any]) -> None:
    assert differences(kernel_minutes(whole, **options), naive_minutes(whole, **options)) == []


@pytest.mark.parametrize("seed", range(60))
def test_three_days_on_a_ward(seed: int) -> None:
    whole = long_course(seed)
    naive = naive_minutes(whole)
    assert len(naive) > 1000
    assert differences(kernel_minutes(whole), naive) == []
