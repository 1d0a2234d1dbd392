"""Compiled drivers over plain-Python steps, cached where a stale cache cannot give old answers.

numba does not notice that a step in another file changed, and raises at import where it cannot write. So the cache
folder is named after a hash of the sources of the driver and its steps; it lies in the user's cache folder or, failing
that, in the temporary one (docs/decisions/0002-compiled-steps.md).
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Step = TypeVar("Step", bound=Callable[..., Any])
_LOCK = threading.Lock()  # numba takes the cache folder from one setting of the whole process


@functools.cache
def source_hash(folder: Path) -> str:
    """First 16 hex digits of the SHA-256 over a folder's Python sources and this file.

    A driver and the steps it calls live in one folder, so an edited step always finds a new cache.
    """
    digest = hashlib.sha256()
    for path in sorted({*folder.rglob("*.py"), Path(__file__)}):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def cache_folder(*sources: Path) -> Path:
    """A folder for the code compiled from `sources` that can be written to; `TOCSIN_CACHE` overrides where it lies."""
    made_of = hashlib.sha256("-".join(map(source_hash, sources)).encode()).hexdigest()[:16]
    home = os.environ.get("TOCSIN_CACHE") or os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    first = Path(home) if home else Path.home() / ".cache"
    for base in (first, Path(tempfile.gettempdir())):
        folder = base / "tocsin" / f"{sources[0].name}-{made_of}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="tocsin-"))


def inline(step: Step) -> Step:
    """Let compiled code call a plain Python step; the step itself stays plain Python."""
    from numba.extending import register_jitable

    return register_jitable(no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy")(step)


def compiled(driver: Step, *rooms: Path) -> Step:
    """A driver compiled on first call, cached, without the interpreter lock (two threads can run it).

    `rooms`: other folders its steps come from.
    """
    import numba
    from numba.core import config

    settings: Any = config  # numba sets its options as module attributes, unseen by the type checker
    with _LOCK:
        before = settings.CACHE_DIR
        settings.CACHE_DIR = str(cache_folder(Path(inspect.getfile(driver)).parent, *rooms))
        try:
            made: Any = numba.njit(cache=True, nogil=True)(driver)
            return made
        finally:
            settings.CACHE_DIR = before
