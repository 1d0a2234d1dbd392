"""Tocilizumab by CARTOX (Neelapu 2018): lasting fever, pressure that fluids do not correct, oxygen, or grade 3."""

from tocsin.sources import NEELAPU_2018
from tocsin.strategies.shared import ADULTS, PERSISTENT_FEVER, PERSISTS, REFRACTORY
from tocsin.when import Strategy

CARTOX2018 = Strategy.model_validate(
    {
        "give": "tocilizumab",
        "when": {
            "any": [
                PERSISTENT_FEVER,
                {
                    "all": [
                        {"sign": "fluid_bolus", "count": 2, "count_within": "24 h"},
                        {"sign": "hypotension", "at_least": 1},
                    ]
                },
                {"sign": "oxygen", "at_least": 1},
                {"grade_of": "cartox_crs", "at_least": 3},
            ]
        },
        "source": str(NEELAPU_2018),
        "tag": "V2",
        "population": ADULTS,
        "repeat_after": "6 h",
        "rescue": ("dexamethasone",),
        "dose": {
            "en": "8 mg/kg (or siltuximab 11 mg/kg); again after 6 h; dexamethasone 10 mg every 6 h if it persists",
            "zh": "8 mg/kg(或司妥昔单抗 11 mg/kg);6 h 后可重复;如持续,地塞米松 10 mg 每 6 h",
        },
        "unseen": (REFRACTORY, {"en": "organ toxicity of grade 2 (Mm)", "zh": "2 级器官毒性(Mm)"}),
        "left_open": (
            PERSISTS,
            {
                "en": "fluids have failed where hypotension is proved 1 h or more after the second bolus in 24 h began",
                "zh": "24 h 内第二次快速补液开始 1 h 后仍证实低血压,视为补液无效",
            },
            {
                "en": "when dexamethasone is due if it persists is not said and not encoded",
                "zh": "“如持续”时地塞米松的用药时间未说明,未编码",
            },
        ),
    }
)
RULES = {"cartox2018": CARTOX2018}
