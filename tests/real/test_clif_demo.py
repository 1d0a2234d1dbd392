"""The CLIF demo: every count and trap of its README, derived again by DuckDB from the raw files alone."""

import os
import shutil
import subprocess
import sys
from datetime import timedelta

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tocsin import vocabulary
from tocsin.records import courses, read, read_clif
from tocsin.tables import RECORD_TABLES

ZONE = "America/New_York"
VERSIONS = ("v2.1", "v3.0")
PRESSORS = "('norepinephrine','epinephrine','phenylephrine','vasopressin','dopamine')"
TABLES = ("patients", "stays", "measurements", "drugs", "supports", "assessments", "outcomes")


@pytest.fixture(scope="module")
def records(clif_demo):
    return {version: read_clif(clif_demo / version, zone=ZONE) for version in VERSIONS}


@pytest.fixture(scope="module")
def raw(clif_demo):
    """One number out of the raw files: {vitals} and so on stand for tables, {vitals_p} for them with patient_id."""
    connection = duckdb.connect()

    def ask(question: str, version: str = "v2.1"):
        names = {}
        for path in (clif_demo / version).glob("clif_*.parquet"):
            name = path.stem.removeprefix("clif_")
            names[name] = f"(select *, file_row_number + 1 as n from read_parquet('{path}', file_row_number=true))"
        for name in ("vitals", "respiratory_support", "medication_admin_continuous", "labs"):
            names[f"{name}_p"] = (
                f"(select t.*, h.patient_id from {names[name]} t join {names['hospitalization']} h using "
                f"(hospitalization_id))"
            )
        rows = connection.sql(question.format(**names)).fetchall()
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows

    yield ask
    connection.close()


def finding(records, code, what=""):
    rows = records.findings.filter((pl.col("code") == code) & pl.col("what").str.contains(what, literal=True))
    assert rows.height == 1, (code, what, rows.height)
    return rows.row(0, named=True)


def variable(records, name):
    return records.measurements.filter(pl.col("variable") == name)


def test_both_versions_give_equal_records(records):
    old, new = (records[version] for version in VERSIONS)
    for name in TABLES:
        assert old.table(name).equals(new.table(name)), name
    spelled = pl.col("code") != "C.clif-version"
    assert old.findings.filter(spelled).equals(new.findings.filter(spelled))
    assert old.account.equals(new.account)
    assert "2.1" in finding(old, "C.clif-version")["what"]
    assert "3.0" in finding(new, "C.clif-version")["what"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_row_and_every_patient_is_accounted_for(clif_demo, records, raw, version):
    mine = records[version]
    account = {row["source"]: row for row in mine.account.iter_rows(named=True)}
    files = sorted(path.name for path in (clif_demo / version).glob("*.parquet"))
    assert sorted(account) == files
    for name in files:
        count = raw(f"select count(*) from {{{name.removeprefix('clif_').removesuffix('.parquet')}}}", version)
        line = account[name]
        assert line["rows"] == count == line["used"] + line["excluded"] + line["not_needed"]
    ids = {
        row[0]
        for row in raw("select patient_id from {patient} union select patient_id from {hospitalization}", version)
    }
    assert set(mine.patients.get_column("patient_id").to_list()) == ids
    assert mine.patients.height == len(ids) == 100
    for table in RECORD_TABLES:
        assert not table.problems(mine.table(table.name))
    assert not mine.findings.get_column("needs_decision").any()


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("vitals", 94261), ("respiratory_support", 3325), ("medication_admin_continuous", 14190),
        ("medication_admin_intermittent", 6340), ("labs", 51433), ("patient_assessments", 32697), ("adt", 964),
        ("hospitalization", 310), ("patient", 100),
    ],
)  # fmt: skip
def test_rows_as_in_the_readme(records, raw, table, rows):
    assert raw(f"select count(*) from {{{table}}}") == rows
    assert records["v2.1"].account.filter(pl.col("source") == f"clif_{table}.parquet").item(0, "rows") == rows


@pytest.mark.parametrize(
    ("category", "name", "rows"),
    [("temp_c", "temperature", 3974), ("sbp", "systolic", 15134), ("map", "mean_pressure", 15148)],
)
def test_readings_in_are_readings_out_or_findings(records, raw, category, name, rows):
    mine = records["v2.1"]
    assert raw(f"select count(*) from {{vitals}} where vital_category = '{category}'") == rows
    gone = mine.findings.filter((pl.col("effect") == "excluded") & pl.col("what").str.starts_with(f"{name} "))
    assert variable(mine, name).height + gone.get_column("count").sum() == rows


