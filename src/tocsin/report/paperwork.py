"""The back of the report: assumptions, methods, open choices, findings, papers, provenance."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

from tocsin.report.blocks import Block, Cell, Section, grid, note, rows_of, section, text
from tocsin.report.fonts_cover import uncovered
from tocsin.report.numbers import NOTHING, short
from tocsin.report.words import Words
from tocsin.sources import TAG_WORDS
from tocsin.tables import StudyResults


def counts(results: StudyResults, words: Words) -> Section:
    """What rests on an assumption."""
    rows = [
        [
            words.term(r["what"]),
            words.term(r["arm"]),
            f"{short(r['value'])} {words.term(r['unit'])}",
            Cell(words.term(r["note"]), "soft"),
        ]
        for r in rows_of(results, "counts")
    ]
    heads = [words(f"head.{k}") for k in ("what", "arm", "value", "how")]
    return section(
        words,
        "counts",
        grid(words("counts.caption"), heads, rows, numeric=(2,), source="counts", empty=words("counts.none")),
    )


def methods(results: StudyResults, words: Words) -> Section:
    """The methods paragraphs, as the study wrote them."""
    said = [text(str(p.get(words.lang) or p.get("en") or "")) for p in results.meta.get("methods") or []]
    return section(words, "methods", *(said or [note(words("methods.none"))]))


def parameters(results: StudyResults, words: Words) -> Section:
    """Every open choice with its source tag in words."""
    rows = [
        [
            Cell(r["name"], "strong"),
            words.value(r["value"]),
            words.value(r["default"]) if r["value"] != r["default"] else words("same"),
            words.term(r["words"]),
            f"{r['tag']}: {words.term(TAG_WORDS[r['tag']])}",
            Cell(words.term(r["source"]), "soft"),
        ]
        for r in rows_of(results, "parameters")
    ]
    heads = [words(f"head.{k}") for k in ("parameter", "value", "default", "decides", "tag", "source")]
    table = grid(words("parameters.caption"), heads, rows, source="parameters", empty=words("parameters.none"))
    return section(words, "parameters", table)


def findings(results: StudyResults, words: Words) -> Section:
    """What was wrong with the records, and where every row went."""
    rows = [
        [
            r["code"],
            r["source"],
            NOTHING if r["row"] is None else f"{r['row']:,}",
            f"{r['count']:,}",
            words.term(r["what"]),
            words.term(r["done"]),
            words(f"finding.{r['effect']}"),
            Cell(words("yes") if r["needs_decision"] else words("no"), "red" if r["needs_decision"] else ""),
        ]
        for r in rows_of(results, "findings")
    ]
    heads = [words(f"head.{k}") for k in ("code", "file", "first_row", "rows", "wrong", "done", "effect", "decision")]
    found = grid(
        words("findings.caption"), heads, rows, numeric=(2, 3), source="findings", empty=words("findings.none")
    )
    account = [
        [r["source"], *(f"{r[k]:,}" for k in ("rows", "used", "excluded", "not_needed"))]
        for r in rows_of(results, "account")
    ]
    heads = [words(f"head.{k}") for k in ("file", "rows", "used", "excluded", "not_needed")]
    counted = grid(
        words("account.caption"), heads, account, numeric=(1, 2, 3, 4), source="account", empty=words("account.none")
    )
    return section(words, "findings", found, counted)


def citations(results: StudyResults, words: Words) -> Section:
    """The papers used."""
    rows = [
        [
            Cell(r["key"], "strong"),
            words.term(r["text"]),
            f"doi:{r['doi']}" if r["doi"] else NOTHING,
            words.term(r["used_for"]),
        ]
        for r in rows_of(results, "citations")
    ]
    heads = [words(f"head.{k}") for k in ("key", "citation", "doi", "used_for")]
    return section(
        words,
        "citations",
        grid(words("citations.caption"), heads, rows, source="citations", empty=words("citations.none")),
    )


def provenance(results: StudyResults, words: Words) -> Section:
    """Version, hashes, seed, packages, and the tables beside the page."""
    meta = results.meta
    rows: list[list[str]] = [
        [words("provenance.version"), f"tocsin {meta.get('version') or words('unknown')}"],
        [words("provenance.spec"), str(meta.get("spec_hash") or words("unknown"))],
        [words("provenance.seed"), str(meta["seed"]) if meta.get("seed") is not None else words("provenance.no_seed")],
    ]
    rows += [
        [words("provenance.strategy", name=words.term(s["name"])), str(s.get("hash") or words("unknown"))]
        for s in meta.get("strategies") or []
    ]
    rows += [
        [words("provenance.input", file=file), str(found)] for file, found in sorted((meta.get("inputs") or {}).items())
    ]
    rows += [
        [words("provenance.package", name=name), str(found)]
        for name, found in sorted((meta.get("generated_with") or {}).items())
    ]
    table = grid(words("provenance.caption"), [words("head.what"), words("head.value")], rows)
    return section(words, "provenance", table, *_unshown(results, words), _data(results, words))


def _unshown(results: StudyResults, words: Words) -> list[Block]:
    """One sentence where the data hold Chinese characters that the shipped font lacks."""
    texts = (
        text
        for frame in results.tables.values()
        for column in frame.select(cs.string())
        for text in column.unique().drop_nulls()
    )
    lacking = uncovered(texts)
    return [note(words("font.missing", characters=" ".join(lacking)))] if lacking else []


def _data(results: StudyResults, words: Words) -> Block:
    """Every table of the results: what it holds, how many rows, in which file it lies."""
    from tocsin.report.files import result_contracts

    rows = [
        [f"tables/{c.name}.csv", words(f"table.{c.name}"), f"{results.tables.get(c.name, pl.DataFrame()).height:,}"]
        for c in result_contracts()
    ]
    return grid(
        words("data.caption"), [words("head.file"), words("head.holds"), words("head.rows")], rows, numeric=(2,)
    )
