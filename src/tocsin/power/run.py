"""The loop: simulate a study, analyse it as production does, keep its numbers; then how the analyses did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl

from tocsin.effects.inputs import IntArray
from tocsin.power.analyses import analyse
from tocsin.power.design import Design
from tocsin.power.store import Store
from tocsin.power.study import NoStudy, Study
from tocsin.power.summary import performance

Step = Callable[[int, int], None]


class World(Protocol):
    """What makes studies, and knows the truth."""

    def studies(self, replicates: IntArray) -> Iterator[tuple[int, list[Study | NoStudy]]]:
        """Studies by their numbers, an entry an outcome."""
        ...

    def truth(self) -> pl.DataFrame:
        """POWER_TRUTH rows."""
        ...


@dataclass(frozen=True)
class Powered:
    """What a design gave: its studies so far, the truth, and how the analyses did."""

    design: Design
    out: Path
    studies: pl.DataFrame
    truth: pl.DataFrame
    performance: pl.DataFrame


def run_design(design: Design, out: Path, step: Step = lambda done, of: None, world: World | None = None) -> Powered:
    """Does the studies that `out` does not hold yet. `step` hears how many are done, and of how many.

    Every study is kept as it comes: a run that is stopped goes on from there. Raises TocsinError (`power.*`,
    `outputs.*`).
    """
    made = world or world_of(design)
    store = Store(out, design)
    known = store.truth()  # first: without it no study is worth its time
    truth = known if known is not None else store.keep_truth(made.truth())
    missing = store.missing()
    done = design.replicates - missing.size
    step(done, design.replicates)
    for number, studies in made.studies(missing) if missing.size else ():
        seed = draw_seed(design.seed, number)
        answers = [
            one
            for study in studies
            for one in analyse(study, design.analyses, draws=design.draws, seed=seed, level=design.level)
        ]
        store.add(number, answers)
        done += 1
        step(done, design.replicates)
    rows = store.studies()
    return Powered(design, store.out, rows, truth, performance(rows, truth))


def world_of(design: Design) -> World:
    """The world of a design."""
    if design.is_closed_form:
        from tocsin.power.closed_form import ClosedFormWorld

        return ClosedFormWorld(design)
    from tocsin.power.virtual_ward import VirtualWorld

    return VirtualWorld(design)


def draw_seed(seed: int, number: int) -> int:
    """Seed of a study's bootstrap draws: a function of the design's seed and of its number."""
    return int(np.random.SeedSequence([seed, number, 1]).generate_state(1, np.uint64)[0] >> np.uint64(1))
