"""What the analyses ask of their arguments, and of every neuron alike: one spike, or silence."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from ..current import Current
from ..errors import LimitError, ParameterError
from ..experiment import Experiment
from ..neuron import Neuron
from ..parameter import SMALLEST, Parameter, parameters
from ..response import Response
from ..simulate import simulate

AMPLITUDE = Parameter(unit="nA", meaning="constant current", symbol="I", display="pA")
PULSE = Parameter(
    unit="ms", meaning="length of a pulse", symbol="d", minimum=SMALLEST, open_minimum=True
)
TOLERANCE = Parameter(unit="", meaning="relative error allowed", minimum=0.0, maximum=1.0)

# After so many of a neuron's slowest time constants e^-64 = 1.6e-28 is left of any transient.
QUIET = 64.0


def check_neuron(neuron: Any) -> Neuron:
    """Return a neuron, or raise."""
    if not isinstance(neuron, Neuron):
        raise ParameterError("neuron", "must be a neuron, such as LIF()", neuron)
    return neuron


def check_experiment(experiment: Any) -> Experiment:
    """Return an experiment, or raise."""
    if not isinstance(experiment, Experiment):
        rule = "must be an experiment, such as Experiment(LIF(), constant(1.6), 100.0)"
        raise ParameterError("experiment", rule, experiment)
    return experiment


def check_word(word: Any, known: Sequence[str], name: str) -> str:
    """Return one of the known words, or raise."""
    if not isinstance(word, str) or word not in known:
        raise ParameterError(name, "must be {}".format(" or ".join(map(repr, known))), word)
    return word


def check_count(value: Any, least: int, most: int, name: str) -> int:
    """Return a whole number within bounds, or raise."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ParameterError(name, f"must be a whole number in [{least}, {most}]", value)
    return value


def each(function: Callable[[float], float], given: Any, parameter: Parameter, name: str) -> Any:
    """Return ``function`` of a number, or of each number of an array, as the same kind."""
    if isinstance(given, (list, tuple, array)):
        return array("d", [function(parameter.check(x, name)) for x in given])
    if getattr(given, "ndim", 0):
        import numpy as np

        # One by one, so that a quantity object's items keep their unit.
        values = [function(parameter.check(x, name)) for x in given.ravel()]
        return np.array(values, dtype=float).reshape(given.shape)
    return function(parameter.check(given, name))


def numbers(given: Any, parameter: Parameter, name: str) -> array[float]:
    """Return a number or a list of numbers as an array, each of them checked."""
    values = each(lambda x: x, given, parameter, name)
    return array("d", [values] if isinstance(values, float) else values)


def slowest(neuron: Neuron) -> float:
    """Return the slowest time constant (ms) among a neuron's parameters; 0 if it has none.

    The largest of those in ms and of the inverses of those in 1/ms.
    """
    found = [0.0]
    for name, parameter in parameters(type(neuron)).items():
        value = getattr(neuron, name)
        if value is None or parameter.unit not in ("ms", "1/ms"):
            continue
        for x in [value] if isinstance(value, (int, float)) else value:
            if parameter.unit == "ms":
                found.append(x)
            elif x != 0.0:
                found.append(1.0 / abs(x))
    return max(found)


def quiet_time(neuron: Neuron) -> float:
    """Return the silence (ms) under a constant current after which there is no spike any more.

    A neuron that is linear between its spikes approaches a steady state.  If it crosses the
    threshold there, it has done so before the last transient is gone.
    """
    return QUIET * max(slowest(neuron), SMALLEST)


def silent_run(neuron: Neuron, current: Current, duration: float) -> Response | None:
    """Return a run from rest that has no spike; None at its first spike, where it ends."""
    try:
        return simulate(neuron, current, duration, max_spikes=0)
    except LimitError as error:
        if error.path != "max_spikes":
            raise
        return None
