"""What is wrong with a printed table, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tocsin.audit_table.printed_numbers import Printed
from tocsin.audit_table.read import COUNT, LEVELS, MEANS, TIMES, Group, Line, read_table
from tocsin.audit_table.which_test import (
    FISHER,
    PEARSON,
    Candidate,
    WhichTest,
    candidates,
    compared,
    p_words,
    stated,
    t_tests,
)

AGREES, OTHER, NONE, NOT_RECOMPUTED, NOT_PRINTED = "agrees", "other test", "no test", "not recomputed", "not printed"
ALPHA = 0.05
MOST_SEARCHED = 100_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: ``code`` is percent, n, p or test."""

    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Audited:
    """One row: how its P fared, the tests beside it, what is wrong (``findings``) and what is to know (``notes``)."""

    line: Line
    verdict: str
    tests: WhichTest | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """All rows; ``percentages`` counts those that were compared with their counts."""

    file: str
    rows: tuple[Audited, ...]
    percentages: int

    @property
    def findings(self) -> list[tuple[Line, Finding]]:
        """Every finding with its row."""
        return [(row.line, finding) for row in self.rows for finding in row.findings]

    def with_verdict(self, verdict: str) -> int:
        """How many rows."""
        return sum(row.verdict == verdict for row in self.rows)


@dataclass
class _Notebook:
    findings: list[Finding] = field(default_factory=list[Finding])
    notes: list[str] = field(default_factory=list[str])

    def found(self, code: str, says: str) -> None:
        self.findings.append(Finding(code, says))


def audit_table(path: Path | str) -> Audit:
    """Recompute every row of a printed table. Raises TocsinError `audit.*` with every problem of the file.

    Printed numbers may be off by half a unit of their last digit. A row whose counts contradict themselves gets no P.
    """
    path = Path(path)
    lines = read_table(path)
    books = [_Notebook() for _ in lines]
    compared_with = sum(_percentages(line, book) for line, book in zip(lines, books, strict=True))
    _implied_numbers(lines, books)
    rows = [_audited(line, book) for line, book in zip(lines, books, strict=True)]
    return Audit(path.name, tuple(rows), compared_with)


def _audited(line: Line, book: _Notebook) -> Audited:
    whole = _numbers(line, book)
    verdict, tests = _p_value(line, book) if whole else (NOT_RECOMPUTED, None)
    if not whole:
        book.notes.append("the counts contradict themselves: P not recomputed")
    return Audited(line, verdict, tests, tuple(book.findings), tuple(book.notes))


# --- counts and percentages -------------------------------------------------------------------------------------------


def _percentages(line: Line, book: _Notebook) -> int:
    """Compare each percentage with its count; returns how many were compared."""
    checked = 0
    for group in (line.a, line.b):
        for k, printed in _printed_shares(group):
            assert group.n is not None
            checked += 1
            share = 100 * k / group.n
            known = group.n - group.missing
            if printed.fits(share) or (known >= max(k, 1) and printed.fits(100 * k / known)):
                continue
            cut = ", cut off instead of rounded" if printed.cut_off_fits(share) else ""
            says = f"{group.arm}: {k}/{group.n} is {share:.4g} %, printed {_percent(printed)}{cut}"
            book.found("percent", says)
    return checked


def _printed_shares(group: Group) -> Iterator[tuple[int, Printed]]:
    if group.n:
        for k, printed in zip(group.counts, group.shares, strict=True):
            if printed is not None and k <= group.n:
                yield k, printed


def _percent(printed: Printed) -> str:
    return printed.text if printed.text.endswith("%") else f"{printed.text} %"


def _implied_numbers(lines: list[Line], books: list[_Notebook]) -> None:
    """Where the percentages of an arm do not fit its n but all of them fit one other n, that is the finding."""
    arms: dict[tuple[str, str, int], list[tuple[int, Group]]] = {}
    for place, line in enumerate(lines):
        for group in (line.a, line.b):
            if group.n and any(True for _ in _printed_shares(group)):
                arms.setdefault((line.table, group.arm, group.n), []).append((place, group))
    for (_, arm, n), members in arms.items():
        pairs = [pair for _, group in members for pair in _printed_shares(group)]
        if len(pairs) < 2 or n > MOST_SEARCHED or all(printed.fits(100 * k / n) for k, printed in pairs):
            continue
        most = max(k for k, _ in pairs)
        other = [
            size for size in range(max(most, 1), 2 * max(n, most) + 1)
            if all(printed.fits(100 * k / size) for k, printed in pairs)
        ]  # fmt: skip
        if 0 < len(other) <= 3:
            sizes = " or ".join(str(size) for size in other)
            says = f"{arm}: all {len(pairs)} percentages fit n = {sizes}, printed {n}"
            books[members[0][0]].found("n", says)


