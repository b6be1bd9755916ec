"""The second filter against mpmath quadrature at 40 digits: no pole where rates meet."""

import mpmath as mp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import spread

from lapicque.kernels import filters
from lapicque.kernels.membrane import SINE


def second(n, exponent, rate, slow, x):
    """integral_0^x u^n exp(exponent u) (exp(-rate v) - exp(-slow v)) / (slow - rate) du."""
    with mp.workdps(40):
        rate, slow, x = mp.mpf(rate), mp.mpf(slow), mp.mpf(x)
        apart = slow - rate

        def kernel(v):
            return mp.e ** (-rate * v) * (v if apart == 0 else -mp.expm1(-apart * v) / apart)

        panels = mp.linspace(0, x, 9)
        return mp.quad(lambda u: u**n * mp.e ** (mp.mpc(exponent) * u) * kernel(x - u), panels)


RATES = spread(0.01, 1.0)
TIMES = spread(1e-3, 30.0)


@st.composite
def pairs_of_rates(draw):
    """Two rates, often all but equal, sometimes equal."""
    rate = draw(RATES)
    near = spread(1e-13, 1e-1).map(lambda x: rate * (1.0 + x))
    return rate, draw(st.one_of(RATES, near, st.just(rate)))


@given(pairs_of_rates(), TIMES)
@settings(max_examples=30, deadline=None)
def test_a_constant_and_a_ramp(rates, x):
    """To 4e-15 of the truth."""
    for got, n in ((filters.constant_response, 0), (filters.ramp_second, 1)):
        truth = second(n, 0, *rates, x).real
        assert abs(got(*rates, x) - truth) <= 4e-15 * truth


@given(pairs_of_rates(), TIMES, st.data())
@settings(max_examples=30, deadline=None)
def test_an_exponential(rates, x, data):
    """To 4e-15, also where its rate is one of the two, or both are one."""
    rate, slow = rates
    third = data.draw(
        st.one_of(spread(1e-3, 3.0), st.sampled_from([rate, slow, rate * (1 + 1e-9)]))
    )
    truth = second(0, -third, rate, slow, x).real
    assert abs(filters.exponential_difference(-third, -rate, -slow, x) - truth) <= 4e-15 * truth


@given(pairs_of_rates(), TIMES, spread(1e-3, 3.0))
@settings(max_examples=30, deadline=None)
def test_a_sine(rates, x, omega):
    """Within 1e-14 of what the same drive without oscillation would give, and 1e-17."""
    rate, slow = rates
    g = 1 / complex(rate, omega)
    loc = [SINE, 0.0, 1.0, 0.0, 0.0, omega, g.real, g.imag, 0.0, 0.0]
    truth = second(0, 1j * omega, rate, slow, x).real
    _, _, got = filters.filter_twice(x, 0.0, 0.0, 1.0, slow, 0.0, 0.0, 0.0, rate, loc, 1)
    bar = 1e-14 * max(second(0, 0, rate, slow, x).real, x / rate)
    assert abs(got - truth) <= bar


@given(
    pairs_of_rates(), TIMES, st.integers(0, 6), spread(0.01, 1.0), st.sampled_from([0.0, 0.1, 1.0])
)
@settings(max_examples=30, deadline=None)
def test_a_polynomial_times_a_damped_wave(rates, x, n, decay, omega):
    """Within 1e-12 of what the same term without its oscillation gives."""
    exponent = complex(-decay, omega)
    truth = second(n, exponent, *rates, x)
    bar = 1e-12 * second(n, -decay, *rates, x).real
    assert abs(filters.second_response(n, exponent, *rates, x) - truth) <= bar


def test_a_start_decays_through_both():
    """Without a drive: f (exp(-rate x) - exp(-slow x)) / (slow - rate)."""
    _, _, got = filters.filter_twice(5.0, -3.0, 0.0, 1.0, 0.25, 0.0, 0.0, 0.0, 0.1, [], 0)
    truth = -3.0 * (mp.e ** (mp.mpf(-0.5)) - mp.e ** (mp.mpf(-1.25))) / mp.mpf("0.15")
    assert got == pytest.approx(float(truth), rel=1e-15)
