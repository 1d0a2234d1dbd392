"""A study's results drawn by a seeded generator: the page looks real, no number means anything."""

from __future__ import annotations

import itertools
import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from tocsin import tables as t
from tocsin.tables import StudyResults

ARMS = ("early", "conventional")
SCALE = "astct_crs"
DAY = 1440


def meta(synthetic: bool = True) -> dict[str, Any]:
    return {
        "title": "Early against conventional tocilizumab after CD19 CAR-T therapy",
        "question": "Does tocilizumab given early, on sustained fever, change remission and survival?",
        "synthetic": synthetic,
        "synthetic_note": "Times and counts imitate a published study of 22 patients; the patients are invented.",
        "version": "0.1.0",
        "spec_hash": "3f5c9a1be7d24c60a1b2c3d4e5f60718293a4b5c6d7e8f901234567890abcdef",
        "scale": SCALE,
        "time_zero": "infusion",
        "arms": list(ARMS),
        "strategies": [
            {
                "name": "early",
                "sentence": "Give tocilizumab within 6 h once temperature has been at least 39.0 °C for 4 h.",
                "sentence_zh": "体温持续不低于 39.0 °C 达 4 小时后，6 小时内给予托珠单抗。",
                "source": "Zhou 2023, doi:10.3760/cma.j.issn.0253-2727.2023.12.009",
                "hash": "a1" * 32,
            },
            {
                "name": "conventional",
                "sentence": "Give tocilizumab within 6 h once the Lee 2014 CRS grade is at least 3.",
                "sentence_zh": "CRS（Lee 2014）达到 3 级后，6 小时内给予托珠单抗。",
                "source": "Zhou 2023, doi:10.3760/cma.j.issn.0253-2727.2023.12.009",
                "hash": "b2" * 32,
            },
        ],
        "inputs": {"vitals.csv": "c3" * 32, "drugs.csv": "d4" * 32},
        "methods": [
            {
                "en": "Proportions carry Clopper-Pearson intervals; differences are tested by Fisher's exact test.",
                "zh": "比例给出 Clopper-Pearson 精确区间；组间差异用 Fisher 精确检验。",
            }
        ],
        "generated_with": {"polars": "2.1.0", "numpy": "2.4.6"},
        "seed": None,
    }


def empty_results(synthetic: bool = True) -> StudyResults:
    return StudyResults(meta(synthetic), {})


def example_results(
    patients: int = 22, synthetic: bool = True, tocilizumab: bool = True, seed: int = 5
) -> StudyResults:
    chance = random.Random(seed)
    rows: dict[str, list[dict[str, Any]]] = {}

    def add(table: t.Table, **row: Any) -> None:
        rows.setdefault(table.name, []).append(row)

    for index in range(patients):
        _course(add, chance, index, "early" if index < round(patients * 13 / 22) else "conventional", tocilizumab)
    if patients:
        outside = f"P{patients + 1:02d}"
        add(t.COURSES, course_id=outside, patient_id=outside, time_zero=_zero(patients), set_by="infusion",
            precision="minute", infusions=1, age_y=31.0)  # fmt: skip
        add(t.ARMS, course_id=outside, arm=None, why="first dose 2 h before the trigger of either strategy")
        _curves(add, chance, rows)
        _effects(add, patients)
        _table1(add)
        _days(add, rows)
        _sensitivity(add, patients)
    _fixed(add, patients)
    frames = {c.name: c.frame(rows.get(c.name)) for c in (*t.STUDY_TABLES, *t.DERIVED_TABLES)}
    return StudyResults(meta(synthetic), {name: frame for name, frame in frames.items() if name != "evidence"})


def _zero(index: int) -> datetime:
    return datetime(2020, 1, 1, 10, tzinfo=UTC) + timedelta(days=17 * index)


