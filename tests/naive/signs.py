"""Signs minute by minute, by looking back over all records from scratch at every minute.

Only what the rule book itself describes as a memory lives in `Memory`: since when a drug runs without interruption, the
intubations, and the state of the CRS episode. Everything else is worked out anew at each minute.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from math import inf, trunc
from statistics import median

from naive import facts
from naive.rates import strength

DEFAULTS = {
    "clock": "available",
    "lookback_h": 48,
    "fever": 38.0,
    "temperature_valid_h": 8,
    "pressure_valid_h": 8,
    "spo2_valid_h": 8,
    "ice_valid_h": 24,
    "ice_low_valid_h": 12,
    "neuro_valid_h": 24,
    "site_policy": "as_charted",
    "mean_below": 0,  # 0 turns a rule off
    "fall_fraction": 0,
    "confirm_hypotension": False,
    "pressor_silent_h": 24,
    "overlap_min": 60,
    "after_intubation_min": 60,
    "device_valid_h": 24,
    "oxygen_uncharted": "unknown",
    "fio2_table": "four_percent",
    "search_days": 30,
    "prior_fever_h": 24,
    "fever_free_h": 12,
    "resolve_h": 24,
    "mask_antipyretic_h": 24,
    "mask_steroid_h": 48,
    "waiver_drugs": "all",
    "fever_carry_h": 24,
    "neuro_uncharted": "unknown",
    # the other scales
    "high_dose_h": 3,
    "pressor_long_h": 24,
    "fluid_window_h": 24,
    "bolus_ml": 250,
    "bolus_ml_per_kg": 10,
    "product_h": 24,
    "lab_valid_h": 36,
    "uln_creatinine": 1.2,
    "adult_from_y": 18,
    "uln_bilirubin": 1.2,
    "uln_ast": 40,
    "uln_alt": 40,
    "lln_fibrinogen": 2.0,
    "baseline_days": 30,
    "lymphodepletion_days": 14,
    "baseline_missing": "limit",
    "first_weeks_days": 21,
}


@dataclass
class Memory:
    """What the rule book asks to be remembered from one minute to the next."""

    running_since: dict = field(default_factory=dict)  # drug -> minute from which it runs without interruption
    may_run_since: dict = field(default_factory=dict)  # drug -> minute from which it may run without interruption
    device: str | None = None
    intubations: list = field(default_factory=list)
    prior_fever: bool = False
    last_febrile_read: float = -inf
    open: bool = False
    opened_at: int | None = None
    waived: bool = False
    ever_open: bool = False
    last_fever: float = -inf
    last_criterion: float = -inf
    may_be_open: bool = False
    may_be_waived: bool = False
    last_possible_fever: float = -inf
    last_possible_criterion: float = -inf
    last_antipyretic_maybe: float = -inf
    last_steroid_maybe: float = -inf
    last_antipyretic: float = -inf
    last_steroid: float = -inf
    fever_before_infusion: bool = False  # until the first episode of such a course has ended


def course_signs(tables, course, parameters, last_minute):
    """One dict of signs for each minute 0..last_minute, fewer where the course ends before."""
    rules = {**DEFAULTS, **parameters}
    history = read_history(tables, course, rules)
    memory = Memory()
    minutes = []
    for minute in range(history["first"], min(last_minute + 1, history["end"])):
        signs = signs_at(history, course, rules, memory, minute)
        if minute >= 0:
            minutes.append(signs)
    return minutes


# ---------------------------------------------------------------------------------------------------------- records


def minute_of(instant, course):
    return (instant - course["time_zero"]) // timedelta(minutes=1)


def read_history(tables, course, rules):
    """The patient's rows with minutes: `read` (when it was true) and `arrived` (from when it counts)."""

    def rows(name, when):
        found = []
        for row in tables.get(name) or []:
            if row["patient_id"] == course["patient_id"]:
                read = minute_of(row[when], course)
                known = row.get("available_time") if rules["clock"] == "available" else None
                arrived = read if known is None else minute_of(known, course)
                found.append({**row, "read": read, "arrived": arrived})
        # within a minute what was charted first is taken in first
        return sorted(found, key=lambda row: (row["arrived"], row["read"]))

    def with_stop(row):
        return {**row, "stopped": inf if row["stop"] is None else minute_of(row["stop"], course)}

    def with_strength(row):
        return {**with_stop(row), "strength": strength(row, course["weight_kg"])}

    lookback = -60 * rules["lookback_h"]
    # the course ends when the patient died, not when somebody heard of it; a death known to the day decides no minute
    deaths = [r["read"] for r in rows("outcomes", "time") if r["what"] == "death" and r["precision"] != "day"]
    ends = [] if course["ends"] is None else [minute_of(course["ends"], course)]
    patient = next((row for row in tables.get("patients") or [] if row["patient_id"] == course["patient_id"]), {})
    stays = merged(
        [
            (minute_of(row["start"], course), inf if row["stop"] is None else minute_of(row["stop"], course))
            for row in tables.get("stays") or []
            if row["patient_id"] == course["patient_id"]
        ]
    )
    history = {
        "supplied": {name for name, table in tables.items() if table is not None},
        "patient": patient,
        "stays": stays,
        "measurements": [r for r in rows("measurements", "time") if r["precision"] != "day"],
        "assessments": [
            r
            for r in rows("assessments", "time")
            if r["precision"] != "day" and r["value"] is not None and r["item"] != "culture"
        ],
        "drugs": [with_strength(r) for r in rows("drugs", "start") if r["precision"] != "day"],
        "supports": [with_stop(r) for r in rows("supports", "start")],
        "end": min([*deaths, *ends], default=inf),
        "doubtful_from": known_by_day(rows("drugs", "start"), facts.DOUBTFUL_BY_DAY),
        "care_doubtful_from": known_by_day(rows("drugs", "start"), facts.CARE_DOUBTFUL_BY_DAY),
        "before": {"measurements": rows("measurements", "time"), "drugs": rows("drugs", "start")},
    }
    for name in ("measurements", "assessments", "drugs", "supports"):
        history[name] = [row for row in history[name] if row["arrived"] >= lookback]
    for row in history["measurements"]:
        if row["variable"] == "temperature" and rules["site_policy"] == "oral_equivalent":
            shift = {"axillary": 0.3, "rectal": -0.3, "core": -0.3}.get(row["site"], 0.0)
            row["value"] = round(row["value"] + shift, 3)
    history["readings"] = {}
    for row in history["measurements"] + history["assessments"]:
        name = row.get("variable") or row["item"]
        if name not in facts.GRADED:  # naive.wide reads these
            row["badness"] = badness(row)
            history["readings"].setdefault(name, []).append(row)
    arrivals = [
        row["arrived"] for name in ("measurements", "assessments", "drugs", "supports") for row in history[name]
    ]
    history["first"] = min([0, *arrivals])
    return history


