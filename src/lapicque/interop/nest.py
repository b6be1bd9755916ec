"""A script for NEST: precise spikes where NEST has them, currents held for steps of dt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..current import Constant, Step
from ..errors import ParameterError
from ..experiment import Experiment
from ..neuron import LIF
from .formula import bounds, check, function
from .text import block, labels, literal, mapping, not_used, number, plain, summary, written_by

DT = 0.01
"""The script's step, NEST's resolution (ms)."""

_HEAD = """
import math

import nest
import numpy as np

dt = {dt}  # ms
# A generator's current reaches the neuron one step after its time. So every run begins `lead`
# before time 0, and generators are set one step early.
lead = 2 * dt


def on_grid(time):
    \"\"\"Return when a generator must act so that the neuron gets its current at a time (ms).\"\"\"
    return lead + (round(time / dt) - 1) * dt


def spike_times(model, parameters, V_0, duration, constants, current):
    \"\"\"Run one neuron and return its spike times (ms); C_m in pF, amplitudes in pA.\"\"\"
    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.resolution = dt
    steps = math.ceil(duration / dt - 1e-9)
    V_reset = parameters["V_reset"]
    # Until time 0 it rests at V_reset.
    neuron = nest.Create(model, params={{**parameters, "E_L": V_reset, "V_m": V_reset}})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder, syn_spec={{"delay": dt}})
    for constant in constants:
        generator = nest.Create("dc_generator", params=constant)
        nest.Connect(generator, neuron, syn_spec={{"delay": dt}})
    if current is not None:
        # No generator of NEST holds such a current: it is sampled in the middle of each step.
        values = 1000.0 * current((np.arange(steps) + 0.5) * dt)
        changes = np.flatnonzero(np.diff(values, prepend=0.0))
        if changes.size:
            samples = {{
                "amplitude_times": lead + (changes - 1) * dt,
                "amplitude_values": values[changes],
            }}
            generator = nest.Create("step_current_generator", params=samples)
            nest.Connect(generator, neuron, syn_spec={{"delay": dt}})
    nest.Simulate(lead)
    # iaf_psc_delta first tests V at the end of the first step; this spike is at 0.
    at_once = model == "iaf_psc_delta" and V_0 >= parameters["V_th"]
    neuron.set({{**parameters, "V_m": V_reset if at_once else V_0}})
    nest.Simulate((steps + 2) * dt)  # so that the last spikes reach the recorder
    times = [float(stamp) - lead for stamp in recorder.events["times"]]
    return [0.0] * at_once + [time for time in times if time <= duration + 1e-9]


def show(name, times):
    \"\"\"Print the spike times.\"\"\"
    print(f"{{name}}: {{len(times)}} spikes, times in ms:")
    for time in times:
        print(time)
"""


def write(experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    """Return a PyNEST script that runs the experiments one after the other.

    Constants and steps become a ``dc_generator`` each, everything else is sampled at the middle
    of the steps into one ``step_current_generator``.  Sines too: an ``ac_generator`` holds the
    value that a sine has at the end of the step, which is an error of first order in dt.

    Parameters
    ----------
    experiments : sequence of Experiment
    names : sequence of str
        What each is called, "" for a single one.

    Raises
    ------
    ParameterError
        For a neuron that NEST cannot run as lapicque does.
    """
    called = labels(experiments, names)
    text = block(
        [
            f"Written by {written_by()} for NEST 3, https://www.nest-simulator.org",
            "",
            "NEST holds currents for steps of dt. With t_ref >= dt the neuron is iaf_psc_delta_ps,",
            "whose spikes lie between the steps, as in lapicque. It does not take t_ref = 0: then",
            "it is iaf_psc_delta, whose spikes are up to dt late, and over a train this adds up.",
            "Lower dt to come closer; 0.001 ms is the least. A t_ref between two steps is rounded,",
            "a jump of the current between two steps moves to the nearer one.",
        ]
    )
    for each in experiments:
        _check(each)
    text += not_used(experiments, "NEST") + _HEAD.format(dt=DT)
    several = len(experiments) > 1
    for k, (name, each) in enumerate(zip(called, experiments, strict=True)):
        text += _run(each, name, f"current_{k + 1}" if several else "current")
    return text


def _check(experiment: Experiment) -> None:
    neuron = experiment.neuron
    if not isinstance(neuron, LIF):
        raise ParameterError(
            "neuron.model",
            "must be LIF for NEST, which has no integrate-and-fire neuron without a leak",
            neuron.model,
            "Copy it as Brian2.",
        )
    check(experiment, DT, "NEST")
    if 0.0 < neuron.t_ref < DT:
        rule = f"must be 0 or >= the script's step of {DT:g} ms for NEST"
        raise ParameterError("neuron.t_ref", rule, neuron.t_ref)


def _run(experiment: Experiment, name: str, function_name: str) -> str:
    neuron: Any = experiment.neuron
    model = "iaf_psc_delta_ps" if neuron.t_ref > 0.0 else "iaf_psc_delta"
    V_0 = neuron.default_V_0() if experiment.V_0 is None else experiment.V_0
    parameters = {"C_m": number(1000.0 * neuron.C_m)}  # pF
    for symbol in ("tau_m", "E_L", "V_th", "V_reset", "t_ref"):
        parameters[symbol] = number(getattr(neuron, symbol))
    constants, rest = "", []
    for k, part in enumerate(experiment.current.parts):
        if isinstance(part, (Constant, Step)):
            constants += _constant(part, k)
        else:
            rest.append((k, part))
    sampled = f"{function(rest, function_name, 'NEST')}\n\n" if rest else ""
    listing = "[\n" + constants + "    ]" if constants else "[]"
    return f"""

# {plain(name)}: {plain(summary(experiment))}
{sampled}times = spike_times(
    "{model}",
    parameters={mapping(parameters, 4)},
    V_0={number(V_0)},
    duration={number(experiment.duration)},
    constants={listing},
    current={function_name if rest else None},
)
show({literal(name)}, times)
"""


def _constant(part: Constant | Step, k: int) -> str:
    low, high = bounds(part)
    if low >= high or high <= 0.0:
        return f"        # part {k} of the current is zero throughout\n"
    stop = f', "stop": on_grid({number(high)})' if high < math.inf else ""
    called = f"  # {plain(part.name)}" if part.name else ""
    return (
        f'        {{"amplitude": {number(1000.0 * part.amplitude)}, '
        f'"start": on_grid({number(max(low, 0.0))}){stop}}},{called}\n'
    )
