"""The files of the virtual hospital: every entry of the ward's log comes back through the readers, and nothing else."""

from datetime import date, timedelta

import polars as pl
import pytest

from tocsin.grading import grade
from tocsin.records import courses, read
from tocsin.simulate.growing import GrowingCsv, GrowingParquet
from tocsin.simulate.hospital_files import site_text
from tocsin.virtual import clif, log
from tocsin.virtual.records import Chart, Hospital, tables
from unit.virtual.hand import at, batch

HOSPITAL = Hospital()


def written(folder, *batches, hospital=HOSPITAL):
    with GrowingCsv(folder) as csv:
        for one in batches:
            csv.append(tables(Chart(one, hospital)))
    (folder / "site.toml").write_text(site_text(hospital.zone), encoding="utf-8")
    return read(folder)


def written_clif(folder, *batches):
    with GrowingParquet(folder, "clif_") as parquet:
        for one in batches:
            parquet.append(clif.tables(Chart(one, HOSPITAL)))
    return read(folder, zone=HOSPITAL.zone)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    return written(tmp_path_factory.mktemp("records"), batch())


def rows(frame, *columns, **where):
    return frame.filter(**where).select(columns).rows()


def test_every_reading_comes_back_and_nothing_needs_a_decision(hospital):
    vital = hospital.measurements.filter(pl.col("source") == "vitals.csv")
    readings = [(p, m, log.VARIABLES[w], v) for p, m, w, _, v, _ in batch().log.tolist() if w <= log.SPO2]
    expected = sorted((f"V{p:06d}", at(m, 400 * p), name, value) for p, m, name, value in readings)
    assert sorted(vital.select("patient_id", "time", "variable", "value").rows()) == expected
    assert (vital.get_column("precision") == "minute").all()
    assert not hospital.findings.get_column("needs_decision").any()
    assert hospital.account.select(pl.col("excluded").sum()).item() == 0


def test_two_readings_of_one_minute_stay_in_their_order(hospital):
    hot = hospital.measurements.filter(variable="temperature", patient_id="V000000").filter(pl.col("time") == at(240))
    assert hot.get_column("value").to_list() == [39.2, 38.9]


def test_results_are_known_when_the_ward_could_know_them(hospital):
    labs = hospital.measurements.filter(source="labs.csv")
    assert labs.select("variable", "value", "time", "available_time").rows() == [
        ("crp", 12.5, at(60), at(105)),
        ("il6", 7.25, at(60), at(260)),
    ]


def test_doses_infusions_and_orders(hospital):
    doses = hospital.drugs.filter(patient_id="V000000", mode="dose")
    assert doses.select("drug", "dose", "dose_unit", "start").rows() == [
        ("tisagenlecleucel", 2e6, "cells/kg", at(0)), ("acetaminophen", 650, "mg", at(255)),
        ("sodium_chloride", 1000, "mL", at(260)), ("tocilizumab", 480, "mg", at(900)),
    ]  # fmt: skip
    rates = hospital.drugs.filter(mode="infusion")
    assert rates.select("order_id", "drug", "rate", "rate_unit", "start").rows() == [
        ("N1", "norepinephrine", 0.05, "ug/kg/min", at(310)), ("V1", "vasopressin", 0.03, "U/min", at(320)),
        ("N1", "norepinephrine", 0.1, "ug/kg/min", at(340)), ("N1", "norepinephrine", 0, "ug/kg/min", at(400)),
        ("V1", "vasopressin", 0, "U/min", at(410)), ("N2", "norepinephrine", 0.07, "ug/kg/min", at(430)),
        ("N2", "norepinephrine", 0, "ug/kg/min", at(500)),
    ]  # fmt: skip


def test_orders_are_counted_within_a_patient_and_a_drug(tmp_path):
    two = batch()
    swapped = two.log.copy()
    swapped["patient"] = 1
    entries = pl.concat(
        [pl.DataFrame(two.log[two.log["patient"] == 0]), pl.DataFrame(swapped[two.log["patient"] == 0])]
    )
    again = type(two)(0, two.facts, entries.to_numpy(structured=True).astype(log.ENTRY), two.outcomes, two.summary)
    found = tables(Chart(again, HOSPITAL))["pressors"]
    one, other = (found.filter(hospital_no=f"V00000{k}").get_column("order_no").to_list() for k in (0, 1))
    assert one == other == ["N1", "V1", "N1", "N1", "V1", "N2", "N2"]


def test_stays_end_with_leaving_or_death(hospital):
    assert hospital.stays.select("patient_id", "kind", "start", "stop", "discharge_to").rows() == [
        ("V000000", "hospital", at(-4320), at(20160), "home"), ("V000000", "icu", at(300), at(600), None),
        ("V000001", "hospital", at(-1500, 400), at(50, 400), "died"),
        ("V000001", "icu", at(20, 400), at(50, 400), None),
    ]  # fmt: skip


def test_who_is_still_there_when_the_charting_ends_is_taken_over(tmp_path):
    one = batch()
    stay = one.log[one.log["what"] != log.DISCHARGE]
    found = written(tmp_path, type(one)(0, one.facts, stay, one.outcomes, one.summary))
    stays = [("hospital", at(30 * 1440), "transfer"), ("icu", at(600), None)]
    assert rows(found.stays, "kind", "stop", "discharge_to", patient_id="V000000") == stays