def merged(stays):
    """Stays as [start, stop), merged where they overlap or touch."""
    together = []
    for start, stop in sorted(stay for stay in stays if stay[1] > stay[0]):
        if together and start <= together[-1][1]:
            together[-1] = (together[-1][0], max(together[-1][1], stop))
        else:
            together.append((start, stop))
    return together


def stay_at(history, minute):
    return next((stay for stay in history["stays"] if stay[0] <= minute < stay[1]), None)


def known(rows, stay, minute):
    """Rows that have arrived in this stay: at a stay's end everything is dropped."""
    return [row for row in rows if stay[0] <= row["arrived"] <= minute]


# --------------------------------------------------------------------------------------------------------- readings


def badness(row):
    """Of two readings with the same read minute the smaller badness wins."""
    variable = row.get("variable") or row["item"]
    value = row["value"]
    if variable in ("systolic", "mean_pressure"):
        return (facts.METHOD_RANK[row["method"]], value)
    if variable == "spo2":
        return (facts.METHOD_RANK[row["method"]], value)
    if variable == "temperature":
        return (facts.METHOD_RANK[row["method"]], -value)
    if variable in ("ice", "cartox10"):
        return (int(value),)
    if variable == "capd":
        return (-int(value),)
    return (-facts.WORSE_WORDS[variable].index(value),)


def taken_in(history, name, stay, minute):
    """The readings of one variable or item that were ever held in this stay, in order; the last one is held now.

    A reading older than the one held is ignored; of two with the same read minute the better source or worse value is
    held, and the loser does not count as a reading before.
    """
    rows = known(history["readings"].get(name, []), stay, minute)
    held = []
    for row in sorted(rows, key=lambda row: (row["arrived"], row["read"], row["badness"])):
        if not held or row["read"] > held[-1]["read"]:
            held.append(row)
        elif row["read"] == held[-1]["read"] and row["badness"] < held[-1]["badness"]:
            held[-1] = row
    return held


