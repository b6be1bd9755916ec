"""A membrane that is linear between spikes: packed parameters, and V in closed form on a piece.

The state is ``f = V - V_th`` (mV), which obeys ``f' = -rate f + h(x)`` with the drive
``h = gain I - rate (V_th - E_L)`` (mV/ms): near a spike nothing is left to cancel.  A leak rate of
zero is the perfect integrator, not a special case.  Derived in docs/theory.md.

On a piece of the input the drive, counted from an anchor inside it, is
``h(x) = w0 + w1 x + Re sum_k c_k x^n_k exp(l_k x)``.  The terms, moved to the anchor and scaled to
mV/ms, lie in a flat scratch sequence ``loc``, LOC numbers each.
"""

from __future__ import annotations

import cmath
import math

from . import pairs
from .moments import MAX_DEGREE, leak_integral, power_response, ramp_response, term_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flat import Floats, Ints

# A packed neuron. The pairs are exact quotients, products and differences of the user's numbers.
RATE = 0  # 1/tau_m (1/ms); 0 for the perfect integrator
GAIN = 1  # 1/C_m (mV/ms per nA)
TAU = 2  # tau_m, pair (ms)
SCALE = 4  # R_m (MOhm), or C_m (nF) where there is no leak, pair
GAP = 6  # V_th - E_L, pair (mV); 0 where there is no leak
RESET = 8  # V_reset - V_th, pair (mV)
REFRACTORY = 10  # t_ref (ms)
THRESHOLD = 11  # V_th (mV)
V_RESET = 12  # V_reset (mV)
ROW = 13

# A term of the normal form: degree, coefficient (re, im), exponent (re, im; then their low parts).
TERM = 7

# A term at its anchor: kind, degree, coefficient (re, im), exponent (re, im), response (re, im),
# low parts of the exponent (re, im).
LOC = 10
REAL = 0.0  # n = 0, real exponent
SINE = 1.0  # n = 0, imaginary exponent; its response is the phasor c / (rate + i omega)
GENERAL = 2.0
# A power without an exponential. All powers at an anchor are one polynomial, their rows the last
# ones, from the highest degree down without a gap.
POWER = 3.0

# The responses to lower powers follow from the highest by a recursion, stable up to this rate x.
RECURSIVE = 1.0

# Phases (rad) up to this one are products of plain doubles, farther ones of pairs.
FAR = 32.0
# Below this, cos is 1 and sin the angle itself, to the last digit.
TINY = 2.0**-27

EPSILON = 2.220446049250313e-16
UNDECIDED = 16.0  # a crossing shallower than this many ulp of the scale is reported as a graze


def pack_leaky(
    resistance: float,
    capacitance: float,
    time_constant: float,
    derived: int,
    rest: float,
    threshold: float,
    reset: float,
    refractory: float,
    row: Floats,
) -> None:
    """Pack a leaky neuron; ``derived`` tells which of R_m (0), C_m (1), tau_m (2) follows."""
    r, r_lo, c, c_lo, tau, tau_lo = resistance, 0.0, capacitance, 0.0, time_constant, 0.0
    if derived == 0:
        r, r_lo = pairs.div(tau, 0.0, c, 0.0)
    elif derived == 1:
        c, c_lo = pairs.div(tau, 0.0, r, 0.0)
    else:
        tau, tau_lo = pairs.two_prod(r, c)
    row[RATE] = 1.0 / tau
    row[GAIN] = 1.0 / c
    row[TAU], row[TAU + 1] = tau, tau_lo
    row[SCALE], row[SCALE + 1] = r, r_lo
    row[GAP], row[GAP + 1] = pairs.two_sum(threshold, -rest)
    row[RESET], row[RESET + 1] = pairs.two_sum(reset, -threshold)
    row[REFRACTORY] = refractory
    row[THRESHOLD] = threshold
    row[V_RESET] = reset


def pack_perfect(
    capacitance: float, threshold: float, reset: float, refractory: float, row: Floats
) -> None:
    """Pack a perfect integrator."""
    row[RATE] = 0.0
    row[GAIN] = 1.0 / capacitance
    row[TAU], row[TAU + 1] = math.inf, 0.0
    row[SCALE], row[SCALE + 1] = capacitance, 0.0
    row[GAP], row[GAP + 1] = 0.0, 0.0
    row[RESET], row[RESET + 1] = pairs.two_sum(reset, -threshold)
    row[REFRACTORY] = refractory
    row[THRESHOLD] = threshold
    row[V_RESET] = reset


