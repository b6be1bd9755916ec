"""Truth without lapicque for neurons that remember their spikes, at 40 digits.

Closed forms written out for a constant plus one sine, spike by spike: V, the after-spike currents
and the parts of the threshold are sums of exponentials whose coefficients are formed anew after
each spike, by the rules of the sources. A scan in doubles finds where to look; mpmath finds the
spike.
"""

import math

import mpmath as mp
import numpy as np

DIGITS = 40


class Longhand:
    """One neuron under ``offset + amplitude sin(2 pi frequency t)`` (nA, Hz), from V_0."""

    def __init__(self, neuron, offset, amplitude=0.0, frequency=1.0, V_0=None, digits=DIGITS):
        self.digits = digits
        with mp.workdps(digits):
            self._begin(neuron, offset, amplitude, frequency, V_0)

    def _begin(self, neuron, offset, amplitude, frequency, V_0):
        self.kind = type(neuron).__name__
        exact = {n: v for n, v in neuron.given().items() if v is not None}
        self.given = {
            n: [mp.mpf(x) for x in v] if isinstance(v, tuple) else mp.mpf(v)
            for n, v in exact.items()
        }
        known = self.given
        if "tau_m" not in known:
            known["tau_m"] = known["R_m"] * known["C_m"]
        if "R_m" not in known:
            known["R_m"] = known["tau_m"] / known["C_m"]
        self.rate = 1 / known["tau_m"]
        self.gain = known["R_m"] / known["tau_m"]
        self.offset, self.amplitude = mp.mpf(offset), mp.mpf(amplitude)
        self.omega = 2 * mp.pi * mp.mpf(frequency) / 1000
        self.u = (known["E_L"] if V_0 is None else mp.mpf(V_0)) - known["E_L"]
        self.level = int(exact.get("level", 0))
        self.currents = []  # [value, decay]
        self.thresholds = []
        self.pull = self.slow = mp.mpf(0)
        self.followed = mp.mpf(0)
        zero = mp.mpf(0)
        if self.kind == "AdaptiveLIF":
            self.currents = [[zero, 1 / tau] for tau in known["tau_w"]]
        elif self.kind == "MAT":
            self.thresholds = [[zero, 1 / tau] for tau in known["tau_theta"]]
        else:
            if self.level in (3, 4, 5):
                self.currents = [[zero, k] for k in known["asc_decay"]]
            if self.level in (2, 4, 5):
                self.thresholds = [[zero, known["th_spike_decay"]]]
            if self.level == 5:
                self.pull, self.slow = known["th_voltage_index"], known["th_voltage_decay"]
        # These sums have a pole where two rates are one: a step aside, 20 digits down.
        if self.slow == self.rate:
            self.slow *= 1 + mp.mpf(10) ** -20
        for trace in self.currents:
            if trace[1] in (self.rate, self.slow):
                trace[1] *= 1 + mp.mpf(10) ** -21

    def modes(self, t0):
        """(coefficients of f, u and p, exponents): sums of exponentials of the time since t0."""
        gap = self.given["V_th"] - self.given["E_L"]
        turn = mp.e ** (1j * self.omega * t0)
        drive = [(self.offset * self.gain, mp.mpc(0))]
        if self.amplitude:
            drive.append((-1j * self.amplitude * turn * self.gain, 1j * self.omega))
        drive += [(value * self.gain, mp.mpc(-decay)) for value, decay in self.currents]
        u = [(c / (m + self.rate), m) for c, m in drive]
        start = mp.re(sum(c for c, _ in u))
        u.append((self.u - start, mp.mpc(-self.rate)))
        p = []
        if self.pull:
            p = [(self.pull * c / (m + self.slow), m) for c, m in u]
            p.append((self.followed - mp.re(sum(c for c, _ in p)), mp.mpc(-self.slow)))
        f = [*u, *((-c, m) for c, m in p), (-gap, mp.mpc(0))]
        f += [(-value, mp.mpc(-decay)) for value, decay in self.thresholds]
        return f, u, p

    def move(self, t0, x):
        """Let the state pass from t0 to t0 + x."""
        _, u, p = self.modes(t0)
        self.u, self.followed = at(u, x), at(p, x) if p else mp.mpf(0)
        for trace in (*self.currents, *self.thresholds):
            trace[0] *= mp.e ** (-trace[1] * x)

    def spike(self, t):
        """The sources' rules at a spike at t; returns the time from which V is free."""
        known, t_ref = self.given, self.given["t_ref"]
        if self.kind == "MAT":
            for trace, alpha in zip(self.thresholds, known["alpha"], strict=True):
                trace[0] += alpha
            return t
        if self.kind == "AdaptiveLIF":
            for trace, b in zip(self.currents, known["b"], strict=True):
                trace[0] = (trace[0] - b) * mp.e ** (-trace[1] * t_ref)
            self.u = known["V_reset"] - known["E_L"]
            return t + t_ref
        if self.currents:
            rules = zip(self.currents, known["asc_amps"], known["asc_r"], strict=True)
            for trace, amplitude, left in rules:
                trace[0] = amplitude + left * trace[0] * mp.e ** (-trace[1] * t_ref)
        if self.thresholds:
            (trace,) = self.thresholds
            trace[0] = trace[0] * mp.e ** (-trace[1] * t_ref) + known["th_spike_add"]
            self.u = known["voltage_reset_fraction"] * self.u + known["voltage_reset_add"]
        else:
            self.u = known["V_reset"] - known["E_L"]
        return t + t_ref

    def train(self, duration, step=0.02):
        """All spike times up to the duration (ms), and V' at each less the threshold's."""
        with mp.workdps(self.digits):
            times, slopes = [], []
            t = mp.mpf(0)
            while t <= duration:
                blind = mp.mpf(0)
                if self.kind == "MAT" and times:
                    blind = times[-1] + self.given["t_ref"] - t
                x = self.first(t, blind, duration - t, step)
                if x is None:
                    return times, slopes
                f, _, _ = self.modes(t)
                slopes.append(at([(c * m, m) for c, m in f], x))
                self.move(t, x)
                times.append(t + x)
                t = self.spike(t + x)
            return times, slopes

    def first(self, t, blind, length, step):
        """The first crossing after t: at the end of blindness, or between two looks."""
        f, _, _ = self.modes(t)
        if blind > length:
            return None
        if at(f, blind) >= 0:
            return blind
        coefficients = np.array([complex(c) for c, _ in f])
        exponents = np.array([complex(m) for _, m in f])
        begin = float(blind)
        while begin < length:
            looks = begin + step * np.arange(2001)
            if np.abs(coefficients).max() < 1e5:
                values = (coefficients * np.exp(np.outer(looks, exponents))).sum(axis=1).real
            else:  # near a pole: doubles would lose it all
                looks = begin + 10 * step * np.arange(101)
                values = np.array([float(at(f, mp.mpf(x))) for x in looks])
            above = np.flatnonzero(values[1:] >= 0)
            inner = values[1:-1]
            peaks = np.flatnonzero((inner >= values[:-2]) & (inner > values[2:])) + 1
            k = above[0] + 1 if len(above) else len(looks)
            for peak in peaks[peaks < k]:
                if values[peak] > -1e-3:
                    top = self.peak(f, looks[peak - 1], looks[peak + 1])
                    if at(f, top) >= 0:
                        return self.root(f, mp.mpf(looks[peak - 1]), top, length)
            if len(above):
                return self.root(f, mp.mpf(looks[k - 1]), mp.mpf(looks[k]), length)
            begin = looks[-1]
        return None

    def peak(self, f, low, high):
        """Where f' changes sign."""
        slope = [(c * m, m) for c, m in f]
        return bisect(lambda x: -at(slope, x), mp.mpf(low), mp.mpf(high))

    def root(self, f, low, high, length):
        """The crossing between two times, if it lies in the run."""
        slope = [(c * m, m) for c, m in f]
        x = bisect(lambda x: at(f, x), low, high, 20)
        for _ in range(8):
            x -= at(f, x) / at(slope, x)
        return x if x <= length else None


def at(modes, x):
    """The sum of exponentials at x."""
    return mp.fsum(mp.re(c * mp.e ** (m * x)) for c, m in modes)


def bisect(function, low, high, steps=110):
    """Where an increasing function is zero."""
    for _ in range(steps):
        middle = (low + high) / 2
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def worst(times, slopes, found, scale):
    """The largest error (ms) of a train, and the largest in units of the accumulated bar."""
    bar, most, relative = 0.0, 0.0, 0.0
    for truth, slope, time in zip(times, slopes, found, strict=True):
        # 1e-10 ms and 16 ulp of what is added up to V, over V's slope, along the train.
        bar += 16 * 2.2e-16 * scale / max(1e-12, float(slope))
        error = abs(float(truth - mp.mpf(time)))
        most = max(most, error)
        relative = max(relative, error / (1e-10 + bar + 2 * math.ulp(time)))
    return most, relative
