"""Tisagenlecleucel, US label, 2018 text: tocilizumab when CRS needs moderate to aggressive care. It has no grades."""

from tocsin.sources import KYMRIAH_LABEL
from tocsin.strategies.shared import REPEATS
from tocsin.when import Strategy

POPULATION = {"en": "tisagenlecleucel", "zh": "替沙仑赛"}
UNSTABLE = {"all": [{"sign": "vasopressors", "at_least": 1}, {"sign": "hypotension", "at_least": 1}]}
BREATHING = {"sign": "oxygen", "at_least": 2}
RAPID = ({"en": "rapid clinical deterioration", "zh": "病情迅速恶化"},)
TOCILIZUMAB = Strategy.model_validate(
    REPEATS
    | {
        "give": "tocilizumab",
        "when": {"any": [UNSTABLE, BREATHING]},
        "source": str(KYMRIAH_LABEL),
        "tag": "V",
        "version": "2018",
        "population": POPULATION,
        "rescue": ("methylprednisolone",),
        "unseen": RAPID,
        "left_open": (
            {
                "en": "unstable despite vasopressors is read as hypotension while one runs",
                "zh": "“升压药下仍不稳定”读作用升压药时仍低血压",
            },
            {
                "en": "high-flow oxygen is read as the class of high flow, masks among it, and above",
                "zh": "“高流量吸氧”读作高流量(含面罩)及以上级别",
            },
        ),
    }
)
METHYLPREDNISOLONE = Strategy.model_validate(
    {
        "give": "methylprednisolone",
        "when": {"all": [{"sign": "tocilizumab", "at_least": 1, "sustained": "12 h"}, {"any": [UNSTABLE, BREATHING]}]},
        "source": str(KYMRIAH_LABEL),
        "tag": "V",
        "version": "2018",
        "population": POPULATION,
        "dose": {"en": "2 mg/kg, then 2 mg/kg a day", "zh": "2 mg/kg,随后每日 2 mg/kg"},
        "unseen": ({"en": "worsening at any time after tocilizumab", "zh": "托珠单抗后任何时间恶化"},),
        "left_open": (
            {
                "en": "no improvement 12 to 18 h after the first dose: due at 12 h if still needed, within 6 h",
                "zh": "“首剂后 12–18 h 无改善”:12 h 仍符合即到期,6 h 内给予",
            },
        ),
    }
)
RULES = {"label:tisa-cel:2018": TOCILIZUMAB, "label:tisa-cel:2018:methylprednisolone": METHYLPREDNISOLONE}
