"""How the arms move when one open choice moves: the same functions, one other value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from tocsin.grades import CRS_SCALES
from tocsin.grading import Grading, grade, streams
from tocsin.signs import doses
from tocsin.strategies import arms, follow
from tocsin.study.cohort import Study
from tocsin.tables import SENSITIVITY
from tocsin.when import Strategy, When, length_words

NONE = "none"
THRESHOLDS, GAPS, LENGTHS, READINGS = (38.0, 38.5, 39.0, 39.1), (240, 300, 360, 480), (120, 240, 360, 480), (2, 3)
WITHIN = (120, 360, 720, 1440)
DIP_TO, DIP_WITHIN = 38.0, 120
Rules = dict[str, Strategy]
Changed = tuple[str, str, bool, Callable[[], dict[str, str]]]


def sensitivity(study: Study) -> pl.DataFrame:
    """Arms under every value of every open choice; the courses that leave their arm of the main analysis are named."""
    if not study.file.study.sensitivity or not study.courses.height:
        return SENSITIVITY.empty()
    main = {course: arm or NONE for course, arm in study.arms.select("course_id", "arm").iter_rows()}
    rows = list[dict[str, Any]]()
    for parameter, value, default, assign in _changes(study, main):
        found = assign()
        moved = " ".join(sorted(course for course, arm in found.items() if arm != main[course]))
        for arm in (*study.arm_names, NONE):
            rows.append(
                {"parameter": parameter, "value": value, "is_default": default, "arm": arm,
                 "courses": sum(a == arm for a in found.values()), "moved": moved}
            )  # fmt: skip
    return SENSITIVITY.frame(rows)


def _changes(study: Study, main: dict[str, str]) -> Iterator[Changed]:
    rules = study.file.strategies
    for name, rule in rules.items():
        for what, value, used, made in _rule_changes(rule):
            yield f"{name}: {what}", value, used, _under(study, {**rules, name: made}, main, used)
    graces = {rule.within for rule in rules.values()}
    for within in sorted({*WITHIN, *graces}):
        changed = {name: rule.model_copy(update={"within": within}) for name, rule in rules.items()}
        used = graces == {within}
        yield "given within, every strategy", length_words(within), used, _under(study, changed, main, used)
    yield from _parameter_changes(study, main)


def _under(study: Study, rules: Rules, main: dict[str, str], used: bool) -> Callable[[], dict[str, str]]:
    return lambda: main if used else assigned(study, rules, study.grading)


def assigned(study: Study, rules: Rules, grading: Grading) -> dict[str, str]:
    """Arm (or `none`) of every course under other rules or another grading."""
    ids = study.courses.get_column("course_id")
    made = arms(pl.concat([_followed(study, arm, rule, grading) for arm, rule in rules.items()]), ids)
    return {course: arm or NONE for course, arm in made.select("course_id", "arm").iter_rows()}


def _followed(study: Study, arm: str, rule: Strategy, grading: Grading) -> pl.DataFrame:
    """`follow` of one strategy; what it needs over time is read once for every trigger that needs the same."""
    if rule is study.file.strategies[arm] and grading is study.grading:
        return study.follow.filter(pl.col("strategy") == arm)
    kept = study.streams if grading is study.grading else {}
    key = rule.when.streams()
    if key not in kept:
        kept[key] = streams(rule, study.records, study.courses, grading)
    given = doses(study.records, study.courses, rule.give, grading.parameters).select("course_id", "minute")
    return follow(arm, rule, kept[key], given, study.courses.get_column("course_id"))


# --- the rules ----------------------------------------------------------------------------------------------------


def changed_when(when: When, holds: Callable[[When], bool], update: dict[str, Any]) -> When:
    """The trigger with `update` put into every leaf for which `holds`."""
    inner: dict[str, Any] = {}
    for key in ("all", "any"):
        if parts := getattr(when, key):
            inner[key] = tuple(changed_when(part, holds, update) for part in parts)
    if when.not_:
        inner["not_"] = changed_when(when.not_, holds, update)
    return when.model_copy(update={**inner, **(update if holds(when) else {})})


def _sustained(part: When) -> bool:
    return part.sign == "temperature" and part.sustained is not None and part.at_least is not None


def _graded(part: When) -> bool:
    return part.grade_of in CRS_SCALES


def _rule_changes(rule: Strategy) -> Iterator[tuple[str, str, bool, Strategy]]:
    """(what, value, whether it is the main analysis, rule) of one strategy."""
    leaf = next((part for part in rule.when.parts() if _sustained(part)), None)
    if leaf is not None:
        for what, key, values, shown in (
            ("threshold", "at_least", THRESHOLDS, _degrees),
            ("sustained for", "sustained", LENGTHS, length_words),
            ("longest gap", "longest_gap", GAPS, length_words),
            ("readings at least", "min_readings", READINGS, str),
            ("due at", "fires", ("reading", "interpolated"), _fires_words),
        ):
            used = getattr(leaf, key)
            every: list[Any] = list(values) if used in values else sorted([*values, used])
            for value in every:
                yield what, shown(value), value == used, _changed(rule, _sustained, {key: value})
        none, dips = {"dip_to": None}, {"dip_to": leaf.dip_to or DIP_TO, "dip_within": leaf.dip_within}
        words = f"down to {dips['dip_to']:.1f} °C within {length_words(leaf.dip_within)} after an antipyretic"
        yield "dips", "none", leaf.dip_to is None, _changed(rule, _sustained, none)
        yield "dips", words, leaf.dip_to is not None, _changed(rule, _sustained, dips)
    yield from _scale_changes(rule)


def _scale_changes(rule: Strategy) -> Iterator[tuple[str, str, bool, Strategy]]:
    used = next((part.grade_of for part in rule.when.parts() if _graded(part)), None)
    scales = CRS_SCALES
    if used is not None and len(scales) > 1:
        for scale in scales:
            yield "scale", scale, scale == used, _changed(rule, _graded, {"grade_of": scale})


def _changed(rule: Strategy, holds: Callable[[When], bool], update: dict[str, Any]) -> Strategy:
    return rule.model_copy(update={"when": changed_when(rule.when, holds, update)})


def _degrees(value: float) -> str:
    return f"{value:.1f} °C"


def _fires_words(value: str) -> str:
    return {"reading": "the reading that completes it", "interpolated": "its start plus the duration"}[value]


# --- the signs ----------------------------------------------------------------------------------------------------

CHOICES = {
    "clock": ("available", "measured"), "waiver_drugs": ("all", "anticytokine_steroid"),
    "site_policy": ("as_charted", "oral_equivalent"), "oxygen_uncharted": ("unknown", "none_if_spo2_at_least_92"),
}  # fmt: skip


def _parameter_changes(study: Study, main: dict[str, str]) -> Iterator[Changed]:
    for name, values in CHOICES.items():
        for value in values:
            used = getattr(study.parameters, name) == value
            yield f"signs.{name}", value.replace("_", " "), used, _graded_under(study, main, used, {name: value})


def _graded_under(
    study: Study, main: dict[str, str], used: bool, update: dict[str, Any]
) -> Callable[[], dict[str, str]]:
    def run() -> dict[str, str]:
        if used:
            return main
        scales = [name for rule in study.file.strategies.values() for name in rule.scales] or [study.scale]
        graded = grade(study.records, study.courses, scales, replace(study.parameters, **update))
        return assigned(study, study.file.strategies, graded)

    return run
