"""Synthetic record stores for the bench: irregular times, three signs, one patient after the other (synthetic data)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

DAYS, TEMPERATURES, SYSTOLICS, DEVICES = 20, 240, 480, 280
ZERO = np.datetime64("2024-01-01T00:00", "us").astype("int64")
INSTANT = pl.Datetime("us", "UTC")


def _times(rng: np.random.Generator, patients: int, n: int) -> np.ndarray:
    return np.sort(rng.integers(0, DAYS * 86_400, (patients, n)), axis=1)


def _instants(seconds: np.ndarray) -> pl.Series:
    return pl.Series(ZERO + seconds.ravel() * 1_000_000).cast(INSTANT)


def _ids(patients: int, n: int) -> pl.Series:
    return pl.Series(np.repeat(np.arange(patients), n)).cast(pl.String).str.zfill(6)


def _row(source: str) -> dict[str, pl.Expr]:
    return {"source": pl.lit(source), "source_row": pl.int_range(1, pl.len() + 1, dtype=pl.Int64)}


def measurements(rng: np.random.Generator, patients: int) -> pl.DataFrame:
    """Temperatures and systolic pressures."""
    seconds = np.concatenate([_times(rng, patients, TEMPERATURES), _times(rng, patients, SYSTOLICS)], axis=1)
    wave = 37.2 + np.sin(np.arange(TEMPERATURES) / 15)[None, :] + rng.normal(0, 0.35, (patients, 1))
    values = np.concatenate(
        [
            np.round(wave + rng.normal(0, 0.5, (patients, TEMPERATURES)), 1),
            np.round(rng.normal(112, 13, (patients, SYSTOLICS))),
        ],
        axis=1,
    )
    variable = np.repeat([[0] * TEMPERATURES + [1] * SYSTOLICS], patients, axis=0)
    order = np.argsort(seconds, axis=1, kind="stable")
    seconds, values, variable = (np.take_along_axis(x, order, 1) for x in (seconds, values, variable))
    time = _instants(seconds)
    names = pl.Series(variable.ravel()).replace_strict({0: "temperature", 1: "systolic"}, return_dtype=pl.String)
    frame = pl.DataFrame({"patient_id": _ids(patients, TEMPERATURES + SYSTOLICS), "time": time, "available_time": time})
    return frame.with_columns(
        precision=pl.lit("minute"), variable=names, value=pl.Series(values.ravel()), method=pl.lit(None, pl.String),
        site=pl.lit(None, pl.String), **_row("vitals.csv"),
    )  # fmt: skip


def supports(rng: np.random.Generator, patients: int) -> pl.DataFrame:
    """Oxygen devices with their flow."""
    devices = np.array(["room_air", "nasal_cannula", "nasal_cannula", "hfnc", "room_air"])
    kind = rng.integers(0, 5, (patients, DEVICES))
    flow = np.where(kind == 3, 30.0, rng.integers(1, 9, (patients, DEVICES)).astype(float))
    flow[(kind == 0) | (kind == 4)] = np.nan
    start = _instants(_times(rng, patients, DEVICES))
    frame = pl.DataFrame({"patient_id": _ids(patients, DEVICES), "start": start, "available_time": start})
    return frame.with_columns(
        precision=pl.lit("minute"),
        device=pl.Series(devices[kind.ravel()]),
        stop=pl.lit(None, INSTANT),
        flow_l_min=pl.Series(flow.ravel()).fill_nan(None),
        fio2=pl.lit(None, pl.Float64),
        reason=pl.lit(None, pl.String),
        **_row("oxygen.csv"),
    )


def drugs(rng: np.random.Generator, patients: int) -> pl.DataFrame:
    """Norepinephrine in every fourth patient (start, change, stop), two doses of acetaminophen in every one."""
    ill = np.arange(0, patients, 4)
    rates = pl.DataFrame({"patient": np.repeat(ill, 3), "rate": np.tile([0.05, 0.12, 0.0], ill.size)})
    seconds = np.sort(rng.integers(2 * 86_400, 6 * 86_400, (ill.size, 3)), axis=1).ravel()
    orders = rates.with_columns(start=_instants(seconds), drug=pl.lit("norepinephrine"), mode=pl.lit("infusion"))
    given = pl.DataFrame({"patient": np.repeat(np.arange(patients), 2), "rate": np.full(2 * patients, np.nan)})
    doses = given.with_columns(
        start=_instants(_times(rng, patients, 2)), drug=pl.lit("acetaminophen"), mode=pl.lit("dose")
    )
    both = pl.concat([orders, doses]).sort("patient", "start")
    text, number = pl.lit(None, pl.String), pl.lit(None, pl.Float64)
    return both.select(
        patient_id=pl.col("patient").cast(pl.String).str.zfill(6),
        start="start",
        available_time="start",
        precision=pl.lit("minute"),
        drug="drug",
        mode="mode",
        order_id=text,
        stop=pl.lit(None, INSTANT),
        dose=number,
        dose_unit=text,
        rate=pl.col("rate").fill_nan(None),
        rate_unit=pl.lit("ug/kg/min"),
        route=text,
        **_row("drugs.csv"),
    )


def write(folder: Path, patients: int = 20_000, seed: int = 1) -> Path:
    """20 million rows at the default size: 1,000 a patient. Written once, kept."""
    if (folder / "stays.parquet").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    measurements(rng, patients).write_parquet(folder / "measurements.parquet", row_group_size=500_000)
    supports(rng, patients).write_parquet(folder / "supports.parquet", row_group_size=200_000)
    drugs(rng, patients).write_parquet(folder / "drugs.parquet")
    who = pl.DataFrame({"patient_id": _ids(patients, 1)})
    starts = pl.Series([ZERO]).cast(INSTANT).item()
    nobody = pl.lit(None, pl.String)
    patients_table = {"birth_date": pl.lit(None, pl.Date), "age_y": pl.lit(45.0), "weight_kg": pl.lit(70.0)}
    who.with_columns(**patients_table, **_row("patients.csv")).write_parquet(folder / "patients.parquet")
    stops = pl.Series([ZERO + (DAYS + 1) * 86_400_000_000]).cast(INSTANT).item()
    who.with_columns(
        start=pl.lit(starts, INSTANT),
        stop=pl.lit(stops, INSTANT),
        kind=pl.lit("hospital"),
        stay_id=nobody,
        discharge_to=nobody,
        **_row("stays.csv"),
    ).write_parquet(folder / "stays.parquet")
    return folder


def write_readings(path: Path, patients: int = 100_000, rows: int = 1_000, seed: int = 1) -> Path:
    """Temperatures only, sorted: course (Int32), minute (Int32), value; 100 million rows at the default size."""
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    parts = [_readings(rng, first, min(5_000, patients - first), rows) for first in range(0, patients, 5_000)]
    pl.concat(parts).write_parquet(path, row_group_size=2_000_000)
    return path


def _readings(rng: np.random.Generator, first: int, patients: int, rows: int) -> pl.DataFrame:
    minute = np.cumsum(rng.integers(10, 110, (patients, rows), dtype=np.int32), axis=1)
    value = np.round(37.6 + np.sin(np.arange(rows) / 20)[None, :] + rng.normal(0, 0.45, (patients, rows)), 1)
    course = np.repeat(np.arange(first, first + patients, dtype=np.int32), rows)
    return pl.DataFrame({"course": course, "minute": minute.ravel().astype(np.int32), "value": value.ravel()})
