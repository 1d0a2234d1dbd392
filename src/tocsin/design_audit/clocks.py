"""Faults 3, 5 and 6: when the clock starts, when the arm is known, and in which years."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist, median
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.design_audit.definitions import NO_COURSE, required
from tocsin.design_audit.found import (
    AuditParameters,
    Found,
    Verdict,
    assigned,
    open_question,
    reached,
    spread_words,
    worse,
    zh,
)
from tocsin.grades import NEUROTOXICITY, SCALES
from tocsin.report.numbers import count_of, fixed
from tocsin.tables.audit import BEFORE_ASSIGNMENT, CALENDAR, OVERLAP

if TYPE_CHECKING:
    from tocsin.study.cohort import Study

ICANS = "astct_icans"
SEVERE_CRS, SEVERE_ICANS, EFS = "severe CRS", "severe ICANS", "EFS event"
OUTCOMES_ZH = {SEVERE_CRS: "重度 CRS", SEVERE_ICANS: "重度 ICANS", EFS: "EFS 事件"}
NO_ARM = ("no course is in an arm", "没有疗程进入任何组")
SHIFTED_YEAR = 2100  # de-identified records move dates patient by patient, into years that have not come


# --- 3 -------------------------------------------------------------------------------------------------------------


def overlapping(study: Study, parameters: AuditParameters) -> Found:
    """Fault 3: the outcome could come, or came, while it was still open to which arm a course belongs."""
    if not study.in_arms:
        return open_question(*(NO_ARM if study.courses.height else NO_COURSE), OVERLAP.empty())
    rows = _overlap_rows(study)
    frame = OVERLAP.frame(rows)
    before = [row for row in rows if row["outcome"] and not row["by_definition"]]
    said, said_zh, verdicts = list[str](), list[str](), list[Verdict]()
    for arm in study.arm_names:
        hours = list({r["course_id"]: r["immortal_h"] for r in rows if r["arm"] == arm}.values())
        if hours and max(hours) > 0:
            verdicts.append("serious" if median(hours) > parameters.immortal_h else "note")
            spread = spread_words(hours)
            said.append(f"{arm}: {spread[0]} ({fixed(sum(hours), 1)} h in all)")
            said_zh.append(f"{zh(arm)}：{spread[1]}（合计 {fixed(sum(hours), 1)} 小时）")
    unsure = len(unsure_before_dose(study) - {row["course_id"] for row in rows if row["outcome"]})
    if not verdicts and not before and unsure:
        why = (f"in {unsure} of {len(study.in_arms)} courses severe CRS before the dose is neither proved nor excluded",
               f"{len(study.in_arms)} 个疗程中有 {unsure} 个，用药前是否已有重度 CRS 既未证实也不能排除")  # fmt: skip
        return open_question(*why, frame)
    if not verdicts and not before:
        text = "Every first dose came in the minute it was due, and no outcome came before a dose."
        return Found("not_found", text, "每次首剂都在触发的同一分钟给予，且没有结局早于用药。", frame)
    text = f"Hours from trigger to dose, in which nobody could fail in this arm: {'; '.join(said)}." if said else ""
    text_zh = f"自触发至用药，在该组不可能发生事件的时间：{'；'.join(said_zh)}。" if said else ""
    if before:
        verdicts.append("serious")
        text += (
            f" Outcomes already there at the dose, and counted in the arm of that dose: {_before_words(study, before)}."
        )
        text_zh += f"用药时结局已出现，却计入该次用药所属的组：{_before_words(study, before, True)}。"
    by_rule = len({row["course_id"] for row in rows if row["by_definition"]})
    if by_rule:
        text += f" In {by_rule} courses the rule waits for the outcome (fault 1)."
        text_zh += f"{by_rule} 个疗程的规则即以结局为条件（见第 1 项）。"
    if unsure:
        text += f" In {unsure} courses severe CRS before the dose cannot be excluded."
        text_zh += f"{unsure} 个疗程不能排除用药前已有重度 CRS。"
    arms = dict.fromkeys(r["arm"] for r in rows if r["immortal_h"] > 0 or (r["outcome"] and not r["by_definition"]))
    shown = {r["course_id"] for r in rows if r["immortal_h"] > 0 or r["outcome"]}
    return Found(worse(verdicts), text.strip(), text_zh, frame, tuple(arms), len(shown))


def _overlap_rows(study: Study) -> list[dict[str, Any]]:
    """A row a course and outcome at or before its dose; a course without one has one row."""
    outcomes = {SEVERE_CRS: reached(study, study.scale, SCALES[study.scale].severe),
                SEVERE_ICANS: reached(study, ICANS, SCALES[ICANS].severe), EFS: _efs_minutes(study)}  # fmt: skip
    waits = {arm: _severe_by_rule(study, arm) for arm in study.arm_names}
    made = list[dict[str, Any]]()
    for course in assigned(study):
        name, due, given = course["course_id"], course["due_at"], course["given_at"]
        arm = str(course["arm"])
        base = {**course, "window_to": due + study.file.strategies[arm].within, "immortal_h": (given - due) / 60}
        before = {o: at[name][0] for o, at in outcomes.items() if name in at and at[name][0] <= given}
        made += [{**base, "outcome": o, "outcome_at": at, "by_definition": o in waits[arm]} for o, at in before.items()]
        made += [] if before else [{**base, "outcome": None, "outcome_at": None, "by_definition": False}]
    return made


def unsure_before_dose(study: Study) -> set[str]:
    """Courses in arms in which severe CRS by the first dose is not excluded, or whose grade then nobody knows."""
    given = study.arms.filter(pl.col("arm").is_not_null()).select("course_id", "given_at")
    runs = study.grading.grades.filter((pl.col("scale") == study.scale) & (pl.col("to").is_null() | (pl.col("to") > 0)))
    before = given.join(runs, on="course_id").filter(pl.col("from") <= pl.col("given_at"))
    possible = before.filter(pl.col("grade_at_most") >= SCALES[study.scale].severe).get_column("course_id")
    return set(possible) | (set(given.get_column("course_id")) - set(before.get_column("course_id")))


def _severe_by_rule(study: Study, arm: str) -> set[str]:
    """Severe toxicities that the rule of an arm waits for."""
    waits = required(study.file.strategies[arm].when, study.scale)
    return {SEVERE_ICANS if scale in NEUROTOXICITY else SEVERE_CRS for scale, grade in waits.items()
            if grade >= SCALES[scale].severe}  # fmt: skip


def _efs_minutes(study: Study) -> dict[str, tuple[int, str]]:
    """Last minute at which an event of EFS can have happened: one known to the day may be anywhere in it."""
    rows = study.endpoints.filter((pl.col("endpoint") == "efs") & (pl.col("event") == 1) & pl.col("stop").is_not_null())
    return {c: (round((stop + 1) * 1440), "") for c, stop in rows.select("course_id", "stop").iter_rows()}


def _before_words(study: Study, rows: list[dict[str, Any]], chinese: bool = False) -> str:
    """`early 2/13 severe CRS`, by arm and outcome."""
    parts = list[str]()
    for arm in study.arm_names:
        for outcome in OUTCOMES_ZH:
            hit = len({r["course_id"] for r in rows if r["arm"] == arm and r["outcome"] == outcome})
            if hit:
                share = count_of(hit, len(study.members[arm]))
                parts.append(f"{zh(arm)}{OUTCOMES_ZH[outcome]} {share}" if chinese else f"{arm}, {outcome} {share}")
    return ("；" if chinese else "; ").join(parts)


# --- 6 -------------------------------------------------------------------------------------------------------------


def before_assignment(study: Study, parameters: AuditParameters) -> Found:
    """Fault 6: survival counts from time zero, yet a course is in its arm only from its first dose."""
    if not study.in_arms:
        return open_question(*(NO_ARM if study.courses.height else NO_COURSE), BEFORE_ASSIGNMENT.empty())
    rows = [{**row, "hours": row["given_at"] / 60} for row in assigned(study)]
    said, said_zh, verdicts, arms = list[str](), list[str](), list[Verdict](), list[str]()
    for arm in study.arm_names:
        hours = [row["hours"] for row in rows if row["arm"] == arm]
        if not hours or max(hours) <= 0:
            continue
        verdicts.append("serious" if median(hours) > parameters.immortal_h else "note")
        spread = spread_words(hours)
        arms.append(arm)
        said.append(f"{arm}: {spread[0]} ({fixed(sum(hours) / 24, 1)} days in all)")
        said_zh.append(f"{zh(arm)}：{spread[1]}（合计 {fixed(sum(hours) / 24, 1)} 天）")
    frame = BEFORE_ASSIGNMENT.frame(rows).sort("course_id")
    if not verdicts:
        text = "Every first dose was given at time zero: the arm is known when the clock starts."
        return Found("not_found", text, "首剂均在时间零点给予：开始计时之时即已分组。", frame)
    zero = study.file.cohort.time_zero
    text = (f"The clock starts at time zero ({zero}), the arm is known at the first dose. Hours between, in which "
            f"every course of the arm survived by definition: {'; '.join(said)}. Who died, recovered or was treated "
            "otherwise before is in no arm, and survival from time zero counts these hours as survived.")  # fmt: skip
    text_zh = (f"自时间零点（{zh(zero)}）开始计时，而首剂时才知属于哪组。其间该组每个疗程按定义都存活："
               f"{'；'.join(said_zh)}。在此之前死亡、好转或接受其他处理者不在任何组；"
               "自时间零点起的生存把这些时间都算作存活。")  # fmt: skip
    return Found(worse(verdicts), text, text_zh, frame, tuple(arms), sum(row["hours"] > 0 for row in rows))


# --- 5 -------------------------------------------------------------------------------------------------------------


def auc_interval(auc: float, m: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Limits of the share of pairs in which one arm is later: Newcombe 2006, method 5; never empty at 0 or 1.

    The score equation `|auc - t| = z sqrt(V(t))` with Hanley and McNeil's variance at t, both sizes less one replaced
    by their mean less one; each side by bisection.
    """
    z, star = NormalDist().inv_cdf((1 + level) / 2), (m + n) / 2 - 1

    def inside(t: float) -> bool:
        variance = t * (1 - t) / (m * n) * (1 + star * (1 - t) / (2 - t) + star * t / (1 + t))
        return abs(auc - t) <= z * sqrt(variance)

    def edge(end: float) -> float:
        near, far = auc, end
        if inside(end):
            return end
        for _ in range(60):
            middle = (near + far) / 2
            near, far = (middle, far) if inside(middle) else (near, middle)
        return near

    return edge(0.0), edge(1.0)


