"""Early tocilizumab once high fever has lasted 4 h (Zhou 2023)."""

from tocsin.sources import ZHOU_2023
from tocsin.when import Strategy, When

#: The paper gives no temperature: 38.0, 38.5 and 39.1 are required sensitivity runs [R].
THRESHOLDS = (38.0, 38.5, 39.0, 39.1)
ZHOU2023_EARLY = Strategy(
    give="tocilizumab",
    when=When(sign="temperature", at_least=39.0, sustained="4 h", longest_gap="6 h", min_readings=2),  # pyright: ignore[reportArgumentType]
    within="6 h",  # pyright: ignore[reportArgumentType]
    source=str(ZHOU_2023),
    tag="R",
)
