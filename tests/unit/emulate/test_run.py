"""The whole way on hand-built wards: what can be estimated, what cannot and why, and that nobody disappears."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tocsin.emulate.analyse import Analysis, Plan, analyse
from tocsin.emulate.naive import Received
from tocsin.emulate.people import enrol
from tocsin.emulate.run import Asked, results_of, run_emulation
from tocsin.errors import TocsinError
from tocsin.report.emulation.files import results_text, write_emulation
from tocsin.tables.emulation import EMULATION_TABLES
from unit.emulate.small_trials import ZERO, patient, trial
from unit.study.small_studies import Ward

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "zhou2023"
SHORT = {"horizon_hours": 48, "hours": [24], "bootstrap": 40, "sensitivity": False, "outcomes": ["crs_grade_3"]}


def cohort(n=36, dose=lambda k: 2.5 * (k % 4) + 0.3 if k % 3 else None, severe=lambda k: k % 4 == 1):
    """Every third is never treated by the ward; every fourth has a vasopressor 20 h after time zero."""
    ward = Ward()
    for k in range(n):
        name = f"P{k:02d}"
        patient(ward, name, dose(k), age_y=20.0 + k)
        if severe(k):
            ward.pressor(name, ZERO + 20 + k / 10, 60)
    return ward


@pytest.fixture(scope="module")
def made():
    return trial(cohort(), SHORT)


def test_clones_conserve_patients(made):
    """In every arm each course is one clone: it followed, left too early, or too late."""
    found = analyse(made, enrol(made), "crs_grade_3", Plan(0))
    assert isinstance(found, Analysis)
    results = results_of(made, {}, Asked(bootstrap=0))
    rows = results.tables["followed"]
    assert rows.select(pl.sum_horizontal("too_early", "too_late", "followed") == pl.col("clones")).to_series().all()
    assert rows.get_column("clones").to_list() == [36, 36]
    # nobody is due late before hour 20: who is treated before leaves it, one of them after a dose at 7.8 h
    early, late = rows.iter_rows(named=True)
    assert (early["too_early"], early["followed"]) == (0, sum(k % 3 > 0 and k % 4 < 3 for k in range(36)))
    assert late["too_early"] == sum(k % 3 > 0 for k in range(36))


def test_mean_weight_is_one_over_all_clones_where_the_fit_is_saturated(made):
    results = results_of(made, {}, Asked(bootstrap=0))
    rows = results.tables["weights"].filter(pl.col("hour") == 0)
    assert rows.get_column("mean").to_list() == pytest.approx([1.0, 1.0], abs=0.15)
    assert rows.get_column("effective").max() <= 36


def test_below_thirty_nothing_is_emulated_and_the_sentence_says_what_can_be_done():
    results = results_of(trial(cohort(20), SHORT), {})
    asked = results.tables["asked"].row(0, named=True)
    assert (asked["use"], asked["estimable"], asked["courses"]) == ("no", False, 20)
    assert asked["allows"].startswith("20 patients, 13 first doses: an emulation is no main result.")
    emulated = results.tables["comparison"].filter(pl.col("answers"))
    assert emulated.get_column("difference").null_count() == emulated.height > 0
    effects = results.tables["effects"]
    assert effects.get_column("estimate").null_count() == effects.height > 0
    assert effects.get_column("note").str.starts_with("not estimable: 20 patients").all()
    plain = results.tables["comparison"].filter(pl.col("analysis") == "aligned_unadjusted")
    assert plain.get_column("risk").is_not_null().all()  # description goes on


@pytest.mark.parametrize(
    ("dose", "slug", "shown"),
    [
        (lambda k: None, "emulate.nobody-started", "0: 0 of 36"),
        (lambda k: 0.5, "emulate.everybody-started", "0: 36 of 36"),
    ],
)
def test_nobody_or_everybody_treated_is_a_row_that_says_why(dose, slug, shown):
    results = results_of(trial(cohort(dose=dose), SHORT), {})
    asked = results.tables["asked"].row(0, named=True)
    assert not asked["estimable"]
    assert slug in asked["why_not"]
    assert shown in asked["why_not"]  # the table behind it, by hour
    assert results.tables["positivity"].height > 0


def test_a_strategy_nobody_follows_is_not_estimable_and_says_since_when():
    """All are treated by the ward 8 to 15 h after time zero: past early's grace, before late is due."""
    dose = lambda k: 8.0 + k % 8  # noqa: E731
    results = results_of(trial(cohort(dose=dose, severe=lambda k: False), SHORT), {})
    rows = results.tables["effects"].filter(pl.col("measure") == "risk difference after 48 h")
    assert rows.get_column("estimate").to_list() == [None]
    note = rows.item(0, "note")
    assert "nobody follows" in note or "emulate." in note


