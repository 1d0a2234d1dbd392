"""Tocilizumab at grade 2, or at a prolonged grade 1 in the frail (NCCN, as cited)."""

from tocsin.sources import Source
from tocsin.strategies.shared import EVERYBODY
from tocsin.when import Strategy

SOURCE = Source(
    "nccn_cited",
    "NCCN guideline on CAR-T cell toxicity, as cited in Exp Hematol Oncol 2020;9 (10.1186/s40164-020-00171-5)",
    "",
    "Table 2",
)
NCCN_PROLONGED = Strategy.model_validate(
    {
        "give": "tocilizumab",
        "when": {"grade_of": "astct_crs", "at_least": 2},
        "source": str(SOURCE),
        "tag": "V2",
        "population": EVERYBODY,
        "repeat_after": "8 h",
        "at_most_doses": 4,
        "dose": {
            "en": "8 mg/kg; again after 8 h, at most 3 doses in 24 h and 4 in all",
            "zh": "8 mg/kg;8 h 后可重复,24 h 内最多 3 剂,共最多 4 剂",
        },
        "unseen": (
            {
                "en": "grade 1 for more than 3 d with significant symptoms or comorbidity",
                "zh": "1 级超过 3 d 且症状明显或有合并症",
            },
        ),
    }
)
RULES = {"nccn_prolonged": NCCN_PROLONGED}
