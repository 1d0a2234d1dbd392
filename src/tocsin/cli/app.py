"""The application: how a command is told, runs and fails. No logic, and nothing heavy is imported here."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tocsin import __version__
from tocsin.errors import TocsinError

NOTICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
OK, FINDING, USAGE, BAD_INPUT, INTERNAL = 0, 1, 2, 3, 4
RESULT_CODES = (
    "Exit codes: 0 done, also where no course is left or a finding needs a decision (the output says so), 2 the "
    "command line is wrong, 3 the input or the output folder cannot be used (nothing is written), 4 a defect of tocsin."
)
CODES = "Exit codes: 0 done, 2 the command line is wrong, 3 the input cannot be used (nothing is written)."
FINDING_CODES = CODES.replace("2 the", "1 {}, 2 the")


class _Group(TyperGroup):
    """Commands whose help does not load pydantic: typer would build a validator for a --help that was not given."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


app = typer.Typer(
    cls=_Group,
    name="tocsin", no_args_is_help=True, add_completion=False, rich_markup_mode="rich",
    pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}, epilog=NOTICE,
    help="When to treat cytokine release syndrome after CAR-T therapy: grades over time from hospital records, "
    "treatment rules, honest comparisons.\n\n"
    "Start with  tocsin init DATA  (writes site.toml and study.toml from what lies in DATA), then  tocsin check DATA  "
    "until nothing needs a decision, then  tocsin grade DATA -o OUT  or  tocsin study DATA.\n\n"
    "Exit codes: 0 done, 1 a finding needs a person, 2 the command line is wrong, 3 the input cannot be used, "
    "4 a defect of tocsin.",
)  # fmt: skip


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False) -> None:  # noqa: D103
    if version:
        typer.echo(f"tocsin {__version__}")
        raise typer.Exit(OK)


def told(text: str, example: str, writes: str, codes: str = CODES) -> str:
    """The long help of a command."""
    return f"{text}\n\n[bold]Example[/bold]  {example}\n\n[bold]Writes[/bold]  {writes}\n\n{codes}"


@contextmanager
def working() -> Generator[Callable[[str], None]]:
    """A line on stderr that says what is being done, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as status:
        yield lambda text: status.update(f"{text} ...")


@contextmanager
def guarded() -> Generator[None]:
    """Bad input prints what is wrong with it and exits 3; a defect prints one line without any value and exits 4."""
    try:
        yield
    except TocsinError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort, SystemExit, BrokenPipeError):
        raise
    except BaseException as error:  # polars panics are no Exception
        if os.environ.get("TOCSIN_DEBUG"):
            raise
        typer.echo(
            f"internal error: {type(error).__name__} at {_place(error)}; please report this line. Nothing was written.",
            err=True,
        )
        typer.echo("  (TOCSIN_DEBUG=1 shows the traceback; it may hold values of the data.)", err=True)
        raise typer.Exit(INTERNAL) from None


def _place(error: BaseException) -> str:
    """module:line of the innermost frame of tocsin."""
    root = Path(__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(root)]
    if not frames:
        return "unknown place"
    module = ".".join(Path(frames[-1].filename).relative_to(root).with_suffix("").parts)
    return f"tocsin.{module}:{frames[-1].lineno}"
