"""The catalogue: every row is there, says where it comes from and what no record shows, and is the same in TOML."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest

from tocsin.sources import TAG_WORDS
from tocsin.strategies import STRATEGIES
from tocsin.strategies.catalogue import CATALOGUE
from tocsin.studyfile import study_schema
from tocsin.when import Strategy

ROOT = Path(__file__).parents[3]
# name: drug, tag, scales, from the catalogue 4.2 and the labels 4.3 of the clinical specification
LEE, ASTCT = ("lee2014_crs",), ("astct_crs",)
EXPECTED = {
    "zhou2023_early": ("tocilizumab", "R", ()),
    "zhou2023_conventional": ("tocilizumab", "R", CATALOGUE["zhou2023_conventional"].scales),
    "lee2014": ("tocilizumab", "V2", LEE),
    "lee2014:steroid": ("dexamethasone", "V2", LEE),
    "cartox2018": ("tocilizumab", "V2", ("cartox_crs",)),
    "asco2021": ("tocilizumab", "V2", ASTCT),
    "asco2021:dexamethasone": ("dexamethasone", "V2", ASTCT),
    "asco2021:methylprednisolone": ("methylprednisolone", "V2", ASTCT),
    "nccn_prolonged": ("tocilizumab", "V2", ASTCT),
    "ebmt2022": ("tocilizumab", "Mm", ASTCT),
    "sitc2020": ("tocilizumab", "Ml", ASTCT),
    "gardner2019": ("tocilizumab", "Mm", ()),
    "kadauke2021": ("tocilizumab", "Mm", ()),
    "zuma1_c3": ("tocilizumab", "V2", ()),
    "zuma1_c4": ("tocilizumab", "Mh", LEE),
    "zuma1_c4:dexamethasone": ("dexamethasone", "Mh", ("lee2014_crs", "astct_icans")),
    "zuma1_c6": ("dexamethasone", "V", ()),
    "zuma1_c6:tocilizumab": ("tocilizumab", "Mh", LEE),
    "caimi2021": ("tocilizumab", "Mh", ()),
    "il6_zhang2022": ("tocilizumab", "V", ASTCT),
    "hay_preempt": ("tocilizumab", "Mh", ()),
    "anakinra_prophylaxis": ("anakinra", "V2", ()),
    "nci2016": ("tocilizumab", "V2", ()),
    "label:tisa-cel:2018": ("tocilizumab", "V", ()),
    "label:tisa-cel:2018:methylprednisolone": ("methylprednisolone", "V", ()),
    "label:axi-cel:2017": ("tocilizumab", "Mm", LEE),
    "label:axi-cel:2017:dexamethasone": ("dexamethasone", "Mm", LEE),
    "label:axi-cel:2017:methylprednisolone": ("methylprednisolone", "Mm", LEE),
    "label:axi-cel:2022": ("tocilizumab", "Mh", LEE),
    "label:axi-cel:2022:dexamethasone": ("dexamethasone", "Mh", LEE),
    "label:axi-cel:2022:methylprednisolone": ("methylprednisolone", "Mh", LEE),
    "label:brexu-cel:undated": ("tocilizumab", "Mm", LEE),
    "label:brexu-cel:undated:dexamethasone": ("dexamethasone", "Mm", LEE),
    "label:liso-cel:undated": ("tocilizumab", "Mh", LEE),
    "label:liso-cel:undated:dexamethasone": ("dexamethasone", "Mh", LEE),
    "label:ide-cel:undated": ("tocilizumab", "Mm", LEE),
    "label:ide-cel:undated:dexamethasone": ("dexamethasone", "Mm", LEE),
    "label:cilta-cel:undated": ("tocilizumab", "Mh", ASTCT),
    "label:cilta-cel:undated:dexamethasone": ("dexamethasone", "Mh", ASTCT),
}
NOT_VERIFIED = ("obe", "aucatzyl", "yikaida", "relma", "inati", "eque", "zevor", "teachey")


def test_every_row_and_no_other():
    assert {name: (rule.give, rule.tag, rule.scales) for name, rule in CATALOGUE.items()} == EXPECTED


def test_what_was_not_verified_is_not_encoded():
    modules = [path.stem for path in (ROOT / "src" / "tocsin" / "strategies").glob("*.py")]
    for name in (*CATALOGUE, *modules):
        assert not [word for word in NOT_VERIFIED if word in name.lower()], name
    said = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    assert "obecabtagene" in said.split("| rule |")[0]


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_rule_says_where_it_comes_from_and_speaks_two_languages(name):
    rule = CATALOGUE[name]
    assert rule.source
    assert rule.tag in TAG_WORDS
    assert (rule.version is not None) == name.startswith("label:")
    for part in (rule.version or "").split():
        assert part in name.split(":")
    for lang in ("en", "zh"):
        said = rule.sentence(lang)
        for one in (*(rule.unseen or ()), *(rule.provided or ())):
            assert one[lang] in said
    assert not [ch for ch in rule.sentence() if ord(ch) > 0x2E7F]
    both = [*(rule.left_open or ()), *filter(None, (rule.population, rule.dose)), *(rule.unseen or ())]
    assert all(one.en != one.zh for one in both)
    assert all(any(ord(ch) > 0x2E7F for ch in one.zh) for one in both)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("nci2016", ["ejection fraction", "aPTT", "bleeding", "creatine kinase", "dyspnoea"]),
        ("lee2014", ["comorbidity"]), ("asco2021", ["refractory"]), ("cartox2018", ["refractory", "organ toxicity"]),
        ("nccn_prolonged", ["significant symptoms or comorbidity"]), ("hay_preempt", ["MCP-1"]),
        ("il6_zhang2022", ["interleukin 6"]), ("label:tisa-cel:2018", ["rapid clinical deterioration"]),
        ("label:ide-cel:undated", ["supportive care does not control"]), ("sitc2020", ["comorbidity"]),
    ],
)  # fmt: skip
def test_no_criterion_of_a_source_is_dropped_in_silence(name, missing):
    assert [word for word in missing if word not in CATALOGUE[name].sentence()] == []


def test_the_founding_rules_are_what_they_were():
    """The hash stands on every result made with a rule: it must not move with the catalogue."""
    assert CATALOGUE["zhou2023_early"] is STRATEGIES["zhou2023_early"]
    assert CATALOGUE["zhou2023_conventional"] is STRATEGIES["zhou2023_conventional"]
    assert CATALOGUE["zhou2023_early"].hash == "0b64755e7daa"


def test_both_versions_of_the_axicabtagene_label_differ_at_grade_1():
    old, new = CATALOGUE["label:axi-cel:2017"].when, CATALOGUE["label:axi-cel:2022"].when
    assert old.edge == ("at_least", 2)
    assert {part.sustained for part in new.parts()} >= {24 * 60}
    assert all(part.at_least != 1 for part in old.parts())


def test_toml_is_the_same_rule():
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```toml\n")[1:]]
    found = {name: rule for block in blocks for name, rule in tomllib.loads(block)["strategies"].items()}
    assert list(found) == list(CATALOGUE)
    schema = study_schema()
    for name, rule in CATALOGUE.items():
        jsonschema.validate(found[name], {**schema, **schema["$defs"]["Strategy"]})
        made = Strategy.model_validate(found[name])
        assert (made.give, made.when, made.within) == (rule.give, rule.when, rule.within), name
        whole = rule.model_dump(mode="json", by_alias=True, exclude_none=True)
        again = Strategy.model_validate_json(json.dumps(whole))
        assert (again, again.hash) == (rule, rule.hash)
        jsonschema.validate(whole, {**schema, **schema["$defs"]["Strategy"]})


def test_different_rules_have_different_hashes():
    alike: dict[str, list[str]] = {}
    for name, rule in CATALOGUE.items():
        alike.setdefault(rule.hash, []).append(name)
    assert [names for names in alike.values() if len(names) > 1] == []


def test_the_page_is_up_to_date():
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec
    assert spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    assert build.strategies_page().strip() in (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")


def test_a_study_does_not_load_the_catalogue():
    code = "import sys, tocsin.strategies, tocsin.studyfile; print('tocsin.strategies.catalogue' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
