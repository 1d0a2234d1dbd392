"""A trigger and a strategy in words, English and Chinese. What no record shows is said beside what is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tocsin.when import Strategy, When

Lang = Literal["en", "zh"]
_SCALE_NAMES = {
    "astct_crs": "ASTCT CRS", "astct_icans": "ASTCT ICANS", "lee2014_crs": "Lee 2014 CRS", "penn2018_crs": "Penn CRS",
    "ctcae403_crs": "CTCAE v4.03 CRS", "ctcae5_crs": "CTCAE v5 CRS", "ctcae6_crs": "CTCAE v6 CRS",
    "mskcc_crs": "MSKCC CRS", "cartox_crs": "CARTOX CRS", "cartox_ped_crs": "paediatric CARTOX CRS",
    "china2023_crs": "Chinese consensus 2023 CRS", "cres": "CRES",
}  # fmt: skip
_SIGNS = {
    "temperature": ("temperature", "体温", " °C"), "systolic": ("systolic pressure", "收缩压", " mmHg"),
    "spo2": ("saturation", "血氧饱和度", " %"),
    "creatinine_ratio": ("creatinine over its last value before time zero", "肌酐与时间零点前末次值之比", ""),
    "norepinephrine": ("the norepinephrine rate", "去甲肾上腺素速率", " µg/min"),
    "fio2": ("the charted inspired oxygen fraction", "记录的吸入氧浓度", ""),
    "blasts_percent": ("the share of marrow blasts before lymphodepletion", "清淋前骨髓原始细胞", " %"),
    "age_y": ("age", "年龄", " y"),
    "fever": ("fever", "发热", ""), "hypotension": ("hypotension", "低血压", ""),
    "oxygen": ("the oxygen class", "吸氧级别", ""), "vasopressors": ("the number of vasopressors", "升压药数", ""),
    "tocilizumab": ("the number of tocilizumab doses", "托珠单抗剂数", ""),
}  # fmt: skip
_STATES = {
    ("fever", 1): ("there is fever", "发热"), ("hypotension", 1): ("there is hypotension", "低血压"),
    ("oxygen", 1): ("oxygen is given", "吸氧"),
    ("oxygen", 2): ("oxygen is given by high flow, by mask, or by positive pressure", "高流量、面罩或正压给氧"),
    ("oxygen", 3): ("positive pressure is given, mask or tube", "无创或有创正压通气"),
    ("oxygen", 4): ("the patient is ventilated", "有创通气"), ("vasopressors", 1): ("a vasopressor runs", "使用升压药"),
    ("vasopressors", 2): ("two vasopressors run, vasopressin not counted", "同时使用两种升压药(血管加压素不计)"),
}  # fmt: skip
_EVENTS = {
    "antipyretic": ("antipyretics", "次退热药"),
    "fluid_bolus": ("fluid boluses, each judged 1 h after its start,", "次快速补液(每次开始 1 h 后判断)"),
}
_EDGES = {"at_least": ("at least", "不低于"), "above": ("above", "高于"), "at_most": ("at most", "不高于"),
          "below": ("below", "低于")}  # fmt: skip
_DRUGS_ZH = {
    "tocilizumab": "托珠单抗", "siltuximab": "司妥昔单抗", "anakinra": "阿那白滞素", "dexamethasone": "地塞米松",
    "methylprednisolone": "甲泼尼龙",
}  # fmt: skip


def length_words(minutes: int) -> str:
    """`4 h`, `90 min`, `2 d`."""
    if minutes % 1440 == 0 and minutes >= 2880:
        return f"{minutes // 1440} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def scale_words(name: str) -> str:
    """The name of a scale as it is said."""
    return _SCALE_NAMES.get(name, name)


def drug_words(name: str, lang: Lang = "en") -> str:
    """The name of a drug as it is said."""
    return _DRUGS_ZH.get(name, name) if lang == "zh" else name


def strategy_words(rule: Strategy, lang: Lang = "en") -> str:
    """The rule, then what makes it due too, or what it asks for besides, and no record shows."""
    within, trigger, drug = length_words(rule.within), trigger_words(rule.when, lang), drug_words(rule.give, lang)
    once = "from" if rule.when.day is not None else "once"
    if lang == "zh":
        said = f"当{trigger}后 {within} 内给予{drug}。"
        said += f"另有记录中看不到的条件,单独满足亦应用药:{_listed(rule.unseen, lang)}。" if rule.unseen else ""
        return said + (f"还须满足记录中看不到的条件:{_listed(rule.provided, lang)}。" if rule.provided else "")
    said = f"Give {drug} within {within} {once} {trigger}."
    said += f" Due too on what no record shows: {_listed(rule.unseen, lang)}." if rule.unseen else ""
    return said + (f" Only with what no record shows: {_listed(rule.provided, lang)}." if rule.provided else "")


def _listed(words: tuple[object, ...], lang: Lang) -> str:
    return ("；" if lang == "zh" else "; ").join(str(getattr(one, lang)) for one in words)


def trigger_words(when: When, lang: Lang = "en", alone: bool = True) -> str:
    """The trigger; `alone` says that the first moment is meant, which goes without saying inside a combination."""
    zh = lang == "zh"
    if when.all or when.any:
        joint = (" 且 " if when.all else " 或 ") if zh else (" and " if when.all else " or ")
        return joint.join(f"({trigger_words(part, lang, False)})" for part in (when.all or when.any or ()))
    if when.not_:
        inner = trigger_words(when.not_, lang, False)
        return f"非({inner})" if zh else f"not ({inner})"
    if when.day == 0:
        return "时间零点" if zh else "time zero"
    if when.day is not None:
        return f"时间零点后第 {when.day:g} 天" if zh else f"day {when.day:g} after time zero"
    if when.onset_within is not None:
        length = length_words(when.onset_within)
        return f"CRS 于 {length} 内起病" if zh else f"CRS began less than {length} after time zero"
    if when.count is not None and when.count_within is not None:
        return _counted(when, zh)
    said = _said(when, zh)
    if when.sustained is None:
        first = "(首次)" if zh else " for the first time"
        return said + (first if alone else "")
    return _held(when, said, zh) if when.is_state else _run(when, said, zh)


def _said(when: When, zh: bool) -> str:
    """What a reading or state is compared with."""
    how, value = when.edge
    if how == "at_least" and when.sign and (when.sign, value) in _STATES:
        return _STATES[when.sign, int(value)][zh]
    if when.sign == "tocilizumab" and (how, value) == ("at_least", 1):
        return "已用托珠单抗" if zh else "tocilizumab has been given"
    if when.sign:
        name, unit = _SIGNS[when.sign][zh], _SIGNS[when.sign][2]
    else:
        scale, unit = scale_words(when.grade_of or ""), ""
        name = f"{scale} 分级" if zh else f"the {scale} grade"
    shown = f"{value:.1f}{unit}" if when.sign == "temperature" else f"{value:g}{unit}"
    return f"{name}{_EDGES[how][1]} {shown}" if zh else f"{name} is {_EDGES[how][0]} {shown}"


def _run(when: When, said: str, zh: bool) -> str:
    held, gap = length_words(when.sustained or 0), length_words(when.longest_gap)
    if zh:
        return f"{said} 且持续 {held}(至少 {when.min_readings} 次新测量,相邻间隔不超过 {gap})"
    run = f"in every new reading of a run of at least {held}"
    return f"{said} {run} (at least {when.min_readings} readings, no gap over {gap})"


def _held(when: When, said: str, zh: bool) -> str:
    held = length_words(when.sustained or 0)
    if when.sign == "tocilizumab" and when.edge == ("at_least", 1):
        return f"托珠单抗首剂已过 {held}" if zh else f"the first tocilizumab was given {held} ago"
    if when.lapse:
        lapse = length_words(when.lapse)
        return f"{said} 达 {held}(中断不超过 {lapse} 不计)" if zh else (
            f"{said} for {held} (interruptions up to {lapse} do not count)")  # fmt: skip
    return f"{said} 持续 {held} 无中断" if zh else f"{said} for {held} without interruption"


def _counted(when: When, zh: bool) -> str:
    window = length_words(when.count_within or 0)
    if when.sign in _EVENTS:
        words = _EVENTS[when.sign]
        return f"{window} 内 {when.count} {words[1]}" if zh else f"{when.count} or more {words[0]} within {window}"
    said = _said(when, zh)
    if zh:
        return f"{window} 内至少 {when.count} 次{said}"
    return f"{said} in {when.count} new readings within {window}"
