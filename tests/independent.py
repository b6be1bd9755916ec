"""Truth without lapicque: V by Gauss-Legendre quadrature of the recipe's current.

``V(t + h) = E_L + (V - E_L) exp(-h/tau) + (1/C) integral exp(-(h - s)/tau) I(t + s) ds``, on steps
well below every time scale, split at every breakpoint.  The current comes from the recipe's dict by
formulas of this file.  Relative error about 1e-13.
"""

import itertools
import math
from fractions import Fraction

import numpy as np

NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)


def part_current(part, t):
    """The current (nA) of one part of a recipe at the times ``t`` (right-continuous)."""
    s = t - part.get("start", 0.0)
    kind = part["kind"]
    if kind in ("constant", "step"):
        value = np.full_like(t, part["amplitude"])
    elif kind == "ramp":
        value = part["slope"] * s
    elif kind == "sine":
        omega = 2 * math.pi * part["frequency"] / 1000
        value = part["amplitude"] * np.sin(omega * s + part.get("phase", 0.0))
    elif kind == "decay":
        value = part["amplitude"] * np.exp(-np.maximum(s, 0.0) / part["tau"])
    elif kind == "alpha":
        x = np.maximum(s, 0.0) / part["tau"]
        value = part["amplitude"] * x * np.exp(1 - x)
    elif kind == "sampled":
        times, values = np.array(part["times"]), np.array(part["values"])
        if part.get("interpolation", "linear") == "linear":
            value = np.interp(s, times, values)
            value = np.where((s >= times[0]) & (s < times[-1]), value, 0.0)
        else:
            k = np.searchsorted(times, s, side="right") - 1
            value = np.where(k >= 0, values[k], 0.0)
        value = value * part.get("factor", 1.0)
    elif kind == "synapses":
        # Each spike by itself, no recursion.
        value = np.zeros_like(t)
        for time in part["times"]:
            x = (s - time) / part["tau"]
            after = np.maximum(x, 0.0)
            one = np.exp(-after) if part["kernel"] == "exponential" else after * np.exp(1 - after)
            value += part["amplitude"] * np.where(x >= 0, one, 0.0)
    elif kind == "kicks":
        value = np.zeros_like(t)  # what they do to V: `kick`
    elif kind in ("square", "pulses"):
        period = part["period"] if kind == "pulses" else 1000 / part["frequency"]
        share = part["width"] / period if kind == "pulses" else part["duty"]
        k = np.floor(s / period)
        high = (s / period - k < share) & (k < part.get("count", math.inf))
        value = np.where(high, part["amplitude"], 0 if kind == "pulses" else -part["amplitude"])
    elif kind == "chirp":
        rise = (part["f_stop"] - part["f_start"]) / part["duration"]
        angle = 2 * math.pi / 1000 * (part["f_start"] * s + rise * s * s / 2)
        value = part["amplitude"] * np.sin(angle + part.get("phase", 0.0))
        value = np.where(s < part["duration"], value, 0.0)
    elif kind == "polynomial":
        value = np.zeros_like(t)
        for a, b, row in zip(part["edges"], part["edges"][1:], part["coefficients"], strict=False):
            here = np.polynomial.polynomial.polyval(s - a, row)
            value += np.where((s >= a) & (s < b), part["factor"] * here, 0.0)
    elif kind == "product":
        shifted = t - part.get("start", 0.0)
        a, b = (sum((part_current(p, shifted) for p in f), 0.0 * t) for f in part["factors"])
        value = part.get("factor", 1.0) * a * b
    else:
        raise AssertionError(f"tests/independent.py does not know {kind}")
    low, high = part.get("window") or (-math.inf, math.inf)
    stop = math.inf if part.get("stop") is None else part["stop"]
    inside = (s >= 0) & (t >= low) & (t < min(high, stop))
    return np.where(inside, value, 0.0)