def valid(row, minute, hours):
    return row is not None and minute < row["read"] + 60 * hours


def last(rows):
    return rows[-1] if rows else None


# ------------------------------------------------------------------------------------------------------ hypotension


def systolic_limits(history, course, rules):
    """(below this it is certainly low, from this on it is certainly not low); equal where the age is known."""
    age = course["age_y"]
    if age is None:
        limits = (60, 90)
    else:
        years = trunc(age)
        if years > 10:
            limits = (90, 90)
        elif years >= 1:
            limits = (70 + 2 * years, 70 + 2 * years)
        elif age >= 1 / 12:
            limits = (70, 70)
        else:
            limits = (60, 60)
    if rules["fall_fraction"]:
        before = []
        for stay in history["stays"]:
            # every reading that was taken in before minute 0, whichever stay
            held = taken_in(history, "systolic", stay, min(-1, stay[1] - 1))
            before += [row["value"] for row in held]
        if before:
            fallen = (1 - rules["fall_fraction"]) * median(before)
            limits = (max(limits[0], fallen), max(limits[1], fallen))
    return limits


def low(value, limits):
    if value < limits[0]:
        return True
    if value >= limits[1]:
        return False
    return None


def hypotension_at(history, course, rules, stay, minute, pressor_runs):
    """(hypotension, isolated_low_pressure)."""
    limits = systolic_limits(history, course, rules)
    hours = rules["pressure_valid_h"]
    held = taken_in(history, "systolic", stay, minute)
    present, before = last(held), last(held[:-1])
    judged = []
    if valid(present, minute, hours):
        judgement = low(present["value"], limits)
        if judgement is True and rules["confirm_hypotension"] and not pressor_runs:
            confirmed = valid(before, minute, hours) and low(before["value"], limits) is True
            judgement = True if confirmed else None
        judged.append(judgement)
    if rules["mean_below"]:
        mean = last(taken_in(history, "mean_pressure", stay, minute))
        if valid(mean, minute, hours):
            judged.append(mean["value"] < rules["mean_below"])
    if True in judged:
        hypotension = True
    elif not judged or None in judged:
        hypotension = None
    else:
        hypotension = False
    lonely = before is None or low(before["value"], limits) is not True
    return hypotension, hypotension is True and not pressor_runs and lonely


# ----------------------------------------------------------------------------------------------------- vasopressors


def order_states(history, rules, stay, minute):
    """For each order its drug, "runs", "uncertain" or "ended", and its last row."""
    orders = {}
    for row in known(history["drugs"], stay, minute):
        if row["drug"] in facts.VASOPRESSORS and row["mode"] == "infusion":
            key = (row["drug"], row["drug"] if row["order_id"] is None else row["order_id"])
            orders.setdefault(key, []).append(row)
    states = []
    for (drug, _), rows in orders.items():
        # a later row replaces the former; at one instant the stop comes first, so the start is the last word
        final = max(
            rows, key=lambda row: (row["read"], row["rate"] is None or row["rate"] > 0, row["stopped"], row["strength"])
        )
        if final["rate"] == 0 or final["stopped"] <= minute:
            state = "ended"
        elif minute >= final["read"] + 60 * rules["pressor_silent_h"]:
            state = "uncertain"
        else:
            state = "runs"
        states.append((drug, state, final))
    return states


def count_together(since, minute, overlap):
    """Drugs running together count as two from the 60th minute of overlap; at most 2."""
    if not since:
        return 0
    later = sorted(since.values())[1:]
    return min(2, 1 + sum(minute >= begin + overlap for begin in later))


def count_for_astct(since, minute, overlap):
    """Drugs other than vasopressin and terlipressin; 1 when only those run."""
    others = {drug: begin for drug, begin in since.items() if drug not in facts.NOT_A_SECOND_VASOPRESSOR}
    return count_together(others, minute, overlap) if others else min(1, len(since))


def not_held_back(rules, memory, minute):
    """The drugs that run surely, since when, without those that wait after an intubation."""
    wait = rules["after_intubation_min"]
    return {
        drug: since
        for drug, since in memory.running_since.items()
        if not any(tube <= since < tube + wait and minute < tube + wait for tube in memory.intubations)
    }


