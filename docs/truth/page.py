"""docs/truth.md from the folders that `tocsin power docs/truth/*.toml` wrote: python docs/truth/page.py FOLDER."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.power.design import Design, read_design
from tocsin.power.store import MARKER, STUDIES, TRUTH
from tocsin.power.summary import performance
from tocsin.power.words import TITLES, contrast, points, signed, verdict, with_error
from tocsin.tables.power import POWER_ANALYSES, POWER_TRUTH, REPLICATES

HERE = Path(__file__).parent
#: In the order of the page, with what to look for. Nothing here is a number: those come from the studies.
DESIGNS = {
    "closed-form-null": "No drug effect. Who is treated in time had to live so long, and the sicker are treated: each "
    "naive analysis finds a difference that is not there.",
    "closed-form": "The drug works. The arm that waits is the hard one: few follow it long, and they carry large "
    "weights; the estimates are skewed, and intervals of so many standard errors hold the truth less often than they "
    "say.",
    "closed-form-hidden": "No drug effect, and a confounder that no column shows. The emulated trial fails, as it "
    "must: no weight can be made from what nobody wrote down. With the true chances, which know it, it does not.",
    "null": "No drug does anything. The founding design (arms by the treatment received) finds a benefit: who is "
    "treated late was treated because grade 3 had come.",
    "default": "The calibrated world: early treatment prevents grade 3.",
    "harm-to-icans": "Tocilizumab sends ten times as much IL-6 to the brain. The outcome is ICANS of grade 3.",
    "strong-confounding": "Doctors follow severity half as strongly again; all they follow is charted. The sickest are "
    "nearly all treated, so few stand for them in the arm that waits: where even true weights fall short, the patients "
    "do not hold the answer (positivity), and where the estimated ones fall shorter, their model is at fault, too.",
    "unmeasured-confounding": "Doctors also follow what they see at the bedside and nobody charts. The emulated trial "
    "cannot adjust for it, and nothing in its own report shows that. Use the E-value, and ask the ward. A naive "
    "analysis that lies near the truth here does so because two errors cancel: see it in the other worlds.",
    "sparse-charting": "Vital signs every 8 h: a fever of 4 h can hardly be seen. With the usual longest gap of 6 h "
    "nobody would reach the trigger; here it is 9 h.",
    "well-supported": "Many are treated soon after the trigger and many are not, whatever their severity.",
}
HEAD = """\
<!-- Made by `make truth` (docs/truth/page.py); do not edit. -->

# Truth: do the analyses find it?

Research software. Not a medical device; not for diagnosis or treatment decisions. Known truth inside an assumed world;
not clinical evidence.

Each design below is simulated many times and every study analysed as `tocsin emulate` analyses a real one: records,
signs, grades, triggers, patient-hours, weights. Beside it stand what the literature does, the same trial with the
*true* chances of a first dose (which only a simulation knows), and the g-formula. Risk differences in percentage
points, the early arm less the arm that waits; in brackets the Monte-Carlo error: what another run of as many studies
would move the figure by. The verdict says whether the bias is more than 2.6 of its errors: "no bias seen" after few
studies means no more than that. Every number on this page is taken from the studies; none is typed.

How to read it: the emulated trial is right where what made the ward treat is charted and every strategy is followed
often enough; then it is right on average, and vague: see its standard errors. It is wrong where doctors act on what
nobody charts, and where the sickest are nearly all treated. What the literature does is wrong even where no drug does
anything.
"""
TAIL = """\
## Run it

`make truth` runs every design (`tocsin power`, resumable) and makes this page; it is slow. A small part with fixed
seeds runs with the tests (tests/truth/test_scenarios.py). More studies: raise `replicates` in the design and run it
again; the studies done are kept.

## What this does not show

- Worlds are assumed. That an analysis finds the truth here says that its reckoning is right, not that real doctors act
  only on what is charted.
- Intervals come from one-step bootstrap standard errors with few draws; those of `tocsin emulate` are percentiles of a
  full refit.
- The g-formula has no interval here. On virtual patients it models few columns: where it stands with the analyses that
  do not adjust, those columns were not enough.
