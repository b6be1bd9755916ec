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
from collections.abc import Callable, Iterator
from operator import itemgetter

from .current import Current
from .kernels import adapting
from .kernels.membrane import RATE, TERM, THRESHOLD, V_RESET, capacitance
from .pieces import Pieces
from .response import AdaptingSolution, ExactSolution, GridSolution, Response

Line = tuple[list[float], list[float]]

# A line's samples lie at most so many pixels apart, before it is looked at where it bends.
_COARSE = 32.0
# Phase or decay (in units of 1/rate) that a step may span: the line is then all but a parabola,
# to a thousandth of its amplitude.
_SPAN = 0.5
# After so many time constants nothing is seen of what has decayed.
_GONE = 10.0
# Deviation from the true line upwards, as a share of its whole range: a tenth of a pixel of 500;
# and sideways, in pixels.
_FLAT = 0.0002
_ASIDE = 0.1
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


def _coarse(corners: list[float], pixel: float, rate: float, fading: float = 0.0) -> list[float]:
    """Return times that follow a curve, smooth from corner to corner, that changes at ``rate``.

    What fades out after each corner at the rate ``fading`` is followed until it is gone.
    """

    def step_at(speed: float) -> float:
        return pixel * _COARSE if speed == 0.0 else min(pixel * _COARSE, max(pixel, _SPAN / speed))

    slow, quick = step_at(rate), step_at(max(rate, fading))
    gone = _GONE / fading if fading > 0.0 else math.inf
    times = [corners[0]]
    for a, b in itertools.pairwise(corners):
        middle = min(b, a + gone)
        for start, end, step in ((a, middle, quick), (middle, b, slow)):
            if end - start > step > 0.0:
                times += _grid(start, end, math.ceil((end - start) / step))[1:]
            elif end > start:
                times.append(end)
    return times


def _smooth(
    sample: Callable[[array[float]], array[float]],
    times: list[float],
    before: dict[float, float],
    pixel: float,
    size: float = 0.0,
) -> Line:
    """Return a line through ``times`` and as many more as it takes not to stray from the curve.

    ``before`` has the value before each jump.  Between two of the times the curve is all but a
    parabola: its middle tells into how many parts the gap must be divided.  ``size`` is what the
    values were rounded at, if that is more than they are.
    """
    looks = array("d")
    gaps: list[bool] = []  # whether the middle of a gap follows
    for a, b in itertools.pairwise(times):
        looks.append(a)
        gaps.append(b - a > _FINEST * pixel > 0.0)
        if gaps[-1]:
            looks.append(0.5 * (a + b))
    looks.append(times[-1])
    values = sample(looks)
    top, low = max(values), min(values)
    if before:
        top, low = max(top, *before.values()), min(low, *before.values())
    least = _FLAT * (top - low) + _DUST * max(abs(top), abs(low), size)
    again = array("d")
    drawn, shown = [looks[0]], [before.get(looks[0], values[0])]
    if shown[0] != values[0]:
        drawn.append(looks[0])
        shown.append(values[0])
    k = 0
    for looked in gaps:
        v_a, v_m = values[k], values[k + 1]
        a = looks[k]
        k += 1 + looked
        b = looks[k]
        v_b = before.get(b, values[k])
        if looked:
            stray = abs(v_m - 0.5 * (v_a + v_b))
            if stray > least > 0.0:
                # Where the curve is steep all over the gap, a little aside is much upwards.
                steep_a, steep_b = 4.0 * v_m - 3.0 * v_a - v_b, 3.0 * v_b + v_a - 4.0 * v_m
                aside = min(abs(steep_a), abs(steep_b)) if steep_a * steep_b > 0.0 else 0.0
                tolerance = least + _ASIDE * pixel / (b - a) * aside
                parts = math.ceil(math.sqrt(stray / tolerance))
                parts = min(parts, math.ceil(2.0 * (b - a) / (_FINEST * pixel)))
                again.extend(a + (b - a) * i / parts for i in range(1, parts))
        if v_b != values[k]:
            drawn.append(b)
            shown.append(v_b)
        drawn.append(b)
        shown.append(values[k])
    return _with((drawn, shown), again, sample(again)) if again else (drawn, shown)


