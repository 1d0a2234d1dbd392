from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.records.folder import read_folder
from tocsin.tables import Records

ROOT = Path(__file__).parents[3]
WIDE = """[vitals]
file = "vitals.csv"
table = "measurements"
patient_id = "no"
time = "at"
[vitals.temperature]
column = "T"
unit = "°C"
[vitals.systolic]
column = "SBP"
unit = "mmHg"
"""
LONG = """[labs]
file = "labs.csv"
table = "measurements"
patient_id = "no"
time = "collected"
available_time = "resulted"
variable = "item"
value = "result"
unit = "unit"
"""


def read(folder: Path, site: str, zone: str = "Asia/Shanghai", **files: str) -> Records:
    (folder / "site.toml").write_text(f'zone = "{zone}"\n{site}', encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return read_folder(folder).check()


def refused(folder: Path, site: str, zone: str = "Asia/Shanghai", **files: str) -> dict[str, str]:
    with pytest.raises(TocsinError) as caught:
        read(folder, site, zone, **files)
    return {problem.slug: str(problem) for problem in caught.value.problems}


def findings(records: Records) -> dict[str, tuple[int | None, int, str, bool]]:
    columns = ("row", "count", "effect", "needs_decision")
    return {row["code"]: tuple(row[c] for c in columns) for row in records.findings.to_dicts()}


def account(records: Records, source: str) -> tuple[int, int, int, int]:
    return records.account.filter(source=source).select("rows", "used", "excluded", "not_needed").row(0)


def test_a_wide_file_becomes_one_reading_per_filled_cell(tmp_path: Path) -> None:
    text = "no,at,T,SBP\n1,2021-03-04 10:00,38.5,120\n1,2021-03-04 11:00,,110\n1,2021-03-04 12:00,,\n"
    records = read(tmp_path, WIDE, vitals=text)
    rows = records.measurements.select("patient_id", "time", "variable", "value", "source", "source_row").rows()
    at = lambda hour: datetime(2021, 3, 4, hour, tzinfo=UTC)  # noqa: E731 - eight hours before Shanghai
    assert sorted(rows, key=lambda row: (row[5], row[2])) == [
        ("1", at(2), "systolic", 120.0, "vitals.csv", 1),
        ("1", at(2), "temperature", 38.5, "vitals.csv", 1),
        ("1", at(3), "systolic", 110.0, "vitals.csv", 2),
    ]
    assert account(records, "vitals.csv") == (3, 2, 0, 1)
    assert records.zone == "Asia/Shanghai"
    assert records.supplied == {"measurements"}
    assert set(records.hashes) == {"vitals.csv"}


def test_a_long_file_with_limits_and_words(tmp_path: Path) -> None:
    text = (
        "no,collected,resulted,item,result,unit\n"
        "1,2021-03-04 10:00,2021-03-04 12:30,乳酸,<0.5,mmol/L\n"
        "1,2021-03-04 10:00,2021-03-04 12:30,CRP,阴性,mg/L\n"
        "1,2021-03-04 10:00,2021-03-04 12:30,CRP,12.5 ↑,mg/L\n"
        "1,2021-03-04 10:00,2021-03-04 12:30,新冠抗体,阴性,\n"
    )
    records = read(tmp_path, LONG + 'words = { "乳酸" = "lactate" }\n', labs=text)
    rows = records.measurements.select("variable", "value", "available_time").rows()
    assert sorted(rows) == [
        ("crp", 12.5, datetime(2021, 3, 4, 4, 30, tzinfo=UTC)),
        ("lactate", 0.5, datetime(2021, 3, 4, 4, 30, tzinfo=UTC)),
    ]
    found = findings(records)
    assert found["P.value-limit"] == (1, 1, "changed", False)
    assert found["C.value-not-a-number"] == (2, 1, "excluded", False)
    assert account(records, "labs.csv")[:2] == (4, 2)


def test_words_and_units_of_the_site(tmp_path: Path) -> None:
    site = WIDE.replace(
        'unit = "°C"', 'unit = "度"\nunits = { "度" = "°F" }\nsite_column = "how"\nwords = { "腋" = "axillary" }'
    )
    records = read(tmp_path, site, vitals="no,at,T,SBP,how\n1,2021-03-04 10:00,102.3,120,腋\n")
    temperature = records.measurements.filter(variable="temperature")
    assert temperature.select("value", "site").rows() == [(39.056, "axillary")]


def test_constants_and_several_sections_for_one_table(tmp_path: Path) -> None:
    site = """[cells]
file = "cells.csv"
table = "drugs"
patient_id = "no"
start = "day"
drug_is = "tisagenlecleucel"
mode = "dose"
dose = "n"
dose_unit_is = "cells/kg"
[pressors]
file = "pressors.csv"
table = "drugs"
patient_id = "no"
start = "start"
stop = "stop"
drug = "drug"
mode = "infusion"
rate = "rate"
rate_unit_is = "ug/kg/min"
"""
    records = read(
        tmp_path, site, cells="no,day,n\n1,2021-03-01,2000000\n",
        pressors="no,start,stop,drug,rate\n1,2021-03-05 10:00,,去甲肾上腺素,0.05\n",
    )  # fmt: skip
    rows = records.drugs.select("drug", "mode", "start", "precision", "dose", "rate").rows()
    assert rows == [
        ("tisagenlecleucel", "dose", datetime(2021, 3, 1, 4, tzinfo=UTC), "day", 2e6, None),
        ("norepinephrine", "infusion", datetime(2021, 3, 5, 2, tzinfo=UTC), "minute", None, 0.05),
    ]


def test_outcome_dates_in_columns(tmp_path: Path) -> None:
    site = """[outcomes]
file = "outcomes.csv"
table = "outcomes"
patient_id = "no"
[outcomes.death]
column = "died"
value_column = "cause"
[outcomes.last_contact]
column = "seen"
"""
    text = "no,died,cause,seen\n1,,,2022-01-01\n2,2021-05-01,CRS,2021-05-01\n3,,,\n"
    records = read(tmp_path, site, outcomes=text)
    rows = records.outcomes.select("patient_id", "what", "value", "precision").rows()
    assert sorted(rows, key=str) == [
        ("1", "last_contact", None, "day"),
        ("2", "death", "crs", "day"),
        ("2", "last_contact", None, "day"),
    ]
    assert records.patients["patient_id"].to_list() == ["1", "2", "3"]  # nobody is lost, whatever is empty
    assert findings(records)["M.patient-without-entry"] == (3, 1, "noted", True)
    assert account(records, "outcomes.csv") == (3, 3, 0, 0)


def test_patients_with_dates_numbers_and_yes_or_no(tmp_path: Path) -> None:
    site = """[patients]
file = "patients.csv"
table = "patients"
patient_id = "no"
sex = "性别"
birth_date = "dob"
weight_kg = "w"
cns_disease = "cns"
"""
    records = read(tmp_path, site, patients="no,性别,dob,w,cns\n1,女,1980-02-29,61.5,是\n2,男,,,否\n")
    rows = records.patients.select("patient_id", "sex", "birth_date", "weight_kg", "cns_disease").rows()
    assert rows == [("1", "female", date(1980, 2, 29), 61.5, True), ("2", "male", None, None, False)]


def test_a_patient_whose_every_time_is_unreadable_stays_a_patient(tmp_path: Path) -> None:
    text = "no,at,T,SBP\n1,2021-03-04 10:00,38.5,\n1,2021-03-04 11:00,38.5,\n2,gestern,39.5,\n"
    records = read(tmp_path, WIDE, vitals=text)
    assert records.patients["patient_id"].to_list() == ["1", "2"]
    assert account(records, "vitals.csv") == (3, 3, 0, 0)
    assert findings(records)["C.time-unreadable"] == (3, 1, "excluded", True)


def test_unreadable_times_are_counted_and_need_a_decision(tmp_path: Path) -> None:
    text = "no,at,T,SBP\n1,2021-03-04 10:00,38.5,\n1,2021-02-30 11:00,39.5,\n1,2021-03-04 12:00,36.5,\n"
    records = read(tmp_path, WIDE, vitals=text)
    assert findings(records)["C.time-unreadable"] == (2, 1, "excluded", True)
    assert records.measurements["value"].to_list() == [38.5, 36.5]
    assert account(records, "vitals.csv") == (3, 2, 1, 0)


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2021-10-31 02:30", datetime(2021, 10, 31, 1, 30, tzinfo=UTC)),  # twice: the later one, winter time
        ("2021-03-28 02:30", datetime(2021, 3, 28, 1, 30, tzinfo=UTC)),  # skipped: 03:30 summer time
    ],
)
def test_clock_changes_take_the_later_reading(tmp_path: Path, written: str, utc: datetime) -> None:
    records = read(tmp_path, WIDE, "Europe/Berlin", vitals=f"no,at,T,SBP\n1,{written},38.5,\n1,2021-06-01 12:00,38,\n")
    assert records.measurements.sort("source_row")["time"].to_list()[0] == utc
    assert findings(records)["C.time-ambiguous"] == (1, 1, "changed", False)


