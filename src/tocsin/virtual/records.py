"""What the virtual ward wrote, as the files of one hospital: CSV tables that a site.toml describes.

Only what a hospital could write is here. Truth is written apart from it, by `truth`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl

from tocsin.signs.state import CONSCIOUSNESS_WORDS, MOTOR_WORDS, OEDEMA_WORDS, SEIZURE_WORDS
from tocsin.virtual import log
from tocsin.virtual.biology import START_OF_DAY
from tocsin.virtual.log import Batch
from tocsin.vocabulary import variable

Entries = np.ndarray[Any, Any]
MONTH_DAYS, _DAY_US = 30.4375, 86_400_000_000
MRD_SENSITIVITY = 1e-4
VITALS = {
    "T": log.TEMPERATURE, "SBP": log.SYSTOLIC, "DBP": log.DIASTOLIC, "MAP": log.MEAN_PRESSURE, "HR": log.HEART_RATE,
    "RR": log.RESPIRATORY_RATE, "SpO2": log.SPO2,
}  # fmt: skip
ITEMS = {
    "ICE": log.ICE, "CAPD": log.CAPD, "consciousness": log.CONSCIOUSNESS, "seizure": log.SEIZURE,
    "motor_weakness": log.MOTOR_WEAKNESS, "oedema": log.OEDEMA,
}  # fmt: skip
_WORDS = {
    "consciousness": CONSCIOUSNESS_WORDS, "seizure": SEIZURE_WORDS, "motor_weakness": MOTOR_WORDS,
    "oedema": OEDEMA_WORDS,
}  # fmt: skip
_ROUTES = {"acetaminophen": "oral", "anakinra": "subcutaneous"}
_CAUSES = {"crs": "CRS", "icans": "ICANS", "relapse": "disease progression", "infection": "infection"}
_LABS = (log.CRP, log.FIBRINOGEN)
_DOCTORS = "virtual endpoint committee"


@dataclass(frozen=True)
class Hospital:
    """When and where the virtual patients lie. Minute 0 is the infusion, at START_OF_DAY o'clock.

    Who is still there after `days`, when the charting ends, is taken over by another hospital. The zone has no clock
    change by default, so that no local time is twofold; another zone is a mishap to be chosen.
    """

    zone: str = "Asia/Shanghai"
    first_day: date = date(2021, 1, 4)
    days: int = 30


# --- the order of the log, as rows ----------------------------------------------------------------------------------


def numbers(patients: pl.Series) -> pl.Series:
    """The hospital's number of each patient."""
    return pl.select(pl.format("V{}", patients.cast(pl.String).str.zfill(6))).to_series().alias("hospital_no")


class Chart:
    """One batch with its clock: minutes since the infusion become wall-clock minutes of the hospital's zone."""

    def __init__(self, batch: Batch, hospital: Hospital) -> None:
        self.batch, self.hospital, self.log = batch, hospital, batch.log
        self._what = np.ascontiguousarray(batch.log["what"])
        days = batch.facts.get_column("calendar_day").cast(pl.Int64)
        start = datetime.combine(hospital.first_day, time()) + timedelta(hours=START_OF_DAY)
        local = (days * _DAY_US + pl.Series([start], dtype=pl.Datetime("us")).to_physical()[0]).cast(pl.Datetime("us"))
        self.infused = local.dt.replace_time_zone(hospital.zone, ambiguous="latest")
        self._zero = self.infused.dt.convert_time_zone("UTC").to_physical().to_numpy()
        self.numbers = numbers(batch.facts.get_column("patient"))

    def who(self, patient: Entries) -> pl.Series:
        """Hospital numbers of places in the batch."""
        return self.numbers.gather(patient)

    def when(self, patient: Entries, minute: Entries) -> pl.Series:
        """Instants, in the hospital's zone."""
        physical = self._zero[patient] + np.asarray(minute, np.int64) * 60_000_000
        return pl.Series(physical).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(self.hospital.zone)

    def day(self, patient: Entries, days: Entries) -> pl.Series:
        """Dates, whole days after the infusion."""
        dates = self.infused.dt.date().to_physical().gather(patient)
        return (dates + pl.Series(np.asarray(days, np.int32))).cast(pl.Date)

    def admitted(self) -> Entries:
        """Minute of each admission."""
        return self.batch.facts.get_column("admitted").to_numpy()

    def rows(self, first: int, last: int | None = None) -> Entries:
        """Entries of these kinds, in the order written."""
        return self.log[(self._what >= first) & (self._what <= (first if last is None else last))]

    def frame(self, entries: Entries, **more: Any) -> pl.DataFrame:
        """hospital_no, time and the columns given, one row an entry."""
        who, at = entries["patient"], entries["minute"]
        return pl.DataFrame({"hospital_no": self.who(who), "time": self.when(who, at), **more})


