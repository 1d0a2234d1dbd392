"""What the commands print: short tables and sentences, the same words with or without a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.grade_records import NOT_A_DEVICE, Graded, headline, notes, scale_rows
from tocsin.prepare import NO_COURSE

if TYPE_CHECKING:
    import polars as pl

    from tocsin.check import CheckResult
    from tocsin.prepare import Prepared
    from tocsin.tables import StudyResults

WIDEST, NARROWEST = 110, 60
INSTEAD = 100  # width where there is no terminal


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    console.width = min(WIDEST, max(NARROWEST, console.width)) if console.is_terminal else INSTEAD
    return console


def _table(*columns: str, left: int = 1, words_last: bool = False) -> Table:
    """A table without lines: the first `left` columns stand left, numbers right; `words_last`: the last one wraps."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for k, name in enumerate(columns):
        words = words_last and k == len(columns) - 1
        table.add_column(name, justify="left" if words or k < left else "right", header_style="dim", no_wrap=not words)
    return table


def _show(console: Console, table: Table, title: str = "", note: str = "") -> None:
    if title:
        console.print(Text(title, style="bold").append(f"  {note}" if note else "", style="not bold dim"))
    console.print(Padding(table, (0, 0, 1, 2), expand=False))


def _items(console: Console, lines: Iterable[str], style: str = "") -> None:
    for line in lines:
        console.print(Padding(Text(f"- {line}", style=style), (0, 0, 0, 2), expand=False))


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


# --- grade ------------------------------------------------------------------------------------------------------------


def print_graded(done: Graded) -> None:
    """The summary of `tocsin grade`."""
    console, summary = _console(), done.summary
    console.print(Text(headline(summary), style="bold"))
    console.print()
    for scale in summary["scales"].values():
        table = _table("", *(f"grade {g}" for g in range(6)))
        for label, cells in scale_rows(scale):
            table.add_row(label, *("." if cell in ("0", "") else cell for cell in cells))
        _show(console, table, scale["title"], f"hash {scale['hash']}")
    _items(console, notes(summary))
    if not summary["courses"]:
        console.print(Text(NO_COURSE, style="bold red"))
    console.print()
    console.print(f"Written to {_short(done.out)}: {', '.join(path.name for path in done.files)}", soft_wrap=True)
    console.print(Text(NOT_A_DEVICE, style="dim"))


def _short(path: Path) -> str:
    """A path as it is said: relative to where one is, if it lies below."""
    path, here = path.resolve(), Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


# --- check ------------------------------------------------------------------------------------------------------------


def print_check(result: CheckResult, ready: Prepared, out: Path | None) -> None:
    """The tables of `tocsin check`."""
    console, patients = _console(), result.patients
    who = f"{patients['all']:,} patients, {ready.courses.height:,} courses"
    console.print(Text(f"{who}; minute 0: {ready.time_zero}; zone: {ready.records.zone}", style="bold"))
    if patients["without_course"]:
        why = ready.attrition.item(0, "why")
        _items(console, [f"{patients['without_course']:,} patients have no course: {why}"])
    if patients["without_vitals"]:
        _items(console, [f"{patients['without_vitals']:,} patients have no vital sign at all"])
    console.print()
    _print_account(console, result.account)
    _print_codes(console, result.codes)
    _print_charting(console, result.charting)
    _print_triggers(console, result.triggers)
    if out is not None:
        console.print(f"{result.findings.height:,} findings written to {_short(out)}", soft_wrap=True)
    if result.undecided:
        console.print(Text(f"{result.undecided:,} findings need a decision (exit code 1).", style="bold red"))
    else:
        console.print(Text("Every finding was handled; none needs a decision.", style="green"))
    console.print(Text(NOT_A_DEVICE, style="dim"))


def _print_account(console: Console, account: pl.DataFrame) -> None:
    table = _table("file", "rows", "used", "set aside", "not needed")
    for row in account.iter_rows(named=True):
        table.add_row(row["source"], *(_number(row[name]) for name in ("rows", "used", "excluded", "not_needed")))
    _show(console, table, "Rows")


def _print_codes(console: Console, codes: pl.DataFrame) -> None:
    table = _table("code", "rows", "what, and what was done", words_last=True)
    for row in codes.iter_rows(named=True):
        mark = Text("  DECIDE", style="bold red") if row["decide"] else Text("")
        what = Text(row["what"]).append(f"  → {row['done']}", style="dim").append_text(mark)
        table.add_row(row["code"], _number(row["count"]), what)
    _show(console, table, "Findings", "" if codes.height else "none")