def test_patients_with_fever_and_pressors(records, raw):
    mine = records["v2.1"]
    expected = {"fever": 33, "high": 10, "pressor": 43}
    hot = (
        "select count(distinct patient_id) from {{vitals_p}} where vital_category = 'temp_c' and "
        "vital_value between {} and 45"
    )
    assert raw(hot.format(38.0)) == expected["fever"]
    assert raw(hot.format(39.0)) == expected["high"]
    assert (
        raw(
            f"select count(distinct patient_id) from {{medication_admin_continuous_p}} where "
            f"med_category in {PRESSORS} and med_dose > 0"
        )
        == expected["pressor"]
    )
    temperature = variable(mine, "temperature")
    assert temperature.filter(pl.col("value") >= 38.0).get_column("patient_id").n_unique() == expected["fever"]
    assert temperature.filter(pl.col("value") >= 39.0).get_column("patient_id").n_unique() == expected["high"]
    counted = [drug.name for drug in vocabulary.drugs().values() if drug.counts_as_vasopressor]
    running = mine.drugs.filter(pl.col("drug").is_in(counted) & (pl.col("rate") > 0))
    assert running.get_column("patient_id").n_unique() == expected["pressor"]


def test_two_patients_have_four_hours_of_39(records, raw):
    runs = """
        with r as (select patient_id, recorded_dttm t, vital_value v from {vitals_p}
                   where vital_category = 'temp_c' and vital_value between 25 and 45),
             g as (select *, sum(case when v < 39 or before is null or bv < 39 or epoch(t) - epoch(before) > 6 *
            3600 then 1 else 0 end)
                             over (partition by patient_id order by t, v) run
                   from (select *, lag(t) over w before, lag(v) over w bv from r window w as (partition by
            patient_id order by t, v)))
        select count(distinct patient_id) from (
            select patient_id, run from g where v >= 39 group by all having max(epoch(t)) - min(epoch(t)) >= 4 * 3600)
    """
    assert raw(runs) == 2
    patients = set()
    for patient, since, last in _runs(variable(records["v2.1"], "temperature").sort("patient_id", "time", "value")):
        if last - since >= timedelta(hours=4):
            patients.add(patient)
    assert len(patients) == 2


def _runs(readings):
    patient, since, last = None, None, None
    for who, time, value in readings.select("patient_id", "time", "value").iter_rows():
        if since is not None and (who != patient or value < 39.0 or time - last > timedelta(hours=6)):
            yield patient, since, last
            since = None
        if value >= 39.0:
            patient, since, last = who, since if since is not None else time, time
    if since is not None:
        yield patient, since, last


def test_three_fahrenheit_values(records, raw):
    rows = raw(
        "select n, vital_value from {vitals} where vital_category = 'temp_c' and vital_value "
        "between 89 and 111 order by n"
    )
    assert sorted(value for _, value in rows) == [97.2, 98.9, 99.0]
    one = finding(records["v2.1"], "P.temperature-fahrenheit")
    assert (one["count"], one["row"], one["effect"]) == (3, rows[0][0], "changed")
    mine = dict(
        records["v2.1"].measurements.filter(pl.col("variable") == "temperature").select("source_row", "value").rows()
    )
    assert [mine[n] for n, _ in rows] == [round((value - 32) / 1.8, 3) for _, value in rows]


@pytest.mark.parametrize(
    ("category", "name", "low", "high"),
    [
        ("map", "mean_pressure", 20, 250), ("sbp", "systolic", 30, 300), ("heart_rate", "heart_rate", 20, 300),
        ("respiratory_rate", "respiratory_rate", 3, 100), ("spo2", "spo2", 40, 100), ("weight_kg", "weight", 2, 300),
    ],
)  # fmt: skip
def test_impossible_values(records, raw, category, name, low, high):
    rows = raw(
        f"select n from {{vitals}} where vital_category = '{category}' and vital_value not "
        f"between {low} and {high} union all select -1 order by 1"
    )[1:]
    one = finding(records["v2.1"], "P.value-impossible", f"{name} ")
    assert (one["count"], one["row"]) == (len(rows), rows[0][0])
    assert variable(records["v2.1"], name).get_column("value").is_between(low, high).all()


