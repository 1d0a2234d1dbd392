"""What `tocsin emulate` prints: the protocol that was used, the flow, and every analysis beside the honest one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.emulate.told import NOTICE
from tocsin.tables.emulation import EmulationResults

Lang = Literal["en", "zh"]
WIDEST, INSTEAD = 110, 100
_HEADS = {
    "flow": ("Who is in the trial", "入组流程"), "in": ("in", "入"), "out": ("out", "出"),
    "why": ("who left", "离开者"), "analysis": ("analysis", "分析"), "difference": ("difference", "差"),
    "interval": ("interval", "区间"), "after": ("after {h} h", "{h} 小时后"),
    "before": ("Before quoting it", "引用之前"),
    "made": ("No [protocol] in study.toml: this one was made from its strategies. Change it there.",
             "study.toml 中没有 [protocol]：以下按其策略生成，可在其中修改。"),
    "written": ("Written to", "写入"), "protocol": ("The trial", "试验方案"),
}  # fmt: skip


def print_emulation(results: EmulationResults, out: Path, files: list[Path], lang: Lang = "en") -> None:
    """The summary of a run."""
    console, zh = Console(highlight=False), lang == "zh"
    console.width = min(WIDEST, console.width) if console.is_terminal else INSTEAD
    meta = results.meta
    console.print(Text(meta["title_zh"] if zh and meta["title_zh"] else meta["title"], style="bold"))
    if not meta["protocol_given"]:
        console.print(Text(_HEADS["made"][zh], style="yellow"))
    _protocol(console, results, zh)
    _flow(console, results, zh)
    for row in results.tables["asked"].iter_rows(named=True):
        _outcome(console, results, row, zh)
    _warnings(console, results, zh)
    names = ", ".join(path.name for path in files)
    console.print(f"{_HEADS['written'][zh]} {out}: {names}", soft_wrap=True)
    console.print(Text(NOTICE, style="dim"))


def _pick(row: dict[str, Any], name: str, zh: bool) -> str:
    return str(row[f"{name}_zh" if zh else name] or "")


def _grid(*columns: str, numbers: int) -> Table:
    """A table without lines whose last `numbers` columns stand right."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for k, name in enumerate(columns):
        right = k >= len(columns) - numbers
        table.add_column(name, justify="right" if right else "left", header_style="dim", no_wrap=right)
    return table


def _show(console: Console, table: Table) -> None:
    console.print(Padding(table, (0, 0, 1, 2), expand=False))


def _protocol(console: Console, results: EmulationResults, zh: bool) -> None:
    console.print(Text(_HEADS["protocol"][zh], style="bold"))
    table = _grid("", "", numbers=0)
    table.show_header = False
    for row in results.tables["protocol"].head(3).iter_rows(named=True):
        table.add_row(Text(_pick(row, "element", zh), style="dim"), _pick(row, "specification", zh))
    _show(console, table)


def _flow(console: Console, results: EmulationResults, zh: bool) -> None:
    table = _grid(_HEADS["flow"][zh], _HEADS["why"][zh], _HEADS["in"][zh], _HEADS["out"][zh], numbers=2)
    for row in results.tables["flow"].iter_rows(named=True):
        if row["courses_in"] == row["courses_out"] and row["outcome"]:
            continue
        said = _pick(row, "why", zh)
        table.add_row(_pick(row, "step", zh), said if len(said) < 90 else said[:87] + "...", f"{row['courses_in']:,}",
                      f"{row['courses_out']:,}")  # fmt: skip
    _show(console, table)


def _outcome(console: Console, results: EmulationResults, asked: dict[str, Any], zh: bool) -> None:
    hour = results.meta["horizon_hours"]
    rows = results.tables["comparison"].filter((pl.col("outcome") == asked["outcome"]) & (pl.col("hour") == hour))
    head = Text(_pick(asked, "words", zh), style="bold")
    head.append(f"  {_HEADS['after'][zh].format(h=hour)}; n = {asked['courses']:,}", style="not bold dim")
    console.print(head)
    for pair in rows.select("arm", "against").unique(maintain_order=True).iter_rows():
        table = _grid(
            _HEADS["analysis"][zh], pair[0], pair[1], _HEADS["difference"][zh], _HEADS["interval"][zh], numbers=4
        )
        for row in rows.filter((pl.col("arm") == pair[0]) & (pl.col("against") == pair[1])).iter_rows(named=True):
            shown = (row["risk"], row["risk_against"], row["difference"])
            style = "bold" if row["answers"] else ""
            limits = "" if row["low"] is None else f"{_points(row['low'])} to {_points(row['high'])}"
            cells = [_percent(shown[0]), _percent(shown[1]), _points(shown[2]), limits]
            table.add_row(Text(_pick(row, "words", zh), style=style), *(Text(cell, style=style) for cell in cells))
        _show(console, table)
    said = _pick(asked, "why_not", zh) if not asked["estimable"] else _pick(asked, "allows", zh)
    console.print(Padding(Text(said, style="" if asked["estimable"] else "red"), (0, 0, 1, 2), expand=False))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _points(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:+.1f}".replace("-", "−")


def _warnings(console: Console, results: EmulationResults, zh: bool) -> None:
    rows = results.tables["warnings"].filter(
        ~pl.col("slug").is_in(["emulate.not-estimated", "emulate.default-protocol"])
    )
    if rows.is_empty():
        return
    console.print(Text(_HEADS["before"][zh], style="bold"))
    for row in rows.iter_rows(named=True):
        said = f"- {_pick(row, 'text', zh)}"
        console.print(Padding(Text(said, style="red" if row["serious"] else ""), (0, 0, 0, 2), expand=False))
    console.print()
