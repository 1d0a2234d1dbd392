"""The report as one offline HTML page, as Word and as Excel: what every report of this house is made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.report.charts import legend_strip
from tocsin.report.drawing import Figure, inline
from tocsin.report.emulation.choices import draw_choices
from tocsin.report.emulation.diagnostics import draw_diagnostics
from tocsin.report.emulation.pictures import draw_comparisons, draw_curves
from tocsin.report.emulation.sections import sections
from tocsin.report.emulation.words import EmulationWords
from tocsin.report.excel import (
    MOST_ROWS,
    SHEET_NAMES,
    cell_text,
    workbook,
)
from tocsin.report.html import (
    chinese_font,
    page_style,
    page_template,
)
from tocsin.report.word import (
    WordPage,
)
from tocsin.report.words import Lang
from tocsin.tables.emulation import EMULATION_TABLES, EmulationResults

STYLE = (
    ".answer>p:first-of-type{font-size:1.18rem;line-height:1.45;max-width:none;font-weight:500}"
    "#trial td:not(.soft) .more{font-family:ui-monospace,Consolas,monospace;white-space:pre-wrap}"
    "#trial .more{overflow-wrap:anywhere}td.soft .more{white-space:pre-line}#naive td:first-child{min-width:8rem}"
    "#effects table th:last-child{width:24%}#effects td:first-child{min-width:8.5rem}"
    "thead th{word-break:keep-all}#trial td:first-child{min-width:6.5rem}"
    "#naive td:last-child{min-width:18rem}"
)


def draw_all(results: EmulationResults, lang: Lang = "en") -> list[Figure]:
    """Every figure, drawn or with the sentence in its place, in the order of the report."""
    words = EmulationWords(lang)
    return [
        *draw_comparisons(results, words), *draw_curves(results, words), *draw_diagnostics(results, words),
        *draw_choices(results, words),
    ]  # fmt: skip


def render_report(results: EmulationResults, figures: list[Figure], lang: Lang = "en") -> str:
    """The whole page. Every value from the data is escaped; only figures drawn here are put in as they are."""
    from markupsafe import Markup

    words = EmulationWords(lang)

    def drawing(svg: str, name: str, least: float = 0) -> Markup:
        return Markup(inline(svg, name, least))

    return page_template().render(
        words=words,
        meta={"version": "", "spec_hash": "", "synthetic": False, **results.meta},
        title=title_of(results, lang),
        synthetic_note=words.meta(results.meta, "synthetic_note"),
        sections=sections(results, words, figures),
        drawing=drawing,
        legend=Markup(inline(legend_strip(words), "legend", 900)),
        style=Markup(page_style() + STYLE + (chinese_font() if lang == "zh" else "")),
    )


def title_of(results: EmulationResults, lang: Lang) -> str:
    """The title of the study in this language, else that of every such report."""
    words = EmulationWords(lang)
    return words.meta(results.meta, "title") or words("title")


class _Document(WordPage):
    def notice(self, meta: dict[str, Any]) -> str:
        """What the document is not, and that the data are synthetic where they are."""
        said = [self.words("device"), *([self.words("banner")] if meta.get("synthetic") else [])]
        return " ".join(said)


def word_bytes(
    results: EmulationResults, figures: list[Figure], pictures: Mapping[str, bytes], lang: Lang = "en"
) -> bytes:
    """The report as .docx, its figures as PNG by name; the same input gives the same bytes."""
    words = EmulationWords(lang)
    page = _Document(words)
    page.front(results.meta)
    for number, part in enumerate(sections(results, words, figures), 1):
        page.heading(f"{number} {part.title}", 1)
        for block in part.blocks:
            page.block(block, pictures)
    page.footer(results.meta)
    return page.saved()


def excel_bytes(results: EmulationResults, lang: Lang = "en", most_rows: int = MOST_ROWS) -> bytes:
    """A sheet a table after one that explains; text stays text whatever it starts with."""
    frames = [(table, results.tables[table.name]) for table in EMULATION_TABLES]
    return workbook(
        title_of(results, lang), frames, lang, most_rows,
        lambda sheet, looks: _about(sheet, results, lang, looks, most_rows),
    )  # fmt: skip


def _about(sheet: Any, results: EmulationResults, lang: Lang, looks: dict[str, Any], most_rows: int) -> None:
    """What this is and is not, the answer, which sheet holds what, every column with its unit and meaning."""
    from tocsin.report.emulation.front import answer_lines

    words, meta = EmulationWords(lang), results.meta
    names = {key: said[lang == "zh"] for key, said in SHEET_NAMES.items()}
    lines = [(title_of(results, lang), "title"), (words("device"), "bold")]
    if meta.get("synthetic"):
        lines += [(words("banner"), "bold"), (words.meta(meta, "synthetic_note"), "")]
    lines += [(line, "") for line in answer_lines(results, words)]
    lines += [
        (words("made_by", version=meta.get("version") or words("unknown")), ""),
        (words("spec", spec=meta.get("spec_hash") or words("unknown")), ""),
        (names["time"], ""),
    ]
    said = [(line, looks.get(look)) for line, look in lines if line]
    for row, (line, look) in enumerate(said):
        cell_text(sheet, row, 0, line, looks, look)
    row = len(said) + 1
    for place, key in enumerate(("sheet", "rows", "holds")):
        cell_text(sheet, row, place, names[key], looks, looks["head"])
    for table in EMULATION_TABLES:
        row, height = row + 1, results.tables[table.name].height
        sheet.write_url(row, 0, f"internal:'{table.name}'!A1", string=table.name)
        sheet.write_number(row, 1, height)
        cut = f" ({names['cut'].format(n=f'{most_rows:,}', table=table.name)})" if height > most_rows else ""
        cell_text(sheet, row, 2, words(f"table.{table.name}") + cut, looks)
    row += 2
    for place, key in enumerate(("sheet", "column", "words", "unit")):
        cell_text(sheet, row, place, names[key], looks, looks["head"])
    for table in EMULATION_TABLES:
        for column in table.columns:
            row += 1
            for place, value in enumerate((table.name, column.name, column.words, column.unit)):
                cell_text(sheet, row, place, value, looks)
    for place, width in enumerate((16, 20, 70, 10)):
        sheet.set_column(place, place, width)
