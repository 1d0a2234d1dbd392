"""What a design by simulation writes beside its studies, and the short form for the terminal."""

from __future__ import annotations

from pathlib import Path

from tocsin.outputs import csv_text, put_text
from tocsin.power.page import main_figure, main_rows, power_page
from tocsin.power.run import Powered
from tocsin.power.words import NOT_EVIDENCE, NOTICE, TITLES, contrast, points, signed, verdict, with_error
from tocsin.report.drawing import to_png


def write_results(done: Powered) -> list[Path]:
    """The tables, the picture and the page, in the folder of the studies; each file is whole or as it was."""
    figure = main_figure(done)
    made = [
        put_text(done.out / "performance.csv", csv_text(done.performance)),
        put_text(done.out / "summary.txt", summary_text(done)),
        put_text(done.out / "power.html", power_page(done)),
    ]
    if figure is not None:
        made.append(put_text(done.out / "bias.svg", figure.svg))
        (done.out / "bias.png").write_bytes(to_png(figure.svg))
        made.append(done.out / "bias.png")
    return [done.out / "replicates.csv", done.out / "truth.csv", *made]


def summary_text(done: Powered) -> str:
    """The main difference: truth, and how each analysis did."""
    rows = main_rows(done.performance, done.truth)
    studies = done.studies.get_column("replicate").n_unique()
    lines = [done.design.title or "Design by simulation", f"{studies:,} studies of {done.design.n:,} patients, world "
             f"{Path(done.design.world).stem}, design {done.design.hash}"]  # fmt: skip
    if rows:
        rejected = next((row["rejection_is"] for row in rows if row["rejection_is"]), "")
        lines += ["", f"{contrast(rows[0])}; truth {signed(rows[0]['truth'])} points. In brackets: Monte-Carlo error."]
        lines += [f"{'':38}{'mean':>8}{'bias':>14}{'SE, seen':>14}{'coverage, %':>14}{rejected:>14}"]
        for row in rows:
            spread = f"{points(row['empirical_se'])}, {points(row['model_se'])}"
            lines.append(
                f"{TITLES[row['analysis']]:38}{signed(row['mean']):>8}"
                f"{with_error(row['bias'], row['bias_error'], sign=True):>14}{spread:>14}"
                f"{with_error(row['coverage'], row['coverage_error'], 0):>14}"
                f"{with_error(row['rejection'], row['rejection_error'], 0):>14}  {verdict(row)}"
            )
        lost = {TITLES[row["analysis"]]: row["failures"] for row in rows if row["failures"]}
        lines += [f"Without an estimate, {name}: {why}" for name, why in lost.items()]
    return "\n".join([*lines, "", NOT_EVIDENCE, NOTICE]) + "\n"