def test_oxygen_neurology_and_cultures(hospital):
    assert hospital.supports.select("device", "flow_l_min", "fio2", "start").rows() == [
        ("room_air", None, None, at(30)), ("hfnc", 40, 0.5, at(520)), ("ventilator", None, 1.0, at(30, 400)),
    ]  # fmt: skip
    assert hospital.assessments.filter(pl.col("item") != "culture").select("item", "value", "time").rows() == [
        ("ice", "10", at(60)), ("consciousness", "awake", at(60)), ("seizure", "none", at(60)),
        ("motor_weakness", "no", at(60)), ("oedema", "none", at(60)), ("capd", "12", at(16, 400)),
    ]  # fmt: skip
    assert rows(hospital.assessments, "value", "time", "available_time", item="culture") == [
        ("taken", at(250), at(250)), ("positive", at(250), at(250 + 2880)),
    ]  # fmt: skip


def test_outcomes_stop_at_the_end_of_follow_up(hospital):
    found = hospital.outcomes.with_columns(day=pl.col("time").dt.convert_time_zone(HOSPITAL.zone).dt.date())
    noon = date(2021, 1, 4)
    # relapse after 6 months of 30.4375 days; the death at 30 months lies beyond the 24 that were followed
    assert found.filter(patient_id="V000000").select("what", "value", "day", "precision").rows() == [
        ("response", "cr", noon + timedelta(28), "day"), ("mrd", "negative", noon + timedelta(28), "day"),
        ("relapse", None, noon + timedelta(182), "day"), ("last_contact", None, noon + timedelta(730), "day"),
        ("assessment_end", None, noon + timedelta(730), "day"),
    ]  # fmt: skip
    assert rows(found, "what", "value", "time", "precision", "adjudicated_by", patient_id="V000001") == [
        ("death", "crs", at(50, 400), "minute", "virtual endpoint committee")
    ]


def test_nothing_after_the_end_of_follow_up_is_told(tmp_path):
    one = batch()
    late = one.outcomes.with_columns(relapse_month=pl.lit(24.1), transplant_month=pl.lit(25.0))
    found = written(tmp_path, type(one)(0, one.facts, one.log, late, one.summary))
    what = found.outcomes.filter(patient_id="V000000").get_column("what").to_list()
    assert what == ["response", "mrd", "last_contact", "assessment_end"]


def test_people_have_their_age_and_weight(hospital):
    found, _ = courses(hospital)
    assert found.get_column("weight_kg").to_list() == [60.0, 22.5]
    assert found.get_column("age_y").to_list() == pytest.approx([34, 7], abs=1 / 365.25)
    assert (found.get_column("age_y").floor() == pl.Series([34.0, 7.0])).all()
    assert found.get_column("product").to_list() == ["tisagenlecleucel"] * 2
    assert found.get_column("time_zero").to_list() == [at(0), at(0, 400)]


def test_clif_gives_the_same_crs_runs_but_not_the_cause_of_a_death(hospital, tmp_path):
    kept = written_clif(tmp_path, batch())
    assert not kept.findings.get_column("needs_decision").any()
    both = []
    for records in (hospital, kept):
        found, _ = courses(records)
        both.append(grade(records, found, ["astct_crs"]).grades.filter(pl.col("grade") < 5))
    assert both[0].height > 8
    assert both[0].equals(both[1])
    assert both[0].get_column("grade").max() == 4
    for table, columns in (
        ("drugs", ("patient_id", "start", "drug", "mode", "dose", "dose_unit", "rate", "rate_unit")),
        ("supports", ("patient_id", "start", "device", "flow_l_min", "fio2")),
        ("stays", ("patient_id", "start", "stop")),
    ):
        mine, theirs = (records.table(table).select(columns).sort(columns[:3]) for records in (hospital, kept))
        assert mine.equals(theirs.unique(maintain_order=True)), table


def test_a_zone_with_clock_changes_keeps_every_instant_but_the_twofold_hour(tmp_path):
    # 2021-03-28 02:00 Berlin springs to 03:00: day 83 of the world; minutes after it are still minutes elapsed
    berlin = Hospital(zone="Europe/Berlin")
    one = batch()
    moved = type(one)(0, one.facts.with_columns(calendar_day=pl.lit(83)), one.log, one.outcomes, one.summary)
    found = written(tmp_path, moved, hospital=berlin)
    start = found.drugs.filter(drug="tisagenlecleucel", patient_id="V000000").get_column("start").item()
    assert (start.hour, start.minute) == (8, 0)  # 10:00 in Berlin is 08:00 UTC in summer
    admitted = found.stays.filter(patient_id="V000000", kind="hospital").get_column("start").item()
    assert start - admitted == timedelta(minutes=4320)


@pytest.mark.parametrize("kind", ["csv", "clif"])
def test_batches_append(tmp_path, kind):
    first, second = batch(0), batch(2)
    if kind == "csv":
        whole = written(tmp_path / "a", first, second)
        assert whole.patients.get_column("patient_id").to_list() == [f"V{k:06d}" for k in range(4)]
        alone = written(tmp_path / "b", second)
        same = whole.measurements.filter(pl.col("patient_id").is_in(["V000002", "V000003"])).drop("source_row")
        assert same.equals(alone.measurements.drop("source_row"))
    else:
        whole = written_clif(tmp_path / "a", first, second)
        assert whole.patients.height == 4
        assert not list((tmp_path / "a").glob(".*"))