def test_26_mean_pressures_outside_10_to_250(records, raw):
    assert raw(
        "select count(*), min(vital_value), max(vital_value) from {vitals} where vital_category "
        "= 'map' and vital_value not between 10 and 250"
    ) == [(26, -27.0, 801.0)]
    assert not variable(records["v2.1"], "mean_pressure").get_column("value").is_in([-27.0, 801.0]).any()


def test_cannula_and_high_flow_maxima(records, raw):
    flow = dict(
        raw(
            "select device_category, max(lpm_set) from {respiratory_support} where device_category "
            "in ('Nasal Cannula', 'High Flow NC') group by 1"
        )
    )
    assert flow == {"Nasal Cannula": 20.0, "High Flow NC": 50.0}
    supports = records["v2.1"].supports
    for device, largest in (("nasal_cannula", 20.0), ("hfnc", 50.0)):
        assert supports.filter(pl.col("device") == device).get_column("flow_l_min").max() == largest
    above = raw("select count(*) from {respiratory_support} where device_category = 'Nasal Cannula' and lpm_set > 6")
    assert finding(records["v2.1"], "P.cannula-above-6")["count"] == above > 0
    assert finding(records["v2.1"], "P.flow-l-min-impossible")["count"] == raw(
        "select count(*) from {respiratory_support} where lpm_set > 80"
    )


def test_783_rows_without_a_device_are_settings(records, raw):
    assert raw("select count(*) from {respiratory_support} where device_category is null") == 783
    assert finding(records["v2.1"], "M.device-missing")["count"] == 783
    assert records["v2.1"].supports.get_column("device").null_count() == 783


def test_no_room_air_is_charted_and_none_is_made(records, raw):
    assert raw("select count(*) from {respiratory_support} where lower(device_category) like 'room%'") == 0
    assert not (records["v2.1"].supports.get_column("device") == "room_air").any()
    assert finding(records["v2.1"], "M.room-air-never-charted")["count"] == 3325


def test_venturi_masks_and_tracheostomy_tubes(records, raw):
    devices = dict(records["v2.1"].supports.group_by("device").len().iter_rows())
    assert (
        devices["venturi"]
        == raw(
            "select count(*) from {respiratory_support} where device_name like 'Venti mask%' and "
            "device_category = 'Face Mask'"
        )
        == 6
    )
    assert (
        raw(
            "select count(*) from {respiratory_support} where device_category = 'IMV' and "
            "device_name = 'Tracheostomy tube'"
        )
        == 67
    )
    settings = (
        "mode_category, tidal_volume_set::varchar, resp_rate_set::varchar, "
        "pressure_control_set::varchar, pressure_support_set::varchar, flow_rate_set::varchar, "
        "peak_inspiratory_pressure_set::varchar, inspiratory_time_set::varchar, peep_set::varchar"
    )
    bare = raw(
        f"select count(*) from {{respiratory_support}} where device_name = 'Tracheostomy tube' "
        f"and coalesce({settings}) is null"
    )
    assert devices["tracheostomy_tube"] == finding(records["v2.1"], "C.tracheostomy-tube")["count"] == bare == 19
    assert devices["ventilator"] == raw("select count(*) from {respiratory_support} where device_category = 'IMV'") - 19


def test_stops_have_rate_zero(records, raw):
    assert raw(
        "select count(*), max(med_dose) from {medication_admin_continuous} where mar_action_category = 'stop'"
    ) == [(4259, 0.0)]
    stops = raw(
        f"select n from {{medication_admin_continuous}} where mar_action_category = 'stop' and "
        f"med_category in {PRESSORS}"
    )
    mine = dict(records["v2.1"].drugs.filter(pl.col("mode") == "infusion").select("source_row", "rate").rows())
    assert {mine[n] for (n,) in stops} == {0.0}
    assert "P.stop-with-rate" not in records["v2.1"].findings.get_column("code").to_list()


def test_dose_changes_carry_the_new_rate(records, raw):
    rows = raw(
        "select n, med_dose from {medication_admin_continuous} where mar_action_category = "
        "'dose_change' and med_category = 'norepinephrine'"
    )
    mine = dict(
        records["v2.1"]
        .drugs.filter((pl.col("drug") == "norepinephrine") & (pl.col("mode") == "infusion"))
        .select("source_row", "rate")
        .rows()
    )
    assert len(rows) == 738
    assert all(abs(mine[n] - rate) <= 5e-6 * rate for n, rate in rows)


