"""Studies done so far, kept on disk as they come: a run that was stopped goes on where it was, and no other.

`replicates.csv` only grows, one write a study, and each row says how many rows its study has: a study cut off in
writing is seen and done again. The design's hash stands in `power.json`; a folder of another design is refused.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tocsin import __version__
from tocsin.effects.inputs import IntArray
from tocsin.errors import TocsinError
from tocsin.outputs import csv_text, put_text, refuse_foreign
from tocsin.power.analyses import Answer
from tocsin.power.design import Design
from tocsin.tables import Table
from tocsin.tables.power import POWER_TRUTH, REPLICATES

MARKER, STUDIES, TRUTH = "power.json", "replicates.csv", "truth.csv"
WRITTEN = (
    MARKER, STUDIES, TRUTH, "performance.csv", "summary.txt", "power.html", "bias.svg", "bias.png",
)  # fmt: skip
_COMMAND = "tocsin power"


class Store:
    """The folder of a design. Raises TocsinError: `power.changed`, `power.folder`, `outputs.*`."""

    def __init__(self, out: Path, design: Design) -> None:
        self.out, self.design = refuse_foreign(out, WRITTEN, MARKER), design
        marker = self.out / MARKER
        if marker.is_file():
            self._same(marker)
        else:
            self.out.mkdir(parents=True, exist_ok=True)
            put_text(marker, self._said())
        self._repair()

    def _said(self) -> str:
        said: dict[str, Any] = {
            "written_by": _COMMAND, "version": __version__, "design_hash": self.design.hash,
            "design": self.design.model_dump(mode="json", by_alias=True, exclude_none=True),
        }  # fmt: skip
        return json.dumps(said, ensure_ascii=False, indent=2) + "\n"

    def _same(self, marker: Path) -> None:
        try:
            known = json.loads(marker.read_text(encoding="utf-8"))["design_hash"]
        except (OSError, ValueError, KeyError, TypeError):
            known = None
        if known != self.design.hash:
            raise TocsinError.of(
                "power.changed", f"{self.out.name}: the studies in it were made by another design or version "
                f"({known or 'unreadable'}, now {self.design.hash}).",
                "Studies of two designs put together mean nothing. Nothing was written.",
                "Name a new folder with -o, or take back the change; only title and replicates may change.",
            )  # fmt: skip
        put_text(marker, self._said())

    # --- studies

    def _repair(self) -> None:
        """Takes away a study that was cut off in writing."""
        path = self.out / STUDIES
        if not path.is_file():
            return
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        header = ",".join(REPLICATES.schema)
        if whole and whole.partition("\n")[0] != header:
            raise TocsinError.of("power.folder", f"{path.name}: its columns are not those of this version.", "",
                                 "Name a new folder with -o.")  # fmt: skip
        kept = _whole(_read(whole)) if whole else REPLICATES.empty()
        repaired = csv_text(kept)
        if repaired != text:
            put_text(path, repaired)

    def studies(self) -> pl.DataFrame:
        """REPLICATES rows of the studies done, in their order; at most as many as the design asks for."""
        path = self.out / STUDIES
        if not path.is_file():
            return REPLICATES.empty()
        rows = _read(path.read_text(encoding="utf-8")).filter(pl.col("replicate") < self.design.replicates)
        return REPLICATES.check(rows.sort(*REPLICATES.key))

    def missing(self) -> IntArray:
        """Numbers of the studies still to be done."""
        done = self.studies().get_column("replicate").unique().to_numpy()
        return np.setdiff1d(np.arange(self.design.replicates), done)

    def add(self, number: int, answers: list[Answer]) -> None:
        """One study, in one write."""
        rows = [{"replicate": number, **asdict(one), "rows": len(answers)} for one in answers]
        path = self.out / STUDIES
        text = csv_text(REPLICATES.check(REPLICATES.frame(rows)))
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text if file.tell() == 0 else text.partition("\n")[2])
            file.flush()
            os.fsync(file.fileno())

    # --- truth

    def truth(self) -> pl.DataFrame | None:
        """The truth, where it was worked out before."""
        path = self.out / TRUTH
        if not path.is_file():
            return None
        return POWER_TRUTH.check(_table(path.read_text(encoding="utf-8"), POWER_TRUTH))

    def keep_truth(self, truth: pl.DataFrame) -> pl.DataFrame:
        """Keeps the truth for the next call."""
        put_text(self.out / TRUTH, csv_text(truth))
        return truth


def _read(text: str) -> pl.DataFrame:
    return _table(text, REPLICATES)


def _table(text: str, table: Table) -> pl.DataFrame:
    """A table as `csv_text` wrote it: an empty cell of text is empty text, an apostrophe before a sign goes."""
    made = pl.read_csv(text.encode(), schema=table.schema)
    return made.with_columns(pl.col(pl.String).fill_null("").str.replace(r"^'([=+\-@\t\r\n])", "$1"))


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of studies of which every row is there."""
    return rows.filter(pl.len().over("replicate") == pl.col("rows"))
