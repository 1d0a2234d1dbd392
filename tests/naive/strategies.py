"""When a strategy was due and whether it was followed: all pairs of readings, by brute force."""

import itertools


def followed(due_at, dose_minutes, within_h):
    """One of yes, early, late, not_given, never_due; `due_at` must come from the history up to the first dose."""
    doses = [minute for minute in dose_minutes if minute >= 0]
    if not doses:
        return "never_due" if due_at is None else "not_given"
    given_at = min(doses)
    if due_at is None or given_at < due_at:
        return "early"
    return "yes" if given_at <= due_at + 60 * within_h else "late"


def up_to_first_dose(minute, dose_minutes):
    doses = [dose for dose in dose_minutes if dose >= 0]
    return not doses or minute <= min(doses)


def early(readings, dose_minutes, threshold, duration_h, longest_gap_h, min_readings, within_h):
    """(due_at, followed). `readings` are (minute, temperature); only new readings count, never a carried value."""
    hottest = {}
    for minute, temperature in readings:
        if minute >= 0 and up_to_first_dose(minute, dose_minutes):
            hottest[minute] = max(temperature, hottest.get(minute, temperature))
    times = sorted(hottest)
    due = []
    for first in times:
        for final in times:
            run = [minute for minute in times if first <= minute <= final]
            if len(run) < max(1, min_readings) or final - first < 60 * duration_h:
                continue
            if any(hottest[minute] < threshold for minute in run):
                continue
            if any(after - before > 60 * longest_gap_h for before, after in itertools.pairwise(run)):
                continue
            due.append(final)
    due_at = min(due, default=None)
    return due_at, followed(due_at, dose_minutes, within_h)


def conventional(grade_runs, dose_minutes, at_least=3, within_h=6):
    """(due_at, followed). `grade_runs` are (from, to, grade), `to` None = open; the proved grade triggers."""
    due = [
        max(0, begin)
        for begin, end, grade in grade_runs
        if grade >= at_least and (end is None or end > 0) and up_to_first_dose(max(0, begin), dose_minutes)
    ]
    due_at = min(due, default=None)
    return due_at, followed(due_at, dose_minutes, within_h)


# --- any trigger, minute by minute ------------------------------------------------------------------------------------


def first_minute(trigger, streams, last):
    """First minute from 0 to `last` at which the trigger is true, or None; the unknown is never true.

    `trigger` is the rule as in a study file, lengths in minutes. `streams`: name to a list of (minute, read, value) in
    order of arrival; value None = unknown. A name in `valid` gives the minutes a reading may be used.
    """
    return next((minute for minute in range(last + 1) if holds(trigger, streams, minute) is True), None)


def holds(trigger, streams, minute):
    """True, False or None (unknown) at a minute, from what had arrived by then."""
    if "all" in trigger:
        answers = [holds(part, streams, minute) for part in trigger["all"]]
        return False if False in answers else None if None in answers else True
    if "any" in trigger:
        answers = [holds(part, streams, minute) for part in trigger["any"]]
        return True if True in answers else None if None in answers else False
    if "not" in trigger:
        answer = holds(trigger["not"], streams, minute)
        return None if answer is None else not answer
    if "day" in trigger:
        return minute >= trigger["day"] * 1440
    if "onset_within" in trigger:
        onsets = [read for at, read, _ in streams["onset"] if at <= minute]
        return onsets[-1] < trigger["onset_within"] if onsets else None
    name = trigger.get("sign") or trigger["grade_of"]
    if name in PERIODS:
        return period(trigger, streams[name], minute)
    arrived = [row for row in streams[name] if 0 <= row[0] <= minute]
    if "sustained" in trigger:
        return run_of_readings(trigger, arrived)
    if "count" in trigger:
        return counted(trigger, arrived, minute)
    before = [row for row in streams[name] if row[0] <= minute]
    if not before or minute >= before[-1][1] + streams.get("valid", {}).get(name, 10**9):
        return None
    return beyond(before[-1][2], trigger)


PERIODS = ("fever", "hypotension", "oxygen", "vasopressors", "tocilizumab", "norepinephrine", "fio2", "blasts_percent",
           "age_y", "astct_crs", "astct_icans")  # fmt: skip


def beyond(value, trigger):
    """None where the value is unknown."""
    if value is None:
        return None
    ways = {
        "at_least": lambda edge: value >= edge, "above": lambda edge: value > edge,
        "at_most": lambda edge: value <= edge, "below": lambda edge: value < edge,
    }  # fmt: skip
    found = [way(trigger[how]) for how, way in ways.items() if how in trigger]
    return found[0] if found else value >= 1


