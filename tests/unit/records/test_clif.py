"""CLIF folders made by hand, as CSV and Parquet, in both spellings."""

from datetime import UTC, datetime

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.records import read, read_clif
from unit.records.rows import codes, found

T = "2026-03-01 08:{:02d}:00+00:00"
PATIENT = [{"patient_id": "a", "sex_category": "Female", "birth_date": None, "death_dttm": None}]
HOSPITAL = [
    {"patient_id": "a", "hospitalization_id": "h1", "admission_dttm": "2026-03-01 00:00:00+00:00",
     "discharge_dttm": "2026-03-20 00:00:00+00:00", "age_at_admission": 12, "discharge_category": "Home"}
]  # fmt: skip
SETTINGS = {
    "fio2_set": None,
    "lpm_set": None,
    "mode_category": None,
    "tracheostomy": 0,
    "device_name": None,
    "peep_set": None,
}


def drug(minute, category, value, unit, action, **more):
    return {
        "hospitalization_id": "h1",
        "med_order_id": "1",
        "med_category": category,
        "admin_dttm": T.format(minute),
        "med_dose": value,
        "med_dose_unit": unit,
        "mar_action_category": action,
        "med_route_category": "iv",
        **more,
    }


def vital(minute, category, value, **more):
    return {
        "hospitalization_id": "h1",
        "recorded_dttm": T.format(minute),
        "vital_category": category,
        "vital_value": value,
        **more,
    }


def support(minute, category, **more):
    return {
        "hospitalization_id": "h1",
        "recorded_dttm": T.format(minute),
        "device_category": category,
        **SETTINGS,
        **more,
    }


def lab(minute, category, value, unit, **more):
    return {"hospitalization_id": "h1", "lab_collect_dttm": T.format(minute), "lab_result_dttm": T.format(minute + 9),
            "lab_category": category, "lab_value": value, "reference_unit": unit, **more}  # fmt: skip


def folder(path, ending="csv", **tables):
    for name, rows in {"patient": PATIENT, "hospitalization": HOSPITAL, **tables}.items():
        frame = pl.DataFrame(rows, infer_schema_length=None)
        target = path / f"clif_{name}.{ending}"
        if ending == "csv":
            frame.write_csv(target)
        else:
            frame.write_parquet(target)
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rates_stops_and_actions(tmp_path, ending):
    rows = [
        drug(0, "norepinephrine", 0.1, "mcg/kg/min", "start"), drug(5, "norepinephrine", None, None, "verify"),
        drug(10, "norepinephrine", 0.2, "mcg/kg/min", "verify"), drug(15, "norepinephrine", 0.3, "mcg/kg/min", "stop"),
        drug(20, "vasopressin", 2.4, "units/hour", "going"), drug(25, "vasopressin", 2.4, "units/hour", "not_given"),
        drug(30, "vasopressin", 3.0, "units/hour", "other"), drug(35, "vasopressin", None, None, "vanish"),
        drug(40, "vasopressin", None, "units/hour", "stop"),
    ]  # fmt: skip
    records = read_clif(folder(tmp_path, ending, medication_admin_continuous=rows), zone="UTC")
    assert records.drugs.select("drug", "rate", "source_row").rows() == [
        ("norepinephrine", 0.1, 1), ("norepinephrine", 0.2, 3), ("norepinephrine", 0.0, 4),
        ("vasopressin", 0.04, 5), ("vasopressin", 0.05, 7), ("vasopressin", 0.0, 9),
    ]  # fmt: skip
    assert found(records, "P.stop-with-rate")["row"] == 4
    assert found(records, "M.verified-without-rate")["row"] == 2
    assert found(records, "C.not-given")["row"] == 6
    unknown = records.findings.filter(pl.col("code") == "C.action-unknown")
    assert sorted(unknown.select("row", "effect", "needs_decision").rows()) == [
        (7, "noted", True),
        (8, "excluded", True),
    ]
    row = records.account.filter(pl.col("source").str.starts_with("clif_medication")).row(0)
    assert row[1:] == (9, 6, 3, 0)


def test_drugs_are_supplied_only_with_both_tables(tmp_path):
    infusions = [drug(0, "norepinephrine", 0.1, "mcg/kg/min", "start")]
    records = read_clif(folder(tmp_path, medication_admin_continuous=infusions), zone="UTC")
    assert "drugs" not in records.supplied
    assert records.drugs.height == 1
    missing = records.findings.filter(pl.col("code") == "M.table-missing").get_column("source").to_list()
    assert {"clif_medication_admin_intermittent", "clif_vitals", "clif_respiratory_support"} <= set(missing)
    doses = [
        drug(0, "tocilizumab", 480, "mg", "given"),
        drug(1, "tocilizumab", 480, "mg", "not_given"),
        drug(2, "tocilizumab", 480, "mg", "other"),
    ]
    both = read_clif(
        folder(tmp_path, medication_admin_continuous=infusions, medication_admin_intermittent=doses), zone="UTC"
    )
    assert "drugs" in both.supplied
    assert both.drugs.filter(pl.col("drug") == "tocilizumab").get_column("source_row").to_list() == [1]
    assert found(both, "C.not-given")["count"] == 1
    assert found(both, "C.action-unknown")["needs_decision"]


