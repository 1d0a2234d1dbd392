"""One body for every trigger: a rule is data (nodes in postfix order) read by one step; none is compiled for itself."""

# ruff: noqa: SIM102, SIM109 - compiled code, kept in the shape of its words
from __future__ import annotations

import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tocsin.compiled import compiled, inline
from tocsin.when import EDGES, When

NEVER = 2**30
COMPARE, SUSTAINED, COUNT, DAY, ONSET, ALL, ANY, NOT, HELD = range(9)
NO_STATE, HOLDS, LAPSED = range(3)
NODE = np.dtype(
    [("op", "i4"), ("stream", "i4"), ("how", "i4"), ("edge", "f8"), ("length", "i4"), ("gap", "i4"), ("least", "i4"),
     ("dips", "i4"), ("dip_edge", "f8"), ("dip_within", "i4"), ("dip_stream", "i4"), ("early", "i4")], align=True
)  # fmt: skip
STATE = np.dtype([("since", "i4"), ("last", "i4"), ("readings", "i4"), ("recent", "i4", (8,))], align=True)
SEEN = np.dtype([("value", "f8"), ("read", "i4"), ("until", "i4"), ("fresh", "i1")], align=True)
DEPTH = 32


def passes(value: float, how: int, edge: float) -> bool:
    """Whether a value lies past an edge; NaN never does."""
    if how == 0:
        return value >= edge
    if how == 1:
        return value > edge
    if how == 2:
        return value <= edge
    return value < edge


def compared(reading: Any, node: Any, minute: int) -> int:
    """1 past the edge, 0 not, -1 unknown: no value, or one that has expired."""
    if minute >= reading.until or reading.value != reading.value:
        return -1
    return 1 if passes(reading.value, node.how, node.edge) else 0


def clear(state: Any) -> None:
    """Fresh state of every node."""
    for j in range(state.size):
        state[j].since = NEVER
        state[j].last = -NEVER
        state[j].readings = 0
        for k in range(8):
            state[j].recent[k] = -NEVER


def take_sustained(node: Any, s: Any, seen: Any) -> None:
    """A new reading into a run: it carries the run on, is forgiven as a dip after an antipyretic, or ends it."""
    reading = seen[node.stream]
    if passes(reading.value, node.how, node.edge):
        if s.readings == 0 or reading.read - s.last > node.gap:
            s.since = reading.read
            s.readings = 0
        s.readings += 1
        s.last = reading.read
        return
    forgiven = False
    if node.dips and s.readings > 0 and passes(reading.value, node.how, node.dip_edge):
        dose = seen[node.dip_stream]
        forgiven = dose.read <= reading.read and reading.read - dose.read <= node.dip_within
    if forgiven and reading.read - s.last <= node.gap:
        s.last = reading.read
    else:
        s.readings = 0


def take_count(node: Any, s: Any, seen: Any, minute: int) -> None:
    """A new reading past the edge is remembered, and when it came; the oldest of `least` is forgotten."""
    reading = seen[node.stream]
    if passes(reading.value, node.how, node.edge):
        for k in range(node.least - 1):
            s.recent[k] = s.recent[k + 1]
        s.recent[node.least - 1] = reading.read
        s.last = minute


def take_state(node: Any, s: Any, holds: bool, minute: int) -> None:
    """A state at this minute: it begins to hold, goes on (an interruption up to the gap is forgiven), or lapses."""
    if holds:
        if s.readings == NO_STATE or (s.readings == LAPSED and minute - s.last > node.gap):
            s.since = minute
        s.readings = HOLDS
    elif s.readings == HOLDS:
        s.readings, s.last = LAPSED, minute


