"""One small temperature chart a patient: readings, gaps as gaps, grade bands, drugs, the trigger and its dose."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from typing import Any

import polars as pl

from tocsin.report.drawing import (
    GRADE_COLOURS,
    GRADE_INK,
    SOFT,
    STACK,
    Figure,
    grade_scale,
    runs_of,
    sheet,
    to_vega,
    vega_to_svg,
)
from tocsin.report.figures import arm_of
from tocsin.report.numbers import MINUTES_A_DAY, fixed, hours
from tocsin.report.swimmer import MOST_COURSES, swimmer_order
from tocsin.report.words import Lang, Words
from tocsin.tables import StudyResults

LONGEST_JOIN = 8 * 60
FEVER = 38.0
LOWEST = 35.9
LANES = {"vasopressor": 33.7, "steroid": 34.45, "anticytokine": 34.45, "antipyretic": 35.2, "car_t": 35.2}
LETTERS = {
    "tocilizumab": "T",
    "steroid": "S",
    "antipyretic": "A",
    "vasopressor": "V",
    "anticytokine": "C",
    "car_t": "I",
}
COLOURS = {"steroid": "#7a4b00", "antipyretic": "#5b6770", "vasopressor": "#a3123a", "anticytokine": "#5b2a86",
           "car_t": "#1b2733", "tocilizumab": "#0b5c3b"}  # fmt: skip
PANEL = (236, 156)
_TOKENS = (-987651, -987652, -987653)  # stand in the template where a course's own limits go
Courses = dict[str, list[dict[str, Any]]]


def plot_patients(results: StudyResults, words: Words, scale: str) -> Figure:
    """All courses as small multiples; `svg` is the page of all of them, `panels` each with the words under it."""
    title = words("figure.patients")
    have = set(results.tables["readings"]["course_id"])
    courses = [c for c in swimmer_order(results) if c in have]
    if not courses:
        return Figure("patients", title, "", instead=words("figure.patients.none"))
    left_out = max(0, len(courses) - MOST_COURSES)
    by_course = _split(results, scale)
    threshold = trigger_threshold(results)
    panels = [_panel(course, by_course, results, words, threshold) for course in courses[:MOST_COURSES]]
    page = sheet([svg for svg, _ in panels], 3 if len(panels) > 2 else len(panels), head=legend_strip(words))
    caption = words("figure.patients.caption") + (" " + words("figure.left_out", n=left_out) if left_out else "")
    return Figure("patients", title, words("alt.patients", n=len(panels)), caption, page, "", tuple(panels))


def trigger_threshold(results: StudyResults) -> float | None:
    """The temperature of the trigger: `meta.trigger_temperature`, else the one the strategies' sentences name."""
    if (stated := results.meta.get("trigger_temperature")) is not None:
        return float(stated)
    for strategy in results.meta.get("strategies") or []:
        if found := re.search(r"(\d{2}(?:\.\d+)?)\s*°C", str(strategy.get("sentence", ""))):
            return float(found.group(1))
    return None


def _split(results: StudyResults, scale: str) -> dict[str, Courses]:
    """Course to its rows of every table the charts need: one pass, not one filter a course."""
    tables = {name: results.tables[name] for name in ("readings", "marks", "follow", "arms", "episodes", "grades")}
    tables["grades"] = tables["grades"].filter(pl.col("scale") == scale)
    tables["episodes"] = tables["episodes"].filter(pl.col("scale") == scale)
    out: dict[str, Courses] = {}
    for name, frame in tables.items():
        for row in frame.to_dicts():
            out.setdefault(row["course_id"], {}).setdefault(name, []).append(row)
    return out


