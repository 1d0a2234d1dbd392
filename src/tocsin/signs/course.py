"""The event driver: one course, one event at a time, in any order of arrival. The same steps as the kernel, in plain Python.

A late or corrected event replays the course from its events; it is never patched in.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tocsin.signs import steps
from tocsin.signs.events import Events
from tocsin.signs.kernel import ACT, take_act

State = tuple[Any, Any, Any, Any]


@dataclass
class Course:
    """What is known of one course. `facts` is a row of `Events.courses`, `rules` that of `Events.rules`.

    `take(act)` takes one event in; `runs()` gives (minute, situation) wherever the situation changes, from minute 0 on.
    """

    facts: Any
    rules: Any
    acts: list[Any] = field(default_factory=list)
    _settled: list[tuple[int, int]] = field(default_factory=list)
    _state: State | None = None
    _minute: int = steps.LONG_AGO
    _pending: list[Any] = field(default_factory=list)

    def take(self, act: Any) -> None:
        """One event, whenever it arrives."""
        key = (int(act["minute"]), int(act["rank"]))
        if self.acts and key < (int(self.acts[-1]["minute"]), int(self.acts[-1]["rank"])):
            bisect.insort(self.acts, act, key=_key)
            self._replay()
            return
        self.acts.append(act)
        self._advance(act)

    def runs(self) -> list[tuple[int, int]]:
        """(minute, situation) from minute 0 on, as known from the events taken in so far."""
        state, settled, minute = _copy(self._state or self._fresh()), list(self._settled), self._minute
        minute = self._settle_pending(state, settled, minute, self._pending)
        self._pass(state, settled, minute, steps.NEVER)
        changes: list[tuple[int, int]] = []
        for at, situation in settled:
            if at >= 0 and (not changes or changes[-1][1] != situation):
                changes.append((at, situation))
        return changes

    def _fresh(self) -> State:
        course = np.zeros(1, steps.COURSE).view(np.recarray)
        course[0] = self.facts
        state = (
            np.zeros(steps.SLOTS, steps.SLOT).view(np.recarray), np.zeros(steps.ORDERS, steps.ORDER).view(np.recarray),
            np.full(steps.PRESSORS, steps.NEVER), course,
        )  # fmt: skip
        steps.begin(state[0], state[1], state[2], course[0])
        return state

    def _replay(self) -> None:
        acts, self.acts = self.acts, []
        self._settled, self._state, self._minute, self._pending = [], None, steps.LONG_AGO, []
        for act in acts:
            self.acts.append(act)
            self._advance(act)

    def _advance(self, act: Any) -> None:
        if self._state is None:
            self._state = self._fresh()
        minute = int(act["minute"])
        if self._pending and minute > int(self._pending[0]["minute"]):
            self._minute = self._settle_pending(self._state, self._settled, self._minute, self._pending)
            self._pending = []
        self._pending.append(act)

    def _settle_pending(self, state: State, settled: list[tuple[int, int]], before: int, pending: list[Any]) -> int:
        """Takes in the events of one minute, after everything that changed by itself before it."""
        if not pending:
            return before
        minute = int(pending[0]["minute"])
        before = self._pass(state, settled, before, minute)
        if minute >= state[3][0].end:
            return before
        c, r = state[3][0], self.rules
        steps.pass_time(c, minute)
        for act in pending:
            take_act(*state[:3], c, r, minute, _Act(act), int(act["position"]))
        settled.append((minute, self._settle(state, minute)))
        return minute

    def _pass(self, state: State, settled: list[tuple[int, int]], before: int, until: int) -> int:
        """Settles every minute in (before, until) at which something changes by itself, and minute 0."""
        c = state[3][0]
        while True:
            due = int(steps.next_due(*state[:3], c, self.rules, before))
            if before < 0 <= due:
                due = 0
            if due >= min(until, int(c.end)) or due >= steps.NEVER:
                return before
            steps.pass_time(c, due)
            settled.append((due, self._settle(state, due)))
            before = due

    def _settle(self, state: State, minute: int) -> int:
        slots, orders, since, course = state
        situation = steps.settle(slots, orders, since, np.zeros(steps.PRESSORS, np.int64), course[0], self.rules, minute)
        course[0].ended = 0
        return int(situation)


class _Act:
    """An event with its fields as Python numbers."""

    __slots__ = tuple(ACT.names or ())

    def __init__(self, act: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, act[name].item())


def _key(act: Any) -> tuple[int, int]:
    return int(act["minute"]), int(act["rank"])


def _copy(state: State) -> State:
    slots, orders, since, course = state
    return slots.copy(), orders.copy(), since.copy(), course.copy()


def acts_of(events: Events, k: int) -> np.ndarray[Any, Any]:
    """All events of course `k` as acts, readings among them, sorted by minute and rank."""
    first, last, act_first, act_last = (span[k] for span in events.spans)
    zero = events.zero[k]
    rows = np.flatnonzero(events.code[first:last] >= 0) + first
    made = np.zeros(rows.size, ACT)
    made["minute"] = (events.time[rows] - zero) // 60_000_000
    made["read"] = (events.read_time[rows] - zero) // 60_000_000
    made["rank"], made["kind"] = steps.READING_RANK, steps.READING
    made["code"], made["value"], made["flag"], made["position"] = events.code[rows], events.value[rows], events.rank[rows], rows
    made = made[made["minute"] >= -events.lookback]
    both = np.concatenate([events.acts[act_first:act_last], made])
    return both[np.lexsort((np.arange(both.size), both["rank"], both["minute"]))]
