"""Units: one per variable. Conversion happens in `records` only and rounds to 3 decimals to remove float noise.

Nothing else is rounded before comparing: 37.99 is below 38.0, and 102.3 °F is 39.056 °C.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

DECIMALS = 3


@dataclass(frozen=True)
class Conversion:
    """`to(expr)` turns a column in unit `given` into unit `kept`; `words` prints in findings."""

    given: str
    kept: str
    words: str
    to: Callable[[pl.Expr], pl.Expr]


def _times(given: str, kept: str, factor: float, words: str = "") -> Conversion:
    return Conversion(given, kept, words or f"× {factor:g}", lambda value: value * factor)


def _divided(given: str, kept: str, divisor: float) -> Conversion:
    return Conversion(given, kept, f"/ {divisor:g}", lambda value: value / divisor)


CONVERSIONS: tuple[Conversion, ...] = (
    Conversion("°F", "°C", "(°F - 32) / 1.8", lambda value: (value - 32) / 1.8),
    _times("kPa", "mmHg", 7.50062),
    _divided("%", "fraction", 100),
    _times("fraction", "%", 100),
    _divided("mL/min", "L/min", 1000),
    _divided("umol/L creatinine", "mg/dL", 88.42),
    _divided("umol/L bilirubin", "mg/dL", 17.10),
    _times("ukat/L", "U/L", 60),
    _times("pmol/L ferritin", "ng/mL", 0.445),
    _times("ug/L", "ng/mL", 1),
    _times("mg/dL CRP", "mg/L", 10),
    _times("ng/L", "pg/mL", 1),
    _divided("/uL", "10^9/L", 1000),
    _times("10^3/uL", "10^9/L", 1),
    _divided("g/L haemoglobin", "g/dL", 10),
    _times("mmol/L haemoglobin", "g/dL", 1.611),
    _divided("mg/dL fibrinogen", "g/L", 100),
    _divided("mg/dL triglycerides", "mmol/L", 88.57),
    _times("lb", "kg", 0.4536),
    _divided("g", "kg", 1000),
    _divided("mm", "cm", 10),
    _times("in", "cm", 2.54),
)
_BY_PAIR = {(conversion.given, conversion.kept): conversion for conversion in CONVERSIONS}


def conversion(given: str, kept: str, variable: str = "") -> Conversion | None:
    """The conversion from `given` to `kept`, or None if there is none. Substance-specific ones need `variable`."""
    if given == kept:
        return Conversion(given, kept, "as charted", lambda value: value)
    return _BY_PAIR.get((f"{given} {variable}".strip(), kept)) or _BY_PAIR.get((given, kept))


def convert(value: pl.Expr, given: str, kept: str, variable: str = "") -> pl.Expr:
    """Column in `kept`, rounded to 3 decimals; the values of a unit that is kept are left as charted.

    Raises KeyError for a pair that is not known: the caller reports `records.unit-unknown` with row numbers.
    """
    found = conversion(given, kept, variable)
    if found is None:
        raise KeyError((given, kept))
    return value if given == kept else found.to(value).round(DECIMALS)
