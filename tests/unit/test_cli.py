"""The command line: every command on the example, exit codes, help, and what is printed when something is wrong."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import tocsin.prepare
from tocsin import __version__
from tocsin.cli import NOTICE, app
from tocsin.grade_records import FILES, NOT_A_DEVICE
from tocsin.strategies import STRATEGIES
from tocsin.tables import ACCOUNT, EPISODES, EVIDENCE, FINDINGS, GRADES

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "zhou2023"
COMMANDS = (
    "study", "grade", "explain", "check", "verify", "init", "strategies", "schema", "organs", "scores", "concordance",
    "audit-table", "cite", "audit", "simulate", "emulate", "power",
)  # fmt: skip
HEAVY = ("polars", "numba", "numpy", "scipy", "vl_convert", "pydantic")
CODE = re.compile(r"\x1b\[")


def run(*args, **environment):
    """In this process; lines are not wrapped at 80 columns."""
    result = CliRunner().invoke(app, [str(arg) for arg in args], env={"COLUMNS": "200", **environment})
    assert "Traceback" not in result.output
    return result


def words(text):
    """Text without frames and line breaks."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


@pytest.fixture
def data(tmp_path):
    """A copy of the example without its generator."""
    folder = tmp_path / "data"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("out", "*.py", "__pycache__"))
    return folder


# --- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_teaches(command):
    result = run(*command, "--help")
    text = words(result.output)
    assert result.exit_code == 0
    assert NOTICE in text
    assert "Exit codes: 0" in text
    if command:
        assert f"Example tocsin {command[0]}" in text
        assert "Writes " in text
    else:
        assert all(name in text for name in COMMANDS)
        assert "tocsin init DATA" in text


