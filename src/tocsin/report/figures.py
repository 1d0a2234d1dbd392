"""The figures of a study: curves with their risk table, grades by day.

Every function takes the results and the words and returns a `Figure`: drawn, or with the sentence that stands instead.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import polars as pl

from tocsin.report.drawing import GRADE_INK, HATCH, Figure, arm_style, grade_fill
from tocsin.report.numbers import DAYS_A_MONTH, fixed, short
from tocsin.report.shapes import (
    INK,
    Scale,
    area,
    axis_below,
    axis_left,
    band,
    drawing,
    group,
    line,
    path,
    rect,
    stepped,
    text,
    widest,
    width_of,
)
from tocsin.report.words import Words
from tocsin.tables import StudyResults

WIDTH, HEIGHT = 640, 300


def arms_of(results: StudyResults) -> list[str]:
    """The arms in their order; those of the tables where `meta` names none."""
    named = [str(arm) for arm in results.meta.get("arms") or []]
    return named or sorted(results.tables["arms"].get_column("arm").drop_nulls().unique().to_list())


def arm_of(results: StudyResults) -> dict[str, str]:
    """Course to arm, courses in no arm left out."""
    return {c: a for c, a in results.tables["arms"].select("course_id", "arm").iter_rows() if a is not None}


def sizes_of(results: StudyResults) -> dict[str, int]:
    """Courses in each arm."""
    inside = list(arm_of(results).values())
    return {arm: inside.count(arm) for arm in arms_of(results)}


def draw_curves(results: StudyResults, words: Words) -> list[Figure]:
    """One figure for every outcome and kind in `curves`, in their order there."""
    curves = results.tables["curves"]
    pairs = curves.select("outcome", "kind").unique(maintain_order=True).rows()
    if not pairs:
        return [Figure("curves", words("figure.curves"), "", instead=words("figure.curves.none"))]
    return [plot_curve(results, words, outcome, kind) for outcome, kind in pairs]


def plot_curve(results: StudyResults, words: Words, outcome: str, kind: str) -> Figure:
    """Step curve with interval band and censor ticks, numbers at risk aligned under the same time axis."""
    rows = results.tables["curves"].filter((pl.col("outcome") == outcome) & (pl.col("kind") == kind))
    risk = results.tables["at_risk"].filter(pl.col("outcome") == outcome)
    name, title = f"{kind}-{_slug(outcome)}", f"{words.term(outcome)}{words('colon')}{words(f'figure.kind.{kind}')}"
    arms = [arm for arm in arms_of(results) if arm in set(rows["arm"])] or sorted(set(rows["arm"]))
    shown = {arm: words.term(arm) for arm in arms}
    style = {shown[arm]: arm_style(k) for k, arm in enumerate(arms)}
    last = max(float(rows["time"].max() or 0), float(risk["time"].max() or 0) if risk.height else 0.0)  # pyright: ignore
    per, unit, ticks = _time_axis(last, risk["time"].unique().sort().to_list())
    end, top = max(last / per, 1e-9), 1.0 if kind == "survival" else _ceiling(rows)
    x, y = Scale(-0.035 * end, 1.035 * end, 0, WIDTH), Scale(0, top, HEIGHT, 0)
    points = _line(rows, shown, per)
    step = 0.2 if top > 0.4 else top / 4
    shares = [(step * k, f"{round(100 * step * k)}%") for k in range(round(top / step) + 1)]
    parts = [text(0, -18, words(f"axis.{kind}"), 12), *axis_left(y, shares, 12, WIDTH)]
    parts += axis_below(x, HEIGHT, [(t, short(t)) for t in ticks], words(f"axis.curve.{unit}"), 12)
    for arm in shown.values():
        parts += _curve([p for p in points if p["a"] == arm], x, y, *style[arm])
    ends = _names_at_end(points, top)
    parts += [text(x(p["t"]) + 8, y(p["y"]), p["a"], 13, fill=style[p["a"]][0], bold=True) for p in ends]
    below = HEIGHT + 44
    if risk.height:
        parts += _risk_table(risk, shown, style, x, per, words)
        below = HEIGHT + 74 + 22 * len(shown)
    left = max(60.0, widest([*shown.values(), words("figure.at_risk")], 12) + 20)
    right = max([8.0, *(x(p["t"]) + 20 + width_of(p["a"], 13, bold=True) - WIDTH for p in ends)])
    svg = drawing(left + WIDTH + right, 34 + below, [group(left, 34, parts)])
    caption = words("figure.curve.caption" if kind == "survival" else "figure.incidence.caption")
    return Figure(name, title, _curve_alt(title, rows, arms, per, unit, words), caption, svg)


def _curve(points: list[dict[str, Any]], x: Scale, y: Scale, colour: str, dash: str) -> list[str]:
    """One arm: its interval band where there is one, its steps, a tick for every censored course."""
    sure = [p for p in points if p["lo"] is not None and p["hi"] is not None]
    out: list[str] = []
    if len(sure) > 1:
        ends = [[(x(p["t"]), y(p[side])) for p in sure] for side in ("hi", "lo")]
        out.append(area(band(ends[0], ends[1]), colour, 0.14))
    out.append(path(stepped([(x(p["t"]), y(p["s"])) for p in points]), colour, 2.2, dash))
    places = [(x(p["t"]), y(p["s"])) for p in points if p["c"]]
    return [*out, *(line(at, high - 5, at, high + 5, colour, 1.6) for at, high in places)]


def _line(rows: pl.DataFrame, shown: dict[str, str], per: float) -> list[dict[str, Any]]:
    """The rows as points; an arm with events at time 0 gets the point it starts from, so that the drop is seen."""
    out: list[dict[str, Any]] = []
    for r in rows.to_dicts():
        start = 1.0 if r["kind"] == "survival" else 0.0
        name = shown[r["arm"]]
        if r["time"] == 0 and r["estimate"] != start and all(point["a"] != name for point in out):
            out.append({"t": 0.0, "s": start, "lo": None, "hi": None, "c": 0, "a": name})
        out.append(
            {"t": r["time"] / per, "s": r["estimate"], "lo": r["low"], "hi": r["high"], "c": r["censored"], "a": name}
        )
    return out


def _risk_table(
    risk: pl.DataFrame, shown: dict[str, str], style: dict[str, tuple[str, str]], x: Scale, per: float, words: Words
) -> list[str]:
    """The numbers at risk, each under its tick."""
    out = [text(-8, HEIGHT + 54, words("figure.at_risk"), 12, "end")]
    for k, (arm, name) in enumerate(shown.items()):
        at = HEIGHT + 76 + 22 * k
        out.append(text(-8, at, name, 12, "end", style[name][0]))
        for r in risk.filter(pl.col("arm") == arm).to_dicts():
            out.append(text(x(r["time"] / per), at, str(r["at_risk"]), 12, "middle", style[name][0]))
    return out


def _names_at_end(line: list[dict[str, Any]], top: float) -> list[dict[str, Any]]:
    """The arm's name at the end of its curve; names that would touch are pushed apart."""
    ends = {row["a"]: row for row in line}
    out: list[dict[str, Any]] = []
    for row in sorted(ends.values(), key=lambda r: r["s"]):
        lowest = out[-1]["y"] + 0.065 * top if out else 0.02 * top
        out.append({"a": row["a"], "t": row["t"], "y": max(row["s"], lowest)})
    return out


