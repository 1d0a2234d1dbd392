"""The methods paragraph names exactly the tests that were used, and what computed them."""

from importlib.metadata import version

import tocsin
from tocsin.effects.proportions import proportion
from tocsin.study.methods import _TESTS, MADE_WITH, paragraphs
from tocsin.study.run import PARTS
from unit.study.small_studies import Ward, early, ledger, severe, study_of


def statistics(study, effects):
    return paragraphs(study, effects)[4]


def two_courses():
    ward = severe(early(Ward(), "A"), "B", 9)
    for name, day in (("A", 60), ("B", 90)):
        ward.outcome(name, day, "death", "other", adjudicated_by="board")
    return study_of(ward)


def test_a_study_of_one_share_names_one_interval():
    effects = ledger()
    effects.add("x", "early", proportion(1, 2))
    said = statistics(two_courses(), effects)
    assert "Shares: Clopper-Pearson" in said["en"]
    assert "比例：Clopper-Pearson" in said["zh"]
    for name in ("Wilson", "Newcombe", "Fisher", "Mann-Whitney", "log-rank", "Kaplan-Meier", "Aalen", "Schoenfeld"):
        assert name not in said["en"]
        assert name not in said["zh"]


def test_every_method_of_a_whole_study_is_named_and_no_other():
    study, effects = two_courses(), ledger()
    for part in PARTS:
        part(study, effects)
    said = statistics(study, effects)
    methods = {row["method"] for row in effects.rows}
    for sign, english, chinese in _TESTS:
        used = any(sign in method for method in methods)
        assert (english in said["en"]) == used, sign
        assert (chinese in said["zh"]) == used, sign
    # every method that gave a number is named, but for the power of Fisher's test, which has a sentence of its own
    gave = {row["method"] for row in effects.rows if row["estimate"] is not None or row["p"] is not None}
    unnamed = {method for method in gave if not any(sign in method for sign, _, _ in _TESTS)}
    assert all("power" in method for method in unnamed), unnamed
    assert len(gave) > 10


def test_versions_and_specification_are_named():
    said = statistics(two_courses(), ledger())
    for text in said.values():
        assert f"tocsin {tocsin.__version__}" in text
        assert "hash" in text
        assert all(f"{name} {version(name)}" in text for name in MADE_WITH)
    assert "specification" not in paragraphs(two_courses())[4]["en"]
