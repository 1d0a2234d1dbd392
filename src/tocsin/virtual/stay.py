"""One patient's stay, hour by hour and inside the hour minute by minute: body, chart, signs, grades, strategy, care.

The loop runs over patients outside and hours inside (docs/decisions/0007-patient-outer-loop.md). Signs are settled only
at minutes at which something was charted or changes by itself. Within an hour: vital signs, scores and blood between
minute 0 and 29, care between 30 and 55; values of a panel, a planned dose and the clock of the signs at their minutes.
"""

from __future__ import annotations

import functools
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tocsin.compiled import compiled, inline
from tocsin.grades import lookup
from tocsin.signs import arrive, episode, oxygen, pressors, settle, state, wide
from tocsin.signs.state import NEVER, SYSTOLIC, TEMPERATURE
from tocsin.signs.state import SPO2 as SPO2_SLOT
from tocsin.strategies import live, trigger
from tocsin.strategies.trigger import DEPTH, SEEN, STATE
from tocsin.virtual import biology, practice, random, summary, support, ward
from tocsin.virtual import log as entry
from tocsin.virtual.biology import BODY
from tocsin.virtual.practice import NEVER_KIND, USUAL_KIND
from tocsin.virtual.summary import CRS_DEATH, ICANS_DEATH, OTHER_DEATH
from tocsin.virtual.ward import CHART

ADMISSION_PANEL = -240
#: Entries one patient can need at most in a day; a chunk's log keeps room for one whole patient.
ENTRIES_A_DAY = 24 * 40
#: Below it a saturation says something to the signs (`settle`).
LOW_SATURATION = 90.0
_DEATH, _CAUSE = 300, 301


def settle_minute(
    log: Any,
    bed: Any,
    ch: Any,
    y: Any,
    charted: Any,
    scales: Any,
    parts: Any,
    classes: Any,
    table: Any,
    grades: Any,
    minute: int,
) -> int:
    """What is known now, the grades of it, the episode; returns the packed situation."""
    slots, orders, since, c, rules = bed.slots, bed.orders, bed.since, bed.course, bed.rules
    what = settle.settle(slots, orders, since, c, rules, minute)
    more = wide.settle_wide(slots, orders, since, c, rules, minute) if rules.wide else 0
    if c.covered:
        for k in range(scales.size):
            grades[k] = lookup.look_up(scales, parts, classes, table, k, what, more)
        summary.set_grades(log, bed, ch, y, grades, minute)
    if c.open and c.number == 1 and charted.onset == -NEVER:
        charted.onset = c.onset
        y.onset = c.onset
    if c.ended:
        if c.number == 1:
            y.episode_end = c.ended_end
        c.ended = 0
    return what


def watch(
    program: Any, streams: Any, states: Any, seen: Any, stack: Any, fired: Any, bed: Any, ch: Any, charted: Any,
    grades: Any, p: Any, care: Any, what: int, minute: int,
) -> None:  # fmt: skip
    """Asks the trigger, until it has fired or its drug was given."""
    charted.antipyretic, charted.fluid = ch.antipyretic_at, ch.fluid_at
    charted.norepinephrine = np.round(ch.norepinephrine * p.weight, 6)
    answer = live.step_live(
        streams, program, states, seen, stack, fired, bed.slots, bed.course, charted, grades, what, minute
    )
    if answer == 1:
        ch.due_known, ch.due_at = minute, fired[0]
        ch.watching = 0
        practice.plan(p, care, ch)
    elif ch.given_at <= minute:
        ch.watching = 0


def dose(log: Any, bed: Any, b: Any, p: Any, w: Any, ch: Any, y: Any, drug: int, minute: int) -> None:
    """One dose of the drug in question."""
    support.give(log, bed, b, p, w, ch, minute, drug)
    ch.doses += 1
    ch.dosed_at = minute
    if ch.doses == 1:
        ch.given_at, ch.given_grade = minute, max(ch.crs, 0)
        y.dose1_at, y.given_at, y.given_grade = minute, minute, ch.given_grade
        y.temperature_dose = ch.temperature
    elif ch.doses == 2:
        y.dose2_at = minute
    elif ch.doses == 3:
        y.dose3_at = minute


