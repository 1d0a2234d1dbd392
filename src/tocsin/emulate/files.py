"""What `tocsin emulate` writes: tidy CSV, results.json and the protocol; all are made, or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tocsin.outputs import replace_folder, write_csv, write_text
from tocsin.tables.emulation import EMULATION_TABLES, EmulationResults

SCHEMA_ID = "tocsin/emulation.schema.json"
RESULTS, PROTOCOL_FILE, TABLES = "results.json", "protocol.toml", "tables"
#: Every name a folder of ours may hold, those of the report among them.
OURS = (
    RESULTS, PROTOCOL_FILE, TABLES, "figures", "report.html", "report.zh.html", "report.docx", "report.zh.docx",
    "tables.xlsx", "tables.zh.xlsx", "emulate.R",
)  # fmt: skip


def write_emulation(results: EmulationResults, out: Path) -> list[Path]:
    """Writes `results.json`, `protocol.toml` and `tables/*.csv` into `out`; an earlier result is replaced whole.

    Raises TocsinError: `outputs.*` where `out` holds what this command did not write, or cannot be written.
    """

    def make(folder: Path) -> None:
        write_text(folder / RESULTS, results_text(results))
        write_text(folder / PROTOCOL_FILE, results.meta["protocol_toml"])
        (folder / TABLES).mkdir()
        for table in EMULATION_TABLES:
            write_csv(folder / TABLES / f"{table.name}.csv", results.tables[table.name])

    return replace_folder(out, make, OURS, RESULTS)


def results_text(results: EmulationResults) -> str:
    """The results as JSON: one table row a line, the same input always the same bytes."""
    meta = {key: value for key, value in results.meta.items() if key != "written_by"}
    lines = [
        "{",
        f'"written_by": {json.dumps(results.meta["written_by"])},',
        f'"schema": {json.dumps(SCHEMA_ID)},',
        f'"meta": {json.dumps(meta, ensure_ascii=False, sort_keys=True, default=str)},',
    ]
    parts = list[str]()
    for table in EMULATION_TABLES:
        frame = results.tables[table.name]
        rows = [json.dumps(_plain(row), ensure_ascii=False, allow_nan=False) for row in frame.to_dicts()]
        body = ",\n".join(rows)
        parts.append(f'"{table.name}": [\n{body}\n]' if rows else f'"{table.name}": []')
    return "\n".join([*lines, '"tables": {', ",\n".join(parts), "}", "}"]) + "\n"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    kinds = (str, int, float, bool, type(None))
    return {key: value if isinstance(value, kinds) else str(value) for key, value in row.items()}