def test_offsets_need_no_zone_and_are_obeyed(tmp_path: Path) -> None:
    records = read(
        tmp_path, WIDE, vitals="no,at,T,SBP\n1,2021-03-04T10:00:00+01:00,38.5,\n1,2021-03-04T10:00:00Z,38.6,\n"
    )
    assert records.measurements["time"].to_list() == [datetime(2021, 3, 4, h, tzinfo=UTC) for h in (9, 10)]


def test_a_column_of_midnights_holds_dates(tmp_path: Path) -> None:
    rows = "".join(f"1,2021-03-0{day} 00:00,38.5,\n" for day in range(1, 7))
    records = read(tmp_path, WIDE, vitals=f"no,at,T,SBP\n{rows}")
    assert records.measurements["precision"].unique().to_list() == ["day"]
    assert findings(records)["C.time-midnight"] == (1, 6, "changed", False)


def test_day_first_is_taken_where_other_rows_show_it(tmp_path: Path) -> None:
    records = read(tmp_path, WIDE, vitals="no,at,T,SBP\n1,03/04/2021 10:00,38.5,\n1,25/04/2021 10:00,38.5,\n")
    assert [t.month for t in records.measurements["time"]] == [4, 4]
    assert "C.time-order" in findings(records)


def test_a_stated_format_settles_day_and_month(tmp_path: Path) -> None:
    site = WIDE.replace('time = "at"', 'time = "at"\ntime_format = "%m/%d/%Y %H:%M"')
    records = read(tmp_path, site, vitals="no,at,T,SBP\n1,03/04/2021 10:00,38.5,\n")
    assert records.measurements["time"].to_list() == [datetime(2021, 3, 4, 2, tzinfo=UTC)]


