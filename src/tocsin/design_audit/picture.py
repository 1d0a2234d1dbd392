"""Faults 3 and 6 in one picture: the hours each course lived before it could be counted in its arm."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin.report.drawing import Figure, arm_style
from tocsin.report.numbers import fixed
from tocsin.report.shapes import SOFT, Scale, area, axis_below, drawing, group, path, rect, round_ticks, text, widest
from tocsin.report.words import Words

ROW, WIDTH, MOST = 15, 620, 60
RED, DRUG, WAIT = "#b3261e", "#0b5c3b", "#dfe4e8"
DIAMOND, TRIANGLE = "M-5,0L0,-5L5,0L0,5Z", "M-5,-4L5,-4L0,5Z"
SAID: dict[str, tuple[str, str]] = {
    "title": ("Before the dose nobody could fail in an arm", "用药之前，在任何组都不可能发生事件"),
    "axis": ("hours after time zero", "时间零点后小时"),
    "wait": ("not yet due", "尚未触发"),
    "due": ("due, no dose yet", "已触发，尚未用药"),
    "dose": ("dose: the arm is known", "用药：此时才知组别"),
    "out": ("outcome before the dose", "用药前的结局"),
    "rule": ("the rule waits for it", "规则以其为条件"),
    "caption": ("One bar a course, by arm and by hour of the first dose. Survival from time zero counts every hour of "
                "these bars as survived, in the arm of the dose at its end.",
                "每条为一个疗程，按组别与首剂时间排列。自时间零点起的生存把条内每一小时都算作存活，计入条末用药所属的组。"),
    "more": ("{n} more courses are in the table, not in the picture.", "另有 {n} 个疗程仅列于表中。"),
    "alt": ("{n} bars of hours before the dose. {arms}. The numbers stand in the table.",
            "{n} 条用药前的时间。{arms}。数值见表。"),
}  # fmt: skip


def immortal_picture(overlap: pl.DataFrame, arms: list[str], words: Words) -> Figure | None:
    """The bars of the table `audit_overlap`, arms in the order of the file; None where every dose came at minute 0."""
    zh = words.lang == "zh"
    rows = [
        row
        for arm in arms
        for row in overlap.filter(pl.col("arm") == arm)
        .unique("course_id", keep="first", maintain_order=True)
        .sort("given_at", "course_id")
        .to_dicts()
    ]
    last = max((row["given_at"] for row in rows), default=0)
    if last <= 0:
        return None
    shown, names = rows[:MOST], {arm: words.term(arm) for arm in arms}
    left = 16 + widest((f"{row['course_id']}  {names[row['arm']]}" for row in shown), 10.5)
    scale = Scale(0, last / 60, 0, WIDTH)
    parts = [*_keys(zh), *_bars(shown, overlap, arms, names, scale)]
    high = ROW * len(shown)
    ticks = [(t, fixed(t, 0)) for t in round_ticks(0, last / 60, 8)]
    parts += axis_below(scale, high, ticks, SAID["axis"][zh], 10.5)
    caption = SAID["caption"][zh]
    if len(rows) > MOST:
        caption += ("" if zh else " ") + SAID["more"][zh].format(n=len(rows) - MOST)
    counts = "; ".join(f"{names[arm]}: {sum(row['arm'] == arm for row in rows)}" for arm in arms)
    alt = SAID["alt"][zh].format(n=len(rows), arms=counts)
    svg = drawing(left + WIDTH + 20, high + 84, [group(left, 44, parts)])
    return Figure("immortal", SAID["title"][zh], alt, caption, svg)


def _bars(
    rows: list[dict[str, Any]], overlap: pl.DataFrame, arms: list[str], names: dict[str, str], scale: Scale
) -> list[str]:
    out = list[str]()
    outcomes = overlap.filter(pl.col("outcome_at").is_not_null()).to_dicts()
    for k, row in enumerate(rows):
        y, due, given = ROW * k, scale(max(row["due_at"], 0) / 60), scale(row["given_at"] / 60)
        colour = arm_style(arms.index(row["arm"]))[0]
        out += [
            text(-8, y + ROW / 2, f"{row['course_id']}  {names[row['arm']]}", 10.5, "end", colour),
            rect(0, y + 3, due, ROW - 6, WAIT),
            rect(due, y + 3, max(given - due, 0.5), ROW - 6, colour, 'opacity="0.75"'),
            group(given, y + ROW / 2, [area(TRIANGLE, DRUG)]),
        ]
        for hit in outcomes:
            if hit["course_id"] == row["course_id"]:
                mark = path(DIAMOND, RED, 1.4, fill="white") if hit["by_definition"] else area(DIAMOND, RED)
                out.append(group(scale(max(hit["outcome_at"], 0) / 60), y + ROW / 2, [mark]))
    return out


def _keys(zh: bool) -> list[str]:
    marks = {
        "wait": rect(-5, -5, 12, 10, WAIT), "due": rect(-5, -5, 12, 10, arm_style(0)[0], 'opacity="0.75"'),
        "dose": area(TRIANGLE, DRUG), "out": area(DIAMOND, RED), "rule": path(DIAMOND, RED, 1.4, fill="white"),
    }  # fmt: skip
    out, x = list[str](), 5.0
    for key, mark in marks.items():
        out += [group(x, -24, [mark]), text(x + 11, -24, SAID[key][zh], 10.5, fill=SOFT)]
        x += 30 + widest([SAID[key][zh]], 10.5)
    return out
