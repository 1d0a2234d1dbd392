"""Commands over records: study, grade, explain, check, init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.app import FINDING, FINDING_CODES, NOTICE, OK, RESULT_CODES, app, guarded, told, working
from tocsin.cli.options import (
    TIME,
    Data,
    DataFormat,
    Lang,
    Out,
    Scales,
    Settings,
    Site,
    TimeZero,
    TimeZeroChoice,
    TimeZeroFile,
    Windows,
    WindowsChoice,
    Zone,
    choices,
)


@app.command(short_help="Compare treatment strategies; writes the report.", epilog=NOTICE, help=told(
    "Compare treatment strategies in the records a study.toml names. Who is in which arm follows from what was "
    "measured and given; the report says what was asked, who is in it, and what the comparison cannot show.",
    "tocsin study examples/zhou2023",
    "OUT/report.html, OUT/report.docx, OUT/tables.xlsx, OUT/study.R, OUT/results.json, OUT/tables/*.csv, "
    "OUT/figures. "
    "OUT is out beside study.toml unless -o says otherwise; what tocsin did not write stays, and is never replaced.",
    RESULT_CODES,
))  # fmt: skip
def study(  # noqa: D103
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder with a study.toml, or the file itself.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="OUT", help="Folder to write.")] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the report.")] = Lang.en,
) -> None:
    with guarded(), working() as step:
        from tocsin.report.files import write_report
        from tocsin.study import run_study

        step("studying the records")
        results = run_study(study)
        step("drawing the report")
        folder = out or (study if study.is_dir() else study.parent) / "out"
        files = write_report(results, folder, lang=lang.value)
    from tocsin.printed import print_study

    print_study(results, files, lang.value)


@app.command(short_help="Grade every course over time; writes tables.", epilog=NOTICE, help=told(
    "Grade every course over time: runs of equal grade with what is proved and what cannot be excluded, episodes, and "
    "what the hours rest on. Unknown is never turned into normal.",
    "tocsin grade DATA --time-zero admission -o graded",
    "OUT/grades.parquet, episodes.parquet, courses.parquet, attrition.csv, findings.csv, account.csv, parameters.csv, "
    "summary.txt, summary.json; signs.parquet with --signs, evidence.parquet with --evidence.",
    RESULT_CODES,
))  # fmt: skip
def grade(  # noqa: D103
    data: Data,
    out: Out,
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
    with guarded():
        chosen = choices(data, data_format, site, zone, time_zero, time_zero_file, scale, settings, windows)
        with working() as step:
            from tocsin.grade_records import grade_records

            done = grade_records(chosen, out, signs, evidence, step)
        from tocsin.printed import print_graded

        print_graded(done)


@app.command(short_help="Say why a grade is what it is at one moment.", epilog=NOTICE, help=told(
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
    with guarded():
        asked = scale or ["astct_crs"]
        chosen = choices(data, data_format, site, zone, time_zero, time_zero_file, asked, settings, windows)
        with working() as step:
            from tocsin.explain import explain as explain_patient
            from tocsin.grades import FINAL
            from tocsin.prepare import prepare

            step("reading the records")
            ready = prepare(chosen)
            step("grading")
            texts = [
                explain_patient(ready.records, ready.courses, patient, at, name, ready.parameters)
                for name in ready.scales
                if "all" not in asked or name not in FINAL
            ]
        typer.echo("\n\n".join((*texts, NOTICE)))


@app.command(short_help="Look at the records before grading.", epilog=NOTICE, help=told(
    "Look before grading: what was wrong with the records and what was done about it, how often each sign is charted, "
    "how much of the time it is known, and in how many courses each strategy's trigger can be seen at all. Without "
    "--time-zero it is that of the study.toml in DATA, whose strategies are looked at too; where there is none, the "
    "infusion, or the admission where there is no infusion.",
    "tocsin check DATA -o findings.csv",
    "nothing; with -o the findings as CSV.",
    FINDING_CODES.format("a finding needs a decision"),
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
        typer.Option("--time-zero", help="What sets minute 0 of a course.", rich_help_panel=TIME),
    ] = None,
    time_zero_file: TimeZeroFile = None,
    settings: Settings = None,
    windows: Windows = WindowsChoice.ward,
) -> None:
    with guarded():
        chosen = choices(data, data_format, site, zone, time_zero, time_zero_file, None, settings, windows)
        with working() as step:
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


@app.command(short_help="Write a first site.toml and study.toml.", epilog=NOTICE, help=told(
    "Write a first site.toml and study.toml from what lies in a folder. Every line is a guess with what was seen; "
    "lines that say DECIDE are for a person.",
    "tocsin init DATA",
    "DATA/site.toml (not for CLIF) and DATA/study.toml; files that are there are kept unless --force is given.",
))  # fmt: skip
def init(  # noqa: D103
    data: Data,
    force: Annotated[bool, typer.Option("--force", help="Replace site.toml and study.toml that are there.")] = False,
) -> None:
    with guarded():
        from tocsin.printed import print_init
        from tocsin.start import start

        print_init(start(data, force), data)
