"""The command that says what to cite."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.app import CODES, NOTICE, app, guarded, told


class CiteFormat(str, Enum):  # noqa: UP042 - typer shows the values of a str enum
    """How citations are printed."""

    text = "text"
    bibtex = "bibtex"
    both = "both"


@app.command(short_help="Say how to cite tocsin, and what a study used.", epilog=NOTICE, help=told(
    "Print how to cite tocsin. With OUT, the folder a study wrote: also the papers behind exactly the scales, rules "
    "and estimators that study used, each with what it was used for.",
    "tocsin cite examples/zhou2023/out --format bibtex > tocsin.bib",
    "the citations to the standard output.",
    CODES,
))  # fmt: skip
def cite(  # noqa: D103
    out: Annotated[
        Path | None, typer.Argument(metavar="OUT", help="Folder that tocsin study wrote, or its results.json.")
    ] = None,
    form: Annotated[CiteFormat, typer.Option("--format", help="Sentences, BibTeX, or both.")] = CiteFormat.both,
) -> None:
    with guarded():
        from tocsin.cite import as_bibtex, as_text, read_used

        used = None if out is None else read_used(out)
        makers = {CiteFormat.text: (as_text,), CiteFormat.bibtex: (as_bibtex,), CiteFormat.both: (as_text, as_bibtex)}
        typer.echo("\n\n".join(make(used) for make in makers[form]))
