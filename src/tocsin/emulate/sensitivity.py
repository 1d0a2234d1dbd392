"""The emulated difference with one open choice moved at a time, and over trigger by grace period.

Each row is the whole way again, from time zero to the difference, with fewer replicates, each by one Newton step. What
the clock does not allow any more is a row that says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import polars as pl

from tocsin.effects.ccw.hours import NEVER, Rule
from tocsin.effects.ccw.incidence import after
from tocsin.emulate.analyse import Analysis, Empty, Plan, analyse
from tocsin.emulate.hours import Table, rule_within
from tocsin.emulate.naive import emulated_interval
from tocsin.emulate.people import Ward, enrol, ward_of
from tocsin.emulate.trial import Trial
from tocsin.errors import TocsinError
from tocsin.sentences import length_words
from tocsin.signs import Parameters
from tocsin.tables.emulation import GRID
from tocsin.when import When

REPLICATES = 100
THRESHOLDS, GRACES, GAPS, LENGTHS = (38.0, 38.5, 39.0, 39.1), (2, 4, 8, 12, 24), (240, 300, 360, 480), (120, 240, 360)
GRID_NAME = ("trigger x grace", "触发阈值×宽限期")
#: Parameters of the signs that are moved, each to the value its room names as the alternative [R].
SIGNS: dict[str, tuple[Any, ...]] = {
    "clock": ("available", "measured"), "oxygen_uncharted": ("unknown", "none_if_spo2_at_least_92"),
    "waiver_drugs": ("all", "anticytokine_steroid"), "site_policy": ("as_charted", "oral_equivalent"),
    "temperature_valid_h": (4.0, 8.0), "pressure_valid_h": (4.0, 8.0), "device_valid_h": (12.0, 24.0),
    "fever_carry_h": (12.0, 24.0), "resolve_h": (24.0, 48.0),
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What is moved to what, whether that is the main analysis, and the ward under it.

    `graces` (hours) are grace periods of the arm that starts the clock, a row each: they share one model.
    """

    parameter: tuple[str, str]
    value: str
    is_default: bool
    ward: Callable[[], Ward]
    threshold: float | None = None
    graces: tuple[float, ...] = ()


def grid_rows(
    ward: Ward, found: Analysis | Empty, minutes: float, heard: Callable[[str, int, int], None]
) -> pl.DataFrame:
    """Rows of `grid` for the main outcome; empty where the study asks for none or nothing was emulated.

    `found` is its main analysis; `minutes` bounds the time: rows that do not fit are named and not computed.
    """
    if not ward.trial.protocol.sensitivity or isinstance(found, Empty) or found.point is None:
        return GRID.empty()
    changes, rows = list(_changes(ward)), list[dict[str, Any]]()
    same: Made | None = None  # the main analysis, the default of every choice, is worked out once
    until = time.monotonic() + 60 * minutes
    size = min(REPLICATES, ward.trial.protocol.bootstrap)
    for number, change in enumerate(changes):
        heard("open choices", number, len(changes))
        main = change.is_default and not change.graces
        made = None if time.monotonic() > until else same if main and same else _under(change, found.outcome, size)
        same = made if main else same
        rows += (
            _grace_rows(ward, change, found.outcome, made)
            if change.graces
            else _rows(ward, change, found.outcome, made)
        )
    heard("open choices", len(changes), len(changes))
    return GRID.frame(rows)


Made = tuple[Ward, Analysis | Empty | str]


def _under(change: Change, outcome: str, size: int) -> Made:
    """The ward of a change and the analysis under it, or why there is none."""
    ward = change.ward()
    try:
        plan = Plan(size, one_step=True, side=False, rules=_rules(ward, change.graces) if change.graces else None)
        return ward, analyse(ward, enrol(ward), outcome, plan)
    except TocsinError as error:
        return ward, "; ".join(" ".join(str(problem).split()) for problem in error.problems)


def _rules(ward: Ward, graces: tuple[float, ...]) -> Callable[[Table], tuple[Rule, ...]]:
    """The arm that starts the clock with every grace period, and the reference."""
    trial, arm = ward.trial, ward.trial.clock_arm or ward.trial.names[0]

    def made(table: Table) -> tuple[Rule, ...]:
        of = [(arm, _grace_name(arm, g), round(60 * g)) for g in graces]
        of.append((trial.reference, trial.reference, trial.arms[trial.reference].within))
        return tuple(
            rule_within(table, a, name, minutes, trial.step, trial.arms[a].initiation) for a, name, minutes in of
        )

    return made


