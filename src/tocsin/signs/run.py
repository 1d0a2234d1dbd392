"""From records and courses to situations (runs of what is known), openings and closings of the episode, and moments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tocsin.errors import TocsinError
from tocsin.signs import acts, events, kernel, state
from tocsin.signs.parameters import Parameters
from tocsin.tables import Records

_WORDS = {
    "consciousness": state.CONSCIOUSNESS_WORDS,
    "seizure": state.SEIZURE_WORDS,
    "motor_weakness": state.MOTOR_WORDS,
    "oedema": state.OEDEMA_WORDS,
    "papilloedema": state.PAPILLOEDEMA_WORDS,
}
_THREE_STATES = (
    "fever", "hypotension", "fio2_at_least_040", "high_dose_lee", "high_dose_penn", "pressors_long",
    "coagulation_product", "iv_therapy",
)  # fmt: skip
_TRUTHS = (
    "fever_carried", "fever_waived", "uses_ice", "uses_capd", "episode_open", "isolated_low_pressure", "provisional",
    "oxygen_assumed", "fio2_estimated", "attribution_reviewed", "fever_before_infusion", "pressor_silent", "covered",
    "fever_waived_possible", "fever_carried_possible", "first_weeks",
)  # fmt: skip
_UNKNOWN_SCORE = {"ice": 15, "capd": 63, "cartox10": 15}
WIDE = frozenset(name for name, _ in state.WIDE_FIELDS)
_CLOSED = ("still_open", "resolved", "end_of_records")
_VALUE_OF = {"device": "device", "pressor": "drug"}
_READ_SLOTS = ("temperature", "systolic", "mean_pressure", "spo2")


@dataclass(frozen=True)
class Signs:
    """`runs`: course_id, from, to, situation (a code); `codes`: what each code means, a row per situation that occurs.

    `situations` is both together: course_id, from, to (null = open), one column per sign, a row per change of what is
    known.

    Fever, hypotension, fio2_at_least_040: Boolean, null = unknown. Vasopressors (0-2) and oxygen (0-4): what is proved
    and `_at_most` what cannot be excluded. ICE, CAPD and the words of neurology: null = unknown. `episodes`:
    course_id, episode, onset, end, closed_at, closed_by, fever_before_infusion. `moments` (on demand): a row per minute
    at which anything arrived or expired, with the value, minute and source row behind each sign.
    """

    runs: pl.DataFrame
    codes: pl.DataFrame
    episodes: pl.DataFrame
    moments: pl.DataFrame | None = None

    @cached_property
    def situations(self) -> pl.DataFrame:
        """The runs with a column per sign."""
        return self.runs.join(self.codes, on="situation", how="left", maintain_order="left").drop("situation")


def situations(
    records: Records, courses: pl.DataFrame, parameters: Parameters | None = None, wide: bool = False
) -> pl.DataFrame:
    """Runs of what is known, see `Signs`."""
    return run(records, courses, parameters, wide=wide).situations


def run(
    records: Records,
    courses: pl.DataFrame,
    parameters: Parameters | None = None,
    moments: bool = False,
    wide: bool = False,
) -> Signs:
    """All signs of all courses; those of `WIDE` only with `wide`, as they cost time and few scales read them.

    Raises TocsinError `signs.orders` if one course runs more than 48 orders at once.
    """
    parameters = parameters or Parameters()
    courses = courses.sort("patient_id", "course_id")
    built = events.build(records, courses, parameters, wide)
    n_events = int((built.spans[1] - built.spans[0]).sum()) + len(built.acts)
    room = 5 * n_events + 16 * courses.height + 16
    who, when = np.empty(room, np.int32), np.empty(room, np.int32)
    what = np.empty(room, np.int64)
    more = np.zeros(room if wide else 1, np.int64)
    slots = int(built.rules["slots"][0])
    where = np.empty((room if moments else 1, slots + 2), np.int32)
    episodes = np.zeros(n_events + courses.height + 1, state.EPISODE)
    first, last, act_first, act_last = built.spans
    n, e = kernel.cohort()(
        built.courses,
        built.zero,
        first,
        last,
        act_first,
        act_last,
        built.time,
        built.read_time,
        built.code,
        built.value,
        built.rank,
        built.acts,
        built.rules,
        built.lookback,
        moments,
        who,
        when,
        what,
        more,
        where,
        episodes,
    )
    if n < 0:
        raise TocsinError.of("signs.orders", f"course in row {e + 1} runs more than {state.ORDERS} orders at once.")
    ids = courses.get_column("course_id")
    ends = pl.Series(np.where(built.courses["end"] == state.NEVER, -1, built.courses["end"]), dtype=pl.Int32)
    runs = pl.DataFrame({"who": who[:n], "from": when[:n], "what": what[:n]})
    if wide:
        runs = runs.with_columns(more=pl.Series(more[:n]))
    made = _moments(runs, where[:n], records, built, courses, parameters) if moments else None
    if moments:
        runs = runs.filter(
            pl.any_horizontal(pl.col(c) != pl.col(c).shift(1) for c in ("what", "more")[: 1 + wide])
            | (pl.col("who") != pl.col("who").shift(1))
            | (pl.int_range(pl.len()) == 0)
        )
    return Signs(*_coded(runs, ids, ends), _episodes(episodes[:e], ids), made)


def _next_start(runs: pl.DataFrame, ends: pl.Series) -> pl.Expr:
    following = pl.col("from").shift(-1)
    end = pl.lit(ends).gather(pl.col("who"))
    return pl.when(pl.col("who") == pl.col("who").shift(-1)).then(following).otherwise(pl.when(end >= 0).then(end))


def _coded(runs: pl.DataFrame, ids: pl.Series, ends: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Runs with a code of what is known, and what each code means; wide, a pair of situations has a number."""
    situation, kinds = runs.get_column("what"), None
    if "more" in runs.columns:
        kinds = runs.select("what", "more").unique().with_row_index("situation")
        kinds = kinds.with_columns(pl.col("situation").cast(pl.Int64))
        found = runs.select("what", "more").join(kinds, on=["what", "more"], how="left", maintain_order="left")
        situation = found.get_column("situation")
    coded = runs.select(
        pl.lit(ids).gather(pl.col("who")).alias("course_id"), "from", to=_next_start(runs, ends), situation=situation
    )
    if kinds is not None:
        return coded, kinds.select("situation", *unpack(kinds.get_column("what"), kinds.get_column("more")))
    codes = runs.select(situation=pl.col("what").unique())
    return coded, codes.with_columns(unpack(codes.get_column("situation")))


