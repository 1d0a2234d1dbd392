"""Virtual studies walk the production's way: same records as from files, same rows whoever is charted together."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tocsin.emulate.people import enrol, ward_of
from tocsin.errors import TocsinError
from tocsin.power import virtual_ward
from tocsin.power.charted import records_of
from tocsin.power.design import parse_design
from tocsin.power.virtual_ward import VirtualWorld, came, rounds
from tocsin.records import read
from tocsin.simulate.hospital_files import site_text
from tocsin.virtual import records as written
from tocsin.virtual.practice import Care
from tocsin.virtual.records import Chart
from tocsin.virtual.run import simulate
from unit.power.toy import VIRTUAL

TABLES = ("patients", "stays", "measurements", "drugs", "supports", "assessments", "outcomes")


@pytest.fixture(scope="module")
def world():
    return VirtualWorld(parse_design(VIRTUAL))


@pytest.fixture(scope="module")
def batch(world):
    return simulate(world.world, 0, 240, world.usual, keep_propensity=True)


def test_records_are_those_that_are_read_from_the_files(world, batch, tmp_path):
    chart = Chart(batch, world.design.scenario.hospital)
    for name, frame in written.tables(chart).items():
        frame.write_csv(tmp_path / f"{name}.csv", datetime_format="%Y-%m-%d %H:%M")
    (tmp_path / "site.toml").write_text(site_text(chart.hospital.zone), encoding="utf-8")
    mine, theirs = records_of(chart), read(tmp_path)
    for name in TABLES:
        assert_frame_equal(getattr(mine, name), getattr(theirs, name), check_exact=True)
    assert mine.supplied == theirs.supplied
    assert mine.zone == theirs.zone


def test_doses_are_given_at_the_rounds_and_only_where_there_was_a_chance(world, batch):
    chance, minute = rounds(batch, np.arange(240), world.world.seed)
    given = batch.summary.get_column("given_at").to_numpy()
    who = np.flatnonzero(np.isfinite(given))
    assert who.size > 15
    hour = given[who].astype(int) // 60
    assert np.array_equal(minute[who, hour], given[who].astype(int))
    assert (chance[who, hour] > 0).all()
    later = np.arange(chance.shape[1])[None, :] > hour[:, None]
    assert np.isnan(chance[who][later]).all()  # no first dose is decided after the first dose


def test_true_chances_predict_the_doses(world):
    """The doses given are as many as the chances add up to, within three of their standard deviations."""
    made = VirtualWorld(parse_design({**VIRTUAL, "n": 400, "replicates": 2}))
    ((_, (study,)),) = list(made.studies(np.array([0])))
    chance = study.oracle / (1 + study.oracle)
    given = int(study.hours.started.sum())
    assert given > 25
    assert abs(given - chance.sum()) < 3 * np.sqrt((chance * (1 - chance)).sum())
    started = chance[study.hours.started[~study.hours.treated]]
    assert (started > 0).all()


def test_studies_charted_together_are_those_charted_alone(world, monkeypatch):
    design = parse_design({**VIRTUAL, "n": 100})
    together = dict(VirtualWorld(design).studies(np.arange(3)))
    monkeypatch.setattr(virtual_ward, "AT_ONCE", 1)
    alone = dict(VirtualWorld(design).studies(np.array([2])))
    (one,), (other,) = together[2], alone[2]
    for name in ("patient", "hour", "covariates", "treated", "started", "outcome"):
        assert np.array_equal(getattr(one.hours, name), getattr(other.hours, name)), name
    assert one.hours.names == other.hours.names
    assert np.array_equal(one.oracle, other.oracle)
    assert all(np.array_equal(a.due, b.due) for a, b in zip(one.rules, other.rules, strict=True))
    for name, groups in one.groups.items():
        assert np.array_equal(groups.one, other.groups[name].one)
        assert np.array_equal(groups.hours, other.groups[name].hours)


def test_truth_is_about_those_whom_the_records_put_into_the_trial(world, batch):
    """The ward's own account of who is in the trial, and of when the outcome came, is that of the records."""
    ward = ward_of(world.trial, records_of(Chart(batch, world.design.scenario.hospital)))
    people = enrol(ward).people
    zero, inside = world._eligible(batch)
    mine = written.numbers(pl.Series(np.flatnonzero(inside))).to_list()
    assert sorted(people.get_column("patient_id").to_list()) == mine
    assert people.sort("patient_id").get_column("zero").to_list() == zero[inside].astype(int).tolist()
    assert len(mine) > 30


def test_truth_by_hand(world):
    n = world.design.truth_patients
    first = virtual_ward.TRUTH_FIRST
    base = simulate(world.world, first, n, world.usual, keep_log=False)
    zero, inside = world._eligible(base)
    free = inside & ~(came(base.summary, "crs_grade_3") <= zero)
    runs = [simulate(world.world, first, n, Care("strategy", world.trial.arms[arm]), keep_log=False).summary
            for arm in ("early", "wait")]  # fmt: skip
    counts = [int((came(run, "crs_grade_3")[free] < zero[free] + 60 * 24).sum()) for run in runs]
    truth = world.truth()
    asked = truth.filter(hour=24, measure="risk")
    assert asked.get_column("truth").to_list() == [count / free.sum() for count in counts]
    assert asked.get_column("patients").to_list() == [free.sum()] * 2
    assert truth.filter(hour=24, measure="risk difference").item(0, "truth") == (
        pytest.approx((counts[0] - counts[1]) / free.sum(), abs=1e-12)
    )


def test_the_null_world_has_no_truth_but_zero():
    truth = VirtualWorld(parse_design({**VIRTUAL, "world": "null"})).truth().filter(measure="risk difference")
    assert truth.get_column("truth").to_list() == [0.0] * truth.height
    assert truth.get_column("truth_se").to_list() == [0.0] * truth.height


@pytest.mark.parametrize(("change", "slug"), [
    ({"outcomes": ["crs_grade_5"]}, "power.outcome"), ({"horizon_hours": 700}, "power.horizon"),
    ({"initiation": "natural"}, "power.initiation"),
])  # fmt: skip
def test_what_has_no_truth_is_refused(change, slug):
    design = parse_design({**VIRTUAL, "protocol": {**VIRTUAL["protocol"], **change}})
    with pytest.raises(TocsinError) as error:
        VirtualWorld(design)
    assert [problem.slug for problem in error.value.problems] == [slug]


def test_scale_and_slips_are_refused_together(tmp_path):
    (tmp_path / "w.toml").write_text("[records]\nduplicates = 0.1\n")
    design = parse_design({**VIRTUAL, "world": str(tmp_path / "w.toml"), "cohort": {"scale": "lee2014_crs"}})
    with pytest.raises(TocsinError) as error:
        VirtualWorld(design)
    assert [problem.slug for problem in error.value.problems] == ["power.scale", "power.mishaps"]


def test_a_study_without_patients_at_time_zero_says_so():
    never = {**VIRTUAL["strategies"]["early"], "when": {"sign": "temperature", "at_least": 44.5, "sustained": "4 h"}}
    design = parse_design({**VIRTUAL, "n": 20, "strategies": {**VIRTUAL["strategies"], "early": never}})
    ((_, (study,)),) = list(VirtualWorld(design).studies(np.array([0])))
    assert study.why == "no course is left"
    with pytest.raises(TocsinError) as error:
        VirtualWorld(design).truth()
    assert error.value.problems[0].slug == "power.no-truth"
