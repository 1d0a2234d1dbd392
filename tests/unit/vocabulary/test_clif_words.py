"""Every category of the two published CLIF vocabularies that tocsin needs has its meaning."""

import pytest

from tocsin import vocabulary


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("IMV", "imv", "ventilator"),
        ("NIPPV", "nippv", "bipap"),
        ("CPAP", "cpap", "cpap"),
        ("High Flow NC", "hfnc", "hfnc"),
        ("Face Mask", "face_mask", "face_mask"),
        ("Trach Collar", "trach_collar", "trach_collar"),
        ("Nasal Cannula", "nasal_cannula", "nasal_cannula"),
        ("Room Air", "room_air", "room_air"),
        ("Other", "other", "other"),
        (None, "blow_by", "blow_by"),
        (None, "t_piece", "t_piece"),
    ],
)
def test_published_device_categories(old, new, name):
    for word in (old, new):
        if word is not None:
            device = vocabulary.device(word)
            assert device is not None
            assert device.name == name
    assert (vocabulary.devices()[name].clif_2_1 or None, vocabulary.devices()[name].clif_3_0) == (old, new)


@pytest.mark.parametrize(
    ("category", "group"),
    [
        ("norepinephrine", "vasopressor"),
        ("epinephrine", "vasopressor"),
        ("phenylephrine", "vasopressor"),
        ("dopamine", "vasopressor"),
        ("angiotensin", "vasopressor"),
        ("vasopressin", "vasopressin"),
        ("dobutamine", "inotrope"),
        ("milrinone", "inotrope"),
        ("isoproterenol", "inotrope"),
        ("tocilizumab", "anticytokine"),
        ("anakinra", "anticytokine"),
        ("siltuximab", "anticytokine"),
        ("baricitinib", "anticytokine"),
        ("dexamethasone", "steroid"),
        ("methylprednisolone", "steroid"),
        ("hydrocortisone", "steroid"),
        ("axicabtagene_ciloleucel", "car_t"),
        ("brexucabtagene_autoleucel", "car_t"),
        ("ciltacabtagene_autoleucel", "car_t"),
        ("idecabtagene_vicleucel", "car_t"),
        ("lisocabtagene_maraleucel", "car_t"),
        ("tisagenlecleucel", "car_t"),
        ("acetaminophen", "antipyretic"),
        ("sodium chloride", "fluid"),
        ("sodium_chloride", "fluid"),
        ("dextrose_in_water_d5w", "fluid"),
        ("dextrose_5_water", "fluid"),
    ],
)
def test_published_drug_categories(category, group):
    drug = vocabulary.drug(category)
    assert drug is not None
    assert drug.group == group


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("temp_c", "temperature"),
        ("heart_rate", "heart_rate"),
        ("sbp", "systolic"),
        ("dbp", "diastolic"),
        ("spo2", "spo2"),
        ("respiratory_rate", "respiratory_rate"),
        ("map", "mean_pressure"),
        ("height_cm", "height"),
        ("weight_kg", "weight"),
        ("interleukin_06", "il6"),
        ("crp", "crp"),
        ("ferritin", "ferritin"),
        ("ldh", "ldh"),
        ("creatinine", "creatinine"),
        ("platelet_count", "platelets"),
        ("fibrinogen", "fibrinogen"),
        ("triglycerides", "triglycerides"),
        ("lactate", "lactate"),
    ],
)
def test_published_variable_categories(category, name):
    variable = vocabulary.variable(category)
    assert variable is not None
    assert variable.name == name


@pytest.mark.parametrize("category", ["intracranial_pressure", "pulse_pressure_variation"])
def test_new_vitals_of_3_0_are_not_needed(category):
    assert category in vocabulary.not_needed("variable")


@pytest.mark.parametrize("action", ["dose_change", "going", "start", "stop", "verify", "given", "bolus", "not_given"])
def test_published_actions(action):
    assert action in vocabulary.word_spellings("action")
    assert "other" not in vocabulary.word_spellings("action")
