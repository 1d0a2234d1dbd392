"""First trigger time by patient and rule: a field of cells, the earlier the darker, patients down and rules across."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import polars as pl

from tocsin.report.drawing import HATCH, Figure
from tocsin.report.shapes import INK, SOFT, drawing, line, num, rect, text, widest, width_of

#: First day of each colour, its fill and the ink that is read on it; light to dark reads in grey, too.
DAYS = ((0, "#0b2a4a", "#ffffff"), (1, "#14507f", "#ffffff"), (2, "#2b7bb0", "#ffffff"), (3, "#64a9cf", INK),
        (4, "#9dcbe3", INK), (6, "#cfe5f0", INK), (10, "#eaf3f8", INK))  # fmt: skip
NOT_DUE, TREATED = "#ffffff", "#f1ede4"
CELL, GAP, SLANT = 27.0, 18.0, math.radians(58)
TALL, LEAST, NAMED = 20.0, 4.0, 11.0
_WORDS = {
    "en": {
        "title": "First trigger by patient and rule", "day": "due on day", "not due": "not due",
        "cannot be seen": "cannot be seen", "treated first": "drug given first", "due": "due", "of": "of",
        "tocilizumab": "tocilizumab", "other": "other drugs", "and later": "and later",
        "alt": "Field of {n} patients and {k} rules; colour and number say the day on which a rule was first due.",
        "caption": "Day 0 is the first 24 h from time zero. Patients with the earliest triggers stand on top. "
        "Cannot be seen: neither proved nor excluded.\nDrug given first: it was given before the rule was due. "
        "* rests on memory, to be checked against its source.",
        "left out": "Not run, their scale is not there yet: {names}.",
        "notice": "Research software. Not a medical device; not for diagnosis or treatment decisions.",
    },
    "zh": {
        "title": "各患者、各规则首次触发时间", "day": "触发日(第几天)", "not due": "未触发",
        "cannot be seen": "无法判断", "treated first": "此前已用药", "due": "触发", "of": "/",
        "tocilizumab": "托珠单抗", "other": "其他药物",
        "and later": "及以后", "alt": "{n} 例患者、{k} 条规则;颜色和数字为首次触发日。",
        "caption": "第 0 天为时间零点后 24 h 内。触发最早者居上。无法判断:既未证实亦不能排除。\n"
        "此前已用药:触发前已用该药。* 凭记忆,须核对原文。",
        "left out": "因量表尚未提供而未运行:{names}。",
        "notice": "研究软件。非医疗器械;不得用于诊断或治疗决策。",
    },
}  # fmt: skip


def plot_triggers(rows: pl.DataFrame, rules: Mapping[str, Any], lang: str = "en") -> Figure:
    """The figure from rows of `rulebook`; `rules` names them in order, with what each gives and its tag.

    A rule that was not run for want of its scale is left out and named in the caption.
    """
    words = _WORDS["zh" if lang == "zh" else "en"]
    run = rows.filter(pl.col("status") != "not run")
    shown, left_out = _order(run, rules), [name for name in rules if name not in set(run["rule"])]
    patients = _patients(run, rules)
    if not shown or not patients:
        return Figure("triggers", words["title"], "", instead=words["title"])
    missing = [words["left out"].format(names=", ".join(left_out))] if left_out else []
    caption = " ".join([words["caption"].replace("\n", " "), *missing])
    svg = _field(run, shown, patients, rules, words)
    return Figure("triggers", words["title"], words["alt"].format(n=len(patients), k=len(shown)), caption, svg)


def _order(run: pl.DataFrame, rules: Mapping[str, Any]) -> list[str]:
    """Tocilizumab first, then the other drugs; within each the rules that come earliest (median) first."""
    median = dict(run.group_by("rule").agg(pl.col("hours").median()).iter_rows())

    def place(name: str) -> tuple[bool, bool, float]:
        hours = median[name]
        return rules[name].give != "tocilizumab", hours is None, hours or 0.0

    return sorted((name for name in rules if name in median), key=place)


def _patients(run: pl.DataFrame, rules: Mapping[str, Any]) -> list[str]:
    """Courses, those with the earliest median trigger first, then those with the most; the calendar does not count."""
    by_signs = [name for name, rule in rules.items() if all(part.day is None for part in rule.when.parts())]
    hours = pl.col("hours").filter(pl.col("rule").is_in(by_signs))
    due = run.group_by("course_id").agg(at=hours.median(), n=hours.count().cast(pl.Int32))
    return due.sort(pl.col("at"), -pl.col("n"), "course_id", nulls_last=True)["course_id"].to_list()


def _field(
    run: pl.DataFrame, shown: Sequence[str], patients: Sequence[str], rules: Mapping[str, Any], words: dict[str, str]
) -> str:
    tall = max(LEAST, min(TALL, 900 / len(patients)))
    names = [_name(name, rules) for name in shown]
    totals = f"{words['due']}, {words['of']} {len(patients)}"
    left = max(widest(patients, 11) if tall >= NAMED else 0, width_of(totals, 10)) + 22
    right = max(x + width_of(name) * math.cos(SLANT) for x, name in zip(_places(shown, rules), names, strict=True))
    top, high = widest(names) * math.sin(SLANT) + 44, tall * len(patients)
    notes = [*words["caption"].split("\n"), words["notice"]]
    across = max(left + right + 30, left + _legend_width(words), left + widest(notes, 10) + 14)
    place = dict(zip(shown, (left + x for x in _places(shown, rules)), strict=True))
    down = {patient: top + tall * k for k, patient in enumerate(patients)}
    parts = [HATCH, *(_slanted(place[name] + CELL / 2, top - 7, said) for name, said in zip(shown, names, strict=True))]
    if tall >= NAMED:
        parts += [text(left - 8, down[patient] + tall / 2, patient, min(11, tall), "end") for patient in patients]
    parts += [_cell(row, place, down, tall) for row in run.to_dicts()]
    parts += _totals(run, shown, place, top + high, len(patients), totals)
    parts += _drugs(shown, rules, place, top + high + 46, words)
    parts += _legend(left, top + high + 84, words)
    parts += [text(left, top + high + 112 + 15 * k, note, 10, fill=SOFT) for k, note in enumerate(notes)]
    parts.append(text(14, 20, words["title"], 14, bold=True))
    return drawing(across, top + high + 112 + 15 * len(notes), parts)


def _name(name: str, rules: Mapping[str, Any]) -> str:
    return name.removeprefix("label:") + (" *" if rules[name].tag.startswith("M") else "")


def _places(shown: Sequence[str], rules: Mapping[str, Any]) -> list[float]:
    """Left edge of every column; the other drugs stand apart."""
    return [CELL * k + (GAP if rules[name].give != "tocilizumab" else 0) for k, name in enumerate(shown)]


def _slanted(x: float, y: float, said: str) -> str:
    turn = f'transform="translate({num(x)},{num(y)}) rotate({num(-math.degrees(SLANT))})"'
    return f"<g {turn}>{text(0, 0, said, 11)}</g>"


def _cell(row: dict[str, Any], place: dict[str, float], down: dict[str, float], tall: float) -> str:
    x, y = place[row["rule"]], down[row["course_id"]]
    inner = 1.0 if tall >= NAMED else 0.4
    if row["status"] != "due":
        fill = {"cannot be seen": "url(#hatch)", "treated first": TREATED}.get(row["status"], NOT_DUE)
        return rect(x + 0.5, y + inner / 2, CELL - 1, tall - inner, fill, 'stroke="#e6eaed" stroke-width="0.6"')
    day = int(row["hours"] // 24)
    _, fill, ink = next(one for one in reversed(DAYS) if day >= one[0])
    box = rect(x + 0.5, y + inner / 2, CELL - 1, tall - inner, fill)
    return box + (text(x + CELL / 2, y + tall / 2, str(day), 10, "middle", ink) if tall >= NAMED + 2 else "")


def _totals(run: pl.DataFrame, shown: Sequence[str], place: dict[str, float], y: float, n: int, said: str) -> list[str]:
    """Under each column how many it would have treated, as a bar and a number."""
    due = dict(run.filter(pl.col("status") == "due").group_by("rule").len().iter_rows())
    first = place[shown[0]]
    out = [text(first - 8, y + 24, said, 10, "end", SOFT)]
    for name in shown:
        count, x = due.get(name, 0), place[name]
        out += [rect(x + 2, y + 6, CELL - 4, 7, "#eef2f4"), rect(x + 2, y + 6, (CELL - 4) * count / n, 7, SOFT)]
        out.append(text(x + CELL / 2, y + 24, str(count), 10, "middle"))
    return out


def _drugs(
    shown: Sequence[str], rules: Mapping[str, Any], place: dict[str, float], y: float, words: dict[str, str]
) -> list[str]:
    out = list[str]()
    for word, mine in (("tocilizumab", True), ("other", False)):
        found = [place[name] for name in shown if (rules[name].give == "tocilizumab") == mine]
        if found:
            middle = (found[0] + found[-1] + CELL) / 2
            out += [line(found[0] + 1, y - 9, found[-1] + CELL - 1, y - 9, SOFT)]
            out += [text(middle, y, words[word], 11, "middle", bold=True)]
    return out


def _keys(words: dict[str, str]) -> list[tuple[str, str]]:
    starts = [start for start, *_ in DAYS]
    spans = [str(start) if after == start + 1 else f"{start}–{after - 1}" for start, after in pairwise(starts)]
    keys = list(zip((fill for _, fill, _ in DAYS), [*spans, f"{starts[-1]} {words['and later']}"], strict=True))
    states = (NOT_DUE, "not due"), ("url(#hatch)", "cannot be seen"), (TREATED, "treated first")
    return keys + [(fill, words[word]) for fill, word in states]


def _legend_width(words: dict[str, str]) -> float:
    return width_of(words["day"], 11, True) + 12 + sum(32 + width_of(said) for _, said in _keys(words))


def _legend(x: float, y: float, words: dict[str, str]) -> list[str]:
    out = [text(x, y, words["day"], 11, bold=True)]
    x += width_of(words["day"], 11, True) + 12
    for fill, said in _keys(words):
        out += [rect(x, y - 6, 14, 12, fill, 'stroke="#c4cdd4" stroke-width="0.6"'), text(x + 19, y, said)]
        x += 32 + width_of(said)
    return out