def _course(add: Any, chance: random.Random, index: int, arm: str, tocilizumab: bool) -> None:
    course, early = f"P{index + 1:02d}", arm == "early"
    add(t.COURSES, course_id=course, patient_id=course, time_zero=_zero(index), set_by="infusion", precision="minute",
        product="CD19 CAR-T", dose=3e6, infusions=1, age_y=float(chance.randint(7, 60)))  # fmt: skip
    onset = int(chance.uniform(0.6, 4.5) * DAY)
    high = onset + chance.randint(300, 900)
    due = high + 240 if early else high + chance.randint(600, 1500)
    given = due + chance.randint(10, 330)
    length = chance.randint(1800, 3600) if early else chance.randint(3600, 7200)
    end = given + length
    worst = chance.choice([1, 1, 2, 2, 3]) if early else chance.choice([3, 3, 3, 4])
    minute = 0
    while minute < end + 2 * DAY:
        beside = math.exp(-(((minute - (high + given) / 2) / (700 if early else 1300)) ** 2))
        value = 36.7 + 3.1 * beside * (onset < minute < end) + chance.gauss(0, 0.25)
        add(t.READINGS, course_id=course, minute=minute, temperature=round(value, 1), source_row=minute + 1)
        minute += chance.choice([120, 180, 240, 240, 240, 300]) if chance.random() > 0.04 else 720
    steps = [
        (onset, 1),
        (high, min(2, worst)),
        (due if not early else high + 500, worst),
        (given + length // 3, 1),
        (end, 0),
    ]
    steps.sort()
    add(
        t.GRADES,
        course_id=course,
        scale=SCALE,
        **{"from": 0, "to": onset},
        grade=0,
        grade_at_most=0,
        deciding="",
        flags="",
    )
    for (start, grade), (stop, _) in itertools.pairwise(steps):
        if stop > start:
            add(
                t.GRADES,
                course_id=course,
                scale=SCALE,
                **{"from": start, "to": stop},
                grade=grade,
                grade_at_most=min(4, grade + (grade > 1)),
                deciding="fever" if grade == 1 else "pressure",
                flags="",
            )
    add(
        t.EPISODES,
        course_id=course,
        scale=SCALE,
        episode=1,
        onset=onset,
        end=end,
        closed_at=end + DAY,
        closed_by="resolved",
        max_grade=worst,
        max_grade_at_most=min(4, worst + 1),
        max_grade_at=steps[2][0],
        hours_grade_1=20.5,
        hours_grade_2=8.0,
        hours_grade_3=6.0 * (worst > 2),
        hours_grade_4=3.0 * (worst > 3),
        flags="",
    )
    if index % 4 == 0:
        add(t.EPISODES, course_id=course, scale="astct_icans", episode=1, onset=given + 700, end=None, closed_at=None,
            closed_by="still_open", max_grade=1 + index % 3, max_grade_at_most=3, max_grade_at=given + 900,
            hours_grade_1=12.0, hours_grade_2=0.0, hours_grade_3=0.0, hours_grade_4=0.0, flags="")  # fmt: skip
    if tocilizumab:
        add(
            t.MARKS,
            course_id=course,
            minute=given,
            to=None,
            group="tocilizumab",
            drug="tocilizumab",
            text="480 mg (8.0 mg/kg)",
        )
        if worst > 3:
            add(
                t.MARKS,
                course_id=course,
                minute=given + 600,
                to=None,
                group="tocilizumab",
                drug="tocilizumab",
                text="480 mg (8.0 mg/kg)",
            )
    add(t.MARKS, course_id=course, minute=0, to=None, group="car_t", drug="CAR-T", text=None)
    for hour in (2, 9, 15):
        add(
            t.MARKS,
            course_id=course,
            minute=onset + 60 * hour,
            to=None,
            group="antipyretic",
            drug="paracetamol",
            text="500 mg",
        )
    if worst > 2:
        add(t.MARKS, course_id=course, minute=given + 120, to=None, group="steroid", drug="dexamethasone", text="10 mg")
        add(
            t.MARKS,
            course_id=course,
            minute=due - 60,
            to=given + 800,
            group="vasopressor",
            drug="norepinephrine",
            text="0.1 ug/kg/min",
        )
    add(t.ARMS, course_id=course, arm=arm, due_at=due, given_at=given if tocilizumab else None,
        why=f"followed {arm}: given {(given - due) / 60:.1f} h after due")  # fmt: skip
    for name in ARMS:
        yes = name == arm
        add(
            t.FOLLOW,
            course_id=course,
            strategy=name,
            due_at=due if yes else None,
            due_known_at=due if yes else None,
            given_at=given if tocilizumab else None,
            delay=given - due if yes else None,
            departs_at=None if yes else given,
            followed="yes" if yes else "early",
        )
    stop = chance.expovariate(1 / (420 if early else 130)) + (20 if early else 4)
    event = int(stop < 900 and chance.random() < 0.85)
    stop, died = min(stop, 1100.0), event and chance.random() < 0.6
    add(t.ENDPOINTS, course_id=course, endpoint="efs", start=0.0, stop=stop, event=event,
        value=("death" if died and stop < 60 else "relapse") if event else None)  # fmt: skip
    add(
        t.ENDPOINTS,
        course_id=course,
        endpoint="os",
        start=0.0,
        stop=stop + (chance.uniform(0, 200) if not (died and stop < 60) else 0),
        event=int(bool(died)),
        value="infection" if died else None,
    )
    if early or chance.random() < 0.6:
        add(t.ENDPOINTS, course_id=course, endpoint="mrd_negative_cr", start=0.0, stop=28.0, event=1, value="cr")


def _curves(add: Any, chance: random.Random, rows: dict[str, list[dict[str, Any]]]) -> None:
    arm_of = {r["course_id"]: r["arm"] for r in rows["arms"]}
    for outcome, kind in (
        ("EFS from infusion", "survival"),
        ("OS from infusion", "survival"),
        ("CRS death", "incidence"),
    ):
        name = "os" if outcome.startswith("OS") else "efs"
        for arm in ARMS:
            times = sorted(
                (r["stop"], r["event"])
                for r in rows["endpoints"]
                if r["endpoint"] == name and arm_of[r["course_id"]] == arm
            )
            if not times:
                continue
            left, share = len(times), 1.0
            base = {"outcome": outcome, "kind": kind, "arm": arm}
            start = 1.0 if kind == "survival" else 0.0
            add(t.CURVES, **base, time=0.0, at_risk=left, events=0, censored=0, estimate=start, low=start, high=start)
            for stop, event in times:
                share *= 1 - event / left
                value = share if kind == "survival" else (1 - share) / 5
                spread = 1.5 * math.sqrt(max(value * (1 - value), 0.0) / max(left, 1))
                add(t.CURVES, **base, time=stop, at_risk=left, events=event, censored=1 - event, estimate=value,
                    low=max(0.0, value - spread), high=min(1.0, value + spread))  # fmt: skip
                left -= 1
            for k in range(0, 37, 6):
                add(
                    t.AT_RISK,
                    outcome=outcome,
                    arm=arm,
                    time=k * 30.4375,
                    at_risk=sum(stop >= k * 30.4375 for stop, _ in times),
                )


def _effects(add: Any, patients: int) -> None:
    a = round(patients * 13 / 22)
    b = patients - a
    hits = {"early": round(a * 11 / 13), "conventional": round(b * 5 / 9)}
    sizes = {"early": a, "conventional": b}
    same = {"level": 0.95, "note": "", "spec_hash": "3f5c9a1b"}
    for arm in ARMS:
        n = sizes[arm]
        add(
            t.EFFECTS,
            outcome="MRD-negative CR",
            contrast=arm,
            measure="proportion",
            estimate=hits[arm] / n if n else None,
            low=0.5455 if n else None,
            high=0.9808 if n else None,
            p=None,
            method="Clopper-Pearson",
            n=n,
            events=hits[arm],
            **same,
        )
    pair = {"contrast": "early v conventional", "n": patients}
    add(
        t.EFFECTS,
        outcome="MRD-negative CR",
        measure="risk difference",
        estimate=0.2906,
        low=-0.0712,
        high=0.5961,
        p=0.1778,
        method="Newcombe interval; Fisher exact test",
        events=sum(hits.values()),
        **pair,
        **same,
    )
    for arm, estimate, low, high in (("early", 7.0, 3.0, 11.0), ("conventional", 2.0, None, 5.0)):
        for measure in ("median (log-log)", "median (SPSS)"):
            add(
                t.EFFECTS,
                outcome="EFS from infusion",
                contrast=arm,
                measure=measure,
                estimate=estimate * 30.4375,
                low=low and low * 30.4375,
                high=high * 30.4375,
                p=None,
                method=f"Kaplan-Meier, {measure[8:-1]} interval",
                n=sizes[arm],
                events=6,
                **same,
            )
    add(
        t.EFFECTS,
        outcome="EFS from infusion",
        measure="log-rank",
        estimate=None,
        low=None,
        high=None,
        p=0.00004,
        method="log-rank, two-sided",
        events=12,
        **pair,
        **same,
    )
    add(
        t.EFFECTS,
        outcome="OS from infusion",
        contrast="early",
        measure="median (log-log)",
        estimate=None,
        low=210.0,
        high=None,
        p=None,
        method="Kaplan-Meier, log-log interval",
        n=a,
        events=4,
        level=0.95,
        note="curve stays above one half",
        spec_hash="3f5c9a1b",
    )
    for arm, deaths in (("early", 0), ("conventional", 1)):
        n = sizes[arm]
        add(
            t.EFFECTS,
            outcome="CRS death",
            contrast=arm,
            measure="proportion",
            estimate=deaths / n if n else None,
            low=0.0,
            high=0.2471 if arm == "early" else 0.4825,
            p=None,
            method="Clopper-Pearson",
            n=n,
            events=deaths,
            **same,
        )
    add(t.EFFECTS, outcome="CRS death", measure="risk difference", estimate=-0.1111, low=-0.4350, high=0.1415, p=1.0,
        method="Newcombe interval; Fisher exact test", events=1, **pair, **same)  # fmt: skip


def _table1(add: Any) -> None:
    cells = [
        ("age, years", "median [Q1, Q3]", "28 [15, 41]", "33 [19, 46]", 0.31),
        ("age, years", "range", "7 to 58", "9 to 60", 0.31),
        ("sex", "female", "5/13 (38.46 %)", "4/9 (44.44 %)", 0.12),
        ("sex", "male", "8/13 (61.54 %)", "5/9 (55.56 %)", 0.12),
        ("marrow blasts, %", "median [Q1, Q3]", "12 [4, 36]", "48 [22, 71]", 1.02),
    ]
    for variable, level, left, right, smd in cells:
        for arm, text, n in (("early", left, 13), ("conventional", right, 9)):
            add(
                t.TABLE1,
                variable=variable,
                level=level,
                arm=arm,
                text=text,
                n=n,
                missing=0,
                smd=smd,
                smd_by_chance=0.43,
            )


def _days(add: Any, rows: dict[str, list[dict[str, Any]]]) -> None:
    arm_of = {r["course_id"]: r["arm"] for r in rows["arms"] if r["arm"]}
    for arm in ARMS:
        inside = [c for c, a in arm_of.items() if a == arm]
        for day in range(15):
            tally: dict[int | None, int] = {}
            for course in inside:
                runs = [
                    r
                    for r in rows["grades"]
                    if r["course_id"] == course and r["from"] < (day + 1) * DAY and r["to"] > day * DAY
                ]
                worst: int | None = max((r["grade"] for r in runs), default=0)
                worst = None if day > 10 and int(course[1:]) % 5 == 0 else worst
                tally[worst] = tally.get(worst, 0) + 1
            for grade, n in tally.items():
                add(t.DAYS, scale=SCALE, arm=arm, day=day, grade=grade, courses=n)


def _sensitivity(add: Any, patients: int) -> None:
    a = round(patients * 13 / 22)
    for parameter, chosen in (
        ("fever threshold", {"38.5 °C": 2, "39.0 °C": 0, "39.5 °C": -4}),
        ("longest gap", {"4 h": -5, "6 h": 0, "8 h": 1}),
    ):
        for value, shift in chosen.items():
            for arm, n in (("early", a + min(shift, 0)), ("conventional", patients - a), ("none", 1 + max(0, -shift))):
                moved = " ".join(f"P{k:02d}" for k in range(1, 1 + abs(shift)))
                add(
                    t.SENSITIVITY,
                    parameter=parameter,
                    value=value,
                    is_default=shift == 0,
                    arm=arm,
                    courses=max(n, 0),
                    moved=moved,
                )


def _fixed(add: Any, patients: int) -> None:
    add(t.WARNINGS, slug="design.arm-defined-by-outcome", arm="conventional", serious=True,
        text="100 % severe CRS in this arm is by construction: the strategy waits for grade 3.",
        text_zh="该组 100 % 为重度 CRS 系定义所致：该策略等到 3 级才用药。")  # fmt: skip
    add(
        t.WARNINGS,
        slug="design.immortal-time",
        arm=None,
        serious=True,
        text="Infusion to trigger is survived by definition; from infusion the later arm looks better than it is.",
        text_zh="回输至触发之间的时间按定义必然存活（永恒时间偏倚）。",
    )
    add(
        t.WARNINGS,
        slug="design.small",
        arm=None,
        serious=False,
        text="Fewer than 10 courses in one arm.",
        text_zh="有一组少于 10 个疗程。",
    )
    add(
        t.ATTRITION,
        step="CAR-T infusion recorded",
        courses_in=patients + 4,
        courses_out=patients + 2,
        why="two stays without an infusion",
    )
    add(t.ATTRITION, step="temperatures supplied", courses_in=patients + 2, courses_out=patients + 2, why="")
    add(
        t.ATTRITION,
        step="CRS and tocilizumab",
        courses_in=patients + 2,
        courses_out=patients + 1,
        why="one course without tocilizumab",
    )
    add(
        t.ATTRITION,
        step="follows one strategy",
        courses_in=patients + 1,
        courses_out=patients,
        why="dose before any trigger",
    )
    for name, value, default, tag in (
        ("longest_gap", "6 h", "6 h", "R"),
        ("temperature", "39.0 °C", "38.5 °C", "V2"),
        ("within", "6 h", "6 h", "Mm"),
    ):
        add(
            t.PARAMETERS,
            name=name,
            value=value,
            default=default,
            tag=tag,
            source="Zhou 2023, abstract",
            words="when fever counts as sustained",
        )
    add(t.COUNTS, what="hours on an estimated FiO2", arm="early", value=12.5, unit="h", note="flow table")
    add(t.COUNTS, what="tocilizumab dose", arm="all", value=8.0, unit="mg/kg", note="median of first doses")
    add(
        t.CITATIONS,
        key="lee2019",
        text="Lee DW et al. ASTCT consensus grading. BBMT 2019;25:625",
        doi="10.1016/j.bbmt.2018.12.758",
        used_for="grades",
    )
    add(
        t.FINDINGS,
        code="P.temperature-fahrenheit",
        source="vitals.csv",
        row=118,
        count=214,
        what="values between 95 and 107",
        done="read as °F and converted",
        effect="changed",
        needs_decision=True,
    )
    add(
        t.FINDINGS,
        code="M.site-missing",
        source="vitals.csv",
        row=None,
        count=9031,
        what="no site of measurement",
        done="taken as recorded",
        effect="noted",
        needs_decision=False,
    )
    add(t.ACCOUNT, source="vitals.csv", rows=9031, used=9000, excluded=21, not_needed=10)


def named(results: StudyResults, **tables: pl.DataFrame) -> StudyResults:
    """The same results with some tables exchanged."""
    return StudyResults(results.meta, {**results.tables, **tables})
