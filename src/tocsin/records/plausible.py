"""Readings and oxygen settings that cannot be true as written, and what is done with each."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tocsin import vocabulary
from tocsin.records.ledger import Ledger
from tocsin.tables import Table
from tocsin.units import convert

FAHRENHEIT = (89.0, 111.0)
MOST_LOST, FEWEST_LOST, FEWEST_OF_ONE = 0.1, 5, 3
GRADING = ("temperature", "systolic", "mean_pressure", "spo2")
_PRESSURES = ("systolic", "diastolic", "mean_pressure")


def in_fahrenheit(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Temperatures of 89 to 111 in a Celsius column are Fahrenheit: nobody lives at 89 °C."""
    here = ((pl.col("variable") == "temperature") & pl.col("value").is_between(*FAHRENHEIT)).fill_null(False)
    ledger.note(
        frame.filter(here), "P.temperature-fahrenheit", "temperatures of 89 to 111 in a Celsius column",
        "taken as °F and turned into °C", "changed",
    )  # fmt: skip
    return frame.with_columns(
        pl.when(here).then(convert(pl.col("value"), "°F", "°C")).otherwise(pl.col("value")).alias("value")
    )


def saturation_as_fraction(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Oxygen saturations of 0.4 to 1 in a percent column are fractions."""
    here = ((pl.col("variable") == "spo2") & pl.col("value").is_between(0.4, 1.0)).fill_null(False)
    ledger.note(
        frame.filter(here),
        "P.saturation-fraction",
        "saturations of 0.4 to 1 in a percent column",
        "times 100",
        "changed",
    )
    made = convert(pl.col("value"), "fraction", "%")
    return frame.with_columns(pl.when(here).then(made).otherwise(pl.col("value")).alias("value"))


def impossible_values(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Readings outside their variable's range are set aside: the value is unknown, not the nearest possible one."""
    for one in vocabulary.variables().values():
        mine = pl.col("variable") == one.name
        bad = (mine & ~pl.col("value").is_between(one.low, one.high)).fill_null(False)
        asked = _sources_to_ask(frame.filter(mine).with_columns(bad.alias("__bad")), one.name in GRADING)
        for which, decide in ((pl.col("source").is_in(asked), True), (~pl.col("source").is_in(asked), False)):
            frame = ledger.exclude(
                frame, bad & which, "P.value-impossible", f"{one.name} outside {one.low:g} to {one.high:g} {one.unit}",
                decide=decide,
            )  # fmt: skip
    return frame


def _sources_to_ask(mine: pl.DataFrame, grading: bool) -> list[str]:
    """Sources with so many impossible (`__bad`) values of one variable that a unit or a column may be wrong.

    Of a variable that sets a grade, also those with values of a patient who is left without any.
    """
    bad = pl.col("__bad")
    many = (bad.sum() >= FEWEST_LOST) & (bad.sum() > MOST_LOST * pl.len())
    asked = set(mine.group_by("source").agg(many.alias("__many")).filter("__many").get_column("source").to_list())
    if grading:
        all_lost = (bad.all() & (pl.len() >= FEWEST_OF_ONE)).over("patient_id")
        asked |= set(mine.filter(all_lost).get_column("source").to_list())
    return sorted(asked)


def too_many(bad: pl.Expr, filled: pl.Expr) -> pl.Expr:
    """Rows of a file and a grading variable of whose `filled` ones more than a tenth, and five, are `bad`."""
    key = ["source", "variable"]
    lost = bad.fill_null(False).sum().over(key)
    many = (lost >= FEWEST_LOST) & (lost > MOST_LOST * filled.sum().over(key))
    return pl.col("variable").is_in(GRADING) & many


def contradicting_pressures(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Systolic at or below diastolic of the same minute and method: noted, since either may be the wrong one."""
    key = ["patient_id", "time", "method"]
    low = frame.filter(pl.col("variable") == "diastolic").group_by(key).agg(pl.col("value").max().alias("__low"))
    high = frame.filter(pl.col("variable") == "systolic").join(low, on=key, nulls_equal=True)
    ledger.note(
        high.filter(pl.col("value") <= pl.col("__low")), "P.systolic-not-above-diastolic",
        "systolic at or below the diastolic pressure of the same minute", "both stay",
    )  # fmt: skip
    return frame


def same_minute(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Readings of one variable in one minute that differ: all stay, which one counts is the sign's decision."""
    minute = pl.col("time").dt.truncate("1m").alias("__minute")
    key = ["patient_id", "variable", "__minute"]
    marked = frame.with_columns(minute)
    several = marked.group_by(key).agg(pl.col("value").n_unique().alias("__n")).filter(pl.col("__n") > 1)
    rows = marked.join(several, on=key)
    for variable in sorted(rows.get_column("variable").unique().to_list()):
        ledger.note(
            rows.filter(pl.col("variable") == variable), "P.same-minute",
            f"{variable}: readings of one minute with different values", "all stay; the parameter same_minute decides",
        )  # fmt: skip
    return frame


def oxygen_settings(frame: pl.DataFrame, ledger: Ledger, table: Table) -> pl.DataFrame:
    """FiO2 in percent becomes a fraction; impossible settings are emptied and the row stays."""
    percent = pl.col("fio2").is_between(20.0, 100.0).fill_null(False)
    ledger.note(frame.filter(percent), "P.fio2-percent", "FiO2 of 20 to 100", "taken as percent, / 100", "changed")
    made = convert(pl.col("fio2"), "%", "fraction")
    frame = frame.with_columns(pl.when(percent).then(made).otherwise(pl.col("fio2")).alias("fio2"))
    return emptied_outside(frame, ledger, table, ("fio2", "flow_l_min"))


def emptied_outside(frame: pl.DataFrame, ledger: Ledger, table: Table, columns: Sequence[str] = ()) -> pl.DataFrame:
    """Numbers outside the contract's range become unknown; the row stays. Without `columns`, every number with one."""
    for column in table.columns:
        if (columns and column.name not in columns) or (column.low is None and column.high is None):
            continue
        if column.name not in frame.columns or column.name == "source_row":
            continue
        low, high = column.low, column.high
        value, bad = pl.col(column.name), pl.lit(False)
        if low is not None:
            bad = bad | (value < low)
        if high is not None:
            bad = bad | (value > high)
        bad = bad.fill_null(False)
        limits = " to ".join(f"{x:g}" for x in (low, high) if x is not None)
        ledger.note(
            frame.filter(bad), f"P.{column.name.replace('_', '-')}-impossible",
            f"{column.name} outside {limits} {column.unit}".strip(), "left empty, the row stays", "changed",
        )  # fmt: skip
        frame = frame.with_columns(pl.when(bad).then(None).otherwise(value).alias(column.name))
    return frame


def no_method_but_for_pressures(frame: pl.DataFrame) -> pl.DataFrame:
    """Method belongs to pressures, site to temperatures; elsewhere the columns are empty."""
    return frame.with_columns(
        pl.when(pl.col("variable").is_in(_PRESSURES)).then("method").alias("method"),
        pl.when(pl.col("variable") == "temperature").then("site").alias("site"),
    )