def test_dextrose_is_written_twice(records, raw):
    twice = """select count(*) from {medication_admin_continuous} a join {medication_admin_continuous} b
        on a.hospitalization_id = b.hospitalization_id and a.med_order_id = b.med_order_id and a.admin_dttm =
            b.admin_dttm
        and a.med_dose = b.med_dose and a.med_dose_unit = b.med_dose_unit and a.mar_action_category =
            b.mar_action_category
        where a.med_category = 'dextrose' and b.med_category = 'dextrose_in_water_d5w'"""
    assert raw(twice) == 2280
    row = records["v2.1"].findings.filter(
        (pl.col("code") == "P.duplicate") & pl.col("source").str.contains("continuous")
    )
    assert row.get_column("count").to_list() == [2280]


def test_solvents_are_no_fluids(records, raw):
    fluids = "('sodium chloride','dextrose','dextrose_in_water_d5w','albumin_infusion')"
    under = f"""select count(distinct (m.hospitalization_id, m.med_order_id, m.admin_dttm, m.med_dose,
            m.med_dose_unit, m.mar_action_category,
            replace(m.med_category, 'dextrose_in_water_d5w', 'dextrose')))
        from {{medication_admin_continuous}} m where med_category in {fluids} and exists (
            select 1 from {{medication_admin_continuous_p}} d join {{hospitalization}} h on h.patient_id =
            d.patient_id
            where h.hospitalization_id = m.hospitalization_id and d.med_order_id = m.med_order_id and
            d.med_category not in {fluids})"""
    row = records["v2.1"].findings.filter((pl.col("code") == "C.diluent") & pl.col("source").str.contains("continuous"))
    assert row.get_column("count").to_list() == [raw(under)]
    with_pressor = f"select distinct med_order_id from {{medication_admin_continuous}} where med_category in {PRESSORS}"
    orders = {order for (order,) in raw(with_pressor)}
    left = records["v2.1"].drugs.filter(
        pl.col("drug").is_in(vocabulary.drugs_in("fluid")) & pl.col("order_id").is_in(list(orders))
    )
    assert left.is_empty()


def test_54_discharges_are_not_recorded(records, raw):
    assert raw("select count(*) from {hospitalization} where discharge_category = 'Missing'") == 54
    assert finding(records["v2.1"], "M.discharge-missing")["count"] == 54
    stays = records["v2.1"].stays.filter(pl.col("kind") == "hospital")
    assert stays.get_column("discharge_to").null_count() == 54
    assert (stays.get_column("discharge_to") == "expired").sum() == raw(
        "select count(*) from {hospitalization} where discharge_category = 'Expired'"
    )


def test_vasopressin_is_in_units_a_minute(records, raw):
    assert (
        raw("select distinct med_dose_unit from {medication_admin_continuous} where med_category = 'vasopressin'")
        == "units/hour"
    )
    mine = records["v2.1"].drugs.filter(pl.col("drug") == "vasopressin")
    assert mine.get_column("rate_unit").unique().to_list() == ["U/min"]
    rows = raw("select n, med_dose from {medication_admin_continuous} where med_category = 'vasopressin'")
    rates = dict(mine.select("source_row", "rate").rows())
    assert len(rows) == len(rates) == 100
    assert all(abs(rates[n] - dose / 60) < 1e-6 for n, dose in rows)


def test_norepinephrine_maximum(records, raw):
    largest = raw("select max(med_dose) from {medication_admin_continuous} where med_category = 'norepinephrine'")
    assert round(largest, 2) == 7.56
    mine = records["v2.1"].drugs.filter(pl.col("drug") == "norepinephrine")
    assert mine.get_column("rate").max() == pytest.approx(largest, rel=1e-5)
    assert mine.get_column("rate_unit").unique().to_list() == ["ug/kg/min"]


