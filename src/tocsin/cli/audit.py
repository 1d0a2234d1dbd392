"""The command over a study's design."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.app import FINDING, FINDING_CODES, NOTICE, OK, app, guarded, told, working
from tocsin.cli.options import RULES, Lang, asked_rightly, settings_of
from tocsin.errors import TocsinError

AuditSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="audit.NAME=VALUE", help="Change one edge of the audit; may be repeated.",
        rich_help_panel=RULES,
    ),
]  # fmt: skip


@app.command(short_help="Audit the design of a study before its numbers are believed.", epilog=NOTICE, help=told(
    "Look for eight faults that make a comparison misleading: an arm defined by the outcome, courses chosen by "
    "treatment, an outcome before the dose, ever against never, a historical control, a clock that starts before the "
    "arm is known, a grade that depends on treatment, too few courses. Each with the rows that prove it, what cannot "
    "be said, and what to do instead: a \\[protocol] for  tocsin emulate.",
    "tocsin audit examples/zhou2023 -o audited",
    "nothing; with -o OUT/audit.html, audit.csv, protocol.toml, parameters.csv, audit.json and a CSV for every proof.",
    FINDING_CODES.format("a serious fault was found"),
))  # fmt: skip
def audit(  # noqa: D103
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="study.toml, or the folder that holds it.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="Folder to write; new, or an earlier result.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the words.")] = Lang.en,
    settings: AuditSettings = None,
) -> None:
    with guarded():
        from tocsin.design_audit import AuditParameters
        from tocsin.design_audit import audit as audited
        from tocsin.design_audit.written import check_place, print_audit, write_audit

        mine, others = settings_of("audit", settings)
        with asked_rightly():
            if others:
                do = "Write audit.NAME=VALUE; the parameters of the signs stand in study.toml."
                raise TocsinError.of("parameters.unknown", f"--set {others[0][:60]}: not of the audit.", "", do)
            parameters = AuditParameters.of(AuditParameters.written(mine))
        with working() as step:
            from tocsin.study.cohort import gather
            from tocsin.studyfile import read_study

            if out is not None:
                check_place(out)
            step("reading the records")
            file, where = read_study(study)
            gathered = gather(file, where.parent)
            step("auditing the design")
            results = audited(gathered, parameters)
            files = write_audit(results, out, lang.value) if out is not None else None
        print_audit(results, lang.value, files)
        raise typer.Exit(FINDING if results.serious else OK)