def _numbers(line: Line, book: _Notebook) -> bool:
    """Whether the numbers of patients can be true; says what is wrong with them."""
    before = len(book.findings)
    for group in (line.a, line.b):
        if group.n is not None and group.column_n is not None and group.n != group.column_n:
            says = f"{group.arm}: {group.n} in the denominator, {group.column_n} in the arm"
            if group.n > group.column_n:
                book.found("n", says)
            else:
                book.notes.append(says)
        if not group.counts or group.n is None:
            continue
        total = sum(group.counts)
        known = group.n - group.missing
        if line.kind == COUNT and total > known:
            book.found("n", f"{group.arm}: {total} with the event, but {known} patients")
        if line.kind == LEVELS and total != known:
            book.found("n", f"{group.arm}: the levels add up to {total}, but {known} patients")
    impossible = any(finding.code == "n" for finding in book.findings[before:])
    _totals(line, book)
    return not impossible


def _totals(line: Line, book: _Notebook) -> None:
    if line.n_total is not None and line.a.n is not None and line.b.n is not None:
        both = line.a.n + line.b.n
        if both != line.n_total:
            book.found("n", f"{line.a.n} + {line.b.n} patients are {both}, printed {line.n_total}")
    if line.events_total is not None and line.kind == COUNT and line.a.counts and line.b.counts:
        a, b = line.a.counts[0], line.b.counts[0]
        if a + b != line.events_total:
            book.found("n", f"{a} + {b} with the event are {a + b}, printed {line.events_total}")


# --- P values ---------------------------------------------------------------------------------------------------------


def _p_value(line: Line, book: _Notebook) -> tuple[str, WhichTest | None]:
    named, elsewhere = stated(line.test)
    if line.kind not in (COUNT, LEVELS, MEANS):
        if line.p is None:
            return NOT_PRINTED, None
        what = "log-rank" if line.kind == TIMES else "Wilcoxon"
        of = "times" if line.kind == TIMES else "medians"
        book.notes.append(f"P {line.p.text}: {elsewhere or what} cannot be recomputed from {of}; it needs each patient")
        return NOT_RECOMPUTED, None
    if line.p is None:
        return NOT_PRINTED, None
    tests = compared(line.p, _candidates(line))
    if not any(one.low is not None for one in tests.candidates):
        book.notes.append(f"P {line.p.text}: {tests.says}")
        return NOT_RECOMPUTED, tests
    _sides(line, tests, book)
    mine = {one.test for one in tests.candidates} & named
    if mine and line.kind != MEANS:
        elsewhere = ""  # a footnote for the whole table: Wilcoxon is no test of counts
    fitting = [one for one in tests.candidates if one.fits(line.p) and (not mine or one.test in mine)]
    if elsewhere and not (mine and fitting):
        book.notes.append(f"{elsewhere} cannot be recomputed from this row; {tests.says}")
        return NOT_RECOMPUTED, tests
    said = ", ".join(str(one) for one in tests.candidates if one.test in mine)
    if not tests.fits:
        book.found("p", f"{tests.says}{f' (stated: {said})' if said else ''}")
        return NONE, tests
    if not fitting:
        book.found("test", f"stated: {said}; but {tests.says}")
        return OTHER, tests
    if named and not mine:
        book.notes.append(f"the test stated, {' or '.join(sorted(named))}, is none of such a row; {tests.says}")
    if all(one.high is not None and not line.p.fits(one.low or 0.0, one.high) for one in fitting):
        book.notes.append(f"P {line.p.text}: it is 1 ({', '.join(one.test for one in fitting)}), printed as if below")
    if line.p.value == 0 and not line.p.sign:
        book.notes.append(f"P {line.p.text}: no P is 0; print a bound, as <0.001")
    return AGREES, tests


def _candidates(line: Line) -> tuple[Candidate, ...]:
    a, b = line.a, line.b
    if line.kind == COUNT:
        assert a.n is not None
        assert b.n is not None
        known = (a.n - a.missing, b.n - b.missing)
        return candidates([[a.counts[0], known[0] - a.counts[0]], [b.counts[0], known[1] - b.counts[0]]])
    if line.kind == LEVELS:
        return candidates([a.counts, b.counts])
    assert a.n is not None
    assert b.n is not None
    assert a.mean
    assert a.sd
    assert b.mean
    assert b.sd
    return t_tests(a.n - a.missing, a.mean, a.sd, b.n - b.missing, b.mean, b.sd)


def _sides(line: Line, tests: WhichTest, book: _Notebook) -> None:
    """Say where Fisher and Pearson lie on either side of 0.05."""
    p = {one.test: one.low for one in tests.candidates if one.test in (FISHER, PEARSON)}
    exact, pearson = p.get(FISHER), p.get(PEARSON)
    if exact is not None and pearson is not None and (exact < ALPHA) != (pearson < ALPHA):
        says = f"{FISHER} {p_words(exact)}, {PEARSON} {p_words(pearson)}: which side of 0.05 hangs on the test"
        book.notes.append(says)
