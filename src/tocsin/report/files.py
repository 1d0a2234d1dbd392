"""The report's files: HTML, Word, Excel, results.json, tidy CSV, an R script and figures; all are made, or none."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any, cast

import polars as pl

from tocsin.errors import TocsinError
from tocsin.outputs import write_text
from tocsin.report.words import Lang
from tocsin.tables import (
    ACCOUNT,
    ATTRITION,
    COURSES,
    EFFECTS,
    ENDPOINTS,
    EPISODES,
    FINDINGS,
    FOLLOW,
    GRADES,
    PARAMETERS,
    STUDY_TABLES,
    Column,
    StudyResults,
    Table,
)
from tocsin.tables.audit import AUDIT_TABLES

SCHEMA_ID = "tocsin/results.schema.json"
MANIFEST = ".tocsin-report.json"
_UNCHANGED = "Nothing was written."
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def result_contracts() -> tuple[Table, ...]:
    """The contracts a study's results hold, in the order of the report."""
    return (
        *STUDY_TABLES, *AUDIT_TABLES, COURSES, ATTRITION, PARAMETERS, EFFECTS, ENDPOINTS, GRADES, EPISODES, FOLLOW,
        FINDINGS, ACCOUNT,
    )  # fmt: skip


def write_report(results: StudyResults, out: Path, lang: Lang = "en", figures: bool = True) -> list[Path]:
    """Writes `report.html`, `report.docx`, `tables.xlsx` (in Chinese `report.zh.html` and so on), `results.json`,
    `tables/*.csv`, `study.R` and `figures/*.svg`, `*.png` into `out`.

    Every file is made in a temporary folder beside `out` first and then moved: a failure leaves `out` as it was.
    `out/.tocsin-report.json` lists what was written. Tables and figures of this language that stand in it and that the
    new results no longer have are removed; all other files in `out` stay. Without `figures` no picture files are
    written; the page has its pictures either way, the Word report their words. Returns the paths of
    the report written, sorted.
    Raises TocsinError: `tables.*` where a table breaks its contract, `report.output` where `out` cannot be written,
    `report.foreign-file` where a file stands in the place of a new one and tocsin did not write it.
    """
    checked = complete(results)
    if os.path.lexists(out) and not out.is_dir():
        raise TocsinError.of(
            "report.output", f"{out.name} is a file, not a folder.", _UNCHANGED, "Name a folder with -o."
        )
    refuse_other_report(out, SCHEMA_ID)
    with told_of(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        holder = tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent)
    with holder as made:
        _make(checked, Path(made), lang, figures)
        return put_in_place(Path(made), out, lang, figures)


def refuse_other_report(out: Path, schema: str) -> None:
    """Raises TocsinError `report.foreign-file` where another command's report stands: it would be lost."""
    if not (out / MANIFEST).is_file() or not (out / "results.json").is_file():
        return
    with told_of(out), (out / "results.json").open(encoding="utf-8", errors="replace") as file:
        head = file.read(400)
    if f'"{schema}"' not in head:
        raise TocsinError.of(
            "report.foreign-file", f"{out.name} holds the report of another tocsin command.",
            f"It would be lost. {_UNCHANGED}", "Name a new or empty folder with -o.",
        )  # fmt: skip


@contextmanager
def told_of(out: Path, why: str = _UNCHANGED) -> Generator[None]:
    """An operating-system refusal as an error a reader can act on."""
    try:
        yield
    except OSError as error:
        raise TocsinError.of(
            "report.output", f"{out.name}: cannot be written ({error.strerror or type(error).__name__}).",
            why, "Choose a place you may write to, with room, with -o.",
        ) from error  # fmt: skip


def complete(results: StudyResults) -> StudyResults:
    """The same results with an empty frame for every table that is absent, each checked against its contract."""
    tables = {t.name: t.check(results.tables.get(t.name, t.empty())) for t in result_contracts()}
    return StudyResults(results.meta, tables)


