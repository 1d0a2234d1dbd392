"""The founding study through `run_study`: what the paper prints, and that nothing is read off a label.

Printed (Zhou 2023, abstracts; the Chinese order of the medians): 13 early, 9 conventional; MRD-negative CR 11/13 =
84.62 % early; no CRS death early; conventional patients had severe CRS first; median EFS 7 (3-11) and 2 (0-5) months.
"""

import csv
import re
import shutil
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from tocsin.study import run_study
from tocsin.tables import StudyResults

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "zhou2023"
EARLY = {"P02", "P03", "P05", "P06", "P08", "P11", "P12", "P14", "P15", "P17", "P19", "P20", "P22"}
CONVENTIONAL = {"P01", "P04", "P07", "P09", "P10", "P13", "P16", "P18", "P21"}
VERSUS = "early v conventional"


@pytest.fixture(scope="module")
def results() -> StudyResults:
    return run_study(EXAMPLE)


def effect(results, outcome, contrast, measure):
    rows = results.tables["effects"].filter(
        (pl.col("outcome") == outcome) & (pl.col("contrast") == contrast) & (pl.col("measure") == measure)
    )
    assert rows.height == 1, (outcome, contrast, measure, rows.height)
    return rows.row(0, named=True)


def arms(results):
    found = results.tables["arms"].filter(pl.col("arm").is_not_null())
    return {arm: set(found.filter(pl.col("arm") == arm).get_column("course_id")) for arm in ("early", "conventional")}


# --- what the paper prints ----------------------------------------------------------------------------------------


def test_thirteen_early_and_nine_conventional(results):
    assert arms(results) == {"early": EARLY, "conventional": CONVENTIONAL}
    assert (len(EARLY), len(CONVENTIONAL)) == (13, 9)


def test_response_of_the_early_arm_is_the_printed_one(results):
    row = effect(results, "MRD-negative CR", "early", "proportion")
    assert (row["events"], row["n"]) == (11, 13)
    assert round(100 * row["estimate"], 2) == 84.62
    # exact limits of 11/13, R binom.test: 0.5455 to 0.9808; Wilson 0.5777 to 0.9567
    assert (round(row["low"], 4), round(row["high"], 4)) == (0.5455, 0.9808)
    wilson = effect(results, "MRD-negative CR", "early", "proportion (Wilson)")
    assert (round(wilson["low"], 4), round(wilson["high"], 4)) == (0.5777, 0.9567)
    difference = effect(results, "MRD-negative CR", VERSUS, "risk difference")
    assert round(difference["p"], 6) == 0.177797  # Fisher, 11/13 v 5/9


def test_no_crs_death_early_is_a_bound_not_a_zero(results):
    row = effect(results, "CRS death", "early", "proportion")
    assert (row["events"], row["n"], row["estimate"], row["low"]) == (0, 13, 0.0, 0.0)
    assert round(100 * row["high"], 1) == 24.7  # 1 - 0.025 ** (1/13)
    assert row["high"] == pytest.approx(1 - 0.025 ** (1 / 13), abs=1e-12)
    other = effect(results, "CRS death", "conventional", "cumulative incidence at 30")
    assert other["estimate"] == pytest.approx(2 / 9)


def test_every_conventional_patient_was_severe_before_tocilizumab(results):
    before = effect(results, "severe CRS before tocilizumab", "conventional", "proportion")
    assert (before["events"], before["n"]) == (9, 9)
    assert effect(results, "severe CRS before tocilizumab", "early", "proportion")["events"] == 0
    runs = results.tables["grades"].filter((pl.col("scale") == "astct_crs") & (pl.col("grade") >= 3))
    first = dict(runs.group_by("course_id").agg(pl.col("from").min()).iter_rows())
    given = dict(results.tables["arms"].select("course_id", "given_at").iter_rows())
    assert all(first[course] <= given[course] for course in CONVENTIONAL)


@pytest.mark.parametrize(("arm", "median", "low", "high"), [("early", 7, 3, 11), ("conventional", 2, 0, 5)])
def test_median_efs_as_printed_with_log_log_beside_it(results, arm, median, low, high):
    spss = effect(results, "EFS from infusion", arm, "median (SPSS)")
    assert (round(spss["estimate"]), round(spss["low"]), round(spss["high"])) == (median, low, high)
    ours = effect(results, "EFS from infusion", arm, "median (log-log)")
    assert ours["estimate"] == pytest.approx(spss["estimate"])
    assert "month" in ours["note"]
    assert (round(ours["low"], 2), ours["high"] and round(ours["high"], 2)) == {
        "early": (3.12, None), "conventional": (0.30, 5.32)
    }[arm]  # fmt: skip
    first = results.tables["effects"].filter(pl.col("outcome") == "EFS from infusion").row(0, named=True)
    assert first["measure"] == "median (log-log)"  # the one the report shows first