def trigger_step(program: Any, state: Any, seen: Any, minute: int, stack: Any, fired: Any) -> int:
    """After everything of `minute` has been taken in: 1 holds, 0 does not, -1 unknown; `fired[0]` = since when due."""
    top = -1
    for j in range(program.size):
        node, s = program[j], state[j]
        op = node.op
        if op == ALL or op == ANY:
            top -= node.least - 1
            answer, at = stack[top], fired[top]
            for k in range(1, node.least):
                other = stack[top + k]
                if op == ALL:
                    answer = 0 if answer == 0 or other == 0 else (-1 if answer < 0 or other < 0 else 1)
                    at = max(at, fired[top + k])
                else:
                    at = min(at, fired[top + k])
                    answer = 1 if answer == 1 or other == 1 else (-1 if answer < 0 or other < 0 else 0)
            stack[top], fired[top] = answer, at
            continue
        if op == NOT:
            stack[top] = stack[top] if stack[top] < 0 else 1 - stack[top]
            fired[top] = minute
            continue
        top += 1
        answer, at = 0, minute
        if op == COMPARE:
            answer = compared(seen[node.stream], node, minute)
        elif op == HELD:
            answer = compared(seen[node.stream], node, minute)
            take_state(node, s, answer == 1, minute)
            if answer == 1 and minute - s.since < node.length:
                answer = 0
        elif op == SUSTAINED:
            if seen[node.stream].fresh:
                take_sustained(node, s, seen)
            held = s.readings >= node.least and s.last - s.since >= node.length
            answer = 1 if held and passes(seen[node.stream].value, node.how, node.edge) else 0
            if node.early:
                at = s.since + node.length
        elif op == COUNT:
            if seen[node.stream].fresh:
                take_count(node, s, seen, minute)
            first, latest = s.recent[0], s.recent[node.least - 1]
            now = s.last == minute or minute - latest <= node.length
            answer = 1 if now and first > -NEVER and latest - first <= node.length else 0
        elif op == DAY:
            answer = 1 if minute >= node.length else 0
        elif op == ONSET:
            onset = seen[node.stream]
            answer = (1 if onset.read < node.length else 0) if onset.until > minute else -1
        stack[top] = answer
        fired[top] = at if answer == 1 else NEVER
    return stack[0]


def _cohort(
    course: Any, minute: Any, stream: Any, value: Any, read: Any, valid: Any, program: Any, due: Any, known: Any
) -> None:
    """First moment the trigger holds, per course code; `due` and `known` come filled with NEVER."""
    seen: Any = np.zeros(valid.size, SEEN)
    state = np.zeros(program.size, STATE)
    stack, fired = np.zeros(DEPTH, np.int32), np.zeros(DEPTH, np.int32)
    idle = valid.size <= 2 and program.size == 1 and program[0].op == SUSTAINED
    i, who = 0, -1
    while i < course.size:
        if course[i] != who:
            who = course[i]
            clear(state)
            for k in range(valid.size):
                seen[k].until = -NEVER
                seen[k].read = -NEVER
                seen[k].value = np.nan
                seen[k].fresh = 0
        if idle and state[0].readings == 0 and not passes(value[i], program[0].how, program[0].edge):
            i += 1  # a reading that neither starts nor ends a run
            continue
        now = minute[i]
        while i < course.size and course[i] == who and minute[i] == now:
            k = stream[i]
            seen[k].value, seen[k].read, seen[k].fresh = value[i], read[i], 1
            seen[k].until = min(NEVER, read[i] + valid[k])
            i += 1
        if known[who] == NEVER and now >= 0:
            if trigger_step(program, state, seen, now, stack, fired) == 1:
                known[who], due[who] = now, fired[0]
        for k in range(valid.size):
            seen[k].fresh = 0


@functools.cache
def cohort() -> Any:
    """The compiled cohort driver."""
    for step in (passes, compared, clear, take_sustained, take_count, take_state, trigger_step):
        inline(step)
    return compiled(_cohort)


