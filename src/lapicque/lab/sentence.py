"""One plain sentence on what a run shows: the teacher in the lab. Computed, never canned."""

from __future__ import annotations

import math
from array import array

from ..analysis import Comparison
from ..experiment import Experiment
from ..kernels import membrane
from ..kernels.train import constant_rate
from ..polyline import current_line, voltage_line
from ..response import Response

# The peaks of I and V are looked for as for a picture this many pixels wide.
_LOOKS = 400


def sentence(
    experiment: Experiment,
    response: Response,
    currents: list[float] | None = None,
    count: int | None = None,
    first: float | None = None,
) -> str:
    """Return what happens in this run, and why, with its numbers.

    Parameters
    ----------
    experiment : Experiment
    response : Response
        Its run, or a part of it; then ``count`` and ``first`` (ms) are those of the whole run.
    currents : list of float, optional
        The values (nA) of a line drawn over the whole run, if there is one.
    """
    if count is None:
        count, first = response.spike_count, response.spikes[0] if response.spikes else None
    neuron = experiment.neuron
    form = experiment.current.normal_form.on(0.0, experiment.duration)
    if form.is_constant and neuron.rest() is not None and neuron.renewal:
        low = form.value_lo[0] if form.value_lo else 0.0
        return _constant(response, count, neuron.pack(), form.value[0], low)
    if currents is None:
        _, currents = current_line(experiment.current, 0.0, experiment.duration, _LOOKS)
    if form.kicks:
        return _kicked(response, count, first)
    return _varying(experiment, response, count, first, max(currents))


def _constant(
    response: Response, count: int, row: list[float], current: float, current_lo: float
) -> str:
    excess, _ = membrane.excess(row, current, current_lo)
    gap = row[membrane.GAP]
    drive = f"R I = {row[membrane.SCALE] * current:.4g} mV"
    need = f"the {gap:.4g} mV from rest to threshold"
    if row[membrane.RESET] >= 0.0 and count:
        held = row[membrane.REFRACTORY]
        return (
            "V_reset lies at or above the threshold: a spike at the end of each refractory period, "
            f"every {held:.4g} ms."
        )
    if excess == 0.0:
        end = "silent" if not count else f"{_spikes(count)}, then silent"
        return f"{drive} is at rheobase: V approaches the threshold for ever, {end}."
    if excess < 0.0:
        if not count:
            return f"{drive} never reaches {need}: silent."
        start = response.voltage(response.start, left=True)
        where = "at" if start == row[membrane.THRESHOLD] else "above"
        return (
            f"{drive} never reaches {need}, but V_0 is {where} the threshold: one spike at the "
            "start, then silent."
        )
    above = (
        f"{drive} is {excess:.4g} mV above {need}"
        if gap > 0.0
        else ("Rest lies above the threshold: the leak alone makes the neuron fire")
    )
    if not count:
        return f"{above}, but this run is too short for a spike."
    rate = constant_rate(row, current, current_lo)
    if rate == 0.0:  # the period leaves the range of doubles
        return f"{above}: {_spikes(count)}."
    return f"{above}: fires every {1000.0 / rate:.5g} ms."


def _varying(
    experiment: Experiment, response: Response, count: int, first: float | None, peak: float
) -> str:
    rheobase = experiment.neuron.rheobase()
    if math.isinf(rheobase):
        if first is None:
            said = f"V comes within {_nearest(response):.3g} mV of the threshold, silent"
        else:
            said = f"{_spikes(count)}, the first at {first:.5g} ms"
        return f"{said}; the threshold follows V so closely that there is no rheobase."
    if first is None:
        if peak <= rheobase:
            return f"The current never exceeds the rheobase, {rheobase:.4g} nA: silent."
        gap = _nearest(response)
        return (
            f"The current exceeds the rheobase, {rheobase:.4g} nA, but too briefly: V comes within "
            f"{gap:.3g} mV of the threshold, silent."
        )
    return (
        f"{_spikes(count)}, the first at {first:.5g} ms; the rheobase is {rheobase:.4g} nA, the "
        f"current peaks near {peak:.4g} nA."
    )


def _kicked(response: Response, count: int, first: float | None) -> str:
    # What a kick does depends on V, not on the current: no rheobase is said.
    if first is None:
        gap = _nearest(response)
        return f"With its jumps V comes within {gap:.3g} mV of the threshold: silent."
    return f"{_spikes(count)}, the first at {first:.5g} ms; V jumps at each presynaptic spike."


def _nearest(response: Response) -> float:
    """Return how near V comes to the threshold (mV) in a run without spikes.

    At the nearest look, or between that one's neighbours.
    """

    def gap(t: float) -> float:
        return response.threshold(t) - response.voltage(t)

    times, potentials = voltage_line(response, response.start, response.stop, _LOOKS)
    thresholds = response.threshold(array("d", times))
    gaps = [theta - v for theta, v in zip(thresholds, potentials, strict=True)]
    best = min(gaps)
    k = gaps.index(best)
    low, high = times[max(0, k - 1)], times[min(k + 1, len(times) - 1)]
    for _ in range(40):
        third = (high - low) / 3.0
        left, right = gap(low + third), gap(high - third)
        best = min(best, left, right)
        if left > right:
            low += third
        else:
            high -= third
    return best


def _spikes(n: int) -> str:
    return f"{n} spike{'s' if n != 1 else ''}"


def error_sentence(label: str, found: Comparison, exact: Response, other: Response) -> str:
    """Return how far a fixed-step run is from the exact one."""
    parts = [f"{label}: {_spikes(other.spike_count)}"]
    if other.spike_count != exact.spike_count:
        parts[0] += f" instead of {exact.spike_count}"
    parts += [f"{n} {what}" for n, what in _counts(found) if n]
    if not found.errors:
        return f"{', '.join(parts)}."
    worst = found.worst
    if worst == 0.0:
        return f"{', '.join(parts)}, each at its exact time."
    side = "late" if worst > 0.0 else "early"
    at = _ordinal(found.worst_index + 1)
    return f"{', '.join(parts)}, worst {abs(worst):.4g} ms {side} at the {at}."


def _counts(found: Comparison) -> list[tuple[int, str]]:
    return [(len(found.missed), "missed"), (len(found.extra), "extra")]


def _ordinal(n: int) -> str:
    teens = n % 100 in (11, 12, 13)
    return f"{n}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"
