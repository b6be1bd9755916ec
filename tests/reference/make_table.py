"""Make the reference table of spike times: ``python tests/reference/make_table.py``.

This script is independent of lapicque on purpose: it imports nothing of the package and shares no
formula, no scan and no number format with it.  All arithmetic is mpmath's at 100 digits.

Method
------
1.  Every number of an experiment is a double, converted exactly.  The third of ``R_m``, ``C_m``,
    ``tau_m`` is the real product or quotient of the two given.
2.  The span is cut at every start, stop, window edge and sample.  From the beginning ``t0`` of a
    stretch (0, a cut, or the end of refractoriness) the current is a short sum of
    ``c s^n exp(lambda s)``, ``s = t - t0``, and so is ``W = V - V_th``, with the case
    ``lambda = -1/tau_m`` as a closed form of its own.  Because W is formed with its constant term
    first, a drive exactly at threshold leaves only ``A exp(-s/tau_m)``, whose sign is right however
    small it gets.
3.  A march over cells of adapted width proves for each cell that W stays below 0, or that V' has
    one sign, or that V' is monotone (Lipschitz bounds of V' and V''); otherwise the cell is halved.
    So each cell has at most one maximum.  It is found by bracketed Newton on V', and where W >= 0
    there (or at the cell's end) the crossing follows by bracketed Newton on W.
4.  Two ulp rule: on a stretch of constant current an excess drive ``R_m I - (V_th - E_L)`` of at
    most 2 ulp of ``R_m I`` counts as zero.

Checks made at every run
------------------------
* ``|V(t*) - V_th| < 1e-35`` at each spike found by crossing.
* ``V < V_th`` on a dense sample between spikes.
* counts that are known beforehand (``expect``) and the check values of ``CHECKS``.

Checks made by ``--quad`` (56 cases, 15 s): ``V(t*)`` by numerical quadrature of the convolution
``(1/C_m) integral exp(-(t* - u)/tau_m) I(u) du``, with I straight from the recipe, is ``V_th``
within 1e-25 mV.  Found: at most 7e-44 mV.

Checks made once, outside this file: scipy 1.17 DOP853 (rtol 1e-13, atol 1e-12, event location,
at least 25 steps per period of a sine, written from the JSON alone) over the first 12 spikes of 126
of the 129 cases not marked delicate.  Every count agrees but for six grazes of 1e-9, whose
excursion DOP853 steps over; ``|dt| |V'|`` is at most 6e-11 mV (2.4e-10 mV on stiff or 1e6 ms
cases).  The grazes, the beat and the 20 s sine were compared by quadrature as above: 1e-44 mV.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
from mpmath import mp, mpc, mpf

mp.dps = 100

TABLE = Path(__file__).with_name("table.json")
ZERO = mpf(0)
RESIDUAL = mpf(10) ** -35  # allowed |V(t*) - V_th|, mV
STEP = mpf(10) ** -85  # relative step at which Newton stops
UNDECIDED = mpf(10) ** -60  # a smooth maximum this close to V_th must be exactly on it
NARROWEST = mpf(10) ** -40  # a cell of this width (ms) that is still undecided is an error
KEEP_ALL, KEEP_END = 400, 50  # longer trains are stored by their first and last spikes

Dict = dict[str, Any]


# ---------------------------------------------------------------------------- exponential sums


class ExpSum:
    """A real function ``Re sum_k P_k(s) exp(lambda_k s)`` with its first three derivatives.

    Parameters
    ----------
    terms
        Maps each ``lambda`` (mpf <= 0, or a purely imaginary mpc) to the coefficients of its
        polynomial, lowest power first.

    """

    def __init__(self, terms: dict[Any, list[Any]]) -> None:
        self.groups = []
        for lam, poly in terms.items():
            derivatives = [poly]
            for _ in range(3):
                last = derivatives[-1]
                new = [lam * c for c in last]
                for n in range(1, len(last)):
                    new[n - 1] += n * last[n]
                derivatives.append(new)
            sizes = [[abs(c) for c in p] for p in derivatives]
            self.groups.append((lam, isinstance(lam, mpc), derivatives, sizes))

    def values(self, s: mpf, order: int = 3) -> list[mpf]:
        """Return the function and its derivatives up to `order` at s."""
        out = [ZERO] * (order + 1)
        for lam, oscillates, derivatives, _ in self.groups:
            factor = mp.expj(lam.imag * s) if oscillates else mp.exp(lam * s)
            for k in range(order + 1):
                value: Any = ZERO
                for c in reversed(derivatives[k]):
                    value = value * s + c
                value = value * factor
                out[k] += value.real if oscillates else value
        return out

    def bound(self, k: int, a: mpf, b: mpf) -> mpf:
        """Return an upper bound of ``|k-th derivative|`` on [a, b], a >= 0."""
        total = ZERO
        for lam, oscillates, _, sizes in self.groups:
            value = ZERO
            for c in reversed(sizes[k]):
                value = value * b + c
            if value and not oscillates and lam:
                value *= mp.exp(lam * a)
            total += value
        return total

    def ceiling(self, a: mpf, b: mpf) -> mpf:
        """Return an upper bound of the function on [a, b], a >= 0."""
        total = ZERO
        for lam, oscillates, derivatives, sizes in self.groups:
            if oscillates:
                total += sum((c * b**n for n, c in enumerate(sizes[0])), ZERO)
                continue
            at_a = mp.exp(lam * a) if lam else mpf(1)
            at_b = mp.exp(lam * b) if lam else mpf(1)
            for n, c in enumerate(derivatives[0]):
                if n == 0 or not lam:  # monotone: the larger end
                    total += max(c * a**n * at_a, c * b**n * at_b)
                elif c > 0:
                    total += c * b**n * at_a
        return total


def newton_in_bracket(function: ExpSum, k: int, low: mpf, high: mpf) -> mpf:
    """Return the root of the k-th derivative in [low, high], which brackets exactly one."""
    sign_high = 1 if function.values(high, k)[k] >= 0 else -1
    x = (low + high) / 2
    for _ in range(2000):
        value, slope = function.values(x, k + 1)[k:]
        if value == 0:
            return x
        if (value > 0) == (sign_high > 0):
            high = x
        else:
            low = x
        new = x - value / slope if slope else low
        if not low < new < high:
            new = (low + high) / 2
        if abs(new - x) <= STEP * (abs(x) + STEP) or high - low <= STEP * (abs(x) + STEP):
            return new
        x = new
    raise ArithmeticError("Newton in a bracket did not converge")


# ---------------------------------------------------------------------------- currents


class Part(NamedTuple):
    """One part of a current with its numbers as exact mpf."""

    recipe: Dict
    start: mpf
    first: mpf  # on from here ...
    last: mpf | None  # ... to just before here
    knots: list[mpf]  # absolute times of samples


def read_part(recipe: Dict) -> Part:
    """Return the part of a recipe."""
    start = mpf(float(recipe.get("start", 0.0)))
    ends = [mpf(float(recipe["stop"]))] if recipe.get("stop") is not None else []
    first, knots = start, []
    if recipe["kind"] == "sampled":
        knots = [start + mpf(float(t)) for t in recipe["times"]]
        first = knots[0]
        if recipe["interpolation"] == "linear":
            ends.append(knots[-1])
    if recipe["kind"] == "constant":
        first = start if "start" in recipe else mpf("-inf")
    if recipe.get("window") is not None:
        first = max(first, mpf(float(recipe["window"][0])))
        ends.append(mpf(float(recipe["window"][1])))
    return Part(recipe, start, first, min(ends) if ends else None, knots)


def is_on(part: Part, t: mpf) -> bool:
    """Tell whether a part may be nonzero at t."""
    return part.first <= t and (part.last is None or t < part.last)


def part_terms(part: Part, t0: mpf, probe: mpf) -> tuple[Any, list[Any]]:
    """Return ``lambda`` and the polynomial in ``s = t - t0`` of one part around `probe`."""
    recipe, delta = part.recipe, t0 - part.start

    def number(name: str) -> mpf:
        return mpf(float(recipe[name]))

    kind = recipe["kind"]
    if kind in ("constant", "step"):
        return ZERO, [number("amplitude")]
    if kind == "ramp":
        return ZERO, [number("slope") * delta, number("slope")]
    if kind == "sine":
        omega = 2 * mp.pi * number("frequency") / 1000
        angle = omega * delta + mpf(float(recipe.get("phase", 0.0)))
        return mpc(0, omega), [number("amplitude") * mpc(0, -1) * mp.expj(angle)]
    if kind == "decay":
        tau = number("tau")
        return -1 / tau, [number("amplitude") * mp.exp(-delta / tau)]
    if kind == "alpha":
        tau = number("tau")
        size = number("amplitude") * mp.exp(1 - delta / tau) / tau
        return -1 / tau, [size * delta, size]
    if kind == "sampled":
        values = [mpf(float(v)) for v in recipe["values"]]
        k = bisect_right(part.knots, probe) - 1
        if recipe["interpolation"] == "hold":
            return ZERO, [values[k]]
        slope = (values[k + 1] - values[k]) / (part.knots[k + 1] - part.knots[k])
        return ZERO, [values[k] + slope * (t0 - part.knots[k]), slope]
    raise ValueError(f"unknown kind {kind!r}")


def current_at(parts: list[Part], t: mpf) -> mpf:
    """Return I(t) straight from the recipes (used by the quadrature check only)."""
    total = ZERO
    for part in parts:
        if not is_on(part, t):
            continue
        r, s = part.recipe, t - part.start
        if r["kind"] in ("constant", "step"):
            total += mpf(r["amplitude"])
        elif r["kind"] == "ramp":
            total += mpf(r["slope"]) * s
        elif r["kind"] == "sine":
            phase = mpf(r.get("phase", 0.0))
            total += mpf(r["amplitude"]) * mp.sin(mp.pi * mpf(r["frequency"]) * s / 500 + phase)
        elif r["kind"] == "decay":
            total += mpf(r["amplitude"]) * mp.exp(-s / mpf(r["tau"]))
        elif r["kind"] == "alpha":
            x = s / mpf(r["tau"])
            total += mpf(r["amplitude"]) * x * mp.exp(1 - x)
        else:
            k = bisect_right(part.knots, t) - 1
            left = mpf(r["values"][k])
            if r["interpolation"] == "linear" and k + 1 < len(part.knots):
                share = (t - part.knots[k]) / (part.knots[k + 1] - part.knots[k])
                left += share * (mpf(r["values"][k + 1]) - left)
            total += left
    return total


# ---------------------------------------------------------------------------- the neuron


class Neuron(NamedTuple):
    """LIF or PIF in exact numbers; alpha = 1/tau_m is 0 for PIF, beta = 1/C_m."""

    alpha: mpf
    beta: mpf
    R_m: mpf | None
    E_L: mpf | None
    V_th: mpf
    V_reset: mpf
    t_ref: mpf


def read_neuron(data: Dict) -> Neuron:
    """Return the neuron of an experiment dict."""
    get = {k: mpf(float(v)) for k, v in data.items() if k != "model"}
    t_ref = get.get("t_ref", ZERO)
    if data["model"] == "PIF":
        return Neuron(ZERO, 1 / get["C_m"], None, None, get["V_th"], get["V_reset"], t_ref)
    given = {"R_m", "C_m", "tau_m"} & set(data)
    if len(given) != 2:
        raise ValueError("give two of R_m, C_m, tau_m")
    R_m = get["R_m"] if "R_m" in given else get["tau_m"] / get["C_m"]
    C_m = get["C_m"] if "C_m" in given else get["tau_m"] / get["R_m"]
    tau_m = get["tau_m"] if "tau_m" in given else get["R_m"] * get["C_m"]
    E_L, V_th = get.get("E_L", mpf(-65)), get.get("V_th", mpf(-50))
    return Neuron(1 / tau_m, 1 / C_m, R_m, E_L, V_th, get.get("V_reset", mpf(-65)), t_ref)


def solve(neuron: Neuron, current: dict[Any, list[Any]], w: mpf) -> ExpSum:
    """Return ``W = V - V_th`` on a stretch that begins with ``W = w``.

    ``W' + alpha W = beta I + alpha (E_L - V_th)``.  For a term ``c s^n exp(lambda s)`` of the right
    side and ``mu = lambda + alpha`` the particular solution is ``P(s) exp(lambda s)`` with
    ``P' + mu P = c s^n``: for mu != 0 ``P = c sum_j (-1)^j n!/(n-j)! s^(n-j) / mu^(j+1)``, for
    mu = 0 ``P = c s^(n+1)/(n+1)``.
    """
    terms: dict[Any, list[Any]] = {}

    def add(lam: Any, n: int, c: Any) -> None:
        poly = terms.setdefault(lam, [])
        poly.extend([ZERO] * (n + 1 - len(poly)))
        poly[n] += c

    for lam, poly in current.items():
        mu = lam + neuron.alpha
        for n, c in enumerate(poly):
            if lam == 0 and n == 0 and neuron.R_m is not None:
                continue  # the constant is done below, without dividing
            if mu == 0:
                add(lam, n + 1, neuron.beta * c / (n + 1))
                continue
            for j in range(n + 1):
                factor = (-1) ** j * math.factorial(n) // math.factorial(n - j)
                add(lam, n - j, neuron.beta * c * factor / mu ** (j + 1))
    if neuron.R_m is not None and neuron.E_L is not None:
        level = current.get(ZERO, [ZERO])[0]
        excess = neuron.E_L - neuron.V_th + neuron.R_m * level
        only_constant = set(current) <= {ZERO} and len(current.get(ZERO, [0])) == 1
        if only_constant and abs(excess) <= 2 * mpf(math.ulp(float(neuron.R_m * level))):
            excess = ZERO
        add(ZERO, 0, excess)
    at_start = sum((p[0].real for p in terms.values() if p), ZERO)
    add(-neuron.alpha if neuron.alpha else ZERO, 0, w - at_start)
    return ExpSum({lam: poly for lam, poly in terms.items() if any(c != 0 for c in poly)})


# ---------------------------------------------------------------------------- the first crossing


class Scan:
    """March over cells; remembers the last width so that a train does not start from scratch."""

    def __init__(self) -> None:
        self.width: mpf | None = None

    def first_crossing(self, neuron: Neuron, W: ExpSum, current: ExpSum, end: mpf) -> mpf | None:
        """Return the first s in (0, end] with W(s) >= 0, given W(0) < 0; None if there is none."""
        a, at_a = ZERO, W.values(ZERO)
        h = min(self.width or end, end)
        while a < end:
            b = min(a + h, end)
            verdict, at_b = self._cell(neuron, W, current, a, b, at_a)
            if verdict == "halve":
                h = (b - a) / 2
                if h < NARROWEST:
                    raise ArithmeticError("a cell is undecided at the narrowest width")
                continue
            self.width = h
            if isinstance(verdict, mpf):
                return newton_in_bracket(W, 0, a, verdict) if W.values(verdict, 0)[0] else verdict
            a, at_a, h = b, at_b or W.values(b), 2 * h
        return None

    @staticmethod
    def _cell(
        neuron: Neuron, W: ExpSum, current: ExpSum, a: mpf, b: mpf, at_a: list[mpf]
    ) -> tuple[str | mpf, list[mpf] | None]:
        """Judge [a, b]: "below", "halve", or a point with W >= 0 before which W rises through 0."""
        h = b - a
        leaky = neuron.R_m is not None

        def speed(k: int) -> mpf:
            """Bound of the k-th derivative of V: by its own terms and as a low-pass of I."""
            own = W.bound(k, a, b)
            if neuron.R_m is None:
                return own
            drive, now = neuron.R_m * current.bound(k, a, b), abs(at_a[k])
            return min(own, max(now, drive), now + drive * neuron.alpha * h)

        # 1. Is all of the cell below threshold?
        if W.ceiling(a, b) < 0 or at_a[0] + h * speed(1) < 0:
            return "below", None
        if leaky:
            top = neuron.R_m * current.ceiling(a, b) + neuron.E_L - neuron.V_th
            if top < 0:  # V tends to a level below V_th all along the cell
                return "below", None
        # 2. Has V' one sign?
        at_b = W.values(b)
        fa, fb = at_a[1], at_b[1]
        if fa * fb > 0 and abs(fa) + abs(fb) > h * speed(2):
            return (b if fb > 0 and at_b[0] >= 0 else "below"), at_b
        # 3. Is V' monotone?
        ga, gb = at_a[2], at_b[2]
        if not (ga * gb > 0 and abs(ga) + abs(gb) > h * speed(3)):
            return "halve", None
        if fa > 0 > fb:
            peak = newton_in_bracket(W, 1, a, b)
            top = W.values(peak, 0)[0]
            if 0 < abs(top) < UNDECIDED:
                raise ArithmeticError("a maximum is too close to threshold to be decided")
            return (peak if top >= 0 else "below"), at_b
        return (b if at_b[0] >= 0 else "below"), at_b


# ---------------------------------------------------------------------------- the simulation


class Run(NamedTuple):
    """Spike times, and dV/dt just before each (None where V was at threshold already)."""

    times: list[mpf]
    slopes: list[mpf | None]


class Experiment:
    """An experiment dict in exact numbers; `lift` is added to V_th (see `is_delicate`)."""

    def __init__(self, data: Dict, lift: mpf = ZERO) -> None:
        self.neuron = read_neuron(data["neuron"])
        self.neuron = self.neuron._replace(V_th=self.neuron.V_th + lift)
        self.duration = mpf(float(data["duration"]))
        self.parts = [read_part(r) for r in data["current"]]
        rest = self.neuron.V_reset if self.neuron.E_L is None else self.neuron.E_L
        self.V_0 = mpf(float(data["V_0"])) if data.get("V_0") is not None else rest
        cuts = {self.duration}
        for part in self.parts:
            cuts.update([part.first, *part.knots])
            if part.last is not None:
                cuts.add(part.last)
        self.cuts = sorted(t for t in cuts if 0 < t <= self.duration)

    def stretch(self, t: mpf) -> tuple[mpf, dict[Any, list[Any]]]:
        """Return the end of the piece that begins at or holds t, and the terms of I from t on."""
        end = self.cuts[bisect_right(self.cuts, t)]
        probe = (t + end) / 2
        terms: dict[Any, list[Any]] = {}
        for part in self.parts:
            if is_on(part, probe):
                lam, poly = part_terms(part, t, probe)
                old = terms.get(lam, [])
                terms[lam] = [x + y for x, y in itertools.zip_longest(old, poly, fillvalue=ZERO)]
        for poly in terms.values():
            while len(poly) > 1 and poly[-1] == 0:
                poly.pop()
        return end, {lam: poly for lam, poly in terms.items() if any(c != 0 for c in poly)}

    def run(self, check: bool = True) -> Run:
        """Return the spike train, having checked residuals and a dense sample."""
        neuron, scan = self.neuron, Scan()
        times: list[mpf] = []
        slopes: list[mpf | None] = []
        t, w, w_reset = ZERO, self.V_0 - self.neuron.V_th, self.neuron.V_reset - self.neuron.V_th
        if w_reset >= 0 and neuron.t_ref == 0:
            raise ValueError("V_reset >= V_th needs t_ref > 0")
        while t <= self.duration:
            if w >= 0:  # at t = 0 or at the end of refractoriness
                times.append(t)
                slopes.append(None)
                t, w = t + neuron.t_ref, w_reset
                continue
            if t == self.duration:
                break
            end, current = self.stretch(t)
            W = solve(neuron, current, w)
            constant = set(current) <= {ZERO} and len(current.get(ZERO, [0])) == 1
            if constant:
                s = constant_crossing(neuron, W, end - t)
            else:
                s = scan.first_crossing(neuron, W, ExpSum(current), end - t)
            if check:
                self._check(W, s, end - t, len(times))
            if s is None:
                t, w = end, W.values(end - t, 0)[0]
                continue
            slope = W.values(s, 1)[1]
            times.append(t + s)
            slopes.append(slope)
            if constant and w == w_reset:  # the same interval again until the piece ends
                period = s + neuron.t_ref
                while times[-1] + period <= end:
                    times.append(times[-1] + period)
                    slopes.append(slope)
            t, w = times[-1] + neuron.t_ref, w_reset
        return Run(times, slopes)

    @staticmethod
    def _check(W: ExpSum, s: mpf | None, end: mpf, spikes: int) -> None:
        """Residual at the crossing and a dense sample before it."""
        if s is not None and abs(W.values(s, 0)[0]) >= RESIDUAL:
            raise ArithmeticError("residual at a spike")
        count = 24 if spikes < 40 else 5
        if s is None:
            count = min(400, 40 * (1 + len(W.groups)))
        for k in range(1, count):
            x = (end if s is None else s) * (k + mpf("0.137")) / (count + 1)
            if W.values(x, 0)[0] >= 0:
                raise ArithmeticError("V >= V_th between spikes")


def constant_crossing(neuron: Neuron, W: ExpSum, end: mpf) -> mpf | None:
    """Return the crossing of a stretch with constant current in closed form."""
    coefficients = {lam: poly for lam, _, (poly, *_), _ in W.groups}
    if neuron.alpha:
        level = coefficients.get(ZERO, [ZERO])[0]
        transient = coefficients.get(-neuron.alpha, [ZERO])[0]
        s = mp.log(-transient / level) / neuron.alpha if level > 0 else None
    else:
        w, rate = (*coefficients[ZERO], ZERO)[:2]
        s = -w / rate if rate > 0 else None
    return s if s is not None and s <= end else None


def weighted(experiment: Experiment, t: mpf) -> Callable[[mpf], mpf]:
    """Return the integrand ``exp(-(t - u)/tau_m) I(u)``."""
    rate, parts = experiment.neuron.alpha, experiment.parts
    return lambda u: mp.exp(-rate * (t - u)) * current_at(parts, u)


def quadrature_residual(experiment: Experiment, run: Run, spikes: int) -> float:
    """Return the largest |V(t*) - V_th| over the first `spikes` spikes, V by quadrature."""
    neuron, worst = experiment.neuron, ZERO
    t0, v0 = ZERO, experiment.V_0
    fastest = max(
        [mpf(p.recipe["frequency"]) for p in experiment.parts if p.recipe["kind"] == "sine"],
        default=ZERO,
    )
    dps, mp.dps = mp.dps, 45
    try:
        for t, slope in itertools.islice(zip(run.times, run.slopes, strict=True), spikes):
            if slope is not None:
                inner = [c for c in experiment.cuts if t0 < c < t]
                points = [t0, *inner, t]
                step = min(1000 / fastest if fastest else t - t0, 3 / (neuron.alpha or 1))
                fine = []
                for a, b in itertools.pairwise(points):
                    n = int((b - a) / step) + 1
                    fine += [a + (b - a) * k / n for k in range(n)]
                edges = [*fine, t]
                integral = sum(
                    (mp.quad(weighted(experiment, t), pair) for pair in itertools.pairwise(edges)),
                    ZERO,
                )
                v = v0 * mp.exp(-neuron.alpha * (t - t0)) + neuron.beta * integral
                if neuron.E_L is not None:
                    v -= neuron.E_L * mp.expm1(-neuron.alpha * (t - t0))
                worst = max(worst, abs(v - neuron.V_th))
            t0, v0 = t + neuron.t_ref, neuron.V_reset
    finally:
        mp.dps = dps
    return float(worst)


# ---------------------------------------------------------------------------- writing experiments


def lif(**values: float) -> Dict:
    """Return a LIF dict."""
    return {"model": "LIF", **values}


def pif(**values: float) -> Dict:
    """Return a PIF dict."""
    return {"model": "PIF", **values}


def constant(amplitude: float, **more: Any) -> Dict:
    """Return a constant part."""
    return {"kind": "constant", "amplitude": amplitude, **more}


def step(amplitude: float, start: float, stop: float, **more: Any) -> Dict:
    """Return a step part."""
    return {"kind": "step", "amplitude": amplitude, "start": start, "stop": stop, **more}


def ramp(slope: float, **more: Any) -> Dict:
    """Return a ramp part."""
    return {"kind": "ramp", "slope": slope, **more}


def sine(amplitude: float, frequency: float, phase: float = 0.0, **more: Any) -> Dict:
    """Return a sine part."""
    return {"kind": "sine", "amplitude": amplitude, "frequency": frequency, "phase": phase, **more}


def decay(amplitude: float, tau: float, **more: Any) -> Dict:
    """Return a decay part."""
    return {"kind": "decay", "amplitude": amplitude, "tau": tau, **more}


def alpha(amplitude: float, tau: float, **more: Any) -> Dict:
    """Return an alpha part."""
    return {"kind": "alpha", "amplitude": amplitude, "tau": tau, **more}


def sampled(
    times: list[float], values: list[float], interpolation: str = "linear", **more: Any
) -> Dict:
    """Return a sampled part."""
    return {
        "kind": "sampled",
        "times": times,
        "values": values,
        "interpolation": interpolation,
        **more,
    }


def experiment(
    neuron: Dict, current: list[Dict], duration: float, V_0: float | None = None
) -> Dict:
    """Return an experiment dict."""
    out: Dict = {"duration": duration}
    if V_0 is not None:
        out["V_0"] = V_0
    return {**out, "neuron": neuron, "current": current}


class Case(NamedTuple):
    """One row of the table; `expect` is the spike count where it is known beforehand."""

    group: str
    name: str
    experiment: Dict
    note: str
    expect: int | None = None


def double_at_or_below(x: mpf) -> float:
    """Return the largest double <= x."""
    y = float(x)
    return y if mpf(y) <= x else math.nextafter(y, -math.inf)


def first_spike(data: Dict) -> mpf:
    """Return the first spike time of an experiment."""
    return Experiment(data).run(check=False).times[0]


def highest(data: Dict, first: float, last: float, points: int) -> mpf:
    """Return the highest maximum of V in (first, last) when nothing fires."""
    quiet = json.loads(json.dumps(data))
    quiet["neuron"]["V_th"] = 1e9
    run = Experiment(quiet)
    t, w = ZERO, run.V_0 - run.neuron.V_th
    best = mpf("-inf")
    width = (mpf(last) - mpf(first)) / points
    while t < run.duration:
        end, terms = run.stretch(t)
        W = solve(run.neuron, terms, w)
        a, b = max(t, mpf(first)), min(end, mpf(last))
        if b > a:
            n = max(2, int((b - a) / width))
            grid = [a - t + (b - a) * k / n for k in range(n + 1)]
            values = [W.values(x, 1) for x in grid]
            k = max(range(n + 1), key=lambda k: values[k][0])
            best = max(best, values[k][0])
            for i in (k - 1, k):
                if 0 <= i < n and values[i][1] > 0 > values[i + 1][1]:
                    peak = newton_in_bracket(W, 1, grid[i], grid[i + 1])
                    best = max(best, W.values(peak, 0)[0])
        t, w = end, W.values(end - t, 0)[0]
    return best + run.neuron.V_th


def with_threshold(data: Dict, level: mpf) -> Dict:
    """Return a copy of an experiment with V_th = the double nearest to level."""
    out: Dict = json.loads(json.dumps(data))
    out["neuron"]["V_th"] = float(level)
    return out


# ---------------------------------------------------------------------------- the cases


def notebook() -> Iterator[Case]:
    """Yield the four experiments of the original notebook, defaults and slider extremes."""

    def one(
        current: list[float],
        R: float,
        C: float,
        theta: float,
        rest: float,
        duration: float = 100.0,
        E_L: float = 0.0,
    ) -> Dict:
        cell = lif(R_m=R, C_m=C, E_L=E_L, V_th=theta, V_reset=rest, t_ref=0.0)
        return experiment(cell, [constant(i) for i in current], duration, rest)

    def two_a(
        rest: float,
        reset: float,
        theta: float,
        R: float,
        tau: float,
        duration: float,
        V_0: float = 0.0,
    ) -> Dict:
        cell = lif(R_m=R, tau_m=tau, E_L=rest, V_th=theta, V_reset=reset, t_ref=0.0)
        return experiment(cell, [sine(1.0, 159.15494309189535)], duration, V_0)

    def two_b(
        peak: float, f: float, R: float, C: float, theta: float, duration: float = 100.0
    ) -> Dict:
        cell = lif(R_m=R, C_m=C, E_L=0.0, V_th=theta, V_reset=0.0, t_ref=0.0)
        return experiment(cell, [sine(peak, f)], duration, 0.0)

    def four(current: Dict, duration: float = 100.0) -> Dict:
        cell = lif(R_m=5.0, C_m=0.5, E_L=0.0, V_th=5.0, V_reset=0.0, t_ref=0.0)
        return experiment(cell, [current], duration, 0.0)

    g = "notebook 1"
    yield Case(g, "nb1 default", one([0.8], 6.4, 0.9, 5.0, 0.4), "as coded (leaks to 0)", 4)
    yield Case(
        g,
        "nb1 own equation",
        one([0.8], 6.4, 0.9, 5.0, 0.4, E_L=0.4),
        "E_L = u_rest: period 13.17 ms",
        7,
    )
    fast = "u_rest just below theta, everything else at its extreme"
    yield Case(g, "nb1 fastest", one([10.0], 10.0, 0.1, 1.0, 0.95), fast)
    yield Case(g, "nb1 fastest, short", one([10.0], 10.0, 0.1, 1.0, 0.95, 0.1), fast + ", shorter")
    yield Case(g, "nb1 no current", one([0.0], 6.4, 0.9, 5.0, 0.4), "slider at 0", 0)
    yield Case(g, "nb1 tie", one([0.5], 10.0, 1.0, 5.0, 0.4, 1e4), "R I = theta exactly", 0)
    yield Case(
        g,
        "nb1 decimal tie",
        one([1.1], 5.0, 0.9, 5.5, 0.4, 1e4),
        "R I = theta within an ulp: at rheobase",
        0,
    )
    yield Case(
        g,
        "nb1 decimal tie, lowest",
        one([0.1], 10.0, 0.1, 1.0, 0.0, 1e4),
        "10*0.1 as reals is above 1 by a quarter of an ulp: at rheobase",
        0,
    )
    yield Case(g, "nb1 just above", one([0.8], 6.3, 0.95, 5.0, 0.15, 300.0), "R I = 5.04, theta 5")
    yield Case(
        g,
        "nb1 rest 1 theta 1.5",
        one([0.4], 4.2, 0.35, 1.5, 1.0, 100.0, E_L=1.0),
        "own equation with V_0 = E_L = V_reset = 1",
    )

    g = "notebook 2a"
    note = "tau form, tau_m dV/dt = -(V - u_rest) + R sin t, starts at 0"
    yield Case(g, "nb2a default", two_a(48.4, -70.0, 48.2, 100.0, 6.3, 100.0), note)
    yield Case(
        g,
        "nb2a R over tau twice",
        two_a(48.4, -70.0, 48.2, 100.0 / 6.3, 6.3, 100.0),
        "as coded: R I divided by tau_m twice",
    )
    yield Case(
        g,
        "nb2a V_0 = u_rest",
        two_a(48.4, -70.0, 48.2, 100.0, 6.3, 100.0, 48.4),
        "V_0 above threshold: first spike at 0",
    )
    yield Case(
        g,
        "nb2a rest below threshold",
        two_a(-65.0, -70.0, -50.0, 100.0, 6.3, 200.0, -65.0),
        "V_0 = E_L = u_rest below theta",
    )
    yield Case(
        g,
        "nb2a extreme",
        two_a(100.0, -100.0, -99.0, 100.0, 100.0, 1000.0),
        "widest rest to threshold, longest t_max, V_0 = 0 above threshold",
    )
    yield Case(
        g,
        "nb2a extreme, short",
        two_a(100.0, -100.0, -99.0, 100.0, 100.0, 60.0),
        "the same, shorter",
    )
    yield Case(
        g,
        "nb2a out of reach",
        two_a(-100.0, -100.0, 100.0, 100.0, 3.7, 1000.0, -100.0),
        "theta 200 mV above rest",
        0,
    )
    yield Case(g, "nb2a fast membrane", two_a(-20.0, -70.0, 48.2, 97.3, 0.1, 50.0), "tau_m 0.1 ms")

    g = "notebook 2b"
    yield Case(g, "nb2b default", two_b(1.0, 100.0, 5.0, 0.5, 5.0), "silent at the defaults", 0)
    yield Case(g, "nb2b I_max 4", two_b(4.0, 100.0, 5.0, 0.5, 5.0), "check value: 31", 31)
    yield Case(
        g, "nb2b slowest strongest", two_b(10.0, 10.0, 10.0, 0.1, 1.0), "thousands of spikes"
    )
    yield Case(
        g,
        "nb2b slowest strongest, short",
        two_b(10.0, 10.0, 10.0, 0.1, 1.0, 3.0),
        "the same, shorter",
    )
    yield Case(g, "nb2b fastest", two_b(10.0, 1000.0, 10.0, 1.0, 1.0), "1000 Hz, tau_m 10")
    yield Case(g, "nb2b fastest weak", two_b(3.3, 990.0, 1.0, 0.1, 1.5), "990 Hz, tau_m 0.1")
    yield Case(
        g, "nb2b odd", two_b(2.7, 370.0, 8.3, 0.35, 3.5), "non-round sliders, once per cycle"
    )

    g = "notebook 3"
    yield Case(g, "nb3 default", one([1.0, 1.3], 3.3, 1.0, 7.5, 0.2), "check value: 6", 6)
    yield Case(g, "nb3 own equation", one([1.0, 1.3], 3.3, 1.0, 7.5, 0.2, E_L=0.2), "E_L = u_rest")
    yield Case(
        g, "nb3 strongest", one([10.0, 10.0], 10.0, 0.1, 1.0, 0.5), "all at the fast extreme"
    )
    yield Case(g, "nb3 strongest, short", one([10.0, 10.0], 10.0, 0.1, 1.0, 0.5, 0.5), "shorter")
    yield Case(
        g,
        "nb3 decimal tie",
        one([0.7, 0.8], 5.0, 1.0, 7.5, 0.2, 1e4),
        "5*(0.7 + 0.8) is 7.5 within an ulp: at rheobase",
        0,
    )

    g = "notebook 4"
    for peak, tau, count in ((10.0, 10.0, 30), (1.0, 100.0, 0), (10.0, 100.0, 232), (1.0, 10.0, 0)):
        yield Case(g, f"nb4 decay {peak:g} {tau:g}", four(decay(peak, tau)), "check value", count)
    yield Case(g, "nb4 square 10 10", four(step(10.0, 0.0, 10.0)), "the square pulse of its text")
    yield Case(g, "nb4 square 1 100", four(step(1.0, 0.0, 100.0)), "a pulse exactly at rheobase", 0)


def rheobase() -> Iterator[Case]:
    """Yield drives exactly at threshold and a little beside it."""
    g = "rheobase"
    plain = lif(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)

    def case(
        name: str, amplitude: float, note: str, expect: int | None = None, duration: float = 1000.0
    ) -> Case:
        return Case(g, name, experiment(plain, [constant(amplitude)], duration), note, expect)

    yield case("at rheobase", 1.5, "R I = gap exactly: silent for ever", 0, 1e5)
    yield case("1e-7 relative above", 1.5 * (1 + 1e-7), "15(1 + 1e-7) mV against 15")
    yield case("1e-7 relative below", 1.5 * (1 - 1e-7), "silent", 0, 1e5)
    yield case("1e-7 mV above", 1.5 + 1e-8, "excess 1e-7 mV")
    yield case("1e-7 mV below", 1.5 - 1e-8, "silent", 0, 1e5)
    yield case("1e-12 relative above", 1.5 * (1 + 1e-12), "about 27.6 tau_m to the spike")
    yield case("8 ulp above", 1.5 + 8 * math.ulp(1.5), "beyond the 2 ulp rule: fires")
    yield case("8 ulp below", 1.5 - 8 * math.ulp(1.5), "silent", 0, 1e5)
    odd = lif(R_m=12.3, tau_m=17.7, E_L=0.0, V_th=12.3 * 1.7, V_reset=-3.1, t_ref=0.0)
    yield Case(
        g,
        "decimal tie by the double product",
        experiment(odd, [constant(1.7)], 1e5),
        "V_th is the double 12.3*1.7",
        0,
    )
    quotient = lif(tau_m=10.0, C_m=3.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=0.0)
    yield Case(
        g,
        "tie by the real quotient",
        experiment(quotient, [constant(4.5)], 1e5),
        "R_m = 10/3 as a real: R_m*4.5 = 15 exactly, its double is 1 ulp above",
        0,
    )
    yield Case(
        g,
        "tie of three constants",
        experiment(plain, [constant(0.4), constant(0.3), constant(0.8)], 1e5),
        "0.4 + 0.3 + 0.8",
        0,
    )
    yield Case(
        g,
        "tie from below with a decay",
        experiment(plain, [constant(1.5), decay(-0.7, 23.0)], 5000.0),
        "V tends to V_th from below and never gets there",
        0,
    )
    yield Case(
        g,
        "tie from above with a decay",
        experiment(plain, [constant(1.5), decay(2.7, 4.7)], 5000.0),
        "the decay, faster than tau_m, lifts V over once; then silent for ever",
        1,
    )
    yield Case(
        g,
        "tie from above with a slow decay",
        experiment(plain, [constant(1.5), decay(0.7, 23.0)], 350.0),
        "the decay is slower than tau_m: V comes from below, goes over, ever later",
    )
    yield Case(
        g,
        "tie only on a piece",
        experiment(plain, [constant(1.5), step(0.37, 700.0, 760.0)], 2000.0),
        "at rheobase for 700 ms, a pulse on top, then at rheobase again",
    )


def grazes() -> Iterator[Case]:
    """Yield maxima of V a little above and below threshold, and exact touches."""
    g = "graze"
    # V = E_L + R c + a R sin(...)/sqrt(1 + (omega tau)^2) on the asymptotic orbit
    R, C, c, f, gap = 8.7, 1.3, 0.9, 7.3, mpf(15)
    attenuation = mp.sqrt(1 + (2 * mp.pi * mpf(f) / 1000 * mpf(R) * mpf(C)) ** 2)
    cell = lif(R_m=R, C_m=C, E_L=-65.0, V_th=-50.0, V_reset=-68.0, t_ref=1.5)
    for sign, word in ((1, "above"), (-1, "below")):
        peak = gap * (1 + sign * mpf("1e-9")) - mpf(R) * mpf(c)
        a = float(peak * attenuation / mpf(R))
        yield Case(
            g,
            f"asymptotic orbit 1e-9 {word}",
            experiment(cell, [constant(c), sine(a, f, -1.1)], 3000.0),
            "peaks of the steady oscillation, approached from below",
            0 if sign < 0 else None,
        )
    base = experiment(
        lif(R_m=10.0, C_m=1.9, E_L=-61.0, V_th=-50.0, V_reset=-61.0, t_ref=0.0),
        [sine(2.3, 12.7)],
        1000.0,
    )
    for shape, data, last in (
        ("first cycle", base, 80.0),
        (
            "triangle",
            experiment(
                lif(R_m=10.0, C_m=1.3, E_L=-65.0, V_th=-50.0, V_reset=-70.0, t_ref=3.0),
                [sampled([0.0, 17.3, 31.1], [0.0, 4.1, 0.2]), constant(0.11)],
                200.0,
            ),
            100.0,
        ),
        (
            "alpha",
            experiment(
                lif(R_m=21.0, C_m=0.4, E_L=-70.0, V_th=-50.0, V_reset=-70.0, t_ref=0.0),
                [alpha(1.7, 5.3, start=11.7)],
                150.0,
            ),
            150.0,
        ),
    ):
        top = highest(data, 0.0, last, 400)
        room = top - mpf(data["neuron"]["E_L"])
        for sign, word in ((1, "above"), (-1, "below")):
            level = top - sign * room * mpf("1e-9")
            yield Case(
                g,
                f"{shape} 1e-9 {word}",
                with_threshold(data, level),
                f"V_th put 1e-9 (relative) on the other side of the peak: V peaks {word} it",
                0 if sign < 0 else 1,
            )
    beat = experiment(
        lif(R_m=9.1, C_m=1.1, E_L=-66.0, V_th=-50.0, V_reset=-66.0, t_ref=2.0),
        [sine(1.13, 10.0), sine(1.13, 10.052, 3.1)],
        9900.0,
    )
    top = highest(beat, 9000.0, 9900.0, 3000)
    yield Case(
        g,
        "one spike of a beat",
        with_threshold(beat, top - mpf("2e-4")),
        "two sines in phase after 9.6 s: exactly one spike after 9 s of silence",
        1,
    )
    g = "exact touch"
    yield Case(
        g,
        "PIF parabola touches",
        experiment(
            pif(C_m=1.0, V_th=2.0, V_reset=0.0, t_ref=0.0), [sampled([0.0, 4.0], [2.0, -2.0])], 10.0
        ),
        "V = 2t - t^2/2 touches 2 at t = 2 (dyadic): a touch is a spike; undecidable in doubles",
        1,
    )
    yield Case(
        g,
        "PIF pulse ends on threshold",
        experiment(pif(C_m=0.5, V_th=3.0, V_reset=0.0, t_ref=0.0), [step(0.75, 0.5, 2.5)], 10.0),
        "V reaches 3 exactly when the pulse ends and would stay there",
        1,
    )
    yield Case(
        g,
        "PIF spike exactly at duration",
        experiment(pif(C_m=0.5, V_th=3.0, V_reset=0.0, t_ref=0.0), [constant(0.75)], 8.0),
        "spikes at 2, 4, 6, 8: the span includes its end",
        4,
    )


def resonance() -> Iterator[Case]:
    """Yield decays and alphas whose tau is tau_m or very near it."""
    g = "resonance"
    cell = lif(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
    for offset in (0.0, 1e-9, -1e-9, 1e-13, -1e-13):
        tau = 10.0 * (1 + offset)
        note = f"tau = tau_m(1 {offset:+g}) as a double"
        yield Case(
            g, f"decay {offset:+g}", experiment(cell, [decay(7.3, tau, start=3.1)], 200.0), note
        )
        yield Case(
            g, f"alpha {offset:+g}", experiment(cell, [alpha(4.9, tau, start=3.1)], 200.0), note
        )
    odd = lif(R_m=7.3, C_m=1.9, E_L=-71.3, V_th=-53.7, V_reset=-68.1, t_ref=0.0)
    tau = 7.3 * 1.9
    note = "tau is the double nearest to tau_m, which is a real product"
    parts = [decay(6.1, tau, start=1.7), constant(1.03)]
    yield Case(g, "decay at the rounded product", experiment(odd, parts, 300.0), note)
    parts = [alpha(5.7, tau, start=1.7), constant(1.03)]
    yield Case(g, "alpha at the rounded product", experiment(odd, parts, 300.0), note)


def mixtures() -> Iterator[Case]:
    """Yield sums of sines, ramps, decays, pulses, alphas and inhibition."""
    g = "mixture"
    cell = lif(R_m=9.7, C_m=1.21, E_L=-67.3, V_th=-51.9, V_reset=-70.4, t_ref=1.7)
    yield Case(
        g,
        "two sines",
        experiment(cell, [sine(1.9, 11.3, 0.4), sine(1.3, 37.9, -2.0)], 1000.0),
        "sum of 2 sines",
    )
    yield Case(
        g,
        "three sines",
        experiment(
            cell, [constant(1.1), sine(0.7, 3.1), sine(0.9, 23.7, 1.0), sine(2.1, 151.3)], 1000.0
        ),
        "sum of 3 sines and a constant",
    )
    yield Case(
        g,
        "four sines",
        experiment(
            cell,
            [
                sine(1.17, 5.03, 0.2),
                sine(0.83, 8.11, 1.9),
                sine(0.71, 13.9, -0.6),
                sine(1.9, 61.7, 2.7),
            ],
            2000.0,
        ),
        "sum of 4 sines",
    )
    yield Case(
        g, "ramp up", experiment(cell, [ramp(0.0137)], 300.0), "spikes come faster and faster"
    )
    yield Case(
        g,
        "ramp down",
        experiment(cell, [constant(4.1), ramp(-0.0173)], 400.0),
        "fires, falls silent, is pulled far below rest",
    )
    yield Case(
        g,
        "ramp up and down",
        experiment(
            cell,
            [
                ramp(0.031, start=20.0, stop=120.0),
                constant(3.1, start=120.0, stop=220.0),
                ramp(-0.031, start=120.0, stop=220.0),
            ],
            400.0,
        ),
        "a triangle out of three parts",
    )
    yield Case(
        g,
        "slow ramp, late spike",
        experiment(cell, [ramp(0.000171)], 9400.0),
        "silent for more than 9 s",
    )
    yield Case(
        g,
        "decays, pulses and a sine",
        experiment(
            cell,
            [
                decay(3.3, 4.7, start=12.3),
                decay(2.9, 31.0, start=61.7),
                step(1.7, 100.3, 141.9),
                step(-0.8, 120.0, 133.0),
                sine(0.9, 41.3, 0.3),
            ],
            300.0,
        ),
        "kinds together, with inhibition",
    )
    yield Case(
        g,
        "synaptic volley",
        experiment(
            cell, [decay(1.37, 5.0, start=2.9 * k + 0.31 * (k * k % 7)) for k in range(40)], 200.0
        ),
        "40 decays of one time constant",
    )
    yield Case(
        g,
        "alphas",
        experiment(
            cell,
            [alpha(2.3, 3.7, start=5.1), alpha(3.9, 9.3, start=33.3), alpha(-1.1, 2.0, start=41.0)],
            150.0,
        ),
        "excitation and inhibition by alphas",
    )
    yield Case(
        g,
        "inhibitory pulses",
        experiment(
            cell,
            [constant(2.13), *[step(-3.7, 21.3 * k, 21.3 * k + 6.1) for k in range(1, 9)]],
            250.0,
        ),
        "a regular train interrupted by negative pulses",
    )
    yield Case(
        g,
        "inhibition only",
        experiment(cell, [step(-2.0, 10.0, 60.0), sine(0.4, 20.0)], 200.0),
        "never near threshold",
        0,
    )
    yield Case(
        g,
        "negative start",
        experiment(
            cell,
            [
                decay(6.0, 8.3, start=-5.2),
                sine(1.1, 17.9, 0.7, start=-3.7),
                ramp(0.0041, start=-100.0),
                alpha(2.0, 6.0, start=-4.4),
                step(0.6, -10.0, 30.0),
            ],
            400.0,
        ),
        "every part began before t = 0",
    )
    yield Case(
        g,
        "windows cut a sine",
        experiment(
            cell,
            [
                sine(3.7, 13.1, 0.0, start=10.0, window=[47.3, 303.7]),
                sine(2.9, 29.3, 1.0, window=[200.0, 260.5]),
                constant(0.6, window=[-5.0, 350.0]),
            ],
            500.0,
        ),
        "the sine's clock runs from its start",
    )
    yield Case(
        g,
        "stop before crossing",
        experiment(cell, [decay(5.0, 20.0, stop=3.9), ramp(0.5, start=40.0, stop=47.0)], 100.0),
        "both parts stop too early",
        0,
    )
    yield Case(
        g,
        "stopped alpha and decay",
        experiment(
            cell,
            [alpha(6.7, 7.0, start=4.0, stop=31.0), decay(9.1, 13.0, start=50.0, stop=71.0)],
            120.0,
        ),
        "parts that end by a jump after some spikes",
    )


def edges() -> Iterator[Case]:
    """Yield pulses and durations that end at the crossing."""
    cell = lif(R_m=11.3, C_m=0.83, E_L=-64.7, V_th=-49.1, V_reset=-64.7, t_ref=0.0)
    drive, onset = 2.29, 3.7
    spike = first_spike(experiment(cell, [step(drive, onset, 1000.0)], 100.0))
    below = double_at_or_below(spike)
    above = math.nextafter(below, math.inf)
    for word, stop, count, remark in (
        ("the double below", below, 0, "undecidable in doubles"),
        ("the double above", above, 1, "undecidable in doubles"),
        ("1e-9 ms before", below - 1e-9, 0, ""),
        ("1e-9 ms after", above + 1e-9, 1, ""),
    ):
        note = f"{word} the crossing; {remark}".rstrip("; ")
        yield Case(
            "pulse edge",
            f"pulse stops {word}",
            experiment(cell, [step(drive, onset, stop)], 60.0),
            note,
            count,
        )
        yield Case(
            "duration edge",
            f"duration {word}",
            experiment(cell, [step(drive, onset, 1000.0)], stop),
            note,
            count,
        )
    train = experiment(cell, [constant(2.29), sine(1.1, 33.0)], 100.0)
    tenth = Experiment(train).run(check=False).times[5]
    for word, time_end, count in (
        ("below", double_at_or_below(tenth) - 1e-9, 5),
        ("above", double_at_or_below(tenth) + 1e-9, 6),
    ):
        yield Case(
            "duration edge",
            f"train ends 1e-9 ms {word} a spike",
            {**train, "duration": time_end},
            "sixth spike of a driven train",
            count,
        )


def states() -> Iterator[Case]:
    """Yield refractoriness, initial states, resets above threshold, trivial runs."""
    g = "refractory"
    cell = lif(R_m=10.0, tau_m=9.3, E_L=-65.0, V_th=-50.0, V_reset=-66.6, t_ref=25.0)
    yield Case(
        g,
        "longer than the input",
        experiment(cell, [step(4.1, 5.0, 19.0)], 100.0),
        "the input ends while V is held",
        1,
    )
    yield Case(
        g,
        "longer than the run",
        experiment({**cell, "t_ref": 500.0}, [constant(4.1)], 300.0),
        "one spike, then held to the end",
        1,
    )
    yield Case(
        g,
        "hides a pulse",
        experiment(
            cell, [step(4.1, 5.0, 11.3), step(9.0, 15.0, 27.0), step(5.0, 33.3, 48.0)], 90.0
        ),
        "the second pulse falls into refractoriness",
    )
    yield Case(
        g,
        "locks to a sine",
        experiment({**cell, "t_ref": 7.1}, [constant(1.2), sine(2.2, 27.3, 0.9)], 1000.0),
        "long refractoriness and a sine",
    )
    g = "initial state"
    cell = lif(R_m=10.0, C_m=1.1, E_L=-65.0, V_th=-50.0, V_reset=-67.0, t_ref=2.3)
    yield Case(
        g, "V_0 above threshold", experiment(cell, [constant(1.9)], 100.0, -43.0), "spike at 0"
    )
    yield Case(
        g, "V_0 at threshold", experiment(cell, [], 100.0, -50.0), "V_0 = V_th: spike at 0", 1
    )
    yield Case(
        g,
        "V_0 an ulp below, falling",
        experiment(cell, [], 100.0, math.nextafter(-50.0, -60.0)),
        "below by one ulp without input: silent",
        0,
    )
    yield Case(
        g, "V_0 far below", experiment(cell, [sine(2.9, 9.7, 0.3)], 500.0, -180.3), "long way up"
    )
    above = lif(R_m=10.0, C_m=1.1, E_L=-45.3, V_th=-50.0, V_reset=-67.0, t_ref=2.3)
    yield Case(g, "E_L above threshold", experiment(above, [], 200.0, -67.0), "fires unaided")
    yield Case(
        g,
        "E_L above threshold, default V_0",
        experiment(above, [sine(1.3, 19.0)], 200.0),
        "V_0 = E_L: spike at 0; a sine on top",
    )
    yield Case(
        g,
        "E_L equals V_th",
        experiment({**above, "E_L": -50.0}, [], 200.0, -67.0),
        "at rheobase without input: silent",
        0,
    )
    g = "reset above threshold"
    high = lif(R_m=10.0, C_m=1.1, E_L=-65.0, V_th=-50.0, V_reset=-48.0, t_ref=3.7)
    yield Case(
        g,
        "V_reset above V_th",
        experiment(high, [step(4.3, 6.0, 20.0)], 100.0),
        "after the first spike one at every end of refractoriness",
    )
    yield Case(
        g,
        "V_reset equals V_th",
        experiment({**high, "V_reset": -50.0, "t_ref": 0.7}, [], 20.0, -50.0),
        "from t = 0 on; 0.7 k as reals",
        29,
    )
    yield Case(
        g,
        "last one exactly at duration",
        experiment({**high, "t_ref": 1.25}, [], 10.0, -40.0),
        "spikes at 0, 1.25, ..., 10",
        9,
    )
    g = "trivial"
    cell = lif(R_m=10.0, C_m=1.0)
    yield Case(g, "no current", experiment(cell, [], 1000.0), "all defaults", 0)
    yield Case(g, "zero current", experiment(cell, [constant(0.0), sine(0.0, 5.0)], 1000.0), "", 0)
    yield Case(g, "cancelling parts", experiment(cell, [constant(7.7), constant(-7.7)], 1e4), "", 0)
    yield Case(g, "duration 0", experiment(cell, [constant(5.0)], 0.0), "silent", 0)
    yield Case(
        g, "duration 0, V_0 above", experiment(cell, [constant(5.0)], 0.0, -20.0), "spike at 0", 1
    )
    yield Case(g, "defaults", experiment(cell, [constant(1.6)], 200.0), "E_L, V_th ... left out")


def scales() -> Iterator[Case]:
    """Yield very fast and very slow membranes, long silence, long trains."""
    g = "time scales"
    slow = lif(R_m=10.0, C_m=100.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
    yield Case(
        g,
        "1000 Hz on tau_m 1000",
        experiment(slow, [constant(1.6), sine(20.0, 1000.0, 0.5)], 6000.0),
        "V creeps up with a ripple: the crossing is on a ripple's flank",
    )
    yield Case(
        g,
        "970 Hz on tau_m 1000, strong",
        experiment(slow, [constant(7.9), sine(331.0, 970.0)], 1500.0),
        "half a millivolt of ripple",
    )
    fast = lif(R_m=10.0, C_m=0.001, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=3.3)
    yield Case(
        g,
        "1.7 Hz on tau_m 0.01",
        experiment(fast, [sine(1.63, 1.7, 0.2)], 2000.0),
        "V follows R I; the crossing is where the current crosses rheobase",
    )
    yield Case(
        g,
        "tau_m 0.01, no refractoriness",
        experiment({**fast, "t_ref": 0.0}, [sine(1.500013, 0.37, 0.0), constant(0.0001)], 3000.0),
        "just above rheobase at the crest of a slow sine",
    )
    yield Case(
        g,
        "tau_m 0.01, ramp",
        experiment({**fast, "t_ref": 0.31}, [ramp(0.0101, start=1.1)], 180.0),
        "fast membrane, ramp",
    )
    huge = lif(R_m=1000.0, C_m=100.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
    yield Case(g, "tau_m 1e5, constant", experiment(huge, [constant(0.02)], 1e6), "period 138 s")
    yield Case(
        g,
        "tau_m 1e5, slow sine",
        experiment(huge, [constant(0.0171), sine(0.013, 0.01, 0.4), sine(0.11, 3.3)], 4e5),
        "a 100 s cycle with a ripple",
    )
    yield Case(
        g,
        "tau_m 1e5, pulses",
        experiment(huge, [step(41.3, 1000.0, 1061.7), step(57.1, 9000.0, 9100.0)], 2e4),
        "short strong pulses are integrated",
    )
    g = "silence"
    cell = lif(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
    yield Case(
        g,
        "9 s, one spike",
        experiment(cell, [sine(1.1, 7.7), step(1.9, 9107.3, 9121.1)], 9999.0),
        "exactly one spike",
        1,
    )
    yield Case(
        g,
        "1e6 ms quiet",
        experiment(cell, [constant(0.7), step(2.3, 1e6, 1e6 + 37.7)], 1000100.0),
        "a constant piece of 1e6 ms, then a pulse",
    )
    yield Case(
        g,
        "quiet, pulse, quiet, pulse",
        experiment(cell, [step(3.1, 17.3, 29.9), decay(6.3, 11.7, start=1e6 + 0.3)], 1000200.0),
        "1e6 ms without current between two inputs",
    )
    g = "long train"
    known = lif(R_m=40.0, tau_m=10.0, E_L=-70.0, V_th=-55.0, V_reset=-70.0, t_ref=2.0)
    note = "period 15.862943611198906 ms (check value)"
    yield Case(g, "constant, 1e5 ms", experiment(known, [constant(0.5)], 1e5), note)
    yield Case(g, "constant, 1e6 ms", experiment(known, [constant(0.5)], 1e6), note)
    odd = lif(R_m=7.7, C_m=1.3, E_L=-68.3, V_th=-52.9, V_reset=-71.7, t_ref=0.0)
    yield Case(g, "odd, 1e6 ms", experiment(odd, [constant(2.37)], 1e6), "non-round numbers")
    yield Case(
        g,
        "two levels, 2e5 ms",
        experiment(odd, [constant(2.37), step(1.1, 50003.3, 120007.7)], 2e5),
        "three constant pieces",
    )
    yield Case(
        g,
        "sine, 2e4 ms",
        experiment(odd, [constant(2.13), sine(0.9, 4.3, 0.1)], 2e4),
        "a driven train of 20 s",
    )


def samples() -> Iterator[Case]:
    """Yield sampled currents."""
    g = "sampled"
    cell = lif(R_m=9.3, C_m=1.07, E_L=-66.1, V_th=-50.7, V_reset=-69.0, t_ref=1.1)
    irregular = [0.0, 3.3, 4.1, 11.7, 12.0, 30.9, 47.7, 61.1, 61.2, 90.0]
    values = [0.3, 2.9, -1.1, 3.7, 1.2, 2.1, 1.9, 4.4, 0.1, 2.2]
    yield Case(
        g,
        "linear, irregular",
        experiment(cell, [constant(0.9), sampled(irregular, values)], 120.0),
        "0 outside",
    )
    yield Case(
        g,
        "hold, irregular",
        experiment(cell, [constant(0.9), sampled(irregular, values, "hold", stop=133.7)], 200.0),
        "the last value holds until stop",
    )
    wave = [round(2.7 + 1.3 * math.sin(0.7 * k) + 1.9 * math.cos(2.3 * k), 3) for k in range(201)]
    grid = [0.5 * k for k in range(201)]
    yield Case(g, "linear, 0.5 ms", experiment(cell, [sampled(grid, wave)], 110.0), "201 samples")
    yield Case(
        g,
        "hold, 0.5 ms",
        experiment(cell, [sampled(grid, wave, "hold", stop=100.5)], 110.0),
        "201 samples, a DAC",
    )
    tenth = [round(0.1 * k, 1) for k in range(101)]
    noisy = [float(1.8 + ((k * 7919) % 101) / 31) for k in range(101)]
    yield Case(
        g,
        "linear, started and windowed",
        experiment(
            cell, [sampled(tenth, noisy, start=13.37, window=[14.0, 23.1]), constant(2.9)], 40.0
        ),
        "times relative to start; sums start + times are reals",
    )
    yield Case(
        g,
        "hold, negative start",
        experiment(
            cell,
            [
                sampled([0.0, 7.0, 19.0], [9.0, 2.7, -0.4], "hold", start=-6.5, stop=80.0),
                constant(1.9),
            ],
            100.0,
        ),
        "begins before 0",
    )


def perfect() -> Iterator[Case]:
    """Yield PIF cases."""
    g = "PIF"
    cell = pif(C_m=1.3, V_th=-50.3, V_reset=-63.9, t_ref=1.9)
    yield Case(g, "constant", experiment(cell, [constant(1.07)], 300.0), "period C gap/I + t_ref")
    yield Case(
        g,
        "sine",
        experiment({**cell, "t_ref": 0.0}, [constant(0.9), sine(2.7, 23.0, 0.4)], 500.0),
        "current changes sign",
    )
    yield Case(
        g, "sine without mean", experiment(cell, [sine(2.1, 17.0, -0.9)], 400.0), "V swings back"
    )
    yield Case(
        g,
        "ramps",
        experiment(cell, [constant(-1.0), ramp(0.0313), ramp(-0.0517, start=170.0)], 300.0),
        "negative, rising, falling",
    )
    parts = [sampled([0.0, 5.5, 21.0, 22.0, 60.1], [1.0, -2.0, 6.3, 0.4, 2.9], start=2.2)]
    yield Case(g, "sampled", experiment(cell, parts, 80.0), "linear samples")
    yield Case(
        g,
        "decay and alpha",
        experiment(cell, [decay(7.9, 13.0, start=1.3), alpha(2.9, 9.0, start=40.0)], 150.0, -57.7),
        "V_0 given",
    )
    yield Case(
        g,
        "stays for ever",
        experiment(cell, [step(1.7, 10.0, 20.3), step(0.9, 1e6, 1e6 + 3.3)], 1000100.0),
        "no leak: V waits 1e6 ms below threshold for the second pulse",
        1,
    )
    top = highest(experiment({**cell, "t_ref": 0.0}, [sine(3.1, 41.0, 0.3)], 50.0), 0.0, 20.0, 200)
    for sign, word, count in ((1, "above", None), (-1, "below", 0)):
        level = top - sign * mpf("13.6e-9")
        yield Case(
            g,
            f"sine peak 1e-9 {word}",
            experiment({**cell, "V_th": float(level)}, [sine(3.1, 41.0, 0.3)], 50.0),
            "a graze without leak",
            count,
        )
    high = pif(C_m=1.3, V_th=-50.3, V_reset=-50.3, t_ref=4.1)
    yield Case(
        g, "V_reset equals V_th", experiment(high, [], 30.0), "V_0 = V_reset: at 0, 4.1, ...", 8
    )


def all_cases() -> list[Case]:
    """Return every case; names are unique within a group."""
    groups = (
        notebook, rheobase, grazes, resonance, mixtures, edges, states, scales, samples, perfect,
    )  # fmt: skip
    out = [case for group in groups for case in group()]
    keys = [(c.group, c.name) for c in out]
    if len(set(keys)) != len(keys):
        raise ValueError("case names repeat")
    return out


# ---------------------------------------------------------------------------- the table

# (group, name, index, value): from DESIGN.md, section "Check values"
CHECKS = (
    ("long train", "constant, 1e5 ms", None, "15.862943611198906"),
    ("notebook 1", "nb1 default", 0, "21.15113665419389"),
    ("notebook 3", "nb3 default", 0, "14.54664203391955"),
    ("notebook 2b", "nb2b I_max 4", 0, "1.6427038715802413"),
)


def largest_current(data: Dict) -> float:
    """Return max |I| on [0, duration] on a grid (for the scale only; half a percent is enough)."""
    run = Experiment(data)
    best = 0.0
    edges_ = [ZERO, *run.cuts] if run.cuts else [ZERO]
    for a, b in itertools.pairwise(edges_):
        n = 2000 if len(edges_) < 20 else 20
        _, terms = run.stretch(a)
        total = ExpSum(terms)
        if all(lam == 0 for lam in terms):
            n = 1
        with mp.workdps(20):
            best = max(
                [best, *(float(abs(total.values((b - a) * k / n, 0)[0])) for k in range(n + 1))]
            )
    return best


def scale_of(data: Dict) -> float:
    """Return max(|V_th - E_L|, R_m max|I|), for PIF max(|V_th - V_reset|, duration max|I|/C_m)."""
    neuron, peak = read_neuron(data["neuron"]), largest_current(data)
    if neuron.R_m is None or neuron.E_L is None:
        span = data["duration"] * peak * float(neuron.beta)
        return float(f"{max(float(abs(neuron.V_th - neuron.V_reset)), span):.6g}")
    return float(f"{max(float(abs(neuron.V_th - neuron.E_L)), float(neuron.R_m) * peak):.6g}")


def is_delicate(data: Dict, count: int, scale: float) -> bool:
    """Tell whether the spike count changes when V_th moves by 16 ulp of the scale, up or down."""
    lift = 16 * mpf(math.ulp(scale))
    for sign in (1, -1):
        try:
            run = Experiment(data, sign * lift).run(check=False)
        except ValueError:  # V_reset is now at threshold with t_ref = 0
            return True
        if len(run.times) != count:
            return True
    return False


def text(t: mpf) -> str:
    """Return t in fixed notation with 25 significant digits."""
    return str(mp.nstr(t, 25, min_fixed=-mp.inf, max_fixed=mp.inf))


def row(case: Case, run: Run) -> Dict:
    """Return the JSON row of a case."""
    n = len(run.times)
    index = list(range(n))
    out: Dict = {
        "name": case.name,
        "group": case.group,
        "experiment": case.experiment,
        "spike_count": n,
    }
    if n > KEEP_ALL:
        index = [*range(KEEP_END), *range(n - KEEP_END, n)]
        out["index"] = index
    out["spike_times"] = [text(run.times[k]) for k in index]
    slopes = [run.slopes[k] for k in index]
    out["slopes"] = [None if s is None else float(mp.nstr(s, 10)) for s in slopes]
    out["scale"] = scale_of(case.experiment)
    out["delicate"] = is_delicate(case.experiment, n, out["scale"])
    out["note"] = case.note
    return out


def compute(case: Case) -> tuple[Dict, Run]:
    """Run a case with its checks."""
    run = Experiment(case.experiment).run()
    where = f"{case.group} / {case.name}"
    if case.expect is not None and len(run.times) != case.expect:
        raise AssertionError(f"{where}: {len(run.times)} spikes, expected {case.expect}")
    for group, name, k, value in CHECKS:
        if (group, name) == (case.group, case.name):
            found = run.times[1] - run.times[0] if k is None else run.times[k]
            if abs(found - mpf(value)) > 4 * math.ulp(float(value)):
                raise AssertionError(f"{where}: {text(found)} is not {value}")
    return row(case, run), run


def write(rows: list[Dict]) -> None:
    """Write the table, one case per line."""
    about = (
        "Reference spike times of integrate-and-fire experiments (ms, mV, nA, MOhm, nF, Hz). Made "
        f"by tests/reference/make_table.py with mpmath {mpmath.__version__} at {mp.dps} digits "
        "from closed forms, for the doubles in 'experiment' taken as exact reals; independent of "
        "lapicque. spike_times: 25 significant digits; slopes: dV/dt in mV/ms just before the "
        "spike, null where V is at or above threshold at t = 0 or at the end of refractoriness; "
        f"trains of more than {KEEP_ALL} spikes keep the first and last {KEEP_END} ('index'); "
        "scale in mV: max(|V_th - E_L|, R_m max|I|), PIF max(|V_th - V_reset|, duration max|I|/C_m)"
        "; delicate: the count changes when V_th moves by 16 ulp of scale (tie, graze or edge: "
        "the table still gives the truth, by the rules of the contract)."
    )
    lines = ",\n".join(json.dumps(r) for r in rows)
    TABLE.write_text(f'{{"about": {json.dumps(about)},\n"cases": [\n{lines}\n]}}\n')


def check(rows: list[Dict]) -> int:
    """Recompute cheap stored cases from their own experiment dicts; return an exit status."""
    cheap = [r for r in rows if r["spike_count"] <= 12 and len(r["experiment"]["current"]) <= 3]
    bad = 0
    for stored in cheap[::6]:
        run = Experiment(stored["experiment"]).run()
        if [text(t) for t in run.times] != stored["spike_times"]:
            print(f"differs: {stored['group']} / {stored['name']}")
            bad += 1
    print(f"{len(cheap[::6])} cases recomputed, {bad} differ")
    return 1 if bad else 0


def quad(rows: list[Dict]) -> int:
    """Compare V(t*) with quadrature for the driven cases up to 500 ms; return an exit status."""
    bad = 0
    for stored in rows:
        kinds = {p["kind"] for p in stored["experiment"]["current"]} - {"constant", "step"}
        if stored["spike_count"] and kinds and stored["experiment"]["duration"] <= 500:
            subject = Experiment(stored["experiment"])
            worst = quadrature_residual(subject, subject.run(check=False), 4)
            print(f"{worst:.1e} mV  {stored['group']} / {stored['name']}")
            bad += worst > 1e-25
    return 1 if bad else 0


def main(argv: list[str] | None = None) -> int:
    """Write the table, or check the one that is there."""
    parser = argparse.ArgumentParser(description="make or check the reference table")
    parser.add_argument("--check", action="store_true", help="recompute a few cases and compare")
    parser.add_argument("--quad", action="store_true", help="compare with numerical quadrature")
    parser.add_argument("-v", "--verbose", action="store_true", help="one line per case")
    options = parser.parse_args(argv)
    if options.check or options.quad:
        rows = json.loads(TABLE.read_text())["cases"]
        return check(rows) if options.check else quad(rows)
    rows = []
    begin = time.perf_counter()
    for case in all_cases():
        start = time.perf_counter()
        result, _ = compute(case)
        rows.append(result)
        if options.verbose:
            spent = time.perf_counter() - start
            print(f"{spent:7.2f} s {result['spike_count']:7d}  {case.group} / {case.name}")
            sys.stdout.flush()
    write(rows)
    print(f"{len(rows)} cases, {time.perf_counter() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
