"""The signs of the other scales, minute by minute, by looking back over all records from scratch at every minute.

`WideMemory` holds what the rule book itself counts: since when a column of high doses has held, and the minutes on
vasopressors. `final` reads the finished minutes once more, backwards.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import inf

from naive import facts
from naive.rates import is_high
from naive.signs import (
    DEFAULTS,
    Memory,
    attribution,
    drug_table_covers,
    known,
    last,
    not_held_back,
    order_states,
    read_history,
    signs_at,
    stay_at,
    taken_in,
    uses,
    valid,
)

DAY = 1440


@dataclass
class Count:
    """Minutes on vasopressors since the count last started anew."""

    begun: int | None = None  # first minute of the count
    last_on: float = -inf
    minutes: int = 0
    on: bool = False  # in the minute before

    def step(self, minute, running, pause):
        self.minutes += self.on  # a minute counts once it is over
        if running and not self.on and (self.begun is None or minute - self.last_on - 1 >= pause):
            self.begun, self.minutes = minute, 0
        if running:
            self.last_on = minute
        self.on = running
        return self.minutes


@dataclass
class WideMemory:
    """What the rule book asks to be counted or remembered."""

    high_since: dict = field(default_factory=lambda: {"lee": None, "penn": None})
    proved: Count = field(default_factory=Count)
    possible: Count = field(default_factory=Count)


def course_signs(tables, course, parameters, last_minute):
    """One dict of all signs, the narrow ones among them, for each minute 0..last_minute of the course."""
    rules = {**DEFAULTS, **parameters}
    history = read_history(tables, course, rules)
    prepare_grades(history, course, rules)
    memory, wide = Memory(), WideMemory()
    minutes = []
    for minute in range(history["first"], min(last_minute + 1, history["end"])):
        signs = signs_at(history, course, rules, memory, minute)
        signs.update(wide_at(history, course, rules, memory, wide, minute, signs))
        if minute >= 0:
            minutes.append(signs)
    return minutes


# ------------------------------------------------------------------------------------------------------------- labs


def exact(value):
    return Fraction(str(value))


def creatinine_grade(value, limit, baseline):
    """CTCAE v4.03; `limit` or `baseline` None: nobody knows it."""
    if limit is None:
        return 0 if baseline is None else 3 if value > 3 * baseline else 2 if value * 2 > 3 * baseline else 0, 4
    by_limit = 4 if value > 6 * limit else 3 if value > 3 * limit else 2 if value * 2 > 3 * limit else 0
    if value > limit:
        by_limit = max(by_limit, 1)
    if baseline is None:
        return by_limit, max(by_limit, 3)
    by_baseline = 3 if value > 3 * baseline else 2 if value * 2 > 3 * baseline else 0
    grade = max(by_limit, by_baseline)  # grade 1 by the baseline alone is not asked for
    return grade, grade


def multiple_grade(value, limit, edges):
    return sum(value > edge * limit for edge in edges)


def fibrinogen_grade(value, limit, baseline, unknown):
    grade = sum((value < limit, 4 * value < 3 * limit, 2 * value < limit, 4 * value < limit))
    if value < exact(0.5):
        grade = 4
    if baseline is not None:
        fall = 1 - value / baseline
        by_fall = 4 if fall >= exact(0.75) else 3 if fall >= exact(0.5) else 2 if fall >= exact(0.25) else int(fall > 0)
        grade = max(grade, by_fall)
    return grade, 4 if baseline is None and unknown else grade


def baseline_of(history, rules, variable):
    """The value, or None."""
    drugs = [r["read"] for r in history["before"]["drugs"] if r["drug"] in facts.LYMPHODEPLETION]
    first = min((r for r in drugs if -DAY * rules["lymphodepletion_days"] <= r < 0), default=None)
    candidates = [
        row
        for row in history["before"]["measurements"]
        if row["variable"] == variable
        and row["precision"] != "day"
        and row["arrived"] < 0
        and -DAY * rules["baseline_days"] <= row["read"] < 0
    ]
    before = [row for row in candidates if first is not None and row["read"] < first]
    candidates = before or candidates
    if not candidates:
        return None
    sign = 1 if variable == "fibrinogen" else -1  # the harmless one of two
    return exact(max(candidates, key=lambda row: (row["time"], sign * row["value"]))["value"])


def lab_grade(variable, value, baseline, rules, age):
    """(low, high) of one reading."""
    value, unknown = exact(value), rules["baseline_missing"] == "unknown"
    if variable == "fibrinogen":
        return fibrinogen_grade(value, exact(rules["lln_fibrinogen"]), baseline, unknown)
    limit = exact(rules[f"uln_{variable}"])
    if variable == "creatinine":
        limit = None if age is None or age < rules["adult_from_y"] else limit
        return creatinine_grade(value, limit, limit if baseline is None and not unknown else baseline)
    edges = (1, exact(1.5), 3, 10) if variable == "bilirubin" else (1, 3, 5, 20)
    grade = multiple_grade(value, limit, edges)
    return grade, grade


def prepare_grades(history, course, rules):
    """Every lab reading and charted grade as a reading that carries its two bounds; the worse one is the badder."""
    readings = history["readings"]
    baselines = {variable: baseline_of(history, rules, variable) for variable in facts.LABS}
    for row in history["measurements"]:
        variable = row["variable"]
        if variable in facts.LABS:
            bounds = lab_grade(variable, row["value"], baselines[variable], rules, course["age_y"])
            readings.setdefault(f"{variable}_lab", []).append({**row, "bounds": bounds})
    for row in history["assessments"]:
        item, value = row["item"], row["value"]
        if item == "dialysis":
            if value == "no":
                continue
            item, value = "ctcae_creatinine", "4"
        if item in facts.CHARTED:
            readings.setdefault(item, []).append({**row, "bounds": (int(value), int(value))})
    for name in (*(f"{variable}_lab" for variable in facts.LABS), *facts.CHARTED):
        for row in readings.get(name, []):
            row["badness"] = (-row["bounds"][0], -row["bounds"][1])


def organs_at(history, rules, stay, minute):
    """The three pairs of bounds."""

    def bounds(name):
        row = last(taken_in(history, name, stay, minute))
        return row["bounds"] if valid(row, minute, rules["lab_valid_h"]) else None

    def worst(pairs, enough):
        low = max((pair[0] for pair in pairs), default=0)
        return low, max(pair[1] for pair in pairs) if enough else 4

    if attribution(history, stay, minute, "organ") == "no":
        found = {"creatinine_grade": (0, 0), "transaminase_grade": (0, 0), "organ_grade": (0, 0)}
    else:
        creatinine = [b for b in (bounds("creatinine_lab"), bounds("ctcae_creatinine")) if b]
        enzymes = [b for b in (bounds("ast_lab"), bounds("alt_lab")) if b]
        charted = [b for b in (bounds("ctcae_transaminase"),) if b]
        bilirubin = [b for b in (bounds("bilirubin_lab"),) if b]
        clotting = [b for b in (bounds("fibrinogen_lab"),) if b]
        judged = [b for b in (bounds("ctcae_organ"),) if b]
        rest = bool(judged) or (bool(bilirubin) and bool(clotting))
        found = {
            "creatinine_grade": worst(creatinine, bool(creatinine)),
            "transaminase_grade": worst(enzymes + charted, bool(charted) or len(enzymes) == 2),
            "organ_grade": worst(creatinine + bilirubin + clotting + judged, bool(creatinine) and rest),
        }
    return {
        column: value
        for name, (low, high) in found.items()
        for column, value in ((name, low), (f"{name}_at_most", high))
    }


# ---------------------------------------------------------------------------------------------- products and fluids


def care_is_covered(history):
    return drug_table_covers(history) and not history["care_doubtful"]


def product_at(history, rules, stay, minute):
    if attribution(history, stay, minute, "organ") == "no":
        return False
    for row in known(history["drugs"], stay, minute):
        given = row["mode"] == "dose" or row["rate"] is None or row["rate"] > 0
        if row["drug"] in facts.COAGULATION and given and minute < row["read"] + 60 * rules["product_h"]:
            return True
    return False if care_is_covered(history) else None


def fluids_at(history, course, rules, stay, minute):
    """(proved, at most)."""
    enough = rules["bolus_ml"]
    if course["weight_kg"] is not None:
        enough = min(enough, rules["bolus_ml_per_kg"] * course["weight_kg"])
    proved = possible = 0
    for row in known(history["drugs"], stay, minute):
        if row["drug"] not in facts.FLUIDS or row["mode"] != "dose":
            continue
        if minute >= row["read"] + 60 * rules["fluid_window_h"]:
            continue
        if row["dose"] is None or row["dose_unit"] != "mL":
            possible += 1
        elif row["dose"] >= enough:
            proved, possible = proved + 1, possible + 1
    return min(2, proved), min(2, possible) if care_is_covered(history) else 2


# ------------------------------------------------------------------------------------- dose and time of vasopressors


def high_doses_at(history, course, rules, memory, wide, stay, minute, signs):
    exempt = attribution(history, stay, minute, "hypotension") == "no"
    states = order_states(history, rules, stay, minute) if "drugs" in history["supplied"] else []
    counting = not_held_back(rules, memory, minute)
    rows = [row for drug, state, row in states if state == "runs" and drug in counting]
    unsure = (
        not drug_table_covers(history)
        or any(state == "uncertain" for _, state, _ in states)
        or signs["vasopressors_all_at_most"] > signs["vasopressors_all"]
    )
    if course["weight_kg"] is None and signs["vasopressors_all"] >= 1:
        wide.high_since = dict.fromkeys(wide.high_since)
        return {name: None for column in wide.high_since for name in (f"high_dose_{column}", f"{column}_since")}
    found = {}
    for column, since in wide.high_since.items():
        if exempt or not is_high(column, rows, course["weight_kg"]):
            wide.high_since[column] = None
        elif since is None:
            wide.high_since[column] = minute
        since = wide.high_since[column]
        held = since is not None and minute >= since + 60 * rules["high_dose_h"]
        found[f"high_dose_{column}"] = True if held else None if unsure and not exempt else False
        found[f"{column}_since"] = since
    return found


def pressors_long_at(history, rules, wide, minute, signs):
    pause, enough = 60 * rules["resolve_h"], 60 * rules["pressor_long_h"]
    proved = wide.proved.step(minute, signs["vasopressors_all"] >= 1, pause) >= enough
    possible = wide.possible.step(minute, signs["vasopressors_all_at_most"] >= 1, pause) >= enough
    doubt = possible or not drug_table_covers(history)
    answer = True if proved else None if doubt else False
    return {"pressors_long": answer, "long_since": wide.proved.begun}


# -------------------------------------------------------------------------------------------------------- neurology


def cres_signs_at(history, course, rules, stay, minute, signs):
    instruments = uses(history, course)
    if attribution(history, stay, minute, "neurotoxicity") == "no":
        return {"cartox10": 10 if instruments["uses_ice"] else None, "papilloedema": "none"}
    row = last(taken_in(history, "cartox10", stay, minute))
    score = None
    if row is not None and instruments["uses_ice"]:
        hours = rules["ice_low_valid_h"] if int(row["value"]) < 10 else rules["ice_valid_h"]
        score = int(row["value"]) if valid(row, minute, hours) else None
    mind = last(taken_in(history, "consciousness", stay, minute))
    if valid(mind, minute, rules["neuro_valid_h"]) and mind["value"] == "sedated":
        score = None
    row = last(taken_in(history, "papilloedema", stay, minute))
    disc = row["value"] if valid(row, minute, rules["neuro_valid_h"]) else None
    scored = any(value is not None for value in (signs["ice"], signs["capd"], score))
    if disc is None and rules["neuro_uncharted"] == "none_if_scored" and scored:
        disc = "none"
    return {"cartox10": score, "papilloedema": disc}


# ------------------------------------------------------------------------------------------------------- one minute


def wide_at(history, course, rules, memory, wide, minute, signs):
    first_weeks = minute < DAY * rules["first_weeks_days"]
    stay = stay_at(history, minute)
    if stay is None:
        wide.high_since = {"lee": None, "penn": None}
        wide.proved, wide.possible = Count(), Count()
        return {
            "creatinine_grade": 0, "creatinine_grade_at_most": 4, "transaminase_grade": 0,
            "transaminase_grade_at_most": 4, "organ_grade": 0, "organ_grade_at_most": 4, "coagulation_product": None,
            "fluids": 0, "fluids_at_most": 2, "iv_therapy": None, "high_dose_lee": None, "high_dose_penn": None,
            "pressors_long": None, "cartox10": None, "papilloedema": None, "first_weeks": first_weeks,
            "lee_since": None, "penn_since": None, "long_since": None,
        }  # fmt: skip
    fluids, fluids_at_most = fluids_at(history, course, rules, stay, minute)
    care = last(taken_in(history, "crs_care", stay, minute))
    return {
        **organs_at(history, rules, stay, minute),
        "coagulation_product": product_at(history, rules, stay, minute),
        "fluids": fluids,
        "fluids_at_most": fluids_at_most,
        "iv_therapy": iv_therapy_at(care, rules, minute, signs),
        **high_doses_at(history, course, rules, memory, wide, stay, minute, signs),
        **pressors_long_at(history, rules, wide, minute, signs),
        **cres_signs_at(history, course, rules, stay, minute, signs),
        "first_weeks": first_weeks,
    }


def iv_therapy_at(care, rules, minute, signs):
    if valid(care, minute, rules["neuro_valid_h"]):
        return care["value"] == "iv_therapy"
    return False if signs["fever"] is False and signs["hypotension"] is False else None


def final(minutes):
    """The minutes as the scales that look ahead read them: what was proved later is true from where it began."""
    read = [dict(signs) for signs in minutes]
    for name, since in (
        ("high_dose_lee", "lee_since"),
        ("high_dose_penn", "penn_since"),
        ("pressors_long", "long_since"),
    ):
        # stretches that began in the same minute were proved together
        proved = {signs[since] for signs in minutes if signs[name] is True}
        for signs in read:
            if signs[since] is not None and signs[since] in proved:
                signs[name] = True
    return read
