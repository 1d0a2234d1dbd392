"""The world: every number sourced, wrong ones named all at once, and what its records carry."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tocsin import ctcae
from tocsin.errors import TocsinError
from tocsin.signs import Parameters
from tocsin.virtual.patients import LABS, draw, facts, organ_edges
from tocsin.virtual.ward import graded
from tocsin.virtual.world import PROFILES, WORLD, World, as_record


def test_every_number_has_words_and_an_origin():
    rows = [row for row in World().rows() if row["name"] not in ("version", "name", "words", "seed", "product", "days")]
    assert {row["origin"] for row in rows} == {"published", "fitted", "assumed"}
    assert all(row["words"] for row in rows)
    assert all(row["source"] for row in rows if row["origin"] == "published")
    assert {row["name"] for row in rows} <= set(WORLD.names)


def test_all_mistakes_are_named_at_once():
    with pytest.raises(TocsinError) as raised:
        World.of({"phi": -1, "tocilizumab_on": 2, "fever_hieght": 3, "product": "none"})
    assert [p.slug for p in raised.value.problems].count("virtual.value") == 3
    assert "fever_hieght" in str(raised.value)


def test_a_profile_lies_under_what_is_given():
    world = World.of({"product": "axicabtagene_lbcl", "gm": 1.25})
    assert (world.gm, world.age_median) == (1.25, PROFILES["axicabtagene_lbcl"]["age_median"])
    assert (world.calibrated, World().calibrated) == (False, True)
    assert len({world.hash, World().hash, World.of({"seed": 1}).hash}) == 3
    assert as_record(world)["gm"][0] == 1.25


def test_a_patient_is_the_same_in_every_batch():
    whole, part = draw(World(), 0, 40), draw(World(), 25, 5)
    assert whole[25:30].tobytes() == part.tobytes()
    assert facts(World(), 25, part)["patient"].to_list() == [25, 26, 27, 28, 29]
    assert draw(World.of({"seed": 1}), 0, 40).tobytes() != whole.tobytes()


def test_organ_edges_are_the_ctcae_table():
    people = draw(World.of({"age_high": 60, "age_median": 30}), 0, 60)
    parameters = Parameters()
    edges = organ_edges(people, parameters)
    for k, (lab, limit) in enumerate(LABS):
        most = {"creatinine": 12, "bilirubin": 20, "ast": 1200, "alt": 1200, "fibrinogen": 6}[lab]
        values = np.round(np.linspace(0.01, most, 240), 2)
        # the edges themselves, where a strict sign and an including one part
        own = people[f"base_{lab}"]
        for who in range(0, 60, 7):
            near = [np.round(own[who] * f, 2) for f in (0.25, 0.5, 0.75, 1, 1.5, 3)]
            tried = np.concatenate([values, near, [getattr(parameters, limit) * f for f in (1, 1.5, 3, 5, 6, 10, 20)]])
            limits = {("low_limit" if lab == "fibrinogen" else "high_limit"): pl.lit(getattr(parameters, limit))}
            low, high = ctcae.bounds(lab, "v4.03", pl.col("v"), baseline=pl.lit(float(own[who])), **limits)
            expected = pl.DataFrame({"v": tried}).select(low=low, high=high)
            pairs = (expected["low"].cast(int) * 8 + expected["high"].cast(int)).to_list()
            if lab == "creatinine":
                within = tried <= parameters.uln_creatinine
                pairs = [0 if inside and pair % 8 <= 1 else pair for inside, pair in zip(within, pairs, strict=True)]
            assert [graded(edges[who], k, float(v)) for v in tried] == pairs, (lab, who)