def program(when: When) -> np.ndarray[Any, Any]:
    """The trigger as nodes in postfix order over `when.streams()`."""
    streams = when.streams()
    rows: list[dict[str, Any]] = []
    for part in when.parts():
        if part.all or part.any:
            rows.append({"op": ALL if part.all else ANY, "least": len(part.all or part.any or ())})
        elif part.not_:
            rows.append({"op": NOT})
        elif part.day is not None:
            rows.append({"op": DAY, "length": round(part.day * 1440)})
        elif part.onset_within is not None:
            rows.append({"op": ONSET, "stream": streams.index("onset"), "length": part.onset_within})
        else:
            rows.append(_reading_node(part, streams))
    made = np.zeros(len(rows), NODE)
    for k, row in enumerate(rows):
        for name, value in row.items():
            made[name][k] = value
    return made


def _reading_node(part: When, streams: tuple[str, ...]) -> dict[str, Any]:
    how, edge = part.edge
    row: dict[str, Any] = {
        "op": COMPARE,
        "stream": streams.index(part.sign or part.grade_of or ""),
        "how": EDGES.index(how),
        "edge": edge,
    }
    if part.sustained is not None and part.is_state:
        return row | {"op": HELD, "length": part.sustained, "gap": part.lapse or 0}
    if part.sustained is not None:
        row |= {
            "op": SUSTAINED,
            "length": part.sustained,
            "gap": part.longest_gap,
            "least": part.min_readings,
            "early": part.fires == "interpolated",
        }
        if part.dip_to is not None:
            row |= {
                "dips": 1,
                "dip_edge": part.dip_to,
                "dip_within": part.dip_within,
                "dip_stream": streams.index("antipyretic"),
            }
    elif part.count is not None:
        row |= {"op": COUNT, "least": part.count, "length": part.count_within}
    return row


def first_due(when: When, streams: Mapping[str, pl.DataFrame], courses: pl.Series) -> pl.DataFrame:
    """First moment the trigger holds, per course: course_id, due_at, due_known_at (null = never), in the order given.

    `streams`: for every name of `when.streams()` a frame course_id, minute (when it became known), read (when it was
    true), value, and optionally valid (minutes a value may be used; absent = until the next row).
    """
    names = when.streams()
    ids = courses.unique(maintain_order=True)
    codes = {course: k for k, course in enumerate(ids)}
    ticks = [_ticks(streams[name], k, codes) for k, name in enumerate(names)] + _day_ticks(when, len(ids), len(names))
    ticks += [_ticks(rows, len(names), codes) for rows in timers(when, streams)]
    rows = pl.concat([*ticks, _ticks(pl.DataFrame(schema=_STREAM), 0, codes)]).sort(
        "course", "minute", "read", maintain_order=True
    )
    valid = np.array([_valid(streams[name]) for name in names] + [NEVER], np.int32)
    due, known = np.full(len(ids), NEVER, np.int32), np.full(len(ids), NEVER, np.int32)
    columns = [
        np.ascontiguousarray(rows.get_column(name).to_numpy())
        for name in ("course", "minute", "stream", "value", "read")
    ]
    cohort()(*columns, valid, program(when), due, known)
    fired = pl.col("due_known_at") < NEVER
    made = pl.DataFrame({"course_id": ids, "due_at": due, "due_known_at": known})
    return made.with_columns(due_at=pl.when(fired).then("due_at"), due_known_at=pl.when(fired).then("due_known_at"))


_STREAM = {"course_id": pl.String, "minute": pl.Int32, "read": pl.Int32, "value": pl.Float64}


def _ticks(stream: pl.DataFrame, k: int, codes: dict[str, int]) -> pl.DataFrame:
    code = pl.col("course_id").replace_strict(codes, default=None, return_dtype=pl.Int32)
    rows = stream.select(
        course=code, minute=pl.col("minute").cast(pl.Int32), stream=pl.lit(k, pl.Int32),
        value=pl.col("value").cast(pl.Float64).fill_null(float("nan")), read=pl.col("read").cast(pl.Int32),
    )  # fmt: skip
    return rows.filter(pl.col("course").is_not_null())


