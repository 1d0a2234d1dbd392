"""The command line: parses, calls, prints. No logic, and nothing heavy is imported before a command runs."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tocsin import __version__
from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from tocsin.prepare import Choices

NOTICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
OK, FINDING, USAGE, BAD_INPUT, INTERNAL = 0, 1, 2, 3, 4
_RESULT_CODES = (
    "Exit codes: 0 done, also where no course is left or a finding needs a decision (the output says so), 2 the "
    "command line is wrong, 3 the input or the output folder cannot be used (nothing is written), 4 a defect of tocsin."
)
_CODES = "Exit codes: 0 done, 2 the command line is wrong, 3 the input cannot be used (nothing is written)."
_FINDING_CODES = _CODES.replace("2 the", "1 {}, 2 the")


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


class Schema(str, Enum):  # noqa: UP042
    """What can be described."""

    study = "study"
    site = "site"
    results = "results"


_RECORDS, _TIME, _RULES = "Records", "Time zero", "Grading"
Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="Folder of the records: CSV/Parquet files with a site.toml, or CLIF tables."),
]
DataFormat = Annotated[
    Format | None,
    typer.Option("--format", help="Layout of DATA; seen by itself when left out.", rich_help_panel=_RECORDS),
]
Site = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="site.toml to use instead of the one in DATA.", rich_help_panel=_RECORDS),
]
Zone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="The hospital's zone for CLIF, e.g. Asia/Shanghai.", rich_help_panel=_RECORDS),
]
TimeZero = Annotated[
    TimeZeroChoice, typer.Option("--time-zero", help="What sets minute 0 of a course.", rich_help_panel=_TIME)
]
TimeZeroFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="With --time-zero column: CSV with patient_id and time_zero.", rich_help_panel=_TIME
    ),
]
Scales = Annotated[
    list[str] | None,
    typer.Option("--scale", metavar="NAME", help="Scale to grade on; may be repeated.", rich_help_panel=_RULES),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="signs.NAME=VALUE", help="Change one parameter; may be repeated.", rich_help_panel=_RULES
    ),
]
Windows = Annotated[
    WindowsChoice, typer.Option(help="How long a reading stays known: on a ward, or monitored.", rich_help_panel=_RULES)
]


# --- commands ---------------------------------------------------------------------------------------------------------


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False) -> None:  # noqa: D103
    if version:
        typer.echo(f"tocsin {__version__}")
        raise typer.Exit(OK)


def _told(text: str, example: str, writes: str, codes: str = _CODES) -> str:
    return f"{text}\n\n[bold]Example[/bold]  {example}\n\n[bold]Writes[/bold]  {writes}\n\n{codes}"


@app.command(short_help="Compare treatment strategies; writes the report.", epilog=NOTICE, help=_told(
    "Compare treatment strategies in the records a study.toml names. Who is in which arm follows from what was "
    "measured and given; the report says what was asked, who is in it, and what the comparison cannot show.",
    "tocsin study examples/zhou2023",
    "OUT/report.html, OUT/results.json, OUT/tables/*.csv, OUT/figures. "
    "OUT is out beside study.toml unless -o says otherwise; what tocsin did not write stays, and is never replaced.",
    _RESULT_CODES,
))  # fmt: skip
def study(  # noqa: D103
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder with a study.toml, or the file itself.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="OUT", help="Folder to write.")] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the report.")] = Lang.en,
) -> None:
    with _guarded(), _working() as step:
        from tocsin.report.files import write_report
        from tocsin.study import run_study

        step("studying the records")
        results = run_study(study)
        step("drawing the report")
        folder = out or (study if study.is_dir() else study.parent) / "out"
        files = write_report(results, folder, lang=lang.value)
    from tocsin.printed import print_study

    print_study(results, files, lang.value)


@app.command(short_help="Grade every course over time; writes tables.", epilog=NOTICE, help=_told(
    "Grade every course over time: runs of equal grade with what is proved and what cannot be excluded, episodes, and "
    "what the hours rest on. Unknown is never turned into normal.",
    "tocsin grade DATA --time-zero admission -o graded",
    "OUT/grades.parquet, episodes.parquet, courses.parquet, attrition.csv, findings.csv, account.csv, parameters.csv, "
    "summary.txt, summary.json; signs.parquet with --signs, evidence.parquet with --evidence.",
    _RESULT_CODES,
))  # fmt: skip
def grade(  # noqa: D103
    data: Data,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="Folder to write; new, empty, or an earlier result.")
    ],
    data_format: DataFormat = None,
    site: Site = None,
    zone: Zone = None,
    time_zero: TimeZero = TimeZeroChoice.infusion,
    time_zero_file: TimeZeroFile = None,
    scale: Scales = None,
    settings: Settings = None,
    windows: Windows = WindowsChoice.ward,
    signs: Annotated[bool, typer.Option("--signs", help="Write what was known at every moment, too.")] = False,
    evidence: Annotated[bool, typer.Option("--evidence", help="Write the rows that prove each grade, too.")] = False,
) -> None:
    with _guarded():
        chosen = _choices(data, data_format, site, zone, time_zero, time_zero_file, scale, settings, windows)
        with _working() as step:
            from tocsin.grade_records import grade_records

            done = grade_records(chosen, out, signs, evidence, step)
        from tocsin.printed import print_graded

        print_graded(done)


@app.command(short_help="Say why a grade is what it is at one moment.", epilog=NOTICE, help=_told(
    "Say in plain words why one patient's grade is what it is at one moment: the values with their file and row, their "
    "age, what is unknown and why, the state of the episode, and what would change the grade next. Without --at: the "
    "first minute of the highest grade.",
    'tocsin explain examples/zhou2023 P04 --at "day 5 14:00"',
    "nothing.",
))  # fmt: skip
def explain(  # noqa: D103
    data: Data,
    patient: Annotated[str, typer.Argument(metavar="PATIENT", help="Patient or course, as named in the records.")],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help='"day 3 14:00", "2019-03-14 16:30" (local) or "+75h".')
    ] = None,
    data_format: DataFormat = None,
    site: Site = None,
    zone: Zone = None,
    time_zero: TimeZero = TimeZeroChoice.infusion,
    time_zero_file: TimeZeroFile = None,
    scale: Scales = None,
    settings: Settings = None,
    windows: Windows = WindowsChoice.ward,
) -> None:
    with _guarded():
        asked = scale or ["astct_crs"]
        chosen = _choices(data, data_format, site, zone, time_zero, time_zero_file, asked, settings, windows)
        with _working() as step:
            from tocsin.explain import explain as explain_patient
            from tocsin.prepare import prepare

            step("reading the records")
            ready = prepare(chosen)
            step("grading")
            texts = [
                explain_patient(ready.records, ready.courses, patient, at, name, ready.parameters)
                for name in ready.scales
            ]
        typer.echo("\n\n".join((*texts, NOTICE)))


@app.command(short_help="Look at the records before grading.", epilog=NOTICE, help=_told(
    "Look before grading: what was wrong with the records and what was done about it, how often each sign is charted, "
    "how much of the time it is known, and in how many courses each strategy's trigger can be seen at all. Without "
    "--time-zero it is that of the study.toml in DATA, whose strategies are looked at too; where there is none, the "
    "infusion, or the admission where there is no infusion.",
    "tocsin check DATA -o findings.csv",
    "nothing; with -o the findings as CSV.",
    _FINDING_CODES.format("a finding needs a decision"),
))  # fmt: skip
def check(  # noqa: D103
    data: Data,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.csv", help="Write the findings here.")
    ] = None,
    data_format: DataFormat = None,
    site: Site = None,
    zone: Zone = None,
    time_zero: Annotated[
        TimeZeroChoice | None,
        typer.Option("--time-zero", help="What sets minute 0 of a course.", rich_help_panel=_TIME),
    ] = None,
    time_zero_file: TimeZeroFile = None,
    settings: Settings = None,
    windows: Windows = WindowsChoice.ward,
) -> None:
    with _guarded():
        chosen = _choices(data, data_format, site, zone, time_zero, time_zero_file, None, settings, windows)
        with _working() as step:
            from tocsin.check import check as check_records
            from tocsin.check import prepared, write_findings

            step("reading the records")
            ready, strategies = prepared(chosen)
            step("counting")
            result = check_records(ready.records, ready.courses, strategies, ready.parameters)
            if out is not None:
                write_findings(result, out)
        from tocsin.printed import print_check

        print_check(result, ready, out)
        raise typer.Exit(FINDING if result.undecided else OK)


@app.command(short_help="Grade worked cases and list disagreements.", epilog=NOTICE, help=_told(
    "Grade a file of worked cases and list every disagreement with the grades written in it: a centre can test the "
    "scales against its own. An empty expected cell means not gradable: what is proved lies below what cannot be "
    "excluded.",
    "tocsin verify cases.csv",
    "nothing.",
    _FINDING_CODES.format("a grade disagrees"),
))  # fmt: skip
def verify(  # noqa: D103
    cases: Annotated[Path, typer.Argument(metavar="CASES.csv", help="File of cases with expected grades.")],
) -> None:
    with _guarded():
        with _working() as step:
            from tocsin.verify import checked
            from tocsin.verify import verify as verify_cases

            step("grading the cases")
            count, scales, unknown = checked(cases)
            wrong = verify_cases(cases)
        from tocsin.printed import print_verified

        print_verified(count, scales, unknown, wrong)
        raise typer.Exit(FINDING if wrong.height else OK)


@app.command(short_help="Write a first site.toml and study.toml.", epilog=NOTICE, help=_told(
    "Write a first site.toml and study.toml from what lies in a folder. Every line is a guess with what was seen; "
    "lines that say DECIDE are for a person.",
    "tocsin init DATA",
    "DATA/site.toml (not for CLIF) and DATA/study.toml; files that are there are kept unless --force is given.",
))  # fmt: skip
def init(  # noqa: D103
    data: Data,
    force: Annotated[bool, typer.Option("--force", help="Replace site.toml and study.toml that are there.")] = False,
) -> None:
    with _guarded():
        from tocsin.printed import print_init
        from tocsin.start import start

        print_init(start(data, force), data)


@app.command(short_help="List the treatment strategies as sentences.", epilog=NOTICE, help=_told(
    "List the treatment strategies tocsin knows, each as a sentence, with the source, how far it may be trusted (tag) "
    "and the hash that stands on every result made with it.",
    "tocsin strategies --lang zh",
    "nothing.",
))  # fmt: skip
def strategies(lang: Annotated[Lang, typer.Option(help="Language of the sentences.")] = Lang.en) -> None:  # noqa: D103
    with _guarded():
        from tocsin.printed import print_strategies
        from tocsin.strategies import STRATEGIES

        print_strategies(STRATEGIES, lang.value)


@app.command(short_help="Print a JSON schema.", epilog=NOTICE, help=_told(
    "Print the JSON schema of study.toml, of site.toml, or of results.json; an editor can check a file against it.",
    "tocsin schema site > site.schema.json",
    "the schema to the standard output.",
))  # fmt: skip
def schema(what: Annotated[Schema, typer.Argument(metavar="study|site|results", help="What to describe.")]) -> None:  # noqa: D103
    with _guarded():
        import json

        made: dict[str, Any]
        if what is Schema.study:
            from tocsin.studyfile import study_schema

            made = study_schema()
        elif what is Schema.site:
            from tocsin.records.site import site_schema

            made = site_schema()
        else:
            from tocsin.report.files import results_schema

            made = results_schema()
        typer.echo(json.dumps(made, ensure_ascii=False, indent=2))


# --- how a command runs -----------------------------------------------------------------------------------------------


def _choices(
    data: Path, data_format: Format | None, site: Path | None, zone: str | None, time_zero: TimeZeroChoice | None,
    time_zero_file: Path | None, scale: list[str] | None, settings: list[str] | None, windows: WindowsChoice,
) -> Choices:  # fmt: skip
    """What was asked, checked; a scale, parameter or value nobody knows is a mistake of the command line."""
    from tocsin.prepare import Choices

    chosen = Choices(
        data, data_format.value if data_format else None, site, zone, time_zero.value if time_zero else None,
        time_zero_file, tuple(scale or ()), tuple(settings or ()), windows.value,
    )  # fmt: skip
    try:
        return chosen.check()
    except TocsinError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from None


@contextmanager
def _working() -> Generator[Callable[[str], None]]:
    """A line on stderr that says what is being done, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as status:
        yield lambda text: status.update(f"{text} ...")


@contextmanager
def _guarded() -> Generator[None]:
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
    root = Path(__file__).parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(root)]
    if not frames:
        return "unknown place"
    module = ".".join(Path(frames[-1].filename).relative_to(root).with_suffix("").parts)
    return f"tocsin.{module}:{frames[-1].lineno}"


def main() -> None:
    """Entry point. A terminal that cannot show a sign shows `?` for it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    # a command is short and most of what it makes lives to its end: collecting often cost a sixth of the time
    gc.set_threshold(200_000, 50, 50)
    app()


if __name__ == "__main__":
    main()