def test_decimal_commas_are_read_where_stated_and_suggested_where_seen(tmp_path: Path) -> None:
    text = "no;at;T;SBP\n1;2021-03-04 10:00;38,5;120\n1;2021-03-04 11:00;39,5;\n"
    assert 'Add  decimal = ","' in refused(tmp_path, WIDE, vitals=text)["records.value-unreadable"]
    site = WIDE.replace('table = "measurements"', 'table = "measurements"\ndecimal = ","')
    assert sorted(read(tmp_path, site, vitals=text).measurements["value"]) == [38.5, 39.5, 120.0]


def test_a_point_in_a_file_with_decimal_commas_is_not_guessed(tmp_path: Path) -> None:
    site = WIDE.replace('table = "measurements"', 'table = "measurements"\ndecimal = ","')
    text = "no;at;T;SBP\n1;2021-03-04 10:00;38,5;1.200\n1;2021-03-04 11:00;;120\n1;2021-03-04 12:00;;121\n"
    assert sorted(read(tmp_path, site, vitals=text).measurements["value"]) == [38.5, 120.0, 121.0]


def test_unknown_units_of_some_rows_are_a_finding_and_of_all_rows_an_error(tmp_path: Path) -> None:
    head = "no,collected,resulted,item,result,unit\n"
    row = "1,2021-03-04 10:00,2021-03-04 12:30,体温,38.5,{}\n"
    records = read(tmp_path, LONG, labs=head + row.format("℃") + row.format("度"))
    assert findings(records)["C.unit-unknown"][:3] == (2, 1, "excluded")
    message = refused(tmp_path, LONG, labs=head + row.format("度"))["records.unit-unknown"]
    assert message == (
        'records.unit-unknown: labs.csv, column "result", variable temperature: 1 of 1 values have unit "度" '
        "(first: row 1).\n"
        "  Fever cannot be judged without °C or °F. Nothing was written.\n"
        '  Add  units = { "度" = "°C" }  under [labs] in site.toml, or run  tocsin init  to see what is in the file.'
    )


