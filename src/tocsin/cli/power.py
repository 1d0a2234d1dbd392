"""The command of design by simulation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.app import NOTICE, app, guarded, told

CODES = (
    "Exit codes: 0 done, 2 the command line is wrong, 3 the design or the output folder cannot be used (studies done "
    "before stay), 4 a defect of tocsin. Stopped with Ctrl-C (130): the same command goes on from there."
)
RUN = "This run"


@app.command(short_help="Would a planned study find the truth? By simulation.", epilog=NOTICE, help=told(
    "Simulate a planned study many times on virtual patients whose truth is known, analyse each as tocsin emulate "
    "would, and say how the analyses did: bias, standard error, coverage, power and type-1 error, each with its "
    "Monte-Carlo error. Beside the emulated trial stand what the literature does, the same trial with the true chances "
    "of a dose, and the g-formula. Known truth inside an assumed world; it is no clinical evidence.\n\n"
    "DESIGN.toml names a world of tocsin simulate --list (or closed-form), n, replicates, and the \\[strategies] and "
    "\\[protocol] of a study file; docs/power.md has one to copy.\n\n"
    "Every study is kept as it comes. A run that was stopped goes on with the same command; raising --replicates adds "
    "studies; a changed design is refused.",
    "tocsin power DESIGN.toml -o powered",
    "OUT/replicates.csv (a row a number of each study), truth.csv, performance.csv, power.html, bias.svg, bias.png, "
    "summary.txt, power.json.",
    CODES,
))  # fmt: skip
def power(  # noqa: D103
    design: Annotated[Path, typer.Argument(metavar="DESIGN.toml", help="The design.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="Folder to write; new, empty, or of the same design.")
    ],
    replicates: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, max=100_000, help="Studies, instead of the design's.", rich_help_panel=RUN),
    ] = None,
) -> None:
    with guarded():
        from tocsin.power.design import read_design

        asked = read_design(design)
        if replicates is not None:
            asked = asked.model_copy(update={"replicates": replicates})
        from tocsin.power.run import run_design

        with counting() as step:
            done = run_design(asked, out, step)
        from tocsin.power.printed import summary_text, write_results

        files = write_results(done)
        typer.echo(summary_text(done))
        typer.echo(f"Written to {out}: {', '.join(path.name for path in files)}")


@contextmanager
def counting() -> Generator[Callable[[int, int], None]]:
    """A bar on stderr that counts studies, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("simulated studies"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
