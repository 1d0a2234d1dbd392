"""Tocilizumab at grade 2 or after three days of fever; dexamethasone at 3, methylprednisolone at 4 (ASCO 2021)."""

from tocsin.sources import Source
from tocsin.strategies.shared import EVERYBODY, PERSISTENT_FEVER, PERSISTS, REFRACTORY, REPEATS
from tocsin.when import Strategy

SOURCE = Source(
    "santomasso2021",
    "Santomasso BD et al. Management of immune-related adverse events in patients treated with chimeric antigen "
    "receptor T-cell therapy: ASCO guideline. J Clin Oncol 2021;39:3978-3992",
    "10.1200/JCO.21.01992",
    "pocket version, and PMC9616161 table 4",
)
ASCO2021 = Strategy.model_validate(
    REPEATS
    | {
        "give": "tocilizumab",
        "when": {"any": [{"grade_of": "astct_crs", "at_least": 2}, PERSISTENT_FEVER]},
        "source": str(SOURCE),
        "tag": "V2",
        "population": EVERYBODY,
        "rescue": ("dexamethasone", "methylprednisolone"),
        "unseen": (REFRACTORY,),
        "left_open": (PERSISTS,),
    }
)
DEXAMETHASONE = Strategy.model_validate(
    {
        "give": "dexamethasone",
        "when": {"grade_of": "astct_crs", "at_least": 3},
        "source": str(SOURCE),
        "tag": "V2",
        "population": EVERYBODY,
        "dose": {"en": "10 mg every 6 h", "zh": "10 mg 每 6 h"},
    }
)
METHYLPREDNISOLONE = Strategy.model_validate(
    {
        "give": "methylprednisolone",
        "when": {"grade_of": "astct_crs", "at_least": 4},
        "source": str(SOURCE),
        "tag": "V2",
        "population": EVERYBODY,
        "dose": {"en": "500 mg every 12 h for 3 d, then tapered", "zh": "500 mg 每 12 h,共 3 d,随后减量"},
    }
)
RULES = {
    "asco2021": ASCO2021,
    "asco2021:dexamethasone": DEXAMETHASONE,
    "asco2021:methylprednisolone": METHYLPREDNISOLONE,
}
