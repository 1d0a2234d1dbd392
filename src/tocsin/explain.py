"""Why a grade is what it is at one moment, in plain words with the rows behind it; `tocsin explain` prints it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tocsin import vocabulary
from tocsin.errors import TocsinError
from tocsin.evidence import BEHIND, NAMES, order_words, orders_at, value_words, with_sources
from tocsin.grading import Grading, grade, scale_named
from tocsin.rules import Criterion, Scale
from tocsin.signs.events import MASKING_GROUPS, clock_column, minute_of
from tocsin.signs.parameters import Parameters
from tocsin.tables import Records

_DAY = re.compile(r"^\s*day\s+(-?\d+)(?:\s+(\d{1,2}):(\d{2}))?\s*$", re.IGNORECASE)
_AFTER = re.compile(r"^\s*\+\s*(\d+(?:\.\d+)?)\s*(min|h|d)\s*$")
_WALL = re.compile(r"^\s*\d{4}-\d{2}-\d{2}[ T]\d{1,2}:\d{2}(:\d{2})?\s*$")
_MINUTES = {"min": 1, "h": 60, "d": 1440}
_WINDOWS = {
    "temperature": "temperature_valid_h", "systolic": "pressure_valid_h", "mean_pressure": "pressure_valid_h", "spo2": "spo2_valid_h",
    "device": "device_valid_h", "pressor": "pressor_silent_h", "ice": "ice_valid_h", "capd": "ice_valid_h",
    **dict.fromkeys(("consciousness", "seizure", "motor_weakness", "oedema"), "neuro_valid_h"),
}  # fmt: skip
_NEURO = ("ice", "capd", "consciousness", "seizure", "motor_weakness", "oedema")


@dataclass(frozen=True)
class _View:
    """One course on one scale: what was graded, and the words for its times."""

    course: dict[str, Any]
    scale: Scale
    grading: Grading
    records: Records
    frame: pl.DataFrame  # the course alone
    parameters: Parameters

    def wall(self, minute: int) -> datetime:
        """A minute as the hospital's clock showed it."""
        return (self.course["time_zero"] + timedelta(minutes=minute)).astimezone(ZoneInfo(self.records.zone))

    def when(self, minute: int) -> str:
        """`day 3 14:05`: whole days since time zero's date, and the clock."""
        at = self.wall(minute)
        return f"day {(at.date() - self.wall(0).date()).days} {at:%H:%M}"


def explain(
    records: Records, courses: pl.DataFrame, patient: str, at: str | None = None, scale: str = "astct_crs", parameters: Parameters | None = None
) -> str:
    """Words for one patient, or course, at one moment; the default is the first minute of the highest proved grade.

    `at`: `day 3 14:00` (days since time zero's date, local clock), `2019-03-14 16:30` (local), or `+75h` after time zero.
    Raises TocsinError: `explain.patient-unknown`, `explain.time-form`, `explain.time-outside`.
    """
    parameters = parameters or Parameters()
    course = _course(records, courses, patient, at)
    frame = courses.filter(pl.col("course_id") == course["course_id"])
    grading = grade(records, frame, (scale,), parameters, moments=True)
    view = _View(course, scale_named(scale), grading, records, frame, parameters)
    minute = _first_maximum(grading) if at is None else _minute(view, at)
    others = [c for c in courses.filter(pl.col("patient_id") == course["patient_id"]).get_column("course_id") if c != course["course_id"]]
    return "\n".join(_lines(view, minute, at is None, others))


# --- which course, which minute ---------------------------------------------------------------------------------------


