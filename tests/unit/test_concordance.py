"""Concordance of scales: worked by hand, counted minute by minute, against the situations; the page, the command."""

import dataclasses
import json
import re
from collections import defaultdict
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tocsin.cli.app import app
from tocsin.cli.concordance import concordance as _command  # noqa: F401 - registers the command
from tocsin.concordance import CONCORDANCE_TABLES, FILES, Reckoning, compare, crs_scales, pairs_of
from tocsin.concordance.comparison import _courses_in
from tocsin.concordance.run import summary_text
from tocsin.errors import TocsinError
from tocsin.grades import ASTCT_CRS, ASTCT_ICANS, grade_runs
from tocsin.grades.bedside import oxygen, vasopressors
from tocsin.report.concordance import concordance_page, plot_cross_tables, plot_heat_map
from tocsin.tables import GRADES, PARAMETERS

SHIFTED = dataclasses.replace(
    ASTCT_CRS, name="shifted_crs", title="Shifted <CRS>",
    table={**ASTCT_CRS.table, 2: {"oxygen": oxygen.at_least(2)}, 3: {"hypotension": vasopressors.at_least(2)}},
)  # fmt: skip
UNOPENED = dataclasses.replace(ASTCT_CRS, name="unopened_crs", title="Without opening", entry=None)
SCALES = (ASTCT_CRS, SHIFTED, UNOPENED)
LOW_FLOW = "oxygen: low-flow nasal cannula (≤ 6 L/min) or blow-by"


def run(course, scale, start, stop, grade, at_most=None, deciding=None, flags=""):
    axis = deciding if deciding is not None else {0: "", 1: "fever", 5: "death"}.get(grade, "oxygen")
    return {"course_id": course, "scale": scale.name, "from": start, "to": stop, "grade": grade,
            "grade_at_most": grade if at_most is None else at_most, "deciding": axis, "flags": flags}  # fmt: skip


def courses(*names, patients=None):
    return pl.DataFrame(
        {"course_id": names, "patient_id": patients or names}, schema_overrides={"course_id": pl.String}
    )


def compared(rows, whom, scales=(ASTCT_CRS, SHIFTED), **reckoning):
    grades = GRADES.frame(rows).sort("course_id", "scale", "from")
    return compare(list(combinations(scales, 2)), grades, whom, Reckoning(draws=200, **reckoning))


def rows(table, *columns):
    return table.select(columns).rows()


@pytest.fixture(scope="module")
def worked():
    a, b = ASTCT_CRS, SHIFTED
    return compared(
        [
            # A: 10 h; equal 0 for 2 h, then 2 v 1 for 3 h (b cannot exclude 2 in the last hour), then equal 3
            run("A", a, 0, 120, 0), run("A", a, 120, 300, 2), run("A", a, 300, 600, 3),
            run("A", b, 0, 120, 0), run("A", b, 120, 240, 1), run("A", b, 240, 300, 1, 2), run("A", b, 300, 600, 3),
            # B: two stays with a gap; 0 v 2 for 1 h while the fever is not proved, the end is open
            run("B", a, 0, 60, 0, 4), run("B", a, 200, 260, 0, flags="afebrile_alert oxygen_assumed"),
            run("B", a, 260, None, 0, 0),
            run("B", b, 0, 60, 0, 0), run("B", b, 200, 260, 2), run("B", b, 260, None, 4),
            # C: dies of it
            run("C", a, 0, 30, 1), run("C", a, 30, None, 5), run("C", b, 0, 30, 1), run("C", b, 30, None, 5),
        ],
        courses("A", "B", "C", "D"),
    )  # fmt: skip


def test_highest_grades_by_hand(worked):
    assert rows(worked["maxima"], "grade_a", "grade_b", "courses", "settled") == [
        (0, 4, 1, 0), (3, 3, 1, 1), (5, 5, 1, 1), (None, None, 1, 0),
    ]  # fmt: skip
    pair = worked["pairs"].to_dicts()[0]
    counted = {"courses": 4, "gradable": 3, "equal": 2, "a_higher": 0, "b_higher": 1, "settled": 2, "settled_equal": 2}
    assert {name: pair[name] for name in counted} == counted
    assert pair["still_open"] == 1
    assert worked["course_grades"].filter(pl.col("course_id") == "D").get_column("grade").to_list() == [None, None]