def _wide(entries: Entries, codes: dict[str, int]) -> tuple[Entries, dict[str, pl.Series]]:
    """Entries of one minute side by side: the entry that begins each row, and a column of values for each code.

    A reading that comes twice in one minute begins a new row, so that no reading is lost and their order stays.
    """
    if not entries.size:
        return entries, {name: pl.Series([], dtype=pl.Float64) for name in codes}
    place = np.zeros(len(log.VARIABLES) + 64, np.int64)
    place[list(codes.values())] = np.arange(len(codes))
    column = place[entries["what"]]
    same = (entries["patient"][1:] == entries["patient"][:-1]) & (entries["minute"][1:] == entries["minute"][:-1])
    begins = np.concatenate(([True], ~same | (column[1:] <= column[:-1])))
    row = np.cumsum(begins) - 1
    values = np.full((len(codes), int(row[-1]) + 1), np.nan)
    values[column, row] = entries["value"]
    return entries[begins], {name: pl.Series(values[k]).fill_nan(None) for k, name in enumerate(codes)}


def _words(column: pl.Series, words: tuple[str, ...]) -> pl.Series:
    return pl.Series(words).gather(column.cast(pl.UInt32))


# --- the tables -----------------------------------------------------------------------------------------------------


def patients(chart: Chart) -> pl.DataFrame:
    """What is known of each patient at the infusion. The birth date gives back the age, to the day."""
    facts = chart.batch.facts
    lived = (facts.get_column("age_y") * 365.25).ceil()
    born = chart.day(np.arange(facts.height), -lived.to_numpy())
    return pl.DataFrame({
        "hospital_no": chart.numbers, "sex": facts.get_column("sex"), "birth_date": born,
        **{name: facts.get_column(name) for name in ("weight_kg", "disease", "blasts_percent")},
        "centre": pl.select(pl.format("centre {}", facts.get_column("centre") + 1)).to_series(),
        "lymphodepletion": facts.get_column("lymphodepletion"),
    })  # fmt: skip


def infusions(chart: Chart) -> pl.DataFrame:
    """The CAR-T infusion of each patient, minute 0."""
    facts = chart.batch.facts
    return pl.DataFrame({
        "hospital_no": chart.numbers, "infused_at": chart.infused,
        "product": facts.get_column("product"), "cells_per_kg": facts.get_column("cells_per_kg"),
    }).with_columns(unit=pl.lit("cells/kg"))  # fmt: skip


def stays(chart: Chart) -> pl.DataFrame:
    """The hospital stay of each patient, and what part of it was intensive care."""
    everyone = np.arange(chart.batch.facts.height)
    left, dead = ends(chart), died(chart)
    went = np.where(dead == left, "died", np.where(left == 1440 * chart.hospital.days, "transfer", "home"))
    hospital = pl.DataFrame({
        "place": everyone, "hospital_no": chart.who(everyone), "admitted": chart.when(everyone, chart.admitted()),
        "discharged": chart.when(everyone, left), "unit": "hospital", "discharge_to": went,
    })  # fmt: skip
    both = pl.concat([hospital, _intensive(chart, left)], how="diagonal")
    return both.sort("place", maintain_order=True).drop("place")


def _intensive(chart: Chart, left: Entries) -> pl.DataFrame:
    """Stays in intensive care: from each entry to the next leaving, or to the end of the hospital stay."""
    moves = chart.rows(log.ICU_IN, log.ICU_OUT)
    who, at = moves["patient"].astype(np.int64), moves["minute"]
    enters = moves["what"] == log.ICU_IN
    follows = np.concatenate((enters[:-1] & ~enters[1:] & (who[:-1] == who[1:]), [False])) if who.size else enters
    stop = np.where(follows, np.roll(at, -1), left[who])[enters]
    who, at = who[enters], at[enters]
    return pl.DataFrame({
        "place": who, "hospital_no": chart.who(who), "admitted": chart.when(who, at),
        "discharged": chart.when(who, stop),
    }).with_columns(unit=pl.lit("ICU"))  # fmt: skip


def ends(chart: Chart) -> Entries:
    """Minute at which each patient left the hospital, dead or alive."""
    out = np.full(chart.batch.facts.height, 1440 * chart.hospital.days, np.int64)
    left = chart.rows(log.DISCHARGE)
    out[left["patient"]] = left["minute"]
    dead = died(chart)
    return np.where((dead >= 0) & (dead <= out), dead, out)


