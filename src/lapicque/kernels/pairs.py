"""Unevaluated sums of two doubles ("double-double"): about 32 digits from plain floats.

A pair ``(hi, lo)`` stands for ``hi + lo`` with ``|lo| <= ulp(hi)/2``.  Times are kept as pairs, so
that a million interspike intervals add up without drift, and so is whatever decides whether a
neuron fires at all: the excess of the drive over the threshold.

Sources: Dekker (1971) Numer. Math. 18:224-242 for the products; Knuth, The Art of Computer
Programming, vol. 2, 4.2.2 for the sums.
"""

import math

# 1/k! for k = 2..13 as pairs: the Taylor series of expm1 on [0, 2**-6].
_INVERSE_FACTORIAL = (
    (0.5, 0.0),
    (0.16666666666666666, 9.25185853854297e-18),
    (0.041666666666666664, 2.3129646346357427e-18),
    (0.008333333333333333, 1.1564823173178714e-19),
    (0.001388888888888889, -5.300543954373577e-20),
    (0.0001984126984126984, 1.7209558293420705e-22),
    (2.48015873015873e-05, 2.1511947866775882e-23),
    (2.7557319223985893e-06, -1.858393274046472e-22),
    (2.755731922398589e-07, 2.3767714622250297e-23),
    (2.505210838544172e-08, -1.448814070935912e-24),
    (2.08767569878681e-09, -1.20734505911326e-25),
    (1.6059043836821613e-10, 1.2585294588752098e-26),
)
SPLIT = 134217729.0  # 2**27 + 1


def two_sum(a: float, b: float) -> tuple[float, float]:
    """Return ``a + b`` exactly, as a pair."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def two_prod(a: float, b: float) -> tuple[float, float]:
    """Return ``a * b`` exactly, as a pair (for magnitudes between 1e-140 and 1e150)."""
    p = a * b
    t = SPLIT * a
    ah = t - (t - a)
    al = a - ah
    t = SPLIT * b
    bh = t - (t - b)
    bl = b - bh
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def add(a: float, a_lo: float, b: float, b_lo: float) -> tuple[float, float]:
    """Return the sum of two pairs."""
    s, e = two_sum(a, b)
    t, f = two_sum(a_lo, b_lo)
    e += t
    h = s + e
    e = (e - (h - s)) + f
    s = h + e
    return s, e - (s - h)


def mul(a: float, a_lo: float, b: float, b_lo: float) -> tuple[float, float]:
    """Return the product of two pairs."""
    p, e = two_prod(a, b)
    e += a * b_lo + a_lo * b
    s = p + e
    return s, e - (s - p)


def div(a: float, a_lo: float, b: float, b_lo: float) -> tuple[float, float]:
    """Return the quotient of two pairs; ``b`` must not be zero."""
    q = a / b
    p, e = mul(b, b_lo, q, 0.0)
    r, r_lo = add(a, a_lo, -p, -e)
    q2 = r / b
    p, e = mul(b, b_lo, q2, 0.0)
    r, r_lo = add(r, r_lo, -p, -e)
    s, e = two_sum(q, q2)
    return two_sum(s, e + r / b)


def expm1(y: float) -> tuple[float, float]:
    """Return ``exp(y) - 1`` as a pair, for ``0 <= y <= 700``.

    Taylor's series on ``[0, 2**-6]``, then ``expm1(2 x) = expm1(x) (2 + expm1(x))``, which keeps
    the *relative* error small: 1e-30 for y up to 50, growing in proportion to y beyond.
    """
    doublings = 0
    r = y
    while r > 0.015625:
        r *= 0.5
        doublings += 1
    # The far terms need a double's precision only.
    far = _INVERSE_FACTORIAL[11][0]
    for k in range(10, 5, -1):
        far = far * r + _INVERSE_FACTORIAL[k][0]
    s, s_lo = far, 0.0
    for k in range(5, -1, -1):
        p, e = two_prod(s, r)
        e += s_lo * r
        s, e2 = two_sum(_INVERSE_FACTORIAL[k][0], p)
        s_lo = e2 + e + _INVERSE_FACTORIAL[k][1]
    p, e = two_prod(s, r)
    e += s_lo * r
    s, e2 = two_sum(1.0, p)
    s, s_lo = mul(s, e2 + e, r, 0.0)
    for _ in range(doublings):
        t, e = two_sum(2.0, s)
        s, s_lo = mul(s, s_lo, t, e + s_lo)
    return s, s_lo


def log1p(q: float, q_lo: float) -> tuple[float, float]:
    """Return ``log(1 + q)`` as a pair, for a pair ``0 <= q <= 1e300``.

    One Newton step in pairs from the double's logarithm.
    """
    y = math.log1p(q)
    if y == 0.0:
        return q, q_lo
    e, e_lo = expm1(y)
    d, d_lo = add(q, q_lo, -e, -e_lo)
    t = (d + d_lo) / (1.0 + e)
    return two_sum(y, t - 0.5 * t * t)
