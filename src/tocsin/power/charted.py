"""Records of virtual patients without files: what `tocsin check` would read of them.

Measurements, nine rows in ten, are brought into their contract here: the ward writes them in the vocabulary's own words
and units, and only impossible values are set aside. Everything else goes through the rules of `records.clean`.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from tocsin.records import clean
from tocsin.tables import MEASUREMENTS, Records
from tocsin.virtual import records as written
from tocsin.virtual.records import Chart
from tocsin.vocabulary import variables

_MINUTE = pl.lit("minute").alias("precision")
_VITALS = {
    "T": ("temperature", None), "SBP": ("systolic", "cuff"), "DBP": ("diastolic", "cuff"),
    "MAP": ("mean_pressure", "cuff"), "HR": ("heart_rate", None), "RR": ("respiratory_rate", None),
    "SpO2": ("spo2", None),
}  # fmt: skip
_NEURO = {
    "ICE": "ice", "CAPD": "capd", "consciousness": "consciousness", "seizure": "seizure",
    "motor_weakness": "motor_weakness", "oedema": "oedema",
}  # fmt: skip
SUPPLIED = frozenset(("patients", "stays", "measurements", "drugs", "supports", "assessments", "outcomes"))


def records_of(chart: Chart) -> Records:
    """The records of a batch. The same as those read from its files, but for hashes and the account of the reading."""
    made = {name: _sourced(name, frame) for name, frame in written.tables(chart).items()}
    raw = {
        "patients": made["patients"], "stays": _stays(made["stays"]),
        "drugs": pl.concat(
            [_infusions(made["infusions"]), _doses(made["drugs"]), _pressors(made["pressors"])], how="diagonal_relaxed"
        ),
        "supports": _supports(made["oxygen"]),
        "assessments": pl.concat([*_neuro(made["neuro"]), _cultures(made["cultures"])], how="diagonal_relaxed"),
        "outcomes": _outcomes(made["outcomes"], chart.hospital.zone),
    }  # fmt: skip
    records = clean(raw, zone=chart.hospital.zone, supplied=SUPPLIED)
    return replace(records, measurements=_measurements([_labs(made["labs"]), *_vitals(made["vitals"])]))


def _measurements(parts: list[pl.DataFrame]) -> pl.DataFrame:
    known = variables().values()
    kinds = pl.DataFrame(
        {
            "variable": [one.name for one in known],
            "low": [one.low for one in known],
            "high": [one.high for one in known],
        }
    )
    rows = pl.concat([frame.join(kinds, on="variable", maintain_order="left") for frame in parts], how="diagonal")
    rows = rows.filter(pl.col("value").is_between(pl.col("low"), pl.col("high")))
    rows = rows.with_columns(available_time=pl.coalesce("available_time", "time"))
    return MEASUREMENTS.frame(rows.sort("patient_id", "time", "source", "source_row", maintain_order=True))


def _sourced(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """With the contract's name of the patient, and the row of the file it would stand in."""
    frame = frame.rename({"hospital_no": "patient_id"})
    return frame.with_columns(source=pl.lit(f"{name}.csv"), source_row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))


def _utc(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone("UTC")


def _stays(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(start=_utc("admitted"), stop=_utc("discharged"), kind="unit")


def _vitals(frame: pl.DataFrame) -> list[pl.DataFrame]:
    return [
        frame.filter(pl.col(column).is_not_null()).select(
            "patient_id", "source", "source_row", _MINUTE, time=_utc("chart_time"), variable=pl.lit(variable),
            value=column, method=pl.lit(method, pl.String), site=pl.lit("oral" if column == "T" else None, pl.String),
        )
        for column, (variable, method) in _VITALS.items()
    ]  # fmt: skip


def _labs(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "patient_id", "source", "source_row", _MINUTE, time=_utc("collected"), available_time=_utc("resulted"),
        variable="item", value="result",
    )  # fmt: skip


def _infusions(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "patient_id", "source", "source_row", _MINUTE, start=_utc("infused_at"), drug="product", dose="cells_per_kg",
        dose_unit="unit", mode=pl.lit("dose"), route=pl.lit("iv"),
    )  # fmt: skip


def _doses(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "patient_id", "source", "source_row", _MINUTE, "drug", "dose", "dose_unit", "route", start=_utc("given_at"),
        mode=pl.lit("dose"),
    )  # fmt: skip


def _pressors(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "patient_id", "source", "source_row", _MINUTE, "drug", "rate", "rate_unit", start=_utc("from"),
        order_id="order_no", mode=pl.lit("infusion"), route=pl.lit("iv"),
    )  # fmt: skip


def _supports(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(_MINUTE, start=_utc("chart_time"))


def _neuro(frame: pl.DataFrame) -> list[pl.DataFrame]:
    return [
        frame.filter(pl.col(column).is_not_null()).select(
            "patient_id", "source", "source_row", _MINUTE, time=_utc("chart_time"), item=pl.lit(item),
            value=pl.col(column).cast(pl.String),
        )
        for column, item in _NEURO.items()
    ]  # fmt: skip


def _cultures(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "patient_id", "source", "source_row", _MINUTE, time=_utc("collected"), available_time=_utc("reported"),
        item=pl.lit("culture"), value="result",
    )  # fmt: skip


def _outcomes(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """A date without a minute stands at noon, as the reader puts it."""
    text, daily = pl.col("event_date"), pl.col("event_date").str.len_chars() == 10
    at = pl.when(daily).then(pl.concat_str(text, pl.lit(" 12:00"))).otherwise(text).str.to_datetime("%Y-%m-%d %H:%M")
    return frame.with_columns(
        precision=pl.when(daily).then(pl.lit("day")).otherwise(pl.lit("minute")), what="event", value="result",
        time=at.dt.cast_time_unit("us").dt.replace_time_zone(zone).dt.convert_time_zone("UTC"),
    )  # fmt: skip