def died(chart: Chart) -> Entries:
    """Minute of each death within the days that are charted hour by hour, -1 where there is none."""
    found = chart.batch.summary.get_column("death_minute").fill_null(-1).to_numpy()
    return np.asarray(found, np.int64)


def vitals(chart: Chart) -> pl.DataFrame:
    """One row a set of vital signs."""
    first, columns = _wide(chart.rows(log.TEMPERATURE, log.SPO2), VITALS)
    made = chart.frame(first, **columns)
    return made.rename({"time": "chart_time"})


def labs(chart: Chart) -> pl.DataFrame:
    """One row a result: when the blood was taken and when the ward could know."""
    rows = chart.rows(*_LABS)
    kinds = [variable(name) for name in log.VARIABLES]
    unit = pl.Series([kind.unit if kind else "" for kind in kinds]).gather(rows["what"])
    late = np.nan_to_num(rows["more"]).astype(np.int64)
    known = chart.when(rows["patient"], rows["minute"] + late)
    item = pl.Series(log.VARIABLES).gather(rows["what"])
    frame = chart.frame(rows, resulted=known, item=item, result=rows["value"], unit=unit)
    return frame.rename({"time": "collected"})


def drugs(chart: Chart) -> pl.DataFrame:
    """One row a dose."""
    rows = chart.rows(log.DOSE)
    names = pl.Series(log.DRUGS).gather(rows["key"])
    routes = pl.Series([_ROUTES.get(name, "iv") for name in log.DRUGS]).gather(rows["key"])
    unit = pl.Series(log.UNITS).gather(rows["key"])
    return chart.frame(rows, drug=names, dose=rows["value"], dose_unit=unit, route=routes).rename({"time": "given_at"})


def pressors(chart: Chart) -> pl.DataFrame:
    """One row a change of rate; a stop is rate 0. Every run of a drug is an order of its own."""
    rows = chart.rows(log.RATE)
    drug, rate = rows["key"].astype(np.int64), rows["value"]
    course = rows["patient"].astype(np.int64) * len(log.PRESSORS) + drug
    by_course = np.argsort(course, kind="stable")
    stopped = np.concatenate(([0], np.cumsum(rate[by_course] == 0)))[:-1] if rows.size else np.zeros(0, np.int64)
    first = np.concatenate(([True], np.diff(course[by_course]) != 0)) if rows.size else np.zeros(0, bool)
    run = stopped - np.maximum.accumulate(np.where(first, stopped, 0)) if rows.size else stopped
    number = np.empty(rows.size, np.int64)
    number[by_course] = run + 1
    order = pl.Series([name[0].upper() for name in log.PRESSORS]).gather(drug) + pl.Series(number).cast(pl.String)
    names, units = pl.Series(log.PRESSORS).gather(drug), pl.Series(log.RATE_UNITS).gather(drug)
    frame = chart.frame(rows, drug=names, rate=rate, rate_unit=units, order_no=order).rename({"time": "from"})
    return frame.select("hospital_no", "order_no", "from", "drug", "rate", "rate_unit")


def oxygen(chart: Chart) -> pl.DataFrame:
    """One row a change or a check of the device."""
    rows = chart.rows(log.DEVICE)
    names = pl.Series(log.DEVICES).gather(rows["key"])
    settings = {"flow_l_min": rows["value"], "fio2": rows["more"]}
    frame = chart.frame(rows, device=names, **settings).with_columns(pl.col(*settings).fill_nan(None))
    return frame.rename({"time": "chart_time"})


def neuro(chart: Chart) -> pl.DataFrame:
    """One row a neurological round: points and words."""
    first, columns = _wide(chart.rows(log.ICE, log.OEDEMA), ITEMS)
    points = {name: columns[name].cast(pl.Int64) for name in ("ICE", "CAPD")}
    words = {name: _words(columns[name], kinds) for name, kinds in _WORDS.items()}
    return chart.frame(first, **points, **words).rename({"time": "chart_time"})


def cultures(chart: Chart) -> pl.DataFrame:
    """Two rows a culture: taken, and what grew."""
    rows = chart.rows(log.CULTURE)
    grown = pl.Series(["negative", "positive"]).gather(rows["value"].astype(np.int64))
    known = chart.when(rows["patient"], rows["minute"] + np.nan_to_num(rows["more"]).astype(np.int64))
    frame = chart.frame(rows, known=known, grown=grown).rename({"time": "collected"}).with_row_index("place")
    taken = frame.select("place", "hospital_no", "collected", reported="collected", result=pl.lit("taken"))
    result = frame.select("place", "hospital_no", "collected", reported="known", result="grown")
    return pl.concat([taken, result]).sort("place", maintain_order=True).drop("place")


