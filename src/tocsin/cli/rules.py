"""Commands over rules: verify, strategies, schema."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.app import FINDING, FINDING_CODES, NOTICE, OK, RESULT_CODES, USAGE, app, guarded, told, working
from tocsin.cli.options import (
    TIME,
    DataFormat,
    Lang,
    Settings,
    Site,
    TimeZeroChoice,
    TimeZeroFile,
    Windows,
    WindowsChoice,
    Zone,
    choices,
)

OptionalData = Annotated[
    Path | None, typer.Argument(metavar="DATA", help="Folder of records: run the rules over its courses.")
]


class Schema(str, Enum):  # noqa: UP042
    """What can be described."""

    study = "study"
    site = "site"
    results = "results"


@app.command(short_help="Grade worked cases and list disagreements.", epilog=NOTICE, help=told(
    "Grade a file of worked cases and list every disagreement with the grades written in it: a centre can test the "
    "scales against its own. An empty expected cell means not gradable: what is proved lies below what cannot be "
    "excluded.",
    "tocsin verify cases.csv",
    "nothing.",
    FINDING_CODES.format("a grade disagrees"),
))  # fmt: skip
def verify(  # noqa: D103
    cases: Annotated[Path, typer.Argument(metavar="CASES.csv", help="File of cases with expected grades.")],
) -> None:
    with guarded():
        with working() as step:
            from tocsin.verify import checked
            from tocsin.verify import verify as verify_cases

            step("grading the cases")
            count, scales, unknown = checked(cases)
            wrong = verify_cases(cases)
        from tocsin.printed import print_verified

        print_verified(count, scales, unknown, wrong)
        raise typer.Exit(FINDING if wrong.height else OK)


@app.command(short_help="List the treatment rules; with DATA, who would have been treated when.", epilog=NOTICE,
             help=told(
    "List the treatment rules tocsin knows, each as a sentence, with the source, how far it may be trusted (tag), the "
    "scale its grades are on and the hash that stands on every result made with it. With DATA: run every rule, and "
    "those of a study.toml in DATA, over every course, and say who would have been treated when, and where nobody can "
    "tell. A rule looks at the history up to the first dose of what it gives.",
    "tocsin strategies examples/zhou2023 -o treated",
    "nothing; with -o OUT/rulebook.csv (a row a course and rule), rules.csv, triggers.svg, triggers.png.",
    RESULT_CODES,
))  # fmt: skip
def strategies(  # noqa: D103
    data: OptionalData = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="Folder to write; new, or an earlier result.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the sentences and of the picture.")] = Lang.en,
    data_format: DataFormat = None,
    site: Site = None,
    zone: Zone = None,
    time_zero: Annotated[
        TimeZeroChoice | None,
        typer.Option("--time-zero", help="What sets minute 0 of a course.", rich_help_panel=TIME),
    ] = None,
    time_zero_file: TimeZeroFile = None,
    settings: Settings = None,
    windows: Windows = WindowsChoice.ward,
) -> None:
    if data is None:
        if out is not None:
            typer.echo("-o needs DATA: without records there is nothing to write.", err=True)
            raise typer.Exit(USAGE)
        with guarded():
            from tocsin.printed_rules import print_strategies
            from tocsin.strategies.catalogue import CATALOGUE

            print_strategies(CATALOGUE, lang.value)
        return
    with guarded():
        chosen = choices(data, data_format, site, zone, time_zero, time_zero_file, None, settings, windows)
        with working() as step:
            from tocsin.rulebook_files import run_rules

            book, who, files = run_rules(chosen, out, lang.value, step)
        from tocsin.printed_rules import print_rulebook

        print_rulebook(book, who, files)


@app.command(short_help="Print a JSON schema.", epilog=NOTICE, help=told(
    "Print the JSON schema of study.toml, of site.toml, or of results.json; an editor can check a file against it.",
    "tocsin schema site > site.schema.json",
    "the schema to the standard output.",
))  # fmt: skip
def schema(what: Annotated[Schema, typer.Argument(metavar="study|site|results", help="What to describe.")]) -> None:  # noqa: D103
    with guarded():
        import json

        made: dict[str, Any]
        if what is Schema.study:
            from tocsin.studyfile import study_schema

            made = study_schema()
        elif what is Schema.site:
            from tocsin.records.site import site_schema

            made = site_schema()
        else:
            from tocsin.report.files import results_schema

            made = results_schema()
        typer.echo(json.dumps(made, ensure_ascii=False, indent=2))
