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
    return neuron.V_reset + late_kick(neuron, parts, spike, spike_lo)


def late_kick(neuron, parts, spike, spike_lo=0.0):
    """The kick (mV) at the very end of the refractory period in which V is held."""
    if type(neuron).__name__ == "MAT" or neuron.t_ref == 0.0:
        return 0.0
    free = Fraction(spike) + Fraction(spike_lo) + Fraction(neuron.t_ref)
    late = kicks(neuron, parts).items()
    return float(sum(size for at, size in late if Fraction(at) == free))


def charged(neuron, charge):
    """Q/C_m (mV) as a fraction, from the two numbers of R_m, C_m and tau_m that were given."""
    sizes = {n: v for n, v in neuron.given().items() if n in ("R_m", "C_m", "tau_m")}
    given = {name: Fraction(value) for name, value in sizes.items()}
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
    known = neuron.given() if hasattr(neuron, "given") else {}
    scales += known.get("tau_theta", ())
    scales += [1 / known[name] for name in ("th_spike_decay", "th_voltage_decay") if name in known]
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


class Memory:
    """What spikes leave behind, by the rules of the sources: currents, parts of the threshold.

    Each part is (size, decay rate) at ``time``; ``followed`` is the part that follows V.
    """

    def __init__(self, neuron, time=0.0):
        self.neuron, self.time = neuron, time
        given = neuron.given()
        self.followed = 0.0
        self.currents, self.raised = [], []
        kind = type(neuron).__name__
        if kind == "AdaptiveLIF":
            self.currents = [(0.0, 1 / tau) for tau in neuron.tau_w]
        elif kind == "MAT":
            self.raised = [(0.0, 1 / tau) for tau in neuron.tau_theta]
        elif kind == "GLIF":
            self.currents = [(0.0, k) for k in given.get("asc_decay", ())]
            if "th_spike_decay" in given:
                self.raised = [(0.0, neuron.th_spike_decay)]

    def parts(self):
        """The after-spike currents as parts of a recipe."""
        return [
            {"kind": "decay", "amplitude": size, "tau": 1 / decay, "start": self.time}
            for size, decay in self.currents
        ]

    def threshold(self, t):
        """Without the part that follows V (mV)."""
        kept = (size * np.exp(-decay * (np.asarray(t) - self.time)) for size, decay in self.raised)
        return self.neuron.V_th + sum(kept, 0.0 * np.asarray(t))

    def moved(self, time, followed):
        """The memory at a later time."""
        new = Memory(self.neuron, time)
        gone = time - self.time
        new.followed = followed
        new.currents = [(s * math.exp(-d * gone), d) for s, d in self.currents]
        new.raised = [(s * math.exp(-d * gone), d) for s, d in self.raised]
        return new

    def after(self, spike, v, followed):
        """The memory where V is free again after a spike at V = v, and V there."""
        neuron, t_ref = self.neuron, self.neuron.t_ref
        kind, given = type(neuron).__name__, neuron.given()
        new = self.moved(spike if kind == "MAT" else spike + t_ref, followed)
        if kind == "MAT":
            new.raised = [(s + a, d) for (s, d), a in zip(new.raised, neuron.alpha, strict=True)]
            return new, v
        if kind == "AdaptiveLIF":
            rule = zip(new.currents, neuron.b, strict=True)
            new.currents = [(s - b * math.exp(-t_ref * d), d) for (s, d), b in rule]
        elif "asc_amps" in given:
            # The currents decay through the refractory period; then the next ones are added.
            rule = zip(new.currents, neuron.asc_amps, neuron.asc_r, strict=True)
            new.currents = [(a + r * s, d) for (s, d), a, r in rule]
        if "th_spike_add" in given:
            new.raised = [(s + neuron.th_spike_add, d) for s, d in new.raised]
            fraction = neuron.voltage_reset_fraction
            return new, neuron.E_L + fraction * (v - neuron.E_L) + neuron.voltage_reset_add
        return new, neuron.V_reset


def stretches(neuron, parts, v_0, spikes, spikes_lo=None):
    """Where V starts anew: (time, V, memory) at the start and behind each spike."""
    found = [(0.0, v_0, Memory(neuron))]
    for spike, lo in zip(spikes, spikes_lo or [0.0] * len(spikes), strict=True):
        time, v, memory = found[-1]
        at_spike, followed = filtered(neuron, parts, time, v, [max(spike, time)], memory)
        memory, v = memory.after(spike, at_spike[0].item(), followed[0].item())
        v += late_kick(neuron, parts, spike, lo)
        found.append((memory.time, v, memory))
    return found


