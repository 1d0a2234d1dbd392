"""Vasopressor orders: which drugs run surely or may run, and how many count together (specification 1.3)."""

# ruff: noqa: SIM102 - compiled code, kept in the shape of the rule book
from __future__ import annotations

from typing import Any

from tocsin.signs.state import LONG_AGO, NEVER, ORDERS, PRESSORS


def arrive_order(orders: Any, c: Any, rules: Any, minute: int, act: Any, runs: bool, position: int) -> bool:
    """A row of an order: it runs from `start` (until `stop`, where printed), or (rate 0) it is stopped.

    False if there is no room for the order. An older row than the one held is ignored; of two rows with the same start
    that run, the one that stops later, or never, counts; of two that stop alike, the higher rate.
    """
    if c.covered == 0:
        return True
    at = order_place(orders, c, act.key)
    if at < 0:
        return False
    o = orders[at]
    over = not runs or act.stop <= minute
    if o.key == act.key:
        if act.read < o.start:
            return True
        if act.read == o.start and o.running:
            if over or act.stop < o.stop or (act.stop == o.stop and not higher_rate(act, o)):
                return True
    o.key = act.key
    o.drug = act.code
    o.start = act.read
    o.stop = act.stop
    o.running = 0 if over else 1
    o.rate = act.value
    o.rate_kg = act.value2
    o.due = act.read + rules.silent
    o.position = position
    c.pressor_position = position
    if not over and o.due > minute and o.due < c.soonest:
        c.soonest = o.due
    return True


def higher_rate(act: Any, o: Any) -> bool:
    """Whether a row's rate is above that of the order held; no rate is below any."""
    if o.rate == o.rate:
        return act.value > o.rate
    if act.value == act.value:
        return True
    return act.value2 > o.rate_kg or (o.rate_kg != o.rate_kg and act.value2 == act.value2)


def order_place(orders: Any, c: Any, key: int) -> int:
    """Where an order is kept, or a free place (its key differs); -1 if all are running."""
    for i in range(c.orders_used):
        if orders[i].key == key:
            return i
    if c.orders_used < ORDERS:
        c.orders_used += 1
        orders[c.orders_used - 1].key = -1
        return c.orders_used - 1
    for i in range(ORDERS):
        if orders[i].running == 0:
            orders[i].key = -1
            return i
    return -1


def arrive_order_stop(orders: Any, c: Any, key: int, position: int) -> None:
    """The stop printed in row `position` of an order: ends it unless a later row has replaced that row."""
    for i in range(c.orders_used):
        if orders[i].key == key and orders[i].position == position and orders[i].running:
            orders[i].running = 0


def settle_orders(orders: Any, since: Any, c: Any, rules: Any, minute: int) -> int:
    """Since when each drug runs surely, and since when it may; returns 1 if any order is silent."""
    silent = 0
    for d in range(rules.pressors):
        sure, begun = False, NEVER
        for i in range(c.orders_used):
            o = orders[i]
            if o.running and o.drug == d:
                if minute < o.due:
                    sure = True
                else:
                    silent = 1
                    begun = min(begun, o.start)
        if sure:
            begun = minute
            if since[d] == NEVER:
                since[d] = minute
                if minute + rules.overlap < c.soonest:
                    c.soonest = minute + rules.overlap
        else:
            since[d] = NEVER
        if begun == NEVER:
            since[PRESSORS + d] = NEVER
        elif since[PRESSORS + d] == NEVER:
            since[PRESSORS + d] = begun
    return silent


def count_pressors(since: Any, c: Any, rules: Any, minute: int, vasopressin: bool, possible: bool) -> int:
    """Vasopressors running together, capped at 2; `possible` counts the silent orders and the just intubated."""
    from_ = PRESSORS if possible else 0
    first, running = NEVER, 0
    for d in range(rules.pressors):
        begun = since[from_ + d]
        if counts(c, rules, d, begun, minute, vasopressin, possible):
            running += 1
            first = min(first, begun)
    if running < 2:
        return running
    count, skipped = 1, False
    for d in range(rules.pressors):
        begun = since[from_ + d]
        if counts(c, rules, d, begun, minute, vasopressin, possible):
            if begun == first and not skipped:
                skipped = True
            elif minute >= begun + rules.overlap:
                count += 1
    return min(count, 2)


def counts(c: Any, rules: Any, d: int, begun: int, minute: int, vasopressin: bool, possible: bool) -> bool:
    """Whether drug `d`, running since `begun`, is one of those counted."""
    if begun == NEVER or (rules.vasopressin[d] and not vasopressin):
        return False
    return possible or not held_back(c, rules, begun, minute)


def held_back(c: Any, rules: Any, begun: int, minute: int) -> bool:
    """A vasopressor begun in the hour after intubation does not count before that hour is over."""
    until = c.intubated + rules.after_intubation
    return c.intubated != LONG_AGO and c.intubated <= begun and begun < until and minute < until
