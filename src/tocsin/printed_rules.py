"""What `tocsin strategies` prints: rules as sentences, and who would have been treated when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.grade_records import NOT_A_DEVICE
from tocsin.rulebook import Rulebook, summary
from tocsin.sentences import scale_words
from tocsin.sources import TAG_WORDS
from tocsin.when import Said, Strategy

Lang = Literal["en", "zh"]
WIDEST, NARROWEST, INSTEAD = 110, 60, 100
_HEADS = {
    "en": {"population": "for", "dose": "dose", "left_open": "open", "scale": "scale", "version": "text of",
           "memory": "rests on memory: check before use"},
    "zh": {"population": "适用", "dose": "剂量", "left_open": "未定", "scale": "量表", "version": "文本",
           "memory": "凭记忆:使用前须核对"},
}  # fmt: skip


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    console.width = min(WIDEST, max(NARROWEST, console.width)) if console.is_terminal else INSTEAD
    return console


def print_strategies(rules: Mapping[str, Strategy], lang: Lang) -> None:
    """Every rule: its sentence, whom it was written for, the dose, what is left open, and the source."""
    console = _console()
    for name, rule in rules.items():
        head = Text(name, style="bold").append(f"  {rule.hash}  tag {rule.tag}", style="not bold dim")
        for part in _marks(rule, lang):
            head.append(f"  {part}", style="not bold dim")
        if rule.from_memory:
            head.append(f"  {_HEADS[lang]['memory']}", style="not bold yellow")
        console.print(head)
        console.print(Padding(Text(rule.sentence(lang)), (0, 0, 0, 2), expand=False))
        for line in _details(rule, lang):
            console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2), expand=False))
        console.print(Padding(Text(rule.source, style="dim"), (0, 0, 1, 2), expand=False))
    for tag in sorted({rule.tag for rule in rules.values()}):
        console.print(Text(f"{tag}: {TAG_WORDS[tag]}", style="dim"))
    console.print(Text(NOT_A_DEVICE, style="dim"))


def _marks(rule: Strategy, lang: Lang) -> list[str]:
    heads = _HEADS[lang]
    made = [f"{heads['scale']} {', '.join(scale_words(scale) for scale in rule.scales)}"] if rule.scales else []
    return made + ([f"{heads['version']} {rule.version}"] if rule.version else [])


def _details(rule: Strategy, lang: Lang) -> list[str]:
    heads, lines = _HEADS[lang], list[str]()
    for key, words in (("population", rule.population), ("dose", rule.dose)):
        lines += [f"{heads[key]}: {words[lang]}"] if words else []
    return lines + [f"{heads['left_open']} [R]: {one[lang]}" for one in rule.left_open or ()]


COUNTED = ("due", "not_due", "cannot_be_seen", "treated_first")


def print_rulebook(book: Rulebook, who: str, files: list[Path]) -> None:
    """A line a rule: how many it would have treated and when, how many nobody can tell."""
    console, table = _console(), Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    console.print(Text(who, style="bold"))
    for k, head in enumerate(("rule", "tag", "due", "median", "from-to", "not due", "unclear", "given")):
        table.add_column(head, justify="left" if k < 2 else "right", header_style="dim", no_wrap=True)
    rows, not_run = summary(book).with_columns(pl.col(*COUNTED).fill_null(0)), list[str]()
    for row in rows.iter_rows(named=True):
        if row["not_run"]:
            not_run.append(row["rule"])
            continue
        span = "-" if row["due"] == 0 else f"{row['first']:,.0f}-{row['last']:,.0f}"
        median = "-" if row["due"] == 0 else f"{row['median']:,.1f}"
        counts = (f"{row[key]:,}" for key in ("not_due", "cannot_be_seen", "treated_first"))
        rule = book.rules[row["rule"]]
        tag = rule.tag + (" ?" if rule.provided else "") + (" +" if rule.unseen else "")
        table.add_row(row["rule"], tag, f"{row['due']:,}", median, span, *counts)
    console.print(Padding(table, (0, 0, 1, 2), expand=False))
    notes = (
        "due: proved in the first 30 days, before any dose of the drug; hours from time zero",
        "unclear: neither proved nor excluded; given: the drug came before the rule was due",
        "+ due too, ? only, on what no record shows:  tocsin strategies  says on what",
    )
    for note in notes:
        console.print(Text(f"- {note}", style="dim"))
    if not_run:
        console.print(Text(f"- not run, their scale is not there yet: {', '.join(not_run)}"))
    _print_reasons(console, book.rows)
    for path in files:
        console.print(f"written {path.name}", soft_wrap=True)
    console.print(Text(NOT_A_DEVICE, style="dim"))


def _print_reasons(console: Console, rows: pl.DataFrame) -> None:
    unseen = rows.filter(pl.col("status") == "cannot be seen").group_by("why").len().sort("len", "why", descending=True)
    for why, count in unseen.head(5).iter_rows():
        console.print(Text(f"- unclear, {count:,} times: {why}"))


def rules_frame(rules: Mapping[str, Strategy]) -> pl.DataFrame:
    """The rules as a table: rule, give, tag, scale, version, sentence, population, dose, left_open, source, hash."""

    def said(words: Said | None) -> str:
        return words.en if words else ""

    return pl.DataFrame(
        [
            {"rule": name, "give": rule.give, "tag": rule.tag, "tag_words": TAG_WORDS[rule.tag],
             "scale": " ".join(rule.scales), "version": rule.version or "", "sentence": rule.sentence(),
             "sentence_zh": rule.sentence("zh"), "population": said(rule.population), "dose": said(rule.dose),
             "left_open": "; ".join(one.en for one in rule.left_open or ()), "source": rule.source, "hash": rule.hash}
            for name, rule in rules.items()
        ]
    )  # fmt: skip
