"""Luck as a pure function of (seed, patient, channel, hour): nothing is drawn from a stream, so nothing can shift.

A patient meets the same luck under every strategy, in every batch, order and thread; a strategy that fires later can
change nobody's draws. A 64-bit finaliser (Stafford's variant 13) over a sum of odd multiples of the four numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_SEED, _PATIENT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1342543DE82EF95)
_CHANNEL, _HOUR, _SHIFT = np.uint64(0xA24BAED4963EE407), np.uint64(0x9FB21C651E98DF25), np.uint64(0x632BE59BD9B4E019)
_ONE, _TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_16, _32, _48, _LOW = np.uint64(16), np.uint64(32), np.uint64(48), np.uint64(0xFFFF)
TINY = 1.0 / 9007199254740992.0
ROOT_THREE = 3.0**0.5


def mixed(z: Any) -> Any:
    """A number in which every bit depends on every bit of `z`."""
    z = (z ^ (z >> _30)) * _ONE
    z = (z ^ (z >> _27)) * _TWO
    return z ^ (z >> _31)


def bits(luck: Any, channel: Any, hour: Any) -> Any:
    """The 64 bits of one draw; compiled."""
    return mixed(mixed(luck + np.uint64(channel) * _CHANNEL) + np.uint64(hour) * _HOUR + _SHIFT)


def spread(z: Any) -> Any:
    """Bits as a number between 0 and 1, neither reached."""
    return ((z >> _11) + 0.5) * TINY


def spread_normal(z: Any) -> Any:
    """Bits as four uniforms of 16 bits added up: mean 0, standard deviation 1, nearly normal, never beyond 3.47."""
    four = (z & _LOW) + ((z >> _16) & _LOW) + ((z >> _32) & _LOW) + (z >> _48)
    return ((four + 2.0) / 65536.0 - 2.0) * ROOT_THREE


def uniform(luck: Any, channel: Any, hour: Any) -> Any:
    """Between 0 and 1, neither reached; compiled."""
    return spread(bits(luck, channel, hour))


def noise(luck: Any, channel: Any, hour: Any) -> Any:
    """What an instrument adds, in standard deviations, never beyond 3.47; compiled."""
    return spread_normal(bits(luck, channel, hour))


# --- the same draws of many patients at once, hour 0 or another -------------------------------------------------------


def luck_of(seed: int, patients: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What all draws of each patient start from."""
    return mixed(_wrapped(seed * int(_SEED)) + patients.astype(np.uint64) * _PATIENT)


def all_bits(luck: np.ndarray[Any, Any], channel: int, hour: int = 0) -> np.ndarray[Any, Any]:
    """`bits` of many patients."""
    return mixed(mixed(luck + _wrapped(channel * int(_CHANNEL))) + _wrapped(hour * int(_HOUR) + int(_SHIFT)))


def uniforms(luck: np.ndarray[Any, Any], channel: int, hour: int = 0) -> np.ndarray[Any, Any]:
    """`uniform` of many patients."""
    return spread(all_bits(luck, channel, hour))


def noises(luck: np.ndarray[Any, Any], channel: int, hour: int = 0) -> np.ndarray[Any, Any]:
    """`noise` of many patients."""
    return spread_normal(all_bits(luck, channel, hour))


def normals(luck: np.ndarray[Any, Any], channel: int) -> np.ndarray[Any, Any]:
    """One standard normal a patient (Box-Muller, first of the pair), for what a patient is born with."""
    one, other = uniforms(luck, channel), uniforms(luck, channel, 1)
    return np.sqrt(-2.0 * np.log(one)) * np.cos(2.0 * np.pi * other)


def _wrapped(number: int) -> np.uint64:
    return np.uint64(number % 2**64)
