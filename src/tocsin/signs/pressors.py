"""Vasopressor orders: which drugs run surely or may run, and how many count together (specification 1.3)."""

from __future__ import annotations

from typing import Any

from tocsin.signs.state import LONG_AGO, NEVER, ORDERS


def arrive_order(
    orders: Any, c: Any, rules: Any, key: int, drug: int, minute: int, start: int, runs: bool, position: int
) -> bool:
    """A row of an order: it runs from `start`, or (rate 0) it is stopped. False if there is no room for the order."""
    if c.covered == 0:
        return True
    at = -1
    for i in range(c.orders_used):
        if orders[i].key == key:
            at = i
    if at < 0:
        if not runs:
            return True
        if c.orders_used < ORDERS:
            at = c.orders_used
            c.orders_used += 1
        else:
            for i in range(ORDERS):
                if orders[i].running == 0:
                    at = i
            if at < 0:
                return False
    elif start < orders[at].start:
        return True
    o = orders[at]
    o.key = key
    o.drug = drug
    o.start = start
    o.running = 1 if runs else 0
    o.due = start + rules.silent
    o.position = position
    c.pressor_position = position
    if runs and o.due > minute and o.due < c.soonest:
        c.soonest = o.due
    return True


def arrive_order_stop(orders: Any, c: Any, key: int, position: int) -> None:
    """The stop printed in row `position` of an order: ends it unless a later row has replaced that row."""
    for i in range(c.orders_used):
        if orders[i].key == key and orders[i].position == position and orders[i].running:
            orders[i].running = 0


def settle_orders(orders: Any, since: Any, start: Any, c: Any, rules: Any, minute: int) -> int:
    """Which drugs run surely (`since`), which may (`start` of the silent order); returns 1 if any order is silent."""
    silent = 0
    for d in range(rules.pressors):
        start[d] = NEVER
    for d in range(rules.pressors):
        sure = False
        for i in range(c.orders_used):
            o = orders[i]
            if o.running and o.drug == d:
                if minute < o.due:
                    sure = True
                else:
                    silent = 1
                    start[d] = min(start[d], o.start)
        if not sure:
            since[d] = NEVER
        elif since[d] == NEVER:
            since[d] = minute
            if minute + rules.overlap < c.soonest:
                c.soonest = minute + rules.overlap
    return silent


def count_pressors(
    orders: Any, since: Any, start: Any, c: Any, rules: Any, minute: int, vasopressin: bool, possible: bool
) -> int:
    """Vasopressors running together, capped at 2; `possible` counts the silent orders and the just intubated."""
    first, running = NEVER, 0
    for d in range(rules.pressors):
        begun = since[d] if since[d] != NEVER else (start[d] if possible else NEVER)
        if (
            begun == NEVER
            or (rules.vasopressin[d] and not vasopressin)
            or (not possible and held_back(c, rules, begun, minute))
        ):
            continue
        running += 1
        if begun < first:
            first = begun
    if running < 2:
        return running
    count, skipped = 1, False
    for d in range(rules.pressors):
        begun = since[d] if since[d] != NEVER else (start[d] if possible else NEVER)
        if (
            begun == NEVER
            or (rules.vasopressin[d] and not vasopressin)
            or (not possible and held_back(c, rules, begun, minute))
        ):
            continue
        if begun == first and not skipped:
            skipped = True
        elif minute >= begun + rules.overlap:
            count += 1
    return min(count, 2)


def held_back(c: Any, rules: Any, begun: int, minute: int) -> bool:
    """A vasopressor begun in the hour after intubation does not count before that hour is over."""
    until = c.intubated + rules.after_intubation
    return c.intubated != LONG_AGO and c.intubated <= begun and begun < until and minute < until
