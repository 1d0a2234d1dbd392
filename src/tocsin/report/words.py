"""The words of a report in one language: fixed text by key, phrases of the data by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from tocsin.report.phrases import PHRASE_PATTERNS, PHRASES, SMALL, STATES
from tocsin.report.terms import ENGLISH, PATTERNS, TERMS
from tocsin.report.wording import WORDS

__all__ = ["WORDS", "Lang", "Words"]

Lang = Literal["en", "zh"]


def _filled(pattern: str, said: str, phrase: str, word: Callable[[str], str]) -> str:
    """`said` with the groups of a pattern that fits the whole phrase, else nothing."""
    found = re.fullmatch(pattern, phrase)
    return said.format(*map(word, found.groups())) if found else ""


class Words:
    """The words of one language: `words(key, **values)` is fixed text, `words.term(text)` a phrase of the data."""

    def __init__(self, lang: Lang = "en") -> None:
        if lang not in ("en", "zh"):
            raise ValueError(f"lang is {lang!r}; the report is written in en or zh")
        self.lang: Lang = lang

    def __call__(self, key: str, **values: Any) -> str:
        """The text of `key`; an unknown key is a KeyError, never an empty heading."""
        return WORDS[key][self.lang == "zh"].format(**values)

    def term(self, phrase: str) -> str:
        """A phrase of the data in this language; a phrase nobody translated stays as it is, never disappears."""
        if phrase in TERMS:
            english, chinese = TERMS[phrase]
            return chinese if self.lang == "zh" else english
        if self.lang == "en":
            return next((made for pattern, said in ENGLISH if (made := _filled(pattern, said, phrase, str))), phrase)
        if phrase in PHRASES:
            return PHRASES[phrase]
        if "; " in phrase:
            return "；".join(self.term(part) for part in phrase.split("; "))
        for pattern, chinese in (*PATTERNS, *PHRASE_PATTERNS):
            if made := _filled(pattern, chinese, phrase, self._word):
                return made
        if " v " in phrase:
            return " v ".join(self.term(part) for part in phrase.split(" v "))
        name, sign, rest = phrase.partition(": ")
        return f"{self.term(name)}：{self.term(rest)}" if sign and self.term(rest) != rest else phrase

    def _word(self, word: str) -> str:
        return SMALL.get(word) or self.term(word)

    def why(self, text: str) -> str:
        """Why a course is in its arm: `early: yes; conventional: late` with the states in words."""
        parts = [part.rpartition(": ") for part in text.split("; ")]
        if not all(name and state in STATES for name, _, state in parts):
            return self.term(text)
        return self("semicolon").join(f"{self.term(n)}{self('colon')}{self('follow.' + s)}" for n, _, s in parts)

    def numbers(self, text: str) -> str:
        """A cell of numbers: `8.33 to 58.93` with the word between them in this language."""
        return re.sub(r"(?<=\d) to (?=[\d−-])", f" {self('to')} ", text)

    def value(self, text: str) -> str:
        """The value of a choice: here `none` means nothing, not `in no arm`."""
        return self("grade.none") if text == "none" else self.term(text)

    def of(self, row: dict[str, Any]) -> str:
        """The text of a row that carries both languages as `text` and `text_zh`."""
        return str((row.get("text_zh") if self.lang == "zh" else None) or row["text"])

    def meta(self, meta: dict[str, Any], key: str) -> str:
        """An entry of `meta` in this language, where it has one."""
        return str((meta.get(f"{key}_zh") if self.lang == "zh" else None) or meta.get(key) or "")
