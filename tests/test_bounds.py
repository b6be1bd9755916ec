"""The bounds that the search for crossings rests on are bounds, and the searches end.

The truth is V, V', V'' on a fine grid, from the definition: V by Gauss-Legendre quadrature of the
variation of constants over each cell, V' and V'' from the differential equation.  It shares no
formula with the kernels.  A bound may be missed by rounding only: 1e-11 of the largest part.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import lapicque as lq
from lapicque.kernels import crossing
from lapicque.kernels.membrane import LOC, anchor_terms

CELLS = 600
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass
class Stretch:
    """A drive ``w0 + w1 x + Re sum c x^n exp(l x)`` on (0, length), and V - V_th, ``f`` at 0."""

    rate: float
    length: float
    f: float
    w0: float
    w1: float
    terms: list[tuple[int, complex, complex]]
    loc: list[float] = field(init=False)
    count: int = field(init=False)

    def __post_init__(self):
        packed: list[float] = []
        for n, c, exponent in self.terms:
            packed += [float(n), c.real, c.imag, exponent.real, exponent.imag, 0.0, 0.0]
        self.loc = [0.0] * (LOC * 13 * max(1, len(self.terms)))
        self.count = anchor_terms(packed, 0, len(self.terms), 0.0, 0.0, 1.0, self.rate, self.loc)
        cell = self.length / CELLS
        self.x = cell * np.arange(CELLS + 1)
        inside = self.x[:-1, None] + 0.5 * cell * (1.0 + NODES)
        fading = np.exp(-self.rate * 0.5 * cell * (1.0 - NODES))
        gained = 0.5 * cell * (self.drive(inside, 0) * fading * WEIGHTS).sum(axis=1)
        v = [self.f]
        for gain in gained:
            v.append(v[-1] * math.exp(-self.rate * cell) + gain)
        self.v = np.array(v)
        self.h, self.h1, self.h2 = (self.drive(self.x, order) for order in range(3))
        self.v1 = self.h - self.rate * self.v
        self.v2 = self.h1 - self.rate * self.v1
        sizes = [self.size(order) for order in range(3)]
        self.slack = 1e-11 * (1.0 + abs(self.f) + sizes[0] * self.length)
        self.slack_h = 1e-11 * (1.0 + sizes[0])
        self.slack_2 = self.rate * self.rate * self.slack + self.rate * self.slack_h
        self.slack_2 += 1e-11 * (1.0 + sizes[1] + sizes[2])

    def parts(self, x, order):
        """The drive's parts, differentiated ``order`` times."""
        yield [self.w0 + self.w1 * x, self.w1 + 0.0 * x, 0.0 * x][order]
        for n, c, exponent in self.terms:
            total = 0.0
            for k in range(order + 1):
                if k <= n:
                    power = math.perm(n, k) * x ** (n - k)
                    total = total + math.comb(order, k) * power * exponent ** (order - k)
            yield (c * total * np.exp(exponent * x)).real

    def drive(self, x, order):
        return sum(self.parts(x, order))

    def size(self, order):
        return float(sum(np.max(np.abs(part)) for part in self.parts(self.x, order)))


def amounts(most: float = 30.0) -> st.SearchStrategy[float]:
    return st.floats(-most, most).map(lambda v: round(v, 3))


PACES = st.floats(-2.0, 0.5).map(lambda d: round(10.0**d, 4))
EXPONENTS = st.one_of(
    PACES.map(lambda p: complex(-p, 0.0)),
    PACES.map(lambda p: complex(0.0, p)),
    st.builds(lambda p, q: complex(-p, q), PACES, PACES),
    st.builds(lambda p, q: complex(-p, -q), PACES, PACES),
)


@st.composite
def any_term(draw) -> tuple[int, complex, complex]:
    n = draw(st.sampled_from([0, 0, 0, 1, 2, 3]))
    exponent = draw(st.one_of(EXPONENTS, st.just(0j)) if n >= 2 else EXPONENTS)
    im = draw(amounts(3.0)) if exponent.imag else 0.0
    return n, complex(draw(amounts(3.0)), im), exponent


ANY_TERM = any_term()


