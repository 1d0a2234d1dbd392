"""The report of an emulated trial: complete, offline, escaped, honest where nothing can be estimated."""

import json
import re
from dataclasses import replace
from html import unescape
from itertools import pairwise

import jsonschema
import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.report.emulation import files as files_module
from tocsin.report.emulation.answers import main_question, signed
from tocsin.report.emulation.files import results_data, results_schema, results_text, write_emulation
from tocsin.report.emulation.front import answer_lines
from tocsin.report.emulation.page import draw_all, render_report
from tocsin.report.emulation.pictures import names_at_end, reach
from tocsin.report.emulation.sections import sections
from tocsin.report.emulation.words import EmulationWords
from tocsin.report.files import MANIFEST
from tocsin.tables.emulation import EMULATION_TABLES, EmulationResults
from unit.report.emulation.example_emulation import CONTRACTS, MAIN, example, hollow
from unit.report.test_report import Reader

ORDER = [
    "answer", "naive", "trial", "who", "curves", "effects", "competing", "weights", "positivity", "balance",
    "sensitivity", "methods", "parameters", "findings", "citations", "provenance",
]  # fmt: skip


def with_table(results: EmulationResults, name: str, *changes: pl.Expr, **named: pl.Expr) -> EmulationResults:
    return replace(results, tables={**results.tables, name: results.tables[name].with_columns(*changes, **named)})


def with_meta(results: EmulationResults, **changes) -> EmulationResults:
    return replace(results, meta={**results.meta, **changes})


def page(results: EmulationResults, lang="en", drawn=True) -> str:
    return render_report(results, draw_all(results, lang) if drawn else [], lang)


def section_of(html: str, anchor: str) -> str:
    """The words of one section, as read."""
    inside = html.split(f'<section id="{anchor}"')[1].split("</section>")[0]
    return unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", inside, flags=re.DOTALL)))


@pytest.fixture(scope="module")
def whole():
    return example()


@pytest.fixture(scope="module")
def html(whole):
    return page(whole)


def test_the_sections_stand_in_the_order_of_a_reader(html):
    events = Reader(html).events
    assert [e.removeprefix("section:") for e in events if e.startswith("section:") and e != "section:None"] == ORDER
    figures = [e.removeprefix("figure:fig-") for e in events if e.startswith("figure:")]
    assert figures == [
        "comparison", "curve-crs-grade-3", "curve-crs-death", "analyses", "competing-crs-grade-3", "weights",
        "positivity", "balance-early-v-wait", "balance-time-early-v-wait", "grid", "choices",
    ]  # fmt: skip


def test_every_table_of_the_results_is_shown_or_named(html, whole):
    shown = Reader(html).tables
    assert {"protocol", "asked", "effects", "comparison", "followed", "weights", "covariates", "grid"} <= shown
    data = section_of(html, "provenance")
    for table in EMULATION_TABLES:
        assert re.search(rf"tables/{table.name}\.csv.*?{whole.tables[table.name].height:,}\b", data, re.DOTALL)


def test_the_page_asks_for_nothing_and_says_what_it_is_not(html):
    assert Reader(html).requests == []
    assert html.count("Research software. Not a medical device; not for diagnosis or treatment decisions.") == 2
    assert "Synthetic data: no patient stands behind any number here." in html
    assert "synthetic" not in page(with_meta(example(), synthetic=False)).split("<main")[0].lower().split("</style>")[1]


def test_the_answer_says_both_risks_and_the_difference_with_its_interval(whole):
    # by hand: 100 * 0.121 * (1 - exp(-336/60)) = 12.055, 0.264 gives 26.302; difference -14.247
    (said,) = answer_lines(whole, EmulationWords("en"))
    assert said == (
        'Had everybody followed "early", 12.1 % would have had CRS grade 3 or higher within 336 h of time zero '
        '(95 % CI 7.2 % to 18.1 %); had everybody followed "wait", 26.3 % (95 % CI 15.8 % to 39.5 %): a difference of '
        "−14.2 percentage points (95 % CI −22.2 to −5.2)."
    )


def test_an_interval_over_zero_is_called_undecided(whole):
    wide = with_table(whole, "comparison", high=pl.lit(0.05))
    assert answer_lines(wide, EmulationWords("en"))[0].endswith("these records do not decide it.")
    assert "these records do not decide it" not in answer_lines(whole, EmulationWords("en"))[0]


