"""What `tocsin audit` prints and writes."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin import __version__
from tocsin.design_audit.audit import AuditResults
from tocsin.design_audit.found import HERNAN_2016, NEWCOMBE_2006
from tocsin.design_audit.picture import immortal_picture
from tocsin.outputs import refuse_foreign, replace_folder, write_csv, write_text
from tocsin.report.design_audit import SAID, audit_sections
from tocsin.report.words import Lang, Words
from tocsin.tables import PARAMETERS
from tocsin.tables.audit import AUDIT_TABLES

NOTICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
PAGE, SUMMARY, PROTOCOL = "audit.html", "audit.json", "protocol.toml"
FILES = frozenset({PAGE, SUMMARY, PROTOCOL, "parameters.csv", *(f"{table.name}.csv" for table in AUDIT_TABLES)})
COLOURS = {"serious": "bold red", "note": "yellow", "cannot_be_said": "magenta", "not_found": "dim"}
WIDEST, NARROWEST, INSTEAD = 120, 60, 100
TITLES = {"en": "Design audit", "zh": "设计审查"}


def check_place(out: Path) -> Path:
    """The full path of `out` where it may be written. Raises TocsinError `outputs.*`."""
    return refuse_foreign(out, FILES, SUMMARY)


def write_audit(results: AuditResults, out: Path, lang: Lang = "en") -> list[Path]:
    """`audit.html`, `audit.csv`, a CSV for every proof, `protocol.toml`, `parameters.csv`, `audit.json`; all or none.

    Raises TocsinError `outputs.*`.
    """
    return replace_folder(out, partial(_write, results, lang), FILES, SUMMARY)


def _write(results: AuditResults, lang: Lang, folder: Path) -> None:
    for table in AUDIT_TABLES:
        write_csv(folder / f"{table.name}.csv", results.tables[table.name])
    write_csv(folder / "parameters.csv", PARAMETERS.frame(results.parameters.rows()))
    write_text(folder / PROTOCOL, _protocol(results, lang))
    write_text(folder / PAGE, audit_page(results, lang))
    write_text(folder / SUMMARY, json.dumps(_summary(results), ensure_ascii=False, indent=2) + "\n")


def _protocol(results: AuditResults, lang: Lang) -> str:
    return results.protocol_zh if lang == "zh" else results.protocol


def _summary(results: AuditResults) -> dict[str, Any]:
    rows = results.tables["audit"].select("no", "code", "verdict", "courses").to_dicts()
    return {"written_by": "tocsin audit", "version": __version__, "notice": NOTICE, "serious": results.serious,
            "faults": rows, **results.meta, "sources": [str(HERNAN_2016), str(NEWCOMBE_2006)]}  # fmt: skip


def audit_page(results: AuditResults, lang: Lang = "en") -> str:
    """The page, whole and offline, in the style of every report."""
    from markupsafe import Markup

    from tocsin.report.drawing import inline
    from tocsin.report.html import (
        chinese_font,
        page_style,
        page_template,
    )

    words, meta = Words(lang), results.meta
    notice = NOTICE if lang == "en" else f"研究用软件。{words('device')}"
    picture = immortal_picture(results.tables["audit_overlap"], list(meta["arms"]), words)
    sections = audit_sections(
        results.tables, _protocol(results, lang), results.parameters.rows(), words, notice, picture
    )

    def drawing(svg: str, name: str, least: float = 0) -> Markup:
        return Markup(inline(svg, name, least))

    return page_template().render(
        words=words,
        meta={"version": __version__, "synthetic": meta["synthetic"], "spec_hash": ""},
        title=f"{TITLES[lang]}{words('colon')}{words.meta(meta, 'title')}",
        synthetic_note=words.meta(meta, "synthetic_note"),
        sections=sections,
        drawing=drawing,
        legend="",
        style=Markup(page_style() + (chinese_font() if lang == "zh" else "")),
    )


# --- the terminal --------------------------------------------------------------------------------------------------


def print_audit(results: AuditResults, lang: Lang = "en", files: list[Path] | None = None) -> None:
    """The eight verdicts with what was seen and what to do instead, then the protocol."""
    console, zh = Console(highlight=False), lang == "zh"
    console.width = min(WIDEST, max(NARROWEST, console.width)) if console.is_terminal else INSTEAD
    meta, words = results.meta, Words(lang)
    arms = ", ".join(f"{words.term(arm)} {n}" for arm, n in meta["arms"].items())
    title = f"{TITLES[lang]}{words('colon')}{words.meta(meta, 'title')}"
    console.print(Text(title, style="bold"))
    console.print(Text(f"{meta['courses']} {SAID['courses'][zh]}; {arms}", style="dim"))
    console.print(_verdicts(results, zh))
    console.print(Text(SAID["unsaid"][zh], style="bold"))
    for row in results.tables["audit_unsaid"].to_dicts():
        line = f"- {row['question_zh' if zh else 'question']} {row['why_zh' if zh else 'why']}"
        console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
    console.print()
    console.print(Text(SAID["protocol"][zh], style="bold"))
    console.print(Text(_protocol(results, lang), style="cyan"), soft_wrap=True)
    if files:
        console.print(
            Text(f"Written to {files[0].parent.name}: {', '.join(path.name for path in files)}"), soft_wrap=True
        )
    console.print(Text(NOTICE, style="dim"))


def _verdicts(results: AuditResults, zh: bool) -> Padding:
    table = Table(box=None, padding=(0, 2, 1, 0), pad_edge=False)
    for key, width in (("fault", 24), ("verdict", None), ("seen", None)):
        table.add_column(SAID[key][zh], header_style="dim", overflow="fold", width=width)
    for row in results.tables["audit"].to_dicts():
        end, verdict = ("_zh" if zh else ""), row["verdict"]
        told = Text(row[f"text{end}"])
        if row[f"instead{end}"]:
            told.append(f"\n{SAID['instead'][zh]}{row[f'instead{end}']}", style="green")
        fault = Text(f"{row['no']}. {row[f'fault{end}']}", style="bold" if verdict == "serious" else "")
        table.add_row(fault, Text(SAID[verdict][zh], style=COLOURS[verdict]), told)
    return Padding(table, (1, 0, 0, 2))
