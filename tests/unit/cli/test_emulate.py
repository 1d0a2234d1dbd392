"""tocsin emulate on the command line: help, what is written and printed, exit codes."""

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tocsin.cli import NOTICE, app
from tocsin.tables.emulation import EMULATION_TABLES

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "zhou2023"


def run(*args):
    result = CliRunner().invoke(app, ["emulate", *(str(arg) for arg in args)], env={"COLUMNS": "200"})
    assert "Traceback" not in result.output
    return result


def words(text):
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emulate") / "data"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("out", "emulated", "*.py", "__pycache__"))
    return folder


@pytest.fixture(scope="module")
def done(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "out"
    return run(data, "-o", out), out


def test_help_teaches():
    text = words(run("--help").output)
    for part in (NOTICE, "Exit codes: 0", "Example tocsin emulate", "Writes ", "[protocol]", "tocsin simulate"):
        assert part in text, part


def test_the_example_is_described_and_its_protocol_printed(done):
    result, out = done
    text = words(result.output)
    assert result.exit_code == 0
    assert "No [protocol] in study.toml" in text
    assert "an emulation is no main result" in text
    assert "arms by the treatment received 15.4 % 100.0 %" in text
    assert NOTICE in text
    names = {path.name for path in out.iterdir()}
    assert {"protocol.toml", "results.json", "tables", "figures", "report.html", "report.docx", "tables.xlsx"} <= names
    assert sorted(path.stem for path in (out / "tables").iterdir()) == sorted(t.name for t in EMULATION_TABLES)
    data = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert data["schema"] == "tocsin/emulation.schema.json"
    assert data["meta"]["outcomes"] == ["crs_grade_3", "crs_death", "icans_3"]
    flow = pl.read_csv(out / "tables" / "flow.csv").filter(pl.col("outcome").is_null())
    assert flow.get_column("courses_out").to_list()[:-1] == flow.get_column("courses_in").to_list()[1:]


def test_no_patient_of_the_records_is_printed(done):
    result, _ = done
    assert not re.search(r"\bP\d\d\b", result.output)


def test_the_protocol_that_is_written_can_be_put_into_study_toml(data, done, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(data, folder)
    study = folder / "study.toml"
    study.write_text(study.read_text(encoding="utf-8") + "\n" + (done[1] / "protocol.toml").read_text(encoding="utf-8"),
                     encoding="utf-8")  # fmt: skip
    result = run(folder, "--lang", "zh")
    assert result.exit_code == 0
    assert "study.toml 中没有" not in result.output
    assert "模拟试验不能作为主要结果" in result.output
    mine, before = ((path / "tables" / "risks.csv").read_bytes() for path in (folder / "emulated", done[1]))
    assert mine == before


def test_what_is_not_ours_is_never_replaced(data, tmp_path):
    (tmp_path / "report.html").write_text("mine")
    result = run(data, "-o", tmp_path)
    assert result.exit_code == 3
    assert "report.foreign-file" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_mistakes(data, tmp_path):
    assert run(data, "--bootstrap", "7").exit_code == 2
    assert run(tmp_path / "nowhere").exit_code == 3
    folder = tmp_path / "wrong"
    shutil.copytree(data, folder)
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[protocol]\ntime_zero = "erly"\noutcomes = ["crs_grade_9"]\n')
    result = run(folder)
    assert result.exit_code == 3
    assert "protocol.time_zero" in result.output
    assert "Did you mean early?" in result.output
    assert "protocol.outcomes" in result.output
    assert not (folder / "emulated").exists()