def timers(when: When, streams: Mapping[str, pl.DataFrame]) -> list[pl.DataFrame]:
    """Moments at which a trigger may change with nothing arriving: a state has held long enough, a count grows old.

    A state that began before minute 0 counts from there.
    """
    made, negated = list[pl.DataFrame](), any(part.not_ for part in when.parts())
    for part in when.parts():
        rows = streams.get(part.sign or part.grade_of or "", pl.DataFrame(schema=_STREAM))
        if part.is_state:
            before = rows.filter(pl.col("minute") < 0)
            made.append(_clock(before, pl.lit(0, pl.Int32)))
        if part.is_state and part.sustained is not None:
            made.append(_clock(_reaching(rows, part), pl.max_horizontal("minute", 0) + part.sustained))
        elif part.count_within is not None and negated:
            made.append(_clock(_reaching(rows, part), pl.col("read") + part.count_within + 1))
    return made


def _clock(rows: pl.DataFrame, minute: pl.Expr) -> pl.DataFrame:
    return rows.select("course_id", minute=minute, read=minute, value=pl.lit(None, pl.Float64))


def _reaching(rows: pl.DataFrame, part: When) -> pl.DataFrame:
    return rows.filter(_past(pl.col("value").fill_nan(None), *part.edge))


def _past(value: pl.Expr, how: str, edge: float) -> pl.Expr:
    made = {"at_least": value >= edge, "above": value > edge, "at_most": value <= edge, "below": value < edge}
    return made[how].fill_null(False)


def _day_ticks(when: When, courses: int, stream: int) -> list[pl.DataFrame]:
    days = [round(part.day * 1440) for part in when.parts() if part.day is not None]
    return [
        pl.DataFrame({"course": pl.Series(range(courses), dtype=pl.Int32)}).with_columns(
            minute=pl.lit(d, pl.Int32),
            stream=pl.lit(stream, pl.Int32),
            value=pl.lit(float("nan")),
            read=pl.lit(d, pl.Int32),
        )
        for d in days
    ]


def _valid(stream: pl.DataFrame) -> int:
    return int(stream.item(0, "valid")) if "valid" in stream.columns and stream.height else NEVER


def first_due_sorted(when: When, path: Path, rows: int = 2_000_000) -> pl.DataFrame:
    """`first_due` over a Parquet file of one sign that does not fit in memory: course (Int32), minute, value, sorted.

    One new reading a row; parts are cut at course borders and run on two threads. Returns course, due_at, due_known_at
    of the courses in which the trigger fires.
    """
    scan, nodes, valid = pl.scan_parquet(path), program(when), np.full(2, NEVER, np.int32)
    total: int = scan.select(pl.len()).collect().item()
    edges = [0, *(_course_border(scan, near, total) for near in range(rows, total, rows)), total]
    run_cohort = cohort()

    def part(span: tuple[int, int]) -> pl.DataFrame:
        frame = scan.slice(span[0], span[1] - span[0]).collect()
        course, minute, value = (frame.get_column(name).to_numpy() for name in ("course", "minute", "value"))
        if not frame.height:
            return pl.DataFrame(schema={"course": pl.Int32, "due_at": pl.Int32, "due_known_at": pl.Int32})
        first = int(course[0])
        due, known = (np.full(int(course[-1]) - first + 1, NEVER, np.int32) for _ in range(2))
        run_cohort(
            course - np.int32(first), minute, np.zeros(course.size, np.int32), value, minute, valid, nodes, due, known
        )
        fired = np.flatnonzero(known < NEVER)
        return pl.DataFrame(
            {"course": (fired + first).astype(np.int32), "due_at": due[fired], "due_known_at": known[fired]}
        )

    with ThreadPoolExecutor(2) as pool:
        return pl.concat(pool.map(part, pairwise(edges)))


def _course_border(scan: pl.LazyFrame, near: int, total: int) -> int:
    """First row at or after `near` at which a course begins."""
    ending = scan.select("course").slice(near - 1, 1).collect().item()
    while near < total:
        window = scan.select("course").slice(near, 65_536).collect().get_column("course")
        other = (window != ending).arg_true()
        if len(other):
            return near + int(other[0])
        near += len(window)
    return total
