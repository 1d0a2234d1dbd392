"""tocsin cite: what CITATION.cff says, exactly the papers of a study, BibTeX that can be read."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tocsin
from tocsin.cite import AUTHORS, LICENSE, TITLE, Cited, Used, as_bibtex, as_text, read_used
from tocsin.cli import app
from tocsin.errors import TocsinError
from tocsin.report.files import complete, write_report
from unit.report.example_results import example_results

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"@(\w+)\{([A-Za-z0-9:_-]+),\n((?:  \w+ = \{.*\},?\n)+)\}")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cite") / "out"
    write_report(example_results(5), folder, figures=False)
    return folder


def test_it_says_what_the_citation_file_says():
    cff = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f'title: "{TITLE}"' in cff
    assert f"version: {tocsin.__version__}\n" in cff
    assert f"license: {LICENSE}\n" in cff
    assert re.findall(r"- name: (.*)", cff) == list(AUTHORS)
    assert as_text() == (
        "How to cite tocsin:\n  The tocsin founders. tocsin: when to treat cytokine release syndrome after CAR-T "
        f"therapy. Version {tocsin.__version__}. Apache-2.0."
    )


@pytest.mark.parametrize("named", ["", "results.json"])
def test_the_sources_are_those_of_the_study(out, named):
    used = read_used(out / named)
    rows = complete(example_results(5)).tables["citations"].to_dicts()
    assert rows
    assert [(s.key, s.text, s.doi, s.used_for) for s in used.sources] == [tuple(row.values()) for row in rows]
    text = as_text(used)
    assert f"({len(rows)} sources)" in text
    assert used.spec_hash in text
    for row in rows:
        assert f"[{row['key']}] {row['text']}" in text
        assert row["doi"] in text


def test_bibtex_has_an_entry_a_source_and_one_for_tocsin(out):
    used = read_used(out)
    bibtex = as_bibtex(used)
    entries = ENTRY.findall(bibtex)
    assert [key for _, key, _ in entries] == ["tocsin", *(s.key for s in used.sources)]
    assert len(entries) == bibtex.count("@")
    assert "author = {{The tocsin founders}}" in bibtex
    assert all(f"doi = {{{s.doi}}}" in bibtex for s in used.sources if s.doi)


def test_bibtex_holds_any_text():
    sources = (
        Cited("a{b}", "50 % of $x_1 & {y} #2 ~ ^ \\ 1999-2003. J 2004;1", "10.1/x}{y", "one\ntwo"),
        Cited("ab", "No year", "", "x"),
        Cited("", "In 1890 then 1990", "", ""),
    )
    bibtex = as_bibtex(Used("1", "", sources))
    entries = {key: body for _, key, body in ENTRY.findall(bibtex)}
    assert list(entries) == ["tocsin", "ab", "ab-2", "source"]
    assert r"50 \% of \$x\_1 \& \{y\} \#2 \textasciitilde{} \textasciicircum{} \textbackslash{}" in entries["ab"]
    assert "year = {2004}" in entries["ab"]
    assert "doi = {10.1/xy}" in entries["ab"]
    assert "year = " not in entries["ab-2"]
    assert "year = {1890}" in entries["source"]
    plain = re.sub(r"\\[{}]", "", bibtex)
    assert plain.count("{") == plain.count("}")


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (None, "cite.no-results"),
        ("not json", "cite.not-results"),
        ("[]", "cite.not-results"),
        ('{"meta": {}, "tables": {}}', "cite.not-results"),
        ('{"meta": [], "tables": {"citations": []}}', "cite.not-results"),
        ('{"meta": {}, "tables": {"citations": [{"key": 1}]}}', "cite.not-results"),
        ('{"meta": {}, "tables": {"citations": [1]}}', "cite.not-results"),
    ],
)
def test_what_is_no_result_is_said(tmp_path, content, slug):
    if content is not None:
        (tmp_path / "results.json").write_text(content)
    with pytest.raises(TocsinError) as caught:
        read_used(tmp_path)
    assert [problem.slug for problem in caught.value.problems] == [slug]
    done = CliRunner().invoke(app, ["cite", str(tmp_path)])
    assert done.exit_code == 3
    assert slug in done.output


def test_the_command_prints_what_was_asked(out):
    run = CliRunner().invoke
    both = run(app, ["cite", str(out)])
    assert both.exit_code == 0
    text, bibtex = (run(app, ["cite", str(out), "--format", form]).output for form in ("text", "bibtex"))
    assert both.output == f"{text}\n{bibtex}"
    assert text.startswith("How to cite tocsin:")
    assert bibtex.startswith("@software{tocsin,")
    assert run(app, ["cite"]).output.startswith("How to cite tocsin:")
    assert run(app, ["cite", "--format", "ris"]).exit_code == 2


def test_a_study_without_sources(tmp_path):
    data = {"meta": {"version": "9.9", "spec_hash": "abc"}, "tables": {"citations": []}}
    (tmp_path / "results.json").write_text(json.dumps(data))
    used = read_used(tmp_path)
    assert "Version 9.9, specification abc." in as_text(used)
    assert "(0 sources)" in as_text(used)
