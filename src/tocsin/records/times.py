"""Instants that cannot be true as written: stays, readings outside them, dates that pose as minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from tocsin import vocabulary
from tocsin.records.ledger import Ledger
from tocsin.tables import TIME

_LAST_YEAR_OF_RULES = 2037  # beyond it, time-zone libraries disagree about daylight saving


def clocks(frame: pl.DataFrame, ledger: Ledger, time: str) -> pl.DataFrame:
    """Time, time known, precision of every row. What has no time is set aside; nothing is known before it is true."""
    asked = any(column in frame.columns for column in ("drug", "device", "what"))
    frame = ledger.exclude(frame, pl.col(time).is_null(), "M.time-missing", "no readable time", decide=asked)
    one = pl.col("available_time").is_null()
    ledger.note(frame.filter(one), "M.one-clock", "one time only", "taken as known when it was true")
    early = (pl.col("available_time") < pl.col(time)).fill_null(False)
    ledger.note(
        frame.filter(early),
        "P.known-before-true",
        "known before it was measured",
        "taken as known when measured",
        "changed",
    )
    known = pl.when(one | early).then(pl.col(time)).otherwise(pl.col("available_time"))
    return frame.with_columns(known.alias("available_time"), pl.col("precision").fill_null("minute"))


def before_birth(frame: pl.DataFrame, ledger: Ledger, patients: pl.DataFrame, time: str) -> pl.DataFrame:
    """Rows dated before the patient was born."""
    born = patients.select("patient_id", pl.col("birth_date").alias("__born"))
    marked = frame.join(born, on="patient_id", how="left", maintain_order="left")
    early = pl.col(time).dt.date() < pl.col("__born") - timedelta(days=1)
    return ledger.exclude(marked, early, "P.before-birth", "dated before the patient's birth", decide=True).drop(
        "__born"
    )


def stays_in_order(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Stays with a start, an end after it, and no second hospital stay at the same time."""
    frame = ledger.exclude(
        frame, pl.col("start").is_null(), "M.stay-start-missing", "stay without a start", decide=True
    )
    frame = ledger.exclude(
        frame, pl.col("stop") < pl.col("start"), "P.stay-negative", "stay ends before it starts", decide=True
    )
    ledger.note(frame.filter(pl.col("stop") == pl.col("start")), "P.stay-zero-length", "stay of zero length", "kept")
    ledger.note(
        frame.filter(pl.col("stop").is_null()),
        "M.stay-stop-missing",
        "stay without an end",
        "the patient is still there",
    )
    hospital = frame.filter(pl.col("kind") == "hospital").sort("patient_id", "start", "source_row")
    before = _far(pl.col("stop")).cum_max().shift(1).over("patient_id")
    ledger.note(
        hospital.filter(pl.col("start") < before), "P.stays-overlap", "hospital stays at the same time", "both stay"
    )
    return frame


def outside_stays(readings: pl.DataFrame, ledger: Ledger, stays: pl.DataFrame) -> pl.DataFrame:
    """Vital signs outside every stay of the patient are set aside: they belong to nobody's bed.

    Between the printed discharge and the end of the last unit's own row they stay and are counted. A patient without
    any stay keeps the readings, and somebody must decide.
    """
    kinds = {name: one.kind for name, one in vocabulary.variables().items()}
    kind = pl.col("variable").replace_strict(kinds, return_dtype=pl.String)
    marked = readings.with_columns(kind.alias("__kind"))
    homeless = marked.join(stays, on="patient_id", how="anti")
    ledger.note(homeless, "M.patient-without-stay", "readings of patients without any stay", "kept", decide=True)
    marked = _inside(marked, stays, "any")
    housed = pl.col("patient_id").is_in(stays.get_column("patient_id").unique().to_list())
    out = (pl.col("__kind") == "vital") & housed & ~pl.col("__inside_any")
    for code, where, what in (
        ("P.vital-before-admission", ~pl.col("__after_any"), "vital signs before the first stay"),
        ("P.vital-outside-stays", pl.col("__after_any"), "vital signs after a stay and outside every other"),
    ):
        marked = ledger.exclude(marked, out & where, code, what)
    marked = _inside(marked, stays.filter(pl.col("kind") == "hospital"), "hospital")
    late = pl.col("__kind").is_in(["vital", "body"]) & ~pl.col("__inside_hospital") & pl.col("__after_hospital")
    ledger.note(
        marked.filter(late), "P.vital-after-discharge", "readings after the hospital discharge and in no hospital stay",
        "kept where a unit's own row still holds the patient",
    )  # fmt: skip
    return marked.select(readings.columns)


