"""The two ASTCT scales as plain if-statements, from the paper's tables (Lee 2019, Tables 2 to 5).

A sign that is None is unknown: the first number is what is proved, the second what cannot be excluded.
"""


def astct_crs(signs):
    """(grade, grade_at_most, flags) from one minute's signs."""
    fever = signs["fever"]
    carried_or_waived = signs["fever_carried"] is True or signs["fever_waived"] is True
    hypotension = signs["hypotension"]
    vasopressors, vasopressors_at_most = signs["vasopressors"], signs["vasopressors_at_most"]
    oxygen, oxygen_at_most = signs["oxygen"], signs["oxygen_at_most"]
    flags = set()

    grade = 0
    if fever is True or carried_or_waived:
        if fever is True:
            grade = 1
        if hypotension is True:
            grade = 2
        if oxygen == 1:
            grade = 2
        if vasopressors == 1:
            grade = max(grade, 3)
        if oxygen == 2:
            grade = max(grade, 3)
        if vasopressors == 2:
            grade = 4
        if oxygen == 3 or oxygen == 4:
            grade = 4
        if grade == 0 and signs["fever_waived"] is True:
            flags.add("resolving")
    elif hypotension is True or vasopressors >= 1 or oxygen >= 1:
        flags.add("afebrile_alert")

    at_most = 0
    may_be_waived_or_carried = signs["fever_waived"] is None or signs["fever_carried"] is None
    if fever is not False or carried_or_waived or may_be_waived_or_carried:
        if fever is not False:
            at_most = 1
        if hypotension is not False:
            at_most = 2
        if oxygen_at_most == 1:
            at_most = 2
        if vasopressors_at_most == 1:
            at_most = max(at_most, 3)
        if oxygen_at_most == 2:
            at_most = max(at_most, 3)
        if vasopressors_at_most == 2:
            at_most = 4
        if oxygen_at_most == 3 or oxygen_at_most == 4:
            at_most = 4
    return grade, at_most, flags


def ice_grade(ice):
    if ice == 10:
        return 0
    if ice >= 7:
        return 1
    if ice >= 3:
        return 2
    return 3


def capd_grade(capd):
    if capd == 0:
        return 0
    if capd <= 8:
        return 1
    return 3


CONSCIOUSNESS = {"awake": 0, "to_voice": 2, "to_touch": 3, "unarousable": 4}
SEIZURE = {
    "none": 0, "resolved_partial": 3, "resolved": 3, "resolved_generalised": 3, "nonconvulsive": 3, "prolonged": 4,
    "repetitive": 4,
}  # fmt: skip
MOTOR_WEAKNESS = {"no": 0, "yes": 4}
OEDEMA = {"none": 0, "focal": 3, "diffuse": 4, "raised_pressure": 4}


def astct_icans(signs):
    """(grade, grade_at_most, flags) from one minute's signs. An instrument that this patient's age does not use is
    neither read nor missed; both are used where the age is unknown."""
    proved, possible = [], []

    if signs["uses_ice"]:
        if signs["ice"] is None:
            possible.append(3)
        else:
            proved.append(ice_grade(signs["ice"]))

    if signs["uses_capd"]:
        if signs["capd"] is None:
            possible.append(3)
        else:
            proved.append(capd_grade(signs["capd"]))

    if signs["consciousness"] is None:
        possible.append(4)
    else:
        proved.append(CONSCIOUSNESS[signs["consciousness"]])

    if signs["seizure"] is None:
        possible.append(4)
    else:
        proved.append(SEIZURE[signs["seizure"]])

    if signs["motor_weakness"] is None:
        possible.append(4)
    else:
        proved.append(MOTOR_WEAKNESS[signs["motor_weakness"]])

    if signs["oedema"] is None:
        possible.append(4)
    else:
        proved.append(OEDEMA[signs["oedema"]])

    grade = max(proved, default=0)
    return grade, max([grade, *possible]), set()
