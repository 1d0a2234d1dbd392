"""Estimates as sentences and cells: which number is a percentage, which a time, and where P must say `synthetic`."""

from __future__ import annotations

import re
from typing import Any

from tocsin.report.numbers import DAYS_A_MONTH, NOTHING, fixed, p_value, percent
from tocsin.report.words import Words

SHARES = ("proportion", "survival at", "cumulative incidence", "risk at", "share")
DIFFERENCES = ("risk difference", "difference of proportions", "difference in survival", "difference in incidence")
TIMES = ("median", "restricted mean", "difference of restricted means", "difference of medians")
WHOLE = ("fragility index", "ways that turn the result")  # counts of courses and of fillings-in
TESTS = ("log-rank", "gray", "observed minus expected", "fisher", "mann-whitney", "mantel-byar", "proportional hazards")


def is_contrast(row: dict[str, Any]) -> bool:
    """Two arms against each other."""
    return " v " in row["contrast"]


def shape(measure: str) -> str:
    """How a measure prints: share, difference (percentage points), time, test or plain."""
    name = measure.lower()
    for kind, starts in (("difference", DIFFERENCES), ("test", TESTS), ("share", SHARES), ("time", TIMES)):
        if name.startswith(starts):
            return kind
    return "plain"


def unit_of(row: dict[str, Any], words: Words) -> str:
    """Unit of a time: named in measure, outcome or note (`months`, `d`, `h`), else days as in the curves."""
    told = f"{row['measure']} {row['outcome']} {row['note']}".lower()
    for key, pattern in (("months", r"\bmonths?\b"), ("hours", r"\bhours?\b|\bh\b"), ("days", r"\bdays?\b|\bd\b")):
        if re.search(pattern, told):
            return words(f"unit.{key}")
    return words("unit.days")


def _named_unit(row: dict[str, Any], words: Words) -> str:
    """Unit of a typical value or a shift: the first words of its note (`mg/kg; quartiles ...`)."""
    unit = row["note"].split(";")[0].strip()
    return words.term(unit) if row["measure"].startswith(("typical value", "shift")) and len(unit) < 16 else ""


def _one(value: float | None, kind: str, open_end: str) -> str:
    if value is None:
        return open_end
    if kind == "share":
        return fixed(value * 100)
    return fixed(value * 100 if kind == "difference" else value, 2)


def estimate_text(row: dict[str, Any], words: Words) -> str:
    """`11/13 (84.62 %)`, `7.03 months`, `+12.4 percentage points`, `not reached`, `not estimable`."""
    kind, value = shape(row["measure"]), row["estimate"]
    if value is None and row["p"] is not None:
        return NOTHING  # a test has a P and nothing else
    if value is None:
        reached = row["measure"].lower().startswith("median") and not row["note"].startswith("not estimable")
        return words("not_reached") if reached else words("not_estimable")
    if kind == "share":
        events, n = row["events"], row["n"]
        counted = events is not None and n and abs(events / n - value) < 5e-4
        return f"{events}/{n} ({percent(value)})" if counted else percent(value)
    if kind == "difference":
        return f"{'+' if value > 0 else ''}{fixed(value * 100)} {words('unit.points')}"
    if kind == "time":
        return f"{fixed(value)} {unit_of(row, words)}"
    if row["measure"] in WHOLE:
        return f"{value:.0f}"
    return f"{fixed(value)} {_named_unit(row, words)}".strip()


def interval_text(row: dict[str, Any], words: Words) -> str:
    """`54.55 to 98.08 %` with its level; an open end is `not reached` for times and `∞` else."""
    if row["low"] is None and row["high"] is None:
        return NOTHING
    kind = shape(row["measure"])
    open_end = words("not_reached") if kind == "time" else "∞"
    low = _one(row["low"], kind, "0" if kind == "time" else "−∞")
    high = _one(row["high"], kind, open_end)
    sign = " %" if kind == "share" else ""
    return f"{low} {words('to')} {high}{sign}"


def months_text(row: dict[str, Any], words: Words) -> str:
    """A time in days once more in months, as papers print it: `7.00 months (3.00 to 11.00)`."""
    if shape(row["measure"]) != "time" or unit_of(row, words) != words("unit.days") or (row["estimate"] or 0) < 45:
        return ""
    low, high = (fixed(row[k] / DAYS_A_MONTH) if row[k] is not None else None for k in ("low", "high"))
    said = f"{fixed(row['estimate'] / DAYS_A_MONTH)} {words('unit.months')}"
    if low is None and high is None:
        return said
    return f"{said} ({low or '0'} {words('to')} {high or words('not_reached')})"


def level_text(row: dict[str, Any], words: Words) -> str:
    """`95 % CI`."""
    return words("interval", level=fixed(row["level"] * 100, 0) if row["level"] else "?")


def p_text(p: float | None, synthetic: bool, words: Words) -> str:
    """The P value; in a synthetic study the word stands in the same cell, so that no copy loses it."""
    if p is None:
        return NOTHING
    return f"{p_value(p)} ({words('synthetic')})" if synthetic else p_value(p)


def _compares(measure: str) -> bool:
    """An effect, not a test and not the smallest effect the study could have seen (which reads like a result)."""
    return shape(measure) != "test" and "detectable" not in measure


MAIN = ("MRD-negative", "CRS death", "EFS", "OS", "severe CRS", "severe ICANS")


def main_outcomes(outcomes: list[str]) -> list[str]:
    """What a reader asks first: one outcome for each name in `MAIN`, else the first six."""
    found = [next((o for o in outcomes if o.lower().startswith(name.lower())), "") for name in MAIN]
    return list(dict.fromkeys(o for o in found if o)) or outcomes[:6]


def headline(effects: list[dict[str, Any]], arms: list[str]) -> list[dict[str, Any]]:
    """For each main outcome one measure per arm (the first that is not a test) and its first two-arm rows.

    Returns dicts outcome, measure, arms {arm: row}, contrast (row or None) and p_row (row or None).
    """
    out: list[dict[str, Any]] = []
    for outcome in main_outcomes(list(dict.fromkeys(row["outcome"] for row in effects))):
        rows = [row for row in effects if row["outcome"] == outcome]
        single = [row for row in rows if not is_contrast(row)]
        measure = next((row["measure"] for row in single), None)
        of_arm = {
            row["contrast"]: row for row in reversed(single) if row["measure"] == measure and row["contrast"] in arms
        }
        pairs = [row for row in rows if is_contrast(row)]
        shown = next((row for row in pairs if row["estimate"] is not None and _compares(row["measure"])), None)
        tested = next((row for row in pairs if row["p"] is not None), None)
        out.append({"outcome": outcome, "measure": measure, "arms": of_arm, "contrast": shown, "p_row": tested})
    return out
