"""Tocilizumab at persistent mild CRS in children and young adults (PLAT-02 early intervention, Gardner 2019)."""

from tocsin.sources import Source
from tocsin.strategies.shared import REPEATS, YOUNG_LEUKAEMIA
from tocsin.when import Strategy

SOURCE = Source(
    "gardner2019",
    "Gardner RA et al. Preemptive mitigation of CD19 CAR T-cell cytokine release syndrome without attenuation of "
    "antileukemic efficacy. Blood 2019;134:2149-2158",
    "10.1182/blood.2019001463",
)
GARDNER2019 = Strategy.model_validate(
    {
        "give": "tocilizumab",
        "when": {
            "any": [
                {
                    "all": [
                        {"sign": "temperature", "at_least": 39.0, "sustained": "10 h"},
                        {"sign": "antipyretic", "count": 1, "count_within": "24 h"},
                    ]
                },
                {
                    "all": [
                        {"sign": "fluid_bolus", "count": 1, "count_within": "24 h"},
                        {"sign": "hypotension", "at_least": 1},
                    ]
                },
                {"sign": "oxygen", "at_least": 1},
            ]
        },
        "source": str(SOURCE),
        "tag": "Mm",
        "population": YOUNG_LEUKAEMIA,
        "at_most_doses": 1,
        "rescue": ("dexamethasone",),
        "dose": REPEATS["dose"]
        | {"en": "8 mg/kg, 12 mg/kg below 30 kg, once", "zh": "8 mg/kg(体重 <30 kg 者 12 mg/kg),一次"},
        "left_open": (
            {
                "en": "despite an antipyretic is read as one given in the last 24 h",
                "zh": "“用退热药后”读作近 24 h 内用过一次",
            },
            {
                "en": "hypotension persists where it is proved 1 to 25 h after the start of a fluid bolus",
                "zh": "补液开始后 1 至 25 h 内证实低血压,视为持续",
            },
            {
                "en": "then dexamethasone if it does not improve: no time is said, so it is not encoded",
                "zh": "“无改善则地塞米松”未说明时间,未编码",
            },
        ),
    }
)
RULES = {"gardner2019": GARDNER2019}
