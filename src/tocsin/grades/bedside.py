"""The signs that scales are written in, each defined once (docs/signs.md says how each comes about)."""

from tocsin.rules import Sign

THREE_STATES = (False, True, None)
fever = Sign("fever", "fever ≥ 38.0 °C", values=THREE_STATES)
fever_carried = Sign("fever_carried", "fever carried from earlier in the episode", values=(False, True))
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
    "seizure", "seizure", "word", values=("none", "resolved", "nonconvulsive", "prolonged", "repetitive", None)
)
motor_weakness = Sign("motor_weakness", "deep focal motor weakness", "word", values=("no", "yes", None))
oedema = Sign(
    "oedema", "raised pressure or oedema", "word", values=("none", "focal", "diffuse", "raised_pressure", None)
)
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
