"""Rows of CLIF tables as rows of record tables, with the words as CLIF spells them."""

from __future__ import annotations

import polars as pl

from tocsin import vocabulary
from tocsin.records.ledger import Ledger
from tocsin.records.words import blank, by, renamed

VENTILATOR_NUMBERS = (
    "tidal_volume_set", "resp_rate_set", "pressure_control_set", "pressure_support_set", "flow_rate_set",
    "peak_inspiratory_pressure_set", "inspiratory_time_set", "peep_set", "tidal_volume_obs", "resp_rate_obs",
    "plateau_pressure_obs", "peak_inspiratory_pressure_obs", "peep_obs", "minute_vent_obs", "mean_airway_pressure_obs",
)  # fmt: skip
# a device name may only say more than its category, never something else
_FINER = {
    "face_mask": ("simple_mask", "face_tent", "aerosol_mask", "venturi", "partial_rebreather", "non_rebreather"),
    "other": ("blow_by", "t_piece"),
}
_ROW = ("patient_id", "source", "source_row")
_BLOOD = ("plasma_blood", "blood/plasma/serum", "blood", "plasma", "serum")
_BLOW_BY = "blow by"  # a mode in 2.1, a device in 3.0; no ventilator mode


def patient_of(hospitalizations: pl.DataFrame | None, ledger: Ledger) -> pl.DataFrame:
    """hospitalization_id to patient_id. One id that stands for two patients stands for none."""
    if hospitalizations is None:
        return pl.DataFrame(schema={"hospitalization_id": pl.String, "__patient": pl.String})
    both = hospitalizations.drop_nulls(["hospitalization_id", "patient_id"])
    several = pl.col("patient_id").n_unique().over("hospitalization_id") > 1
    ledger.note(
        both.filter(several), "C.hospitalization-two-patients", "one hospitalization of two patients",
        "its rows belong to no known patient", decide=True,
    )  # fmt: skip
    return both.filter(~several).select("hospitalization_id", pl.col("patient_id").alias("__patient")).unique()


