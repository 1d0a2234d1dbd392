"""What `tocsin scores` prints: one short table, what is missing and why, what is not computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.prepare import NO_COURSE
from tocsin.scores.run import Scored

WIDTH = 110
REASONS = 2


def print_scored(done: Scored) -> None:
    """The summary of `tocsin scores`."""
    console, summary = Console(highlight=False, width=WIDTH), done.summary
    who = f"{summary['courses']:,} courses of {summary['patients']:,} patients"
    console.print(Text(f"{who}; minute 0: {summary['time_zero']}; zone: {summary['zone']}", style="bold"))
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for k, name in enumerate(
        ("score", "of when", "rows", "with value", "bounds", "missing", "median (range), or counts")
    ):
        table.add_column(name, justify="right" if 2 <= k <= 5 else "left", header_style="dim", no_wrap=k < 6)
    for row in summary["scores"]:
        table.add_row(
            row["title"], row["moment"].replace("_", " "), f"{row['rows']:,} {row['of']}", *_counts(row), _values(row)
        )
    console.print(Padding(table, (0, 0, 1, 2), expand=False))
    if not summary["courses"]:
        console.print(Text(NO_COURSE, style="bold red"))
    for line in (*_why_missing(summary), *_changed(summary), *summary["notes"]):
        console.print(Padding(Text(f"- {line}"), (0, 0, 0, 2), expand=False))
    console.print()
    names = ", ".join(path.name for path in done.files)
    console.print(f"Written to {_short(done.out)}: {names}", soft_wrap=True)
    console.print(Text(summary["notice"], style="dim"))


def _counts(row: dict[str, Any]) -> list[str]:
    return [f"{row[name]:,}" if row[name] else "." for name in ("with_value", "bounds_only", "missing")]


def _values(row: dict[str, Any]) -> str:
    """Of grades and points how many each, of a ratio median, lowest and highest."""
    if row["counts"]:
        return ", ".join(f"{value}: {n:,}" for value, n in row["counts"].items())
    if row["median"] is None:
        return ""
    return f"{row['median']:,.3g} ({row['lowest']:,.3g} to {row['highest']:,.3g})"


def _why_missing(summary: dict[str, Any]) -> list[str]:
    """The commonest reasons, the same ones of several scores said once."""
    said: dict[str, list[str]] = {}
    for row in summary["scores"]:
        if row["reasons"]:
            reasons = list(row["reasons"].items())
            text = "; ".join(f"{why} ({n:,})" for why, n in reasons[:REASONS])
            text += f"; {len(reasons) - REASONS:,} other reasons" if len(reasons) > REASONS else ""
            said.setdefault(text, []).append(f"{row['title']} {row['moment'].replace('_', ' ')}")
    return [f"{', '.join(who)} without a value: {text}" for text, who in said.items()]


def _changed(summary: dict[str, Any]) -> list[str]:
    changed = summary["parameters_changed"]
    return ["changed: " + ", ".join(f"{name} = {value}" for name, value in changed.items())] if changed else []


def _short(path: Path) -> str:
    path, here = path.resolve(), Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