def treat(
    log: Any,
    bed: Any,
    b: Any,
    p: Any,
    w: Any,
    care: Any,
    ch: Any,
    y: Any,
    propensity: Any,
    fresh: bool,
    hour: int,
    minute: int,
) -> bool:
    """Care of this hour, from what is charted; whether anything was done."""
    done = False
    if fresh:
        done = support.respond(log, bed, b, p, w, ch, hour, minute)
    done |= support.keep_charting(log, bed, p, w, ch, minute)
    if care.kind == USUAL_KIND and ch.doses == 0 and bed.course.open:
        chance = practice.usual_chance(p, w, b, ch, minute)
        if propensity.size:
            propensity[hour] = chance
        if practice.draws_usual(p, chance, hour):
            dose(log, bed, b, p, w, ch, y, care.drug, minute)
            done = True
    elif care.kind != NEVER_KIND and practice.repeats(p, w, care, ch, hour, minute):
        dose(log, bed, b, p, w, ch, y, care.drug, minute)
        done = True
    steroid = practice.steroid_due(p, w, ch, minute)
    if steroid >= 0:
        if steroid == care.drug:
            dose(log, bed, b, p, w, ch, y, steroid, minute)
        else:
            support.give(log, bed, b, p, w, ch, minute, steroid)
        y.steroid_at = summary.earlier(y.steroid_at, minute)
        done = True
    return done


def read_set(log: Any, bed: Any, b: Any, p: Any, w: Any, ch: Any, y: Any, hour: int, minute: int) -> bool:
    """Vital signs of this minute, charted and taken in; whether the situation may change."""
    slots, c, rules = bed.slots, bed.course, bed.rules
    ward.read_vitals(log, bed, b, p, w, ch, hour, minute)
    y.readings += 1
    y.temperature_max = summary.worst(y.temperature_max, ch.temperature)
    if ch.doses > 0:
        since = minute - ch.given_at
        if since <= 1440:
            y.temperature_24h = ch.temperature
        if since <= 2880:
            y.temperature_48h = ch.temperature
    at: Any = np.int32(minute)
    rank: Any = np.int32(3)
    row: Any = np.int32(0)
    slot: Any = np.int32(TEMPERATURE)
    changes = arrive.arrive_reading(slots, c, rules, slot, minute, at, ch.temperature, rank, row)
    slot = np.int32(SYSTOLIC)
    changes |= arrive.arrive_reading(slots, c, rules, slot, minute, at, ch.systolic, rank, row)
    slot = np.int32(SPO2_SLOT)
    low = ch.saturation < LOW_SATURATION or not slots[SPO2_SLOT].value >= LOW_SATURATION
    arrive.arrive_reading(slots, c, rules, slot, minute, at, ch.saturation, rank, row)
    return changes or low or rules.assume_oxygen == 1  # a normal saturation after a normal one says nothing new


def daily(log: Any, bed: Any, ch: Any, minute: int) -> None:
    """The daily examination: no motor weakness, no oedema, no seizure."""
    ward.judge(log, bed, ch, minute, entry.SEIZURE, state.SEIZURE, 0.0)
    ward.judge(log, bed, ch, minute, entry.MOTOR_WEAKNESS, state.MOTOR, 0.0)
    ward.judge(log, bed, ch, minute, entry.OEDEMA, state.OEDEMA, 0.0)


def admit(log: Any, bed: Any, p: Any, w: Any, ch: Any, edges: Any) -> None:
    """Admission: the stay begins, the panel before the infusion, room air."""
    slots, orders, since, c, rules = bed.slots, bed.orders, bed.since, bed.course, bed.rules
    admitted = int(p.admitted)
    ward.tell(bed, admitted, state.STAY_START, 0, admitted, np.nan, np.nan)
    settle.settle(slots, orders, since, c, rules, admitted)
    delay = float(int(w.lab_delay))
    drawn = ADMISSION_PANEL
    values = (p.base_crp, p.base_ferritin, np.nan, p.base_platelets, p.base_creatinine, p.base_alt, p.base_ast, np.nan,
              p.base_bilirubin, np.nan, p.base_fibrinogen)  # fmt: skip
    for k in range(11):
        if values[k] == values[k]:
            ward.note(log, bed, ch, drawn, entry.CRP + k, 0, values[k], delay)
    ch.drawn_at, ch.drawn_crp, ch.drawn_ferritin = drawn, p.base_crp, p.base_ferritin
    ch.pair_creatinine = ward.graded(edges, 0, p.base_creatinine)
    ch.pair_bilirubin = ward.graded(edges, 1, p.base_bilirubin)
    ch.pair_ast, ch.pair_alt = ward.graded(edges, 2, p.base_ast), ward.graded(edges, 3, p.base_alt)
    ch.pair_fibrinogen = ward.graded(edges, 4, p.base_fibrinogen)
    known = drawn + int(delay)
    episode.pass_time(c, known)
    ward.take_panel(bed, ch, known)
    settle_quietly(bed, known)


