"""The guided tour: steps through the experiments, each of them a link."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from ..experiment import Experiment
from ..link import write
from ..method import Exact, method_from_dict
from .presets import presets

FILE = Path(__file__).parent / "tour.toml"


@functools.cache
def tour() -> tuple[dict[str, str], ...]:
    """Return the steps, each with its title, its text and its link."""
    import tomllib

    steps = tomllib.loads(FILE.read_text("utf-8"))["steps"]
    return tuple({"title": s["title"], "text": s["text"], "link": _link(s)} for s in steps)


def _link(step: dict[str, Any]) -> str:
    """Return the link that the lab itself would write with its controls as a step says."""
    preset = next(each for each in presets() if each["name"] == step["preset"])
    variant = next(
        each
        for each in preset["variants"]
        if each["name"] == step.get("variant", preset["variants"][0]["name"])
    )
    values = {name: float(value) for name, value in step.get("set", {}).items()}
    method = {
        "name": step.get("method", Exact.__name__),
        "dt": step.get("dt", 0.5),
        "locate": step.get("locate", "grid"),
    }
    view = step.get("view", preset["view"])
    state = {
        "preset": preset["name"],
        "choices": {preset["name"]: {"variant": variant["name"], "values": values, "extents": {}}},
        "view": view,
        "method": method,
        "held": None,
    }
    names = [entry["label"] for entry in variant["experiments"]]
    return write(_experiments(variant, values, method), names, view, state)


def _experiments(
    variant: dict[str, Any], values: dict[str, float], method: dict[str, Any]
) -> list[Experiment]:
    """Return the experiments of a variant with some of its sliders moved."""
    sliders = {slider["name"]: slider for slider in variant["sliders"]}
    moved = []
    for k, entry in enumerate(variant["experiments"]):
        changes: dict[str, Any] = {}
        for name, value in values.items():
            for target in sliders[name]["targets"]:
                if target["experiment"] in (None, k):
                    changes[target["path"]] = target["factor"] * value ** target["power"]
        if method["name"] != Exact.__name__:
            changes["method"] = method_from_dict(method)
        moved.append(Experiment.from_dict(entry["experiment"]).replace(changes))
    return moved
