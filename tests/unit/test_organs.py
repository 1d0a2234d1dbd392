"""Organ grades of records: which reading is the baseline, whose limits hold, how long a fever lasts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.cli import organs as _command  # noqa: F401 - registers the command
from tocsin.errors import TocsinError
from tocsin.organs import Organs, organs
from tocsin.organs.limits import default_limits, read_limits
from tocsin.organs.parameters import OrganParameters
from tocsin.tables import COURSES, Records

EXAMPLE = Path(__file__).parents[2] / "examples" / "zhou2023"
ZERO = datetime(2024, 3, 10, 10, 0, tzinfo=UTC)
H = 60  # minutes


def at(minute: float) -> datetime:
    return ZERO + timedelta(minutes=minute)


def filled(rows: list[dict[str, Any]], instant: str, file: str) -> pl.DataFrame:
    made = [
        {"patient_id": "P", "available_time": row[instant], "precision": "minute", "source": file, "source_row": k}
        | row
        for k, row in enumerate(rows, 1)
    ]  # fmt: skip
    times = [c for c in (instant, "available_time", "stop") if c in made[0]]
    return pl.DataFrame(made, infer_schema_length=None).with_columns(pl.col(times).cast(pl.Datetime("us", "UTC")))


def graded(
    *readings: tuple[float, str, float] | tuple[float, str, float, str],
    version: str = "v5",
    drugs: tuple[tuple[float, str, str], ...] = (),
    oxygen: tuple[tuple[float, str], ...] = (),
    died: float | None = None,
    sex: str | None = "male",
    age: float | None = 40,
    limits: pl.DataFrame | None = None,
    **own: Any,
) -> Organs:
    """One course of one patient from hand-written rows: (minute, variable, value, precision)."""
    rows = [
        {"time": at(r[0]), "variable": r[1], "value": float(r[2]), "precision": r[3] if len(r) > 3 else "minute"}
        for r in readings
    ]
    tables = {
        "patients": pl.DataFrame([{"patient_id": "P", "sex": sex, "source": "p.csv", "source_row": 1}]),
        "stays": filled([{"start": at(-20 * 1440), "stop": at(40 * 1440), "kind": "hospital"}], "start", "s.csv").drop(
            "available_time", "precision"
        ),
        "measurements": filled(rows, "time", "labs.csv"),
    }
    if drugs:
        given = [{"start": at(m), "drug": d, "mode": "dose", "precision": p} for m, d, p in drugs]
        tables["drugs"] = filled(given, "start", "drugs.csv")
    if oxygen:
        tables["supports"] = filled([{"start": at(m), "device": d} for m, d in oxygen], "start", "o.csv")
    if died is not None:
        tables["outcomes"] = filled([{"time": at(died), "what": "death"}], "time", "d.csv")
    course = {"course_id": "A", "patient_id": "P", "time_zero": ZERO, "set_by": "infusion", "precision": "minute",
              "infusions": 1, "age_y": age}  # fmt: skip
    return organs(Records.of(tables), COURSES.frame([course]), version, limits, OrganParameters(**own))


def row(made: Organs, term: str, minute: float) -> dict[str, Any]:
    return made.readings.filter(pl.col("term") == term, pl.col("minute") == minute).row(0, named=True)


FLU = (-5 * 1440, "fludarabine", "minute")


@pytest.mark.parametrize(
    ("readings", "drugs", "baseline", "where"),
    [
        ([(-7000, 1.0), (-7300, 0.9), (-60, 2.0)], (FLU,), 0.9, "before_lymphodepletion"),  # -7200 is the first dose
        ([(-7200, 1.0), (-7300, 0.9)], (FLU,), 1.0, "before_lymphodepletion"),  # in the minute of the dose
        ([(-7000, 1.0), (-60, 2.0), (0, 3.0)], (FLU,), 2.0, "before_minute_0"),  # nothing before the dose
        ([(-7300, 0.9), (-60, 2.0)], (), 2.0, "before_minute_0"),
        ([(-7300, 0.9), (-60, 2.0)], ((-15 * 1440, "fludarabine", "minute"),), 2.0, "before_minute_0"),  # too early
        ([(-20159, 0.9), (-60, 2.0)], ((-14 * 1440, "cyclophosphamide", "minute"),), 2.0, "before_minute_0"),
        ([(-20161, 0.9), (-60, 2.0)], ((-14 * 1440, "cyclophosphamide", "minute"),), 0.9, "before_lymphodepletion"),
        ([(-7300, 0.9), (-5800, 1.1)], (FLU, (-4 * 1440, "cyclophosphamide", "minute")), 0.9, "before_lymphodepletion"),
        ([(-7300, 0.9)], ((-100, "dexamethasone", "minute"),), 0.9, "before_minute_0"),
        ([(-7200 - 14 * 1440, 0.9)], (FLU,), 0.9, "before_lymphodepletion"),  # 14 days before exactly
        ([(-7201 - 14 * 1440, 0.9)], (FLU,), None, "none"),
        ([(0, 0.9)], (), None, "none"),
    ],
)
def test_baseline(readings, drugs, baseline, where):
    made = graded(*((m, "creatinine", v) for m, v in readings), (500, "creatinine", 1.2), drugs=drugs)
    found = row(made, "creatinine", 500)
    assert (found["baseline"], found["baseline_from"]) == (baseline, where)


def test_a_day_decides_no_minute():
    """Charted to the day (12:00): the day is 12 h to either side, and lies wholly before what it is compared with."""
    dose_day = (-7200, "fludarabine", "day")  # may be as early as -7920
    made = graded((-7900, "creatinine", 1.0), (-8000, "creatinine", 0.9), (500, "creatinine", 1.2), drugs=(dose_day,))
    assert row(made, "creatinine", 500)["baseline"] == 0.9
    made = graded((-7300, "creatinine", 1.0, "day"), (-8000, "creatinine", 0.9), (500, "creatinine", 1.2), drugs=(FLU,))
    assert row(made, "creatinine", 500)["baseline"] == 0.9
    # the day of minute 0 is neither before nor after it
    made = graded((-600, "alt", 41, "day"), (120, "alt", 42, "day"), (719, "alt", 43, "day"), (720, "alt", 44, "day"))
    assert made.readings.get_column("value").to_list() == [44]
    assert made.left_out == 3


def test_grades_by_hand():
    """Male, 40: creatinine limit 1.3, baseline 0.9; 1.36 is above 1.3 (1) and 1.51 x 0.9 = 1.36 (2)."""
    made = graded(
        (-60, "creatinine", 0.9), (0, "creatinine", 1.35), (60, "creatinine", 1.36), (1440, "creatinine", 2.71),
        (1500, "creatinine", 2.70), (2000, "neutrophils", 0.3),
    )  # fmt: skip
    creatinine = made.readings.filter(pl.col("term") == "creatinine")
    assert creatinine.select("minute", "day", "grade", "grade_at_most").rows() == [
        (0, 0, 1, 1), (60, 0, 2, 2), (1440, 1, 3, 3), (1500, 1, 2, 2)]  # fmt: skip
    worst = made.worst.filter(pl.col("term").is_in(["creatinine", "neutrophils", "ast"]))
    assert worst.select("term", "readings", "grade", "grade_at_most", "minute", "day", "value").rows() == [
        ("ast", 0, None, None, None, None, None),
        ("creatinine", 4, 3, 3, 1440, 1, 2.71),
        ("neutrophils", 1, 4, 4, 2000, 1, 0.3),
    ]
    assert graded((2000, "neutrophils", 0.3), version="v6").readings.item(0, "grade") == 3


def test_worst_is_the_first_of_equal_grades():
    made = graded((900, "platelets", 40), (100, "platelets", 30), (3000, "platelets", 30), (50, "platelets", 90))
    assert made.worst.filter(pl.col("term") == "platelets").select("grade", "minute", "value").row(0) == (3, 100, 30)


@pytest.mark.parametrize(
    ("sex", "age", "high", "source", "grades"),
    [
        ("male", 40, 1.3, "default", (0, 0)),
        ("female", 40, 1.1, "default", (1, 1)),
        (None, 40, None, "either_sex", (0, 1)),
        ("other", 40, None, "either_sex", (0, 1)),
        ("male", 17, None, "none", (0, 4)),
        ("male", None, None, "none", (0, 4)),
    ],
)
def test_whose_limits(sex, age, high, source, grades):
    made = graded((-60, "creatinine", 1.2), (10, "creatinine", 1.2), sex=sex, age=age)
    found = row(made, "creatinine", 10)
    assert (found["high_limit"], found["limits_from"]) == (high, source)
    assert (found["grade"], found["grade_at_most"]) == grades


def test_limits_and_baselines_that_no_band_looks_at_are_not_shown():
    made = graded((-60, "neutrophils", 3.0), (10, "neutrophils", 1.2), (10, "temperature", 38.5), version="v6")
    for term in ("neutrophils", "fever"):
        found = row(made, term, 10)
        assert (found["limits_from"], found["baseline_from"], found["baseline"]) == ("not_used", "not_used", None)
    assert row(graded((10, "neutrophils", 1.6)), "neutrophils", 10)["low_limit"] == 1.8


FEVER = "temperature"


@pytest.mark.parametrize(
    ("readings", "hours", "grades"),
    [
        ([(0, 39.0), (60, 40.1)], 0, (3, 3)),
        ([(0, 40.0), *((60 + 6 * H * k, 40.5) for k in range(4))], 18, (3, 3)),
        ([(0, 40.0), *((6 * H * (k + 1), 40.5) for k in range(4))], 18, (3, 3)),  # 40.0 was read 24 h ago
        ([(0, 40.0), *((60 + 6 * H * k, 40.5) for k in range(5))], None, (3, 4)),  # 24 h proved, 25 h possible
        ([(0, 40.0), *((60 + 6 * H * k, 40.5) for k in range(5)), (60 + 24 * H + 1, 40.1)], 24 + 1 / 60, (4, 4)),
        ([(0, 40.0), *((60 + 361 * k, 40.5) for k in range(5))], None, (3, 4)),  # gaps of 6 h 1 min prove no run
        ([(0, 40.0), *((60 + 361 * k, 40.5) for k in range(4))], 0, (3, 3)),  # but 40.0 was read 19 h ago
        ([(600, 40.1)], None, (3, 4)),  # never seen lower: it may have lasted a day
        ([(-600, 39.0), (600, 40.1)], 0, (3, 3)),  # before minute 0 counts
        ([(0, 41), (360, 41), (720, 40.0), (1080, 41), (1440, 41), (1500, 41)], 7, (3, 3)),  # 40.0 ends it
        ([(-60, 39), (0, 39), (0, 40.2), (360, 40.2)], 6, (3, 3)),  # of one minute the higher
    ],
)
def test_fever_above_40(readings, hours, grades):
    made = graded(*((m, FEVER, v) for m, v in readings)).readings.filter(pl.col("minute") == readings[-1][0])
    found = made.sort("value").row(-1, named=True)
    assert found["hours_above_40"] == (None if hours is None else pytest.approx(hours))
    assert (found["grade"], found["grade_at_most"]) == grades


def test_fever_duration_looks_only_back():
    """What is written of a reading does not change when a later one arrives."""
    readings = [(0, FEVER, 40.0), *((60 + 300 * k, FEVER, 40.5) for k in range(8))]
    whole = graded(*readings).readings
    for n in range(1, len(readings)):
        part = graded(*readings[:n]).readings
        assert part.equals(whole.head(n))


def test_hypoxia_reads_the_oxygen_that_runs():
    oxygen = ((0, "room_air"), (120, "nasal_cannula"), (240, "ventilator"))
    made = graded(*((m, "spo2", 94) for m in (10, 130, 250, 250 + 30 * H)), oxygen=oxygen, version="v6")
    rows = made.readings.select("minute", "grade", "grade_at_most").rows()
    assert rows[:3] == [(10, 1, 2), (130, 2, 3), (250, 4, 4)]
    assert rows[3] == (250 + 30 * H, 1, 4)  # the device is no longer known
    made = graded((10, "spo2", 94), version="v6")
    assert made.readings.select("grade", "grade_at_most").row(0) == (1, 4)


def test_oxygen_is_unknown_on_a_day_and_after_death():
    oxygen = ((0, "ventilator"),)
    made = graded(
        (100, "spo2", 94), (300, "spo2", 94), (1440, "spo2", 94, "day"), oxygen=oxygen, died=200, version="v6"
    )
    assert made.readings.select("minute", "grade", "grade_at_most").rows() == [(100, 4, 4), (300, 1, 4), (1440, 1, 4)]
    made = graded((1440, "spo2", 94, "day"), oxygen=((1400, "ventilator"),), version="v6")
    assert made.readings.select("grade", "grade_at_most").row(0) == (1, 4)


def test_version_is_refused():
    with pytest.raises(TocsinError, match=r"ctcae\.version-unknown"):
        graded((0, "alt", 40), version="v4")


# --- limits of a laboratory -------------------------------------------------------------------------------------------


def limits_file(folder: Path, *lines: str) -> Path:
    path = folder / "limits.csv"
    path.write_text("\n".join(("variable,sex,low,high", *lines)) + "\n", encoding="utf-8")
    return path


def test_limits_of_a_file_stand_in_place_of_the_defaults(tmp_path):
    table = read_limits(limits_file(tmp_path, "creatinine,female,0.4,1.0", "ALT,,,50"))
    own = table.filter(pl.col("limits_from") == "file").select("variable", "sex", "low", "high").rows()
    assert own == [("alt", "any", None, 50), ("creatinine", "female", 0.4, 1.0)]
    assert set(table.get_column("variable")) == set(default_limits().get_column("variable"))
    assert table.filter(pl.col("variable") == "creatinine").height == 1
    made = graded((-1, "alt", 45), (0, "alt", 45), (0, "creatinine", 1.2), sex="female", limits=table)
    assert row(made, "alt", 0)["grade_at_most"] == 0
    assert row(made, "creatinine", 0)["high_limit"] == 1.0
    # no limit for men in the file, and none from the defaults; an untold sex may be either
    for sex, source in (("male", "none"), (None, "either_sex")):
        found = row(graded((0, "creatinine", 1.2), sex=sex, limits=table), "creatinine", 0)
        assert (found["high_limit"], found["limits_from"], found["grade"], found["grade_at_most"]) == (
            None,
            source,
            0,
            4,
        )


def test_limits_of_a_file_hold_for_a_child(tmp_path):
    table = read_limits(limits_file(tmp_path, "creatinine,any,0.2,0.5"))
    assert (
        row(graded((-1, "creatinine", 0.6), (0, "creatinine", 0.6), age=4, limits=table), "creatinine", 0)["grade"] == 1
    )


def test_everything_wrong_with_a_file_of_limits_is_told_at_once(tmp_path):
    path = limits_file(
        tmp_path, "creatinine,woman,0.5,1.1", "glucose,any,4,6", "alt,any,x,40", "ast,any,50,40", "ast,any,5,40",
        "bilirubin,any,,", "platelets,any,-1,400", "neutrophils,any,1.8,7", "neutrophils,male,1.8,7",
    )  # fmt: skip
    with pytest.raises(TocsinError) as caught:
        read_limits(path)
    told = {(problem.slug, problem.what.split(": ")[0]) for problem in caught.value.problems}
    assert told == {
        ("organs.limits-sex", "limits.csv, row 1"),
        ("organs.limits-variable", "limits.csv, row 2"),
        ("organs.limits-number", "limits.csv, row 3"),
        ("organs.limits-order", "limits.csv, row 4"),
        ("organs.limits-twice", "limits.csv, row 4, 5"),
        ("organs.limits-empty", "limits.csv, row 6"),
        ("organs.limits-number", "limits.csv, row 7"),
        ("organs.limits-twice", "limits.csv, row 8, 9"),
    }


def test_a_file_of_limits_without_columns_or_absent(tmp_path):
    with pytest.raises(TocsinError, match=r"organs\.limits-missing"):
        read_limits(tmp_path / "none.csv")
    path = tmp_path / "limits.csv"
    path.write_text("variable,upper\nalt,40\n")
    with pytest.raises(TocsinError) as caught:
        read_limits(path)
    assert [problem.slug for problem in caught.value.problems] == ["organs.limits-column"] * 3


# --- parameters -------------------------------------------------------------------------------------------------------


def test_parameters_are_checked_and_printed():
    assert OrganParameters.written({"baseline_days": "30"}) == {"baseline_days": 30}
    for texts, slug in (
        ({"x": "1"}, "unknown"),
        ({"baseline_days": "many"}, "value"),
        ({"fibrinogen_fall": "x"}, "value"),
    ):
        with pytest.raises(TocsinError, match=rf"parameters\.{slug}"):
            OrganParameters.written(texts)
    rows = OrganParameters(longest_gap_h=4).rows()
    assert {r["name"]: r["value"] for r in rows if r["value"] != r["default"]} == {"organs.longest_gap_h": "4"}
    assert {r["tag"] for r in rows} == {"R"}


def test_parameters_change_what_they_say():
    early = ((-7200 - 20 * 1440, "creatinine", 0.9), (0, "creatinine", 1.2))
    assert row(graded(*early, drugs=(FLU,), baseline_days=30), "creatinine", 0)["baseline"] == 0.9
    assert row(graded(*early, drugs=(FLU,)), "creatinine", 0)["baseline"] is None
    drug = (-15 * 1440, "fludarabine", "minute")
    readings = ((-15 * 1440 - 10, "creatinine", 0.9), (-60, "creatinine", 2.0), (0, "creatinine", 1.2))
    assert row(graded(*readings, drugs=(drug,), lymphodepletion_days=16), "creatinine", 0)["baseline"] == 0.9
    gaps = ((0, FEVER, 40.0), *((60 + 361 * k, FEVER, 40.5) for k in range(5)))
    assert row(graded(*gaps, longest_gap_h=7), "fever", 60 + 4 * 361)["hours_above_40"] == pytest.approx(4 * 361 / 60)
    fall = ((-60, "fibrinogen", 1.2), (0, "fibrinogen", 1.0))
    assert row(graded(*fall), "fibrinogen", 0)["grade"] == 2
    assert row(graded(*fall, fibrinogen_fall="baseline_below_limit"), "fibrinogen", 0)["grade"] == 1


# --- the command ------------------------------------------------------------------------------------------------------


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, ["organs", *map(str, words)])


def test_command_writes_what_it_says(tmp_path):
    out = tmp_path / "out"
    done = run(EXAMPLE, "--version", "v5", "-o", out)
    assert done.exit_code == 0, done.output
    assert "Not a medical device" in done.stdout
    names = {path.name for path in out.iterdir()}
    assert names == {"readings.parquet", "worst.csv", "worst.parquet", "limits.csv", "attrition.csv", "findings.csv",
                     "account.csv", "parameters.csv", "summary.txt", "organs.json"}  # fmt: skip
    summary = json.loads((out / "organs.json").read_text())
    assert summary["ctcae"] == "v5"
    worst = pl.read_csv(out / "worst.csv")
    assert worst.height == summary["courses"] * 9
    for term, found in summary["terms"].items():
        rows = worst.filter(pl.col("term") == term)
        assert sum(found["proved"].values()) + found["courses_without_reading"] == summary["courses"]
        assert found["proved"]["4"] == rows.filter(pl.col("grade") == 4).height
    parameters = pl.read_csv(out / "parameters.csv")
    assert {"organs.fibrinogen_fall", "organs.baseline_days", "signs.clock"} <= set(parameters.get_column("name"))
    again = run(EXAMPLE, "--version", "v6", "-o", out, "--set", "organs.baseline_days=30")
    assert again.exit_code == 0, again.output
    assert "organs.baseline_days = 30.0" in again.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--version", "v4", "-o", "out"], 2),
        (["-o", "out"], 2),
        (["--version", "v5", "-o", "out", "--set", "organs.x=1"], 2),
        (["--version", "v5", "-o", "out", "--limits", "none.csv"], 3),
    ],
)
def test_command_refuses(tmp_path, monkeypatch, words, code):
    monkeypatch.chdir(tmp_path)
    assert run(EXAMPLE, *words).exit_code == code
    assert not (tmp_path / "out").exists()


def test_command_leaves_a_foreign_folder_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    assert run(EXAMPLE, "--version", "v5", "-o", tmp_path).exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_page_shows_the_limits_that_are_used():
    page = (EXAMPLE.parents[1] / "docs" / "organs.md").read_text(encoding="utf-8")
    shown = {tuple(cell.strip() for cell in line.strip("|").split("|")) for line in page.splitlines() if "|" in line}
    for one in default_limits().rows(named=True):
        name = one["variable"] if one["sex"] == "any" else f"{one['variable']}, {one['sex']}"
        numbers = tuple("" if one[c] is None else str(one[c]).removesuffix(".0") for c in ("low", "high"))
        assert any(
            row[0] == name
            and tuple(cell.removesuffix(".0") for cell in row[2:4]) == numbers
            and float(row[4]) == one["age_from"]
            for row in shown
            if len(row) == 5
        ), name
