"""The records a study file names, read; and what was read, by hash. What `study` and `emulate` share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from pathlib import Path
from typing import Literal

import polars as pl

from tocsin.errors import TocsinError
from tocsin.records import read
from tocsin.studyfile import StudyFile, TimeColumn
from tocsin.tables import Records
from tocsin.when import Strategy

PACKAGES = ("polars", "numpy", "numba", "scipy", "pydantic")


def read_records(file: StudyFile, base: Path) -> tuple[Records, pl.DataFrame | None]:
    """The records, and time zero by patient where the file wants a column; `base` is the folder of study.toml.

    Raises TocsinError of every room on the way.
    """
    folder = base / file.data.path
    kind: Literal["clif", "folder"] | None = "folder" if file.data.format == "csv" else file.data.format
    site = base / file.data.site if file.data.site else None
    records = read(folder, kind, site, file.data.zone)
    return records, time_column(folder, file.cohort.column, records) if file.cohort.column else None


def input_hashes(file: StudyFile, records: Records, where: Path) -> dict[str, str]:
    """SHA-256 of every file that was read, by its name; `where` is study.toml."""
    folder = where.parent / file.data.path
    site = where.parent / file.data.site if file.data.site else folder / "site.toml"
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (where, site) if path.is_file()}
    return dict(sorted({**records.hashes, **found}.items()))


def package_versions() -> dict[str, str]:
    """Versions of the packages numbers depend on."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def refuse_equal(strategies: Mapping[str, Strategy]) -> None:
    """Raises TocsinError `study.strategies-equal` where two strategies are the same rule under two names."""
    for one, other in combinations(strategies, 2):
        a, b = strategies[one], strategies[other]
        if (a.give, a.within, a.when) == (b.give, b.within, b.when):
            raise TocsinError.of(
                "study.strategies-equal", f"strategies.{one} and strategies.{other}: same drug, trigger and grace.",
                "Every course would follow both or neither: there is nothing to compare.",
                "Correct one of them, or take it out.",
            )  # fmt: skip


def time_column(folder: Path, column: TimeColumn, records: Records) -> pl.DataFrame:
    """patient_id, time_zero, precision from a CSV file of the hospital's own; rows without a time are left out."""
    from tocsin.records.instants import read_instants

    path = folder / column.file
    if not path.is_file():
        raise TocsinError.of(
            "study.file-missing", f"{column.file}: there is no such file in the data folder.", "It holds time zero.",
            "Correct cohort.column.file in study.toml.",
        )  # fmt: skip
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError):
        raise TocsinError.of(
            "study.unreadable", f"{column.file}: it cannot be read as CSV.", do="Save it as CSV in UTF-8."
        ) from None
    missing = [name for name in (column.patient_id, column.time) if name not in frame.columns]
    if missing:
        raise TocsinError.of(
            "study.column-missing", f"{column.file}: there is no column {' or '.join(missing)}.", "",
            f"Correct cohort.column in study.toml; the file has {', '.join(frame.columns[:20])}.",
        )  # fmt: skip
    read_as = read_instants(frame.get_column(column.time), records.zone)
    bad = int(read_as.unreadable.sum())
    if read_as.trouble or bad:
        why = read_as.trouble or f"{bad:,} of {frame.height:,} values are no time"
        raise TocsinError.of(
            "study.value", f'{column.file}, column "{column.time}": {why}.', "Time zero is never guessed.",
            "Write times as 2021-03-04 08:15, with an offset if they are not in the hospital's zone.",
        )  # fmt: skip
    made = pl.DataFrame(
        {"patient_id": frame.get_column(column.patient_id), "time_zero": read_as.utc, "precision": read_as.precision}
    )
    return made.filter(pl.col("time_zero").is_not_null())
