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