def test_hours_by_hand(worked):
    assert rows(worked["hours"], "grade_a", "grade_b", "hours", "hours_apart", "hours_settled", "courses") == [
        (0, 0, 3.0, 0.0, 2.0, 2),
        (0, 2, 1.0, 1.0, 1.0, 1),
        (1, 1, 0.5, 0.0, 0.5, 1),
        (2, 1, 3.0, 2.0, 2.0, 1),
        (3, 3, 5.0, 0.0, 5.0, 1),
    ]
    pair = worked["pairs"].to_dicts()[0]
    assert (pair["hours"], pair["hours_differ"], pair["hours_apart"], pair["hours_settled"]) == (12.5, 4.0, 3.0, 10.5)


def test_criteria_by_hand_most_hours_first(worked):
    assert rows(worked["criteria"], "rank", "grade_a", "criterion_a", "grade_b", "criterion_b", "hours", "courses") == [
        (1, 2, LOW_FLOW, 1, "fever ≥ 38.0 °C", 3.0, 1),
        (2, 0, "afebrile alert: hypotension or hypoxia without proved fever: look again", 2,
         "oxygen support at least high flow or mask", 1.0, 1),
    ]  # fmt: skip
    assert rows(worked["criteria"], "axis_a", "axis_b") == [("oxygen", "fever"), ("afebrile_alert", "oxygen")]


def test_why_there_is_no_grade():
    a, b = ASTCT_CRS, SHIFTED
    found = compared(
        [run("A", a, 0, 60, 0, 3), run("A", a, 60, 180, 0), run("A", a, 180, 420, 0, flags="resolving provisional"),
         run("A", b, 0, 420, 2, 2, "oxygen+other")],
        courses("A"),
    )["criteria"]  # fmt: skip
    assert rows(found, "axis_a", "criterion_a", "hours", "hours_apart") == [
        ("resolving", "resolving: fever waived and nothing else holds", 4.0, 4.0),
        ("none", "no criterion holds", 2.0, 2.0),
        ("none", "no criterion is proved", 1.0, 0.0),
    ]
    assert set(found["axis_b"]) == {"oxygen+other"}
    assert set(found["criterion_b"]) == {"oxygen support at least high flow or mask; other"}


def test_agreement_counts_courses_of_one_patient_together():
    a, b = ASTCT_CRS, SHIFTED
    rows_ = [run(c, s, 0, 60, g) for c, ga, gb in (("1", 1, 1), ("2", 3, 3), ("3", 2, 1), ("4", 4, 4), ("5", 1, 2))
             for s, g in ((a, ga), (b, gb))]  # fmt: skip
    single = compared(rows_, courses(*"12345"))["agreement"]
    shared = compared(rows_, courses(*"12345", patients=["p", "p", "q", "q", "q"]))["agreement"]
    # rows 2 1 1 1 and columns 2 1 1 1 at grades 1 to 4: 1 - 5 x 2 / 32 (linear), 1 - 5 x 2 / 68 (quadratic)
    assert dict(single.select("measure", "estimate").unique().rows()) == {
        "share with equal grade": 0.6,
        "linear weighted kappa": pytest.approx(1 - 10 / 32),
        "quadratic weighted kappa": pytest.approx(1 - 10 / 68),
    }
    assert single.height == 5
    notes = dict(shared.filter(pl.col("measure").str.starts_with("linear")).select("method", "note").rows())
    assert any("3 courses are further courses of a patient" in note for note in notes.values())
    assert "further" not in "".join(single["note"])
    limits = [
        t.filter(pl.col("method").str.starts_with("bootstrap")).select("low", "high").rows() for t in (single, shared)
    ]
    assert limits[0] != limits[1]


def test_nobody_to_grade_is_not_estimable_and_not_zero():
    found = compared([], courses("A", "B"))
    assert rows(found["maxima"], "grade_a", "grade_b", "courses") == [(None, None, 2)]
    assert found["agreement"]["estimate"].null_count() == 5
    assert all("not estimable" in note for note in found["agreement"]["note"])
    assert found["hours"].is_empty()
    assert found["criteria"].is_empty()
    nobody = compared([], courses())
    assert nobody["pairs"].to_dicts()[0]["courses"] == 0


def test_no_number_is_nan(worked):
    for table in CONCORDANCE_TABLES:
        table.check(worked[table.name])
        floats = worked[table.name].select(pl.col(pl.Float64))
        assert not any(floats[name].is_nan().any() for name in floats.columns)