def with_patient(frame: pl.DataFrame, patients: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the patient_id of its hospitalization, null where that is not known."""
    if "patient_id" in frame.columns:
        return frame
    joined = frame.join(patients, on="hospitalization_id", how="left", maintain_order="left")
    return joined.rename({"__patient": "patient_id"})


def patients(patient: pl.DataFrame, hospitalizations: pl.DataFrame | None) -> pl.DataFrame:
    """Sex, birth date, and the age at the earliest hospitalization."""
    made = patient.select(*_ROW, pl.col("sex_category").alias("sex"), pl.col("birth_date").dt.date())
    if hospitalizations is None:
        return made
    known = hospitalizations.drop_nulls(["patient_id", "admission_dttm", "age_at_admission"])
    first = known.sort("patient_id", "admission_dttm", "source_row").unique(
        "patient_id", keep="first", maintain_order=True
    )
    age = first.select("patient_id", pl.col("age_at_admission").alias("age_y"))
    return made.join(age, on="patient_id", how="left", maintain_order="left")


def hospitalizations(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Hospital stays; a discharge category that says nothing is left empty and counted."""
    frame = renamed(frame, "discharge_category", "__to", by(vocabulary.word_spellings("discharge")))
    unknown = pl.col("__to").is_null() & ~blank("discharge_category")
    ledger.note(
        frame.filter(unknown),
        "C.discharge-unknown",
        "discharge category: a word that is not known",
        "left empty",
        "changed",
    )
    nothing = (pl.col("__to") == "not_recorded") | blank("discharge_category")
    ledger.note(frame.filter(nothing), "M.discharge-missing", "discharge category not recorded", "left empty")
    return frame.select(
        *_ROW, pl.col("admission_dttm").alias("start"), pl.col("discharge_dttm").alias("stop"),
        pl.lit("hospital").alias("kind"),
        pl.col("hospitalization_id").alias("stay_id"), pl.when(~nothing).then("__to").alias("discharge_to"),
    )  # fmt: skip


def locations(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Stays on a unit."""
    del ledger
    return frame.select(
        *_ROW, pl.col("in_dttm").alias("start"), pl.col("out_dttm").alias("stop"),
        pl.col("location_category").alias("kind"),
        pl.col("hospitalization_id").alias("stay_id"),
    )  # fmt: skip


def vitals(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Vital signs in the unit that CLIF fixes per category. In 3.0 the measured time is the time."""
    del ledger
    frame = renamed(frame, "vital_category", "unit", lambda word: v.unit if (v := vocabulary.variable(word)) else None)
    return frame.select(
        *_ROW, pl.coalesce("measured_dttm", "recorded_dttm").alias("time"),
        pl.when(pl.col("measured_dttm").is_not_null()).then("recorded_dttm").alias("available_time"),
        pl.col("vital_category").alias("variable"), pl.col("vital_value").alias("value"), "unit",
        pl.col("vital_name").alias("method"), pl.col("meas_site_name").alias("site"),
    )  # fmt: skip


def labs(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Laboratory values of blood: true when collected, known when resulted. Urine creatinine is no creatinine."""
    del ledger
    specimen = pl.col("lab_specimen_category")
    elsewhere = (specimen.is_not_null() & ~specimen.str.to_lowercase().is_in(list(_BLOOD))).fill_null(False)
    # 3.0 has bilirubin beside bilirubin_total and does not say which it is
    vague = pl.col("lab_category").str.to_lowercase() == "bilirubin"
    category = (
        pl.when(elsewhere).then(pl.lit("reading of another specimen"))
        .when(vague).then(pl.lit("bilirubin of unknown kind"))
        .otherwise("lab_category")
    )  # fmt: skip
    return frame.select(
        *_ROW, pl.col("lab_collect_dttm").alias("time"), pl.col("lab_result_dttm").alias("available_time"),
        category.alias("variable"), pl.col("lab_value_numeric").alias("value"),
        pl.col("lab_value").alias("value_text"), pl.col("reference_unit").alias("unit"),
    )  # fmt: skip


def _drug(frame: pl.DataFrame) -> list[pl.Expr]:
    return [
        *(pl.col(name) for name in _ROW), pl.col("admin_dttm").alias("start"),
        pl.coalesce("med_category", "med_name").alias("drug"), pl.col("med_order_id").alias("order_id"),
        pl.col("med_route_category").alias("route"),
    ]  # fmt: skip


def _actions(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """`frame` with `__action` (run, verify, stop, not_given); doses that were not given are set aside."""
    frame = renamed(frame, "mar_action_category", "__action", by(vocabulary.word_spellings("action")))
    return ledger.exclude(frame, pl.col("__action") == "not_given", "C.not-given", "charted as not given")


def infusions(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Rates of infusions. A stop is rate 0 whatever stands beside it; a verification without a rate says nothing."""
    frame = _actions(frame, ledger)
    stop = (pl.col("__action") == "stop").fill_null(False)
    ledger.note(
        frame.filter(stop & (pl.col("med_dose") != 0)),
        "P.stop-with-rate",
        "a stop with a rate",
        "taken as stopped",
        "changed",
    )
    frame = ledger.exclude(
        frame, (pl.col("__action") == "verify") & pl.col("med_dose").is_null(), "M.verified-without-rate",
        "a verification without a rate", done="set aside: the rate before it stands",
    )  # fmt: skip
    unknown = pl.col("__action").is_null()
    frame = ledger.exclude(
        frame, unknown & pl.col("med_dose").is_null(), "C.action-unknown",
        "an action that is missing or not known, without a rate",
        decide=True,
    )  # fmt: skip
    ledger.note(
        frame.filter(unknown), "C.action-unknown", "an action that is missing or not known",
        "its rate is taken as charted",
        decide=True,
    )  # fmt: skip
    rate = pl.when(stop).then(0.0).otherwise(pl.col("med_dose")).alias("rate")
    return frame.select(
        *_drug(frame), pl.lit("infusion").alias("mode"), rate, pl.col("med_dose_unit").alias("rate_unit")
    )


def doses(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Single doses. Where the action is not known, nobody can say whether it was given."""
    frame = _actions(frame, ledger)
    written = frame.get_column("mar_action_category").is_not_null().any()
    odd = (pl.col("__action").is_null() & pl.lit(written)) | (pl.col("__action") == "stop")
    frame = ledger.exclude(frame, odd, "C.action-unknown", "a dose whose action is not known", decide=True)
    return frame.select(
        *_drug(frame),
        pl.lit("dose").alias("mode"),
        pl.col("med_dose").alias("dose"),
        pl.col("med_dose_unit").alias("dose_unit"),
    )


def supports(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Oxygen devices. The name of the device refines its category; a category that is not known stays as written."""
    frame = renamed(frame, "device_category", "__class", by(vocabulary.device_spellings()))
    frame = renamed(frame, "device_name", "__name", by(vocabulary.device_spellings()))
    no_class, name = blank("device_category"), pl.col("__name")
    finer = pl.any_horizontal(
        *((pl.col("__class") == coarse) & name.is_in(list(fine)) for coarse, fine in _FINER.items())
    ).fill_null(False)  # fmt: skip
    tube = (pl.col("__class") == "ventilator") & _is_tube(name)
    other = (
        (name != pl.col("__class")) & ~finer & ~((pl.col("__class") == "ventilator") & (name == "tracheostomy_tube"))
    )
    ledger.note(
        frame.filter(other.fill_null(False)), "C.device-contradiction", "device name and category say different things",
        "the category is taken",
    )  # fmt: skip
    tube = tube.fill_null(False)
    ledger.note(
        frame.filter(tube), "C.tracheostomy-tube",
        "tracheostomy tube charted as ventilation, without any ventilator setting",
        "taken as a tracheostomy tube: high flow, not ventilation", "changed",
    )  # fmt: skip
    blown = (no_class | (pl.col("__class") == "other")) & _blow_by()
    device = (
        pl.when(blown.fill_null(False)).then(pl.lit("blow_by"))
        .when(tube).then(pl.lit("tracheostomy_tube"))
        .when(no_class).then("device_name")
        .when(finer).then(name)
        .otherwise("device_category")
    )  # fmt: skip
    return frame.select(
        *_ROW, pl.col("recorded_dttm").alias("start"), device.alias("device"), pl.col("lpm_set").alias("flow_l_min"),
        pl.col("fio2_set").alias("fio2"),
    )  # fmt: skip


def _is_tube(name: pl.Expr) -> pl.Expr:
    """A tracheostomy tube with nothing set or measured on a ventilator."""
    pierced = pl.col("tracheostomy").str.to_lowercase().is_in(["true", "1"]).fill_null(False)
    nothing = pl.all_horizontal(*(pl.col(number).is_null() for number in VENTILATOR_NUMBERS))
    nothing = nothing & (blank("mode_category") | _blow_by())
    return ((name == "tracheostomy_tube").fill_null(False) | (blank("device_name") & pierced)) & nothing


def _blow_by() -> pl.Expr:
    return (pl.col("mode_category").str.to_lowercase().str.replace("_", " ") == _BLOW_BY).fill_null(False)


def deaths(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Deaths from the table of patients."""
    del ledger
    return frame.filter(pl.col("death_dttm").is_not_null()).select(
        *_ROW, pl.col("death_dttm").alias("time"), pl.lit("death").alias("what")
    )


def deaths_without_a_time(patient: pl.DataFrame, hospitalizations: pl.DataFrame, ledger: Ledger) -> None:
    """Discharged dead, and no time of death anywhere: somebody must look."""
    stays = renamed(hospitalizations, "discharge_category", "__to", by(vocabulary.word_spellings("discharge")))
    dead = patient.filter(pl.col("death_dttm").is_not_null())
    rows = stays.filter(pl.col("__to") == "expired").join(dead, on="patient_id", how="anti")
    ledger.note(
        rows, "M.death-time-missing", "discharged dead without a time of death", "the death is not counted", decide=True
    )
