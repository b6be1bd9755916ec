"""What a run gives back: spike times, and V and I as functions of time."""

from __future__ import annotations

import dataclasses
import functools
import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from .current import Current
from .errors import ParameterError
from .kernels import adapting, membrane, pairs, steps, trace
from .kernels.membrane import LOC
from .kernels.moments import term_response
from .method import Method
from .neuron import Neuron
from .pieces import Pieces, number, number_array

if TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class State:
    """Where a run ended; `simulate` starts a run over the next span from it.

    Attributes
    ----------
    time : float
        The end of the run (ms), on the current's clock.
    V, V_lo : float
        The potential there (mV, a pair: near the threshold more digits matter).
    free, free_lo : float
        The end of refractoriness, or ``time`` if the neuron is not refractory (ms, a pair).
    memory : tuple of float
        The state beside V of a neuron that remembers its spikes, as `Neuron.initial` returns it;
        where V is held, as it will be at ``free``.
    """

    time: float
    V: float
    V_lo: float
    free: float
    free_lo: float
    memory: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Driven:
    """What both exact solutions have.

    ``jumps`` has the jump of V at the start of each piece (mV; empty where there are none).
    """

    row: list[float]
    pieces: Pieces
    jumps: array[float]

    def jump_times(self) -> array[float]:
        """Return when V jumps other than by a reset (ms)."""
        return array("d", [t for t, j in zip(self.pieces.starts, self.jumps, strict=False) if j])


