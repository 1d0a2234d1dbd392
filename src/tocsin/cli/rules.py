"""Commands over rules: verify, strategies, schema."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.app import FINDING, FINDING_CODES, NOTICE, OK, app, guarded, told, working
from tocsin.cli.options import (
    Lang,
)


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


@app.command(short_help="List the treatment strategies as sentences.", epilog=NOTICE, help=told(
    "List the treatment strategies tocsin knows, each as a sentence, with the source, how far it may be trusted (tag) "
    "and the hash that stands on every result made with it.",
    "tocsin strategies --lang zh",
    "nothing.",
))  # fmt: skip
def strategies(lang: Annotated[Lang, typer.Option(help="Language of the sentences.")] = Lang.en) -> None:  # noqa: D103
    with guarded():
        from tocsin.printed import print_strategies
        from tocsin.strategies import STRATEGIES

        print_strategies(STRATEGIES, lang.value)


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