DEVICES = [
    ("Nasal Cannula", "nasal_cannula", "Nasal cannula", "nasal_cannula"),
    ("High Flow NC", "hfnc", "High flow neb", "hfnc"),
    ("Face Mask", "face_mask", "Non-rebreather", "non_rebreather"),
    ("Face Mask", "face_mask", "Venti mask ", "venturi"),
    ("Face Mask", "face_mask", "something", "face_mask"),
    ("NIPPV", "nippv", "Bipap mask ", "bipap"),
    ("CPAP", "cpap", None, "cpap"),
    ("IMV", "imv", "Endotracheal tube", "ventilator"),
    ("IMV", "imv", "Tracheostomy tube", "tracheostomy_tube"),
    ("Trach Collar", "trach_collar", None, "trach_collar"),
    ("Room Air", "room_air", None, "room_air"),
    ("Other", "other", None, "other"),
    ("Other", "other", "Blow by", "blow_by"),
    ("Other", "other", "Room air", "other"),
    ("Nasal Cannula", "nasal_cannula", "Endotracheal tube", "nasal_cannula"),
    ("Nasal-Cannula", "nasalcannula", "Nasal cannula", "unrecognised"),
    ("RoomAir", "roomair", None, "unrecognised"),
    (None, None, "Nasal cannula", "nasal_cannula"),
    (None, None, "gadget", "unrecognised"),
    (None, None, None, None),
]


@pytest.mark.parametrize("version", [0, 1])
def test_devices_of_both_versions(tmp_path, version):
    rows = [support(n, case[version], device_name=case[2]) for n, case in enumerate(DEVICES)]
    records = read_clif(folder(tmp_path, respiratory_support=rows), zone="UTC")
    assert records.supports.get_column("device").to_list() == [case[3] for case in DEVICES]
    assert found(records, "C.device-unknown")["count"] == 3
    assert found(records, "C.device-contradiction")["count"] == 2


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "tracheostomy_tube"), ({"peep_set": 5.0}, "ventilator"), ({"mode_category": "SIMV"}, "ventilator"),
        ({"mode_category": "Blow by"}, "tracheostomy_tube"), ({"fio2_set": 0.4, "lpm_set": 8.0}, "tracheostomy_tube"),
        ({"device_name": None, "tracheostomy": 1}, "tracheostomy_tube"), ({"device_name": None}, "ventilator"),
        ({"device_name": "Endotracheal tube", "tracheostomy": 1}, "ventilator"),
    ],
)  # fmt: skip
def test_a_tracheostomy_tube_is_ventilation_only_with_settings(tmp_path, more, expected):
    rows = [support(0, "IMV", **{"device_name": "Tracheostomy tube", **more})]
    records = read_clif(folder(tmp_path, "parquet", respiratory_support=rows), zone="UTC")
    assert records.supports.item(0, "device") == expected
    assert ("C.tracheostomy-tube" in codes(records)) == (expected == "tracheostomy_tube")


def test_blow_by_stands_in_the_mode_column_of_2_1(tmp_path):
    rows = [
        support(0, None, mode_category="Blow by"),
        support(1, "Other", mode_category="Blow by"),
        support(2, "Room Air", mode_category="Blow by"),
    ]
    records = read_clif(folder(tmp_path, respiratory_support=rows), zone="UTC")
    assert records.supports.get_column("device").to_list() == ["blow_by", "blow_by", "room_air"]


def test_laboratory_clocks_text_values_and_other_specimens(tmp_path):
    rows = [
        lab(0, "crp", "<5", "mg/L"),
        lab(1, "ferritin", "UNABLE TO REPORT", "ng/mL"),
        lab(2, "creatinine", "90.0", "mg/dL", lab_specimen_category="urine"),
        lab(3, "creatinine", "1.5", "mg/dL", lab_specimen_category="plasma_blood"),
        lab(4, "bilirubin", "3.0", "mg/dL"),
        lab(5, "interleukin_06", "1200", "pg/mL"),
        lab(6, "new_lab", "1", "mg/dL"),
    ]
    records = read_clif(folder(tmp_path, labs=[{"lab_specimen_category": None, **row} for row in rows]), zone="UTC")
    assert records.measurements.select("variable", "value").rows() == [
        ("crp", 5.0),
        ("creatinine", 1.5),
        ("il6", 1200.0),
    ]
    first = records.measurements.row(0, named=True)
    assert (first["available_time"] - first["time"]).total_seconds() == 540
    assert found(records, "C.value-not-a-number")["row"] == 2
    assert found(records, "C.variable-unknown")["row"] == 7
    assert records.account.filter(pl.col("source") == "clif_labs.csv").row(0)[1:] == (7, 3, 2, 2)


def test_measured_time_of_3_0_is_the_time(tmp_path):
    rows = [
        vital(10, "temp_c", 38.5, measured_dttm=T.format(4)),
        vital(20, "temp_c", 38.6, measured_dttm=None),
        vital(30, "intracranial_pressure", 9.0, measured_dttm=None),
    ]
    records = read_clif(folder(tmp_path, vitals=rows), zone="UTC")
    minutes = [(row["time"].minute, row["available_time"].minute) for row in records.measurements.iter_rows(named=True)]
    assert minutes == [(4, 10), (20, 20)]


