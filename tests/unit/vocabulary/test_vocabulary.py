"""The vocabulary against the contracts, the unit list and the specification; aliases have one meaning each."""

import subprocess
import sys
from typing import get_args

import pytest

from tocsin import vocabulary
from tocsin.sources import Tag
from tocsin.tables import ASSESSMENTS, DRUGS, ITEMS, MEASUREMENTS, OUTCOMES, PATIENTS, STAYS, SUPPORTS, Table
from tocsin.units import CONVERSIONS, conversion

TAGS = set(get_args(Tag))
UNIT_NAMES = {"crp": "CRP"}


def choices(table: Table, column: str) -> set[str]:
    return set(next(c.choices for c in table.columns if c.name == column))


def entries():
    return [
        *vocabulary.variables().values(), *vocabulary.drugs().values(), *vocabulary.devices().values(),
        *vocabulary.units(),
    ]  # fmt: skip


def test_every_line_carries_an_evidence_tag():
    assert {entry.tag for entry in entries()} <= TAGS


def test_fixed_device_names_are_all_there_and_nothing_else():
    assert list(vocabulary.devices()) == [
        "room_air", "nasal_cannula", "blow_by", "hfnc", "simple_mask", "face_tent", "aerosol_mask", "venturi",
        "partial_rebreather", "non_rebreather", "face_mask", "trach_collar", "t_piece", "tracheostomy_tube", "cpap",
        "bipap", "ventilator", "ecmo", "other", "unrecognised",
    ]  # fmt: skip


def test_oxygen_rules_and_drug_groups_are_closed_sets():
    assert {device.oxygen for device in vocabulary.devices().values()} == set(vocabulary.OXYGEN_RULES)
    assert {drug.group for drug in vocabulary.drugs().values()} == set(vocabulary.DRUG_GROUPS)
    assert {d.name for d in vocabulary.devices().values() if d.oxygen == "none"} == {"room_air"}


@pytest.mark.parametrize(
    ("name", "oxygen", "fio2"),
    [
        ("room_air", "none", 0.21), ("nasal_cannula", "by_flow", 0.30), ("blow_by", "low", 0.30),
        ("hfnc", "by_flow", 0.50), ("simple_mask", "high", 0.40), ("venturi", "high", None),
        ("partial_rebreather", "high", 0.60), ("non_rebreather", "high", 0.80), ("tracheostomy_tube", "high", None),
        ("trach_collar", "by_fio2", None), ("t_piece", "by_fio2", None), ("cpap", "positive_pressure", 0.50),
        ("bipap", "positive_pressure", 0.50), ("ventilator", "ventilator", 0.60), ("ecmo", "ventilator", 0.60),
        ("other", "unknown_oxygen", None), ("unrecognised", "unrecognised", None),
    ],
)  # fmt: skip
def test_devices_as_in_specification_1_4(name, oxygen, fio2):
    device = vocabulary.devices()[name]
    assert (device.oxygen, device.fio2) == (oxygen, fio2)


@pytest.mark.parametrize(
    ("name", "unit", "low", "high"),
    [
        ("temperature", "°C", 32, 43.5), ("systolic", "mmHg", 30, 300), ("diastolic", "mmHg", 10, 200),
        ("mean_pressure", "mmHg", 20, 250), ("heart_rate", "/min", 20, 300), ("spo2", "%", 40, 100),
        ("creatinine", "mg/dL", 0.05, 20), ("bilirubin", "mg/dL", 0.05, 80), ("ast", "U/L", 1, 20000),
        ("ldh", "U/L", 20, 30000), ("ferritin", "ng/mL", 1, 500000), ("crp", "mg/L", 0, 700),
        ("il6", "pg/mL", 0, 1000000), ("platelets", "10^9/L", 0, 2000), ("neutrophils", "10^9/L", 0, 100),
        ("haemoglobin", "g/dL", 2, 25), ("fibrinogen", "g/L", 0.1, 15), ("triglycerides", "mmol/L", 0.2, 50),
        ("weight", "kg", 2, 300),
    ],
)  # fmt: skip
def test_ranges_and_units_as_in_specification_5_1(name, unit, low, high):
    one = vocabulary.variables()[name]
    assert (one.unit, one.low, one.high) == (unit, low, high)


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("dexamethasone", 1),
        ("methylprednisolone", 0.1875),
        ("prednisone", 0.15),
        ("prednisolone", 0.15),
        ("hydrocortisone", 0.0375),
    ],
)
def test_steroid_equivalents_as_in_specification_5_6(name, factor):
    assert vocabulary.drugs()[name].dexamethasone_factor == factor


def test_only_steroids_have_a_dexamethasone_factor_and_all_do():
    with_factor = {d.name for d in vocabulary.drugs().values() if d.dexamethasone_factor is not None}
    assert with_factor == set(vocabulary.drugs_in("steroid"))


def test_what_counts_as_a_vasopressor_as_in_specification_1_3():
    counted = {drug.name for drug in vocabulary.drugs().values() if drug.counts_as_vasopressor}
    assert counted == {
        "norepinephrine", "epinephrine", "phenylephrine", "dopamine", "metaraminol", "angiotensin_ii", "ephedrine",
        "vasopressin", "terlipressin", "posterior_pituitary",
    }  # fmt: skip
    assert set(vocabulary.drugs_in("inotrope")) == {"dobutamine", "milrinone", "levosimendan", "isoproterenol"}


def test_units_of_variables_are_units_that_units_py_converts_to():
    kept = {c.kept for c in CONVERSIONS}
    plain = {"mmHg", "/min", "%", "U/L", "mmol/L"}
    assert {one.unit for one in vocabulary.variables().values()} <= kept | plain
    dimensions = {u.unit for u in vocabulary.units() if u.dimension not in ("dose", "rate")}
    known = {c.given.split(" ")[0] for c in CONVERSIONS} | kept | plain
    assert dimensions <= known


