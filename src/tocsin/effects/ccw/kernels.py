"""The loops over patient-hours, compiled: logistic derivatives, odds, weights of a rule, sums by hour.

Each is small and of one kind of argument, so that the first run compiles for seconds only. All release the
interpreter's lock: two bootstrap replicates run side by side.
"""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable
from typing import Any

from tocsin.compiled import compiled

UNIFORM, NATURAL, OBSERVED = 0, 1, 2
NEVER = 2**30
ONE_AT_A_TIME = threading.Lock()  # two threads that compile at once would cache in the working folder


def _derivatives(
    x: Any, y: Any, who: Any, multiplicity: Any, beta: Any, inverse: Any, score: Any, information: Any, wanted: bool
) -> float:
    """Log-likelihood, if wanted; fills score and information. With `inverse` (not empty) the score is Firth's."""
    rows, p = x.shape
    firth = inverse.shape[0] > 0
    value = 0.0
    score[:] = 0.0
    information[:] = 0.0
    for r in range(rows):
        m = multiplicity[who[r]]
        if m == 0.0:
            continue
        eta = 0.0
        for j in range(p):
            eta += x[r, j] * beta[j]
        e = math.exp(-abs(eta))
        mu = 1.0 / (1.0 + e) if eta > 0.0 else e / (1.0 + e)
        if wanted:
            value += m * (y[r] * eta - max(eta, 0.0) - math.log1p(e))
        v = mu * (1.0 - mu)
        g = y[r] - mu
        if firth:
            h = 0.0
            for j in range(p):
                inner = 0.0
                for k in range(p):
                    inner += inverse[j, k] * x[r, k]
                h += x[r, j] * inner
            g += v * h * (0.5 - mu)
        g *= m
        v *= m
        for j in range(p):
            score[j] += g * x[r, j]
            t = v * x[r, j]
            for k in range(j + 1):
                information[j, k] += t * x[r, k]
    for j in range(p):
        for k in range(j):
            information[k, j] = information[j, k]
    return value


def _odds(x: Any, beta: Any, out: Any) -> None:
    """Odds p / (1 - p) of each row."""
    rows, p = x.shape
    for r in range(rows):
        eta = 0.0
        for j in range(p):
            eta += x[r, j] * beta[j]
        out[r] = math.exp(min(eta, 700.0))


def _weigh(
    first: Any, untreated: Any, begun: Any, due: Any, grace: int, how: int, odds: Any, numerator: Any, weight: Any,
    tail: Any,
) -> None:  # fmt: skip
    """Weights of one rule's clones after the decision of each untreated hour (0 once censored); `tail`: after the dose.

    `first` counts untreated rows; `grace` 0 is no limit. The factor of an hour is f*/f of what was done in it.
    """
    for i in range(untreated.size):
        w = 1.0
        for h in range(untreated[i]):
            r = first[i] + h
            if w > 0.0:
                starts = begun[i] == h
                since = h - due[i]
                if since < 0:
                    w = 0.0 if starts else w * (1.0 + odds[r])
                elif grace > 0:
                    last = since == grace - 1
                    if since >= grace or (last and not starts):
                        w = 0.0
                    elif how == UNIFORM:
                        share = 1.0 / (grace - since)
                        w *= share * (1.0 + 1.0 / odds[r]) if starts else (1.0 - share) * (1.0 + odds[r])
                    elif last:
                        w *= 1.0 + 1.0 / odds[r]
                    elif how == OBSERVED:
                        more = (1.0 + odds[r]) / (1.0 + numerator[r])
                        w *= numerator[r] / odds[r] * more if starts else more
            weight[r] = w
        tail[i] = w if begun[i] < NEVER else 0.0


def _tally(
    first: Any, first_untreated: Any, untreated: Any, last: Any, weight: Any, tail: Any, stay: Any, cap: float,
    multiplicity: Any, sums: Any,
) -> None:  # fmt: skip
    """Sums by hour over a rule's clones still in it: clones, weight, weight squared, of outcome, of competing death."""
    for i in range(untreated.size):
        m = multiplicity[i]
        if m == 0.0:
            continue
        rows = first[i + 1] - first[i]
        for h in range(rows):
            w = weight[first_untreated[i] + h] if h < untreated[i] else tail[i]
            if w == 0.0:
                break
            if stay.size > 0:
                w *= stay[first[i] + h]
            w = min(w, cap)
            sums[0, h] += m
            sums[1, h] += m * w
            sums[2, h] += m * w * w
            if h == rows - 1 and last[i] > 0 and last[i] < 3:
                sums[2 + last[i], h] += m * w


def _stay(first: Any, odds: Any, out: Any) -> None:
    """1 / P(not lost before this hour), from the odds of being lost in each row."""
    for i in range(first.size - 1):
        w = 1.0
        for r in range(first[i], first[i + 1]):
            out[r] = w
            w *= 1.0 + odds[r]


def _spread(first: Any, first_untreated: Any, untreated: Any, weight: Any, tail: Any, stay: Any, out: Any) -> None:
    """Weight of every row, 0 once censored."""
    for i in range(untreated.size):
        for r in range(first[i], first[i + 1]):
            h = r - first[i]
            w = weight[first_untreated[i] + h] if h < untreated[i] else tail[i]
            out[r] = w * stay[r] if stay.size > 0 else w


def _made(driver: Callable[..., Any]) -> Any:
    with ONE_AT_A_TIME:
        return compiled(driver)


@functools.cache
def derivatives() -> Any:
    """Compiled `_derivatives`."""
    return _made(_derivatives)


@functools.cache
def odds() -> Any:
    """Compiled `_odds`."""
    return _made(_odds)


@functools.cache
def weigh() -> Any:
    """Compiled `_weigh`."""
    return _made(_weigh)


@functools.cache
def tally() -> Any:
    """Compiled `_tally`."""
    return _made(_tally)


@functools.cache
def stay() -> Any:
    """Compiled `_stay`."""
    return _made(_stay)


@functools.cache
def spread() -> Any:
    """Compiled `_spread`."""
    return _made(_spread)
