"""What makes a comparison misleading, decided from the strategies and the data, never from a study's name.

Serious ones stand above every two-arm estimate. The yardstick: eligibility, assignment and time zero must agree (Hernan
et al., J Clin Epidemiol 2016;79:70).
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

import polars as pl

from tocsin.effects.ranks import mann_whitney
from tocsin.grades import NEUROTOXICITY, SCALES
from tocsin.report.numbers import count_of, fixed
from tocsin.study.cohort import GIVEN, OF_PATIENTS, Study, graded_courses, named
from tocsin.study.ledger import Effects
from tocsin.study.remarks import (
    multiplicity,
    single_arm,
    small,
    swapped_medians,
    undecided_deaths,
    unreviewed,
    waived,
)
from tocsin.study.toxicity import first_minute
from tocsin.study.warned import Warned, chinese
from tocsin.tables import WARNINGS
from tocsin.when import Strategy, When

AUC_SERIOUS = 0.9
OPEN_SERIOUS = 0.2
MUST_NOT_FALL = ("at_least", "above")


def warning_table(study: Study, effects: Effects) -> pl.DataFrame:
    """Serious warnings first, each group in a fixed order."""
    found = [
        *findings_undecided(study), *courses_lost(study), *severity_open(study),
        *outcome_defined(study), *immortal_time(study), *due_elsewhere(study), *conditioned(study), *era(study),
        *single_arm(study), *clustered(study), *small(study), *waived(study), *unreviewed(study),
        *undecided_deaths(study), *multiplicity(effects), *swapped_medians(study),
    ]  # fmt: skip
    rows = [vars(one) for one in (*(w for w in found if w.serious), *(w for w in found if not w.serious))]
    return WARNINGS.frame(rows)


# --- the records --------------------------------------------------------------------------------------------------


def findings_undecided(study: Study) -> Iterator[Warned]:
    """Findings in the records that a person must decide and nobody has: every number rests on them."""
    rows = study.records.findings.filter("needs_decision")
    if rows.is_empty():
        return
    n, count, codes = rows.height, int(rows.get_column("count").sum()), named(sorted(set(rows.get_column("code"))))
    yield Warned(
        "records.findings-undecided",
        f"{n:,} findings in the records need a decision and have none ({count:,} rows; {codes}). Every number below "
        "may change with them:  tocsin check  lists them.",
        f"记录中有 {n:,} 项发现须由人裁定而尚未裁定（{count:,} 行；{codes}）。"
        "以下每个数字都可能因此改变：见 tocsin check。",
        None, True,
    )  # fmt: skip


def courses_lost(study: Study) -> Iterator[Warned]:
    """Patients or stays without a time zero, and a study without any course."""
    steps = study.attrition.get_column("step").to_list()
    first = study.attrition.head(next((k for k, s in enumerate(steps) if s == OF_PATIENTS or s.startswith(GIVEN)), 0))
    left = [row for row in first.to_dicts() if row["courses_out"] < row["courses_in"]]
    if not left and study.courses.height:
        return
    said = "; ".join(f"{row['step']}: {row['courses_out']:,} of {row['courses_in']:,} ({row['why']})" for row in left)
    said_zh = "；".join(
        f"{row['courses_in']:,} {'名患者' if 'patients' in row['step'] else '次住院'}中仅 {row['courses_out']:,} 有疗程"
        for row in left
    )
    n, zero = study.courses.height, study.file.cohort.time_zero
    head = f"Time zero is lacking for part of the records, {n:,} courses are left" if n else "There is no course at all"
    head_zh = f"部分记录没有时间零点，余 {n:,} 个疗程" if n else "没有任何疗程"
    yield Warned(
        "records.courses-lost",
        f"{head}; time zero: {zero}. {said or 'the records hold no patient'}.",
        f"{head_zh}；时间零点：{chinese(zero)}。{said_zh or '记录中没有患者'}。",
        None, True,
    )  # fmt: skip


def severity_open(study: Study) -> Iterator[Warned]:
    """Courses that may have been severe: what was charted neither proves nor excludes it."""
    least = SCALES[study.scale].severe
    runs = study.grading.grades.filter((pl.col("scale") == study.scale) & (pl.col("to").is_null() | (pl.col("to") > 0)))
    worst = runs.group_by("course_id").agg(pl.col("grade").max(), pl.col("grade_at_most").max())
    proved = set(worst.filter(pl.col("grade") >= least).get_column("course_id"))
    may_be = set(worst.filter(pl.col("grade_at_most") >= least).get_column("course_id"))
    may_be |= set(study.in_arms) - graded_courses(study.grading, study.scale)  # nothing graded excludes nothing
    found = {arm: sum(c in may_be and c not in proved for c in mine) for arm, mine in study.members.items()}
    total = sum(found.values())
    if not total:
        return
    share = "; ".join(f"{arm} {count_of(n, len(study.members[arm]))}" for arm, n in found.items())
    share_zh = "；".join(f"{chinese(arm)} {count_of(n, len(study.members[arm]))}" for arm, n in found.items())
    yield Warned(
        "grades.severity-not-excluded",
        f"Grade {least} or more is not proved and cannot be excluded, because a sign was not charted: {share}. Shares "
        "of severe CRS count proved grades only; the true ones may be higher by this much.",
        f"{least} 级及以上未能证实也不能排除（有体征未记录）：{share_zh}。"
        "重度 CRS 的比例只计已证实者，实际可能高出这些。",
        None, total > OPEN_SERIOUS * len(study.in_arms),
    )  # fmt: skip


# --- serious ------------------------------------------------------------------------------------------------------


def outcome_parts(rule: Strategy) -> list[When]:
    """Parts of a trigger that read a CRS grade: an outcome of the study decides who enters the arm."""
    return [part for part in rule.when.parts() if part.grade_of in SCALES and part.grade_of not in NEUROTOXICITY]


def required_grade(when: When) -> float | None:
    """The CRS grade without which the trigger never holds; None where none is required."""
    if when.grade_of in SCALES and when.grade_of not in NEUROTOXICITY:
        how, value = when.edge
        return value + (how == "above") if how in MUST_NOT_FALL else None
    parts = [required_grade(part) for part in (*(when.all or ()), *(when.any or ()))]
    known = [value for value in parts if value is not None]
    if when.all:
        return max(known, default=None)
    return min(known) if when.any and len(known) == len(parts) else None


def outcome_defined(study: Study) -> Iterator[Warned]:
    """Arm defined by the outcome, with the measured share."""
    for arm, rule in study.file.strategies.items():
        if not outcome_parts(rule):
            continue
        required = required_grade(rule.when)
        edge = required if required is not None else max(p.edge[1] for p in outcome_parts(rule))
        scale = outcome_parts(rule)[0].grade_of or study.scale
        first, given = first_minute(study, edge, scale), dict(study.arms.select("course_id", "given_at").iter_rows())
        mine = study.members[arm]
        reached = sum(c in first and first[c] <= given[c] for c in mine)
        share = count_of(reached, len(mine))
        severe, severe_zh = (
            ("severe CRS", "重度 CRS") if edge >= SCALES[scale].severe else (f"CRS grade {edge:g}", f"{edge:g} 级 CRS")
        )
        if required is not None:
            all_of = f"100 % {severe} in this arm is by construction: " if mine else ""
            all_zh = f"本组 100 % 为{severe_zh}，系定义所致：" if mine else ""
            text = (
                f"{all_of}its rule waits for grade {edge:g}, an outcome of this study; {share} had it by the "
                "first dose."
            )
            text_zh = f"{all_zh}规则要等到 {edge:g} 级才用药，而分级本身就是结局；首剂前已达到者 {share}。"
        else:
            text = (
                f"The rule of this arm reads the CRS grade, an outcome of this study; {share} had grade "
                f"{edge:g} or more by the first dose."
            )
            text_zh = f"本组规则读取 CRS 分级，而分级本身就是结局；首剂前已达 {edge:g} 级及以上者 {share}。"
        after = (
            " Patients of its time whose CRS stayed milder are in no arm: the arms differ in severity before any drug."
        )
        after_zh = "同期病情较轻者不在任何组：两组在用药前严重程度已不同。"
        yield Warned("design.arm-defined-by-outcome", text + after, text_zh + after_zh, arm, True)


def immortal_time(study: Study) -> Iterator[Warned]:
    """Arm assigned after time zero: hours in which a course of the arm could not have failed."""
    for arm, mine in study.members.items():
        rows = study.arms.filter(pl.col("course_id").is_in(mine))
        hours = sorted(
            (given if given is not None else due) / 60 for due, given in rows.select("due_at", "given_at").iter_rows()
        )
        if not hours or hours[-1] <= 0:
            continue
        due = median(v / 60 for v in rows.get_column("due_at"))
        said = f"median {fixed(median(hours), 1)} h, range {fixed(hours[0], 1)} to {fixed(hours[-1], 1)} h"
        said_zh = f"中位 {fixed(median(hours), 1)} 小时，范围 {fixed(hours[0], 1)} 至 {fixed(hours[-1], 1)} 小时"
        yield Warned(
            "design.assigned-after-time-zero",
            f"Immortal time: a course belongs here only once its first dose is given, {said} after time zero (due at a "
            f"median of {fixed(due, 1)} h). Until then it could not have failed in this arm; whoever died, "
            "recovered or "
            "was treated otherwise before is not in it. Survival from time zero counts these hours as survived.",
            f"不死时间：疗程须到首剂给药才归入本组，即时间零点后{said_zh}（触发中位 {fixed(due, 1)} 小时）。"
            "此前在本组不可能发生事件；"
            "在此之前死亡、好转或接受其他处理者均不在本组。自时间零点起的生存把这些时间都算作存活。",
            arm, True,
        )  # fmt: skip


def due_elsewhere(study: Study) -> Iterator[Warned]:
    """Courses of one arm that met another arm's trigger first: they are the other strategy's failures, counted here."""
    for arm, mine in study.members.items():
        for other in study.arm_names:
            rows = study.follow.filter(
                (pl.col("strategy") == other) & (pl.col("followed") == "late") & pl.col("course_id").is_in(mine)
            )
            if other == arm or rows.is_empty():
                continue
            waited = median(v / 60 for v in rows.get_column("delay"))
            share = count_of(rows.height, len(mine))
            yield Warned(
                "design.due-under-another-arm",
                f"{share} met the trigger of {other} as well, a median of {fixed(waited, 1)} h before their "
                "dose, and are "
                f"here because {other} was not done in time. Before that hour both arms held the same patients.",
                f"{share} 也满足{chinese(other)}的触发条件（中位早于给药 {fixed(waited, 1)} 小时），"
                f"因未及时按{chinese(other)}的规则用药才归入本组；"
                "在此之前两组本是同一批患者。",
                arm, True,
            )  # fmt: skip


def conditioned(study: Study) -> Iterator[Warned]:
    """Conditioning on treatment: only courses given the drug are in an arm."""
    if not study.in_arms:
        return
    without = [c for c in study.courses.get_column("course_id") if c not in study.treated]
    strayed = study.courses.height - len(without) - len(study.in_arms)
    drug = study.drugs_words
    if without:
        fact = f"{len(without)} of {study.courses.height} courses without {drug} are in no arm"
        fact_zh = f"共 {study.courses.height} 个疗程，其中 {len(without)} 个未用{chinese(drug)}，不在任何组"
    else:
        fact = (
            f"every one of the {study.courses.height} courses was given {drug}: who never needed it is not "
            "in the records"
        )
        fact_zh = f"全部 {study.courses.height} 个疗程都用了{chinese(drug)}：从未需要用药者不在记录中"
    more = f"; {strayed} more were treated but followed no strategy" if strayed else ""
    more_zh = f"；另有 {strayed} 个用药但不符合任何策略" if strayed else ""
    yield Warned(
        "design.conditioned-on-treatment",
        f"Chosen by treatment: {fact}{more}. A rule that spares some patients the drug cannot show it here.",
        f"按治疗入选：{fact_zh}{more_zh}。若某策略能使部分患者免于用药，本设计无法显示。", None, True,
    )  # fmt: skip


def era_auc(study: Study, pair: tuple[str, str]) -> float | None:
    """Share of pairs in which the first arm's time zero is later (ties half); None with an empty arm."""
    rows = study.facts.with_columns(seconds=pl.col("time_zero").dt.epoch("s"))
    one, other = (rows.filter(pl.col("arm") == arm).get_column("seconds").to_list() for arm in pair)
    if not one or not other:
        return None
    later = mann_whitney(one, other, rule="R").estimate  # None where every course began at the same instant
    return 0.5 if later is None else later / (len(one) * len(other))


