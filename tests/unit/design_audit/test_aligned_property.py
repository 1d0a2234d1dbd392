"""A comparison as a trial would make it raises no serious fault, whatever happens after the dose."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.design_audit import audit
from unit.design_audit.designs import DRUGS, RULES, study
from unit.study.small_studies import Ward

BLOCKS = 22


@st.composite
def trials(draw):
    """Arms by permuted blocks of four, and what comes after time zero: nothing, pressor, death, remission."""
    blocks = draw(st.lists(st.permutations(["one", "one", "two", "two"]), min_size=BLOCKS, max_size=BLOCKS))
    order = [arm for block in blocks for arm in block]
    kinds = st.sampled_from(["", "", "", "pressor", "death", "mrd"])
    after = draw(st.lists(kinds, min_size=len(order), max_size=len(order)))
    return list(zip(order, after, strict=True))


@settings(max_examples=12)
@given(trials())
def test_a_randomised_like_comparison_raises_no_serious_fault(trial):
    ward = Ward()
    for k, (arm, after) in enumerate(trial):
        name = f"P{k:02d}"
        ward.patient(name, k).drug(name, 0, DRUGS[arm])
        hot = after == "pressor"
        ward.read(name, "temperature", *((float(h), 39.0 if hot and 12 <= h < 24 else 36.8) for h in range(0, 60, 4)))
        ward.read(name, "spo2", *((float(h), 98.0) for h in range(0, 60, 4)))
        if hot:
            ward.pressor(name, 14, 20)
        if after == "death":
            ward.outcome(name, 9, "death", "progression", adjudicated_by="panel")
        elif after == "mrd":
            ward.outcome(name, 28, "response", "CR").outcome(name, 28, "mrd", "negative")
        ward.outcome(name, 9 if after == "death" else 100, "last_contact")
    results = audit(study(ward, RULES))
    found = dict(results.tables["audit"].select("no", "verdict").iter_rows())
    assert results.serious == 0, found
    assert [found[no] for no in (1, 2, 3, 4, 6, 7)] == ["not_found"] * 6
