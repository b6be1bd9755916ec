"""Presynaptic spike trains: regular ones and random ones, the same for the same seed."""

from __future__ import annotations

import math
import random
from array import array

from .errors import LimitError, ParameterError
from .parameter import Parameter

# More than fit any run, and 80 MB.
MAX_SPIKES = 10_000_000

_RATE = Parameter(unit="Hz", meaning="spikes per second", minimum=0.0, maximum=1e9)
_TIME = Parameter(unit="ms", meaning="time", minimum=-1e15, maximum=1e15)


def _span(rate: float, stop: float, start: float) -> tuple[float, float, float]:
    rate = _RATE.check(rate, "rate")
    start, stop = _TIME.check(start, "start"), _TIME.check(stop, "stop")
    if stop < start:
        raise ParameterError("stop", f"must be >= start = {start:g} ms", stop, also=("start",))
    if rate * (stop - start) / 1000.0 > MAX_SPIKES:
        raise LimitError(
            f"{rate:g} Hz from {start:g} to {stop:g} ms are more than {MAX_SPIKES} spikes"
        )
    return rate, stop, start


def regular(rate: float, stop: float, start: float = 0.0) -> array[float]:
    """Return a regular spike train: at ``start`` and every ``1000/rate`` ms after it.

    Parameters
    ----------
    rate : float
        Hz.
    stop : float
        The train ends before this time (ms).
    start : float
        ms.

    Returns
    -------
    array of float
        ms.

    Raises
    ------
    ParameterError
        If the rate is negative, or ``stop`` comes before ``start``.
    LimitError
        If there would be more than `MAX_SPIKES`.
    """
    rate, stop, start = _span(rate, stop, start)
    times = array("d")
    if rate == 0.0:
        return times
    k = 0
    while (time := start + k * (1000.0 / rate)) < stop:
        times.append(time)
        k += 1
    return times


def poisson(rate: float, stop: float, seed: int, start: float = 0.0) -> array[float]:
    """Return a Poisson spike train: independent intervals, exponentially distributed.

    Parameters
    ----------
    rate : float
        Mean rate (Hz).
    stop : float
        The train ends before this time (ms).
    seed : int
        Not negative; the same seed gives the same train.
    start : float
        ms.

    Returns
    -------
    array of float
        ms.

    Raises
    ------
    ParameterError
        As `regular`, or if the seed is no whole number >= 0.
    LimitError
        As `regular`.
    """
    rate, stop, start = _span(rate, stop, start)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ParameterError("seed", "must be a whole number >= 0", seed)
    times = array("d")
    if rate == 0.0:
        return times
    draw = random.Random(seed)
    time = start
    while True:
        # In (0, 1]: the logarithm exists.
        time -= math.log(1.0 - draw.random()) * (1000.0 / rate)
        if time >= stop:
            return times
        times.append(time)
