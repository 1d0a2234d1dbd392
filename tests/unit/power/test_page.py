"""What a design writes: the page, the picture and the words, from the tables only."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.power.page import main_rows, power_page
from tocsin.power.picture import plot_strips
from tocsin.power.printed import summary_text, write_results
from tocsin.power.run import run_design
from tocsin.power.store import WRITTEN
from tocsin.power.words import TITLES, signed, verdict, with_error
from unit.power.toy import closed

DESIGN = """\
title = "A <planned> study"
world = "closed-form"
n = 200
replicates = 3
seed = 7
draws = 20
truth_patients = 2000
analyses = ["by_received", "aligned_unadjusted", "emulated"]
[closed_form]
horizon = 24
hours = [12]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    design = closed(title="A <planned> study", analyses=["by_received", "emulated", "g_formula"])
    return run_design(design, tmp_path_factory.mktemp("powered") / "out")


def test_the_page_holds_every_figure_and_no_markup_of_the_design(done):
    page = power_page(done)
    assert "A &lt;planned&gt; study" in page
    assert "<planned>" not in page
    assert done.design.hash in page
    assert "Not a medical device" in page
    assert "not clinical evidence" in page
    for row in done.performance.filter(measure="risk difference").to_dicts():
        assert with_error(row["bias"], row["bias_error"], sign=True) in page
        assert TITLES[row["analysis"]] in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_the_picture_has_a_dot_for_every_estimate(done):
    rows = main_rows(done.performance, done.truth)
    assert rows[0]["hour"] == 24
    figure = plot_strips(done.studies, rows)
    assert figure.svg.count("<circle") == sum(row["estimated"] for row in rows) == 12
    assert "truth" in figure.svg
    assert TITLES["g_formula"] in figure.alt


def test_files_and_words(done):
    files = write_results(done)
    assert {path.name for path in files} <= set(WRITTEN)
    assert {path.name for path in done.out.iterdir()} == set(WRITTEN)
    assert done.out.joinpath("bias.png").read_bytes().startswith(b"\x89PNG")
    text = summary_text(done)
    assert "4 studies of 200 patients" in text
    assert "Not a medical device" in text
    assert max(map(len, text.splitlines())) < 140


def test_verdicts():
    assert verdict({"bias": 0.02, "bias_error": 0.01}) == "no bias seen"
    assert verdict({"bias": 0.027, "bias_error": 0.01}) == "biased upwards"
    assert verdict({"bias": -0.027, "bias_error": 0.01}) == "biased downwards"
    assert verdict({"bias": 0.02, "bias_error": None}) == "too few estimates to say"
    assert [signed(value) for value in (0.012, -0.012, 0.0, None)] == ["+1.2", "−1.2", "0.0", "–"]


def test_command_goes_on_and_refuses(tmp_path):
    file, out, runner = tmp_path / "design.toml", tmp_path / "out", CliRunner()
    file.write_text(DESIGN, encoding="utf-8")
    first = runner.invoke(app, ["power", str(file), "-o", str(out)])
    assert first.exit_code == 0, first.output
    assert "3 studies of 200 patients" in first.output
    more = runner.invoke(app, ["power", str(file), "-o", str(out), "--replicates", "5"])
    assert more.exit_code == 0, more.output
    assert "5 studies of 200 patients" in more.output
    file.write_text(DESIGN.replace("n = 200", "n = 210"), encoding="utf-8")
    refused = runner.invoke(app, ["power", str(file), "-o", str(out)])
    assert refused.exit_code == 3
    assert "power.changed" in refused.output
    file.write_text(DESIGN.replace("draws", "drawz"), encoding="utf-8")
    assert "Did you mean draws?" in runner.invoke(app, ["power", str(file), "-o", str(out)]).output


def test_designs_of_the_truth_page_are_read():
    from tocsin.power.design import read_design

    folder = Path(__file__).parents[3] / "docs" / "truth"
    designs = {path.stem: read_design(path) for path in folder.glob("*.toml")}
    assert {"null", "default", "unmeasured-confounding", "closed-form", "closed-form-null"} <= set(designs)
    assert len({design.hash for design in designs.values()}) == len(designs)