@pytest.mark.parametrize("command", [[], ["grade"]])
def test_help_loads_nothing_heavy(command):
    asked = [sys.executable, "-X", "importtime", "-m", "tocsin", *command, "--help"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    loaded = {line.split("|")[2].strip().split(".")[0] for line in done.stderr.splitlines() if line.count("|") == 2}
    assert "typer" in loaded  # the list is one of imports
    assert not loaded & set(HEAVY)


def test_the_two_notices_are_one():
    assert NOTICE == NOT_A_DEVICE


def test_version():
    assert run("--version").output == f"tocsin {__version__}\n"


# --- the commands on the example --------------------------------------------------------------------------------------


def test_grade_writes_its_tables(tmp_path):
    out = tmp_path / "out"
    result = run("grade", EXAMPLE, "-o", out, "--signs", "--evidence")
    assert result.exit_code == 0
    assert {path.name for path in out.iterdir()} == FILES
    assert NOTICE in words(result.output)
    assert "22 courses of 22 of 22 patients; minute 0: infusion; zone: Asia/Shanghai" in result.output
    for table in (GRADES, EPISODES, EVIDENCE):
        table.check(pl.read_parquet(out / f"{table.name}.parquet"))
    for table in (FINDINGS, ACCOUNT):
        assert pl.read_csv(out / f"{table.name}.csv").columns == list(table.schema)
    assert pl.read_parquet(out / "signs.parquet").height > pl.read_parquet(out / "grades.parquet").height


def test_the_summary_adds_up(tmp_path):
    run("grade", EXAMPLE, "-o", tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    grades = pl.read_parquet(tmp_path / "out" / "grades.parquet")
    assert summary["patients"] == summary["patients_with_course"] + summary["patients_without_course"] == 22
    assert summary["rows"]["rows"] == sum(summary["rows"][k] for k in ("used", "excluded", "not_needed"))
    assert len(summary["inputs"]) == 11
    for name, scale in summary["scales"].items():
        assert sum(scale["courses_by_max_grade"].values()) == scale["courses_graded"] == 22
        assert sum(scale["hours_proved"].values()) == pytest.approx(scale["hours"], abs=0.05)
        assert sum(scale["hours_at_most"].values()) == pytest.approx(scale["hours"], abs=0.05)
        runs = grades.filter(pl.col("scale") == name, pl.col("grade") == 3)
        minutes = sum(row["to"] - row["from"] for row in runs.to_dicts())
        assert scale["hours_proved"]["3"] == pytest.approx(minutes / 60, abs=0.01)
    assert NOTICE in (tmp_path / "out" / "summary.txt").read_text(encoding="utf-8")


def test_evidence_names_rows_that_hold_the_value(tmp_path):
    """Every fever of the evidence is looked up in the file it names; a deciding cell stands for every graded run."""
    run("grade", EXAMPLE, "-o", tmp_path / "out", "--evidence")
    evidence = pl.read_parquet(tmp_path / "out" / "evidence.parquet")
    vitals = (EXAMPLE / "vitals.csv").read_text(encoding="utf-8-sig").splitlines()
    column = vitals[0].split(",").index("T")
    fevers = evidence.filter(pl.col("axis") == "fever").to_dicts()
    assert len(fevers) > 20
    for row in fevers:
        file, number = row["sources"].split(":")
        assert file == "vitals.csv"
        assert f"temperature {float(vitals[int(number)].split(',')[column]):g} °C" in row["seen"]
    graded = pl.read_parquet(tmp_path / "out" / "grades.parquet").filter(pl.col("grade") >= 1)
    decided = evidence.filter("decides").select("course_id", "scale", pl.col("minute").alias("from"), "grade").unique()
    assert graded.select("course_id", "scale", "from", "grade").sort("*").equals(decided.sort("*"))


def test_scales_and_settings_reach_the_grades(tmp_path):
    run("grade", EXAMPLE, "-o", tmp_path / "a", "--scale", "astct_crs")
    run("grade", EXAMPLE, "-o", tmp_path / "b", "--scale", "astct_crs", "--set", "signs.fever=42", "--windows", "icu")
    one, other = (pl.read_parquet(tmp_path / k / "grades.parquet") for k in "ab")
    assert one.get_column("scale").unique().to_list() == ["astct_crs"]
    assert one.filter(pl.col("grade") == 1).height > 0
    assert other.filter(pl.col("grade").is_between(1, 4)).height == 0
    changed = json.loads((tmp_path / "b" / "summary.json").read_text(encoding="utf-8"))["parameters_changed"]
    assert changed["signs.fever"] == "42.0"
    assert changed["signs.pressure_valid_h"] == "2"


def test_time_zero_from_a_file(tmp_path):
    times = tmp_path / "times.csv"
    times.write_text("patient_id,time_zero\nP04,2017-07-01 08:00\n")
    result = run("grade", EXAMPLE, "-o", tmp_path / "out", "--time-zero", "column", "--time-zero-file", times)
    assert result.exit_code == 0
    assert "1 courses of 1 of 22 patients; minute 0: column" in result.output
    assert "21 patients without a course" in words(result.output)


def test_explain():
    result = run("explain", EXAMPLE, "P04")
    assert result.exit_code == 0
    assert "GRADE 3 is proved, and a higher one is excluded." in result.output
    assert "pressors.csv:6" in result.output
    assert NOTICE in result.output
    both = run(
        "explain", EXAMPLE, "P04", "--at", "day 4 08:00", "--scale", "astct_icans", "--scale", "astct_crs"
    ).output
    assert both.index("ASTCT ICANS") < both.index("ASTCT CRS")


def test_check_and_its_findings(tmp_path):
    result = run("check", EXAMPLE, "-o", tmp_path / "findings.csv")
    assert result.exit_code == 0
    text = words(result.output)
    assert "zhou2023_early 22 22 100 19" in text
    assert "none needs a decision" in text
    written = pl.read_csv(tmp_path / "findings.csv")
    assert written.columns == list(FINDINGS.schema)
    assert "P.fio2-percent" in written.get_column("code").to_list()


def test_check_asks_for_a_decision(monkeypatch):
    real = tocsin.prepare.prepare

    def with_one(choices):
        ready = real(choices)
        ready.records.findings[0, "needs_decision"] = True
        return ready

    monkeypatch.setattr("tocsin.check.prepare", with_one)
    result = run("check", EXAMPLE)
    assert result.exit_code == 1
    assert "1 findings need a decision" in result.output


def cases(tmp_path, expected):
    path = tmp_path / "cases.csv"
    path.write_text(
        f"case_id,age_y,temp_c,sbp_mmhg,o2_device,exp_astct,exp_other\nC1,40,38.5,120,room_air,{expected},1\n"
    )
    return path


def test_verify_agrees_and_disagrees(tmp_path):
    agreed = run("verify", cases(tmp_path, 1))
    assert (agreed.exit_code, "Every grade agrees." in agreed.output) == (0, True)
    assert "no such scale yet: exp_other" in agreed.output
    wrong = run("verify", cases(tmp_path, 2))
    assert wrong.exit_code == 1
    assert "C1 astct_crs 2 1 1" in words(wrong.output)


def test_init_writes_both_files_once(data):
    before = (data / "site.toml").read_text(encoding="utf-8")
    refused = run("init", data)
    assert (refused.exit_code, (data / "site.toml").read_text(encoding="utf-8")) == (3, before)
    assert "init.file-there" in refused.stderr
    done = run("init", data, "--force")
    assert done.exit_code == 0
    assert (data / "site.toml").read_text(encoding="utf-8") != before
    assert tomllib.loads((data / "study.toml").read_text(encoding="utf-8"))["data"]["path"] == "."
    assert "say DECIDE" in done.output


@pytest.mark.parametrize(("lang", "sentence"), [("en", "Give tocilizumab within 6 h"), ("zh", "给予托珠单抗")])
def test_strategies(lang, sentence):
    result = run("strategies", "--lang", lang)
    assert result.exit_code == 0
    assert sentence in result.output
    for name, strategy in STRATEGIES.items():
        assert name in result.output
        assert strategy.hash in result.output


@pytest.mark.parametrize("what", ["study", "site", "results"])
def test_schemas_are_json(what):
    result = run("schema", what)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["$schema"].startswith("https://json-schema.org")


@pytest.mark.parametrize(
    ("lang", "report", "word"), [("en", "report.html", "by construction"), ("zh", "report.zh.html", "托珠单抗")]
)
def test_study_says_where_the_report_is(data, lang, report, word):
    result = run("study", data, "--lang", lang)
    assert result.exit_code == 0, result.output
    assert (data / "out" / report).is_file()
    assert (data / "out" / "results.json").is_file()
    text = words(result.output)
    assert f"{report}" in text
    assert "results.json" in text
    assert re.search(r"early 13 ", text)
    assert re.search(r"conventional 9 ", text)
    assert word in text
    assert NOTICE in text


def test_study_takes_the_file_and_another_folder(data, tmp_path):
    result = run("study", data / "study.toml", "-o", tmp_path / "elsewhere")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "elsewhere" / "report.html").is_file()
    assert not (data / "out").exists()


def test_study_says_how_many_are_in_no_arm(data):
    text = (data / "study.toml").read_text(encoding="utf-8")
    (data / "study.toml").write_text(
        re.sub(r'(?m)^give = "tocilizumab"', 'give = "siltuximab"', text), encoding="utf-8"
    )
    result = run("study", data)
    assert result.exit_code == 0, result.output
    said = words(result.output)
    assert "in no arm 22" in said
    assert "No arm holds a course; 22 courses are in none." in said


@pytest.mark.parametrize("where", ["taken", "taken/below"])
def test_study_output_that_is_a_file_is_three(data, tmp_path, where):
    (tmp_path / "taken").write_text("mine")
    result = run("study", data, "-o", tmp_path / where)
    assert (result.exit_code, "report.output" in result.stderr) == (3, True)
    assert (tmp_path / "taken").read_text() == "mine"


def test_study_replaces_nothing_it_did_not_write(data):
    (data / "out").mkdir()
    (data / "out" / "report.html").write_text("mine")
    result = run("study", data)
    assert (result.exit_code, "report.foreign-file" in result.stderr) == (3, True)
    assert "report.html" in result.stderr
    assert os.listdir(data / "out") == ["report.html"]


def test_check_uses_the_study_beside_the_records(data):
    text = (data / "study.toml").read_text(encoding="utf-8")
    (data / "study.toml").write_text(
        text.replace('time_zero = "infusion"', 'time_zero = "admission"'), encoding="utf-8"
    )
    result = run("check", data)
    assert result.exit_code == 0, result.output
    said = words(result.output)
    assert "minute 0: admission" in said
    assert "zhou2023_early 22" in said
    assert re.search(r" early 22 22 100 ", said)
    assert "minute 0: infusion" in run("check", data, "--time-zero", "infusion").output
    (data / "study.toml").write_text(text.replace("time_zero", "time_zeal"), encoding="utf-8")
    broken = run("check", data)
    assert (broken.exit_code, "study.key-unknown" in broken.stderr) == (3, True)


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ["--nonsense"], ["nonsense"], ["grade", EXAMPLE], ["grade", EXAMPLE, "-o", "x", "--wrong"],
        ["grade", EXAMPLE, "-o", "x", "--time-zero", "birth"], ["grade", EXAMPLE, "-o", "x", "--scale", "lee2099"],
        ["grade", EXAMPLE, "-o", "x", "--set", "fever=38"], ["grade", EXAMPLE, "-o", "x", "--set", "signs.feber=38"],
        ["grade", EXAMPLE, "-o", "x", "--set", "signs.fever=hot"],
        ["grade", EXAMPLE, "-o", "x", "--set", "signs.fever=nan"],
        ["grade", EXAMPLE, "-o", "x", "--set", "signs.clock=wall"],
        ["grade", EXAMPLE, "-o", "x", "--time-zero", "column"],
        ["schema", "patient"], ["strategies", "--lang", "fr"], ["explain", EXAMPLE],
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_two(tmp_path, monkeypatch, args):
    monkeypatch.chdir(tmp_path)
    result = run(*args)
    assert result.exit_code == 2
    assert result.stderr
    assert os.listdir(tmp_path) == []


def spoil_column(folder):
    text = (folder / "vitals.csv").read_text(encoding="utf-8-sig")
    (folder / "vitals.csv").write_text(text.replace("SBP", "PRESSURE", 1), encoding="utf-8")


def spoil_zone(folder):
    text = (folder / "site.toml").read_text(encoding="utf-8")
    (folder / "site.toml").write_text(text.replace("Asia/Shanghai", "Asia/Nowhere"), encoding="utf-8")


def spoil_file(folder):
    (folder / "vitals.csv").write_bytes(b"PK\x03\x04" + b"\0" * 100)


def spoil_folder(folder):
    shutil.rmtree(folder)


@pytest.mark.parametrize("command", ["grade", "check", "explain"])
@pytest.mark.parametrize("spoil", [spoil_column, spoil_zone, spoil_file, spoil_folder])
def test_bad_input_is_three_and_writes_nothing(data, tmp_path, spoil, command):
    spoil(data)
    more = {"grade": ["-o", tmp_path / "out"], "check": ["-o", tmp_path / "f.csv"], "explain": ["P04"]}[command]
    result = run(command, data, *more)
    assert result.exit_code == 3
    assert re.match(r"records\.[a-z-]+: ", result.stderr)
    assert result.stdout == ""
    assert set(os.listdir(tmp_path)) <= {"data"}


def test_a_bad_study_is_three_and_keeps_the_earlier_report(data):
    (data / "out").mkdir()
    (data / "out" / "report.html").write_text("earlier")
    text = (data / "study.toml").read_text(encoding="utf-8")
    (data / "study.toml").write_text(text.replace("time_zero", "time_zeal"), encoding="utf-8")
    result = run("study", data)
    assert result.exit_code == 3
    assert "study." in result.stderr
    assert os.listdir(data / "out") == ["report.html"]


def test_a_folder_of_somebody_else_is_refused_before_the_work(data, monkeypatch):
    monkeypatch.setattr(tocsin.prepare, "prepare", lambda _: pytest.fail("read the records first"))
    result = run("grade", data, "-o", data)
    assert result.exit_code == 3
    assert "outputs.foreign-folder" in result.stderr


def test_an_unknown_patient_is_three_and_not_named():
    result = run("explain", EXAMPLE, "Zhang San")
    assert result.exit_code == 3
    assert "explain.patient-unknown" in result.stderr
    assert "Zhang" not in result.output


def broken(_):
    raise ValueError("patient P04 had 39.9")


def test_a_defect_is_four_in_one_line_without_values(monkeypatch, tmp_path):
    monkeypatch.setattr("tocsin.grade_records.prepare", broken)
    result = run("grade", EXAMPLE, "-o", tmp_path / "out")
    assert result.exit_code == 4
    line = result.stderr.splitlines()[0]
    assert re.match(r"internal error: ValueError at tocsin\.grade_records:\d+; please report", line)
    assert "P04" not in result.output
    assert os.listdir(tmp_path) == []


def test_the_traceback_is_shown_on_demand(monkeypatch, tmp_path):
    monkeypatch.setattr("tocsin.grade_records.prepare", broken)
    monkeypatch.setenv("TOCSIN_DEBUG", "1")
    result = CliRunner().invoke(app, ["grade", str(EXAMPLE), "-o", str(tmp_path / "out")])
    assert isinstance(result.exception, ValueError)


def test_a_polars_panic_is_a_defect_too(monkeypatch, tmp_path):
    def panics(_):
        raise pl.exceptions.PanicException("index out of bounds: 39.9")

    monkeypatch.setattr("tocsin.grade_records.prepare", panics)
    result = run("grade", EXAMPLE, "-o", tmp_path / "out")
    assert result.exit_code == 4
    assert "39.9" not in result.output


def test_thin_input_is_no_error(tmp_path):
    """Headers without rows: nobody is graded, and the summary says why."""
    folder = tmp_path / "thin"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("out", "*.py", "__pycache__"))
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text(encoding="utf-8-sig").splitlines()[0] + "\n", encoding="utf-8")
    result = run("grade", folder, "-o", tmp_path / "out", "--signs", "--evidence")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert "No course." in result.output
    assert run("check", folder).exit_code == 0


# --- the terminal -----------------------------------------------------------------------------------------------------


def outside(*args, **environment):
    """In a process of its own, without a terminal."""
    asked = [sys.executable, "-m", "tocsin", *map(str, args)]
    return subprocess.run(
        asked, capture_output=True, text=True, encoding="utf-8", env={**os.environ, **environment}, check=False
    )


def test_no_colour_and_no_progress_without_a_terminal():
    done = outside("strategies")
    assert (done.returncode, done.stderr) == (0, "")
    assert not CODE.search(done.stdout)


def test_no_color_is_respected():
    coloured = outside("strategies", FORCE_COLOR="1", TERM="xterm-256color")
    plain = outside("strategies", FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[2m" in coloured.stdout
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", plain.stdout)


def test_a_narrow_character_set_is_no_defect():
    done = outside("strategies", "--lang", "zh", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "tocilizumab" in done.stdout.lower() or "?" in done.stdout
