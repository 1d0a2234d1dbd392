"""The command over virtual patients."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.app import NOTICE, USAGE, app, guarded, told

CODES = (
    "Exit codes: 0 done, 2 the command line is wrong, 3 the world or the output folder cannot be used (nothing is "
    "written), 4 a defect of tocsin."
)
FEW, MANY = 200, 5_000
WHAT, REPORTS = "What to make", "Instead of making records"


@app.command(short_help="Make virtual patients whose truth is known.", epilog=NOTICE, help=told(
    "Make virtual CAR-T patients in an assumed world, as records of a hospital, and apart from them the truth: what "
    "would have become of the same patients under each treatment strategy. For teaching, for planning a study, and to "
    "see whether an analysis finds the truth. It is known truth inside an assumed world, and no clinical evidence.\n\n"
    "WORLD is a name of --list, or a file: numbers of the world that differ from the default, and \\[records] with "
    "what goes wrong between the ward and its files.\n\n"
    "Try: make the world null, where no drug does anything, run tocsin study OUT/records, and hold its report against "
    "OUT/truth/truth.csv.",
    "tocsin simulate null -o out --patients 2000",
    "OUT/records (CSV, site.toml, study.toml: tocsin check, grade and study read it), OUT/clif (with --format clif), "
    "OUT/truth (truth.csv, potential outcomes, hourly propensity, slips, world.toml), README.txt, summary.json.",
    CODES,
))  # fmt: skip
def simulate(  # noqa: D103
    world: Annotated[
        str, typer.Argument(metavar="WORLD", help="Name of a world (see --list), or a WORLD.toml.", show_default=True)
    ] = "default",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OUT", help="Folder to write; new, empty, or an earlier result."),
    ] = None,
    patients: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help=f"Virtual patients; {FEW}, or {MANY:,} with --calibrate-report.",
                     rich_help_panel=WHAT)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Other luck than the world's own.", rich_help_panel=WHAT)
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", metavar="NAMES", help="csv, clif or csv,clif.", rich_help_panel=WHAT)
    ] = "csv",
    truth: Annotated[
        bool, typer.Option("--truth/--no-truth", help="Also run every strategy on the same patients.",
                           rich_help_panel=WHAT)
    ] = True,
    listed: Annotated[bool, typer.Option("--list", help="List the worlds and leave.", rich_help_panel=REPORTS)] = False,
    calibrate_report: Annotated[
        bool, typer.Option("--calibrate-report", help="Print published beside simulated figures, and leave.",
                           rich_help_panel=REPORTS)
    ] = False,
) -> None:  # fmt: skip
    with guarded():
        if listed:
            from tocsin.simulate.printed import print_worlds

            print_worlds()
            return
        made: Any = _formats(formats)
        if out is None and not calibrate_report:
            _wrong("Missing option '-o' / '--out': the folder to write.")
        from tocsin.virtual.scenarios import read_scenario

        scenario = read_scenario(world, seed)
        if calibrate_report:
            from tocsin.simulate.printed import print_calibration

            print_calibration(scenario.world, patients or MANY)
            return
        assert out is not None
        from tocsin.simulate.run import Asked, simulate_records

        asked = Asked(scenario, patients or FEW, made, truth)
        with counting(asked.patients) as step:
            done = simulate_records(asked, out, step)
        from tocsin.simulate.printed import print_simulated

        print_simulated(done)


def _formats(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not names or not set(names) <= {"csv", "clif"}:
        _wrong(f"Invalid value for '--format': '{text[:40]}' is not csv, clif or csv,clif.")
    return names


def _wrong(what: str) -> None:
    typer.echo(f"Error: {what}\nTry 'tocsin simulate --help'.", err=True)
    raise typer.Exit(USAGE)


@contextmanager
def counting(total: int) -> Generator[Callable[[int], None]]:
    """A bar on stderr that counts patients, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("virtual patients (compiling first)", total=total)
        yield lambda done: progress.update(task, completed=done, description="virtual patients")
