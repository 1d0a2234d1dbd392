"""Errors a reader can act on: what and where, why it matters, what to do. All problems of one input at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    `slug` is stable (`records.unit-unknown`) and has a page in the docs. `what` names file, column and row numbers with
    counts, never a patient identifier or a free-text value. `why` says what cannot be judged, `do` the way out.
    """

    slug: str
    what: str
    why: str = ""
    do: str = ""

    def __str__(self) -> str:
        lines = [f"{self.slug}: {self.what}", *(f"  {line}" for line in (self.why, self.do) if line)]
        return "\n".join(lines)


class TocsinError(Exception):
    """Bad input: every problem found in it. The command line prints them and exits with code 3, nothing written."""

    exit_code = 3

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, slug: str, what: str, why: str = "", do: str = "") -> TocsinError:
        """One-problem error in one line."""
        return cls(Problem(slug, what, why, do))


def rows_phrase(count: int, total: int | None = None, first: int | None = None) -> str:
    """`214 of 9,031 rows (first: row 118)`; rows are counted from 1, the header not counted."""
    of = f" of {total:,}" if total is not None else ""
    start = f" (first: row {first:,})" if first is not None else ""
    return f"{count:,}{of} row{'' if count == 1 and total is None else 's'}{start}"
