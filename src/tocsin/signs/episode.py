"""The state of the CRS episode: what opens it, keeps it open, closes it (specification 1.8)."""

# ruff: noqa: SIM102 - compiled code, kept in the shape of the rule book
from __future__ import annotations

from typing import Any

from tocsin.signs.state import ENDED_RESOLVED, LONG_AGO, TEMPERATURE, known


def pass_time(c: Any, minute: int) -> None:
    """Called first at each minute: what held until now held up to the minute before."""
    if c.fever_was:
        c.last_fever = minute - 1
    if c.held_was:
        c.last_held = minute - 1
    if c.may_fever_was:
        c.may_fever = minute - 1
    if c.may_held_was:
        c.may_held = minute - 1


def settle_episode(
    slots: Any, c: Any, rules: Any, minute: int, fever: int, hypotension: int, pressors: int, oxygen: int
) -> None:
    """The state of the CRS episode: opening, what keeps it open, closing."""
    other = hypotension == 1 or pressors > 0 or oxygen > 0
    held = fever == 1 or other
    reads = known(slots, TEMPERATURE, minute) and slots[TEMPERATURE].read > c.seen_read
    fresh = 0
    if reads:
        c.seen_read = slots[TEMPERATURE].read
        if fever == 1:
            fresh = 1 if c.seen_read - c.last_febrile_read >= rules.fever_free else 0
            c.last_febrile_read = c.seen_read
    if fever == 1:
        c.last_fever = minute
    if held:
        c.last_held = minute
    if c.open == 0 and fever == 1 and minute >= 0 and (c.infusion == 0 or minute <= rules.search):
        if c.prior_fever == 0 or fresh or other:
            c.open = 1
            c.number += 1
            c.onset = minute
            c.waived = 0
            c.began_prior = c.prior_fever
            c.prior_fever = 0
            c.last_antipyretic = LONG_AGO
            c.last_steroid = LONG_AGO
    if c.open:
        closes = closing_minute(c, rules)
        if minute >= closes and fever == 0 and known(slots, TEMPERATURE, minute) and not held:
            end_episode(c, minute, ENDED_RESOLVED)
        else:
            if minute < closes and closes < c.soonest:
                c.soonest = closes
            carry = c.last_fever + rules.carry
            if fever != 1 and carry > minute and carry < c.soonest:
                c.soonest = carry
    c.fever_was = 1 if fever == 1 else 0
    c.held_was = 1 if held else 0


def settle_possible(c: Any, rules: Any, minute: int, fever: int, may_hold: bool) -> None:
    """Whether an episode that has begun may still be open: until no criterion can have held for long enough."""
    if c.open and c.may_open == 0:
        c.may_open = 1
        c.may_waived = 0
        c.may_antipyretic = LONG_AGO
        c.may_steroid = LONG_AGO
    if fever != 0:
        c.may_fever = minute
    if may_hold:
        c.may_held = minute
    elif c.open == 0 and minute >= possible_closing(c, rules):
        c.may_open = 0
    c.may_fever_was = 1 if fever != 0 else 0
    c.may_held_was = 1 if may_hold else 0
    if c.may_open:
        closes, carry = possible_closing(c, rules), c.may_fever + rules.carry
        if not may_hold and closes > minute and closes < c.soonest:
            c.soonest = closes
        if fever == 0 and carry > minute and carry < c.soonest:
            c.soonest = carry


def closing_minute(c: Any, rules: Any) -> int:
    """The earliest minute at which the open episode may close, as far as is known."""
    return closing(rules, c.last_held, c.last_antipyretic, c.last_steroid)


def possible_closing(c: Any, rules: Any) -> int:
    """The earliest minute at which the episode has surely closed."""
    return closing(rules, c.may_held, c.may_antipyretic, c.may_steroid)


def closing(rules: Any, held: int, antipyretic: int, steroid: int) -> int:
    """When an episode closes whose last criterion held, and whose last masking doses were given, at these minutes."""
    closes = held + rules.resolve
    if antipyretic != LONG_AGO:
        closes = max(closes, antipyretic + rules.mask_antipyretic)
    if steroid != LONG_AGO:
        closes = max(closes, steroid + rules.mask_steroid)
    return closes


def end_episode(c: Any, minute: int, how: int) -> None:
    """Closes the open episode; the driver reads `ended*` after `settle`."""
    c.open = 0
    c.waived = 0
    c.ended = how
    c.ended_onset = c.onset
    c.ended_end = c.last_held + 1
    c.ended_at = minute
    c.ended_prior = c.began_prior
