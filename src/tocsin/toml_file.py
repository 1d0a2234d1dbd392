"""A file in TOML, read: site, study, world and design files all come through here."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from tocsin.errors import Problem, TocsinError

CORRECT_LINE = "Correct that line; text stands in double quotes, and each section name only once."


def read_toml(path: Path, missing: Problem, unreadable: Problem) -> dict[str, Any]:
    """The file as a dict; a byte-order mark is forgiven.

    Raises TocsinError: `missing` as it is where there is no such file; `unreadable`, its words made more exact, where
    it is no UTF-8, no TOML (with the line), or nested too deeply to be read.
    """
    if not path.is_file():
        raise TocsinError(missing)
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, OSError):
        said, do = "it is not text in UTF-8", "Save it again as UTF-8."
    except tomllib.TOMLDecodeError as error:
        said, do = f"it is not valid TOML: {error}", unreadable.do
    except RecursionError:
        said, do = "it is nested too deeply", unreadable.do
    raise TocsinError(replace(unreadable, what=f"{path.name}: {said}.", do=do))
