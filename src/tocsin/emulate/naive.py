"""What is usually done, beside the emulation: arms by treatment received, treated or not, clones without weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tocsin.effects.ccw.hours import OUTCOME
from tocsin.effects.ccw.incidence import Curve, after
from tocsin.effects.risk_difference import risk_difference
from tocsin.emulate.analyse import Analysis
from tocsin.emulate.outcomes import events_of
from tocsin.emulate.people import Ward
from tocsin.grading import follow_strategy
from tocsin.sentences import drug_words
from tocsin.strategies import arms

Said = tuple[str, str]
WORDS: dict[str, Said] = {
    "by_received": ("arms by the treatment received", "按实际用药分组"),
    "treated_or_not": ("treated in time or not", "是否及时用药"),
    "aligned_unadjusted": ("same start, clones without weights", "同一起点，克隆不加权"),
    "emulated": ("emulated trial", "模拟试验"),
    "emulated_truncated": ("emulated trial, largest weights cut", "模拟试验，截断大权重"),
    "g_formula": ("cross-check by the g-formula", "g-公式交叉验证"),
}
NOTES: dict[str, Said] = {
    "by_received": (
        "Who was never treated, too early or too late is left out, so care decides who is counted; an arm "
        "that is treated "
        "after it became severe is severe by definition.",
        "未用药、过早或过迟用药者被排除，入组由治疗决定；在病情加重后才用药的组，按定义必然加重。",
    ),
    "treated_or_not": (
        "Who was treated in time had to be free of the outcome until the dose (immortal time), and was chosen "
        "by how ill "
        "he or she looked.",
        "及时用药者在用药前必须未发生结局（永恒时间），且因病情表现而被选中用药。",
    ),
    "aligned_unadjusted": (
        "All start at the same moment, but who leaves an arm differs from who stays, and nothing makes up for it.",
        "起点一致，但离开某组者与留下者不同，而未作任何校正。",
    ),
    "emulated": (
        "As if everybody had followed the arm, given that what made the ward treat is among the covariates.",
        "如同人人遵循该策略，前提是病房用药的依据均在协变量之中。",
    ),
    "emulated_truncated": (
        "A few patients carry less of the answer, at the price of some bias towards the clones without weights.",
        "少数患者的影响减小，代价是向未加权结果偏移。",
    ),
    "g_formula": (
        "Another road to the same risks, on fewer columns: where it disagrees beyond the intervals, a model is wrong.",
        "同一风险的另一种估计，所用变量较少：若差异超出区间，则某个模型有误。",
    ),
}  # fmt: skip
Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Received:
    """Arms as the founding design has them: `follow` of every strategy, from every course of the records."""

    ward: Ward

    @cached_property
    def arms(self) -> pl.DataFrame:
        """course_id, arm, due_at of the courses whose first dose followed a strategy."""
        rules, ward = self.ward.trial.arms, self.ward
        follows = [follow_strategy(n, r, ward.records, ward.courses, ward.grading) for n, r in rules.items()]
        made = arms(pl.concat(follows), ward.courses.get_column("course_id"))
        return made.filter(pl.col("arm").is_not_null()).select("course_id", "arm", "due_at")

    def counts(self, outcome: str) -> dict[str, tuple[int, int]]:
        """Arm to (courses with the outcome, courses), from minute 0 to the horizon after the arm's trigger."""
        rows = self.arms.join(events_of(self.ward, outcome), on="course_id", how="left")
        upto = pl.col("due_at") + 60 * self.ward.trial.protocol.horizon_hours
        had = ((pl.col("event") >= 0) & (pl.col("event") < upto)).fill_null(False)
        found = {name: rows.filter(pl.col("arm") == name) for name in self.ward.trial.names}
        return {name: (mine.filter(had).height, mine.height) for name, mine in found.items()}


def comparison(ward: Ward, found: Analysis, received: Received) -> list[dict[str, Any]]:
    """Rows of `comparison`: every analysis of one outcome, every arm against the reference."""
    rows = list[dict[str, Any]]()
    horizon = ward.trial.protocol.horizon_hours
    for arm, against in ward.trial.pairs:
        a, b = ward.trial.names.index(arm), ward.trial.names.index(against)
        rows.append(_shares(ward, found, "by_received", horizon, (arm, against), received.counts(found.outcome)))
        rows.append(_treated(ward, found, horizon, (arm, against)))
        for hour in ward.trial.hours:
            rows += _curve_rows(ward, found, hour, (arm, against), (a, b))
    return rows


def _row(found: Analysis, analysis: str, hour: int, pair: tuple[str, str], **more: Any) -> dict[str, Any]:
    words, note = WORDS[analysis], NOTES[analysis]
    made: dict[str, Any] = {
        "outcome": found.outcome, "analysis": analysis, "words": words[0], "words_zh": words[1], "hour": hour,
        "arm": pair[0], "against": pair[1], "answers": analysis == "emulated", "note": note[0], "note_zh": note[1],
    }  # fmt: skip
    said = more.pop("said", None)
    if said:
        made |= {"note": f"{note[0]} {said[0]}", "note_zh": f"{note[1]}{said[1]}"}
    return made | more