def _course(records: Records, courses: pl.DataFrame, patient: str, at: str | None) -> dict[str, Any]:
    """The course of that name, else the patient's; an instant picks the course of the patient that holds it."""
    named = courses.filter((pl.col("course_id") == patient) | (pl.col("patient_id") == patient)).sort("time_zero")
    if named.is_empty():
        known = records.patients.filter(pl.col("patient_id") == patient).height
        what = "the patient is in the records but has no course" if known else f"no patient or course of that name among {courses.height:,} courses"
        do = "Choose another  --time-zero ." if known else "Names are case-sensitive; grades.parquet of  tocsin grade  lists the courses."
        raise TocsinError.of("explain.patient-unknown", f"{what}.", "", do)
    exact = named.filter(pl.col("course_id") == patient)
    chosen = exact.row(0, named=True) if exact.height else named.row(0, named=True)
    if at is not None and _WALL.match(at):
        instant = _wall_instant(at, records.zone)
        holds = named.filter(pl.col("time_zero") <= instant, pl.col("ends").is_null() | (pl.col("ends") > instant))
        if holds.height:
            return holds.row(-1, named=True)
    return chosen


def _first_maximum(grading: Grading) -> int:
    """First minute of the highest proved grade; 0 where nothing was graded."""
    runs = grading.grades
    return int(runs.filter(pl.col("grade") == pl.col("grade").max()).get_column("from").min() or 0) if runs.height else 0  # pyright: ignore[reportArgumentType]


def _wall_instant(at: str, zone: str) -> datetime:
    try:
        return datetime.fromisoformat(at.strip()).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise _form() from None


def _form() -> TocsinError:
    return TocsinError.of("explain.time-form", "the moment is not understood.", "", 'Write  --at "day 3 14:00",  --at "2019-03-14 16:30"  or  --at "+75h".')


