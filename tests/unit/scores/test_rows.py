"""Scores from records: which readings are used, what is missing and why, and the command."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import tocsin.cli.scores  # noqa: F401 - registers the command
from tocsin.cli import NOTICE, app
from tocsin.errors import TocsinError
from tocsin.scores.parameters import ScoreParameters
from tocsin.scores.rows import BEFORE, DAY, EARLY, LATE, NO_INFUSION, SCORES, SCREEN, score_rows
from tocsin.scores.run import FILES
from tocsin.tables import COURSES, DRUGS, GRADES, MEASUREMENTS, OUTCOMES, PARAMETERS, PATIENTS, Records

ZERO = datetime(2020, 3, 2, 2, 30, tzinfo=UTC)  # 10:30 in Shanghai
EXAMPLE = Path(__file__).parents[3] / "examples" / "zhou2023"
ROWS = iter(range(1, 10**6))


def lab(days, variable, value, patient="A", precision="minute", late_h=2):
    """A reading `days` (24 h each) after minute 0, known `late_h` later."""
    time = ZERO + timedelta(days=days)
    known = time + timedelta(hours=late_h)
    return {"patient_id": patient, "time": time, "available_time": known, "precision": precision, "variable": variable,
            "value": value, "source": "labs.csv", "source_row": next(ROWS)}  # fmt: skip


def drug(days, name, patient="A"):
    time = ZERO + timedelta(days=days)
    return {"patient_id": patient, "start": time, "available_time": time, "precision": "minute", "drug": name,
            "mode": "dose", "source": "drugs.csv", "source_row": next(ROWS)}  # fmt: skip


def outcome(days, what, patient="A"):
    time = ZERO + timedelta(days=days)
    return {"patient_id": patient, "time": time, "available_time": time, "precision": "day", "what": what,
            "source": "outcomes.csv", "source_row": next(ROWS)}  # fmt: skip


def course(patient="A", set_by="infusion", **more):
    return {"course_id": patient, "patient_id": patient, "time_zero": ZERO, "set_by": set_by, "precision": "minute",
            "infusions": 1, **more}  # fmt: skip


def scored(labs=(), drugs=(), outcomes=(), courses=None, crs=None, **parameters):
    named = courses or [course()]
    people = [
        {"patient_id": p, "sex": "male", "source": "p.csv", "source_row": 1} for p in {c["patient_id"] for c in named}
    ]
    records = Records.of(
        {
            "patients": PATIENTS.frame(people), "measurements": MEASUREMENTS.frame(list(labs)),
            "drugs": DRUGS.frame(list(drugs)), "outcomes": OUTCOMES.frame(list(outcomes)),
        },
        zone="Asia/Shanghai",
    )  # fmt: skip
    runs = GRADES.empty() if crs is None else crs
    return score_rows(records, COURSES.frame(named), runs, ScoreParameters(**parameters))


def only(frame, score, moment=BEFORE, day=None, course_id="A"):
    of_day = pl.col("day").is_null() if day is None else pl.col("day") == day
    (row,) = frame.filter(
        of_day, pl.col("score") == score, pl.col("moment") == moment, pl.col("course_id") == course_id
    ).to_dicts()
    return row


FIVE = {
    "ldh": 300.0,
    "creatinine": 1.0,
    "crp": 40.0,
    "platelets": 60.0,
    "neutrophils": 1.0,
    "haemoglobin": 10.0,
    "ferritin": 700.0,
}


def draw(days, **change):
    return [lab(days, name, value) for name, value in (FIVE | change).items() if value is not None]


# --- before lymphodepletion -------------------------------------------------------------------------------------------


def test_the_last_readings_before_the_first_dose_are_used_and_named():
    frame = scored(
        [*draw(-9, ldh=900.0), *draw(-6), *draw(-4, ldh=1.0, platelets=1.0)],
        [drug(-5, "fludarabine"), drug(-3, "cyclophosphamide"), drug(-20, "cyclophosphamide")],
    )
    row = only(frame, "easix")
    assert (row["value"], row["log2"], row["flags"], row["why"]) == (5.0, pytest.approx(2.321928094887362), "", "")
    assert row["readings"].startswith("ldh 300.0 U/L (labs.csv:")
    assert row["known_at"] == -6 * 1440 + 120
    assert only(frame, "s_easix")["value"] == 5.0
    assert only(frame, "m_easix")["value"] == 20.0  # CRP 40 mg/L is 4 mg/dL
    # platelets 60: 2, ANC 1.0: 1, Hb 10: 0, CRP 4 mg/dL: 1, ferritin 700: 1
    tox = only(frame, "car_hematotox")
    assert (tox["value"], tox["words"], tox["unit"]) == (5.0, "high risk", "points 0-7")


def test_a_reading_at_the_minute_of_the_dose_is_not_before_it():
    row = only(scored(draw(-5), [drug(-5, "fludarabine")]), "easix")
    assert (row["value"], row["why"]) == (None, "no ldh, creatinine, platelets")


def test_a_reading_known_by_its_date_alone_must_be_of_an_earlier_date():
    of_day = [lab(-5.1, name, value, precision="day") for name, value in FIVE.items()]  # the same date in Shanghai
    assert only(scored(of_day, [drug(-5, "fludarabine")]), "easix")["value"] is None
    day_before = [lab(-6, name, value, precision="day") for name, value in FIVE.items()]
    assert only(scored(day_before, [drug(-5, "fludarabine")]), "easix")["value"] == 5.0


def test_an_old_reading_is_no_baseline():
    assert only(scored(draw(-19), [drug(-5, "fludarabine")]), "easix")["value"] == 5.0
    assert only(scored(draw(-19.1), [drug(-5, "fludarabine")]), "easix")["value"] is None


def test_without_a_dose_in_the_records_its_day_is_assumed_and_told():
    frame = scored([*draw(-6), *draw(-4, ldh=900.0)])
    row = only(frame, "easix")
    assert (row["value"], row["flags"]) == (5.0, "lymphodepletion_assumed")
    assert only(scored(draw(-4)), "easix")["why"] == "no ldh, creatinine, platelets"
    assert only(scored(draw(-4), lymphodepletion_assumed_day=3), "easix")["value"] == 5.0


def test_a_missing_item_is_no_score_but_bounds_where_it_has_a_range():
    frame = scored(draw(-6, ferritin=None, creatinine=None), [drug(-5, "fludarabine")])
    tox, ratio = only(frame, "car_hematotox"), only(frame, "easix")
    assert (tox["value"], tox["low"], tox["high"], tox["why"], tox["words"]) == (
        None,
        4.0,
        6.0,
        "no ferritin",
        "high risk",
    )
    assert (ratio["value"], ratio["low"], ratio["high"], ratio["why"]) == (None, None, None, "no creatinine")


def test_a_platelet_count_soon_after_a_transfusion_is_left_out():
    labs = [*draw(-7, platelets=20.0), lab(-6, "platelets", 60.0), *draw(-6.5, platelets=None)]
    doses = [drug(-5, "fludarabine")]
    assert only(scored(labs, doses), "s_easix")["value"] == 5.0
    given = [*doses, drug(-6.9, "platelet_transfusion")]
    assert only(scored(labs, given), "s_easix")["value"] == 15.0
    assert only(scored(labs, given, transfusion_h=12), "s_easix")["value"] == 5.0
    assert only(scored(labs, [*doses, drug(-7.1, "platelet_transfusion")]), "s_easix")["value"] == 5.0


def test_floored_platelets_are_flagged():
    row = only(scored(draw(-6, platelets=0.0), [drug(-5, "fludarabine")]), "s_easix")
    assert (row["value"], row["flags"]) == (300.0, "platelets_floored")


# --- daily ------------------------------------------------------------------------------------------------------------


def test_daily_scores_take_the_last_reading_of_the_local_day():
    labs = [*draw(3), lab(3.2, "ldh", 600.0), lab(3.6, "ldh", 900.0)]  # 15:18 the same day; 00:54 the next
    frame = scored(labs)
    assert only(frame, "easix", DAY, 3)["value"] == 10.0
    following = only(frame, "easix", DAY, 4)
    assert (following["value"], following["why"]) == (None, "no creatinine, platelets")
    assert frame.filter(moment=DAY, score="easix").height == 2


def test_a_day_with_only_another_score_s_item_makes_no_row():
    frame = scored([lab(3, "crp", 10.0)])
    assert frame.filter(moment=DAY).get_column("score").to_list() == ["m_easix"]


# --- ICAHT, IEC-HS ----------------------------------------------------------------------------------------------------


def counts(first, last, value, variable="neutrophils"):
    return [lab(day, variable, value) for day in range(first, last + 1)]


def test_icaht_counts_local_days_and_ends_with_follow_up():
    labs = [*counts(0, 4, 3.0), *counts(5, 12, 0.4), *counts(13, 30, 3.0), *counts(31, 60, 0.9)]
    frame = scored(labs, outcomes=[outcome(45, "relapse"), outcome(400, "last_contact")])
    early, late = only(frame, "icaht_early", EARLY), only(frame, "icaht_late", LATE)
    assert (early["value"], early["words"]) == (2.0, "days low 8, very low 0")
    assert (late["value"], late["high"]) == (2.0, 2.0)
    assert "to day 45: 15 days read, 0 filled, 0 unknown" in late["readings"]
    assert only(frame, "icaht_platelets_early", EARLY)["why"] == "no value in its days"


def test_late_icaht_ends_at_the_first_of_several_events():
    labs = [*counts(31, 45, 3.0), *counts(46, 60, 0.05)]
    frame = scored(labs, outcomes=[outcome(80, "new_therapy"), outcome(45, "relapse"), outcome(400, "last_contact")])
    late = only(frame, "icaht_late", LATE)
    assert late["value"] == 0.0
    assert late["readings"].startswith("lowest neutrophils 3.0 10^9/L")


def test_a_death_ends_the_days_that_can_be_unknown():
    labs = counts(0, 9, 3.0)
    dead, lost = (
        only(scored(labs, outcomes=[outcome(9, what)]), "icaht_early", EARLY) for what in ("death", "last_contact")
    )
    assert (dead["value"], dead["high"]) == (0.0, 0.0)
    assert (lost["value"], lost["high"]) == (0.0, 4.0)


IEC = {"ferritin": 9000.0, "ast": 900.0, "alt": 900.0, "fibrinogen": 1.0}


def test_the_screen_says_possible_with_what_was_met():
    labs = [*(lab(-6, name, 30.0) for name in ("ast", "alt")), *(lab(8, n, v) for n, v in IEC.items())]
    frame = scored(labs)
    day, whole = only(frame, "iec_hs_screen", SCREEN, 8), only(frame, "iec_hs_screen", SCREEN)
    assert (day["value"], day["words"], day["flags"]) == (1.0, "possible IEC-HS", "overlap_not_excluded")
    assert day["readings"].startswith("met: ferritin, transaminases, fibrinogen; unknown: cytopenia")
    assert (whole["value"], whole["words"]) == (1.0, "possible IEC-HS, first on day 8")


def test_a_day_says_the_most_that_one_of_its_moments_says():
    """Nothing at 10:30, possible under CRS at 13:00 and clear of it at 20:00: the last one stands for the day."""
    later = {"ferritin": 9000.0, "fibrinogen": 1.0, "neutrophils": 0.1}
    labs = [lab(8, "ferritin", 100.0), *(lab(8.1, n, v) for n, v in later.items()), lab(8.4, "fibrinogen", 3.0)]
    shared = {"course_id": "A", "scale": "astct_crs", "deciding": "", "flags": ""}
    over = round(8.3 * 1440)
    crs = GRADES.frame([
        {**shared, "from": 0, "to": over, "grade": 2, "grade_at_most": 2},
        {**shared, "from": over, "to": None, "grade": 0, "grade_at_most": 0},
    ])  # fmt: skip
    day = only(scored(labs, crs=crs), "iec_hs_screen", SCREEN, 8)
    assert (day["value"], day["flags"], day["known_at"]) == (1.0, "", round(8.4 * 1440) + 120)
    only_under = only(scored(labs[:-1], crs=crs), "iec_hs_screen", SCREEN, 8)
    assert (only_under["value"], only_under["flags"]) == (1.0, "overlap")


def test_the_screen_is_known_when_its_last_result_is():
    slow = [lab(8, "ferritin", 9000.0, late_h=20), *(lab(8.1, n, IEC[n]) for n in ("fibrinogen", "ast")),
            lab(8.1, "neutrophils", 0.1)]  # fmt: skip
    row = only(scored(slow), "iec_hs_screen", SCREEN, 8)
    assert (row["value"], row["known_at"]) == (1.0, 8 * 1440 + 20 * 60)


def test_the_screen_needs_the_minute_of_a_reading():
    labs = [lab(8, n, v, precision="day") for n, v in IEC.items()]
    frame = scored(labs).filter(pl.col("score") == "iec_hs_screen")
    assert frame.get_column("day").is_null().all()


def test_a_course_is_not_only_where_every_day_was_read():
    good = {"ferritin": 100.0}
    every = [lab(day, n, v) for day in range(-1, 31) for n, v in good.items()]
    assert only(scored(every), "iec_hs_screen", SCREEN)["value"] == 0.0
    some = only(scored([one for one in every if one["time"] != ZERO + timedelta(days=12)]), "iec_hs_screen", SCREEN)
    assert (some["value"], some["words"]) == (None, "cannot be said")
    assert some["readings"] == "of 28 days 27 were read; possible on 0, not on 27"
    dead = [one for one in every if one["time"] <= ZERO + timedelta(days=9)]
    assert only(scored(dead, outcomes=[outcome(9, "death")]), "iec_hs_screen", SCREEN)["value"] == 0.0
    nothing = only(scored([]), "iec_hs_screen", SCREEN)
    assert (nothing["value"], nothing["low"], nothing["high"]) == (None, 0.0, 1.0)


def test_courses_are_kept_apart():
    labs = [
        *(lab(8, n, v) for n, v in IEC.items()),
        lab(8.1, "neutrophils", 0.1, "B"),
        lab(8.1, "ferritin", 9000.0, "B"),
    ]
    frame = scored(labs, courses=[course("A"), course("B")])
    assert "met: ferritin, cytopenia;" in only(frame, "iec_hs_screen", SCREEN, 8, "B")["readings"]
    assert only(frame, "icaht_early", EARLY, course_id="A")["value"] is None


def test_readings_of_the_next_course_are_not_ours():
    labs = [*counts(0, 20, 3.0), *counts(20, 30, 0.05)]
    second = course("A") | {"course_id": "A-2", "time_zero": ZERO + timedelta(days=19.5)}
    frame = scored(labs, courses=[course("A", ends=ZERO + timedelta(days=19.5)), second])
    assert only(frame, "icaht_early", EARLY)["value"] == 0.0
    assert only(frame, "icaht_early", EARLY, course_id="A-2")["value"] == 4.0
    ratios = scored(draw(20), courses=[course("A", ends=ZERO + timedelta(days=19.5)), second])
    assert ratios.filter(moment=DAY).get_column("course_id").unique().to_list() == ["A-2"]


# --- everybody has a row ----------------------------------------------------------------------------------------------


def test_a_course_without_anything_has_a_row_and_a_reason_for_every_score():
    frame = scored([])
    rows = frame.filter(pl.col("day").is_null())
    assert rows.height == 9
    assert rows.get_column("value").is_null().all()
    assert (rows.get_column("why") != "").all()


def test_a_course_without_infusion_says_so():
    frame = scored(draw(3), courses=[course(set_by="admission")])
    for score, moment in (
        ("easix", BEFORE),
        ("car_hematotox", BEFORE),
        ("icaht_early", EARLY),
        ("icaht_platelets_late", LATE),
    ):
        assert only(frame, score, moment)["why"] == NO_INFUSION
    assert only(frame, "easix", DAY, 3)["value"] == 5.0


# --- parameters -------------------------------------------------------------------------------------------------------


def test_every_wrong_parameter_is_refused():
    with pytest.raises(TocsinError) as error:
        ScoreParameters.written({"icaht_count": "both", "hay_fever": "warm", "icaht_join_days": "1.5"})
    assert [p.slug for p in error.value.problems] == ["parameters.value"] * 3
    with pytest.raises(TocsinError) as error:
        ScoreParameters.written({"easix_cut": "3"})
    assert error.value.problems[0].slug == "parameters.unknown"
    assert ScoreParameters.written({"icaht_join_days": "0", "icaht_count": "cumulative"})["icaht_join_days"] == 0


def test_parameters_fit_their_contract():
    PARAMETERS.check(PARAMETERS.frame([dict(row) for row in ScoreParameters().rows()]))


# --- the command ------------------------------------------------------------------------------------------------------


def run(*args):
    result = CliRunner().invoke(app, ["scores", *map(str, args)], env={"COLUMNS": "200"})
    assert "Traceback" not in result.output
    return result


def test_the_command_on_the_example(tmp_path):
    out = tmp_path / "out"
    result = run(EXAMPLE, "-o", out)
    assert result.exit_code == 0, result.output
    assert "Teachey 2016 is not computed: its coefficients could not be verified in any source." in result.output
    assert NOTICE in result.output
    assert {path.name for path in out.iterdir()} == FILES
    frame = pl.read_parquet(out / "scores.parquet")
    SCORES.check(frame)
    assert frame.filter(pl.col("day").is_null()).height == 22 * 9
    # P01, 10 November 2015: LDH 253, creatinine 59 umol/L = 0.667 mg/dL, platelets 83
    assert only(frame, "easix", course_id="P01")["value"] == pytest.approx(253 * 0.667 / 83)
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["notice"] == NOTICE
    # a second run replaces its own folder; a foreign one stays
    assert run(EXAMPLE, "-o", out).exit_code == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    assert run(EXAMPLE, "-o", tmp_path / "mine").exit_code == 3
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_wrong_setting_is_a_mistake_of_the_command_line(tmp_path):
    for setting in ("scores.nobody=1", "scores.icaht_count=both", "signs.nobody=1"):
        result = run(EXAMPLE, "-o", tmp_path / "out", "--set", setting)
        assert result.exit_code == 2, result.output
    assert not (tmp_path / "out").exists()


def test_a_setting_is_used_and_told(tmp_path):
    result = run(EXAMPLE, "-o", tmp_path / "out", "--set", "scores.icaht_count=cumulative")
    assert "changed: scores.icaht_count = cumulative" in result.output
    told = pl.read_csv(tmp_path / "out" / "parameters.csv").filter(pl.col("name") == "scores.icaht_count")
    assert told.select("value", "default", "tag").row(0) == ("cumulative", "longest_run", "R")