def test_349_systolic_pairs_of_one_minute(records, raw):
    pairs = """select count(*), count(*) filter (low < 90 and high >= 90), sum(n) from (
        select patient_id, min(vital_value) low, max(vital_value) high, count(*) n from {vitals_p} where
            vital_category = 'sbp'
        group by patient_id, date_trunc('minute', recorded_dttm) having count(distinct vital_value) > 1)"""
    ((count, straddling, rows),) = raw(pairs)
    assert (count, straddling) == (349, 89)
    assert finding(records["v2.1"], "P.same-minute", "systolic:")["count"] == rows
    both = variable(records["v2.1"], "systolic").group_by("patient_id", pl.col("time").dt.truncate("1m")).agg(
        pl.col("value").min().alias("low"), pl.col("value").max().alias("high"), pl.col("method").n_unique()
    )  # fmt: skip
    both = both.filter(pl.col("low") != pl.col("high"))
    assert (both.height, both.filter((pl.col("low") < 90) & (pl.col("high") >= 90)).height) == (349, 89)


def test_methods_of_pressures(records, raw):
    mine = dict(variable(records["v2.1"], "systolic").group_by("method").len().iter_rows())
    words = {"cuff": "Non Invasive%", "manual": "Manual%"}
    for method, like in words.items():
        gone = raw(
            f"select count(*) from {{vitals}} where vital_category = 'sbp' and vital_name like "
            f"'{like}' and vital_value between 30 and 300"
        )
        assert mine[method] == gone
    assert mine["arterial"] == raw(
        "select count(*) from {vitals} where vital_category = 'sbp' and vital_name like 'A%' and "
        "vital_value between 30 and 300"
    )
    assert set(mine) == {"arterial", "cuff", "manual"}


def test_224_pressor_starts_and_stops_of_one_minute(records, raw):
    pairs = f"""select count(*), sum((s.med_order_id = t.med_order_id)::int) from {{medication_admin_continuous_p}} s
        join {{medication_admin_continuous_p}} t on s.patient_id = t.patient_id and s.med_category =
            t.med_category and s.admin_dttm = t.admin_dttm
        where s.med_category in {PRESSORS} and s.med_dose = 0 and t.med_dose > 0"""
    assert raw(pairs) == [(224, 0)]
    assert finding(records["v2.1"], "P.pressor-start-stop-same-minute")["count"] == 2 * 224
    assert "P.order-start-stop-same-minute" not in records["v2.1"].findings.get_column("code").to_list()
    pressors = records["v2.1"].drugs.filter(pl.col("drug").is_in(vocabulary.drugs_in("vasopressor", "vasopressin")))
    assert pressors.height == raw(
        f"select count(*) from {{medication_admin_continuous}} where med_category in {PRESSORS}"
    )
    assert pressors.get_column("order_id").null_count() == 0


def test_489_vitals_after_discharge(records, raw):
    late = raw(
        "select count(*) from {vitals} v join {hospitalization} h using (hospitalization_id) "
        "where v.recorded_dttm > h.discharge_dttm"
    )
    assert late == 489
    # ours also counts a reading between two hospital stays that CLIF files under the later one
    ours = raw("""select count(*) from {vitals_p} v
        where exists (select 1 from {hospitalization} h where h.patient_id = v.patient_id and h.admission_dttm <=
            v.recorded_dttm)
        and not exists (select 1 from {hospitalization} h where h.patient_id = v.patient_id and v.recorded_dttm
            between h.admission_dttm and h.discharge_dttm)""")
    assert finding(records["v2.1"], "P.vital-after-discharge")["count"] == ours >= late
    nowhere = raw("""select count(*) from {vitals_p} v where vital_category not in ('weight_kg', 'height_cm')
        and not exists (select 1 from {hospitalization} h where h.patient_id = v.patient_id and v.recorded_dttm
            between h.admission_dttm and h.discharge_dttm)
        and not exists (select 1 from {adt} a where a.patient_id = v.patient_id and v.recorded_dttm between
            a.in_dttm and a.out_dttm)""")
    excluded = records["v2.1"].findings.filter(
        pl.col("code").is_in(["P.vital-outside-stays", "P.vital-before-admission"])
    )
    assert excluded.get_column("count").sum() == nowhere == 0


def test_birth_dates_are_absent_and_the_age_is_the_first_admission_s(records, raw):
    assert raw("select count(birth_date) from {patient}") == 0
    assert finding(records["v2.1"], "M.birth-date-missing")["count"] == 100
    first = dict(raw("select patient_id, arg_min(age_at_admission, admission_dttm) from {hospitalization} group by 1"))
    assert dict(records["v2.1"].patients.select("patient_id", "age_y").rows()) == first