def _make(results: StudyResults, folder: Path, lang: Lang, figures: bool) -> None:
    from tocsin.report.draw import draw_all
    from tocsin.report.drawing import to_png
    from tocsin.report.excel import excel_bytes
    from tocsin.report.html import render_report
    from tocsin.report.r_script import r_script
    from tocsin.report.word import word_bytes

    drawn = draw_all(results, lang)
    suffix = "" if lang == "en" else f".{lang}"
    pictures = {figure.name: to_png(figure.svg) for figure in drawn if figure.svg} if figures else {}
    (folder / f"report{suffix}.html").write_text(render_report(results, drawn, lang), encoding="utf-8", newline="\n")
    (folder / "results.json").write_text(results_text(results), encoding="utf-8", newline="\n")
    (folder / "tables").mkdir()
    for table in result_contracts():
        (folder / "tables" / f"{table.name}.csv").write_text(
            csv_text(results.tables[table.name]), encoding="utf-8", newline="\n"
        )
    if figures:
        (folder / "figures").mkdir()
        for figure in drawn:
            if figure.svg:
                (folder / "figures" / f"{figure.name}{suffix}.svg").write_text(
                    figure.svg, encoding="utf-8", newline="\n"
                )
                (folder / "figures" / f"{figure.name}{suffix}.png").write_bytes(pictures[figure.name])
    (folder / f"report{suffix}.docx").write_bytes(word_bytes(results, drawn, pictures, lang))
    (folder / f"tables{suffix}.xlsx").write_bytes(excel_bytes(results, lang))
    (folder / "study.R").write_text(r_script(results), encoding="utf-8", newline="\n")


def put_in_place(made: Path, out: Path, lang: Lang, figures: bool) -> list[Path]:
    """Moves what was made into `out` and takes away what an earlier report of this language left; the paths."""
    fresh = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    ours = _ours(out)
    _refuse_foreign(out, fresh, ours)
    stale = sorted(name for name in ours - set(fresh) if _may_go(name, lang, figures))
    with told_of(out, "It may hold files of both the earlier and the new report."):
        out.mkdir(exist_ok=True)
        _note(made, out, ours | set(fresh))  # before the first file: an interrupted run knows its own files again
        for name in fresh:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(made / name, out / name)
        for name in stale:
            (out / name).unlink(missing_ok=True)
        _note(made, out, {*fresh, *(name for name in ours - set(stale) if (out / name).is_file())})
    return [out / name for name in fresh]


def _ours(out: Path) -> set[str]:
    """Files the manifest of an earlier report lists; a manifest nobody can read lists none."""
    try:
        listed: Any = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    if not isinstance(listed, list):
        return set()
    return {name for name in cast("list[Any]", listed) if isinstance(name, str) and _is_report_name(name)}


def _is_report_name(name: str) -> bool:
    """A name a report may have: a manifest somebody edited never points outside `out`."""
    parts = PurePosixPath(name).parts
    kinds = {"tables": (".csv",), "figures": (".svg", ".png")}
    if len(parts) == 2 and parts[0] in kinds:
        return PurePosixPath(name).suffix in kinds[parts[0]]
    if len(parts) != 1:
        return False
    report = name.startswith("report.") and name.endswith((".html", ".docx"))
    return report or name in ("results.json", "study.R") or (name.startswith("tables.") and name.endswith(".xlsx"))


def _refuse_foreign(out: Path, fresh: list[str], ours: set[str]) -> None:
    """Raises TocsinError `report.foreign-file` where a new file would take the place of somebody else's."""
    places = [name for name in fresh if name not in ours and os.path.lexists(out / name)]
    places += [name for name in fresh if name in ours and (out / name).is_dir()]
    folders = sorted({name.partition("/")[0] for name in fresh if "/" in name})
    places += [name for name in folders if os.path.lexists(out / name) and not (out / name).is_dir()]
    if os.path.lexists(out / MANIFEST) and not _readable(out / MANIFEST):
        places.append(MANIFEST)
    if places:
        shown = ", ".join(places[:10]) + (f" and {len(places) - 10:,} more" if len(places) > 10 else "")
        raise TocsinError.of(
            "report.foreign-file",
            f"{out.name} holds what this command did not write: {shown}.",
            f"It would be lost. {_UNCHANGED}",
            "Move these files away, or name a new or empty folder with -o.",
        )


def _readable(manifest: Path) -> bool:
    try:
        found: Any = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and "files" in found


def _may_go(name: str, lang: Lang, figures: bool) -> bool:
    """Whether a file of an earlier report is of the kind this run writes: tables, and figures of its language."""
    if name.startswith("tables/"):
        return True
    return figures and name.startswith("figures/") and PurePosixPath(name).stem.endswith(".zh") == (lang == "zh")