def _shares(ward: Ward, found: Analysis, analysis: str, hour: int, pair: tuple[str, str],
            counts: dict[str, tuple[int, int]], said: Said | None = None) -> dict[str, Any]:  # fmt: skip
    (x, m), (y, n) = counts[pair[0]], counts[pair[1]]
    made = risk_difference(x, m, y, n, level=ward.trial.protocol.level)
    return _row(
        found, analysis, hour, pair, risk=x / m if m else None, risk_against=y / n if n else None,
        difference=made.estimate, low=made.low, high=made.high, n=m, n_against=n, said=said,
    )  # fmt: skip


def _treated(ward: Ward, found: Analysis, hour: int, pair: tuple[str, str]) -> dict[str, Any]:
    """The share with the outcome among those treated within the grace period of time zero, and among the rest."""
    hours, clock = found.hours, ward.trial.clock_arm
    grace = ward.trial.grace_steps(clock if clock in ward.trial.arms else pair[0])
    early, had = hours.begun < grace, hours.last == OUTCOME
    counts = {pair[0]: (int((early & had).sum()), int(early.sum())),
              pair[1]: (int((~early & had).sum()), int((~early).sum()))}  # fmt: skip
    g, drug = grace * ward.trial.protocol.grid_hours, ward.trial.drug
    said = (f" First risk: {drug} within {g} h of time zero; other: all the rest.",
            f"前者：时间零点后 {g} h 内使用{drug_words(drug, 'zh')}；后者：其余全部。")  # fmt: skip
    return _shares(ward, found, "treated_or_not", hour, pair, counts, said)


def _curve_rows(
    ward: Ward, found: Analysis, hour: int, pair: tuple[str, str], at: tuple[int, int]
) -> list[dict[str, Any]]:
    step = hour // ward.trial.protocol.grid_hours
    made = [_curves(found, "aligned_unadjusted", hour, step, pair, at, found.plain, _plain(ward, found, step, at))]
    if found.point is None:
        said = (f"Not estimated: {found.why[0]}", f"未估计：{found.why[1]}")
        return [*made, _row(found, "emulated", hour, pair, note=said[0], note_zh=said[1])]
    made.append(
        _curves(
            found,
            "emulated",
            hour,
            step,
            pair,
            at,
            found.point.curves,
            emulated_interval(ward, found, hour, pair, False),
        )
    )
    if found.point.truncated:
        limits = emulated_interval(ward, found, hour, pair, True)
        made.append(_curves(found, "emulated_truncated", hour, step, pair, at, found.point.truncated, limits))
    if found.g is not None:
        made.append(_curves(found, "g_formula", hour, step, pair, at, found.g.curves, (None, None)))
    return made


def _curves(found: Analysis, analysis: str, hour: int, step: int, pair: tuple[str, str], at: tuple[int, int],
            curves: tuple[Curve, ...], limits: Interval) -> dict[str, Any]:  # fmt: skip
    one, other = (after(curves[k].incidence, step) for k in at)
    known = np.isfinite(one) and np.isfinite(other)
    ended = [c.rule for c in (curves[k] for k in at) if c.ends < step]
    said = (f" Nobody follows {' or '.join(ended)} so long.", f"届时已无人遵循 {'、'.join(ended)}。") if ended else None
    clones = analysis != "g_formula"
    return _row(
        found, analysis, hour, pair, risk=_share(one), risk_against=_share(other),
        difference=one - other if known else None, low=limits[0] if known else None,
        high=limits[1] if known else None, n=found.hours.n if clones else None,
        n_against=found.hours.n if clones else None, said=said,
    )  # fmt: skip


def _share(value: float) -> float | None:
    return min(max(value, 0.0), 1.0) if np.isfinite(value) else None


def _plain(ward: Ward, found: Analysis, step: int, at: tuple[int, int]) -> Interval:
    if found.plain_draws is None:
        return None, None
    return percentile(found.plain_draws[:, at[0], step - 1] - found.plain_draws[:, at[1], step - 1], ward)


def percentile(draws: Any, ward: Ward) -> Interval:
    """Percentile limits of replicates; none where fewer than 20 gave a number."""
    used, level = draws[np.isfinite(draws)], ward.trial.protocol.level
    if used.size < 20:
        return None, None
    low, high = np.quantile(used, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def emulated_interval(ward: Ward, found: Analysis, hour: int, pair: tuple[str, str], truncated: bool) -> Interval:
    """Limits of the risk difference of two arms at an hour."""
    if found.boot is None:
        return None, None
    step = hour // ward.trial.protocol.grid_hours
    names = [rule.name for rule in found.ready.rules]
    a, b = (names.index(name) for name in pair)
    values = found.boot.truncated if truncated else found.boot.values
    for j, q in enumerate(found.boot.quantities):
        if (q.what, q.arm, q.against, q.hours) == ("risk", a, b, step):
            return percentile(values[:, j], ward)
    return None, None
