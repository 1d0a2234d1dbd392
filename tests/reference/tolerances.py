"""Every tolerance of the reference tests, each with its reason. A 1 % shift must fail under all of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    relative: float
    absolute: float
    reason: str


COUNT = Tolerance(0, 0, "whole numbers of subjects and events")
TIME = Tolerance(1e-12, 0, "a time of the data, or the middle of two")
CLOSED = Tolerance(1e-11, 1e-15, "closed formula; R prints 15 digits, sums differ in order")
EXACT_P = Tolerance(1e-10, 0, "a sum of up to a million probabilities; R prints 15 digits")
ROOT = Tolerance(1e-8, 1e-9, "both sides search a root: R's uniroot stops at 1e-12 to 1e-13 of its scale")
GRID = Tolerance(1e-4, 0, "R maximises over a grid of 3999 nuisance values, scipy by an optimiser")


def agrees(computed: float | None, expected: float | None, tolerance: Tolerance) -> bool:
    """Whether a value equals its reference; ``None`` and NaN are one, and equal to nothing else."""
    if computed is not None and computed != computed:
        computed = None
    if computed is None or expected is None:
        return computed is None and expected is None
    return abs(computed - expected) <= tolerance.relative * abs(expected) + tolerance.absolute


def shifted(expected: float | None) -> float:
    """Return the reference moved by 1 %; 0 (R's 1e-17 too) becomes 0.01 and "no value" becomes 1."""
    if expected is None:
        return 1.0
    return expected * 1.01 if abs(expected) > 1e-12 else 0.01
