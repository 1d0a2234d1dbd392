"""Tocilizumab at grade 2, or after three days of fever at grade 1 (EBMT and EHA, Hayden 2022)."""

from tocsin.sources import Source
from tocsin.strategies.shared import EVERYBODY, PERSISTENT_FEVER, PERSISTS, REPEATS
from tocsin.when import Strategy

SOURCE = Source(
    "hayden2022",
    "Hayden PJ et al. Management of adults and children receiving CAR T-cell therapy: 2021 best practice "
    "recommendations of EBMT, JACIE and EHA. Ann Oncol 2022;33:259-275",
)
EBMT2022 = Strategy.model_validate(
    REPEATS
    | {
        "give": "tocilizumab",
        "when": {"any": [{"grade_of": "astct_crs", "at_least": 2}, PERSISTENT_FEVER]},
        "source": str(SOURCE),
        "tag": "Mm",
        "population": EVERYBODY,
        "left_open": (
            PERSISTS,
            {
                "en": "without infection: a fever counts unless a reviewer charted another cause",
                "zh": "“无感染”:除非审核者记录其他原因,发热均计入",
            },
        ),
    }
)
RULES = {"ebmt2022": EBMT2022}