def test_rows_of_an_unknown_hospitalization_belong_to_nobody_and_are_counted(tmp_path):
    rows = [vital(0, "temp_c", 38.5), {**vital(1, "temp_c", 40.0), "hospitalization_id": "h?"}]
    records = read_clif(folder(tmp_path, vitals=rows), zone="UTC")
    assert records.measurements.height == 1
    assert found(records, "M.patient-missing")["needs_decision"]
    twice = [*HOSPITAL, {**HOSPITAL[0], "patient_id": "b"}]
    mixed = read_clif(folder(tmp_path, vitals=rows, hospitalization=twice), zone="UTC")
    assert mixed.measurements.is_empty()
    assert found(mixed, "C.hospitalization-two-patients")["needs_decision"]
    assert mixed.patients.get_column("patient_id").to_list() == ["a", "b"]


def test_discharged_dead_without_a_time_asks(tmp_path):
    records = read_clif(
        folder(tmp_path, hospitalization=[{**HOSPITAL[0], "discharge_category": "Expired"}]), zone="UTC"
    )
    assert found(records, "M.death-time-missing")["needs_decision"]
    assert records.outcomes.is_empty()


def test_times_without_an_offset_stand_in_the_zone(tmp_path):
    rows = [vital(0, "temp_c", 38.5)]
    rows[0]["recorded_dttm"] = "2026-03-01 16:30:00"
    records = read_clif(folder(tmp_path, vitals=rows), zone="Asia/Shanghai")
    assert records.measurements.item(0, "time") == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def test_version_by_spelling(tmp_path):
    rows = [support(0, "Nasal Cannula")]
    assert "2.1" in found(read_clif(folder(tmp_path, respiratory_support=rows), zone="UTC"), "C.clif-version")["what"]
    new = [{**PATIENT[0], "sex_category": "female"}]
    assert (
        "mixed"
        in found(read_clif(folder(tmp_path, respiratory_support=rows, patient=new), zone="UTC"), "C.clif-version")[
            "what"
        ]
    )
    rows = [support(0, "nasal_cannula")]
    assert (
        "3.0"
        in found(read_clif(folder(tmp_path, respiratory_support=rows, patient=new), zone="UTC"), "C.clif-version")[
            "what"
        ]
    )


def test_files_that_are_not_read_are_counted_as_not_needed(tmp_path):
    extra = [{"hospitalization_id": "h1", "position_category": "prone"}] * 3
    records = read_clif(folder(tmp_path, position=extra), zone="UTC")
    assert records.account.filter(pl.col("source") == "clif_position.csv").row(0)[1:] == (3, 0, 0, 3)
    assert "assessments" not in records.supplied


@pytest.mark.parametrize(
    ("zone", "change", "slug"),
    [
        (None, "naive", "records.zone-missing"),
        ("Mars/Olympus", None, "records.zone-unknown"),
        ("UTC", "drop", "records.column-missing"),
        ("UTC", "empty", "records.not-clif"),
    ],
)
def test_what_is_refused(tmp_path, zone, change, slug):
    path = tmp_path
    if change != "empty":
        folder(tmp_path, vitals=[vital(0, "temp_c", 38.5)])
    if change == "naive":
        table = pl.read_csv(tmp_path / "clif_vitals.csv")
        naive = table.with_columns(pl.lit("2026-01-01 08:00:00").alias("recorded_dttm"))
        naive.write_csv(tmp_path / "clif_vitals.csv")
    if change == "drop":
        pl.read_csv(tmp_path / "clif_vitals.csv").drop("vital_value").write_csv(tmp_path / "clif_vitals.csv")
    with pytest.raises(TocsinError) as error:
        read_clif(path, zone=zone)
    assert error.value.problems[0].slug == slug


def test_without_a_zone_days_follow_the_hour_at_which_deaths_pile_up(tmp_path):
    died = ["2150-01-02T05:00:00Z", "2151-03-02T05:00:00Z", "2152-06-02T05:00:00Z", "2153-06-02T07:21:00Z"]
    people = [{"patient_id": f"p{k}", "death_dttm": when} for k, when in enumerate(died)]
    records = read_clif(folder(tmp_path, patient=people))
    assert records.zone == "Etc/GMT+5"
    assert records.outcomes.get_column("precision").to_list().count("day") == 3
    assert found(records, "M.zone-unstated")["needs_decision"] is False


def test_read_finds_the_format_and_the_zone(tmp_path):
    folder(tmp_path, vitals=[vital(0, "temp_c", 38.5)])
    assert read(tmp_path, zone="UTC").measurements.height == 1
    (tmp_path / "site.toml").write_text('zone = "Asia/Shanghai"\n', encoding="utf-8")
    assert read(tmp_path).zone == "Asia/Shanghai"
    with pytest.raises(TocsinError) as error:
        read(tmp_path, format="fhir")
    assert error.value.problems[0].slug == "records.format-unknown"