def _ceiling(rows: pl.DataFrame) -> float:
    """A round top for incidence axes, so that small incidences can be read."""
    most = max((v for v in (rows["high"].max(), rows["estimate"].max()) if isinstance(v, float)), default=1.0)
    return next(step for step in (0.2, 0.4, 0.6, 0.8, 1.0) if most <= step or step == 1.0)


def _time_axis(last: float, at_risk: list[float]) -> tuple[float, str, list[float]]:
    """Months where the follow-up is long, else days; ticks where the numbers at risk stand."""
    months = last > 120
    per, unit = (DAYS_A_MONTH, "months") if months else (1.0, "days")
    if at_risk:
        return per, unit, [round(t / per, 3) for t in at_risk]
    step = next(s for s in (1, 2, 3, 5, 7, 10, 14, 30, 60, 120, 10_000) if last / per / s <= 10)
    return per, unit, [float(step * k) for k in range(int(last / per / step) + 1)]


def _curve_alt(title: str, rows: pl.DataFrame, arms: list[str], per: float, unit: str, words: Words) -> str:
    ends = [rows.filter(pl.col("arm") == arm).sort("time").tail(1).to_dicts()[0] for arm in arms]
    said = [
        words("alt.curve", arm=words.term(e["arm"]), share=f"{fixed(e['estimate'] * 100, 1)} %",
              time=f"{fixed(e['time'] / per, 1)} {words(f'unit.{unit}')}")
        for e in ends
    ]  # fmt: skip
    return words("stop").join([title, " ".join(said)])


