"""make bench: medians of several runs, and ratios to a plain polars read of the same file in the same run.

Targets are of issue 2. The machine is noisy: quote the ratios. Data are synthetic.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DATA = HERE / "data"
EXAMPLE = HERE.parent / "examples" / "zhou2023"
TOCSIN = [sys.executable, "-m", "tocsin"]


def timed(work: Callable[[], object], runs: int) -> list[float]:
    """Seconds of each run."""
    made = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        made.append(time.perf_counter() - start)
    return made


def plain_read(folder: Path) -> None:
    """The peer: polars reads the same files and does nothing else."""
    import polars as pl

    for path in sorted(folder.glob("*.parquet")):
        pl.read_parquet(path)


def grade_store(folder: Path, out: Path | None = None) -> int:
    """Records with border checks to ASTCT grade runs, two threads; with `out`, the signs table is written too."""
    from tocsin.grades import ASTCT_CRS, grade_runs
    from tocsin.records.batches import batches
    from tocsin.records.courses import courses
    from tocsin.signs import run

    def one(numbered: tuple[int, object]) -> int:
        k, batch = numbered
        records = batch.read()
        of, _ = courses(records, "admission")
        found = run(records, of, moments=out is not None)
        if out is not None and found.moments is not None:
            found.moments.write_parquet(out / f"signs-{k:04d}.parquet", compression="lz4")
        return grade_runs(ASTCT_CRS, found.runs, found.codes).height

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, enumerate(batches(folder, rows=600_000))))


def grade_all(folder: Path) -> int:
    """Records with border checks to the grade runs of every CRS scale, two threads."""
    from tocsin.grades import CRS_SCALES, SCALES, grade_runs
    from tocsin.records.batches import batches
    from tocsin.records.courses import courses
    from tocsin.signs import run

    def one(batch: Any) -> int:
        records = batch.read()
        of, _ = courses(records, "admission")
        found = run(records, of, wide=True)
        return sum(grade_runs(SCALES[name], found.runs, found.codes).height for name in CRS_SCALES)

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, batches(folder, rows=600_000)))


def sustained(readings: Path) -> int:
    """39.0 sustained 4 h over sorted rows (course, minute, value)."""
    from tocsin.strategies import ZHOU2023_EARLY
    from tocsin.strategies.trigger import first_due_sorted

    return first_due_sorted(ZHOU2023_EARLY.when, readings).height


def in_process(job: str, *arguments: str) -> dict[str, object]:
    """One job in a process of its own, so that its peak memory is its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--job", job, *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def job(name: str, runs: int, *arguments: str) -> dict[str, object]:
    """Runs a job warm and reports medians and the process's peak memory."""
    folder = Path(arguments[0])
    work: dict[str, Callable[[], object]] = {
        "read": lambda: plain_read(folder),
        "grade": lambda: grade_store(folder),
        "scales": lambda: grade_all(folder),
        "signs": lambda: grade_store(folder, _fresh(folder.parent / "signs")),
        "sustained": lambda: sustained(folder),
    }
    work[name]()  # warm: kernels compiled, file cached
    seconds = timed(work[name], runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"median": statistics.median(seconds), "least": min(seconds), "most": max(seconds), "peak_gb": peak}


def _fresh(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.parquet"):
        old.unlink()
    return folder


def command(arguments: list[str], runs: int, env: dict[str, str] | None = None) -> list[float]:
    """Whole-process seconds of a command."""
    import os

    return timed(
        lambda: subprocess.run(
            [*TOCSIN, *arguments], check=True, capture_output=True, env={**os.environ, **(env or {})}
        ),
        runs,
    )


def show(what: str, seconds: float, target: float | None, more: str = "") -> None:
    """One line of the table."""
    goal = f"target {target:g}" if target else ""
    print(f"{what:58s} {seconds:7.2f} s  {goal:12s} {more}", flush=True)


def main() -> None:
    """The whole bench."""
    import tempfile

    import effects
    import store

    parser = argparse.ArgumentParser()
    parser.add_argument("--job", nargs="+")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--effects", action="store_true", help="only the estimators")
    given = parser.parse_args()
    if given.job:
        print(json.dumps(job(given.job[0], given.runs, *given.job[1:])))
        return
    if given.effects:
        for what, seconds, target, peer in effects.lines(given.runs):
            show(what, seconds, target, peer)
        return
    print(
        f"tocsin bench, Python {platform.python_version()}, {platform.machine()}; medians of {given.runs} runs; "
        "synthetic data"
    )
    for seed in (1, 2, 3):
        folder = store.write(DATA / f"store{given.patients}-{seed}", given.patients, seed)
        read, graded = in_process("read", str(folder)), in_process("grade", str(folder))
        ratio = f"{graded['median'] / read['median']:.1f} x a plain read of {read['median']:.2f} s"
        ratio += f", peak {graded['peak_gb']:.2f} GB"
        show(f"{given.patients / 1000:g}M rows, records to ASTCT runs, seed {seed}", graded["median"], 1.5, ratio)
    every = in_process("scales", str(folder))
    ratio = f"{every['median'] / graded['median']:.1f} x ASTCT alone, peak {every['peak_gb']:.2f} GB"
    show(f"{given.patients / 1000:g}M rows, records to runs of all CRS scales", every["median"], 4, ratio)
    signs = in_process("signs", str(folder))
    show(
        f"{given.patients / 1000:g}M rows, the signs table written too",
        signs["median"],
        5,
        f"peak {signs['peak_gb']:.2f} GB",
    )
    readings = store.write_readings(DATA / f"readings{given.patients * 5}.parquet", given.patients * 5)
    held = in_process("sustained", str(readings))
    show(f"39.0 sustained 4 h, {given.patients / 200:g}M rows", held["median"], 1.5, f"peak {held['peak_gb']:.2f} GB")
    for what, seconds, target, peer in effects.lines(given.runs):
        show(what, seconds, target, peer)
    show("tocsin --help", statistics.median(command(["--help"], given.runs)), 0.3)
    show("tocsin grade --help", statistics.median(command(["grade", "--help"], given.runs)), 0.4)
    with tempfile.TemporaryDirectory() as scratch:
        study = ["study", str(EXAMPLE), "-o", f"{scratch}/out"]
        show("tocsin study, very first run", command(study, 1, {"TOCSIN_CACHE": scratch})[0], 12, "kernels compiled")
        show("tocsin study, after", statistics.median(command(study, given.runs, {"TOCSIN_CACHE": scratch})), 4)


if __name__ == "__main__":
    main()