def stretches(terms=ANY_TERM, most: int = 3) -> st.SearchStrategy[Stretch]:
    return st.builds(
        Stretch,
        rate=st.one_of(st.just(0.0), PACES),
        length=st.sampled_from([0.5, 7.0, 60.0]),
        f=st.floats(-30.0, -0.001),
        w0=amounts(3.0),
        w1=st.one_of(st.just(0.0), amounts(0.5)),
        terms=st.lists(terms, min_size=1, max_size=most),
    )


SLOW = settings(max_examples=150, deadline=None)
RESONANT = Stretch(0.5, 20.0, -5.0, 1.0, 0.0, [(0, 2 + 0j, -0.5 + 0j), (2, 1 + 0j, -0.5 + 0.5j)])
PERFECT = Stretch(0.0, 20.0, -5.0, -1.0, 0.1, [(0, 2 + 0j, -0.5 + 0j), (0, 1 + 1j, 2j)])
POWERS = Stretch(0.2, 9.0, -5.0, 0.3, -0.1, [(2, 0.1 + 0j, 0j), (3, -0.02 + 0j, 0j)])


@given(stretches(), st.integers(0, CELLS))
@example(RESONANT, 100)
@example(PERFECT, 100)
@example(POWERS, 100)
@SLOW
def test_curvature_bounds_the_second_derivative_of_v(s, k):
    """From above and in absolute value, from any point of the stretch to its end."""
    coefficient = crossing.transient_curvature(s.f, s.w0, s.w1, s.rate, s.loc, s.count)
    above, size = crossing.curvature(s.x[k], s.length, coefficient, s.rate, s.loc, s.count)
    assert 0.0 <= above <= size < math.inf
    assert s.v2[k:].max() <= above + s.slack_2
    assert np.abs(s.v2[k:]).max() <= size + s.slack_2


@pytest.mark.parametrize("rate", [0.0, 0.1, 2.0])
@pytest.mark.parametrize(("w0", "w1"), [(3.0, 0.0), (3.0, 0.7), (-1.0, -0.2)])
def test_curvature_is_attained_under_a_linear_drive(rate, w0, w1):
    """There the transient is all there is."""
    s = Stretch(rate, 8.0, -4.0, w0, w1, [])
    coefficient = crossing.transient_curvature(s.f, w0, w1, rate, [], 0)
    assert np.allclose(s.v2, coefficient * np.exp(-rate * s.x), rtol=0.0, atol=s.slack_2)
    above, size = crossing.curvature(0.0, s.length, coefficient, rate, [], 0)
    assert (above, size) == (max(coefficient, 0.0), abs(coefficient))


def test_curvature_is_attained_under_a_sine():
    """Once the transient is gone, at the top of the response's curve."""
    s = Stretch(1.0, 100.0, -1.0, 0.0, 0.0, [(0, 2 - 1j, 3j)])
    coefficient = crossing.transient_curvature(s.f, 0.0, 0.0, 1.0, s.loc, s.count)
    _, size = crossing.curvature(50.0, s.length, coefficient, 1.0, s.loc, s.count)
    assert np.abs(s.v2[300:]).max() == pytest.approx(size, rel=0.05)


@given(stretches(), st.integers(0, CELLS), st.integers(0, CELLS))
@example(RESONANT, 0, CELLS)
@example(POWERS, 30, 500)
@SLOW
def test_the_drive_stays_below_its_ceiling_and_its_curvature_bound(s, k, m):
    """On any part of the stretch."""
    k, m = min(k, m), max(k, m)
    x, horizon = s.x[k], s.x[m]
    ceiling = crossing.drive_ceiling(x, horizon, s.w0, s.w1, s.loc, s.count)
    assert s.h[k : m + 1].max() <= ceiling + s.slack_h
    bend = crossing.drive_curvature(x, horizon, s.loc, s.count)
    assert np.abs(s.h2[k : m + 1]).max() <= bend + 1e-11 * (1.0 + s.size(2))


