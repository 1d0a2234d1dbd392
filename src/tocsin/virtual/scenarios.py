"""The worlds that come with tocsin, and worlds from files: the numbers of `World`, and how the records are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError

from tocsin.errors import Problem, TocsinError
from tocsin.toml_file import CORRECT_LINE, read_toml
from tocsin.virtual.mishaps import Mishaps
from tocsin.virtual.records import Hospital
from tocsin.virtual.world import World

_FOLDER = Path(__file__).parent / "worlds"
_FIRST = ("default", "null")


@dataclass(frozen=True)
class Scenario:
    """An assumed world, and the hospital that writes its records down."""

    world: World
    hospital: Hospital
    mishaps: Mishaps


def shipped() -> tuple[str, ...]:
    """Names of the worlds that come with tocsin."""
    names = {path.stem for path in _FOLDER.glob("*.toml")}
    return (*_FIRST, *sorted(names - set(_FIRST)))


def read_scenario(name: str, seed: int | None = None) -> Scenario:
    """A shipped world by its name, or the world of a file; `seed` replaces its own.

    A file holds numbers of `World`, and may hold `[records]`: `zone` and shares of `Mishaps`. Raises TocsinError
    (`virtual.*`) with everything that is wrong in it.
    """
    path = _FOLDER / f"{name}.toml"
    if name not in shipped():
        path = Path(name)
        if path.suffix != ".toml" and not path.is_file():
            near = get_close_matches(name, shipped(), n=2, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}? " if near else ""
            raise TocsinError.of(
                "virtual.scenario-unknown", f'there is no world "{name[:60]}".', "",
                f"{hint}tocsin simulate --list  shows those that come with tocsin; a file of your own ends in .toml.",
            )  # fmt: skip
    missing = Problem(
        "virtual.world-missing", f"{path.name}: there is no such file.", "",
        "Name a file that is there, or a world of  tocsin simulate --list .",
    )  # fmt: skip
    unreadable = Problem("virtual.world-unreadable", f"{path.name}: it is not valid TOML.", "", CORRECT_LINE)
    data = read_toml(path, missing, unreadable)
    return parse_scenario(data if seed is None else {**data, "seed": seed})


def parse_scenario(data: Mapping[str, Any]) -> Scenario:
    """A scenario from parsed TOML; every problem at once."""
    problems = list[Problem]()
    world, mishaps, hospital = World(), Mishaps(), Hospital()  # pyright: ignore[reportCallIssue]
    try:
        world = World.of({key: value for key, value in data.items() if key != "records"})
    except TocsinError as error:
        problems += error.problems
    written = data.get("records", {})
    if not isinstance(written, Mapping):
        raise TocsinError((*problems, Problem("virtual.value", "records is no table.", "", "Write [records].")))
    zone = written.get("zone", hospital.zone)
    if zone not in available_timezones() or ("/" not in zone and zone != "UTC"):
        problems.append(Problem("virtual.value", '"records.zone" is no time zone.', "", "Write e.g. Europe/Berlin."))
    else:
        hospital = replace(hospital, zone=zone, days=world.days)
    try:
        mishaps = Mishaps.model_validate({key: value for key, value in written.items() if key != "zone"})
    except ValidationError as error:
        problems += [_problem(dict(one)) for one in error.errors(include_url=False, include_input=False)]
    if problems:
        raise TocsinError(dict.fromkeys(problems))
    return Scenario(world, hospital, mishaps)


def _problem(error: dict[str, Any]) -> Problem:
    name = "records." + ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = ", ".join(("zone", *Mishaps.model_fields))
        return Problem("virtual.unknown", f'"{name}" is not known.', "", f"Known there: {known}.")
    return Problem("virtual.value", f'"{name}": {str(error["msg"]).lower()}.', "", "Give a value in range.")


def toml_text(scenario: Scenario) -> str:
    """The whole scenario as TOML that `read_scenario` reads back."""
    lines = [f"{name} = {_value(value)}" for name, value in scenario.world.model_dump(mode="json").items()]
    lines += ["", "[records]", f"zone = {_value(scenario.hospital.zone)}"]
    lines += [f"{name} = {_value(value)}" for name, value in scenario.mishaps.model_dump().items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
