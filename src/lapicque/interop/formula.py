"""A current as NumPy text: ``I(t)`` in nA of times in ms, for simulators that go in steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..current import (
    Alpha,
    Chirp,
    Constant,
    Current,
    Decay,
    Part,
    Polynomial,
    Product,
    Pulses,
    Ramp,
    Sampled,
    Sine,
    Square,
    Step,
    Synapses,
)
from ..errors import ParameterError
from ..experiment import Experiment
from .text import LONG_SUM, listed, number, plain

# What a script simulates in one run, in steps; each costs it 8 bytes for every array.
MAX_STEPS = 20_000_000


def check(experiment: Experiment, dt: float, tool: str) -> None:
    """Raise a `ParameterError` for what no simulator on a grid can do as lapicque does."""
    neuron: Any = experiment.neuron
    if neuron.V_reset >= neuron.V_th:
        raise ParameterError(
            "neuron.V_reset",
            f"must be < V_th = {neuron.V_th:g} mV for {tool}, which cannot spike at the very end "
            "of the refractory period",
            neuron.V_reset,
            also=("neuron.V_th",),
        )
    longest = MAX_STEPS * dt
    if experiment.duration > longest:
        rule = f"must be at most {longest:g} ms for a script with steps of {dt:g} ms"
        raise ParameterError("duration", rule, experiment.duration)


def function(parts: Sequence[tuple[int, Part]], name: str, tool: str) -> str:
    """Return a Python function of an array of times (ms) that returns the current (nA).

    Parameters
    ----------
    parts : sequence of (int, Part)
        Each with its number in the experiment.
    name : str
        The function's name.
    tool : str
        The simulator that the script is for, for messages.
    """
    lines = [f"def {name}(t):", '    """Return I (nA) at an array of times (ms)."""']
    lines.append("    I = np.zeros_like(t)")
    for k, part in parts:
        try:
            text = _term(part, "t", 0.0)
        except KeyError:
            rule = f"cannot be written for {tool}, whose script knows currents"
            cure = "Copy it as Python or TOML, or take synapses with a short tau instead."
            raise ParameterError(f"current.{k}.kind", rule, part.kind, cure) from None
        called = f"  # {plain(part.name)}" if part.name else ""
        lines.append(f"    I += {text}{called}")
    lines.append("    return I")
    return "\n".join(lines) + "\n"


def bounds(part: Part) -> tuple[float, float]:
    """Return the span (ms) outside of which a part is zero."""
    low, high = part.window or (-math.inf, math.inf)
    if not isinstance(part, Product):
        low = max(low, part.start)
    return low, high if part.stop is None else min(high, part.stop)


def _term(part: Part, t: str, earliest: float) -> str:
    """Return a part as an expression of the times ``t``, none of which is before ``earliest``."""
    return _within(_SHAPES[type(part)](part, t, earliest), t, *bounds(part), earliest)


def _within(text: str, t: str, low: float, high: float, earliest: float) -> str:
    if low >= high:
        return "0.0"
    tests = [f"{t} >= {number(low)}"] if low > earliest else []
    tests += [f"{t} < {number(high)}"] if high < math.inf else []
    inside = tests[0] if len(tests) == 1 else " & ".join(f"({test})" for test in tests)
    return f"np.where({inside}, {text}, 0.0)" if tests else text


def _clock(part: Part, t: str) -> str:
    """Return the time since the part's start."""
    if part.start == 0.0:
        return t
    return f"({t} {'-' if part.start > 0.0 else '+'} {number(abs(part.start))})"


def _since(part: Part, t: str, earliest: float) -> str:
    """Return the time since the part's start, 0 before it: where an exponential would grow."""
    x = _clock(part, t)
    return f"np.maximum({x}, 0.0)" if part.start > earliest else x


def _constant(part: Constant | Step, t: str, earliest: float) -> str:
    return number(part.amplitude)


def _ramp(part: Ramp, t: str, earliest: float) -> str:
    return f"{number(part.slope)} * {_clock(part, t)}"


def _sine(part: Sine, t: str, earliest: float) -> str:
    phase = f" + {number(part.phase)}" if part.phase else ""
    angle = f"0.002 * np.pi * {number(part.frequency)} * {_clock(part, t)}{phase}"
    return f"{number(part.amplitude)} * np.sin({angle})"


