"""The design file: which study is simulated how often, and which analyses are put to the test.

Its `[strategies]`, `[protocol]`, `[cohort]` and `[parameters]` are those of a study file, read by the same reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tocsin import __version__
from tocsin.errors import Problem, TocsinError
from tocsin.protocol import Protocol
from tocsin.rules import spec_hash
from tocsin.studyfile import Cohort, SignParameters, StudyFile, parse_study
from tocsin.tables.power import POWER_ANALYSES
from tocsin.toml_file import CORRECT_LINE, read_toml
from tocsin.virtual.scenarios import Scenario, parse_scenario, read_scenario
from tocsin.when import Strategy

CLOSED_FORM = "closed-form"
_OF_STUDY = ("strategies", "protocol", "cohort", "parameters")
FEWEST_DRAWS = 20
Analysis = Literal[
    "by_received", "treated_or_not", "aligned_unadjusted", "emulated", "emulated_truncated", "emulated_oracle",
    "g_formula",
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ClosedForm(_Strict):
    """The world of one equation: a severity that drives the drug and the outcome. Every number is ours (R)."""

    effect: float = Field(1.0, ge=0, le=5, description="strength of the drug; 0: it does nothing")
    hidden: float = Field(0.0, ge=0, le=5, description="strength of a confounder that no column shows")
    grace: int = Field(8, ge=1, le=100, description="hours within which the early arm is treated")
    initiation: Literal["uniform", "natural"] = Field("uniform", description="how early starts are spread")
    horizon: int = Field(200, ge=12, le=1000, description="hours of follow-up")
    hours: Annotated[tuple[int, ...], Field(strict=False, description="risks are asked at these and the horizon")] = (
        72,
    )


class Design(_Strict):
    """A study to be simulated many times."""

    title: str = Field("", description="one line, printed on the page")
    world: str = Field("default", description=f"a world of tocsin simulate --list, a WORLD.toml, or {CLOSED_FORM}")
    numbers: dict[str, float | int] = Field(
        {}, description="numbers of the world that differ: centres, every_h (charting), u_sustained, ..."
    )
    closed_form: ClosedForm = ClosedForm()  # pyright: ignore[reportCallIssue]
    n: int = Field(
        ge=20, le=1_000_000, description="patients infused in each study; closed-form: patients at time zero"
    )
    replicates: int = Field(200, ge=2, le=100_000, description="studies; more of them continue an earlier run")
    seed: int = Field(1, ge=0, lt=2**31, description="all luck follows from it and from the number of the study")
    analyses: Annotated[
        tuple[Analysis, ...], Field(strict=False, min_length=1, description="which; none named: all but g_formula")
    ] = ("by_received", "treated_or_not", "aligned_unadjusted", "emulated", "emulated_truncated", "emulated_oracle")
    draws: int = Field(100, ge=0, le=5000, description="one-step bootstrap draws behind each interval; 0: no interval")
    level: float = Field(0.95, ge=0.5, le=0.999, description="level of the intervals; 1 - level is alpha")
    truth_patients: int = Field(
        20_000,
        ge=100,
        le=10_000_000,
        description="virtual patients from whom the truth is taken, apart from the studies",
    )
    cohort: Cohort = Cohort()  # pyright: ignore[reportCallIssue]
    strategies: dict[str, Strategy] = Field({}, description="the arms, as in study.toml")
    parameters: SignParameters = SignParameters()  # pyright: ignore[reportInvalidTypeForm]
    protocol: Protocol | None = Field(None, description="as in study.toml")

    @property
    def is_closed_form(self) -> bool:
        """Whether the world is the one of one equation."""
        return self.world == CLOSED_FORM

    @cached_property
    def scenario(self) -> Scenario:
        """The assumed world with its own numbers and this design's seed."""
        base = read_scenario(self.world)
        world: dict[str, Any] = {**base.world.model_dump(mode="json"), **self.numbers, "seed": self.seed}
        given = parse_scenario(world)
        return Scenario(given.world, given.hospital, base.mishaps)

    @cached_property
    def study(self) -> StudyFile:
        """What `tocsin emulate` would be given beside the records."""
        return StudyFile(
            title=self.title or "design by simulation", synthetic=True, cohort=self.cohort, strategies=self.strategies,
            parameters=self.parameters, protocol=self.protocol,
        )  # fmt: skip

    @cached_property
    def hash(self) -> str:
        """Of everything that decides a study; the number of studies and the title are not in it."""
        said = self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"title", "replicates", "world", "numbers"}
        )
        world = CLOSED_FORM if self.is_closed_form else self.scenario.world.hash
        mishaps = {} if self.is_closed_form else self.scenario.mishaps.model_dump()
        return spec_hash({"design": said, "world": world, "mishaps": mishaps, "version": __version__})


