"""Lines to draw: V and I of a run, sampled once for a given number of pixels.

Peaks touch the threshold, resets and jumps are vertical.  Samples are dense where a line bends and
sparse where it is straight; where spikes or oscillations outnumber pixels, the line shows each
pixel's lowest and highest value.  Plain lists, without NumPy: the lab uses them too.
"""

from __future__ import annotations

import itertools
import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter

from .current import Current
from .kernels.membrane import RATE, TERM, THRESHOLD, V_RESET
from .pieces import Pieces
from .response import GridSolution, Response

Line = tuple[list[float], list[float]]

# A line's samples lie at most so many pixels apart, before it is looked at where it bends.
_COARSE = 8.0
# Phase or decay (in units of 1/rate) that a step may span: the line is then all but a parabola.
_SPAN = 0.5
# Deviation from the true line, as a share of its whole range: a third of a pixel of 500.
_FLAT = 0.0007
# Rounding errors of a constant, as a share of it, do not bend a line.
_DUST = 1e-12
# Samples of an oscillation that is faster than pixels follow; its peaks are refined.
_PER_PERIOD = 8
# Samples closer than this many pixels show nothing more.
_FINEST = 0.5
# Starts of pieces that are looked at one by one.
_MOST_CORNERS = 20_000


def _grid(low: float, high: float, count: int) -> list[float]:
    if high == low:
        return [low]
    step = (high - low) / count
    return [low + k * step for k in range(count)] + [high]


def _fastest(form: Pieces) -> tuple[float, float]:
    """Return the largest decay rate (1/ms) and the largest angular frequency (rad/ms)."""
    decay = max((-v for v in form.terms[3::TERM]), default=0.0)
    return decay, max((abs(v) for v in form.terms[4::TERM]), default=0.0)


def _waves(low: float, high: float, width: int, omega: float) -> list[float]:
    """Return times that follow an oscillation; one period in a pixel may stand for many."""
    step = 2.0 * math.pi / omega / _PER_PERIOD
    pixel = (high - low) / width
    if 2.0 * _PER_PERIOD * step >= pixel:
        return _grid(low, high, math.ceil((high - low) / step))
    starts = (low + k * pixel for k in range(width))
    # Two samples more than a period has: its highest and lowest point then lie between samples.
    return [*(t + j * step for t in starts for j in range(_PER_PERIOD + 3)), high]


def _turns(times: list[float], values: array[float]) -> array[float]:
    """Return where the samples' highest and lowest points would lie on parabolas through them."""
    found = array("d")
    for k in range(1, len(times) - 1):
        a, b = values[k] - values[k - 1], values[k + 1] - values[k]
        if (a > 0.0) != (b > 0.0):
            x, y = times[k] - times[k - 1], times[k + 1] - times[k]
            p, q = a / x, b / y
            at = times[k - 1] + 0.5 * (x + p * (x + y) / (p - q))
            if times[k - 1] < at < times[k + 1] and at != times[k]:
                found.append(at)
    return found


def _coarse(low: float, high: float, width: int, rate: float) -> list[float]:
    """Return times that follow a curve which changes at ``rate`` (1/ms)."""
    pixel = (high - low) / width
    steps = _COARSE if rate == 0.0 else min(_COARSE, max(1.0, _SPAN / (rate * pixel or 1.0)))
    return _grid(low, high, max(1, math.ceil(width / steps)))


def _smooth(
    sample: Callable[[array[float]], array[float]],
    times: list[float],
    before: dict[float, float],
    pixel: float,
) -> Line:
    """Return a line through ``times`` and as many more as it takes not to stray from the curve.

    ``before`` has the value before each jump.  Between two of the times the curve is all but a
    parabola: its middle tells into how many parts the gap must be divided.
    """
    looks = array("d")
    gaps: list[int] = []  # where in `looks` the middle of a gap is
    for a, b in itertools.pairwise(times):
        looks.append(a)
        if b - a > _FINEST * pixel > 0.0:
            gaps.append(len(looks))
            looks.append(0.5 * (a + b))
    looks.append(times[-1])
    values = sample(looks)
    known = [*values, *before.values()]
    top, low = max(known), min(known)
    tolerance = _FLAT * (top - low) + _DUST * max(abs(top), abs(low))
    more = array("d")
    straight: set[int] = set()
    for k in gaps:
        a, b = looks[k - 1], looks[k + 1]
        stray = abs(values[k] - 0.5 * (values[k - 1] + before.get(b, values[k + 1])))
        if not stray > tolerance > 0.0:
            straight.add(k)
            continue
        half = 0.5 * (b - a)
        parts = math.ceil(0.5 * math.sqrt(stray / tolerance))
        parts = min(parts, math.ceil(half / (_FINEST * pixel)))
        for start in (a, looks[k]):
            more.extend(start + half * i / parts for i in range(1, parts))
    kept = [k for k in range(len(looks)) if k not in straight]
    return _merged([looks[k] for k in kept], [values[k] for k in kept], before, more, sample(more))


def _merged(
    times: Sequence[float],
    values: Sequence[float],
    before: dict[float, float],
    more: array[float],
    at: array[float],
) -> Line:
    """Return one line of both sets of samples; where ``before`` differs, a time stands twice."""
    samples = [*zip(times, values, strict=True), *zip(more, at, strict=True)]
    samples.sort(key=itemgetter(0))
    drawn: list[float] = []
    shown: list[float] = []
    for t, value in samples:
        if t in before and before[t] != value:
            drawn.append(t)
            shown.append(before[t])
        drawn.append(t)
        shown.append(value)
    return drawn, shown


