"""Numbers that describe a run: one function each, with its unit; NaN where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from .kernels import membrane
from .kernels.train import constant_rate
from .response import ExactSolution, Response


class Feature(NamedTuple):
    """A feature's function, unit and words for it."""

    function: Callable[[Response], float]
    unit: str
    meaning: str


_FEATURES: dict[str, Feature] = {}

FeatureFunction = Callable[[Response], float]


def feature(unit: str) -> Callable[[FeatureFunction], FeatureFunction]:
    """Register a function ``Response -> number`` under its name; its docstring is its meaning."""

    def register(function: FeatureFunction) -> FeatureFunction:
        meaning = (function.__doc__ or "").split("\n")[0].rstrip(".")
        _FEATURES[function.__name__] = Feature(function, unit, meaning)
        return function

    return register


def features() -> dict[str, Feature]:
    """Return every feature by name."""
    return dict(_FEATURES)


@feature("")
def spike_count(response: Response) -> float:
    """Number of spikes."""
    return float(len(response.spikes))


@feature("Hz")
def rate(response: Response) -> float:
    """Mean firing rate: spikes per duration."""
    if response.duration == 0.0:
        return math.nan
    mean = 1000.0 * len(response.spikes) / response.duration
    return mean if mean < math.inf else math.nan  # a run of 1e-308 ms


@feature("Hz")
def steady_rate(response: Response) -> float:
    """Rate at the end: closed form under a constant current, else 1 / last interval."""
    solution = response.solution
    if isinstance(solution, ExactSolution):
        form, row = solution.pieces, solution.row
        p = len(form) - 1
        alone = form.slope[p] == 0.0 and not form.terms_at(p, 0.0) and not solution.jumps
        if alone and row[membrane.RESET] < 0.0:
            return constant_rate(row, form.value[p], form.value_lo[p] if form.value_lo else 0.0)
    intervals = response.intervals
    return 1000.0 / intervals[-1] if intervals and intervals[-1] > 0.0 else math.nan


@feature("ms")
def first_spike(response: Response) -> float:
    """Time of the first spike."""
    return response.spikes[0] if response.spikes else math.nan


@feature("ms")
def latency(response: Response) -> float:
    """Time from the onset of the current to the first spike after it."""
    onset = max(response.current_in.onset(), response.start)
    return next((t - onset for t in response.spikes if t >= onset), math.nan)


@feature("ms")
def mean_isi(response: Response) -> float:
    """Mean interspike interval."""
    n = len(response.spikes) - 1
    if n < 1:
        return math.nan
    hi, lo = response.spikes, response.spikes_lo
    return ((hi[-1] - hi[0]) + (lo[-1] - lo[0])) / n


@feature("")
def isi_cv(response: Response) -> float:
    """Coefficient of variation of the interspike intervals."""
    intervals = response.intervals
    if len(intervals) < 2:
        return math.nan
    mean = mean_isi(response)
    variance = math.fsum((x - mean) ** 2 for x in intervals) / len(intervals)
    return math.sqrt(variance) / mean if mean > 0.0 else math.nan
