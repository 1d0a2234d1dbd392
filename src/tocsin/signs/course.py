"""The event driver: one course, one event at a time, in any order of arrival, by the kernel's steps in plain Python.

A late or corrected event replays the course from its events; it is never patched in.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tocsin.signs import arrive, episode, settle, state, wide
from tocsin.signs.events import Events
from tocsin.signs.state import ACT

State = tuple[Any, Any, Any, Any]
Settled = tuple[int, int, int]  # minute, situation, wide situation (0 unless the rules ask for it)


@dataclass
class Course:
    """What is known of one course. `facts` is a row of `Events.courses`, `rules` that of `Events.rules`.

    `take(act)` takes one event in; `runs()` gives (minute, situation, wide situation) wherever either changes, from
    minute 0 on.
    """

    facts: Any
    rules: Any
    acts: list[Any] = field(default_factory=list)
    _settled: list[Settled] = field(default_factory=list)
    _state: State | None = None
    _minute: int = state.LONG_AGO
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

    def runs(self) -> list[Settled]:
        """(minute, situation, wide situation) from minute 0 on, as known from the events taken in so far."""
        kept, settled, minute = _copy(self._state or self._fresh()), list(self._settled), self._minute
        minute = self._settle_pending(kept, settled, minute, self._pending)
        self._pass(kept, settled, minute, state.NEVER)
        changes: list[Settled] = []
        for at in settled:
            if at[0] >= 0 and (not changes or changes[-1][1:] != at[1:]):
                changes.append(at)
        return changes

    def _fresh(self) -> State:
        course = np.zeros(1, state.COURSE).view(np.recarray)
        course[0] = self.facts
        kept = (
            np.zeros(state.SLOTS, state.SLOT).view(np.recarray), np.zeros(state.ORDERS, state.ORDER).view(np.recarray),
            np.full(2 * state.PRESSORS, state.NEVER), course,
        )  # fmt: skip
        state.begin(kept[0], kept[1], kept[2], course[0])
        return kept

    def _replay(self) -> None:
        acts, self.acts = self.acts, []
        self._settled, self._state, self._minute, self._pending = [], None, state.LONG_AGO, []
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

    def _settle_pending(self, kept: State, settled: list[Settled], before: int, pending: list[Any]) -> int:
        """Takes in the events of one minute, after everything that changed by itself before it."""
        if not pending:
            return before
        minute = int(pending[0]["minute"])
        before = self._pass(kept, settled, before, minute)
        if minute >= kept[3][0].end:
            return before
        c, r = kept[3][0], self.rules
        episode.pass_time(c, minute)
        for act in pending:
            arrive.take_act(*kept[:3], c, r, minute, _Act(act), int(act["position"]))
        settled.append(self._settle(kept, minute))
        return minute

    def _pass(self, kept: State, settled: list[Settled], before: int, until: int) -> int:
        """Settles every minute in (before, until) at which something changes by itself, and minute 0."""
        c = kept[3][0]
        while True:
            due = int(settle.next_due(*kept[:3], c, self.rules, before))
            if before < 0 <= due:
                due = 0
            if due >= min(until, int(c.end)) or due >= state.NEVER:
                return before
            episode.pass_time(c, due)
            settled.append(self._settle(kept, due))
            before = due

    def _settle(self, kept: State, minute: int) -> Settled:
        slots, orders, since, course = kept
        situation, more = settle.settle(slots, orders, since, course[0], self.rules, minute), 0
        if self.rules.wide:
            more = wide.settle_wide(slots, orders, since, course[0], self.rules, minute)
        course[0].ended = 0
        return minute, int(situation), more


class _Act:
    """An event with its fields as Python numbers."""

    __slots__ = tuple(ACT.names or ())

    def __init__(self, act: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, act[name].item())


def _key(act: Any) -> tuple[int, int]:
    return int(act["minute"]), int(act["rank"])


def _copy(kept: State) -> State:
    slots, orders, since, course = kept
    return slots.copy(), orders.copy(), since.copy(), course.copy()


def acts_of(events: Events, k: int) -> np.ndarray[Any, Any]:
    """All events of course `k` as acts, readings among them, sorted by minute and rank."""
    first, last, act_first, act_last = (span[k] for span in events.spans)
    zero = events.zero[k]
    rows = np.flatnonzero(events.code[first:last] >= 0) + first
    made = np.zeros(rows.size, ACT)
    made["minute"] = (events.time[rows] - zero) // 60_000_000
    made["read"] = (events.read_time[rows] - zero) // 60_000_000
    made["rank"], made["kind"] = state.READING_RANK, state.READING
    made["code"], made["value"], made["flag"], made["position"] = (
        events.code[rows],
        events.value[rows],
        events.rank[rows],
        rows,
    )
    made = made[made["minute"] >= -events.lookback]
    both = np.concatenate([events.acts[act_first:act_last], made])
    return both[np.lexsort((np.arange(both.size), both["rank"], both["minute"]))]