def _bands(low: float, high: float, width: int, line: Line) -> Line:
    """Return of each pixel's samples the lowest and the highest, in their order."""
    times, values = line
    scale = width / (high - low)
    kept = [0]
    k, n = 0, len(times)
    for column in range(1, width + 1):
        first = k
        while k < n and (times[k] - low) * scale < column:
            k += 1
        if k > first:
            part = values[first:k]
            kept += {first + part.index(min(part)), first + part.index(max(part))}
    shown = sorted({*kept, n - 1})
    return [times[k] for k in shown], [values[k] for k in shown]


def current_line(current: Current, low: float, high: float, width: int) -> Line:
    """Return times (ms) and currents (nA) of a line over ``[low, high]``, ``width`` pixels wide."""
    form = current.normal_form
    first, last = bisect_right(form.starts, low), bisect_right(form.starts, high)
    if not form.terms:
        line = _straight(form, low, high, first, last)
        return line if len(line[0]) <= 2 * width else _bands(low, high, width, line)
    jumps = form.starts[first:last].tolist()
    jumps = jumps[:: 1 + len(jumps) // _MOST_CORNERS]
    decay, omega = _fastest(form)
    pixel = (high - low) / width
    waves = omega * pixel > _SPAN
    grid = _waves if waves else _coarse
    times = sorted({*grid(low, high, width, omega if waves else max(omega, decay)), *jumps})
    before = {t: current(t, left=True) for t in jumps}
    if waves or len(times) > 2 * width:
        return _waving(current, times, before, low, high, width)
    return _smooth(current, times, before, pixel)


def _waving(
    sample: Callable[[array[float]], array[float]],
    times: list[float],
    before: dict[float, float],
    low: float,
    high: float,
    width: int,
) -> Line:
    values = sample(array("d", times))
    more = _turns(times, values)
    return _bands(low, high, width, _merged(times, values, before, more, sample(more)))


def _straight(form: Pieces, low: float, high: float, first: int, last: int) -> Line:
    """Return the line of an input without terms: straight from breakpoint to breakpoint."""
    times, values = [low], [form.at(low)]
    for p in range(first, last):
        start = form.starts[p]
        if p > 0:
            times.append(start)
            values.append(form.value[p - 1] + form.slope[p - 1] * (start - form.starts[p - 1]))
        elif form.value[0] != 0.0:
            times.append(start)
            values.append(0.0)
        if p == 0 or form.value[p] != values[-1]:
            times.append(start)
            values.append(form.value[p])
    if times[-1] < high or len(times) == 1 < last:
        times.append(high)
        values.append(form.at(high))
    return times, values


def voltage_line(response: Response, low: float, high: float, width: int) -> Line:
    """Return times (ms) and potentials (mV) of a line over ``[low, high]``, ``width`` pixels wide.

    A spike's time stands twice, with V before and after the reset.
    """
    spikes, form = response.spikes, response.current_in.normal_form
    first, last = bisect_left(spikes, low), bisect_right(spikes, high)
    seen = spikes[first:last]
    decay, omega = _fastest(form)
    pixel = (high - low) / width
    waves = omega * pixel > _SPAN
    fine = _waves(low, high, width, omega) if waves else _grid(low, high, width)
    if len(seen) > width:
        return _columns(response, fine, first, last)
    t_ref = response.neuron.given()["t_ref"]
    corners = [t + t_ref for t in spikes[max(0, first - 1) : last] if low < t + t_ref < high]
    solution = response.solution
    marks = solution.nodes if isinstance(solution, GridSolution) else form.starts
    marks = marks[bisect_right(marks, low) : bisect_left(marks, high)]
    few = len(marks) <= width
    if few:
        corners += marks
    # Between the nodes of a fixed step there is nothing to follow.
    still = few and isinstance(solution, GridSolution)
    rate = 0.0 if still else max(omega, decay, solution.row[RATE])
    grid = _coarse(low, high, width, rate) if few and not waves else fine
    times = sorted({*grid, *corners, *seen})
    before: dict[float, float] = {}
    if seen:
        peaks: Iterator[float] = itertools.repeat(solution.row[THRESHOLD])
        if isinstance(solution, GridSolution):
            peaks = iter(response.voltage(seen, left=True))
        before = dict(zip(seen, peaks, strict=False))
        # The very first spike may start from a V_0 above the threshold.
        before[seen[0]] = response.voltage(seen[0], left=True)
    if waves:
        return _waving(response.voltage, times, before, low, high, width)
    return _smooth(response.voltage, times, before, pixel)


def _columns(response: Response, grid: list[float], first: int, last: int) -> Line:
    """Return the line where spikes outnumber pixels: from reset to threshold wherever one fires."""
    spikes, row = response.spikes, response.solution.row
    edges = response.voltage(array("d", grid))
    # The very first spike may start from a V_0 above the threshold.
    start = response.voltage(spikes[first], left=True)
    times: list[float] = []
    values: list[float] = []
    k = first
    for i in range(len(grid) - 1):
        begin, end = grid[i], grid[i + 1]
        fired, k = k, bisect_left(spikes, end, k, last)
        if k > fired:
            peak = max(start, row[THRESHOLD]) if fired == first else row[THRESHOLD]
            times += [begin, begin]
            values += [max(edges[i], peak), min(edges[i], edges[i + 1], row[V_RESET])]
        else:
            times.append(begin)
            values.append(edges[i])
    return [*times, grid[-1]], [*values, edges[-1]]
