"""Every open choice of a study with its value, default and evidence tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from tocsin.grades import SCALES
from tocsin.sources import ALL, SPEC, ZHOU_2023
from tocsin.strategies import STRATEGIES
from tocsin.study.cohort import Study
from tocsin.study.counts import NEAR, NEUTROPHILS_OLD
from tocsin.study.ledger import POWER
from tocsin.studyfile import Cohort, Endpoints, Options
from tocsin.tables import PARAMETERS
from tocsin.when import Strategy, When, length_words

_LEAF_WORDS = {
    "at_least": "value that must be reached", "above": "value that must be passed", "at_most": "value not to be passed",
    "below": "value to stay under", "sustained": "length of an unbroken run",
    "lapse": "interruptions of a state up to this long do not end it",
    "longest_gap": "a longer gap between two readings breaks the run", "min_readings": "new readings a run must hold",
    "dip_to": "readings down to this do not break the run after an antipyretic",
    "dip_within": "how long after an antipyretic a dip is forgiven",
    "fires": "due at the reading that completes the run, or before",
    "count": "new readings past the edge", "count_within": "within this time",
    "onset_within": "CRS began less than this after time zero", "day": "day after time zero",
    "grade_of": "scale whose proved grade triggers",
}  # fmt: skip
_LENGTHS = ("sustained", "lapse", "longest_gap", "dip_within", "count_within", "onset_within")


def parameter_table(study: Study) -> pl.DataFrame:
    """Choices of the signs, the strategies, the endpoints, the cohort and the statistics."""
    rows = [*study.parameters.rows(), *_strategies(study), *_cohort(study), *_endpoints(study), *_statistics(study)]
    return PARAMETERS.frame(rows)


def source_text(key: str) -> str:
    """The citation behind a source key, else the words as given."""
    return str(ALL[key]) if key in ALL else key


def _row(name: str, value: Any, default: Any, words: str, tag: str = "R", source: str = str(SPEC)) -> dict[str, str]:
    return {"name": name, "value": str(value), "default": str(default), "tag": tag, "source": source, "words": words}


def _strategies(study: Study) -> Iterator[dict[str, str]]:
    for arm, rule in study.file.strategies.items():
        source, built_in = source_text(rule.source) or str(SPEC), _built_in(rule)
        where = f"strategies.{arm}"
        yield _row(f"{where}.give", rule.give, built_in.give if built_in else rule.give, "drug given", rule.tag, source)
        yield _row(f"{where}.within", length_words(rule.within), length_words(Strategy.model_fields["within"].default),
                   "time from due to given that still follows the strategy")  # fmt: skip
        leaves = [part for part in rule.when.parts() if not (part.all or part.any or part.not_)]
        published = list(built_in.when.parts()) if built_in else []
        for place, leaf in enumerate(leaves):
            name = f"{where}.when" if len(leaves) == 1 else f"{where}.when.{place + 1}"
            like = published[0] if len(leaves) == len(published) == 1 else None
            yield from _leaf_rows(name, leaf, like, rule, source)


def _leaf_rows(name: str, leaf: When, like: When | None, rule: Strategy, source: str) -> Iterator[dict[str, str]]:
    sustained = leaf.sustained is not None and not leaf.is_state
    for key, words in _LEAF_WORDS.items():
        if key in ("longest_gap", "min_readings", "dip_to", "dip_within", "fires") and not sustained:
            continue
        value, info = getattr(leaf, key), When.model_fields[key]
        default = getattr(like, key) if like is not None else value if info.default is None else info.default
        if value is None and key != "dip_to":
            continue
        paper = (rule.tag, source) if key in ("sustained", "at_least", "grade_of") else ("R", str(SPEC))
        yield _row(f"{name}.{key}", _shown(key, value), _shown(key, default), words, *paper)


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "none"
    if key in _LENGTHS:
        return length_words(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _built_in(rule: Strategy) -> Strategy | None:
    """The published strategy of the same source and the same kind of trigger."""
    if rule.source not in (ZHOU_2023.key, str(ZHOU_2023)):
        return None
    return next((made for made in STRATEGIES.values() if made.when.streams()[:1] == rule.when.streams()[:1]), None)


def _cohort(study: Study) -> Iterator[dict[str, str]]:
    mine, usual = study.file.cohort, Cohort.model_fields
    yield _row("cohort.time_zero", mine.time_zero, usual["time_zero"].default, "what minute 0 is")
    yield _row(
        "cohort.scale", mine.scale, usual["scale"].default, "scale CRS is graded on; the founding paper names none"
    )
    yield _row("cohort.split_dose_days", f"{mine.split_dose_days:g}", usual["split_dose_days"].default,
               "later CAR-T doses within this many days are one course")  # fmt: skip


def _endpoints(study: Study) -> Iterator[dict[str, str]]:
    mine, usual = study.file.endpoints, Endpoints()  # pyright: ignore[reportCallIssue]
    for key in ("from_day", "to_day"):
        value, default = (getattr(e.mrd_negative_cr, key) for e in (mine, usual))
        yield _row(f"endpoints.mrd_negative_cr.{key}", value, default, "window of the response, days, included")
    yield _row(
        "endpoints.efs.variant", mine.efs.variant, usual.efs.variant, "what transplant and new therapy do to EFS"
    )
    yield _row(
        "endpoints.landmark_day",
        f"{mine.landmark_day:g}",
        f"{usual.landmark_day:g}",
        "survival is also counted from this day",
    )
    yield _row("endpoints.months", f"{mine.months:g}", f"{usual.months:g}", "days of a month")
    yield _row("endpoints.severe", SCALES[study.scale].severe, 3, "lowest grade that is severe")


def _statistics(study: Study) -> Iterator[dict[str, str]]:
    mine, words = study.file.study, Options.model_fields
    for key, info in words.items():
        value = getattr(mine, key)
        yield _row(f"study.{key}", _plain(value), _plain(info.default), info.description or key)
    yield _row(
        "statistics.median_interval", "log-log", "log-log", "interval of survival medians; SPSS's stands beside it"
    )
    yield _row("statistics.proportion_interval", "Clopper-Pearson", "Clopper-Pearson", "interval of a share")
    yield _row("statistics.difference_interval", "Newcombe", "Newcombe", "interval of a difference of two shares")
    exact = "Fisher, exact Mann-Whitney, exact log-rank"
    yield _row("statistics.two_sided", exact, exact, "tests at these sizes")
    yield _row("statistics.power", f"{POWER:g}", f"{POWER:g}", "power of the smallest detectable difference")
    yield _row(
        "counts.near_trigger_h",
        f"{NEAR.total_seconds() / 3600:g}",
        "24",
        "cultures this close to the trigger are counted",
    )
    yield _row(
        "counts.neutrophils_old_h",
        f"{NEUTROPHILS_OLD.total_seconds() / 3600:g}",
        "48",
        "neutrophils at the trigger are at most this old",
    )


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{one:g}" for one in value)
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"