def vasopressors_at(history, rules, memory, stay, minute):
    """The four counts, and whether any vasopressor runs."""
    states = order_states(history, rules, stay, minute)
    running = {drug for drug, state, _ in states if state == "runs"}
    memory.running_since = {drug: memory.running_since.get(drug, minute) for drug in running}
    uncertain = {}
    for drug, state, final in states:
        if state == "uncertain" and drug not in running:
            uncertain[drug] = min(final["read"], uncertain.get(drug, final["read"]))
    overlap = rules["overlap_min"]
    proved = not_held_back(rules, memory, minute)
    may_run = {drug: memory.running_since.get(drug, uncertain.get(drug)) for drug in running | set(uncertain)}
    memory.may_run_since = {drug: memory.may_run_since.get(drug, since) for drug, since in may_run.items()}
    possible = memory.may_run_since
    counts = {
        "vasopressors": count_for_astct(proved, minute, overlap),
        "vasopressors_at_most": count_for_astct(possible, minute, overlap),
        "vasopressors_all": count_together(proved, minute, overlap),
        "vasopressors_all_at_most": count_together(possible, minute, overlap),
    }
    return counts, bool(proved)


# ----------------------------------------------------------------------------------------------------------- oxygen


def oxygen_class(device, flow, fio2, reason):
    """(at least, at most)."""
    if device in facts.FIXED_CLASS:
        fixed = facts.FIXED_CLASS[device]
        if fixed >= 3 and reason in facts.NOT_FOR_CRS:
            fixed = 0
        return fixed, fixed
    if device == "nasal_cannula":
        return (2, 2) if flow is not None and flow > 6 else (1, 1)
    if device == "hfnc":
        return (1, 1) if flow is not None and flow <= 6 else (2, 2)
    if device in ("trach_collar", "t_piece"):
        if fio2 is None:
            return 0, 2
        return (2, 2) if fio2 > 0.21 else (0, 0)
    if device == "other":
        return 1, 4
    return 0, 4


def device_rank(row):
    """Of rows with one start: one that ran when it arrived before one that was over, then the higher class."""
    ran = row["stopped"] > row["arrived"]
    return ran, oxygen_class(row["device"], row["flow_l_min"], row["fio2"], row["reason"]) if ran else (0, 0)


def device_at(history, rules, stay, minute):
    """Device held with its flow, FiO2 and reason, or None."""
    rows = known(history["supports"], stay, minute)
    devices = [row for row in rows if row["device"] is not None]
    if not devices:
        return None
    hours = rules["device_valid_h"]
    row = max(
        devices,
        key=lambda r: (r["read"], *device_rank(r), r["stopped"]),
    )
    held = {"device": row["device"], "flow": row["flow_l_min"], "fio2": row["fio2"], "reason": row["reason"]}
    begin = row["read"]
    if row["stopped"] <= minute:
        if row["stopped"] >= begin + 60 * hours:
            return None  # it was not held any more when it was stopped
        held = {"device": "room_air", "flow": None, "fio2": None, "reason": None}
        begin = row["stopped"]
    if minute >= begin + 60 * hours:
        return None
    settings = [r for r in rows if r["device"] is None and begin <= r["read"] < begin + 60 * hours]
    for name, column in (("flow", "flow_l_min"), ("fio2", "fio2")):
        given = [(r["read"], r[column]) for r in settings if r[column] is not None]
        if given:
            held[name] = max(given)[1]
    return held


def fio2_of(held, rules):
    """(FiO2 or None, estimated)."""
    if held["fio2"] is not None:
        return held["fio2"], False
    device, flow = held["device"], held["flow"]
    estimate = facts.FIO2_DEFAULT.get(device)
    if rules["fio2_table"] == "four_percent":
        if device == "nasal_cannula" and flow is not None:
            estimate = 0.20 + 0.04 * flow
        if device in facts.MASKS_BY_FLOW:
            if flow is None or flow < 6:
                estimate = 0.40
            elif flow < 7:
                estimate = 0.50
            else:
                estimate = 0.60
    elif (device == "nasal_cannula" or device in facts.MASKS_BY_FLOW) and flow is not None:
        bands = ((2, 0.25), (4, 0.30), (8, 0.40), (10, 0.50), (inf, 0.60))
        estimate = next(fraction for up_to, fraction in bands if flow <= up_to)
    return estimate, estimate is not None and device != "room_air"  # the air of a room is no estimate


