"""Tocilizumab on day 2 whatever the signs (ZUMA-1 cohort 3): more severe neurotoxicity, not recommended."""

from tocsin.sources import Source
from tocsin.strategies.shared import LYMPHOMA
from tocsin.when import Strategy

SOURCE = Source("zuma1_c3", "ZUMA-1 safety cohort 3, as restated in PMC10329188", "", "Table 1")
ZUMA1_C3 = Strategy.model_validate(
    {
        "give": "tocilizumab",
        "when": {"day": 2},
        "source": str(SOURCE),
        "tag": "V2",
        "population": LYMPHOMA,
        "at_most_doses": 1,
        "dose": {"en": "8 mg/kg, with levetiracetam from day 0", "zh": "8 mg/kg,自第 0 天合用左乙拉西坦"},
        "left_open": (
            {
                "en": "not recommended: neurotoxicity of grade 3 or more in 41 % against 28 %",
                "zh": "不推荐:≥3 级神经毒性 41 % 对 28 %",
            },
            {"en": "day 2 is 48 h after time zero", "zh": "第 2 天即时间零点后 48 h"},
        ),
    }
)
RULES = {"zuma1_c3": ZUMA1_C3}
