"""What `tocsin concordance` does: records to tables, a page and a picture of how far scales agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from tocsin import __version__
from tocsin.concordance.comparison import EQUAL_SHARE, Pair, Reckoning, compare
from tocsin.concordance.tables import CONCORDANCE_TABLES
from tocsin.errors import TocsinError
from tocsin.grades import CRS_SCALES, NEUROTOXICITY, SCALES
from tocsin.grading import grade, scale_named
from tocsin.outputs import refuse_foreign, replace_folder, write_csv, write_text
from tocsin.prepare import NO_COURSE, Choices, Prepared, prepare
from tocsin.rules import Scale
from tocsin.tables import PARAMETERS

NOT_A_DEVICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
SUMMARY, PAGE, PICTURE = "summary.json", "concordance.html", "heat_map"
FILES = frozenset({
    *(f"{table.name}.csv" for table in CONCORDANCE_TABLES), "attrition.csv", "findings.csv", "parameters.csv",
    PAGE, f"{PICTURE}.svg", f"{PICTURE}.png", "summary.txt", SUMMARY,
})  # fmt: skip
MOST_CAUSES = 6
_RECKONING = {
    "level": "level of every interval",
    "draws": "draws of the bootstrap by patient",
    "seed": "seed of the bootstrap",
}


@dataclass(frozen=True)
class Compared:
    """The tables by name, the summary as data, and where they were written."""

    tables: dict[str, pl.DataFrame]
    summary: dict[str, Any]
    out: Path
    files: list[Path]


def crs_scales() -> list[str]:
    """Names of every scale of cytokine release syndrome, readings that look ahead left out."""
    return list(CRS_SCALES)


def pairs_of(names: Sequence[str], across: bool = False) -> list[Pair]:
    """Every pair of these scales; a neurotoxicity scale meets another scale only with `across`.

    Raises TocsinError: `grades.scale-unknown`, and `concordance.no-pair` where nothing is left to compare.
    """
    scales = list(map(scale_named, dict.fromkeys(names)))
    neuro = {scale.name: scale.name in NEUROTOXICITY for scale in scales}
    pairs = [(a, b) for a, b in combinations(scales, 2) if across or neuro[a.name] == neuro[b.name]]
    if not pairs:
        mixed = len(scales) > 1
        what = "a neurotoxicity scale is not compared with another scale" if mixed else "one scale is no comparison"
        way = "Add  --across  if that is meant." if mixed else f"Name two or more of: {', '.join(SCALES)}."
        raise TocsinError.of("concordance.no-pair", f"{what}.", "", way)
    return pairs


def concordance(
    choices: Choices,
    out: Path,
    across: bool = False,
    reckoning: Reckoning | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Compared:
    """Reads, grades on every scale, compares and writes `out` (names in `FILES`).

    Raises TocsinError (`records.*`, `courses.*`, `concordance.*`, `outputs.*`) and then has written nothing.
    """
    reckoning = reckoning or Reckoning()
    pairs = pairs_of(choices.scales or crs_scales(), across)
    refuse_foreign(out, FILES, SUMMARY)
    step("reading the records")
    prepared = prepare(choices)
    scales = list({scale.name: scale for pair in pairs for scale in pair}.values())
    step("grading")
    grading = grade(prepared.records, prepared.courses, [s.name for s in scales], prepared.parameters)
    step("comparing")
    tables = compare(pairs, grading.grades, prepared.courses, reckoning)
    summary = summarise(prepared, scales, tables, reckoning)
    step("drawing")
    files = replace_folder(out, partial(_write, prepared, tables, summary, reckoning), FILES, SUMMARY)
    return Compared(tables, summary, out.resolve(), files)


def _write(
    prepared: Prepared, tables: dict[str, pl.DataFrame], summary: dict[str, Any], reckoning: Reckoning, folder: Path
) -> None:
    from tocsin.report.concordance import concordance_page, plot_heat_map
    from tocsin.report.drawing import to_png

    parameters = _parameters(prepared, reckoning)
    for table in CONCORDANCE_TABLES:
        write_csv(folder / f"{table.name}.csv", tables[table.name])
    write_csv(folder / "attrition.csv", prepared.attrition)
    write_csv(folder / "findings.csv", prepared.records.findings)
    write_csv(folder / "parameters.csv", parameters)
    drawn = plot_heat_map(tables, summary)
    write_text(folder / f"{PICTURE}.svg", drawn.svg)
    (folder / f"{PICTURE}.png").write_bytes(to_png(drawn.svg))
    write_text(folder / PAGE, concordance_page(tables, summary, parameters))
    write_text(folder / SUMMARY, json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    write_text(folder / "summary.txt", summary_text(tables, summary))


def _parameters(prepared: Prepared, reckoning: Reckoning) -> pl.DataFrame:
    own = [
        {
            "name": f"concordance.{name}", "value": str(getattr(reckoning, name)),
            "default": str(getattr(Reckoning, name)), "tag": "R", "source": "tocsin", "words": words,
        }
        for name, words in _RECKONING.items()
    ]  # fmt: skip
    return PARAMETERS.frame([*own, *(dict(row) for row in prepared.parameters.rows())])


def summarise(
    prepared: Prepared, scales: Sequence[Scale], tables: dict[str, pl.DataFrame], reckoning: Reckoning
) -> dict[str, Any]:
    """Where the comparison comes from, as data: what the page and the summary print beside the tables."""
    records, graded = prepared.records, tables["course_grades"].filter(pl.col("grade").is_not_null())
    rows = [r for r in _parameters(prepared, reckoning).to_dicts() if r["value"] != r["default"]]
    return {
        "written_by": "tocsin concordance",
        "version": __version__,
        "notice": NOT_A_DEVICE,
        "zone": records.zone,
        "time_zero": prepared.time_zero,
        "inputs": dict(sorted(records.hashes.items())),
        "courses": prepared.courses.height,
        "patients": prepared.courses.get_column("patient_id").n_unique(),
        "findings_needing_a_decision": int(records.findings.get_column("needs_decision").sum()),
        "level": reckoning.level,
        "draws": reckoning.draws,
        "seed": reckoning.seed,
        "parameters_changed": {r["name"]: r["value"] for r in rows},
        "scales": {
            s.name: {
                "title": s.title, "source": str(s.source), "hash": s.hash,
                "courses_graded": graded.filter(pl.col("scale") == s.name).height,
            }
            for s in scales
        },
    }  # fmt: skip


def summary_text(tables: dict[str, pl.DataFrame], summary: dict[str, Any]) -> str:
    """The comparison as plain text: a line a pair, and what parts the scales most."""
    wide = max(map(len, summary["scales"]))
    kappas = {
        (r["scale_a"], r["scale_b"]): r
        for r in tables["agreement"].iter_rows(named=True)
        if r["measure"].startswith("quadratic") and r["method"].startswith("bootstrap")
    }
    lines = [f"tocsin concordance {summary['version']}", NOT_A_DEVICE, ""]
    lines += [
        f"{summary['courses']:,} courses of {summary['patients']:,} patients; minute 0: {summary['time_zero']}",
        "",
    ]
    lines += [f"{'':{2 * wide + 3}}  equal highest grade   quadratic kappa           hours differ"]
    for r in tables["pairs"].iter_rows(named=True):
        share = f"{r['equal']:,}/{r['gradable']:,}"
        hours = f"{r['hours_differ']:,.0f}/{r['hours']:,.0f}"
        names = f"{r['scale_a']:{wide}} v {r['scale_b']:{wide}}"
        lines.append(f"{names}  {share:>19}   {kappa_words(kappas[r['scale_a'], r['scale_b']]):24}  {hours:>12}")
    lines += ["", *_cause_lines(tables["criteria"], summary["courses"])]
    if summary["parameters_changed"]:
        lines += ["changed: " + ", ".join(f"{name} = {value}" for name, value in summary["parameters_changed"].items())]
    if summary["findings_needing_a_decision"]:
        lines += [f"{summary['findings_needing_a_decision']:,} findings need a decision: see findings.csv"]
    return "\n".join(lines) + "\n"


def kappa_words(row: dict[str, Any]) -> str:
    """`0.71 (0.52 to 0.88)`, or why there is no number."""
    if row["estimate"] is None:
        return "not estimable"
    value = ">0.99" if 0.995 <= row["estimate"] < 1 else f"{row['estimate']:.2f}"
    return f"{value} (no limits)" if row["low"] is None else f"{value} ({row['low']:.2f} to {row['high']:.2f})"


def _cause_lines(criteria: pl.DataFrame, courses: int) -> list[str]:
    """The largest cause of every pair, most hours first; where pairs share one, the first of them."""
    first = criteria.filter(pl.col("rank") == 1).sort("hours", descending=True, maintain_order=True)
    first = first.unique(["grade_a", "criterion_a", "grade_b", "criterion_b"], keep="first", maintain_order=True)
    if not courses:
        return [NO_COURSE]
    if first.is_empty():
        return ["The proved grades never differ."]
    lines = [f"What parts them most (all in criteria.csv{'' if first.height <= MOST_CAUSES else ', here the first'}):"]
    for r in first.head(MOST_CAUSES).iter_rows(named=True):
        lines.append(f"- {r['hours']:,.1f} h, {r['courses']:,} course{'' if r['courses'] == 1 else 's'}")
        for side in ("a", "b"):
            criterion = r[f"criterion_{side}"]
            lines.append(f"    {r[f'scale_{side}']} grade {r[f'grade_{side}']}: {criterion}")
    return [*lines, ""]


__all__ = ["EQUAL_SHARE", "Compared", "concordance", "crs_scales", "pairs_of", "summarise", "summary_text"]
