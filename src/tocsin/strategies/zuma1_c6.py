"""Dexamethasone before and after the infusion, then the rules of cohort 4 (ZUMA-1 cohort 6, Oluwole 2021)."""

from tocsin.sources import Source
from tocsin.strategies.shared import LYMPHOMA
from tocsin.strategies.zuma1_c4 import ZUMA1_C4
from tocsin.when import Strategy

SOURCE = Source(
    "oluwole2021",
    "Oluwole OO et al. Prophylactic corticosteroid use in patients receiving axicabtagene ciloleucel for large B-cell "
    "lymphoma. Br J Haematol 2021;194:690-700",
    "10.1111/bjh.17527",
)
ZUMA1_C6 = Strategy.model_validate(
    {
        "give": "dexamethasone",
        "when": {"day": 0},
        "source": str(SOURCE),
        "tag": "V",
        "population": LYMPHOMA,
        "dose": {
            "en": "10 mg by mouth on day 0 before the infusion, on day 1 and on day 2",
            "zh": "第 0 天输注前及第 1、2 天各口服 10 mg",
        },
        "left_open": (
            {
                "en": "due at minute 0 here; a dose before it is not counted as given",
                "zh": "此处第 0 分钟到期;此前的剂量不计为已给",
            },
        ),
    }
)
TOCILIZUMAB = ZUMA1_C4.model_copy(update={"source": str(SOURCE)})
RULES = {"zuma1_c6": ZUMA1_C6, "zuma1_c6:tocilizumab": TOCILIZUMAB}
