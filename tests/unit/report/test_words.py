"""Every word has both languages, and the shipped font can draw every Chinese one."""

import ast
from pathlib import Path
from string import Formatter

import pytest

from tocsin.report import words as words_module
from tocsin.report.fonts_cover import characters, uncovered
from tocsin.report.phrases import PHRASE_PATTERNS, PHRASES, SMALL
from tocsin.report.terms import PATTERNS, TERMS
from tocsin.report.words import WORDS, Words
from tocsin.sources import TAG_WORDS

SOURCE = Path(words_module.__file__).parent


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(WORDS))
def test_every_key_has_both_languages_with_the_same_fields(key: str) -> None:
    english, chinese = WORDS[key]
    assert english.strip("\n")
    assert chinese.strip("\n")
    assert fields(english) == fields(chinese)
    assert "℃" not in english + chinese


def test_every_key_used_exists_and_every_key_is_used() -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for path in [*SOURCE.glob("*.py"), *SOURCE.glob("templates/*.jinja")]
    )
    used = {
        node.args[0].value
        for path in SOURCE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "words"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert used <= set(WORDS)
    families = (
        "section.",
        "head.",
        "figure.kind.",
        "unit.",
        "axis.",
        "swimmer.",
        "follow.",
        "endpoint.",
        "finding.",
        "table.",
        "chart.key.",
        "turning.",
    )
    unused = [
        key
        for key in WORDS
        if key not in used and not key.startswith(families) and f'"{key}"' not in text and f"'{key}'" not in text
    ]
    assert not unused


def test_a_missing_key_is_an_error_never_an_empty_heading() -> None:
    with pytest.raises(KeyError):
        Words("en")("no such key")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="en or zh"):
        Words("fr")  # pyright: ignore[reportArgumentType]


def test_terms_translate_and_unknown_phrases_stay() -> None:
    zh = Words("zh")
    assert zh.term("early v conventional") == "早期组 v 常规组"
    assert zh.term("survival at 180") == "180 天生存率"
    assert zh.term("a phrase nobody translated") == "a phrase nobody translated"
    assert Words("en").term("astct_crs") == "ASTCT CRS"
    assert Words("en").term("cumulative incidence at 30") == "cumulative incidence at 30 days"
    assert zh.term("cumulative incidence at 30") == "30 天累积发生率"
    assert Words("en").term("survival at 6 months") == "survival at 6 months"
    assert zh.term("day; not reached: upper limit") == "天；上限未达到"
    assert zh.value("none") == "无"
    assert zh.numbers("8.33 to 58.93") == "8.33 至 58.93"
    assert zh.why("early: yes; conventional: late") == "早期组：遵循；常规组：用药过迟"
    assert Words("en").why("early: yes; conventional: late") == "early: followed; conventional: given too late"
    assert Words("en").why("no dose: see the ward") == "no dose: see the ward"
    assert all(zh.term(tag) != tag for tag in TAG_WORDS.values())


def test_the_shipped_font_covers_our_own_words() -> None:
    chinese = [zh for _, zh in (*WORDS.values(), *TERMS.values())] + [zh for _, zh in (*PATTERNS, *PHRASE_PATTERNS)]
    chinese += [*PHRASES.values(), *SMALL.values()]
    assert uncovered(chinese) == ""
    assert len(characters()) > 3755
    assert uncovered(["P01 龘"]) == "龘"


def test_fonts_are_small_and_carry_their_licence() -> None:
    folder = SOURCE / "fonts"
    assert (folder / "NotoSansCJKsc-subset.otf").read_bytes()[:4] == b"OTTO"
    assert (folder / "NotoSansCJKsc-subset.woff2").read_bytes()[:4] == b"wOF2"
    assert all(path.stat().st_size < 2**20 for path in folder.iterdir())
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")
