"""Idecabtagene, US label, from memory; the date of the text is not known. Grades by Lee 2014."""

from typing import Any

from tocsin.sources import Source
from tocsin.strategies.shared import REPEATS
from tocsin.when import Strategy

SOURCE = Source("abecma", "Abecma US prescribing information, from memory, date of the text not known")
_LABEL: dict[str, Any] = {
    "when": {"grade_of": "lee2014_crs", "at_least": 2},
    "source": str(SOURCE),
    "tag": "Mm",
    "version": "undated",
    "population": {"en": "idecabtagene", "zh": "艾基维仑赛"},
    "unseen": (
        {
            "en": "to be considered at grade 1 with onset before 72 h that supportive care does not control",
            "zh": "72 h 内起病的 1 级且支持治疗不能控制时可考虑",
        },
    ),
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
RULES = {"label:ide-cel:undated": TOCILIZUMAB, "label:ide-cel:undated:dexamethasone": DEXAMETHASONE}
