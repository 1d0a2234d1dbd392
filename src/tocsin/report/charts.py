"""One small temperature chart a patient: readings, gaps as gaps, grade bands, drugs, the trigger and its dose."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from tocsin.report.drawing import (
    GRADE_COLOURS,
    GRADE_INK,
    Figure,
    runs_of,
    sheet,
)
from tocsin.report.figures import arm_of
from tocsin.report.numbers import MINUTES_A_DAY, fixed, hours, short
from tocsin.report.shapes import (
    SOFT,
    STACK,
    Scale,
    area,
    axis_below,
    axis_left,
    drawing,
    group,
    haloed,
    joined,
    line,
    num,
    path,
    rect,
    round_ticks,
    text,
)
from tocsin.report.swimmer import MOST_COURSES, swimmer_order
from tocsin.report.words import Words
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
MARGIN = 46
RED, BLUE = "#c1272d", "#24506e"
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
    """One course's chart, and the sentence under it."""
    rows = by_course[course]
    start, stop = _window(rows)
    top = max(42.0, max(r["temperature"] for r in rows["readings"]) + 0.3)
    title, subtitle, told = _heading(course, rows, results, words)
    marks = rows.get("marks", [])
    x, y = Scale(start, stop, 0, PANEL[0]), Scale(32.5, top, PANEL[1], 0)
    wide, high = PANEL
    parts = [text(-MARGIN + 4, -34, title, 12, bold=True), text(-MARGIN + 4, -18, subtitle, 10, fill=SOFT)]
    parts += axis_below(x, high, [(t, short(t)) for t in round_ticks(start, stop, 7)], words("axis.day.short"), 10)
    parts += axis_left(y, [(t, str(t)) for t in range(36, 42)], 10)
    parts.append(text(-8, -3, "°C", 10, "end"))
    digits: list[str] = []
    for r in _bands(rows.get("grades", []), start, stop):
        left, right = x(r["x"]), x(r["to"])
        parts.append(rect(left, 0, right - left, high, GRADE_COLOURS[r["grade"]], 'opacity="0.45"'))
        if right - left > 8:
            digits.append(haloed(text((left + right) / 2, high - 7, str(r["grade"]), 10, "middle", bold=True)))
    for level, colour in _levels(threshold):
        parts += [line(0, y(level), wide, y(level), colour, 1, "5 3"),
                  text(wide + 3, y(level), fixed(level, 1), 9, fill=colour)]  # fmt: skip
    parts += _curve(rows["readings"], x, y)
    parts += _drugs(marks, x, y)
    for due in _due_of(rows):
        if start <= due / MINUTES_A_DAY <= stop:
            at = x(due / MINUTES_A_DAY)
            parts += [line(at, 0, at, high, RED, 1.6, "2 2"), text(at - 3, 7, words("chart.due"), 10, "end", RED)]
    parts += [*_doses(marks, x), *digits]
    return drawing(MARGIN + wide + 28, 46 + high + 38, [group(MARGIN, 46, parts)]), told


def _bands(grades: list[dict[str, Any]], start: float, stop: float) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for first, after, grade in runs_of(grades):
        left = max(start, first / MINUTES_A_DAY)
        right = min(stop, after / MINUTES_A_DAY if after is not None else stop)
        if right > left:
            out.append({"x": left, "to": right, "grade": grade})
    return out


def _levels(threshold: float | None) -> list[tuple[float, str]]:
    more = [(threshold, RED)] if threshold is not None and threshold != FEVER else []
    return [(FEVER, "#6b7780"), *more]


