"""Tocilizumab at grade 2, earlier in the elderly (SITC, Maus 2020)."""

from tocsin.sources import Source
from tocsin.strategies.shared import EVERYBODY, REPEATS
from tocsin.when import Strategy

SOURCE = Source(
    "maus2020",
    "Maus MV et al. Society for Immunotherapy of Cancer (SITC) clinical practice guideline on immune effector "
    "cell-related adverse events. J Immunother Cancer 2020;8:e001511",
)
#: The source says elderly and earlier, and gives no numbers [R].
OLDER_AGE = 65
SITC2020 = Strategy.model_validate(
    REPEATS
    | {
        "give": "tocilizumab",
        "when": {
            "any": [
                {"grade_of": "astct_crs", "at_least": 2},
                {"all": [{"grade_of": "astct_crs", "at_least": 1}, {"sign": "age_y", "at_least": OLDER_AGE}]},
            ]
        },
        "source": str(SOURCE),
        "tag": "Ml",
        "population": EVERYBODY,
        "rescue": ("dexamethasone",),
        "unseen": ({"en": "an earlier grade with comorbidity", "zh": "有合并症者更早用药"},),
        "left_open": (
            {
                "en": "earlier in the elderly is read as grade 1 from 65 years on",
                "zh": "“高龄者更早”读作 65 岁及以上 1 级即用",
            },
        ),
    }
)
RULES = {"sitc2020": SITC2020}