def test_the_canonical_layout_needs_no_site(tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "patient_id": ["1", "1"], "time": [datetime(2021, 3, 4, 10, tzinfo=UTC)] * 2,
            "variable": ["temperature", "systolic"], "value": [38.5, 120.0],
        }
    ).write_parquet(tmp_path / "measurements.parquet")  # fmt: skip
    (tmp_path / "stays.csv").write_text("patient_id,start,stop,kind\n1,2021-03-01T08:00Z,,hospital\n", encoding="utf-8")
    records = read_folder(tmp_path).check()
    assert sorted(records.measurements["value"]) == [38.5, 120.0]
    assert records.supplied == {"measurements", "stays"}
    assert records.zone == "UTC"


def test_a_canonical_folder_with_local_times_takes_the_zone_of_its_site(tmp_path: Path) -> None:
    text = "patient_id,time,variable,value\n1,2021-03-04 10:00,temperature,38.5\n"
    (tmp_path / "measurements.csv").write_text(text, encoding="utf-8")
    with pytest.raises(TocsinError) as caught:
        read_folder(tmp_path)
    assert [p.slug for p in caught.value.problems] == ["records.zone-missing"]
    (tmp_path / "site.toml").write_text('zone = "Asia/Shanghai"\n', encoding="utf-8")
    assert read_folder(tmp_path).measurements["time"].to_list() == [datetime(2021, 3, 4, 2, tzinfo=UTC)]


def test_records_written_as_parquet_come_back_equal(tmp_path: Path) -> None:
    first = read_folder(ROOT / "examples" / "zhou2023")
    names = ("patients", "stays", "measurements", "drugs", "supports", "assessments", "outcomes")
    for name in names:
        first.table(name).write_parquet(tmp_path / f"{name}.parquet")
    second = read_folder(tmp_path)
    for name in names:
        more = [c for c in first.table(name).columns if c not in ("source", "source_row")]
        assert first.table(name).select(more).sort(more).equals(second.table(name).select(more).sort(more)), name


def test_the_example_reads_without_a_row_lost() -> None:
    records = read_folder(ROOT / "examples" / "zhou2023").check()
    assert records.patients.height == 22
    assert (records.account["rows"] == records.account["used"]).all()
    assert not records.findings["needs_decision"].any()


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    site = WIDE + LONG + WIDE.replace("[vitals", "[third").replace("vitals.csv", "third.csv")
    found = refused(tmp_path, site, vitals="no,at,Temp,SBP\n", labs="no,collected\n1,2021-03-04,3\n")
    assert {"records.column-missing", "records.ragged-rows", "records.file-missing"} <= set(found)
    assert "vitals.csv" in found["records.column-missing"]


