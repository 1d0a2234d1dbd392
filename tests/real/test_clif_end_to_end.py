"""Both CLIF versions of the demo through `check`, `grade` and the early trigger, from one command each."""

import json
import os
import random
import subprocess
import sys
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tocsin.check import check
from tocsin.records import courses, read
from tocsin.strategies import ZHOU2023_EARLY
from tocsin.when import Strategy

VERSIONS = ("v2.1", "v3.0")
VITALS, SUPPORT = "clif_vitals.parquet", "clif_respiratory_support.parquet"
MEDICATION = ("clif_medication_admin_continuous.parquet", "clif_medication_admin_intermittent.parquet")
SEVERE, HOUR = 4, 60


def tocsin(*args):
    """One command in a process of its own, as a user gives it."""
    asked = [sys.executable, "-m", "tocsin", *map(str, args)]
    return subprocess.run(
        asked, capture_output=True, text=True, encoding="utf-8", check=False, env={**os.environ, "COLUMNS": "120"}
    )


def graded(data, out, *more):
    done = tocsin("grade", data, "--time-zero", "admission", "-o", out, "--signs", *more)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return {path.stem: pl.read_parquet(path) for path in out.glob("*.parquet")}


def copy(source, target, leave_out=(), **changed):
    """A folder with the same files, but for those changed (name without ending = frame) or left out."""
    target.mkdir()
    for path in source.glob("*.parquet"):
        if path.stem in changed:
            changed[path.stem].write_parquet(target / path.name)
        elif path.name not in leave_out:
            (target / path.name).symlink_to(path)
    return target


@pytest.fixture(scope="module")
def results(clif_demo, tmp_path_factory):
    out = tmp_path_factory.mktemp("graded")
    return {version: graded(clif_demo / version, out / version, "--evidence") for version in VERSIONS}


@pytest.fixture(scope="module")
def summary(clif_demo, tmp_path_factory):
    out = tmp_path_factory.mktemp("summary") / "out"
    graded(clif_demo / "v3.0", out)
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))


def course_of(results, hospitalization, raw):
    """Course of a hospitalization: the patient's course that begins at its admission."""
    [stay] = raw.filter(pl.col("hospitalization_id") == hospitalization).to_dicts()
    found = results["courses"].filter(
        pl.col("patient_id") == stay["patient_id"], pl.col("time_zero") == stay["admission_dttm"]
    )
    return found.item(0, "course_id")


@pytest.fixture(scope="module")
def raw(clif_demo):
    def table(name, version="v2.1"):
        return pl.read_parquet(clif_demo / version / f"clif_{name}.parquet")

    return table


# --- every patient, both versions -------------------------------------------------------------------------------------


def test_both_versions_give_the_same_grades_and_episodes(results):
    one, other = (results[version] for version in VERSIONS)
    for name in ("courses", "grades", "episodes", "signs", "evidence"):
        assert_frame_equal(one[name], other[name])
    assert one["episodes"].filter(pl.col("max_grade") >= 3).height > 0


def test_every_patient_and_row_is_accounted_for(summary, results, raw):
    patients, stays = raw("patient"), raw("hospitalization")
    assert (
        summary["patients"] == patients.height == summary["patients_with_course"] + summary["patients_without_course"]
    )
    assert set(results["v2.1"]["courses"].get_column("patient_id")) == set(patients.get_column("patient_id"))
    assert summary["courses"] == stays.height == 310
    assert summary["rows"]["rows"] == sum(summary["rows"][k] for k in ("used", "excluded", "not_needed"))
    steps = [(step["courses_in"], step["courses_out"]) for step in summary["attrition"]]
    assert steps == [(100, 100), (310, 310)]


