"""The IEC-HS screen: criteria at their edges, what is unknown, the 24 hours, CRS at the same time."""

from itertools import product

import polars as pl
import pytest

from tocsin.scores.iec_hs import COMMON, NOT, POSSIBLE, UNSAID, screen
from tocsin.scores.parameters import ScoreParameters
from tocsin.tables import GRADES

DAY = 1440
PEOPLE = {"course_id": pl.String, "sex": pl.String, "ferritin": pl.Float64, "ast": pl.Float64, "alt": pl.Float64}
READ = {"course_id": pl.String, "day": pl.Int32, "minute": pl.Int32, "variable": pl.String, "value": pl.Float64}
NORMAL = {"ferritin": 300.0, "ast": 30.0, "alt": 30.0, "fibrinogen": 3.0, "neutrophils": 2.0, "platelets": 100.0}
BAD = {"ferritin": 9000.0, "ast": 900.0, "alt": 900.0, "fibrinogen": 1.0, "neutrophils": 0.1, "platelets": 10.0}


def crs(grade=0, at_most=None, start=0, to=None):
    row = {"course_id": "A", "scale": "astct_crs", "from": start, "to": to, "grade": grade,
           "grade_at_most": grade if at_most is None else at_most, "deciding": "", "flags": ""}  # fmt: skip
    return GRADES.frame([row])


