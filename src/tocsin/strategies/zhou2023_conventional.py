"""Conventional tocilizumab once cytokine release syndrome is severe (Zhou 2023). The paper names no scale [R]."""

from tocsin.grades import ASTCT_CRS
from tocsin.rules import Scale
from tocsin.sources import ZHOU_2023
from tocsin.when import Strategy, When


def on_scale(scale: Scale) -> Strategy:
    """The rule with severe read on `scale`: its first proved grade of 3 or more."""
    return Strategy(
        give="tocilizumab",
        when=When(grade_of=scale.name, at_least=scale.severe),
        within="6 h",  # pyright: ignore[reportArgumentType]
        source=str(ZHOU_2023),
        tag="R",
    )


ZHOU2023_CONVENTIONAL = on_scale(ASTCT_CRS)