def era(study: Study) -> Iterator[Warned]:
    """Historical control: calendar time tells the arms apart."""
    for pair in study.pairs:
        auc = era_auc(study, pair)
        if auc is None:
            continue
        serious = max(auc, 1 - auc) > AUC_SERIOUS
        spans = "; ".join(f"{arm} {' to '.join(_span(study, arm))}" for arm in pair)
        spans_zh = "；".join(f"{chinese(arm)} {' 至 '.join(_span(study, arm))}" for arm in pair)
        later = pair[0] if auc >= 0.5 else pair[1]
        head = "Historical control: calendar time separates the arms" if serious else "Calendar time differs by arm"
        head_zh = "历史对照：日历时间可区分两组" if serious else "两组日历时间的差异"
        yield Warned(
            "design.historical-control",
            f"{head}: AUC of the date of time zero for arm {fixed(max(auc, 1 - auc), 2)} (0.5 = same time, above "
            f"{AUC_SERIOUS} = hardly any overlap), {later} later ({spans}). What else changed with the years is "
            "in every "
            "difference.",
            f"{head_zh}：时间零点日期区分组别的 AUC 为 {fixed(max(auc, 1 - auc), 2)}（0.5 为同期，高于 "
            f"{AUC_SERIOUS} 为几乎不重叠），"
            f"{chinese(later)}较晚（{spans_zh}）。历年的其他变化都混入每一项差异。",
            None, serious,
        )  # fmt: skip


def _span(study: Study, arm: str) -> tuple[str, str]:
    local = study.facts.filter(pl.col("arm") == arm).get_column("time_zero").dt.convert_time_zone(study.records.zone)
    days: list[Any] = sorted(local.to_list())
    return f"{days[0]:%Y-%m}", f"{days[-1]:%Y-%m}"


def clustered(study: Study) -> Iterator[Warned]:
    """A patient with several courses counts several times."""
    inside = study.facts.get_column("patient_id")
    if inside.n_unique() < len(inside):
        n, patients = len(inside), inside.n_unique()
        yield Warned(
            "statistics.courses-not-independent",
            f"{n} courses come from {patients} patients; every interval and P treats courses as independent.",
            f"{n} 个疗程来自 {patients} 名患者；所有区间与 P 值都把疗程当作相互独立。", None, True,
        )  # fmt: skip
