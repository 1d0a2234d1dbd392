"""The command over organ toxicity."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.app import NOTICE, RESULT_CODES, app, guarded, told, working
from tocsin.cli.options import (
    RULES,
    Data,
    DataFormat,
    Out,
    Site,
    TimeZero,
    TimeZeroChoice,
    TimeZeroFile,
    Windows,
    WindowsChoice,
    Zone,
    asked_rightly,
    choices,
    settings_of,
)


class VersionChoice(str, Enum):  # noqa: UP042
    """CTCAE versions; results of two are never put together."""

    v4_03 = "v4.03"
    v5 = "v5"
    v6 = "v6"


OrganSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change one parameter, organs.NAME or signs.NAME; may be repeated.",
        rich_help_panel=RULES,
    ),
]  # fmt: skip


@app.command(short_help="Grade organ toxicity by CTCAE.", epilog=NOTICE, help=told(
    "Grade creatinine, bilirubin, AST, ALT, fibrinogen, neutrophils, platelets, fever and hypoxia by one CTCAE "
    "version: every reading with what is proved and what cannot be excluded, the limits and the baseline it rests on, "
    "and the worst of each term in each course. Versions differ: neutrophils of 0.3 are grade 4 in v5 and 3 in v6.",
    "tocsin organs examples/zhou2023 --version v5 -o organs",
    "OUT/readings.parquet, worst.csv, worst.parquet, limits.csv, parameters.csv, attrition.csv, findings.csv, "
    "account.csv, summary.txt, organs.json.",
    RESULT_CODES,
))  # fmt: skip
def organs(  # noqa: D103
    data: Data,
    version: Annotated[VersionChoice, typer.Option(help="CTCAE version.", rich_help_panel=RULES)],
    out: Out,
    limits: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Your laboratory's limits: CSV with variable, sex, low, high.", rich_help_panel=RULES
        ),
    ] = None,
    data_format: DataFormat = None,
    site: Site = None,
    zone: Zone = None,
    time_zero: TimeZero = TimeZeroChoice.infusion,
    time_zero_file: TimeZeroFile = None,
    settings: OrganSettings = None,
    windows: Windows = WindowsChoice.ward,
) -> None:
    with guarded():
        mine, others = settings_of("organs", settings)
        chosen = choices(data, data_format, site, zone, time_zero, time_zero_file, None, others, windows)
        from tocsin.organs.parameters import OrganParameters

        with asked_rightly():
            parameters = OrganParameters.of(OrganParameters.written(mine))
        with working() as step:
            from tocsin.organs import organs_records

            done = organs_records(chosen, out, version.value, limits, parameters, step)
        typer.echo(done.text)
        typer.echo(f"Written to {done.out.name}: {', '.join(path.name for path in done.files)}")
