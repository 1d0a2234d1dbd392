"""What goes wrong between a ward and its files: chosen slips, each one listed, so that a reader can be put to the test.

Slips are in the CSV files only. Every draw is a function of (seed, patient, slip, row of the patient), so that neither
the order nor the size of batches moves one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from tocsin.virtual.random import luck_of, uniform
from tocsin.vocabulary import drug, drugs

Share = Annotated[float, Field(ge=0, le=1)]
Tables = dict[str, pl.DataFrame]
CHARTED = {
    "vitals": "chart_time", "labs": "collected", "drugs": "given_at", "pressors": "from", "oxygen": "chart_time",
    "neuro": "chart_time", "cultures": "collected",
}  # fmt: skip
_COPIED = ("vitals", "labs", "drugs")
_PRESSURES = ("SBP", "DBP", "MAP")
_LATEST_TRANSFER_DAYS = 6
_CHANNELS = 5000  # of chance, from here on; those of bodies and wards end below


class Mishaps(BaseModel):
    """Shares of rows or patients that a slip befalls; 0 = off. Every size is our choice [R], none is published."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    duplicates: Share = Field(0.0, description="rows of vitals, labs and drugs that are written twice")
    fahrenheit: Share = Field(0.0, description="temperatures in °F in the °C column, to one decimal")
    kilopascal: Share = Field(0.0, description="sets of pressures in kPa in the mmHg columns")
    saturation_fraction: Share = Field(0.0, description="saturations as a fraction in the % column")
    other_spelling: Share = Field(0.0, description="doses under another name of the drug that tocsin knows")
    misspelt: Share = Field(0.0, description="doses under a name that nobody knows: two letters changed places")
    day_only: Share = Field(0.0, description="patients whose doses carry a date without a time")
    left_truncated: Share = Field(0.0, description="patients who come from another hospital up to 6 days after")
    labs_in_utc: bool = Field(False, description="results in UTC, as site.toml says, though the hospital is elsewhere")

    @property
    def any(self) -> bool:
        """Whether anything is on."""
        return any(self.model_dump().values())


SLIPS = {
    "file": pl.String, "row": pl.Int64, "hospital_no": pl.String, "mishap": pl.String, "column": pl.String,
    "was": pl.String, "finding": pl.String,
}  # fmt: skip


@dataclass
class _Slips:
    """What was done so far: rows of the batch's frames, from 0."""

    frames: list[pl.DataFrame]

    def add(
        self, file: str, frame: pl.DataFrame, rows: np.ndarray[Any, Any], mishap: str, column: str, finding: str
    ) -> None:
        """Rows of `frame` befallen, with what stood there before; `finding` is what `tocsin check` calls it."""
        taken = frame[np.flatnonzero(rows)] if rows.dtype == bool else frame[rows]
        places = np.flatnonzero(rows) if rows.dtype == bool else rows
        self.frames.append(
            pl.DataFrame({"row": pl.Series(places, dtype=pl.Int64), "hospital_no": taken.get_column("hospital_no")})
            .with_columns(
                file=pl.lit(file), mishap=pl.lit(mishap), column=pl.lit(column),
                was=taken.get_column(column).cast(pl.String), finding=pl.lit(finding),
            ).select(list(SLIPS))
        )  # fmt: skip


def befall(tables: Tables, mishaps: Mishaps, seed: int, infused: pl.Series) -> tuple[Tables, pl.DataFrame]:
    """The tables as they were written down, and every slip (SLIPS; `row` from 1 within these tables).

    `infused` are the instants of the infusions, in the order of the table of patients.
    """
    done, made = _Slips([]), dict(tables)
    if mishaps.left_truncated:
        made = _left_truncated(made, done, mishaps, seed, infused)
    made["vitals"] = _units(made["vitals"], done, mishaps, seed)
    made["drugs"] = _dates(_names(made["drugs"], done, mishaps, seed), done, mishaps, seed)
    if mishaps.labs_in_utc:
        zoned = [pl.col(name).dt.convert_time_zone("UTC") for name in ("collected", "resulted")]
        made["labs"] = made["labs"].with_columns(zoned)
    slips = pl.concat(done.frames) if done.frames else pl.DataFrame(schema=SLIPS)
    slips = slips.with_columns(pl.col("row") + 1)
    for name in _COPIED if mishaps.duplicates else ():
        made[name], slips = _copied(made[name], slips, name, mishaps.duplicates, seed)
    return made, slips.sort("file", "row", "mishap", "column", maintain_order=True)


# --- chance -------------------------------------------------------------------------------------------------------


def _hit(frame: pl.DataFrame, share: float, seed: int, slip: int, of_patients: bool = False) -> np.ndarray[Any, Any]:
    """Which rows a slip befalls: rows of patients are counted, so that other patients do not matter."""
    if not share or not frame.height:
        return np.zeros(frame.height, bool)
    return _uniform(seed, slip, patient_numbers(frame), 0 if of_patients else _place_in_patient(frame)) < share


