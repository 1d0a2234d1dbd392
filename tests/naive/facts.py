"""Drugs and devices, typed in by hand from the clinical specification (sections 1.3, 1.4 and 5.5)."""

VASOPRESSORS = {
    "norepinephrine", "epinephrine", "phenylephrine", "dopamine", "metaraminol", "angiotensin_ii", "ephedrine",
    "vasopressin", "terlipressin", "posterior_pituitary",
}  # fmt: skip
# posterior pituitary extract is a vasopressin (specification 5.5)
NOT_A_SECOND_VASOPRESSOR = {"vasopressin", "terlipressin", "posterior_pituitary"}

ANTIPYRETICS = {
    "acetaminophen", "aspirin", "ibuprofen", "naproxen", "diclofenac", "indomethacin", "ketorolac", "metamizole",
    "lysine_aspirin", "compound_aminopyrine",
}  # fmt: skip
STEROIDS = {"dexamethasone", "betamethasone", "methylprednisolone", "prednisone", "prednisolone", "hydrocortisone"}
ANTICYTOKINES = {
    "tocilizumab", "siltuximab", "sarilumab", "anakinra", "canakinumab", "emapalumab", "etanercept", "infliximab",
    "ruxolitinib", "baricitinib",
}  # fmt: skip

FLUIDS = {"sodium_chloride", "dextrose", "lactated_ringers", "plasma_lyte", "albumin"}
COAGULATION = {"plasma", "cryoprecipitate", "fibrinogen_concentrate"}
LYMPHODEPLETION = {"cyclophosphamide", "fludarabine", "bendamustine"}
# a row of these that is known to the day only makes the drug table prove nothing for the patient
DOUBTFUL_BY_DAY = VASOPRESSORS | ANTIPYRETICS | STEROIDS | ANTICYTOKINES
# and of these, that it proves nothing of fluids and coagulation products
CARE_DOUBTFUL_BY_DAY = FLUIDS | COAGULATION

MASKS_BY_FLOW = {"simple_mask", "face_tent", "aerosol_mask"}
FIXED_CLASS = {
    "room_air": 0,
    "blow_by": 1,
    "simple_mask": 2,
    "face_tent": 2,
    "aerosol_mask": 2,
    "venturi": 2,
    "partial_rebreather": 2,
    "non_rebreather": 2,
    "face_mask": 2,
    "tracheostomy_tube": 2,
    "cpap": 3,
    "bipap": 3,
    "ventilator": 4,
    "ecmo": 4,
}
# without a recorded FiO2, a flow or a table; None: nobody can say
FIO2_DEFAULT = {
    "room_air": 0.21,
    "nasal_cannula": 0.30,
    "blow_by": 0.30,
    "hfnc": 0.50,
    "simple_mask": 0.40,
    "face_tent": 0.40,
    "aerosol_mask": 0.40,
    "face_mask": 0.40,
    "partial_rebreather": 0.60,
    "non_rebreather": 0.80,
    "cpap": 0.50,
    "bipap": 0.50,
    "ventilator": 0.60,
    "ecmo": 0.60,
}
NOT_FOR_CRS = {"airway_protection", "known_sleep_apnoea", "procedure"}

WORSE_WORDS = {  # from harmless to worst; `sedated` hides the score, so it wins over every word of the same minute
    "consciousness": ("awake", "to_voice", "to_touch", "unarousable", "sedated"),
    "seizure": (
        "none",
        "resolved_partial",
        "resolved",
        "resolved_generalised",
        "nonconvulsive",
        "prolonged",
        "repetitive",
    ),
    "motor_weakness": ("no", "yes"),
    "oedema": ("none", "focal", "diffuse", "raised_pressure"),
    "attribution_fever": ("no", "unknown", "yes"),
    "attribution_hypotension": ("no", "unknown", "yes"),
    "attribution_oxygen": ("no", "unknown", "yes"),
    "attribution_neurotoxicity": ("no", "unknown", "yes"),
    "attribution_organ": ("no", "unknown", "yes"),
    "papilloedema": ("none", "low", "high"),
    "crs_care": ("none", "iv_therapy"),
}
METHOD_RANK = {"arterial": 0, "cuff": 1, "manual": 2, None: 3}
# variables and items that are turned into a grade before they are held
LABS = ("creatinine", "bilirubin", "ast", "alt", "fibrinogen")
CHARTED = ("ctcae_creatinine", "ctcae_transaminase", "ctcae_organ")
GRADED = {*LABS, *CHARTED, "dialysis"}
VARIABLES = ("temperature", "systolic", "mean_pressure", "spo2")
