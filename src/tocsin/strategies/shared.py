"""What several rules share: doses, and how we read words that their sources leave open."""

from typing import Any

Both = dict[str, str]

#: "Not improving" is a grade that is held; interruptions up to this long, as after an antipyretic, do not end it [R].
LAPSE = "8 h"
#: A fever for days is one that comes back within a day [R].
DAILY = "24 h"
TOCILIZUMAB: Both = {
    "en": "8 mg/kg over 1 h, 12 mg/kg below 30 kg, at most 800 mg; again after at least 8 h, at most 4 doses",
    "zh": "8 mg/kg(体重 <30 kg 者 12 mg/kg),1 h 输注,最多 800 mg;可间隔至少 8 h 重复,最多 4 剂",
}
REPEATS: dict[str, Any] = {"dose": TOCILIZUMAB, "repeat_after": "8 h", "at_most_doses": 4}
NOT_IMPROVING: Both = {
    "en": "not improving is read as the grade held, interruptions up to 8 h not counted",
    "zh": "“未改善”读作分级维持,不超过 8 h 的中断不计",
}
PERSISTS: Both = {
    "en": "a fever that persists is read as fever held, interruptions up to 24 h not counted",
    "zh": "“持续发热”读作发热状态维持,不超过 24 h 的中断不计",
}
REFRACTORY: Both = {"en": "grade 1 with refractory fever (no definition)", "zh": "1 级伴难治性发热(无定义)"}
CONSIDER: Both = {
    "en": "at grade 1 the text says only that it may be considered; it is due here",
    "zh": "1 级时原文仅称“可考虑”;此处视为应用药",
}
ADULTS: Both = {"en": "adults", "zh": "成人"}
EVERYBODY: Both = {"en": "all", "zh": "全部"}
LYMPHOMA: Both = {"en": "large B-cell lymphoma, axicabtagene", "zh": "大 B 细胞淋巴瘤,阿基仑赛"}
YOUNG_LEUKAEMIA: Both = {"en": "children and young adults with leukaemia", "zh": "儿童及青少年白血病"}


def after_tocilizumab(hours: str, scale: str, grade: int) -> dict[str, Any]:
    """The first tocilizumab was given so long ago, and the grade has not come below since."""
    return {
        "all": [
            {"sign": "tocilizumab", "at_least": 1, "sustained": hours},
            {"grade_of": scale, "at_least": grade, "sustained": hours, "lapse": LAPSE},
        ]
    }


def grade_one_held(scale: str, length: str) -> dict[str, Any]:
    """Grade 1 or more, not improving for this long."""
    return {"grade_of": scale, "at_least": 1, "sustained": length, "lapse": LAPSE}


def early_grade_one(scale: str) -> dict[str, Any]:
    """Grade 1 or more, where CRS began less than 72 h after the infusion."""
    return {"all": [{"grade_of": scale, "at_least": 1}, {"onset_within": "72 h"}]}


PERSISTENT_FEVER: dict[str, Any] = {"sign": "fever", "at_least": 1, "sustained": "72 h", "lapse": DAILY}
