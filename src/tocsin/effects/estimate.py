"""The row every estimator returns."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate, its interval and its p-value, with the method named.

    ``None`` means "not estimable" or "not reached", and ``note`` says why. NaN and infinity are refused: an infinite
    odds ratio is ``None`` with a note. ``level`` is ``None`` where no interval is meant (a test); ``estimate`` then
    holds the test statistic, if the method has one. ``n`` counts the subjects used, ``events`` those with the event.
    """

    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    level: float | None
    method: str
    n: int
    events: int | None
    note: str = ""
    p: float | None = None

    def __post_init__(self) -> None:
        for name in ("estimate", "low", "high", "level", "p"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{self.measure}: {name} is {value}; a value that cannot be estimated is None")
        silent = self.estimate is None if self.level is None else None in (self.estimate, self.low, self.high)
        if silent and not self.note and (self.level is not None or self.p is None):
            raise ValueError(f"{self.measure}: a missing estimate or limit needs a note that says why")

    @property
    def estimable(self) -> bool:
        """Whether there is a number to print."""
        return self.estimate is not None or self.p is not None


def not_estimable(measure: str, why: str, *, n: int, events: int | None, method: str, level: float | None) -> Estimate:
    """Return the row that says a number does not exist, and why."""
    return Estimate(measure, None, None, None, level, method, n, events, f"not estimable: {why}")
