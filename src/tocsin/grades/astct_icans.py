"""ASTCT consensus grading of immune effector cell-associated neurotoxicity syndrome (Lee 2019, Tables 3 to 5)."""

from tocsin.grades.bedside import capd, consciousness, ice, motor_weakness, oedema, seizure, uses_capd, uses_ice
from tocsin.rules import Scale
from tocsin.sources import LEE_2019

_ice, _capd = uses_ice.present(), uses_capd.present()

ASTCT_ICANS = Scale(
    "astct_icans",
    "ASTCT ICANS (Lee 2019)",
    LEE_2019,
    entry=None,
    table={
        1: {
            "ice": (_ice & ice.between(7, 9)).said("ICE 7 to 9"),
            "capd": (_capd & capd.between(1, 8)).said("CAPD 1 to 8"),
        },
        2: {
            "ice": (_ice & ice.between(3, 6)).said("ICE 3 to 6"),
            "consciousness": consciousness.one_of("to_voice").said("awakens to voice"),
        },
        3: {
            "ice": (_ice & ice.at_most(2)).said("ICE 0 to 2"),
            "capd": (_capd & capd.at_least(9)).said("CAPD 9 or more"),
            "consciousness": consciousness.one_of("to_touch").said("awakens only to touch"),
            "seizure": seizure.one_of("resolved_partial", "resolved", "resolved_generalised", "nonconvulsive").said(
                "seizure that resolves rapidly, or non-convulsive on EEG resolving with treatment"
            ),
            "oedema": oedema.one_of("focal").said("focal oedema on imaging"),
        },
        4: {
            "consciousness": consciousness.one_of("unarousable").said("unarousable, or needs vigorous touch"),
            "seizure": seizure.one_of("prolonged", "repetitive").said(
                "seizure over 5 minutes, or repetitive without return to baseline"
            ),
            "motor": motor_weakness.one_of("yes").said("deep focal motor weakness"),
            "oedema": oedema.one_of("diffuse", "raised_pressure").said(
                "diffuse oedema, posturing, sixth-nerve palsy, papilloedema or Cushing triad"
            ),
        },
    },
    signs=(uses_ice, uses_capd, ice, capd, consciousness, seizure, motor_weakness, oedema),
    notes=(
        "ICE 10 and all else normal is grade 0; ICE and CAPD are not graded under sedation: missing, not grade 4 [R].",
        "Under 12 years, and with developmental delay, CAPD replaces ICE [V2].",
        "A missing domain leaves the grade a lower bound and widens `grade_at_most` [R].",
    ),
)
