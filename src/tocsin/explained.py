"""The sentences of `tocsin explain`: what was graded, on what it rests, what is unknown, and what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tocsin import vocabulary
from tocsin.evidence import NAMES, TREATMENTS, counts, order_words, slots_of, value_words
from tocsin.grading import Grading
from tocsin.rules import Criterion, Scale
from tocsin.signs.acts import LABS, MASKING_GROUPS, clock_column, minute_of
from tocsin.tables import Records

_WINDOWS = {
    "temperature": "temperature_valid_h", "systolic": "pressure_valid_h", "mean_pressure": "pressure_valid_h",
    "spo2": "spo2_valid_h", "device": "device_valid_h", "ice": "ice_valid_h", "capd": "ice_valid_h",
    "cartox10": "ice_valid_h",
    **dict.fromkeys(
        ("consciousness", "seizure", "motor_weakness", "oedema", "papilloedema", "crs_care"), "neuro_valid_h"
    ),
    **dict.fromkeys((*LABS, "ctcae_creatinine", "ctcae_transaminase", "ctcae_organ"), "lab_valid_h"),
}  # fmt: skip


_ROOM, _WIDE = 96, 27  # columns of a line without its indent, and of a value in it


@dataclass(frozen=True)
class Course:
    """One course (a row of contract `courses`) graded on one scale with moments, and the words for its times."""

    row: dict[str, Any]
    scale: Scale
    grading: Grading
    records: Records

    def wall(self, minute: int) -> datetime:
        """A minute as the hospital's clock showed it."""
        return (self.row["time_zero"] + timedelta(minutes=minute)).astimezone(ZoneInfo(self.records.zone))

    def when(self, minute: int) -> str:
        """`day 3 14:05`: days since time zero's date, and the clock."""
        at = self.wall(minute)
        return f"day {(at.date() - self.wall(0).date()).days} {at:%H:%M}"

    def deaths(self) -> pl.DataFrame:
        """Deaths of the patient, by time."""
        died = pl.col("what") == "death"
        return self.records.outcomes.filter(died, pl.col("patient_id") == self.row["patient_id"]).sort("time")

    def death_words(self) -> str:
        """Whose word the fifth grade rests on."""
        row = self.deaths().row(0, named=True)
        return f"death adjudicated as {row['value']} by {row['adjudicated_by']}   {row['source']}:{row['source_row']}"

    def ungraded(self, minute: int) -> list[str]:
        """Why there is no grade."""
        deaths = self.deaths().filter(pl.col("time") <= self.row["time_zero"] + timedelta(minutes=minute))
        if deaths.height:
            return ["NO GRADE", "  The patient had died."]
        return ["NO GRADE", "  Outside every stay in hospital nothing is known, and nothing is taken to be normal."]


@dataclass(frozen=True)
class Moment:
    """What was known at one minute: the run's row, the moments row with `<slot>_at`, and the running orders."""

    course: Course
    minute: int
    graded: dict[str, Any]
    seen: dict[str, Any]
    slots: tuple[str, ...]
    orders: list[dict[str, Any]]

    def truth(self, criterion: Criterion) -> bool | None:
        """Whether a criterion holds; None where that is unknown."""
        scale = self.course.scale
        frame = pl.DataFrame([{name: self.seen.get(name) for name in scale.columns}], schema_overrides=scale.schema)
        return frame.select(criterion.expr.alias("x")).item()

    def given(self, slot: str) -> list[dict[str, Any]]:
        """Rows of the drugs table behind a treatment."""
        return [order for order in self.orders if order["slot"] == slot]

    def until(self, slot: str) -> int:
        """First minute at which a value held now is no longer known."""
        low = slot in ("ice", "cartox10") and self.seen[slot] is not None and self.seen[slot] < 10
        hours = getattr(self.course.grading.parameters, "ice_low_valid_h" if low else _WINDOWS[slot])
        return self.seen[f"{slot}_minute"] + round(60 * hours)

    def read(self, slot: str) -> str:
        """`read day 5 02:11, 29 min ago`."""
        minute = self.seen[f"{slot}_minute"]
        return f"read {self.course.when(minute)}, {length(self.minute - minute)} ago"

    def at(self, slot: str) -> str:
        """file:row of the value held."""
        return self.seen[f"{slot}_at"] or ""


def length(minutes: int) -> str:
    """`29 min`, `6 h 38 min`."""
    hours, rest = divmod(max(minutes, 0), 60)
    return f"{hours} h {rest:02d} min" if hours else f"{rest} min"


