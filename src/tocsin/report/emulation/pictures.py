"""The pictures that answer: the naive analyses beside the emulated one, and risk over time in each arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tocsin.report.drawing import Figure, arm_style
from tocsin.report.emulation.answers import (
    Asked,
    Row,
    arms_of,
    compared,
    level_of,
    limits,
    main_question,
    outcomes_of,
    rows_of,
    share,
    signed,
    slug,
    why_short,
)
from tocsin.report.emulation.words import EmulationWords
from tocsin.report.shapes import (
    INK,
    PALE,
    SOFT,
    Scale,
    area,
    axis_below,
    axis_left,
    band,
    dot,
    drawing,
    group,
    line,
    path,
    rect,
    stepped,
    text,
    upright,
    widest,
    width_of,
)
from tocsin.tables.emulation import EmulationResults

WIDTH, HEIGHT = 600, 280
PLOT, ROW = 330, 34
NAIVE, ANSWER, PLAIN = "#d55e00", "#0072b2", "#5b6770"
KINDS = (
    ("naive", ("by_received", "treated_or_not"), NAIVE),
    ("aligned", ("aligned_unadjusted",), PLAIN),
    ("answers", ("emulated", "emulated_truncated", "g_formula"), ANSWER),
)


def draw_comparisons(results: EmulationResults, words: EmulationWords) -> list[Figure]:
    """One picture a contrast of the main outcome at the main hour."""
    asked = main_question(results)
    if asked is None:
        return []
    pairs = asked.contrasts
    return [plot_comparison(results, words, asked, *pair, one=len(pairs) == 1) for pair in pairs]


def plot_comparison(
    results: EmulationResults, words: EmulationWords, asked: Asked, arm: str, against: str, one: bool = True
) -> Figure:
    """Risk differences of all analyses under one axis, the two risks beside each."""
    rows = {row["analysis"]: row for row in compared(results, asked, arm, against)}
    name = "comparison" if one else f"comparison-{slug(arm)}-{slug(against)}"
    title = words("naive.title", outcome=words.outcome(results, asked.outcome), hours=asked.hour)
    if all(row["difference"] is None for row in rows.values()):
        none = words("naive.none", why=why_short(results, words, asked.outcome))
        return Figure(name, title, "", instead=none)
    names = (words.term(arm), words.term(against))
    svg = _forest(rows, names, words)
    alt = [_told(row, words) for row in rows.values()]
    return Figure(
        name, title, words("stop").join([title, *alt]), words("naive.caption", level=level_of(results)), svg
    )  # fmt: skip


def _told(row: Row, words: EmulationWords) -> str:
    said = signed(row["difference"]) if row["difference"] is not None else words("no_estimate")
    between = limits(row, words, sign=True)
    return f"{words('analysis.' + row['analysis'])}{words('colon')}{said}{f' ({between})' if between else ''}"


def _forest(rows: dict[str, Row], names: tuple[str, str], words: EmulationWords) -> str:
    shown = [(kind, [rows[k] for k in keys if k in rows], colour) for kind, keys, colour in KINDS]
    shown = [one for one in shown if one[1]]
    left = 20 + max(
        widest((words(f"analysis.{key}") for key in rows), 13, True),
        widest((words(f"naive.kind.{k}") for k, _, _ in shown), 11),
    )
    sides = (f"◀ {words('naive.fewer', arm=names[0])}", f"{words('naive.more', arm=names[0])} ▶")
    least = min(0.42, (widest(sides, 11) + 12) / PLOT)
    values = [value for row in rows.values() for value in (row["difference"], row["low"], row["high"])]
    x = reach(values, PLOT, least)
    risks = widest((_risks(row) for row in rows.values()), 13)
    risks = max(risks, width_of(words("naive.head.risks", arm=names[0], against=names[1]), 11, True))
    ends = widest((_ends(row, words) for row in rows.values()), 13, True)
    ends = max(ends, width_of(words("naive.head.difference"), 11, True))
    first, second = PLOT + 22, PLOT + 22 + risks + 24
    parts, behind, down = list[str](), list[str](), 8.0
    for kind, found, colour in shown:
        if kind == "answers":
            behind.append(rect(-left + 4, down - 2, left + second + ends + 8, 26 + ROW * len(found), "#eef5fa"))
        parts.append(text(-left + 12, down + 12, words(f"naive.kind.{kind}"), 11, fill=SOFT))
        down += 24
        for row in found:
            parts += _forest_row(row, down + ROW / 2 - 4, x, colour, kind, (left, first, second), words)
            down += ROW
        down += 8
    under = [line(x(0), 4, x(0), down, INK, 1.2)]
    head = [
        text(first, -8, words("naive.head.risks", arm=names[0], against=names[1]), 11, bold=True),
        text(second, -8, words("naive.head.difference"), 11, bold=True),
        text(x(0) - 8, -8, sides[0], 11, "end", SOFT),
        text(x(0) + 8, -8, sides[1], 11, "start", SOFT),
    ]
    ticks = [(t / 100, f"{'+' if t > 0 else '−' if t < 0 else ''}{abs(t):g}") for t in point_ticks(x)]
    bottom = axis_below(x, down, ticks, words("naive.axis", arm=names[0], against=names[1]), 11)
    grid = [line(x(t), 4, x(t), down, PALE) for t, _ in ticks]
    body = [*behind, *grid, *under, *head, *parts, *bottom]
    return drawing(left + second + ends + 16, down + 66, [group(left, 28, body)])


def _forest_row(
    row: Row, y: float, x: Scale, colour: str, kind: str, at: tuple[float, float, float], words: EmulationWords
) -> list[str]:
    left, first, second = at
    main = row["analysis"] == "emulated"
    out = [text(-left + 12, y, words(f"analysis.{row['analysis']}"), 13, bold=main)]
    if row["difference"] is None:
        return [*out, text(x.start, y, words("no_estimate"), 12, fill=SOFT), text(first, y, _risks(row), 13)]
    if row["low"] is not None and row["high"] is not None:
        out.append(line(x(row["low"]), y, x(row["high"]), y, colour, 3 if main else 1.8))
    px, half = x(row["difference"]), 7 if main else 5
    if kind == "naive":
        out.append(rect(px - half, y - half, 2 * half, 2 * half, "#ffffff", f'stroke="{colour}" stroke-width="2"'))
    else:
        out.append(dot(px, y, half, colour))
        out += [] if main else [dot(px, y, half - 2, "#ffffff")]
    out.append(text(first, y, _risks(row), 13))
    return [*out, text(second, y, _ends(row, words), 13, bold=main)]


def _risks(row: Row) -> str:
    return f"{share(row['risk'])} / {share(row['risk_against'])}"


def _ends(row: Row, words: EmulationWords) -> str:
    between = limits(row, words, sign=True)
    return "" if row["difference"] is None else signed(row["difference"]) + (f" ({between})" if between else "")


def reach(values: Sequence[float | None], width: float, least: float = 0) -> Scale:
    """An axis of differences that holds all values and 0, with room at both ends; `least` of it on each side of 0."""
    known = [v for v in values if v is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    room = max(0.02, 0.06 * (high - low))
    low, high = low - room, high + room
    share = least / (1 - least)
    return Scale(min(low, -share * high), max(high, -share * low), 0, width)


def point_ticks(x: Scale) -> list[float]:
    """Round percentage points on an axis of differences."""
    low, high = 100 * x.low, 100 * x.high
    step = next(s for s in (1, 2, 5, 10, 20, 25, 50) if (high - low) / s <= 8)
    return [float(step * k) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def draw_curves(results: EmulationResults, words: EmulationWords) -> list[Figure]:
    """Every outcome by arm, the main one by analysis, and its competing event."""
    outcomes = outcomes_of(results)
    made = [plot_curve(results, words, outcome, "risk") for outcome in outcomes]
    if outcomes:
        made += plot_analyses(results, words, outcomes[0])
        made.append(plot_curve(results, words, outcomes[0], "competing"))
    return made


def plot_curve(results: EmulationResults, words: EmulationWords, outcome: str, column: str) -> Figure:
    """Emulated cumulative incidence by arm, with bands, and the copies still following below."""
    kind = "curve" if column == "risk" else "competing"
    said = words.outcome(results, outcome)
    title, name = words(f"{'curves' if kind == 'curve' else kind}.title", outcome=said), f"{kind}-{slug(outcome)}"
    rows = rows_of(results, "risks", outcome=outcome, analysis="emulated")
    arms = [arm for arm in arms_of(results) if any(row["arm"] == arm for row in rows)]
    if not arms:
        none = words("curves.none", outcome=said, why=why_short(results, words, outcome))
        return Figure(name, title, "", instead=none)
    if kind == "competing" and all(row["competing"] == 0 for row in rows):
        return Figure(name, title, "", instead=words("competing.zero", outcome=said))
    of = {arm: sorted((r for r in rows if r["arm"] == arm), key=lambda r: r["hour"]) for arm in arms}
    style = {arm: arm_style(arms_of(results).index(arm)) for arm in arms}
    end = max(row["hour"] for row in rows)
    tops = [v for r in rows for v in (r[column], r["high"] if kind == "curve" else None) if v is not None]
    x, y = Scale(0, max(end, 1), 0, WIDTH), Scale(0, ceiling(max(tops)), HEIGHT, 0)
    ticks = [(float(h), str(h)) for h in hour_ticks(end)]
    parts = [upright(-48, HEIGHT / 2, words("axis.risk"), 12), *axis_left(y, share_ticks(y.high), 12, WIDTH)]
    parts += axis_below(x, HEIGHT, ticks, words("axis.hours"), 12)
    for arm in arms:
        parts += _curve(of[arm], column, x, y, *style[arm], bands=kind == "curve")
    labels = [(y(of[arm][-1][column]), words.term(arm), style[arm][0]) for arm in arms]
    parts += names_at_end(labels, x(end) + 8)
    parts += _below(of, style, x, [t for t, _ in ticks], words) if kind == "curve" else []
    left = max(70.0, widest([*(words.term(a) for a in arms)], 12, True) + 24)
    right = widest((words.term(a) for a in arms), 13, True) + 24
    tall = 18 + HEIGHT + (72 + 20 * len(arms) if kind == "curve" else 48)
    told = [
        words("curves.alt", arm=words.term(arm), risk=share(of[arm][-1][column]), hours=of[arm][-1]["hour"])
        for arm in arms
    ]
    caption = words(f"{'curves' if kind == 'curve' else kind}.caption", level=level_of(results))
    svg = drawing(left + WIDTH + right, tall, [group(left, 18, parts)])
    return Figure(name, title, words("stop").join([title, *told]), caption, svg)


def _curve(
    rows: Sequence[Row], column: str, x: Scale, y: Scale, colour: str, dash: str, bands: bool, width: float = 2.4
) -> list[str]:
    sure = [r for r in rows if r["low"] is not None and r["high"] is not None] if bands else []
    out: list[str] = []
    if len(sure) > 1:
        upper, lower = ([(x(r["hour"]), y(r[side])) for r in sure] for side in ("high", "low"))
        out.append(area(band(upper, lower), colour, 0.15))
    return [*out, path(stepped([(x(r["hour"]), y(r[column])) for r in rows]), colour, width, dash)]


def names_at_end(labels: Sequence[tuple[float, str, str]], x: float, least: float = 17) -> list[str]:
    """Names beside the ends of lines, moved apart where they would touch."""
    out, before = list[str](), -math.inf
    for at, said, colour in sorted(labels):
        before = max(at, before + least)
        out.append(text(x, before, said, 13, fill=colour, bold=True))
    return out


def _below(
    of: dict[str, list[Row]], style: dict[str, tuple[str, str]], x: Scale, ticks: Sequence[float], words: EmulationWords
) -> list[str]:
    out = [text(-10, HEIGHT + 50, words("curves.clones"), 12, "start", SOFT)]
    for k, (arm, rows) in enumerate(of.items()):
        down, counted = HEIGHT + 70 + 20 * k, {r["hour"]: r["clones"] for r in rows}
        out.append(text(-18, down, words.term(arm), 12, "end", style[arm][0], bold=True))
        known = [(t, counted.get(int(t))) for t in ticks]
        out += [text(x(t), down, f"{n:.0f}", 12, "middle") for t, n in known if n is not None]
    return out


def plot_analyses(results: EmulationResults, words: EmulationWords, outcome: str) -> list[Figure]:
    """The main outcome by analysis, a panel an arm; nothing where only the emulated curve is known."""
    rows = rows_of(results, "risks", outcome=outcome)
    arms = [arm for arm in arms_of(results) if any(r["arm"] == arm for r in rows)]
    analyses = [a for a in LINES if any(r["analysis"] == a for r in rows)]
    if len(analyses) < 2 or not arms:
        return []
    end, top = max(r["hour"] for r in rows), ceiling(max(r["risk"] for r in rows))
    x, y = Scale(0, max(end, 1), 0, 330), Scale(0, top, 200, 0)
    ticks = [(float(h), str(h)) for h in hour_ticks(end, 6)]
    panels: list[str] = []
    for k, arm in enumerate(arms):
        inside = [text(0, -12, words.term(arm), 13, bold=True), *axis_left(y, share_ticks(top), 11, 330)]
        inside += axis_below(x, 200, ticks, words("axis.hours"), 11)
        for analysis in analyses:
            colour, dash, width = LINES[analysis]
            of = sorted((r for r in rows if (r["arm"], r["analysis"]) == (arm, analysis)), key=lambda r: r["hour"])
            inside += _curve(of, "risk", x, y, colour, dash, False, width) if of else []
        panels.append(group(60 + 400 * k, 34, inside))
    keys, at = list[str](), 60.0
    for analysis in analyses:
        colour, dash, width = LINES[analysis]
        said = words(f"analysis.{analysis}")
        keys += [line(at, 296, at + 30, 296, colour, width, dash), text(at + 36, 296, said, 12)]
        at += 36 + width_of(said, 12) + 22
    ends = {(r["arm"], r["analysis"]): r["risk"] for r in sorted(rows, key=lambda r: r["hour"])}
    alt = [f"{words.term(a)}, {words('analysis.' + k)}{words('colon')}{share(v)}" for (a, k), v in ends.items()]
    title = words("curves.compare.title", outcome=words.outcome(results, outcome))
    svg = drawing(max(400.0 * len(arms) + 20, at), 316, [*panels, *keys])
    return [Figure("analyses", title, words("stop").join([title, *alt]), words("curves.compare.caption"), svg)]


LINES: dict[str, tuple[str, str, float]] = {
    "emulated": (ANSWER, "", 2.8),
    "emulated_truncated": ("#56b4e9", "8 3", 2),
    "g_formula": ("#009e73", "2 2", 2),
    "aligned_unadjusted": (PLAIN, "5 3", 2),
}


def ceiling(value: float) -> float:
    """A round top of an axis of risks."""
    return next((top for top in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8) if value <= top), 1.0)


def share_ticks(top: float) -> list[tuple[float, str]]:
    """About four round shares up to the top."""
    step = top / (3 if top in (0.3, 0.6) else 5 if top in (0.05, 0.1, 0.5, 1.0) else 4)
    return [(step * k, f"{round(100 * step * k)}%") for k in range(round(top / step) + 1)]


def hour_ticks(end: int, most: int = 8) -> list[int]:
    """Hours at a step a ward counts in."""
    step = next((s for s in (1, 2, 4, 6, 12, 24, 48, 72, 96, 168) if end / s <= most), 336)
    return list(range(0, end + 1, step))


def lines_of(rows: Sequence[Row], column: str) -> list[tuple[float, Any]]:
    """The known values of a column over the hours."""
    return [(float(r["hour"]), r[column]) for r in rows if r[column] is not None]
