"""One plain sentence on what a run shows: the teacher in the lab. Computed, never canned."""

from __future__ import annotations

import math
from array import array

from ..experiment import Experiment
from ..features import steady_rate
from ..kernels import membrane
from ..response import Response


def sentence(experiment: Experiment, response: Response) -> str:
    """Return what happens in this run, and why, with its numbers."""
    neuron = experiment.neuron
    form = experiment.current.normal_form.on(0.0, experiment.duration)
    if len(form) == 1 and form.slope[0] == 0.0 and not form.terms and neuron.rest() is not None:
        low = form.value_lo[0] if form.value_lo else 0.0
        return _constant(response, neuron.pack(), form.value[0], low)
    return _varying(experiment, response)


def _constant(response: Response, row: list[float], current: float, current_lo: float) -> str:
    excess, _ = membrane.excess(row, current, current_lo)
    gap = row[membrane.GAP]
    drive = f"R I = {row[membrane.SCALE] * current:.4g} mV"
    need = f"the {gap:.4g} mV from rest to threshold"
    if row[membrane.RESET] >= 0.0 and response.spike_count > 1:
        held = row[membrane.REFRACTORY]
        return (
            "V_reset lies at or above the threshold: a spike at the end of each refractory period, "
            f"every {held:.4g} ms."
        )
    if excess == 0.0:
        end = "silent" if not response.spikes else f"{_spikes(response)}, then silent"
        return f"{drive} is at rheobase: V approaches the threshold for ever, {end}."
    if excess < 0.0:
        if not response.spikes:
            return f"{drive} never reaches {need}: silent."
        start = response.voltage(response.start, left=True)
        where = "at" if start == row[membrane.THRESHOLD] else "above"
        return (
            f"{drive} never reaches {need}, but V_0 is {where} the threshold: one spike at the "
            "start, then silent."
        )
    period = 1000.0 / steady_rate(response) if response.spikes else math.nan
    above = (
        f"{drive} is {excess:.4g} mV above {need}"
        if gap > 0.0
        else ("Rest lies above the threshold: the leak alone makes the neuron fire")
    )
    if not response.spikes:
        return f"{above}, but this run is too short for a spike."
    if math.isnan(period):
        return f"{above}: {_spikes(response)}."
    return f"{above}: fires every {period:.5g} ms."


def _varying(experiment: Experiment, response: Response) -> str:
    rheobase = experiment.neuron.rheobase()
    times = _probes(experiment)
    before = max(response.current(times, left=True))
    peak = max(before, max(response.current(times)))
    if not response.spikes:
        if peak <= rheobase:
            return f"The current never exceeds the rheobase, {rheobase:.4g} nA: silent."
        return (
            f"The current exceeds the rheobase, {rheobase:.4g} nA, but too briefly: V comes within "
            f"{_closest(response, times):.3g} mV of the threshold, silent."
        )
    return (
        f"{_spikes(response)[0].upper()}{_spikes(response)[1:]}, the first at "
        f"{response.spikes[0]:.5g} ms; the rheobase is {rheobase:.4g} nA, the current peaks near "
        f"{peak:.4g} nA."
    )


def _probes(experiment: Experiment) -> array[float]:
    # Multiples of the golden ratio fall into step with no oscillation, as a regular grid may.
    golden = 0.6180339887498949
    inner = (experiment.duration * math.fmod(golden * k, 1.0) for k in range(1024))
    starts = (t for t in experiment.current.normal_form.starts if 0.0 < t < experiment.duration)
    return array("d", sorted({0.0, experiment.duration, *inner, *starts}))


def _spikes(response: Response) -> str:
    n = response.spike_count
    return f"{n} spike{'s' if n != 1 else ''}"


def _closest(response: Response, times: array[float]) -> float:
    threshold = response.solution.row[membrane.THRESHOLD]
    return threshold - max(response.voltage(times))