"""


def main(folder: Path) -> None:
    """Writes docs/truth.md."""
    parts = [part for name, words in DESIGNS.items() if (part := section(folder, name, words))]
    rows = [line for lines, _ in parts for line in lines]
    head = ["## At a glance", "", "| design | truth | by received | no weights | emulated | true weights | g-formula |",
            "| --- | --- | --- | --- | --- | --- | --- |", *rows, "",
            "Bias in percentage points (Monte-Carlo error).", ""]  # fmt: skip
    page = "\n".join([HEAD, *head, *(line for _, lines in parts for line in lines), TAIL])
    (HERE.parent / "truth.md").write_text(page.rstrip() + "\n", encoding="utf-8", newline="\n")


def section(folder: Path, name: str, words: str) -> tuple[list[str], list[str]] | None:
    """The line at a glance and the section of one design; None where it was not run."""
    here, design = folder / name, read_design(HERE / f"{name}.toml")
    if not (here / STUDIES).is_file() or not (here / TRUTH).is_file():
        return None
    if f'"{design.hash}"' not in (here / MARKER).read_text(encoding="utf-8"):
        raise SystemExit(f"{name}: the studies were made by another design or version; run make truth again")
    studies, truth = (
        table.check(pl.read_csv(here / file, schema=table.schema).with_columns(pl.col(pl.String).fill_null("")))
        for table, file in ((REPLICATES, STUDIES), (POWER_TRUTH, TRUTH))
    )
    made = performance(studies, truth)
    latest = made.filter(measure="risk difference").filter(pl.col("hour") == pl.col("hour").max()).to_dicts()
    latest.sort(key=lambda row: POWER_ANALYSES.index(row["analysis"]))
    return [glance(name, latest)], [*told(name, words, design, studies, latest, truth), *risks(made, design)]


def glance(name: str, rows: list[dict[str, Any]]) -> str:
    """One line of the first table."""
    by = {row["analysis"]: row for row in rows}
    asked = ("by_received", "aligned_unadjusted", "emulated", "emulated_oracle", "g_formula")
    cells = [with_error(by[one]["bias"], by[one]["bias_error"], sign=True) for one in asked]
    return f"| [{name}](#{name}) | {signed(rows[0]['truth'])} | {' | '.join(cells)} |"


def told(
    name: str, words: str, design: Design, studies: pl.DataFrame, rows: list[dict[str, Any]], truth: pl.DataFrame
) -> Iterator[str]:
    """One design."""
    done = studies.get_column("replicate").n_unique()
    patients = truth.get_column("patients").max()
    rejected = next((row["rejection_is"] for row in rows if row["rejection_is"]), "power")
    entered = "at time zero" if design.is_closed_form else "infused"
    yield from (f"## {name}", "", words, "")
    yield f"{done} studies of {design.n:,} patients {entered}; {contrast(rows[0])}; truth {signed(rows[0]['truth'])}"
    yield f"from {patients:,} virtual patients at time zero. Design: [truth/{name}.toml](truth/{name}.toml)."
    yield from ("", f"| analysis | mean | bias | SE: empirical | SE: seen | coverage, % | {rejected}, % | verdict |")
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in rows:
        cells = [
            TITLES[row["analysis"]], signed(row["mean"]), with_error(row["bias"], row["bias_error"], sign=True),
            with_error(row["empirical_se"], row["empirical_se_error"]), points(row["model_se"]),
            with_error(row["coverage"], row["coverage_error"], 0),
            with_error(row["rejection"], row["rejection_error"], 0), verdict(row),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    yield ""
    for row in rows:
        if row["failures"]:
            yield f"Without an estimate, {TITLES[row['analysis']]}: {row['failures'].partition('. ')[0]}."
            yield ""


def risks(made: pl.DataFrame, design: Design) -> Iterator[str]:
    """Risk of the arm that waits, where the closed form has one number to be held against."""
    if not design.is_closed_form:
        return
    mine = made.filter(measure="risk", arm="delay").filter(pl.col("hour") == pl.col("hour").max())
    by = {row["analysis"]: row for row in mine.to_dicts()}
    emulated, plain = by["emulated"], by["aligned_unadjusted"]
    yield f"Risk in the arm that waits after {emulated['hour']} h, percent: truth {points(emulated['truth'])};"
    yield f"emulated {points(emulated['mean'])} ({points(emulated['bias_error'])}); clones without weights"
    yield f"{points(plain['mean'])} ({points(plain['bias_error'])})."
    yield ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
