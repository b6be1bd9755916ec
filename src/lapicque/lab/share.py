"""What leaves the lab and what comes in: links, and text for other programs."""

from __future__ import annotations

from typing import Any

from .. import link
from ..errors import ParameterError, unknown_name
from ..method import FixedStep
from . import asked
from .presets import preset_of_all

LINKED = "link"
"""The name of the preset that is made from a link."""


def version() -> str:
    """Return the version that is installed; "unknown" where the package only lies there."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("lapicque")
    except PackageNotFoundError:
        return "unknown"


def linked(request: asked.Request) -> dict[str, Any]:
    """Answer ``{"kind": "link", "experiments", "names", "view", "state"}``."""
    view = asked.view(request)
    state = request.get("state")
    if state is not None and not isinstance(state, dict):
        raise ParameterError("state", "must be null or an object", state)
    experiments = asked.experiments(request)
    return {"link": link.write(experiments, asked.names(request), view, state)}


def opened(request: asked.Request) -> dict[str, Any]:
    """Answer ``{"kind": "open", "link": text}``: what the link carries, and a preset for it."""
    found = link.read(request.get("link", ""))
    method = found.experiments[0].method
    return {
        "opened": {
            "experiments": [each.to_dict() for each in found.experiments],
            "names": list(found.names),
            "view": found.view,
            "state": found.lab,
            "method": method.to_dict() if isinstance(method, FixedStep) else None,
            "preset": preset_of_all(found.experiments, found.names, LINKED, "From a link"),
        }
    }


def copied(request: asked.Request) -> dict[str, Any]:
    """Answer ``{"kind": "copy", "format", "experiments", "names"}``: a script or a file's text."""
    from ..interop import scripts

    known = scripts()
    name = request.get("format")
    if not isinstance(name, str) or name not in known:
        raise unknown_name("format", "a format to copy in", name, known)
    script = known[name]
    experiments = asked.experiments(request)
    text = script.write(experiments, asked.names(request) or [""] * len(experiments))
    return {"text": text, "label": script.label}


def copies() -> list[dict[str, str]]:
    """Return the formats that `copied` knows."""
    from ..interop import scripts

    return [{"name": name, "label": script.label} for name, script in scripts().items()]
