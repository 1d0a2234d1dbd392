"""The `[protocol]` section of study.toml: the trial one would run, which `tocsin emulate` emulates from the records.

Everything has a default; what the file does not say is printed with the rest. The strategies are those of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from tocsin import vocabulary
from tocsin.when import Length, Strategy, When

Initiation = Literal["uniform", "natural", "observed"]
Weights = Literal["auto", "maximum likelihood", "ridge", "firth"]
AUTO = "auto"
GRID = (1, 2, 3, 4, 6)
#: Outcomes without a number behind them; the others are `crs_grade_N` and `icans_N`.
PLAIN_OUTCOMES = ("icans", "crs_death", "death", "icu")
_GRADED = re.compile(r"^(crs_grade_[1-5]|icans_[1-5])$")

#: Facts of the patient or the course, known at time zero.
FACTS = (
    "age_y", "weight_kg", "blasts_percent", "prior_lines", "extramedullary", "cns_disease", "prior_transplant",
    "bridging", "centre", "calendar",
)  # fmt: skip
#: States that hold until they change, and clocks.
STATES = ("grade", "oxygen", "vasopressors", "hypotension", "fever", "hours_febrile")
CLOCKS = ("hour", "hour_spline")
_SUFFIXES = ("_age", "_trend")
MOST_EXACT = 40  # names listed whole in an error


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Eligibility(_Strict):
    """Who enters the trial at its time zero; in hospital, alive and without a dose before it is always asked."""

    first_course: bool = Field(True, description="only a patient's first course")
    grade_below: int = Field(
        3, ge=1, le=6, description="proved grade at time zero, on the cohort's scale, below this; 6: any grade"
    )
    age_from: float | None = Field(None, ge=0, le=130, description="age at least, years; an unknown age stays out")
    age_below: float | None = Field(None, gt=0, le=131, description="age below, years; an unknown age stays out")
    episode_open: bool = Field(False, description="a CRS episode must have begun by time zero")


class Protocol(_Strict):
    """A trial of the file's strategies: the same time zero in every arm, clones weighted for leaving their arm."""

    time_zero: str | None = Field(
        None, description="strategy whose trigger starts the clock, the same in every arm; else the first"
    )
    trigger: When | None = Field(None, description="starts the clock instead, where it is no strategy's own trigger")
    eligibility: Eligibility = Eligibility()  # pyright: ignore[reportCallIssue]
    strategies: Annotated[
        tuple[str, ...], Field(strict=False, description="arms, names of [strategies]; none named: all")
    ] = ()
    reference: str | None = Field(None, description="arm the others are compared with; else the last")
    within: dict[str, Length] = Field(
        {}, description="grace period by arm, from due to given, where it is not the strategy's own"
    )
    initiation: Initiation | None = Field(
        None, description="how starts are spread over the grace period in all arms; else the strategy's own"
    )
    outcomes: Annotated[
        tuple[str, ...],
        Field(strict=False, description="crs_grade_1 to 5, icans, icans_1 to 5, crs_death, death, icu; the first is "
              "the main one; none named: severe CRS, CRS death, ICANS grade 3"),
    ] = ()  # fmt: skip
    horizon_hours: int = Field(336, ge=6, le=2160, description="end of follow-up, hours after time zero")
    hours: Annotated[
        tuple[int, ...], Field(strict=False, description="risks are printed at these, and at the horizon")
    ] = (72, 168)
    grid_hours: Literal[1, 2, 3, 4, 6] = Field(1, description="length of a step; 2 to 4 where patients are few")
    estimand: Literal["per-protocol"] = Field("per-protocol", description="everybody follows the arm")
    covariates: Annotated[
        tuple[str, ...],
        Field(strict=False, description="what makes a ward treat; none named: what the records hold, as far as the "
              "number of doses allows"),
    ] = ()  # fmt: skip
    weights: Weights = Field(
        "auto", description="fit of the chance of a first dose; auto: maximum likelihood, or ridge where it has none"
    )
    truncation: float = Field(
        0.99, gt=0.5, lt=1, description="quantile at which weights are cut, arm by arm, beside the uncut result"
    )
    loss: Literal["auto", "none"] = Field(
        "auto", description="weights against loss to follow-up where the losses carry a model; none: loss tells nothing"
    )
    discharged: Literal["lost", "event_free"] = Field(
        "lost", description="who leaves hospital alive is lost from then on, or free of the outcome to the horizon"
    )
    oldest_hours: float = Field(168, gt=0, le=2160, description="a value older than this is unknown")
    trend_hours: float = Field(6, ge=1, le=72, description="a trend is the last value less the one known so long ago")
    bootstrap: int = Field(500, ge=0, le=20_000, description="replicates by patient, arms together; 0: no intervals")
    draw: Literal["auto", "multinomial", "bayesian"] = Field(
        "auto", description="how patients are drawn; auto: bayesian below 100 patients"
    )
    level: float = Field(0.95, ge=0.5, le=0.999, description="level of every interval")
    seed: int = Field(1, ge=0, description="of the replicates")
    sensitivity: bool = Field(True, description="move the trigger, the grace period and every open choice")


