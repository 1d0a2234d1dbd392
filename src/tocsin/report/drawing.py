"""What all figures share: colours, pages of many drawings, SVG to PNG without network, fonts shipped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PNG_WIDTH = 1000
FONTS = Path(__file__).parent / "fonts"
ARM_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8a6d00")  # Okabe and Ito, darkened yellow
ARM_DASHES = ("", "6 3", "2 2", "8 3 2 3", "4 4", "10 2")
GRADE_COLOURS = ("#eef2f4", "#fde3a7", "#fba35e", "#e0523b", "#8c1d5a", "#1b1b1b")  # light to dark: readable in grey
GRADE_INK = ("#5b6770", "#1b2733", "#1b2733", "#ffffff", "#ffffff", "#ffffff")
HATCH = (
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


def arm_style(index: int) -> tuple[str, str]:
    """Colour and dash of the arm at this place: the same arm looks the same in every figure."""
    return ARM_COLOURS[index % len(ARM_COLOURS)], ARM_DASHES[index % len(ARM_DASHES)]


def grade_fill(grade: int | None) -> str:
    """The colour of a grade; hatching where it could not be graded."""
    return "url(#hatch)" if grade is None else GRADE_COLOURS[grade]


@cache
def _register_fonts() -> None:
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))


def to_png(svg: str, scale: float | None = None) -> bytes:
    """The SVG as PNG, Chinese included; without `scale` about `PNG_WIDTH` pixels wide, at most twice as drawn."""
    import vl_convert

    _register_fonts()
    return vl_convert.svg_to_png(svg, scale=scale or min(2.0, PNG_WIDTH / size_of(svg)[0]))


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
    parts = [nested(head, gap, gap / 2, "head", shrunk)] if head else []
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        parts.append(nested(panel, gap + column * wide, top + row * high, f"panel{index}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total[0]:g}" height="{total[1]:g}" '
        f'viewBox="0 0 {total[0]:g} {total[1]:g}"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    )


def nested(svg: str, x: float, y: float, name: str, scale: float = 1.0) -> str:
    """One SVG inside another, its ids made its own."""
    width, height = (side * scale for side in size_of(svg))
    svg = inline(svg, name)
    return svg.replace("<svg", f'<svg x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"', 1)
