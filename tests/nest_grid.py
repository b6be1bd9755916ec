"""The rules by which NEST's ``glif_psc`` and ``mat2_psc_exp`` go over their grid, written out.

By their source (models/glif_psc.cpp and models/mat2_psc_exp.cpp of NEST 3.10), with the parameters
of our neurons.  Between grid points all is exact for a current that is constant there, but for an
after-spike current, which is held at its mean over the step; the rest is when things happen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

RESETS, CURRENTS = (2, 4, 5), (3, 4, 5)  # levels
TICS = 1000.0  # in a ms


@dataclass(frozen=True)
class Spike:
    """A spike on the grid: its time, the end of refractoriness, and the state.

    ``V`` is after the reset; ``memory`` is that of `lapicque.State`.
    """

    time: float
    free: float
    V: float
    memory: tuple[float, ...]


def glif(neuron, drive, dt, V_0=None, memory=None):
    """Run a `GLIF` as NEST does: spikes, and V and the threshold at the end of each step.

    ``drive`` has the current in each step (nA).
    """
    rate, gain = 1.0 / neuron.tau_m, neuron.R_m
    decays, amplitudes, lefts = (), (), ()
    if neuron.level in CURRENTS:
        decays, amplitudes, lefts = neuron.asc_decay, neuron.asc_amps, neuron.asc_r
    resets = neuron.level in RESETS
    slow = neuron.th_spike_decay if resets else 0.0
    pull, forget = 0.0, 1.0
    if neuron.level == 5:
        pull, forget = neuron.th_voltage_index, neuron.th_voltage_decay
    # Over a step: of V, of the threshold that follows V, of the currents (and their means).
    kept, pulled_kept = math.exp(-rate * dt), math.exp(-forget * dt)
    pulled_steady = pull * -math.expm1(-forget * dt) / forget
    pulled_by = pull * (kept - pulled_kept) / (forget - rate)
    spike_kept = math.exp(-slow * dt)
    fades = [math.exp(-k * dt) for k in decays]
    means = [-math.expm1(-k * dt) / (k * dt) for k in decays]
    # Decay over refractoriness takes t_ref itself, V is held for whole steps.
    spike_left = math.exp(-slow * neuron.t_ref)
    left = [r * math.exp(-k * neuron.t_ref) for r, k in zip(lefts, decays, strict=True)]
    hold = steps(neuron.t_ref, dt)
    gap = neuron.V_th - neuron.E_L

    u = 0.0 if V_0 is None else V_0 - neuron.E_L
    followed, *rest = memory or (0.0, *(0.0 for _ in decays), *([0.0] if resets else []))
    currents = rest[: len(decays)]
    raised = rest[-1] if resets else 0.0
    held = 0
    spikes, potentials, thresholds = [], [], []
    for k, current in enumerate(drive):
        if held:
            held -= 1
        else:
            before = u
            raised *= spike_kept
            for mean, value in zip(means, currents, strict=True):
                current += mean * value
            currents = [fade * value for fade, value in zip(fades, currents, strict=True)]
            steady = gain * current
            u = steady + (before - steady) * kept
            followed = (
                followed * pulled_kept + steady * pulled_steady + (before - steady) * pulled_by
            )
            if u > gap + raised + followed:
                held = hold
                currents = [
                    amplitude + part * value
                    for amplitude, part, value in zip(amplitudes, left, currents, strict=True)
                ]
                if resets:
                    # From V at the start of the step, not from where V overshot the threshold.
                    u = neuron.voltage_reset_fraction * before + neuron.voltage_reset_add
                    raised = spike_left * raised + neuron.th_spike_add
                else:
                    u = neuron.V_reset - neuron.E_L
                time = (k + 1) * dt
                memory = (followed, *currents, *([raised] if resets else []))
                if neuron.level == 1:
                    memory = ()
                spikes.append(Spike(time, time + hold * dt, u + neuron.E_L, memory))
        potentials.append(u + neuron.E_L)
        thresholds.append(neuron.V_th + raised + followed)
    return spikes, potentials, thresholds


def mat(neuron, drive, dt, V_0=None, memory=None):
    """Run a `MAT` as NEST does; see `glif`."""
    kept = math.exp(-dt / neuron.tau_m)
    fades = [math.exp(-dt / tau) for tau in neuron.tau_theta]
    hold = steps(neuron.t_ref, dt)
    gap = neuron.V_th - neuron.E_L
    u = 0.0 if V_0 is None else V_0 - neuron.E_L
    parts = list(memory[1:]) if memory else [0.0] * len(fades)
    held = 0
    spikes, potentials, thresholds = [], [], []
    for k, current in enumerate(drive):
        steady = neuron.R_m * current
        u = steady + (u - steady) * kept
        parts = [fade * part for fade, part in zip(fades, parts, strict=True)]
        if held:
            # So the first look is one step after the end of refractoriness.
            held -= 1
        elif u >= gap + sum(parts):
            held = hold
            parts = [part + alpha for part, alpha in zip(parts, neuron.alpha, strict=True)]
            time = (k + 1) * dt
            spikes.append(Spike(time, time + hold * dt, u + neuron.E_L, (0.0, *parts)))
        potentials.append(u + neuron.E_L)
        thresholds.append(neuron.V_th + sum(parts))
    return spikes, potentials, thresholds


def steps(span, dt):
    """NEST's number of steps in a span: of whole tics, the nearest, then rounded up to steps."""
    tics = math.floor(span * TICS + 0.5)
    return -(-tics // round(dt * TICS))
