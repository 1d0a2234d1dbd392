"""The command over printed tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.app import FINDING, FINDING_CODES, NOTICE, OK, app, guarded, told, working


@app.command("audit-table", short_help="Recompute a published or draft table.", epilog=NOTICE, help=told(
    "Recompute a table of two groups: percentages that do not match their counts, numbers of patients that cannot be, "
    "and P values. Every P is put to Fisher, chi-square with and without Yates, mid-p, Boschloo and Wald, or to "
    "Student's and Welch's t from means and SDs; the tests that give it are named, rounding understood. What needs "
    "each patient (Wilcoxon, log-rank) is said to be out of reach, not guessed.",
    "tocsin audit-table table2.csv -o audited.csv",
    "nothing; with -o FILE.csv a row a row: recomputed percentages, every P, the verdict, findings, notes.",
    FINDING_CODES.format("something in the table is wrong"),
))  # fmt: skip
def audit_table(  # noqa: D103
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="The table, a row a comparison; columns: docs/audit-table.md.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.csv", help="File to write; new, or an earlier one.")
    ] = None,
) -> None:
    with guarded():
        with working() as step:
            from tocsin.audit_table import audit_table as audited
            from tocsin.audit_table.written import print_audit, write

            step("recomputing the table")
            audit = audited(table)
            written = write(audit, out) if out is not None else None
        print_audit(audit, written)
        raise typer.Exit(FINDING if audit.findings else OK)