def test_efs_counts_from_infusion_first_dose_and_landmark(results):
    medians = {
        start: effect(results, f"EFS from {start}", "early", "median (log-log)")
        for start in ("infusion", "first tocilizumab", "day 28")
    }
    assert medians["first tocilizumab"]["estimate"] < medians["infusion"]["estimate"]
    assert [row["n"] for row in medians.values()] == [13, 13, 11]
    assert "2 left out" in medians["day 28"]["note"]


@pytest.mark.parametrize(
    ("outcome", "measure", "estimate", "low", "high", "p"),
    [  # R 4.2.2, survival 3.5-3, in study.R; Firth there by its own likelihood
        ("EFS from infusion", "hazard ratio", 0.347178, 0.126172, 0.955306, 0.040511),
        ("EFS from infusion", "hazard ratio (Firth)", 0.347565, 0.127431, 0.944869, 0.038695),
        ("EFS from infusion", "proportional hazards", 0.351468, None, None, 0.553284),
        ("EFS from infusion", "Mantel-Byar", 4.665155, None, None, 0.030781),
        ("OS from day 28", "hazard ratio", 0.301332, 0.095780, 0.948017, 0.040243),
        ("MRD-negative CR", "risk ratio", 1.523077, 0.812281, 2.855862, None),
        ("MRD-negative CR", "E-value of the estimate", 2.415650, None, None, None),
        ("MRD-negative CR", "E-value of the limit nearest 1", 1.0, None, None, None),
        ("MRD-negative CR", "fragility index", 2.0, None, None, None),
        ("MRD-negative CR", "risk difference, assessed only", 0.131868, -0.205033, 0.504030, None),
        ("MRD-negative CR", "risk difference, lowest possible", 0.068376, -0.243669, 0.411855, None),
        ("MRD-negative CR", "risk difference, highest possible", 0.290598, -0.080154, 0.599945, None),
        ("MRD-negative CR", "ways that turn the result", 0.0, None, None, None),
        ("ICANS", "fragility index", 3.0, None, None, None),
    ],
)  # fmt: skip
def test_hazards_and_what_turns_a_result(results, outcome, measure, estimate, low, high, p):
    row = effect(results, outcome, VERSUS, measure)
    found = [None if row[key] is None else round(row[key], 6) for key in ("estimate", "low", "high", "p")]
    assert found == pytest.approx([estimate, low, high, p], abs=1.5e-6)


def test_no_crs_death_early_leaves_no_ratio_but_a_test(results):
    assert effect(results, "CRS death", VERSUS, "Gray's test")["p"] == pytest.approx(0.0816527, abs=1e-6)
    for measure in ("risk ratio", "E-value of the estimate"):
        row = effect(results, "CRS death", VERSUS, measure)
        assert (row["estimate"], row["note"]) == (None, "not estimable: an arm has no event")


def test_a_p_value_never_stands_without_synthetic(results):
    rows = results.tables["effects"].filter(pl.col("p").is_not_null())
    assert rows.height > 10
    assert rows.filter(~pl.col("note").str.contains("synthetic")).is_empty()


# --- what the report needs ----------------------------------------------------------------------------------------


def test_warnings_say_why_the_design_misleads(results):
    rows = results.tables["warnings"]
    serious = rows.filter("serious").get_column("slug").to_list()
    assert serious == [
        "design.arm-defined-by-outcome", "design.assigned-after-time-zero", "design.assigned-after-time-zero",
        "design.due-under-another-arm", "design.conditioned-on-treatment",
    ]  # fmt: skip
    first = rows.row(0, named=True)
    assert first["arm"] == "conventional"
    assert "100 % severe CRS in this arm is by construction" in first["text"]
    assert "9/9" in first["text"]
    assert "9/9" in first["text_zh"]
    remarks = set(rows.filter(~pl.col("serious")).get_column("slug"))
    assert {"statistics.small", "statistics.multiple-tests", "source.medians-swapped"} <= remarks


def test_every_serious_sentence_is_in_both_languages(results):
    for row in results.tables["warnings"].to_dicts():
        assert re.search("[\u4e00-\u9fff]", row["text_zh"]), row["slug"]
        assert not re.search("[\u4e00-\u9fff]", row["text"]), row["slug"]
    for paragraph in results.meta["methods"]:
        assert paragraph["en"].strip()
        assert re.search("[\u4e00-\u9fff]", paragraph["zh"])


def test_attrition_accounts_for_all_patients(results):
    rows = results.tables["attrition"].to_dicts()
    assert rows[0]["courses_in"] == 22
    assert all(one["courses_out"] == other["courses_in"] for one, other in pairwise(rows))
    assert rows[-1]["courses_out"] == 22


