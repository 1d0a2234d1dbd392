"""Differences of potential outcomes, worked by hand on five patients."""

from fractions import Fraction
from math import isnan, sqrt

import polars as pl
import pytest

from tocsin.virtual.truth import OUTCOMES, compare, potential

MAX = {"early": [0, 1, 3, 1, 4], "late": [0, 3, 3, 1, 4]}
DEATH = {"early": [None, None, None, None, "crs"], "late": [None, "relapse", None, None, None]}
EFS = {"early": [36.0, 30.0, 6.0, 3.0, 0.5], "late": [36.0, 18.0, 6.0, 3.0, 0.5]}


def run(arm):
    n = 5
    frame = {
        "patient": range(n), "onset": [None, 100, 200, 300, 400], "due_at": [None, 340, 500, None, 900],
        "crs3_at": [None, None, 400, None, 2000], "crs_max": MAX[arm], "icans_max": [0, 0, 3, 0, 1],
        "death_cause": DEATH[arm], "cr": [True, True, False, True, None],
        "mrd_negative": [True, False, None, True, None],
        "doses": [0, 1, 1, 0, 2], "steroid_mg": [0.0, 0.0, 10.0, 0.0, 60.0], "icu_hours": [0, 0, 5, 0, 9],
        "efs_month": EFS[arm], "os_month": [36.0, 36.0, 20.0, 30.0, 0.5],
    }  # fmt: skip
    return potential(pl.DataFrame(frame))


@pytest.fixture(scope="module")
def truth():
    return compare({"early": run("early"), "late": run("late")}, [("early", "late")])


def cell(truth, outcome, measure, population="all", strategy="early"):
    found = truth.filter(
        outcome=outcome, measure=measure, population=population, strategy=strategy
    )  # fmt: skip
    assert found.height == 1
    return found.row(0, named=True)


def test_risks_under_each_strategy(truth):
    assert cell(truth, "crs_3", "risk")["value"] == 0.4
    assert cell(truth, "crs_3", "risk", strategy="late")["value"] == 0.6
    assert cell(truth, "crs_3", "risk")["against"] is None
    # 2 of 5: standard error sqrt(p (1 - p) / (n - 1)) = sqrt(6 / 25 / 4)
    assert cell(truth, "crs_3", "risk")["se"] == pytest.approx(sqrt(6 / 100), rel=1e-12)


def test_the_difference_is_paired(truth):
    found = cell(truth, "crs_3", "difference")
    assert found["value"] == pytest.approx(-1 / 5, rel=1e-12)
    # differences 0 -1 0 0 0: variance 1/5, standard error sqrt(1/25); unpaired it would be 0.346
    assert found["se"] == pytest.approx(1 / 5, rel=1e-12)
    assert found["against"] == "late"


def test_the_ratio_is_paired(truth):
    found = cell(truth, "crs_3", "ratio")
    assert found["value"] == pytest.approx(2 / 3, rel=1e-12)
    # influences (a - 2/3 b) / (3/5): 0, -10/9, 5/9, 0, 5/9; mean 0, variance 25/54; over 5
    assert found["se"] == pytest.approx(sqrt(Fraction(25, 54) / 5), rel=1e-12)


def test_a_ratio_over_nobody_is_no_number(truth):
    found = cell(truth, "crs_death", "ratio")
    assert isnan(found["value"])
    assert isnan(found["se"])
    assert cell(truth, "crs_death", "difference")["value"] == pytest.approx(1 / 5)


def test_restricted_months(truth):
    found = cell(truth, "efs_months_24", "difference")
    assert found["value"] == pytest.approx((24 - 18) / 5, rel=1e-12)
    assert found["se"] == pytest.approx(6 / 5, rel=1e-12)
    assert cell(truth, "efs_months_12", "difference")["value"] == 0
    assert cell(truth, "efs_months_12", "mean")["value"] == pytest.approx((12 + 12 + 6 + 3 + 0.5) / 5)


def test_populations(truth):
    sizes = dict(truth.select("population", "patients").unique().rows())
    # the trigger of patient 2 came after grade 3
    assert sizes == {"all": 5, "first fever": 4, "trigger of early": 2}
    found = cell(truth, "crs_3", "difference", population="trigger of early")
    assert found["value"] == pytest.approx(-1 / 2, rel=1e-12)


def test_death_from_crs_is_grade_5_whatever_was_charted():
    died = pl.DataFrame({
        "patient": [0, 1], "onset": [10, None], "due_at": [None, None], "crs3_at": [None, None], "crs_max": [2, 0],
        "icans_max": [0, 0], "death_cause": ["crs", "other"], "cr": [None, None], "mrd_negative": [None, None],
        "doses": [0, 0], "steroid_mg": [0.0, 0.0], "icu_hours": [0, 0], "efs_month": [0.2, 0.1], "os_month": [0.2, 0.1],
    }, schema_overrides={"cr": pl.Boolean, "mrd_negative": pl.Boolean})  # fmt: skip
    found = potential(died)
    assert found.select("crs_3", "crs_4", "crs_death").rows() == [(True, True, True), (False, False, False)]


def test_unknown_response_is_no_remission(truth):
    assert cell(truth, "mrd_negative_cr", "risk")["value"] == pytest.approx(2 / 5)


def test_a_strategy_against_itself_differs_by_nothing_at_all():
    same = compare({"early": run("early"), "twin": run("early")}, [("early", "twin")])
    found = same.filter(measure="difference")
    assert set(found.get_column("value")) == set(found.get_column("se")) == {0.0}
    assert found.height == 3 * len(OUTCOMES)


def test_one_patient_has_no_standard_error():
    one = {"a": run("early").head(1), "b": run("late").head(1)}
    found = compare(one, [("a", "b")]).filter(measure="difference")
    assert found.get_column("se").is_nan().all()


def test_nobody_at_the_trigger_gives_no_rows():
    none = run("early").with_columns(due_at=pl.lit(None, pl.Int64))
    found = compare({"a": none, "b": run("late")}, [("a", "b")])
    assert set(found.get_column("population")) == {"all", "first fever"}
