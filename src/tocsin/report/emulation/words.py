"""The words of this report: its own fixed text before that of every report, and columns in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tocsin.report.emulation.phrases import MEASURES, PATTERNS, PHRASES
from tocsin.report.emulation.wording import WORDS
from tocsin.report.words import Words
from tocsin.tables.emulation import EmulationResults

_MEASURE = re.compile(r"(?P<kind>.+?)(?: after (?P<hours>\d+) h)?(?P<cut> \(truncated\))?")


class EmulationWords(Words):
    """As `Words`, with the words of an emulated trial first."""

    def __call__(self, key: str, **values: Any) -> str:
        """The text of `key`; an unknown key is a KeyError, never an empty heading."""
        return WORDS[key][self.lang == "zh"].format(**values) if key in WORDS else super().__call__(key, **values)

    def both(self, row: Mapping[str, Any], column: str) -> str:
        """A column that stands twice, as `note` and `note_zh`; English where the Chinese is empty."""
        return str((row.get(f"{column}_zh") if self.lang == "zh" else None) or row.get(column) or "")

    def measure(self, measure: str) -> str:
        """`risk difference after 168 h (truncated)` in this language; a measure nobody knows stays as it is."""
        kind, hours, cut = parts_of(measure)
        if self.lang == "en" or kind not in MEASURES:
            return measure
        said = MEASURES[kind] + ("（权重截断）" if cut else "")
        return f"{hours} 小时{said}" if hours is not None else said

    def term(self, phrase: str) -> str:
        """A phrase of the data in this language; a phrase nobody translated stays as it is, never disappears."""
        if self.lang == "zh":
            if phrase in PHRASES:
                return PHRASES[phrase]
            for pattern, chinese in PATTERNS:
                if found := re.fullmatch(pattern, phrase):
                    return chinese.format(*map(self.term, found.groups()))
        return super().term(phrase)

    def outcome(self, results: EmulationResults, name: str) -> str:
        """An outcome in the words of the protocol."""
        row = next((r for r in results.tables["asked"].to_dicts() if r["outcome"] == name), None)
        return (self.both(row, "words") if row else "") or self.term(name)


def parts_of(measure: str) -> tuple[str, int | None, bool]:
    """A measure as its kind, the hours after which it holds, and whether the weights were cut."""
    found = _MEASURE.fullmatch(measure)
    if not found:
        return measure, None, False
    hours = found["hours"]
    return found["kind"], int(hours) if hours else None, found["cut"] is not None