def current(parts, t):
    """The current (nA) of a recipe at the times ``t``."""
    t = np.asarray(t, dtype=float)
    return sum((part_current(p, t) for p in parts), np.zeros_like(t))


def kicks(neuron, parts):
    """By how much V jumps (mV), by time: a dict of fractions."""
    found = {}
    for part in parts:
        if part["kind"] != "kicks":
            continue
        size = Fraction(part["jump"]) if "jump" in part else charged(neuron, part["charge"])
        start, stop = part.get("start", 0.0), part.get("stop")
        low, high = part.get("window") or (-math.inf, math.inf)
        for time in part["times"]:
            at = start + time
            if max(start, low) <= at < min(high, math.inf if stop is None else stop):
                found[at] = found.get(at, 0) + size
    return found


def kick(neuron, parts, t):
    """By how much V jumps (mV) at the time t."""
    return float(kicks(neuron, parts).get(t, 0))


def after_spike(neuron, parts, spike, spike_lo=0.0):
    """V (mV) at the end of refractoriness, with a kick at that very instant.

    One at the instant of the spike itself was part of what made it.
    """
    free = Fraction(spike) + Fraction(spike_lo) + Fraction(neuron.t_ref)
    late = kicks(neuron, parts).items() if neuron.t_ref > 0.0 else ()
    return neuron.V_reset + float(sum(size for at, size in late if Fraction(at) == free))


def charged(neuron, charge):
    """Q/C_m (mV) as a fraction, from the two numbers of R_m, C_m and tau_m that were given."""
    given = {name: Fraction(value) for name, value in neuron.given().items()}
    capacitance = given["C_m"] if "C_m" in given else given["tau_m"] / given["R_m"]
    return Fraction(charge) / capacitance


def breakpoints(parts, shift=0.0):
    """Every time at which a part may jump or bend."""
    found = set()
    for part in parts:
        start = part.get("start", 0.0)
        found.add(start + shift)
        if part.get("stop") is not None:
            found.add(part["stop"] + shift)
        found.update(w + shift for w in part.get("window") or ())
        if part["kind"] in ("sampled", "synapses", "kicks"):
            found.update(start + s + shift for s in part["times"])
        if part["kind"] == "polynomial":
            found.update(start + s + shift for s in part["edges"])
        if part["kind"] == "chirp":
            found.add(start + part["duration"] + shift)
        if part["kind"] in ("square", "pulses"):
            period = part["period"] if "period" in part else 1000 / part["frequency"]
            width = part["width"] if "width" in part else part["duty"] * period
            last = min(
                math.inf if part.get("stop") is None else part["stop"],
                (part.get("window") or (0, math.inf))[1],
            )
            periods = range(
                min(part.get("count", 500), math.ceil((last - start) / period) + 1)
                if last < math.inf
                else part["count"]
            )
            for k in periods:
                found |= {start + k * period + shift, start + k * period + width + shift}
            found.add(start + len(periods) * period + shift)
        if part["kind"] == "product":
            for factor in part["factors"]:
                found |= breakpoints(factor, shift + start)
    return found


def time_scale(neuron, parts):
    """The shortest time (ms) over which the solution changes much."""
    scales = [neuron.tau_m] if hasattr(neuron, "tau_m") else []
    for part in parts:
        if part["kind"] == "sine" and part["frequency"] > 0:
            scales.append(1000 / (2 * math.pi * part["frequency"]))
        elif part["kind"] == "chirp" and max(part["f_start"], part["f_stop"]) > 0:
            scales.append(1000 / (2 * math.pi * max(part["f_start"], part["f_stop"])))
        elif part["kind"] == "polynomial":
            scales.append(min(np.diff(part["edges"])).item())
        elif part["kind"] in ("decay", "alpha", "synapses"):
            scales.append(part["tau"])
        elif part["kind"] == "product":
            scales.append(min(time_scale(neuron, f) for f in part["factors"]) / 2)
    return min(scales, default=math.inf)


