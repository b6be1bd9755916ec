"""The lab's presets: base experiments with their sliders, read from the files beside this one."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from ..current import current_from_dicts
from ..experiment import Experiment

FOLDER = Path(__file__).parent / "presets"


@functools.cache
def presets() -> tuple[dict[str, Any], ...]:
    """Return every preset, in the order of the files' names, as plain data for the front end."""
    import tomllib

    texts = (path.read_text("utf-8") for path in sorted(FOLDER.glob("*.toml")))
    return tuple(_preset(tomllib.loads(text)) for text in texts)


def _preset(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": data["name"],
        "title": data["title"],
        "summary": data["summary"],
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
