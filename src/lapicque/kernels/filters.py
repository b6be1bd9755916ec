"""A second filter behind the membrane: the response of a threshold that follows V.

The membrane answers a term of the drive with ``R(x) = integral_0^x term(u) exp(-rate (x-u)) du``; a
threshold that relaxes at the rate ``slow`` and is pulled by V answers with
``S(x) = integral_0^x exp(-slow (x-u)) R(u) du``, which is symmetric in the two rates.  No form
below has a pole where rates meet.  Derived in docs/theory.md.
"""

from __future__ import annotations

import cmath
import math

from .membrane import LOC, REAL, SINE, half_angle, real_response
from .moments import leak_integral, ramp_response, term_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats

# Two rates this near, times the time, are told apart by a quadrature instead of a quotient.
NEAR = 0.5

# Gauss-Legendre nodes and weights on [0, 1], 16 of them, by symmetry.
_NODES = (
    0.005299532504175031,
    0.0277124884633837,
    0.06718439880608407,
    0.1222977958224985,
    0.19106187779867811,
    0.2709916111713863,
    0.3591982246103705,
    0.4524937450811813,
)
_WEIGHTS = (
    0.013576229705877048,
    0.03112676196932395,
    0.04757925584124639,
    0.06231448562776694,
    0.0747979944082884,
    0.08457825969750127,
    0.09130170752246179,
    0.09472530522753425,
)


def exponential_difference(a: float, b: float, c: float, x: float) -> float:
    """Return the divided difference of ``exp(u x)`` at the exponents ``a, b, c <= 0``.

    It is the response of two leaky filters in a row to an exponential.
    """
    low = min(a, b, c)
    high = max(a, b, c)
    middle = a + b + c - low - high
    middle = min(max(middle, low), high)
    spread = (high - low) * x
    if spread > 1.0:
        # The outermost two have the widest denominator.
        return (_pair(high, middle, x) - _pair(middle, low, x)) / (high - low)
    # exp(high x) x^2 sum_m h_m / (m + 2)!, h_m the complete symmetric polynomial of the others.
    p = (middle - high) * x
    q = (low - high) * x
    h = 1.0
    q_power = 1.0
    factor = 0.5
    total = 0.5
    m = 3.0
    while abs(q_power) * factor * m > 1e-18:
        q_power *= q
        h = h * p + q_power
        factor /= m
        total += h * factor
        m += 1.0
    return math.exp(high * x) * x * x * total


def _pair(high: float, low: float, x: float) -> float:
    # The divided difference at two exponents.
    return real_response(high, -low, x)


def constant_response(rate: float, slow: float, x: float) -> float:
    """Return S for a drive of 1."""
    return exponential_difference(0.0, -rate, -slow, x)


def ramp_second(rate: float, slow: float, x: float) -> float:
    """Return S for the drive x."""
    if (rate + slow) * x < 1.0:
        # x^3 sum_m h_m(-rate x, -slow x) / (m + 3)!
        p = -rate * x
        q = -slow * x
        h = 1.0
        q_power = 1.0
        factor = 1.0 / 6.0
        total = factor
        m = 4.0
        while abs(q_power) * factor * m > 1e-18 or abs(h) * factor > 1e-18:
            q_power *= q
            h = h * p + q_power
            factor /= m
            total += h * factor
            m += 1.0
        return x * x * x * total
    fast = max(rate, slow)
    return (ramp_response(min(rate, slow), x) - constant_response(rate, slow, x)) / fast


def second_response(n: int, exponent: complex, rate: float, slow: float, x: float) -> complex:
    """Return S for the drive ``u^n exp(exponent u)``."""
    apart = slow - rate
    if abs(apart) * x >= NEAR:
        first = term_response(n, exponent, rate, x)
        return (first - term_response(n, exponent, slow, x)) / apart
    # integral_0^x u^n exp(exponent u) exp(-least (x-u)) leak_integral(|apart|, x-u) du
    least = min(rate, slow)
    apart = abs(apart)
    pace = abs(exponent + least)
    panels = max(1, math.ceil(0.25 * pace * x))
    width = x / panels
    total = complex(0.0, 0.0)
    for k in range(panels):
        for j in range(16):
            node = _NODES[j] if j < 8 else 1.0 - _NODES[15 - j]
            weight = _WEIGHTS[j] if j < 8 else _WEIGHTS[15 - j]
            u = (k + node) * width
            kernel = math.exp(-least * (x - u)) * leak_integral(apart, x - u)
            total += weight * width * u**n * kernel * cmath.exp(exponent * u)
    return total


def slow_response(
    x: float,
    f: float,
    w0: float,
    w1: float,
    rate: float,
    slow: float,
    loc: Floats,
    count: int,
) -> float:
    """Return ``integral_0^x exp(-slow (x-u)) F(u) du`` of a membrane's F that starts from ``f``.

    F is what `membrane.evaluate` returns; the result is in mV ms.
    """
    total = f * real_response(-rate, slow, x)
    if w0 != 0.0:
        total += w0 * constant_response(rate, slow, x)
    if w1 != 0.0:
        total += w1 * ramp_second(rate, slow, x)
    for k in range(0, LOC * count, LOC):
        kind = loc[k]
        if kind == SINE:
            # Re g (exp(i omega x) - exp(-slow x)) / (slow + i omega), less what F(0) = 0 asks for.
            g = complex(loc[k + 6], loc[k + 7])
            sh, ch = half_angle(loc[k + 5], loc[k + 9], x)
            wave = complex(-2.0 * sh * sh - math.expm1(-slow * x), 2.0 * sh * ch)
            total += (g * wave / complex(slow, loc[k + 5])).real
            total -= g.real * real_response(-rate, slow, x)
        elif kind == REAL:
            total += loc[k + 2] * exponential_difference(loc[k + 4], -rate, -slow, x)
        else:
            c = complex(loc[k + 2], loc[k + 3])
            exponent = complex(loc[k + 4], loc[k + 5])
            total += (c * second_response(int(loc[k + 1]), exponent, rate, slow, x)).real
    return total
