"""The rows that prove a grade: which cells of a scale hold at a moment, with the value, file and row behind each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from tocsin import vocabulary
from tocsin.grading import Grading, scale_named
from tocsin.rules import Scale
from tocsin.signs.events import clock_column, merged_stays, minute_of
from tocsin.signs.parameters import Parameters
from tocsin.tables import EVIDENCE, Records

#: What each sign of a scale rests on: columns of the moments table.
BEHIND: dict[str, tuple[str, ...]] = {
    "fever": ("temperature",), "fever_carried": ("temperature",), "fever_waived": (),
    "hypotension": ("systolic", "mean_pressure"), "vasopressors": ("pressor",), "vasopressors_all": ("pressor",),
    "oxygen": ("device", "spo2"), "uses_ice": (), "uses_capd": (), "ice": ("ice",),
    "capd": ("capd",), "consciousness": ("consciousness",), "seizure": ("seizure",),
    "motor_weakness": ("motor_weakness",), "oedema": ("oedema",),
}  # fmt: skip
NAMES = {
    "temperature": "temperature", "systolic": "systolic pressure", "mean_pressure": "mean pressure",
    "spo2": "saturation", "device": "oxygen device", "pressor": "vasopressor", "ice": "ICE",
    "capd": "CAPD", "consciousness": "consciousness", "seizure": "seizure", "motor_weakness": "motor weakness",
    "oedema": "oedema",
}  # fmt: skip
_TABLE = {"device": "supports", "pressor": "drugs"} | dict.fromkeys(
    ("temperature", "systolic", "mean_pressure", "spo2"), "measurements"
)


def unit_of(slot: str) -> str:
    """` °C` and the like, empty where there is none."""
    found = vocabulary.variables().get(slot)
    return f" {found.unit}" if found and found.unit else ""


def value_words(slot: str, value: Any) -> str:
    """A value as it is said: `39.2 °C`, `nasal cannula`."""
    if isinstance(value, float):
        return f"{value:g}{unit_of(slot)}"
    return str(value).replace("_", " ") + unit_of(slot)


def slots_of(signs: Iterable[str], parameters: Parameters) -> tuple[str, ...]:
    """Columns of the moments table behind these signs, each once; a mean pressure only where it is used."""
    found = dict.fromkeys(slot for sign in signs for slot in BEHIND.get(sign, ()))
    return tuple(slot for slot in found if slot != "mean_pressure" or parameters.mean_below > 0)


def counts(slot: str, row: Mapping[str, Any]) -> bool:
    """Whether the value held in a slot takes part: it is known, and a saturation only where it stands for oxygen."""
    return row[f"{slot}_why"] is None and (slot != "spo2" or bool(row["provisional"] or row["oxygen_assumed"]))


def with_sources(moments: pl.DataFrame, records: Records, courses: pl.DataFrame, slots: Iterable[str]) -> pl.DataFrame:
    """Moments with `<slot>_at`, the file:row behind each value; null where there is none."""
    of = courses.select("patient_id", "course_id", "time_zero")
    for slot in slots:
        table = _TABLE.get(slot, "assessments")
        rows, instant = records.table(table), "start" if slot in ("device", "pressor") else "time"
        if table in ("measurements", "assessments"):
            rows = rows.filter(pl.col("variable" if table == "measurements" else "item") == slot)
        keys = [f"{slot}_minute", f"{slot}_row"]
        named = rows.join(of, on="patient_id").select(
            "course_id", minute_of(pl.col(instant)).alias(keys[0]), pl.col("source_row").alias(keys[1]),
            pl.format("{}:{}", "source", "source_row").alias(f"{slot}_at"),
        )  # fmt: skip
        named = named.unique(["course_id", *keys], keep="first", maintain_order=True)
        moments = moments.join(named, on=["course_id", *keys], how="left", maintain_order="left")
    return moments


def orders_at(moments: pl.DataFrame, records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Vasopressor orders that surely run at a moment: course_id, minute, drug, since, rate, rate_unit, at (file:row).

    `moments`: course_id, minute. The last row of every order up to the minute counts, rows of the present stay only.
    `since` is the minute of that row.
    """
    names = [name for name, drug in vocabulary.drugs().items() if drug.counts_as_vasopressor]
    rows = records.drugs.filter(
        pl.col("drug").is_in(names), pl.col("mode") == "infusion", pl.col("precision") == "minute"
    )
    rows = _without_empty(rows).join(courses.select("patient_id", "course_id", "time_zero"), on="patient_id")
    known = minute_of(clock_column(parameters, "start"))
    charted = rows.with_columns(known=known, since=minute_of(pl.col("start")), until=minute_of(pl.col("stop")))
    both = (
        moments.select("course_id", "minute")
        .unique(maintain_order=True)
        .join(charted, on="course_id", maintain_order="left")
    )
    both = both.filter(pl.col("known") <= pl.col("minute"))
    both = _same_stay(both, records)
    last = both.sort("since", "known", "runs", "source_row").unique(["course_id", "minute", "order"], keep="last")
    silent = round(parameters.pressor_silent_h * 60)
    running = last.filter(
        "runs",
        pl.col("until").is_null() | (pl.col("until") > pl.col("minute")),
        pl.col("minute") < pl.col("since") + silent,
    )
    return running.select(
        "course_id", "minute", "drug", "since", "rate", "rate_unit", at=pl.format("{}:{}", "source", "source_row")
    ).sort("course_id", "minute", "drug", "since")


