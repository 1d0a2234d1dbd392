"""What a detector hands back, the open choices behind it, and the few facts that several detectors read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import polars as pl

from tocsin.parameters import ParameterSet, parameter
from tocsin.report.numbers import fixed
from tocsin.report.words import Words
from tocsin.sentences import drug_words
from tocsin.sources import Source

if TYPE_CHECKING:
    from tocsin.study.cohort import Study

Verdict = Literal["serious", "note", "cannot_be_said", "not_found"]
HERNAN_2016 = Source(
    "hernan2016",
    "Hernan MA et al. Specifying a target trial prevents immortal time bias and other self-inflicted injuries in "
    "observational analyses. J Clin Epidemiol 2016;79:70-75",
    "10.1016/j.jclinepi.2016.04.014",
)
NEWCOMBE_2006 = Source(
    "newcombe2006",
    "Newcombe RG. Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part 2. "
    "Stat Med 2006;25:559-573",
    "10.1002/sim.2324",
    "method 5",
)


@dataclass(frozen=True)
class AuditParameters(ParameterSet):
    """Where a fault begins to be serious. No source gives these edges [R]."""

    room: ClassVar[str] = "audit"
    immortal_h: float = parameter(1.0, "median hours before the dose from which immortal time is serious", high=720)
    ever_grace_h: float = parameter(72.0, "a grace this long makes an arm 'ever treated'", low=1)
    auc_serious: float = parameter(0.9, "AUC of calendar time for arm above which the control is historical",
                                   low=0.5, high=1)  # fmt: skip
    points_note: float = parameter(20.0, "smallest detectable difference, points, from which n is small", high=100)
    points_serious: float = parameter(40.0, "the same, from which n is too small to compare", high=100)
    power: float = parameter(0.8, "power of the smallest detectable difference", low=0.5, high=0.99)


@dataclass(frozen=True)
class Found:
    """One fault: whether it is there, in both languages, and the rows that prove it."""

    verdict: Verdict
    text: str
    text_zh: str
    rows: pl.DataFrame
    arms: tuple[str, ...] = ()
    courses: int = 0


def open_question(why: str, why_zh: str, rows: pl.DataFrame) -> Found:
    """Nothing can be said: unknown is never normal."""
    return Found("cannot_be_said", f"Cannot be said: {why}.", f"无法判断：{why_zh}。", rows)


def worse(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts; `not_found` of none."""
    seen = set(verdicts)
    for one in get_args(Verdict):
        if one in seen:
            return one
    return "not_found"


def zh(name: str) -> str:
    """An arm in Chinese, as far as the report knows one."""
    return Words("zh").term(name)


def drugs_zh(study: Study) -> str:
    """What the strategies give, in Chinese."""
    return "或".join(dict.fromkeys(drug_words(rule.give, "zh") for rule in study.file.strategies.values()))


def spread_words(hours: Sequence[float]) -> tuple[str, str]:
    """Median and range of hours in both languages."""
    middle, least, most = (fixed(v, 1) for v in (median(hours), min(hours), max(hours)))
    return f"median {middle} h, range {least} to {most} h", f"中位 {middle} 小时，范围 {least} 至 {most} 小时"


def assigned(study: Study) -> list[dict[str, Any]]:
    """course_id, arm, due_at, given_at of every course in an arm, arms in the order of the file."""
    rows = study.arms.filter(pl.col("arm").is_not_null()).sort("course_id").select(
        "course_id", "arm", "due_at", "given_at"
    )  # fmt: skip
    order = {arm: k for k, arm in enumerate(study.arm_names)}
    return sorted(rows.to_dicts(), key=lambda row: (order[row["arm"]], row["course_id"]))


def reached(study: Study, scale: str, least: float) -> dict[str, tuple[int, str]]:
    """First minute at which a grade of at least `least` is proved, and the axes that set it then, by course."""
    runs = study.grading.grades.filter((pl.col("scale") == scale) & (pl.col("grade") >= least)).sort(
        "course_id", "from"
    )  # fmt: skip
    first = runs.unique("course_id", keep="first", maintain_order=True)
    return {course: (at, axes) for course, at, axes in first.select("course_id", "from", "deciding").iter_rows()}


def highest(study: Study) -> dict[str, tuple[int, int]]:
    """Highest grade from time zero on that is proved, and that cannot be excluded, by course with any graded hour."""
    runs = study.grading.grades.filter((pl.col("scale") == study.scale) & (pl.col("to").is_null() | (pl.col("to") > 0)))
    worst = runs.group_by("course_id").agg(pl.col("grade").max(), pl.col("grade_at_most").max())
    return {course: (low, high) for course, low, high in worst.iter_rows()}


def followed_words(study: Study) -> dict[str, str]:
    """`early: late; conventional: yes` by course."""
    said = study.follow.sort("course_id", "strategy").select(
        "course_id", said=pl.format("{}: {}", "strategy", "followed")
    )  # fmt: skip
    joined = said.group_by("course_id", maintain_order=True).agg(pl.col("said").str.join("; "))
    return dict(joined.iter_rows())
