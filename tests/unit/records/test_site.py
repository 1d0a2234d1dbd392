from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from tocsin.errors import TocsinError
from tocsin.records.site import TABLES, columns_of, parse_site, read_site, site_schema

ROOT = Path(__file__).parents[3]
GOOD = """
zone = "Asia/Shanghai"
[vitals]
file = "vitals.csv"
table = "measurements"
patient_id = "hospital_no"
time = "chart_time"
time_format = "%Y-%m-%d %H:%M"
[vitals.temperature]
column = "T"
unit = "度"
site = "axillary"
units = { "度" = "°C" }
[labs]
file = "labs.csv"
table = "measurements"
patient_id = "hospital_no"
time = "collected"
available_time = "resulted"
variable = "item"
value = "result"
unit = "unit"
words = { "乳酸脱氢酶" = "ldh" }
[cells]
file = "cells.csv"
table = "drugs"
patient_id = "hospital_no"
start = "day"
drug_is = "tisagenlecleucel"
mode = "infusion"
[outcomes]
file = "outcomes.csv"
table = "outcomes"
patient_id = "hospital_no"
[outcomes.death]
column = "death_date"
value = "other"
"""


def _slugs(text: str) -> dict[str, str]:
    with pytest.raises(TocsinError) as caught:
        parse_site(tomllib.loads(text))
    return {problem.slug: str(problem) for problem in caught.value.problems}


def test_the_published_schema_is_that_of_the_models() -> None:
    published = (ROOT / "docs" / "schemas" / "site.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == site_schema()


def test_the_schema_accepts_what_the_reader_accepts_and_refuses_unknown_keys() -> None:
    validator = jsonschema.Draft202012Validator(site_schema())
    data = tomllib.loads(GOOD)
    assert list(validator.iter_errors(data)) == []
    data["vitals"]["tmie"] = "x"
    assert list(validator.iter_errors(data))


def test_every_column_of_every_table_may_be_mapped_or_constant() -> None:
    text = json.dumps(site_schema())
    for table in TABLES:
        for column in columns_of(table):
            assert f'"{column}"' in text
            assert f'"{column}_is"' in text


def test_sections_become_maps() -> None:
    site = parse_site(tomllib.loads(GOOD))
    vitals, labs, cells, outcomes = site.files
    assert site.zone == "Asia/Shanghai"
    assert vitals.columns == {"patient_id": "hospital_no", "time": "chart_time"}
    assert vitals.parts["temperature"].units == {"度": "°C"}
    assert vitals.time_format == "%Y-%m-%d %H:%M"
    assert labs.words == {"乳酸脱氢酶": "ldh"}
    assert cells.constants == {"drug": "tisagenlecleucel", "mode": "infusion"}
    assert outcomes.parts["death"].value == "other"


def test_a_zone_alone_is_a_site_with_the_canonical_layout() -> None:
    assert parse_site({"zone": "Europe/Berlin"}).files == ()


@pytest.mark.parametrize(
    ("old", "new", "slug", "words"),
    [
        ('zone = "Asia/Shanghai"', "", "records.zone-missing", "zone"),
        ('zone = "Asia/Shanghai"', 'zone = ""', "records.zone-missing", "zone"),
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Shanghia"', "records.zone-unknown", '"Asia/Shanghai"'),
        ('zone = "Asia/Shanghai"', 'zone = "CST"', "records.zone-unknown", "clock changes"),
        ('zone = "Asia/Shanghai"', 'zone = "EST"', "records.zone-unknown", "clock changes"),
        (
            'time = "chart_time"',
            'tmie = "chart_time"',
            "records.key-unknown",
            'vitals.tmie is not known.\n  Did you mean "time"',
        ),
        ('time = "chart_time"', "", "records.key-missing", "[vitals]: time is not given"),
        ('patient_id = "hospital_no"\nstart', "start", "records.key-missing", "[cells]: patient_id is not given"),
        ('drug_is = "tisagenlecleucel"', "", "records.key-missing", "[cells]: drug is not given"),
        ('column = "T"', "", "records.key-missing", "vitals.temperature.column"),
        ('unit = "度"', "", "records.key-missing", "[vitals.temperature]: the unit is not given"),
        ('unit = "unit"', "", "records.key-missing", "[labs]: the unit is not given"),
        ('file = "labs.csv"', "", "records.key-missing", "labs.file"),
        ('table = "drugs"', "", "records.key-missing", "cells.table"),
        ('table = "drugs"', 'table = "drug"', "records.table-unknown", 'Did you mean "drugs"'),
        ('column = "T"', 'column = "T"\ncolour = "red"', "records.key-unknown", "vitals.temperature.colour"),
        ("[vitals.temperature]", "[vitals.temprature]", "records.key-unknown", 'Did you mean "temperature"'),
        ("[outcomes.death]", "[outcomes.deth]", "records.key-unknown", 'Did you mean "death"'),
        ('drug_is = "tisagenlecleucel"', 'drug_is = "x"\ndrug = "y"', "records.key-twice", "drug and drug_is"),
        ('drug_is = "tisagenlecleucel"', 'drug_is = "tisagen"', "records.word-unknown", "drug_is"),
        (
            'time_format = "%Y',
            'value = "T"\ntime_format = "%Y',
            "records.key-twice",
            "value is given, and sub-sections",
        ),
        ('= "ldh"', '= "ldhh"', "records.word-unknown", '"ldhh"'),
        ('"度" = "°C"', '"度" = "°X"', "records.word-unknown", '"°X"'),
        ('file = "labs.csv"', "file = 3", "records.key-value", "labs.file"),
        ('site = "axillary"', 'site = "axillary"\nsite_column = "S"', "records.key-twice", "site and site_column"),
        ('value = "other"', 'value = "other"\nunit = "°C"', "records.key-unknown", "unit has no meaning here"),
    ],
)
def test_each_mistake_has_its_slug_and_place(old: str, new: str, slug: str, words: str) -> None:
    assert old in GOOD
    found = _slugs(GOOD.replace(old, new, 1))
    assert slug in found, found
    assert words in found[slug]
    assert "site.toml" in found[slug]


def test_all_mistakes_come_in_one_message() -> None:
    text = (
        GOOD.replace('"Asia/Shanghai"', '"Mars"')
        .replace('drug_is = "tisagenlecleucel"', "")
        .replace('"T"', '"T"\nunits_ = 1')
    )
    found = _slugs(text)
    assert "records.key-unknown" in found  # the shape is wrong: the rest is judged once it is right
    found = _slugs(text.replace("units_ = 1", ""))
    assert {"records.zone-unknown", "records.key-missing"} <= set(found)


@pytest.mark.parametrize(
    "content", [b"zone = \xff\xfe", b"zone = 'a\n", b"a" + b"[" * 2000 + b"=1", b"x = " + b"[" * 5000]
)
def test_what_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(content)
    with pytest.raises(TocsinError) as caught:
        read_site(path)
    assert [problem.slug for problem in caught.value.problems] == ["records.site-unreadable"]


def test_a_byte_order_mark_is_no_mistake_and_a_missing_file_is(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_site(path).files[0].section == "vitals"
    with pytest.raises(TocsinError) as caught:
        read_site(tmp_path / "other.toml")
    assert caught.value.problems[0].slug == "records.site-missing"
