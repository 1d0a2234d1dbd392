"""The signs that scales are written in, each defined once (docs/signs.md says how each comes about)."""

from tocsin.rules import Sign

THREE_STATES = (False, True, None)
fever = Sign("fever", "fever ≥ 38.0 °C", values=THREE_STATES)
fever_carried = Sign("fever_carried", "fever carried from earlier in the episode", values=THREE_STATES)
fever_waived = Sign(
    "fever_waived", "fever waived after an antipyretic, steroid or anticytokine drug", values=THREE_STATES
)
hypotension = Sign("hypotension", "hypotension", values=THREE_STATES)
vasopressors = Sign(
    "vasopressors",
    "running vasopressors (vasopressin counts only alone)",
    "bounded",
    classes=("none", "one", "two or more"),
    values=((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)),
)
oxygen = Sign(
    "oxygen",
    "oxygen support",
    "bounded",
    classes=("none", "low flow", "high flow or mask", "CPAP or BiPAP", "ventilator"),
    values=tuple((low, high) for low in range(5) for high in range(low, 5)),
)
uses_ice = Sign("uses_ice", "ICE applies (12 years and older)", values=(False, True))
uses_capd = Sign("uses_capd", "CAPD applies (under 12 or developmental delay)", values=(False, True))
ice = Sign("ice", "ICE score", "number", values=(*range(11), None))
capd = Sign("capd", "CAPD score", "number", values=(0, 1, 8, 9, 32, None))
consciousness = Sign(
    "consciousness", "consciousness", "word", values=("awake", "to_voice", "to_touch", "unarousable", None)
)
seizure = Sign(
    "seizure",
    "seizure",
    "word",
    values=(
        "none",
        "resolved_partial",
        "resolved",
        "resolved_generalised",
        "nonconvulsive",
        "prolonged",
        "repetitive",
        None,
    ),
)
motor_weakness = Sign("motor_weakness", "deep focal motor weakness", "word", values=("no", "yes", None))
oedema = Sign(
    "oedema", "raised pressure or oedema", "word", values=("none", "focal", "diffuse", "raised_pressure", None)
)
# the wide situation: worked out only when a scale reads one of these
_GRADES = tuple(f"grade {g}" for g in range(5))
_GRADE_PAIRS = tuple((low, high) for low in range(5) for high in range(low, 5))
vasopressors_all = Sign(
    "vasopressors_all",
    "running vasopressors, vasopressin counted",
    "bounded",
    classes=("none", "one", "two or more"),
    values=((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)),
)
fio2_at_least_040 = Sign("fio2_at_least_040", "FiO2 ≥ 0.40", values=THREE_STATES)
high_dose_lee = Sign("high_dose_lee", "high-dose vasopressor (Lee column) held 3 h", values=THREE_STATES)
high_dose_penn = Sign("high_dose_penn", "high-dose vasopressor (Penn column) held 3 h", values=THREE_STATES)
pressors_long = Sign("pressors_long", "24 h or more on vasopressors", values=THREE_STATES)
fluids = Sign(
    "fluids",
    "fluid boluses in 24 h",
    "bounded",
    classes=("none", "one", "several"),
    values=((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)),
)
coagulation_product = Sign("coagulation_product", "plasma, cryoprecipitate or fibrinogen given", values=THREE_STATES)
iv_therapy = Sign("iv_therapy", "in hospital or on intravenous therapy because of CRS", values=THREE_STATES)
creatinine_grade = Sign("creatinine_grade", "creatinine (CTCAE)", "bounded", classes=_GRADES, values=_GRADE_PAIRS)
transaminase_grade = Sign("transaminase_grade", "AST or ALT (CTCAE)", "bounded", classes=_GRADES, values=_GRADE_PAIRS)
organ_grade = Sign(
    "organ_grade", "worst organ but AST and ALT (CTCAE)", "bounded", classes=_GRADES, values=_GRADE_PAIRS
)
cartox10 = Sign("cartox10", "CARTOX-10 score", "number", values=(*range(11), None))
papilloedema = Sign("papilloedema", "papilloedema or CSF pressure", "word", values=("none", "low", "high", None))
first_weeks = Sign("first_weeks", "first three weeks", values=(False, True))
# flags only: they never set a grade
provisional = Sign("provisional", "saturation below 90 % without charted support", values=(False, True))
isolated_low_pressure = Sign("isolated_low_pressure", "hypotension rests on one isolated reading", values=(False, True))
fio2_estimated = Sign("fio2_estimated", "FiO2 estimated from device and flow", values=(False, True))
oxygen_assumed = Sign(
    "oxygen_assumed", "no oxygen row taken as none because the saturation is 92 or more", values=(False, True)
)
attribution_reviewed = Sign("attribution_reviewed", "a reviewer judged the cause of a sign", values=(False, True))
fever_before_infusion = Sign("fever_before_infusion", "fever in the 24 h before the infusion", values=(False, True))
pressor_silent = Sign("pressor_silent", "a vasopressor order without any row for 24 h", values=(False, True))
