"""The moments and the responses built on them, against mpmath.

The truth is the real-number value for the doubles given: Taylor's series of the integral for
|z| < 1, elsewhere the closed form by the recursion, at 60 digits (the recursion from |z| = 1 loses
fewer than 15).  Three moments by numerical quadrature keep that truth honest.
"""

from __future__ import annotations

import cmath
import functools
import itertools
import math

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpc, mpf

from lapicque.kernels import moments
from lapicque.kernels.membrane import real_response

EPSILON = 2.0**-52
DEGREES = range(moments.MAX_DEGREE + 1)
CLOSE = 1e-14
DIGITS = 60


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(DIGITS):
        yield


@functools.lru_cache(maxsize=64)
def true_moments(z: mpc) -> list[mpc]:
    """M_0 to M_13 at ``z``."""
    if abs(z) < 1:
        # z^k / k! is below 1e-60 for k = 48.
        powers = [mpc(1)]
        for k in range(1, 49):
            powers.append(powers[-1] * z / k)
        return [mp.fsum(p / (n + 1 + k) for k, p in enumerate(powers)) for n in range(14)]
    grown = mp.exp(z)
    m = [(grown - 1) / z]
    for n in range(1, 14):
        m.append((grown - n * m[-1]) / z)
    return m


def true_response(n: int, exponent: complex, rate: float, x: float) -> mpc:
    z = (mpc(exponent) + mpf(rate)) * mpf(x)
    return mpf(x) ** (n + 1) * mp.exp(-mpf(rate) * mpf(x)) * true_moments(z)[n]


def check(z: complex) -> None:
    """All moments at ``z`` are good to 1e-14; near a zero of M_n (n > 0) see below.

    M_n has zeros at Re z < 0, where exp(z) and n M_(n-1)(z) cancel.  Near them, where |M_n| is less
    than a tenth of |exp(z)/z|, no formula in doubles can promise more than what rounding z by half
    an ulp does: |M_n'| |z| EPSILON/2, and M_n' = M_(n+1).
    """
    truth = true_moments(mpc(z))
    for n in DEGREES:
        if z.real <= 0.0:
            error = abs(mpc(moments.moment(n, z)) - truth[n])
            allowed = CLOSE * abs(truth[n])
            if n > 0 and abs(truth[n] * z) < 0.1 * mp.exp(z.real):
                allowed += 0.5 * EPSILON * abs(z) * abs(truth[n + 1])
            assert error <= allowed, (n, z)
        if z.real >= 0.0:
            scaled = mp.exp(-mpc(z)) * truth[n]
            error = abs(mpc(moments.scaled_moment(n, z)) - scaled)
            assert error <= CLOSE * abs(scaled), (n, z)


@pytest.mark.parametrize("z", [mpc(-0.3, 0.2), mpc(-3, 40), mpc(5, -2)])
def test_the_truth_is_the_integral(z):
    """Quadrature of the definition."""
    for n in (0, 1, 5, 12):
        integral = mp.quad(lambda u, n=n: u**n * mp.exp(z * u), mp.linspace(0, 1, 9))
        assert abs(integral - true_moments(z)[n]) < 1e-40


@pytest.mark.parametrize("decade", range(-12, 9))
def test_moments_at_all_arguments(decade):
    """Rays every 15 degrees, axes included, and their neighbours, over the decade."""
    for step, ray in itertools.product(range(4 if decade < 8 else 1), range(24)):
        r = 10.0 ** (decade + 0.25 * step)
        z = cmath.rect(r, math.pi * ray / 12.0)
        if ray % 6 == 0:
            z = complex(round(z.real / r) * r, round(z.imag / r) * r)
        check(z)
        check(z * cmath.exp(0.1j))


@pytest.mark.parametrize("n", DEGREES)
def test_moments_where_the_series_hands_over(n):
    """On both sides of |z| = n + 2."""
    for ray, side in itertools.product(range(24), (-1e-3, -1e-15, 0.0, 1e-15, 1e-3)):
        check(cmath.rect((n + 2.0) * (1.0 + side), math.pi * ray / 12.0))


