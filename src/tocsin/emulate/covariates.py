"""What was known at the start of every step, as columns: the last value, its age, its trend; unknown stays unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.emulate.people import Ward
from tocsin.protocol import CLOCKS, FACTS, STATES
from tocsin.sentences import scale_words
from tocsin.signs.acts import clock_column, minute_of
from tocsin.vocabulary import variables

FloatArray = npt.NDArray[np.float64]
VITALS = ("temperature", "systolic", "spo2")
#: Values over orders of magnitude stand as log2(1 + x): an odds ratio is then per doubling [R].
DOUBLING = ("crp", "ferritin", "il6", "ldh", "ast", "alt", "bilirubin", "triglycerides")
SEEN_BEFORE_MINUTES = 90 * 1440
DUE, OUT = "due: ", "out of hospital"
_ZH = {
    "temperature": "体温", "systolic": "收缩压", "spo2": "血氧饱和度", "crp": "C反应蛋白",
    "ferritin": "铁蛋白", "il6": "白介素6",
    "age_y": "年龄", "weight_kg": "体重", "blasts_percent": "骨髓原始细胞", "prior_lines": "既往治疗线数",
    "extramedullary": "髓外病变", "cns_disease": "中枢病变", "prior_transplant": "既往移植", "bridging": "桥接治疗",
    "centre": "中心", "calendar": "日历时间", "grade": "证实分级", "oxygen": "吸氧级别", "vasopressors": "升压药数",
    "hypotension": "低血压", "fever": "发热", "hours_febrile": "已发热小时数",
}  # fmt: skip
_WORDS = {
    "age_y": "age, years", "weight_kg": "weight, kg", "blasts_percent": "marrow blasts, %",
    "prior_lines": "lines of treatment before", "extramedullary": "extramedullary disease",
    "cns_disease": "CNS disease", "prior_transplant": "transplant before", "bridging": "bridging therapy",
    "calendar": "calendar time, years since 2000",
    "oxygen": "oxygen class, proved", "vasopressors": "vasopressors, proved number", "hypotension": "hypotension",
    "fever": "fever", "hours_febrile": "hours of fever so far without a break",
}  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """Rows of the trial: course (place in `people`), step, and the minute it begins, since the course's minute 0."""

    who: npt.NDArray[np.int32]
    step: npt.NDArray[np.int32]
    minute: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Column:
    """One column over a grid: NaN where unknown. `age` of the value in hours, where it has one."""

    covariate: str
    name: str
    words: str
    words_zh: str
    values: FloatArray
    age: FloatArray | None = None


def grid_of(people: pl.DataFrame, steps: npt.NDArray[np.int64], length: int) -> Grid:
    """The rows of `people` with so many steps each, of `length` minutes."""
    first = np.cumsum(steps) - steps
    who = np.repeat(np.arange(people.height, dtype=np.int32), steps)
    step = (np.arange(int(steps.sum())) - np.repeat(first, steps)).astype(np.int32)
    zero = people.get_column("zero").to_numpy().astype(np.int64)
    return Grid(who, step, zero[who] + step.astype(np.int64) * length)


