"""Numbers as they are printed: round half even, counts beside every percentage, never `0.000`, never an empty cell."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

MINUTES_A_DAY = 1440
DAYS_A_MONTH = 30.4375
NOTHING = "–"


def fixed(value: float | None, digits: int = 2) -> str:
    """`2.345` -> `2.34`: half even on the decimal that is printed, so that a reader can redo it by hand."""
    if value is None or value != value:
        return NOTHING
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    number = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    return f"{abs(number):,f}" if not number else f"{number:,f}".replace("-", "−")


def short(value: float | None, digits: int = 2) -> str:
    """As `fixed`, trailing zeros dropped: for axis words and parameters."""
    text = fixed(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | None, digits: int = 2) -> str:
    """`0.846154` -> `84.62 %`."""
    return NOTHING if share is None else f"{fixed(share * 100, digits)} %"


def count_of(events: int, total: int) -> str:
    """`11/13 (84.62 %)`; without a denominator no percentage."""
    return f"{events}/{total} ({percent(events / total)})" if total else f"{events}/0"


def p_value(p: float | None) -> str:
    """Three decimals; `<0.001` below and `>0.999` above what they can say; exactly 1 is `1`."""
    if p is None or p != p:
        return NOTHING
    if p < 0.001:
        return "<0.001"
    if p == 1:
        return "1"
    return ">0.999" if p > 0.999 else fixed(p, 3)


def hours(minutes: float | None, digits: int = 1) -> str:
    """Minutes as hours."""
    return NOTHING if minutes is None else f"{fixed(minutes / 60, digits)} h"


def day_clock(minute: int | None) -> str:
    """Minutes since time zero as day and clock reading: `d 3 04:10`; day 0 starts at time zero."""
    if minute is None:
        return NOTHING
    day, rest = divmod(minute, MINUTES_A_DAY)
    return f"d {day} {rest // 60:02d}:{rest % 60:02d}".replace("-", "−")
