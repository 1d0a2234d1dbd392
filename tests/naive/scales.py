"""Every scale as a ladder over one fully known row of signs, written from the tables of docs/signs.md; the bounds are
found by trying every completion of what is unknown.

A sign's values stand from harmless to worst. Two words hide what was not charted (a resolved seizure may have been
generalised, a raised pressure may be over 20 mmHg): such a word is a span of two hidden values.
"""

from functools import cache
from itertools import product

from naive.grades import CONSCIOUSNESS, MOTOR_WEAKNESS, OEDEMA, SEIZURE, capd_grade, ice_grade

TRUTH = (False, True)
BOUNDED = {
    "vasopressors": 2,
    "vasopressors_all": 2,
    "oxygen": 4,
    "fluids": 2,
    "creatinine_grade": 4,
    "transaminase_grade": 4,
    "organ_grade": 4,
}
SCORES = {"ice": tuple(range(10, -1, -1)), "cartox10": tuple(range(10, -1, -1)), "capd": tuple(range(33))}
WORDS = {
    "consciousness": ("awake", "to_voice", "to_touch", "unarousable"),
    "seizure": (
        "none",
        "nonconvulsive",
        "resolved_partial",
        "resolved",
        "resolved_generalised",
        "prolonged",
        "repetitive",
    ),
    "motor_weakness": ("no", "yes"),
    "papilloedema": ("none", "low", "high"),
    "oedema": ("none", "focal", "diffuse", "raised_pressure"),
}
# what CRES would have to know beyond the word; its order of harm differs from that of ICANS
CRES_WORDS = {
    "seizure": ("none", "nonconvulsive", "resolved_partial", "resolved_generalised", "prolonged", "repetitive"),
    "oedema": ("none", "raised_pressure, under 20", "raised_pressure, over 20", "focal", "diffuse"),
}


def values_of(name, scale):
    """Every value a sign can truly have, from harmless to worst."""
    if name in BOUNDED:
        return tuple(range(BOUNDED[name] + 1))
    if scale == "cres" and name in CRES_WORDS:
        return CRES_WORDS[name]
    return SCORES.get(name) or WORDS.get(name) or TRUTH


def completions(name, scale, signs):
    """Every value the sign may truly have in this row."""
    values = values_of(name, scale)
    if name in BOUNDED:
        return values[signs[name] : signs[f"{name}_at_most"] + 1]
    if signs[name] is None:
        return values
    if name in WORDS:
        same = tuple(value for value in values if value.split(",")[0] == signs[name])
        return same or tuple(value for value in values if value.startswith(f"{signs[name]}_"))
    return (signs[name],)


# ----------------------------------------------------------------------------------------------------- the ladders


def much_oxygen(s):
    return s["oxygen"] >= 1 and s["fio2_at_least_040"]


def astct_crs(s):
    if not (s["fever"] or s["fever_carried"] or s["fever_waived"]):
        return 0
    if s["vasopressors"] == 2 or s["oxygen"] >= 3:
        return 4
    if s["vasopressors"] == 1 or s["oxygen"] == 2:
        return 3
    if s["hypotension"] or s["oxygen"] == 1:
        return 2
    return 1 if s["fever"] else 0


def lee2014_crs(s):
    organ, enzymes = s["organ_grade"], s["transaminase_grade"]
    if s["oxygen"] == 4 or organ == 4:
        return 4
    if much_oxygen(s) or s["oxygen"] == 3:
        return 3
    if s["vasopressors_all"] == 2 or s["high_dose_lee"]:
        return 3
    if organ == 3 or enzymes in (3, 4):
        return 3
    if s["oxygen"] > 0 or s["hypotension"] or s["vasopressors_all"] == 1 or 2 in (organ, enzymes):
        return 2
    return 1 if s["fever"] else 0


def penn2018_crs(s):
    creatinine, enzymes = s["creatinine_grade"], s["transaminase_grade"]
    if s["high_dose_penn"] or s["oxygen"] == 4 or creatinine == 4:
        return 4
    if creatinine == 3 or enzymes == 4 or s["coagulation_product"]:
        return 3
    if s["vasopressors_all"] > 0 or s["oxygen"] > 0:
        return 3
    if s["hypotension"]:
        by_fluids = {0: 1, 1: 2, 2: 3}[s["fluids"]]
        if by_fluids == 3:
            return 3
    else:
        by_fluids = 0
    if creatinine == 2 or enzymes == 3 or s["iv_therapy"] or by_fluids == 2:
        return 2
    if s["fever"] or by_fluids == 1 or creatinine == 1 or enzymes == 2:
        return 1
    return 0


def ctcae403_crs(s):
    if s["vasopressors_all"] != 0 or s["oxygen"] in (3, 4) or s["creatinine_grade"] == 4:
        return 4
    if s["oxygen"] != 0 or s["coagulation_product"]:
        return 3
    if s["creatinine_grade"] in (2, 3) or s["transaminase_grade"] in (3, 4) or s["organ_grade"] in (3, 4):
        return 3
    if s["hypotension"] and s["fluids"] != 0:
        return 2
    if s["fever"]:
        return 2 if s["fever_waived"] else 1
    return 1 if s["hypotension"] else 0