def excess(row: Floats, value: float, value_lo: float) -> tuple[float, float]:
    """Return what a constant current holds against the threshold, as a pair.

    Leaky: the excess drive ``R_m I - (V_th - E_L)`` in mV, where less than 2 ulp of ``R_m I`` is
    zero (a tie that decimal numbers missed).  Perfect integrator: the current in nA.
    """
    if row[RATE] == 0.0:
        return value, value_lo
    p, p_lo = pairs.mul(value, value_lo, row[SCALE], row[SCALE + 1])
    d, d_lo = pairs.add(p, p_lo, -row[GAP], -row[GAP + 1])
    if abs(d) <= 2.0 * EPSILON * abs(p):
        return 0.0, 0.0
    return d, d_lo


def capacitance(row: Floats) -> tuple[float, float]:
    """Return C_m (nF) as a pair."""
    if row[RATE] == 0.0:
        return row[SCALE], row[SCALE + 1]
    return pairs.div(row[TAU], row[TAU + 1], row[SCALE], row[SCALE + 1])


def constant_drive(row: Floats, value: float, value_lo: float) -> float:
    """Return the drive h (mV/ms) of a constant current."""
    d, _ = excess(row, value, value_lo)
    return d * (row[GAIN] if row[RATE] == 0.0 else row[RATE])


def anchor_terms(
    terms: Floats,
    first: int,
    last: int,
    s: float,
    s_lo: float,
    gain: float,
    rate: float,
    loc: Floats,
) -> int:
    """Move the terms of a piece to the time ``(s, s_lo)`` after its start; return their number.

    An oscillation is re-phased with the pair, so that its phase does not drift over a long run.
    """
    count = 0
    top = 0
    for j in range(TERM * first, TERM * last, TERM):
        n = int(terms[j])
        l_re = terms[j + 3]
        l_im = terms[j + 4]
        if l_re == 0.0 == l_im and n > 0:
            top = max(top, n)
            continue
        c = complex(terms[j + 1], terms[j + 2])
        if s != 0.0 or s_lo != 0.0:
            if l_re != 0.0:
                p, e = pairs.two_prod(l_re, s)
                c *= math.exp(p) * (1.0 + (e + terms[j + 5] * s + l_re * s_lo))
            if l_im != 0.0:
                p, e = pairs.two_prod(l_im, s)
                e += terms[j + 6] * s + l_im * s_lo
                turn = complex(math.cos(p), math.sin(p))
                turn *= complex(1.0, e) if -TINY < e < TINY else complex(math.cos(e), math.sin(e))
                c *= turn
        binomial = 1.0
        for m in range(n, -1, -1):
            # (s + x)^n = sum_m binomial(n, m) s^(n-m) x^m
            weight = gain * binomial * (s + s_lo) ** (n - m)
            binomial *= m / (n - m + 1.0)
            if weight == 0.0:
                continue
            k = LOC * count
            count += 1
            loc[k + 1] = float(m)
            loc[k + 2] = weight * c.real
            loc[k + 3] = weight * c.imag
            loc[k + 4] = l_re
            loc[k + 5] = l_im
            loc[k + 8] = terms[j + 5]
            loc[k + 9] = terms[j + 6]
            loc[k] = GENERAL
            if m == 0 and l_im == 0.0:
                loc[k] = REAL
            elif m == 0 and l_re == 0.0:
                loc[k] = SINE
                g = weight * c / complex(rate, l_im)
                loc[k + 6] = g.real
                loc[k + 7] = g.imag
    if top > 0:
        count = anchor_powers(terms, first, last, s + s_lo, gain, top, count, loc)
    return count


def anchor_powers(
    terms: Floats,
    first: int,
    last: int,
    s: float,
    gain: float,
    top: int,
    count: int,
    loc: Floats,
) -> int:
    """Append the powers of a piece, as one polynomial at ``s``; return the number of terms."""
    powers = [0.0] * (MAX_DEGREE + 1)
    for j in range(TERM * first, TERM * last, TERM):
        n = int(terms[j])
        if n > 0 and terms[j + 3] == 0.0 == terms[j + 4]:
            weight = gain * terms[j + 1]
            for m in range(n, -1, -1):
                powers[m] += weight
                weight *= m * s / (n - m + 1.0)
    low = 0
    while powers[low] == 0.0 and low < top:
        low += 1
    for m in range(top, low - 1, -1):
        k = LOC * count
        count += 1
        for i in range(2, LOC):
            loc[k + i] = 0.0
        loc[k] = POWER
        loc[k + 1] = float(m)
        loc[k + 2] = powers[m]
    return count


def anchored_size(terms: Floats, offset: Ints) -> int:
    """Return the length of ``loc`` that the largest piece needs."""
    most = 0
    for p in range(len(offset) - 1):
        need = 0
        for j in range(offset[p], offset[p + 1]):
            need += int(terms[TERM * j]) + 1
        most = max(most, need)
    return LOC * most


