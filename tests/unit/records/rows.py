"""Hand-built raw rows, one hospital stay of ten days, and the cleaned records."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from tocsin.records.clean import clean
from tocsin.tables import RECORD_TABLES, Records

TABLES = {table.name: table for table in RECORD_TABLES}
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
EXTRA = {"unit": pl.String, "value_text": pl.String}


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def raw(table: str, rows: list[dict[str, Any]], drop: tuple[str, ...] = ()) -> pl.DataFrame:
    """Rows of one file, numbered from 1, patient p1 unless said otherwise."""
    filled = [{"patient_id": "p1", "source": f"{table}.csv", "source_row": n, **row} for n, row in enumerate(rows, 1)]
    schema = {**TABLES[table].schema, **(EXTRA if table == "measurements" else {})}
    return pl.DataFrame(filled, schema={k: v for k, v in schema.items() if k not in drop})


def reading(minute: float, variable: str, value: float | None, unit: str | None, **more: Any) -> dict[str, Any]:
    return {"time": at(minute), "variable": variable, "value": value, "unit": unit, **more}


def rate(minute: float, drug: str, value: float | None, unit: str | None = "ug/kg/min", **more: Any) -> dict[str, Any]:
    return {"start": at(minute), "drug": drug, "mode": "infusion", "rate": value, "rate_unit": unit, **more}


def dose(minute: float, drug: str, value: float | None = None, unit: str | None = None, **more: Any) -> dict[str, Any]:
    return {"start": at(minute), "drug": drug, "mode": "dose", "dose": value, "dose_unit": unit, **more}


def device(minute: float, word: str | None, **more: Any) -> dict[str, Any]:
    return {"start": at(minute), "device": word, **more}


def stay(first: float, last: float | None, kind: str = "hospital", **more: Any) -> dict[str, Any]:
    return {"start": at(first), "stop": None if last is None else at(last), "kind": kind, **more}


DEFAULT = {"patients": [{"sex": "male", "age_y": 30.0}], "stays": [stay(0, 14400)]}


def cleaned(zone: str = "UTC", drop: tuple[str, ...] = (), **tables: list[dict[str, Any]]) -> Records:
    given = {**DEFAULT, **tables}
    frames = {name: raw(name, rows, drop) for name, rows in given.items()}
    rows_read = {frame.item(0, "source"): frame.height for frame in frames.values() if frame.height}
    return clean(frames, zone=zone, supplied=frozenset(frames), rows_read=rows_read)


def found(records: Records, code: str) -> dict[str, Any]:
    """The one finding with this code."""
    rows = records.findings.filter(pl.col("code") == code).to_dicts()
    assert len(rows) == 1, (code, records.findings.get_column("code").to_list())
    return rows[0]


def codes(records: Records) -> set[str]:
    return set(records.findings.get_column("code").to_list())
