"""Conventional tocilizumab once cytokine release syndrome is severe (Zhou 2023). The paper names no scale [R]."""

from tocsin.grades import SCALES
from tocsin.rules import Scale
from tocsin.sources import ZHOU_2023
from tocsin.when import Strategy, When

#: The scale "severe" is read on [R]. The founding hospital's group published on Lee 2014 in 2018; the others are
#: required sensitivity runs, for the scales differ often: one low-dose vasopressor is Lee 2 and ASTCT 3.
DEFAULT_SCALE = "lee2014_crs"


def on_scale(scale: Scale) -> Strategy:
    """The rule with severe read on `scale`: its first proved grade of 3 or more."""
    return Strategy(
        give="tocilizumab",
        when=When(grade_of=scale.name, at_least=scale.severe),
        within="6 h",  # pyright: ignore[reportArgumentType]
        source=str(ZHOU_2023),
        tag="R",
    )


ZHOU2023_CONVENTIONAL = on_scale(SCALES[DEFAULT_SCALE])
