"""CAR-T related encephalopathy syndrome, CRES (CARTOX, Neelapu 2018)."""

import polars as pl

from tocsin.grades.bedside import (
    attribution_reviewed,
    cartox10,
    consciousness,
    motor_weakness,
    oedema,
    papilloedema,
    seizure,
)
from tocsin.rules import Criterion, Scale
from tocsin.sources import NEELAPU_2018


def _unless_known(criterion: Criterion, unsure: Criterion, words: str) -> Criterion:
    """True where `criterion` is, unknown where `unsure` is: what was charted leaves open which cell it means."""
    open_ = pl.when(criterion.expr).then(True).when(unsure.expr).then(None).otherwise(criterion.expr)
    return Criterion(words, open_, criterion.edges + unsure.edges)


CRES = Scale(
    "cres",
    "CARTOX CRES (Neelapu 2018)",
    NEELAPU_2018,
    entry=None,
    table={
        1: {"cartox10": cartox10.between(7, 9)},
        2: {"cartox10": cartox10.between(3, 6)},
        3: {
            "cartox10": cartox10.between(0, 2),
            "pressure": (papilloedema.one_of("low") | oedema.one_of("raised_pressure")).said(
                "papilloedema stage 1-2, or CSF pressure above normal and below 20 mmHg"
            ),
            "seizure": seizure.one_of("resolved_partial", "resolved", "nonconvulsive").said(
                "partial seizure, or non-convulsive seizure on EEG that responds to benzodiazepine"
            ),
        },
        4: {
            "consciousness": consciousness.one_of("unarousable").said("critical or obtunded, cannot be examined"),
            "pressure": _unless_known(
                papilloedema.one_of("high") | oedema.one_of("focal", "diffuse"),
                oedema.one_of("raised_pressure"),
                "papilloedema stage 3-5, CSF pressure 20 mmHg or more, or cerebral oedema",
            ),
            "seizure": _unless_known(
                seizure.one_of("resolved_generalised", "prolonged", "repetitive"),
                seizure.one_of("resolved"),
                "generalised seizure or status epilepticus",
            ),
            "motor": motor_weakness.one_of("yes").said("new motor weakness"),
        },
    },
    signs=(cartox10, consciousness, seizure, motor_weakness, oedema, papilloedema, attribution_reviewed),
    flags={
        "attribution_not_reviewed": (~attribution_reviewed.present() & Criterion("", pl.col("grade") >= 1, ())).said(
            "no reviewer judged the cause"
        ),
    },
    notes=(
        "CARTOX-10 asks for the head of state where ICE asks for a command: neither is ever made from the other.",
        "A brief seizure not charted as partial or generalised is at least 3 and may be 4 [R]; raised pressure without "
        "a stage likewise [R].",
        "CARTOX-10 under 12 years is not used. Grade 5 is a death adjudicated as due to neurotoxicity.",
    ),
)