def _decay(part: Decay, t: str, earliest: float) -> str:
    x = _since(part, t, earliest)
    return f"{number(part.amplitude)} * np.exp(-{x} / {number(part.tau)})"


def _alpha(part: Alpha, t: str, earliest: float) -> str:
    x, tau = _since(part, t, earliest), number(part.tau)
    return f"{number(part.amplitude)} * {x} / {tau} * np.exp(1.0 - {x} / {tau})"


def _sampled(part: Sampled, t: str, earliest: float) -> str:
    x, factor = _clock(part, t), "" if part.factor == 1.0 else f"{number(part.factor)} * "
    times, values = listed(part.times, 4), listed(part.values, 4)
    if part.interpolation == "linear":
        return f"{factor}np.interp({x}, {times}, {values}, left=0.0, right=0.0)"
    held = f"np.concatenate([[0.0], {values}])"
    return f'{factor}{held}[np.searchsorted({times}, {x}, side="right")]'


def _synapses(part: Synapses, t: str, earliest: float) -> str:
    x, tau = _clock(part, t), number(part.tau)
    if not part.times:
        return "0.0"
    since = f"np.maximum({x} - s, 0.0) / {tau}"
    one = (
        f"np.exp(-{since})" if part.kernel == "exponential" else f"{since} * np.exp(1.0 - {since})"
    )
    spikes = f"sum(np.where({x} >= s, {one}, 0.0) for s in {listed(part.times, 4)})"
    return f"{number(part.amplitude)} * {spikes}"


def _square(part: Square, t: str, earliest: float) -> str:
    period = 1000.0 / part.frequency
    high = f"np.mod({_clock(part, t)}, {number(period)}) < {number(part.duty * period)}"
    return f"np.where({high}, {number(part.amplitude)}, {number(-part.amplitude)})"


def _pulses(part: Pulses, t: str, earliest: float) -> str:
    x, period = _clock(part, t), number(part.period)
    high = f"(np.mod({x}, {period}) < {number(part.width)})"
    if part.count is not None:
        high += f" & ({x} < {number(part.count * part.period)})"
    return f"np.where({high}, {number(part.amplitude)}, 0.0)"


def _chirp(part: Chirp, t: str, earliest: float) -> str:
    x = _clock(part, t)
    rise = 0.5 * (part.f_stop - part.f_start) / part.duration
    phase = f" + {number(part.phase)}" if part.phase else ""
    angle = f"0.002 * np.pi * {x} * ({number(part.f_start)} + {number(rise)} * {x}){phase}"
    wave = f"{number(part.amplitude)} * np.sin({angle})"
    return f"np.where({x} < {number(part.duration)}, {wave}, 0.0)"


def _polynomial(part: Polynomial, t: str, earliest: float) -> str:
    x, factor = _clock(part, t), "" if part.factor == 1.0 else f"{number(part.factor)} * "
    edges = part.edges
    rows = ", ".join(
        f"({number(a)}, {number(b)}, {listed(reversed(row), 8)})"
        for a, b, row in zip(edges, edges[1:], part.coefficients, strict=False)
    )
    one = f"np.where(({x} >= a) & ({x} < b), np.polyval(c, {x} - a), 0.0)"
    return f"{factor}sum({one} for a, b, c in [{rows}])"


def _product(part: Product, t: str, earliest: float) -> str:
    factor = "" if part.factor == 1.0 else f"{number(part.factor)} * "
    x, first = _clock(part, t), earliest - part.start
    a, b = (_total(each, x, first) for each in part.factors)
    return f"{factor}({a}) * ({b})"


def _total(current: Current, t: str, earliest: float) -> str:
    terms = [_term(part, t, earliest) for part in current.parts]
    if len(terms) > LONG_SUM:
        return f"sum([{', '.join(terms)}])"
    return " + ".join(terms) or "0.0"


_SHAPES: dict[type[Part], Callable[[Any, str, float], str]] = {
    Constant: _constant,
    Step: _constant,
    Ramp: _ramp,
    Sine: _sine,
    Decay: _decay,
    Alpha: _alpha,
    Sampled: _sampled,
    Synapses: _synapses,
    Square: _square,
    Pulses: _pulses,
    Chirp: _chirp,
    Polynomial: _polynomial,
    Product: _product,
}