def terms_value(terms: Floats, first: int, last: int, s: float) -> float:
    """Return what the terms of a piece add to the current at the time ``s`` after its start."""
    total = 0.0
    for j in range(TERM * first, TERM * last, TERM):
        wave = terms[j + 1]
        if terms[j + 4] != 0.0:
            angle = terms[j + 4] * s
            c = math.cos(angle)
            d = math.sin(angle)
            if not -FAR < angle < FAR:
                angle, e = pairs.two_prod(terms[j + 4], s)
                e += terms[j + 6] * s
                c, d = c * math.cos(e) - d * math.sin(e), d * math.cos(e) + c * math.sin(e)
            wave = wave * c - terms[j + 2] * d
        if terms[j + 3] != 0.0:
            wave *= math.exp(terms[j + 3] * s)
        if terms[j] != 0.0:
            wave *= s ** int(terms[j])
        total += wave
    return total


def real_response(exponent: float, rate: float, x: float) -> float:
    """Return ``integral_0^x exp(exponent u) exp(-rate (x - u)) du`` without a pole."""
    a = exponent + rate
    z = a * x
    if z == 0.0:
        return x * math.exp(-rate * x)
    if z < 0.0:
        return math.exp(-rate * x) * math.expm1(z) / a
    return -math.exp(exponent * x) * math.expm1(-z) / a


def half_angle(omega: float, omega_lo: float, x: float) -> tuple[float, float]:
    """Return sine and cosine of half the phase ``(omega + omega_lo) x``.

    Far from the anchor the product is a pair, so that the phase is right to the last digit.
    """
    p = 0.5 * omega * x
    if -FAR < p < FAR:
        return math.sin(p), math.cos(p)
    p, e = pairs.two_prod(0.5 * omega, x)
    e += 0.5 * omega_lo * x
    c, s = math.cos(p), math.sin(p)
    return s * math.cos(e) + c * math.sin(e), c * math.cos(e) - s * math.sin(e)


def evaluate(
    x: float, f: float, w0: float, w1: float, rate: float, loc: Floats, count: int
) -> tuple[float, float]:
    """Return ``(V - V_th, drive)`` at the time ``x`` after the anchor, where V - V_th was ``f``."""
    e = math.exp(-rate * x)
    f = f * e + w0 * leak_integral(rate, x)
    h = w0
    if w1 != 0.0:
        f += w1 * ramp_response(rate, x)
        h += w1 * x
    response = -1.0
    for k in range(0, LOC * count, LOC):
        kind = loc[k]
        if kind == POWER:
            n = int(loc[k + 1])
            if response < 0.0 or rate * x > RECURSIVE:
                response = power_response(n, rate, x)
            else:
                response = (x ** (n + 1) - rate * response) / (n + 1.0)
            f += loc[k + 2] * response
            h += loc[k + 2] * x**n
        elif kind == SINE:
            sh, ch = half_angle(loc[k + 5], loc[k + 9], x)
            sn = 2.0 * sh * ch
            cm1 = -2.0 * sh * sh
            f += loc[k + 6] * (cm1 - math.expm1(-rate * x)) - loc[k + 7] * sn
            h += loc[k + 2] * (1.0 + cm1) - loc[k + 3] * sn
        elif kind == REAL:
            f += loc[k + 2] * real_response(loc[k + 4], rate, x)
            h += loc[k + 2] * math.exp(loc[k + 4] * x)
        else:
            n = int(loc[k + 1])
            c = complex(loc[k + 2], loc[k + 3])
            exponent = complex(loc[k + 4], loc[k + 5])
            f += (c * term_response(n, exponent, rate, x)).real
            h += (c * cmath.exp(exponent * x)).real * x**n
    return f, h


def drive(x: float, w0: float, w1: float, loc: Floats, count: int) -> tuple[float, float]:
    """Return the drive h and its derivative at the time ``x`` after the anchor."""
    h = w0 + w1 * x
    slope = w1
    for k in range(0, LOC * count, LOC):
        n = int(loc[k + 1])
        if loc[k] == POWER:
            h += loc[k + 2] * x**n
            if n > 0:
                slope += n * loc[k + 2] * x ** (n - 1)
            continue
        exponent = complex(loc[k + 4], loc[k + 5])
        c = complex(loc[k + 2], loc[k + 3]) * cmath.exp(exponent * x)
        h += c.real * x**n
        slope += (c * exponent).real * x**n
        if n > 0:
            slope += n * c.real * x ** (n - 1)
    return h, slope
