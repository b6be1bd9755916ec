"""The lab's presets: experiments with sliders, from the files beside this one, and neurons."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..current import current_from_dicts
from ..experiment import Experiment
from ..method import Exact
from ..parameter import Parameter, numbered, parameters
from ..presets import about, preset
from ..presets import presets as known

NEURONS = "Neurons"
"""The group that the presets of `lapicque.presets` have in the menu."""

FOLDER = Path(__file__).parent / "presets"


@functools.cache
def presets() -> tuple[dict[str, Any], ...]:
    """Return every preset as plain data: in the order of the files' names, then the neurons."""
    import tomllib

    texts = (path.read_text("utf-8") for path in sorted(FOLDER.glob("*.toml")))
    experiments = [_preset(tomllib.loads(text)) for text in texts]
    return (*experiments, *_neurons(experiments))


def _neurons(experiments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a preset for each neuron, or family of neurons, that the experiments have not."""
    others = [
        entry["experiment"]
        for each in experiments
        for variant in each["variants"]
        for entry in variant["experiments"]
    ]
    found: dict[str, dict[str, Any]] = {}
    for name in known():
        told = about(name)
        made = preset_of(preset(name))
        (variant,) = made["variants"]
        if variant["experiments"][0]["experiment"] in others:
            continue
        family = told.get("family", name)
        entry = {**made, "name": family, "title": told["title"], "variants": []}
        entry |= {"summary": told.get("summary", ""), "view": "traces", "group": NEURONS}
        label = {"name": name, "label": told.get("label", ""), "note": f"Source: {told['source']}."}
        found.setdefault(family, entry)["variants"].append({**variant, **label})
    return list(found.values())


def _preset(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": data["name"],
        "title": data["title"],
        "summary": data["summary"],
        "view": data.get("view", "traces"),
        "variants": [_variant(variant, data) for variant in data["variants"]],
    }


def _variant(variant: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    base = Experiment.from_dict(data["experiment"])
    if "current" in variant:
        base = base.replace({"current": current_from_dicts(variant["current"])})
    base = base.replace(variant.get("set", {}))
    listed = variant.get("experiments", [{"label": "", "set": {}}])
    experiments = [base.replace(entry["set"]) for entry in listed]
    return {
        "name": variant["name"],
        "label": variant["label"],
        "note": variant["note"],
        "experiments": [
            {"label": entry["label"], "experiment": experiment.to_dict()}
            for entry, experiment in zip(listed, experiments, strict=True)
        ],
        "sliders": [_slider(slider, variant["name"], experiments) for slider in data["sliders"]],
    }


def _slider(slider: dict[str, Any], variant: str, experiments: list[Experiment]) -> dict[str, Any]:
    def of_variant(value: Any) -> Any:
        return value[variant] if isinstance(value, dict) else value

    targets = []
    for target in of_variant(slider["targets"]):
        target = {"path": target} if isinstance(target, str) else target
        experiment = experiments[target.get("experiment", 0)]
        targets.append(
            {
                "path": experiment.canonical(target["path"]),
                "factor": float(target.get("factor", 1.0)),
                "power": float(target.get("power", 1.0)),
                "experiment": target.get("experiment"),
            }
        )
    first = targets[0]
    described = experiments[first["experiment"] or 0].parameter(first["path"])
    return {
        "name": slider["name"],
        "symbol": slider.get("symbol", described.symbol),
        "label": of_variant(slider.get("label", described.meaning)),
        "group": {"neuron": "Neuron", "current": "Current", "method": "Method"}.get(
            first["path"].partition(".")[0], "Time"
        ),
        "unit": described.unit,
        "minimum": slider["minimum"],
        "maximum": slider["maximum"],
        "step": slider["step"],
        "default": experiments[first["experiment"] or 0].value(first["path"]),
        "targets": targets,
    }


# A preset made from an experiment ------------------------------------------------------------

OWN = "own"
"""The name of the preset that `preset_of` makes."""

# How far a slider reaches whose value, 0, tells nothing of its scale.
_REACH = {"ms": 10.0, "Hz": 100.0}
_CIRCLE = 5.0  # rad, more than half a turn either way
_LEAST = 1e-30
_COMMON = ("start", "stop")


def preset_of(experiment: Experiment) -> dict[str, Any]:
    """Return a preset with a slider for every number of an experiment.

    Numbers are the given parameters of the neuron, those of each part of the current, ``V_0``
    where it is set, and the duration; not the seed, not the entries of sampled currents, not what
    is only stated, such as the error of a fit. The
    experiment is to be solved exactly: a method with a time step is what the lab compares with,
    and is left out here.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    dict
        As one entry of `presets`; every slider's range is round, legal, and holds its value.
    """
    return preset_of_all([experiment], [], OWN, "Your experiment")


def preset_of_all(
    experiments: Sequence[Experiment], names: Sequence[str], name: str, title: str
) -> dict[str, Any]:
    """Return a preset of one or several experiments, with a slider for every number.

    A number that all of them have alike is one slider; else each has its own.

    Parameters
    ----------
    experiments : sequence of Experiment
        One to four.
    names : sequence of str
        What each is called; numbers, if not given.
    name, title : str
        Of the preset.

    Returns
    -------
    dict
        As `preset_of` returns it.
    """
    exact = [_exact(each) for each in experiments]
    several = len(exact) > 1
    labels = [
        (names[k] if k < len(names) and names[k] else str(k + 1)) if several else ""
        for k in range(len(exact))
    ]
    listed = [dict.fromkeys(_numbers(each)) for each in exact]
    potentials = [
        each.value(path)
        for each, paths in zip(exact, listed, strict=True)
        for path in paths
        if each.parameter(path).unit == "mV"
    ]
    sliders = []
    for path in dict.fromkeys(path for paths in listed for path in paths):
        holders = [k for k, paths in enumerate(listed) if path in paths]
        values = {exact[k].value(path) for k in holders}
        called = {_called(exact[k], path) for k in holders}
        if len(holders) == len(exact) and len(values) == len(called) == 1:
            sliders.append(_own_slider(exact, path, None, labels, potentials))
        else:
            sliders += [_own_slider(exact, path, k, labels, potentials) for k in holders]
    words = [f"{each.neuron.model}, {_in_words(each)}, {each.duration:g} ms" for each in exact]
    return {
        "name": name,
        "title": title,
        "summary": f"{'; '.join(dict.fromkeys(words))}.",
        "variants": [
            {
                "name": name,
                "label": "your experiments" if several else "your experiment",
                "note": "",
                "experiments": [
                    {"label": label, "experiment": each.to_dict()}
                    for label, each in zip(labels, exact, strict=True)
                ],
                "sliders": sliders,
            }
        ],
    }


def _exact(experiment: Experiment) -> Experiment:
    if experiment.method is None or isinstance(experiment.method, Exact):
        return experiment
    return dataclasses.replace(experiment, method=None)


def _numbers(experiment: Experiment) -> list[str]:
    """Return the paths of every number that a slider is made for."""
    described = parameters(type(experiment.neuron))
    paths = []
    for name, value in experiment.neuron.given().items():
        paths += numbered(f"neuron.{name}", value) if name in described else []
    paths += ["V_0"] if experiment.V_0 is not None else []
    for k, part in enumerate(experiment.current.parts):
        described = parameters(type(part))
        names = sorted(described, key=lambda name: name in _COMMON)
        moving = [n for n in names if getattr(part, n) is not None and not described[n].stated]
        paths += [f"current.{k}.{n}" for n in moving]
    return [*paths, "duration"]


def _in_words(experiment: Experiment) -> str:
    kinds = [part.kind for part in experiment.current.parts]
    if not kinds:
        return "no current"
    return f"a current of {len(kinds)} parts" if len(kinds) > 1 else f"a current ({kinds[0]})"


def _place(experiment: Experiment, path: str) -> str:
    """Return which of several entries of the neuron's parameter this is, "" where it is alone."""
    head, *rest = path.split(".")
    several = head == "neuron" and len(rest) == 2 and len(getattr(experiment.neuron, rest[0])) > 1
    return str(int(rest[1]) + 1) if several else ""


def _called(experiment: Experiment, path: str) -> str:
    """Return what a number is called, with the part of the current that it belongs to."""
    meaning = experiment.parameter(path).meaning
    head, *rest = path.split(".")
    if head != "current":
        return f"{meaning} {_place(experiment, path)}".rstrip()
    parts = experiment.current.parts
    part = parts[int(rest[0])]
    called = part.name or (f"{part.kind} {int(rest[0]) + 1}" if len(parts) > 1 else part.kind)
    return f"{called}: {meaning}"


def _own_slider(
    experiments: list[Experiment],
    path: str,
    own: int | None,
    labels: list[str],
    potentials: list[float],
) -> dict[str, Any]:
    """Return the slider of a number, of one experiment or, without a number, of all."""
    experiment = experiments[own or 0]
    described, value = experiment.parameter(path), experiment.value(path)
    if described.unit == "mV":
        low, high, step = _potential_range(potentials)
    else:
        low, high, step = _range(value, described, experiment.duration)
    slider: dict[str, Any] = {"name": path, "targets": [path], "step": step}
    slider["minimum"] = max(low, described.minimum)
    slider["maximum"] = min(high, described.maximum)
    slider["label"] = _called(experiment, path)
    head, *rest = path.split(".")
    if head == "current" and len(experiment.current.parts) > 1 and described.symbol:
        slider["symbol"] = f"{described.symbol}_{int(rest[0]) + 1}"
    if place := _place(experiment, path):
        slider["symbol"] = f"{described.symbol}{'' if '_' in described.symbol else '_'}{place}"
    if own is not None:
        slider["name"] = f"{own}.{path}"
        slider["targets"] = [{"path": path, "experiment": own}]
        slider["label"] = f"{labels[own]}: {slider['label']}"
    made = _slider(slider, OWN, experiments)
    return {**made, "group": "Neuron"} if path == "V_0" else made


def _range(value: float, described: Parameter, duration: float) -> tuple[float, float, float]:
    """Return a round range about twice as wide as the value, and a hundredth of it as a step."""
    size = _size(value)
    signed = described.minimum < 0.0
    if described.unit == "rad":
        top, step = _round_up(max(size, _CIRCLE))
        return -top, top, step
    if described.unit == "ms" and signed:  # an instant of the run
        top, step = _round_up(max(size, _size(duration)) or _REACH["ms"])
        return (-top if value < 0.0 else 0.0), top, step
    top, step = _round_up(2.0 * size or _REACH.get(described.unit, 1.0))
    if described.unit == "1/ms" and described.open_minimum:
        # A decay that is all but none leaves nothing to see in a run.
        return 10.0 * step, top, step
    if not signed:
        return (step if described.open_minimum else 0.0), top, step
    return (0.0 if value > 0.0 else -top), (0.0 if value < 0.0 else top), step


def _size(value: float) -> float:
    return abs(value) if abs(value) > _LEAST else 0.0


def _potential_range(potentials: list[float]) -> tuple[float, float, float]:
    """Return one range for all potentials of a neuron, with room to move each past the others."""
    low, high = min(potentials), max(potentials)
    size = max(abs(low), abs(high))
    # Narrower than a millionth of the potentials, the step would be lost in their digits.
    room, _ = _round_up(_size(max(high - low, 1e-6 * size)) or 1.0)
    lowest = float(f"{math.floor((low - room) / room) * room:.12g}")
    highest = float(f"{math.ceil((high + room) / room) * room:.12g}")
    _, step = _round_up((highest - lowest) / 2.0)
    return lowest, highest, step


def _round_up(size: float) -> tuple[float, float]:
    """Return the least of 1, 2 and 5 times a power of ten that is not below, and its hundredth."""
    exponent = math.floor(math.log10(size))
    for digit in (1, 2, 5, 10):
        top = float(f"{digit}e{exponent}")
        if top >= size * (1.0 - 1e-9):
            break
    return max(top, size), float(f"{digit}e{exponent - 2}")