def test_sensitivity_moves_the_patients_the_example_names(results):
    rows = results.tables["sensitivity"]

    def moved(parameter, value):
        found = rows.filter((pl.col("parameter") == parameter) & (pl.col("value") == value))
        assert found.get_column("courses").sum() == 22
        return found.get_column("moved").first().split()

    assert moved("early: longest gap", "4 h") == moved("early: longest gap", "5 h") == ["P05"]
    assert moved("early: longest gap", "8 h") == []
    assert moved("early: threshold", "39.1 °C") == ["P08", "P11"]
    assert {"P12", "P13", "P14", "P22"} <= set(moved("early: threshold", "38.5 °C"))
    assert "P06" in moved("given within, every strategy", "2 h")  # given exactly 6 h after it was due
    assert moved("given within, every strategy", "12 h") == []
    main = rows.filter("is_default")
    assert main.get_column("moved").to_list() == [""] * main.height
    assert set(main.filter(pl.col("arm") == "early").get_column("courses")) == {13}


def test_split_vials_are_one_dose(results):
    counts = {(r["what"], r["arm"]): r["value"] for r in results.tables["counts"].to_dicts()}
    assert counts["tocilizumab doses charted as several rows", "all"] == 5  # P01, P03, P10, P12, P22
    assert counts["tocilizumab doses", "all"] == 27
    assert counts["first tocilizumab", "early"] == pytest.approx(8.0)


def test_the_same_input_gives_the_same_results(results):
    again = run_study(EXAMPLE / "study.toml")
    assert again.meta == results.meta
    assert [name for name in results.tables if not results.tables[name].equals(again.tables[name])] == []


def test_parameters_change_the_hash_and_are_printed(results):
    other = run_study(EXAMPLE, {"fever": 38.3})
    assert other.meta["spec_hash"] != results.meta["spec_hash"]
    row = other.tables["parameters"].filter(pl.col("name") == "signs.fever").row(0, named=True)
    assert (row["value"], row["default"]) == ("38.3", "38.0")
    assert set(results.tables["parameters"].get_column("tag")) <= {"V", "V2", "Mh", "Mm", "Ml", "R"}


# --- nothing is read off a label ----------------------------------------------------------------------------------


def copy_of(folder: Path, change: dict[str, object]) -> StudyResults:
    """The study on a copy in which `change` rewrites the rows (lists of dicts) of the files it names."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("out", "__pycache__"))
    for name, rewrite in change.items():
        with (folder / name).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        made = rewrite(rows)  # type: ignore[operator]
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(made)
    return run_study(folder)


def test_cooler_thermometers_empty_the_early_arm(tmp_path):
    def cooler(rows):
        return [{**row, "T": f"{float(row['T']) - 0.6:.1f}" if row["T"] else ""} for row in rows]

    found = copy_of(tmp_path / "copy", {"vitals.csv": cooler})
    assert arms(found)["early"] == set()
    assert not effect(found, "EFS from infusion", VERSUS, "log-rank")["p"]
    slugs = found.tables["warnings"].get_column("slug").to_list()
    assert "design.no-comparison" in slugs


def test_one_reading_decides_one_patient(tmp_path):
    named = datetime(2019, 3, 14, 16, 30, tzinfo=UTC).strftime("%Y-%m-%d %H:%M")

    def without(rows):
        kept = [row for row in rows if not (row["hospital_no"] == "P02" and row["chart_time"] == named)]
        assert len(kept) == len(rows) - 1
        return kept

    found = copy_of(tmp_path / "copy", {"vitals.csv": without})
    assert arms(found) == {"early": EARLY - {"P02"}, "conventional": CONVENTIONAL}
    step = found.tables["attrition"].filter(pl.col("step") == "first dose followed a strategy").row(0, named=True)
    assert (step["courses_in"], step["courses_out"]) == (22, 21)
    assert "P02" in step["why"]


@cache
def new_name(old: str) -> str:
    return f"Q{97 - int(old[1:]):02d}"


def test_shuffled_rows_and_new_names_change_nothing_but_names(results, tmp_path):
    def shuffled(rows):
        renamed = [{**row, "hospital_no": new_name(row["hospital_no"])} for row in rows]
        return renamed[1::2] + renamed[::2][::-1]

    found = copy_of(tmp_path / "copy", {p.name: shuffled for p in EXAMPLE.glob("*.csv")})
    assert arms(found) == {arm: {new_name(c) for c in courses} for arm, courses in arms(results).items()}
    for table in ("table1", "effects", "curves", "at_risk", "days", "counts", "parameters", "warnings", "citations"):
        assert found.tables[table].equals(results.tables[table]), table
    moved = results.tables["sensitivity"].drop("moved")
    assert found.tables["sensitivity"].drop("moved").equals(moved)
