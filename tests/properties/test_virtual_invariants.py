"""What must hold in any assumed world: luck is shared, inert drugs do nothing, and nothing depends on how it is run."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tocsin.strategies.zhou2023_early import ZHOU2023_EARLY
from tocsin.virtual import log
from tocsin.virtual.practice import FEVER_OR_GRADE3, WAIT_GRADE3, Care
from tocsin.virtual.run import simulate
from tocsin.virtual.world import World
from tocsin.when import Strategy, When

WORLD = World.of({"seed": 11, "days": 16, "gm": 2.0})
N = 300
NEVER_FIRES = Strategy(give="tocilizumab", when=When(sign="temperature", at_least=45.0))
A, B = Care("strategy", FEVER_OR_GRADE3), Care("strategy", WAIT_GRADE3)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Field by field; what was not charted is NaN in both."""
    if one.size != other.size:
        return False
    return all(
        np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f") for name in one.dtype.names
    )


def of(rows: np.ndarray, patient: int) -> list[tuple[float, ...]]:
    """A patient's entries, NaN as a number that equals itself."""
    mine = rows[rows["patient"] == patient]
    return [tuple(np.nan_to_num(float(v), nan=-9.0) for v in row.tolist()[1:]) for row in mine]


def test_a_strategy_that_never_fires_changes_no_entry():
    with_rule = simulate(WORLD, 0, N, Care("strategy", NEVER_FIRES))
    without = simulate(WORLD, 0, N, Care("never"))
    assert same(with_rule.log, without.log)
    assert with_rule.outcomes.equals(without.outcomes)
    assert without.log[without.log["what"] == log.CRS_GRADE]["value"].max() >= 3


def test_inert_drugs_make_no_difference():
    """Exactly none in what happens; the chart differs, for a dose waives the fever of the ASTCT table."""
    null = World.of(WORLD.model_dump() | {"tocilizumab_on": 0.0, "steroid_on": 0.0})
    one, other = simulate(null, 0, N, A), simulate(null, 0, N, B)
    assert (one.summary["doses"] > 0).sum() > (other.summary["doses"] > 0).sum() > 0
    for name in ("death_minute", "blasts28", "il6_hidden_max", "pressor_hours", "device_max", "ventilator_at"):
        assert one.summary[name].equals(other.summary[name]), name
    seen = [b.log[np.isin(b.log["what"], [log.TEMPERATURE, log.SYSTOLIC, log.RATE, log.ICE])] for b in (one, other)]
    assert same(*seen)


def test_two_strategies_agree_up_to_the_first_dose_that_differs():
    one, other = simulate(WORLD, 0, N, A), simulate(WORLD, 0, N, B)
    firsts = [b.summary["dose1_at"].fill_null(2**30).to_numpy() for b in (one, other)]
    parted = 0
    for k in range(N):
        left, right = of(one.log, k), of(other.log, k)
        if left == right:
            assert firsts[0][k] == firsts[1][k]
            continue
        parted += 1
        until = min(firsts[0][k], firsts[1][k])
        assert [row for row in left if row[0] < until] == [row for row in right if row[0] < until]
    assert 20 < parted < N - 20
    outcomes = [b.outcomes.filter(pl.Series(firsts[0] == firsts[1])) for b in (one, other)]
    assert outcomes[0].equals(outcomes[1])


@pytest.mark.parametrize("care", [A, Care("usual", ZHOU2023_EARLY)], ids=["strategy", "usual"])
def test_nothing_depends_on_batch_or_threads(care):
    whole = simulate(WORLD, 0, N, care, keep_propensity=True)
    one = simulate(WORLD, 0, N, care, keep_propensity=True, threads=1)
    assert same(whole.log, one.log)
    parts = [simulate(WORLD, first, 50, care, keep_propensity=True) for first in (250, 100, 200, 0, 150, 50)]
    parts.sort(key=lambda b: b.first)
    assert pl.concat([b.summary for b in parts]).equals(whole.summary)
    assert pl.concat([b.outcomes for b in parts]).equals(whole.outcomes)
    assert np.array_equal(np.concatenate([b.propensity for b in parts]), whole.propensity, equal_nan=True)
    rows = np.concatenate([b.log for b in parts])
    shift = np.concatenate([np.full(b.log.size, b.first) for b in parts])
    rows["patient"] += shift.astype(np.int32)
    assert same(rows, whole.log)


def test_keeping_no_log_changes_nothing():
    assert simulate(WORLD, 0, N, A, keep_log=False).summary.equals(simulate(WORLD, 0, N, A).summary)


def test_the_log_is_in_order_and_stays_in_its_stay():
    batch = simulate(WORLD, 0, N, A)
    rows = pl.DataFrame({name: batch.log[name] for name in ("patient", "minute", "what", "value")})
    place = rows["patient"].cast(pl.Int64) * 10**6 + rows["minute"] + 10**5
    assert place.is_sorted()
    assert rows["patient"].n_unique() == N
    ended = batch.summary.with_row_index("place").select(
        pl.col("place").cast(pl.Int32), end=pl.min_horizontal("discharge_at", "death_minute")
    )
    joined = rows.join(ended, left_on="patient", right_on="place")
    assert joined.filter(pl.col("minute") > pl.col("end")).is_empty()
    assert batch.summary["rows"].sum() == batch.log.size
    most = rows.filter(pl.col("what") == log.TEMPERATURE).group_by("patient").agg(pl.col("value").max()).sort("patient")
    assert batch.summary["temperature_max"].drop_nulls().to_list() == most["value"].to_list()


def test_usual_practice_draws_at_its_propensity():
    """Doses given over hourly chances: a sum of independent draws, within 4 standard deviations of its mean."""
    batch = simulate(World.of({"seed": 3, "days": 16}), 0, 2000, Care("usual"), keep_log=False, keep_propensity=True)
    chances = np.nan_to_num(batch.propensity.astype(float))
    given = int((batch.summary["doses"] > 0).sum())
    assert given > 300
    assert abs(given - chances.sum()) < 4 * np.sqrt((chances * (1 - chances)).sum())


def test_practice_reads_the_chart_unless_told_otherwise():
    """With `gestalt` the hidden injury moves the propensity; without it, the same chart gives the same propensity."""
    calm = World.of(WORLD.model_dump() | {"k_v": 0.0, "k_l": 0.0})
    base = simulate(calm, 0, N, Care("usual"), keep_propensity=True)
    hidden = simulate(World.of(calm.model_dump() | {"v_sd": 0.1}), 0, N, Care("usual"), keep_propensity=True)
    assert same(base.log, hidden.log)
    assert np.array_equal(base.propensity, hidden.propensity, equal_nan=True)
    felt = simulate(World.of(calm.model_dump() | {"gestalt": 2.0}), 0, N, Care("usual"), keep_propensity=True)
    assert not np.array_equal(base.propensity, felt.propensity, equal_nan=True)