def oxygen_at(history, rules, stay, minute, held):
    """The two bounds, FiO2 and the three flags."""
    found = {"provisional": False, "oxygen_assumed": False, "fio2_estimated": False, "fio2_at_least_040": None}
    at_least, at_most = 0, 4
    if held is not None:
        at_least, at_most = oxygen_class(held["device"], held["flow"], held["fio2"], held["reason"])
        fio2, found["fio2_estimated"] = fio2_of(held, rules)
        if fio2 is not None:
            found["fio2_at_least_040"] = fio2 >= 0.40
    spo2 = last(taken_in(history, "spo2", stay, minute))
    if valid(spo2, minute, rules["spo2_valid_h"]):
        if spo2["value"] < 90 and at_least == 0:
            at_least, at_most = 1, max(1, at_most)
            found["provisional"] = True
        wants = rules["oxygen_uncharted"] == "none_if_spo2_at_least_92"
        if wants and held is None and spo2["value"] >= 92:
            at_least = at_most = 0
            found["oxygen_assumed"] = True
    if attribution(history, stay, minute, "oxygen") == "no":
        at_least = at_most = 0
        found["provisional"] = found["oxygen_assumed"] = False
    return {"oxygen": at_least, "oxygen_at_most": at_most, **found}


def attribution(history, stay, minute, sign):
    row = last(taken_in(history, f"attribution_{sign}", stay, minute))
    return row["value"] if row else None


# -------------------------------------------------------------------------------------------------------- neurology


def uses(history, course):
    """Which of the two instruments counts for this patient; both where the age is unknown."""
    age = course["age_y"]
    if history["patient"].get("developmental_delay"):
        return {"uses_ice": False, "uses_capd": True}
    return {"uses_ice": age is None or age >= 12, "uses_capd": age is None or age < 12}


def neurology_at(history, course, rules, stay, minute):
    def item(name, hours):
        row = last(taken_in(history, name, stay, minute))
        if name == "ice" and row is not None and int(row["value"]) < 10:
            hours = rules["ice_low_valid_h"]
        return row["value"] if valid(row, minute, hours) else None

    names = ("ice", "capd", "consciousness", "seizure", "motor_weakness", "oedema")
    found = {name: item(name, rules["ice_valid_h" if name in ("ice", "capd") else "neuro_valid_h"]) for name in names}
    for name in ("ice", "capd"):
        if found[name] is not None:
            found[name] = int(found[name])
    if found["consciousness"] == "sedated":
        found["consciousness"] = found["ice"] = found["capd"] = None
    instruments = uses(history, course)
    wrong = [name for name in ("ice", "capd") if not instruments[f"uses_{name}"]]
    normal = {"consciousness": "awake", "seizure": "none", "motor_weakness": "no", "oedema": "none"}
    for name in wrong:
        found[name] = None
    if rules["neuro_uncharted"] == "none_if_scored" and (found["ice"] is not None or found["capd"] is not None):
        for name in ("seizure", "motor_weakness", "oedema"):
            found[name] = normal[name] if found[name] is None else found[name]
    if attribution(history, stay, minute, "neurotoxicity") == "no":
        found = {"ice": 10, "capd": 0, **normal}
        for name in wrong:
            found[name] = None
    return found


# ---------------------------------------------------------------------------------------------------------- episode


def masking_doses(history, stay, minute):
    """Groups of the masking drugs taken in at this minute."""
    groups = set()
    for row in known(history["drugs"], stay, minute):
        if row["arrived"] == minute and (row["mode"] == "dose" or row["rate"] is None or row["rate"] > 0):
            if row["drug"] in facts.ANTIPYRETICS:
                groups.add("antipyretic")
            if row["drug"] in facts.STEROIDS:
                groups.add("steroid")
            if row["drug"] in facts.ANTICYTOKINES:
                groups.add("anticytokine")
    return groups


def close(memory):
    if memory.open:
        memory.fever_before_infusion = False
    memory.open, memory.waived, memory.opened_at = False, False, None
    memory.last_fever = memory.last_criterion = memory.last_antipyretic = memory.last_steroid = -inf


