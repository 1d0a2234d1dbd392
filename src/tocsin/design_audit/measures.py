"""Faults 7 and 8: a grade that the drug itself moves, and numbers too small to compare."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.design_audit.definitions import NO_COURSE
from tocsin.design_audit.found import AuditParameters, Found, Verdict, open_question, worse, zh
from tocsin.effects.power import detectable_proportion
from tocsin.grades import SCALES, grade_runs
from tocsin.grading import deaths_due_to
from tocsin.report.numbers import count_of, fixed
from tocsin.sentences import scale_words
from tocsin.tables.audit import DETECTABLE, WAIVER

if TYPE_CHECKING:
    from tocsin.study.cohort import Study

WAIVED = "fever_waived"
EXACT, NORMAL = "Fisher's exact test, two-sided 5 %, all tables added up", "normal approximation at shares of one half"
MOST_TABLES = 400_000  # beyond about 600 v 600 the normal approximation stands for adding up every table
OUTCOMES_ZH = {"severe CRS": "重度 CRS", "CRS death": "CRS 相关死亡", "MRD-negative CR": "MRD 阴性完全缓解"}


# --- 7 -------------------------------------------------------------------------------------------------------------


def waived_grade(study: Study, parameters: AuditParameters) -> Found:
    """Fault 7: the drug takes away the fever that the grade asks for; the waiver lets it count on."""
    del parameters
    scale = SCALES[study.scale]
    if WAIVED not in scale.columns:
        text = f"The scale {scale_words(study.scale)} has no fever waiver."
        return Found("not_found", text, f"{scale_words(study.scale)} 标准没有发热豁免。", WAIVER.empty())
    if not _fever_known(study):
        why = (
            ("no temperature is known at any hour of a course", "任何疗程都没有已知体温")
            if study.courses.height
            else NO_COURSE
        )
        return open_question(*why, WAIVER.empty())
    frame = regraded(study)
    differ = frame.filter((pl.col("grade") != pl.col("grade_without")) | (pl.col("hours") != pl.col("hours_without"))
                          | (pl.col("hours_severe") != pl.col("hours_severe_without")))  # fmt: skip
    inside = differ.filter(pl.col("arm").is_not_null())
    if inside.is_empty():
        text = "Graded again without the fever waiver, no course of an arm has another grade at any hour."
        return Found("not_found", text, "去掉发热豁免重新分级，各组疗程任何时刻的分级均不变。", differ)
    severe = scale.severe
    turned = inside.filter((pl.col("grade") >= severe) != (pl.col("grade_without") >= severe)).height
    said, said_zh = list[str](), list[str]()
    for arm in study.arm_names:
        mine = inside.filter(pl.col("arm") == arm)
        n = len(study.members[arm])
        lost = float((mine.get_column("hours") - mine.get_column("hours_without")).sum())
        other = mine.filter(pl.col("grade") != pl.col("grade_without")).height
        said.append(f"{arm}: {count_of(mine.height, n)} with other grades, {fixed(lost, 1)} h above 0 gone, another "
                    f"highest grade in {other}")  # fmt: skip
        said_zh.append(
            f"{zh(arm)}：{count_of(mine.height, n)} 分级有变，0 级以上减少 {fixed(lost, 1)} 小时，最高级别改变 "
            f"{other} 例"
        )
    text = (f"After an antipyretic, a steroid or an anticytokine drug {scale_words(study.scale)} no longer asks for "
            f"fever. Graded again without that waiver: {'; '.join(said)}. In {turned} courses it decides whether CRS "
            "was severe.")  # fmt: skip
    text_zh = (f"用退热药、激素或抗细胞因子药后，{scale_words(study.scale)} 不再要求发热。去掉该豁免重新分级："
               f"{'；'.join(said_zh)}。其中 {turned} 个疗程是否为重度 CRS 取决于豁免。")  # fmt: skip
    arms = tuple(arm for arm in study.arm_names if arm in set(inside.get_column("arm")))
    verdict: Verdict = "serious" if turned else "note"
    return Found(verdict, text, text_zh, differ, arms, inside.height)


def _fever_known(study: Study) -> bool:
    """Whether fever is known, there or not, at any minute inside a stay."""
    known = study.grading.signs.codes.filter(pl.col("covered") & pl.col("fever").is_not_null()).get_column("situation")
    return study.grading.signs.runs.get_column("situation").is_in(known.to_list()).any()


def regraded(study: Study) -> pl.DataFrame:
    """Every graded course with its highest grade and its hours, as published and without the waiver."""
    scale, signs = SCALES[study.scale], study.grading.signs
    deaths = deaths_due_to(study.records, study.courses, "crs", signs.episodes).with_columns(caused=pl.lit(False))
    runs = signs.runs
    if set(scale.columns) - set(signs.codes.columns):
        raise ValueError(f"the signs were made without those of {scale.name}")
    with_it = _summed(grade_runs(scale, runs, signs.codes, deaths), scale.severe)
    barred = signs.codes.with_columns(pl.lit(False).alias(WAIVED))
    without = _summed(grade_runs(scale, runs, barred, deaths), scale.severe).rename(
        {name: f"{name}_without" for name in ("grade", "hours", "hours_severe")}
    )
    given = study.follow.group_by("course_id").agg(given_at=pl.col("given_at").min())
    joined = with_it.join(without, on="course_id").join(study.arms.select("course_id", "arm"), on="course_id")
    return WAIVER.frame(joined.join(given, on="course_id", how="left").sort("course_id"))


def _summed(grades: pl.DataFrame, severe: int) -> pl.DataFrame:
    """course_id, highest grade, hours at 1 or more, hours severe, from time zero on; a run still open adds no hours."""
    after = grades.filter(pl.col("to").is_null() | (pl.col("to") > 0))
    minutes = (pl.col("to") - pl.col("from").clip(lower_bound=0)).fill_null(0)
    hours = {"hours": 1, "hours_severe": severe}
    return after.group_by("course_id").agg(
        pl.col("grade").max(),
        *(minutes.filter(pl.col("grade") >= least).sum().truediv(60).alias(name) for name, least in hours.items()),
    )


# --- 8 -------------------------------------------------------------------------------------------------------------


def tiny(study: Study, parameters: AuditParameters) -> Found:
    """Fault 8: the smallest difference these numbers would show, on the shares seen in the second arm of each pair."""
    pairs = [pair for pair in study.pairs if all(study.members[arm] for arm in pair)]
    if not pairs:
        why = ("fewer than two arms hold a course", "有疗程的组不足两个")
        return open_question(*why, DETECTABLE.empty())
    rows = [row for pair in pairs for row in _detectable_rows(study, pair, parameters)]
    said, said_zh, verdicts, arms = list[str](), list[str](), list[Verdict](), list[str]()
    for pair in pairs:
        mine = [row for row in rows if row["contrast"] == " v ".join(pair)]
        words, words_zh, verdict = _size_words(study, pair, mine, parameters)
        said.append(words)
        said_zh.append(words_zh)
        verdicts.append(verdict)
        arms += pair if verdict != "not_found" else ()
    concerned = tuple(dict.fromkeys(arms))
    said.append(ladder(len(study.in_arms))[0])
    said_zh.append(ladder(len(study.in_arms))[1])
    frame = DETECTABLE.frame(rows).sort("contrast", "outcome")
    count = sum(len(study.members[arm]) for arm in concerned)
    return Found(worse(verdicts), " ".join(said), "".join(said_zh), frame, concerned, count)


def ladder(n: int) -> tuple[str, str]:
    """What so many courses allow (specification of the statistics, 5.6)."""
    if n < 30:
        return (f"{n} courses allow a description, exact tests and sensitivity; no weighted estimate as the main "
                "result.",
                f"{n} 个疗程只可描述、做精确检验与敏感性分析，不宜以加权估计为主要结果。")  # fmt: skip
    if n < 100:
        return (f"{n} courses allow clone-censor-weight as an exploration only.",
                f"{n} 个疗程只可探索性地使用克隆-删失-加权。")  # fmt: skip
    if n < 1000:
        return (f"{n} courses allow clone-censor-weight with bootstrap intervals; power is low.",
                f"{n} 个疗程可用克隆-删失-加权及自助法区间，但把握度低。")  # fmt: skip
    return f"{n} courses allow the full emulation.", f"{n} 个疗程可做完整的目标试验模拟。"


def _detectable_rows(study: Study, pair: tuple[str, str], parameters: AuditParameters) -> list[dict[str, Any]]:
    severe = "severe_crs" if study.scale == "astct_crs" else f"severe_{study.scale}"
    made = list[dict[str, Any]]()
    for endpoint, outcome in (
        (severe, "severe CRS"),
        ("crs_death", "CRS death"),
        ("mrd_negative_cr", "MRD-negative CR"),
    ):
        known = study.outcome(endpoint).filter(pl.col("event").is_not_null())
        mine, other = (known.filter(pl.col("arm") == arm) for arm in pair)
        events = other.filter(pl.col("event") == 1).height
        row = {"contrast": " v ".join(pair), "outcome": outcome, "n": mine.height, "events_other": events,
               "n_other": other.height}  # fmt: skip
        made.append({**row, **_detectable(mine.height, events, other.height, parameters.power)})
    return made


def _detectable(m: int, events: int, n: int, power: float) -> dict[str, Any]:
    if not m or not n:
        return {"below": None, "above": None, "points": None, "method": "no assessable course in an arm"}
    base = events / n
    if (m + 1) * (n + 1) > MOST_TABLES:
        wide = sum(map(NormalDist().inv_cdf, (0.975, power))) * sqrt(0.25 / m + 0.25 / n)
        ends = {"below": base - wide if base >= wide else None, "above": base + wide if base + wide <= 1 else None}
        return {**ends, "points": 100 * wide, "method": f"power {power:.0%}; {NORMAL}"}
    found = detectable_proportion(base, m, n, power=power)
    gaps = [abs(base - value) for value in (found.below, found.above) if value is not None]
    return {"below": found.below, "above": found.above, "points": 100 * min(gaps) if gaps else None,
            "method": f"power {power:.0%}; {EXACT}"}  # fmt: skip


def _size_words(
    study: Study, pair: tuple[str, str], rows: list[dict[str, Any]], parameters: AuditParameters
) -> tuple[str, str, Verdict]:
    m, n = (len(study.members[arm]) for arm in pair)
    parts, parts_zh = list[str](), list[str]()
    for row in rows:
        base = f"{row['outcome']} {count_of(row['events_other'], row['n_other'])}"
        base_zh = f"{OUTCOMES_ZH[row['outcome']]} {count_of(row['events_other'], row['n_other'])}"
        points = row["points"]
        parts.append(f"{base}: {'no difference' if points is None else f'{fixed(points, 0)} points or more'}")
        parts_zh.append(f"{base_zh}：{'任何差异均不能' if points is None else f'至少 {fixed(points, 0)} 个百分点'}")
    known = [row["points"] for row in rows if row["points"] is not None]
    best = min(known, default=None)
    verdict: Verdict = (
        "serious" if best is None or best > parameters.points_serious
        else "note" if best > parameters.points_note else "not_found"
    )  # fmt: skip
    if all("no assessable" in row["method"] for row in rows):
        verdict = "cannot_be_said"
    power = f"{fixed(100 * parameters.power, 0)} %"
    text = (f"{m} v {n} courses. With the share seen in {pair[1]}, a power of {power} finds in {pair[0]} only a "
            f"difference of: {'; '.join(parts)}. Not finding one says little.")  # fmt: skip
    text_zh = (f"{m} 对 {n} 个疗程。以{zh(pair[1])}所见比例为准，{power} 把握度在{zh(pair[0])}只能发现："
               f"{'；'.join(parts_zh)}。未见差异说明不了什么。")  # fmt: skip
    if verdict == "not_found":
        text, text_zh = text.replace(" Not finding one says little.", ""), text_zh.replace("未见差异说明不了什么。", "")
    return text, text_zh, verdict