@dataclasses.dataclass(frozen=True)
class ExactSolution(_Driven):
    """V of an exact run: the spikes and the state at the start of each piece of the input.

    ``before`` is V before the first jump.
    """

    spikes: array[float]
    spikes_lo: array[float]
    piece_f: array[float]
    begin: State
    before: float

    @functools.cached_property
    def _scratch(self) -> list[float]:
        return [0.0] * membrane.anchored_size(self.pieces.terms, self.pieces.offset)

    def sample_threshold(self, times: array[float], left: bool) -> array[float]:
        """Return the threshold (mV) at any times: the same at all of them."""
        return array("d", [self.row[membrane.THRESHOLD]]) * len(times)

    def sample_after_spike(self, times: array[float], left: bool) -> array[float]:
        """Return the after-spike current (nA) at any times: there is none."""
        return array("d", [0.0]) * len(times)

    def sample(self, times: array[float], left: bool) -> array[float]:
        """Return V (mV) at nondecreasing times."""
        out = array("d", bytes(8 * len(times)))
        if times:
            form = self.pieces
            trace.sample(
                self.row,
                form.starts,
                form.value,
                form.value_lo,
                form.slope,
                form.offset,
                form.terms,
                self.jumps,
                self.spikes,
                self.spikes_lo,
                self.piece_f,
                [self.begin.free, self.begin.free_lo, self.begin.V, self.before],
                times,
                left,
                (bisect_left if left else bisect_right)(self.spikes, times[0]),
                max(0, (bisect_left if left else bisect_right)(form.starts, times[0]) - 1),
                self._scratch,
                out,
            )
        return out

    def sample_many(self, times: np.ndarray, left: bool) -> np.ndarray:
        """Return V (mV) at nondecreasing times: the NumPy twin of `kernels.trace.sample`."""
        import numpy as np

        form, row = self.pieces, self.row
        threshold, reset = row[membrane.THRESHOLD], row[membrane.RESET]
        below = math.nextafter(threshold, -math.inf)
        rate, gain = row[membrane.RATE], row[membrane.GAIN]
        starts = np.frombuffer(form.starts)
        spikes = np.frombuffer(self.spikes) if self.spikes else np.zeros(0)
        k = _ranks(spikes, times, "left" if left else "right")
        p = np.maximum(_ranks(starts, times, "left" if left else "right") - 1, 0)
        # One row per stretch between events: (spikes so far, piece).
        stretch = np.flatnonzero(np.diff(k, prepend=-1) | np.diff(p, prepend=-1))
        points = np.diff(np.append(stretch, len(times)))
        k, p = k[stretch], p[stretch]
        hi, lo = starts[p], np.zeros(len(p))
        f = np.frombuffer(self.piece_f)[p]
        v = threshold + f
        v = np.where((f < 0.0) & (v >= threshold), below, v)
        begin = self.begin
        first = (k == 0) & (begin.free >= hi)
        hi, lo, v = (
            np.where(first, a, b) for a, b in ((begin.free, hi), (begin.free_lo, lo), (begin.V, v))
        )
        f = np.where(first, begin.V - threshold, f)
        if len(spikes):
            last = np.maximum(k - 1, 0)
            sums: Any = pairs.two_sum(spikes[last], row[membrane.REFRACTORY])
            free, rest = sums[0], sums[1] + np.frombuffer(self.spikes_lo)[last]
            later = (k > 0) & (free >= hi)
            hi, lo, f, v = (
                np.where(later, a, b)
                for a, b in ((free, hi), (rest, lo), (reset, f), (row[membrane.V_RESET], v))
            )
        s = (hi - starts[p]) + lo
        w1 = gain * np.frombuffer(form.slope)[p]
        w0 = _constant_drive(row, form, p) + w1 * s

        def spread(per_stretch: np.ndarray) -> np.ndarray:
            return np.repeat(per_stretch, points)

        x = np.maximum((times - spread(hi)) - spread(lo), 0.0)
        grown = np.expm1(-rate * x)
        y = spread(f) * np.exp(-rate * x) + spread(w0) * (grown / -rate if rate else x)
        if w1.any():
            y += spread(w1) * _ramp_response(rate, x)
        if form.terms:
            y += self._terms_response(x, grown, p, hi, lo, spread)
        out: np.ndarray = threshold + y
        np.minimum(out, below, out=out, where=x > 0.0)
        held = x == 0.0
        out[held] = spread(v)[held]
        if left and len(spikes):
            ends = np.minimum(np.searchsorted(spikes, times), len(spikes) - 1)
            crossed = (spikes[ends] == times) & ~held
            if self.jumps:
                crossed &= ~np.isin(times, np.frombuffer(self.jump_times()))
            out[crossed] = threshold
        if left:
            out[times == starts[0]] = self.before
        return out

    def _terms_response(
        self, x: Any, grown: Any, p: Any, hi: Any, lo: Any, spread: Any
    ) -> np.ndarray:
        import numpy as np

        form, rate, gain = self.pieces, self.row[membrane.RATE], self.row[membrane.GAIN]
        loc = self._scratch
        flat: list[float] = []
        for q, h, h_lo in zip(p.tolist(), hi.tolist(), lo.tolist(), strict=True):
            s, s_lo = pairs.add(h, h_lo, -form.starts[q], 0.0)
            first, last = form.offset[q], form.offset[q + 1]
            used = 0
            if s >= 0.0 and first < last:
                used = LOC * membrane.anchor_terms(
                    form.terms, first, last, s, s_lo, gain, rate, loc
                )
            flat += loc[:used] + [0.0] * (len(loc) - used)
        table = np.array(flat).reshape(len(p), -1, LOC)
        total: np.ndarray = np.zeros_like(x)
        for j in range(table.shape[1]):
            column = table[:, j]
            kinds = set(column[np.abs(column[:, 2:4]).max(axis=1) > 0.0, 0].tolist())
            for kind in kinds:
                rows = np.where(column[:, :1] == kind, column, 0.0)
                if kind == membrane.SINE:
                    cosine_less_1, sine = _wave(rows[:, 5], rows[:, 9], x, spread)
                    total += spread(rows[:, 6]) * (cosine_less_1 - grown)
                    total -= spread(rows[:, 7]) * sine
                elif kind == membrane.POWER:
                    for n in np.unique(rows[rows[:, 0] == kind, 1]).astype(int).tolist():
                        weight = spread(np.where(rows[:, 1] == n, rows[:, 2], 0.0))
                        here = weight != 0.0
                        total[here] += weight[here] * _power_response(n, rate, x[here])
                elif kind == membrane.REAL:
                    exponent = spread(rows[:, 4])
                    total += spread(rows[:, 2]) * _real_response(exponent, rate, x)
                else:
                    c = spread(rows[:, 2] + 1j * rows[:, 3])
                    terms = zip(
                        spread(rows[:, 1]).tolist(),
                        spread(rows[:, 4] + 1j * rows[:, 5]).tolist(),
                        x.tolist(),
                        strict=True,
                    )
                    answer = [term_response(int(n), e, rate, s) for n, e, s in terms]
                    total += (c * np.array(answer)).real
        return total


