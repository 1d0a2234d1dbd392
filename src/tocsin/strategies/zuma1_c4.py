"""Earlier tocilizumab and steroid (ZUMA-1 cohort 4)."""

from tocsin.sources import Source
from tocsin.strategies.shared import LYMPHOMA, NOT_IMPROVING, REPEATS, grade_one_held
from tocsin.when import Strategy

SOURCE = Source("zuma1_c4", "ZUMA-1 safety cohort 4, as restated in PMC10329188", "", "Table 1")
ZUMA1_C4 = Strategy.model_validate(
    REPEATS
    | {
        "give": "tocilizumab",
        "when": {"any": [{"grade_of": "lee2014_crs", "at_least": 2}, grade_one_held("lee2014_crs", "24 h")]},
        "source": str(SOURCE),
        "tag": "Mh",
        "population": LYMPHOMA,
        "rescue": ("dexamethasone",),
        "left_open": (
            NOT_IMPROVING,
            {"en": "grade 2 makes it due at once", "zh": "2 级立即应用"},
            {"en": "the idea is V2, the times are Mh", "zh": "思路为 V2,时间为 Mh"},
        ),
    }
)
DEXAMETHASONE = Strategy.model_validate(
    {
        "give": "dexamethasone",
        "when": {"any": [grade_one_held("lee2014_crs", "72 h"), {"grade_of": "astct_icans", "at_least": 1}]},
        "source": str(SOURCE),
        "tag": "Mh",
        "population": LYMPHOMA,
        "dose": {"en": "10 mg once", "zh": "10 mg 一次"},
        "left_open": (
            NOT_IMPROVING,
            {
                "en": "neurotoxicity is read on ASTCT ICANS; the trial graded by CTCAE",
                "zh": "神经毒性按 ASTCT ICANS;试验用 CTCAE",
            },
        ),
    }
)
RULES = {"zuma1_c4": ZUMA1_C4, "zuma1_c4:dexamethasone": DEXAMETHASONE}