def test_19_of_36_deaths_are_dates(records, raw):
    assert raw(
        "select count(death_dttm), count(*) filter (death_dttm::varchar like '% 05:00:00+00') from {patient}"
    ) == [(36, 19)]
    deaths = records["v2.1"].outcomes.filter(pl.col("what") == "death")
    assert deaths.height == 36
    assert finding(records["v2.1"], "P.outcome-date-only")["count"] == 19
    dated = deaths.filter(pl.col("precision") == "day")
    assert dated.height == 19
    assert {(t.hour, t.minute) for t in dated.get_column("time").to_list()} == {(17, 0)}  # 12:00 of the same local day
    exact = raw(
        "select n, epoch(death_dttm) from {patient} where death_dttm is not null and "
        "death_dttm::varchar not like '% 05:00:00+00'"
    )
    mine = dict(deaths.select("source_row", pl.col("time").dt.epoch("s")).rows())
    assert all(mine[n] == second for n, second in exact)


def test_26_patients_have_no_vitals_in_their_first_admission(records, raw):
    without = raw("""with first as (select patient_id, arg_min(hospitalization_id, admission_dttm)
            hospitalization_id from {hospitalization} group by 1)
        select count(*) from first where hospitalization_id not in (select hospitalization_id from {vitals})""")
    assert without == 26
    assert finding(records["v2.1"], "M.first-stay-without-vitals")["count"] == 26


def test_laboratory_values_are_known_a_median_70_minutes_later(records, raw):
    assert raw("select median(epoch(lab_result_dttm) - epoch(lab_collect_dttm)) / 60 from {labs}") == 70
    used = [
        "creatinine",
        "bilirubin_total",
        "ast",
        "alt",
        "ldh",
        "ferritin",
        "crp",
        "platelet_count",
        "neutrophils_absolute",
        "lymphocytes_absolute",
        "wbc",
        "hemoglobin",
        "lactate",
    ]
    categories = ", ".join(f"'{word}'" for word in used)
    rows = raw(
        f"select n, epoch(lab_collect_dttm)::bigint, epoch(greatest(lab_result_dttm, "
        f"lab_collect_dttm))::bigint from {{labs}} where lab_category in ({categories}) and "
        f"lab_value_numeric is not null"
    )
    labs = records["v2.1"].measurements.filter(pl.col("source") == "clif_labs.parquet")
    mine = {
        n: (a, b)
        for n, a, b in labs.select(
            "source_row", pl.col("time").dt.epoch("s"), pl.col("available_time").dt.epoch("s")
        ).iter_rows()
    }
    assert mine == {n: (a, b) for n, a, b in rows}
    assert finding(records["v2.1"], "C.value-not-a-number")["count"] == raw(
        f"select count(*) from {{labs}} where lab_category in ({categories}) and lab_value_numeric is null"
    )
    early = raw("select count(*) from {labs} where lab_result_dttm < lab_collect_dttm")
    assert finding(records["v2.1"], "P.known-before-true")["count"] == early == 2


def test_years_up_to_2201_keep_their_instants(records, raw):
    first, last = raw("select min(epoch(recorded_dttm))::bigint, max(epoch(recorded_dttm))::bigint from {vitals}")[0]
    times = records["v2.1"].measurements.filter(pl.col("source") == "clif_vitals.parquet").get_column("time")
    assert times.max().year == 2201
    assert (times.dt.epoch("s").min(), times.dt.epoch("s").max()) == (first, last)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_category_that_occurs_is_known(raw, version):
    for (category,) in raw(
        "select distinct device_category from {respiratory_support} where device_category is not null", version
    ):
        assert vocabulary.device(category) is not None, category
    for (category,) in raw("select distinct vital_category from {vitals}", version):
        assert vocabulary.variable(category) is not None, category
    for (category,) in raw("select distinct lab_category from {labs}", version):
        assert vocabulary.variable(category) or vocabulary.normal(category) in vocabulary.not_needed("variable"), (
            category
        )
    for table in ("medication_admin_continuous", "medication_admin_intermittent"):
        for (category,) in raw(f"select distinct med_category from {{{table}}}", version):
            assert vocabulary.drug(category) or vocabulary.normal(category) in vocabulary.not_needed("drug"), category
        for (action,) in raw(
            f"select distinct mar_action_category from {{{table}}} where true union all select 'given'", version
        ):
            assert vocabulary.normal(action) in vocabulary.word_spellings("action"), action
    for column, kind, table in (
        ("location_category", "stay", "adt"),
        ("discharge_category", "discharge", "hospitalization"),
        ("sex_category", "sex", "patient"),
    ):
        for (word,) in raw(f"select distinct {column} from {{{table}}}", version):
            assert vocabulary.normal(word) in vocabulary.word_spellings(kind), word