def potential(neuron, parts, t0, v0, times, memory=None):
    """V (mV) without any threshold at nondecreasing ``times``, from V = v0 at t0.

    Kicks at t0 are taken to be in v0 already; those at one of the times are in its V.
    """
    return filtered(neuron, parts, t0, v0, times, memory)[0]


def height(neuron, parts, t0, v0, times, memory=None):
    """V less what raises the threshold above V_th: a neuron spikes where this reaches V_th."""
    v, followed = filtered(neuron, parts, t0, v0, times, memory)
    memory = memory or Memory(neuron, t0)
    return v - followed - (memory.threshold(np.asarray(times)) - neuron.V_th)


def filtered(neuron, parts, t0, v0, times, memory=None):
    """V, and the part of the threshold that follows it, by quadrature."""
    memory = memory or Memory(neuron, t0)
    parts = [*parts, *memory.parts()]
    pull = getattr(neuron, "th_voltage_index", None) or 0.0
    slow = getattr(neuron, "th_voltage_decay", None) or 0.0
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
        return np.full(len(times), v0), np.full(len(times), memory.followed)
    # Nodes lie inside each step, so that a jump at its ends is not seen.
    s = 0.5 * h[:, None] * (NODES + 1)
    drive = current(parts, fine[:-1, None] + s) * np.exp(-leak * (h[:, None] - s))
    # Added up one by one: a matrix product may round by the memory's alignment.
    weighted = sum(w * drive[:, k] for k, w in enumerate(WEIGHTS.tolist()))
    gained = 0.5 * h * weighted / neuron.C_m
    kept = np.exp(-leak * h)
    u, p = v0 - rest, memory.followed
    found = {t0: (u, p)}
    jumps = kicks(neuron, parts)
    if pull:
        # (exp(-leak v) - exp(-slow v)) / (slow - leak): two filters in a row.
        def second(v):
            apart = slow - leak
            return np.exp(-leak * v) * (v if apart == 0 else -np.expm1(-apart * v) / apart)

        drive = current(parts, fine[:-1, None] + s) * second(h[:, None] - s)
        weighted = sum(w * drive[:, k] for k, w in enumerate(WEIGHTS.tolist()))
        pulled = (pull * 0.5 * h * weighted / neuron.C_m).tolist()
        passed, held = (pull * second(h)).tolist(), np.exp(-slow * h).tolist()
    for j, t in enumerate(fine[1:].tolist()):
        if pull:
            p = p * held[j] + u * passed[j] + pulled[j]
        u = u * kept[j].item() + gained[j].item() + float(jumps.get(t, 0))
        found[t] = u, p
    v, followed = np.array([found[t] for t in times]).T
    return rest + v, followed


def highest(neuron, parts, t0, v0, t1, level=None, points=100, memory=None):
    """Return samples of the `height` in (t0, t1) and the refined peaks that may reach ``level``.

    Without a level, those that may be the highest.  A peak is a (time, V) inside the interval.
    """
    memory = memory or Memory(neuron, t0)
    whole = [*parts, *memory.parts()]
    step = min((t1 - t0) / points, time_scale(neuron, whole) / 4)
    n = min(20_000, max(2, math.ceil((t1 - t0) / step)))
    inner = {b for b in breakpoints(parts) if t0 < b < t1}
    # V before a kick, and it, must not lie in one interval between samples.
    jumps = {t for t in kicks(neuron, parts) if t0 < t <= t1}
    inner |= {math.nextafter(t, -math.inf) for t in jumps} - {t0}
    times = sorted({*(t0 + (t1 - t0) * k / n for k in range(n + 1)), *inner})
    v = height(neuron, parts, t0, v0, times, memory).tolist()
    level = max(v) if level is None else level
    peaks = []
    for k in range(1, len(times) - 1):
        if v[k] >= v[k - 1] and v[k] >= v[k + 1]:
            # V between the samples rises no more than it falls on the steeper side, twice over.
            reach = v[k] + 2 * (v[k] - min(v[k - 1], v[k + 1]))
            if reach >= level:
                peaks.append(_refined(neuron, parts, times[k - 1 : k + 2], v[k], (t0, v0, memory)))
    return peaks, times, v


def _refined(neuron, parts, times, v_middle, start):
    # Golden-section search, each value from the sample before the peak.
    a, middle, b = times
    t0, v0, memory = start
    v, followed = (x.item() for x in filtered(neuron, parts, t0, v0, [a], memory))
    there = memory.moved(a, followed)
    ratio = (math.sqrt(5) - 1) / 2

    def at(t):
        return height(neuron, parts, a, v, [t], there)[0].item()

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