def sections(m: Moment) -> list[str]:
    """The whole text below the head."""
    low, high = m.graded["grade"], m.graded["grade_at_most"]
    proved = f"GRADE {low} is proved"
    return [
        f"{proved}, and a higher one is excluded." if low == high else f"{proved}; grade {high} cannot be excluded.",
        *_part("Why", _why(m)),
        *_part("What was known", _known(m)),
        *_part("What is not known", _unknown(m)),
        *_part("Why a higher grade cannot be excluded", _bound(m)),
        *_part("Flags", _flags(m)),
        *_part("The episode", _episode(m)),
        *_part("What would change it next", _next(m)),
    ]


def _part(title: str, lines: Iterable[str]) -> list[str]:
    body = [part for line in lines for part in _wrapped(f"  {line}")]
    return ["", title, *body] if body else []


def _wrapped(line: str) -> list[str]:
    """A line, or several where it is wider than a terminal; what follows stands four further in."""
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    made = wrap(line, _ROOM + 2, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return made or [line]


def _why(m: Moment) -> list[str]:
    """The highest cell of every axis that holds, with the rows behind it."""
    best: dict[str, dict[str, Any]] = {}
    for cell in m.course.scale.explain(m.seen):
        best.setdefault(cell["axis"], cell)
    lines: list[str] = []
    for cell in best.values():
        mark = "→" if cell["decides"] else " "
        also = "" if cell["decides"] else "  (holds too, decides nothing)"
        lines.append(f"{mark} grade {cell['grade']}  {cell['criterion']}{also}")
        lines += [f"             {text}" for text in _rows_behind(m, cell["signs"])]
    return lines + _opened(m, bool(lines))


def _opened(m: Moment, anything: bool) -> list[str]:
    """Why the table is open without a fever, or why nothing is graded."""
    entry = m.course.scale.entry
    if entry is None:
        return [] if anything else ["No criterion of the scale holds."]
    if not m.truth(entry):
        return [f"The table is not open: it needs {entry.words}."]
    if m.seen["fever"]:
        return []
    if m.seen["fever_waived"]:
        words = ["The table is open without a fever: fever is no longer required (see the episode)."]
    else:
        words = ["The table is open without a fever: one earlier in this episode carries on."]
    return words if anything else [*words, "No criterion of the scale holds."]


def _rows_behind(m: Moment, signs: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for slot in slots_of(signs, m.course.grading.parameters):
        if slot in TREATMENTS:
            for o in m.given(slot):
                lines += _sourced(f"{order_words(o)}, charted {length(m.minute - o['since'])} ago", o["at"], _ROOM - 11)
        elif counts(slot, m.seen):
            lines += _sourced(f"{_value(m, slot)}, {m.read(slot)}", m.at(slot), _ROOM - 11)
    return lines


def _sourced(text: str, source: str, room: int) -> list[str]:
    """A line with its source at the end, or below where both do not fit on it."""
    if len(text) + len(source) + 3 <= room:
        return [f"{text}   {source}".rstrip()]
    return [text, f"  {source}"]


def _value(m: Moment, slot: str) -> str:
    value = m.seen.get(slot)
    return (
        f"{NAMES[slot]} {value_words(slot, value)}" if value is not None else f"{NAMES[slot]} not judged under sedation"
    )


def _known(m: Moment) -> list[str]:
    lines: list[str] = []
    for slot in m.slots:
        if slot in TREATMENTS:
            for o in m.given(slot):
                words = f"{NAMES.get(slot, 'vasopressor')} {order_words(o)}"
                lines += _sourced(f"{words:<{_WIDE}} charted {m.course.when(o['since'])}", o["at"], _ROOM)
            if slot == "pressor" and not m.given(slot) and m.seen["vasopressors_all_at_most"] == 0:
                lines.append("vasopressor: none runs (drugs are charted by exception)")
        elif m.seen[f"{slot}_why"] is None:
            read, until = m.seen[f"{slot}_minute"], m.course.when(m.until(slot))
            times = f"{m.course.when(read)} ({length(m.minute - read)} ago), until {until}"
            lines += _sourced(f"{_value(m, slot):<{_WIDE}} {times}", m.at(slot), _ROOM)
    return lines


def _unknown(m: Moment) -> list[str]:
    lines = [
        f"{NAMES[slot]}: {_reason(m, slot)}"
        for slot in m.slots
        if slot not in TREATMENTS and m.seen[f"{slot}_why"] is not None and _matters(m, slot)
    ]
    if "pressor" in m.slots and m.seen["vasopressors"] != m.seen["vasopressors_at_most"]:
        absent = m.seen["pressor_why"] == "table absent"
        silent = "an order without a row for a day may or may not run" if m.seen["pressor_silent"] else ""
        recent = "one begun within the hour may or may not count"
        lines.append(f"vasopressors: {'the drug tables were not supplied' if absent else silent or recent}")
    return lines


def _matters(m: Moment, slot: str) -> bool:
    if slot in ("ice", "capd"):
        return bool(m.seen[f"uses_{slot}"])
    if slot.startswith("ctcae_"):
        return False  # a grade nobody charts is no gap: the laboratory speaks
    return slot != "device" or m.seen["oxygen"] != m.seen["oxygen_at_most"]


def _reason(m: Moment, slot: str) -> str:
    why = str(m.seen[f"{slot}_why"])
    words = {
        "table absent": "its table was not supplied",
        "never charted": "never charted up to now",
        "expired": "expired: the last is too old, or from an earlier stay",
    }
    return words.get(why, why)


def _bound(m: Moment) -> list[str]:
    if m.graded["grade"] == m.graded["grade_at_most"]:
        return []
    scale, lines = m.course.scale, list[str]()
    if scale.entry is not None and m.truth(scale.entry) is None:
        lines.append(f"whether the table is open is unknown: {scale.entry.words}")
    for g, _, cell in scale.cells():
        holds = m.truth(cell)
        if g > m.graded["grade"] and holds is not False:
            lines.append(f"grade {g}: {cell.words} ({'holds' if holds else scale.seen(m.seen, cell)})")
    return lines


def _flags(m: Moment) -> list[str]:
    flags = m.course.scale.flags
    return [f"{flag.replace('_', ' ')}: {flags[flag].words}" for flag in m.graded["flags"].split() if flag in flags]


def _episode(m: Moment) -> list[str]:
    begun = m.course.grading.episodes.filter(pl.col("onset") <= m.minute)
    now = begun.filter(pl.col("closed_at").is_null() | (pl.col("closed_at") > m.minute))
    if now.is_empty():
        return [f"None is open; {begun.height} before." if begun.height else "None is open, and none was before."]
    episode = now.row(-1, named=True)
    since = f"{m.course.when(episode['onset'])} ({length(m.minute - episode['onset'])})"
    lines = [f"Number {episode['episode']}, open since {since}."]
    if m.seen["fever_waived"] and "fever_waived" in m.course.scale.columns:
        lines.append(_waived(m, episode["onset"]))
    return [*lines, f"Afterwards known: {_how_closed(m.course, episode)}."]


def _how_closed(course: Course, episode: Mapping[str, Any]) -> str:
    if episode["closed_at"] is None:
        return "it is still open at the end of the records"
    how = {"resolved": "resolved", "death": "by death"}.get(episode["closed_by"], "as the records end")
    return f"it was closed at {course.when(episode['closed_at'])} ({how}); highest grade {episode['max_grade']}"


def _waived(m: Moment, onset: int) -> str:
    """The drug from which on fever is not required: the first masking dose taken in since the onset."""
    p, course = m.course.grading.parameters, m.course
    groups = [g for g in MASKING_GROUPS if p.waiver_drugs == "all" or g != "antipyretic"]
    names = [name for name, drug in vocabulary.drugs().items() if drug.group in groups]
    given = (pl.col("mode") == "dose") | pl.col("rate").is_null() | (pl.col("rate") > 0)
    rows = course.records.drugs.filter(
        pl.col("patient_id") == course.row["patient_id"],
        pl.col("drug").is_in(names),
        pl.col("precision") == "minute",
        given,
    )
    timed = rows.with_columns(time_zero=pl.lit(course.row["time_zero"]))
    timed = timed.with_columns(minute=minute_of(clock_column(p, "start"))).sort("minute", "source_row")
    inside = timed.filter(pl.col("minute") > onset, pl.col("minute") <= m.minute)
    if inside.is_empty():
        return "Fever is no longer required."
    first = inside.row(0, named=True)
    where = f"{first['source']}:{first['source_row']}"
    return f"Fever is no longer required since {course.when(first['minute'])}: {first['drug']}   {where}"


def _next(m: Moment) -> list[str]:
    scale, course = m.course.scale, m.course
    higher = [(g, cell) for g, _, cell in reversed(scale.cells()) if g > m.graded["grade"] and m.truth(cell) is False]
    lines = [f"to grade {g}: {cell.words}" for g, cell in higher]
    expiries = [(m.until(slot), slot) for slot in m.slots if slot not in TREATMENTS and counts(slot, m.seen)]
    if coming := sorted(pair for pair in expiries if pair[0] > m.minute):
        until, slot = coming[0]
        lines.append(f"without a new reading: {NAMES[slot]} is unknown from {course.when(until)} on")
    if m.graded["to"] is not None:
        after = course.grading.grades.filter(pl.col("from") == m.graded["to"])
        lines.append(f"in the records: {_run_words(after)} from {course.when(m.graded['to'])} on")
    return lines


def _run_words(run: pl.DataFrame) -> str:
    if run.is_empty():
        return "no grade (the stay ends)"
    row = run.row(0, named=True)
    bound = "" if row["grade"] == row["grade_at_most"] else f", at most {row['grade_at_most']}"
    return f"grade {row['grade']}{bound}" + (f" by {row['deciding'].replace('+', ' and ')}" if row["deciding"] else "")
