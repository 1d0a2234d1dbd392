"""What a reader must know before quoting an emulated difference, the serious things first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tocsin.effects.ccw import diagnostics
from tocsin.effects.ccw.hours import OUTCOME
from tocsin.emulate.analyse import Analysis, Empty
from tocsin.emulate.people import Enrolled, Ward
from tocsin.emulate.trial import outcome_words
from tocsin.tables.study import WARNINGS

MEAN_FAR, FEW_EFFECTIVE, LAST_HOUR, LARGE_SHARE, FEW_EVENTS = 0.2, 10.0, 0.5, 0.2, 10
_COLUMNS = tuple(column.name for column in WARNINGS.columns)


def warning_rows(ward: Ward, enrolled: Enrolled, found: list[Analysis | Empty]) -> list[dict[str, Any]]:
    """Rows of `warnings`: what was seen in any outcome, each once an arm."""
    made = [*_settings(ward, enrolled), *(row for one in found for row in _outcome(ward, one))]
    unique = {(row["slug"], row["arm"], row["text"]): row for row in made}
    return sorted(unique.values(), key=lambda row: not row["serious"])


def _row(slug: str, text: str, text_zh: str, *, serious: bool, arm: str | None = None) -> dict[str, Any]:
    return dict(zip(_COLUMNS, (f"emulate.{slug}", arm, text, text_zh, serious), strict=True))


def _settings(ward: Ward, enrolled: Enrolled) -> Iterator[dict[str, Any]]:
    trial = ward.trial
    if not trial.given:
        yield _row(
            "default-protocol",
            "study.toml holds no [protocol]: a default one was made from its strategies. Read protocol.toml and put it "
            "into study.toml.",
            "study.toml 中没有 [protocol]：已按其策略生成默认方案。请阅读 protocol.toml 并放入 study.toml。"
            "", serious=False,
        )  # fmt: skip
    centres = ward.records.patients.get_column("centre").drop_nulls().n_unique()
    if centres <= 1:
        yield _row(
            "one-centre",
            "One centre only, or none recorded: how care differs between hospitals cannot be used to tell "
            "treatment from "
            "severity.",
            "仅一个中心（或未记录）：无法利用医院间诊疗差异区分治疗与病情。", serious=False,
        )  # fmt: skip
    people = enrolled.people
    if not trial.protocol.eligibility.first_course and people.get_column("patient_id").is_duplicated().any():
        yield _row(
            "courses-of-one-patient",
            "Some patients have several courses in the trial; intervals take them as independent.",
            "部分患者有多个疗程入组；区间按独立处理。", serious=False,
        )  # fmt: skip


def _outcome(ward: Ward, found: Analysis | Empty) -> Iterator[dict[str, Any]]:
    words, words_zh = outcome_words(found.outcome, ward.trial.scale)
    if isinstance(found, Empty) or found.point is None:
        yield _row("not-estimated", f"{words}: not emulated. {found.why[0]}", f"{words_zh}：未模拟。{found.why[1]}",
                   serious=True)  # fmt: skip
    if isinstance(found, Empty):
        return
    hours, table = found.hours, found.ready.table
    events = int((hours.last == OUTCOME).sum())
    if events < FEW_EVENTS:
        noun = "event" if events == 1 else "events"
        yield _row("few-events", f"{words}: {events} {noun} among {hours.n} courses.",
                   f"{words_zh}：{hours.n} 个疗程中 {events} 例事件。", serious=True)  # fmt: skip
    for said in found.exceeded:
        yield _row("more-than-n-allows", f"{words}: {said}.", f"{words_zh}：设定超出例数所限（{said}）。", serious=True)
    if table.blurred:
        yield _row(
            "steps-blur",
            f"{words}: for {table.blurred} copies the steps of {ward.trial.protocol.grid_hours} h say another "
            f"thing about "
            "following the arm than the minutes do.",
            f"{words_zh}：{table.blurred} 个副本按步长与按分钟判断是否遵循不一致。", serious=False,
        )  # fmt: skip
    if found.point is not None:
        yield from _weights(found, words, words_zh)


def _weights(found: Analysis, words: str, words_zh: str) -> Iterator[dict[str, Any]]:
    assert found.point is not None
    arms = diagnostics.by_hour(found.hours, found.point)
    for arm, weighted, made in zip(arms, found.point.weighted, found.point.curves, strict=True):
        happened = np.flatnonzero(made.outcome + made.death > 0)  # weights matter where somebody has an event
        upto = int(happened[-1]) if happened.size else found.hours.horizon - 1
        in_use = (arm.clones > 0) & (np.arange(found.hours.horizon) <= upto)
        mean = arm.mean[in_use & np.isfinite(arm.mean) & (arm.effective >= FEW_EFFECTIVE)]
        far = float(np.abs(mean - 1).max()) if mean.size else 0.0
        if far > MEAN_FAR:
            at = mean[int(np.abs(mean - 1).argmax())]
            yield _row(
                "mean-weight",
                f"{words}, {arm.rule}: the mean weight over all copies should be 1 and reaches {at:.2f}: the model of "
                "who is treated does not fit, or a few carry many.",
                f"{words_zh}，{arm.rule}：全部副本的平均权重应为 1，而达到 {at:.2f}：用药模型不合适，或少数人权重大。",
                serious=far > 0.5, arm=arm.rule,
            )  # fmt: skip
        least = float(arm.effective[in_use].min()) if in_use.any() else 0.0
        if least < FEW_EFFECTIVE:
            yield _row(
                "few-effective",
                f"{words}, {arm.rule}: at some hour the arm is worth no more than {least:.1f} patients.",
                f"{words_zh}，{arm.rule}：某时该组仅相当于 {least:.1f} 名患者。", serious=True, arm=arm.rule,
            )  # fmt: skip
        rows = weighted.rows(found.hours)
        final = rows[found.hours.first[1:] - 1]
        total, top = float(final.sum()), float(final.max(initial=0.0))
        if total > 0 and top / total > LARGE_SHARE:
            yield _row(
                "one-carries-many", f"{words}, {arm.rule}: one patient carries {top / total:.0%} of the arm.",
                f"{words_zh}，{arm.rule}：一名患者占该组权重的 {top / total:.0%}。", serious=True, arm=arm.rule,
            )  # fmt: skip
        last = diagnostics.followed(found.hours, weighted).last_hour_share
        if last is not None and last > LAST_HOUR:
            yield _row(
                "last-grace-hour",
                f"{words}, {arm.rule}: who started in the last grace hour carries {last:.0%} of the arm.",
                f"{words_zh}，{arm.rule}：末个宽限小时用药者占该组权重的 {last:.0%}。", serious=False, arm=arm.rule,
            )  # fmt: skip
