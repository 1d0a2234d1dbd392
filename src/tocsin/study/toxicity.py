"""Effects of the syndrome: grades, onset, duration, time to the drug, neurotoxicity, death from CRS."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin.effects.competing import cumulative_incidence, incidence_at
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.gray import gray_test
from tocsin.effects.proportions import proportion
from tocsin.effects.tables import fisher_freeman_halton_p
from tocsin.grades import CRS_SCALES, SCALES
from tocsin.study.cohort import ICANS, Study, graded_courses
from tocsin.study.ledger import Effects, versus
from tocsin.study.turning import turning

HOURS = "hours"


def crs_death(study: Study, effects: Effects) -> None:
    """Adjudicated death from CRS: shares with exact bounds, and cumulative incidence with other deaths competing."""
    rows = study.outcome("crs_death")
    counts, unknown = judged(study, rows)
    note = f"adjudicated only; {unknown} not assessable" if unknown else "adjudicated only"
    effects.shares("CRS death", counts, study.pairs, note, detectable=True)
    day = study.file.study.crs_death_day
    for arm in study.arm_names:
        known = rows.filter((pl.col("arm") == arm) & pl.col("event").is_not_null() & pl.col("stop").is_not_null())
        curve = cumulative_incidence(known["stop"].to_list(), known["event"].to_list(), level=effects.level)
        effects.add("CRS death", arm, incidence_at(curve, [day])[0], note="day; death of another cause competes")
    for pair in study.pairs:
        known = rows.filter(pl.col("arm").is_in(pair) & pl.col("event").is_not_null() & pl.col("stop").is_not_null())
        known = known.sort("stop", "event", "arm")
        effects.add(
            "CRS death", versus(pair), gray_test(known["stop"], known["event"], known["arm"]).row, "Gray's test"
        )
    turning(effects, "CRS death", counts, study.pairs, events_of(rows))
    _unadjudicated(study, effects)


def judged(study: Study, rows: pl.DataFrame, event: int = 1) -> tuple[dict[str, tuple[int, int]], int]:
    """(events, assessable courses) by arm, and how many courses in arms are not assessable."""
    known = rows.filter(pl.col("event").is_not_null())
    counts = {
        arm: (mine.filter(pl.col("event") == event).height, mine.height)
        for arm in study.arm_names
        for mine in [known.filter(pl.col("arm") == arm)]
    }
    return counts, rows.height - known.height


def events_of(rows: pl.DataFrame) -> dict[str, int]:
    """Course to 1 (event) or 0, of the courses that could be judged."""
    known = rows.filter(pl.col("event").is_not_null())
    return {course: int(event == 1) for course, event in known.select("course_id", "event").iter_rows()}


def unadjudicated_deaths(study: Study) -> pl.DataFrame:
    """Courses that died during active CRS while nobody decided the cause: course_id."""
    died = study.grading.episodes.filter((pl.col("scale") == study.scale) & (pl.col("closed_by") == "death"))
    deaths = study.records.outcomes.filter((pl.col("what") == "death") & pl.col("adjudicated_by").is_not_null())
    decided = study.courses.filter(pl.col("patient_id").is_in(deaths.get_column("patient_id").unique().to_list()))
    return died.select("course_id").unique().join(decided, on="course_id", how="anti").sort("course_id")


def _unadjudicated(study: Study, effects: Effects) -> None:
    during = set(unadjudicated_deaths(study).get_column("course_id"))
    counts = {arm: (len(during & set(mine)), len(mine)) for arm, mine in study.members.items()}
    note = "apart from CRS death: the cause was decided by nobody"
    effects.shares("death during active CRS without adjudication", counts, study.pairs, note)


def worst_grades(study: Study, scale: str) -> dict[str, int]:
    """Highest proved grade of every course in an arm; 0 without an episode."""
    mine = study.grading.episodes.filter(pl.col("scale") == scale)
    worst = dict(mine.group_by("course_id").agg(pl.col("max_grade").max()).iter_rows())
    return {course: int(worst.get(course, 0)) for course in study.in_arms}


def assessed(study: Study, scale: str) -> frozenset[str]:
    """Courses in which the scale could be read at some moment (`graded_courses`)."""
    return graded_courses(study.grading, scale)


def grade_effects(study: Study, effects: Effects) -> None:
    """Severe CRS, when it was reached, and the table of worst grades."""
    worst, seen = worst_grades(study, study.scale), assessed(study, study.scale)
    graded = {arm: [worst[c] for c in mine if c in seen] for arm, mine in study.members.items()}
    severe, lost = severity(study, worst, seen), len(study.in_arms) - sum(map(len, graded.values()))
    least = f"proved grade {SCALES[study.scale].severe} or more"
    note = f"worst {least}; {lost} not graded" if lost else f"worst {least}"
    effects.shares("severe CRS", severe["all"], study.pairs, note)
    if not any(name in CRS_SCALES for rule in study.file.strategies.values() for name in rule.scales):
        events = {c: int(worst[c] >= SCALES[study.scale].severe) for c in study.in_arms if c in seen}
        turning(effects, "severe CRS", severe["all"], study.pairs, events)  # else an arm waits for the outcome itself
    note = f"first {least} up to the minute of the first dose"
    effects.shares(f"severe CRS before {study.drug}", severe["before"], (), note)
    note = f"first {least} after the first dose"
    effects.shares(f"severe CRS after {study.drug}", severe["after"], (), note)
    outcome = "CRS worst grade"
    for lowest in (1, 2, 4):
        for arm, grades in graded.items():
            row = _share(sum(g >= lowest for g in grades), len(grades), effects)
            effects.add(outcome, arm, row, f"proportion grade {lowest} or more")
    for grade in range(6):
        for arm, grades in graded.items():
            effects.add(outcome, arm, _share(grades.count(grade), len(grades), effects), f"proportion grade {grade}")
    for pair in study.pairs:
        effects.add(outcome, versus(pair), _grade_test(graded[pair[0]], graded[pair[1]]))


def _share(events: int, n: int, effects: Effects) -> Estimate:
    return proportion(events, n, level=effects.level)


def _grade_test(one: list[int], other: list[int]) -> Estimate:
    name, measure, n = "Fisher-Freeman-Halton exact test over grades 0 to 5", "Fisher-Freeman-Halton", len(one + other)
    if not one or not other:
        return not_estimable(measure, "an arm is empty", n=n, events=None, method=name, level=None)
    try:
        p = fisher_freeman_halton_p([[grades.count(g) for g in range(6)] for grades in (one, other)])
    except ValueError as error:
        return not_estimable(measure, str(error), n=n, events=None, method=name, level=None)
    return Estimate(measure, None, None, None, None, name, n, None, "test of the whole table", p)


def severity(study: Study, worst: dict[str, int], seen: frozenset[str]) -> dict[str, dict[str, tuple[int, int]]]:
    """(courses, assessable) by arm: ever severe, first severe up to the first dose, first severe after it."""
    least = SCALES[study.scale].severe
    first = first_minute(study, least)
    given = dict(study.arms.select("course_id", "given_at").iter_rows())
    made: dict[str, dict[str, tuple[int, int]]] = {"all": {}, "before": {}, "after": {}}
    for arm, members in study.members.items():
        mine = [c for c in members if c in seen]
        before = sum(c in first and given[c] is not None and first[c] <= given[c] for c in mine)
        made["all"][arm] = (sum(worst[c] >= least for c in mine), len(mine))
        made["before"][arm] = (before, len(mine))
        made["after"][arm] = (sum(c in first for c in mine) - before, len(mine))
    return made


def first_minute(study: Study, least: float, scale: str = "") -> dict[str, int]:
    """First minute of a proved CRS grade of at least `least`, by course, on the study's scale or another."""
    runs = study.grading.grades.filter((pl.col("scale") == (scale or study.scale)) & (pl.col("grade") >= least))
    return dict(runs.group_by("course_id").agg(pl.col("from").min()).iter_rows())


