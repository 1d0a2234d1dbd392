"""`explain` against small records worked by hand: what it says, where it says it comes from, and what it refuses."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.errors import TocsinError
from tocsin.explain import explain
from tocsin.records import courses
from tocsin.signs import Parameters
from tocsin.tables import RECORD_TABLES, Records

ZERO = datetime(2019, 3, 11, 2, tzinfo=UTC)  # 10:00 in Shanghai


def at(hours):
    return ZERO + timedelta(hours=hours)


def row(table, row_number, **values):
    instant = values.pop("hours")
    names = ("start",) if table in ("drugs", "supports") else ("time",)
    stamp = {"source": f"{table}.csv", "source_row": row_number, "precision": "minute", "available_time": at(instant)}
    return table, {"patient_id": "A", **stamp, **dict.fromkeys(names, at(instant)), **values}


def reading(row_number, hours, variable, value):
    return row("measurements", row_number, hours=hours, variable=variable, value=float(value))


def drug(row_number, hours, name, **more):
    return row("drugs", row_number, hours=hours, drug=name, **{"mode": "dose", **more})


CELLS = drug(1, 0, "axicabtagene_ciloleucel")
AIR = row("supports", 3, hours=24, device="room_air")


def said(*rows, patient="A", absent=(), stays=((-24, 24 * 20),), more_patients=(), **asked):
    tables = {table.name: [] for table in RECORD_TABLES}
    for k, name in enumerate(("A", *more_patients)):
        tables["patients"].append({"patient_id": name, "age_y": 40.0, "source": "patients.csv", "source_row": k + 1})
    tables["stays"] = [
        {"patient_id": "A", "start": at(a), "stop": at(b), "kind": "hospital", "source": "s.csv", "source_row": k + 1}
        for k, (a, b) in enumerate(stays)
    ]
    for table, values in (CELLS, *rows):
        tables[table].append(values)
    made = {t.name: t.frame(tables[t.name]) for t in RECORD_TABLES if t.name not in absent}
    records = Records.of(made, zone="Asia/Shanghai")
    return explain(records, courses(records, "infusion")[0], patient, **asked)


def part(text, title):
    """Lines of one section."""
    lines = text.splitlines()
    assert title in lines, text
    rest = lines[lines.index(title) + 1 :]
    return [line.strip() for line in rest[: rest.index("") if "" in rest else None]]


ILL = (reading(10, 24, "temperature", 39.2), reading(11, 24, "systolic", 84), AIR)


def test_the_grade_its_rows_and_their_age():
    text = said(*ILL, at="+25h")
    assert "GRADE 2 is proved, and a higher one is excluded." in text
    assert "day 1 11:00  (2019-03-12 11:00 Asia/Shanghai; 25 h 00 min after infusion)" in text
    why = part(text, "Why")
    assert why[0] == "→ grade 2  hypotension not requiring vasopressors"
    assert why[1] == "systolic pressure 84 mmHg, read day 1 10:00, 1 h 00 min ago   measurements.csv:11"
    assert why[2].startswith("grade 1  fever ≥ 38.0 °C")
    assert why[3] == "temperature 39.2 °C, read day 1 10:00, 1 h 00 min ago   measurements.csv:10"
    known = part(text, "What was known")
    assert "until day 1 18:00" in known[0]
    assert "vasopressor: none runs (drugs are charted by exception)" in known
    assert known[-1].endswith("(1 h 00 min ago), until day 2 10:00   supports.csv:3")
    assert part(text, "The episode")[0] == "Number 1, open since day 1 10:00 (1 h 00 min)."


def test_the_default_moment_is_the_first_of_the_highest_grade():
    later = reading(12, 30, "systolic", 120)
    text = said(*ILL, later)
    assert "day 1 10:00" in text.splitlines()[1]
    assert "the first minute of the highest proved grade" in text
    assert "in the records: grade 1 by fever from day 1 16:00 on" in part(text, "What would change it next")


def test_a_vasopressor_names_its_row_and_rate():
    runs = drug(20, 24.5, "norepinephrine", mode="infusion", rate=0.08, rate_unit="ug/kg/min", order_id="1")
    other = drug(21, 24.75, "vasopressin", mode="infusion", rate=0.03, rate_unit="U/min", order_id="2")
    stopped = drug(22, 24.9, "norepinephrine", mode="infusion", rate=0.0, rate_unit="ug/kg/min", order_id="1")
    why = part(said(*ILL, runs, other, at="+24.8h"), "Why")
    assert why[0] == "→ grade 3  one vasopressor, with or without vasopressin"
    assert why[1] == "norepinephrine 0.08 ug/kg/min, charted 18 min ago   drugs.csv:20"
    assert why[2] == "vasopressin 0.03 U/min, charted 3 min ago   drugs.csv:21"
    after = said(*ILL, runs, other, stopped, at="+25h")
    assert "norepinephrine" not in after
    assert "drugs.csv:21" in after


def test_what_is_unknown_why_and_what_the_bound_rests_on():
    """At 33 h the temperature and pressure of 24 h are older than 8 h; nobody charted oxygen."""
    text = said(*ILL[:2], at="+33h")
    assert "GRADE 0 is proved; grade 4 cannot be excluded." in text
    unknown = part(text, "What is not known")
    assert "temperature: expired: the last is too old, or from an earlier stay" in unknown
    assert "oxygen device: never charted up to now" in unknown
    bound = part(text, "Why a higher grade cannot be excluded")
    severe = "grade 4: positive pressure: CPAP, BiPAP or ventilator (oxygen support between none and ventilator)"
    assert " ".join(bound).startswith(severe)
    assert "grade 1: fever ≥ 38.0 °C (fever ≥ 38.0 °C unknown)" in bound
    assert not any("one vasopressor" in line for line in bound)


@pytest.mark.parametrize(
    ("absent", "line"),
    [
        ("supports", "oxygen device: its table was not supplied"),
        ("drugs", "vasopressors: the drug tables were not supplied"),
    ],
)
def test_an_absent_table_is_named(absent, line):
    """Without the drugs there is no infusion: time zero is the admission then."""
    rows = [one for one in (CELLS, *ILL) if one[0] != absent]
    tables = {t.name: [values for table, values in rows if table == t.name] for t in RECORD_TABLES}
    tables["patients"] = [{"patient_id": "A", "age_y": 40.0, "source": "p.csv", "source_row": 1}]
    tables["stays"] = [
        {"patient_id": "A", "start": at(0), "stop": at(99), "kind": "hospital", "source": "s", "source_row": 1}
    ]
    records = Records.of({t.name: t.frame(tables[t.name]) for t in RECORD_TABLES if t.name != absent})
    text = explain(records, courses(records, "admission")[0], "A", "+25h")
    assert line in part(text, "What is not known")


def test_outside_every_stay_nothing_is_known():
    text = said(*ILL, stays=((-24, 40), (100, 200)), at="+50h")
    assert "NO GRADE" in text
    assert "Outside every stay" in text
    assert "What was known" not in text


def test_the_waiver_names_its_drug_and_the_table_stays_open():
    given = drug(31, 26, "tocilizumab", dose=480.0, dose_unit="mg")
    early = drug(30, 20, "dexamethasone", dose=10.0, dose_unit="mg")  # before the onset: waives nothing
    cool = (
        reading(13, 56, "temperature", 36.8),
        reading(14, 56, "systolic", 84),
        row("supports", 4, hours=50, device="room_air"),
    )
    text = said(*ILL, early, given, *cool, at="+57h")
    assert "Fever is no longer required since day 1 12:00: tocilizumab   drugs.csv:31" in part(text, "The episode")
    assert "The table is open without a fever: fever is no longer required (see the episode)." in part(text, "Why")
    assert "GRADE 2 is proved" in text


def test_a_closed_table_says_what_it_needs():
    text = said(reading(10, 24, "temperature", 36.5), reading(11, 24, "systolic", 84), AIR, at="+25h")
    assert part(text, "Why")[0].startswith("The table is not open: it needs fever")
    assert part(text, "The episode") == ["None is open, and none was before."]
    assert part(text, "Flags")[0].startswith("afebrile alert: ")


def test_death_is_grade_five_with_its_row():
    died = row("outcomes", 7, hours=40, what="death", value="crs", adjudicated_by="panel")
    text = said(*ILL, died)
    assert "GRADE 5" in text
    assert "death adjudicated as crs by panel   outcomes.csv:7" in text
    assert "The patient had died." in said(*ILL, row("outcomes", 7, hours=40, what="death", value="other"), at="+41h")


def test_icans_names_the_score():
    scored = row("assessments", 41, hours=24, item="ice", value="5")
    text = said(scored, at="+25h", scale="astct_icans")
    assert "GRADE 2 is proved; grade 4 cannot be excluded." in text
    assert part(text, "Why") == [
        "→ grade 2  ICE 3 to 6",
        "ICE 5, read day 1 10:00, 1 h 00 min ago   assessments.csv:41",
    ]
    assert "until day 1 22:00" in part(text, "What was known")[0]  # 12 h for a low score
    assert "seizure: never charted up to now" in part(text, "What is not known")


def test_parameters_reach_the_windows():
    text = said(*ILL, at="+25h", parameters=Parameters.icu())
    assert "until day 1 14:00" in part(text, "What was known")[0]


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("+75h", "day 3 13:00"), ("75h", "day 3 13:00"),
        ("+90 min", "day 0 11:30"), ("+2.5 d", "day 2 22:00"), ("day 3 14:00", "day 3 14:00"),
        ("Day 1", None), ("2019-03-14 16:30", "day 3 16:30"), ("2019-03-14T16:30", "day 3 16:30"),
    ],
)  # fmt: skip
def test_ways_to_name_a_moment(asked, line):
    """Day 1 alone is its first minute, which lies after minute 0 at 10:00 of day 0."""
    assert said(*ILL, at=asked).splitlines()[1].startswith(line or "day 1 00:00")


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ("noon", "explain.time-form"), ("day 3 25:00", "explain.time-form"), ("2019-02-30 10:00", "explain.time-form"),
        ("75 hours", "explain.time-form"), ("", "explain.time-form"), ("day 0 09:59", "explain.time-outside"),
        ("2019-03-11 09:00", "explain.time-outside"), ("day -1 12:00", "explain.time-outside"),
    ],
)  # fmt: skip
def test_moments_that_are_none(asked, slug):
    with pytest.raises(TocsinError) as caught:
        said(*ILL, at=asked)
    assert [problem.slug for problem in caught.value.problems] == [slug]


@pytest.mark.parametrize(("patient", "words"), [("Nobody", "no patient or course"), ("B", "has no course")])
def test_a_patient_who_is_not_there(patient, words):
    with pytest.raises(TocsinError) as caught:
        said(*ILL, patient=patient, more_patients=("B",))
    assert words in str(caught.value)
    assert "Nobody" not in str(caught.value)


def test_an_instant_picks_the_course_that_holds_it():
    """A second infusion after 40 days opens course A-2."""
    again, fever = drug(2, 24 * 40, "axicabtagene_ciloleucel"), reading(50, 24 * 41, "temperature", 38.4)
    rows = (*ILL, again, fever)
    stays = ((-24, 24 * 60),)
    assert said(*rows, stays=stays).startswith("A · ")
    assert said(*rows, stays=stays, at="2019-04-21 12:00").startswith("A-2 · ")
    assert said(*rows, stays=stays, patient="A-2").startswith("A-2 · ")
    assert "other courses of this patient: A-2" in said(*rows, stays=stays)
    with pytest.raises(TocsinError):
        said(*rows, stays=stays, at="+961h")


def test_no_line_is_wider_than_a_terminal():
    """A source that does not fit stands below its value."""
    long = tuple((table, {**values, "source": "clif_medication_admin_continuous.parquet"}) for table, values in ILL)
    runs = drug(20, 24.5, "norepinephrine", mode="infusion", rate=0.0840123, rate_unit="ug/kg/min", order_id="1")
    text = said(*long, (runs[0], {**runs[1], "source": "clif_medication_admin_continuous.parquet"}), at="+25h")
    assert max(map(len, text.splitlines())) <= 100
    assert any(line.strip() == "clif_medication_admin_continuous.parquet:20" for line in text.splitlines())
