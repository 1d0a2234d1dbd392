"""The pictures of what moves the answer: trigger by grace period as tiles, every open choice as a line."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.report.drawing import HATCH, Figure
from tocsin.report.emulation.answers import Row, limits, outcomes_of, rows_of, signed, slug, unknown_text
from tocsin.report.emulation.middle import GRID
from tocsin.report.emulation.pictures import ANSWER, point_ticks, reach
from tocsin.report.emulation.words import EmulationWords
from tocsin.report.numbers import NOTHING
from tocsin.report.shapes import (
    INK,
    PALE,
    SOFT,
    Scale,
    axis_below,
    dot,
    drawing,
    group,
    haloed,
    line,
    rect,
    text,
    widest,
    width_of,
)
from tocsin.tables.emulation import EmulationResults

FEWER, MORE = ("#eff5f9", "#c3dcec", "#7fb3d5", "#14679e"), ("#fdf3ec", "#f8d3b8", "#eda06a", "#b84f00")
STEPS = (0.02, 0.08, 0.2)  # differences from which the next stronger colour stands
TALL = 58.0


def draw_choices(results: EmulationResults, words: EmulationWords) -> list[Figure]:
    """For every contrast of the main outcome in `grid`: tiles of trigger by grace, then the other choices."""
    main = next(iter(outcomes_of(results)), "")
    rows = rows_of(results, "grid", outcome=main)
    pairs = list(dict.fromkeys((r["arm"], r["against"]) for r in rows))
    out: list[Figure] = []
    for pair in pairs:
        of = [r for r in rows if (r["arm"], r["against"]) == pair]
        end = "" if len(pairs) == 1 else f"-{slug(pair[0])}-{slug(pair[1])}"
        out += [plot_grid(of, words, pair, end), plot_choices(of, words, pair, end)]
    return out


def _title(key: str, rows: Sequence[Row], pair: tuple[str, str], words: EmulationWords) -> str:
    hour = max((r["hour"] for r in rows), default=0)
    return words(key, arm=words.term(pair[0]), against=words.term(pair[1]), hours=hour)


def plot_grid(rows: Sequence[Row], words: EmulationWords, pair: tuple[str, str], end: str = "") -> Figure:
    """A tile a combination; the main analysis framed, what cannot be estimated hatched."""
    tiles = [r for r in rows if r["parameter"] == GRID and r["grace_hours"] is not None]
    title, name = _title("grid.title", rows, pair, words), f"grid{end}"
    if all(r["difference"] is None for r in tiles):
        none = words("choices.unknown", what=words("grid.grace")) if tiles else words("grid.none")
        return Figure(name, title, "", instead=none)
    down = sorted({r["threshold"] for r in tiles}, key=lambda t: (t is not None, t or 0))
    across = sorted({r["grace_hours"] for r in tiles})
    wide = max(96.0, widest((limits(r, words, sign=True) for r in tiles), 10) + 14)
    left = width_of(words("grid.threshold"), 12, True) + 12
    parts = [
        HATCH, text(0, -34, words("grid.grace"), 12, bold=True),
        text(6 - left, -14, words("grid.threshold"), 12, bold=True),
    ]  # fmt: skip
    parts += [text(wide * (k + 0.5), -14, f"{g:g}", 12, "middle") for k, g in enumerate(across)]
    parts += [text(-10, TALL * (k + 0.5), NOTHING if t is None else f"{t:.1f}", 12, "end") for k, t in enumerate(down)]
    framed = list[str]()
    for row in tiles:
        x, y = wide * across.index(row["grace_hours"]), TALL * down.index(row["threshold"])
        parts += _tile(row, x, y, wide, words)
        if row["is_default"]:
            framed.append(rect(x + 1, y + 1, wide - 2, TALL - 2, "none", f'stroke="{INK}" stroke-width="3"'))
    low, high, none = _ends(tiles)
    told = words("grid.alt", n=len(tiles), low=low, high=high, none=none)
    svg = drawing(left + wide * len(across) + 14, TALL * len(down) + 62, [group(left, 48, [*parts, *framed])])
    return Figure(name, title, words("stop").join([title, told]), words("grid.caption"), svg)


def _tile(row: Row, x: float, y: float, wide: float, words: EmulationWords) -> list[str]:
    value, middle = row["difference"], x + wide / 2
    courses = f"n = {row['courses']:,}"
    if value is None:
        box = rect(x + 2, y + 2, wide - 4, TALL - 4, "url(#hatch)")
        said = unknown_text(row, words)
        counted = [text(middle, y + 46, courses, 10, "middle", INK)] if row["courses"] else []
        return [box, *(haloed(one) for one in (text(middle, y + 24, said, 11, "middle"), *counted))]
    strength = sum(abs(value) >= step for step in STEPS)
    ink = "#ffffff" if strength == 3 else INK
    out = [rect(x + 2, y + 2, wide - 4, TALL - 4, (FEWER if value < 0 else MORE)[strength])]
    out.append(text(middle, y + 16, signed(value), 14, "middle", ink, bold=True))
    out.append(text(middle, y + 32, limits(row, words, sign=True), 10, "middle", ink))
    return [*out, text(middle, y + 46, courses, 10, "middle", ink)]


def _ends(rows: Sequence[Row]) -> tuple[str, str, int]:
    known = [r["difference"] for r in rows if r["difference"] is not None]
    none = len(rows) - len(known)
    return signed(min(known, default=None)), signed(max(known, default=None)), none


def plot_choices(rows: Sequence[Row], words: EmulationWords, pair: tuple[str, str], end: str = "") -> Figure:
    """A line a value, under its parameter; the dashed line is the main analysis."""
    lines = [r for r in rows if r["parameter"] != GRID]
    title, name = _title("choices.title", rows, pair, words), f"choices{end}"
    if all(r["difference"] is None for r in lines):
        none = words("choices.unknown", what=words("head.parameter")) if lines else words("choices.none")
        return Figure(name, title, "", instead=none)
    x = reach([v for r in lines for v in (r["difference"], r["low"], r["high"])], 330)
    heads = [(p, words.both(next(r for r in lines if r["parameter"] == p), "parameter")) for p in
             dict.fromkeys(r["parameter"] for r in lines)]  # fmt: skip
    left = 24 + max(widest((_value(r, words) for r in lines), 12) + 12, widest((h for _, h in heads), 12, True))
    parts, down = list[str](), 4.0
    for parameter, said in heads:
        parts.append(text(-left + 8, down + 11, said, 12, bold=True))
        down += 22
        for row in (r for r in lines if r["parameter"] == parameter):
            parts += _choice(row, down + 10, x, words)
            down += 20
        down += 8
    main = next((r["difference"] for r in lines if r["is_default"] and r["difference"] is not None), None)
    ticks = [(t / 100, f"{'+' if t > 0 else '−' if t < 0 else ''}{abs(t):g}") for t in point_ticks(x)]
    under = [line(x(t), 0, x(t), down, PALE) for t, _ in ticks] + [line(x(0), 0, x(0), down, INK, 1.2)]
    under += [line(x(main), 0, x(main), down, ANSWER, 1.2, "5 4")] if main is not None else []
    below = axis_below(x, down, ticks, words("unit.points"), 11)
    right = 24 + widest((_told(r, words) for r in lines), 12)
    low, high, _ = _ends(lines)
    told = words("choices.alt", n=len(lines), low=low, high=high)
    svg = drawing(left + 330 + right, down + 54, [group(left, 10, [*under, *parts, *below])])
    return Figure(name, title, words("stop").join([title, told]), words("choices.caption"), svg)


def _value(row: Row, words: EmulationWords) -> str:
    return words.value(row["value"]) + (f" ({words('main')})" if row["is_default"] else "")


def _told(row: Row, words: EmulationWords) -> str:
    if row["difference"] is None:
        return unknown_text(row, words)
    between = limits(row, words, sign=True)
    return f"{signed(row['difference'])}{f' ({between})' if between else ''}, n = {row['courses']:,}"


def _choice(row: Row, y: float, x: Scale, words: EmulationWords) -> list[str]:
    out = [text(-12, y, _value(row, words), 12, "end", bold=row["is_default"])]
    out.append(text(330 + 14, y, _told(row, words), 12, fill=INK if row["difference"] is not None else SOFT))
    if row["difference"] is None:
        return out
    if row["low"] is not None and row["high"] is not None:
        out.append(line(x(row["low"]), y, x(row["high"]), y, ANSWER, 1.8))
    full = dot(x(row["difference"]), y, 4.5, ANSWER)
    return [*out, full] if row["is_default"] else [*out, full, dot(x(row["difference"]), y, 2.6, "#ffffff")]