def may_open(course, rules, memory, minute, signs, new_reading):
    if minute < 0 or signs["fever"] is not True:
        return False
    if course["set_by"] != "infusion":
        return True
    if minute > rules["search_days"] * 1440:
        return False
    if not memory.prior_fever:
        return True
    fever_free = new_reading is not None and (
        new_reading["read"] - memory.last_febrile_read >= 60 * rules["fever_free_h"]
    )
    return fever_free or signs["hypotension"] is True or signs["vasopressors_all"] >= 1 or signs["oxygen"] >= 1


def episode_at(history, course, rules, memory, stay, minute, signs, temperature, new_readings):
    """Moves the episode on by one minute. `new_readings` are the temperatures taken in at this minute, in order."""
    attributable = attribution(history, stay, minute, "fever") != "no"
    for row in new_readings[:-1]:
        if row["value"] >= rules["fever"] and attributable:
            memory.last_febrile_read = row["read"]
    if memory.open:
        groups = masking_doses(history, stay, minute)
        if groups & {"steroid", "anticytokine"} or ("antipyretic" in groups and rules["waiver_drugs"] == "all"):
            memory.waived = True
        if "antipyretic" in groups:
            memory.last_antipyretic = minute
        if groups & {"steroid", "anticytokine"}:
            memory.last_steroid = minute
    elif may_open(course, rules, memory, minute, signs, last(new_readings)):
        memory.open, memory.opened_at = True, minute
        memory.prior_fever = False  # the rule speaks of the first episode after the infusion
    holds = signs["fever"] is True or signs["hypotension"] is True
    holds = holds or signs["vasopressors_all"] >= 1 or signs["oxygen"] >= 1
    if memory.open:
        if signs["fever"] is True:
            memory.last_fever = minute
        if holds:
            memory.last_criterion = minute
        elif (
            minute - memory.last_criterion >= 60 * rules["resolve_h"]
            and minute - memory.last_antipyretic >= 60 * rules["mask_antipyretic_h"]
            and minute - memory.last_steroid >= 60 * rules["mask_steroid_h"]
            and temperature is not None
            and temperature["value"] < rules["fever"]
        ):
            close(memory)
    if new_readings and new_readings[-1]["value"] >= rules["fever"] and attributable:
        memory.last_febrile_read = new_readings[-1]["read"]
    if -60 * rules["prior_fever_h"] <= minute < 0 and signs["fever"] is True and course["set_by"] == "infusion":
        memory.prior_fever = memory.fever_before_infusion = True


# ------------------------------------------------------------------------------------------------------- one minute


def nothing_known():
    return {
        "fever": None,
        "hypotension": None,
        "vasopressors": 0,
        "vasopressors_at_most": 2,
        "vasopressors_all": 0,
        "vasopressors_all_at_most": 2,
        "oxygen": 0,
        "oxygen_at_most": 4,
        "fio2_at_least_040": None,
        "ice": None,
        "capd": None,
        "consciousness": None,
        "seizure": None,
        "motor_weakness": None,
        "oedema": None,
        "uses_ice": False,
        "uses_capd": False,
        "fever_before_infusion": False,
        "isolated_low_pressure": False,
        "provisional": False,
        "oxygen_assumed": False,
        "fio2_estimated": False,
    }


def possibly_open(history, rules, memory, stay, minute, signs):
    """Whether an episode that has begun may still be open: nothing unknown was there for as long as a closing asks."""
    groups = masking_doses(history, stay, minute)
    if memory.may_be_open:
        if groups & {"steroid", "anticytokine"} or ("antipyretic" in groups and rules["waiver_drugs"] == "all"):
            memory.may_be_waived = True
        if "antipyretic" in groups:
            memory.last_antipyretic_maybe = minute
        if groups & {"steroid", "anticytokine"}:
            memory.last_steroid_maybe = minute
    elif memory.open:
        memory.may_be_open, memory.may_be_waived = True, False
        memory.last_antipyretic_maybe = memory.last_steroid_maybe = -inf
    if signs["fever"] is not False:
        memory.last_possible_fever = minute
    unknown = signs["fever"] is not False or signs["hypotension"] is not False
    if unknown or signs["vasopressors_all_at_most"] >= 1 or signs["oxygen_at_most"] >= 1:
        memory.last_possible_criterion = minute
    surely_over = (
        minute - memory.last_possible_criterion >= 60 * rules["resolve_h"]
        and minute - memory.last_antipyretic_maybe >= 60 * rules["mask_antipyretic_h"]
        and minute - memory.last_steroid_maybe >= 60 * rules["mask_steroid_h"]
    )
    if surely_over and not memory.open:
        memory.may_be_open = False


