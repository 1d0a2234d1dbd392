"""Anakinra on day 2, or after two fevers before that (Park, NCT04148430)."""

from tocsin.sources import Source
from tocsin.when import Strategy

SOURCE = Source("park_anakinra", "Park JH et al., NCT04148430, as restated in PMC10329188", "", "Table 1")
ANAKINRA_PROPHYLAXIS = Strategy.model_validate(
    {
        "give": "anakinra",
        "when": {
            "any": [{"day": 2}, {"sign": "temperature", "at_least": 38.5, "count": 2, "count_within": "2 d"}],
        },
        "source": str(SOURCE),
        "tag": "V2",
        "population": {"en": "large B-cell lymphoma", "zh": "大 B 细胞淋巴瘤"},
        "left_open": (
            {
                "en": "how far apart the two fevers must lie: any two readings count",
                "zh": "两次发热须相隔多久:任意两次均计",
            },
        ),
    }
)
RULES = {"anakinra_prophylaxis": ANAKINRA_PROPHYLAXIS}
