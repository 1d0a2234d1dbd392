"""From a world to a batch of virtual patients: draws them, runs their stays on two threads, follows them up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from tocsin.grades import SCALES
from tocsin.grades.lookup import Codes, Lookups, lookups
from tocsin.rules import Scale
from tocsin.signs import WIDE, Parameters, events
from tocsin.signs.run import unpack
from tocsin.signs.state import FIELDS, NEVER, WIDE_FIELDS
from tocsin.strategies.live import STREAM, live
from tocsin.strategies.trigger import NODE
from tocsin.virtual import stay
from tocsin.virtual.biology import rates
from tocsin.virtual.log import ENTRY, Batch
from tocsin.virtual.long_term import outcomes
from tocsin.virtual.patients import courses, draw, facts, organ_edges
from tocsin.virtual.practice import Care
from tocsin.virtual.stay import ENTRIES_A_DAY
from tocsin.virtual.summary import SINCE, SUMMARY
from tocsin.virtual.ward import BED
from tocsin.virtual.world import World, as_record

THREADS = 2
CHUNK = 128  # patients a call of the kernel takes
# columns read from two places
_PLACES = {name: (f"{name}_possible",) for name in ("fever_carried", "fever_waived")}


def simulate(
    world: World, first: int, n: int, care: Care, *, keep_log: bool = True, keep_propensity: bool = False,
    parameters: Parameters | None = None, threads: int = THREADS,
) -> Batch:  # fmt: skip
    """Patients `first` to `first + n` of `world`, cared for by `care`.

    The same patient has the same luck whatever the care, the batch and the threads. `parameters` are those of the
    ward's signs, the defaults unless given. Raises TocsinError `strategies.not-live` where the strategy asks for what
    the ward cannot follow. Memory: a log has 1,000 to 5,000 entries of 32 bytes a patient; take batches of 5,000.
    """
    p = parameters or Parameters()
    house = _house(care.scales, p)
    people = draw(world, first, n)
    hours = 24 * world.days
    summary = np.zeros(n, SUMMARY)
    for name in SINCE:
        summary[name] = NEVER
    propensity = np.full((n if keep_propensity else 0, hours), np.nan, np.float32)
    program, streams = live(care.strategy.when, care.scales, p) if care.strategy else (_NO_RULE, _NO_STREAM)
    own = courses(people)
    edges = organ_edges(people, p)
    run = stay.stays()
    fixed = (as_record(world), rates(world), care.record(world), people, edges)
    rest = (*house.tables, program, streams, hours)
    room = CHUNK * ENTRIES_A_DAY * world.days // 8 + 2 * world.days * ENTRIES_A_DAY if keep_log else 0

    def chunk(start: int) -> list[np.ndarray[Any, Any]]:
        stop, done, kept = min(start + CHUNK, n), start, list[np.ndarray[Any, Any]]()
        beds = np.zeros(stop - start, BED)
        beds["who"], beds["course"], beds["rules"] = np.arange(start, stop), own[start:stop], house.rules
        while done < stop:
            log = np.zeros(room, ENTRY)  # pages that are never written cost nothing
            done, rows = run(done, stop, start, *fixed, beds, *rest, log, summary, propensity)
            kept.append(log[:rows].copy())
        return kept

    starts = range(0, n, CHUNK)
    if threads > 1 and len(starts) > 1:
        with ThreadPoolExecutor(threads) as pool:
            logs = [log for part in pool.map(chunk, starts) for log in part]
    else:
        logs = [log for start in starts for log in chunk(start)]
    log = np.concatenate(logs) if logs else np.zeros(0, ENTRY)
    return Batch(
        first, facts(world, first, people), log, outcomes(world, first, people, summary), _frame(first, summary),
        propensity if keep_propensity else None,
    )  # fmt: skip


_NO_RULE, _NO_STREAM = np.zeros(0, NODE), np.zeros(0, STREAM)


@dataclass(frozen=True)
class House:
    """The ward's rules of the signs, and its scales as lookup tables."""

    rules: np.ndarray[Any, Any]
    tables: tuple[np.ndarray[Any, Any], ...]


@cache
def _house(scales: tuple[str, ...], parameters: Parameters) -> House:
    chosen = [SCALES[name] for name in scales]
    wide = any(WIDE & set(scale.columns) for scale in chosen)
    made = grade_tables(chosen)
    return House(events.rules(parameters, wide), (made.scales, made.parts, made.classes, made.table))


def grade_tables(scales: list[Scale]) -> Lookups:
    """The scales' lookup tables over the packed situations of the signs."""
    return lookups(scales, _codes())


@cache
def _codes() -> dict[str, list[Codes]]:
    """What every code of every field means, by the unpacking of the signs themselves."""
    places: dict[str, tuple[int, int, int]] = {}
    for word, fields in enumerate((FIELDS, WIDE_FIELDS)):
        shift = 0
        for name, bits in fields:
            places[name] = (word, shift, bits)
            shift += bits
    made: dict[str, list[Codes]] = {}
    for name in places:
        parts = [places[name], *(places[other] for other in _PLACES.get(name, ()))]
        packed = np.zeros((2, 1 << sum(bits for _, _, bits in parts)), np.int64)
        low = 0
        for word, shift, bits in parts:
            packed[word] |= ((np.arange(packed.shape[1]) >> low) & ((1 << bits) - 1)) << shift
            low += bits
        columns = {column.name: column for column in unpack(pl.Series(packed[0]), pl.Series(packed[1]))}
        if name in columns:
            values = columns[name].to_list()
            made[name] = [Codes(word, shift, bits, values) for word, shift, bits in parts]
    return made


def _frame(first: int, summary: np.ndarray[Any, Any]) -> pl.DataFrame:
    """The SUMMARY records as a frame; never is null, never charted is null."""
    frame = pl.DataFrame({name: summary[name] for name in SUMMARY.names or ()})
    frame = frame.with_columns(pl.when(pl.col(name) < NEVER).then(name).alias(name) for name in (*SINCE,))
    grade = pl.when(pl.col("given_grade") >= 0).then("given_grade")
    frame = frame.with_columns(pl.col(pl.Float64).fill_nan(None), given_grade=grade)
    ids = pl.Series("patient", np.arange(first, first + summary.size, dtype=np.int64))
    return frame.select(ids, pl.all())
