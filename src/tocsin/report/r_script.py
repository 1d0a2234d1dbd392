"""`study.R`: does the study's numbers again with base R and survival, from the tables beside it, each beside ours."""

from __future__ import annotations

from pathlib import Path

from tocsin.report.numbers import DAYS_A_MONTH
from tocsin.tables import StudyResults

TEMPLATE = Path(__file__).parent / "templates" / "study.R"
ICANS, POWER = "astct_icans", 0.8
SEVERE = 3  # where the scale is none of ours
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_NAMES = {"efs": "EFS", "os": "OS"}


def r_script(results: StudyResults) -> str:
    """The script as text; it reads only `tables/*.csv` beside it and exits 1 where a number differs.

    Rows of `effects` it cannot redo (doses and steroids need the records) are listed by name when it has run.
    """
    meta = results.meta
    scale = str(meta.get("scale") or "")
    outcomes = clocks(results)
    known = {
        "arms": _vector([_cell(str(arm)) for arm in meta.get("arms") or []]),
        "drug": r_text(drug_of(results)),
        "scale": r_text(scale),
        "icans": r_text(ICANS),
        "severe": str(results.meta.get("severe", SEVERE)),
        "severe_icans": str(results.meta.get("severe_icans", SEVERE)),
        "level": repr(float(meta.get("level") or 0.95)),
        "months": repr(float(meta.get("months") or DAYS_A_MONTH)),
        "power": repr(POWER),
        "clock_outcome": _vector(list(outcomes)),
        "clock_endpoint": _vector(list(outcomes.values())),
    }
    said = [
        f"tocsin {meta.get('version') or '?'}, specification {meta.get('spec_hash') or '?'}",
        "Research software. Not a medical device; not for diagnosis or treatment decisions.",
        "Synthetic data: no patient stands behind any number here." if meta.get("synthetic") else "",
        "Run:  Rscript study.R  (needs R with the package survival; reads tables/*.csv beside it, writes nothing)",
    ]
    head = [f"# {' '.join(line.split())}" for line in said if line]
    return "\n".join([*head, "", *(f"{name} <- {value}" for name, value in known.items()), "", _template()])


def _template() -> str:
    return TEMPLATE.read_text(encoding="utf-8")


def r_text(text: str) -> str:
    """An R string of ASCII only: nothing in it can end the string or begin a command."""
    made = list[str]()
    for sign in text.replace("\0", ""):
        code = ord(sign)
        if sign in '"\\':
            made.append(f"\\{sign}")
        elif 32 <= code < 127:
            made.append(sign)
        else:
            made.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return f'"{"".join(made)}"'


def _vector(texts: list[str]) -> str:
    return f"c({', '.join(map(r_text, texts))})" if texts else "character()"


def _cell(text: str) -> str:
    """A text as the CSV has it (`files.csv_text`)."""
    return f"'{text}" if text.startswith(_RISKY) else text


def drug_of(results: StudyResults) -> str:
    """The drug the strategies give, as the outcomes name it."""
    outcomes = results.tables["effects"].get_column("outcome").unique().sort().to_list()
    return next((name.removeprefix("time zero to ") for name in outcomes if name.startswith("time zero to ")), "")


def clocks(results: StudyResults) -> dict[str, str]:
    """Survival outcomes of `effects` to the endpoint that holds their courses."""
    drug = drug_of(results)
    endpoints = results.tables["endpoints"].get_column("endpoint").unique().sort().to_list()
    found: dict[str, str] = {}
    for outcome in results.tables["effects"].get_column("outcome").unique(maintain_order=True):
        for short, name in _NAMES.items():
            start = outcome.removeprefix(f"{name} from ")
            if start == outcome:
                continue
            endpoint = short
            if start == f"first {drug}":
                endpoint = f"{short}_from_{drug}"
            elif start.startswith("day "):
                endpoint = f"{short}_landmark_{start.removeprefix('day ')}"
            if endpoint in endpoints:
                found[outcome] = endpoint
    return found
