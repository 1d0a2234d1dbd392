"""Both languages are complete, and the Chinese page holds no English of ours."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from tocsin.report.emulation import words as words_module
from tocsin.report.emulation.page import render_report
from tocsin.report.emulation.phrases import MEASURES, PATTERNS, PHRASES
from tocsin.report.emulation.wording import WORDS
from tocsin.report.emulation.words import EmulationWords, parts_of
from tocsin.report.fonts_cover import uncovered
from tocsin.report.wording import WORDS as SHARED
from tocsin.tables.emulation import ANALYSES, EMULATION_TABLES, USES
from unit.report.emulation.example_emulation import example
from unit.report.test_report import Reader

FOLDER = Path(words_module.__file__).parent


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def keys_of(path: Path) -> set[str]:
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "words"
        and node.args and isinstance(node.args[0], ast.Constant)
    }  # fmt: skip


@pytest.mark.parametrize("key", sorted(WORDS))
def test_every_key_has_both_languages_with_the_same_fields(key):
    english, chinese = WORDS[key]
    assert english.strip()
    assert re.search(r"[\u4e00-\u9fff]|^[^a-zA-Z]*$", re.sub(r"\{\w+\}", "", chinese))
    assert fields(english) == fields(chinese)


def test_every_key_used_exists_and_every_key_is_used():
    used = set().union(*(keys_of(path) for path in FOLDER.glob("*.py")))
    assert used <= {*WORDS, *SHARED}
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py") if path.name != "wording.py")
    families = (
        "section.", "head.", "table.", "analysis.", "initiation.", "draw.", "use.", "naive.kind.", "naive.immortal",
        "naive.outcome", "naive.indication", "naive.instead",
    )  # fmt: skip
    built = {f"weights.{k}" for k in ("effective", "largest", "mean")} | {"balance.baseline", "balance.now"}
    built |= {f"{kind}.{k}" for kind in ("curves", "competing") for k in ("title", "caption")}
    used |= built
    assert [k for k in WORDS if k not in used and not k.startswith(families) and f'"{k}"' not in text] == []


def test_families_are_whole():
    for family, names in (("analysis", ANALYSES), ("use", USES), ("table", [t.name for t in EMULATION_TABLES])):
        assert all(f"{family}.{name}" in {*WORDS, *SHARED} for name in names)
    heads = {k for path in FOLDER.glob("*.py") for k in re.findall(r'"head\.(\w+)"', path.read_text(encoding="utf-8"))}
    assert all(f"head.{name}" in {*WORDS, *SHARED} for name in heads)


def test_the_shipped_font_covers_our_words():
    ours = [zh for _, zh in WORDS.values()] + [*MEASURES.values(), *PHRASES.values(), *(zh for _, zh in PATTERNS)]
    assert uncovered(ours) == ""


def test_a_measure_comes_apart():
    assert parts_of("risk difference after 168 h (truncated)") == ("risk difference", 168, True)
    assert parts_of("risk after 72 h") == ("risk", 72, False)
    assert parts_of("hazard ratio") == ("hazard ratio", None, False)
    zh = EmulationWords("zh")
    assert zh.measure("risk difference after 168 h (truncated)") == "168 小时率差（权重截断）"
    assert zh.measure("hazard ratio") == "风险比（HR）"
    assert zh.measure("something new after 3 h") == "something new after 3 h"
    assert EmulationWords("en").measure("risk after 72 h") == "risk after 72 h"


def test_methods_and_choices_are_said_in_chinese():
    zh = EmulationWords("zh")
    method = (
        "clone-censor-weight, weighted Aalen-Johansen, weights cut at their 99.0% quantile; percentile bootstrap of "
    )
    assert zh.term(method + "500 (multinomial, one Newton step, seed 7)") == (
        "克隆-删失-加权，加权 Aalen-Johansen，权重截断于 99.0% 分位；百分位自助法 500 次（有放回，各一步牛顿，种子 7）"
    )
    assert zh.term("strategy early") == "策略：早期组"
    assert zh.term("replicates by patient, arms together; 0: no intervals") == "按患者重抽样次数，各组同抽；0：无区间"


def test_chinese_falls_back_to_english_never_to_nothing():
    zh = EmulationWords("zh")
    assert zh.both({"note": "said", "note_zh": "说"}, "note") == "说"
    assert zh.both({"note": "said", "note_zh": ""}, "note") == "said"
    assert zh.both({"note": None, "note_zh": None}, "note") == ""


def test_the_chinese_page_says_none_of_our_english_sentences():
    text = Reader(render_report(example(), [], "zh")).text
    # what still is English there: names of files, code, the example's own words
    english = [line for line in WORDS.values() if len(line[0].split()) > 4 and "{" not in line[0]]
    assert len(english) > 25
    assert [e for e, _ in english if e in text] == []
    assert "早期组" in text