def patient_numbers(frame: pl.DataFrame) -> np.ndarray[Any, Any]:
    """The patient of each row: the number in `hospital_no`."""
    return frame.get_column("hospital_no").str.slice(1).cast(pl.Int64).to_numpy()


def _place_in_patient(frame: pl.DataFrame) -> np.ndarray[Any, Any]:
    """0, 1, 2 ... within each patient; rows of a patient stand together."""
    lengths = frame.get_column("hospital_no").rle().struct.field("len").cast(pl.Int64).to_numpy()
    return np.arange(frame.height) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _uniform(seed: int, slip: int, patient: np.ndarray[Any, Any], place: Any) -> np.ndarray[Any, Any]:
    """One number between 0 and 1 for each (seed, patient, slip, place)."""
    with np.errstate(over="ignore"):  # the arithmetic of chance is modulo 2**64
        luck = luck_of(seed, np.asarray(patient, np.uint64))
        return uniform(luck, _CHANNELS + slip, np.asarray(place, np.uint64))


# --- the slips ------------------------------------------------------------------------------------------------------


def _units(vitals: pl.DataFrame, done: _Slips, mishaps: Mishaps, seed: int) -> pl.DataFrame:
    """Readings in another unit than their column says. A diastolic pressure may look possible in kPa."""
    hot = _hit(vitals, mishaps.fahrenheit, seed, 1) & vitals.get_column("T").is_not_null().to_numpy()
    pale = _hit(vitals, mishaps.saturation_fraction, seed, 2) & vitals.get_column("SpO2").is_not_null().to_numpy()
    pressed = _hit(vitals, mishaps.kilopascal, seed, 3)
    made = [
        ("T", hot, (pl.col("T") * 1.8 + 32).round(1), "fahrenheit", (89.0, 111.0), "P.temperature-fahrenheit"),
        ("SpO2", pale, (pl.col("SpO2") / 100).round(2), "saturation fraction", (0.4, 1.0), "P.saturation-fraction"),
    ]
    lowest = {"SBP": 30.0, "DBP": 10.0, "MAP": 20.0}  # of vocabulary/variables.csv
    for name in _PRESSURES:
        here = pressed & vitals.get_column(name).is_not_null().to_numpy()
        kilo = (pl.col(name) / 7.50062).round(1)
        made.append((name, here, kilo, "kilopascal", (0.0, lowest[name] - 1e-9), "P.value-impossible"))
    out = vitals
    for name, here, value, mishap, (low, high), finding in made:
        if not here.any():
            continue
        out = out.with_columns(pl.when(pl.Series(here)).then(value).otherwise(pl.col(name)).alias(name))
        seen = out.get_column(name).is_between(low, high).fill_null(False).to_numpy()
        done.add("vitals.csv", vitals, here & seen, mishap, name, finding)
        done.add("vitals.csv", vitals, here & ~seen, mishap, name, "none: it looks possible")
    return out


def _names(doses: pl.DataFrame, done: _Slips, mishaps: Mishaps, seed: int) -> pl.DataFrame:
    """Doses under another name."""
    wrong = _hit(doses, mishaps.misspelt, seed, 4)
    other = _hit(doses, mishaps.other_spelling, seed, 5) & ~wrong
    names = doses.get_column("drug").unique().sort().to_list()
    swapped = {name: _misspelt(name) for name in names}
    spelled = {name: next((word for word in drugs()[name].aliases if word.isascii()), name) for name in names}
    column = pl.col("drug")
    made = doses.with_columns(
        pl.when(pl.Series(wrong)).then(column.replace(swapped))
        .when(pl.Series(other)).then(column.replace(spelled)).otherwise(column).alias("drug")
    )  # fmt: skip
    done.add("drugs.csv", doses, wrong, "misspelt", "drug", "C.drug-unknown")
    done.add("drugs.csv", doses, other, "other spelling", "drug", "none: the name is known")
    return made


def _misspelt(name: str) -> str:
    """Two letters changed places, such that no drug has that name."""
    for k in range(1, len(name) - 1):
        wrong = name[:k] + name[k + 1] + name[k] + name[k + 2 :]
        if wrong != name and drug(wrong) is None:
            return wrong
    raise ValueError(name)


def _dates(doses: pl.DataFrame, done: _Slips, mishaps: Mishaps, seed: int) -> pl.DataFrame:
    """Doses of some patients without a time of day."""
    here = _hit(doses, mishaps.day_only, seed, 6, of_patients=True)
    if not here.any():
        return doses
    given = pl.col("given_at").dt
    text = pl.when(pl.Series(here)).then(given.to_string("%Y-%m-%d")).otherwise(given.to_string("%Y-%m-%d %H:%M"))
    done.add("drugs.csv", doses, here, "day only", "given_at", "C.drug-date-only")
    return doses.with_columns(text.alias("given_at"))


