"""Luck is a function of what it is asked for: one number however it is asked, and no number tells another."""

from __future__ import annotations

import numpy as np

from tocsin.virtual.random import all_bits, luck_of, noises, normals, uniforms

MASK = 2**64 - 1


def by_hand(seed: int, patient: int, channel: int, hour: int) -> int:
    """The same mixing in whole numbers."""

    def mixed(z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    luck = mixed((seed * 0x9E3779B97F4A7C15 + patient * 0xD1342543DE82EF95) & MASK)
    first = mixed((luck + channel * 0xA24BAED4963EE407) & MASK)
    return mixed((first + hour * 0x9FB21C651E98DF25 + 0x632BE59BD9B4E019) & MASK)


def test_the_bits_are_those_of_whole_numbers():
    patients = np.array([0, 1, 99_999, 2**40], np.uint64)
    for channel, hour in ((1, 0), (104, 719), (411, 3)):
        found = all_bits(luck_of(20231112, patients), channel, hour)
        assert found.tolist() == [by_hand(20231112, int(p), channel, hour) for p in patients]


def test_moments_and_independence():
    luck = luck_of(1, np.arange(200_000, dtype=np.uint64))
    u, other, later = uniforms(luck, 1), uniforms(luck, 2), uniforms(luck, 1, 1)
    assert u.min() > 0
    assert u.max() < 1
    assert abs(u.mean() - 1 / 2) < 4 / np.sqrt(12 * u.size)
    for one, two in ((u, other), (u, later), (u[:-1], u[1:])):
        assert abs(np.corrcoef(one, two)[0, 1]) < 4 / np.sqrt(u.size)
    for drawn, most in ((normals(luck, 3), 7.0), (noises(luck, 4), 3.47)):
        assert abs(drawn.mean()) < 4 / np.sqrt(u.size)
        assert abs(drawn.var() - 1) < 6 / np.sqrt(u.size)
        assert np.abs(drawn).max() < most
