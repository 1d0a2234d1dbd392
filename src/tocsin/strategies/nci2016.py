"""Tocilizumab by failing organs (NCI, Brudno and Kochenderfer 2016)."""

from tocsin.sources import Source
from tocsin.strategies.shared import ADULTS
from tocsin.when import Strategy

SOURCE = Source(
    "brudno2016",
    "Brudno JN, Kochenderfer JN. Toxicities of chimeric antigen receptor T cells: recognition and management. Blood "
    "2016;127:3321-3330, PMC4929924",
    "10.1182/blood-2016-04-703751",
    "Table 3",
)
NCI2016 = Strategy.model_validate(
    {
        "give": "tocilizumab",
        "when": {
            "any": [
                {"sign": "creatinine_ratio", "above": 2.5},
                {"sign": "norepinephrine", "above": 2, "sustained": "48 h", "lapse": "30 d"},
                {"all": [{"sign": "norepinephrine", "above": 0}, {"sign": "systolic", "below": 90}]},
                {"sign": "fio2", "above": 0.5, "sustained": "2 h"},
            ]
        },
        "source": str(SOURCE),
        "tag": "V2",
        "population": ADULTS,
        "dose": {"en": "4 to 8 mg/kg over 1 h, at most 800 mg", "zh": "4–8 mg/kg,1 h 输注,最多 800 mg"},
        "unseen": (
            {"en": "left ventricular ejection fraction below 40 %", "zh": "左室射血分数低于 40 %"},
            {"en": "dyspnoea that may need a ventilator", "zh": "可能需要机械通气的呼吸困难"},
            {"en": "aPTT above twice the upper limit", "zh": "APTT 超过上限 2 倍"},
            {"en": "clinically significant bleeding", "zh": "有临床意义的出血"},
            {
                "en": "creatine kinase above 5 times the upper limit for more than 2 d",
                "zh": "肌酸激酶超过上限 5 倍达 2 d 以上",
            },
        ),
        "left_open": (
            {
                "en": "48 h since the first use, even if interrupted: above 2 µg/min now, and first so 48 h ago",
                "zh": "“首次使用起 48 h,可中断”:当前速率 >2 µg/min,且首次超过已 48 h",
            },
            {
                "en": "a pressure not held is one systolic reading below 90 mmHg while norepinephrine runs",
                "zh": "“不能维持”读作去甲肾上腺素运行时一次收缩压 <90 mmHg",
            },
            {
                "en": "only a charted oxygen fraction counts, none that is estimated",
                "zh": "仅计记录的吸入氧浓度,不估算",
            },
            {
                "en": "creatinine: over the last value before time zero, at most 30 d old",
                "zh": "肌酐:与时间零点前 30 d 内末次值之比",
            },
        ),
    }
)
RULES = {"nci2016": NCI2016}
