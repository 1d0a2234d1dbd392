"""`tocsin simulate` from end to end: what is written is read, graded and studied as a hospital's records are."""

import json
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import TocsinError
from tocsin.grading import grade
from tocsin.records import courses, read
from tocsin.simulate.cares import CARES
from tocsin.simulate.run import Asked, simulate_records
from tocsin.study import run_study
from tocsin.virtual.scenarios import parse_scenario, read_scenario, shipped, toml_text
from tocsin.virtual.truth import OUTCOMES

N = 150


def run(*args):
    return CliRunner().invoke(app, ["simulate", *map(str, args)])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The null world in both formats, with its truth."""
    out = tmp_path_factory.mktemp("simulated") / "null"
    done = run("null", "-o", out, "--patients", N, "--format", "csv,clif")
    assert done.exit_code == 0, done.output
    return out, done.output


@pytest.fixture(scope="module")
def graded(made):
    found = read(made[0] / "records")
    who, attrition = courses(found)
    return found, who, attrition, grade(found, who).grades


def steps(runs):
    """Where the grade of each course changes."""
    runs = runs.select("course_id", "scale", "from", pl.col("grade").cast(pl.Int8)).sort("course_id", "scale", "from")
    before = pl.col("grade").shift(1).over("course_id", "scale")
    return runs.filter((pl.col("grade") != before).fill_null(True))


def test_what_the_ward_charted_is_what_tocsin_grades(made, graded):
    ward = pl.read_parquet(made[0] / "truth/ward_grades.parquet").rename({"hospital_no": "course_id", "minute": "from"})
    found = steps(graded[3].filter(pl.col("grade") < 5))
    assert found.equals(steps(ward))
    assert found.get_column("course_id").n_unique() == N
    assert set(found.filter(scale="astct_crs").get_column("grade")) == {0, 1, 2, 3, 4}
    assert found.filter(scale="astct_icans").get_column("grade").max() == 4


def test_nothing_in_the_records_needs_a_decision(graded):
    found, who, attrition, _ = graded
    assert not found.findings.get_column("needs_decision").any()
    assert who.height == N
    assert attrition.get_column("courses_out").to_list() == [N]


def test_clif_gives_the_same_crs_runs(made, graded):
    kept = read(made[0] / "clif")
    who, _ = courses(kept)
    other = grade(kept, who, ["astct_crs"]).grades.filter(pl.col("grade") < 5)
    mine = graded[3].filter(pl.col("grade") < 5, scale="astct_crs")
    assert mine.height > 10 * N
    assert mine.equals(other)
    assert not kept.findings.get_column("needs_decision").any()


def test_drugs_that_do_nothing_change_nothing_at_all(made):
    truth = pl.read_csv(made[0] / "truth/truth.csv")
    changed = truth.filter(measure="difference")
    acts = ("tocilizumab", "steroid")  # what is done, not what becomes of it; a steroid follows a second dose
    differences = changed.filter(pl.col("outcome").is_in(acts).not_())
    assert set(differences.get_column("value")) == set(differences.get_column("se")) == {0.0}
    assert set(differences.get_column("outcome")) == {one.name for one in OUTCOMES} - set(acts)
    # the strategies themselves are not the same
    given = changed.filter(outcome="tocilizumab", strategy="fever_or_grade3", against="wait_grade3", population="all")
    assert given.item(0, "value") > 0.05


def test_potential_outcomes_are_the_same_patients_under_every_care(made):
    people = pl.read_csv(made[0] / "truth/patients.csv", infer_schema_length=None)
    assert dict(people.get_column("strategy").value_counts().rows()) == dict.fromkeys(CARES, N)
    assert people.get_column("followed_months").max() > 300  # the truth is not cut by the end of a follow-up
    chance = pl.read_parquet(made[0] / "truth/propensity.parquet")
    assert chance.get_column("probability").is_between(0, 1).all()
    # usual practice draws while an episode is open and no dose was given
    begun = people.filter(pl.col("onset").is_not_null(), strategy="usual").get_column("hospital_no")
    assert set(chance.get_column("hospital_no")) == set(begun)


def test_records_hold_no_truth(made):
    text = (made[0] / "records/outcomes.csv").read_text() + (made[0] / "records/patients.csv").read_text()
    assert "propensity" not in text
    assert sorted(path.name for path in (made[0] / "records").iterdir()) == sorted(
        ["site.toml", "study.toml", *(f"{name}.csv" for name in (
            "patients", "stays", "infusions", "vitals", "labs", "drugs", "pressors", "oxygen", "neuro", "cultures",
            "outcomes"))]
    )  # fmt: skip


def test_the_study_finds_each_trigger_at_the_minute_of_the_virtual_ward(made):
    results = run_study(made[0] / "records")
    assert results.meta["synthetic"] is True
    people = pl.read_csv(made[0] / "truth/patients.csv", infer_schema_length=None)
    people = people.select("strategy", course_id="hospital_no", ward="due_at")
    for arm in ("early", "conventional"):
        # up to the first dose usual practice and the strategy's own run are one history
        due = results.tables["follow"].filter(strategy=arm).filter(pl.col("due_at").is_not_null())
        both = due.join(people.filter(strategy=f"zhou2023_{arm}").drop("strategy"), on="course_id", how="left")
        assert both.height >= {"early": 20, "conventional": 3}[arm]
        assert (both.get_column("due_at") == both.get_column("ward")).all()
    assert results.tables["arms"].get_column("arm").drop_nulls().n_unique() == 2


def test_every_output_says_what_it_is(made):
    out, printed = made
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    words = "Known truth inside an assumed world; not clinical evidence."
    assert summary["note"] == words
    assert words in printed
    assert words in (out / "README.txt").read_text(encoding="utf-8")
    assert words in (out / "records/study.toml").read_text(encoding="utf-8")
    assert "Research software. Not a medical device; not for diagnosis or treatment decisions." in printed


def test_the_world_that_was_written_makes_the_same_patients_again(made, tmp_path):
    done = run(made[0] / "truth/world.toml", "-o", tmp_path / "again", "--patients", 40, "--no-truth")
    assert done.exit_code == 0, done.output
    for name in ("vitals", "drugs", "pressors", "outcomes"):
        first = (made[0] / f"records/{name}.csv").read_bytes()
        again = (tmp_path / f"again/records/{name}.csv").read_bytes()
        assert first.startswith(again)
        assert len(again) > 1000
    assert not (tmp_path / "again/truth").exists()


SLIPS = {"zone": "Europe/Berlin", "duplicates": 0.05, "fahrenheit": 0.02, "misspelt": 0.05, "left_truncated": 0.2}


def contents(folder):
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def test_the_size_of_batches_changes_no_byte(tmp_path):
    scenario = parse_scenario({"name": "slips", "records": SLIPS})
    for size in (7, 30):
        simulate_records(Asked(scenario, 30, ("csv", "clif")), tmp_path / str(size), batch=size)
    small, whole = contents(tmp_path / "7"), contents(tmp_path / "30")
    assert small.keys() == whole.keys()
    for name, path in small.items():
        if name.endswith(".parquet"):  # row groups may be cut elsewhere
            assert pl.read_parquet(path).equals(pl.read_parquet(whole[name])), name
        else:
            assert path.read_bytes() == whole[name].read_bytes(), name


def test_slips_are_found_by_the_reader(tmp_path):
    scenario = parse_scenario({"name": "slips", "records": SLIPS})
    done = simulate_records(Asked(scenario, 60, truth=True), tmp_path / "out", batch=25)
    slips = pl.read_csv(tmp_path / "out/truth/mishaps.csv")
    assert slips.height == done.slips > 200
    found = read(tmp_path / "out/records").findings
    for code in ("P.duplicate", "P.temperature-fahrenheit", "C.drug-unknown"):
        counted = found.filter(code=code).group_by("source").agg(pl.col("count").sum())
        listed = slips.filter(finding=code).group_by("file").len()
        # a misspelt row that was copied is unknown twice, and only then taken as a copy
        mine, theirs = dict(counted.rows()), dict(listed.rows())
        if code == "C.drug-unknown":
            rows = slips.filter(file="drugs.csv", mishap="misspelt").get_column("row")
            copies = slips.filter(file="drugs.csv", mishap="duplicate").filter(
                (pl.col("row") - 1).is_in(rows.implode())
            )
            theirs["drugs.csv"] += copies.height
        if code == "P.duplicate":
            assert mine["vitals.csv"] == theirs["vitals.csv"]
            assert mine["labs.csv"] == theirs["labs.csv"]
        else:
            assert mine == theirs, code


@pytest.mark.parametrize("name", shipped())
def test_shipped_worlds_read_and_read_back(name):
    one = read_scenario(name)
    assert one.world.name == name
    assert len(one.world.words) > 40
    again = parse_scenario(tomllib.loads(toml_text(one)))
    assert (again.world.hash, again.mishaps, again.hospital) == (one.world.hash, one.mishaps, one.hospital)


def test_worlds_are_listed():
    done = run("--list")
    assert done.exit_code == 0
    assert {"default", "null", "unmeasured-confounding"} <= set(shipped())
    assert len(shipped()) >= 11
    for name in shipped():
        assert name in done.output


def test_the_calibration_report_is_printed_and_writes_nothing(tmp_path, monkeypatch):
    asked = []

    def report(world, n):
        asked.append((world.name, n))
        return pl.DataFrame(
            {"target": ["CRS any"], "published": [57.5], "tolerance": ["58 ± 3"], "simulated": [61.949], "off": [None],
             "verdict": ["outside"], "fitted": ["yes"]}
        )  # fmt: skip

    monkeypatch.setitem(sys.modules, "tocsin.virtual.calibration", SimpleNamespace(report=report))
    monkeypatch.chdir(tmp_path)
    done = run("default", "--calibrate-report", "--patients", 30)
    assert done.exit_code == 0, done.output
    assert asked == [("default", 30)]
    for words in ("CRS any", "58 ± 3", "61.9", "outside", "A fit is not a validation"):
        assert words in done.output
    assert list(tmp_path.iterdir()) == []


def test_seed_changes_luck():
    assert read_scenario("null", 5).world.seed == 5
    assert read_scenario("null").world.hash != read_scenario("null", 5).world.hash


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("nonsense = 1\nphi = 'x'\n[records]\nduplicates = 2.0\nzone = 'Berlin'\nother = 1\n",
         {"virtual.unknown", "virtual.value"}),
        ("name = ", {"virtual.world-unreadable"}),
        ("records = 3", {"virtual.value"}),
    ],
)  # fmt: skip
def test_everything_wrong_in_a_world_is_said_at_once(tmp_path, text, slugs):
    (tmp_path / "w.toml").write_text(text)
    done = run(tmp_path / "w.toml", "-o", tmp_path / "out")
    assert done.exit_code == 3
    assert not (tmp_path / "out").exists()
    for slug in slugs:
        assert slug in done.output
    if "nonsense" in text:
        for word in ("nonsense", "phi", "duplicates", "zone", "other"):
            assert word in done.output


def test_a_world_nobody_knows(tmp_path):
    done = run("nul", "-o", tmp_path / "out")
    assert done.exit_code == 3
    assert "virtual.scenario-unknown" in done.output
    assert "null" in done.output


@pytest.mark.parametrize(
    "args", [("null",), ("null", "-o", "x", "--format", "omop"), ("null", "-o", "x", "--patients", "0")]
)
def test_a_wrong_command_line(args, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*args).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_what_was_put_beside_the_records_is_not_lost(tmp_path):
    out = tmp_path / "out"
    assert run("null", "-o", out, "--patients", 2, "--no-truth").exit_code == 0
    assert run("null", "-o", out, "--patients", 3, "--no-truth").exit_code == 0
    assert pl.read_csv(out / "records/patients.csv").height == 3
    (out / "records/out").mkdir()
    before = (out / "records/patients.csv").read_bytes()
    done = run("null", "-o", out, "--patients", 4, "--no-truth")
    assert done.exit_code == 3
    assert "outputs.foreign-folder" in done.output
    assert (out / "records/patients.csv").read_bytes() == before


def test_a_foreign_folder_is_not_touched(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    done = run("null", "-o", tmp_path / "mine", "--patients", 2, "--no-truth")
    assert done.exit_code == 3
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine", "thesis.txt"]


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise TocsinError.of("virtual.test", "broken on purpose.")

    monkeypatch.setattr("tocsin.simulate.run._write_words", broken)
    done = run("null", "-o", tmp_path / "out", "--patients", 2, "--format", "csv,clif")
    assert done.exit_code == 3
    assert list(tmp_path.iterdir()) == []


def test_the_world_of_the_page_is_read():
    page = (Path(__file__).parents[3] / "docs/simulate.md").read_text(encoding="utf-8")
    one = parse_scenario(tomllib.loads(page.split("```toml\n")[1].split("```")[0]))
    assert all(one.mishaps.model_dump().values())  # the page shows every slip
    assert one.world.every_h == 6
    assert one.hospital.zone == "Europe/Berlin"
    for name in shipped():
        assert f"`{name}`" in page
