"""A batch that loops over `simulate`, with the interface of `lapicque.batch`, which replaces it."""

from __future__ import annotations

from typing import Any, NamedTuple

import lapicque as lq
from lapicque.errors import ParameterError, unknown_name


class Info(NamedTuple):
    unit: str
    meaning: str
    dtype: str
    dims: tuple[str, ...]


OTHER = {
    "spike_times": Info("ms", "Spike times", "float64", ()),
    "voltage": Info("mV", "Membrane potential", "float64", ("time",)),
}


class Batch:
    def __init__(
        self, experiment: Any, paths: Any, features: Any, *, times: Any = None, discard: float = 0.0
    ) -> None:
        self.experiment, self.paths, self.discard = experiment, tuple(paths), discard
        self.times = times
        self.functions = {}
        self.features = {}
        known = lq.features()
        for each in features:
            if callable(each):
                self.functions[each.__name__] = each
                self.features[each.__name__] = Info("", "", "float64", ())
            elif each in OTHER:
                self.features[each] = OTHER[each]
            elif each in known:
                kind = "int64" if each == "spike_count" else "float64"
                self.functions[each] = known[each].function
                self.features[each] = Info(known[each].unit, known[each].meaning, kind, ())
            else:
                raise unknown_name("features", "a feature", each, [*known, *OTHER])
        if "voltage" in self.features and times is None:
            raise ParameterError("times", "is missing: voltage needs it, ms")
        for path in self.paths:
            value = experiment.value(path) if not path.endswith(".values") else None
            if value is not None:
                experiment.replace({path: value})

    def check(self, columns: Any) -> None:
        if "neuron.V_reset" in columns:
            for k in range(len(columns["neuron.V_reset"])):
                self._experiment(columns, k)

    def _experiment(self, columns: Any, k: int) -> Any:
        return self.experiment.replace({p: c[k].tolist() for p, c in columns.items()})

    def run(self, columns: Any, threads: int | None = None) -> dict[str, Any]:
        import dataclasses
        from array import array

        import numpy as np

        n = len(next(iter(columns.values())))
        found: dict[str, Any] = {
            name: np.zeros((n, *([len(self.times)] if info.dims else [])), info.dtype)
            for name, info in self.features.items()
        }
        ragged = "spike_times" in self.features
        found.setdefault("spike_count", np.zeros(n, "int64"))
        trains = []
        for k in range(n):
            response = self._experiment(columns, k).run()
            kept = array("d", [t for t in response.spikes if t >= self.discard])
            response = dataclasses.replace(
                response, spikes=kept, spikes_lo=array("d", bytes(8 * len(kept)))
            )
            for name, function in self.functions.items():
                found[name][k] = function(response)
            found["spike_count"][k] = len(kept)
            if "voltage" in self.features:
                found["voltage"][k] = response.voltage(self.times)
            trains.append(np.array(kept))
        if ragged:
            found["spike_times"] = np.concatenate(trains)
        elif "spike_count" not in self.features:
            del found["spike_count"]
        return found
