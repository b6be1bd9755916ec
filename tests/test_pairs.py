"""Pairs of doubles against rational arithmetic (exact) and mpmath at 60 digits.

What a pair stands for is the real number ``hi + lo``; the truth is computed for that number.
"""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lapicque.kernels import pairs

# u = 2^-53; Joldes, Muller & Popescu (2017), ACM Trans. Math. Softw. 44(2):15, prove 3 u^2 for this
# sum and a few u^2 for such products and quotients.
U2 = Fraction(1, 2**106)
CLOSE = Fraction(1, 10**30)


def signed(least: float, most: float) -> st.SearchStrategy[float]:
    """Doubles of either sign with magnitudes spread evenly over the decades."""
    low, high = math.log10(least), math.log10(most)
    size = st.floats(low, high).map(lambda d: min(max(10.0**d, least), most))
    digits = st.floats(1.0, 2.0, exclude_max=True)
    return st.builds(lambda s, d, sign: sign * s * d, size, digits, st.sampled_from([1.0, -1.0]))


def normalised(least: float, most: float) -> st.SearchStrategy[tuple[float, float]]:
    """Pairs with ``|lo| <= ulp(hi)/2``."""
    part = st.floats(-1.0, 1.0)
    return st.builds(
        lambda hi, p: pairs.two_sum(hi, p * math.ulp(hi) / 2), signed(least, most), part
    )


def value(pair: tuple[float, float]) -> Fraction:
    return Fraction(pair[0]) + Fraction(pair[1])


def is_normalised(pair: tuple[float, float]) -> bool:
    return pair[0] + pair[1] == pair[0]


@given(signed(1e-290, 1e300), signed(1e-290, 1e300))
@example(1.0, 2.0**-53)
@example(1e300, -1e300)
def test_a_sum_of_two_doubles_is_exact(a, b):
    """The truth is rational arithmetic."""
    pair = pairs.two_sum(a, b)
    assert value(pair) == Fraction(a) + Fraction(b)
    assert is_normalised(pair)


@given(signed(1e-140, 1e150), signed(1e-140, 1e150))
@example(1.0 + 2.0**-52, 1.0 - 2.0**-53)
@example(134217729.0, 134217729.0)
def test_a_product_of_two_doubles_is_exact(a, b):
    """The truth is rational arithmetic; magnitudes from 1e-140 to 1e150, as documented."""
    pair = pairs.two_prod(a, b)
    assert value(pair) == Fraction(a) * Fraction(b)
    assert is_normalised(pair)


@given(normalised(1e-100, 1e100), normalised(1e-100, 1e100))
def test_a_sum_of_pairs_is_within_3_u2(a, b):
    """Relative to the sum itself, however much of it cancels."""
    pair = pairs.add(*a, *b)
    truth = value(a) + value(b)
    assert abs(value(pair) - truth) <= 3 * U2 * abs(truth)
    assert is_normalised(pair)


@given(normalised(1e-3, 1e3), st.integers(-8, 8), st.floats(-1.0, 1.0))
def test_a_sum_of_pairs_that_nearly_cancels_is_within_3_u2(a, ulps, part):
    """The partner is the negative but for a few ulp and another low part."""
    hi = -a[0] + ulps * math.ulp(a[0])
    b = pairs.two_sum(hi, part * math.ulp(hi) / 2)
    truth = value(a) + value(b)
    assert abs(value(pairs.add(*a, *b)) - truth) <= 3 * U2 * abs(truth)


@given(normalised(1e-60, 1e60), normalised(1e-60, 1e60))
def test_products_and_quotients_of_pairs_are_good_to_30_digits(a, b):
    """The truth is rational arithmetic."""
    product = pairs.mul(*a, *b)
    quotient = pairs.div(*a, *b)
    assert abs(value(product) - value(a) * value(b)) <= CLOSE * abs(value(a) * value(b))
    assert abs(value(quotient) - value(a) / value(b)) <= CLOSE * abs(value(a) / value(b))
    assert is_normalised(product)
    assert is_normalised(quotient)


# 0, both sides of every doubling of the argument, and the ends of the range.
EXPM1_EDGES = [0.0, 5e-324, 1e-300, 1e-20, 700.0]
EXPM1_EDGES += [2.0**k * (1.0 + side) for k in range(-7, 10) for side in (-1e-16, 0.0, 1e-15)]


def check_expm1(y: float) -> None:
    pair = pairs.expm1(y)
    with mpmath.workdps(60):
        truth = mpmath.expm1(mpmath.mpf(y))
        error = abs(mpmath.mpf(pair[0]) + mpmath.mpf(pair[1]) - truth)
        # Doubling the argument doubles the relative error, as rounding y as a pair would.
        assert error <= (1e-30 + 4.0 * float(U2) * y) * truth
    assert is_normalised(pair)


def check_log1p(q: tuple[float, float]) -> None:
    pair = pairs.log1p(*q)
    with mpmath.workdps(60):
        truth = mpmath.log1p(mpmath.mpf(q[0]) + mpmath.mpf(q[1]))
        assert abs(mpmath.mpf(pair[0]) + mpmath.mpf(pair[1]) - truth) <= 1e-30 * truth
    assert is_normalised(pair)


@pytest.mark.parametrize("y", EXPM1_EDGES)
def test_expm1_is_good_to_30_digits_at_the_edges(y):
    check_expm1(y)


@given(st.one_of(st.floats(0.0, 700.0), st.floats(-18.0, 2.8).map(lambda d: 10.0**d)))
def test_expm1_is_good_to_30_digits(y):
    """Relative to ``exp(y) - 1``, for 0 <= y <= 700; for large y, 4 u^2 y."""
    check_expm1(y)


@pytest.mark.parametrize(
    "q", [0.0, 1e-300, 1e-17, 2.0**-53, 0.015625, math.e - 1.0, 1e16, 1e150, 1e300]
)
def test_log1p_is_good_to_30_digits_at_the_edges(q):
    check_log1p((q, 0.0))
    check_log1p(pairs.two_sum(q, 0.3 * math.ulp(q) if q > 1e-290 else 0.0))


@given(normalised(1e-100, 1e300))
@settings(max_examples=200)
def test_log1p_is_good_to_30_digits(q):
    """Relative to ``log(1 + q)``, for pairs 0 <= q <= 1e300."""
    check_log1p(q if q[0] > 0.0 else (-q[0], -q[1]))


def test_many_intervals_add_up_without_drift():
    """The truth is one rational product; doubles alone drift by more than 1e-7 ms."""
    step = (15.862943611198906, 3.1e-16)
    t = (0.0, 0.0)
    naive = 0.0
    for _ in range(100_000):
        t = pairs.add(*t, *step)
        naive += step[0]
    truth = 100_000 * value(step)
    assert abs(value(t) - truth) <= Fraction(1, 10**20)
    assert abs(naive - truth) > Fraction(1, 10**7)