def neurotoxicity(study: Study, effects: Effects) -> None:
    """ICANS of any grade, and severe."""
    worst, seen = worst_grades(study, ICANS), assessed(study, ICANS)
    lost = sum(c not in seen for c in study.in_arms)
    for outcome, least in (("ICANS", 1), ("severe ICANS", SCALES[ICANS].severe)):
        counts = {
            arm: (sum(worst[c] >= least for c in mine), len(mine))
            for arm, members in study.members.items()
            for mine in [[c for c in members if c in seen]]
        }
        note = f"worst proved grade {least} or more"
        effects.shares(outcome, counts, study.pairs, f"{note}; {lost} never assessed" if lost else note)
        events = {c: int(worst[c] >= least) for c in study.in_arms if c in seen}
        turning(effects, outcome, counts, study.pairs, events)


def times(study: Study, effects: Effects) -> None:
    """Onset, duration and the times to the first dose, in hours."""
    for outcome, values, notes in (_onset(study), _duration(study), *_to_drug(study)):
        effects.numbers(outcome, values, study.pairs, HOURS, notes)


Times = tuple[str, dict[str, list[float]], dict[str, str]]


def _onset(study: Study) -> Times:
    rows = study.outcome("crs_onset")
    there = rows.filter(pl.col("event") == 1).with_columns(hours=pl.col("stop") * 24)
    values = study.by_arm(there, "hours")
    lost = rows.filter(pl.col("event").is_null())
    notes: dict[str, str] = {}
    for arm, members in study.members.items():
        blind = lost.filter(pl.col("arm") == arm).height
        without = len(members) - len(values[arm]) - blind
        said = (f"{without} without CRS" if without else "", f"{blind} not graded" if blind else "")
        notes[arm] = "; ".join(part for part in said if part)
    return "CRS onset", values, notes


