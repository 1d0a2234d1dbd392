"""The command over scores."""

from __future__ import annotations

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

ScoreSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change one parameter, scores.NAME or signs.NAME; may be repeated.",
        rich_help_panel=RULES,
    ),
]  # fmt: skip


@app.command(short_help="Risk scores and related toxicities.", epilog=NOTICE, help=told(
    "Compute from the records what can be computed: EASIX, s-EASIX and m-EASIX before lymphodepletion and daily, "
    "CAR-HEMATOTOX, ICAHT of neutrophils and platelets, and a screen for possible IEC-HS. A score with a missing item "
    "is missing, with bounds where its items have a range. Teachey 2016 is not computed: its coefficients could not be "
    "verified.",
    "tocsin scores examples/zhou2023 -o scored",
    "OUT/scores.csv and scores.parquet (value, bounds, the readings used, why it is missing), parameters.csv, "
    "attrition.csv, findings.csv, account.csv, summary.json.",
    RESULT_CODES,
))  # fmt: skip
def scores(  # noqa: D103
    data: Data,
    out: Out,
    data_format: DataFormat = None,
    site: Site = None,
    zone: Zone = None,
    time_zero: TimeZero = TimeZeroChoice.infusion,
    time_zero_file: TimeZeroFile = None,
    settings: ScoreSettings = None,
    windows: Windows = WindowsChoice.ward,
) -> None:
    with guarded():
        mine, others = settings_of("scores", settings)
        chosen = choices(data, data_format, site, zone, time_zero, time_zero_file, None, others, windows)
        from tocsin.scores.parameters import ScoreParameters

        with asked_rightly():
            parameters = ScoreParameters.of(ScoreParameters.written(mine))
        with working() as step:
            from tocsin.scores.run import score_records

            done = score_records(chosen, out, parameters, step)
        from tocsin.scores.printed import print_scored

        print_scored(done)