def _window(rows: Courses) -> tuple[float, float]:
    """The days worth looking at: from a day before the first grade to a day after the last, at least four days."""
    minutes = [r["minute"] for r in rows["readings"]]
    first, last = min(minutes), max(minutes)
    grades = [r for r in rows.get("grades", []) if r["grade"] > 0]
    doses = [r["minute"] for r in rows.get("marks", []) if r["group"] == "tocilizumab"]
    if grades or doses:
        starts = [r["from"] for r in grades] + doses
        ends = [r["to"] if r["to"] is not None else r["from"] for r in grades] + doses
        first, last = max(first, min(starts) - MINUTES_A_DAY), min(last, max(ends) + MINUTES_A_DAY)
    spare = max(0.0, 4 * MINUTES_A_DAY - (last - first)) / 2
    return (first - spare) / MINUTES_A_DAY, (last + spare) / MINUTES_A_DAY


def _panel(
    course: str,
    by_course: dict[str, Courses],
    results: StudyResults,
    words: Words,
    threshold: float | None,
) -> tuple[str, str]:
    """One course's chart: its rows put into the template that all courses share."""
    rows = by_course[course]
    start, stop = _window(rows)
    top = max(42.0, max(r["temperature"] for r in rows["readings"]) + 0.3)
    title, subtitle, told = _heading(course, rows, results, words)
    spec = json.loads(
        _template(words.lang)
        .replace(f"[{_TOKENS[0]}, {_TOKENS[1]}]", f"[{start}, {stop}]")
        .replace(str(_TOKENS[2]), str(top))
        .replace('"@title"', json.dumps(title))
        .replace('"@subtitle"', json.dumps(subtitle or " "))
    )
    marks = rows.get("marks", [])
    data = {
        "bands": _bands(rows.get("grades", []), start, stop),
        "levels": _levels(threshold, start, stop),
        "readings": _temperatures(rows["readings"], start, stop),
        **_drugs(marks, start, stop),
        "due": [
            {"x": d / MINUTES_A_DAY, "t": words("chart.due")}
            for d in _due_of(rows)
            if start <= d / MINUTES_A_DAY <= stop
        ],
        "doses": _doses(marks, start, stop),
    }
    return vega_to_svg(spec, data), told


@cache
def _template(lang: Lang) -> str:
    """The chart of no course in particular, compiled, as JSON: built once a language, not once a patient."""
    import altair as alt

    words = Words(lang)
    small: dict[str, Any] = {"titleFontSize": 10, "labelFontSize": 10, "grid": False}
    when = alt.Scale(domain=[_TOKENS[0], _TOKENS[1]], nice=False, zero=False)
    heat = alt.Scale(domain=[32.5, _TOKENS[2]], nice=False, zero=False)
    x = alt.X(
        "x:Q", scale=when, axis=alt.Axis(title=words("axis.day"), tickMinStep=1, tickCount=6, format="d", **small)
    )
    y = alt.Y(
        "y:Q", scale=heat, axis=alt.Axis(title=words("axis.temperature"), values=[36, 37, 38, 39, 40, 41], **small)
    )
    own = alt.Color("c:N", scale=None)
    green, red, blue = COLOURS["tocilizumab"], "#c1272d", "#24506e"

    def on(name: str) -> Any:
        return alt.Chart(alt.NamedData(name))

    layers = [
        on("bands")
        .mark_rect(opacity=0.45)
        .encode(x=x, x2="to:Q", color=alt.Color("g:N", scale=grade_scale(), legend=None)),
        on("bands")
        .transform_filter("datum.wide")
        .mark_text(fontSize=10, fontWeight="bold", y=PANEL[1] - 7)
        .encode(x=alt.X("mid:Q", scale=when), text="g:N"),
        on("levels").mark_rule(strokeDash=[5, 3]).encode(x=x, x2="to:Q", y=y, color=own),
        on("levels").mark_text(fontSize=9, align="left", dx=3, x=PANEL[0]).encode(y=y, text="t:N", color=own),
        on("readings").mark_line(color=blue, strokeWidth=1.2).encode(x=x, y=y, detail="p:N"),
        on("readings").mark_point(color=blue, size=12, filled=True, opacity=1).encode(x=x, y=y),
        on("bars").mark_bar(height=5, color=COLOURS["vasopressor"]).encode(x=x, x2="to:Q", y=y),
        on("letters")
        .mark_text(fontSize=10, fontWeight="bold")
        .encode(x=x, y=y, text="t:N", color=own, xOffset=alt.XOffset("dx:Q", scale=None)),
        on("due").mark_rule(color=red, strokeDash=[2, 2], strokeWidth=1.6).encode(x=x),
        on("due").mark_text(color=red, fontSize=10, align="right", dx=-3, y=7).encode(x=x, text="t:N"),
        on("doses").mark_rule(color=green, strokeWidth=1.8).encode(x=x),
        on("doses").mark_point(shape="triangle-down", filled=True, size=60, color=green, opacity=1, y=2).encode(x=x),
        *(
            on("doses")
            .transform_filter(f"datum.side == '{side}'")
            .mark_text(color=green, fontSize=10, fontWeight="bold", align=align, dx=dx)
            .encode(x=x, y=alt.Y("row:Q", scale=None, axis=None), text="t:N")
            for side, align, dx in (("right", "left", 6), ("left", "right", -6))
        ),
    ]
    head = alt.TitleParams(
        "@title", subtitle="@subtitle", anchor="start", frame="bounds", offset=6, fontSize=12, subtitleFontSize=10
    )
    chart = alt.layer(*layers).resolve_scale(color="independent")
    return json.dumps(to_vega(chart.properties(width=PANEL[0], height=PANEL[1], title=head)))


