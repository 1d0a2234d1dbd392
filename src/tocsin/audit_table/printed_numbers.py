"""Numbers as they stand in print: what rounding hides, and bounds such as <0.001."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

SLACK = 1e-9
NS = 0.05  # R: "NS" is read as P > 0.05; papers do not say
_NUMBER = re.compile(
    r"^(?P<sign>[<>=≤≥]?)=?(?P<minus>[-−–]?)(?P<whole>\d*)(?:\.(?P<part>\d+))?(?:[eE](?P<ten>[-+]?\d+))?$"
)
_TIMES_TEN = re.compile(r"[x×*]10\^?([-−–]?\d+)$")


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as printed: its value, half a unit of its last digit, and the sign ``<`` or ``>`` of a bound."""

    text: str
    value: float
    half: float
    sign: str = ""

    def fits(self, low: float, high: float | None = None) -> bool:
        """Whether a number, or one from ``low`` to ``high``, can have been printed like this.

        Half a unit of the last digit is allowed on both sides: 37.5 may stand as 37 or as 38. A bound takes what is
        below (above) it.
        """
        high = low if high is None else high
        slack = SLACK * max(1.0, abs(self.value))
        if self.sign == "<":
            return low < self.value
        if self.sign == ">":
            return high > self.value
        return low <= self.value + self.half + slack and high >= self.value - self.half - slack

    def cut_off_fits(self, value: float) -> bool:
        """Whether the digits were cut off instead of rounded."""
        return not self.sign and self.value - SLACK <= value < self.value + 2 * self.half - SLACK

    def stands_for_one(self, p: float) -> bool:
        """Whether a P that rounds to 1 was printed as the largest number below it: .99 or .999."""
        unit = 2 * self.half
        return not self.sign and unit < 0.05 and abs(self.value - (1 - unit)) < SLACK and p > 1 - self.half

    @property
    def low(self) -> float:
        """The least that can have been printed like this (the value itself of a bound)."""
        return self.value if self.sign else self.value - self.half

    @property
    def high(self) -> float:
        """The most that can have been printed like this."""
        return self.value if self.sign else self.value + self.half


def read_number(text: str, *, percent: bool = False) -> Printed | None:
    """A printed number; ``None`` where it is none.

    Understands ``.02``, ``P = 0.02``, ``<0.001``, ``0·02``, ``0,02``, ``2.3×10^-4``, ``84.6%``. A comma before exactly
    three digits, which may part thousands, is understood only after a leading 0.
    """
    cell = re.sub(r"^\s*[Pp](?:[- ]?value)?\s*(?=[<>=≤≥])", "", text.strip()).replace(" ", "").replace("·", ".")
    if percent:
        cell = cell.removesuffix("%")
    cell = _TIMES_TEN.sub(lambda hit: "e" + hit[1].replace("−", "-").replace("–", "-"), cell)
    if "," in cell and "." not in cell and not re.search(r"[1-9]\d*,\d{3}$", cell):
        cell = cell.replace(",", ".")
    hit = _NUMBER.match(cell)
    if hit is None or not (hit["whole"] or hit["part"]):
        return None
    ten = int(hit["ten"] or 0)
    if abs(ten) > 300:
        return None
    value = float(f"{hit['whole'] or 0}.{hit['part'] or 0}e{ten}") * (-1 if hit["minus"] else 1)
    if not math.isfinite(value):
        return None
    half = 0.5 * 10.0 ** (ten - len(hit["part"] or ""))
    sign = {"≤": "<", "≥": ">", "=": ""}.get(hit["sign"], hit["sign"])
    return Printed(text.strip(), value, half, sign)


def read_p(text: str) -> Printed | None:
    """A printed P from 0 to 1, or ``None``; ``NS`` and ``ns`` stand for P > 0.05."""
    if text.strip().lower().replace(".", "") in ("ns", "not significant", "n s"):
        return Printed(text.strip(), NS, 0.0, ">")
    found = read_number(text)
    return found if found is not None and 0 <= found.value <= 1 else None