@dataclasses.dataclass(frozen=True)
class AdaptingSolution(_Driven):
    """V and the threshold of an exact run with memory: the spikes, and the state behind each.

    ``begin`` is the state before the first jump.
    """

    spikes: array[float]
    spikes_lo: array[float]
    anchors: array[float]
    begin: State

    def sample_all(
        self, times: array[float], left: bool
    ) -> tuple[array[float], array[float], array[float]]:
        """Return V, the threshold (mV) and the after-spike current (nA) at nondecreasing times."""
        found = [array("d", bytes(8 * len(times))) for _ in range(3)]
        form = self.pieces
        size = membrane.anchored_size(form.terms, form.offset) + LOC * adapting.traces(self.row)
        adapting.sample(
            self.row,
            form.starts,
            form.value,
            form.value_lo,
            form.slope,
            form.offset,
            form.terms,
            self.spikes,
            self.spikes_lo,
            self.anchors,
            self.begin.free,
            self.begin.free_lo,
            times,
            left,
            [0.0] * size,
            *found,
        )
        if left and self.jumps and self.jumps[0] != 0.0:
            for i in range(bisect_right(times, form.starts[0])):
                found[0][i] = self.begin.V
        return found[0], found[1], found[2]

    def sample(self, times: array[float], left: bool) -> array[float]:
        """Return V (mV) at nondecreasing times."""
        return self.sample_all(times, left)[0]

    def sample_threshold(self, times: array[float], left: bool) -> array[float]:
        """Return the threshold (mV) at nondecreasing times."""
        return self.sample_all(times, left)[1]

    def sample_after_spike(self, times: array[float], left: bool) -> array[float]:
        """Return the after-spike current (nA) at nondecreasing times."""
        return self.sample_all(times, left)[2]

    def sample_many(self, times: np.ndarray, left: bool) -> np.ndarray:
        """Return V (mV) at an array of nondecreasing times."""
        import numpy as np

        return np.array(self.sample(array("d", times.tolist()), left))


def _ranks(events: Any, times: Any, side: Any) -> Any:
    """Return, for each of the nondecreasing times, how many events lie before (or at) it."""
    import numpy as np

    if len(events) > len(times):
        return np.searchsorted(events, times, side=side)
    # The few among the many: the first time that an event precedes starts the next rank.
    cuts = np.searchsorted(times, events, side="right" if side == "left" else "left")
    counts = np.diff(np.concatenate(([0], cuts, [len(times)])))
    return np.repeat(np.arange(len(events) + 1), counts)


def _constant_drive(row: list[float], form: Pieces, p: Any) -> Any:
    # `membrane.constant_drive` for many pieces: pairs work on arrays as they are.
    import numpy as np

    if len(form) == 1:
        low = form.value_lo[0] if form.value_lo else 0.0
        return np.full(len(p), membrane.constant_drive(row, form.value[0], low))
    rate = row[membrane.RATE]
    value: Any = np.frombuffer(form.value)[p]
    value_lo: Any = np.frombuffer(form.value_lo)[p] if form.value_lo else 0.0
    if rate == 0.0:
        return value * row[membrane.GAIN]
    drive, low = pairs.mul(value, value_lo, row[membrane.SCALE], row[membrane.SCALE + 1])
    d, _ = pairs.add(drive, low, -row[membrane.GAP], -row[membrane.GAP + 1])
    return np.where(np.abs(d) <= 2.0 * membrane.EPSILON * np.abs(drive), 0.0, d) * rate