def settle_quietly(bed: Any, minute: int) -> None:
    """The state of the signs before minute 0; no grade is reported there."""
    slots, orders, since, c, rules = bed.slots, bed.orders, bed.since, bed.course, bed.rules
    settle.settle(slots, orders, since, c, rules, minute)
    if rules.wide:
        wide.settle_wide(slots, orders, since, c, rules, minute)


def stay(
    log: Any, bed: Any, b: Any, p: Any, w: Any, r: Any, care: Any, ch: Any, y: Any, charted: Any, edges: Any,
    program: Any, streams: Any, states: Any, seen: Any, stack: Any, fired: Any, scales: Any, parts: Any, classes: Any,
    table: Any, grades: Any, propensity: Any, hours: int,
) -> None:  # fmt: skip
    """One patient from admission to the last hour, home or not, or to death."""
    slots, orders, since, c, rules = bed.slots, bed.orders, bed.since, bed.course, bed.rules
    state.begin(slots, orders, since, c)
    biology.wake(b, p, w)
    ward.open_chart(ch)
    summary.begin_summary(y)
    charted.antipyretic, charted.fluid, charted.onset, charted.norepinephrine = -NEVER, -NEVER, -NEVER, 0.0
    charted.age, charted.blasts = p.age, p.percent
    trigger.clear(states)
    live.begin_live(seen)
    ch.watching = program.size
    admit(log, bed, p, w, ch, edges)
    before = ADMISSION_PANEL + int(w.lab_delay)
    timer, what = 0, 0  # minute 0 is settled whatever happens
    for hour in range(hours):
        start, end = 60 * hour, 60 * hour + 60
        biology.live_hour(b, p, w, r, hour, practice.steroid_works(w, ch, start), ch.doses, ch.home == 0)
        hazard = b.hazard_crs + b.hazard_icans + b.hazard_other
        fate = random.uniform(p.luck, _DEATH, hour)
        if fate < hazard and fate < 1 - np.exp(-hazard):
            die(b, p, y, hazard, hour)
            break
        reads, scores, panel, seizes, examined = False, False, False, False, False
        at, care_at = NEVER, NEVER
        if ch.home == 0:
            clock = ward.hour_of_day(hour)
            summary.count_hour(ch, y, start)
            reads = ward.set_due(p, w, ch, hour, clock)
            panel = ward.panel_due(p, w, ch, hour, clock)
            scores = ward.score_due(b, p, w, ch, hour)
            seizes = ward.seizure_now(b, p, w, hour)
            examined = clock == 8 or hour == 0
            if reads or panel or scores or seizes or examined:
                at = start + int(random.uniform(p.luck, ward.SET_MINUTE, hour) * 29)
            active = ch.norepinephrine > 0 or ch.level > 0 or ch.steroid_on or ch.crs > 0 or ch.icans > 0 or c.open
            rounds = w.discharge_day > 0 and hour >= 24 * w.discharge_day and clock == 11
            if reads or active or rounds or start + 59 - ch.device_charted >= 660:
                care_at = start + 30 + int(random.uniform(p.luck, ward.CARE_MINUTE, hour) * 25)
        while True:
            minute = min(at, care_at, timer, ch.lab_at, ch.dose_at)
            if c.soonest < minute and c.soonest < end:
                c.soonest = settle.next_due(slots, orders, since, c, rules, before)
                minute = min(minute, c.soonest)
            if minute >= end:
                break
            changes = minute == c.soonest or minute == timer
            leaves, anew = False, minute == timer
            episode.pass_time(c, minute)
            if minute == ch.dose_at:
                ch.dose_at = NEVER
                if ch.home == 0 and ch.doses == 0:
                    dose(log, bed, b, p, w, ch, y, care.drug, minute)
                    changes = True
            if minute == care_at:
                care_at = NEVER
                changes |= treat(log, bed, b, p, w, care, ch, y, propensity, reads, hour, minute)
                leaves = support.move(log, bed, p, w, ch, hour, minute)
            if minute == ch.lab_at:
                ward.take_panel(bed, ch, minute)
                y.crp_max, y.ferritin_max = summary.worst(y.crp_max, ch.crp), summary.worst(y.ferritin_max, ch.ferritin)
                changes |= rules.wide == 1
            if minute == at:
                at = NEVER
                anew = True
                if panel:
                    ward.draw_panel(log, bed, b, p, w, ch, edges, hour, minute)
                if hour == 0:
                    support.chart_device(log, bed, w, ch, minute)
                if examined:
                    daily(log, bed, ch, minute)
                if seizes:
                    ward.judge(log, bed, ch, minute, entry.SEIZURE, state.SEIZURE, 2.0)
                if scores:
                    ward.score(log, bed, b, p, w, ch, hour, minute)
                changes |= scores or seizes or examined
                if reads:
                    changes |= read_set(log, bed, b, p, w, ch, y, hour, minute)
            if leaves:
                ward.tell(bed, minute, state.STAY_END, 0, minute, np.nan, np.nan)
                y.discharge_at = minute
                changes = True
            if changes:
                what = settle_minute(log, bed, ch, y, charted, scales, parts, classes, table, grades, minute)
                before = minute
            if timer <= minute:
                timer = NEVER
            if ch.watching and (changes or anew):
                watch(program, streams, states, seen, stack, fired, bed, ch, charted, grades, p, care, what, minute)
                timer = live.next_timer(streams, program, states, charted, minute) if ch.watching else NEVER
    y.episodes, y.due_at, y.due_known_at = c.number, ch.due_at, ch.due_known
    y.doses, y.steroids, y.steroid_mg, y.boluses = ch.doses, ch.steroids, ch.steroid_mg, int(ch.boluses)
    y.il6_hidden_max, y.blasts28, y.rows = b.il6_max, b.blasts28, ch.rows


