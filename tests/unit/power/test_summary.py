"""Performance measures by hand, on studies small enough to be counted."""

from math import sqrt

import numpy as np
import polars as pl
import pytest

from tocsin.power.summary import performance
from tocsin.tables.power import POWER_TRUTH, REPLICATES

KEY = {"analysis": "emulated", "outcome": "o", "hour": 12, "measure": "risk difference", "arm": "a", "against": "b"}


def studies(estimates, limits=None, errors=None, failures=None, **key):
    rows = []
    for k, estimate in enumerate(estimates):
        low, high = limits[k] if limits else (None, None)
        rows.append(
            {**KEY, **key, "replicate": k, "estimate": estimate, "se": errors[k] if errors else None, "low": low,
             "high": high, "p": None, "n": 10, "events": 1, "failure": (failures or {}).get(k, ""), "rows": 1}
        )  # fmt: skip
    return REPLICATES.check(REPLICATES.frame(rows))


def truth(value, se=0.0, **key):
    row = {name: {**KEY, **key}[name] for name in ("outcome", "hour", "measure", "arm", "against")}
    return POWER_TRUTH.frame([{**row, "truth": value, "truth_se": se, "patients": 100}])


def only(studies_, truth_):
    made = performance(studies_, truth_)
    assert made.height == 1
    return made.row(0, named=True)


def test_bias_and_spread_by_hand():
    # mean 0.3, truth 0.2; deviations -0.2, -0.1, 0, 0.3: variance (0.04 + 0.01 + 0 + 0.09) / 3 = 0.14 / 3
    row = only(studies([0.1, 0.2, 0.3, 0.6]), truth(0.2))
    sd = sqrt(0.14 / 3)
    assert row["mean"] == pytest.approx(0.3)
    assert row["bias"] == pytest.approx(0.1)
    assert row["bias_error"] == pytest.approx(sd / 2)
    assert row["empirical_se"] == pytest.approx(sd)
    assert row["empirical_se_error"] == pytest.approx(sd / sqrt(6))
    # squared errors 0.01, 0, 0.01, 0.16: mean 0.045; rmse is no bias + variance by accident
    assert row["rmse"] == pytest.approx(sqrt(0.045))
    assert row["rmse"] ** 2 == pytest.approx(row["bias"] ** 2 + row["empirical_se"] ** 2 * 3 / 4)


def test_the_error_of_the_truth_is_in_that_of_the_bias():
    plain, vague = (only(studies([0.1, 0.2, 0.3, 0.6]), truth(0.2, se)) for se in (0.0, 0.3))
    assert vague["bias_error"] == pytest.approx(sqrt(plain["bias_error"] ** 2 + 0.09))
    assert vague["empirical_se"] == plain["empirical_se"]


def test_standard_error_seen_by_hand():
    # squares 0.01, 0.04, 0.09: mean 0.14 / 3; variance of squares ((-11/300)^2 + (-2/300)^2 + (13/300)^2) / 2
    row = only(studies([0.1, 0.2, 0.3], errors=[0.1, 0.2, 0.3]), truth(0.2))
    assert row["model_se"] == pytest.approx(sqrt(0.14 / 3))
    variance = (11**2 + 2**2 + 13**2) / 300**2 / 2
    assert row["model_se_error"] == pytest.approx(sqrt(variance / 12) / sqrt(0.14 / 3))


def test_coverage_and_power_by_hand():
    limits = [(0.1, 0.3), (0.15, 0.4), (-0.1, 0.1), (-0.4, -0.2), (0.2, 0.9)]
    row = only(studies([0.2, 0.3, 0.0, -0.3, 0.5], limits), truth(0.2))
    assert row["coverage"] == pytest.approx(3 / 5)  # an interval that ends at the truth holds it
    assert row["coverage_error"] == pytest.approx(sqrt(3 / 5 * 2 / 5 / 5))
    assert row["rejection"] == pytest.approx(4 / 5)
    assert row["rejection_is"] == "power"
    none = only(studies([0.2, 0.3, 0.0, -0.3, 0.5], limits), truth(0.0))
    assert (none["rejection"], none["rejection_is"]) == (pytest.approx(4 / 5), "type-1 error")
    assert none["coverage"] == pytest.approx(1 / 5)


def test_a_risk_of_one_arm_is_no_test():
    row = only(studies([0.2, 0.3], [(0.1, 0.3), (0.2, 0.4)], measure="risk", against=""),
               truth(0.2, measure="risk", against=""))  # fmt: skip
    assert row["rejection"] is None
    assert row["rejection_is"] == ""
    assert row["coverage"] == 1


def test_studies_without_an_estimate_are_counted_with_their_reasons():
    made = studies([0.1, None, 0.3, None, None], failures={1: "separation", 3: "separation", 4: "nobody"})
    row = only(made, truth(0.2))
    assert (row["studies"], row["estimated"], row["intervals"]) == (5, 2, 0)
    assert row["failures"] == "1: nobody; 2: separation"
    assert row["mean"] == pytest.approx(0.2)
    assert row["coverage"] is None


def test_nothing_estimated_gives_a_row_without_figures():
    row = only(studies([None, None], failures={0: "x", 1: "x"}), truth(0.2))
    assert row["mean"] is None
    assert row["estimated"] == 0


def test_one_study_has_no_spread():
    row = only(studies([0.3]), truth(0.2))
    assert row["bias"] == pytest.approx(0.1)
    assert row["bias_error"] is None
    assert row["empirical_se"] is None


def test_normal_studies_have_the_errors_that_are_printed():
    """Runs of 400 studies each: the printed Monte-Carlo errors are the spread of the figures over runs."""
    random = np.random.default_rng(1)
    runs = []
    for _ in range(300):
        estimates = random.normal(0.1, 0.05, 400)
        limits = [(float(e) - 0.05, float(e) + 0.05) for e in estimates]
        runs.append(only(studies(estimates.tolist(), limits), truth(0.1)))
    for name in ("bias", "empirical_se", "rmse", "coverage", "rejection"):
        spread = np.std([run[name] for run in runs], ddof=1)
        printed = np.mean([run[f"{name}_error"] for run in runs])
        assert spread == pytest.approx(printed, rel=0.15), name  # three errors of a spread over 300 runs
    covers = np.mean([run["coverage"] for run in runs])
    assert covers == pytest.approx(0.6827, abs=3 * sqrt(0.6827 * 0.3173 / 120_000))


def test_a_number_without_truth_is_left_out():
    made = pl.concat([studies([0.1]), studies([0.1], hour=24)])
    assert performance(made, truth(0.2)).get_column("hour").to_list() == [12]
