"""How to cite tocsin, and the papers behind exactly what a study used: as text and as BibTeX."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin import __version__
from tocsin.errors import TocsinError

TITLE = "tocsin: when to treat cytokine release syndrome after CAR-T therapy"
AUTHORS = ("The tocsin founders",)  # these, the licence and the version are those of CITATION.cff, a test says so
LICENSE = "Apache-2.0"
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}  # fmt: skip


@dataclass(frozen=True)
class Cited:
    """One source of a study: `doi` may be empty, `used_for` says what of it was used."""

    key: str
    text: str
    doi: str
    used_for: str


@dataclass(frozen=True)
class Used:
    """What a study's results.json says of its making: version of tocsin, specification, sources."""

    version: str
    spec_hash: str
    sources: tuple[Cited, ...]


def read_used(path: Path) -> Used:
    """The sources in `path`, a results.json or the folder of a report.

    Raises TocsinError: `cite.no-results` where there is none, `cite.not-results` where it is not one of tocsin's.
    """
    file = path / "results.json" if path.is_dir() else path
    try:
        data: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise TocsinError.of(
            "cite.no-results", f"{file.name}: cannot be read in {path.name or path}.", "There is nothing to cite.",
            "Name the folder that tocsin study wrote, or its results.json.",
        ) from None  # fmt: skip
    except ValueError:
        raise _not_results(file) from None
    try:
        meta, rows = data["meta"], data["tables"]["citations"]
        sources = tuple(Cited(*(_text(row[name]) for name in ("key", "text", "doi", "used_for"))) for row in rows)
        return Used(_text(meta.get("version") or ""), _text(meta.get("spec_hash") or ""), sources)
    except (KeyError, TypeError, AttributeError):
        raise _not_results(file) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _not_results(file: Path) -> TocsinError:
    return TocsinError.of(
        "cite.not-results", f"{file.name} is not the results.json of a study.", "Its sources are not known.",
        "Name the folder that tocsin study wrote, or its results.json.",
    )  # fmt: skip


def as_text(used: Used | None = None) -> str:
    """Sentences to copy: tocsin first, then each source with its key, doi and what it was used for."""
    version, spec = _made(used)
    lines = ["How to cite tocsin:", f"  {' and '.join(AUTHORS)}. {TITLE}. Version {version}{spec}. {LICENSE}."]
    if used is not None:
        lines += ["", f"What this study used ({len(used.sources)} sources):"]
        for one in used.sources:
            doi = f", doi:{one.doi}" if one.doi else ""
            lines.append(f"  [{one.key}] {_line(one.text)}{doi} ({_line(one.used_for)})")
    return "\n".join(lines)


def as_bibtex(used: Used | None = None) -> str:
    """BibTeX: an entry for tocsin and one a source.

    A source is kept as the sentence it is (`note`), not taken apart into authors and title: the citations hold
    shortened author lists, and a guessed author would be wrong.
    """
    version, spec = _made(used)
    fields = {
        "author": " and ".join(f"{{{_tex(name)}}}" for name in AUTHORS), "title": f"{{{_tex(TITLE)}}}",
        "version": _tex(version), "note": _tex(f"Software, {LICENSE}{spec}"),
    }  # fmt: skip
    entries = [_entry("software", "tocsin", fields)]
    taken = {"tocsin"}
    for one in used.sources if used is not None else ():
        year = re.findall(r"\b((?:18|19|20)\d\d);", one.text) or re.findall(r"\b((?:18|19|20)\d\d)\b", one.text)
        found = {
            "note": _tex(_line(one.text)), "year": year[0] if year else "",
            "doi": re.sub(r"[{}\\\s]", "", one.doi), "annote": _tex(_line(f"used for {one.used_for}")),
        }  # fmt: skip
        entries.append(_entry("misc", _key(one.key, taken), found))
    return "\n\n".join(entries)


def _made(used: Used | None) -> tuple[str, str]:
    """The version that made the results, and the study's specification."""
    if used is None:
        return __version__, ""
    return used.version or __version__, f", specification {used.spec_hash}" if used.spec_hash else ""


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{kind}{{{key},\n{body}\n}}"


def _key(key: str, taken: set[str]) -> str:
    """A key BibTeX can read, each once."""
    base = re.sub(r"[^A-Za-z0-9:_-]", "", key) or "source"
    made, number = base, 2
    while made in taken:
        made, number = f"{base}-{number}", number + 1
    taken.add(made)
    return made


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def _line(text: str) -> str:
    return " ".join(text.split())