def _grace_name(arm: str, hours: float) -> str:
    return f"{arm} within {hours:g} h"


def _grace_rows(ward: Ward, change: Change, outcome: str, made: Made | None) -> Iterator[dict[str, Any]]:
    trial = (made[0] if made is not None else ward).trial
    arm, hour = trial.clock_arm or trial.names[0], trial.protocol.horizon_hours
    used = ward.trial.arms[arm].within / 60
    for grace in change.graces:
        shown = f"{grace:g} h" if change.threshold is None else f"{change.threshold:.1f} °C, {grace:g} h"
        row = _row(change, outcome, (arm, trial.reference), hour, shown)
        row |= {"grace_hours": grace, "is_default": change.is_default and grace == used}
        yield row | _numbers(made, (_grace_name(arm, grace), trial.reference), hour)


def _row(change: Change, outcome: str, pair: tuple[str, str], hour: int, value: str) -> dict[str, Any]:
    return {
        "outcome": outcome, "parameter": change.parameter[0], "parameter_zh": change.parameter[1], "value": value,
        "threshold": change.threshold, "grace_hours": None, "is_default": change.is_default, "hour": hour,
        "arm": pair[0], "against": pair[1], "courses": 0, "starts": 0,
    }  # fmt: skip


def _rows(ward: Ward, change: Change, outcome: str, made: Made | None) -> Iterator[dict[str, Any]]:
    for pair in ward.trial.pairs:
        hour = ward.trial.protocol.horizon_hours
        yield _row(change, outcome, pair, hour, change.value) | _numbers(made, pair, hour)


def _numbers(made: Made | None, pair: tuple[str, str], hour: int) -> dict[str, Any]:
    if made is None:
        return {"note": "not run: the time was used up", "note_zh": "未运行：时间已用完"}
    ward, found = made
    if isinstance(found, str):
        return {"note": f"not estimable: {found}", "note_zh": f"无法估计：{found}"}
    if isinstance(found, Empty):
        return {"note": f"not estimable: {found.why[0]}", "note_zh": f"无法估计：{found.why[1]}"}
    sizes = {"courses": found.hours.n, "starts": int((found.hours.begun < NEVER).sum())}
    if found.point is None:
        return sizes | {"note": f"not estimable: {found.why[0]}", "note_zh": f"无法估计：{found.why[1]}"}
    step, curves = hour // ward.trial.protocol.grid_hours, {c.rule: c for c in found.point.curves}
    one, other = (after(curves[name].incidence, step) for name in pair)
    if not (isfinite(one) and isfinite(other)):
        ended = ("nobody follows an arm so long", "届时已无人遵循某组")
        return sizes | {"note": f"not estimable: {ended[0]}", "note_zh": f"无法估计：{ended[1]}"}
    low, high = emulated_interval(ward, found, hour, pair, False)
    size = found.boot.size if found.boot is not None else 0
    note = (
        (f"{size} replicates, one Newton step each", f"自助 {size} 次，各一步牛顿")
        if size
        else ("no interval", "无区间")
    )
    return sizes | {
        "risk": min(max(one, 0.0), 1.0), "risk_against": min(max(other, 0.0), 1.0), "difference": one - other,
        "low": low, "high": high, "note": note[0], "note_zh": note[1],
    }  # fmt: skip


# --- what is moved ----------------------------------------------------------------------------------------------------


def _changes(ward: Ward) -> Iterator[Change]:
    yield from _trigger_by_grace(ward)
    yield from _trigger_changes(ward)
    yield from _protocol_changes(ward)
    yield from _sign_changes(ward)


def _leaf(when: When) -> When | None:
    held = (part for part in when.parts() if part.sign == "temperature" and part.at_least is not None)
    return next(held, None)


def _trigger_by_grace(ward: Ward) -> Iterator[Change]:
    """Every threshold of a temperature trigger with every grace period of the arm that has it."""
    trial, arm = ward.trial, ward.trial.clock_arm
    leaf = _leaf(trial.clock)
    if arm is None or arm not in trial.arms or arm == trial.reference:
        return
    used = trial.arms[arm].within / 60
    graces = tuple(sorted({float(g) for g in GRACES if (60 * g) % trial.step == 0} | {used}))
    degrees = [None] if leaf is None else sorted({*THRESHOLDS, leaf.at_least or 39.0})
    for degree in degrees:
        default = leaf is None or degree == leaf.at_least
        changed = _with_rule(trial, arm, {"at_least": degree} if degree is not None else {})
        yield Change(GRID_NAME, "", default, lambda t=changed: ward.under(t), degree, graces)


