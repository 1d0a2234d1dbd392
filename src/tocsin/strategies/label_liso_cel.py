"""Lisocabtagene, US label, from memory; the date of the text is not known. Grades by Lee 2014."""

from typing import Any

from tocsin.sources import Source
from tocsin.strategies.shared import CONSIDER, REPEATS, early_grade_one
from tocsin.when import Strategy

SOURCE = Source("breyanzi", "Breyanzi US prescribing information, from memory, date of the text not known")
SCALE = "lee2014_crs"
_LABEL: dict[str, Any] = {
    "when": {"any": [{"grade_of": SCALE, "at_least": 2}, early_grade_one(SCALE)]},
    "source": str(SOURCE),
    "tag": "Mh",
    "version": "undated",
    "population": {"en": "lisocabtagene", "zh": "利基迈仑赛"},
    "left_open": (CONSIDER,),
}
TOCILIZUMAB = Strategy.model_validate(REPEATS | _LABEL | {"give": "tocilizumab"})
DEXAMETHASONE = Strategy.model_validate(
    _LABEL
    | {
        "give": "dexamethasone",
        "dose": {
            "en": "10 mg every 24 h at grade 1, every 12 to 24 h at 2, every 12 h at 3; 20 mg every 6 h at grade 4",
            "zh": "10 mg:1 级每 24 h,2 级每 12–24 h,3 级每 12 h;4 级 20 mg 每 6 h",
        },
    }
)
RULES = {"label:liso-cel:undated": TOCILIZUMAB, "label:liso-cel:undated:dexamethasone": DEXAMETHASONE}
