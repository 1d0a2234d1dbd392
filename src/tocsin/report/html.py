"""One self-contained HTML file that opens offline and asks for nothing: style, figures and fonts stand inside it."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Any

from tocsin.report.drawing import FONTS, Figure, inline
from tocsin.report.sections import sections
from tocsin.report.words import Lang, Words
from tocsin.tables import StudyResults

TEMPLATES = Path(__file__).parent / "templates"


@cache
def page_template() -> Any:
    """The template of every page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("report.html.jinja")


@cache
def page_style() -> str:
    """The style sheet of every page."""
    return (TEMPLATES / "report.css").read_text(encoding="utf-8")


@cache
def chinese_font() -> str:
    """The shipped Chinese subset as a `@font-face`; Latin text never uses it (unicode-range).

    Chromium keeps boxes for text it shaped before the font was decoded; letters that move apart by a hundredth of a
    pixel make it shape every text again.
    """
    code = base64.b64encode((FONTS / "NotoSansCJKsc-subset.woff2").read_bytes()).decode("ascii")
    return (
        '@font-face{font-family:"Noto Sans CJK SC subset";font-display:block;'
        f'src:url(data:font/woff2;base64,{code}) format("woff2");unicode-range:U+2E80-9FFF,U+FF00-FFEF,U+3000-303F}}'
        "body{animation:settle 4s steps(8) both}@keyframes settle{from{letter-spacing:0}to{letter-spacing:.01px}}"
    )


def render_report(results: StudyResults, figures: list[Figure], lang: Lang = "en") -> str:
    """The whole page. Every value from the data is escaped; only figures drawn here are put in as they are."""
    from markupsafe import Markup

    words = Words(lang)

    def drawing(svg: str, name: str, least: float = 0) -> Markup:
        return Markup(inline(svg, name, least))

    return page_template().render(
        words=words,
        meta=results.meta,
        title=words.meta(results.meta, "title") or words("title"),
        synthetic_note=words.meta(results.meta, "synthetic_note"),
        sections=sections(results, words, figures),
        drawing=drawing,
        legend=Markup(_legend(words)),
        style=Markup(page_style() + (chinese_font() if lang == "zh" else "")),
    )


def _legend(words: Words) -> str:
    from tocsin.report.charts import legend_strip

    return inline(legend_strip(words), "legend", 900)
