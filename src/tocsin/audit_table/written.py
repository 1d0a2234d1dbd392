"""What `tocsin audit-table` prints and writes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.audit_table.audit import AGREES, NONE, NOT_PRINTED, NOT_RECOMPUTED, OTHER, Audit, Audited
from tocsin.audit_table.read import Group
from tocsin.audit_table.which_test import (
    BOSCHLOO,
    FISHER,
    MID_P,
    PEARSON,
    STUDENT,
    WALD_OR,
    WALD_RR,
    WELCH,
    YATES,
)
from tocsin.outputs import csv_text, replace_file

WIDTH = 110
NOTICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
P_COLUMNS = {
    "p_fisher": FISHER, "p_chi2": PEARSON, "p_chi2_yates": YATES, "p_mid_p": MID_P, "p_boschloo": BOSCHLOO,
    "p_wald_log_rr": WALD_RR, "p_wald_log_or": WALD_OR, "p_student_t": STUDENT, "p_welch_t": WELCH,
}  # fmt: skip
TEXTS = ("table", "outcome", "type", "arm_a", "events_a", "percent_a", "arm_b", "events_b", "percent_b",
         "p_printed", "test_stated", "verdict", "tests_that_fit")  # fmt: skip
_P_SCHEMA = {
    f"{name}{end}": pl.Float64
    for name in P_COLUMNS
    for end in (("", "_at_most") if name.endswith("_t") else ("",))
}  # fmt: skip
SCHEMA: dict[str, type[pl.DataType]] = {
    "row": pl.Int64, **dict.fromkeys(TEXTS[:4], pl.String), "n_a": pl.Int64,
    **dict.fromkeys(TEXTS[4:7], pl.String), "n_b": pl.Int64, **dict.fromkeys(TEXTS[7:], pl.String),
    **_P_SCHEMA, "findings": pl.String, "notes": pl.String,
}  # fmt: skip


def frame(audit: Audit) -> pl.DataFrame:
    """A row a row of the table: what was recomputed, the verdict, the tests that fit, findings and notes.

    Percentages are recomputed from the counts, levels parted by ``|``; ``p_student_t`` to ``p_student_t_at_most`` is
    what the printed means and SDs allow. Null: not printed, or the test does not exist for these numbers.
    """
    return pl.DataFrame([_row(row) for row in audit.rows], schema=SCHEMA)


def write(audit: Audit, out: Path) -> Path:
    """`frame` as a CSV file. Raises TocsinError: `outputs.foreign-file`, `outputs.not-writable`."""
    return replace_file(out, csv_text(frame(audit)), ",".join(SCHEMA))


def _row(row: Audited) -> dict[str, object]:
    line = row.line
    cells: dict[str, object] = {
        "row": line.number, "table": line.table, "outcome": line.outcome, "type": line.kind,
        "arm_a": line.a.arm, "n_a": line.a.n, "arm_b": line.b.arm, "n_b": line.b.n,
        "p_printed": line.p.text if line.p else "", "test_stated": line.test, "verdict": row.verdict,
        "tests_that_fit": "; ".join(row.tests.fits) if row.tests else "",
        "findings": "; ".join(f"{f.code}: {f.says}" for f in row.findings), "notes": "; ".join(row.notes),
    }  # fmt: skip
    for side, group in (("a", line.a), ("b", line.b)):
        cells[f"events_{side}"] = "|".join(str(k) for k in group.counts)
        cells[f"percent_{side}"] = _shares(group)
    found = {one.test: one for one in row.tests.candidates} if row.tests else {}
    for name, test in P_COLUMNS.items():
        one = found.get(test)
        cells[name] = one.low if one else None
        if f"{name}_at_most" in SCHEMA:
            cells[f"{name}_at_most"] = one.high if one else None
    return cells


def _shares(group: Group) -> str:
    return "|".join(f"{100 * k / group.n:.2f}" for k in group.counts) if group.n else ""


def print_audit(audit: Audit, out: Path | None) -> None:
    """A line a row, then what is wrong, then what is to know."""
    console = Console(highlight=False, width=WIDTH)
    console.print(Text(f"{audit.file}: {len(audit.rows):,} rows", style="bold"))
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("row", "outcome", "a", "b", "printed P", "verdict", "tests that give it"):
        right = name in ("row", "a", "b", "printed P")
        table.add_column(name, justify="right" if right else "left", header_style="dim", no_wrap=right)
    for row in audit.rows:
        table.add_row(*(Text(cell) for cell in _printed(row)), style="bold" if row.findings else "")
    console.print(Padding(table, (0, 0, 1, 2), expand=False))
    findings = [f"row {line.number}, {line.outcome}: {found.code}: {found.says}" for line, found in audit.findings]
    notes = [f"row {row.line.number}, {row.line.outcome}: {note}" for row in audit.rows for note in row.notes]
    for title, lines in (("What is wrong", findings), ("To know", notes)):
        if lines:
            console.print(Text(title, style="bold"))
            for text in lines:
                console.print(Padding(Text(f"- {text}"), (0, 0, 0, 2), expand=False))
            console.print()
    console.print(_summary(audit))
    if out is not None:
        console.print(Text(f"Written to {out.name}"), soft_wrap=True)
    console.print(Text(NOTICE, style="dim"))


def _printed(row: Audited) -> list[str]:
    line = row.line
    fits = ", ".join(row.tests.fits) if row.tests and row.tests.fits else "-"
    return [str(line.number), line.outcome, _group(line.a), _group(line.b), line.p.text if line.p else "-", row.verdict,
            fits]  # fmt: skip


def _group(group: Group) -> str:
    size = "?" if group.n is None else f"{group.n}"
    if group.counts:
        return f"{'|'.join(str(k) for k in group.counts)}/{size}"
    if group.mean is not None and group.sd is not None:
        return f"{group.mean.text} ± {group.sd.text}, n {size}"
    return f"n {size}"


def _summary(audit: Audit) -> str:
    words = {AGREES: "agree", OTHER: "come from another test than stated", NONE: "no named test gives",
             NOT_RECOMPUTED: "not recomputed", NOT_PRINTED: "not printed"}  # fmt: skip
    said = ", ".join(f"{audit.with_verdict(verdict)} {word}" for verdict, word in words.items())
    several = sum(row.verdict == AGREES and row.tests is not None and len(row.tests.fits) > 1 for row in audit.rows)
    return (
        f"P values: {said}; {several} of those that agree fit several tests. Percentages compared with their counts: "
        f"{audit.percentages:,}. Findings: {len(audit.findings):,}."
    )