@given(stretches(), st.integers(0, CELLS - 1))
@example(RESONANT, 0)
@example(PERFECT, 0)
@SLOW
def test_the_threshold_is_out_of_reach_within_a_ceiling_step(s, k):
    """V stays below the threshold until the step's end, or to the end of the stretch."""
    assume(s.v[k] < 0.0)
    x = s.x[k]
    step = crossing.ceiling_step(x, s.v[k], s.length, s.w0, s.w1, s.rate, s.loc, s.count)
    assert step >= 0.0
    within = s.x[k:] <= x + step
    assert s.v[k:][within].max() <= s.slack


@pytest.mark.parametrize("rate", [0.0, 0.1])
@pytest.mark.parametrize("w0", [0.9, 1.1, 3.0])
def test_a_ceiling_step_under_a_constant_is_the_time_to_the_threshold(rate, w0):
    """There the ceiling is the solution; a drive too weak never gets there."""
    step = crossing.ceiling_step(0.0, -10.0, 50.0, w0 - rate * 10.0, 0.0, rate, [], 0)
    drive = w0 - rate * 10.0
    if drive <= 0.0:
        assert step == math.inf
    else:
        truth = 10.0 / drive if rate == 0.0 else math.log1p(rate * 10.0 / drive) / rate
        assert step == pytest.approx(truth, rel=1e-14)


SINES = st.builds(
    lambda re, im, pace, sign: (0, complex(re, im), complex(0.0, sign * pace)),
    amounts(),
    amounts(),
    PACES,
    st.sampled_from([1.0, -1.0]),
)


@given(stretches(SINES, most=1))
@example(Stretch(0.1, 60.0, -9.0, 0.9, 0.0, [(0, 1 + 1j, 0.9j)]))
@example(Stretch(0.0, 60.0, -9.0, 0.2, 0.0, [(0, 1 + 1j, 0.9j)]))
@example(Stretch(0.0, 60.0, -0.001, -0.2, 0.0, [(0, 2 + 0j, 0.9j)]))
@SLOW
def test_v_under_a_sine_is_below_the_threshold_outside_its_envelope(s):
    """``(start, stop)`` holds every point at which V reaches the threshold."""
    s = Stretch(s.rate, s.length, s.f, s.w0, 0.0, s.terms)
    assume(s.loc[2] or s.loc[3])
    ripple = math.hypot(s.loc[6], s.loc[7])
    start, stop = crossing.envelope(s.f - s.loc[6], s.w0, s.rate, ripple, s.length)
    assert 0.0 <= start <= s.length
    outside = (s.x < start) | (s.x > stop)
    assert not outside.any() or s.v[outside].max() <= s.slack
    # V is also no higher than the envelope's formula says, on the way.
    leak = s.x if s.rate == 0.0 else -np.expm1(-s.rate * s.x) / s.rate
    formula = (s.f - s.loc[6]) * np.exp(-s.rate * s.x) + s.w0 * leak + ripple
    assert (s.v <= formula + s.slack).all()


@given(st.integers(-1, 12), st.one_of(st.just(0.0), PACES), st.floats(0, 50), st.floats(0, 50))
@settings(max_examples=150, deadline=None)
def test_the_supremum_of_a_damped_power(n, decay, x, width):
    """``u^n exp(-decay u)``: not exceeded on the interval, and attained."""
    bound = crossing.term_supremum(n, decay, x, x + width)
    if n < 0:
        assert bound == 0.0
        return
    u = np.append(np.linspace(x, x + width, 5001), np.clip(n / max(decay, 1e-9), x, x + width))
    truth = (u**n * np.exp(-decay * u)).max()
    assert bound == pytest.approx(truth, rel=1e-12)


@given(
    st.floats(-12.0, 3.0).map(lambda d: -(10.0**d)),
    st.one_of(st.just(0.0), amounts(1e3)),
    st.one_of(st.just(0.0), st.floats(-12.0, 3.0).map(lambda d: 10.0**d)),
)
@example(-1.0, -1e3, 1e-9)
@settings(max_examples=300, deadline=None)
def test_a_majorant_step_ends_at_the_parabolas_first_root(y, slope, bend):
    """The parabola is negative before it and zero there."""
    step = crossing.majorant_step(y, slope, bend)
    assert step > 0.0
    if step == math.inf:
        assert slope <= 0.0 == bend
        return
    parts = [y, slope * step, 0.5 * bend * step * step]
    assert abs(sum(parts)) <= 1e-13 * sum(map(abs, parts))
    for part in np.linspace(0.0, 1.0, 50)[:-1] * step:
        assert y + slope * part + 0.5 * bend * part * part < 0.0


