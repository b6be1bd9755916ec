"""Moments of an exponential: the membrane's response to one term of the input, without a pole.

``M_n(z) = integral_0^1 u^n exp(z u) du`` for Re z <= 0 and, scaled so that nothing overflows,
``N_n(z) = exp(-z) M_n(z) = integral_0^1 u^n exp(-z (1 - u)) du`` for Re z > 0.  Neither has a
special case at resonance (z = 0) or for a membrane without a leak.  Derived in docs/theory.md.
"""

import cmath
import math

MAX_DEGREE = 12


def _series(n: int, z: complex) -> complex:
    """Return ``sum_k (-z)^k / ((n+1)(n+2)...(n+1+k))``; its terms shrink while |z| < n + 2."""
    term = complex(1.0 / (n + 1.0), 0.0)
    total = term
    k = n + 2.0
    while abs(term) > 2e-17 * abs(total):
        term *= -z / k
        total += term
        k += 1.0
    return total


def complex_expm1(z: complex) -> complex:
    """Return ``exp(z) - 1`` without cancellation near z = 0 and near the multiples of 2 pi i."""
    grown = math.expm1(z.real)
    half = math.sin(0.5 * z.imag)
    return complex(grown - 2.0 * (1.0 + grown) * half * half, (1.0 + grown) * math.sin(z.imag))


def moment(n: int, z: complex) -> complex:
    """Return ``M_n(z)`` for Re z <= 0 and 0 <= n <= 12."""
    if abs(z) < n + 2.0:
        return cmath.exp(z) * _series(n, z)
    m = complex_expm1(z) / z
    if n > 0:
        e = cmath.exp(z)
        for k in range(1, n + 1):
            m = (e - k * m) / z
    return m


def scaled_moment(n: int, z: complex) -> complex:
    """Return ``N_n(z) = exp(-z) M_n(z)`` for Re z >= 0 and 0 <= n <= 12."""
    if abs(z) < n + 2.0:
        return _series(n, z)
    m = -complex_expm1(-z) / z
    for k in range(1, n + 1):
        m = (1.0 - k * m) / z
    return m


def power_response(n: int, rate: float, x: float) -> float:
    """Return ``integral_0^x u^n exp(-rate (x - u)) du``: `term_response` to a power, in reals."""
    z = rate * x
    if z < n + 2.0:
        term = 1.0 / (n + 1.0)
        total = term
        k = n + 2.0
        while abs(term) > 2e-17 * total:
            term *= -z / k
            total += term
            k += 1.0
        return x ** (n + 1) * total
    m = -math.expm1(-z) / z
    for j in range(1, n + 1):
        m = (1.0 - j * m) / z
    return x ** (n + 1) * m


def term_response(n: int, exponent: complex, rate: float, x: float) -> complex:
    """Return ``integral_0^x u^n exp(exponent u) exp(-rate (x - u)) du``.

    A membrane of leak rate ``rate`` (1/ms) driven from rest by the term ``u^n exp(exponent u)``.
    """
    z = (exponent + rate) * x
    if z.real <= 0.0:
        return x ** (n + 1) * math.exp(-rate * x) * moment(n, z)
    return x ** (n + 1) * cmath.exp(exponent * x) * scaled_moment(n, z)


def leak_integral(rate: float, x: float) -> float:
    """Return ``integral_0^x exp(-rate u) du``, which is x without a leak."""
    return x if rate == 0.0 else -math.expm1(-rate * x) / rate


def ramp_response(rate: float, x: float) -> float:
    """Return ``integral_0^x u exp(-rate (x - u)) du``, which is x^2/2 without a leak."""
    z = rate * x
    if z > 0.3:
        return (z + math.expm1(-z)) / (rate * rate)
    term = 0.5
    total = 0.5
    k = 3.0
    while abs(term) > 1e-17:
        term *= -z / k
        total += term
        k += 1.0
    return x * x * total
