"""What the virtual ward wrote, as tables of CLIF 2.1.

CLIF holds vital signs, results, drugs, oxygen and stays, so CRS is graded alike. It does not hold ICE or CAPD items,
consciousness, seizure, motor weakness and oedema as tocsin reads them (no ICANS grade), cultures, response, MRD,
relapse or transplant (no endpoint but death), the cause of a death, blasts, disease and lymphodepletion.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from tocsin.virtual import log
from tocsin.virtual.records import MONTH_DAYS, Chart, died, drugs, infusions, patients, pressors, stays
from tocsin.vocabulary import devices, variables

NOT_HELD = (
    "ICE, CAPD, consciousness, seizure, motor weakness and oedema (so no ICANS grade)", "cultures",
    "response, MRD, relapse and transplant", "the cause of a death", "blasts, disease and lymphodepletion",
)  # fmt: skip
_KINDS = {"ICU": "icu", "hospital": "ward"}
_ROUTES = {"oral": "enteral", "subcutaneous": "sc"}
_WHERE = {"died": "Expired", "home": "Home", "transfer": "Acute Care Hospital"}
_CLIF_UNITS = {"ug/kg/min": "mcg/kg/min", "U/min": "units/min"}


def _utc(frame: pl.DataFrame) -> pl.DataFrame:
    """Instants as CLIF wants them: UTC."""
    zoned = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime) and dtype.time_zone]
    return frame.with_columns(pl.col(name).dt.convert_time_zone("UTC") for name in zoned)


def _name(number: str = "hospital_no") -> pl.Expr:
    return pl.format("{}-1", number).alias("hospitalization_id")


def patient(chart: Chart) -> pl.DataFrame:
    """Demography and death. A later death is known to the day (local midnight). Birth dates are midnights of UTC."""
    everyone, dead = np.arange(chart.batch.facts.height), died(chart)
    told = chart.batch.outcomes
    late = (told.get_column("death_month") * MONTH_DAYS).fill_null(-1).to_numpy()
    followed = told.get_column("followed_months").to_numpy() * MONTH_DAYS
    day = chart.day(everyone, np.floor(np.maximum(late, 0)))
    midnight = day.cast(pl.Datetime("us")).dt.replace_time_zone(chart.hospital.zone, non_existent="null")
    frame = patients(chart).select("hospital_no", "sex", "birth_date").with_columns(
        minute=chart.when(everyone, np.maximum(dead, 0)), midnight=midnight, here=pl.Series(dead >= 0),
        later=pl.Series((late >= 0) & (late <= followed)),
    )  # fmt: skip
    died_at = pl.when("here").then("minute").when("later").then("midnight")
    return frame.select(
        patient_id="hospital_no", race_category=pl.lit("Unknown"), ethnicity_category=pl.lit("Unknown"),
        sex_name="sex", sex_category=pl.col("sex").str.to_titlecase(),
        birth_date=pl.col("birth_date").cast(pl.Datetime("us", "UTC")), death_dttm=died_at,
        language_category=pl.lit("Unknown"),
    )  # fmt: skip


def hospitalization(chart: Chart) -> pl.DataFrame:
    """One stay a patient."""
    frame = stays(chart).filter(pl.col("unit") == "hospital").with_columns(age=chart.batch.facts.get_column("age_y"))
    return frame.select(
        _name(), patient_id="hospital_no", admission_dttm="admitted", discharge_dttm="discharged",
        age_at_admission=pl.col("age").floor().cast(pl.Int64), admission_type_category=pl.lit("elective"),
        discharge_category=pl.col("discharge_to").replace_strict(_WHERE),
    )  # fmt: skip


def adt(chart: Chart) -> pl.DataFrame:
    """Where the patient lay; the ward's own row spans the whole stay."""
    kind = pl.col("unit").replace_strict(_KINDS)
    return stays(chart).select(
        _name(), patient_id="hospital_no", hospital_id=pl.lit("virtual"), in_dttm="admitted", out_dttm="discharged",
        location_name="unit", location_category=kind, location_type=pl.lit(None, pl.String),
    )  # fmt: skip


def _category(kind: str) -> pl.Series:
    """CLIF's word for each variable of the log."""
    return pl.Series([next(iter(variables()[name].clif), name) for name in log.VARIABLES], dtype=pl.String).alias(kind)