def _duration(study: Study) -> Times:
    """Hours within episodes, of courses whose every episode resolved; death and open ends are counted, not guessed."""
    mine = study.grading.episodes.filter(pl.col("scale") == study.scale)
    ended = mine.group_by("course_id").agg(
        hours=pl.when((pl.col("closed_by") == "resolved").all()).then((pl.col("end") - pl.col("onset")).sum() / 60),
        died=(pl.col("closed_by") == "death").any(),
    )
    values = study.by_arm(ended, "hours")
    notes: dict[str, str] = {}
    for arm, members in study.members.items():
        rows = ended.filter(pl.col("course_id").is_in(members) & pl.col("hours").is_null())
        died = int(rows.get_column("died").sum())
        notes[arm] = f"resolved episodes only; left out: {died} died during CRS, {rows.height - died} with an open end"
    return "CRS duration", values, notes


def _to_drug(study: Study) -> list[Times]:
    first = study.grading.episodes.filter((pl.col("scale") == study.scale) & (pl.col("episode") == 1))
    joined = study.arms.join(first.select("course_id", "onset"), on="course_id", how="left")
    rows = joined.with_columns(
        zero=pl.col("given_at") / 60,
        onset_to=(pl.col("given_at") - pl.col("onset")) / 60,
        due_to=(pl.col("given_at") - pl.col("due_at")) / 60,
    )
    made: list[Times] = []
    for outcome, column in (
        (f"time zero to {study.drug}", "zero"), (f"CRS onset to {study.drug}", "onset_to"),
        (f"trigger to {study.drug}", "due_to"),
    ):  # fmt: skip
        values = study.by_arm(rows, column)
        made.append((outcome, values, _without(study, values, "without it")))
    return made


def _without(study: Study, values: dict[str, list[Any]], words: str) -> dict[str, str]:
    missing = {arm: len(study.members[arm]) - len(known) for arm, known in values.items()}
    return {arm: f"{n} {words}" if n else "" for arm, n in missing.items()}
