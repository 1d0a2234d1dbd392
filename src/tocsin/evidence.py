"""The rows that prove a grade: which cells of a scale hold at a moment, with the value, file and row behind each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from tocsin import vocabulary
from tocsin.grades import FINAL
from tocsin.grading import Grading, scale_named
from tocsin.rules import Scale
from tocsin.signs.acts import LABS, clock_column, merged_stays, minute_of
from tocsin.signs.parameters import Parameters
from tocsin.tables import EVIDENCE, Records

#: What each sign of a scale rests on: columns of the moments table.
BEHIND: dict[str, tuple[str, ...]] = {
    "fever": ("temperature",), "fever_carried": ("temperature",), "fever_waived": (),
    "hypotension": ("systolic", "mean_pressure"), "vasopressors": ("pressor",), "vasopressors_all": ("pressor",),
    "oxygen": ("device", "spo2"), "uses_ice": (), "uses_capd": (), "ice": ("ice",),
    "capd": ("capd",), "consciousness": ("consciousness",), "seizure": ("seizure",),
    "motor_weakness": ("motor_weakness",), "oedema": ("oedema",), "fio2_at_least_040": ("device",),
    "high_dose_lee": ("pressor",), "high_dose_penn": ("pressor",), "pressors_long": ("pressor",),
    "fluids": ("fluid",), "coagulation_product": ("coagulation",), "iv_therapy": ("crs_care",),
    "creatinine_grade": ("creatinine", "ctcae_creatinine"), "transaminase_grade": ("ast", "alt", "ctcae_transaminase"),
    "organ_grade": ("creatinine", "ctcae_creatinine", "bilirubin", "fibrinogen", "ctcae_organ"),
    "cartox10": ("cartox10",), "papilloedema": ("papilloedema",),
}  # fmt: skip
#: Slots without a place in the moments: rows of the drugs table.
TREATMENTS = ("pressor", "fluid", "coagulation")
NAMES = {
    "temperature": "temperature", "systolic": "systolic pressure", "mean_pressure": "mean pressure",
    "spo2": "saturation", "device": "oxygen device", "pressor": "vasopressor", "ice": "ICE",
    "capd": "CAPD", "consciousness": "consciousness", "seizure": "seizure", "motor_weakness": "motor weakness",
    "oedema": "oedema", "creatinine": "creatinine", "bilirubin": "bilirubin", "ast": "AST", "alt": "ALT",
    "fibrinogen": "fibrinogen", "ctcae_creatinine": "creatinine grade as charted",
    "ctcae_transaminase": "transaminase grade as charted", "ctcae_organ": "organ grade as charted",
    "cartox10": "CARTOX-10", "papilloedema": "papilloedema", "crs_care": "care for CRS", "fluid": "fluid",
    "coagulation": "coagulation product",
}  # fmt: skip
_MEASURED = ("temperature", "systolic", "mean_pressure", "spo2", *LABS)
_TABLE = {"device": "supports"} | dict.fromkeys(_MEASURED, "measurements")
_ITEMS = {"ctcae_creatinine": ("ctcae_creatinine", "dialysis")}


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
        if slot in TREATMENTS:
            continue
        table = _TABLE.get(slot, "assessments")
        rows, instant = records.table(table), "start" if slot in ("device", "pressor") else "time"
        if table in ("measurements", "assessments"):
            rows = rows.filter(
                pl.col("variable" if table == "measurements" else "item").is_in(_ITEMS.get(slot, (slot,)))
            )
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


def doses_at(
    moments: pl.DataFrame, records: Records, courses: pl.DataFrame, group: str, hours: float, parameters: Parameters
) -> pl.DataFrame:
    """Doses of a drug group that still count at a moment, columns as `orders_at` with the dose as the rate."""
    names = [name for name, drug in vocabulary.drugs().items() if drug.group == group]
    rows = records.drugs.filter(pl.col("drug").is_in(names), pl.col("precision") == "minute")
    rows = rows.join(courses.select("patient_id", "course_id", "time_zero"), on="patient_id")
    rows = rows.with_columns(known=minute_of(clock_column(parameters, "start")), since=minute_of(pl.col("start")))
    both = moments.select("course_id", "minute").unique(maintain_order=True).join(rows, on="course_id")
    minute = pl.col("minute")
    both = both.filter(pl.col("known") <= minute, minute < pl.col("since") + round(60 * hours))
    return _same_stay(both, records).select(
        "course_id", "minute", "drug", "since", rate=pl.col("dose"), rate_unit=pl.col("dose_unit"),
        at=pl.format("{}:{}", "source", "source_row"),
    ).sort("course_id", "minute", "since")  # fmt: skip


def treatments_at(
    moments: pl.DataFrame, records: Records, courses: pl.DataFrame, parameters: Parameters, slots: Iterable[str]
) -> list[dict[str, Any]]:
    """Rows of the drugs table behind the treatment slots at each moment, with the `slot` each stands for."""
    found: list[dict[str, Any]] = []
    for slot in slots:
        if slot == "pressor":
            rows = orders_at(moments, records, courses, parameters)
        elif slot in TREATMENTS:
            hours = parameters.fluid_window_h if slot == "fluid" else parameters.product_h
            rows = doses_at(moments, records, courses, slot, hours, parameters)
        else:
            continue
        found += [{**row, "slot": slot} for row in rows.to_dicts()]
    return found


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
        if name in FINAL:
            continue  # the prospective reading has the rows
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
    orders = dict[tuple[str, int], list[dict[str, Any]]]()
    for given in treatments_at(_treated(rows), records, courses, parameters, slots):
        orders.setdefault((given["course_id"], given["minute"]), []).append(given)
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


def _treated(rows: pl.DataFrame) -> pl.DataFrame:
    """Moments at which a treatment is proved to count."""
    treated = pl.col("vasopressors_all") > 0
    if "fluids" in rows.columns:
        treated = treated | (pl.col("fluids") > 0) | pl.col("coagulation_product").fill_null(False)
    return rows.filter(treated)


def _behind(slots: Iterable[str], row: Mapping[str, Any], running: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Values in words and file:row of what a criterion rests on."""
    values: list[str] = []
    sources: list[str] = []
    for slot in slots:
        if slot in TREATMENTS:
            values += [order_words(order) for order in running if order["slot"] == slot]
            sources += [order["at"] for order in running if order["slot"] == slot]
        elif row[f"{slot}_at"] is not None and counts(slot, row):
            values.append(f"{NAMES[slot]} {value_words(slot, row[slot])}")
            sources.append(row[f"{slot}_at"])
    return values, list(dict.fromkeys(sources))


def order_words(order: Mapping[str, Any]) -> str:
    """`norepinephrine 0.08 ug/kg/min`, `sodium chloride 500 mL`."""
    unsaid = "at an unknown rate" if order.get("slot", "pressor") == "pressor" else ""
    rate = unsaid if order["rate"] is None else f"{order['rate']:g} {order['rate_unit'] or ''}".strip()
    return f"{order['drug'].replace('_', ' ')} {rate}".strip()


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
