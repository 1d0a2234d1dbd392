"""The estimates of all studies around the truth: one strip an analysis, from result tables only."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin.power.words import TITLES, points, signed, with_error
from tocsin.report.drawing import Figure
from tocsin.report.numbers import short
from tocsin.report.shapes import INK, SOFT, Scale, axis_below, dot, drawing, group, line, rect, text
from tocsin.tables.power import POWER_ANALYSES

STRIP, PLOT, LEFT, COLUMN = 44, 420, 232, 92
TRUTH_COLOUR, NAIVE, HONEST, ORACLE = "#009e73", "#d55e00", "#0072b2", "#8a6d00"
COLOURS = {"by_received": NAIVE, "treated_or_not": NAIVE, "aligned_unadjusted": NAIVE, "emulated_oracle": ORACLE}
MOST_DOTS = 400


def plot_strips(studies: pl.DataFrame, rows: list[dict[str, Any]]) -> Figure:
    """One quantity: every study a dot, the mean a tick, the truth a line; figures stand at the right."""
    first = rows[0]
    key = {name: first[name] for name in ("outcome", "hour", "measure", "arm", "against")}
    mine = studies.filter(**key).drop_nulls("estimate")
    shown = {name: mine.filter(analysis=name).get_column("estimate").to_list()[:MOST_DOTS] for name in POWER_ANALYSES}
    rows = sorted(rows, key=lambda row: POWER_ANALYSES.index(row["analysis"]))
    low, high = _limits([value for values in shown.values() for value in values] + [first["truth"], 0.0])
    x = Scale(low, high, 0, PLOT)
    height = STRIP * len(rows)
    ticks = [(t, short(100 * t, 0)) for t in _ticks(low, high)]
    title = "percentage points" if first["against"] else "percent"
    parts = axis_below(x, height, ticks, title, grid=height)
    parts += [line(x(0), 0, x(0), height, SOFT, 1, "3 3")] if first["against"] else []
    parts += [line(x(first["truth"]), -6, x(first["truth"]), height, TRUTH_COLOUR, 2)]
    parts += [text(x(first["truth"]), -14, f"truth {_value(first)}", 11, "middle", TRUTH_COLOUR, bold=True)]
    rejected = next((row["rejection_is"] for row in rows if row["rejection_is"]), "")
    heads = ["bias", "coverage", *([rejected] if rejected else [])]
    parts += [text(PLOT + 16 + (k + 1) * COLUMN - 8, -14, head, 11, "end", SOFT) for k, head in enumerate(heads)]
    for k, row in enumerate(rows):
        parts += _strip(row, shown[row["analysis"]], x, k * STRIP + STRIP / 2, rejected)
    picture = drawing(LEFT + PLOT + 24 + COLUMN * len(heads), height + 78, [group(LEFT, 32, parts)])
    name = f"strips_{first['outcome']}_{first['hour']}_{first['arm']}_{first['measure'].replace(' ', '_')}"
    said = "; ".join(f"{TITLES[row['analysis']]}: mean {_mean(row)}, bias {signed(row['bias'])}" for row in rows)
    caption = (
        "Each dot is the estimate of one study; the dark tick is their mean, the green line the truth. Orange: what "
        "the literature does. Blue: what tocsin does. Brown: with weights that only a simulation knows. In brackets: "
        "Monte-Carlo error."
    )
    heading = f"{first['outcome']} after {first['hour']} h: " + (
        f"{first['arm']} less {first['against']}" if first["against"] else f"risk in {first['arm']}"
    )
    return Figure(name, heading, f"{heading}. Truth {_value(first)}. {said}", caption, picture)


def _strip(row: dict[str, Any], values: list[float], x: Scale, y: float, rejected: str) -> list[str]:
    colour = COLOURS.get(row["analysis"], HONEST)
    parts = [text(-LEFT + 8, y - 6, TITLES[row["analysis"]], 12)]
    lost = row["studies"] - row["estimated"]
    under = f"{row['estimated']:,} studies" + (f", {lost:,} without an estimate" if lost else "")
    parts.append(text(-LEFT + 8, y + 9, under, 10, fill=SOFT))
    dots = [dot(x(value), y + _jitter(k), 2, colour) for k, value in enumerate(values)]
    parts.append(f'<g opacity="0.35">{"".join(dots)}</g>')
    if row["mean"] is not None:
        parts.append(rect(x(row["mean"]) - 1.5, y - 14, 3, 28, INK))
    right = [
        with_error(row["bias"], row["bias_error"], sign=True),
        with_error(row["coverage"], row["coverage_error"], 0),
    ]
    right += [with_error(row["rejection"], row["rejection_error"], 0)] if rejected else []
    parts += [text(PLOT + 16 + (k + 1) * COLUMN - 8, y, said, 11, "end") for k, said in enumerate(right)]
    return parts


def _jitter(k: int) -> float:
    """Up and down by a rule, so that the same studies give the same picture."""
    return 20 * ((k * 0.618033988749895) % 1.0) - 10


def _value(row: dict[str, Any]) -> str:
    return signed(row["truth"]) if row["against"] else points(row["truth"])


def _mean(row: dict[str, Any]) -> str:
    return signed(row["mean"]) if row["against"] else points(row["mean"])


def _limits(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = max(0.05 * (high - low), 0.005)
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 1000) if 100 * (high - low) / s <= 9)
    first = int(-(-100 * low // step))
    return [k * step / 100 for k in range(first, int(100 * high // step) + 1)]