def _with_rule(trial: Trial, arm: str, update: dict[str, Any]) -> Trial:
    """The trial with the temperature part of an arm's trigger changed."""
    rule = trial.arms[arm]
    rule = rule.model_copy(update={"when": _moved(rule.when, update)})
    return replace(trial, arms={**trial.arms, arm: rule})


def _moved(when: When, update: dict[str, Any]) -> When:
    inner: dict[str, Any] = {}
    for key in ("all", "any"):
        if parts := getattr(when, key):
            inner[key] = tuple(_moved(part, update) for part in parts)
    if when.not_:
        inner["not_"] = _moved(when.not_, update)
    leaf = when.sign == "temperature" and when.at_least is not None
    return when.model_copy(update={**inner, **(update if leaf else {})})


def _trigger_changes(ward: Ward) -> Iterator[Change]:
    trial, arm = ward.trial, ward.trial.clock_arm
    leaf = _leaf(trial.clock)
    if arm is None or arm not in trial.arms or leaf is None or leaf.sustained is None:
        return
    moves: tuple[tuple[str, str, str, tuple[Any, ...]], ...] = (
        ("longest gap", "最长间隔", "longest_gap", GAPS), ("sustained for", "持续时间", "sustained", LENGTHS),
        ("readings at least", "最少测量次数", "min_readings", (2, 3)),
    )  # fmt: skip
    for words, words_zh, key, values in moves:
        used = getattr(leaf, key)
        for value in sorted({*values, used}):
            changed = _with_rule(trial, arm, {key: value})
            shown = str(value) if key == "min_readings" else length_words(value)
            yield Change((f"{arm}: {words}", f"{arm}：{words_zh}"), shown, value == used,
                         lambda t=changed: ward.under(t))  # fmt: skip


def _protocol_changes(ward: Ward) -> Iterator[Change]:
    """Choices of the protocol that need no new grades."""
    trial, p = ward.trial, ward.trial.protocol
    for value in ("uniform", "natural", "observed"):
        arms = {name: rule.model_copy(update={"initiation": value}) for name, rule in trial.arms.items()}
        used = all(rule.initiation == value for rule in trial.arms.values())
        yield Change(("initiation", "起始方式"), value, used, lambda a=arms: ward.under(replace(trial, arms=a)))
    fits = {"grid_hours": (1, 2, 4), "weights": ("auto", "ridge", "firth"), "discharged": ("lost", "event_free"),
            "loss": ("auto", "none"), "oldest_hours": (24.0, 168.0)}  # fmt: skip
    zh = {
        "grid_hours": "步长(小时)",
        "weights": "权重拟合",
        "discharged": "出院者",
        "loss": "失访权重",
        "oldest_hours": "最旧数值(小时)",
    }
    for key, values in fits.items():
        used = getattr(p, key)
        for value in dict.fromkeys((*values, used)):
            if key == "grid_hours" and not _fits_grid(trial, int(value)):
                continue
            changed = replace(trial, protocol=p.model_copy(update={key: value}))
            shown = f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")
            yield Change((key.replace("_", " "), zh[key]), shown, value == used, lambda t=changed: ward.under(t))
    e = p.eligibility
    for value in sorted({2, 3, 4, e.grade_below}):
        part = p.model_copy(update={"eligibility": e.model_copy(update={"grade_below": value})})
        changed = replace(trial, protocol=part)
        yield Change(("eligible below grade", "入选分级低于"), str(value), value == e.grade_below,
                     lambda t=changed: ward.under(t))  # fmt: skip


def _fits_grid(trial: Trial, grid: int) -> bool:
    whole = all(rule.within % (60 * grid) == 0 for rule in trial.arms.values())
    return whole and trial.protocol.horizon_hours % grid == 0


def _sign_changes(ward: Ward) -> Iterator[Change]:
    """Parameters of the signs: everything is graded again."""
    for name, values in SIGNS.items():
        used = getattr(ward.parameters, name)
        for value in dict.fromkeys((*values, used)):
            shown = f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")
            yield Change((f"signs.{name}", f"signs.{name}"), shown, value == used, _graded(ward, name, value, used))


def _graded(ward: Ward, name: str, value: Any, used: Any) -> Callable[[], Ward]:
    if value == used:
        return lambda: ward
    parameters: Parameters = replace(ward.parameters, **{name: value})
    return lambda: ward_of(ward.trial, ward.records, ward.given, parameters)