def test_without_replicates_no_interval_is_made_up(whole):
    bare = with_table(whole, "comparison", low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    bare = with_table(bare, "risks", low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    said = answer_lines(bare, EmulationWords("en"))[0]
    assert "CI" not in said
    assert "no interval" in said
    assert "do not decide" not in said


def test_a_third_arm_gets_its_own_sentence_picture_and_column(whole):
    more = whole.tables["comparison"].with_columns(arm=pl.lit("never"), difference=pl.lit(0.031))
    both = pl.concat([whole.tables["comparison"], more])
    three = replace(with_meta(whole, arms=["early", "never", "wait"]), tables={**whole.tables, "comparison": both})
    asked = main_question(three)
    assert asked is not None
    assert asked.contrasts == (("early", "wait"), ("never", "wait"))
    assert len(answer_lines(three, EmulationWords("en"))) == 2
    names = [f.name for f in draw_all(three) if f.name.startswith("comparison")]
    assert names == ["comparison-early-wait", "comparison-never-wait"]
    assert "never − wait" in section_of(page(three, drawn=False), "answer")


def test_the_naive_analysis_stands_beside_the_emulated_one_with_the_gap_in_numbers(html, whole):
    said = section_of(html, "naive")
    rows = {
        r["analysis"]: r
        for r in whole.tables["comparison"].filter(pl.col("outcome") == MAIN, pl.col("hour") == 336).to_dicts()
    }
    naive, emulated = rows["by_received"]["difference"], rows["emulated"]["difference"]
    assert f"{signed(naive)} percentage points; the emulated trial says {signed(emulated)} percentage points" in said
    assert f"({100 * (naive - emulated):.1f} percentage points)" in said
    for row in rows.values():
        assert row["note"] in said
    alt = next(f for f in draw_all(whole) if f.name == "comparison").alt
    assert all(signed(row["difference"]) in alt for row in rows.values())


def test_a_naive_number_never_poses_as_the_answer(whole):
    hidden = pl.when(pl.col("analysis") == "emulated").then(None)
    lost = with_table(
        whole, "comparison", *(hidden.otherwise(pl.col(c)).alias(c) for c in ("risk", "difference", "low", "high"))
    )
    lost = with_table(lost, "asked", why_not=pl.lit("nobody follows wait"), estimable=pl.lit(False))
    html = page(lost)
    assert answer_lines(lost, EmulationWords("en")) == [
        "The effect on CRS grade 3 or higher cannot be estimated: nobody follows wait."
    ]
    assert "10.5" not in section_of(html, "answer")
    assert "Emulated trial: cannot be estimated" in next(f for f in draw_all(lost) if f.name == "comparison").alt
    assert "The two cannot be set side by side: Emulated trial cannot be estimated." in section_of(html, "naive")


def test_cells_come_from_their_tables(html, whole):
    said = section_of(html, "weights")
    row = whole.tables["weights"].filter(pl.col("arm") == "wait", pl.col("hour") == 168).row(0, named=True)
    cells = [f"{row['clones']:.0f}", f"{row['effective']:.1f}", f"{row['largest']:.1f}", f"{row['mean']:.2f}"]
    assert re.search(r"168\s+wait\s+" + r"\s+".join(map(re.escape, cells)), said)
    assert re.search(r"early\s+6\s+9\s+31\.0 %", said)
    assert re.search(r"temperature, °C\s+1\.20\s+1\.00 to 2\.10\s+0\.0 %", said)
    found = section_of(html, "effects")
    assert re.search(r"risk difference after 72 h\s+early v wait\s+−10\.0 points\s+−18\.0 to −1\.0", found)
    assert re.search(r"hazard ratio\s+early v wait\s+cannot be estimated\s+–", found)
    assert re.search(r"early\s+240\s+0\s+151\s+89", section_of(html, "who"))
    assert re.search(r"no dose before it: 22 out", re.sub(r"\s+", " ", section_of(html, "who")))
    competing = section_of(html, "competing")
    assert re.search(r"CRS grade 3 or higher\s+168\s+1\.0 %\s+1\.0 %", competing)


def test_the_hazard_ratio_stands_last_and_cut_weights_stand_beside(whole):
    rows = sections(whole, EmulationWords("en"), [])[5].blocks[1].data.rows
    assert rows[0][0].text == "risk difference after 72 h"
    assert (rows[0][2].text, rows[0][2].look) == ("−10.0 points", "strong")
    assert (rows[0][4].text, rows[0][4].more, rows[0][4].look) == ("−12.1 points", "−20.0 to −4.0", "")
    assert rows[-1][0].text == "hazard ratio"
    assert len(rows) == 3 * (3 + 2 * 3) + 1


def test_warnings_of_other_outcomes_do_not_stand_above_the_answer(whole):
    rows = [
        {"slug": "a", "arm": "early", "text": "death due to CRS, early: one patient carries 65%", "serious": True},
        {"slug": "b", "arm": "early", "text": "CRS grade 3 or higher, early: few", "serious": True},
        {"slug": "emulate.not-estimated", "arm": None, "text": "CRS grade 3 or higher: not emulated", "serious": True},
    ]
    frame = CONTRACTS["warnings"].frame([r | {"text_zh": "中"} for r in rows])
    html = page(replace(whole, tables={**whole.tables, "warnings": frame}), drawn=False)
    red = html.split('<aside class="warning"')[1].split("</aside>")[0]
    assert "CRS grade 3 or higher, early: few" in red
    assert "Arm concerned" not in red
    assert "65%" not in red
    assert "65%" in html.split('<aside class="remarks"')[1].split("</aside>")[0]
    assert "not emulated" not in html


def test_what_spoils_the_interval_of_the_answer_is_said_under_it(whole):
    spoiled = with_table(whole, "effects", note=pl.lit("24 of 60 replicates gave no number"))
    assert "Of this interval: 24 of 60 replicates gave no number." in section_of(page(spoiled, drawn=False), "answer")
    assert "Of this interval" not in section_of(page(whole, drawn=False), "answer")


def test_positivity_names_every_cell_in_which_the_model_speaks_alone(html, whole):
    said = section_of(html, "positivity").split("Cells in which the model speaks alone")[1]
    assert re.search(r"grade 1\s+12 to 48 h\s+210\s+0\s+nobody started", said)
    assert re.search(r"grade 3\s+6 to 12 h\s+5\s+5\s+everybody started", said)
    assert said.count(" h ") == 2  # the cell without hours at risk is no such cell
    figure = next(f for f in draw_all(whole) if f.name == "positivity")
    assert figure.alt.endswith("8 cells with hours at risk, 2 of them without a choice.")
    assert figure.svg.count('fill="url(#hatch)"') == 2
    mixed = with_table(whole, "positivity", starts=pl.min_horizontal("at_risk", pl.lit(1, pl.Int32)))
    none = mixed.tables["positivity"].filter(pl.col("at_risk") > 1)
    full = replace(mixed, tables={**mixed.tables, "positivity": none})
    assert "In every cell with hours at risk some were started and some were not." in page(full)


def test_the_grid_frames_the_main_analysis_and_hatches_what_is_not_known(whole):
    figure = next(f for f in draw_all(whole) if f.name == "grid")
    assert figure.svg.count('fill="none" stroke="#1b2733" stroke-width="3"') == 1
    assert figure.svg.count('fill="url(#hatch)"') == 1
    assert figure.alt.endswith("24 combinations, from −22.0 to +4.5; 1 without a number.")


def test_what_nobody_had_time_to_run_is_not_called_impossible(whole):
    lost = {c: pl.lit(None, pl.Float64) for c in ("difference", "low", "high")}
    late = with_table(whole, "grid", note=pl.lit("not run: the time was used up"), **lost)
    assert [f.svg for f in draw_all(late) if f.name in ("grid", "choices")] == ["", ""]
    said = section_of(page(late), "sensitivity")
    assert "there was no time to run it" in said
    assert said.count("not run: the time") == said.count("not run ") == 28
    assert "cannot be estimated" not in said


def test_nothing_estimable_is_said_in_every_section_and_nothing_is_drawn():
    results = example(estimable=False)
    html = page(results)
    why = "nobody was ever given tocilizumab"
    assert [f.name for f in draw_all(results) if f.svg] == []
    assert "<figure" not in html
    for anchor in ("answer", "naive", "trial", "curves", "competing", "weights", "positivity", "balance"):
        assert why in section_of(html, anchor), anchor
    assert "Nothing was estimated." in section_of(html, "effects")
    assert "No open choice was varied." in section_of(html, "sensitivity")
    assert "Nor can the effect on: death due to CRS." in section_of(html, "answer")
    assert "Emulated risks" not in section_of(html, "answer")
    assert "无人使用托珠单抗" in section_of(page(results, "zh"), "answer")
    assert re.search(r"\b(nan|None|null)\b", Reader(html).text) is None


def test_a_hollow_result_still_has_every_section():
    html = page(hollow())
    events = Reader(html).events
    assert [e.removeprefix("section:") for e in events if e.startswith("section:") and e != "section:None"] == ORDER
    assert "nothing was asked" in section_of(html, "answer")
    assert "<figure" not in html
    assert "None" not in Reader(html).text


def test_too_few_patients_is_said_above_the_answer(whole):
    small = with_table(whole, "asked", use=pl.lit("no"), allows=pl.lit("22 patients: describe them."))
    said = section_of(page(small, drawn=False), "answer")
    assert said.index("Too few patients for a main result") < said.index("Had everybody followed")
    assert "22 patients: describe them." in said
    assert "Too few patients" not in section_of(page(whole, drawn=False), "answer")


def test_a_default_protocol_is_printed_to_be_changed(html, whole):
    said = section_of(html, "trial")
    assert "study.toml has no [protocol]" in said
    assert "horizon_hours = 336" in said
    given = section_of(page(with_meta(whole, protocol_given=True), drawn=False), "trial")
    assert "study.toml" not in given


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everything_from_the_data_is_escaped(lang):
    bad = "<script>alert(1)</script>&amp;"
    results = example()
    for name, frame in results.tables.items():
        contract = CONTRACTS[name]
        free = [
            c.name for c in contract.columns
            if c.dtype == pl.String and not c.choices and c.name not in contract.key and frame.height
            and c.name not in ("outcome", "arm", "against", "contrast", "measure", "parameter")
        ]  # fmt: skip
        results = with_table(results, name, *(pl.lit(bad).alias(c) for c in free))
    nasty = {"title": bad, "title_zh": bad, "question": bad, "question_zh": bad, "time_zero": bad, "time_zero_zh": bad}
    html = page(with_meta(results, **nasty, protocol_toml=bad), lang)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 40


def test_an_arm_named_like_markup_stays_text(whole):
    nasty = "a<b>&c"
    tables = {
        name: frame.with_columns(
            pl.col(c).replace({"wait": nasty}) for c in ("arm", "against") if c in frame.columns
        )
        for name, frame in whole.tables.items()
    }  # fmt: skip
    results = EmulationResults({**whole.meta, "arms": ["early", nasty], "reference": nasty}, tables)
    html = page(results)
    assert "a<b>" not in html
    assert "a&lt;b&gt;&amp;c" in next(f for f in draw_all(results) if f.name == "comparison").svg


def test_figures_carry_words_and_both_languages_the_same_numbers(whole):
    english, chinese = draw_all(whole), draw_all(whole, "zh")
    assert [f.name for f in english] == [f.name for f in chinese]
    for one, other in zip(english, chinese, strict=True):
        assert one.alt
        assert one.caption
        numbers = [sorted(re.findall(r"[+−]?\d+\.\d+", f.alt)) for f in (one, other)]
        assert numbers[0] == numbers[1], one.name
        assert one.alt != other.alt


def test_an_axis_leaves_room_for_words_on_both_sides_of_zero():
    # by hand: -0.9 to 0, 0.054 more at each end; 0.3 of the whole to the right of 0
    x = reach([-0.9, -0.5, None], 300, 0.3)
    assert x(0) == pytest.approx(210)
    assert x.low == pytest.approx(-0.954)
    assert x.high == pytest.approx(0.954 * 3 / 7)
    even = reach([-0.1, 0.1], 300, 0.3)
    assert even(0) == pytest.approx(150)


def test_names_at_the_ends_of_lines_do_not_touch():
    drawn = names_at_end([(50.0, "b", "#000"), (50.0, "a", "#000"), (100.0, "c", "#000")], 0)
    places = [float(re.search(r' y="([\d.]+)"', one)[1]) for one in drawn]  # pyright: ignore[reportOptionalSubscript]
    assert [round(b - a, 2) for a, b in pairwise(places)] == [17.0, 33.0]


def test_the_same_results_give_the_same_bytes(whole):
    assert [f.svg for f in draw_all(whole)] == [f.svg for f in draw_all(example())]
    assert page(whole) == page(example())


def test_results_json_meets_its_schema_and_holds_every_row(whole):
    data = json.loads(results_text(whole))
    jsonschema.Draft202012Validator(results_schema()).validate(data)
    assert data == results_data(whole)
    assert {name: len(rows) for name, rows in data["tables"].items()} == {
        name: frame.height for name, frame in whole.tables.items()
    }
    broken = {**data, "tables": {**data["tables"], "weights": [{**data["tables"]["weights"][0], "clones": "x"}]}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(results_schema()).validate(broken)


def test_all_files_are_written_and_listed(tmp_path):
    results = example()
    out = tmp_path / "out"
    written = {p.relative_to(out).as_posix() for p in write_emulation(results, out, "en")}
    assert {"report.html", "report.docx", "tables.xlsx", "results.json", "figures/comparison.png"} <= written
    assert {f"tables/{t.name}.csv" for t in EMULATION_TABLES} <= written
    assert set(json.loads((out / MANIFEST).read_text())["files"]) == written - {"protocol.toml"}
    also = {p.relative_to(out).as_posix() for p in write_emulation(example(False), out, "zh", figures=False)}
    assert "report.zh.html" in also
    assert not any(name.startswith("figures/") for name in also)
    assert (out / "report.html").is_file()


def test_a_failure_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write_emulation(example(False), out, figures=False)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    monkeypatch.setattr("tocsin.report.emulation.page.excel_bytes", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_emulation(example(), out, figures=False)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_broken_table_is_refused_before_anything_is_written(tmp_path):
    bad = with_table(example(), "risks", risk=pl.lit(1.5))
    with pytest.raises(TocsinError, match=r"tables\.value"):
        write_emulation(bad, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_others_wrote_is_never_replaced(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("mine")
    with pytest.raises(TocsinError, match=r"report\.foreign-file"):
        write_emulation(hollow(), out, figures=False)
    assert (out / "report.html").read_text() == "mine"
    assert [p.name for p in out.iterdir()] == ["report.html"]


def test_a_study_report_is_not_replaced_by_an_emulation(tmp_path):
    out = tmp_path / "out"
    write_emulation(hollow(), out, figures=False)
    text = (out / "results.json").read_text()
    (out / "results.json").write_text(text.replace(files_module.SCHEMA_ID, "tocsin/results.schema.json"))
    with pytest.raises(TocsinError, match="another tocsin command"):
        write_emulation(hollow(), out, figures=False)
    (out / "results.json").write_text(text)
    write_emulation(hollow(), out, figures=False)


def test_the_protocol_stands_beside_and_a_foreign_one_is_kept(tmp_path):
    out = tmp_path / "out"
    written = write_emulation(example(False), out, figures=False)
    assert (out / "protocol.toml") in written
    assert (out / "protocol.toml").read_text() == example(False).meta["protocol_toml"]
    write_emulation(example(False), out, figures=False)
    (out / "protocol.toml").write_text("# mine\n")
    before = (out / "report.html").read_bytes()
    with pytest.raises(TocsinError, match=r"protocol\.toml was not written by tocsin"):
        write_emulation(with_meta(example(False), title="other"), out, figures=False)
    assert (out / "protocol.toml").read_text() == "# mine\n"
    assert (out / "report.html").read_bytes() == before


def test_a_reason_is_long_once_and_short_everywhere_else():
    long = "19 patients: no main result. Describe them instead."
    results = with_table(example(False), "asked", why_not=pl.lit(long), allows=pl.lit(long))
    text = Reader(page(results)).text
    assert text.count("Describe them instead") == 3  # the answer, and the row of each outcome
    assert text.count("19 patients: no main result") > 6


def test_steps_without_a_loss_say_no_more_than_that():
    quiet = with_table(example(), "flow", why=pl.lit("nobody leaves"))
    said = section_of(page(quiet, drawn=False), "who")
    assert "nobody leaves" not in said
    assert "No course is out for one outcome only." in said


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(TocsinError, match=r"report\.output"):
        write_emulation(hollow(), tmp_path / "out")