@pytest.mark.parametrize("turns", [1, 2, 3, 4, 7, 100, 12345, 10_000_000])
def test_moments_at_multiples_of_2_pi_i(turns):
    """The zeros of M_0; at the doubles nearest them M_0 too is good to 1e-14."""
    y = 2.0 * math.pi * turns
    for side, real in itertools.product(
        (-1e-3, -1e-9, 0.0, 1e-12), (0.0, -1e-300, -1e-17, -1e-9, -1e-3, 1e-17, 1e-3)
    ):
        check(complex(real, y * (1.0 + side)))
        check(complex(real, -math.nextafter(y, math.inf)))


@pytest.mark.parametrize("n", range(1, 13))
def test_moments_near_their_zeros(n):
    """The zeros of M_n nearest the origin and a far one, at distances from none to 10 percent."""
    found = []
    for turns in (1, 2, 3, 100, 100_000):
        z = mpc(-1, 2 * mp.pi * turns + n)
        for _ in range(80):
            # A zero is a fixed point of log(n M_(n-1)), on the branch of this many turns.
            z = mp.log(n * true_moments(z)[n - 1])
            z += 2j * mp.pi * mp.nint(turns + (n * mp.pi / 2 - z.imag) / (2 * mp.pi))
        if abs(true_moments(z)[n] * z) < 1e-12 * mp.exp(z.real):
            found.append(complex(z))
    assert len(found) >= 4
    for zero in found:
        assert zero.real < 0.0
        for distance in (0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.1):
            check(zero * (1.0 + distance))
            check(zero.conjugate() * (1.0 - 1j * distance))


@given(st.floats(-12.0, 8.0), st.floats(-math.pi, math.pi))
@settings(max_examples=200, deadline=None)
def test_moments_anywhere(decade, argument):
    check(cmath.rect(10.0**decade, argument))


@given(st.floats(-300.0, 0.0), st.floats(-3.0, 8.0), st.sampled_from([1.0, -1.0]))
@settings(max_examples=100, deadline=None)
def test_moments_beside_the_imaginary_axis(smallness, decade, sign):
    """Tiny real parts of either sign: weakly damped oscillations."""
    check(complex(sign * 10.0**smallness, 10.0**decade))


def test_moments_at_zero():
    """``1/(n + 1)``: at resonance and without a leak there is nothing special."""
    for n in DEGREES:
        assert moments.moment(n, 0j) == pytest.approx(1.0 / (n + 1), rel=EPSILON)
        assert moments.scaled_moment(n, 0j) == moments.moment(n, 0j)


@given(st.floats(-700.0, 700.0), st.floats(-1e6, 1e6))
@example(0.0, 0.0)
@example(0.0, 2.0 * math.pi)
@example(-1e-17, 1e6)
@example(math.log(2.0), math.pi / 3.0)
@settings(max_examples=300, deadline=None)
def test_complex_expm1_is_good_to_an_ulp_or_two(re, im):
    """Relative to the modulus."""
    z = complex(re, im)
    truth = mp.expm1(mpc(z))
    assert abs(mpc(moments.complex_expm1(z)) - truth) <= 4.0 * EPSILON * abs(truth)


def check_response(n: int, exponent: complex, rate: float, x: float) -> None:
    """The response is good to 1e-14 and to what rounding its exponents by an ulp does.

    These are ``rate x`` or ``exponent x``, and ``z = (exponent + rate) x`` of the moment.
    """
    z = (exponent + rate) * x
    truth = true_response(n, exponent, rate, x)
    assume(abs(truth) > 1e-280)
    outer = rate * x if z.real <= 0.0 else abs(exponent) * x
    allowed = (CLOSE + EPSILON * outer) * abs(truth)
    if z.real <= 0.0:
        allowed += 2.0 * EPSILON * abs(z) * abs(true_response(n + 1, exponent, rate, x)) / x
    error = abs(mpc(moments.term_response(n, exponent, rate, x)) - truth)
    assert error <= allowed


DECADES = st.floats(-6.0, 4.0).map(lambda d: 10.0**d)
RATES = st.one_of(st.just(0.0), DECADES)