def _curve(readings: list[dict[str, Any]], x: Scale, y: Scale) -> list[str]:
    """Points in the window; a new piece of line wherever more than eight hours lie between two readings."""
    pieces: list[list[tuple[float, float]]] = []
    before: int | None = None
    for now in sorted(readings, key=lambda r: r["minute"]):
        if before is None or now["minute"] - before > LONGEST_JOIN:
            pieces.append([])
        before = now["minute"]
        at = now["minute"] / MINUTES_A_DAY
        if x.low <= at <= x.high:
            pieces[-1].append((x(at), y(max(now["temperature"], LOWEST))))
    lines = [path(joined(piece), BLUE, 1.2) for piece in pieces if len(piece) > 1]
    dots = "".join(f"M{num(a)},{num(b)}h0" for piece in pieces for a, b in piece)
    round_dots = f'<path d="{dots}" stroke="{BLUE}" stroke-width="4" stroke-linecap="round"/>'
    return [*lines, round_dots] if dots else lines


def _drugs(marks: list[dict[str, Any]], x: Scale, y: Scale) -> list[str]:
    """Bars of vasopressors and letters of the other drugs, each kind in its own lane under the curve."""
    out: list[str] = []
    labelled = -99.0
    for r in sorted(marks, key=lambda r: r["minute"]):
        group_of, at = r["group"], r["minute"] / MINUTES_A_DAY
        if group_of not in LANES:
            continue
        lane, letter, colour = y(LANES[group_of]), LETTERS[group_of], COLOURS[group_of]
        if group_of == "vasopressor":
            left, right = max(x.low, at), min(x.high, r["to"] / MINUTES_A_DAY if r["to"] is not None else x.high)
            if right > left:
                out.append(rect(x(left), lane - 2.5, x(right) - x(left), 5, colour))
                if x(left) - labelled > 14:  # bars that begin together share one letter
                    out.append(text(x(left) - 7, lane, letter, 10, "middle", colour, bold=True))
                    labelled = x(left)
        elif x.low <= at <= x.high:
            out.append(text(x(at), lane, letter, 10, "middle", colour, bold=True))
    return out


def _doses(marks: list[dict[str, Any]], x: Scale) -> list[str]:
    """Tocilizumab lines with their dose; the words of a second dose stand one row lower, near the edge to the left."""
    given = [r for r in marks if r["group"] == "tocilizumab" and x.low <= r["minute"] / MINUTES_A_DAY <= x.high]
    out: list[str] = []
    said: list[str] = []
    green = COLOURS["tocilizumab"]
    for row, r in enumerate(sorted(given, key=lambda r: r["minute"])):
        at, dose = x(r["minute"] / MINUTES_A_DAY), (r["text"] or "").split(" (")[0]
        near_edge = at > 0.72 * PANEL[0]
        down, side = 6 + 11 * (row + near_edge), -6 if near_edge else 6
        words, anchor = f"T {dose}".strip(), "end" if near_edge else "start"
        out.append(line(at, 0, at, PANEL[1], green, 1.8))
        out.append(area(joined([(at - 5, -4), (at + 5, -4), (at, 5)]) + "Z", green))
        said.append(haloed(text(at + side, down, words, 10, anchor, green, bold=True)))
    return out + said


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
    return title, subtitle, words("stop").join([title, subtitle, words.why(why)])


def legend_strip(words: Words) -> str:
    """The key of the charts, drawn by hand so that it stands once on the page and not in every panel."""
    x, parts = 4.0, []

    def put(symbol: str, said: str) -> None:
        nonlocal x
        parts.append(f'<g transform="translate({x:g},0)">{symbol}<text x="20" y="17">{said}</text></g>')
        x += 34 + sum(11.5 if ord(ch) > 0x2E80 else 6.3 for ch in said)

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
    arrow = f'<path d="M8,4V22" stroke="{green}" stroke-width="1.8"/><path d="M3,2H13L8,9Z" fill="{green}"/>'
    put(arrow, words("chart.key.tocilizumab"))
    for drug, letter in LETTERS.items():
        if drug != "tocilizumab":
            put(
                f'<text x="4" y="17" font-weight="bold" fill="{COLOURS[drug]}">{letter}</text>',
                words(f"chart.key.{drug}"),
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{x:g}" height="26" viewBox="0 0 {x:g} 26">'
        f'<g font-family="{STACK}" font-size="11.5" fill="{SOFT}">{"".join(parts)}</g></svg>'
    )