@given(
    st.floats(-9.0, 3.0).map(lambda d: 10.0**d),
    st.floats(-9.0, 6.0).map(lambda d: 10.0**d),
    st.one_of(st.just(0.0), st.floats(-4.0, 2.0).map(lambda d: 10.0**d)),
    st.sampled_from([1.0, -1.0]),
)
@settings(max_examples=300, deadline=None)
def test_a_newton_step_is_exact_under_a_constant_drive(size, h, rate, sign):
    """Forward from below the threshold and backward from above it.

    The truth: ``f exp(-rate s) + h integral_0^s exp(-rate u) du = 0``.
    """
    f = -sign * size
    step = crossing.newton_step(f, h, rate)
    if step == -math.inf:
        assert f * rate >= h  # V decays towards a level above the threshold
        return
    assert math.copysign(1.0, step) == sign
    leak = step if rate == 0.0 else -math.expm1(-rate * step) / rate
    risen = h * leak
    # exp(-rate step) is rounded to half an ulp of its exponent.
    allowed = 1e-15 * (4.0 + abs(rate * step))
    assert abs(f * math.exp(-rate * step) + risen) <= allowed * (abs(risen) + abs(f))


@given(stretches(), st.integers(0, CELLS - 1), st.sampled_from([1.0, -1.0]))
# A line, once the decay is gone: hardly any curvature is left where it turns.
@example(Stretch(0.1, 60.0, -1.0, 2.0, -0.062, [(0, 1 + 0j, -1 + 0j)]), 0, -1.0)
@SLOW
def test_no_turn_of_the_drive_is_overstepped(s, k, sign):
    """Up to the turn that is found, the drive keeps its sign."""
    budget = [1e5]
    found = crossing.turn_of_drive(s.x[k], sign, s.length, s.w0, s.w1, s.loc, s.count, budget)
    assert budget[0] > 0.0
    before = (s.x >= s.x[k]) & (s.x < found)
    assert not before.any() or (sign * s.h[before]).max() <= s.slack_h


def test_isolation_finds_a_peak_where_the_drive_turns_with_hardly_any_curvature():
    """V rises above the threshold by 1e-3 mV under a falling line and a decay long gone."""
    s = Stretch(0.1, 60.0, -70.0, 0.9918, -0.03, [(0, 1 + 0j, -1 + 0j)])
    assert 1e-4 < s.v.max() < 1e-2
    arguments = (s.length, s.f, s.w0, s.w1, s.rate, s.loc, s.count, 1e-13, [1e4])
    found, _ = crossing.isolate(*arguments)
    assert found == pytest.approx(crossing.march(*arguments)[0], abs=1e-9)
    assert s.x[s.v < 0.0].min() < found < s.x[s.v.argmax()]


# The searches end --------------------------------------------------------------------------


def test_isolation_leaves_a_point_where_the_drive_touches_zero_from_below():
    """``cos 2x - cos x`` is zero with zero slope at the start, and then negative."""
    s = Stretch(0.1, 20.0, -0.5, 0.0, 0.0, [(0, -1 + 0j, 1j), (0, 1 + 0j, 2j)])
    budget = [10_000.0]
    arguments = (s.length, s.f, s.w0, s.w1, s.rate, s.loc, s.count, 1e-14, budget)
    found, _ = crossing.isolate(*arguments)
    assert budget[0] > 0.0
    assert found == pytest.approx(crossing.march(*arguments)[0], abs=1e-12)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("how", ["march", "isolation"])
def test_a_power_of_time_is_anchored_a_bounded_number_of_times(how, monkeypatch):
    """The product of two ramps, below the threshold to the end."""
    monkeypatch.setattr(importlib.import_module("lapicque.simulate"), "MAX_EVALUATIONS", 10_000)
    current = lq.ramp(0.001) * lq.ramp(0.001)
    response = lq.simulate(lq.LIF(), current, 100.0, method=lq.Exact(crossing=how))
    assert response.spike_count == 0
