"""What `tocsin init` does: a first site.toml and study.toml beside the data, both or none."""

from __future__ import annotations

from pathlib import Path

from tocsin.errors import TocsinError
from tocsin.outputs import put_text
from tocsin.records.init import suggest


def start(data: Path, force: bool = False) -> list[Path]:
    """Writes the suggested files into `data` and returns them.

    Raises TocsinError: `init.file-there` where one is there already and `force` is not set; those of `suggest`.
    """
    texts = suggest(data)
    there = [name for name in texts if (data / name).exists()]
    if there and not force:
        raise TocsinError.of(
            "init.file-there", f"{' and '.join(there)}: already in the folder.",
            "What was decided in it would be lost. Nothing was written.", "Move it away, or add  --force .",
        )  # fmt: skip
    return [put_text(data / name, text) for name, text in texts.items()]
