"""Curves drawn from known patients, read back and compared; and points no curve can have."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tocsin.effects.curves import log_rank
from tocsin.effects.guyot import read_curve
from tocsin.effects.quantiles import median_survival
from tocsin.effects.survival import kaplan_meier, number_at_risk

DATA = Path(__file__).parents[2] / "reference" / "data"


def drawn(t, e, *, digits=3, numbers=6):
    """Return what a careful reader takes off a figure: corners to three digits, and the numbers below it."""
    curve = kaplan_meier(t, e)
    at = np.linspace(0, 0.85 * float(np.max(t)), numbers)
    return curve.time, np.round(curve.survival, digits), at, number_at_risk(curve, at)


def test_by_hand():
    """10 patients, events at 1 (two) and 3, 6 left at 4: one was censored in between; then one event and the rest."""
    back = read_curve([1, 3, 5, 6], [0.8, 0.7, 0.7 * 5 / 6, 0.7 * 5 / 6], [0, 4], [10, 6])
    assert back.time[back.event == 1].tolist() == [1, 1, 3, 5]
    assert back.at_risk.tolist() == [10, 6]
    assert back.time.size == 10
    # one censored in the middle of (0, 4]; at that rate 0.25 per time, so round(0.5) = 0 more up to 6, 5 at the end
    assert back.time[back.event == 0].tolist() == [2, 6, 6, 6, 6, 6]
    assert back.largest_gap < 0.02
    assert back.notes == ("no total of events: censoring after the last number at risk goes on at the earlier rate",)


def test_without_censoring_every_event_is_found():
    t = np.array([1, 2, 2, 4, 5, 7, 8, 8, 8, 9.5])
    back = read_curve(*drawn(t, np.ones(10)), events=10)
    assert back.time.tolist() == t.tolist()
    assert back.event.all()
    assert back.notes == ()
    assert back.largest_gap < 6e-4


@pytest.mark.parametrize(("name", "column"), [("lung", "sex"), ("ovarian", "rx"), ("aml", "group")])
def test_published_data_read_back(name, column):
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    t, e = np.array([float(r["time"]) for r in rows]), np.array([int(r["event"]) for r in rows])
    group = np.array([r[column] for r in rows])
    time, event, label = [], [], []
    for arm in np.unique(group):
        mine = group == arm
        back = read_curve(*drawn(t[mine], e[mine]), events=int(e[mine].sum()))
        assert back.time.size == mine.sum()
        assert back.at_risk.tolist() == back.printed_at_risk.tolist()
        assert abs(back.events - e[mine].sum()) <= max(1, 0.03 * mine.sum())
        assert (back.events == e[mine].sum()) is not any("events read back" in note for note in back.notes)
        assert back.largest_gap < 1 / mine.sum()
        true, read = median_survival(t[mine], e[mine]), median_survival(back.time, back.event)
        if true.estimate is None:
            assert read.estimate is None
        else:
            assert read.estimate == pytest.approx(true.estimate, rel=0.12)
        time.append(back.time)
        event.append(back.event)
        label += [arm] * back.time.size
    true, read = log_rank(t, e, group), log_rank(np.concatenate(time), np.concatenate(event), label)
    assert read.chi_square == pytest.approx(true.chi_square, rel=0.12)


def test_large_curve_is_close():
    rng = np.random.default_rng(12)
    life, follow = rng.exponential(20, 800), rng.uniform(5, 40, 800)
    t, e = np.ceil(np.minimum(life, follow) * 4) / 4, (life <= follow).astype(int)
    back = read_curve(*drawn(t, e, numbers=8), events=int(e.sum()))
    assert back.events == pytest.approx(e.sum(), abs=8)
    assert back.largest_gap < 0.005
    assert median_survival(back.time, back.event).estimate == pytest.approx(median_survival(t, e).estimate, rel=0.02)


def test_the_total_of_events_decides_the_last_stretch():
    time, survival = [2, 6, 8], [0.75, 0.5, 0.5]
    few, many = (read_curve(time, survival, [0, 4], [8, 6], events=n) for n in (3, 4))
    assert (few.events, many.events) == (3, 4)
    assert many.notes == ()
    impossible = read_curve(time, survival, [0, 4], [8, 6], events=7)
    assert "events read back, 7 printed" in impossible.notes[-1]


def test_altered_and_missed_figures_are_said():
    slip = read_curve([1, 2, 3], [0.8, 0.81, 0.6], [0], [5], events=2)
    assert slip.notes[0] == "1 of 3 points lay above an earlier one and were lowered"
    late = read_curve([1, 2], [0.8, 0.6], [0, 5], [5, 1], events=2)
    assert late.notes[0] == "1 of 2 numbers at risk lie after the last digitised point: left out"
    odd = read_curve([1, 2, 6], [0.8, 0.2, 0.2], [0, 5], [10, 9])
    assert "1 of 2 numbers at risk are not met" in odd.notes


def test_nobody_ever_has_the_event_and_everybody():
    flat = read_curve([5, 10], [1, 1], [0, 5], [7, 4])
    assert (flat.events, flat.time.size) == (0, 7)
    assert flat.at_risk.tolist() == [7, 4]
    all_ = read_curve([3], [0], [0], [4], events=4)
    assert (all_.time.tolist(), all_.event.tolist()) == ([3] * 4, [1] * 4)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"survival": [80, 60, 50]}, "survival: 3 of 3 values lie outside 0 to 1"),
        ({"survival": [0.8, 0.9, 0.5]}, "survival: 1 points rise by more than 0.02"),
        ({"survival": [0.8, 0.5]}, "survival: 2 values, but 3 times"),
        ({"survival": [0.8, np.nan, 0.5]}, "survival"),
        ({"time": [1, 3, 2]}, "time: 1 points go back"),
        ({"time": [-1, 3, 4]}, "time"),
        ({"time": [1, 3, np.inf]}, "time"),
        ({"time": [], "survival": []}, "time: no digitised point"),
        ({"risk_time": [1, 2]}, "risk_time: must start at 0"),
        ({"risk_time": [0, 0]}, "risk_time: must start at 0 and rise"),
        ({"risk_time": [0]}, "at_risk: 2 numbers for 1 times"),
        ({"at_risk": [9, 10]}, "at_risk: a number at risk is larger"),
        ({"at_risk": [9.5, 2]}, "at_risk, row 0"),
        ({"at_risk": [0, 0]}, "at_risk: nobody"),
        ({"events": 11}, "events: 11 is more than 10"),
    ],
)
def test_wrong_input(change, text):
    given = {"time": [1, 2, 3], "survival": [0.8, 0.7, 0.6], "risk_time": [0, 2], "at_risk": [10, 8], **change}
    with pytest.raises(ValueError, match=text):
        read_curve(**given)
