"""What would turn a two-arm result, drawn: confounders, patients with another outcome, missing outcomes.

The rows come from `tocsin.effects` (e_value, fragility, tipping) as plain values; this room does not import that one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.report.drawing import Figure
from tocsin.report.shapes import (
    INK,
    PALE,
    SOFT,
    Point,
    Scale,
    axis_below,
    axis_left,
    dot,
    drawing,
    group,
    haloed,
    joined,
    line,
    path,
    rect,
    text,
    width_of,
)
from tocsin.report.words import Lang

BLUE, ORANGE = "#0072b2", "#d55e00"
HELD, TURNED, REACHED = "#e8eef3", "#d55e00", "#f2b27c"
TILE = 34
WORDS: dict[str, tuple[str, str]] = {
    "e.title": ("Confounding that would explain the result", "可解释该结果的混杂强度"),
    "e.x": ("risk ratio, confounder with arm", "混杂因素与组别的风险比"),
    "e.y": ("risk ratio, confounder with outcome", "混杂因素与结局的风险比"),
    "e.estimate": ("estimate, E = {e}", "估计值，E = {e}"),
    "e.limit": ("limit nearest 1, E = {e}", "最接近 1 的界限，E = {e}"),
    "e.caption": (
        "A confounder nobody recorded must lie on a curve or above it, in both ways, to move the estimate (or the "
        "limit) to 1. Dots: how strong what was recorded at baseline is.",
        "未记录的混杂因素须位于曲线上或曲线上方，方可使估计值（或界限）变为 1。圆点：基线已记录因素的强度。",
    ),
    "e.seen": ("{n} covariates recorded", "已记录协变量 {n} 项"),
    "e.none": ("No E-value: {why}.", "无 E 值：{why}。"),
    "f.title": ("Patients with another outcome that would turn the conclusion", "使结论改变的结局变化例数"),
    "f.x": ("patients with the other outcome", "结局改变的例数"),
    "f.y": ("P", "P"),
    "f.add": ("{arm}: events added", "{arm}：增加事件"),
    "f.remove": ("{arm}: events taken away", "{arm}：减少事件"),
    "f.caption": ("The dashed line is P = {alpha}; a path ends one step after crossing it.", "虚线为 P = {alpha}。"),
    "f.none": ("No path: an arm is empty.", "某组无患者。"),
    "t.title": ("Missing outcomes filled in, every way", "缺失结局的全部填补方式"),
    "t.x": ("events among the missing, {arm}", "缺失者中的事件数，{arm}"),
    "t.caption": (
        "A tile a filling-in, with the difference in percentage points. Dark: the conclusion turns. Framed: the "
        "missing have the risk of the known.",
        "每格为一种填补方式，数字为差值（百分点）。深色：结论改变。加框：缺失者与已知者风险相同。",
    ),
    "t.none": ("No outcome is missing in either arm.", "两组均无缺失结局。"),
    "c.title": ("The ratio after a confounder is taken away", "去除混杂后的比值"),
    "c.caption": (
        "The ratio left when a confounder of these two strengths is taken away at its worst. Light orange: the "
        "interval that did not hold 1 reaches it. Dark orange: the ratio itself does.",
        "按最坏情形去除混杂后的比值。浅橙：原不含 1 的区间达到 1。深橙：比值达到 1。",
    ),
    "c.none": ("No ratio to explain away.", "无可供分析的比值。"),
}  # fmt: skip
Row = Mapping[str, Any]


def say(key: str, lang: Lang, **values: object) -> str:
    """The words of this file."""
    return WORDS[key][lang == "zh"].format(**values)


def plot_e_value(
    estimate: float | None, limit: float | None, why: str = "", lang: Lang = "en", seen: Sequence[Point] = ()
) -> Figure:
    """The curves of confounders that would explain estimate and limit away, from their E-values (1: no curve).

    `seen`: the two risk ratios of each covariate recorded; one beyond the axes stands at their end.
    """
    title = say("e.title", lang)
    if estimate is None:
        return Figure("e_value", title, "", instead=say("e.none", lang, why=why))
    most = max(3.0, min(2.2 * estimate, 40.0))
    x, y = Scale(1, most, 0, 380), Scale(1, most, 280, 0)
    ticks = _ticks(1, most)
    parts = axis_below(x, 280, ticks, say("e.x", lang), grid=280)
    parts += axis_left(y, ticks, grid=380, title=say("e.y", lang), out=46)
    said: list[str] = []
    for key, e, colour, dash in (("e.estimate", estimate, BLUE, ""), ("e.limit", limit, ORANGE, "6 3")):
        if e is None:
            continue
        words = say(key, lang, e=f"{e:.2f}")
        said.append(words)
        parts.append(line(250, 14 + 18 * len(said), 274, 14 + 18 * len(said), colour, 2, dash))
        parts.append(haloed(text(280, 14 + 18 * len(said), words)))
        if e > 1 and e < most:
            points = [(x(a), y(b)) for a, b in _curve(e, most)]
            parts.append(path(joined(points), colour, 2, dash))
            parts.append(rect(x(e) - 3.5, y(e) - 3.5, 7, 7, colour))
    if seen:
        said.append(say("e.seen", lang, n=len(seen)))
        parts += [dot(x(min(a, most)), y(min(b, most)), 3, SOFT) for a, b in seen]
        parts += [dot(262, 14 + 18 * len(said), 3, SOFT), haloed(text(280, 14 + 18 * len(said), said[-1]))]
    width = 70 + 280 + max(110 + 20.0, max(width_of(words) for words in said) + 20)
    picture = drawing(width, 340, [group(70, 16, parts)])
    return Figure("e_value", title, f"{title}: {'; '.join(said)}", say("e.caption", lang), picture)


def _curve(e: float, most: float) -> list[Point]:
    """Pairs of risk ratios whose bounding factor equals that of (e, e)."""
    bias = e * e / (2 * e - 1)
    # a*b/(a+b-1) = bias, so b = bias (a - 1) / (a - bias)
    first = bias * (most - 1) / (most - bias)
    steps = [first * (most / first) ** (k / 80) for k in range(81)]
    return [(a, bias * (a - 1) / (a - bias)) for a in steps]


def plot_fragility(
    paths: Sequence[Sequence[Row]], alpha: float, arms: tuple[str, str] = ("a", "b"), lang: Lang = "en"
) -> Figure:
    """P along each path of changed outcomes; a row has arm, move, moved, p."""
    title = say("f.title", lang)
    drawn = [steps for steps in paths if len(steps) > 1]
    if not drawn:
        return Figure("fragility", title, "", instead=say("f.none", lang))
    most = max(steps[-1]["moved"] for steps in drawn)
    least = min(max(row["p"], 1e-12) for steps in drawn for row in steps)
    floor = min(-2.0, math.floor(math.log10(least)))
    x, y = Scale(0, max(most, 1), 0, 320), Scale(floor, 0, 220, 0)
    step = max(1, -(-most // 8))
    parts = axis_below(x, 220, [(k, str(k)) for k in range(0, most + 1, step)], say("f.x", lang))
    every = max(1, math.ceil(-floor / 6))
    decades = [(float(k), f"{10.0**k:g}") for k in range(0, int(floor) - 1, -every)]
    parts += axis_left(y, decades, grid=320, title=say("f.y", lang), out=58)
    parts.append(line(0, y(math.log10(alpha)), 320, y(math.log10(alpha)), SOFT, 1.2, "5 4"))
    said: list[str] = []
    for steps in drawn:
        first, second = steps[0]["arm"] == "a", steps[0]["move"] == "add"
        colour, dash = (BLUE if first else ORANGE), ("" if second else "5 3")
        points = [(x(row["moved"]), y(math.log10(max(row["p"], 10.0**floor)))) for row in steps]
        parts.append(path(joined(points), colour, 1.8, dash))
        parts += [rect(px - 2.5, py - 2.5, 5, 5, colour) for px, py in points if len(points) <= 40]
        key = "f.add" if second else "f.remove"
        said.append(say(key, lang, arm=arms[0] if first else arms[1]))
        down = 252 + 18 * len(said)
        parts += [line(0, down, 24, down, colour, 2, dash), text(30, down, said[-1])]
    width = 76 + max(334.0, 30 + max(width_of(words) for words in said) + 14)
    picture = drawing(width, 292 + 18 * len(said), [group(76, 16, parts)])
    caption = say("f.caption", lang, alpha=f"{alpha:g}")
    return Figure("fragility", title, f"{title}: {'; '.join(said)}", caption, picture)


def plot_tipping(
    cells: Sequence[Row], expected: tuple[int, int] | None, arms: tuple[str, str] = ("a", "b"), lang: Lang = "en"
) -> Figure:
    """The grid of missing outcomes; a row has filled_a, filled_b, estimate (a difference of risks), turned."""
    title = say("t.title", lang)
    if len(cells) < 2:
        return Figure("tipping", title, "", instead=say("t.none", lang))
    xs, ys = (sorted({row[name] for row in cells}) for name in ("filled_a", "filled_b"))
    tiles = [
        _Tile(
            xs.index(row["filled_a"]), ys.index(row["filled_b"]), f"{100 * row['estimate']:+.0f}",
            TURNED if row["turned"] else HELD, "#ffffff" if row["turned"] else INK,
            (row["filled_a"], row["filled_b"]) == expected,
        )
        for row in cells
    ]  # fmt: skip
    names = (say("t.x", lang, arm=arms[0]), say("t.x", lang, arm=arms[1]))
    picture = _tiles(tiles, [str(v) for v in xs], [str(v) for v in ys], names)
    turned = sum(bool(row["turned"]) for row in cells)
    return Figure("tipping", title, f"{title}: {turned} / {len(cells)}", say("t.caption", lang), picture)


def plot_confounders(cells: Sequence[Row], lang: Lang = "en") -> Figure:
    """The grid of confounders; a row has with_arm, with_outcome, estimate (a ratio), explained."""
    title = say("c.title", lang)
    if not cells:
        return Figure("confounders", title, "", instead=say("c.none", lang))
    xs, ys = (sorted({row[name] for row in cells}) for name in ("with_arm", "with_outcome"))
    fill = {"no": (HELD, INK), "interval": (REACHED, INK), "estimate": (TURNED, "#ffffff")}
    tiles = [
        _Tile(xs.index(r["with_arm"]), ys.index(r["with_outcome"]), f"{r['estimate']:.2f}", *fill[r["explained"]])
        for r in cells
    ]
    names = (say("e.x", lang), say("e.y", lang))
    picture = _tiles(tiles, [f"{v:g}" for v in xs], [f"{v:g}" for v in ys], names)
    away = sum(r["explained"] == "estimate" for r in cells)
    return Figure("confounders", title, f"{title}: {away} / {len(cells)}", say("c.caption", lang), picture)


class _Tile:
    def __init__(self, column: int, row: int, words: str, fill: str, ink: str, framed: bool = False) -> None:
        self.column, self.row, self.words, self.fill, self.ink, self.framed = column, row, words, fill, ink, framed


def _tiles(tiles: Sequence[_Tile], xs: Sequence[str], ys: Sequence[str], names: tuple[str, str]) -> str:
    """A grid of tiles, the first row of values lowest, with the names of columns and rows below and above."""
    wide, high = TILE * len(xs), TILE * len(ys)
    parts: list[str] = []
    for tile in tiles:
        left, top = TILE * tile.column, high - TILE * (tile.row + 1)
        parts.append(rect(left + 1, top + 1, TILE - 2, TILE - 2, tile.fill))
        parts.append(text(left + TILE / 2, top + TILE / 2, tile.words, 10, "middle", tile.ink))
    for tile in tiles:
        if tile.framed:
            left, top = TILE * tile.column, high - TILE * (tile.row + 1)
            parts.append(rect(left, top, TILE, TILE, "none", f'stroke="{INK}" stroke-width="2.2"'))
    parts.append(line(0, high + 3, wide, high + 3, PALE))
    parts += [text(TILE * (k + 0.5), high + 12, words, 11, "middle") for k, words in enumerate(xs)]
    parts += [text(-6, high - TILE * (k + 0.5), words, 11, "end") for k, words in enumerate(ys)]
    x_name, y_name = names  # the name of the rows stands above: upright it is often longer than the grid is high
    parts += [text(0, high + 32, x_name, 12), text(-30, -14, y_name, 12)]
    wide = max(width_of(x_name, 12), width_of(y_name, 12) - 30, wide)
    return drawing(wide + 62, high + 76, [group(48, 28, parts)])


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    step = next(s for s in (0.5, 1, 2, 5, 10) if (high - low) / s <= 8)
    first = math.ceil(low / step) * step
    return [(first + k * step, f"{first + k * step:g}") for k in range(int((high - first) / step) + 1)]
