"""A trigger run as time passes: the interpreter of `trigger`, fed from a course's state instead of from streams.

For every minute at which something is known anew, `step_live` shows each stream what it holds now and asks
`trigger_step`. That a history is complete or still being made cannot be seen from the answer: `due` is that of `follow`
over the finished records. Between those minutes nothing can make a trigger hold but the clock: `next_timer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tocsin.errors import Problem, TocsinError
from tocsin.signs.parameters import Parameters
from tocsin.signs.state import FIELDS, SLOT_NAMES
from tocsin.strategies.trigger import COUNT, DAY, HELD, HOLDS, NEVER, program, trigger_step
from tocsin.when import When

(READING, SIGN, GRADE, ANTIPYRETIC, FLUID, ONSET, DOSES, NOREPINEPHRINE, AGE, BLASTS) = range(10)
#: One stream: `code` is the slot, the place of the sign's code, or the place of the scale among the lookups.
STREAM = np.dtype([("kind", "i4"), ("code", "i4"), ("mask", "i4"), ("unknown", "i4"), ("valid", "i4")], align=True)
#: What a trigger may look at beside the signs, kept by whoever charts: minutes, numbers and facts.
CHARTED = np.dtype(
    [("antipyretic", "i4"), ("fluid", "i4"), ("norepinephrine", "f8"), ("age", "f8"), ("blasts", "f8"),
     ("onset", "i4")], align=True
)  # fmt: skip
#: A bolus is judged this long after its start, as in `streams`.
JUDGED = 60
_READINGS = {"temperature": "temperature_valid_h", "systolic": "pressure_valid_h", "spo2": "spo2_valid_h"}
_EVENTS = {"antipyretic": ANTIPYRETIC, "fluid_bolus": FLUID, "onset": ONSET, "tocilizumab": DOSES,
           "norepinephrine": NOREPINEPHRINE, "age_y": AGE, "blasts_percent": BLASTS}  # fmt: skip


def live(
    when: When, scales: Sequence[str], parameters: Parameters
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The trigger's program and its STREAMs; `scales`: names in the order of the lookups the kernel holds.

    Raises TocsinError `strategies.not-live` for what only complete records show (creatinine ratios, FiO2).
    """
    names = when.streams()
    made = np.zeros(max(1, len(names)), STREAM)
    problems: list[Problem] = []
    for k, name in enumerate(names):
        row = _stream(name, scales, parameters)
        if row is None:
            problems.append(Problem("strategies.not-live", f'"{name}" cannot be followed minute by minute.'))
            continue
        made[k] = row
    if problems:
        raise TocsinError(problems)
    return program(when), made


def _stream(name: str, scales: Sequence[str], parameters: Parameters) -> tuple[int, int, int, int, int] | None:
    if name in _READINGS:
        return READING, SLOT_NAMES.index(name), 0, -1, round(getattr(parameters, _READINGS[name]) * 60)
    if name in _EVENTS:
        return _EVENTS[name], 0, 0, -1, NEVER
    if name in scales:
        return GRADE, scales.index(name), 7, -1, NEVER
    shift = 0
    for field, bits in FIELDS:
        if field == name and name in ("fever", "hypotension", "oxygen", "vasopressors"):
            unknown = 2 if name in ("fever", "hypotension") else -1
            return SIGN, shift, (1 << bits) - 1, unknown, NEVER
        shift += bits
    return None


def begin_live(seen: Any) -> None:
    """Nothing seen yet; the states of the nodes are cleared by `trigger.clear`."""
    for k in range(seen.size):
        seen[k].until = -NEVER
        seen[k].read = -NEVER
        seen[k].value = np.nan
        seen[k].fresh = 0


def step_live(
    streams: Any, program: Any, state: Any, seen: Any, stack: Any, fired: Any, slots: Any, c: Any, charted: Any,
    grades: Any, what: int, minute: int,
) -> int:  # fmt: skip
    """After everything of `minute` has been settled: 1 the trigger holds, 0 it does not, -1 unknown.

    `what` is the packed situation, `grades` the looked-up grade of every scale; call it once a minute.
    """
    for k in range(streams.size):
        one, reading = streams[k], seen[k]
        kind = one.kind
        if kind == READING:
            s = slots[one.code]
            if s.read == minute and c.covered:
                see(reading, minute, s.value, one.valid)
        elif kind == SIGN:
            code = (what >> one.code) & one.mask
            known = c.covered and code != one.unknown
            hold(reading, minute, float(code) if known else np.nan)
        elif kind == GRADE:
            hold(reading, minute, float(grades[one.code] & 7) if c.covered else np.nan)
        elif kind == ANTIPYRETIC:
            if charted.antipyretic == minute:
                see(reading, minute, 1.0, NEVER)
        elif kind == FLUID:
            if charted.fluid + JUDGED == minute:
                see(reading, minute, 1.0, NEVER)
        elif kind == ONSET:
            if charted.onset == minute:
                see(reading, minute, float(minute), NEVER)
        elif kind == DOSES:
            hold(reading, minute, float(c.tocilizumab))
        elif kind == NOREPINEPHRINE:
            hold(reading, minute, charted.norepinephrine)
        elif kind == AGE:
            hold(reading, minute, charted.age)
        elif kind == BLASTS:
            hold(reading, minute, charted.blasts)
    answer = trigger_step(program, state, seen, minute, stack, fired)
    for k in range(streams.size):
        seen[k].fresh = 0
    return answer


def see(reading: Any, minute: int, value: float, valid: int) -> None:
    """A new reading or event of this minute."""
    reading.value, reading.read, reading.fresh = value, minute, 1
    reading.until = NEVER if valid >= NEVER - minute else minute + valid


def hold(reading: Any, minute: int, value: float) -> None:
    """What a state is now."""
    reading.value, reading.read, reading.until = value, minute, NEVER


def next_timer(streams: Any, program: Any, state: Any, charted: Any, minute: int) -> int:
    """The first minute after `minute` at which a trigger may begin to hold with nothing arriving; NEVER if none."""
    due = NEVER
    for j in range(program.size):
        node, s = program[j], state[j]
        at = NEVER
        if node.op == DAY:
            at = node.length
        elif node.op == HELD and s.readings == HOLDS:
            at = s.since + node.length
        elif node.op == COUNT and s.recent[node.least - 1] > -NEVER:
            at = s.recent[node.least - 1] + node.length + 1
        if at > minute and at < due:
            due = at
    for k in range(streams.size):
        if streams[k].kind == FLUID and charted.fluid + JUDGED > minute and charted.fluid + JUDGED < due:
            due = charted.fluid + JUDGED
    return due
