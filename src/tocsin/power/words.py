"""The words of a design's results: what each analysis does, and how figures are printed."""

from __future__ import annotations

from typing import Any

from tocsin.report.numbers import NOTHING, fixed

NOT_EVIDENCE = "Known truth inside an assumed world; not clinical evidence."
NOTICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
TITLES = {
    "by_received": "arms by the treatment received",
    "treated_or_not": "treated in time or not",
    "aligned_unadjusted": "same start, clones without weights",
    "emulated": "emulated trial",
    "emulated_truncated": "emulated trial, largest weights cut",
    "emulated_oracle": "emulated trial, true weights",
    "g_formula": "g-formula",
}
DOES = {
    "by_received": "what the founding design does: care decides who is counted, and in which arm",
    "treated_or_not": "who was treated in time had to be free of the outcome until then (immortal time)",
    "aligned_unadjusted": "all start at the trigger; that the sicker leave an arm is not made up for",
    "emulated": "what tocsin emulate answers with: weights from a model of when the drug is first given",
    "emulated_truncated": "the same with the largest weights cut: less spread for some bias",
    "emulated_oracle": "weights from the true chance of a dose, which only a simulation knows: what is wrong here "
    "is no fault of the weight model",
    "g_formula": "another road to the same risks, by simulation from models of what follows from what; no interval",
}


def points(value: float | None, digits: int = 1) -> str:
    """A risk or difference in percentage points."""
    return fixed(None if value is None else 100 * value, digits)


def signed(value: float | None, digits: int = 1) -> str:
    """The same with its sign."""
    text = points(value, digits)
    return text if text == NOTHING or text.startswith("−") or not value else f"+{text}"


def with_error(value: float | None, error: float | None, digits: int = 1, sign: bool = False) -> str:
    """`+1.2 (0.3)`: a figure and its Monte-Carlo error."""
    said = signed(value, digits) if sign else points(value, digits)
    return said if error is None or said == NOTHING else f"{said} ({points(error, digits)})"


def contrast(row: dict[str, Any]) -> str:
    """`crs_grade_3 after 72 h, early − wait`."""
    arms = f"{row['arm']} − {row['against']}" if row["against"] else row["arm"]
    return f"{row['outcome']} after {row['hour']} h, {arms}"


def verdict(row: dict[str, Any]) -> str:
    """Whether the bias is more than its Monte-Carlo error explains (2.6 errors: one in a hundred by chance)."""
    if row["bias"] is None or row["bias_error"] is None:
        return "too few estimates to say"
    if abs(row["bias"]) <= 2.6 * row["bias_error"]:
        return "no bias seen"
    return "biased upwards" if row["bias"] > 0 else "biased downwards"
