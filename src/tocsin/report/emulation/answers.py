"""What sections and pictures ask of the tables: the main outcome, its hour and contrasts, numbers as printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tocsin.report.emulation.words import EmulationWords
from tocsin.report.numbers import NOTHING, fixed
from tocsin.tables.emulation import ANALYSES, EmulationResults

Row = dict[str, Any]


def rows_of(results: EmulationResults, name: str, **where: Any) -> list[Row]:
    """The rows of one table whose columns have these values."""
    frame = results.tables[name]
    return (frame.filter(*(pl.col(key) == value for key, value in where.items())) if where else frame).to_dicts()


@dataclass(frozen=True)
class Asked:
    """The main question: outcome, the hour at which it is answered, arm and the one it is compared with."""

    outcome: str
    hour: int
    contrasts: tuple[tuple[str, str], ...]


def outcomes_of(results: EmulationResults) -> list[str]:
    """The outcomes, the main one first."""
    asked = sorted(rows_of(results, "asked"), key=lambda row: not row["main"])
    return [row["outcome"] for row in asked]


def asked_row(results: EmulationResults, outcome: str) -> Row | None:
    """What was asked about this outcome."""
    return next(iter(rows_of(results, "asked", outcome=outcome)), None)


def arms_of(results: EmulationResults) -> list[str]:
    """The arms in their order; those of the tables where `meta` names none."""
    named = [str(arm) for arm in results.meta.get("arms") or []]
    return named or list(dict.fromkeys(row["arm"] for row in rows_of(results, "followed")))


def main_question(results: EmulationResults) -> Asked | None:
    """The main outcome at the latest hour of the comparison (else the horizon); nothing where nothing was asked."""
    outcomes = outcomes_of(results)
    if not outcomes:
        return None
    rows = rows_of(results, "comparison", outcome=outcomes[0])
    emulated = [row for row in rows if row["analysis"] == "emulated"] or rows
    hours = [row["hour"] for row in emulated if row["difference"] is not None] or [row["hour"] for row in emulated]
    hour = max(hours, default=int(results.meta.get("horizon_hours") or 0))
    pairs = dict.fromkeys((row["arm"], row["against"]) for row in rows)
    return Asked(outcomes[0], hour, tuple(pairs) or _pairs(results))


def _pairs(results: EmulationResults) -> tuple[tuple[str, str], ...]:
    arms, reference = arms_of(results), results.meta.get("reference")
    last = str(reference) if reference in arms else arms[-1] if arms else ""
    return tuple((arm, last) for arm in arms if arm != last)


def compared(results: EmulationResults, asked: Asked, arm: str, against: str) -> list[Row]:
    """The analyses of one contrast of the main question, in the order of the contract."""
    rows = rows_of(results, "comparison", outcome=asked.outcome, hour=asked.hour, arm=arm, against=against)
    return [row for name in ANALYSES for row in rows if row["analysis"] == name]


def risk_row(results: EmulationResults, outcome: str, arm: str, hour: int) -> Row | None:
    """The emulated risk of an arm after these hours, with its interval."""
    return next(
        iter(rows_of(results, "risks", outcome=outcome, analysis="emulated", arm=arm, hour=hour)), None
    )  # fmt: skip


def why_not(results: EmulationResults, words: EmulationWords, outcome: str) -> str:
    """Why an outcome has no estimate, as the results say it."""
    row = asked_row(results, outcome)
    return (words.both(row, "why_not") if row else "").rstrip(".。") or words("answer.why_unknown")


def why_short(results: EmulationResults, words: EmulationWords, outcome: str) -> str:
    """The first sentence of it, for every place but the answer."""
    return first_sentence(why_not(results, words, outcome))


def first_sentence(said: str) -> str:
    """Up to the first full stop, without it."""
    return re.split(r"\.\s|。", said)[0].rstrip(".。")


def unknown_text(row: Mapping[str, Any], words: EmulationWords) -> str:
    """Why a row of `grid` has no difference, in two words: nobody had the time, or it cannot be estimated."""
    return words("not_run" if str(row["note"]).startswith("not run") else "no_estimate")


def share(value: float | None) -> str:
    """A risk in percent, one decimal: an emulation knows no second."""
    return NOTHING if value is None else f"{fixed(value * 100, 1)} %"


def signed(value: float | None) -> str:
    """A difference of risks in percentage points with its sign, `+4.5`."""
    if value is None:
        return NOTHING
    text = fixed(value * 100, 1)
    return f"+{text}" if value > 0 and float(text.replace(",", "")) else text


def points(value: float | None, words: EmulationWords) -> str:
    """`+4.5 points`."""
    return words("no_estimate") if value is None else words("points", value=signed(value))


def level_of(results: EmulationResults) -> str:
    """The level of the intervals in percent."""
    level = results.meta.get("level")
    return fixed(float(level) * 100, 0) if level else "?"


def limits(row: Mapping[str, Any], words: EmulationWords, sign: bool = False) -> str:
    """`-2.1 to 9.4`, in percent or points; nothing without an interval."""
    low, high = row.get("low"), row.get("high")
    if low is None or high is None:
        return ""
    said = [signed(v) if sign else fixed(v * 100, 1) for v in (low, high)]
    return f"{said[0]} {words('to')} {said[1]}"


def slug(text: str) -> str:
    """A file name from an outcome's name."""
    kept = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in text.lower())
    return "-".join(part for part in kept.split("-") if part) or "x"
