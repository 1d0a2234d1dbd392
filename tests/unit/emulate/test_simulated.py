"""Virtual patients whose truth is known: where no drug does anything, only the emulation says so."""

import polars as pl
import pytest

from tocsin.emulate.run import Asked, run_emulation
from tocsin.simulate.run import Asked as World
from tocsin.simulate.run import simulate_records
from tocsin.virtual.scenarios import read_scenario

PROTOCOL = """
[protocol]
outcomes = ["crs_grade_3"]
horizon_hours = 168
hours = [72]
covariates = ["hour", "grade", "temperature", "hours_febrile", "crp", "ferritin", "blasts_percent"]
"""


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    """2,000 virtual patients of the world in which no drug does anything, read back from their files."""
    out = tmp_path_factory.mktemp("null") / "world"
    simulate_records(World(read_scenario("null", None), 2_000, ("csv",), False), out, lambda _: None)
    study = out / "records" / "study.toml"
    study.write_text(study.read_text(encoding="utf-8") + PROTOCOL, encoding="utf-8")
    return run_emulation(study, Asked(bootstrap=60, sensitivity=False))


def row(results, analysis, hour=168):
    rows = results.tables["comparison"].filter((pl.col("analysis") == analysis) & (pl.col("hour") == hour))
    return rows.row(0, named=True)


def test_without_an_effect_clones_without_weights_find_harm_and_the_emulated_trial_does_not(null):
    plain, emulated = row(null, "aligned_unadjusted"), row(null, "emulated")
    assert plain["low"] > 0.02  # the sicker are treated early: 0 lies outside
    assert emulated["low"] < 0 < emulated["high"]
    assert abs(emulated["difference"]) < 0.6 * plain["difference"]


def test_the_founding_design_makes_everyone_in_the_late_arm_severe(null):
    naive = row(null, "by_received")
    assert naive["risk_against"] > 0.85
    assert naive["risk_against"] - row(null, "emulated")["risk_against"] > 0.15


def test_weights_are_1_on_average_where_many_follow(null):
    rows = null.tables["weights"].filter((pl.col("effective") > 100) & (pl.col("hour") < 24))
    assert rows.height > 12
    assert rows.get_column("mean").to_list() == pytest.approx([1.0] * rows.height, abs=0.2)