def vitals(chart: Chart) -> pl.DataFrame:
    """One row a reading, and the weight at admission, which rates by weight need."""
    rows = chart.rows(log.TEMPERATURE, log.SPO2)
    words = _category("vital_category").gather(rows["what"])
    site = pl.when(pl.col("vital_category") == "temp_c").then(pl.lit("oral")).alias("meas_site_name")
    cuff = pl.col("vital_category").is_in(["sbp", "dbp", "map"])
    name = pl.when(cuff).then(pl.lit("nibp")).otherwise("vital_category")
    read = chart.frame(rows, vital_category=words, vital_value=rows["value"], place=rows["patient"])
    facts, everyone = chart.batch.facts, np.arange(chart.batch.facts.height)
    weight = pl.DataFrame({
        "hospital_no": chart.who(everyone), "time": chart.when(everyone, chart.admitted()),
        "vital_value": facts.get_column("weight_kg"), "place": pl.Series(everyone, dtype=pl.Int32),
    }).with_columns(vital_category=pl.lit("weight_kg"))  # fmt: skip
    both = pl.concat([weight.select(read.columns), read]).sort("place", maintain_order=True)
    return both.select(
        _name(), recorded_dttm="time", vital_name=name, vital_category="vital_category",
        vital_value="vital_value", meas_site_name=site,
    )  # fmt: skip


def labs(chart: Chart) -> pl.DataFrame:
    """One row a result of blood."""
    rows = chart.rows(log.CRP, log.FIBRINOGEN)
    late = np.nan_to_num(rows["more"]).astype(np.int64)
    known = chart.when(rows["patient"], rows["minute"] + late)
    words = _category("lab_category").gather(rows["what"])
    units = pl.Series([variables()[name].unit for name in log.VARIABLES]).gather(rows["what"])
    frame = chart.frame(rows, known=known, category=words, value=rows["value"], unit=units)
    return frame.select(
        _name(), lab_order_dttm="time", lab_collect_dttm="time", lab_result_dttm="known", lab_name="category",
        lab_category="category", lab_value=pl.col("value").cast(pl.String), lab_value_numeric="value",
        reference_unit="unit", lab_specimen_category=pl.lit("blood/plasma/serum"),
    )  # fmt: skip


def _administered(frame: pl.DataFrame, order: pl.Expr, action: pl.Expr) -> pl.DataFrame:
    route = pl.col("route").replace(_ROUTES)
    return frame.select(
        _name(), med_order_id=order, admin_dttm="time", med_name="drug", med_category="drug",
        med_route_category=route, med_dose="dose", med_dose_unit="unit", mar_action_category=action,
    )  # fmt: skip


def medication_admin_intermittent(chart: Chart) -> pl.DataFrame:
    """Single doses, the CAR-T infusion among them."""
    cells = infusions(chart).select("hospital_no", time="infused_at", drug="product", dose="cells_per_kg", unit="unit")
    doses = drugs(chart).rename({"given_at": "time", "dose_unit": "unit"})
    both = pl.concat([cells.with_columns(route=pl.lit("iv")), doses], how="diagonal").sort(
        "hospital_no", maintain_order=True
    )
    number = pl.format("D{}", pl.int_range(1, pl.len() + 1).over("hospital_no"))
    return _administered(both, number, pl.lit("given"))


def medication_admin_continuous(chart: Chart) -> pl.DataFrame:
    """Every change of rate of a vasopressor."""
    rows = pressors(chart).rename({"from": "time", "rate": "dose", "rate_unit": "unit"})
    first = pl.struct("hospital_no", "order_no").is_first_distinct()
    action = (
        pl.when(pl.col("dose") == 0).then(pl.lit("stop"))
        .when(first).then(pl.lit("start")).otherwise(pl.lit("dose_change"))
    )  # fmt: skip
    rows = rows.with_columns(route=pl.lit("iv"), unit=pl.col("unit").replace(_CLIF_UNITS), __action=action)
    return _administered(rows, pl.col("order_no"), pl.col("__action"))


def respiratory_support(chart: Chart) -> pl.DataFrame:
    """One row a change or a check of the device."""
    rows = chart.rows(log.DEVICE)
    names = pl.Series([devices()[name].clif_2_1 for name in log.DEVICES]).gather(rows["key"])
    frame = chart.frame(rows, device=names, flow=rows["value"], fio2=rows["more"])
    return frame.select(
        _name(), recorded_dttm="time", device_name="device", device_category="device",
        mode_category=pl.lit(None, pl.String), tracheostomy=pl.lit(False), fio2_set=pl.col("fio2").fill_nan(None),
        lpm_set=pl.col("flow").fill_nan(None),
    )  # fmt: skip


TABLES: dict[str, Callable[[Chart], pl.DataFrame]] = {
    "patient": patient, "hospitalization": hospitalization, "adt": adt, "vitals": vitals, "labs": labs,
    "medication_admin_intermittent": medication_admin_intermittent,
    "medication_admin_continuous": medication_admin_continuous, "respiratory_support": respiratory_support,
}  # fmt: skip


def tables(chart: Chart) -> dict[str, pl.DataFrame]:
    """CLIF tables of one batch, without the prefix clif_."""
    return {name: _utc(make(chart)) for name, make in TABLES.items()}
