"""Brexucabtagene, US label, from memory; the date of the text is not known. Grades by Lee 2014."""

from typing import Any

from tocsin.sources import Source
from tocsin.strategies.shared import NOT_IMPROVING, REPEATS, after_tocilizumab, grade_one_held
from tocsin.when import Strategy

SOURCE = Source("tecartus", "Tecartus US prescribing information, from memory, date of the text not known")
SCALE = "lee2014_crs"
_LABEL: dict[str, Any] = {
    "source": str(SOURCE),
    "tag": "Mm",
    "version": "undated",
    "population": {"en": "brexucabtagene", "zh": "布瑞基奥仑赛"},
    "left_open": (NOT_IMPROVING,),
}
TOCILIZUMAB = Strategy.model_validate(
    REPEATS
    | _LABEL
    | {
        "give": "tocilizumab",
        "when": {"any": [{"grade_of": SCALE, "at_least": 2}, grade_one_held(SCALE, "24 h")]},
    }
)
DEXAMETHASONE = Strategy.model_validate(
    _LABEL
    | {
        "give": "dexamethasone",
        "when": {"any": [{"grade_of": SCALE, "at_least": 3}, after_tocilizumab("24 h", SCALE, 2)]},
        "dose": {"en": "a steroid; the dose was not remembered", "zh": "糖皮质激素;剂量未记得"},
    }
)
RULES = {"label:brexu-cel:undated": TOCILIZUMAB, "label:brexu-cel:undated:dexamethasone": DEXAMETHASONE}
