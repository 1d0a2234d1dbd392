"""Hand-worked courses. Time zero of course A is 2 March 2020, 10:30 in Shanghai (02:30 UTC) unless said otherwise."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tocsin.endpoints import (
    crs_death,
    crs_duration,
    crs_max_grade,
    crs_onset,
    efs,
    from_first_dose,
    from_landmark,
    judge_endpoints,
    mrd_negative_cr,
    os,
    rfs,
    severe_crs,
    time_to_tocilizumab,
)
from tocsin.errors import TocsinError
from tocsin.tables import COURSES, DRUGS, ENDPOINTS, EPISODES, FOLLOW, GRADES, MEASUREMENTS, OUTCOMES, Records

ZERO = datetime(2020, 3, 2, 2, 30, tzinfo=UTC)
NOON = datetime(2020, 3, 2, 4, 0, tzinfo=UTC)


def a_course(name="A", zero=ZERO, ends=None, precision="minute", patient=None):
    return {
        "course_id": name, "patient_id": patient or name, "time_zero": zero, "set_by": "infusion",
        "precision": precision, "infusions": 1, "ends": ends,
    }  # fmt: skip


def courses(*rows):
    return COURSES.frame(list(rows) or [a_course()])


def on(day, what, value=None, patient="A", **more):
    """An outcome known by its date: `day` whole local days after 2 March 2020."""
    time = NOON + timedelta(days=day)
    return {
        "patient_id": patient, "time": time, "available_time": time, "precision": "day", "what": what, "value": value,
        "source": "outcomes.csv", "source_row": 1, **more,
    }  # fmt: skip


def at(time, what, value=None, patient="A", **more):
    """An outcome known to the minute."""
    return on(0, what, value, patient, **more) | {"time": time, "available_time": time, "precision": "minute"}


def dose(hours, patient="A", **more):
    time = ZERO + timedelta(hours=hours)
    return {
        "patient_id": patient, "start": time, "available_time": time, "precision": "minute", "drug": "tocilizumab",
        "mode": "dose", "dose": 480.0, "dose_unit": "mg", "source": "drugs.csv", "source_row": 1, **more,
    }  # fmt: skip


def records(outcomes=(), drugs=()):
    tables = {"outcomes": OUTCOMES.frame(list(outcomes)), "drugs": DRUGS.frame(list(drugs))}
    return Records.of(tables, zone="Asia/Shanghai")


def only(frame):
    """The single row without its keys."""
    ENDPOINTS.check(frame)
    (row,) = frame.to_dicts()
    return row["start"], row["stop"], row["event"], row["value"]


NEGATIVE = on(28, "mrd", "negative", method="flow", sensitivity=1e-4)
IN_REMISSION = (on(28, "response", "cr"), NEGATIVE)


# --- response -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "stop", "event", "value"),
    [
        (IN_REMISSION, 28.0, 1, "cr, MRD negative (flow, sensitivity 0.0001)"),
        (
            (on(28, "response", "cri"), on(35, "mrd", "negative", method="pcr", sensitivity=1e-5)),
            35.0,
            1,
            "cri, MRD neg",
        ),
        (
            (on(28, "response", "cr"), on(36, "mrd", "negative", sensitivity=1e-4)),
            None,
            0,
            "not assessable: cr, no MRD",
        ),
        ((on(36, "response", "cr"), NEGATIVE), None, 0, "not assessable: no marrow in days 0 to 35"),
        (
            (on(28, "response", "cr"), on(28, "mrd", "negative", sensitivity=1e-3)),
            None,
            0,
            "cr, MRD negative by an assay",
        ),
        ((on(28, "response", "cr"), on(28, "mrd", "negative")), 28.0, 1, "cr, MRD negative (method not stated, sens"),
        ((on(28, "response", "cr"), on(28, "mrd", "positive", method="flow")), None, 0, "cr, MRD positive (flow"),
        ((on(28, "response", "nr"), NEGATIVE), None, 0, "nr on day 28"),
        ((on(28, "response", "pr"), on(28, "mrd", "positive")), None, 0, "pr on day 28"),
        ((on(14, "response", "nr"), *IN_REMISSION), 28.0, 1, "cr, MRD negative"),
        ((on(9, "death", "crs"),), None, 0, "not assessable: death on day 9"),
        ((on(0, "death", "other"),), None, 0, "not assessable: death on day 0"),
        ((), None, 0, "not assessable: no marrow"),
        ((on(-3, "response", "cr"), on(-3, "mrd", "negative")), None, 0, "not assessable: no marrow"),
        ((on(28, "response", None),), None, 0, "not assessable: no marrow"),
    ],
)
def test_mrd_negative_remission(outcomes, stop, event, value):
    found = only(mrd_negative_cr(records(outcomes), courses()))
    assert found[:3] == (0.0, stop, event)
    assert found[3].startswith(value)


def test_sensitivity_may_be_required():
    found = mrd_negative_cr(
        records([on(28, "response", "cr"), on(28, "mrd", "negative")]), courses(), need_sensitivity=True
    )
    assert only(found)[2] == 0


def test_window_is_a_parameter_and_counts_local_days():
    # 29 March 23:30 in Shanghai is still day 27 although 27.54 days have passed
    late = datetime(2020, 3, 29, 15, 30, tzinfo=UTC)
    rows = [at(late, "response", "cr"), at(late, "mrd", "negative", sensitivity=1e-5)]
    assert only(mrd_negative_cr(records(rows), courses(), to_day=27))[2] == 1
    assert only(mrd_negative_cr(records(rows), courses(), to_day=26))[2] == 0


def test_response_without_a_table_of_outcomes_is_not_zero():
    nothing = Records.of({}, zone="Asia/Shanghai")
    found = only(mrd_negative_cr(nothing, courses()))
    assert found == (0.0, None, None, "not assessable: no table of outcomes was supplied")


def test_a_response_after_the_next_infusion_belongs_to_the_next_course():
    second = ZERO + timedelta(days=20)
    two = courses(a_course("A1", patient="A", ends=second), a_course("A2", zero=second, patient="A"))
    found = mrd_negative_cr(records(IN_REMISSION), two)
    assert dict(found.select("course_id", "event").iter_rows()) == {"A1": 0, "A2": 1}
    assert found.filter(pl.col("course_id") == "A2")["stop"].item() == 8.0


# --- event-free survival ------------------------------------------------------------------------------------------

FOLLOWED = (on(342, "assessment_end", "cr"), on(360, "last_contact"))


@pytest.mark.parametrize(
    ("outcomes", "stop", "event", "value"),
    [
        ((*IN_REMISSION, *FOLLOWED), 342.0, 0, "censored at the last disease assessment"),
        ((*IN_REMISSION, on(360, "last_contact")), 360.0, 0, "censored at the last contact"),
        ((*IN_REMISSION, on(95, "relapse"), on(190, "death", "progression")), 95.0, 1, "relapse"),
        ((*IN_REMISSION, on(145, "death", "infection")), 145.0, 1, "death: infection"),
        ((on(9, "death", "crs"),), 9.0, 1, "death: crs"),
        ((on(0, "death"),), 0.0, 1, "death: cause not recorded"),
        ((on(95, "relapse"), on(95, "death", "progression")), 95.0, 1, "death: progression"),
        ((on(28, "response", "nr"), on(74, "death", "progression")), 28.0, 1, "no remission: nr"),
        ((on(14, "response", "nr"), on(30, "response", "nr"), on(60, "last_contact")), 30.0, 1, "no remission: nr"),
        ((on(14, "response", "nr"), *IN_REMISSION, *FOLLOWED), 342.0, 0, "censored at the last disease assessment"),
        ((on(28, "response", "nr"), on(60, "response", "cr"), on(90, "last_contact")), 28.0, 1, "no remission: nr"),
        ((on(40, "response", "pr"), on(44, "response", "nr"), on(90, "last_contact")), 40.0, 1, "no remission: pr"),
        (IN_REMISSION, None, None, "not assessable: neither an event nor a last contact is recorded"),
        ((), None, None, "not assessable: neither an event nor a last contact is recorded"),
        ((on(-1, "relapse"), on(50, "last_contact")), 50.0, 0, "censored at the last contact"),
    ],
)
def test_efs(outcomes, stop, event, value):
    assert only(efs(records(outcomes), courses())) == (0.0, stop, event, value)


def test_three_months_for_a_remission():
    rows = [on(28, "response", "nr"), on(60, "response", "cr"), on(90, "last_contact")]
    assert only(efs(records(rows), courses(), remission_by_day=91))[1:3] == (90.0, 0)


@pytest.mark.parametrize(
    ("variant", "stop", "event", "value"),
    [
        ("ignore_transplant", 249.0, 1, "death: other"),
        ("censor_at_transplant", 120.0, 0, "censored at transplant"),
        ("new_therapy_is_event", 130.0, 1, "new therapy"),
    ],
)
def test_what_transplant_and_new_therapy_do(variant, stop, event, value):
    rows = [*IN_REMISSION, on(120, "transplant"), on(130, "new_therapy", "maintenance"), on(249, "death", "other")]
    assert only(efs(records(rows), courses(), variant=variant)) == (0.0, stop, event, value)


@pytest.mark.parametrize("variant", ["ignore_transplant", "censor_at_transplant", "new_therapy_is_event"])
def test_a_relapse_before_or_on_the_day_of_the_transplant_is_the_event(variant):
    rows = [*IN_REMISSION, on(120, "transplant"), on(120, "new_therapy", "x"), on(120, "relapse")]
    assert only(efs(records(rows), courses(), variant=variant)) == (0.0, 120.0, 1, "relapse")


def test_transplant_after_the_last_assessment_does_not_lengthen_follow_up():
    rows = [on(60, "assessment_end"), on(88, "transplant"), on(100, "last_contact")]
    assert only(efs(records(rows), courses(), variant="censor_at_transplant"))[1:3] == (60.0, 0)


def test_a_transplant_censors_where_nothing_else_ends_follow_up():
    assert only(efs(records([on(88, "transplant")]), courses(), variant="censor_at_transplant"))[1:3] == (88.0, 0)


def test_the_next_course_is_a_new_therapy():
    two = courses(
        a_course("A1", patient="A", ends=ZERO + timedelta(days=50)),
        a_course("A2", ZERO + timedelta(days=50), patient="A"),
    )
    rows = records([*IN_REMISSION, on(200, "last_contact")])

    def first(variant):
        return (
            efs(rows, two, variant=variant).filter(pl.col("course_id") == "A1").select("stop", "event", "value").row(0)
        )

    assert first("ignore_transplant") == (200.0, 0, "censored at the last contact")
    assert first("censor_at_transplant") == (50.0, 0, "censored at next course")
    assert first("new_therapy_is_event") == (50.0, 1, "next course")


def test_unknown_variant():
    with pytest.raises(TocsinError) as error:
        efs(records(), courses(), variant="b")
    assert error.value.problems[0].slug == "endpoints.efs-variant"


# --- days ---------------------------------------------------------------------------------------------------------


def test_dates_count_local_days_and_minutes_count_exactly():
    # infused at 23:30 in Shanghai (15:30 UTC): the next day by date is day 1, half an hour of it
    late = courses(a_course(zero=datetime(2020, 3, 2, 15, 30, tzinfo=UTC)))
    assert only(os(records([on(1, "death")]), late))[1] == 1.0
    exact = at(datetime(2020, 3, 3, 3, 30, tzinfo=UTC), "death")
    assert only(os(records([exact]), late))[1] == 0.5
    day_only = courses(a_course(zero=NOON, precision="day"))
    assert only(os(records([exact]), day_only))[1] == 1.0


def test_a_date_before_the_hour_of_the_infusion_is_day_0():
    evening = courses(a_course(zero=datetime(2020, 3, 2, 14, 0, tzinfo=UTC)))
    assert only(os(records([on(0, "death", "crs")]), evening)) == (0.0, 0.0, 1, "death: crs")


# --- clocks -------------------------------------------------------------------------------------------------------


def test_from_the_first_dose():
    rows = records([on(9, "death", "crs")], [dose(102), dose(200), dose(-20)])
    clock = from_first_dose(rows, courses())
    assert only(efs(rows, courses(), clock=clock)) == (4.25, 9.0, 1, "death: crs")
    assert efs(rows, courses(), clock=clock)["endpoint"].item() == "efs_from_tocilizumab"


def test_an_event_known_by_date_on_the_day_of_the_dose_is_not_before_it():
    # dose 96 h after 10:30 on day 0 = 10:30 on day 4; the register says day 4
    rows = records([on(4, "death", "crs")], [dose(96 + 3)])
    assert only(os(rows, courses(), clock=from_first_dose(rows, courses()))) == (4.125, 4.125, 1, "death: crs")
    rows = records([on(3, "relapse"), on(90, "death")], [dose(96)])
    assert only(efs(rows, courses(), clock=from_first_dose(rows, courses()))) == (
        4.0, None, None, "excluded: relapse on day 3, not after the first tocilizumab",
    )  # fmt: skip


def test_without_a_dose_there_is_no_clock():
    rows = records([on(9, "death", "crs")])
    assert only(efs(rows, courses(), clock=from_first_dose(rows, courses())))[1:] == (
        None, None, "not assessable: no tocilizumab",
    )  # fmt: skip
    unsupplied = Records.of({"outcomes": OUTCOMES.frame([on(9, "death", "crs")])}, zone="Asia/Shanghai")
    value = only(efs(unsupplied, courses(), clock=from_first_dose(unsupplied, courses())))[3]
    assert value == "not assessable: the table of drugs was not supplied"


def test_a_dose_of_the_next_course_and_a_stopped_infusion_are_none():
    second = ZERO + timedelta(days=30)
    rows = records(
        [on(60, "last_contact")], [dose(24 * 31), dose(10, mode="infusion", rate=0.0, rate_unit="mg/h", dose=None)]
    )
    found = os(rows, courses(a_course(ends=second)), clock=from_first_dose(rows, courses(a_course(ends=second))))
    assert only(found)[3] == "not assessable: no tocilizumab"


@pytest.mark.parametrize(
    ("outcomes", "stop", "event", "value"),
    [
        ((on(29, "relapse"),), 29.0, 1, "relapse"),
        (
            (on(28, "response", "nr"),),
            None,
            None,
            "excluded: no remission: nr on day 28, not after the landmark on day 28",
        ),
        ((on(9, "death", "crs"),), None, None, "excluded: death: crs on day 9, not after the landmark on day 28"),
        ((on(20, "last_contact"),), None, None, "excluded: censored at the last contact on day 20, not after the"),
        ((), None, None, "not assessable: neither"),
    ],
)
def test_landmark(outcomes, stop, event, value):
    found = only(efs(records(outcomes), courses(), clock=from_landmark(courses(), 28)))
    assert found[:3] == (28.0, stop, event)
    assert found[3].startswith(value)


# --- overall and relapse-free survival, death from CRS ------------------------------------------------------------


def test_os_is_not_censored_at_transplant_and_ends_with_the_last_contact():
    rows = [on(88, "transplant"), *FOLLOWED]
    assert only(os(records(rows), courses())) == (0.0, 360.0, 0, "censored at the last contact")
    assert only(os(records([on(88, "transplant")]), courses()))[1:3] == (None, None)


def test_rfs_starts_with_the_remission():
    rows = [*IN_REMISSION, on(95, "relapse")]
    assert only(rfs(records(rows), courses())) == (28.0, 95.0, 1, "relapse")
    assert only(rfs(records([*IN_REMISSION, *FOLLOWED]), courses()))[:3] == (28.0, 342.0, 0)
    assert only(rfs(records([on(28, "response", "nr"), on(74, "death")]), courses())) == (
        0.0, None, None, "excluded: no remission",
    )  # fmt: skip
    rows = [*IN_REMISSION, on(80, "transplant"), on(95, "relapse")]
    assert only(rfs(records(rows), courses(), variant="censor_at_transplant"))[1:3] == (80.0, 0)


@pytest.mark.parametrize(
    ("outcomes", "stop", "event", "value"),
    [
        ((on(9, "death", "crs", adjudicated_by="panel"),), 9.0, 1, "death: crs, adjudicated by panel"),
        ((on(9, "death", "infection", adjudicated_by="panel"),), 9.0, 2, "death: infection, adjudicated by panel"),
        ((on(9, "death", "infection"),), 9.0, 2, "death: infection, not adjudicated"),
        ((on(9, "death", "crs"),), None, None, "not assessable: death from crs that nobody adjudicated"),
        ((on(9, "death"),), None, None, "not assessable: death without a recorded cause"),
        ((on(90, "last_contact"),), 90.0, 0, "censored at the last contact"),
        ((on(0, "death", "crs", adjudicated_by="panel"),), 0.0, 1, "death: crs, adjudicated by panel"),
        ((), None, None, "not assessable: neither an event nor a last contact is recorded"),
    ],
)
def test_death_from_crs(outcomes, stop, event, value):
    assert only(crs_death(records(outcomes), courses())) == (0.0, stop, event, value)


def test_death_from_crs_without_adjudication_on_request():
    found = crs_death(records([on(9, "death", "crs")]), courses(), adjudicated_only=False)
    assert only(found) == (0.0, 9.0, 1, "death: crs, not adjudicated")


# --- the syndrome -------------------------------------------------------------------------------------------------


def grades(*runs, course="A"):
    """Runs as (from, to, grade, grade_at_most) in minutes."""
    return GRADES.frame(
        [
            {"course_id": course, "scale": "astct_crs", "from": a, "to": b, "grade": g, "grade_at_most": most,
             "deciding": "", "flags": ""}
            for a, b, g, most in runs
        ]
    )  # fmt: skip


def episodes(*rows):
    """Episodes as (onset, end, closed_by, max_grade)."""
    hours = {f"hours_grade_{g}": 0.0 for g in range(1, 5)}
    return EPISODES.frame(
        [
            {"course_id": "A", "scale": "astct_crs", "episode": i, "onset": a, "end": b, "closed_at": b,
             "closed_by": how, "max_grade": top, "max_grade_at_most": top, "max_grade_at": a + 60, "flags": "", **hours}
            for i, (a, b, how, top) in enumerate(rows, 1)
        ]
    )  # fmt: skip


def test_severe_crs_at_the_first_proved_grade_3():
    runs = grades((0, 1440, 0, 0), (1440, 2880, 1, 4), (2880, 3000, 3, 3), (3000, 5000, 1, 1), (5000, 6000, 4, 4))
    found = only(severe_crs(records(), courses(), runs, episodes((1440, 6000, "resolved", 4))))
    assert found == (0.0, 2.0, 1, "grade 3 or more")
    found = only(severe_crs(records(), courses(), runs, episodes((1440, 6000, "resolved", 4)), at_least=4))
    assert found == (0.0, 5000 / 1440, 1, "grade 4 or more")


def test_severe_crs_is_censored_24_h_after_the_episode():
    runs, one = grades((0, 1440, 0, 0), (1440, 2880, 2, 2), (2880, None, 0, 0)), episodes((1440, 2880, "resolved", 2))
    found = only(severe_crs(records([on(40, "death", "infection")]), courses(), runs, one))
    assert found == (0.0, 3.0, 0, "censored 24 h after the episode")
    runs = grades((0, 1440, 0, 0), (1440, 2880, 2, 3), (2880, None, 0, 0))
    assert (
        only(severe_crs(records(), courses(), runs, one))[3] == "censored 24 h after the episode; grade 3 not excluded"
    )


def test_death_competes_with_severe_crs_by_local_dates():
    runs = grades((0, 1440, 0, 0), (1440, 2880, 2, 2), (2880, None, 0, 0))
    one = episodes((1440, 2880, "death", 2))
    # censoring would be on 5 March, 10:30 in Shanghai: a death dated 5 March is in time, one of 6 March is not
    assert only(severe_crs(records([on(3, "death", "crs")]), courses(), runs, one)) == (0.0, 3.0, 2, "death: crs")
    assert only(severe_crs(records([on(4, "death", "crs")]), courses(), runs, one))[:3] == (0.0, 3.0, 0)


def test_severe_crs_without_an_episode_with_an_open_one_and_without_grades():
    runs = grades((0, 14400, 0, 0))
    found = only(severe_crs(records(), courses(), runs, episodes()))
    assert found == (0.0, 10.0, 0, "no episode, censored at the end of the records")
    runs = grades((0, 1440, 0, 0), (1440, 4320, 1, 1))
    found = only(severe_crs(records(), courses(), runs, episodes((1440, None, "still_open", 1))))
    assert found == (0.0, 3.0, 0, "episode still open, censored at the end of the records")
    found = only(severe_crs(records(), courses(), grades(), episodes()))
    assert found == (0.0, None, None, "not assessable: nothing was graded")


def test_an_open_run_ends_with_the_last_measurement():
    def read(hours):
        time = ZERO + timedelta(hours=hours)
        return {
            "patient_id": "A", "time": time, "available_time": time, "precision": "minute", "variable": "temperature",
            "value": 36.8, "source": "vitals.csv", "source_row": 1,
        }  # fmt: skip

    vitals = Records.of({"measurements": MEASUREMENTS.frame([read(-5), read(10), read(60)])}, zone="Asia/Shanghai")
    found = only(severe_crs(vitals, courses(), grades((0, 3600, 0, 0), (3600, None, 0, 4)), episodes()))
    assert found == (0.0, 2.5, 0, "no episode, censored at the end of the records")
    found = only(severe_crs(vitals, courses(), grades((0, 600, 0, 0), (600, 700, 0, 4), (700, None, 0, 0)), episodes()))
    assert found[3] == "no episode, censored at the end of the records; grade 3 not excluded"
    next_course = courses(a_course(ends=ZERO + timedelta(hours=48)))
    assert only(severe_crs(vitals, next_course, grades((0, None, 0, 0)), episodes()))[1] == 10 / 24


def test_onset_duration_and_highest_grade():
    two = episodes((1440, 2880, "resolved", 2), (7200, 7800, "resolved", 1))
    assert only(crs_onset(courses(), two)) == (0.0, 1.0, 1, "24.0 h")
    assert only(crs_duration(courses(), two)) == (1.0, 7800 / 1440, 1, "34.0 h in 2 episode(s), resolved")
    assert only(crs_max_grade(courses(), two)) == (0.0, 1500 / 1440, 1, "2")


def test_duration_of_open_and_fatal_episodes():
    still = episodes((1440, None, "still_open", 1))
    assert only(crs_duration(courses(), still)) == (1.0, None, 0, "still_open: end not known")
    fatal = episodes((1440, 2880, "death", 4))
    assert only(crs_duration(courses(), fatal))[:3] == (1.0, 2.0, 2)
    cut = episodes((1440, 2880, "end_of_records", 1))
    assert only(crs_duration(courses(), cut))[2] == 0


def test_no_episode_is_said():
    assert only(crs_onset(courses(), episodes())) == (0.0, None, 0, "no episode")
    assert only(crs_duration(courses(), episodes())) == (0.0, None, None, "no episode")
    assert only(crs_max_grade(courses(), episodes())) == (0.0, None, 0, "0")


def test_without_a_grade_nothing_is_known():
    blind, nobody = "not assessable: nothing was graded", ()
    assert only(crs_max_grade(courses(), episodes(), graded=nobody)) == (0.0, None, None, blind)
    assert only(crs_onset(courses(), episodes(), graded=nobody)) == (0.0, None, None, blind)
    assert only(crs_duration(courses(), episodes(), graded=nobody)) == (0.0, None, None, blind)
    unknown = grades((0, 14400, 0, 4))
    assert only(severe_crs(records(), courses(), unknown, episodes(), graded=nobody)) == (0.0, None, None, blind)
    assert only(crs_max_grade(courses(), episodes(), graded=("A",))) == (0.0, None, 0, "0")
    found = judge_endpoints(records(), courses(), unknown, episodes(), FOLLOW.empty(), graded=nobody)
    crs = found.filter(pl.col("endpoint").is_in(["severe_crs", "crs_onset", "crs_duration", "crs_max_grade"]))
    assert crs.get_column("value").to_list() == [blind] * 4
    assert crs.get_column("event").to_list() == [None] * 4


def test_severe_crs_never_stops_before_time_zero():
    before = grades((-600, -100, 3, 3), (-100, 14400, 0, 0))
    over = episodes((-600, -100, "resolved", 3))
    assert only(severe_crs(records(), courses(), before, over))[:3] == (0.0, 10.0, 0)
    across = grades((-600, 600, 3, 3), (600, 14400, 0, 0))
    assert only(severe_crs(records(), courses(), across, episodes((-600, 600, "resolved", 3))))[:3] == (0.0, 0.0, 1)


def test_time_to_tocilizumab():
    rows = [
        {"course_id": "A", "strategy": s, "given_at": 2160, "followed": f}
        for s, f in (("x", "yes"), ("y", "never_due"))
    ]
    assert only(time_to_tocilizumab(courses(), FOLLOW.frame(rows))) == (0.0, 1.5, 1, "36.0 h")
    assert only(time_to_tocilizumab(courses(), FOLLOW.empty())) == (0.0, None, 0, "no tocilizumab")


# --- all together -------------------------------------------------------------------------------------------------


def test_every_course_has_every_endpoint():
    three = courses(a_course("A"), a_course("B"), a_course("C"))
    outcomes = [
        on(9, "death", "crs", adjudicated_by="panel"),
        *(row | {"patient_id": "B"} for row in (*IN_REMISSION, *FOLLOWED)),
    ]
    rows = records(outcomes, [dose(50)])
    found = judge_endpoints(rows, three, grades((0, 1440, 0, 0)), episodes(), FOLLOW.empty())
    names = found["endpoint"].unique().to_list()
    assert found.height == 3 * len(names)
    assert {"efs", "efs_from_tocilizumab", "efs_landmark_28", "os", "os_landmark_28", "rfs", "severe_crs"} <= set(names)
    null = found.filter(pl.col("event").is_null())
    assert null["value"].str.contains("not assessable|excluded|no episode").all()


def test_order_of_rows_changes_nothing():
    outcomes = [*IN_REMISSION, on(95, "relapse"), on(88, "transplant"), on(190, "death", "progression"), *FOLLOWED]
    arguments = (courses(), grades((0, 1440, 0, 0)), episodes(), FOLLOW.empty())
    forward = judge_endpoints(records(outcomes, [dose(50), dose(60)]), *arguments)
    backward = judge_endpoints(records(outcomes[::-1], [dose(60), dose(50)]), *arguments)
    assert forward.equals(backward)


def test_empty_frames():
    found = judge_endpoints(records(), COURSES.empty(), GRADES.empty(), EPISODES.empty(), FOLLOW.empty())
    assert found.height == 0
    assert found.schema == ENDPOINTS.empty().schema
    nothing = judge_endpoints(Records.of({}), courses(), GRADES.empty(), EPISODES.empty(), FOLLOW.empty())
    assert (
        nothing.filter(pl.col("endpoint").is_in(["mrd_negative_cr", "efs", "os", "crs_death", "severe_crs"]))[
            "event"
        ].null_count()
        == 5
    )