# --- two independent counts -------------------------------------------------------------------------------------------


@st.composite
def histories(draw):
    made = []
    for course in "AB":
        for scale in SCALES:
            at = draw(st.integers(-3, 4))
            for _ in range(draw(st.integers(0, 5))):
                at += draw(st.sampled_from([0, 0, 0, 2]))
                stop = at + draw(st.integers(1, 4))
                grade = draw(st.sampled_from([0, 1, 2, 4]))
                flags = draw(st.sampled_from(["", "resolving", "provisional"]))
                made.append(run(course, scale, at, stop, grade, draw(st.integers(grade, 4)), flags=flags))
                at = stop
            if made and draw(st.booleans()) and made[-1]["course_id"] == course and made[-1]["scale"] == scale.name:
                made[-1]["to"] = None
    return made


def said_naively(scale, row):
    if row["grade"] == 0:
        if row["flags"] == "resolving":
            return "resolving: fever waived and nothing else holds"
        return "no criterion holds" if row["grade_at_most"] == 0 else "no criterion is proved"
    words = scale.table[row["grade"]]["fever" if row["grade"] == 1 else "oxygen"].words
    return words if words.startswith(("oxygen", "fever")) else f"oxygen: {words}"


@settings(max_examples=40, deadline=None)
@given(histories())
def test_agrees_with_a_count_minute_by_minute(made):
    tables = compared(made, courses("A", "B"), SCALES)
    held = {
        (r["course_id"], r["scale"], minute): r
        for r in made if r["to"] is not None for minute in range(r["from"], r["to"])
    }  # fmt: skip
    for a, b in combinations(SCALES, 2):
        hours, criteria = defaultdict(list), defaultdict(list)
        for course in "AB":
            for minute in range(-10, 60):
                x, y = (held.get((course, s.name, minute)) for s in (a, b))
                if x is None or y is None:
                    continue
                apart = x["grade"] > y["grade_at_most"] or y["grade"] > x["grade_at_most"]
                certain = all(r["grade"] == r["grade_at_most"] for r in (x, y))
                hours[x["grade"], y["grade"]].append((course, apart, certain))
                if x["grade"] != y["grade"]:
                    key = (x["grade"], said_naively(a, x), y["grade"], said_naively(b, y))
                    criteria[key].append((course, apart, certain))
        of = (pl.col("scale_a") == a.name) & (pl.col("scale_b") == b.name)
        numbers = ("hours", "hours_apart", "hours_settled", "courses")
        for name, counted, by in (
            ("hours", hours, ("grade_a", "grade_b")),
            ("criteria", criteria, ("grade_a", "criterion_a", "grade_b", "criterion_b")),
        ):
            found = {r[: len(by)]: r[len(by) :] for r in rows(tables[name].filter(of), *by, *numbers)}
            assert found == {
                key: (
                    len(seen) / 60,
                    sum(s[1] for s in seen) / 60,
                    sum(s[2] for s in seen) / 60,
                    len({s[0] for s in seen}),
                )
                for key, seen in counted.items()
            }
        assert tables["criteria"].filter(of)["hours"].is_sorted(descending=True)


QUIET = ("provisional", "isolated_low_pressure", "fio2_estimated", "oxygen_assumed", "fever_before_infusion",
         "pressor_silent", "attribution_reviewed", "fever_carried")  # fmt: skip
