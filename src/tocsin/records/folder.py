"""A folder of hospital files to records: by its site.toml, or by the canonical layout (files named after tables).

Everything is read before anything is judged, so that one message names all problems of all files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.errors import Problem, TocsinError
from tocsin.records.clean import clean
from tocsin.records.files import ENDINGS, ROW, Opened, open_table
from tocsin.records.section import NAMED, Piece, read_section
from tocsin.records.site import NEEDED, TABLES, FileMap, Site, columns_of, read_site
from tocsin.tables import FINDINGS, Records
from tocsin.tables.records import DOUBTS

SITE = "site.toml"


@dataclass
class _Gathered:
    """What all sections gave together. `rows` are the row numbers of each file."""

    pieces: list[Piece] = field(default_factory=list[Piece])
    problems: list[Problem] = field(default_factory=list[Problem])
    findings: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    hashes: dict[str, str] = field(default_factory=dict[str, str])
    rows: dict[str, pl.Series] = field(default_factory=dict[str, pl.Series])


def read_folder(path: Path, site: Path | None = None) -> Records:
    """Records from the files of `path`; `site` is its site.toml (by default the one inside, if there is one).

    Raises TocsinError (`records.*`) with every problem of every file. Rows that cannot be placed are set aside under a
    finding; `account` adds up to the rows of every file.
    """
    path = Path(path)
    if not path.is_dir():
        what = "this is a file, not a folder" if path.exists() else "there is no such folder"
        raise TocsinError.of(
            "records.folder-missing", f"{path.name}: {what}.", do="Give the folder that holds the files."
        )
    known = read_site(site) if site is not None else read_site(path / SITE) if (path / SITE).exists() else None
    if known is None or not known.files:
        gathered = _gather(path, _canonical(path), known.zone if known else None, None)
    else:
        gathered = _gather(path, known.files, known.zone, known.name)
    if gathered.problems:
        raise TocsinError(dict.fromkeys(gathered.problems))
    gathered.findings += [*_not_read(path, gathered), *_spelled_twice(gathered)]
    return _clean(gathered, known)


def _not_read(path: Path, gathered: _Gathered) -> list[dict[str, Any]]:
    """Table files of the folder that no section asks for: said, since a forgotten file looks like healthy patients."""
    names = sorted(one.name for one in path.iterdir() if one.is_file() and one.suffix.lower() in ENDINGS)
    read = {Path(known).name for known in gathered.rows}
    what = "a table file nobody asks for"
    return [_finding("C.file-not-read", name, None, 0, what, "not read") for name in names if name not in read]


def _finding(
    code: str, source: str, row: int | None, count: int, what: str, done: str, *, decide: bool = False
) -> dict[str, Any]:
    return {
        "code": code, "source": source, "row": row, "count": count, "what": what, "done": done, "effect": "noted",
        "needs_decision": decide,
    }  # fmt: skip


def _spelled_twice(gathered: _Gathered) -> list[dict[str, Any]]:
    """Patients who may be one person: names that differ only in leading zeros, case or a final .0, as Excel makes."""
    named = pl.concat([NAMED, *(piece.named for piece in gathered.pieces)])
    plain = pl.col("patient_id").str.to_lowercase().str.replace(r"\.0$", "").str.strip_chars_start("0")
    twice = named.filter(pl.col("patient_id").n_unique().over(plain) > 1)
    what = "patients whose names differ from others only in leading zeros, case or a final .0"
    by_file = twice.group_by("source", maintain_order=True).agg(
        pl.col("source_row").min(), pl.col("source_row").n_unique().alias("n")
    )
    return [
        _finding("C.patient-spelling", source, row, count, what, "kept as different patients", decide=True)
        for source, row, count in by_file.iter_rows()
    ]


def _canonical(path: Path) -> tuple[FileMap, ...]:
    """The files named after record tables; which of their columns exist is looked up when they are opened."""
    files: list[FileMap] = []
    problems: list[Problem] = []
    for table in TABLES:
        found = [name for ending in ENDINGS if (path / (name := f"{table}{ending}")).exists()]
        if len(found) > 1:
            do = "Keep one of them in the folder."
            problems.append(
                Problem("records.file-twice", f"{' and '.join(found)}: both hold the table {table}.", do=do)
            )
        elif found:
            files.append(FileMap(table, found[0], table, {}, {}, {}, {}, {}))
    if not files and not problems:
        others = sum(one.suffix.lower() in ENDINGS for one in path.iterdir() if one.is_file())
        problems.append(
            Problem(
                "records.nothing-to-read",
                f"{path.name}: there is neither a {SITE} nor a file named after a table, such as measurements.csv "
                f"({others:,} other table file{'' if others == 1 else 's'}).",
                "Nobody can know which column is which.",
                f"Write a {SITE} with  tocsin init {path.name}  and edit it.",
            )
        )
    if problems:
        raise TocsinError(problems)
    return tuple(files)


def _gather(path: Path, files: tuple[FileMap, ...], zone: str | None, site_name: str | None) -> _Gathered:
    out = _Gathered()
    opened: dict[tuple[str, str | None, str | None], Opened | None] = {}
    for file in files:
        key = (file.file, file.encoding, file.separator)
        if key not in opened:
            opened[key] = _open(path, file, out)
        table = opened[key]
        if table is None:
            continue
        mapped = file if site_name is not None else _contract_columns(table, file)
        piece = read_section(table, mapped, zone, site_name)
        out.pieces.append(piece)
        out.problems += piece.problems
        out.findings += piece.findings
    return out


def _open(path: Path, file: FileMap, out: _Gathered) -> Opened | None:
    try:
        table = open_table(path / file.file, name=file.file, encoding=file.encoding, separator=file.separator)
    except TocsinError as error:
        out.problems += error.problems
        return None
    out.hashes[table.name], out.rows[table.name] = table.sha256, table.frame[ROW]
    if table.empty_rows:
        count, what = len(table.empty_rows), "lines without any filled cell"
        out.findings.append(
            _finding("C.row-empty", table.name, table.empty_rows[0], count, what, "not counted as rows")
        )
    return table


def _contract_columns(table: Opened, file: FileMap) -> FileMap:
    """The canonical mapping: every contract column that the file has, and those that it must have."""
    names = [*columns_of(file.table), *(("precision",) if "precision" in TABLES[file.table].schema else ())]
    return replace(file, columns={name: name for name in names if name in table.columns or name in NEEDED[file.table]})


def _clean(gathered: _Gathered, site: Site | None) -> Records:
    by_table: dict[str, list[pl.DataFrame]] = {}
    for piece in gathered.pieces:
        by_table.setdefault(piece.table, []).append(piece.frame)
    raw = {table: _raw_frame(table, frames) for table, frames in by_table.items()}
    supplied = frozenset(raw)
    left_over = _left_over(gathered, raw)
    if left_over.height:
        patients = [raw["patients"]] if "patients" in raw else []
        raw["patients"] = pl.concat([*patients, TABLES["patients"].frame(left_over)])
    return clean(
        raw,
        zone=site.zone if site else "UTC",
        supplied=supplied,
        hashes=gathered.hashes,
        rows_read={name: len(rows) for name, rows in gathered.rows.items()},
        not_needed=_not_needed(gathered, left_over),
        findings=FINDINGS.frame(gathered.findings) if gathered.findings else FINDINGS.empty(),
        doubts=_doubts(gathered),
    )


def _doubts(gathered: _Gathered) -> pl.DataFrame:
    """Patients of drug and support rows that could not be placed, and the table."""
    found = [pl.DataFrame(schema=DOUBTS)]
    for piece in gathered.pieces:
        if piece.table in ("drugs", "supports") and piece.doubts:
            rows = pl.concat(piece.doubts).cast(pl.Int64).implode()
            named = piece.named.filter(pl.col("source_row").is_in(rows))
            found.append(named.select("patient_id", pl.lit(piece.table).alias("table")))
    return pl.concat(found).unique()


def _raw_frame(table: str, frames: list[pl.DataFrame]) -> pl.DataFrame:
    """All sections of a table together, with every contract column and the columns only `clean` knows."""
    together = pl.concat(frames, how="diagonal_relaxed")
    schema: Mapping[str, Any] = TABLES[table].schema
    typed = [
        (pl.col(name) if name in together.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    ]
    more = [name for name in columns_of(table) if name not in schema and name in together.columns]
    return together.select(*typed, *more) if together.width else TABLES[table].empty()


def _left_over(gathered: _Gathered, raw: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row for each patient who is named only in rows that gave nothing; a finding per file says so."""
    kept = pl.concat([NAMED.select("patient_id"), *(frame.select("patient_id") for frame in raw.values())]).drop_nulls()
    named = pl.concat([NAMED, *(piece.named for piece in gathered.pieces)])
    out = named.join(kept, on="patient_id", how="anti").unique("patient_id", keep="first", maintain_order=True)
    what, done = "patients named only in rows that gave nothing", "kept as patients; nothing else is known of them"
    by_file = out.group_by("source", maintain_order=True).agg(pl.col("source_row").min(), pl.len())
    for source, row, count in by_file.iter_rows():
        gathered.findings.append(_finding("M.patient-without-entry", source, row, count, what, done, decide=True))
    return out


def _not_needed(gathered: _Gathered, left_over: pl.DataFrame) -> dict[str, int]:
    """Rows of wide files in which every cell that is asked for is empty: neither read nor set aside."""
    out: dict[str, int] = {}
    for name, rows in gathered.rows.items():
        mine = [piece for piece in gathered.pieces if piece.source == name]
        seen = [piece.frame["source_row"] for piece in mine if "source_row" in piece.frame.columns]
        seen.append(left_over.filter(source=name)["source_row"])
        touched = pl.concat([rows.clear().cast(pl.Int64), *seen, *(part for piece in mine for part in piece.set_aside)])
        out[name] = int((~rows.is_in(touched.unique().implode())).sum())
    return out