#: Tags of the defaults: all are ours, but for the estimand, which is the question.
WORDS: dict[str, str] = {name: info.description or "" for name, info in Protocol.model_fields.items()}


def outcome_known(name: str) -> bool:
    """Whether there is such an outcome."""
    return name in PLAIN_OUTCOMES or bool(_GRADED.match(name))


def known_covariates() -> list[str]:
    """Every covariate: clocks, states, facts, and each variable of the vocabulary."""
    return [*CLOCKS, *STATES, *FACTS, *_variables()]


def _variables() -> list[str]:
    return [name for name in vocabulary.variables() if name not in ("weight", "height")]


def covariate_known(name: str) -> bool:
    """Whether there is such a covariate; a variable may have `_age` or `_trend` behind its name."""
    base = next((name.removesuffix(end) for end in _SUFFIXES if name.endswith(end)), None)
    return name in known_covariates() or (base is not None and base in _variables())


def protocol_problems(section: Mapping[str, Any], strategies: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(dotted key, what is wrong, what to do) for what the model cannot see: names, and numbers that go together."""
    arms = list(strategies)

    def near(word: str, known: list[str]) -> str:
        hits = get_close_matches(word.lower(), known, n=2, cutoff=0.6)
        if hits:
            return f"Did you mean {' or '.join(hits)}?"
        return f"Known here: {', '.join(known[:MOST_EXACT])}{', ...' if len(known) > MOST_EXACT else ''}."

    def arm(dotted: str, given: Any) -> Iterator[tuple[str, str, str]]:
        if isinstance(given, str) and given not in arms:
            yield dotted, f'there is no strategy "{given[:60]}" in this file', near(given, arms)

    yield from arm("time_zero", section.get("time_zero"))
    yield from arm("reference", section.get("reference"))
    chosen = _words(section.get("strategies"))
    for name in chosen:
        yield from arm("strategies", name)
    if chosen and (len(set(chosen)) < len(chosen) or len(chosen) < 2):
        yield "strategies", "it needs at least two arms, each named once", "Name two strategies, or leave the key out."
    if chosen and section.get("reference") in arms and section.get("reference") not in chosen:
        yield "reference", "it is no arm of this protocol", f"Name one of {', '.join(chosen)}."
    for name in _table(section.get("within")):
        yield from arm(f"within.{name}", name)
    if "time_zero" in section and "trigger" in section:
        yield "trigger", "it and time_zero exclude each other", "Give one of them."
    for name in _words(section.get("outcomes")):
        if not outcome_known(name):
            known = [*PLAIN_OUTCOMES, "crs_grade_3", "crs_grade_4", "icans_3"]
            yield "outcomes", f'there is no outcome "{name[:60]}"', near(name, known)
    for name in _words(section.get("covariates")):
        if not covariate_known(name):
            yield "covariates", f'there is no covariate "{name[:60]}"', near(name, known_covariates())
    for key in ("outcomes", "covariates"):
        names = _words(section.get(key))
        if len(set(names)) < len(names):
            yield key, "a name stands twice", "Name each once."
    yield from _hours_problems(section)


def _hours_problems(section: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    step, horizon = section.get("grid_hours", 1), section.get("horizon_hours", 336)
    if step not in GRID or not isinstance(horizon, int):
        return
    if horizon % step:
        yield "horizon_hours", f"{horizon} is no multiple of grid_hours, {step}", "Give a multiple."
    given = section.get("hours")
    if isinstance(given, list):
        wrong = [h for h in cast("list[Any]", given) if not isinstance(h, int) or not 0 < h <= horizon or h % step]
        if wrong:
            yield "hours", "each needs to be a multiple of grid_hours, above 0 and at most horizon_hours", "Correct it."
    draws = section.get("bootstrap")
    if isinstance(draws, int) and 0 < draws < 20:
        yield "bootstrap", "fewer than 20 replicates give no interval", "Give 0, or 20 and more."
    ages = _table(section.get("eligibility"))
    low, high = ages.get("age_from"), ages.get("age_below")
    if isinstance(low, int | float) and isinstance(high, int | float) and high <= low:
        yield "eligibility.age_below", "it is not above age_from", "Give a higher age."


def _words(value: Any) -> list[str]:
    return [one for one in cast("list[Any]", value) if isinstance(one, str)] if isinstance(value, list) else []


def _table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def grace_minutes(protocol: Protocol, arm: str, rule: Strategy) -> int:
    """Grace period of an arm in minutes."""
    return protocol.within.get(arm, rule.within)


def initiation_of(protocol: Protocol, rule: Strategy) -> Initiation:
    """How the starts of an arm are spread over its grace period."""
    return protocol.initiation or rule.initiation
