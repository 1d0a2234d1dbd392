"""One warning in both languages, and arms and drugs in Chinese."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin import vocabulary
from tocsin.report.words import Words


@dataclass(frozen=True)
class Warned:
    """One warning in both languages."""

    slug: str
    text: str
    text_zh: str
    arm: str | None = None
    serious: bool = False


def chinese(word: str) -> str:
    """An arm or a drug in Chinese, as far as the report's terms and the vocabulary know one."""
    term = Words("zh").term(word)
    drug = vocabulary.drugs().get(word)
    names = [name for name in (drug.aliases if drug else ()) if "\u4e00" <= name[0] <= "\u9fff"]
    return names[0] if names else term
