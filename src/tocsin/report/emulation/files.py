"""The files of an emulated trial's report: HTML, Word, Excel, JSON, tidy CSV, figures; all are made, or none."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tocsin.errors import TocsinError
from tocsin.outputs import csv_text, replace_file, write_text
from tocsin.report.files import (
    plain_row,
    put_in_place,
    refuse_other_report,
    table_schema,
    told_of,
)
from tocsin.report.words import Lang
from tocsin.tables.emulation import EMULATION_TABLES, EmulationResults

SCHEMA_ID = "tocsin/emulation.schema.json"
PROTOCOL = "protocol.toml"
_UNCHANGED = "Nothing was written."


def write_emulation(results: EmulationResults, out: Path, lang: Lang = "en", figures: bool = True) -> list[Path]:
    """Writes `report.html`, `report.docx`, `tables.xlsx` (in Chinese `report.zh.html` and so on), `results.json`,
    `tables/*.csv`, `figures/*.svg`, `*.png` and `protocol.toml` into `out`, with the guarantees of
    `report.files.write_report`.

    Without `figures` no picture files are written; the page has its pictures either way, the Word report their words.
    Returns the paths of the report written, sorted.
    Raises TocsinError: `tables.*` where a table breaks its contract, `report.output` where `out` cannot be written,
    `report.foreign-file` where something tocsin did not write, or the report of another command, stands there.
    """
    checked = results.complete()
    if os.path.lexists(out) and not out.is_dir():
        raise TocsinError.of(
            "report.output", f"{out.name} is a file, not a folder.", _UNCHANGED, "Name a folder with -o."
        )
    refuse_other_report(out, SCHEMA_ID)
    toml = str(checked.meta.get("protocol_toml") or "")
    _refuse_other_protocol(out, toml)
    with told_of(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        holder = tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent)
    with holder as made:
        _make(checked, Path(made), lang, figures)
        written = put_in_place(Path(made), out, lang, figures)
    return sorted([*written, replace_file(out / PROTOCOL, toml, _first_line(toml))]) if toml else written


def _refuse_other_protocol(out: Path, toml: str) -> None:
    """protocol.toml is no file of the manifest: one that somebody changed keeps its first line and may be replaced."""
    there = out / PROTOCOL
    if not toml or not os.path.lexists(there):
        return
    with told_of(out):
        ours = there.is_file() and _first_line(there.read_text(encoding="utf-8", errors="replace")) == _first_line(toml)
    if not ours:
        raise TocsinError.of(
            "report.foreign-file",
            f"{out.name}: {PROTOCOL} was not written by tocsin.",
            f"It would be lost. {_UNCHANGED}",
            "Move it away, or name a new or empty folder with -o.",
        )


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip("\r")


def _make(results: EmulationResults, folder: Path, lang: Lang, figures: bool) -> None:
    from tocsin.report.drawing import to_png
    from tocsin.report.emulation.page import draw_all, excel_bytes, render_report, word_bytes

    drawn = draw_all(results, lang)
    suffix = "" if lang == "en" else f".{lang}"
    pictures = {figure.name: to_png(figure.svg) for figure in drawn if figure.svg} if figures else {}
    write_text(folder / f"report{suffix}.html", render_report(results, drawn, lang))
    write_text(folder / "results.json", results_text(results))
    (folder / "tables").mkdir()
    for table in EMULATION_TABLES:
        write_text(folder / "tables" / f"{table.name}.csv", csv_text(results.tables[table.name]))
    if figures:
        (folder / "figures").mkdir()
        for figure in drawn:
            if figure.svg:
                write_text(folder / "figures" / f"{figure.name}{suffix}.svg", figure.svg)
                (folder / "figures" / f"{figure.name}{suffix}.png").write_bytes(pictures[figure.name])
    (folder / f"report{suffix}.docx").write_bytes(word_bytes(results, drawn, pictures, lang))
    (folder / f"tables{suffix}.xlsx").write_bytes(excel_bytes(results, lang))


def results_data(results: EmulationResults) -> dict[str, Any]:
    """The results as plain data in the shape of `results_schema()`."""
    tables = {t.name: [plain_row(row) for row in results.tables[t.name].to_dicts()] for t in EMULATION_TABLES}
    return {"schema": SCHEMA_ID, "meta": plain_row(results.meta), "tables": tables}


def results_text(results: EmulationResults) -> str:
    """`results_data` as JSON: one table row a line, the same input always the same bytes."""
    data = results_data(results)
    tables: list[str] = []
    for name, rows in data["tables"].items():
        body = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
        tables.append(f'"{name}": [\n{body}\n]' if rows else f'"{name}": []')
    meta = json.dumps(data["meta"], ensure_ascii=False, sort_keys=True, allow_nan=False)
    head = ["{", f'"schema": {json.dumps(SCHEMA_ID)},', f'"meta": {meta},', '"tables": {']
    return "\n".join([*head, ",\n".join(tables), "}", "}"]) + "\n"


def results_schema() -> dict[str, Any]:
    """JSON schema of results.json from the contracts."""
    tables = {t.name: table_schema(t) for t in EMULATION_TABLES}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Results of an emulated trial",
        "description": "Hours from the trial's time zero; risks from 0 to 1. Research software, not a medical device.",
        "type": "object",
        "required": ["schema", "meta", "tables"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": SCHEMA_ID},
            "meta": {"type": "object", "description": "what was asked, of what, with what"},
            "tables": {"type": "object", "required": list(tables), "additionalProperties": False, "properties": tables},
        },
    }
