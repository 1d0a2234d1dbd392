"""Tocilizumab at ASTCT grade 2, guided by interleukin 6 (Zhang 2022)."""

from tocsin.sources import Source
from tocsin.strategies.shared import REPEATS
from tocsin.when import Strategy

SOURCE = Source(
    "zhang2022",
    "Zhang Y et al. Tocilizumab in cytokine release syndrome after CAR-T cell therapy of B-cell acute lymphoblastic "
    "leukaemia. Front Immunol 2022;13:914959, abstract",
    "10.3389/fimmu.2022.914959",
)
IL6_ZHANG2022 = Strategy.model_validate(
    REPEATS
    | {
        "give": "tocilizumab",
        "when": {"grade_of": "astct_crs", "at_least": 2},
        "source": str(SOURCE),
        "tag": "V",
        "population": {"en": "B-cell leukaemia", "zh": "B 细胞急性淋巴细胞白血病"},
        "provided": ({"en": "the rise of interleukin 6 (its cut was not read)", "zh": "IL-6 升高(界值未读到)"},),
    }
)
RULES = {"il6_zhang2022": IL6_ZHANG2022}