def _bands(grades: list[dict[str, Any]], start: float, stop: float) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for first, after, grade in runs_of(grades):
        left = max(start, first / MINUTES_A_DAY)
        right = min(stop, after / MINUTES_A_DAY if after is not None else stop)
        if right > left:
            wide = right - left > (stop - start) / 30
            out.append({"x": left, "to": right, "mid": (left + right) / 2, "g": str(grade), "wide": wide})
    return out


def _levels(threshold: float | None, start: float, stop: float) -> list[dict[str, Any]]:
    lines = [(FEVER, "#6b7780")] + ([(threshold, "#c1272d")] if threshold is not None and threshold != FEVER else [])
    return [{"x": start, "to": stop, "y": level, "t": fixed(level, 1), "c": colour} for level, colour in lines]


def _temperatures(readings: list[dict[str, Any]], start: float, stop: float) -> list[dict[str, Any]]:
    """Points in the window; a new piece of line wherever more than eight hours lie between two readings."""
    readings = sorted(readings, key=lambda r: r["minute"])
    piece, out = 0, []
    for before, now in pairwise([readings[0], *readings]):
        piece += now["minute"] - before["minute"] > LONGEST_JOIN
        at = now["minute"] / MINUTES_A_DAY
        if start <= at <= stop:
            out.append({"x": at, "y": max(now["temperature"], LOWEST), "p": piece})
    return out


def _drugs(marks: list[dict[str, Any]], start: float, stop: float) -> dict[str, list[dict[str, Any]]]:
    """Bars of vasopressors and letters of the other drugs, each kind in its own lane under the curve."""
    bars: list[dict[str, Any]] = []
    letters: list[dict[str, Any]] = []
    for r in marks:
        group, at = r["group"], r["minute"] / MINUTES_A_DAY
        if group not in LANES:
            continue
        letter = {"x": max(start, at), "y": LANES[group], "t": LETTERS[group], "c": COLOURS[group], "dx": 0}
        if group == "vasopressor":
            right = min(stop, r["to"] / MINUTES_A_DAY if r["to"] is not None else stop)
            if right > max(start, at):
                bars.append({"x": max(start, at), "to": right, "y": LANES[group]})
                letters.append({**letter, "dx": -7})
        elif start <= at <= stop:
            letters.append(letter)
    return {"bars": bars, "letters": letters}