def unpack(situation: pl.Series, more: pl.Series | None = None) -> list[pl.Series]:
    """The columns of packed situations; with `more` those of the wide ones too."""
    raw = _fields(situation, state.FIELDS)
    if more is not None:
        raw |= _fields(more, state.WIDE_FIELDS)
    frame = pl.DataFrame(raw).with_columns(_column(name, pl.col(name)).alias(name) for name in raw)
    possible = {name: f"{name}_possible" for name in ("fever_carried", "fever_waived")}
    known = (pl.when(name).then(True).when(~pl.col(may)).then(False).alias(name) for name, may in possible.items())
    return frame.with_columns(known).drop(possible.values()).get_columns()


def _fields(packed: pl.Series, fields: tuple[tuple[str, int], ...]) -> dict[str, pl.Series]:
    numbers, shift, raw = packed.to_numpy(), 0, dict[str, pl.Series]()
    for name, bits in fields:
        raw[name] = pl.Series(name, ((numbers >> shift) & ((1 << bits) - 1)).astype(np.int8))
        shift += bits
    return raw


def _column(name: str, raw: pl.Expr) -> pl.Expr:
    if name in _THREE_STATES:
        return pl.when(raw < 2).then(raw == 1)
    if name in _TRUTHS:
        return raw == 1
    if name in _UNKNOWN_SCORE:
        return pl.when(raw != _UNKNOWN_SCORE[name]).then(raw)
    if name in _WORDS:
        words = _WORDS[name] if name != "consciousness" else _WORDS[name][:4]
        return raw.replace_strict(dict(enumerate(words)), default=None, return_dtype=pl.Enum(words))
    return raw