def plot_days(results: StudyResults, words: Words, scale: str) -> Figure:
    """Worst grade of each day as shares of the arm, the highest at the bottom; days that cannot be graded hatched."""
    days = results.tables["days"].filter(pl.col("scale") == scale)
    name, title = f"days-{_slug(scale)}", words("figure.days", scale=words.term(scale))
    if not days.height or not int(days["courses"].sum()):
        return Figure(name, title, "", instead=words("figure.days.none", scale=words.term(scale)))
    arms = [arm for arm in arms_of(results) if arm in set(days["arm"])] or sorted(set(days["arm"]))
    span = range(int(days["day"].min()), int(days["day"].max()) + 1)  # pyright: ignore[reportArgumentType]
    wide = max(min(34.0, 800 / len(span)), 240 / len(span))
    x, y = Scale(span[0], span[-1] + 1, 0, wide * len(span)), Scale(0, 1, 130, 0)
    every = -(-18 // int(max(wide, 1)))
    parts: list[str] = [HATCH]
    for k, arm in enumerate(arms):
        rows = _stacked(days.filter(pl.col("arm") == arm))
        most = max(sum(r["n"] for r in rows if r["d"] == d) for d in span)
        inside = [text(0, -16, f"{words.term(arm)} (n = {most})", 13, bold=True)]
        inside += axis_left(y, [(0, "0%"), (0.5, "50%"), (1, "100%")], title=words("axis.share"), out=44)
        for r in rows:
            left, high, low = x(r["d"]) + 0.04 * wide, y(r["hi"]), y(r["lo"])
            edge = 'stroke="white" stroke-width="0.6"'
            inside.append(rect(left, high, 0.92 * wide, low - high, grade_fill(r["grade"]), edge))
            if r["hi"] - r["lo"] > 0.055:
                inside.append(text(x(r["d"] + 0.5), (high + low) / 2, r["t"], 10, "middle", r["ink"]))
        last = arm == arms[-1]
        ticks = [(d + 0.5, str(d) if last else "") for d in span if last and d % every == 0]
        inside += axis_below(x, 130, ticks, words("axis.day") if last else "")
        parts.append(group(62, 30 + 170 * k, inside))
    caption = words("figure.days.caption")
    svg = drawing(62 + x.stop + 12, 170 * len(arms) + 38, parts)
    return Figure(name, title, _days_alt(title, days, arms, words), caption, svg)


def _stacked(days: pl.DataFrame) -> list[dict[str, Any]]:
    """Bars from the bottom: grade 4 down to 0, then not gradable; each with its share and the digit it carries."""
    ordered = days.sort(["day", pl.col("grade").fill_null(-1)], descending=[False, True])
    out: list[dict[str, Any]] = []
    for day, of_day in groupby(ordered.to_dicts(), key=lambda r: r["day"]):
        rows = list(of_day)
        total, below = sum(r["courses"] for r in rows) or 1, 0
        for row in rows:
            grade, n = row["grade"], row["courses"]
            label = "?" if grade is None else str(grade)
            ink = INK if grade is None else GRADE_INK[grade]
            out.append({"d": day, "grade": grade, "t": label, "n": n, "lo": below / total, "hi": (below + n) / total,
                        "ink": ink})  # fmt: skip
            below += n
    return out


def _days_alt(title: str, days: pl.DataFrame, arms: list[str], words: Words) -> str:
    severe = days.filter(pl.col("grade") >= 3)
    said = []
    for arm in arms:
        rows = severe.filter(pl.col("arm") == arm)
        said.append(
            words("alt.days", arm=words.term(arm), days=rows["day"].n_unique(), courses=rows["courses"].max() or 0)
        )
    return words("stop").join([title, " ".join(said)])


def _slug(text: str) -> str:
    """A file name from an outcome's or scale's name."""
    kept = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in text.lower())
    return "-".join(part for part in kept.split("-") if part) or "x"
