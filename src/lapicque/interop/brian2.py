"""A script for Brian2: steps of dt, each solved exactly for the current in its middle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ParameterError
from ..experiment import Experiment
from ..neuron import LIF, PIF, Neuron
from .formula import check, function
from .text import block, labels, literal, mapping, not_used, number, plain, summary, written_by

DT = 0.01
"""The script's step (ms)."""

_HEAD = """
import math

import numpy as np
from brian2 import Mohm, Network, NeuronGroup, SpikeMonitor, TimedArray
from brian2 import defaultclock, mV, ms, nA, nF

dt = {dt}  # ms

{equations}

def spike_times(equation, method, parameters, V_0, t_ref, duration, current):
    \"\"\"Run one neuron and return its spike times (ms).\"\"\"
    defaultclock.dt = dt * ms
    steps = math.ceil(duration / dt - 1e-9)
    # Within a step the current is held at its value in the middle.
    middles = (np.arange(steps + 1) + 0.5) * dt
    drive = TimedArray(current(middles) * nA, dt=dt * ms)
    # V is V_reset from the end of a spike's step on. Brian2 counts from its beginning: one more.
    held = math.ceil(t_ref / dt - 1e-9) + 1
    group = NeuronGroup(
        1,
        equation,
        threshold="v >= V_th",
        reset="v = V_reset",
        refractory=held * dt * ms,
        method=method,
        namespace={{**parameters, "I": drive}},
    )
    group.v = V_0
    # Brian2 first tests V at the end of the first step; this spike is at 0.
    at_once = bool(V_0 >= parameters["V_th"])
    if at_once:
        group.v = parameters["V_reset"]
        group.lastspike = -dt * ms
    monitor = SpikeMonitor(group)
    Network(group, monitor).run(steps * dt * ms)
    # Brian2 stamps a spike with the beginning of the step at whose end V is over the threshold.
    stamps = [float(stamp) + dt for stamp in monitor.t / ms]
    return [0.0] * at_once + [time for time in stamps if time <= duration + 1e-9]


def show(name, times):
    \"\"\"Print the spike times.\"\"\"
    print(f"{{name}}: {{len(times)}} spikes, times in ms:")
    for time in times:
        print(time)
"""

_EQUATIONS = {
    LIF: 'LIF = "dv/dt = (E_L - v + R_m*I(t)) / tau_m : volt (unless refractory)"\n',
    PIF: 'PIF = "dv/dt = I(t) / C_m : volt (unless refractory)"\n',
}
# "exact" cannot take an equation without a leak; for it, Euler is exact while I is held.
_METHODS = {LIF: "exact", PIF: "euler"}
_UNITS = {
    LIF: {"R_m": "Mohm", "tau_m": "ms", "E_L": "mV", "V_th": "mV", "V_reset": "mV"},
    PIF: {"C_m": "nF", "V_th": "mV", "V_reset": "mV"},
}


def write(experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    """Return a Brian2 script that runs the experiments one after the other.

    Parameters
    ----------
    experiments : sequence of Experiment
    names : sequence of str
        What each is called, "" for a single one.

    Raises
    ------
    ParameterError
        For a neuron that Brian2 cannot run as lapicque does.
    """
    called = labels(experiments, names)
    text = block(
        [
            f"Written by {written_by()} for Brian2, https://brian2.readthedocs.io",
            "",
            "Brian2 goes in steps of dt and tests V at the end of each: a spike is up to dt late,",
            "the next interval starts from there, and so over a train this adds up. Lower dt to",
            "come closer. A t_ref between two steps is rounded up, a jump of the current between",
            "two steps moves to the nearer one. lapicque's own spike times are exact.",
        ]
    )
    for each in experiments:
        if type(each.neuron) not in _EQUATIONS:
            known = " or ".join(sorted(cls.__name__ for cls in _EQUATIONS))
            raise ParameterError("neuron.model", f"must be {known} for Brian2", each.neuron.model)
        check(each, DT, "Brian2")
    equations = "".join(_EQUATIONS[kind] for kind in dict.fromkeys(map(_kind, experiments)))
    text += not_used(experiments, "Brian2") + _HEAD.format(dt=DT, equations=equations)
    several = len(experiments) > 1
    for k, (name, each) in enumerate(zip(called, experiments, strict=True)):
        text += _run(each, name, f"current_{k + 1}" if several else "current")
    return text


def _kind(experiment: Experiment) -> type[Neuron]:
    return type(experiment.neuron)


def _run(experiment: Experiment, name: str, function_name: str) -> str:
    neuron: Any = experiment.neuron
    kind = _kind(experiment)
    parameters = {
        symbol: f"{number(getattr(neuron, symbol))} * {unit}"
        for symbol, unit in _UNITS[kind].items()
    }
    V_0 = neuron.default_V_0() if experiment.V_0 is None else experiment.V_0
    parts = list(enumerate(experiment.current.parts))
    return f"""

# {plain(name)}: {plain(summary(experiment))}
{function(parts, function_name, "Brian2")}

times = spike_times(
    {kind.__name__},
    method="{_METHODS[kind]}",
    parameters={mapping(parameters, 4)},
    V_0={number(V_0)} * mV,
    t_ref={number(neuron.t_ref)},
    duration={number(experiment.duration)},
    current={function_name},
)
show({literal(name)}, times)
"""
