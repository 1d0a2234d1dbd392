"""Who would have been treated when: the five answers, worked by hand; the files and the picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from generators import (
    generated,
    renamed,
    row_course,
    row_death,
    row_drug,
    row_patient,
    row_reading,
    row_stay,
    row_support,
    together,
)
from tocsin.cli import app
from tocsin.report.triggers import plot_triggers
from tocsin.rulebook import RULEBOOK, rulebook, summary
from tocsin.rulebook_files import with_own
from tocsin.strategies.catalogue import CATALOGUE
from tocsin.when import Strategy

EXAMPLE = Path(__file__).parents[3] / "examples" / "zhou2023"


def rule(give: str = "tocilizumab", **when) -> Strategy:
    return Strategy.model_validate({"give": give, "when": when})


def answer(strategy: Strategy, name: str = "x", **rows):
    """The row of one rule over one course in a stay that never ends; on room air unless said."""
    rows = {"patients": [row_patient()], "stays": [row_stay(-5000, None)],
            "supports": [row_support("room_air", at) for at in range(-60, 43_200, 1_200)], **rows}  # fmt: skip
    whole = generated(rows, [row_course()], 600)
    return rulebook(whole.records(), whole.course_frame(), {name: strategy}).rows.row(0, named=True)


def cool(every: int, last: int = 43_200) -> list:
    return [row_reading("temperature", 36.5, minute) for minute in range(0, last, every)]


OXYGEN = rule(sign="oxygen", at_least=1)
HOT = rule(sign="temperature", at_least=39.0, sustained="4 h")


def test_due_says_when_by_the_ward_and_the_clock():
    found = answer(OXYGEN, supports=[row_support("nasal_cannula", 90, flow=2.0)])
    assert (found["status"], found["due_at"], found["hours"], found["why"]) == ("due", 90, 1.5, "")
    assert found["local_time"] == "2024-03-01 09:30" or found["local_time"].endswith(":30")


def test_not_due_is_proved():
    assert answer(OXYGEN)["status"] == "not due"
    assert answer(HOT, measurements=cool(240))["status"] == "not due"


def test_what_is_unknown_is_named():
    found = answer(OXYGEN, supports=[])
    assert (found["status"], found["due_at"], found["hours"]) == ("cannot be seen", None, None)
    assert found["why"] == "not excluded, because not known: oxygen"
    sparse = answer(HOT, measurements=cool(361))
    assert (sparse["status"], sparse["why"]) == (
        "cannot be seen", "not excluded, because not known: temperature (too few readings)"
    )  # fmt: skip


def test_what_is_unknown_but_cannot_matter_is_no_doubt():
    both = rule(all=[{"sign": "oxygen", "at_least": 1}, {"sign": "blasts_percent", "at_least": 40}])
    assert answer(both, patients=[row_patient() | {"blasts_percent": 10.0}], supports=[])["status"] == "not due"
    assert answer(both)["status"] == "not due"  # the blasts are unknown, but there is no oxygen
    doubt = answer(both, supports=[])
    assert doubt["why"] == "not excluded, because not known: oxygen, marrow blasts"


def test_a_dose_before_it_was_due_ends_what_can_be_told():
    given = [row_drug("tocilizumab", 60, mode="dose")]
    late = [row_support("room_air", 0), row_support("nasal_cannula", 90, flow=2.0)]
    found = answer(OXYGEN, drugs=given, supports=late)
    assert (found["status"], found["given_at"], found["why"]) == (
        "treated first",
        60,
        "tocilizumab was given after 1.0 h",
    )
    same_minute = [row_support("room_air", 0), row_support("nasal_cannula", 60, flow=2.0)]
    assert answer(OXYGEN, drugs=given, supports=same_minute)["status"] == "due"
    other = rule("anakinra", sign="oxygen", at_least=1)
    assert answer(other, drugs=given, supports=late)["due_at"] == 90


def test_a_dose_leaves_no_doubt_about_a_rule_that_could_not_come_later():
    given = [row_drug("tocilizumab", 3000, mode="dose")]
    early = rule(all=[{"sign": "oxygen", "at_least": 1}, {"not": {"day": 1.5}}])
    assert answer(early, drugs=given)["status"] == "not due"
    blasts = rule(all=[{"sign": "oxygen", "at_least": 1}, {"sign": "blasts_percent", "at_least": 40}])
    assert answer(blasts, drugs=given, patients=[row_patient() | {"blasts_percent": 39.0}])["status"] == "not due"
    assert answer(blasts, drugs=given, patients=[row_patient() | {"blasts_percent": 41.0}])["status"] == "treated first"


def test_nobody_is_due_after_death_or_after_30_days():
    assert answer(rule(day=2), outcomes=[row_death(2880, "crs")])["status"] == "not due"
    assert answer(rule(day=2), outcomes=[row_death(2881, "crs")])["status"] == "due"
    assert answer(rule(day=30))["status"] == "not due"
    assert answer(rule(day=29.9))["status"] == "due"


def test_drugs_that_are_nowhere_in_the_records_prove_nothing():
    boluses = rule(sign="fluid_bolus", count=1, count_within="24 h")
    small = row_drug("sodium_chloride", 10, mode="dose") | {"dose": 10.0, "dose_unit": "mL"}
    assert answer(boluses)["status"] == "cannot be seen"
    assert answer(boluses, drugs=[small])["status"] == "not due"


def test_what_no_record_shows_stands_beside_the_answer():
    unseen = OXYGEN.model_copy(update={"unseen": CATALOGUE["nci2016"].unseen})
    assert "ejection fraction" in answer(unseen)["why"]
    asked = Strategy.model_validate({"give": "tocilizumab", "when": {"day": 0}, "provided": ["MCP-1"]})
    assert answer(asked)["why"] == "only if, which no record shows: MCP-1"


def test_a_rule_on_a_scale_that_does_not_exist_is_not_run():
    found = answer(rule(grade_of="teachey2016", at_least=2))
    assert (found["status"], found["why"]) == ("not run", "the scale teachey2016 is not there yet")


def courses_in_all_states() -> pl.DataFrame:
    """Rows of `rulebook`: three courses, two rules."""
    rows = [("A", "due", 30.0), ("B", "not due", None), ("C", "cannot be seen", None)]
    return RULEBOOK.frame(
        pl.DataFrame(
            [{"course_id": c, "rule": name, "give": "tocilizumab", "status": s, "hours": h, "why": ""}
             for name in ("asco2021", "ebmt2022") for c, s, h in rows]
        )
    )  # fmt: skip


def test_the_picture_has_a_cell_for_every_course_and_rule():
    figure = plot_triggers(courses_in_all_states(), CATALOGUE)
    cells = figure.svg.count('width="26"')
    assert cells == 6
    assert figure.svg.count("url(#hatch)") == 3  # two cells and the key
    assert figure.svg.count(">1</text>") == 2 + 2 + 1  # the day in two cells, one due under each column, the key
    assert "ebmt2022 *" in figure.svg
    assert "asco2021 *" not in figure.svg
    assert "Not a medical device" in figure.svg
    assert "非医疗器械" in plot_triggers(courses_in_all_states(), CATALOGUE, "zh").svg


def test_many_courses_get_thin_rows_and_no_names():
    many = (pl.format("{}{}", "course_id", pl.lit(k)).alias("course_id") for k in range(70))
    rows = pl.concat([courses_in_all_states().with_columns(name) for name in many])
    figure = plot_triggers(rows, CATALOGUE)
    height = float(figure.svg.split('height="')[1].split('"')[0])
    assert height < 1300
    assert ">A1</text>" not in figure.svg


def test_the_summary_counts_every_course_once():
    parts = [
        generated({"patients": [row_patient()], "stays": [row_stay(-5000, None)],
                   "supports": [row_support(device, at, flow=2.0) for at in range(0, 43_200, 1_000)]},
                  [row_course()], 600)
        for device in ("room_air", "nasal_cannula", "nasal_cannula")
    ]  # fmt: skip
    whole = together([renamed(part, f"p{k}", f"c{k}") for k, part in enumerate(parts)])
    book = rulebook(whole.records(), whole.course_frame(), {"late": rule(day=1), "oxygen": OXYGEN})
    [late, oxygen] = summary(book).to_dicts()
    assert (late["due"], late["median"]) == (3, 24.0)
    assert (oxygen["due"], oxygen["not_due"], oxygen["cannot_be_seen"], oxygen["median"]) == (2, 1, 0, 0.0)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("rules") / "out"
    done = CliRunner().invoke(app, ["strategies", str(EXAMPLE), "-o", str(out)])
    assert done.exit_code == 0, done.output
    return out, done.output


def test_the_command_writes_table_rules_and_picture(written):
    out, said = written
    assert sorted(path.name for path in out.iterdir()) == ["rulebook.csv", "rules.csv", "triggers.png", "triggers.svg"]
    rows = pl.read_csv(out / "rulebook.csv")
    names = pl.read_csv(out / "rules.csv").get_column("rule").to_list()
    assert names[-len(CATALOGUE) :] == list(CATALOGUE)  # before them what the study alone asks
    assert rows.height == 22 * len(names)
    assert rows.get_column("course_id").n_unique() == 22
    early = rows.filter(pl.col("rule") == "zhou2023_early")
    # 13 followed early treatment; of the 9 treated at severe CRS 6 had the high fever before: plan.py of the example
    assert early.filter(pl.col("status") == "due").height == 19
    assert early.filter(pl.col("status") == "treated first").height == 3
    assert "zhou2023_early" in said
    assert (out / "triggers.png").read_bytes()[:4] == b"\x89PNG"


def test_rules_of_a_study_stand_before_the_catalogue_unless_they_are_in_it():
    mine = rule(sign="oxygen", at_least=4)
    same = CATALOGUE["zhou2023_early"].model_copy(update={"source": "other"})
    assert list(with_own({"early": same, "mine": mine})) == ["mine", *CATALOGUE]


def test_the_command_replaces_its_own_folder_and_no_other(written, tmp_path):
    out, _ = written
    assert CliRunner().invoke(app, ["strategies", str(EXAMPLE), "-o", str(out)]).exit_code == 0
    (tmp_path / "notes.txt").write_text("mine")
    done = CliRunner().invoke(app, ["strategies", str(EXAMPLE), "-o", str(tmp_path)])
    assert done.exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_without_data_it_lists_and_writes_nothing(tmp_path):
    listed = CliRunner().invoke(app, ["strategies"])
    assert listed.exit_code == 0
    assert all(name in listed.output for name in CATALOGUE)
    said = " ".join(listed.output.split())
    assert said.count("rests on memory") == sum(one.from_memory for one in CATALOGUE.values())
    assert CliRunner().invoke(app, ["strategies", "-o", str(tmp_path / "x")]).exit_code == 2
    assert CliRunner().invoke(app, ["strategies", str(tmp_path)]).exit_code == 3


def test_help_loads_nothing_heavy():
    code = "import sys; sys.argv = ['tocsin', 'strategies', '--help']\nfrom tocsin.cli import main\ntry: main()\n" \
           "except SystemExit: print('polars' in sys.modules)"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")