def test_dose_and_rate_units_are_exactly_those_of_the_drugs_table():
    for dimension, column in (("dose", "dose_unit"), ("rate", "rate_unit")):
        assert {u.unit for u in vocabulary.units() if u.dimension == dimension} == choices(DRUGS, column)


@pytest.mark.parametrize(
    ("kind", "table", "column"),
    [
        ("method", MEASUREMENTS, "method"),
        ("site", MEASUREMENTS, "site"),
        ("sex", PATIENTS, "sex"),
        ("stay", STAYS, "kind"),
        ("reason", SUPPORTS, "reason"),
        ("precision", SUPPORTS, "precision"),
        ("mode", DRUGS, "mode"),
        ("item", ASSESSMENTS, "item"),
        ("what", OUTCOMES, "what"),
    ],
)
def test_words_are_exactly_the_choices_of_the_contracts(kind, table, column):
    assert set(vocabulary.word_spellings(kind).values()) == choices(table, column)


def test_words_of_assessments_are_those_of_the_contract():
    for item, words in ITEMS.items():
        kind = "attribution" if item.startswith("attribution") else item
        if words:
            assert set(vocabulary.word_spellings(kind).values()) == set(words)


def test_no_spelling_has_two_meanings():
    # each loader raises ValueError on a second meaning; the planted one shows that it does
    for load in (
        vocabulary.variable_spellings,
        vocabulary.drug_spellings,
        vocabulary.device_spellings,
        vocabulary.unit_spellings,
    ):
        assert load()
    for kind in vocabulary.word_kinds():
        assert vocabulary.word_spellings(kind)
    twice = [vocabulary.drugs()["epinephrine"], vocabulary.drugs()["norepinephrine"]]
    with pytest.raises(ValueError, match="both"):
        vocabulary.spellings(twice, {"norepinephrine": ("Adrenaline",)})


def test_what_is_needed_is_not_called_not_needed():
    assert not vocabulary.not_needed("drug") & set(vocabulary.drug_spellings())
    assert not vocabulary.not_needed("variable") & set(vocabulary.variable_spellings())


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("肾上腺素", "epinephrine"), ("去甲肾上腺素", "norepinephrine"), ("异丙肾上腺素", "isoproterenol"),
        ("去氧肾上腺素", "phenylephrine"), ("垂体后叶素", "posterior_pituitary"),
        ("间羟胺", "metaraminol"), ("多巴胺", "dopamine"),
        ("多巴酚丁胺", "dobutamine"), ("托珠单抗", "tocilizumab"), ("ＴＯＣＩＬＩＺＵＭＡＢ", "tocilizumab"),
        ("  Norepinephrine  ", "norepinephrine"), ("Sodium　Chloride", "sodium_chloride"),
    ],
)  # fmt: skip
def test_drugs_match_exactly_after_normalising(word, name):
    found = vocabulary.drug(word)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("word", ["norepinephrin", "肾上腺", "甲肾上腺素", "noradrenaline drip x", ""])
def test_words_that_nearly_match_do_not(word):
    assert vocabulary.drug(word) is None


@pytest.mark.parametrize("word", ["Nasal Canula?", "Room-Air", "鼻导", "NCC", "IMV?"])
def test_a_respelled_device_is_no_device(word):
    assert vocabulary.device(word) is None


@pytest.mark.parametrize(
    ("word", "unit", "factor"),
    [
        ("℃", "°C", 1), ("１０³/µL", "10^3/uL", 1), ("10^3/µL\t", "10^3/uL", 1), ("units/hour", "U/min", 1 / 60),
        ("mcg/kg/min", "ug/kg/min", 1), ("µg/min", "ug/min", 1), ("ng/kg/min", "ug/kg/min", 0.001),
        ("×10⁶/kg", "cells/kg", 1e6),
    ],
)  # fmt: skip
def test_units_by_spelling(word, unit, factor):
    found = vocabulary.unit(word)
    assert found is not None
    assert (found.unit, found.factor) == (unit, factor)


@pytest.mark.parametrize("word", ["度", "dose", "mu/min", "IU/mL", "M/uL"])
def test_units_that_could_mean_two_things_are_unknown(word):
    assert vocabulary.unit(word) is None


@pytest.mark.parametrize(
    ("variable", "spelling", "value", "expected"),
    [
        ("temperature", "°F", 102.3, 39.056), ("systolic", "kPa", 12.0, 90.007), ("creatinine", "µmol/L", 88.42, 1.0),
        ("bilirubin", "umol/L", 17.1, 1.0), ("crp", "mg/dL", 3.0, 30.0), ("ferritin", "ug/L", 500.0, 500.0),
        ("platelets", "K/uL", 75.0, 75.0), ("neutrophils", "/uL", 500.0, 0.5), ("haemoglobin", "g/L", 90.0, 9.0),
        ("fibrinogen", "mg/dL", 150.0, 1.5), ("triglycerides", "mg/dL", 265.0, 2.992), ("il6", "ng/L", 7.0, 7.0),
        ("weight", "lb", 100.0, 45.36),
    ],
)  # fmt: skip
def test_spelling_to_conversion_to_value(variable, spelling, value, expected):
    import polars as pl

    given = vocabulary.unit(spelling)
    assert given is not None
    found = conversion(given.unit, vocabulary.variables()[variable].unit, UNIT_NAMES.get(variable, variable))
    assert found is not None
    made = pl.DataFrame({"value": [value]}).select(found.to(pl.col("value")).round(3)).item()
    assert made == expected


def test_loading_needs_no_polars():
    code = "import sys; from tocsin import vocabulary; vocabulary.drug('x'); sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