def _minute(view: _View, at: str) -> int:
    zero = view.course["time_zero"]
    if found := _AFTER.match(at):
        minute = round(float(found[1]) * _MINUTES[found[2]])
    elif found := _DAY.match(at):
        hour, past = int(found[2] or 0), int(found[3] or 0)
        if hour > 23 or past > 59:
            raise _form()
        day = view.wall(0).date() + timedelta(days=int(found[1]))
        instant = datetime(day.year, day.month, day.day, hour, past, tzinfo=ZoneInfo(view.records.zone))
        minute = int((instant - zero).total_seconds() // 60)
    elif _WALL.match(at):
        minute = int((_wall_instant(at, view.records.zone) - zero).total_seconds() // 60)
    else:
        raise _form()
    if minute < 0 or (view.course["ends"] is not None and zero + timedelta(minutes=minute) >= view.course["ends"]):
        raise TocsinError.of(
            "explain.time-outside", "the moment lies before minute 0 of the course, or in the patient's next course.",
            "Grades begin at minute 0.", f"Minute 0 is set by {view.course['set_by']}; give a later moment, or name another course.",
        )  # fmt: skip
    return minute


# --- the text ---------------------------------------------------------------------------------------------------------


def _lines(view: _View, minute: int, is_maximum: bool, others: list[str]) -> list[str]:
    local = view.wall(minute)
    hours, rest = divmod(minute, 60)
    head = [
        f"{view.course['course_id']} · {view.scale.title}",
        f"{view.when(minute)}  ({local:%Y-%m-%d %H:%M} {view.records.zone}; {hours} h {rest:02d} min after {view.course['set_by']})"
        + ("  first minute of the highest grade" if is_maximum else ""),
    ]
    if others:
        head.append(f"other courses of this patient: {', '.join(others)}")
    moments = view.grading.signs.moments
    assert moments is not None
    row = moments.filter(pl.col("minute") <= minute).tail(1)
    run = view.grading.grades.filter(pl.col("from") <= minute, pl.col("to").is_null() | (pl.col("to") > minute)).tail(1)
    if run.is_empty():
        return [*head, "", *_ungraded(view, minute)]
    graded = run.row(0, named=True)
    if graded["grade"] == 5 or row.is_empty():
        return [*head, "", "GRADE 5", "  A death adjudicated as due to the toxicity the scale grades.", f"  {_death(view)}"]
    slots = tuple(dict.fromkeys(slot for sign in view.scale.signs for slot in BEHIND.get(sign.name, ()) if _used(slot, view.parameters)))
    seen = with_sources(row, view.records, view.frame, slots).row(0, named=True)
    orders = orders_at(row.with_columns(minute=pl.lit(minute, pl.Int32)), view.records, view.frame, view.parameters).to_dicts()
    return [
        *head, "", _headline(graded), *_part("Why", _why(view, seen, orders, minute)),
        *_part("What was known", _known(view, seen, slots, orders, minute)),
        *_part("What is not known", _unknown(view, seen, slots)),
        *_part("What keeps the grade from being excluded higher", _bound(view, seen, graded)),
        *_part("Flags", _flags(view, graded["flags"])),
        *_part("The episode", _episode(view, seen, minute)),
        *_part("What would change it next", _next(view, seen, slots, graded, minute)),
    ]  # fmt: skip


def _part(title: str, lines: Iterable[str]) -> list[str]:
    body = [f"  {line}" for line in lines]
    return ["", title, *body] if body else []


def _headline(graded: Mapping[str, Any]) -> str:
    low, high = graded["grade"], graded["grade_at_most"]
    return f"GRADE {low}, and no more can be meant." if low == high else f"GRADE {low} is proved; grade {high} cannot be excluded."


def _used(slot: str, parameters: Parameters) -> bool:
    return slot != "mean_pressure" or parameters.mean_below > 0


def _ungraded(view: _View, minute: int) -> list[str]:
    before = view.grading.grades.filter(pl.col("from") <= minute)
    if before.filter(pl.col("grade") == 5).height or _died_before(view, minute):
        return ["NO GRADE", "  The patient had died."]
    return ["NO GRADE", "  The moment lies outside every stay in hospital: nothing is known, and nothing is taken to be normal."]


def _died_before(view: _View, minute: int) -> bool:
    deaths = view.records.outcomes.filter(pl.col("what") == "death", pl.col("patient_id") == view.course["patient_id"])
    return deaths.filter(pl.col("time") <= view.course["time_zero"] + timedelta(minutes=minute)).height > 0


def _death(view: _View) -> str:
    deaths = view.records.outcomes.filter(pl.col("what") == "death", pl.col("patient_id") == view.course["patient_id"]).sort("time")
    row = deaths.row(0, named=True)
    return f"cause {row['value']}, decided by {row['adjudicated_by']}   {row['source']}:{row['source_row']}"


def _why(view: _View, seen: Mapping[str, Any], orders: list[dict[str, Any]], minute: int) -> list[str]:
    cells = view.scale.explain(seen)
    lines: list[str] = []
    for cell in cells:
        lines.append(f"{'→' if cell['decides'] else ' '} grade {cell['grade']}  {cell['criterion']}{'' if cell['decides'] else '  (holds, decides nothing)'}")
        lines += [f"            {text}" for text in _rows_behind(view, cell["signs"], seen, orders, minute)]
    if not cells:
        opened = view.scale.entry is None or _truth(view.scale, view.scale.entry, seen)
        lines.append("No criterion of the scale holds." if opened else f"The table is not opened: it needs {_entry_words(view.scale)}.")
    elif view.scale.entry is not None and not seen.get("fever"):
        lines.append(f"The table is open without a fever now: {_entry_reason(seen)}.")
    return lines


def _entry_words(scale: Scale) -> str:
    return scale.entry.words if scale.entry else ""


def _entry_reason(seen: Mapping[str, Any]) -> str:
    if seen.get("fever_waived"):
        return "fever is no longer required after the drug named under the episode"
    return "a fever earlier in this episode carries on"


def _rows_behind(view: _View, signs: Iterable[str], seen: Mapping[str, Any], orders: list[dict[str, Any]], minute: int) -> list[str]:
    lines: list[str] = []
    for slot in dict.fromkeys(slot for sign in signs for slot in BEHIND.get(sign, ()) if _used(slot, view.parameters)):
        if slot == "pressor":
            lines += [f"{order_words(order)}, charted {_ago(minute - order['since'])} ago   {order['at']}" for order in orders]
        elif seen[f"{slot}_why"] is None and (slot != "spo2" or seen["provisional"]):
            lines.append(f"{NAMES[slot]} {_value(slot, seen)}, read {view.when(seen[f'{slot}_minute'])}, {_ago(minute - seen[f'{slot}_minute'])} ago   {seen[f'{slot}_at'] or ''}".rstrip())
    return lines


def _value(slot: str, seen: Mapping[str, Any]) -> str:
    value = seen.get(slot)
    return "(not used here)" if value is None else value_words(slot, value)


def _ago(minutes: int) -> str:
    hours, rest = divmod(max(minutes, 0), 60)
    return f"{rest} min" if not hours else f"{hours} h {rest:02d} min"


def _known(view: _View, seen: Mapping[str, Any], slots: tuple[str, ...], orders: list[dict[str, Any]], minute: int) -> list[str]:
    lines: list[str] = []
    for slot in slots:
        if slot == "pressor":
            lines += [f"{'vasopressor':18} {order_words(order):24} {order['at']}" for order in orders]
            if not orders and seen["vasopressors_at_most"] == 0:
                lines.append(f"{'vasopressor':18} none runs (drugs are charted by exception)")
        elif seen[f"{slot}_why"] is None:
            read, until = seen[f"{slot}_minute"], seen[f"{slot}_minute"] + _window(view.parameters, slot, seen)
            lines.append(f"{NAMES[slot]:18} {_value(slot, seen):24} read {view.when(read)}, {_ago(minute - read)} old, known until {view.when(until)}   {seen[f'{slot}_at'] or ''}".rstrip())
    return lines


def _window(parameters: Parameters, slot: str, seen: Mapping[str, Any]) -> int:
    low = slot == "ice" and seen.get("ice") is not None and seen["ice"] < 10
    return round(60 * getattr(parameters, "ice_low_valid_h" if low else _WINDOWS[slot]))


def _unknown(view: _View, seen: Mapping[str, Any], slots: tuple[str, ...]) -> list[str]:
    lines = [f"{NAMES[slot]}: {_why_unknown(view, slot, seen)}" for slot in slots if slot != "pressor" and seen[f"{slot}_why"] is not None and _matters(slot, seen)]
    if "pressor" in slots and seen["vasopressors"] != seen["vasopressors_at_most"]:
        silent = "an order without a row for a day may or may not run" if seen["pressor_silent"] else seen["pressor_why"] or "overlap not yet long enough"
        lines.append(f"vasopressors: {silent}")
    return lines


def _matters(slot: str, seen: Mapping[str, Any]) -> bool:
    if slot in ("ice", "capd"):
        return bool(seen[f"uses_{slot}"])
    return slot != "device" or seen["oxygen"] != seen["oxygen_at_most"]


def _why_unknown(view: _View, slot: str, seen: Mapping[str, Any]) -> str:
    why = seen[f"{slot}_why"]
    if why == "expired":
        hours = _window(view.parameters, slot, seen) / 60
        return f"expired: the last is older than {hours:g} h, or from an earlier stay"
    return {"table absent": "its table was not supplied", "never charted": "never charted up to now"}.get(why, why)


def _truth(scale: Scale, criterion: Criterion, seen: Mapping[str, Any]) -> bool | None:
    frame = pl.DataFrame([{name: seen.get(name) for name in scale.columns}], schema_overrides=scale.schema)
    return frame.select(criterion.expr.alias("x")).item()


def _bound(view: _View, seen: Mapping[str, Any], graded: Mapping[str, Any]) -> list[str]:
    if graded["grade"] == graded["grade_at_most"]:
        return []
    lines: list[str] = []
    entry = view.scale.entry
    if entry is not None and _truth(view.scale, entry, seen) is None:
        lines.append(f"whether the table is open: {entry.words}")
    open_cells = [(g, c) for g, _, c in view.scale.cells() if g > graded["grade"] and _truth(view.scale, c, seen) is not False]
    return [*lines, *(f"grade {g}: {c.words} ({_cell_unknown(view.scale, c, seen)})" for g, c in open_cells)]


def _cell_unknown(scale: Scale, criterion: Criterion, seen: Mapping[str, Any]) -> str:
    return "holds, should the table be open" if _truth(scale, criterion, seen) else scale.seen(seen, criterion)


def _flags(view: _View, flags: str) -> list[str]:
    return [f"{flag}: {view.scale.flags[flag].words}" for flag in flags.split() if flag in view.scale.flags]


def _episode(view: _View, seen: Mapping[str, Any], minute: int) -> list[str]:
    now = view.grading.episodes.filter(pl.col("onset") <= minute, pl.col("closed_at").is_null() | (pl.col("closed_at") > minute))
    if now.is_empty():
        past = view.grading.episodes.filter(pl.col("onset") <= minute).height
        return [f"None is open; {past} before." if past else "None is open, and none was before."]
    episode = now.row(-1, named=True)
    lines = [f"Number {episode['episode']}, open since {view.when(episode['onset'])} ({_ago(minute - episode['onset'])})."]
    if seen.get("fever_waived") and "fever_waived" in view.scale.columns:
        lines.append(_waived(view, episode["onset"], minute))
    lines.append(f"Afterwards known: {_how_closed(view, episode)}.")
    return lines


def _how_closed(view: _View, episode: Mapping[str, Any]) -> str:
    if episode["closed_at"] is None:
        return "it is still open at the end of the records"
    how = str(episode["closed_by"]).replace("_", " ")
    return f"it was closed ({how}) at {view.when(episode['closed_at'])}; highest grade {episode['max_grade']}"


def _waived(view: _View, onset: int, minute: int) -> str:
    """The drug from which on fever is not required: the first masking dose taken in since the onset."""
    groups = [g for g in MASKING_GROUPS if view.parameters.waiver_drugs == "all" or g != "antipyretic"]
    names = [name for name, drug in vocabulary.drugs().items() if drug.group in groups]
    rows = view.records.drugs.filter(pl.col("patient_id") == view.course["patient_id"], pl.col("drug").is_in(names), pl.col("precision") == "minute")
    rows = rows.filter((pl.col("mode") == "dose") | pl.col("rate").is_null() | (pl.col("rate") > 0))
    rows = rows.with_columns(time_zero=pl.lit(view.course["time_zero"])).with_columns(minute=minute_of(clock_column(view.parameters, "start")))
    given = rows.filter(pl.col("minute") > onset, pl.col("minute") <= minute).sort("minute", "source_row")
    if given.is_empty():
        return "Fever is no longer required."
    first = given.row(0, named=True)
    return f"Fever is no longer required since {view.when(first['minute'])}, {first['drug']}   {first['source']}:{first['source_row']}"


def _next(view: _View, seen: Mapping[str, Any], slots: tuple[str, ...], graded: Mapping[str, Any], minute: int) -> list[str]:
    lines = [f"to grade {g}: {c.words}" for g, _, c in reversed(view.scale.cells()) if g > graded["grade"] and _truth(view.scale, c, seen) is False]
    expiries = [(seen[f"{slot}_minute"] + _window(view.parameters, slot, seen), slot) for slot in slots if slot != "pressor" and seen[f"{slot}_why"] is None]
    coming = sorted((until, slot) for until, slot in expiries if until > minute)
    if coming:
        until, slot = coming[0]
        lines.append(f"without a new reading: {NAMES[slot]} is known until {view.when(until)}, unknown from then on")
    if graded["to"] is not None:
        after = view.grading.grades.filter(pl.col("from") == graded["to"])
        what = f"grade {after.item(0, 'grade')}, at most {after.item(0, 'grade_at_most')}" if after.height else "no grade (the stay ends)"
        lines.append(f"in the records: {what} from {view.when(graded['to'])}")
    return lines
