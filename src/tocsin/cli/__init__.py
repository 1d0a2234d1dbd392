"""The command line: parses, calls, prints. No logic, and nothing heavy is imported before a command runs."""

from __future__ import annotations

import gc
import sys

from tocsin.cli import audit, audit_table, cite, concordance, emulate, organs, power, records, rules, scores, simulate
from tocsin.cli.app import NOTICE, app

__all__ = [
    "NOTICE",
    "app",
    "audit",
    "audit_table",
    "cite",
    "concordance",
    "emulate",
    "main",
    "organs",
    "power",
    "records",
    "rules",
    "scores",
    "simulate",
]


def main() -> None:
    """Entry point. A terminal that cannot show a sign shows `?` for it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    # a command is short and most of what it makes lives to its end: collecting often cost a sixth of the time
    gc.set_threshold(200_000, 50, 50)
    app()
