"""Ciltacabtagene, US label, from memory; the date of the text is not known. Grades by ASTCT."""

from typing import Any

from tocsin.sources import Source
from tocsin.strategies.shared import CONSIDER, REPEATS, early_grade_one
from tocsin.when import Strategy

SOURCE = Source("carvykti", "Carvykti US prescribing information, from memory, date of the text not known")
SCALE = "astct_crs"
_LABEL: dict[str, Any] = {
    "source": str(SOURCE),
    "tag": "Mh",
    "version": "undated",
    "population": {"en": "ciltacabtagene", "zh": "西达基奥仑赛"},
}
TOCILIZUMAB = Strategy.model_validate(
    REPEATS
    | _LABEL
    | {
        "give": "tocilizumab",
        "when": {"any": [{"grade_of": SCALE, "at_least": 2}, early_grade_one(SCALE)]},
        "left_open": (CONSIDER,),
    }
)
DEXAMETHASONE = Strategy.model_validate(
    _LABEL
    | {
        "give": "dexamethasone",
        "when": {"grade_of": SCALE, "at_least": 2},
        "dose": {
            "en": "10 mg every 12 to 24 h at grade 2 (to be considered), every 12 h at 3; 20 mg every 6 h at 4",
            "zh": "2 级 10 mg 每 12–24 h(可考虑),3 级每 12 h;4 级 20 mg 每 6 h",
        },
    }
)
RULES = {"label:cilta-cel:undated": TOCILIZUMAB, "label:cilta-cel:undated:dexamethasone": DEXAMETHASONE}