def _wave(omega: Any, omega_lo: Any, x: Any, spread: Any) -> Any:
    """Return cos - 1 and sin of the phase ``(omega + omega_lo) x``."""
    import numpy as np

    if np.ptp(omega) == 0.0:
        # One sine in every stretch, as usual: no need to spread its frequency.
        half, half_lo = 0.5 * omega[0], 0.5 * omega_lo[0]
    else:
        half, half_lo = 0.5 * spread(omega), 0.5 * spread(omega_lo)
    p = half * x
    # NumPy's tan is far quicker than its sin and cos; a tangent of the half phase gives both.
    tangent = np.tan(p)
    far = np.abs(p) >= membrane.FAR
    if far.any():
        product: Any = pairs.two_prod(half, x)
        step = np.tan(np.where(far, product[1] + half_lo * x, 0.0))
        tangent = (tangent + step) / (1.0 - tangent * step)
    squared = tangent * tangent
    scale = 1.0 / (1.0 + squared)
    return -2.0 * squared * scale, 2.0 * tangent * scale


def _ramp_response(rate: float, x: Any) -> Any:
    import numpy as np

    z = rate * x
    small = z <= 0.3
    total = np.full_like(x, 0.5)
    term = total.copy()
    for k in range(3, 16):
        term = term * np.where(small, -z, 0.0) / k
        total += term
    large = (z + np.expm1(-z)) / (rate * rate) if rate else total
    return np.where(small, x * x * total, large)


def _power_response(n: int, rate: float, x: Any) -> Any:
    import numpy as np

    z = rate * x
    small = z < n + 2.0
    term = np.full_like(x, 1.0 / (n + 1.0))
    total = term.copy()
    near = np.where(small, z, 0.0)
    k = n + 2.0
    while np.any(np.abs(term) > 2e-17 * total):
        term = term * -near / k
        total += term
        k += 1.0
    if not small.all():
        far = z[~small]
        m = -np.expm1(-far) / far
        for j in range(1, n + 1):
            m = (1.0 - j * m) / far
        total[~small] = m
    return x ** (n + 1) * total


def _real_response(exponent: Any, rate: float, x: Any) -> Any:
    import numpy as np

    a = exponent + rate
    z = a * x
    safe = np.where(z == 0.0, 1.0, a)
    rising = np.exp(-rate * x) * np.expm1(np.minimum(z, 0.0))
    falling = -np.exp(exponent * x) * np.expm1(-np.maximum(z, 0.0))
    return np.where(z == 0.0, x * np.exp(-rate * x), np.where(z < 0.0, rising, falling) / safe)