def screened(*draws, sex="male", ferritin=200.0, ast=20.0, alt=20.0, runs=None, **parameters):
    """`draws`: (minute, {variable: value}); rows of the screen."""
    rows = [("A", m // DAY, m, name, value) for m, values in draws for name, value in values.items()]
    people = pl.DataFrame([("A", sex, ferritin, ast, alt)], schema=PEOPLE, orient="row")
    made = screen(pl.DataFrame(rows, schema=READ, orient="row"), people, crs() if runs is None else runs,
                  ScoreParameters(**parameters))  # fmt: skip
    return made.to_dicts()


def at(values, minute=5 * DAY, **more):
    """The only row of one draw; haemophagocytosis absent, so that the other signs decide."""
    (row,) = screened((minute, values), **({"iec_hs_biopsy": "absent"} | more))
    return row


def test_possible_never_a_diagnosis():
    row = at(BAD)
    assert row["status"] == POSSIBLE == "possible IEC-HS"
    assert row["met"] == "ferritin, transaminases, fibrinogen, cytopenia"
    assert at(NORMAL)["status"] == NOT


@pytest.mark.parametrize(("ferritin", "sex", "baseline", "high"), [
    (800.0, "male", 500.0, False), (800.1, "male", 500.0, True), (300.0, "female", 500.0, False),
    (300.1, "female", 500.0, True),
    (600.0, "male", 300.0, False), (600.1, "male", 300.0, True),  # twice the value at infusion
    (600.1, "male", None, None),  # which may have been low
    (801.0, "male", None, True), (801.0, None, 9000.0, True), (500.0, None, 9000.0, None),
    (300.0, None, 9000.0, False), (300.0, "other", 9000.0, False),
])  # fmt: skip
def test_ferritin(ferritin, sex, baseline, high):
    assert at(BAD | {"ferritin": ferritin}, sex=sex, ferritin=baseline)["ferritin_high"] is high


@pytest.mark.parametrize(("name", "value", "sign", "met"), [
    ("fibrinogen", 1.499, "fibrinogen", True), ("fibrinogen", 1.5, "fibrinogen", False),
    ("neutrophils", 0.499, "cytopenia", True), ("neutrophils", 0.5, "cytopenia", False),
    ("platelets", 24.9, "cytopenia", True), ("platelets", 25.0, "cytopenia", False),
    ("ast", 200.1, "transaminases", True), ("ast", 200.0, "transaminases", False),
    ("alt", 200.1, "transaminases", True),
])  # fmt: skip
def test_common_signs_at_their_edges(name, value, sign, met):
    assert at(NORMAL | {name: value})[sign] is met


@pytest.mark.parametrize(("value", "baseline", "met"), [
    (201.0, 40.0, True), (201.0, 41.0, False), (206.0, 41.0, True), (205.0, 41.0, False),
    (201.0, None, None),  # five times a normal value, or less than five times an abnormal one
    (200.0, None, False),  # not met whatever the baseline
])  # fmt: skip
def test_transaminases_against_an_abnormal_baseline(value, baseline, met):
    assert at(NORMAL | {"ast": value}, ast=baseline)["transaminases"] is met


def test_neutrophils_below_half_are_grade_4_of_ctcae_5_not_6():
    assert at(NORMAL | {"neutrophils": 0.3})["cytopenia"] is True


# --- three values -----------------------------------------------------------------------------------------------------


def test_every_state_against_a_naive_count():
    """Four signs and ferritin, each met, not met or not read: what the counts allow, by going through completions."""
    met = {"ferritin": {"ferritin": 9000.0}, "transaminases": {"ast": 900.0, "alt": 900.0},
           "fibrinogen": {"fibrinogen": 1.0}, "cytopenia": {"neutrophils": 0.1, "platelets": 10.0}}  # fmt: skip
    not_met = {sign: {name: NORMAL[name] for name in values} for sign, values in met.items()}
    for states in product((True, False, None), repeat=4):
        given = dict(zip(met, states, strict=True))
        draw = {"platelets": NORMAL["platelets"]} if given["cytopenia"] is None else {}
        for sign, state in given.items():
            if state is not None:
                draw |= (met if state else not_met)[sign]
        for biopsy in ("unknown", "absent"):
            signs = {**given, "haemophagocytosis": None if biopsy == "unknown" else False}
            answers = {
                whole["ferritin"] and sum(whole[name] for name in COMMON) >= 2
                for whole in (dict(zip(signs, values, strict=True))
                              for values in product(*([s] if s is not None else [True, False] for s in signs.values())))
            }  # fmt: skip
            expected = UNSAID if len(answers) == 2 else POSSIBLE if answers == {True} else NOT
            assert at(draw, iec_hs_biopsy=biopsy)["status"] == expected, (given, biopsy)


def test_a_biopsy_nobody_reports_keeps_one_sign_from_saying_no():
    one_sign = NORMAL | {"ferritin": 9000.0, "fibrinogen": 1.0}
    assert at(one_sign)["status"] == NOT
    row = at(one_sign, iec_hs_biopsy="unknown")
    assert (row["status"], row["met"], row["unknown"]) == (UNSAID, "ferritin, fibrinogen", "haemophagocytosis")


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("apart", "status"), [(1440, POSSIBLE), (1441, UNSAID)])
def test_signs_must_meet_within_24_hours(apart, status):
    first, then = 5 * DAY, 5 * DAY + apart
    liver = {"ast": 900.0, "alt": 900.0, "fibrinogen": 1.0}
    rows = screened((first, liver), (then, {"ferritin": 9000.0}), iec_hs_biopsy="absent")
    assert [row["status"] for row in rows] == [UNSAID, status]


def test_nothing_before_day_3_counts():
    early, day_3 = 3 * DAY - 1, 3 * DAY
    rows = screened((early, BAD), (day_3, {"ferritin": 9000.0}), iec_hs_biopsy="absent")
    assert [(row["minute"], row["status"]) for row in rows] == [(day_3, UNSAID)]
    assert screened((31 * DAY, BAD)) == []


def test_a_normal_reading_does_not_undo_a_bad_one_of_the_same_day():
    rows = screened((5 * DAY, BAD), (5 * DAY + 600, NORMAL), iec_hs_biopsy="absent")
    assert [row["status"] for row in rows] == [POSSIBLE, POSSIBLE]


def test_no_peeking():
    """What comes later changes no earlier row."""
    draws = [(5 * DAY, NORMAL), (5 * DAY + 300, BAD), (6 * DAY, NORMAL), (9 * DAY, BAD)]
    whole = screened(*draws)
    for cut in range(1, len(draws)):
        assert screened(*draws[:cut]) == whole[:cut]


# --- CRS at the same time ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "overlap", "excluded"),
    [
        (crs(2), True, NOT), (crs(1), False, POSSIBLE), (crs(1, 2), None, UNSAID), (crs(0, 4), None, UNSAID),
        (crs(3, start=0, to=5 * DAY), None, UNSAID),  # the runs end before: nothing is known
        (crs(3, start=0, to=5 * DAY + 1), True, NOT), (crs(3, start=5 * DAY + 1), None, UNSAID),
        (GRADES.empty(), None, UNSAID),
    ],
)  # fmt: skip
def test_overlap_is_flagged_or_excludes(runs, overlap, excluded):
    flagged, cut = at(BAD, runs=runs), at(BAD, runs=runs, iec_hs_overlap="exclude")
    assert (flagged["overlap"], flagged["status"]) == (overlap, POSSIBLE)
    assert cut["status"] == excluded
    assert at(NORMAL, runs=runs, iec_hs_overlap="exclude")["status"] == NOT