def _print_charting(console: Console, charting: pl.DataFrame) -> None:
    table = _table("sign", "place", "readings", "courses", "%", "median", "IQR", "90 %", "known %", left=2)
    for row in charting.iter_rows(named=True):
        first = row["place"] == "all"
        if first and not row["readings"]:
            table.add_row(
                _said(row["sign"]), "", "never charted", *[""] * 5, _number(row["known_percent"]), style="dim"
            )
            continue
        spread = "-" if row["interval_q1"] is None else f"{row['interval_q1']:,.0f}-{row['interval_q3']:,.0f}"
        table.add_row(
            _said(row["sign"]) if first else "", row["place"], _number(row["readings"]),
            _number(row["courses"]) if first else "", _number(row["courses_percent"]) if first else "",
            _number(row["interval_median"]), spread, _number(row["interval_p90"]),
            _number(row["known_percent"]) if first else "",
        )  # fmt: skip
    _show(console, table, "Charting", "intervals in minutes; known: share of the stay-hours")


def _said(name: str) -> str:
    return name.replace("_", " ")


def _print_triggers(console: Console, triggers: pl.DataFrame) -> None:
    table = _table("strategy", "courses", "can be seen", "%", "fired")
    for row in triggers.iter_rows(named=True):
        table.add_row(
            row["strategy"],
            _number(row["courses"]),
            _number(row["visible"]),
            _number(row["visible_percent"]),
            _number(row["fired"]),
        )
    _show(console, table, "Triggers", "in the first 30 days; can be seen: readings dense enough, whatever their values")


# --- the other commands -----------------------------------------------------------------------------------------------


def print_verified(count: int, scales: list[str], unknown: list[str], wrong: pl.DataFrame) -> None:
    """Disagreements of `tocsin verify`, one line each."""
    console = _console()
    console.print(Text(f"{count:,} cases on {', '.join(scales) or 'no scale'}", style="bold"))
    if unknown:
        console.print(f"  not checked, there is no such scale yet: {', '.join(unknown)}")
    if not wrong.height:
        console.print(Text("Every grade agrees.", style="green"))
        return
    table = _table("case", "scale", "expected", "proved", "at most", left=2)
    for row in wrong.iter_rows(named=True):
        expected = "not gradable" if row["expected"] is None else str(row["expected"])
        table.add_row(
            row["case_id"],
            row["scale"],
            expected,
            *("-" if row[k] is None else str(row[k]) for k in ("grade", "grade_at_most")),
        )
    _show(console, table)
    console.print(Text(f"{wrong.height:,} grades disagree (exit code 1).", style="bold red"))


def print_init(files: list[Path], data: Path) -> None:
    """What `tocsin init` wrote, and what comes next."""
    console = _console()
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        decide = sum("DECIDE" in line for line in lines)
        console.print(f"wrote {_short(path)}  ({len(lines):,} lines, {decide:,} say DECIDE)", soft_wrap=True)
    console.print(
        f"Next: read them against the files, settle what says DECIDE, then  tocsin check {data}", soft_wrap=True
    )


def print_study(results: StudyResults, files: list[Path], lang: Literal["en", "zh"] = "en") -> None:
    """Where the report is, the arms, and the serious warnings in one line each; the report says them whole."""
    console, meta = _console(), results.meta
    console.print(Text(str(meta.get("title", "")), style="bold"))
    counts: dict[Any, int] = dict(results.tables["arms"].get_column("arm").value_counts().iter_rows())
    table = _table("arm", "courses", "rule", words_last=True)
    for strategy in meta["strategies"]:
        words = strategy.get("sentence_zh") if lang == "zh" else ""
        table.add_row(strategy["name"], _number(counts.get(strategy["name"], 0)), words or strategy["sentence"])
    outside, inside = counts.get(None, 0), sum(n for arm, n in counts.items() if arm is not None)
    table.add_row("in no arm", _number(outside), "see attrition" if outside else "")
    _show(console, table)
    if not inside:
        console.print(Text(f"No arm holds a course; {outside:,} courses are in none.", style="bold red"))
    warnings = results.tables["warnings"]
    for row in warnings.filter(warnings.get_column("serious")).iter_rows(named=True):
        said = Text("! ", style="bold red").append(f"{row['arm']}: " if row["arm"] else "", style="not bold default")
        said.append(row["text_zh" if lang == "zh" else "text"], style="not bold default").truncate(
            console.width - 2, overflow="ellipsis"
        )
        console.print(said, no_wrap=True)
    console.print()
    for name in ("report", "results"):
        for path in files:
            if path.stem.split(".")[0] == name and path.suffix in (".html", ".json"):
                console.print(f"{name:8} {_short(path)}", soft_wrap=True)
    console.print(Text(NOT_A_DEVICE, style="dim"))
