"""What to know beside a comparison: how small it is, what its grades rest on, how many tests it prints."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from tocsin.effects.power import detectable_proportion
from tocsin.grades import SCALES
from tocsin.report.numbers import fixed
from tocsin.sources import ZHOU_2023
from tocsin.study.cohort import Study, named
from tocsin.study.ledger import POWER, Effects
from tocsin.study.toxicity import unadjudicated_deaths
from tocsin.study.warned import Warned, chinese
from tocsin.when import Strategy

SMALL_ARM = 20


def _compared(study: Study) -> bool:
    return sum(bool(mine) for mine in study.members.values()) > 1


def single_arm(study: Study) -> Iterator[Warned]:
    """Nothing to compare with."""
    if len(study.arm_names) > 1 and _compared(study):
        return
    empty = [arm for arm, mine in study.members.items() if not mine]
    why = "the study names one strategy" if len(study.arm_names) < 2 else f"no course is in {named(empty)}"
    why_zh = "研究只写了一个策略" if len(study.arm_names) < 2 else f"没有疗程进入{'、'.join(map(chinese, empty))}"
    yield Warned(
        "design.no-comparison",
        f"Nothing is compared: {why}. What follows describes.",
        f"没有比较：{why_zh}。以下仅为描述。",
    )


def small(study: Study) -> Iterator[Warned]:
    """Smallest difference that numbers this small would show, on the shares actually seen in the second arm."""
    for pair in study.pairs:
        m, n = (len(study.members[arm]) for arm in pair)
        if not m or not n or min(m, n) >= SMALL_ARM:
            continue
        rows = study.outcome("mrd_negative_cr").filter((pl.col("arm") == pair[1]) & pl.col("event").is_not_null())
        b = rows.filter(pl.col("event") == 1).height
        base = b / rows.height if rows.height else 0.5
        found = detectable_proportion(base, m, n, power=POWER)
        rare = detectable_proportion(0.0, m, n, power=POWER).above
        shown = {side: None if v is None else f"{fixed(100 * v, 0)} %" for side, v in
                 (("below", found.below), ("above", found.above), ("rare", rare))}  # fmt: skip
        low = f"{shown['below']} or less" if shown["below"] else "no lower share"
        high = f"{shown['above']} or more" if shown["above"] else "no higher share"
        low_zh = f"不高于 {shown['below']}" if shown["below"] else "更低者均不能"
        high_zh = f"不低于 {shown['above']}" if shown["above"] else "更高者均不能"
        yield Warned(
            "statistics.small",
            f"{m} v {n} courses: with {fixed(100 * base, 0)} % in {pair[1]}, Fisher's test at a power of "
            f"{POWER:.0%} finds in "
            f"{pair[0]} only {low} and {high}; with no event in {pair[1]}, only {shown['rare'] or 'no share'} "
            "or more. Not "
            "finding a difference says little.",
            f"{m} 对 {n} 个疗程：{chinese(pair[1])}为 {fixed(100 * base, 0)} % 时，Fisher 检验以 {POWER:.0%} "
            f"把握度在{chinese(pair[0])}能发现的比例："
            f"{low_zh}；{high_zh}。若{chinese(pair[1])}无事件，则须达 {shown['rare'] or '（不可能）'} 以上。"
            "未见差异说明不了什么。",
        )  # fmt: skip


def waiver_hours(study: Study) -> dict[str, tuple[float, float]]:
    """By arm: hours at grade 0 while fever is waived after a drug (`resolving`), and hours above 0 that rest on it."""
    runs = study.grading.grades.filter((pl.col("scale") == study.scale) & pl.col("to").is_not_null())
    length = (pl.col("to") - pl.max_horizontal(pl.col("from"), pl.lit(0))).clip(lower_bound=0).cast(pl.Int64)
    zero = runs.filter(pl.col("flags").str.contains(r"\bresolving\b")).group_by("course_id").agg(minutes=length.sum())
    signs = study.grading.signs.situations.filter(
        pl.col("fever_waived") & pl.col("covered") & ~pl.col("fever").fill_null(False) & pl.col("to").is_not_null()
    )
    graded = SCALES[study.scale].grade(signs).filter(pl.col("grade") > 0)
    rests = graded.group_by("course_id").agg(minutes=length.sum())
    sums: dict[str, tuple[float, float]] = {}
    for arm, mine in study.members.items():
        first, second = (
            sum(f.filter(pl.col("course_id").is_in(mine)).get_column("minutes").to_list()) / 60 for f in (zero, rests)
        )
        sums[arm] = (first, second)
    return sums


def waived(study: Study) -> Iterator[Warned]:
    """Grade depends on treatment: the drug takes away the fever that opens the scale."""
    hours = waiver_hours(study)
    if not any(sum(pair) for pair in hours.values()):
        return
    said = "; ".join(
        f"{arm}: {fixed(a, 0)} h at grade 0 and {fixed(b, 0)} h graded above 0" for arm, (a, b) in hours.items()
    )
    said_zh = "；".join(
        f"{chinese(arm)}：0 级 {fixed(a, 0)} 小时，高于 0 级 {fixed(b, 0)} 小时" for arm, (a, b) in hours.items()
    )
    yield Warned(
        "measurement.grade-depends-on-treatment",
        f"The grade depends on treatment: after an antipyretic, a steroid or tocilizumab fever is no longer required. "
        f"Hours under that waiver, {said}. The earlier a drug is given, the more of the episode lies under it.",
        f"分级受治疗影响：用退热药、激素或托珠单抗后不再要求发热。处于豁免的时间，{said_zh}。用药越早，发作中处于豁免的部分越多。",
    )


def unreviewed(study: Study) -> Iterator[Warned]:
    """Attribution of signs to CRS that nobody reviewed."""
    rows = study.grading.grades.filter(
        (pl.col("scale") == study.scale) & (pl.col("grade") > 0) & pl.col("course_id").is_in(study.in_arms)
        & pl.col("flags").str.contains("attribution_not_reviewed", literal=True)
    )  # fmt: skip
    courses = rows.get_column("course_id").n_unique()
    if courses:
        yield Warned(
            "measurement.attribution-not-reviewed",
            f"In {courses} of {len(study.in_arms)} courses nobody reviewed whether fever, low pressure and "
            "oxygen were due "
            "to CRS: infection or bleeding would be graded as CRS.",
            f"{len(study.in_arms)} 个疗程中有 {courses} 个未经人工判定发热、低血压与吸氧是否由 CRS 引起："
            "感染或出血也会被判为 CRS。",
        )


def undecided_deaths(study: Study) -> Iterator[Warned]:
    """Deaths during CRS whose cause nobody decided."""
    found = unadjudicated_deaths(study).filter(pl.col("course_id").is_in(study.in_arms)).height
    if found:
        yield Warned(
            "measurement.death-not-adjudicated",
            f"{found} died during active CRS and nobody decided the cause: counted apart, not as CRS death.",
            f"{found} 例在活动性 CRS 期间死亡而死因未经裁定：单列，不计入 CRS 相关死亡。",
        )


def multiplicity(effects: Effects) -> Iterator[Warned]:
    """Number of tests, none corrected."""
    tests = sum(row["p"] is not None for row in effects.rows)
    if tests > 1:
        false = fixed(0.05 * tests, 1)
        yield Warned(
            "statistics.multiple-tests",
            f"{tests} P values are printed and none is corrected: about {false} would fall below 0.05 if "
            "nothing differed.",
            f"共列出 {tests} 个 P 值且均未校正：即使毫无差异，也约有 {false} 个低于 0.05。",
        )


def swapped_medians(study: Study) -> Iterator[Warned]:
    """The founding paper's two abstracts contradict each other."""
    if any(_from_zhou(rule) for rule in study.file.strategies.values()):
        yield Warned(
            "source.medians-swapped",
            "The English abstract of Zhou 2023 swaps the two EFS medians (early 2, conventional 7 months). The Chinese "
            "order, early 7 and conventional 2, agrees with the authors' conclusion and is the right one.",
            "Zhou 2023 英文摘要把两组 EFS 中位数写反（早期 2 个月、常规 7 个月）。中文摘要（早期 7 个月、常规 2 "
            "个月）与作者结论一致，应以中文为准。",
        )


def _from_zhou(rule: Strategy) -> bool:
    return rule.source == ZHOU_2023.key or ZHOU_2023.doi in rule.source