def _note(made: Path, out: Path, names: set[str]) -> None:
    """The manifest, whole or as it was."""
    lines = json.dumps({"files": sorted(names)}, ensure_ascii=False, indent=1)
    write_text(made / MANIFEST, f"{lines}\n")
    os.replace(made / MANIFEST, out / MANIFEST)


def csv_text(frame: pl.DataFrame) -> str:
    """Tidy CSV. A text cell that a spreadsheet would run as a formula gets a leading apostrophe."""
    text = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    risky = [
        pl.when(
            pl.col(name).str.starts_with(_RISKY[0])
            | pl.any_horizontal(pl.col(name).str.starts_with(c) for c in _RISKY[1:])
        )
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name in text
    ]
    return frame.with_columns(risky).write_csv()


def results_data(results: StudyResults) -> dict[str, Any]:
    """The results as plain data in the shape of `results_schema()`."""
    tables = {t.name: [plain_row(row) for row in results.tables[t.name].to_dicts()] for t in result_contracts()}
    return {"schema": SCHEMA_ID, "meta": plain_row(results.meta), "tables": tables}


def results_text(results: StudyResults) -> str:
    """`results_data` as JSON: one table row a line, the same input always the same bytes."""
    data = results_data(results)
    lines = [
        "{",
        f'"schema": {json.dumps(SCHEMA_ID)},',
        f'"meta": {json.dumps(data["meta"], ensure_ascii=False, sort_keys=True)},',
    ]
    tables: list[str] = []
    for name, rows in data["tables"].items():
        body = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
        tables.append(f'"{name}": [\n{body}\n]' if rows else f'"{name}": []')
    return "\n".join([*lines, '"tables": {', ",\n".join(tables), "}", "}"]) + "\n"


def plain_row(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): plain_row(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_row(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def results_schema() -> dict[str, Any]:
    """JSON schema of results.json from the contracts; `docs/schemas/results.schema.json` is this, a test says so."""
    tables = {t.name: table_schema(t) for t in result_contracts()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Results of a tocsin study",
        "description": "Minutes and days from time zero; instants in UTC. Research software, not a medical device.",
        "type": "object",
        "required": ["schema", "meta", "tables"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": SCHEMA_ID},
            "meta": _meta_schema(),
            "tables": {"type": "object", "required": list(tables), "additionalProperties": False, "properties": tables},
        },
    }


def _meta_schema() -> dict[str, Any]:
    text, words = {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}
    strategy = {
        "type": "object",
        "required": ["name", "sentence"],
        "properties": dict.fromkeys(("name", "sentence", "sentence_zh", "source", "hash"), text),
    }
    return {
        "type": "object",
        "description": "what was asked, of what, with what; further keys may follow",
        "properties": {
            **dict.fromkeys(
                ("title", "question", "synthetic_note", "version", "spec_hash", "scale", "time_zero"), text
            ),
            "synthetic": {"type": "boolean"},
            "arms": {"type": "array", "items": text},
            "strategies": {"type": "array", "items": strategy},
            "inputs": words,
            "generated_with": words,
            "methods": {"type": "array", "items": words},
            "seed": {"type": ["integer", "null"]},
        },
    }


def table_schema(table: Table) -> dict[str, Any]:
    """JSON schema of one table's rows."""
    row = {
        "type": "object",
        "required": [c.name for c in table.columns],
        "additionalProperties": False,
        "properties": {c.name: _column_schema(c) for c in table.columns},
    }
    return {"type": "array", "description": table.words, "items": row}


def _column_schema(column: Column) -> dict[str, Any]:
    dtype = column.dtype
    if dtype.is_integer():
        kind = "integer"
    else:
        kind = "number" if dtype.is_float() else "boolean" if dtype == pl.Boolean else "string"
    out: dict[str, Any] = {"type": [kind, "null"] if column.null else kind}
    out["description"] = f"{column.words} [{column.unit}]" if column.unit else column.words
    if dtype.is_temporal():
        out["format"] = "date-time" if isinstance(dtype, pl.Datetime) else "date"
    if column.choices:
        out["enum"] = [*column.choices, None] if column.null else list(column.choices)
    out |= {word: limit for word, limit in (("minimum", column.low), ("maximum", column.high)) if limit is not None}
    return out