def _doses(marks: list[dict[str, Any]], start: float, stop: float) -> list[dict[str, Any]]:
    """Tocilizumab lines with their dose; the words of a second dose stand one row lower, near the edge to the left."""
    given = [r for r in marks if r["group"] == "tocilizumab" and start <= r["minute"] / MINUTES_A_DAY <= stop]
    out: list[dict[str, Any]] = []
    for row, r in enumerate(sorted(given, key=lambda r: r["minute"])):
        at, dose = r["minute"] / MINUTES_A_DAY, (r["text"] or "").split(" (")[0]
        side = "left" if at - start > 0.72 * (stop - start) else "right"
        out.append({"x": at, "t": f"T {dose}".strip(), "side": side, "row": 5 + 11 * (row + (side == "left"))})
    return out


def _due_of(rows: Courses) -> list[int]:
    """When the drug was due: by the arm's own strategy, else by every strategy that ever asked for it."""
    arm = rows.get("arms", [{}])[0]
    if arm.get("due_at") is not None:
        return [arm["due_at"]]
    return sorted({r["due_at"] for r in rows.get("follow", []) if r["due_at"] is not None})


def _heading(course: str, rows: Courses, results: StudyResults, words: Words) -> tuple[str, str, str]:
    """Title, subtitle and the sentence under the panel (which is also what a screen reader says)."""
    inside = arm_of(results)
    arm = words.term(inside[course]) if course in inside else words("arm.none")
    grades = [r["max_grade"] for r in rows.get("episodes", [])]
    worst = str(max(grades)) if grades else words("grade.none")
    title = words("chart.title", course=course, arm=arm, grade=worst)
    due = _due_of(rows)
    given = [r["minute"] for r in rows.get("marks", []) if r["group"] == "tocilizumab"]
    parts = [words("chart.due_at", hours=hours(due[0]))] if due else [words("chart.never_due")]
    parts.append(words("chart.given_at", hours=hours(given[0])) if given else words("chart.not_given"))
    if due and given:
        parts.append(words("chart.delay", hours=hours(given[0] - due[0])))
    subtitle = words("comma").join(parts)
    why = rows.get("arms", [{}])[0].get("why", "")
    return title, subtitle, f"{title}. {subtitle}. {why}"


def legend_strip(words: Words) -> str:
    """The key of the charts, drawn by hand so that it stands once on the page and not in every panel."""
    x, parts = 4.0, []

    def put(symbol: str, text: str) -> None:
        nonlocal x
        parts.append(f'<g transform="translate({x:g},0)">{symbol}<text x="20" y="17">{text}</text></g>')
        x += 34 + sum(11.5 if ord(ch) > 0x2E80 else 6.3 for ch in text)

    for grade in range(1, 5):
        box = f'<rect x="0" y="4" width="16" height="16" fill="{GRADE_COLOURS[grade]}"/>'
        digit = f'<text x="8" y="16.5" text-anchor="middle" fill="{GRADE_INK[grade]}">{grade}</text>'
        put(box + digit, words("chart.key.grade", grade=grade))
    put(
        '<path d="M0,14L8,9L16,12" stroke="#24506e" fill="none"/><circle cx="8" cy="9" r="2.4" fill="#24506e"/>',
        words("chart.key.reading"),
    )
    put('<path d="M8,2V22" stroke="#c1272d" stroke-width="1.5" stroke-dasharray="2 2"/>', words("chart.key.due"))
    green = COLOURS["tocilizumab"]
    line = f'<path d="M8,4V22" stroke="{green}" stroke-width="1.8"/><path d="M3,2H13L8,9Z" fill="{green}"/>'
    put(line, words("chart.key.tocilizumab"))
    for group, letter in LETTERS.items():
        if group != "tocilizumab":
            put(
                f'<text x="4" y="17" font-weight="bold" fill="{COLOURS[group]}">{letter}</text>',
                words(f"chart.key.{group}"),
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{x:g}" height="26" viewBox="0 0 {x:g} 26">'
        f'<g font-family="{STACK}" font-size="11.5" fill="{SOFT}">{"".join(parts)}</g></svg>'
    )
