"""Tables that grow batch by batch: CSV files, and Parquet files joined from their parts at the end."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import polars as pl

TIME_FORMAT = "%Y-%m-%d %H:%M"
ROWS_A_GROUP = 250_000


class GrowingCsv:
    """CSV files of a folder. Rows are counted, so that a row can be named before the file is done."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rows = folder, dict[str, int]()
        self._open = dict[str, BinaryIO]()
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, tables: dict[str, pl.DataFrame]) -> None:
        """Rows behind those that are there."""
        for name, frame in tables.items():
            first = name not in self._open
            if first:
                self._open[name] = (self.folder / f"{name}.csv").open("wb")
            frame.write_csv(
                self._open[name], include_header=first, datetime_format=TIME_FORMAT, line_terminator="\n"
            )  # fmt: skip
            self.rows[name] = self.rows.get(name, 0) + frame.height

    def __enter__(self) -> GrowingCsv:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            file.close()


class GrowingParquet:
    """Parquet files of a folder. Each batch is a part; leaving joins the parts in order, streaming."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.folder, self.prefix = folder, prefix
        self._parts = dict[str, list[Path]]()
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, tables: dict[str, pl.DataFrame]) -> None:
        """Rows behind those that are there."""
        for name, frame in tables.items():
            parts = self._parts.setdefault(name, [])
            path = self.folder / f".{name}-{len(parts):06d}.parquet"
            frame.write_parquet(path, compression="zstd")
            parts.append(path)

    def __enter__(self) -> GrowingParquet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, parts in self._parts.items() if kind is None else ():
            whole = self.folder / f"{self.prefix}{name}.parquet"
            pl.scan_parquet(parts).sink_parquet(whole, compression="zstd", row_group_size=ROWS_A_GROUP)
            for part in parts:
                part.unlink()