@dataclasses.dataclass(frozen=True)
class GridSolution:
    """V of a fixed-step run: its nodes, joined by lines, or by cubics for ``hermite``."""

    row: list[float]
    pieces: Pieces
    constants: array[float]
    nodes: array[float]
    before: array[float]
    after: array[float]
    spikes: array[float]
    cubic: bool
    release: float
    # The threshold above its resting value (mV) and the after-spike current (nA), before and after
    # a spike at each node.
    memory: tuple[array[float], ...] = ()

    def sample_threshold(self, times: array[float], left: bool) -> array[float]:
        """Return the threshold (mV) at any times."""
        if not self.memory:
            return array("d", [self.row[membrane.THRESHOLD]]) * len(times)
        before, after = self.memory[:2]
        return dataclasses.replace(self, before=before, after=after).sample(times, left)

    def sample_after_spike(self, times: array[float], left: bool) -> array[float]:
        """Return the after-spike current (nA) at any times."""
        if not self.memory:
            return array("d", [0.0]) * len(times)
        before, after = self.memory[2:]
        found = dataclasses.replace(self, before=before, after=after).sample(times, left)
        return array("d", [v - self.row[membrane.THRESHOLD] for v in found])

    def jump_times(self) -> array[float]:
        """Return when V jumps, at a reset too (ms)."""
        jumps = zip(self.nodes, self.before, self.after, strict=True)
        return array("d", [t for t, before, after in jumps if before != after])

    def sample(self, times: array[float], left: bool) -> array[float]:
        """Return V (mV) at any times."""
        out = array("d", bytes(8 * len(times)))
        form = self.pieces
        steps.sample(
            self.row,
            form.starts,
            self.constants,
            form.slope,
            form.offset,
            form.terms,
            self.nodes,
            self.before,
            self.after,
            len(self.nodes),
            self.spikes,
            len(self.spikes),
            self.release,
            self.cubic,
            times,
            left,
            out,
        )
        return out

    def sample_many(self, times: np.ndarray, left: bool) -> np.ndarray:
        """Return V (mV) at an array of times."""
        import numpy as np

        if self.cubic:
            return np.array(self.sample(array("d", times.tolist()), left))
        nodes = np.frombuffer(self.nodes)
        threshold = self.row[membrane.THRESHOLD]
        i = np.searchsorted(nodes, times, side="left" if left else "right") - 1
        i = np.clip(i, 0, max(len(nodes) - 2, 0))
        j = np.minimum(i + 1, len(nodes) - 1)
        a, b = np.frombuffer(self.after)[i], np.frombuffer(self.before)[j]
        width = np.where(j > i, nodes[j] - nodes[i], 1.0)
        share = (times - nodes[i]) / np.where(width > 0.0, width, 1.0)
        value = a + (b - a) * np.clip(share, 0.0, 1.0)
        if not left:
            value = np.where(times >= nodes[-1], self.after[-1], value)
        else:
            value = np.where(times <= nodes[0], self.before[0], value)
        return threshold + value


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Response:
    """One run: its spike times, and V and I at any time.

    Attributes
    ----------
    neuron, current_in, method
        What was simulated; `current` gives the current at any time.
    start, stop : float
        The span (ms), both ends included; a run starts at 0 unless it goes on from a `State`.
    spikes, spikes_lo : array
        Spike times (ms) as pairs; ``spikes`` alone is the pair, rounded once.
    grazes : array
        Times (ms) at which V came so close to the threshold, within 16 ulp, that doubles cannot
        tell a touch from a miss.
    state : State
        Where the run ended.
    """

    neuron: Neuron
    current_in: Current
    method: Method
    start: float
    stop: float
    spikes: array[float]
    spikes_lo: array[float]
    grazes: array[float]
    state: State
    solution: ExactSolution | AdaptingSolution | GridSolution

    @property
    def duration(self) -> float:
        """The length of the span (ms)."""
        return self.stop - self.start

    @functools.cached_property
    def spike_times(self) -> np.ndarray:
        """Spike times (ms), increasing: a read-only float64 array, shape (spikes,)."""
        import numpy as np

        times = np.frombuffer(self.spikes) if self.spikes else np.zeros(0)
        times.flags.writeable = False
        return times

    @property
    def spike_count(self) -> int:
        """How many spikes there are."""
        return len(self.spikes)

    @functools.cached_property
    def intervals(self) -> array[float]:
        """Interspike intervals (ms), from the pairs: one rounding each."""
        hi, lo = self.spikes, self.spikes_lo
        return array("d", [(hi[k] - hi[k - 1]) + (lo[k] - lo[k - 1]) for k in range(1, len(hi))])

    @overload
    def voltage(self, t: float, left: bool = False) -> float: ...
    @overload
    def voltage(self, t: array[float], left: bool = False) -> array[float]: ...
    @overload
    def voltage(self, t: np.ndarray, left: bool = False) -> np.ndarray: ...

    def voltage(self, t: Any, left: bool = False) -> Any:
        """Return the membrane potential: the continuous solution, not samples of it.

        Parameters
        ----------
        t : float or array
            Times within the span (ms), in any order.
        left : bool
            At a spike or a jump of V, take the side before it.

        Returns
        -------
        float or array
            mV, of the shape of ``t``; an ``array('d')`` comes back as one, without NumPy.

        Raises
        ------
        ParameterError
            If a time lies outside the span.
        """
        return self._sampled(t, left, self.solution.sample, self.solution.sample_many)

    @overload
    def threshold(self, t: float, left: bool = False) -> float: ...
    @overload
    def threshold(self, t: array[float], left: bool = False) -> array[float]: ...
    @overload
    def threshold(self, t: np.ndarray, left: bool = False) -> np.ndarray: ...

    def threshold(self, t: Any, left: bool = False) -> Any:
        """Return the threshold, which moves in some neurons.

        Parameters
        ----------
        t : float or array
            Times within the span (ms), in any order.
        left : bool
            At a spike, take the side before it.

        Returns
        -------
        float or array
            mV, of the shape of ``t``.

        Raises
        ------
        ParameterError
            If a time lies outside the span.
        """
        return self._sampled(t, left, self.solution.sample_threshold)

    @overload
    def after_spike_current(self, t: float, left: bool = False) -> float: ...
    @overload
    def after_spike_current(self, t: array[float], left: bool = False) -> array[float]: ...
    @overload
    def after_spike_current(self, t: np.ndarray, left: bool = False) -> np.ndarray: ...

    def after_spike_current(self, t: Any, left: bool = False) -> Any:
        """Return the sum of the currents that spikes leave behind; 0 where spikes leave none.

        Parameters
        ----------
        t : float or array
            Times within the span (ms), in any order.
        left : bool
            At a spike, take the side before it.

        Returns
        -------
        float or array
            nA, of the shape of ``t``, as it adds to the input: an adaptation current is negative.

        Raises
        ------
        ParameterError
            If a time lies outside the span.
        """
        return self._sampled(t, left, self.solution.sample_after_spike)

    def _sampled(
        self,
        t: Any,
        left: bool,
        sample: Callable[[array[float], bool], array[float]],
        sample_many: Callable[[np.ndarray, bool], np.ndarray] | None = None,
    ) -> Any:
        """Return what ``sample`` gives at times of any kind, order and shape."""
        if isinstance(t, (int, float)):
            time = number(t)
            self._check_span(time, time)
            return sample(array("d", [time]), left)[0]
        if isinstance(t, array):
            if not t:
                return array("d")
            self._check_span(min(t), max(t), t)
            order = sorted(range(len(t)), key=t.__getitem__)
            if order == list(range(len(t))):
                return sample(t, left)
            sampled = sample(array("d", [t[i] for i in order]), left)
            out = array("d", bytes(8 * len(t)))
            for i, v in zip(order, sampled, strict=True):
                out[i] = v
            return out
        import numpy as np

        def many(sorted_times: np.ndarray) -> np.ndarray:
            if sample_many is not None:
                return sample_many(sorted_times, left)
            return np.array(sample(array("d", sorted_times.tolist()), left))

        times = number_array(t)
        flat = times.ravel()
        if not len(flat):
            return np.zeros(times.shape)
        if bool(np.isnan(flat).any()):
            raise ParameterError("t", "must be finite, ms", math.nan)
        self._check_span(float(flat.min()), float(flat.max()))
        if bool((flat[1:] >= flat[:-1]).all()):
            return many(flat).reshape(times.shape)
        ranks = np.argsort(flat, kind="stable")
        values = np.empty_like(flat)
        values[ranks] = many(flat[ranks])
        return values.reshape(times.shape)

    @overload
    def current(self, t: float, left: bool = False) -> float: ...
    @overload
    def current(self, t: array[float], left: bool = False) -> array[float]: ...
    @overload
    def current(self, t: np.ndarray, left: bool = False) -> np.ndarray: ...

    def current(self, t: Any, left: bool = False) -> Any:
        """Return the input current.

        Parameters
        ----------
        t : float or array
            Times (ms).
        left : bool
            At a jump, take the side before it.

        Returns
        -------
        float or array
            nA, of the shape of ``t``.
        """
        return self.current_in(t, left)

    def _check_span(self, low: float, high: float, times: array[float] | None = None) -> None:
        if times is not None and any(s != s for s in times):
            low = math.nan
        if not (self.start <= low and high <= self.stop):
            outside = low if not self.start <= low else high
            raise ParameterError("t", f"must be in [{self.start:g}, {self.stop:g}] ms", outside)

    def __repr__(self) -> str:
        span = f"[{self.start:g}, {self.stop:g}] ms"
        return f"<Response of {self.neuron.model} over {span}: {self.spike_count} spikes>"