def _far(stop: pl.Expr) -> pl.Expr:
    return stop.fill_null(pl.lit(datetime(9000, 1, 1, tzinfo=UTC)).cast(TIME))


def _inside(frame: pl.DataFrame, stays: pl.DataFrame, name: str) -> pl.DataFrame:
    """`frame` with __inside_<name>, in a stay at both ends included, and __after_<name>, after the start of one."""
    reach = stays.sort("patient_id", "start").select(
        "patient_id",
        pl.col("start").alias("__start"),
        _far(pl.col("stop")).cum_max().over("patient_id").alias("__reach"),
    )
    joined = frame.with_row_index("__order").sort("time").join_asof(
        reach.sort("__start"), left_on="time", right_on="__start", by="patient_id", check_sortedness=False
    )  # fmt: skip
    made = joined.with_columns(
        (pl.col("time") <= pl.col("__reach")).fill_null(False).alias(f"__inside_{name}"),
        pl.col("__reach").is_not_null().alias(f"__after_{name}"),
    )
    return made.sort("__order").drop("__order", "__start", "__reach")


def dates_as_minutes(
    frame: pl.DataFrame, ledger: Ledger, time: str, which: pl.Expr, zone: str, code: str
) -> pl.DataFrame:
    """Events at exactly 00:00 local are dates without a time: they stand at 12:00 of that day, precision day.

    Beyond 2037 (records whose years were shifted) 00:00 counts in winter and in summer time, since the rule in force
    then is not known.
    """
    offsets = _offsets(zone)
    at = pl.col(time)
    midnight = pl.any_horizontal(*((at + pl.lit(shift)).dt.truncate("1d") == at + pl.lit(shift) for shift in offsets))
    near = frame.filter(which & midnight & (pl.col("precision") == "minute")).get_column(time).unique().to_list()
    dated = [instant for instant in near if _is_midnight(instant, zone, offsets)]
    here = (which & (pl.col(time).is_in(dated) if dated else pl.lit(False))).fill_null(False) & (
        pl.col("precision") == "minute"
    )
    ledger.note(
        frame.filter(here), code, "at 00:00 local time: a date without a time",
        "stands at 12:00 of the day, precision day",
        "changed",
    )  # fmt: skip
    noon = at + timedelta(hours=12)
    moved = pl.when(here).then(noon).otherwise(at)
    return frame.with_columns(
        moved.alias(time),
        pl.when(here)
        .then(pl.max_horizontal(noon, "available_time"))
        .otherwise("available_time")
        .alias("available_time"),
        pl.when(here).then(pl.lit("day")).otherwise("precision").alias("precision"),
    )


def _offsets(zone: str) -> tuple[timedelta, ...]:
    """The zone's offsets in winter and summer."""
    where = ZoneInfo(zone)
    found = {datetime(2020, month, 15, tzinfo=where).utcoffset() or timedelta() for month in (1, 7)}
    return tuple(sorted(found))


def _is_midnight(instant: datetime, zone: str, offsets: tuple[timedelta, ...]) -> bool:
    if instant.year > _LAST_YEAR_OF_RULES:
        return any((instant + shift).time().replace(tzinfo=None) == datetime.min.time() for shift in offsets)
    return instant.astimezone(ZoneInfo(zone)).time() == datetime.min.time()
