"""GLIF neurons of the Allen Cell Types Database, from their ``neuron_config.json``.

The file is AllenSDK's, in SI units, potentials from El; its coefficients multiply what they name.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from ..errors import ExperimentError, ParameterError
from ..neuron import GLIF

_FIXED, _MOVING = ("inf",), ("three_components_exact", "three_components_forward")


def read(source: str | os.PathLike[str] | Mapping[str, Any]) -> GLIF:
    """Return the GLIF neuron of an Allen ``neuron_config``.

    Its level follows from its methods: a reset "v_before" and a threshold of three components make
    it 2, 4 or 5 (5 where V pulls the threshold), after-spike currents "exp" 3, 4 or 5.  ``t_ref``
    is ``spike_cut_length * dt``, and the resting potential is ``El_reference + El``.  The way the
    file is to be integrated (Euler with dt) is left out: spikes here are exact.

    Parameters
    ----------
    source : str, os.PathLike or mapping
        The JSON file, or what is in it; a file that has one configuration under its number is read
        too.

    Raises
    ------
    ExperimentError
        If the file cannot be read, is no JSON, or has several configurations.
    ParameterError
        With the name of the field that is missing, wrong, or names a method that no level has.

    Source: AllenSDK, allensdk.model.glif; Teeter et al. (2018) Nat Commun 9:709.
    """
    data = source if isinstance(source, Mapping) else _parsed(source)
    if "El" not in data:
        inner = [value for value in data.values() if isinstance(value, Mapping) and "El" in value]
        if len(inner) != 1:
            raise ExperimentError(
                f"a neuron_config must have one GLIF configuration (got {len(inner)})"
            )
        data = inner[0]
    factor = _Factors(data)
    reference = _number(data, "El_reference", 0.0)
    given: dict[str, Any] = {
        "R_m": 1e-6 * _number(data, "R_input") / factor("G"),
        "C_m": 1e9 * _number(data, "C") * factor("C"),
        "E_L": 1e3 * (_number(data, "El") + reference),
        "V_th": 1e3 * (reference + _number(data, "th_inf") * factor("th_inf")),
        "t_ref": 1e3 * _number(data, "spike_cut_length") * _number(data, "dt"),
    }
    reset, reset_values = _method(data, "voltage_reset_method", ("zero", "fixed", "v_before"))
    threshold, threshold_values = _method(data, "threshold_dynamics_method", (*_FIXED, *_MOVING))
    currents, _ = _method(data, "AScurrent_dynamics_method", ("none", "exp"))
    if (reset == "v_before") != (threshold in _MOVING):
        raise ParameterError(
            "voltage_reset_method",
            "must be 'v_before' where the threshold has three components, and else not",
            reset,
            also=("threshold_dynamics_method",),
        )
    level = 1
    if currents == "exp":
        level = 3
        kept = _method(data, "AScurrent_reset_method", ("sum",))[1]
        scale = factor.entries("asc_amp_array")
        amplitudes = _numbers(data, "asc_amp_array")
        given["asc_amps"] = [
            1e9 * a * (scale[k] if k < len(scale) else 1.0) for k, a in enumerate(amplitudes)
        ]
        given["asc_decay"] = [1e-3 / tau for tau in _numbers(data, "asc_tau_array")]
        given["asc_r"] = _numbers(kept, "r")
    if reset == "v_before":
        level += 1
        given["voltage_reset_fraction"] = _number(reset_values, "a")
        # There it acts on V as counted from El_reference, here from the resting potential.
        shift = (given["voltage_reset_fraction"] - 1.0) * _number(data, "El")
        given["voltage_reset_add"] = 1e3 * (_number(reset_values, "b") + shift)
        given["th_spike_add"] = 1e3 * _number(threshold_values, "a_spike")
        given["th_spike_decay"] = 1e-3 * _number(threshold_values, "b_spike")
        pull = 1e-3 * _number(threshold_values, "a_voltage", 0.0) * factor("a")
        if pull != 0.0:
            if level != 4:
                raise ParameterError(
                    "AScurrent_dynamics_method",
                    "must be 'exp' where V pulls the threshold: level 5 has after-spike currents",
                    currents,
                )
            level = 5
            given["th_voltage_index"] = pull
            given["th_voltage_decay"] = 1e-3 * _number(threshold_values, "b_voltage") * factor("b")
    else:
        value = _number(reset_values, "value", 0.0) if reset == "fixed" else 0.0
        given["V_reset"] = 1e3 * (reference + value)
    return GLIF(level=level, **given)


def _parsed(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    try:
        with open(path, "rb") as file:
            data = json.loads(file.read().decode("utf-8-sig"))
    except OSError as error:
        raise ExperimentError(f"the file cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ExperimentError(f"the file is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise ExperimentError("a neuron_config must be a JSON object")
    return data


class _Factors:
    """The coefficients, 1 where there is none."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        found = data.get("coeffs") or {}
        if not isinstance(found, Mapping):
            raise ParameterError("coeffs", "must be an object of numbers", found)
        self._found = found

    def __call__(self, name: str) -> float:
        return _number(self._found, name, 1.0)

    def entries(self, name: str) -> list[float]:
        return _numbers(self._found, name) if name in self._found else []


def _number(data: Mapping[str, Any], name: str, usual: float | None = None) -> float:
    value = data.get(name, usual)
    if value is None:
        raise ParameterError(name, "is missing: a neuron_config needs it")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ParameterError(name, "must be a finite number", value)
    return float(value)


def _numbers(data: Mapping[str, Any], name: str) -> list[float]:
    value = data.get(name)
    if not isinstance(value, list) or not value:
        raise ParameterError(name, "must be a list of numbers", value)
    return [_number({name: entry}, name) for entry in value]


def _method(
    data: Mapping[str, Any], name: str, known: tuple[str, ...]
) -> tuple[str, Mapping[str, Any]]:
    """Return a method's name, one of those known, and its parameters."""
    value = data.get(name)
    found = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(found, str) or found not in known:
        raise ParameterError(name, f"must name one of {', '.join(known)}", value)
    params = value.get("params") if isinstance(value, Mapping) else None
    return found, params if isinstance(params, Mapping) else {}
