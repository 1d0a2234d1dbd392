"""The design file: every mistake at once, and a hash of everything that decides a study."""

import pytest

from tocsin.errors import TocsinError
from tocsin.power.design import parse_design, read_design
from unit.power.toy import CLOSED, VIRTUAL, closed


def refused(data):
    with pytest.raises(TocsinError) as error:
        parse_design(data)
    return error.value.problems


def test_every_mistake_at_once():
    found = refused(
        {**VIRTUAL, "n": 3, "replicate": 5, "draws": 5, "analyses": ["emulated", "magic"], "numbers": {"centers": 4},
         "protocol": {**VIRTUAL["protocol"], "outcomes": ["crs_grade_9"], "horizont": 1}}
    )  # fmt: skip
    said = "\n".join(str(problem) for problem in found)
    for words in ("the key replicate is not known", "Did you mean replicates", "n: input should be greater",
                  "draws: fewer than 20", "analyses.1", "crs_grade_9", "protocol.horizont"):  # fmt: skip
        assert words in said, words


def test_a_number_the_world_does_not_have():
    found = refused({**VIRTUAL, "numbers": {"centers": 4}})
    assert [problem.slug for problem in found] == ["virtual.unknown"]


def test_missing_and_too_few():
    assert [p.what for p in refused({k: v for k, v in CLOSED.items() if k != "n"})] == [
        "design.toml: the key n is missing."
    ]
    one = refused({**VIRTUAL, "strategies": {"early": VIRTUAL["strategies"]["early"]}})
    assert "at least two" in str(one[-1])


def test_the_closed_form_has_arms_of_its_own():
    found = refused({**CLOSED, "strategies": VIRTUAL["strategies"], "numbers": {"centres": 4}})
    assert [problem.what.split(":")[1].strip() for problem in found] == ["strategies", "numbers"]
    assert "closed_form: it goes with" in str(refused({**VIRTUAL, "closed_form": {"effect": 1.0}})[0])
    assert "closed_form.hours" in str(refused({**CLOSED, "closed_form": {"horizon": 24, "hours": [48]}})[0])
    assert "Did you mean effect" in str(refused({**CLOSED, "closed_form": {"efect": 1.0}})[0])


def test_the_hash_is_of_what_decides_a_study():
    base = closed()
    assert closed(title="other", replicates=9).hash == base.hash
    others = [closed(n=201), closed(seed=8), closed(level=0.9), closed(closed_form={"hidden": 0.5}),
              closed(truth_patients=2001)]  # fmt: skip
    assert len({base.hash, *(one.hash for one in others)}) == 6
    ward = parse_design(VIRTUAL)
    assert parse_design({**VIRTUAL, "numbers": {"every_h": 8}}).hash != ward.hash
    assert parse_design({**VIRTUAL, "numbers": {"every_h": 4}}).hash == ward.hash  # the world's own value


def test_numbers_of_the_world_are_taken():
    made = parse_design({**VIRTUAL, "numbers": {"every_h": 8, "centres": 3}, "seed": 11}).scenario.world
    assert (made.every_h, made.centres, made.seed) == (8, 3, 11)
    assert made.u_sustained == parse_design(VIRTUAL).scenario.world.u_sustained


def test_files_that_are_none(tmp_path):
    for name, text, slug in (("a.toml", None, "power.file-missing"), ("b.toml", "n = [", "power.unreadable"),
                             ("c.toml", b"\xff\xfe\x00", "power.unreadable")):  # fmt: skip
        if text is not None:
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(TocsinError) as error:
            read_design(tmp_path / name)
        assert error.value.problems[0].slug == slug


def test_a_world_beside_the_design(tmp_path):
    (tmp_path / "mine.toml").write_text("confounding = 0.25\n")
    (tmp_path / "design.toml").write_text(
        'world = "mine.toml"\nn = 40\n[strategies.a]\ngive = "tocilizumab"\nwhen = { day = 1 }\n'
        '[strategies.b]\ngive = "tocilizumab"\nwhen = { day = 2 }\n'
    )
    assert read_design(tmp_path / "design.toml").scenario.world.confounding == 0.25
