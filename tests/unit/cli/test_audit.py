"""`tocsin audit`: exit codes, files, languages, refusals."""

import csv
import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.design_audit.written import FILES
from tocsin.studyfile import parse_study

EXAMPLE = Path(__file__).parents[3] / "examples" / "zhou2023"
FOUND = {1: "serious", 2: "serious", 3: "serious", 4: "not_found", 5: "note", 6: "serious", 7: "note", 8: "serious"}


def run(*arguments):
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    out = tmp_path_factory.mktemp("audit") / "out"
    return run(EXAMPLE, "-o", out), out


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_founding_study_is_not_believed_as_it_is(audited):
    result, out = audited
    assert result.exit_code == 1
    assert {path.name for path in out.iterdir()} == set(FILES)
    assert {int(row["no"]): row["verdict"] for row in rows(out / "audit.csv")} == FOUND
    defined = rows(out / "audit_outcome_defined.csv")
    assert len(defined) == 9
    assert {(row["arm"], row["by_dose"], row["waits_for"]) for row in defined} == {("conventional", "true", "3.0")}
    assert len(rows(out / "audit_left_out.csv")) == 22
    assert {row["why"] for row in rows(out / "audit_left_out.csv")} == {"chosen_by_dose"}
    small = {row["outcome"]: row for row in rows(out / "audit_detectable.csv")}
    assert (small["MRD-negative CR"]["n"], small["MRD-negative CR"]["n_other"]) == ("13", "9")


def test_the_protocol_of_the_founding_study(audited):
    _, out = audited
    made = tomllib.loads((out / "protocol.toml").read_text(encoding="utf-8"))["protocol"]
    assert (made["time_zero"], made["reference"]) == ("early", "conventional")
    study = tomllib.loads((EXAMPLE / "study.toml").read_text(encoding="utf-8"))
    assert parse_study({**study, "protocol": made}).protocol is not None
    summary = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    assert (summary["written_by"], summary["serious"], summary["courses"]) == ("tocsin audit", 5, 22)
    assert "vitals.csv" in summary["inputs"]


def test_the_same_input_gives_the_same_bytes_and_an_earlier_result_is_replaced(audited):
    _, out = audited
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run(EXAMPLE, "-o", out).exit_code == 1
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_nothing_is_written_without_o_and_chinese_is_spoken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(EXAMPLE / "study.toml", "--lang", "zh")
    assert result.exit_code == 1
    assert "按结局定义的组" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_edges_can_be_moved_and_the_parameters_are_written(tmp_path):
    wide = [f"audit.{name}={value}" for name, value in (("immortal_h", 200), ("points_serious", 90))]
    result = run(EXAMPLE, "-o", tmp_path / "out", *(part for one in wide for part in ("--set", one)))
    assert result.exit_code == 1  # two arms are still made by the outcome and by treatment
    seen = {int(row["no"]): row["verdict"] for row in rows(tmp_path / "out" / "audit.csv")}
    assert {no: seen[no] for no in (1, 2, 3, 6, 8)} == {1: "serious", 2: "not_found", 3: "note", 6: "note", 8: "note"}
    assert {r["name"]: r["value"] for r in rows(tmp_path / "out" / "parameters.csv")}["audit.immortal_h"] == "200.0"


@pytest.mark.parametrize(
    ("setting", "slug"),
    [("audit.power=2", "parameters.value"), ("audit.speed=1", "parameters.unknown"),
     ("signs.clock=measured", "parameters.unknown")],
)  # fmt: skip
def test_a_wrong_setting_is_a_mistake_of_the_command_line(setting, slug):
    result = run(EXAMPLE, "--set", setting)
    assert result.exit_code == 2
    assert slug in result.stderr


def test_a_study_that_is_not_there_and_a_folder_of_others(tmp_path):
    missing = run(tmp_path / "nowhere")
    assert missing.exit_code == 3
    assert "study.file-missing" in missing.stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep", encoding="utf-8")
    foreign = run(EXAMPLE, "-o", tmp_path / "mine")
    assert foreign.exit_code == 3
    assert "outputs.foreign-folder" in foreign.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
