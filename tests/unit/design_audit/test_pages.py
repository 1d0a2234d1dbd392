"""What a reader sees: both languages, every row, nothing of the data run as markup."""

import re
from html import unescape

import pytest

from tocsin.design_audit import FAULTS, AuditParameters, audit
from tocsin.design_audit.protocol import _HEAD, _KEY_WORDS, NAMES_ZH, SIGNS
from tocsin.design_audit.unsaid import ALWAYS
from tocsin.design_audit.written import NOTICE, audit_page, print_audit
from tocsin.report.design_audit import HEADS, PARAMETERS_ZH, SAID, audit_section, audit_sections
from tocsin.report.fonts_cover import uncovered
from tocsin.report.words import Words
from tocsin.tables.audit import AUDIT_TABLES, PROOFS
from unit.design_audit.designs import study
from unit.study.small_studies import BOTH, Ward, early, severe

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def results():
    ward = severe(severe(early(early(Ward(), "A"), "B", 9), "C", 20), "D", 30)
    ward.patient("E", 40).fever("E", 20, 2)
    return audit(study(ward, {"<b>hot</b>": BOTH["early"], "late": BOTH["late"]}, title="a <script> & b"))


def test_every_table_has_its_heads_and_every_word_both_languages(results):
    assert {column.name for table in PROOFS for column in table.columns} == set(HEADS)
    assert {row["name"] for row in AuditParameters().rows()} == set(PARAMETERS_ZH)
    said = [*SAID.values(), *HEADS.values(), *(f.name for f in FAULTS), *(f.instead for f in FAULTS)]
    said += [(row[k], row[k + 1]) for row in ALWAYS for k in (0, 2, 4)]
    said += [*_HEAD, *_KEY_WORDS.values()]
    assert set(NAMES_ZH) == set(SIGNS)
    for table, columns in (("audit", ("text", "instead")), ("audit_unsaid", ("question", "why", "do")),
                           ("audit_protocol", ("element", "said"))):  # fmt: skip
        said += [(r[c], r[f"{c}_zh"]) for r in results.tables[table].to_dicts() for c in columns if r[c]]
    for english, chinese in said:
        assert not CHINESE.search(english)
        assert CHINESE.search(chinese), english
    assert uncovered(chinese for _, chinese in said) == ""


def test_the_page_shows_every_proof_and_escapes_the_data(results):
    page = audit_page(results)
    assert "<script>" not in page
    assert "<b>hot</b>" not in page
    assert "a &lt;script&gt; &amp; b" in page
    assert NOTICE in page
    assert "http" not in re.sub(r"https?://www\.w3\.org\S*", "", page)
    for row in results.tables["audit"].to_dicts():
        if row["verdict"] in ("serious", "note"):
            shown = page.split(f'data-table="{row["proof"]}"')[1].split("</table>")[0]
            assert shown.count("<tr>") == results.tables[row["proof"]].height + 1
            assert row["instead"] in unescape(page)
    assert unescape(page).count("[protocol]") == 1


def test_serious_faults_stand_in_the_red_box_and_no_other(results):
    box = audit_page(results).split('<aside class="warning"')[1].split("</aside>")[0]
    serious = results.tables["audit"].filter(verdict="serious").height
    assert serious == results.serious == box.count("<li>")


def test_a_section_of_the_study_report_holds_all_eight_faults(results):
    for lang in ("en", "zh"):
        section = audit_section(results.tables, results.protocol, Words(lang))
        glance = section.blocks[0].data
        assert [row[0].text for row in glance.rows] == [str(n) for n in results.tables["audit"]["no"]]
        folds = [block.data.fold for block in section.blocks if block.kind == "table"][1:]
        assert all(folds)
        told = str(section)
        for row in results.tables["audit"].to_dicts():
            assert row["text_zh" if lang == "zh" else "text"] in told


def test_without_an_audit_the_section_says_so():
    empty = {table.name: table.empty() for table in AUDIT_TABLES}
    for lang, said in (("en", "No audit was made."), ("zh", "未做设计审查。")):
        assert [block.data for block in audit_section(empty, "", Words(lang)).blocks] == [said]


def test_a_fault_not_found_has_no_section_of_its_own_but_is_named(results):
    made = audit_sections(results.tables, results.protocol, results.parameters.rows(), Words("en"), NOTICE)
    shown = {s.anchor for s in made}
    for row in results.tables["audit"].to_dicts():
        assert (f"fault-{row['no']}" in shown) == (row["verdict"] != "not_found")
    clear = next(s for s in made if s.anchor == "clear")
    assert [pair["term"] for pair in clear.blocks[0].data] == results.tables["audit"].filter(verdict="not_found")[
        "fault"
    ].to_list()


def test_the_chinese_page_has_no_english_phrase_of_ours(results):
    page = re.sub(r"(?s)<style>.*?</style>|<svg.*?</svg>", "", audit_page(results, "zh"))
    for line in re.findall(r">([^<>]+)<", page):
        said = unescape(line).replace("a <script> & b", "")
        assert not re.search(r"[a-z]{3,},? [a-z]{2,}|\d to \d", said), said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_terminal_prints_every_verdict_and_a_protocol_that_can_be_copied(results, capsys, lang):
    print_audit(results, lang)
    printed = capsys.readouterr().out
    assert (results.protocol_zh if lang == "zh" else results.protocol).rstrip("\n") in printed
    assert NOTICE in printed
    flat = re.sub(r"\s+", "", printed)
    for row in results.tables["audit"].to_dicts():
        assert re.sub(r"\s+", "", f"{row['no']}. {row['fault_zh' if lang == 'zh' else 'fault']}")[:8] in flat


def test_tables_keep_their_contracts(results):
    for table in AUDIT_TABLES:
        assert table.problems(results.tables[table.name]) == []
    assert len({table.name for table in AUDIT_TABLES}) == len(AUDIT_TABLES) == 11