def waiver(history, memory):
    """Whether the fever is waived; unknown once an episode has begun where no drug table says what was given, and while
    an episode may still be open in which a masking drug may have been given."""
    memory.ever_open = memory.ever_open or memory.open
    if memory.open and memory.waived:
        return True
    if memory.may_be_open and memory.may_be_waived:
        return None
    return None if memory.ever_open and not drug_table_covers(history) else False


def carried(rules, memory, minute, signs):
    """Whether a fever that came down by itself still opens the table; unknown where there may have been one."""
    since = 60 * rules["fever_carry_h"]
    supported = signs["vasopressors_all"] >= 1 or signs["oxygen"] >= 1
    if memory.open and (minute - memory.last_fever < since or (signs["fever"] is None and supported)):
        return True
    maybe_supported = signs["vasopressors_all_at_most"] >= 1 or signs["oxygen_at_most"] >= 1
    maybe = minute - memory.last_possible_fever < since or (signs["fever"] is None and maybe_supported)
    return None if memory.may_be_open and maybe else False


def known_by_day(rows, drugs):
    """The minute from which such a row is known."""
    return min((row["arrived"] for row in rows if row["precision"] == "day" and row["drug"] in drugs), default=inf)


def drug_table_covers(history):
    """Whether no row proves no drug."""
    return {"drugs", "stays"} <= history["supplied"] and not history["doubtful"]


def signs_at(history, course, rules, memory, minute):
    history["doubtful"] = minute >= history["doubtful_from"]
    history["care_doubtful"] = minute >= history["care_doubtful_from"]
    signs = {"minute": minute, "covered": True, **nothing_known(), **uses(history, course)}
    stay = stay_at(history, minute)
    if stay is None:
        close(memory)
        memory.may_be_open = False
        memory.may_run_since = {}
        memory.running_since, memory.device, memory.intubations = {}, None, []
        signs.update(covered=False, episode_open=False, fever_carried=False)
        signs["fever_waived"] = waiver(history, memory)
        return {**signs, "fever_before_infusion": memory.fever_before_infusion}

    held_temperatures = taken_in(history, "temperature", stay, minute)
    temperature = last(held_temperatures)
    if not valid(temperature, minute, rules["temperature_valid_h"]):
        temperature = None
    if temperature is not None:
        signs["fever"] = temperature["value"] >= rules["fever"]
    if attribution(history, stay, minute, "fever") == "no":
        signs["fever"] = False

    held = device_at(history, rules, stay, minute)
    if held is not None and held["device"] == "ventilator" and memory.device not in (None, "ventilator"):
        memory.intubations.append(minute)
    memory.device = held["device"] if held else None

    pressor_runs = False
    if "drugs" in history["supplied"]:
        counts, pressor_runs = vasopressors_at(history, rules, memory, stay, minute)
        signs.update(counts)
        if history["doubtful"]:
            signs.update(vasopressors_at_most=2, vasopressors_all_at_most=2)
    signs["hypotension"], signs["isolated_low_pressure"] = hypotension_at(
        history, course, rules, stay, minute, pressor_runs
    )
    if attribution(history, stay, minute, "hypotension") == "no":
        signs.update(hypotension=False, isolated_low_pressure=False)
        signs.update({name: 0 for name in signs if name.startswith("vasopressors")})

    signs.update(oxygen_at(history, rules, stay, minute, held))
    signs.update(neurology_at(history, course, rules, stay, minute))

    new_readings = [row for row in held_temperatures if row["arrived"] == minute]
    episode_at(history, course, rules, memory, stay, minute, signs, temperature, new_readings)
    possibly_open(history, rules, memory, stay, minute, signs)
    signs["episode_open"] = memory.open
    signs["fever_waived"] = waiver(history, memory)
    signs["fever_carried"] = carried(rules, memory, minute, signs)
    signs["fever_before_infusion"] = memory.fever_before_infusion
    return signs