def die(b: Any, p: Any, y: Any, hazard: float, hour: int) -> None:
    """Death at the beginning of an hour, of a cause drawn by its share of the hazard."""
    y.death_minute = 60 * hour
    u = random.uniform(p.luck, _CAUSE, hour) * hazard
    y.death_code = OTHER_DEATH
    if u < b.hazard_crs:
        y.death_code = CRS_DEATH
    elif u < b.hazard_crs + b.hazard_icans:
        y.death_code = ICANS_DEATH
    if y.death_code == CRS_DEATH:
        y.crs_max = 5
    elif y.death_code == ICANS_DEATH:
        y.icans_max = 5


def _stays(
    first: int, last: int, beds_from: int, world: Any, rates: Any, care: Any, patients: Any, edges: Any, beds: Any,
    scales: Any, parts: Any, classes: Any, table: Any, program: Any, streams: Any, hours: int, log: Any, summaries: Any,
    propensity: Any,
) -> tuple[int, int]:  # fmt: skip
    """Patients `first` to `last`, as far as `log` has room: the next one to be simulated, and the rows written."""
    body, chart, charted = np.zeros(1, BODY), np.zeros(1, CHART), np.zeros(1, live.CHARTED)
    grades, seen = np.zeros(scales.size, np.int64), np.zeros(streams.size, SEEN)
    states = np.zeros(max(1, program.size), STATE)
    stack, fired = np.zeros(DEPTH, np.int32), np.zeros(DEPTH, np.int32)
    nobody = np.zeros(0, np.float32)
    rows = 0
    for i in range(first, last):
        if log.size and log.size - rows < hours // 24 * ENTRIES_A_DAY + 64:
            return i, rows
        chances = propensity[i] if propensity.shape[0] else nobody
        chart[0].rows = 0
        stay(log[rows:], beds[i - beds_from], body[0], patients[i], world[0], rates[0], care[0], chart[0], summaries[i],
             charted[0], edges[i], program, streams, states, seen, stack, fired, scales, parts, classes, table, grades,
             chances, hours)  # fmt: skip
        if log.size:
            rows += chart[0].rows
    return last, rows


_PARTS: tuple[ModuleType, ...] = (state, oxygen, pressors, episode, arrive, wide, settle, trigger, live, lookup, random,
                                  biology, ward, support, practice, summary)  # fmt: skip
_NOT_STEPS = frozenset(
    {"cohort", "program", "first_due", "first_due_sorted", "timers", "live", "lookups", "rates", "stays", "luck_of",
     "all_bits", "uniforms", "noises", "normals"}
)  # fmt: skip


@functools.cache
def stays() -> Any:
    """The compiled driver; steps and driver are cached under a hash of every room they come from."""
    for step in _steps():
        inline(step)
    house = Path(__file__).parents[1]
    return compiled(_stays, *(house / room for room in ("signs", "grades", "strategies")))


def _steps() -> list[Any]:
    """Every plain function that compiled code may call."""
    made: list[Any] = []
    for module in (*_PARTS, sys.modules[__name__]):
        for name, step in inspect.getmembers(module, inspect.isfunction):
            if step.__module__ == module.__name__ and name not in _NOT_STEPS and not name.startswith("_"):
                made.append(step)
    return made