def outcomes(chart: Chart) -> pl.DataFrame:
    """What became of the patient, as far as it was followed; a death in hospital is known to the minute."""
    told = chart.batch.outcomes.with_columns(place=pl.int_range(pl.len()))
    end = pl.col("followed_months") * MONTH_DAYS
    dead = pl.Series(died(chart))
    here = pl.when(dead >= 0).then(dead / 1440).otherwise(pl.col("death_month") * MONTH_DAYS)
    told = told.with_columns(
        died=here, end=pl.min_horizontal(end, here), minute=pl.when(dead >= 0).then(dead),
        relapsed=pl.col("relapse_month") * MONTH_DAYS, moved=pl.col("transplant_month") * MONTH_DAYS,
    ).with_columns(died=pl.when(pl.col("died") <= end).then("died"))  # fmt: skip
    remission = pl.when(pl.col("cr")).then(pl.lit("CR")).otherwise(pl.lit("NR"))
    mrd = pl.when(pl.col("mrd_negative")).then(pl.lit("negative")).otherwise(pl.lit("positive"))
    cause = pl.col("death_cause").replace_strict(_CAUSES, default="other")
    marrow = pl.col("response_day").is_not_null() & (pl.col("response_day") <= pl.col("end"))
    assessed = pl.max_horizontal(pl.when(marrow).then("response_day"), "end")
    by = pl.lit(_DOCTORS)
    parts = [
        _event(told.filter(marrow), "response", pl.col("response_day"), remission),
        _event(told.filter(marrow & pl.col("mrd_negative").is_not_null()), "mrd", pl.col("response_day"), mrd),
        _event(told.filter(pl.col("relapsed") <= pl.col("end")), "relapse", pl.col("relapsed")),
        _event(told.filter(pl.col("moved") <= pl.col("end")), "transplant", pl.col("moved")),
        _event(told.filter(pl.col("died").is_not_null()), "death", pl.col("died"), cause, by),
        _event(told.filter(pl.col("died").is_null()), "last contact", pl.col("end")),
        _event(told.filter(pl.col("died").is_null()), "assessment end", assessed),
    ]
    rows = pl.concat(parts).sort("place", "days", maintain_order=True)
    return _dated(chart, rows)


def _event(
    rows: pl.DataFrame, what: str, days: pl.Expr, value: pl.Expr | None = None, by: pl.Expr | None = None
) -> pl.DataFrame:
    mrd, nothing = what == "mrd", pl.lit(None, pl.String)
    return rows.select(
        "place", days.cast(pl.Float64).alias("days"), pl.when(pl.lit(what == "death")).then("minute").alias("minute"),
        pl.lit(what).alias("event"), (nothing if value is None else value).alias("result"),
        pl.lit("flow" if mrd else None, pl.String).alias("method"),
        pl.lit(MRD_SENSITIVITY if mrd else None, pl.Float64).alias("sensitivity"),
        (nothing if by is None else by).alias("adjudicated_by"),
    )  # fmt: skip


def _dated(chart: Chart, rows: pl.DataFrame) -> pl.DataFrame:
    """The date of each row, with the minute of a death in hospital."""
    place = rows.get_column("place").to_numpy()
    day = chart.day(place, rows.get_column("days").floor().to_numpy()).dt.to_string("%Y-%m-%d")
    minute = chart.when(place, rows.get_column("minute").fill_null(0).to_numpy()).dt.to_string("%Y-%m-%d %H:%M")
    at = pl.when(pl.col("minute").is_null()).then(day).otherwise(minute)
    made = rows.with_columns(hospital_no=chart.who(place), event_date=at)
    return made.select("hospital_no", "event_date", "event", "result", "method", "sensitivity", "adjudicated_by")


TABLES: dict[str, Callable[[Chart], pl.DataFrame]] = {
    "patients": patients, "stays": stays, "infusions": infusions, "vitals": vitals, "labs": labs, "drugs": drugs,
    "pressors": pressors, "oxygen": oxygen, "neuro": neuro, "cultures": cultures, "outcomes": outcomes,
}  # fmt: skip


def tables(chart: Chart) -> dict[str, pl.DataFrame]:
    """The files of the hospital for one batch: name without ending, and its rows in the order of the patients."""
    return {name: make(chart) for name, make in TABLES.items()}
