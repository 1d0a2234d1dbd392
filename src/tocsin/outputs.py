"""Files that are whole or absent: CSV and Parquet texts, and folders put in place only when every file is made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from tocsin.errors import TocsinError

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_UNCHANGED = "Nothing was written."


def csv_text(frame: pl.DataFrame) -> str:
    """Tidy CSV. A text cell that a spreadsheet would run as a formula gets a leading apostrophe."""
    text = [
        name
        for name, dtype in frame.schema.items()
        if dtype == pl.String or isinstance(dtype, pl.Enum | pl.Categorical)
    ]
    cells = [(name, pl.col(name).cast(pl.String)) for name in text]
    safe = [
        pl.when(pl.any_horizontal(cell.str.starts_with(sign) for sign in RISKY))
        .then(pl.concat_str(pl.lit("'"), cell))
        .otherwise(cell)
        .alias(name)
        for name, cell in cells
    ]
    return frame.with_columns(safe).write_csv()


def write_text(path: Path, text: str) -> None:
    """UTF-8 with plain line ends on every system, so that the same result has the same bytes."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_csv(path: Path, frame: pl.DataFrame) -> None:
    """`csv_text` in a file."""
    write_text(path, csv_text(frame))


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Parquet keeps types; nothing in it is run, so cells stay as they are."""
    frame.write_parquet(path, compression="zstd")


def replace_folder(out: Path, make: Callable[[Path], None], ours: Collection[str], marker: str) -> list[Path]:
    """`make` fills a new folder beside `out`, which then takes its place; a failure leaves `out` as it was.

    Returns the paths written, sorted. Raises TocsinError: those of `refuse_foreign`, and `outputs.not-writable`.
    """
    out = refuse_foreign(out, ours, marker)
    with _told(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as holder:
            made, old = Path(holder) / "new", Path(holder) / "old"
            made.mkdir()
            make(made)
            if out.exists():
                os.replace(out, old)
            try:
                os.replace(made, out)
            except OSError:
                with suppress(OSError):
                    os.replace(old, out)
                raise
    return sorted(out.iterdir())


def refuse_foreign(out: Path, ours: Collection[str], marker: str) -> Path:
    """The full path of `out`, where it may be written: it is absent or empty, or all in it was written by tocsin.

    Ours is a folder that holds the file `marker` and no name outside `ours`.
    Raises TocsinError: `outputs.not-a-folder`, `outputs.current-folder`, `outputs.foreign-folder`.
    """
    out = out.resolve()
    if out.exists() and not out.is_dir():
        raise TocsinError.of("outputs.not-a-folder", f"{out.name} is a file.", _UNCHANGED, "Name a folder with -o.")
    if out == Path.cwd().resolve():
        raise TocsinError.of(
            "outputs.current-folder",
            "the output folder is the one you are in.",
            _UNCHANGED,
            "Name another one with -o.",
        )
    if out.is_dir():
        names = {path.name for path in out.iterdir()}
        if names and (names - set(ours) or not _written_by_us(out / marker)):
            raise TocsinError.of(
                "outputs.foreign-folder",
                f"{out.name}: the folder holds what this command did not write.",
                f"It would be lost. {_UNCHANGED}",
                "Name a new or empty folder with -o.",
            )
    return out


def _written_by_us(marker: Path) -> bool:
    """Whether the marker is a file of ours: a JSON object that names a tocsin command, or a table of a tocsin contract.

    A name alone proves nothing: summary.json is a common one.
    """
    try:
        with marker.open(encoding="utf-8") as file:
            head = file.read(4096)
    except (OSError, UnicodeDecodeError):
        return False
    return '"written_by": "tocsin' in head or head.startswith("course_id,rule,give,status")


def replace_file(path: Path, text: str, first_line: str) -> Path:
    """Writes a text file whole; a file already there is replaced only if it begins with `first_line`.

    Raises TocsinError: `outputs.foreign-file`, `outputs.not-writable`.
    """
    path = path.resolve()
    if path.is_dir() or (path.exists() and _first_line(path) != first_line):
        raise TocsinError.of(
            "outputs.foreign-file", f"{path.name}: something that this command did not write stands there.",
            f"It would be lost. {_UNCHANGED}", "Name a new file with -o.",
        )  # fmt: skip
    return put_text(path, text)


def put_text(path: Path, text: str) -> Path:
    """Writes a text file whole: made beside its place, then moved there. Raises TocsinError `outputs.not-writable`."""
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        os.close(handle)
        try:
            write_text(Path(made), text)
            os.chmod(made, 0o666 & ~_umask())
            os.replace(made, path)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
    return path


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(10_000).rstrip("\r\n")


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


@contextmanager
def _told(path: Path) -> Generator[None]:
    """An operating-system refusal as an error a reader can act on."""
    try:
        yield
    except OSError as error:
        raise TocsinError.of(
            "outputs.not-writable", f"{path.name}: cannot be written ({error.strerror or type(error).__name__}).",
            _UNCHANGED, "Choose a place you may write to, with room, with -o.",
        ) from error  # fmt: skip
