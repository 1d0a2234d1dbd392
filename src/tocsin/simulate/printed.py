"""What `tocsin simulate` prints: the truth of a few outcomes, and what to do next."""

from __future__ import annotations

import importlib
from typing import Any

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.simulate.cares import CARE_WORDS, PAIRS
from tocsin.simulate.hospital_files import NOT_A_DEVICE, NOT_EVIDENCE
from tocsin.simulate.run import CLIF, RECORDS, TRUTH, Simulated
from tocsin.virtual.scenarios import read_scenario, shipped
from tocsin.virtual.world import World

WIDEST, NARROWEST, INSTEAD = 110, 60, 100
SHOWN = ("crs_3", "icans_any", "crs_death", "mrd_negative_cr", "efs_12", "tocilizumab")


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    console.width = min(WIDEST, max(NARROWEST, console.width)) if console.is_terminal else INSTEAD
    return console


def _grid(*columns: str, left: int = 1) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for k, name in enumerate(columns):
        table.add_column(name, justify="left" if k < left else "right", header_style="dim", no_wrap=k > 0)
    return table


def print_worlds() -> None:
    """The worlds that come with tocsin, a sentence each."""
    console = _console()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("world", header_style="dim", no_wrap=True)
    table.add_column("what is assumed", header_style="dim")
    for name in shipped():
        table.add_row(name, read_scenario(name).world.words)
    console.print(table)
    console.print(Text(f"\n{NOT_EVIDENCE}\n{NOT_A_DEVICE}", style="dim"))


def print_simulated(done: Simulated) -> None:
    """Who was made, the truth of a few outcomes, where it lies."""
    console, world = _console(), done.asked.scenario.world
    console.print(Text(f"{done.asked.patients:,} virtual patients of the world {world.name}", style="bold"))
    console.print(Text(f"{world.words}  (hash {world.hash}, seed {world.seed})\n"))
    if done.truth.height:
        for pair in PAIRS[:2]:
            _print_pair(console, done.truth, *pair)
    if done.slips and done.asked.truth:
        console.print(Text(f"{done.slips:,} slips between ward and file are listed in truth/mishaps.csv\n"))
    folders = [name for name, asked in ((RECORDS, "csv" in done.asked.formats), (CLIF, "clif" in done.asked.formats),
                                        (TRUTH, done.asked.truth)) if asked]  # fmt: skip
    console.print(Text(f"Written to {done.out}: {', '.join(folders)}, README.txt, summary.json"))
    if "csv" in done.asked.formats:
        console.print(Text(f"Next: tocsin study {done.out / RECORDS}"))
    console.print(Text(f"{NOT_EVIDENCE}\n{NOT_A_DEVICE}", style="dim"))


def _print_pair(console: Console, truth: pl.DataFrame, strategy: str, against: str) -> None:
    """Risks under both strategies and their difference, for all infused and at the trigger."""
    console.print(Text(f"{strategy}: {CARE_WORDS[strategy]}\n{against}: {CARE_WORDS[against]}"))
    for population in ("all", f"trigger of {strategy}"):
        mine = truth.filter(population=population)
        differences = mine.filter(measure="difference", strategy=strategy, against=against)
        if differences.is_empty():
            continue
        people = f"{differences.item(0, 'patients'):,} patients"
        table = _grid(f"truth, {'all infused' if population == 'all' else 'trigger before grade 3'}: {people}",
                      "first", "second", "difference", "(SE)")  # fmt: skip
        for name in SHOWN:
            first, second = (_value(mine, name, one) for one in (strategy, against))
            row = differences.filter(outcome=name).row(0, named=True)
            difference = 100 * row["value"] + 0.0  # no minus before a zero
            table.add_row(
                row["words"], f"{first:.1f} %", f"{second:.1f} %", f"{difference:+.1f}", f"({100 * row['se']:.1f})"
            )
        console.print(Padding(table, (0, 0, 1, 2), expand=False))


def _value(truth: pl.DataFrame, outcome: str, strategy: str) -> float:
    """Risk in percent."""
    return 100 * float(truth.filter(measure="risk", outcome=outcome, strategy=strategy).item(0, "value"))


def print_calibration(world: World, patients: int) -> None:
    """Published beside simulated figures: a fit is no validation."""
    calibration: Any = importlib.import_module("tocsin.virtual.calibration")
    frame: pl.DataFrame = calibration.report(world, patients)
    frame = frame.select("target", "tolerance", "simulated", "off", "verdict", "fitted")
    console = _console()
    table = _grid(*frame.columns)
    for row in frame.iter_rows():
        table.add_row(
            *(f"{cell:,.3g}" if isinstance(cell, float) else "" if cell is None else str(cell) for cell in row)
        )
    console.print(table)
    console.print(Text(f"\nA fit is not a validation. {NOT_EVIDENCE}\n{NOT_A_DEVICE}", style="dim"))