def _episodes(rows: np.ndarray[Any, Any], ids: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame({name: rows[name] for name in rows.dtype.names or ()})
    ended = pl.col("how") > 0
    return frame.select(
        course_id=pl.lit(ids).gather(pl.col("course")), episode=pl.col("number"), onset=pl.col("onset"),
        end=pl.when(ended).then("end"), closed_at=pl.when(ended).then("closed_at"),
        closed_by=pl.col("how").replace_strict(dict(enumerate(_CLOSED)), return_dtype=pl.String),
        fever_before_infusion=pl.col("prior") == 1,
    )  # fmt: skip


def _moments(
    runs: pl.DataFrame,
    where: np.ndarray[Any, Any],
    records: Records,
    built: events.Events,
    courses: pl.DataFrame,
    parameters: Parameters,
) -> pl.DataFrame:
    """Each sign with the value, minute and row behind it; `_why` says why it is unknown."""
    ids, zero = courses.get_column("course_id"), courses.get_column("time_zero")
    who = pl.col("who")
    made = [
        pl.lit(ids).gather(who).alias("course_id"),
        pl.col("from").alias("minute"),
        *unpack(runs.get_column("what"), runs.get_column("more") if "more" in runs.columns else None),
    ]
    base = runs.with_columns(time_zero=pl.lit(zero).gather(who))
    slots = state.SLOT_NAMES[: where.shape[1] - 2]
    places = {name: pl.Series(where[:, k]) for k, name in enumerate((*slots, "device", "pressor"))}
    read = (*_READ_SLOTS, *acts.LABS)
    behind = {"device": records.supports, "pressor": records.drugs, **dict.fromkeys(read, built.readings)}
    supplied = {"device": "supports", "pressor": "drugs", **dict.fromkeys(read, "measurements")}
    frame = base.select(made)
    added: list[pl.Series] = []
    for name, place in places.items():
        table = behind.get(name, records.assessments)
        value, instant = _VALUE_OF.get(name, "value"), "start" if name in ("device", "pressor") else "time"
        columns = table.select(value=pl.col(value), time=pl.col(instant), source=pl.col("source_row"))
        held = columns.clear(frame.height)
        if (place >= 0).any():
            row = pl.lit(pl.select(pl.when(place >= 0).then(place)).to_series())
            held = columns.select(pl.all().gather(row))
        minute = (held.get_column("time") - base.get_column("time_zero")).dt.total_microseconds() // 60_000_000
        if name in _VALUE_OF or name in read or name not in frame.columns:
            added.append(held.get_column("value").alias(name))
        absent = supplied.get(name, "assessments") not in records.supplied
        added += [
            minute.cast(pl.Int32).alias(f"{name}_minute"),
            held.get_column("source").alias(f"{name}_row"),
            _why(place, absent).alias(f"{name}_why"),
        ]
    return frame.with_columns(added)


_WHY = pl.Enum(["never charted", "expired", "table absent"])


def _why(place: pl.Series, absent: bool) -> pl.Series:
    """Why there is no row behind a sign; null where there is one."""
    code = pl.when(place >= 0).then(None).when(pl.lit(absent)).then(2).when(place <= -2).then(1).otherwise(0)
    return pl.select(code.cast(pl.UInt8).cat.to(_WHY)).to_series()


def doses(records: Records, courses: pl.DataFrame, drug: str, parameters: Parameters | None = None) -> pl.DataFrame:
    """Administrations of `drug` at or after minute 0: course_id, minute, dose (sum of split vials), dose_unit, rows.

    Rows less than an hour apart are one administration; a dose charted to the day only is left out and counted by
    `tocsin check`.
    """
    parameters = parameters or Parameters()
    of = courses.select("patient_id", "course_id", "time_zero", "ends", course=pl.col("course_id"))
    rows = records.drugs.with_row_index("position").filter(pl.col("precision") == "minute").join(of, on="patient_id")
    given = acts.administrations(rows, drug, parameters).with_columns(minute=acts.minute_of(pl.col("at")))
    inside = (pl.col("minute") >= 0) & (pl.col("ends").is_null() | (pl.col("at") < pl.col("ends")))
    return given.filter(inside).select(
        "course_id", "minute", dose=pl.col("dose_sum"), dose_unit=pl.col("dose_unit"), rows=pl.col("rows")
    )
