"""Slips between ward and file: each is listed, the reader finds it, and nothing else changes."""

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from tocsin.records import read
from tocsin.simulate.growing import GrowingCsv
from tocsin.simulate.hospital_files import site_text
from tocsin.virtual import log
from tocsin.virtual.mishaps import SLIPS, Mishaps, befall, twofold_hours
from tocsin.virtual.records import Chart, Hospital, tables
from unit.virtual.hand import batch

NAN, SEED = float("nan"), 20260101


def ward(n=60, first=0, day=0):
    """Patients with 60 vital sets, 5 doses and 4 results each, none of which differs between patients."""
    made = []
    for k in range(n):
        for hour in range(60):
            minute = 17 + hour * 240
            values = (37.0 + (hour % 30) / 10, 110 + hour, 60 + hour % 10, 78 + hour % 9, 90, 16, 92 + hour % 8)
            made += [(k, minute, what, 0, value, NAN) for what, value in enumerate(values)]
            if hour % 12 == 0:
                made.append((k, minute + 3, log.DOSE, (0, 1, 3, 5, 6)[hour // 12], 100.0, NAN))
            if hour % 15 == 0:
                made.append((k, minute + 5, log.FERRITIN, 0, 800.5 + hour, 75))
        made.append((k, 60 * 240, log.DISCHARGE, 0, 0, NAN))
    one = batch()
    facts = pl.concat([one.facts.head(1)] * n).with_columns(
        patient=pl.int_range(first, first + n), calendar_day=pl.lit(day)
    )
    outcomes, summary = pl.concat([one.outcomes.head(1)] * n), pl.concat([one.summary.head(1)] * n)
    return type(one)(first, facts, np.array(made, log.ENTRY), outcomes, summary)


def befallen(knobs, one=None, seed=SEED, hospital=None):
    chart = Chart(one or ward(), hospital or Hospital())
    return befall(tables(chart), Mishaps(**knobs), seed, chart.infused)


def reread(folder, made, labs_zone=None):
    with GrowingCsv(folder) as csv:
        csv.append(made)
    (folder / "site.toml").write_text(site_text("Asia/Shanghai", labs_zone), encoding="utf-8")
    return read(folder)


def counts(records, code):
    found = records.findings.filter(code=code)
    return dict(found.select("source", pl.col("count").sum().over("source")).rows())


def shares(slips, total):
    return slips.height / total


def test_nothing_chosen_changes_nothing():
    chart = Chart(ward(5), Hospital())
    plain = tables(chart)
    made, slips = befall(plain, Mishaps(), SEED, chart.infused)
    assert all(made[name].equals(frame) for name, frame in plain.items())
    assert slips.height == 0
    assert dict(slips.schema) == SLIPS
    assert not Mishaps().any


def test_copies_are_found_and_taken_out(tmp_path):
    plain = reread(tmp_path / "plain", tables(Chart(ward(), Hospital())))
    made, slips = befallen({"duplicates": 0.05})
    found = reread(tmp_path / "made", made)
    assert 0.04 < shares(slips, 60 * (60 + 5 + 4)) < 0.06
    by_file = slips.group_by("file").len()
    for file in ("vitals.csv", "labs.csv", "drugs.csv"):
        assert counts(found, "P.duplicate")[file] == by_file.filter(file=file).get_column("len").item()
    same = ["patient_id", "time", "variable", "value"]
    assert found.measurements.select(same).equals(plain.measurements.select(same))
    # the row that is listed is the second of two equal ones
    rows = made["labs"].rows()
    for row in slips.filter(file="labs.csv").get_column("row"):
        assert rows[row - 1] == rows[row - 2]


def test_rows_that_were_moved_by_copies_are_still_listed_as_they_stand():
    made, slips = befallen({"duplicates": 0.2, "fahrenheit": 0.2, "misspelt": 0.2})
    hot = slips.filter(mishap="fahrenheit")
    written = made["vitals"].get_column("T").gather(hot.get_column("row") - 1)
    true = hot.get_column("was").cast(pl.Float64)
    assert hot.height > 500
    assert ((written - (true * 1.8 + 32)).abs() < 0.051).all()
    wrong = slips.filter(mishap="misspelt")
    names = made["drugs"].get_column("drug").gather(wrong.get_column("row") - 1)
    assert (names != wrong.get_column("was")).all()
    assert (names.str.len_chars() == wrong.get_column("was").str.len_chars()).all()


def test_fahrenheit_is_found_and_moves_a_reading_by_less_than_its_rounding(tmp_path):
    made, slips = befallen({"fahrenheit": 0.1})
    found = reread(tmp_path, made)
    assert 0.08 < shares(slips, 3600) < 0.12
    assert counts(found, "P.temperature-fahrenheit") == {"vitals.csv": slips.height}
    read_back = found.measurements.filter(variable="temperature")
    true = slips.join(read_back, left_on="row", right_on="source_row")
    assert true.height == slips.height
    off = (true.get_column("value") - true.get_column("was").cast(pl.Float64)).abs()
    assert 0 < off.max() < 0.05 / 1.8 + 0.0005
    assert set(read_back.filter(pl.col("source_row").is_in(slips["row"].implode()).not_())["value"]) == {
        round(37.0 + k / 10, 1) for k in range(30)
    }


def test_fractions_are_found(tmp_path):
    made, slips = befallen({"saturation_fraction": 0.1})
    found = reread(tmp_path, made)
    assert counts(found, "P.saturation-fraction") == {"vitals.csv": slips.height}
    assert slips.height > 300
    assert found.measurements.filter(variable="spo2").get_column("value").is_between(92, 99).all()


def test_kilopascal_is_set_aside_where_it_can_be_seen(tmp_path):
    made, slips = befallen({"kilopascal": 0.1})
    found = reread(tmp_path, made)
    seen = slips.filter(finding="P.value-impossible")
    assert counts(found, "P.value-impossible") == {"vitals.csv": seen.height}
    assert set(seen.get_column("column")) == {"SBP", "DBP", "MAP"}
    # 69 mmHg = 9.2 kPa is below every diastolic pressure; none here is high enough to pass
    assert seen.height == slips.height == 3 * slips.filter(column="SBP").height
    high = ward(1)
    high.log["value"][high.log["what"] == log.DIASTOLIC] = 90.0
    _, passed = befallen({"kilopascal": 1.0}, high)
    assert passed.filter(column="DBP").get_column("finding").unique().to_list() == ["none: it looks possible"]


def test_drug_words(tmp_path):
    made, slips = befallen({"misspelt": 0.2, "other_spelling": 0.3})
    found = reread(tmp_path, made)
    wrong, other = slips.filter(mishap="misspelt"), slips.filter(mishap="other spelling")
    assert wrong.height > 40
    assert other.height > 60
    assert counts(found, "C.drug-unknown") == {"drugs.csv": wrong.height}
    assert found.findings.filter(code="C.drug-unknown").get_column("needs_decision").all()
    names = found.drugs.filter(source="drugs.csv").select("source_row", "drug")
    true = other.join(names, left_on="row", right_on="source_row")
    assert (true.get_column("was") == true.get_column("drug")).all()
    assert true.height == other.height
    lost = set(range(1, 301)) - set(names.get_column("source_row"))
    assert lost == set(wrong.get_column("row"))


def test_doses_to_the_day(tmp_path):
    made, slips = befallen({"day_only": 0.25})
    found = reread(tmp_path, made)
    patients = slips.get_column("hospital_no").unique()
    assert 5 < len(patients) < 25
    assert slips.height == 5 * len(patients)
    days = found.drugs.filter(precision="day")
    assert sorted(days.get_column("source_row")) == sorted(slips.get_column("row"))
    assert set(days.get_column("patient_id")) == set(patients)
    assert sum(found.findings.filter(code="C.drug-date-only").get_column("count")) == slips.height


def test_left_truncation_leaves_no_row_before_the_transfer(tmp_path):
    made, slips = befallen({"left_truncated": 0.3})
    found = reread(tmp_path, made)
    moved = slips.get_column("hospital_no").to_list()
    assert 8 < len(moved) < 30
    starts = found.stays.filter(pl.col("patient_id").is_in(moved)).select("patient_id", "start")
    first = found.measurements.group_by("patient_id").agg(pl.col("time").min())
    joined = starts.join(first, on="patient_id")
    assert (joined.get_column("time") >= joined.get_column("start")).all()
    infused = found.drugs.filter(drug="tisagenlecleucel").select("patient_id", infused="start")
    after = starts.join(infused, on="patient_id").select(pl.col("start") - pl.col("infused")).to_series()
    assert (after.dt.total_minutes() > 0).all()
    assert (after.dt.total_minutes() <= 6 * 1440).all()
    assert found.drugs.filter(drug="tisagenlecleucel").height == 60
    rest = found.measurements.filter(pl.col("patient_id").is_in(moved).not_())
    assert rest.group_by("patient_id").len().get_column("len").unique().to_list() == [60 * 7 + 4]


def test_results_in_another_zone_are_the_same_instants(tmp_path):
    plain = reread(tmp_path / "plain", tables(Chart(ward(3), Hospital())))
    made, slips = befallen({"labs_in_utc": True}, ward(3))
    found = reread(tmp_path / "made", made, labs_zone="UTC")
    assert slips.height == 0
    same = ["patient_id", "time", "available_time", "variable", "value"]
    assert found.measurements.select(same).equals(plain.measurements.select(same))
    text = (tmp_path / "made" / "labs.csv").read_text()
    assert "2021-01-04 02:22" in text  # 10:22 in Shanghai
    assert "2021-01-04 10:22" not in text


def test_twofold_hours_of_a_clock_change_are_listed():
    # 2021-10-31 03:00 Berlin falls back to 02:00; the infusion is at 10:00 of the day before: minutes 960 to 1079
    berlin = Hospital(zone="Europe/Berlin")
    found = twofold_hours(tables(Chart(ward(1, day=299), berlin)))
    assert found.height == 1
    row = found.row(0, named=True)
    assert (row["file"], row["row"], row["finding"]) == ("vitals.csv", 5, "C.time-ambiguous")
    assert twofold_hours(tables(Chart(ward(1, day=299), Hospital()))).height == 0


@pytest.mark.parametrize("knob", ["duplicates", "fahrenheit", "misspelt", "day_only", "left_truncated"])
def test_slips_do_not_depend_on_other_patients(knob):
    whole = befallen({knob: 0.3}, ward(40))[1]
    half = befallen({knob: 0.3}, ward(20, first=20))[1]
    same = ["file", "hospital_no", "mishap", "column", "was"]
    later = whole.filter(pl.col("hospital_no") >= "V000020").select(same)
    assert half.height > 0
    assert half.select(same).sort(same).equals(later.sort(same))


def test_another_seed_befalls_others():
    assert not befallen({"fahrenheit": 0.1})[1].equals(befallen({"fahrenheit": 0.1}, seed=SEED + 1)[1])


@pytest.mark.parametrize("bad", [{"duplicates": 1.5}, {"fahrenheit": -0.1}, {"nonsense": 0.1}])
def test_knobs_are_shares(bad):
    with pytest.raises(ValidationError):
        Mishaps(**bad)
