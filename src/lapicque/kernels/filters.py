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
    ab = real_response(a, -b, x)
    return joined(a, b, c, ab, real_response(b, -c, x), real_response(a, -c, x), x)


def joined(a: float, b: float, c: float, ab: float, bc: float, ac: float, x: float) -> float:
    """Return the same where the divided differences at two of the exponents are known."""
    # The outermost two have the widest denominator.
    if (a - b) * (b - c) >= 0.0:
        apart = a - c
        rise = ab - bc
    elif (b - a) * (a - c) >= 0.0:
        apart = b - c
        rise = ab - ac
    else:
        apart = a - b
        rise = ac - bc
    if abs(apart) * x > 0.25:
        return rise / apart
    # exp(high x) x^2 sum_m h_m / (m + 2)!, h_m the complete symmetric polynomial of the others.
    high = max(a, b, c)
    low = min(a, b, c)
    middle = min(max(a + b + c - low - high, low), high)
    p = (middle - high) * x
    q = (low - high) * x
    h = 1.0
    q_power = 1.0
    factor = 0.5
    total = 0.5
    m = 3.0
    while abs(q_power) * m * factor > 1e-17:
        q_power *= q
        h = h * p + q_power
        factor /= m
        total += h * factor
        m += 1.0
    return math.exp(high * x) * x * x * total


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


def filter_twice(
    x: float,
    f: float,
    p: float,
    pull: float,
    slow: float,
    gap: float,
    w0: float,
    w1: float,
    rate: float,
    loc: Floats,
    count: int,
) -> tuple[float, float, float]:
    """Return a membrane's F from ``f`` on, its drive, and what follows F, from ``p`` on.

    F (mV) and the drive (mV/ms) are those of `membrane.evaluate`; the last obeys
    ``p' = pull (F + gap) - slow p`` (mV).
    """
    h = w0
    if x == 0.0:
        for k in range(0, LOC * count, LOC):
            if loc[k + 1] == 0.0:
                h += loc[k + 2]
        return f, h, p
    lost = math.expm1(-rate * x)
    lost_slowly = math.expm1(-slow * x)
    leak = x if rate == 0.0 else -lost / rate
    leak_slowly = x if slow == 0.0 else -lost_slowly / slow
    joint = real_response(-rate, slow, x)
    # exp itself: where V only just arrives, all else has cancelled.
    v = f * math.exp(-rate * x) + w0 * leak
    # integral_0^x exp(-slow (x-u)) F(u) du
    total = f * joint
    if w0 != 0.0:
        total += w0 * joined(0.0, -rate, -slow, leak, joint, leak_slowly, x)
    if w1 != 0.0:
        h += w1 * x
        v += w1 * ramp_response(rate, x)
        total += w1 * ramp_second(rate, slow, x)
    for k in range(0, LOC * count, LOC):
        kind = loc[k]
        if kind == SINE:
            # Re g (exp(i omega x) - exp(-slow x)) / (slow + i omega), less what F(0) = 0 asks for.
            re = loc[k + 6]
            im = loc[k + 7]
            omega = loc[k + 5]
            sh, ch = half_angle(omega, loc[k + 9], x)
            sn = 2.0 * sh * ch
            cm1 = -2.0 * sh * sh
            h += loc[k + 2] * (1.0 + cm1) - loc[k + 3] * sn
            v += re * (cm1 - lost) - im * sn
            cm1 -= lost_slowly
            along = (re * cm1 - im * sn) * slow + (re * sn + im * cm1) * omega
            total += along / (slow * slow + omega * omega) - re * joint
        elif kind == REAL:
            exponent = loc[k + 4]
            first = real_response(exponent, rate, x)
            second = real_response(exponent, slow, x)
            h += loc[k + 2] * math.exp(exponent * x)
            v += loc[k + 2] * first
            total += loc[k + 2] * joined(exponent, -rate, -slow, first, joint, second, x)
        else:
            n = int(loc[k + 1])
            c = complex(loc[k + 2], loc[k + 3])
            pace = complex(loc[k + 4], loc[k + 5])
            h += (c * cmath.exp(pace * x)).real * x**n
            v += (c * term_response(n, pace, rate, x)).real
            total += (c * second_response(n, pace, rate, slow, x)).real
    return v, h, p * math.exp(-slow * x) + pull * (gap * leak_slowly + total)
