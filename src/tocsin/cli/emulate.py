"""The command over emulated trials."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.app import NOTICE, RESULT_CODES, USAGE, app, guarded, told
from tocsin.cli.options import Lang

INSTEAD = "Instead of what study.toml says"


@app.command(short_help="Emulate the trial one would run: what if everybody had followed a strategy?", epilog=NOTICE,
             help=told(
    "Answer from records what a trial would answer: what would have happened had everybody followed each "
    "strategy. Every "
    "course that meets the trigger starts at the same moment in every arm, is copied into each, and leaves an arm when "
    "its care does; those who stay and are alike stand for those who left (clone, censor, weight). Beside it stand the "
    "comparisons that are usually made, and why they mislead.\n\n"
    "The trial is the \\[protocol] section of study.toml: time_zero, eligibility, within (grace period), initiation, "
    "outcomes, horizon_hours, covariates. Without it one is made from the strategies, and OUT/protocol.toml "
    "says what to "
    "write to change it.  tocsin audit STUDY  proposes one, too. Few patients give few answers: below 30 none is "
    "emulated, and the output says what can be done instead.\n\n"
    "Try: make patients whose truth is known with  tocsin simulate default -o world --patients 1000 , emulate "
    "world/records, and hold the result against world/truth/truth.csv.",
    "tocsin emulate examples/zhou2023 -o emulated",
    "OUT/report.html, report.docx, tables.xlsx, figures, results.json, protocol.toml, tables/*.csv (protocol, flow, "
    "effects, comparison, risks, weights, covariates, positivity, balance, grid, ...). OUT is emulated beside "
    "study.toml unless -o says otherwise.",
    RESULT_CODES,
))  # fmt: skip
def emulate(  # noqa: D103
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder with a study.toml, or the file itself.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OUT", help="Folder to write; new, empty, or an earlier result."),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the report and of what is printed.")] = Lang.en,
    bootstrap: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=20_000, help="Replicates behind the intervals, from 20; 0 = none.",
                     rich_help_panel=INSTEAD)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Seed of the replicates.", rich_help_panel=INSTEAD)
    ] = None,
    sensitivity: Annotated[
        bool | None,
        typer.Option("--sensitivity/--no-sensitivity", help="Move the trigger, the grace and every open choice.",
                     rich_help_panel=INSTEAD)
    ] = None,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Write SVG and PNG files, too.")] = True,
    minutes: Annotated[
        float, typer.Option(metavar="N", min=0, help="Stop moving choices after so many minutes; the rest is listed.",
                            rich_help_panel=INSTEAD)
    ] = 15,
) -> None:  # fmt: skip
    with guarded():
        if bootstrap is not None and 0 < bootstrap < 20:
            typer.echo("Error: Invalid value for '--bootstrap': 0, or 20 and more.", err=True)
            raise typer.Exit(USAGE)
        folder = out or (study if study.is_dir() else study.parent) / "emulated"
        with following() as (step, progress):
            from tocsin.emulate.run import Asked, run_emulation
            from tocsin.report.emulation.files import SCHEMA_ID, write_emulation
            from tocsin.report.files import refuse_other_report

            refuse_other_report(folder, SCHEMA_ID)
            results = run_emulation(study, Asked(bootstrap, seed, sensitivity, minutes), step, progress)
            step("writing the report")
            files = write_emulation(results, folder, lang.value, figures)
        from tocsin.emulate.printed import print_emulation

        print_emulation(results, folder, files, lang.value)


Heard = tuple[Callable[[str], None], Callable[[str, int, int], None]]


@contextmanager
def following() -> Generator[Heard]:
    """What is being done and a bar of its replicates, on stderr, on a terminal only."""
    if not sys.stderr.isatty():
        yield (lambda _: None), (lambda _what, _done, _of: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting (a first run compiles for about a minute)", total=None)
        yield (
            lambda text: progress.update(task, description=text, completed=0, total=None),
            lambda what, done, of: progress.update(task, description=f"replicates: {what}", completed=done, total=of),
        )
