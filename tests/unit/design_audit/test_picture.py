"""The picture of the hours before the dose: a bar a course, a mark an outcome, and no picture without hours."""

import xml.etree.ElementTree as ET

import pytest

from tocsin.design_audit import audit
from tocsin.design_audit.picture import DIAMOND, MOST, SAID, TRIANGLE, immortal_picture
from tocsin.report.fonts_cover import uncovered
from tocsin.report.words import Words
from unit.design_audit.designs import aligned, study
from unit.study.small_studies import BOTH, Ward, early, severe


def drawn(made, lang="en"):
    return immortal_picture(audit(made).tables["audit_overlap"], list(made.arm_names), Words(lang))


def paths(figure):
    return list(ET.fromstring(figure.svg).iter("{http://www.w3.org/2000/svg}path"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_bar_a_course_and_a_mark_an_outcome(lang):
    ward = severe(severe(early(early(Ward(), "A"), "B", 9, dose=28.0), "<C>", 20), "D", 30)
    ward.pressor("A", 24.5, 26)  # due at 24 h, severe before its dose at 25 h: its rule does not wait for that
    figure = drawn(study(ward, BOTH), lang)
    marks = paths(figure)
    assert sum(p.get("d") == TRIANGLE for p in marks) == 4 + 1  # one in the key
    outcomes = [p.get("fill") for p in marks if p.get("d") == DIAMOND]
    assert sorted(outcomes) == sorted(["white"] * 2 + ["#b3261e"] + ["white", "#b3261e"])
    names = [t.text.split("  ")[0] for t in ET.fromstring(figure.svg).iter("{http://www.w3.org/2000/svg}text")]
    assert [n for n in names if n in ("A", "B", "<C>", "D")] == ["A", "B", "<C>", "D"]  # by arm, then by dose
    assert uncovered(chinese for _, chinese in SAID.values()) == ""


def test_where_every_dose_is_at_time_zero_there_is_nothing_to_draw():
    assert drawn(study(aligned(2))) is None
    assert drawn(study(aligned(2, dose=None))) is None


def test_a_large_study_says_what_is_left_out():
    figure = drawn(study(aligned(32, dose=2.0)))
    assert sum(p.get("d") == TRIANGLE for p in paths(figure)) == MOST + 1
    assert "4 more courses are in the table" in figure.caption
    assert "64 bars" in figure.alt
