"""The kernel against the naive second implementation, minute by minute and sign by sign.

Both were written from docs/signs.md by different hands: where they disagree, one of them or the rule book is wrong.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators import Generated, courses, long_course, wide_course, wide_courses
from minutes import WIDE, differences, kernel_minutes, naive_minutes, wide_kernel_minutes, wide_naive_minutes

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
WIDE_OPTIONS: tuple[dict[str, Any], ...] = (
    {"high_dose_h": 1, "pressor_long_h": 2, "resolve_h": 4},
    {"pressor_long_h": 1, "resolve_h": 1, "pressor_silent_h": 2},
    {"lab_valid_h": 4, "product_h": 2, "fluid_window_h": 3, "bolus_ml": 500, "bolus_ml_per_kg": 5},
    {"baseline_missing": "unknown"},
    {"baseline_days": 7, "lymphodepletion_days": 5},
    {"uln_creatinine": 1.0, "uln_bilirubin": 1.1, "uln_ast": 35, "uln_alt": 50, "lln_fibrinogen": 1.8},
    {"uln_creatinine": 0.8, "baseline_missing": "unknown"},
    {"first_weeks_days": 1},
    {"clock": "measured"},
    {"neuro_uncharted": "none_if_scored", "neuro_valid_h": 6, "ice_valid_h": 12, "ice_low_valid_h": 3},
    {"lookback_h": 4},
    {"after_intubation_min": 240, "overlap_min": 10},
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


@settings(SLOW, max_examples=150)
@given(wide_courses())
def test_wide_default_parameters(whole: Generated) -> None:
    assert differences(wide_kernel_minutes(whole), wide_naive_minutes(whole), WIDE) == []


@settings(SLOW, max_examples=120)
@given(wide_courses(), st.sampled_from(WIDE_OPTIONS))
def test_wide_other_parameters(whole: Generated, options: dict[str, Any]) -> None:
    assert differences(wide_kernel_minutes(whole, **options), wide_naive_minutes(whole, **options), WIDE) == []


@pytest.mark.parametrize("seed", range(25))
def test_three_days_of_labs_and_rates(seed: int) -> None:
    """Every other course with other parameters, so that each of them meets a dense history."""
    whole = wide_course(seed)
    options = WIDE_OPTIONS[seed // 2 % len(WIDE_OPTIONS)] if seed % 2 else {}
    naive = wide_naive_minutes(whole, **options)
    assert len(naive) > 1000
    assert differences(wide_kernel_minutes(whole, **options), naive, WIDE) == []
