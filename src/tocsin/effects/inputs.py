"""What every estimator demands of its arrays."""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def numbers(values: npt.ArrayLike, name: str) -> FloatArray:
    """Return a one-dimensional float array.

    Raises ValueError on text, on more than one dimension, on NaN and on infinite values, naming how many and the
    first row (rows count from 0).
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: not all values are numbers") from error
    if array.ndim != 1:
        raise ValueError(f"{name}: needs one dimension, has {array.ndim}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"{name}: {bad.size} of {array.size} values are NaN or infinite (first: row {bad[0]})")
    return array


def times(values: npt.ArrayLike, name: str = "time") -> FloatArray:
    """Return times that are finite and not negative, else raise ValueError.

    Times closer than 1.5e-8, absolutely or relative to their mean, are made equal, as R survival's ``timefix`` does:
    0.1 + 0.2 and 0.3 days are one time, and a tie must stay a tie.
    """
    array = numbers(values, name)
    bad = np.flatnonzero(array < 0)
    if bad.size:
        raise ValueError(f"{name}: {bad.size} of {array.size} values are negative (first: row {bad[0]})")
    if array.size == 0:
        return array
    distinct = np.unique(array)  # values only: sorting places too takes several times as long
    tolerance = float(np.sqrt(np.finfo(np.float64).eps))
    gap = np.diff(distinct)
    apart = np.concatenate(([True], (gap > tolerance) & (gap > tolerance * float(distinct.mean()))))
    if apart.all():
        return array
    near, meant = distinct[~apart], distinct[apart][np.cumsum(apart) - 1][~apart]  # few: looked up in the cache
    place = np.minimum(np.searchsorted(near, array), near.size - 1)
    return np.where(near[place] == array, meant[place], array)


def codes(values: npt.ArrayLike, allowed: tuple[int, ...] | None, name: str, length: int) -> IntArray:
    """Return whole numbers out of ``allowed`` (any non-negative when ``None``), else raise ValueError."""
    array = numbers(values, name)
    if array.size != length:
        raise ValueError(f"{name}: {array.size} values, but {length} times")
    whole = array == np.floor(array)
    fits = whole & (np.isin(array, allowed) if allowed is not None else array >= 0)
    bad = np.flatnonzero(~fits)
    if bad.size:
        wanted = "whole numbers from 0" if allowed is None else " or ".join(str(code) for code in allowed)
        raise ValueError(f"{name}: {bad.size} of {array.size} values are not {wanted} (first: row {bad[0]})")
    return array.astype(np.int64)


def times_and_events(time: npt.ArrayLike, event: npt.ArrayLike) -> tuple[FloatArray, IntArray]:
    """Return checked times and their event codes, 1 = event, 0 = censored."""
    checked = times(time)
    return checked, codes(event, (0, 1), "event", checked.size)


def labels(values: npt.ArrayLike, name: str, length: int) -> tuple[list[str | int | float], IntArray]:
    """Return the sorted labels and each subject's place among them; NaN and missing labels raise ValueError."""
    array = np.asarray(values)
    if array.ndim != 1 or array.size != length:
        raise ValueError(f"{name}: needs {length} values in one dimension, has shape {array.shape}")
    if array.dtype == object and any(value is None or value != value for value in array.tolist()):
        raise ValueError(f"{name}: holds missing labels")
    if np.issubdtype(array.dtype, np.number):
        numbers(array, name)
    if array.dtype == object:
        array = array.astype(str)
    names, place = np.unique(array, return_inverse=True)
    return names.tolist(), place.astype(np.int64)


def z_value(level: float) -> float:
    """Return the normal quantile of a two-sided interval; ``level`` lies strictly between 0 and 1."""
    check_share(level, "level")
    return NormalDist().inv_cdf(0.5 + level / 2)


def check_share(value: float, name: str) -> None:
    """Raise ValueError unless 0 < value < 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name}: must lie between 0 and 1, is {value}")


def count(value: int, name: str, most: int | None = None) -> int:
    """Return a whole number from 0 to ``most``, else raise ValueError."""
    if value != value or value in (float("inf"), float("-inf")) or int(value) != value or value < 0:
        raise ValueError(f"{name}: needs a whole number from 0, is {value}")
    if most is not None and value > most:
        raise ValueError(f"{name}: {value} is more than {most}")
    return int(value)