def test_neither_rass_nor_gcs_is_an_assessment(records):
    assert records["v2.1"].assessments.is_empty()
    assert "assessments" not in records["v2.1"].supplied
    line = records["v2.1"].account.filter(pl.col("source") == "clif_patient_assessments.parquet").row(0)
    assert line[1:] == (32697, 0, 0, 32697)


@pytest.mark.parametrize(
    ("version", "word", "respelled"),
    [("v2.1", "Nasal Cannula", "Nasal Canula"), ("v3.0", "nasal_cannula", "nasalcannula")],
)
def test_a_respelled_device_is_unrecognised_never_room_air(clif_demo, tmp_path, records, version, word, respelled):
    for path in (clif_demo / version).glob("*.parquet"):
        shutil.copyfile(path, tmp_path / path.name)
    target = tmp_path / "clif_respiratory_support.parquet"
    frame = pl.read_parquet(target)
    count = frame.filter(pl.col("device_category") == word).height
    frame.with_columns(pl.col("device_category").replace({word: respelled})).write_parquet(target)
    made = read_clif(tmp_path, zone=ZONE)
    devices = dict(made.supports.group_by("device").len().iter_rows())
    assert devices["unrecognised"] == count == 912
    assert not {"room_air", "nasal_cannula"} & set(devices)
    one = finding(made, "C.device-unknown")
    assert (one["count"], one["needs_decision"]) == (912, True)
    assert vocabulary.devices()["unrecognised"].oxygen == "unrecognised"
    assert made.measurements.equals(records[version].measurements)


def test_courses_by_admission_and_by_first_fever(records, raw):
    mine = records["v2.1"]
    admission, lost = courses(mine, "admission")
    assert (admission.height, admission.get_column("patient_id").n_unique()) == (310, 100)
    assert lost.item(0, "courses_out") == 100
    ages = raw("select h.patient_id, epoch(admission_dttm)::bigint, age_at_admission from {hospitalization} h")
    by_course = {
        (p, t): age
        for p, t, age in admission.select("patient_id", pl.col("time_zero").dt.epoch("s"), "age_y").iter_rows()
    }
    # ages of the publisher are whole years, and its shifted years are not exact: never off by more than a year or so
    assert max(abs(by_course[p, t] - age) for p, t, age in ages) <= 1.5
    fever, lost = courses(mine, "first-fever")
    expected = raw("""select count(*), count(distinct patient_id) from (select h.patient_id, h.hospitalization_id
            from {hospitalization} h
        join {vitals_p} v on v.patient_id = h.patient_id and v.vital_category = 'temp_c' and v.vital_value
            between 38 and 43.5
        and v.recorded_dttm between h.admission_dttm and h.discharge_dttm group by all)""")
    assert (fever.height, fever.get_column("patient_id").n_unique()) == expected[0]
    assert lost.select("courses_in", "courses_out").rows() == [(100, expected[0][1]), (310, expected[0][0])]
    none, lost = courses(mine)
    assert none.is_empty()
    assert lost.select("courses_in", "courses_out").row(0) == (100, 0)


def test_read_finds_clif(clif_demo, records):
    assert read(clif_demo / "v3.0", zone=ZONE).measurements.equals(records["v3.0"].measurements)


def test_csv_copies_give_the_same_records(clif_demo, tmp_path, records):
    for path in (clif_demo / "v2.1").glob("*.parquet"):
        pl.read_parquet(path).write_csv(tmp_path / f"{path.stem}.csv")
    made = read_clif(tmp_path, zone=ZONE)
    for name in TABLES:
        # float32 doses stand in text with more digits than the six they have
        mine, other = (frame.drop("source") for frame in (records["v2.1"].table(name), made.table(name)))
        assert_frame_equal(mine, other, rel_tol=1e-5, abs_tol=0)


@pytest.mark.parametrize(("required", "outcome"), [("0", "1 skipped"), ("1", "1 error")])
def test_absent_records_skip_or_fail(tmp_path, required, outcome):
    test = f"{__file__}::test_read_finds_clif"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test],
        env={**os.environ, "TOCSIN_SHARED": str(tmp_path), "TOCSIN_REQUIRE_REAL": required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout
