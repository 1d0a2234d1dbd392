"""Command over records: concordance."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli.app import NOTICE, RESULT_CODES, app, guarded, told, working
from tocsin.cli.options import (
    RULES,
    Data,
    DataFormat,
    Out,
    Scales,
    Settings,
    Site,
    TimeZero,
    TimeZeroChoice,
    TimeZeroFile,
    Windows,
    WindowsChoice,
    Zone,
    asked_rightly,
    choices,
)

KAPPA = "Agreement"


@app.command(short_help="Compare scales over the same courses.", epilog=NOTICE, help=told(
    "Grade every course on several scales and say how far they agree: cross-tables of the highest grades, weighted "
    "kappa with interval, hours in which the grades differ, and the criteria that part them. Without --scale every CRS "
    "scale; a neurotoxicity scale is compared with another scale only with --across.",
    "tocsin concordance examples/zhou2023 -o compared",
    "OUT/concordance.html, heat_map.svg, heat_map.png, pairs.csv, agreement.csv, maxima.csv, hours.csv, criteria.csv, "
    "course_grades.csv, attrition.csv, findings.csv, parameters.csv, summary.txt, summary.json.",
    RESULT_CODES,
))  # fmt: skip
def concordance(  # noqa: D103
    data: Data,
    out: Out,
    data_format: DataFormat = None,
    site: Site = None,
    zone: Zone = None,
    time_zero: TimeZero = TimeZeroChoice.infusion,
    time_zero_file: TimeZeroFile = None,
    scale: Scales = None,
    across: Annotated[
        bool, typer.Option("--across", help="Compare neurotoxicity scales with CRS scales, too.", rich_help_panel=RULES)
    ] = False,
    settings: Settings = None,
    windows: Windows = WindowsChoice.ward,
    draws: Annotated[
        int, typer.Option(min=100, max=100_000, help="Draws of the bootstrap by patient.", rich_help_panel=KAPPA)
    ] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.", rich_help_panel=KAPPA)] = 1,
) -> None:
    with guarded():
        chosen = choices(data, data_format, site, zone, time_zero, time_zero_file, scale, settings, windows)
        with working() as step:
            from tocsin.concordance import Reckoning, crs_scales, pairs_of
            from tocsin.concordance import concordance as compare_scales

            with asked_rightly():
                pairs_of(chosen.scales or crs_scales(), across)
            done = compare_scales(chosen, out, across, Reckoning(draws=draws, seed=seed), step)
        typer.echo((done.out / "summary.txt").read_text(encoding="utf-8"))
        typer.echo(f"Written to {out}: {', '.join(path.name for path in done.files)}")