def test_runs_cover_every_stay_without_gap_or_overlap(results, raw):
    """Minutes graded from admission on are the minutes of the merged stays, found again from the raw files."""
    runs = results["v2.1"]["grades"].filter(pl.col("scale") == "astct_crs").sort("course_id", "from")
    overlap = runs.filter(pl.col("to").shift(1).over("course_id") > pl.col("from"))
    assert overlap.is_empty()
    stays = raw("hospitalization")
    hospital = sum((row["discharge_dttm"] - row["admission_dttm"]).total_seconds() / 3600 for row in stays.to_dicts())
    hours = runs.select((pl.col("to") - pl.col("from")).sum()).item() / 60
    assert hospital * 0.97 < hours < hospital * 1.03  # deaths cut runs; units hold some patients a little longer


@pytest.mark.parametrize("version", VERSIONS)
def test_check_sees_the_trigger(clif_demo, version):
    done = tocsin("check", clif_demo / version)
    text = " ".join(done.stdout.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert "100 patients, 310 courses; minute 0: admission" in text
    assert "zhou2023_early 310 132 43 2" in text
    assert "temperature all 3,972 134 43 240" in text


# --- one thing changed ------------------------------------------------------------------------------------------------


def differing(one, other, names=("course_id", "scale", "from", "to", "grade", "grade_at_most", "deciding", "flags")):
    """Courses whose runs are not the same."""
    left, right = one["grades"].select(names), other["grades"].select(names)
    gone = left.join(right, on=names, how="anti", nulls_equal=True)
    come = right.join(left, on=names, how="anti", nulls_equal=True)
    return set(gone.get_column("course_id")) | set(come.get_column("course_id"))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("respelled", ["imv_tube", "Room Airr"])
def test_a_respelled_device_is_unknown_never_room_air(clif_demo, tmp_path, results, raw, version, respelled):
    rows = raw("respiratory_support", version).with_row_index("n", offset=1)
    ventilated = rows.filter(pl.col("device_category").str.to_lowercase() == "imv").sort("recorded_dttm", "n")
    [row] = ventilated.sample(1, seed=3).to_dicts()
    here = pl.col("n") == row["n"]
    spoiled = rows.with_columns(
        device_category=pl.when(here).then(pl.lit(respelled)).otherwise("device_category")
    ).drop("n")
    data = copy(clif_demo / version, tmp_path / "data", clif_respiratory_support=spoiled)
    after = graded(data, tmp_path / "out")
    course = course_of(results[version], row["hospitalization_id"], raw("hospitalization", version))
    assert differing(results[version], after) <= {course}
    held = after["signs"].filter(
        pl.col("device_row") == row["n"], pl.col("course_id") == course, pl.col("device_why").is_null()
    )
    assert held.height > 0
    assert set(held.get_column("device")) == {"unrecognised"}
    assert (held.get_column("oxygen_at_most") == 4).all()
    assert "C.device-unknown" in (tmp_path / "out" / "findings.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", VERSIONS)
def test_one_temperature_moves_one_course(clif_demo, tmp_path, results, raw, version):
    """A reading below fever, of a named hospitalization, raised by 2 °C to a fever."""
    rows = raw("vitals", version).with_row_index("n", offset=1)
    cool = (pl.col("vital_category") == "temp_c") & pl.col("vital_value").is_between(36.5, 37.5)
    stays = raw("hospitalization", version).select("hospitalization_id", "admission_dttm", "discharge_dttm")
    inside = (pl.col("recorded_dttm") > pl.col("admission_dttm")) & (pl.col("recorded_dttm") < pl.col("discharge_dttm"))
    [row] = rows.filter(cool).join(stays, on="hospitalization_id").filter(inside).sort("n").sample(1, seed=5).to_dicts()
    here = pl.col("n") == row["n"]
    raised = rows.with_columns(vital_value=pl.when(here).then(pl.col("vital_value") + 2).otherwise("vital_value")).drop(
        "n"
    )
    data = copy(clif_demo / version, tmp_path / "data", clif_vitals=raised)
    after = graded(data, tmp_path / "out", "--evidence")
    course = course_of(results[version], row["hospitalization_id"], raw("hospitalization", version))
    assert differing(results[version], after) == {course}
    fevers = after["evidence"].filter(pl.col("sources") == f"{VITALS}:{row['n']}", pl.col("axis") == "fever")
    assert fevers.get_column("course_id").unique().to_list() == [course]
    assert f"temperature {row['vital_value'] + 2:.1f}".rstrip("0").rstrip(".") in fevers.item(0, "seen")


# --- the trigger under jitter -----------------------------------------------------------------------------------------


def jittered(rows, seed):
    """Temperatures up to ten minutes earlier or later, in whole minutes; everything else as it was."""
    chance = random.Random(seed)
    shift = pl.Series([timedelta(minutes=chance.randint(-10, 10)) for _ in range(rows.height)])
    moved = (
        pl.when(pl.col("vital_category") == "temp_c").then(pl.col("recorded_dttm") + shift).otherwise("recorded_dttm")
    )
    return rows.with_columns(moved.alias("recorded_dttm"))


def naive(rows, spans, threshold, duration, gap):
    """Stays with a run of readings >= threshold, first to last >= duration, no gap over `gap` minutes; plain Python.

    Known faults of the file are mended as the README says: Fahrenheit, impossible values; the higher of one minute.
    """
    by_patient = {}
    for row in rows.filter(pl.col("vital_category") == "temp_c").iter_rows(named=True):
        value = row["vital_value"]
        value = (value - 32) * 5 / 9 if 89 <= value <= 111 else value
        if 32 <= value <= 43.5:
            by_patient.setdefault(row["patient_id"], []).append((row["recorded_dttm"], value))
    found = 0
    for patient, zero, parts, end in spans:
        best = {}
        for at, value in by_patient.get(patient, []):
            minute = (at - zero) // timedelta(minutes=1)
            covered = any(start <= minute <= stop for start, stop in parts)
            if minute >= 0 and covered and (end is None or at < end):
                best[minute] = max(best.get(minute, 0), value)
        first = last = count = None
        for minute, value in sorted(best.items()):
            if value < threshold:
                count = None
                continue
            if count is None or minute - last > gap:
                first, count = minute, 0
            last, count = minute, count + 1
            if count >= 2 and last - first >= duration:
                found += 1
                break
    return found


@pytest.fixture(scope="module")
def spans(results, raw):
    """patient, time zero, covered minutes of the course, start of the next course; from the raw files."""
    hospital = raw("hospitalization").select(
        "patient_id", "hospitalization_id", start="admission_dttm", stop="discharge_dttm"
    )
    units = raw("adt").join(hospital.select("hospitalization_id", "patient_id"), on="hospitalization_id")
    units = units.select("patient_id", "hospitalization_id", start="in_dttm", stop="out_dttm")
    pieces = pl.concat([hospital, units]).drop_nulls().to_dicts()
    made = []
    for course in results["v2.1"]["courses"].to_dicts():
        zero = course["time_zero"]
        parts = [
            ((p["start"] - zero) // timedelta(minutes=1), (p["stop"] - zero) // timedelta(minutes=1))
            for p in pieces if p["patient_id"] == course["patient_id"]
        ]  # fmt: skip
        made.append((course["patient_id"], zero, parts, course["ends"]))
    return made


RULES = {
    "39.0 for 4 h": (39.0, 240, 360), "38.0 for 4 h": (38.0, 240, 360), "38.0 for 8 h": (38.0, 480, 360),
    "knife edge": (38.0, 240, 240),
}  # fmt: skip


def fired(data):
    """Courses in which each rule fired."""
    records = read(data)
    when = {"sign": "temperature", "min_readings": 2}
    rules = {
        name: Strategy(give="tocilizumab", when={**when, "at_least": t, "sustained": d, "longest_gap": g})
        for name, (t, d, g) in RULES.items()
    }
    table = check(records, courses(records, "admission")[0], rules).triggers
    return dict(table.select("strategy", "fired").iter_rows())


def test_the_trigger_moves_only_as_the_gap_rule_says(clif_demo, tmp_path, raw, spans):
    """Five times the temperatures are moved by up to ten minutes: each count is the naive recount of the moved file."""
    stays = raw("hospitalization").select("hospitalization_id", "patient_id")
    vitals = raw("vitals")
    counts = []
    for seed in (None, 1, 2, 3, 4, 5):
        moved = vitals if seed is None else jittered(vitals, seed)
        data = copy(clif_demo / "v2.1", tmp_path / f"data{seed}", clif_vitals=moved)
        first_30_days = {
            name: naive(moved.join(stays, on="hospitalization_id"), spans, *rule) for name, rule in RULES.items()
        }
        assert fired(data) == first_30_days, f"seed {seed}"
        counts.append(first_30_days)
    assert [count["39.0 for 4 h"] for count in counts] == [2] * 6
    edge = [count["knife edge"] for count in counts]
    safe = [count["38.0 for 4 h"] for count in counts]
    assert max(edge[1:]) < edge[0], "a gap limit equal to the duration falls apart under jitter"
    assert max(safe) - min(safe) <= 3


def test_the_product_rule_is_the_first_of_these():
    when = ZHOU2023_EARLY.when
    assert (when.at_least, when.sustained, when.longest_gap, when.min_readings) == (*RULES["39.0 for 4 h"], 2)


# --- what cannot be excluded ------------------------------------------------------------------------------------------


def share_of_four(grades, spans):
    """Percent of minutes, from a course's first to its last vital sign, in which grade 4 is not excluded."""
    runs = grades.filter(pl.col("scale") == "astct_crs", pl.col("to").is_not_null()).join(spans, on="course_id")
    cut = runs.with_columns(a=pl.max_horizontal("from", "first"), b=pl.min_horizontal("to", "last")).filter(
        pl.col("b") > pl.col("a")
    )
    total = cut.select((pl.col("b") - pl.col("a")).sum()).item()
    return 100 * cut.filter(pl.col("grade_at_most") == SEVERE).select((pl.col("b") - pl.col("a")).sum()).item() / total


@pytest.fixture(scope="module")
def charted(results):
    """First and last minute of a course at which a vital sign was read."""
    minutes = [f"{name}_minute" for name in ("temperature", "systolic", "mean_pressure", "spo2")]
    known = results["v2.1"]["signs"].select("course_id", *minutes).unpivot(index="course_id").drop_nulls()
    inside = known.filter(pl.col("value") >= 0)
    return inside.group_by("course_id").agg(first=pl.col("value").min(), last=pl.col("value").max())


def test_hours_in_which_grade_four_is_not_excluded(clif_demo, tmp_path, results, charted):
    """Strictly (drugs unknown), with drugs by exception (default), and with uncharted oxygen at SpO2 >= 92 as none.

    Design 2 quotes 49, 23 and 12 % for a similar count. The order must hold, and no assumption moves what is proved.
    """
    strict = graded(copy(clif_demo / "v2.1", tmp_path / "data", leave_out=MEDICATION), tmp_path / "strict")
    lenient = graded(
        clif_demo / "v2.1", tmp_path / "lenient", "--set", "signs.oxygen_uncharted=none_if_spo2_at_least_92"
    )
    shares = [share_of_four(one["grades"], charted) for one in (strict, results["v2.1"], lenient)]
    assert shares[1:] == pytest.approx([21.3, 20.1], abs=1.0)
    assert shares[0] > shares[1] > shares[2]
    proved = [
        one["grades"].filter(pl.col("grade") == SEVERE).select((pl.col("to") - pl.col("from")).sum()).item()
        for one in (results["v2.1"], lenient)
    ]
    assert proved[0] == proved[1] > 1000 * HOUR
