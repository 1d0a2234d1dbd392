"""Tocilizumab an hour before the infusion (Caimi 2021)."""

from tocsin.sources import Source
from tocsin.when import Strategy

SOURCE = Source(
    "caimi2021",
    "Caimi PF et al. Prophylactic tocilizumab prior to anti-CD19 CAR-T cell therapy for non-Hodgkin lymphoma. "
    "Front Immunol 2021;12:745320",
    "10.3389/fimmu.2021.745320",
)
CAIMI2021 = Strategy.model_validate(
    {
        "give": "tocilizumab",
        "when": {"day": 0},
        "source": str(SOURCE),
        "tag": "Mh",
        "population": {"en": "non-Hodgkin lymphoma", "zh": "非霍奇金淋巴瘤"},
        "at_most_doses": 1,
        "dose": {"en": "8 mg/kg once, 1 h before the infusion", "zh": "输注前 1 h 一次 8 mg/kg"},
        "left_open": (
            {
                "en": "due at minute 0 here; a dose before it is not counted as given",
                "zh": "此处第 0 分钟到期;此前的剂量不计为已给",
            },
        ),
    }
)
RULES = {"caimi2021": CAIMI2021}
