"""Options that several commands share, and what was asked, checked."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.app import USAGE
from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from tocsin.prepare import Choices


class Format(str, Enum):  # noqa: UP042 - typer shows the values of a str enum
    """How the records are laid out."""

    csv = "csv"
    clif = "clif"


class TimeZeroChoice(str, Enum):  # noqa: UP042
    """What sets minute 0."""

    infusion = "infusion"
    admission = "admission"
    first_fever = "first-fever"
    column = "column"


class WindowsChoice(str, Enum):  # noqa: UP042
    """How long a reading stays known."""

    ward = "ward"
    icu = "icu"


class Lang(str, Enum):  # noqa: UP042
    """Language of words."""

    en = "en"
    zh = "zh"


RECORDS, TIME, RULES = "Records", "Time zero", "Grading"
Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="Folder of the records: CSV/Parquet files with a site.toml, or CLIF tables."),
]
DataFormat = Annotated[
    Format | None,
    typer.Option("--format", help="Layout of DATA; seen by itself when left out.", rich_help_panel=RECORDS),
]
Site = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="site.toml to use instead of the one in DATA.", rich_help_panel=RECORDS),
]
Zone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="The hospital's zone for CLIF, e.g. Asia/Shanghai.", rich_help_panel=RECORDS),
]
TimeZero = Annotated[
    TimeZeroChoice, typer.Option("--time-zero", help="What sets minute 0 of a course.", rich_help_panel=TIME)
]
TimeZeroFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="With --time-zero column: CSV with patient_id and time_zero.", rich_help_panel=TIME
    ),
]
Scales = Annotated[
    list[str] | None,
    typer.Option(
        "--scale",
        metavar="NAME",
        help="Scale to grade on; may be repeated; all = every one. Default: ASTCT CRS and ICANS.",
        rich_help_panel=RULES,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="signs.NAME=VALUE", help="Change one parameter; may be repeated.", rich_help_panel=RULES
    ),
]
Out = Annotated[
    Path, typer.Option("-o", "--out", metavar="OUT", help="Folder to write; new, empty, or an earlier result.")
]
Windows = Annotated[
    WindowsChoice, typer.Option(help="How long a reading stays known: on a ward, or monitored.", rich_help_panel=RULES)
]


def choices(
    data: Path, data_format: Format | None, site: Path | None, zone: str | None, time_zero: TimeZeroChoice | None,
    time_zero_file: Path | None, scale: list[str] | None, settings: list[str] | None, windows: WindowsChoice,
) -> Choices:  # fmt: skip
    """What was asked, checked; a scale, parameter or value nobody knows is a mistake of the command line."""
    from tocsin.prepare import Choices

    chosen = Choices(
        data, data_format.value if data_format else None, site, zone, time_zero.value if time_zero else None,
        time_zero_file, tuple(scale or ()), tuple(settings or ()), windows.value,
    )  # fmt: skip
    with asked_rightly():
        return chosen.check()


@contextmanager
def asked_rightly() -> Generator[None]:
    """What is wrong inside is a mistake of the command line: it is printed, exit 2."""
    try:
        yield
    except TocsinError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from None


def settings_of(room: str, settings: list[str] | None) -> tuple[dict[str, str], list[str]]:
    """The settings `room.NAME=VALUE` by name, and the others as they were given."""
    prefix, mine = f"{room}.", dict[str, str]()
    for text in settings or ():
        if text.strip().startswith(prefix):
            name, _, value = text.strip().removeprefix(prefix).partition("=")
            mine[name.strip()] = value.strip()
    return mine, [text for text in settings or () if not text.strip().startswith(prefix)]
