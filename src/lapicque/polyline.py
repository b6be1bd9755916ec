"""Lines to draw: V and I of a run, sampled once for a given number of pixels.

Peaks touch the threshold, resets and jumps are vertical, and where spikes outnumber pixels the line
shows each pixel's lowest and highest V.  Plain lists, without NumPy: the lab uses them too.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from .current import Current
from .response import Response


def _grid(low: float, high: float, width: int) -> list[float]:
    if high == low:
        return [low]
    step = (high - low) / width
    return [low + k * step for k in range(width)] + [high]


def current_line(
    current: Current, low: float, high: float, width: int
) -> tuple[list[float], list[float]]:
    """Return times (ms) and currents (nA) of a line over ``[low, high]``, ``width`` pixels wide."""
    form = current.normal_form
    jumps = form.starts[bisect_right(form.starts, low) : bisect_right(form.starts, high)].tolist()
    if len(jumps) > width:
        times = _grid(low, high, width)
        return times, current(array("d", times)).tolist()
    times = sorted({*_grid(low, high, width if form.terms else 1), *jumps})
    values = current(array("d", times)).tolist()
    for t in reversed(jumps):
        k = bisect_left(times, t)
        before = current(t, left=True)
        if before != values[k] and k > 0:
            times.insert(k, t)
            values.insert(k, before)
    return times, values


def voltage_line(
    response: Response, low: float, high: float, width: int
) -> tuple[list[float], list[float]]:
    """Return times (ms) and potentials (mV) of a line over ``[low, high]``, ``width`` pixels wide.

    A spike's time stands twice, with V before and after the reset.
    """
    spikes = response.spikes
    first, last = bisect_left(spikes, low), bisect_right(spikes, high)
    grid = _grid(low, high, width)
    if last - first > width:
        return _columns(response, grid, first, last)
    t_ref = response.neuron.given()["t_ref"]
    corners = [t + t_ref for t in spikes[max(0, first - 1) : last] if low < t + t_ref < high]
    starts = response.current_in.normal_form.starts
    jumps = starts[bisect_right(starts, low) : bisect_left(starts, high)]
    if len(jumps) <= width:
        corners += jumps
    times = array("d", sorted({*grid, *corners, *spikes[first:last]}))
    values = response.voltage(times).tolist()
    peaks = response.voltage(spikes[first:last], left=True)
    drawn = times.tolist()
    k = len(drawn)
    for i in range(last - 1, first - 1, -1):
        k = bisect_left(drawn, spikes[i], 0, k)
        drawn.insert(k, spikes[i])
        values.insert(k, peaks[i - first])
    return drawn, values


def _columns(
    response: Response, grid: list[float], first: int, last: int
) -> tuple[list[float], list[float]]:
    spikes = response.spikes
    edges = response.voltage(array("d", grid)).tolist()
    peak = response.voltage(spikes[first], left=True)
    dip = response.voltage(spikes[first])
    times: list[float] = []
    values: list[float] = []
    k = first
    for i in range(len(grid) - 1):
        begin, end = grid[i], grid[i + 1]
        fired = k
        while k < last and spikes[k] < end:
            k += 1
        if k > fired:
            times += [begin, begin]
            values += [max(edges[i], peak), min(edges[i], edges[i + 1], dip)]
        else:
            times.append(begin)
            values.append(edges[i])
    return [*times, grid[-1]], [*values, edges[-1]]
