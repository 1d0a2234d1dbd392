"""A run that was stopped goes on; a torn file, another design and a folder of others are seen."""

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.power.run import run_design
from tocsin.power.store import STUDIES, Store
from unit.power.toy import Counted, closed

FAST = {"analyses": ["by_received", "aligned_unadjusted"], "draws": 0}


def test_stopped_and_gone_on_equals_one_run(tmp_path):
    design = closed(**FAST, replicates=5)
    whole = run_design(design, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run_design(design, tmp_path / "parts", world=Counted(design, stop_after=2))
    again = Counted(design)
    parts = run_design(design, tmp_path / "parts", world=again)
    assert again.asked == [2, 3, 4]
    assert parts.studies.equals(whole.studies)
    assert parts.performance.equals(whole.performance)
    assert (tmp_path / "parts" / STUDIES).read_bytes() == (tmp_path / "whole" / STUDIES).read_bytes()


def test_a_finished_run_does_nothing_again(tmp_path):
    design = closed(**FAST, replicates=3)
    run_design(design, tmp_path)
    idle = Counted(design)
    idle.truth = None  # the truth is not worked out again, either
    run_design(design, tmp_path, world=idle)
    assert idle.asked == []


def test_more_replicates_add_studies_and_fewer_show_the_first(tmp_path):
    folder = tmp_path / "one"
    run_design(closed(**FAST, replicates=3), folder)
    more = closed(**FAST, replicates=5, title="another title")
    world = Counted(more)
    made = run_design(more, folder, world=world)
    assert world.asked == [3, 4]
    assert made.studies.equals(run_design(more, tmp_path / "fresh").studies)
    fewer = run_design(closed(**FAST, replicates=2), folder)
    assert fewer.studies.get_column("replicate").unique().to_list() == [0, 1]


@pytest.mark.parametrize("cut", [1, 7, 60, 200])
def test_a_study_cut_off_in_writing_is_done_again(tmp_path, cut):
    design = closed(**FAST, replicates=3)
    whole = run_design(design, tmp_path)
    path = tmp_path / STUDIES
    path.write_bytes(path.read_bytes()[:-cut])
    world = Counted(design)
    again = run_design(design, tmp_path, world=world)
    assert world.asked == [2]
    assert again.studies.equals(whole.studies)


@pytest.mark.parametrize(
    "change", [{"n": 201}, {"seed": 8}, {"draws": 21}, {"closed_form": {"effect": 0.5}}, {"analyses": ["by_received"]}]
)
def test_a_changed_design_is_refused_and_nothing_is_lost(tmp_path, change):
    run_design(closed(**FAST, replicates=2), tmp_path)
    before = (tmp_path / STUDIES).read_bytes()
    with pytest.raises(TocsinError) as error:
        run_design(closed(**{**FAST, "replicates": 2, **change}), tmp_path)
    assert error.value.problems[0].slug == "power.changed"
    assert (tmp_path / STUDIES).read_bytes() == before


def test_a_folder_of_others_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TocsinError) as error:
        run_design(closed(**FAST), tmp_path)
    assert error.value.problems[0].slug == "outputs.foreign-folder"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_numbers_come_back_as_they_were(tmp_path):
    design = closed(**FAST, replicates=2)
    made = run_design(design, tmp_path)
    read = Store(tmp_path, design).studies()
    assert read.equals(made.studies)
    assert read.filter(pl.col("estimate") < 0).height  # a minus sign is no formula that an apostrophe must stop
    assert read.get_column("failure").null_count() == 0


def test_luck_is_a_function_of_seed_and_number(tmp_path):
    made = run_design(closed(**FAST, replicates=4), tmp_path).studies
    first = made.filter(replicate=0).drop("replicate")
    assert not any(first.equals(made.filter(replicate=k).drop("replicate")) for k in (1, 2, 3))