def test_a_folder_that_is_none_or_holds_nothing(tmp_path: Path) -> None:
    for path, slug in ((tmp_path / "gone", "records.folder-missing"), (tmp_path, "records.nothing-to-read")):
        with pytest.raises(TocsinError) as caught:
            read_folder(path)
        assert caught.value.problems[0].slug == slug


def test_a_table_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stays.csv").write_text("patient_id,start\n", encoding="utf-8")
    (tmp_path / "stays.txt").write_text("patient_id,start\n", encoding="utf-8")
    with pytest.raises(TocsinError) as caught:
        read_folder(tmp_path)
    assert caught.value.problems[0].slug == "records.file-twice"


def test_tables_without_rows_are_supplied_and_empty(tmp_path: Path) -> None:
    head = "no,collected,resulted,item,result,unit\n"
    records = read(tmp_path, WIDE + LONG, vitals="no,at,T,SBP\n", labs=head)
    assert records.measurements.height == 0
    assert records.supplied == {"measurements"}
    assert account(records, "vitals.csv") == (0, 0, 0, 0)


def test_a_file_that_nobody_asks_for_is_said(tmp_path: Path) -> None:
    records = read(tmp_path, WIDE, vitals="no,at,T,SBP\n1,2021-03-04 10:00,38.5,\n", forgotten="no,at\n")
    assert records.findings.filter(code="C.file-not-read")["source"].to_list() == ["forgotten.csv"]


def test_a_file_without_a_header_is_called_so_and_not_quoted(tmp_path: Path) -> None:
    message = refused(tmp_path, WIDE, vitals="no7,2021-03-04 10:00,38.5,120\n")["records.column-missing"]
    assert "first line looks like data" in message
    assert "no7" not in message


@pytest.mark.parametrize(
    ("cell", "value"), [("97%", 97.0), ("97 ％", 97.0), ("９７", 97.0), ("96 L", 96.0), ("97*", 97.0)]
)
def test_signs_after_a_number(tmp_path: Path, cell: str, value: float) -> None:
    site = WIDE.replace("systolic", "spo2").replace("mmHg", "%")
    records = read(tmp_path, site, vitals=f"no,at,T,SBP\n1,2021-03-04 10:00,38.5,{cell}\n")
    assert records.measurements.filter(variable="spo2")["value"].to_list() == [value]


@pytest.mark.parametrize("cell", ["1,200", "12..5", "38.5.1", "nan", "inf", "0x26", "1_000", "38 5", "-", "<"])
def test_what_is_no_number_is_never_made_one(tmp_path: Path, cell: str) -> None:
    text = f'no,at,T,SBP\n1,2021-03-04 10:00,"{cell}",120\n1,2021-03-04 11:00,38.5,\n'
    records = read(tmp_path, WIDE, vitals=text)
    assert records.measurements.filter(variable="temperature")["value"].to_list() == [38.5]
    assert findings(records)["C.value-not-a-number"] == (1, 1, "excluded", False)


def test_one_patient_under_two_spellings_needs_a_decision(tmp_path: Path) -> None:
    vitals = "no,at,T,SBP\n0012,2021-03-04 10:00,38.5,\n13,2021-03-04 10:00,38.5,\n"
    labs = "no,collected,resulted,item,result,unit\n12,2021-03-04 10:00,2021-03-04 12:30,CRP,1,mg/L\n"
    records = read(tmp_path, WIDE + LONG, vitals=vitals, labs=labs)
    found = records.findings.filter(code="C.patient-spelling").select("source", "row", "count", "needs_decision")
    assert sorted(found.rows()) == [("labs.csv", 1, 1, True), ("vitals.csv", 1, 1, True)]
    assert records.patients["patient_id"].to_list() == ["0012", "12", "13"]