def historical(study: Study, parameters: AuditParameters) -> Found:
    """Fault 5: calendar time tells the arms apart."""
    pairs = [pair for pair in study.pairs if all(study.members[arm] for arm in pair)]
    if not pairs:
        why = ("fewer than two arms hold a course", "有疗程的组不足两个")
        return open_question(*why, CALENDAR.empty())
    zeros = study.facts.select("course_id", "arm", "time_zero").sort("course_id").to_dicts()
    if any(row["time_zero"].year >= SHIFTED_YEAR for row in zeros):
        why = ("the dates lie in years to come: they were shifted to hide who is meant, and nobody knows the order "
               "of the courses", "日期在未来年份：为去标识而移动过，各疗程先后不明")  # fmt: skip
        return open_question(*why, CALENDAR.empty())
    rows, said, said_zh, verdicts, arms = list[dict[str, Any]](), list[str](), list[str](), list[Verdict](), list[str]()
    for pair in pairs:
        mine = _calendar_rows(study, pair, zeros)
        rows += mine
        verdict, words, words_zh = _era(study, pair, mine, parameters)
        verdicts.append(verdict)
        arms += pair if verdict in ("serious", "note") else ()
        said.append(words)
        said_zh.append(words_zh)
    frame = CALENDAR.frame(rows).sort("contrast", "course_id")
    verdict = worse(verdicts)
    concerned = tuple(dict.fromkeys(arms))
    count = sum(len(study.members[arm]) for arm in concerned)
    return Found(verdict, " ".join(said), "".join(said_zh), frame, concerned, count)


