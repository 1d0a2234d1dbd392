"""study.toml: what is accepted, and that every mistake is named at once."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from tocsin.errors import TocsinError
from tocsin.records.init import suggest
from tocsin.signs import Parameters
from tocsin.studyfile import StudyFile, parse_study, read_study, study_schema

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "zhou2023" / "study.toml"
RULE = {"give": "tocilizumab", "when": {"sign": "temperature", "at_least": 39.0}}
GOOD = {"title": "t", "strategies": {"a": RULE}}


def problems(data):
    with pytest.raises(TocsinError) as caught:
        parse_study(data)
    assert caught.value.exit_code == 3
    return {
        (p.slug, p.what.split(": ", 2)[1].removeprefix("the key ").split(" is ")[0]): p for p in caught.value.problems
    }


def test_the_example_is_read():
    study, where = read_study(EXAMPLE.parent)
    assert where.name == "study.toml"
    assert list(study.strategies) == ["early", "conventional"]
    assert study.strategies["early"].when.sustained == 240
    assert study.endpoints.landmark_day == 28
    assert study.synthetic


def test_what_init_writes_is_accepted(tmp_path):
    (tmp_path / "clif_vitals.csv").write_text("a\n1\n")
    (tmp_path / "clif_adt.csv").write_text("a\n1\n")
    text = suggest(tmp_path)["study.toml"]
    assert parse_study(tomllib.loads(text)).data.format == "clif"


def test_the_published_schema_is_ours_and_accepts_the_example():
    published = json.loads((ROOT / "docs" / "schemas" / "study.schema.json").read_text(encoding="utf-8"))
    assert published == study_schema()
    jsonschema.Draft202012Validator.check_schema(published)
    validator = jsonschema.Draft202012Validator(published)
    good = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert list(validator.iter_errors(good)) == []
    assert list(validator.iter_errors({**good, "titel": "x"}))


def test_parameters_are_those_of_the_signs():
    study = parse_study({**GOOD, "parameters": {"fever": 38.3, "clock": "measured"}})
    assert study.sign_parameters() == Parameters(fever=38.3, clock="measured")
    assert study.sign_parameters({"fever": 38.5}).fever == 38.5
    with pytest.raises(TocsinError):
        study.sign_parameters({"fevre": 38.5})


def test_every_mistake_is_said_at_once():
    found = problems(
        {
            "titel": "x",
            "cohort": {"scale": "astct_cr", "time_zero": "column"},
            "strategies": {
                "none": {"give": "tocilizumb", "whn": {}, "when": {"grade_of": "astct", "at_least": 3}},
                "b": {"give": "tocilizumab", "within": "six hours", "when": {"sign": "temperature"}},
            },
            "parameters": {"fevr": 38.0, "fever": 99, "confirm_hypotension": 1},
            "endpoints": {"mrd_negative_cr": {"from_day": 9, "to_day": 3}, "efs": {"variant": "x"}},
            "study": {"days": 0},
        }
    )
    assert set(found) == {
        ("study.key-unknown", "titel"), ("study.missing", "title"),
        ("study.value", "cohort.scale"), ("study.value", "cohort.column"), ("study.value", "strategies.none"),
        ("study.value", "strategies.none.give"), ("study.key-unknown", "strategies.none.whn"),
        ("study.value", "strategies.none.when.grade_of"), ("study.value", "strategies.b.within"),
        ("study.value", "strategies.b.when"), ("study.key-unknown", "parameters.fevr"),
        ("study.value", "parameters.fever"), ("study.value", "parameters.confirm_hypotension"),
        ("study.value", "endpoints.mrd_negative_cr.to_day"), ("study.value", "endpoints.efs.variant"),
        ("study.value", "study.days"),
    }  # fmt: skip
    assert "Did you mean title" in found["study.key-unknown", "titel"].do
    assert "fever" in found["study.key-unknown", "parameters.fevr"].do
    assert "when" in found["study.key-unknown", "strategies.none.whn"].do
    assert "tocilizumab" in found["study.value", "strategies.none.give"].do
    assert "astct_crs" in found["study.value", "cohort.scale"].do
    assert all(p.do for p in found.values())


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"strategies": {}}, "study.missing"),
        ({"strategies": [1]}, "study.value"),
        ({"strategies": {"a": {**RULE, "when": {"sign": "temperature", "at_least": float("nan")}}}}, "study.value"),
        ({"strategies": {"a v b": RULE}}, "study.value"),
        ({"study": {"survival_months": [0]}}, "study.value"),
        ({"synthetic": "yes"}, "study.value"),
        ({"data": {"fromat": "csv"}}, "study.key-unknown"),
    ],
)
def test_one_mistake_one_slug(change, slug):
    with pytest.raises(TocsinError) as caught:
        parse_study({**GOOD, **change})
    assert {p.slug for p in caught.value.problems} == {slug}
    assert all("study.toml" in p.what for p in caught.value.problems)


@pytest.mark.parametrize("text", [b'title = "x', b"a = 1\na = 2\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_toml(tmp_path, text):
    (tmp_path / "study.toml").write_bytes(text)
    with pytest.raises(TocsinError) as caught:
        read_study(tmp_path)
    assert [p.slug for p in caught.value.problems] == ["study.unreadable"]
    assert str(tmp_path) not in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(TocsinError) as caught:
        read_study(tmp_path / "other.toml")
    assert [p.slug for p in caught.value.problems] == ["study.file-missing"]
    assert str(tmp_path) not in str(caught.value)


def test_bom_and_lists_of_triggers(tmp_path):
    text = 'title = "x"\n[strategies.a]\ngive = "anakinra"\nwhen = { any = [{ day = 2 }, { not = { day = 3 } }] }\n'
    (tmp_path / "study.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    study, _ = read_study(tmp_path)
    assert isinstance(study, StudyFile)
    assert study.strategies["a"].when.any[1].not_.day == 3