@given(
    st.integers(0, 12),
    st.one_of(st.just(0.0), DECADES),
    st.one_of(st.just(0.0), DECADES),
    RATES,
    st.floats(-9.0, 5.0).map(lambda d: 10.0**d),
)
@example(0, 0.1, 0.0, 0.1, 50.0)  # resonance
@example(3, 0.1, 0.0, 0.1000000001, 50.0)
@example(12, 0.0, 0.0, 0.0, 2.0)
@example(2, 0.0, 1.0, 0.0, 1e5)
@example(0, 0.0, 0.0, 1.0, 1e5)  # exp(rate x) alone would overflow
@settings(max_examples=300, deadline=None)
def test_the_response_to_any_term(n, decay, omega, rate, x):
    """``integral_0^x u^n exp(exponent u) exp(-rate (x - u)) du``, decaying and oscillating."""
    check_response(n, complex(-decay, omega), rate, x)


@given(st.integers(0, 12), st.floats(1e-4, 10.0), st.floats(-12.0, 0.0), DECADES)
@settings(max_examples=100, deadline=None)
def test_the_response_near_resonance(n, rate, distance, x):
    """``exponent = -rate`` but for a small part: no pole."""
    for sign in (1.0, -1.0):
        check_response(n, complex(-rate * (1.0 + sign * 10.0**distance), 0.0), rate, x)


@given(RATES, DECADES)
@example(1.0, 0.3)
@example(1.0, math.nextafter(0.3, 1.0))
@example(1e-320, 1.0)
@settings(max_examples=200, deadline=None)
def test_the_responses_to_a_constant_and_a_ramp(rate, x):
    """Both to 4e-15; the truth is the closed form at 60 digits."""
    z = mpf(rate) * mpf(x)
    moment = mp.exp(-z) * true_moments(mpc(z))[0].real if z < 1e4 else 1 / z
    assert abs(moments.leak_integral(rate, x) - mpf(x) * moment) <= 4e-15 * x * moment
    # integral_0^x u exp(-rate (x - u)) du = x^2 (1 - (1 - exp(-z))/z)/z.
    ramp = mpf(0.5) - z / 6 if z < 1e-60 else (1 - moment) / z
    assert abs(moments.ramp_response(rate, x) - mpf(x) ** 2 * ramp) <= 4e-15 * x * x * ramp


@given(
    st.one_of(st.just(0.0), st.floats(-6.0, 4.0).map(lambda d: -(10.0**d))),
    RATES,
    st.floats(-9.0, 5.0).map(lambda d: 10.0**d),
)
@example(-0.1, 0.1, 50.0)
@example(-0.1, math.nextafter(0.1, 1.0), 50.0)
@example(0.0, 0.0, 3.0)
@settings(max_examples=300, deadline=None)
def test_the_response_to_a_decay(exponent, rate, x):
    """To 1e-15 and to what rounding its exponents by an ulp does."""
    truth = true_response(0, complex(exponent), rate, x).real
    assume(truth > 1e-280)
    # The slower of the two decays is left after a long time, and its exponent is rounded.
    outer = min(rate, -exponent) * x
    allowed = (1e-15 + EPSILON * outer) * truth
    assert abs(real_response(exponent, rate, x) - truth) <= allowed


def test_the_response_needs_no_large_exponential():
    """An hour of a membrane of 1 ms: exp(rate x) alone overflows after 709 of them."""
    for n in DEGREES:
        for exponent in (0j, -1e-7 + 0j, 0.5j):
            value = moments.term_response(n, exponent, 1.0, 3.6e6)
            # What the transient leaves is exp(-3.6e6): the particular solution remains.
            a, x = mpc(exponent) + 1, mpf(3.6e6)
            series = mp.fsum(
                (-1) ** j * mp.ff(n, j) * x ** (n - j) / a ** (j + 1) for j in range(n + 1)
            )
            truth = mp.exp(mpc(exponent) * x) * series
            allowed = CLOSE + EPSILON * abs(exponent) * 3.6e6
            assert abs(mpc(value) - truth) <= allowed * abs(truth)
