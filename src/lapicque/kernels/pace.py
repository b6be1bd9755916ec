"""How many spikes a run has at least: a bound, found without looking for one of them.

A larger drive never makes the n-th spike later: while V of one run is at or above that of another,
its spikes come first, and after a reset both start from V_reset.  So on a window where the drive
is at least w, the neuron fires at least as often as one under the constant drive w that starts
from a V at or below its own, still refractory at that.
"""

from __future__ import annotations

import math

from .membrane import GAIN, RATE, REFRACTORY, RESET, TERM, constant_drive
from .moments import leak_integral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

# Phase (rad) of the fastest oscillation, or its decay, within one window.
WINDOW = 0.25
# Windows, and terms in them, that are looked at: more would cost as much as many spikes.
MOST_LOOKS = 8192
# What rounding may take from a count.
SLACK = 1e-9


def least_of_terms(
    terms: Floats, first: int, last: int, s: float, length: float
) -> tuple[float, float]:
    """Return a lower bound (nA) of the terms of a piece on ``[s, s + length]``, and their speed.

    The speed (1/ms) is the largest decay rate or angular frequency among them.
    """
    total = 0.0
    speed = 0.0
    middle = s + 0.5 * length
    end = s + length
    for j in range(TERM * first, TERM * last, TERM):
        n = int(terms[j])
        size = math.hypot(terms[j + 1], terms[j + 2])
        l_re = terms[j + 3]
        l_im = terms[j + 4]
        fast = math.hypot(l_re, l_im)
        speed = max(speed, fast)
        fade = math.exp(l_re * s)
        largest = size * fade * (end**n if n > 0 else 1.0)
        bend = largest * fast
        if n > 0:
            bend += size * fade * n * end ** (n - 1)
        wave = terms[j + 1] * math.cos(l_im * middle) - terms[j + 2] * math.sin(l_im * middle)
        here = wave * math.exp(l_re * middle) * (middle**n if n > 0 else 1.0)
        # An ulp of the phase is far below the slack: the window is short, its bend is known.
        total += max(-largest, here - 0.5 * length * bend - SLACK * largest)
    return total, speed


def rise(f: float, w: float, rate: float) -> float:
    """Return how long a constant drive ``w > 0`` takes to lift V - V_th from ``f`` to 0 (ms)."""
    if f >= 0.0:
        return 0.0
    if rate == 0.0:
        return -f / w
    return math.log1p(-f * rate / w) / rate


def at_least(
    row: Floats,
    starts: Floats,
    value: Floats,
    value_lo: Floats,
    slope: Floats,
    offset: Ints,
    terms: Floats,
    jumps: Floats,
    stop: float,
    f: float,
    enough: float,
) -> float:
    """Return a number of spikes that the run certainly has; counting ends beyond ``enough``.

    ``f`` is V - V_th at the start of the first piece.  Of ``jumps`` of V at the start of a piece
    those upwards are left out: they may fall into a refractory period.
    """
    rate = row[RATE]
    reset = row[RESET]
    low = min(f, reset)
    count = 0.0
    looks = 0
    for p in range(len(starts)):
        end = min(stop, starts[p + 1]) if p + 1 < len(starts) else stop
        first = offset[p] if len(offset) else 0
        last = offset[p + 1] if len(offset) else 0
        v_lo = value_lo[p] if len(value_lo) else 0.0
        w0 = constant_drive(row, value[p], v_lo)
        w1 = row[GAIN] * slope[p]
        if len(jumps):
            low += min(jumps[p], 0.0)
        whole = end - starts[p]
        s = 0.0
        while s < whole:
            length = whole - s
            _, speed = least_of_terms(terms, first, last, s, 0.0)
            if speed > 0.0:
                length = min(length, WINDOW / speed)
            if w1 != 0.0:
                length = min(length, 0.01 * whole)
            looks += 1 + last - first
            if looks > MOST_LOOKS or s + length == s:
                return count
            least, _ = least_of_terms(terms, first, last, s, length)
            w = w0 + min(w1 * s, w1 * (s + length)) + row[GAIN] * least
            if w > 0.0:
                begun = row[REFRACTORY] + rise(low, w, rate)
                period = row[REFRACTORY] + rise(reset, w, rate)
                if begun < length * (1.0 - SLACK):
                    fitting = (length - begun) / max(period, SLACK * length)
                    count += math.floor(fitting * (1.0 - SLACK)) + 1.0
                    if count > enough:
                        return count
            kept = math.exp(-rate * length)
            leak = leak_integral(rate, length)
            low = min(reset, reset * kept + w * leak, low * kept + w * leak)
            s += length
    return count
