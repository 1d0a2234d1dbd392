"""What `tocsin strategies DATA` does: records to the rule book, and its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tocsin.check import prepared
from tocsin.outputs import refuse_foreign, replace_folder, write_csv, write_text
from tocsin.prepare import Choices
from tocsin.rulebook import RULEBOOK, Rulebook, rulebook
from tocsin.strategies.catalogue import CATALOGUE
from tocsin.when import Strategy

FILES = ("rulebook.csv", "rules.csv", "triggers.svg", "triggers.png")


def run_rules(
    choices: Choices, out: Path | None, lang: Literal["en", "zh"], step: Callable[[str], None]
) -> tuple[Rulebook, str, list[Path]]:
    """The rule book, who is in it, and the files written. Raises TocsinError of every room on the way, `outputs.*`."""
    if out is not None:
        refuse_foreign(out, FILES, FILES[0])
    step("reading the records")
    ready, asked = prepared(choices)
    step("running the rules")
    book = rulebook(ready.records, ready.courses, with_own(asked), ready.parameters)
    who = f"{ready.courses.height:,} courses; minute 0: {ready.time_zero}; zone: {ready.records.zone}"
    if out is None:
        return book, who, []
    step("drawing")
    return book, who, replace_folder(out, lambda folder: _write(book, folder, lang), FILES, FILES[0])


def with_own(asked: dict[str, Strategy]) -> dict[str, Strategy]:
    """The catalogue, and before it those of a study that are not in it under another name."""
    known = {(rule.give, rule.when) for rule in CATALOGUE.values()}
    return {name: rule for name, rule in asked.items() if (rule.give, rule.when) not in known} | CATALOGUE


def _write(book: Rulebook, folder: Path, lang: Literal["en", "zh"]) -> None:
    from tocsin.printed_rules import rules_frame
    from tocsin.report.drawing import to_png
    from tocsin.report.triggers import plot_triggers

    write_csv(folder / "rulebook.csv", RULEBOOK.check(book.rows))
    write_csv(folder / "rules.csv", rules_frame(book.rules))
    figure = plot_triggers(book.rows, book.rules, lang)
    if figure.svg:
        write_text(folder / "triggers.svg", figure.svg)
        (folder / "triggers.png").write_bytes(to_png(figure.svg, 1.5))
