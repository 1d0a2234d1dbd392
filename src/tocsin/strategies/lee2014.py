"""Tocilizumab at Lee grade 3, or at grade 2 in older patients; a steroid a day later (Lee 2014)."""

from tocsin.sources import LEE_2014
from tocsin.strategies.shared import EVERYBODY, NOT_IMPROVING, REPEATS, after_tocilizumab
from tocsin.when import Strategy

#: The source says older age and gives no number [R].
OLDER_AGE = 65
LEE2014 = Strategy.model_validate(
    REPEATS
    | {
        "give": "tocilizumab",
        "when": {
            "any": [
                {"grade_of": "lee2014_crs", "at_least": 3},
                {"all": [{"grade_of": "lee2014_crs", "at_least": 2}, {"sign": "age_y", "at_least": OLDER_AGE}]},
            ]
        },
        "source": str(LEE_2014),
        "tag": "V2",
        "population": EVERYBODY,
        "unseen": ({"en": "grade 2 with extensive comorbidity", "zh": "2 级伴广泛合并症"},),
        "left_open": ({"en": "older age is read as 65 or more", "zh": "“高龄”读作 65 岁及以上"},),
    }
)
STEROID = Strategy.model_validate(
    {
        "give": "dexamethasone",
        "when": after_tocilizumab("24 h", "lee2014_crs", 2),
        "source": str(LEE_2014),
        "tag": "V2",
        "population": EVERYBODY,
        "dose": {"en": "a steroid, no dose given", "zh": "糖皮质激素,未给出剂量"},
        "left_open": (
            NOT_IMPROVING,
            {"en": "which steroid: dexamethasone is taken", "zh": "未指明何种激素:取地塞米松"},
            {"en": "considered at 24 h: from the first tocilizumab", "zh": "“24 h 时考虑”:自首剂托珠单抗起算"},
        ),
    }
)
RULES = {"lee2014": LEE2014, "lee2014:steroid": STEROID}