def _with(line: Line, more: array[float], values: array[float]) -> Line:
    """Return a line with more samples, put where they belong."""
    samples = [*zip(*line, strict=True), *zip(more, values, strict=True)]
    samples.sort(key=itemgetter(0))
    return [t for t, _ in samples], [value for _, value in samples]


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
    before = {t: current(t, left=True) for t in jumps}
    corners = sorted({low, *jumps, high})
    if omega * pixel > _SPAN:
        times = sorted({*_waves(low, high, width, omega), *jumps})
        return _waving(current, times, before, low, high, width)
    rate = max(omega, decay)
    times = _coarse(corners, pixel, rate)
    if len(times) > 2 * width:
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
    drawn: list[float] = []
    shown: list[float] = []
    for t, value in zip(times, values, strict=True):
        if before.get(t, value) != value:
            drawn.append(t)
            shown.append(before[t])
        drawn.append(t)
        shown.append(value)
    return _bands(low, high, width, _with((drawn, shown), more, sample(more)))


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

    A spike's time stands twice, with V before and after the reset, and so does a jump's; that of
    a spike that a jump made stands thrice, with the threshold between.
    """
    spikes, form = response.spikes, response.current_in.normal_form
    first, last = bisect_left(spikes, low), bisect_right(spikes, high)
    seen = spikes[first:last]
    decay, omega = _fastest(form)
    pixel = (high - low) / width
    waves = omega * pixel > _SPAN
    if len(seen) > width:
        grid = _waves(low, high, width, omega) if waves else _grid(low, high, width)
        return _columns(response, grid, first, last)
    t_ref = response.neuron.given()["t_ref"]
    corners = [t + t_ref for t in spikes[max(0, first - 1) : last] if low < t + t_ref < high]
    solution = response.solution
    marks = solution.nodes if isinstance(solution, GridSolution) else form.starts
    marks = marks[bisect_right(marks, low) : bisect_left(marks, high)]
    few = len(marks) <= width
    jumps = solution.jump_times()
    jumps = jumps[bisect_left(jumps, low) : bisect_right(jumps, high)]
    if few:
        corners += marks
    # Between the nodes of a fixed step there is nothing to follow.
    still = few and isinstance(solution, GridSolution)
    rate, fading = (0.0, 0.0) if still else (max(omega, decay), solution.row[RATE])
    if isinstance(solution, AdaptingSolution):
        fading = max(fading, adapting.fastest(solution.row))
    times = sorted({low, high, *corners, *seen})
    if waves:
        times = sorted({*times, *_waves(low, high, width, omega)})
    elif few:
        times = _coarse(times, pixel, rate, fading)
    else:
        times = sorted({*times, *_grid(low, high, width), *jumps})
    before: dict[float, float] = {}
    if seen:
        peaks: Iterator[float] = itertools.repeat(solution.row[THRESHOLD])
        if not isinstance(solution, ExactSolution):
            peaks = iter(response.voltage(seen, left=True))
        before = dict(zip(seen, peaks, strict=False))
        # The very first spike may start from a V_0 above the threshold.
        before[seen[0]] = response.voltage(seen[0], left=True)
    if jumps:
        before.update(zip(jumps, response.voltage(jumps, left=True), strict=True))
    if waves or (jumps and not few):
        line = _waving(response.voltage, times, before, low, high, width)
    else:
        size = max(abs(solution.row[THRESHOLD]), abs(solution.row[V_RESET]))
        line = _smooth(response.voltage, times, before, pixel, size)
    kicked = {t: before[t] for t in {*jumps} & {*seen}}
    return _peaked(line, kicked, solution.row[THRESHOLD]) if jumps else line


def _peaked(line: Line, before: dict[float, float], threshold: float) -> Line:
    """Return a line that touches the threshold also where a jump made a spike.

    ``before`` has V before each of these.
    """
    drawn: list[float] = []
    shown: list[float] = []
    times = line[0]
    for k, (t, v) in enumerate(zip(*line, strict=True)):
        if before.get(t, threshold) < threshold and times[k + 1 : k + 2] != [t]:
            if times[max(0, k - 1)] != t or k == 0:
                drawn.append(t)
                shown.append(before[t])
            drawn.append(t)
            shown.append(threshold)
        drawn.append(t)
        shown.append(v)
    return drawn, shown


def _columns(response: Response, grid: list[float], first: int, last: int) -> Line:
    """Return the line where spikes outnumber pixels: from reset to threshold wherever one fires."""
    spikes, row = response.spikes, response.solution.row
    edges = response.voltage(array("d", grid))
    # The very first spike may start from a V_0 above the threshold.
    start = response.voltage(spikes[first], left=True)
    tops = lows = array("d")
    moving = isinstance(response.solution, AdaptingSolution)
    if moving:
        tops = response.voltage(spikes[first:last], left=True)
        lows = response.voltage(spikes[first:last])
    times: list[float] = []
    values: list[float] = []
    k = first
    for i in range(len(grid) - 1):
        begin, end = grid[i], grid[i + 1]
        fired, k = k, bisect_left(spikes, end, k, last)
        if k > fired:
            peak, low = row[THRESHOLD], row[V_RESET]
            if moving:
                peak, low = (
                    max(tops[fired - first : k - first]),
                    min(lows[fired - first : k - first]),
                )
            elif fired == first:
                peak = max(start, peak)
            times += [begin, begin]
            values += [max(edges[i], peak), min(edges[i], edges[i + 1], low)]
        else:
            times.append(begin)
            values.append(edges[i])
    return [*times, grid[-1]], [*values, edges[-1]]


def threshold_line(response: Response, line: Line) -> Line:
    """Return times (ms) and thresholds (mV), where a line of V has its samples."""
    return _jumping(response.threshold, line)


def after_spike_line(response: Response, line: Line) -> Line:
    """Return times (ms) and after-spike currents (nA), where a line of V has its samples."""
    return _jumping(response.after_spike_current, line)


def _jumping(sample: Callable[..., array[float]], line: Line) -> Line:
    times = array("d", line[0])
    after, before = sample(times), sample(times, left=True)
    drawn: list[float] = []
    shown: list[float] = []
    for t, a, b in zip(times, before, after, strict=True):
        if drawn and drawn[-1] == t:
            continue
        if a != b:
            drawn.append(t)
            shown.append(a)
        drawn.append(t)
        shown.append(b)
    return drawn, shown


def kick_line(response: Response, low: float, high: float, width: int) -> Line:
    """Return times (ms) and sizes (mV) of the jumps that the input brings in ``[low, high]``.

    A jump counts whether V makes it or, being refractory, does not. Of several in one of ``width``
    pixels it is the largest.
    """
    form = response.current_in.normal_form
    sizes, _ = form.jumps(*capacitance(response.neuron.pack()))
    first, last = bisect_left(form.starts, low), bisect_right(form.starts, high)
    largest: dict[int, tuple[float, float]] = {}
    for t, size in zip(form.starts[first:last], sizes[first:last], strict=False):
        column = int((t - low) / (high - low) * width) if high > low else 0
        if abs(size) > abs(largest.get(column, (t, 0.0))[1]):
            largest[column] = t, size
    return [t for t, _ in largest.values()], [size for _, size in largest.values()]