def _left_truncated(tables: Tables, done: _Slips, mishaps: Mishaps, seed: int, infused: pl.Series) -> Tables:
    """What the first hospital charted is not there: the stay begins with the transfer, and so does every table."""
    people = tables["patients"].select("hospital_no").with_columns(infused.alias("__infused"))
    here = _hit(people, mishaps.left_truncated, seed, 7, of_patients=True)
    minutes = 1 + np.floor(_uniform(seed, 8, patient_numbers(people), 0) * _LATEST_TRANSFER_DAYS * 1440)
    cut = people.with_columns(__minutes=pl.Series(minutes.astype(np.int64)))
    cut = (
        cut.with_columns(__cut=pl.col("__infused") + pl.duration(minutes="__minutes"))
        .filter(pl.Series(here))
        .select("hospital_no", "__cut")
    )
    hospital = tables["stays"].filter(pl.col("unit") == "hospital").join(cut, on="hospital_no")
    cut = hospital.filter((pl.col("discharged") > pl.col("__cut")).fill_null(True)).select("hospital_no", "__cut")
    made = dict(tables)
    for name, time in CHARTED.items():
        frame = tables[name].join(cut, on="hospital_no", how="left", maintain_order="left")
        late = pl.col("__cut").is_null() | (pl.col(time) >= pl.col("__cut"))
        made[name] = frame.filter(late).drop("__cut")
    marked = tables["stays"].join(cut, on="hospital_no", how="left", maintain_order="left")
    marked = marked.filter(pl.col("__cut").is_null() | (pl.col("discharged") > pl.col("__cut")).fill_null(True))
    moved = ((pl.col("unit") == "hospital") & pl.col("__cut").is_not_null()).alias("__moved")
    rows = marked.select(moved).to_series().to_numpy()
    done.add("stays.csv", marked, rows, "left truncated", "admitted", "none: it looks like an admission")
    later = pl.max_horizontal("admitted", "__cut").alias("admitted")
    made["stays"] = marked.with_columns(later).drop("__cut")
    return made


def _copied(
    frame: pl.DataFrame, slips: pl.DataFrame, name: str, share: float, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows written twice, one under the other; slips before them keep pointing at their row."""
    here = _hit(frame, share, seed, 10 + _COPIED.index(name))
    times = 1 + here.astype(np.int64)
    place = np.cumsum(times) - times + 1  # row of each first copy, from 1
    mine = pl.col("file") == f"{name}.csv"
    moved = pl.Series(place).gather(slips.filter(mine).get_column("row") - 1)
    rest, own = slips.filter(~mine), slips.filter(mine).with_columns(row=moved)
    twice = pl.DataFrame({
        "file": f"{name}.csv", "row": place[here] + 1, "hospital_no": frame.get_column("hospital_no").filter(here),
        "mishap": "duplicate", "column": "", "was": "", "finding": "P.duplicate",
    }, schema=SLIPS)  # fmt: skip
    return frame[np.repeat(np.arange(frame.height), times)], pl.concat([rest, own, twice])


def _clock_changes(instants: pl.Series) -> bool:
    """Whether the zone of these instants changes its clock in a year near them."""
    zone, years = getattr(instants.dtype, "time_zone", None), instants.dt.year().unique().to_list()
    months = [datetime(year + 1, month, 15, tzinfo=ZoneInfo(zone or "UTC")) for year in years for month in (1, 7)]
    return len({instant.utcoffset() for instant in months}) > 1


def twofold_hours(tables: Tables) -> pl.DataFrame:
    """Slips of a zone with clock changes: local times that exist twice, of which a reader takes the later."""
    found = [pl.DataFrame(schema=SLIPS)]
    for name, frame in tables.items() if _clock_changes(tables["infusions"].get_column("infused_at")) else ():
        for column, dtype in frame.schema.items():
            if not isinstance(dtype, pl.Datetime) or not dtype.time_zone or dtype.time_zone == "UTC":
                continue
            local = pl.col(column).dt.replace_time_zone(None)
            early = local.dt.replace_time_zone(dtype.time_zone, ambiguous="earliest", non_existent="null")
            late = local.dt.replace_time_zone(dtype.time_zone, ambiguous="latest", non_existent="null")
            rows = frame.with_row_index("row", offset=1).filter(late - early > timedelta(0))
            found.append(rows.select(
                file=pl.lit(f"{name}.csv"), row=pl.col("row").cast(pl.Int64), hospital_no="hospital_no",
                mishap=pl.lit("twofold hour"), column=pl.lit(column), was=pl.col(column).cast(pl.String),
                finding=pl.lit("C.time-ambiguous"),
            ))  # fmt: skip
    return pl.concat(found)