def read_design(path: Path) -> Design:
    """The design in a file. Raises TocsinError (`power.*`, `study.*`, `virtual.*`) with every mistake of it."""
    missing = Problem(
        "power.file-missing", f"{path.name}: there is no such file.", "It says which study is simulated.",
        "docs/power.md has a design to copy.",
    )  # fmt: skip
    unreadable = Problem("power.unreadable", f"{path.name}: it is not valid TOML.", "", CORRECT_LINE)
    data = read_toml(path, missing, unreadable)
    return parse_design(data, path.name, path.parent)


def parse_design(data: dict[str, Any], name: str = "design.toml", folder: Path | None = None) -> Design:
    """A design from parsed TOML; a WORLD.toml is looked for beside the design first."""
    world = data.get("world")
    if isinstance(world, str) and folder is not None and world.endswith(".toml") and (folder / world).is_file():
        data = {**data, "world": str(folder / world)}
    problems = list(_study_problems(data, name))
    made: Design | None = None
    try:
        made = Design.model_validate(data)
    except ValidationError as error:
        found: list[dict[str, Any]] = [dict(item) for item in error.errors(include_url=False, include_input=False)]
        problems += [_problem(item, name) for item in found if item["loc"] and item["loc"][0] not in _OF_STUDY]
    problems += _together(data, name)
    if made is not None and not made.is_closed_form:
        try:
            _ = made.scenario
        except TocsinError as error:
            problems += error.problems
    if problems or made is None:
        raise TocsinError(dict.fromkeys(problems))
    return made


def _study_problems(data: dict[str, Any], name: str) -> Iterator[Problem]:
    """What the reader of study files finds wrong in the sections that are its own."""
    if data.get("world") == CLOSED_FORM:
        return
    given = {key: data[key] for key in _OF_STUDY if key in data}
    try:
        parse_study({"title": "design", **given}, name)
    except TocsinError as error:
        yield from error.problems


def _together(data: dict[str, Any], name: str) -> Iterator[Problem]:
    """Keys that go together, or not."""
    closed = data.get("world") == CLOSED_FORM

    def wrong(key: str, what: str, do: str) -> Problem:
        return Problem("power.value", f"{name}: {key}: {what}.", "", do)

    if closed:
        for key in (*_OF_STUDY, "numbers"):
            if data.get(key):
                yield wrong(key, f"the world {CLOSED_FORM} has two arms of its own and no records", "Leave it out.")
        form: Any = data.get("closed_form", {})
        ends = form.get("horizon", 200) if isinstance(form, dict) else 200
        hours: Any = form.get("hours", []) if isinstance(form, dict) else []
        if isinstance(hours, list) and any(
            not isinstance(h, int) or not 0 < h <= ends for h in cast("list[Any]", hours)
        ):
            yield wrong("closed_form.hours", "each needs to be a whole hour from 1 to the horizon", "Correct it.")
    elif "closed_form" in data:
        yield wrong("closed_form", f'it goes with world = "{CLOSED_FORM}"', "Leave it out, or change the world.")
    elif len(cast("dict[str, Any]", data.get("strategies") or {})) < 2:
        yield wrong("strategies", "a design compares at least two", "Add the strategy it is compared with.")
    draws = data.get("draws")
    if isinstance(draws, int) and 0 < draws < FEWEST_DRAWS:
        yield wrong(
            "draws", f"fewer than {FEWEST_DRAWS} give no standard error", f"Give 0, or {FEWEST_DRAWS} and more."
        )
    named = data.get("analyses")
    if isinstance(named, list) and len(set(map(str, cast("list[Any]", named)))) < len(cast("list[Any]", named)):
        yield wrong("analyses", "a name stands twice", "Name each once.")


def _problem(error: dict[str, Any], name: str) -> Problem:
    """One pydantic error in our words."""
    loc, kind = tuple(error["loc"]), str(error["type"])
    dotted = ".".join(str(part) for part in loc)
    if kind == "extra_forbidden":
        model = ClosedForm if loc[0] == "closed_form" else Design
        near = get_close_matches(str(loc[-1]), list(model.model_fields), n=2, cutoff=0.6)
        do = f"Did you mean {' or '.join(near)}?" if near else f"Known here: {', '.join(model.model_fields)}."
        return Problem("power.key-unknown", f"{name}: the key {dotted} is not known.", "It would change nothing.", do)
    if kind == "missing":
        return Problem("power.missing", f"{name}: the key {dotted} is missing.", "", "Add it.")
    said = str(error["msg"])
    do = f"Known: {', '.join(POWER_ANALYSES)}." if loc[0] == "analyses" else "Correct the value."
    return Problem("power.value", f"{name}: {dotted}: {said[:1].lower()}{said[1:]}.", "", do)