def test_the_naive_arms_are_those_of_the_founding_design(made):
    counts = Received(made).counts("crs_grade_3")
    # early: treated within 6 h (0.3, 2.8, 5.3 h); late: treated after 20 h at grade 3, which nobody is
    followers = [k for k in range(36) if k % 3 and k % 4 < 3]
    assert counts["early"] == (sum(k % 4 == 1 for k in followers), len(followers))
    assert counts["late"] == (0, 0)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(made):
    one, two = (results_text(results_of(made, {})) for _ in range(2))
    assert one == two
    other = trial(cohort(), SHORT | {"seed": 2})
    low = [results_of(w, {}).tables["comparison"].filter(pl.col("answers")).get_column("low").to_list()
           for w in (made, other)]  # fmt: skip
    assert low[0] != low[1]


def test_risks_begin_at_0_never_fall_and_lie_in_their_intervals(made):
    rows = results_of(made, {}).tables["risks"]
    for _, part in rows.group_by("analysis", "arm"):
        risk = part.sort("hour").get_column("risk").to_numpy()
        assert risk[0] == 0
        assert (np.diff(risk) >= -1e-12).all()
    held = rows.filter(pl.col("low").is_not_null())
    assert held.height > 0
    assert held.filter(pl.col("low") > pl.col("high")).is_empty()


def test_the_grid_moves_the_trigger_and_the_grace():
    ward = trial(cohort(40), SHORT | {"sensitivity": True, "bootstrap": 20})
    rows = results_of(ward, {}).tables["grid"]
    grid = rows.filter(pl.col("parameter") == "trigger x grace")
    assert grid.get_column("threshold").unique().sort().to_list() == [38.0, 38.5, 39.0, 39.1]
    assert grid.get_column("grace_hours").unique().sort().to_list() == [2, 4, 6, 8, 12, 24]
    main = results_of(trial(cohort(40), SHORT), {}).tables["comparison"]
    main = main.filter(pl.col("answers") & (pl.col("hour") == 48)).row(0, named=True)
    for row in rows.filter(pl.col("is_default")).iter_rows(named=True):
        assert row["difference"] == pytest.approx(main["difference"], abs=1e-9), row["parameter"]
    late = results_of(ward, {}, Asked(minutes=0)).tables["grid"]
    assert late.get_column("note").unique().to_list() == ["not run: the time was used up"]
    assert late.height == rows.height


# --- the founding example ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def founding():
    return run_emulation(EXAMPLE)


def test_the_founding_example_is_described_not_emulated(founding):
    asked = founding.tables["asked"]
    assert asked.get_column("use").unique().to_list() == ["no"]
    assert asked.get_column("courses").to_list() == [19, 19, 19]  # three never meet the trigger
    assert not founding.meta["protocol_given"]
    naive = founding.tables["comparison"].filter(
        (pl.col("outcome") == "crs_grade_3") & (pl.col("analysis") == "by_received")
    )
    row = naive.row(0, named=True)
    assert (row["n"], row["n_against"], row["risk_against"]) == (13, 9, 1.0)  # severe by definition
    assert row["risk"] == pytest.approx(2 / 13)
    assert founding.tables["grid"].is_empty()


def test_every_table_keeps_its_contract_and_is_written_whole(founding, tmp_path):
    assert set(founding.tables) == {table.name for table in EMULATION_TABLES}
    files = write_emulation(founding, tmp_path / "out")
    assert {"protocol.toml", "results.json", "report.html", "report.docx", "tables.xlsx"} <= {f.name for f in files}
    data = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {name: len(rows) for name, rows in data["tables"].items()} == {
        name: frame.height for name, frame in founding.tables.items()
    }
    write_emulation(founding, tmp_path / "out")  # ours may be replaced
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "report.html").write_text("x")
    with pytest.raises(TocsinError, match="foreign"):
        write_emulation(founding, tmp_path / "mine")