def potential(neuron, parts, t0, v0, times):
    """V (mV) without any threshold at nondecreasing ``times``, from V = v0 at t0.

    Kicks at t0 are taken to be in v0 already; those at one of the times are in its V.
    """
    leak = 1 / neuron.tau_m if hasattr(neuron, "tau_m") else 0.0
    rest = neuron.E_L if hasattr(neuron, "E_L") else 0.0
    longest = time_scale(neuron, parts) / 2
    end = times[-1]
    edges = sorted({t0, *times, *(b for b in breakpoints(parts) if t0 < b < end)})
    fine = [t0]
    for a, b in itertools.pairwise(edges):
        n = max(1, math.ceil((b - a) / longest))
        fine += [a + (b - a) * k / n for k in range(1, n)] + [b]
    fine = np.array(fine)
    h = np.diff(fine)
    if not len(h):
        return np.full(len(times), v0)
    # Nodes lie inside each step, so that a jump at its ends is not seen.
    s = 0.5 * h[:, None] * (NODES + 1)
    drive = current(parts, fine[:-1, None] + s) * np.exp(-leak * (h[:, None] - s))
    # Added up one by one: a matrix product may round by the memory's alignment.
    weighted = sum(w * drive[:, k] for k, w in enumerate(WEIGHTS.tolist()))
    gained = 0.5 * h * weighted / neuron.C_m
    kept = np.exp(-leak * h)
    u = v0 - rest
    found = {t0: u}
    jumps = kicks(neuron, parts)
    for t, k, g in zip(fine[1:].tolist(), kept.tolist(), gained.tolist(), strict=True):
        u = u * k + g + float(jumps.get(t, 0))
        found[t] = u
    return rest + np.array([found[t] for t in times])


def highest(neuron, parts, t0, v0, t1, level=None, points=100):
    """Return samples of V in (t0, t1) and the refined peaks that may reach ``level``.

    Without a level, those that may be the highest.  A peak is a (time, V) inside the interval.
    """
    step = min((t1 - t0) / points, time_scale(neuron, parts) / 4)
    n = min(20_000, max(2, math.ceil((t1 - t0) / step)))
    inner = {b for b in breakpoints(parts) if t0 < b < t1}
    # V before a kick, and it, must not lie in one interval between samples.
    jumps = {t for t in kicks(neuron, parts) if t0 < t <= t1}
    inner |= {math.nextafter(t, -math.inf) for t in jumps} - {t0}
    times = sorted({*(t0 + (t1 - t0) * k / n for k in range(n + 1)), *inner})
    v = potential(neuron, parts, t0, v0, times).tolist()
    level = max(v) if level is None else level
    peaks = []
    for k in range(1, len(times) - 1):
        if v[k] >= v[k - 1] and v[k] >= v[k + 1]:
            # V between the samples rises no more than it falls on the steeper side, twice over.
            reach = v[k] + 2 * (v[k] - min(v[k - 1], v[k + 1]))
            if reach >= level:
                peaks.append(_refined(neuron, parts, times[k - 1 : k + 2], v[k - 1], v[k]))
    return peaks, times, v


def _refined(neuron, parts, times, v_before, v_middle):
    # Golden-section search, each value from the sample before the peak.
    a, middle, b = times
    ratio = (math.sqrt(5) - 1) / 2

    def at(t):
        return potential(neuron, parts, a, v_before, [t])[0].item()

    left, right = a, b
    x, y = right - ratio * (right - left), left + ratio * (right - left)
    vx, vy = at(x), at(y)
    best = max((middle, v_middle), (x, vx), (y, vy), key=lambda p: p[1])
    for _ in range(36):
        if vx > vy:
            right, y, vy = y, x, vx
            x = right - ratio * (right - left)
            vx = at(x)
            best = max(best, (x, vx), key=lambda p: p[1])
        else:
            left, x, vx = x, y, vy
            y = left + ratio * (right - left)
            vy = at(y)
            best = max(best, (y, vy), key=lambda p: p[1])
    return best
