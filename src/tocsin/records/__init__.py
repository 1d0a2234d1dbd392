"""What the hospital wrote, as plain tables, and what was wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tocsin.errors import TocsinError
from tocsin.records.clean import clean
from tocsin.records.clif import is_clif, read_clif
from tocsin.records.courses import courses
from tocsin.tables import Records

SITE = "site.toml"

__all__ = ["clean", "courses", "read", "read_clif"]


def read(
    path: Path | str,
    format: Literal["clif", "folder"] | None = None,
    site: Path | str | None = None,
    zone: str | None = None,
) -> Records:
    """Records of a folder: CLIF where it holds clif_ files, else what its site.toml or the canonical layout says.

    `zone` is needed for CLIF unless site.toml states it; a folder's zone always stands in its site.toml.
    Raises TocsinError (`records.*`).
    """
    folder = Path(path)
    if format not in (None, "clif", "folder"):
        raise TocsinError.of(
            "records.format-unknown", f'There is no format "{format}".', do="Use clif or folder, or leave it out."
        )
    settings = Path(site) if site is not None else folder / SITE if (folder / SITE).is_file() else None
    if format == "clif" or (format is None and is_clif(folder)):
        return read_clif(folder, zone=zone or _zone(settings))
    from tocsin.records.folder import read_folder

    return read_folder(folder, settings)


def _zone(settings: Path | None) -> str | None:
    from tocsin.records.site import read_site

    return read_site(settings).zone if settings is not None else None