def ctcae5_crs(s):
    if s["vasopressors_all"] == 2 or s["oxygen"] == 4:
        return 4
    if s["vasopressors_all"] == 1 or s["oxygen"] == 3 or much_oxygen(s):
        return 3
    if s["hypotension"] or s["oxygen"] != 0:
        return 2
    return 1 if s["fever"] else 0


def ctcae6_crs(s):
    by_oxygen = (0, 2, 3, 4, 4)[s["oxygen"]]
    by_pressure = (2 if s["hypotension"] else 0, 3, 4)[s["vasopressors_all"]]
    return max(by_oxygen, by_pressure, 1 if s["fever"] else 0)


def mskcc_crs(s):
    if s["oxygen"] == 4 or (s["hypotension"] and s["high_dose_lee"]):
        return 4
    if much_oxygen(s):
        return 3
    if s["vasopressors_all"] != 0:
        return 3 if s["pressors_long"] else 2
    if s["oxygen"] != 0:
        return 2
    return 1 if s["fever"] or s["hypotension"] else 0


def cartox_crs(s):
    if s["oxygen"] == 4:
        by_oxygen = 4
    elif s["oxygen"] == 3 or much_oxygen(s):
        by_oxygen = 3
    else:
        by_oxygen = 2 if s["oxygen"] else 0
    if s["vasopressors_all"] == 2 or s["high_dose_lee"]:
        by_pressure = 4 if s["hypotension"] else 3
    else:
        by_pressure = 2 if s["hypotension"] or s["vasopressors_all"] else 0
    by_liver = min(3, s["transaminase_grade"])  # grade 4 never gives more than 3
    return max(by_oxygen, by_pressure, by_liver, s["organ_grade"], 1 if s["fever"] else 0)


def astct_icans(s):
    found = [CONSCIOUSNESS[s["consciousness"]], SEIZURE[s["seizure"]]]
    found += [MOTOR_WEAKNESS[s["motor_weakness"]], OEDEMA[s["oedema"]]]
    if s["uses_ice"]:
        found.append(ice_grade(s["ice"]))
    if s["uses_capd"]:
        found.append(capd_grade(s["capd"]))
    return max(found)


def cres(s):
    if s["consciousness"] == "unarousable" or s["papilloedema"] == "high" or s["motor_weakness"] == "yes":
        return 4
    if s["oedema"] in ("focal", "diffuse", "raised_pressure, over 20"):
        return 4
    if s["seizure"] in ("prolonged", "repetitive", "resolved_generalised"):
        return 4
    if s["seizure"] != "none" or s["papilloedema"] == "low" or s["oedema"] == "raised_pressure, under 20":
        return 3
    return ice_grade(s["cartox10"])  # below 12 years it is unknown, and the rule book knows no other instrument


ASTCT = ("fever", "fever_carried", "fever_waived", "hypotension", "vasopressors", "oxygen")
LEE = ("fever", "hypotension", "vasopressors_all", "oxygen", "fio2_at_least_040", "high_dose_lee", "organ_grade",
       "transaminase_grade")  # fmt: skip
PENN = ("fever", "hypotension", "vasopressors_all", "oxygen", "high_dose_penn", "creatinine_grade",
        "transaminase_grade", "iv_therapy", "fluids", "coagulation_product")  # fmt: skip
MSKCC = ("fever", "hypotension", "vasopressors_all", "oxygen", "fio2_at_least_040", "high_dose_lee", "pressors_long")
LADDERS = {
    "astct_crs": (astct_crs, ASTCT),
    "china2023_crs": (astct_crs, ASTCT),
    "lee2014_crs": (lee2014_crs, LEE),
    "penn2018_crs": (penn2018_crs, PENN),
    "ctcae403_crs": (
        ctcae403_crs,
        ("fever", "fever_waived", "hypotension", "fluids", "vasopressors_all", "oxygen", "creatinine_grade",
         "transaminase_grade", "organ_grade", "coagulation_product"),
    ),
    "ctcae5_crs": (ctcae5_crs, ("fever", "hypotension", "vasopressors_all", "oxygen", "fio2_at_least_040")),
    "ctcae6_crs": (ctcae6_crs, ("fever", "hypotension", "vasopressors_all", "oxygen")),
    "mskcc_crs": (mskcc_crs, MSKCC),
    "cartox_crs": (cartox_crs, LEE),
    "cartox_ped_crs": (cartox_crs, LEE),
    "astct_icans": (
        astct_icans,
        ("uses_ice", "uses_capd", "ice", "capd", "consciousness", "seizure", "motor_weakness", "oedema"),
    ),
    "cres": (
        cres,
        ("cartox10", "consciousness", "seizure", "motor_weakness", "oedema", "papilloedema"),
    ),
}  # fmt: skip
LADDERS |= {
    f"{name}_final": LADDERS[name]
    for name in ("mskcc_crs", "lee2014_crs", "penn2018_crs", "cartox_crs", "cartox_ped_crs")
}


@cache
def _bounds(name, spans):
    ladder, signs = LADDERS[name]
    grades = {ladder(dict(zip(signs, values, strict=True))) for values in product(*spans)}
    return min(grades), max(grades)


def bounds(name, signs):
    """(grade, grade_at_most): the lowest and the highest grade among all completions of the row."""
    return _bounds(name, tuple(completions(sign, name, signs) for sign in LADDERS[name][1]))
