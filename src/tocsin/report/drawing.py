"""From an altair chart to SVG and PNG: one look for all figures, no network, fonts shipped."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
FAMILY = "Noto Sans CJK SC"
STACK = f"Arial, Liberation Sans, Helvetica, {FAMILY}, sans-serif"
INK, SOFT, PALE = "#1b2733", "#5b6770", "#e6eaed"
ARM_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8a6d00")  # Okabe and Ito, darkened yellow
ARM_DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4), (10, 2))
GRADE_COLOURS = ("#eef2f4", "#fde3a7", "#fba35e", "#e0523b", "#8c1d5a", "#1b1b1b")  # light to dark: readable in grey
GRADE_INK = ("#5b6770", "#1b2733", "#1b2733", "#ffffff", "#ffffff", "#ffffff")
NOT_GRADABLE = "#c9cfd5"
_HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#f2f4f6"/><rect width="2" height="6" fill="#aab3bb"/></pattern></defs>'
)


@dataclass(frozen=True)
class Figure:
    """A drawn figure, or the sentence that stands in its place. `panels` holds (svg, caption) of small multiples."""

    name: str
    title: str
    alt: str
    caption: str = ""
    svg: str = ""
    instead: str = ""
    panels: tuple[tuple[str, str], ...] = ()


def values(rows: Sequence[dict[str, Any]]) -> Any:
    """Rows as inline data: altair infers nothing, so every encoding names its type.

    As one JSON text, because altair copies lists of rows again at every step of a chart (ten times slower).
    """
    import altair as alt

    return alt.InlineData(values=json.dumps(list(rows), ensure_ascii=False), format=alt.DataFormat(type="json"))


def arm_scale(arms: Sequence[str]) -> tuple[Any, Any]:
    """Colour and dash scales of the arms, in their order: the same arm looks the same in every figure."""
    import altair as alt

    size = len(ARM_COLOURS)
    colours = alt.Scale(domain=list(arms), range=[ARM_COLOURS[i % size] for i in range(len(arms))])
    dashes = alt.Scale(domain=list(arms), range=[list(ARM_DASHES[i % size]) for i in range(len(arms))])
    return colours, dashes


def grade_scale() -> Any:
    """Colours of the grades 0 to 5 and of `?`, not gradable."""
    import altair as alt

    return alt.Scale(domain=["0", "1", "2", "3", "4", "5", "?"], range=[*GRADE_COLOURS, NOT_GRADABLE])


def _config() -> dict[str, Any]:
    return {
        "background": "white",
        "font": STACK,
        "aria": False,
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal", "labelColor": INK,
            "titleColor": INK, "gridColor": PALE, "domainColor": SOFT, "tickColor": SOFT, "labelLimit": 260,
        },
        "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 400},
        "title": {"fontSize": 13, "fontWeight": "bold", "color": INK, "subtitleColor": SOFT, "subtitleFontSize": 11},
        "text": {"fontSize": 11, "color": INK},
    }  # fmt: skip


@cache
def _register_fonts() -> None:
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))


def to_svg(chart: Any) -> str:
    """The chart as SVG text; the colour of "not gradable" becomes hatching, which Vega-Lite itself cannot draw."""
    import vl_convert

    _register_fonts()
    svg = _tidy(vl_convert.vegalite_to_svg(_spec(chart), vl_version=_version(), allowed_base_urls=[]))
    if f'"{NOT_GRADABLE}"' in svg:
        start = svg.index(">") + 1
        svg = svg[:start] + _HATCH + svg[start:].replace(f'"{NOT_GRADABLE}"', '"url(#hatch)"')
    return svg


def to_vega(chart: Any) -> dict[str, Any]:
    """The chart compiled to Vega once, for many panels that differ in their data only."""
    import vl_convert

    return vl_convert.vegalite_to_vega(_spec(chart), vl_version=_version())


def vega_to_svg(vega: dict[str, Any], data: dict[str, list[dict[str, Any]]]) -> str:
    """A compiled chart with these rows in its named data."""
    import vl_convert

    _register_fonts()
    named = [{**one, "values": data[one["name"]]} if one["name"] in data else one for one in vega["data"]]
    return _tidy(vl_convert.vega_to_svg({**vega, "data": named}, allowed_base_urls=[]))


def _tidy(svg: str) -> str:
    """Clip ids counted from 0 in every drawing (the renderer counts on through a whole process: same input, other
    bytes), and no roles inside: the page describes each drawing as one image."""
    names = {name: f"clip{index}" for index, name in enumerate(dict.fromkeys(re.findall(r"\bclip\d+\b", svg)))}
    svg = re.sub(r"\bclip\d+\b", lambda hit: names[hit.group()], svg)
    return re.sub(r' (role="graphics-[a-z]+"|aria-roledescription="[^"]*"|aria-label="[^"]*")', "", svg)


def _spec(chart: Any) -> dict[str, Any]:
    return {**chart.to_dict(validate=False), "config": _config()}


def _version() -> str:
    import altair as alt

    return ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def to_png(svg: str, scale: float = 2.0) -> bytes:
    """The SVG as PNG, Chinese included."""
    import vl_convert

    _register_fonts()
    return vl_convert.svg_to_png(svg, scale=scale)


def runs_of(rows: Sequence[dict[str, Any]]) -> list[tuple[float, float | None, int]]:
    """Rows of `grades` of one course as (from, to, grade): neighbours of equal grade joined, grade 0 left out."""
    out: list[tuple[float, float | None, int]] = []
    for row in sorted(rows, key=lambda r: r["from"]):
        if out and out[-1][1] == row["from"] and out[-1][2] == row["grade"]:
            out[-1] = (out[-1][0], row["to"], row["grade"])
        else:
            out.append((row["from"], row["to"], row["grade"]))
    return [run for run in out if run[2] > 0]


def size_of(svg: str) -> tuple[float, float]:
    """Width and height as written in the root element."""
    root = svg[: svg.index(">")]
    found = [re.search(rf'\b{side}="([\d.]+)', root) for side in ("width", "height")]
    return tuple(float(hit.group(1)) if hit else 0.0 for hit in found)  # pyright: ignore[reportReturnType]


def inline(svg: str, name: str, least: float = 0) -> str:
    """The SVG to stand inside a page: ids made unique to it, never larger than drawn, on a phone not below `least`."""
    for attribute in ('id="', "url(#", 'href="#'):
        svg = svg.replace(attribute, f"{attribute}{name}-")
    width, height = size_of(svg)
    start = svg.index(">")
    root = re.sub(r'\s(width|height|version|class)="[^"]*"', "", svg[:start])
    box = "" if "viewBox" in root else f' viewBox="0 0 {width:g} {height:g}"'
    return f'{root}{box} style="max-width:{width:g}px;min-width:{min(least, width):g}px" focusable="false"{svg[start:]}'


def sheet(panels: Sequence[str], columns: int, gap: float = 14, head: str = "") -> str:
    """Many SVGs on one page, row by row, under an optional first strip that spans the width."""
    sizes = [size_of(panel) for panel in panels]
    wide, high = max(w for w, _ in sizes) + gap, max(h for _, h in sizes) + gap
    across = columns * wide + gap
    shrunk = min(1.0, (across - 2 * gap) / size_of(head)[0]) if head else 1.0
    top = size_of(head)[1] * shrunk + gap if head else gap
    total = (across, top + -(-len(panels) // columns) * high)
    parts = [_nested(head, gap, gap / 2, "head", shrunk)] if head else []
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        parts.append(_nested(panel, gap + column * wide, top + row * high, f"panel{index}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total[0]:g}" height="{total[1]:g}" '
        f'viewBox="0 0 {total[0]:g} {total[1]:g}"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    )


def _nested(svg: str, x: float, y: float, name: str, scale: float = 1.0) -> str:
    width, height = (side * scale for side in size_of(svg))
    svg = inline(svg, name)
    return svg.replace("<svg", f'<svg x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"', 1)
