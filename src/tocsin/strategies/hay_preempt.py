"""Early intervention where the rule of Hay 2017 foretells severe CRS: its fever; its MCP-1 no record shows."""

from tocsin.sources import Source
from tocsin.strategies.shared import REPEATS
from tocsin.when import Strategy

SOURCE = Source(
    "hay2017",
    "Hay KA et al. Kinetics and biomarkers of severe cytokine release syndrome after CD19 chimeric antigen "
    "receptor-modified T-cell therapy. Blood 2017;130:2295-2306",
    "10.1182/blood-2017-06-793141",
)
HAY_PREEMPT = Strategy.model_validate(
    REPEATS
    | {
        "give": "tocilizumab",
        "when": {"all": [{"sign": "temperature", "at_least": 38.9}, {"not": {"day": 1.5}}]},
        "source": str(SOURCE),
        "tag": "Mh",
        "population": {"en": "a trial idea", "zh": "试验设想"},
        "provided": (
            {
                "en": "serum MCP-1 of at least 1343.5 pg/mL in the same 36 h",
                "zh": "同一 36 h 内血清 MCP-1 ≥1343.5 pg/mL",
            },
        ),
        "left_open": (
            {"en": "early intervention is read as tocilizumab", "zh": "“早期干预”读作托珠单抗"},
            {"en": "within 36 h leaves out the 36th hour's end", "zh": "“36 h 内”不含第 36 h 末"},
        ),
    }
)
RULES = {"hay_preempt": HAY_PREEMPT}