def _without_empty(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `order` and `runs`; started and stopped at one instant is nothing unless the order ran before."""
    runs = pl.col("rate").is_null() | (pl.col("rate") > 0)
    rows = rows.with_columns(order=pl.concat_str(pl.col("order_id").fill_null("-"), "drug", separator="|"), runs=runs)
    instant = ["patient_id", "order", "start"]
    both = pl.col("runs").any() & (~pl.col("runs")).any()
    ends = rows.group_by(instant).agg(both=both, ends=pl.when(~both).then(pl.col("runs").any())).sort(instant)
    ran = pl.col("ends").forward_fill().shift(1).over("patient_id", "order").fill_null(False)
    empty = ends.select(*instant, nothing=pl.col("both") & ~ran)
    return rows.join(empty, on=instant, how="left").filter(~(pl.col("nothing") & pl.col("runs")))


def _same_stay(both: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Rows charted in the stay that holds the moment: orders are forgotten at a stay's end."""
    if "stays" not in records.supplied or both.is_empty():
        return both
    stays = merged_stays(records.stays).sort("start").rename({"start": "in_from", "stop": "in_to"})
    upto = (pl.col("time_zero") + pl.duration(minutes=pl.col("minute").cast(pl.Int64) + 1, microseconds=-1)).alias(
        "upto"
    )
    found = both.with_columns(upto).sort("upto").join_asof(
        stays, left_on="upto", right_on="in_from", by="patient_id", strategy="backward", check_sortedness=False
    )  # fmt: skip
    return found.filter(minute_of(pl.col("in_from")) <= pl.col("known"))


def evidence(grading: Grading, records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    """Contract `evidence`: for the first minute of every run with a grade, the criteria that hold, with sources.

    `grading` must hold moments. A death that makes grade 5 names the row of the death.
    """
    assert grading.signs.moments is not None
    parts = [EVIDENCE.empty()]
    for name in grading.grades.get_column("scale").unique(maintain_order=True):
        scale = scale_named(name)
        runs = grading.grades.filter(pl.col("scale") == name, pl.col("grade").is_between(1, 4)).select(
            "course_id", minute="from"
        )
        rows = runs.join(grading.signs.moments, on=["course_id", "minute"], maintain_order="left")
        parts.append(_cells(scale, rows, records, courses, grading.parameters))
    parts.append(_deaths(grading, records, courses))
    return pl.concat(parts).sort(
        "course_id", "minute", "scale", "grade", "axis", descending=[False, False, False, True, False]
    )


def _cells(
    scale: Scale, rows: pl.DataFrame, records: Records, courses: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """The cells that hold in each row. `Scale.explain` is asked once per different situation."""
    if rows.is_empty():
        return EVIDENCE.empty()
    columns = list(scale.columns)
    kinds = rows.select(columns).unique(maintain_order=True).with_row_index("kind")
    rows = rows.join(kinds, on=columns, nulls_equal=True, maintain_order="left")
    slots = slots_of((sign.name for sign in scale.signs), parameters)
    rows = with_sources(rows, records, courses, slots)
    explained = [scale.explain(kind) for kind in kinds.to_dicts()]
    orders = _orders_by_moment(rows, records, courses, parameters) if "pressor" in slots else {}
    made: list[dict[str, Any]] = []
    for row in rows.to_dicts():
        running = orders.get((row["course_id"], row["minute"]), [])
        for cell in explained[row["kind"]]:
            values, sources = _behind(slots_of(cell["signs"], parameters), row, running)
            made.append({
                "course_id": row["course_id"], "minute": row["minute"], "scale": scale.name, "grade": cell["grade"],
                "axis": cell["axis"], "criterion": cell["criterion"], "seen": "; ".join((cell["seen"], *values)),
                "decides": cell["decides"], "sources": " ".join(sources),
            })  # fmt: skip
    return EVIDENCE.frame(made)


def _orders_by_moment(
    rows: pl.DataFrame, records: Records, courses: pl.DataFrame, parameters: Parameters
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    treated = rows.filter(pl.col("vasopressors_all") > 0)
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for order in orders_at(treated, records, courses, parameters).to_dicts():
        found.setdefault((order["course_id"], order["minute"]), []).append(order)
    return found


def _behind(slots: Iterable[str], row: Mapping[str, Any], running: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Values in words and file:row of what a criterion rests on."""
    values: list[str] = []
    sources: list[str] = []
    for slot in slots:
        if slot == "pressor":
            values += [order_words(order) for order in running]
            sources += [order["at"] for order in running]
        elif row[f"{slot}_at"] is not None and counts(slot, row):
            values.append(f"{NAMES[slot]} {value_words(slot, row[slot])}")
            sources.append(row[f"{slot}_at"])
    return values, list(dict.fromkeys(sources))


def order_words(order: Mapping[str, Any]) -> str:
    """`norepinephrine 0.08 ug/kg/min`."""
    rate = "at an unknown rate" if order["rate"] is None else f"{order['rate']:g} {order['rate_unit'] or ''}".strip()
    return f"{order['drug'].replace('_', ' ')} {rate}"


def _deaths(grading: Grading, records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    fives = grading.grades.filter(pl.col("grade") == 5).select("course_id", "scale", minute="from")
    died = records.outcomes.filter(pl.col("what") == "death").sort("time").unique("patient_id", keep="first")
    rows = fives.join(courses.select("course_id", "patient_id"), on="course_id").join(died, on="patient_id")
    return EVIDENCE.frame(
        rows.select(
            "course_id",
            "minute",
            "scale",
            grade=pl.lit(5, pl.Int8),
            axis=pl.lit("death"),
            criterion=pl.lit("death adjudicated as due to the toxicity"),
            seen=pl.format(
                "death, cause {}, decided by {}",
                pl.col("value").fill_null("unknown"),
                pl.col("adjudicated_by").fill_null("nobody"),
            ),
            decides=pl.lit(True),
            sources=pl.format("{}:{}", "source", "source_row"),
        )
    )
