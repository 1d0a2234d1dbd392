from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from tocsin.errors import TocsinError
from tocsin.records.folder import read_folder
from tocsin.records.init import suggest

ROOT = Path(__file__).parents[3]


def _folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def test_the_example_reads_with_only_the_zone_edited(tmp_path: Path) -> None:
    for file in (ROOT / "examples" / "zhou2023").glob("*.csv"):
        shutil.copy(file, tmp_path)
    made = suggest(tmp_path)["site.toml"]
    (tmp_path / "site.toml").write_text(made, encoding="utf-8")
    with pytest.raises(TocsinError) as caught:
        read_folder(tmp_path)
    assert [p.slug for p in caught.value.problems] == ["records.zone-missing"]
    edited = made.replace('zone = ""', 'zone = "Asia/Shanghai"')
    (tmp_path / "site.toml").write_text(edited, encoding="utf-8")
    guessed, right = read_folder(tmp_path).check(), read_folder(ROOT / "examples" / "zhou2023").check()
    for table in ("patients", "stays", "supports"):
        assert guessed.table(table).height == right.table(table).height
    assert guessed.supplied == right.supplied
    columns = ["patient_id", "time", "variable", "value"]
    assert guessed.measurements.select(columns).sort(columns).equals(right.measurements.select(columns).sort(columns))
    columns = ["patient_id", "start", "drug", "mode", "dose", "rate"]
    assert guessed.drugs.select(columns).sort(columns).equals(right.drugs.select(columns).sort(columns))


def test_fahrenheit_kilopascal_and_fractions_are_seen_in_the_numbers(tmp_path: Path) -> None:
    text = "patient,recorded_at,Temp,SBP,SpO2,HR,Creatinine,Ferritin (ng/mL)\n" + "".join(
        f"p{i},2021-03-04T10:{i:02d}:00Z,{98 + i / 10},{15 + i / 10},0.9{i % 10},{80 + i},{60 + i},{400 + i}\n"
        for i in range(30)
    )
    made = suggest(_folder(tmp_path, vitals=text))["site.toml"]
    parts = tomllib.loads(made)["vitals"]
    units = {name: parts[name]["unit"] for name in ("temperature", "systolic", "spo2", "heart_rate", "ferritin")}
    assert units == {
        "temperature": "°F",
        "systolic": "kPa",
        "spo2": "fraction",
        "heart_rate": "/min",
        "ferritin": "ng/mL",
    }
    assert "creatinine" not in parts  # mg/dL or umol/L: nobody can know, so it is not read until decided
    assert "# [vitals.creatinine]" in made
    assert "DECIDE: no unit was seen" in made
    (tmp_path / "site.toml").write_text(made, encoding="utf-8")
    assert read_folder(tmp_path).measurements.height == 5 * 30


def test_chinese_headers(tmp_path: Path) -> None:
    _folder(
        tmp_path,
        护理="住院号,测量时间,腋温(℃),收缩压(mmHg),血氧饱和度\n甲1,2021年3月4日 10:00,38.5,120,97\n",
        医嘱="住院号,开始时间,药品名称,剂量,剂量单位,给药途径\n甲1,2021-03-04 10:00,托珠单抗,480,mg,静滴\n",
        住院="住院号,入院时间,出院时间,科室\n甲1,2021-03-01 10:00,2021-03-20 10:00,ICU\n",
        病人="住院号,性别,出生日期,诊断\n甲1,女,1980-01-01,急性淋巴细胞白血病\n",
        随访="住院号,死亡日期,末次随访日期\n甲1,2021-06-01,2021-06-01\n",
        回输="住院号,回输日期\n甲1,2021-03-02\n",
    )
    made = suggest(tmp_path)["site.toml"]
    tables = {section["table"] for section in tomllib.loads(made).values() if isinstance(section, dict)}
    assert tables == {"measurements", "drugs", "stays", "patients", "outcomes"}
    (tmp_path / "site.toml").write_text(made.replace('zone = ""', 'zone = "Asia/Shanghai"'), encoding="utf-8")
    records = read_folder(tmp_path).check()
    assert records.measurements.filter(variable="temperature").select("value", "site").rows() == [(38.5, "axillary")]
    assert sorted(records.drugs["drug"]) == ["car_t", "tocilizumab"]
    assert sorted(records.outcomes["what"]) == ["death", "last_contact"]


def test_no_cell_is_repeated(tmp_path: Path) -> None:
    text = (
        "patient,recorded_at,Temp,SBP,item,result,unit,secret\n"
        "SMITHJOHN,03/04/2021 10:17,98.61,121.37,Rarestuff,77.123,furlong,liverbird\n"
        "DOEJANE,04/05/2021 11:23,99.83,119.21,Rarestuff,66.321,furlong,peacock\n"
    )
    made = suggest(_folder(tmp_path, vitals=text))["site.toml"]
    for cell in (
        "SMITHJOHN",
        "DOEJANE",
        "03/04/2021",
        "10:17",
        "Rarestuff",
        "furlong",
        "liverbird",
        "secret",
        "77.123",
    ):
        assert cell not in made
    assert "DECIDE: time_format" in made


def test_a_file_without_a_header_does_not_leak_its_first_row(tmp_path: Path) -> None:
    made = suggest(_folder(tmp_path, data="SMITHJOHN,2021-03-04 10:00,38.5\nDOEJANE,2021-03-04 11:00,36.5\n"))[
        "site.toml"
    ]
    assert "SMITHJOHN" not in made
    assert "DECIDE: data.csv: no table could be guessed" in made


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "vitals.csv").write_bytes(b"PK\x03\x04rest")
    made = suggest(_folder(tmp_path, stays="mrn,admitted,discharged\n1,2021-03-01 10:00,\n"))["site.toml"]
    assert "# records.not-a-table: vitals.csv" in made
    assert "DECIDE: no file for measurements" in made


def test_clif_and_canonical_folders_need_only_a_study(tmp_path: Path) -> None:
    clif, canonical = tmp_path / "clif", tmp_path / "canonical"
    clif.mkdir()
    canonical.mkdir()
    for name in ("clif_vitals.parquet", "clif_patient.parquet"):
        (clif / name).write_bytes(b"")
    made = suggest(clif)
    assert set(made) == {"study.toml"}
    study = tomllib.loads(made["study.toml"])
    assert study["data"] == {"path": ".", "format": "clif"}
    assert study["strategies"]["early"]["when"]["at_least"] == 39.0
    _folder(canonical, stays="patient_id,start,stop\n1,2021-03-01T10:00Z,\n")
    assert set(suggest(canonical)) == {"study.toml"}


def test_nothing_to_read(tmp_path: Path) -> None:
    for path, slug in ((tmp_path / "gone", "records.folder-missing"), (tmp_path, "records.nothing-to-read")):
        with pytest.raises(TocsinError) as caught:
            suggest(path)
        assert caught.value.problems[0].slug == slug