def eras_differ(study: Study) -> bool:
    """Whether calendar time is found to differ between any two arms (fault 5, serious or to know)."""
    return historical(study, AuditParameters()).verdict in ("serious", "note")


def _calendar_rows(study: Study, pair: tuple[str, str], zeros: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_arm = {arm: [row["time_zero"] for row in zeros if row["arm"] == arm] for arm in pair}
    made = list[dict[str, Any]]()
    for row in zeros:
        if row["arm"] not in pair:
            continue
        others = by_arm[pair[1] if row["arm"] == pair[0] else pair[0]]
        later = sum(t < row["time_zero"] for t in others) + 0.5 * sum(t == row["time_zero"] for t in others)
        month = row["time_zero"].astimezone(_zone(study)).strftime("%Y-%m")
        made.append({"contrast": " v ".join(pair), **row, "month": month, "later_than": later, "of": len(others)})
    return made


def _zone(study: Study) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(study.records.zone)


def _era(
    study: Study, pair: tuple[str, str], rows: list[dict[str, Any]], parameters: AuditParameters
) -> tuple[Verdict, str, str]:
    m, n = (len(study.members[arm]) for arm in pair)
    auc = sum(row["later_than"] for row in rows if row["arm"] == pair[0]) / (m * n)
    level = study.file.study.level
    low, high = auc_interval(auc, m, n, level)
    later = pair[0] if auc >= 0.5 else pair[1]
    if auc < 0.5:
        auc, low, high = 1 - auc, 1 - high, 1 - low
    verdict: Verdict = "not_found" if low <= 0.5 else "serious" if auc > parameters.auc_serious else "note"
    verdict = "cannot_be_said" if low <= 0.5 and auc > parameters.auc_serious else verdict
    spans = {arm: _span([row["month"] for row in rows if row["arm"] == arm]) for arm in pair}
    number = f"{fixed(auc, 2)} ({fixed(100 * level, 0)} % CI {fixed(low, 2)} to {fixed(high, 2)})"
    number_zh = number.replace(" to ", " 至 ")
    head = {"serious": "Calendar time separates the arms", "note": "Calendar time differs between the arms",
            "cannot_be_said": "Calendar time may separate the arms, but the courses are too few to say",
            "not_found": "The arms lie in the same years as far as these numbers can tell"}[verdict]  # fmt: skip
    head_zh = {"serious": "日历时间可把两组分开", "note": "两组的日历时间不同",
               "cannot_be_said": "日历时间可能把两组分开，但疗程太少，无法判断",
               "not_found": "就这些数据而言，两组处于相同年代"}[verdict]  # fmt: skip
    text = (f"{head}: AUC of the date of time zero for arm {number}; 0.5 = same time; {later} later "
            f"({'; '.join(f'{arm} {span[0]} to {span[1]}' for arm, span in spans.items())}).")  # fmt: skip
    text_zh = (f"{head_zh}：时间零点日期区分组别的 AUC 为 {number_zh}，0.5 为同期；"
               f"{zh(later)}较晚（{'；'.join(f'{zh(a)} {span[0]} 至 {span[1]}' for a, span in spans.items())}）。"
               )  # fmt: skip
    if verdict in ("serious", "note"):
        text += " Whatever else changed with the years is in every difference."
        text_zh += "历年的其他变化都混入每一项差异。"
    return verdict, text, text_zh


def _span(months: list[str]) -> tuple[str, str]:
    return min(months), max(months)