STEPS = st.tuples(
    st.sampled_from("AB"), st.integers(1, 90), st.sampled_from([True, False, None]), st.booleans(),
    st.integers(0, 2), st.integers(0, 4),
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_agrees_with_the_situations_the_grades_came_from(steps):
    made, at = [], {"A": 0, "B": 0}
    for course, minutes, fever, waived, pressors, support in steps:
        situation = {
            "course_id": course, "from": at[course], "to": at[course] + minutes, "covered": True,
            "fever": fever, "fever_waived": waived, "hypotension": None, "vasopressors": pressors,
            "vasopressors_at_most": 2, "oxygen": support, "oxygen_at_most": support,
        }  # fmt: skip
        made.append({**situation, **dict.fromkeys(QUIET, False)})
        at[course] += minutes
    if not made:
        return
    types = {"from": pl.Int32, "to": pl.Int32, "fever": pl.Boolean, "hypotension": pl.Boolean}
    situations = pl.DataFrame(made, schema_overrides=types, infer_schema_length=None).sort("course_id", "from")
    grades = pl.concat([grade_runs(scale, situations) for scale in SCALES])
    tables = compare(list(combinations(SCALES, 2)), grades, courses("A", "B"), Reckoning(draws=100))
    for a, b in combinations(SCALES, 2):
        both = situations.select(
            minutes=pl.col("to") - pl.col("from"),
            a=a.grade(situations)["grade"], b=b.grade(situations)["grade"],
        )  # fmt: skip
        expected = both.group_by("a", "b").agg(pl.col("minutes").sum()).sort("a", "b").rows()
        of = (pl.col("scale_a") == a.name) & (pl.col("scale_b") == b.name)
        assert [
            (x, y, round(h * 60)) for x, y, h in rows(tables["hours"].filter(of), "grade_a", "grade_b", "hours")
        ] == expected


def test_courses_are_counted_across_blocks(monkeypatch):
    course, group = np.array([0, 0, 1, 3, 3, 3, 9]), np.array([0, 0, 0, 1, 1, 0, 1])
    for cells in (1, 4, 7, 1000):
        monkeypatch.setattr("tocsin.concordance.comparison.MOST_CELLS", cells)
        assert _courses_in(course, group, 2).tolist() == [3, 2]


def test_many_states_do_not_overflow():
    """24 scales of 8 states need 72 bits; the first scale, whose bits would be lost, alone changes in the end."""
    scales = [dataclasses.replace(ASTCT_CRS, name=f"s{k}_crs") for k in range(24)]
    kinds = [(0, 0), (0, 1), (0, 2), (1, 1), (2, 2), (3, 3), (4, 4)]
    made = [run("A", s, k, k + 1, g, most) for s in scales for k, (g, most) in enumerate(kinds)]
    made += [run("A", scales[0], 7, 11, 4), run("A", scales[0], 11, 15, 2)]
    made += [run("A", s, 7, 15, 4) for s in scales[1:]]
    pairs = list(zip(scales[::2], scales[1::2], strict=True))
    found = compare(pairs, GRADES.frame(made), courses("A"), Reckoning(draws=100))["hours"]
    minutes = [round(60 * r[0]) for r in found.filter(pl.col("grade_a") != pl.col("grade_b")).select("hours").rows()]
    assert minutes == [4]
    assert found.filter(pl.col("scale_a") == "s0_crs", pl.col("grade_a") == 2, pl.col("grade_b") == 4).height == 1
    assert round(60 * found["hours"].sum()) == 12 * 15


# --- which pairs ------------------------------------------------------------------------------------------------------


def test_neurotoxicity_meets_crs_only_if_asked():
    with pytest.raises(TocsinError) as caught:
        pairs_of([ASTCT_CRS.name, ASTCT_ICANS.name])
    assert caught.value.problems[0].slug == "concordance.no-pair"
    assert "--across" in str(caught.value)
    assert pairs_of([ASTCT_CRS.name, ASTCT_ICANS.name], across=True) == [(ASTCT_CRS, ASTCT_ICANS)]
    with pytest.raises(TocsinError, match="one scale"):
        pairs_of([ASTCT_CRS.name, ASTCT_CRS.name])
    with pytest.raises(TocsinError, match="no scale"):
        pairs_of([ASTCT_CRS.name, "lee_1066"])
    assert "astct_icans" not in crs_scales()
    assert "astct_crs" in crs_scales()


# --- page, picture, summary -------------------------------------------------------------------------------------------


def summary(scales=(ASTCT_CRS, SHIFTED)):
    return {
        "version": "1", "notice": "Research software. Not a medical device; not for diagnosis or treatment decisions.",
        "time_zero": "infusion", "inputs": {"a<b.csv": "00"}, "courses": 4, "patients": 4, "level": 0.95, "draws": 200,
        "seed": 1, "parameters_changed": {}, "findings_needing_a_decision": 0,
        "scales": {
            s.name: {"title": s.title, "source": str(s.source), "hash": s.hash, "courses_graded": 3} for s in scales
        },
    }  # fmt: skip


def test_the_page_stands_alone_and_says_what_it_is(worked):
    page = concordance_page(worked, summary(), PARAMETERS.empty())
    assert summary()["notice"] in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "Shifted <CRS>" not in page
    assert "Shifted &lt;CRS&gt;" in page
    assert "2 of 3 graded courses the highest grade is settled on every scale" in page
    assert LOW_FLOW in page


def test_the_heat_map_prints_the_numbers_of_the_tables(worked):
    drawn = plot_heat_map(worked, summary())
    said = list(ElementTree.fromstring(drawn.svg).itertext())
    assert "67 %" in said
    assert "2/3" in said
    kappa = worked["agreement"].filter(pl.col("measure").str.starts_with("quadratic"))["estimate"][0]
    assert f"{kappa:.2f}" in said
    assert "Shifted <CRS>" in said
    assert "67 % of courses equal" in drawn.alt


def test_what_cannot_be_estimated_is_hatched_and_what_is_not_compared_is_empty():
    scales = (*SCALES, ASTCT_ICANS)
    grades = GRADES.frame([run("A", s, 0, 60, 0) for s in scales]).sort("course_id", "scale")
    tables = compare(list(combinations(SCALES, 2)), grades, courses("A"), Reckoning(draws=100))
    drawn = plot_heat_map(tables, summary(SCALES))
    assert drawn.svg.count('fill="url(#hatch)"') == 3
    assert [*ElementTree.fromstring(drawn.svg).itertext()].count("not estimable") == 3
    lonely = plot_heat_map(tables, summary(scales))
    assert lonely.svg.count("1/1") == 3


def test_almost_is_not_all(worked):
    pair, agreement = worked["pairs"].clone(), worked["agreement"]
    near = agreement.with_columns(estimate=pl.lit(0.998), low=pl.lit(0.99), high=pl.lit(1.0))
    said = list(ElementTree.fromstring(plot_heat_map({"pairs": pair, "agreement": near}, summary()).svg).itertext())
    assert ">99 %" in said
    assert ">0.99" in said
    assert "1.00" not in said
    assert ">0.99" in summary_text({**worked, "agreement": near}, summary())


def test_cross_tables_hold_every_course(worked):
    (svg, told), *rest = plot_cross_tables(worked, summary()).panels
    assert not rest
    numbers = [word for word in ElementTree.fromstring(svg).itertext() if word.isdigit()]
    heads = 2 * 6
    assert len(numbers) == heads + 2 * 4
    assert "n. g. and n. g.: 1 courses, 0 settled" in told
    assert "0 and 4: 1 courses, 0 settled" in told


def test_the_summary_names_the_largest_cause(worked):
    text = summary_text(worked, summary())
    assert "2/3" in text
    assert "4/12" in text
    assert text.index("3.0 h, 1 course\n") < text.index(LOW_FLOW)
    assert "Research software" in text


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_all_or_nothing(tmp_path):
    invoke = CliRunner().invoke
    base = ["concordance", "examples/zhou2023", "--draws", "100"]
    lonely = invoke(app, [*base, "-o", str(tmp_path / "x"), "--scale", "astct_crs", "--scale", "astct_icans"])
    assert lonely.exit_code == 2
    assert "concordance.no-pair" in lonely.output
    assert not (tmp_path / "x").exists()
    both = [*base, "--scale", "astct_crs", "--scale", "astct_icans", "--across"]
    done = invoke(app, [*both, "-o", str(tmp_path / "x")])
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "x").iterdir()} == FILES
    assert "22 courses of 22 patients" in done.output
    for table in CONCORDANCE_TABLES:
        assert (tmp_path / "x" / f"{table.name}.csv").read_text("utf-8").splitlines()[0] == ",".join(table.schema)
    parameters = pl.read_csv(tmp_path / "x" / "parameters.csv")
    draws = parameters.filter(pl.col("name") == "concordance.draws").to_dicts()[0]
    assert (draws["value"], draws["default"], draws["tag"]) == ("100", "2000", "R")
    first = {path.name: path.read_bytes() for path in (tmp_path / "x").iterdir()}
    assert json.loads(first["summary.json"])["parameters_changed"] == {"concordance.draws": "100"}
    assert invoke(app, [*both, "-o", str(tmp_path / "x")]).exit_code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "x").iterdir()} == first
    (tmp_path / "x" / "mine.txt").write_text("mine")
    assert invoke(app, [*both, "-o", str(tmp_path / "x")]).exit_code == 3
    assert (tmp_path / "x" / "mine.txt").read_text() == "mine"