def known(stream: pl.DataFrame, people: pl.DataFrame, who: npt.NDArray[np.int32], minute: npt.NDArray[np.int64],
          column: str = "value") -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """(value, minute read) of the last row known at or before each minute; NaN where there is none."""
    of = people.select("course_id", who=pl.int_range(pl.len(), dtype=pl.Int64))
    rows = stream.join(of, on="course_id").sort("who", "minute", "read", maintain_order=True)
    key = rows.get_column("who").to_numpy() * 2**32 + rows.get_column("minute").to_numpy().astype(np.int64) + 2**31
    asked = who.astype(np.int64) * 2**32 + minute + 2**31
    place = np.searchsorted(key, asked, side="right") - 1
    there = (place >= 0) & (key[np.maximum(place, 0)] // 2**32 == who) if key.size else np.zeros(who.size, np.bool_)
    place = np.where(there, place, 0)

    def gathered(name: str) -> FloatArray:
        values = rows.get_column(name).cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return np.where(there, values[place], np.nan) if key.size else np.full(who.size, np.nan)

    return gathered(column), gathered("read")


def columns(ward: Ward, people: pl.DataFrame, grid: Grid, names: tuple[str, ...]) -> list[Column]:
    """The columns of covariates; those of the hour (`CLOCKS`) are no columns of the rows and are not in it."""
    return [made for name in names if name not in CLOCKS for made in _columns(ward, people, grid, name)]


def _columns(ward: Ward, people: pl.DataFrame, grid: Grid, name: str) -> Iterator[Column]:
    if name in STATES:
        yield from _state(ward, people, grid, name)
    elif name in FACTS:
        yield from _fact(ward, people, grid, name)
    elif name.endswith("_age"):
        base = _measured(ward, people, grid, name.removesuffix("_age"))
        if base.age is not None:
            yield Column(name, name, f"age of {base.words}, h", f"{base.words_zh}距今小时数", base.age)
    elif name.endswith("_trend"):
        yield _trend(ward, people, grid, name)
    else:
        yield _measured(ward, people, grid, name)


def _state(ward: Ward, people: pl.DataFrame, grid: Grid, name: str) -> Iterator[Column]:
    """What is proved; a second column where more than that cannot be excluded."""
    if name == "hours_febrile":
        yield _febrile(ward, people, grid)
        return
    stream = ward.stream(ward.trial.scale if name == "grade" else name)
    value, _ = known(stream, people, grid.who, grid.minute)
    words = f"proved grade, {scale_words(ward.trial.scale)}" if name == "grade" else _WORDS[name]
    yield Column(name, name, words, _ZH[name], value)
    if name in ("grade", "oxygen", "vasopressors"):
        most, _ = known(stream, people, grid.who, grid.minute, "at_most")
        more = np.where(np.isnan(value), np.nan, (most > value).astype(np.float64))
        column, said = (
            f"{name} not excluded higher",
            (f"{words}: more cannot be excluded", f"{_ZH[name]}：不能排除更高"),
        )
        yield Column(name, column, *said, more)


def _febrile(ward: Ward, people: pl.DataFrame, grid: Grid) -> Column:
    fever, since = known(ward.stream("fever"), people, grid.who, grid.minute)
    hours = np.where(fever > 0, (grid.minute - since) / 60, 0.0)
    return Column("hours_febrile", "hours_febrile", _WORDS["hours_febrile"], _ZH["hours_febrile"],
                  np.where(np.isnan(fever), np.nan, hours))  # fmt: skip


def _measured(ward: Ward, people: pl.DataFrame, grid: Grid, name: str) -> Column:
    value, read = known(_values(ward, name), people, grid.who, grid.minute)
    age = (grid.minute - read) / 60
    old = ~(age <= ward.trial.protocol.oldest_hours)  # also where there is none
    unit = variables()[name].unit
    per = "log2(1 + x), per doubling" if name in DOUBLING else unit
    words = f"{name.replace('_', ' ')}, {per}" if per else name.replace("_", " ")
    return Column(name, name, words, _ZH.get(name, name), np.where(old, np.nan, scaled(name, value)),
                  np.where(old, np.nan, age))  # fmt: skip


def scaled(name: str, value: FloatArray) -> FloatArray:
    """The value as the model sees it."""
    return np.log2(1 + np.maximum(value, 0)) if name in DOUBLING else value


def _trend(ward: Ward, people: pl.DataFrame, grid: Grid, name: str) -> Column:
    """The last value less the one known `trend_hours` before; unknown where either is."""
    base, hours = name.removesuffix("_trend"), ward.trial.protocol.trend_hours
    stream = _values(ward, base)
    (now, read), (before, earlier) = (known(stream, people, grid.who, grid.minute - back)
                                      for back in (0, round(60 * hours)))  # fmt: skip
    oldest = 60 * ward.trial.protocol.oldest_hours
    fresh = (grid.minute - read <= oldest) & (grid.minute - earlier <= oldest + 60 * hours)
    change = scaled(base, now) - scaled(base, before)
    words = f"change of {base.replace('_', ' ')} over {hours:g} h"
    return Column(name, name, words, f"{_ZH.get(base, base)} {hours:g} 小时变化", np.where(fresh, change, np.nan))


def _values(ward: Ward, name: str) -> pl.DataFrame:
    """course_id, minute known, read, value of a variable; vitals by the rules of the signs."""
    if name in VITALS:
        return ward.stream(name)
    key = f"value of {name}"
    if key not in ward.streams:
        at = clock_column(ward.parameters, "time")
        of = ward.courses.select("patient_id", "course_id", "time_zero", "ends")
        rows = ward.records.measurements.filter(pl.col("variable") == name, pl.col("precision") == "minute")
        rows = rows.join(of, on="patient_id").filter(pl.col("ends").is_null() | (at < pl.col("ends")))
        rows = rows.select("course_id", "value", minute=minute_of(at), read=minute_of(pl.col("time")))
        rows = rows.filter(pl.col("minute") > -SEEN_BEFORE_MINUTES).sort("course_id", "minute", "read", "value")
        newest = pl.col("read") >= pl.col("read").cum_max().shift(1).over("course_id")
        ward.streams[key] = rows.filter(newest.fill_null(True))
    return ward.streams[key]


def _fact(ward: Ward, people: pl.DataFrame, grid: Grid, name: str) -> Iterator[Column]:
    ids = people.select("course_id", "patient_id")
    if name in ("age_y", "weight_kg"):
        facts = ids.join(ward.courses.select("course_id", name), on="course_id", how="left", maintain_order="left")
    elif name == "calendar":
        facts = people.select("course_id", (pl.col("time_zero").dt.epoch("d") / 365.25 - 30).alias(name))
    else:
        columns_of = ward.records.patients.select("patient_id", name)
        facts = ids.join(columns_of, on="patient_id", how="left", maintain_order="left")
    if name == "centre":
        yield from _centres(facts.get_column(name), grid)
        return
    values = facts.get_column(name).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    yield Column(name, name, _WORDS[name], _ZH[name], values[grid.who])


def _centres(centre: pl.Series, grid: Grid) -> Iterator[Column]:
    """A column for every centre but the largest."""
    levels = centre.drop_nulls().value_counts(sort=True).sort("count", "centre", descending=[True, False])
    unknown = centre.is_null().to_numpy()
    for level in levels.get_column("centre").to_list()[1:]:
        values = np.where(unknown, np.nan, (centre == level).fill_null(False).to_numpy().astype(np.float64))
        yield Column("centre", f"centre {level}", f"centre {level}", f"中心 {level}", values[grid.who])
