"""Triggers on small hand-made streams: every edge that decides a day of treatment."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from naive.strategies import first_minute, holds
from tocsin.strategies import first_due
from tocsin.strategies.trigger import (
    DEPTH,
    NEVER,
    SEEN,
    STATE,
    clear,
    first_due_sorted,
    program,
    timers,
    trigger_step,
)
from tocsin.when import Strategy, When, length_words, minutes_of

COURSE = pl.Series(["A"])


def stream(*rows: tuple[int, float], reads: list[int] | None = None) -> pl.DataFrame:
    schema = {"course_id": pl.String, "minute": pl.Int32, "value": pl.Float64, "read": pl.Int32}
    read = reads or [minute for minute, _ in rows]
    return pl.DataFrame([("A", m, v, r) for (m, v), r in zip(rows, read, strict=True)], schema=schema, orient="row")


def when(**keys: Any) -> When:
    return When.model_validate(keys)


def due(trigger: When, **streams: pl.DataFrame) -> tuple[int | None, int | None]:
    return first_due(trigger, streams, COURSE).select("due_at", "due_known_at").row(0)


HIGH = {"sign": "temperature", "at_least": 39.0, "sustained": "4 h"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 39.0), (240, 39.0)], 240),  # exactly 4 h, exactly 39.0
        ([(0, 39.0), (239, 39.0)], None),
        ([(0, 39.0), (120, 38.9), (240, 39.0)], None),  # a reading below ends the run
        ([(0, 39.0), (360, 39.0)], 360),  # a gap of exactly the longest gap
        ([(0, 39.0), (361, 39.0)], None),
        ([(0, 39.5)], None),  # one reading is never sustained
        ([(0, 39.0), (100, 38.0), (200, 39.0), (300, 39.2), (440, 39.1)], 440),  # the second run counts from 200
        ([(0, 39.0), (240, 38.9), (241, 39.0)], None),  # it must hold at the reading that completes it
    ],
)
def test_sustained(rows, expected):
    assert due(when(**HIGH), temperature=stream(*rows))[0] == expected


def test_sustained_needs_the_number_of_readings_asked_for():
    rows = stream((0, 39.0), (240, 39.0), (250, 39.0))
    assert due(when(**HIGH, min_readings=3), temperature=rows)[0] == 250


def test_a_late_reading_counts_from_when_it_was_known_and_runs_from_when_it_was_read():
    rows = stream((0, 39.0), (300, 39.0), reads=[0, 240])
    assert due(when(**HIGH), temperature=rows) == (300, 300)
    assert due(when(**HIGH, fires="interpolated"), temperature=rows) == (240, 300)


def test_a_dip_is_forgiven_only_after_an_antipyretic_and_only_so_far():
    rows = stream((0, 39.2), (120, 38.1), (240, 39.1))
    dose = stream((60, 1.0))
    forgiving = when(**HIGH, dip_to=38.0, dip_within="2 h")
    assert due(forgiving, temperature=rows, antipyretic=dose)[0] == 240
    assert due(forgiving, temperature=rows, antipyretic=dose.clear())[0] is None
    assert due(forgiving, temperature=stream((0, 39.2), (120, 37.9), (240, 39.1)), antipyretic=dose)[0] is None
    assert due(forgiving, temperature=rows, antipyretic=stream((-1, 1.0)))[0] is None  # 121 minutes before the dip


def test_count_within():
    two = when(sign="temperature", at_least=38.5, count=2, count_within="24 h")
    assert due(two, temperature=stream((0, 38.5), (1440, 38.5)))[0] == 1440
    assert due(two, temperature=stream((0, 38.5), (1441, 38.5)))[0] is None
    assert due(two, temperature=stream((0, 38.5), (10, 38.0), (20, 39.0)))[0] == 20


def test_a_grade_fires_once_at_the_first_moment():
    grades = stream((0, 1.0), (50, 3.0), (80, 1.0), (90, 4.0))
    assert due(when(grade_of="astct_crs", at_least=3), astct_crs=grades) == (50, 50)
    assert due(when(grade_of="astct_crs", above=3), astct_crs=grades) == (90, 90)


def test_day_and_onset():
    assert due(when(day=2)) == (2880, 2880)
    early = when(onset_within="72 h")
    assert due(early, onset=stream((4319, 4319.0)))[0] == 4319
    assert due(early, onset=stream((4320, 4320.0)))[0] is None


def test_combinations_are_three_valued():
    hot = {"sign": "temperature", "at_least": 39.0}
    ill = {"grade_of": "astct_crs", "at_least": 2}
    readings = stream((10, 39.5)).with_columns(valid=pl.lit(100, pl.Int32))
    grades = stream((0, 0.0), (50, 2.0))
    assert due(when(all=[hot, ill]), temperature=readings, astct_crs=grades)[0] == 50
    assert due(when(any=[hot, ill]), temperature=readings, astct_crs=grades)[0] == 10
    late = stream((0, 0.0), (200, 2.0))  # the temperature has expired: unknown, so `all` is not proved
    assert due(when(all=[hot, ill]), temperature=readings, astct_crs=late)[0] is None
    assert due(when(all=[ill, {"not": hot}]), temperature=readings, astct_crs=late)[0] is None
    cool = stream((10, 38.0)).with_columns(valid=pl.lit(1000, pl.Int32))
    assert due(when(all=[ill, {"not": hot}]), temperature=cool, astct_crs=late)[0] == 200


def test_readings_before_minute_0_do_not_count():
    assert due(when(**HIGH), temperature=stream((-100, 39.0), (140, 39.0)))[0] is None
    assert due(when(**HIGH), temperature=stream((-100, 39.0), (0, 39.0), (240, 39.0)))[0] == 240


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"sign": "temperature"},
        {"sign": "temperature", "at_least": 39, "above": 38},
        {"sign": "temperature", "at_least": 39, "grade_of": "astct_crs"},
        {"grade_of": "astct_crs", "at_least": 3, "count": 2, "count_within": "4 h"},
        {"grade_of": "astct_crs", "at_least": 3, "sustained": "4 h", "dip_to": 2},
        {"grade_of": "astct_crs", "at_least": 3, "lapse": "4 h"},
        {"sign": "temperature", "at_least": 39, "sustained": "4 h", "lapse": "1 h"},
        {"sign": "oxygen"},
        {"sign": "oxygen", "at_least": 1, "count": 2, "count_within": "4 h"},
        {"sign": "fluid_bolus", "at_least": 1, "count": 2, "count_within": "4 h"},
        {"sign": "fluid_bolus"},
        {"sign": "pulse", "at_least": 1},
        {"day": 2, "sustained": "4 h"},
        {"sign": "temperature", "at_least": 39, "sustained": "4 hours"},
        {"sign": "temperature", "at_least": 39, "count": 2},
        {"sign": "temperature", "at_least": 39, "typo": 1},
        {"all": []},
        {"day": 2, "at_least": 1},
    ],
)
def test_a_trigger_that_says_two_things_or_nothing_is_refused(keys):
    with pytest.raises(ValidationError):
        When.model_validate(keys)


def test_lengths():
    assert [minutes_of(x) for x in ("4 h", "30 min", "2 d", "1.5 h", 7)] == [240, 30, 2880, 90, 7]
    assert [length_words(x) for x in (240, 90, 2880, 1440)] == ["4 h", "90 min", "2 d", "24 h"]


def test_the_rule_survives_a_round_trip_and_its_hash_follows_its_content():
    rule = Strategy.model_validate({"give": "tocilizumab", "when": HIGH, "within": "6 h"})
    again = Strategy.model_validate(rule.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert again == rule
    assert again.hash == rule.hash
    other = Strategy.model_validate({"give": "tocilizumab", "when": {**HIGH, "at_least": 38.5}, "within": "6 h"})
    assert other.hash != rule.hash


def test_the_rule_prints_itself():
    rule = Strategy.model_validate({"give": "tocilizumab", "when": HIGH, "within": "6 h"})
    assert rule.sentence() == (
        "Give tocilizumab within 6 h once temperature is at least 39.0 °C in every new reading of a run of at least "
        "4 h "
        "(at least 2 readings, no gap over 6 h)."
    )
    assert "39.0 °C" in rule.sentence("zh")
    assert "托珠单抗" in rule.sentence("zh")


# --- states and events ------------------------------------------------------------------------------------------------

HELD = {"grade_of": "astct_crs", "at_least": 1, "sustained": "24 h"}


@pytest.mark.parametrize(
    ("rows", "lapse", "expected"),
    [
        ([(100, 1.0)], None, 1540),  # nothing arrives at that minute: it fires by the clock
        ([(100, 1.0), (1540, 0.0)], None, None),  # it ended in the minute it would have been due
        ([(100, 1.0), (1541, 0.0)], None, 1540),
        ([(100, 1.0), (500, 2.0)], None, 1540),  # another grade past the edge is no interruption
        ([(100, 1.0), (500, 0.0), (501, 1.0)], None, 1941),
        ([(100, 1.0), (500, 0.0), (501, 1.0)], "1 min", 1540),
        ([(100, 1.0), (500, 0.0), (980, 1.0)], "8 h", 1540),  # an interruption of exactly the lapse
        ([(100, 1.0), (500, 0.0), (981, 1.0)], "8 h", 2421),
        ([(100, 1.0), (1500, 0.0), (1600, 1.0)], "8 h", 1600),  # interrupted when it was due: due on return
        ([(100, 1.0), (1500, 0.0)], "8 h", None),
        ([(100, 1.0), (500, None), (600, 1.0)], None, 2040),  # unknown is not held
        ([(100, None)], "8 h", None),
        ([(-200, 1.0)], None, 1440),  # counted from minute 0 on
    ],
)
def test_a_state_is_held(rows, lapse, expected):
    trigger = when(**HELD, **({"lapse": lapse} if lapse else {}))
    assert due(trigger, astct_crs=stream(*rows)) == (expected, expected)


def test_an_unknown_state_never_fires_and_its_negation_does_not_either():
    unknown = stream((0, None), (10, float("nan")))
    assert due(when(sign="oxygen", at_most=1), oxygen=unknown)[0] is None
    assert due(when(sign="oxygen", at_least=0), oxygen=unknown)[0] is None
    assert due(when(**{"not": {"sign": "oxygen", "at_least": 1}}), oxygen=unknown)[0] is None
    assert due(when(**{"not": {"sign": "oxygen", "at_least": 1, "sustained": "1 h"}}), oxygen=unknown)[0] is None
    assert due(when(**{"not": {"sign": "oxygen", "at_least": 1}}), oxygen=stream((10, 0.0)))[0] == 10


def test_a_count_is_remembered_as_long_as_its_window():
    boluses = {"sign": "fluid_bolus", "count": 2, "count_within": "24 h"}
    trigger = when(all=[boluses, {"sign": "hypotension", "at_least": 1}])
    given = stream((0, 1.0), (600, 1.0))
    assert due(when(**boluses), fluid_bolus=given)[0] == 600
    assert due(trigger, fluid_bolus=given, hypotension=stream((0, 0.0), (2040, 1.0)))[0] == 2040
    assert due(trigger, fluid_bolus=given, hypotension=stream((0, 0.0), (2041, 1.0)))[0] is None
    cool = stream((0, 38.5), (600, 38.6), (4000, 37.0))  # a cool reading later does not call the count back
    fevers = {"sign": "temperature", "at_least": 38.5, "count": 2, "count_within": "24 h"}
    late = when(all=[fevers, {"sign": "hypotension", "at_least": 1}])
    assert due(late, temperature=cool, hypotension=stream((4000, 1.0)))[0] is None


def test_a_count_under_not_ends_by_the_clock():
    trigger = when(**{"not": {"sign": "antipyretic", "count": 1, "count_within": "1 h"}})
    assert due(trigger, antipyretic=stream((0, 1.0)))[0] == 61


def test_a_fact_is_a_state():
    trigger = when(all=[{"sign": "temperature", "at_least": 38.5, "count": 2, "count_within": "24 h"},
                        {"sign": "blasts_percent", "at_least": 40}])  # fmt: skip
    hot = stream((10, 38.5), (20, 38.5))
    assert due(trigger, temperature=hot, blasts_percent=stream((0, 40.0)))[0] == 20
    assert due(trigger, temperature=hot, blasts_percent=stream((0, 39.9)))[0] is None
    assert due(trigger, temperature=hot, blasts_percent=stream((0, None)))[0] is None


@pytest.mark.parametrize(
    ("keys", "en", "zh"),
    [
        ({"sign": "oxygen", "at_least": 1}, "oxygen is given for the first time", "吸氧(首次)"),
        ({"sign": "fever", "at_least": 1, "sustained": "3 d", "lapse": "24 h"},
         "there is fever for 3 d (interruptions up to 24 h do not count)", "发热 达 3 d(中断不超过 24 h 不计)"),
        ({"grade_of": "lee2014_crs", "at_least": 1, "sustained": "24 h"},
         "the Lee 2014 CRS grade is at least 1 for 24 h without interruption",
         "Lee 2014 CRS 分级不低于 1 持续 24 h 无中断"),
        ({"sign": "tocilizumab", "at_least": 1, "sustained": "12 h"}, "the first tocilizumab was given 12 h ago",
         "托珠单抗首剂已过 12 h"),
        ({"sign": "fluid_bolus", "count": 2, "count_within": "24 h"},
         "2 or more fluid boluses, each judged 1 h after its start, within 24 h",
         "24 h 内 2 次快速补液(每次开始 1 h 后判断)"),
        ({"all": [{"grade_of": "astct_crs", "at_least": 1}, {"onset_within": "72 h"}]},
         "(the ASTCT CRS grade is at least 1) and (CRS began less than 3 d after time zero)",
         "(ASTCT CRS 分级不低于 1) 且 (CRS 于 3 d 内起病)"),
    ],
)  # fmt: skip
def test_words_of_a_trigger(keys, en, zh):
    assert when(**keys).sentence() == en
    assert when(**keys).sentence("zh") == zh


def test_what_no_record_shows_stands_in_the_sentence():
    rule = Strategy.model_validate({"give": "anakinra", "when": {"day": 0}, "unseen": ["a"], "provided": ["b", "c"]})
    assert rule.sentence() == (
        "Give anakinra within 6 h from time zero. Due too on what no record shows: a. "
        "Only with what no record shows: b; c."
    )
    assert rule.sentence("zh").endswith("单独满足亦应用药:a。还须满足记录中看不到的条件:b；c。")


READING = st.tuples(st.integers(0, 40), st.sampled_from([37.9, 38.0, 38.9, 39.0, 39.5]))
TRIGGERS = [
    {**HIGH, "sustained": 6, "longest_gap": 5},
    {**HIGH, "sustained": 6, "longest_gap": 5, "min_readings": 3, "fires": "interpolated"},
    {"sign": "temperature", "at_least": 38.0, "count": 3, "count_within": 7},
    {"any": [{"grade_of": "astct_crs", "at_least": 3}, {**HIGH, "sustained": 4, "longest_gap": 9}]},
    {"all": [{"not": {"grade_of": "astct_crs", "at_least": 3}}, {"sign": "temperature", "above": 38.9}]},
]


def minutes_of_change(trigger: When, streams: dict[str, pl.DataFrame]) -> list[int]:
    """Minutes at which something arrives, or time alone may change the answer."""
    clocks = [rows.get_column("minute").to_list() for rows in timers(trigger, streams)]
    days = [[round(part.day * 1440)] for part in trigger.parts() if part.day is not None]
    arrivals = [rows.get_column("minute").to_list() for rows in streams.values()]
    return sorted({minute for found in (*clocks, *days, *arrivals) for minute in found})


def by_single_events(trigger: When, streams: dict[str, pl.DataFrame]) -> tuple[int | None, int | None]:
    """The uncompiled step fed one minute at a time, as the bedside does."""
    names = trigger.streams()
    nodes = program(trigger).view(np.recarray)
    state = np.zeros(nodes.size, STATE).view(np.recarray)
    seen = np.zeros(len(names) + 1, SEEN).view(np.recarray)
    clear(state)
    for k in range(seen.size):
        seen[k].until, seen[k].read, seen[k].value = -NEVER, -NEVER, np.nan
    rows = sorted(
        (m, k, np.nan if v is None else v, r)
        for k, name in enumerate(names)
        for m, v, r in streams[name].select("minute", "value", "read").iter_rows()
    )
    stack, fired = np.zeros(DEPTH, np.int64), np.zeros(DEPTH, np.int64)
    for minute in minutes_of_change(trigger, {name: streams[name] for name in names}):
        for m, k, value, read in rows:
            if m == minute:
                seen[k].value, seen[k].read, seen[k].fresh, seen[k].until = value, read, 1, NEVER
        if minute >= 0 and trigger_step(nodes, state, seen, minute, stack, fired) == 1:
            return int(fired[0]), minute
        for k in range(seen.size):
            seen[k].fresh = 0
    return None, None


def upto(whole: tuple[int | None, int | None], cut: int) -> tuple[int | None, int | None]:
    """What was known of the answer at a minute."""
    return whole if whole[1] is not None and whole[1] <= cut else (None, None)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(READING, max_size=12, unique_by=lambda r: r[0]), st.lists(READING, max_size=4), st.sampled_from(TRIGGERS)
)
def test_batch_is_step_and_later_readings_change_nothing(readings, grades, keys):
    trigger = when(**keys)
    marks = sorted({m: float(int(v) % 4) for m, v in grades}.items())
    streams = {"temperature": stream(*sorted(readings)), "astct_crs": stream(*marks)}
    whole = due(trigger, **streams)
    assert whole == by_single_events(trigger, streams)
    for cut in range(0, 41, 5):
        part = {name: rows.filter(pl.col("minute") <= cut) for name, rows in streams.items()}
        assert upto(due(trigger, **part), cut) == upto(whole, cut)


LENGTH = st.integers(1, 20)
EDGED = st.fixed_dictionaries({}).flatmap(
    lambda _: st.tuples(st.sampled_from(["at_least", "above", "at_most", "below"]), st.sampled_from([0, 1, 2])).map(
        lambda edge: {edge[0]: edge[1]}
    )
)
STATE_LEAF = st.builds(
    lambda name, edge, held, lapse: name | edge | ({"sustained": held} if held else {})
    | ({"lapse": lapse} if held and lapse else {}),
    st.sampled_from([{"grade_of": "astct_crs"}, {"sign": "oxygen"}]), EDGED, st.none() | LENGTH,
    st.none() | st.integers(1, 6),
)  # fmt: skip
READING_LEAF = st.one_of(
    EDGED.map(lambda edge: {"sign": "temperature"} | edge),
    st.builds(lambda edge, held, gap, least: {"sign": "temperature", "sustained": held, "longest_gap": gap,
              "min_readings": least} | edge, EDGED, LENGTH, LENGTH, st.integers(1, 3)),
    st.builds(lambda edge, n, within: {"sign": "temperature", "count": n, "count_within": within} | edge,
              EDGED, st.integers(1, 3), LENGTH),
)  # fmt: skip
EVENT_LEAF = st.builds(
    lambda n, within: {"sign": "fluid_bolus", "count": n, "count_within": within}, st.integers(1, 3), LENGTH
)
LEAF = st.one_of(
    STATE_LEAF, STATE_LEAF, READING_LEAF, EVENT_LEAF, st.sampled_from([{"day": 0.0125}, {"onset_within": 12}])
)
RULE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)
MOMENT = st.integers(-5, 40)
CHANGES = st.dictionaries(MOMENT, st.sampled_from([None, 0.0, 1.0, 2.0, 3.0]), max_size=7).map(
    lambda d: sorted(d.items())
)
READ = st.dictionaries(st.integers(0, 40), st.sampled_from([0.0, 1.0, 2.0]), max_size=7).map(
    lambda d: sorted(d.items())
)
EVENTFUL = st.sets(st.integers(0, 40), max_size=4).map(lambda at: [(minute, 1.0) for minute in sorted(at)])
LAST = 90


@settings(max_examples=300, deadline=None)
@given(RULE, CHANGES, CHANGES, READ, EVENTFUL, st.none() | st.integers(0, 30))
def test_any_rule_as_minute_by_minute_step_by_step_and_without_peeking(rule, grades, oxygen, readings, boluses, onset):
    trigger = when(**rule)
    rows = {"astct_crs": grades, "oxygen": oxygen, "temperature": readings, "fluid_bolus": boluses,
            "onset": [] if onset is None else [(onset, float(onset))]}  # fmt: skip
    streams = {name: stream(*found) for name, found in rows.items()}
    whole = due(trigger, **streams)
    plain = {name: [(m, m, v) for m, v in found] for name, found in rows.items()}
    starts = {
        minute for minute in minutes_of_change(trigger, {n: streams[n] for n in trigger.streams()}) if minute >= 0
    }
    expected = first_minute(rule, plain, LAST)
    if expected is not None and expected not in starts:  # true before anything is known: said when something is
        expected = next((m for m in sorted(starts) if m >= expected and holds(rule, plain, m) is True), None)
    assert whole[1] == expected
    assert upto(by_single_events(trigger, streams), LAST) == upto(whole, LAST)
    for cut in range(0, 41, 8):
        part = {name: found.filter(pl.col("minute") <= cut) for name, found in streams.items()}
        assert upto(due(trigger, **part), cut) == upto(whole, cut)


def test_a_file_of_readings_gives_the_same_as_a_frame(tmp_path):
    rng = np.random.default_rng(7)
    course = np.repeat(np.arange(50, dtype=np.int32), 40)
    minute = np.concatenate([np.cumsum(rng.integers(20, 200, 40)) for _ in range(50)]).astype(np.int32)
    rows = pl.DataFrame({"course": course, "minute": minute, "value": np.round(rng.normal(38.8, 0.6, 2000), 1)})
    rows.write_parquet(tmp_path / "readings.parquet")
    fast = first_due_sorted(when(**HIGH), tmp_path / "readings.parquet", rows=300)
    named = rows.with_columns(course_id=pl.col("course").cast(pl.String), read=pl.col("minute"))
    slow = first_due(when(**HIGH), {"temperature": named}, named.get_column("course_id"))
    slow = slow.filter(pl.col("due_at").is_not_null())
    assert 5 < fast.height < 50
    assert fast.get_column("due_at").to_list() == slow.get_column("due_at").to_list()
    assert fast.get_column("course").cast(pl.String).to_list() == slow.get_column("course_id").to_list()