def period(trigger, rows, minute):
    """A state is as the last row says; held = true at every minute back to the start but for short breaks."""

    def at(t):
        known = [value for when, _, value in rows if when <= t]
        return beyond(known[-1], trigger) if known else None

    now = at(minute)
    if now is not True or "sustained" not in trigger:
        return now
    start, t, broken = minute, minute, 0
    while t > 0:
        t -= 1
        if at(t) is True:
            start, broken = t, 0
        else:
            broken += 1
            if broken > trigger.get("lapse", 0):
                break
    return minute - start >= trigger["sustained"]


def run_of_readings(trigger, arrived):
    """The unbroken run that ends with the last reading."""
    if not arrived or not beyond(arrived[-1][2], trigger):
        return False
    run = [arrived[-1][1]]
    for _, read, value in reversed(arrived[:-1]):
        if not beyond(value, trigger) or run[-1] - read > trigger.get("longest_gap", 360):
            break
        run.append(read)
    return len(run) >= trigger.get("min_readings", 2) and run[0] - run[-1] >= trigger["sustained"]


def counted(trigger, arrived, minute):
    """The last so many past the edge lie close together, and the last of them is not long ago, or just came."""
    past = [(at, read) for at, read, value in arrived if beyond(value, trigger)]
    if len(past) < trigger["count"]:
        return False
    (_, first), (came, latest) = past[-trigger["count"]], past[-1]
    within = trigger["count_within"]
    return latest - first <= within and (came == minute or minute - latest <= within)


# --- rules of the catalogue, by hand over what was known at each minute -----------------------------------------------


def first_at(minutes, true):
    """First minute at which a judgement of its signs is true."""
    return next((k for k, signs in enumerate(minutes) if true(signs)), None)


def first_held(minutes, true, length, lapse=0):
    """First minute at which it is true and has been since `length` minutes, breaks of up to `lapse` minutes aside."""
    start, broken = None, 0
    for k, signs in enumerate(minutes):
        if not true(signs):
            broken += 1
            continue
        if start is None or broken > lapse:
            start = k
        broken = 0
        if k - start >= length:
            return k
    return None


def earliest(*found):
    known = [minute for minute in found if minute is not None]
    return min(known, default=None)


def grade_or_lasting_fever(minutes, grade, at_least, length, lapse):
    """ASCO 2021 and EBMT 2022."""
    return earliest(
        first_at(minutes, lambda signs: grade(signs) >= at_least),
        first_held(minutes, lambda signs: signs["fever"] is True, length, lapse),
    )


def grade_or_lower_from(minutes, grade, at_least, lower, since):
    """Grade `at_least`, or `lower` from a minute on (None = never): SITC 2020 by age, ciltacabtagene from an onset."""
    for minute, signs in enumerate(minutes):
        if grade(signs) >= at_least or (since is not None and minute >= since and grade(signs) >= lower):
            return minute
    return None


def kymriah(signs):
    """Tisagenlecleucel, 2018."""
    unstable = signs["vasopressors"] >= 1 and signs["hypotension"] is True
    return unstable or signs["oxygen"] >= 2


def kymriah_steroid(minutes, doses, after):
    """Methylprednisolone: still needed so long after the first tocilizumab."""
    first = min(doses, default=None)
    return None if first is None else next(
        (k for k in range(first + after, len(minutes)) if kymriah(minutes[k])), None
    )  # fmt: skip


def gardner(minutes, readings, antipyretics, boluses, hours, gap_h):
    """PLAT-02: hot for 10 h and an antipyretic in the last day; or low pressure in the day after a bolus; or oxygen."""

    def lately(times, minute):
        return any(at <= minute <= at + 1440 for at in times)

    def hot(minute):
        trail = []
        for at, value in reversed([row for row in readings if row[0] <= minute]):
            if value < 39.0 or (trail and trail[-1] - at > 60 * gap_h):
                break
            trail.append(at)
        return len(trail) > 1 and trail[0] - trail[-1] >= 60 * hours

    for minute, signs in enumerate(minutes):
        if signs["oxygen"] >= 1 or (hot(minute) and lately(antipyretics, minute)):
            return minute
        if signs["hypotension"] is True and lately([at + 60 for at in boluses], minute):
            return minute
    return None


def two_fevers(readings, threshold, within):
    """First reading that is the second at or above the threshold within so many minutes."""
    hot = [minute for minute, value in readings if value >= threshold]
    return next((late for early, late in itertools.pairwise(hot) if late - early <= within), None)
