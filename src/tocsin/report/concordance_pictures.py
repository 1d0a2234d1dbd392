"""How far scales agree, drawn: a heat map of every pair, and their cross-tables. In English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tocsin.report.drawing import HATCH, Figure
from tocsin.report.numbers import fixed, percent
from tocsin.report.shapes import INK, SOFT, drawing, group, line, rect, widest, width_of
from tocsin.report.shapes import text as words_at

Tables = Mapping[str, pl.DataFrame]
Key = tuple[str, str]
SHARE_ENDS, KAPPA_ENDS, BELOW_CHANCE = ("#f6f9fc", "#6ea8d0"), ("#f5faf7", "#62bd98"), "#f6d5c3"
CELL_WIDTH, CELL_HEIGHT = 92, 50
EQUAL, LINEAR, QUADRATIC = "share with equal grade", "linear weighted kappa", "quadratic weighted kappa"


def titles_of(summary: Mapping[str, Any]) -> dict[str, str]:
    """Scale to its title."""
    return {name: scale["title"] for name, scale in summary["scales"].items()}


def pair_of(row: Mapping[str, Any]) -> Key:
    """The two scales of a row."""
    return row["scale_a"], row["scale_b"]


def number_text(row: Mapping[str, Any]) -> str:
    """Two decimals; `>0.99` where kappa is not 1."""
    value = row["estimate"]
    return ">0.99" if value is not None and 0.995 <= value < 1 else fixed(value, 2)


def percent_text(row: Mapping[str, Any]) -> str:
    """A whole percentage; `>99 %` and `<1 %` where it is not all or none."""
    share = row["estimate"]
    if share is None or share in (0, 1):
        return percent(share, 0)
    return "<1 %" if share < 0.005 else ">99 %" if share >= 0.995 else percent(share, 0)


def limits_text(row: Mapping[str, Any], times: float = 1) -> str:
    """`0.52 to 0.88`; without a number why, shortly."""
    if row["estimate"] is None:
        return "not estimable"
    if row["low"] is None:
        return "no limits"
    digits = 0 if times == 100 else 2
    return f"{fixed(times * row['low'], digits)} to {fixed(times * row['high'], digits)}{' %' if times == 100 else ''}"


def plot_heat_map(tables: Tables, summary: Mapping[str, Any]) -> Figure:
    """Scales against scales: above the diagonal the share of courses with equal highest grade, below it kappa."""
    titles = titles_of(summary)
    places = {name: k for k, name in enumerate(titles)}
    heads = {name: _wrapped(title, CELL_WIDTH - 8) for name, title in titles.items()}
    top, left = 22 + 14 * max(map(len, heads.values())), 16 + widest(titles.values(), 12)
    side, high = CELL_WIDTH * len(titles), CELL_HEIGHT * len(titles)
    parts: list[str] = []
    for name, k in places.items():
        parts.append(words_at(-10, CELL_HEIGHT * (k + 0.5), titles[name], 12, "end"))
        lines = heads[name]
        bold = next((j for j, one in enumerate(lines) if one.startswith("(")), len(lines))
        for j, one in enumerate(lines):
            down = -12 - 14 * (len(lines) - 1 - j)
            parts.append(words_at(CELL_WIDTH * (k + 0.5), down, one, 11, "middle", bold=j < bold))
        parts.append(rect(CELL_WIDTH * k + 1, CELL_HEIGHT * k + 1, CELL_WIDTH - 2, CELL_HEIGHT - 2, "#e6eaed"))
    estimates = estimates_of(tables["agreement"])
    equal = {pair_of(row): f"{row['equal']:,}/{row['gradable']:,}" for row in tables["pairs"].iter_rows(named=True)}
    for pair in equal:
        first, second = sorted(pair, key=lambda name: places[name])
        share, kappa = estimates[pair][EQUAL, False], estimates[pair][QUADRATIC, True]
        parts.append(
            _tile(places[second], places[first], share["estimate"], SHARE_ENDS, percent_text(share), equal[pair])
        )
        parts.append(
            _tile(places[first], places[second], kappa["estimate"], KAPPA_ENDS, number_text(kappa), limits_text(kappa))
        )
    parts += _keys(high + 26, side)
    width = left + max(side, 470) + 16
    caption = (
        "Above the diagonal: share of courses with the same highest proved grade. Below: quadratic weighted kappa with "
        f"{fixed(100 * summary['level'], 0)} % bootstrap interval by patient; hatched: not estimable; "
        "empty: not compared."
    )
    svg = drawing(width, top + high + 84, [HATCH, group(left, top, parts)])
    return Figure(
        "heat_map", "Agreement of the scales, pair by pair", _heat_alt(tables, titles, estimates), caption, svg
    )


def _tile(column: int, row: int, value: float | None, ends: Key, main: str, small: str) -> str:
    """One pair: its colour, its number, and what stands under it."""
    fill = "url(#hatch)" if value is None else BELOW_CHANCE if value < 0 else _between(ends, value)
    middle = CELL_WIDTH / 2
    box = rect(1, 1, CELL_WIDTH - 2, CELL_HEIGHT - 2, fill)
    if value is None:
        said = [words_at(middle, 25, small, 10, "middle")]
    else:
        said = [
            words_at(middle, 20, main, 14, "middle", bold=True),
            words_at(middle, 37, small, 10, "middle", "#3c4852"),
        ]
    return group(CELL_WIDTH * column, CELL_HEIGHT * row, [box, *said])


def _keys(down: float, side: float) -> list[str]:
    """The two colour strips under the map."""
    out: list[str] = []
    for k, (ends, low, high, words) in enumerate((
        (SHARE_ENDS, "0 %", "100 %", "above: courses with equal highest grade"),
        (KAPPA_ENDS, "0", "1", "below: quadratic weighted kappa (orange: under 0)"),
    )):  # fmt: skip
        at = down + 24 * k
        out += [rect(30 + 6 * step, at - 6, 6, 12, _between(ends, step / 14)) for step in range(15)]
        out += [words_at(25, at, low, 10, "end", SOFT), words_at(125, at, high, 10, fill=SOFT)]
        out.append(words_at(162, at, words, 11, fill=SOFT))
    return out


def _heat_alt(tables: Tables, titles: Mapping[str, str], estimates: Mapping[Key, Any]) -> str:
    said = [
        f"{titles[a]} and {titles[b]}: {percent_text(estimates[a, b][EQUAL, False])} of courses equal, "
        f"kappa {number_text(estimates[a, b][QUADRATIC, True])}"
        for a, b in map(pair_of, tables["pairs"].iter_rows(named=True))
    ]
    return "Agreement of the scales. " + "; ".join(said)


def estimates_of(agreement: pl.DataFrame) -> dict[Key, dict[tuple[str, bool], dict[str, Any]]]:
    """By pair: by measure and whether the interval is a bootstrap."""
    out: dict[Key, dict[tuple[str, bool], dict[str, Any]]] = {}
    for row in agreement.iter_rows(named=True):
        out.setdefault(pair_of(row), {})[row["measure"], row["method"].startswith("bootstrap")] = row
    return out


def _between(ends: Key, share: float) -> str:
    low, high = ([int(end[k : k + 2], 16) for k in (1, 3, 5)] for end in ends)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _wrapped(title: str, width: float, size: float = 11) -> list[str]:
    """A title in lines of about this width, cut at its spaces."""
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and (width_of(longer, size, bold=True) > width or word.startswith("(")):
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


# --- cross-tables -----------------------------------------------------------------------------------------------------


def plot_cross_tables(tables: Tables, summary: Mapping[str, Any]) -> Figure:
    """A small cross-table of the highest grades for each pair; every panel has the same rows and columns."""
    maxima, titles = tables["maxima"], titles_of(summary)
    seen = [g for name in ("grade_a", "grade_b") for g in maxima.get_column(name).to_list()]
    grades: list[int | None] = [*range(max([g for g in seen if g is not None], default=0) + 1)]
    grades += [None] if None in seen else []
    panels: list[tuple[str, str]] = []
    for row in tables["pairs"].iter_rows(named=True):
        a, b = pair_of(row)
        cells = {
            (r["grade_a"], r["grade_b"]): r
            for r in maxima.filter((pl.col("scale_a") == a) & (pl.col("scale_b") == b)).iter_rows(named=True)
        }
        told = f"{titles[a]} in rows, {titles[b]} in columns: " + "; ".join(
            f"{_grade(x)} and {_grade(y)}: {r['courses']} courses, {r['settled']} settled"
            for (x, y), r in cells.items()
        )
        panels.append((_cross_table(titles[a], titles[b], grades, cells, row["courses"]), told))
    caption = (
        "Rows: the first scale; columns: the second. On the framed diagonal the highest proved grades are equal. The "
        "small number counts the courses in which both highest grades are settled; n. g.: no moment to grade."
    )
    return Figure("cross_tables", "Courses by highest proved grade", "", caption, panels=tuple(panels))


def _cross_table(
    first: str, second: str, grades: list[int | None], cells: Mapping[Any, dict[str, Any]], courses: int
) -> str:
    size, left, top, high = 36.0, 46.0, 62.0, 34.0
    parts = [words_at(6, 14, first, 12, bold=True), words_at(6, 30, f"v  {second}", 12, bold=True)]
    for k, grade in enumerate(grades):
        parts.append(words_at(left + size * (k + 0.5), top - 9, _grade(grade), 11, "middle", SOFT))
        parts.append(words_at(left - 8, top + high * (k + 0.5), _grade(grade), 11, "end", SOFT))
    for i, x in enumerate(grades):
        for j, y in enumerate(grades):
            cell = cells.get((x, y))
            share = cell["courses"] / courses if cell and courses else 0.0
            ends = SHARE_ENDS if x == y and x is not None else ("#fdf1e7", "#f0a35e")
            fill = _between(ends, share**0.5) if cell else "#fafbfc"
            edge = f'stroke="{INK}" stroke-width="1.1"' if x == y and x is not None else 'stroke="#e6eaed"'
            at = (left + size * j, top + high * i)
            parts.append(rect(at[0] + 1, at[1] + 1, size - 2, high - 2, fill, edge))
            if cell:
                parts.append(words_at(at[0] + size / 2, at[1] + 12, f"{cell['courses']:,}", 12, "middle", bold=True))
                parts.append(words_at(at[0] + size / 2, at[1] + 25, f"{cell['settled']:,}", 8.5, "middle", "#3c4852"))
    width = max(left + size * len(grades) + 10, 290, 12 + width_of(f"v  {second}", 12, bold=True))
    return drawing(width, top + high * len(grades) + 10, parts)


def key_of_cross_tables() -> str:
    """What the fills of the cross-tables mean."""
    parts = [
        rect(4, 4, 18, 16, _between(SHARE_ENDS, 0.6), f'stroke="{INK}" stroke-width="1.1"'),
        words_at(28, 12, "equal highest grade", 11.5, fill=SOFT),
        rect(160, 4, 18, 16, "#f0a35e"),
        words_at(184, 12, "different", 11.5, fill=SOFT),
        words_at(262, 12, "12", 12, bold=True),
        words_at(282, 12, "courses", 11.5, fill=SOFT),
        words_at(346, 12, "9", 9),
        words_at(358, 12, "of them settled on both scales", 11.5, fill=SOFT),
        line(0, 25.5, 540, 25.5, "#e6eaed"),
    ]
    return drawing(540, 26, parts)


def _grade(grade: int | None) -> str:
    return "n. g." if grade is None else str(grade)


# --- tables -----------------------------------------------------------------------------------------------------------
