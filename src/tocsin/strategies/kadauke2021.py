"""One tocilizumab at two high temperatures where the tumour burden is high (CHOP, Kadauke 2021)."""

from tocsin.sources import Source
from tocsin.strategies.shared import YOUNG_LEUKAEMIA
from tocsin.when import Strategy

SOURCE = Source(
    "kadauke2021",
    "Kadauke S et al. Risk-adapted preemptive tocilizumab to prevent severe cytokine release syndrome after CTL019 "
    "for pediatric B-cell acute lymphoblastic leukemia. J Clin Oncol 2021;39:920-930",
    "10.1200/JCO.20.02477",
)
KADAUKE2021 = Strategy.model_validate(
    {
        "give": "tocilizumab",
        "when": {
            "all": [
                {"sign": "temperature", "at_least": 38.5, "count": 2, "count_within": "24 h"},
                {"sign": "blasts_percent", "at_least": 40},
            ]
        },
        "source": str(SOURCE),
        "tag": "Mm",
        "population": YOUNG_LEUKAEMIA,
        "at_most_doses": 1,
        "dose": {"en": "8 mg/kg, 12 mg/kg below 30 kg, once", "zh": "8 mg/kg(体重 <30 kg 者 12 mg/kg),一次"},
        "left_open": (
            {
                "en": "how far apart the two temperatures must lie: any two readings count",
                "zh": "两次体温须相隔多久:任意两次均计",
            },
            {
                "en": "blasts just before the infusion: those before lymphodepletion are taken",
                "zh": "输注前即刻原始细胞:取清淋前数值",
            },
            {
                "en": "below 40 % blasts the standard of the centre holds, which is not encoded",
                "zh": "原始细胞低于 40 % 按中心常规,未编码",
            },
        ),
    }
)
RULES = {"kadauke2021": KADAUKE2021}
