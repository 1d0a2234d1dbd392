"""Axicabtagene, US label: the text of 2017 to 2021, and the earlier treatment of 2022 and later. Grades by Lee 2014."""

from typing import Any

from tocsin.sources import Source
from tocsin.strategies.shared import NOT_IMPROVING, REPEATS, after_tocilizumab, grade_one_held
from tocsin.when import Strategy

SOURCE_2017 = Source("yescarta2017", "Yescarta US prescribing information, text of 2017 to 2021, from memory")
SOURCE_2022 = Source("yescarta2022", "Yescarta US prescribing information, text of 2022 and later, from memory")
SCALE = "lee2014_crs"
POPULATION = {"en": "axicabtagene", "zh": "阿基仑赛"}
_THEN: dict[str, Any] = {"source": str(SOURCE_2017), "tag": "Mm", "version": "2017", "population": POPULATION}
_NOW: dict[str, Any] = {"source": str(SOURCE_2022), "tag": "Mh", "version": "2022", "population": POPULATION}
_LIFE_THREATENING = {
    "give": "methylprednisolone",
    "when": {"grade_of": SCALE, "at_least": 4},
    "dose": {"en": "1 g a day for 3 d", "zh": "每日 1 g,共 3 d"},
}

TOCILIZUMAB_2017 = Strategy.model_validate(
    REPEATS | _THEN | {"give": "tocilizumab", "when": {"grade_of": SCALE, "at_least": 2}}
)
DEXAMETHASONE_2017 = Strategy.model_validate(
    _THEN
    | {
        "give": "dexamethasone",
        "when": {"any": [{"grade_of": SCALE, "at_least": 3}, after_tocilizumab("24 h", SCALE, 2)]},
        "dose": {
            "en": "10 mg every 6 h, or methylprednisolone 1 mg/kg twice a day",
            "zh": "10 mg 每 6 h,或甲泼尼龙 1 mg/kg 每日 2 次",
        },
        "left_open": (NOT_IMPROVING,),
    }
)
METHYLPREDNISOLONE_2017 = Strategy.model_validate(_THEN | _LIFE_THREATENING)
TOCILIZUMAB_2022 = Strategy.model_validate(
    REPEATS
    | _NOW
    | {
        "give": "tocilizumab",
        "when": {"any": [{"grade_of": SCALE, "at_least": 2}, grade_one_held(SCALE, "24 h")]},
        "left_open": (NOT_IMPROVING,),
    }
)
DEXAMETHASONE_2022 = Strategy.model_validate(
    _NOW
    | {
        "give": "dexamethasone",
        "when": {"any": [{"grade_of": SCALE, "at_least": 2}, grade_one_held(SCALE, "72 h")]},
        "dose": {
            "en": "10 mg once at grade 1, 10 mg a day at grade 2, 10 mg three times a day at grade 3",
            "zh": "1 级 10 mg 一次,2 级 10 mg 每日 1 次,3 级 10 mg 每日 3 次",
        },
        "left_open": (NOT_IMPROVING,),
    }
)
METHYLPREDNISOLONE_2022 = Strategy.model_validate(_NOW | _LIFE_THREATENING)
RULES = {
    "label:axi-cel:2017": TOCILIZUMAB_2017,
    "label:axi-cel:2017:dexamethasone": DEXAMETHASONE_2017,
    "label:axi-cel:2017:methylprednisolone": METHYLPREDNISOLONE_2017,
    "label:axi-cel:2022": TOCILIZUMAB_2022,
    "label:axi-cel:2022:dexamethasone": DEXAMETHASONE_2022,
    "label:axi-cel:2022:methylprednisolone": METHYLPREDNISOLONE_2022,
}
