"""The ways of care whose truth is told, and which of them are compared."""

from __future__ import annotations

from tocsin.virtual.practice import SHIPPED, Care

USUAL = "usual"
CARES: dict[str, Care] = {
    USUAL: Care("usual"), **{name: Care("strategy", strategy) for name, strategy in SHIPPED.items()},
    "never": Care("never"),
}  # fmt: skip
PAIRS = (
    ("zhou2023_early", "zhou2023_conventional"), ("fever_or_grade3", "wait_grade3"),
    *((name, "never") for name in SHIPPED),
)  # fmt: skip
CARE_WORDS = {
    "usual": "what the doctors of this world do; the records are theirs",
    "zhou2023_early": "tocsin's strategy of that name: fever of 39.0 °C or more for 4 h",
    "zhou2023_conventional": "tocsin's strategy of that name: grade 3 on Lee 2014",
    "fever_or_grade3": "fever of 39.0 °C or more for 4 h, or grade 3 on ASTCT, whichever comes first",
    "wait_grade3": "grade 3 on ASTCT",
    "never": "no drug against cytokines as a first dose; steroids and support as everywhere",
}
