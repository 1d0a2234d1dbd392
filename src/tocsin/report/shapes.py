"""Shapes of a figure as SVG text: no browser engine, no chart compiler, and the same input gives the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

FAMILY = "Noto Sans CJK SC"
STACK = f"Arial, Liberation Sans, Helvetica, {FAMILY}, sans-serif"
INK, SOFT, PALE = "#1b2733", "#5b6770", "#e6eaed"
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[] "), frozenset("mwMW@%")
Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """A straight line from data (`low` to `high`) to pixels (`start` to `stop`)."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Where this value stands."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)


def num(value: float) -> str:
    """A coordinate: two decimals at most."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def width_of(words: str, size: float = 11, bold: bool = False) -> float:
    """About how wide these words stand in Arial; Chinese is one em a character."""
    ems = (
        1.0 if ord(ch) > 0x2E7F else 0.3 if ch in _NARROW else 0.9 if ch in _WIDE else 0.7 if ch.isupper() else 0.56
        for ch in words
    )
    return sum(ems) * size * (1.08 if bold else 1.0)


def widest(words: Iterable[str], size: float = 11, bold: bool = False) -> float:
    """The width of the widest."""
    return max((width_of(one, size, bold) for one in words), default=0.0)


def text(
    x: float, y: float, words: str, size: float = 11, anchor: str = "start", fill: str = INK, bold: bool = False
) -> str:
    """Words centred on the line `y`."""
    weight = ' font-weight="bold"' if bold else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{num(x)}" y="{num(y + 0.36 * size)}" font-size="{num(size)}" fill="{fill}"{where}{weight}>'
        f"{escape(words, quote=False)}</text>"
    )


def haloed(words: str) -> str:
    """The same text element with a white edge, to be read across lines."""
    return words.replace("<text ", '<text paint-order="stroke" stroke="white" stroke-width="3" ', 1)


def upright(x: float, y: float, words: str, size: float = 11) -> str:
    """Words read from below, centred on a point: the title of an upright axis."""
    where = f'transform="translate({num(x)},{num(y)}) rotate(-90)"'
    return (
        f'<text {where} text-anchor="middle" font-size="{num(size)}" fill="{INK}">{escape(words, quote=False)}</text>'
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1, dash: str = "") -> str:
    """A straight line."""
    ends = f'x1="{num(x1)}" y1="{num(y1)}" x2="{num(x2)}" y2="{num(y2)}"'
    return f'<line {ends} stroke="{stroke}" stroke-width="{num(width)}"{_dashed(dash)}/>'


def path(d: str, stroke: str, width: float = 1, dash: str = "", fill: str = "none") -> str:
    """An outline."""
    return f'<path d="{d}" stroke="{stroke}" stroke-width="{num(width)}" fill="{fill}"{_dashed(dash)}/>'


def area(d: str, fill: str, opacity: float = 1) -> str:
    """A filled outline."""
    return f'<path d="{d}" fill="{fill}" opacity="{num(opacity)}"/>'


def rect(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    """A box; `more` is written into it as it is."""
    where = f'x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}"'
    return f'<rect {where} fill="{fill}"{" " + more if more else ""}/>'


def dot(x: float, y: float, radius: float, fill: str) -> str:
    """A filled circle."""
    return f'<circle cx="{num(x)}" cy="{num(y)}" r="{num(radius)}" fill="{fill}"/>'


def _dashed(dash: str) -> str:
    return f' stroke-dasharray="{dash}"' if dash else ""


def joined(points: Sequence[Point]) -> str:
    """The path through these points."""
    return "M" + "L".join(f"{num(x)},{num(y)}" for x, y in points)


def stepped(points: Sequence[Point]) -> str:
    """The path that keeps each height until the next point."""
    (x, y), *rest = points
    return f"M{num(x)},{num(y)}" + "".join(f"H{num(x)}V{num(y)}" for x, y in rest)


def band(tops: Sequence[Point], bottoms: Sequence[Point]) -> str:
    """The area between two stepped lines over the same places."""
    upper = stepped(tops)
    corners: list[Point] = [bottoms[0]]
    for x, y in bottoms[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    return upper + "".join(f"L{num(x)},{num(y)}" for x, y in reversed(corners)) + "Z"


def group(x: float, y: float, parts: Iterable[str]) -> str:
    """Parts moved together."""
    return f'<g transform="translate({num(x)},{num(y)})">{"".join(parts)}</g>'


def drawing(width: float, height: float, parts: Iterable[str]) -> str:
    """The whole figure, on white."""
    size = f'width="{num(width)}" height="{num(height)}" viewBox="0 0 {num(width)} {num(height)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect width="100%" height="100%" fill="white"/>'
        f'<g font-family="{STACK}">{"".join(parts)}</g></svg>'
    )


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Whole numbers at a round step, at most about `most` of them."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if (high - low) / s <= most)
    return [float(k * step) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def axis_below(
    scale: Scale, y: float, ticks: Sequence[tuple[float, str]], title: str = "", size: float = 11, grid: float = 0
) -> list[str]:
    """A time axis under a plot: line, ticks with their words, title; `grid` is how high the grid lines stand."""
    out = [line(scale(t), y - grid, scale(t), y, PALE) for t, _ in ticks] if grid else []
    out += [line(scale.start, y, scale.stop, y, SOFT)]
    for at, words in ticks:
        out += [line(scale(at), y, scale(at), y + 5, SOFT), text(scale(at), y + 12, words, size, "middle")]
    return [*out, text((scale.start + scale.stop) / 2, y + 28, title, size + 1, "middle")] if title else out


def axis_left(
    scale: Scale, ticks: Sequence[tuple[float, str]], size: float = 11, grid: float = 0, title: str = "", out: float = 0
) -> list[str]:
    """A value axis left of a plot; `grid` is how far the grid lines reach, `out` how far the title stands away."""
    parts = [line(0, scale(t), grid, scale(t), PALE) for t, _ in ticks] if grid else []
    parts += [line(0, scale.start, 0, scale.stop, SOFT)]
    for at, words in ticks:
        parts += [line(-5, scale(at), 0, scale(at), SOFT), text(-8, scale(at), words, size, "end")]
    return [*parts, upright(-out, (scale.start + scale.stop) / 2, title, size + 1)] if title else parts
