"""A small part of docs/truth.md, with fixed seeds: what must be wrong is wrong, and what must be right is right.

Margins are Monte-Carlo errors of these very studies; `make truth` does the same at length.
"""

from __future__ import annotations

import pytest

from tocsin.power.design import parse_design
from tocsin.power.run import run_design

NAIVE = ("by_received", "treated_or_not", "aligned_unadjusted")
WEIGHTED = ("emulated", "emulated_oracle")


def closed(folder, replicates, *, draws=0, analyses=(*NAIVE, *WEIGHTED), n=1000, **form):
    data = {"world": "closed-form", "n": n, "replicates": replicates, "seed": 20261123, "draws": draws,
            "analyses": list(analyses), "truth_patients": 200_000, "closed_form": form}  # fmt: skip
    return run_design(parse_design(data), folder).performance


def row(made, analysis, hour, measure="risk difference", arm="early"):
    rows = made.filter(analysis=analysis, hour=hour, measure=measure, arm=arm).to_dicts()
    assert len(rows) == 1
    return rows[0]


def errors(one):
    """Bias in Monte-Carlo errors."""
    return one["bias"] / one["bias_error"]


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    return closed(tmp_path_factory.mktemp("null") / "out", 24, draws=40, effect=0.0, horizon=72, hours=[36])


def test_without_an_effect_what_the_literature_does_finds_one(null):
    for analysis in NAIVE:
        one = row(null, analysis, 72)
        assert one["truth"] == 0
        assert errors(one) > 6, analysis


@pytest.mark.parametrize("analysis", WEIGHTED)
@pytest.mark.parametrize("hour", [36, 72])
def test_without_an_effect_the_emulated_trial_finds_none(null, analysis, hour):
    one = row(null, analysis, hour)
    assert abs(errors(one)) < 3
    assert one["rejection_is"] == "type-1 error"
    assert one["rejection"] <= 0.17  # 4 of 24: more than that is one in a hundred where it is 5 %
    assert one["coverage"] >= 0.83


def test_the_delayed_arm_is_where_its_truth_is_and_clones_without_weights_are_not(tmp_path):
    made = closed(tmp_path / "out", 30, analyses=("aligned_unadjusted", *WEIGHTED), effect=1.0)
    delayed = {name: row(made, name, 200, "risk", "delay") for name in ("aligned_unadjusted", *WEIGHTED)}
    assert delayed["emulated"]["truth"] == pytest.approx(0.1517, abs=0.003)
    assert abs(errors(delayed["emulated"])) < 3
    assert abs(errors(delayed["emulated_oracle"])) < 3
    assert delayed["aligned_unadjusted"]["mean"] == pytest.approx(0.100, abs=0.006)
    assert errors(delayed["aligned_unadjusted"]) < -10


def test_with_a_confounder_that_no_column_shows_the_emulated_trial_fails_visibly(tmp_path):
    made = closed(tmp_path / "out", 24, analyses=WEIGHTED, effect=0.0, hidden=0.5)
    assert errors(row(made, "emulated", 200)) > 5
    assert abs(errors(row(made, "emulated_oracle", 200))) < 3  # the true chances know the confounder


EARLY = {"give": "tocilizumab", "within": "6 h",
         "when": {"sign": "temperature", "at_least": 39.0, "sustained": "4 h"}}  # fmt: skip
WAIT = {"give": "tocilizumab", "within": "6 h", "when": {"grade_of": "astct_crs", "at_least": 3}}


def test_virtual_patients_of_the_null_world(tmp_path):
    """Two studies are enough: the founding design finds a large benefit of a drug that does nothing."""
    data = {
        "world": "null", "n": 3000, "replicates": 2, "seed": 20261123, "draws": 40,
        "truth_patients": 300,
        "analyses": ["by_received", "aligned_unadjusted", "emulated"], "strategies": {"early": EARLY, "wait": WAIT},
        "protocol": {"outcomes": ["crs_grade_3"], "horizon_hours": 120, "hours": [72], "discharged": "event_free"},
    }  # fmt: skip
    made = run_design(parse_design(data), tmp_path / "out")
    assert made.truth.filter(measure="risk difference").get_column("truth").to_list() == [0.0, 0.0]
    found = made.studies.filter(measure="risk difference", hour=120)
    assert found.height == 6
    by = {name: found.filter(analysis=name).sort("replicate") for name in data["analyses"]}
    assert (by["by_received"].get_column("high") < -0.1).all()
    naive, emulated = (by[name].get_column("estimate").abs() for name in ("by_received", "emulated"))
    assert (emulated < naive).all()
    # the sicker are treated: without weights the drug looks worse than with them
    assert by["aligned_unadjusted"].get_column("estimate").mean() > by["emulated"].get_column("estimate").mean()
    assert (by["emulated"].get_column("high") - by["emulated"].get_column("low") < 0.95).all()
    # vague, and at times too sure: few follow the arm that waits (docs/truth.md has how often)
    assert (by["emulated"].get_column("high") > 0).any()
