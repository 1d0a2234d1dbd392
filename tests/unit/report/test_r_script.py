"""study.R: what it may read, what it must not run, and, where R is installed, that it agrees and that 1 % is seen."""

import re
import shutil
import subprocess

import polars as pl
import pytest

from tocsin.report.files import complete, result_contracts, write_report
from tocsin.report.r_script import TEMPLATE, clocks, drug_of, r_script, r_text
from tocsin.tables import EFFECTS, StudyResults
from unit.report.example_results import empty_results, example_results
from unit.study.small_studies import BOTH, EARLY, Ward, early, results, severe

RSCRIPT = shutil.which("Rscript")
needs_r = pytest.mark.skipif(RSCRIPT is None, reason="R is not installed")


def small():
    """Three early and three severe courses with deaths, a relapse and remissions."""
    ward = Ward()
    for k, name in enumerate("ABC"):
        early(ward, name, 10 * k, dose=25.0 + k)
    for k, name in enumerate("DEF"):
        severe(ward, name, 40 + 10 * k, dose=42.0 + k / 2)
    for name, day, what in (("A", 261, "death"), ("B", 122, "death"), ("C", 400, "last_contact"),
                            ("D", 10, "death"), ("E", 20, "death"), ("F", 250, "last_contact")):  # fmt: skip
        ward.outcome(name, day, what, "other" if what == "death" else None, adjudicated_by="board")
    for name in "ABCF":
        ward.outcome(name, 28, "response", "CR").outcome(name, 28, "mrd", "negative")
    return results(ward, BOTH)


@pytest.fixture(scope="module")
def study():
    return small()


def blanked(code):
    """The code without comments and with empty strings."""
    return re.sub(r"#[^\n]*", "", re.sub(r'"(?:\\.|[^"\\])*"', '""', code))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("early", '"early"'),
        ('a"); system("x")#', '"a\\"); system(\\"x\\")#"'),
        ("a\\", '"a\\\\"'),
        ("a\nb\0", '"a\\u000ab"'),
        ("早", '"\\u65e9"'),
        ("\U00020000", '"\\U00020000"'),
    ],
)
def test_a_text_stays_one_string(text, said):
    assert r_text(text) == said
    assert blanked(r_text(text)) == '""'


def test_hostile_names_are_strings_and_comments_stay_comments():
    base = example_results(1)
    evil = ['x"); system("rm")', "=cmd", "a\nquit()"]
    meta = {**base.meta, "arms": evil, "spec_hash": "h\nsystem('x')", "version": "1\rquit()", "scale": '"+'}
    code = r_script(StudyResults(meta, base.tables))
    head = code[: code.index("# --- reading")]
    assert "system" not in blanked(head)
    assert "quit" not in blanked(head)
    assert all(line.startswith("#") or " <- " in line for line in head.splitlines() if line)
    assert (
        r"""arms <- c("x\"); system(\"rm\")", "'=cmd", "a\u000aquit()")""" in code
    )  # the apostrophe is that of the CSV


def test_it_reads_only_columns_of_the_tables_written():
    code = TEMPLATE.read_text(encoding="utf-8")
    contracts = {table.name: table for table in result_contracts()}
    reads = re.findall(r'read\("(\w+)"(?:, c\(([^)]*)\))?\)', code)
    assert {name for name, _ in reads} == {"effects", "arms", "endpoints", "episodes", "grades", "curves", "at_risk"}
    for name, numeric in reads:
        assert set(re.findall(r'"(\w+)"', numeric)) <= set(contracts[name].schema)
    assert not re.search(
        r"\b(?:write\w*|sink|saveRDS|download\w*|system2?|source|eval|parse)\(|library\((?!survival)", blanked(code)
    )
    assert code.isascii()


def test_brackets_close():
    for found in (example_results(5), empty_results()):
        code = blanked(r_script(complete(found)))
        open_ones = []
        for sign in re.findall(r"[(){}\[\]]", code):
            if sign in "({[":
                open_ones.append(sign)
            else:
                assert open_ones.pop() + sign in ("()", "{}", "[]")
        assert not open_ones


def test_what_it_is_told_of_the_study(study):
    assert drug_of(study) == "tocilizumab"
    assert clocks(study) == {
        "EFS from infusion": "efs",
        "EFS from first tocilizumab": "efs_from_tocilizumab",
        "EFS from day 28": "efs_landmark_28",
        "OS from infusion": "os",
        "OS from first tocilizumab": "os_from_tocilizumab",
        "OS from day 28": "os_landmark_28",
    }
    other = results(early(early(Ward(), "A"), "B", 9), {"one": EARLY}, endpoints={"landmark_day": 30, "months": 30.0},
                    study={"level": 0.9})  # fmt: skip
    code = r_script(other)
    assert 'arms <- c("one")' in code
    assert "level <- 0.9\n" in code
    assert "months <- 30.0\n" in code
    assert '"os_landmark_30"' in code


def test_empty_results_make_a_script():
    code = r_script(complete(empty_results()))
    assert "clock_outcome <- character()" in code


def ran(folder):
    return subprocess.run(
        [str(RSCRIPT), str(folder / "study.R")], capture_output=True, text=True, timeout=120, check=False
    )


@needs_r
def test_r_agrees_with_every_number_it_compares(study, tmp_path):
    write_report(study, tmp_path / "a report", figures=False)
    done = ran(tmp_path / "a report")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "DIFFERS" not in done.stdout
    compared = re.search(r"(\d+) numbers agree, 0 differ; (\d+) of (\d+) rows", done.stdout)
    assert compared is not None
    agree, rows, of = map(int, compared.groups())
    assert of == study.tables["effects"].height
    assert agree > 300
    left = study.tables["effects"].filter(
        (pl.col("outcome").str.contains("mg|doses|days") & ~pl.col("measure").str.contains("proportion|risk"))
        | (pl.col("measure") == "Gray's test")
    )
    assert rows >= of - left.height
    listed = done.stdout[done.stdout.index("Not compared") :]
    assert "CRS death | early v late | Gray's test" in listed
    assert not re.search(r"hazard|Mantel|E-value|fragility|risk|ways", listed)


@needs_r
@pytest.mark.parametrize("column", ["estimate", "low", "high", "p"])
def test_one_percent_off_is_seen(study, tmp_path, column):
    wrong = study.tables["effects"].with_columns(pl.col(column) * 0.99)
    write_report(StudyResults(study.meta, {**study.tables, "effects": EFFECTS.frame(wrong)}), tmp_path / "out",
                 figures=False)  # fmt: skip
    done = ran(tmp_path / "out")
    assert done.returncode == 1
    told = [line for line in done.stdout.splitlines() if line.startswith("DIFFERS")]
    assert {line.split()[1] for line in told} == {column}
    assert len(told) > 15


@needs_r
@pytest.mark.parametrize("found", [empty_results(), example_results(1)])
def test_thin_results_run_to_the_end(found, tmp_path):
    write_report(found, tmp_path / "out", figures=False)
    done = ran(tmp_path / "out")
    assert "numbers agree" in done.stdout
    assert "Error" not in done.stderr
