"""Neurons with published numbers, by name: ``preset("nest")``. Their file is presets.toml."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from .errors import unknown_name
from .experiment import Experiment

_ABOUT = ("title", "summary", "label", "family", "source")


def presets() -> list[str]:
    """Return the names that `preset` knows.

    Returns
    -------
    list of str
        In the order of their file.
    """
    return list(_table())


def preset(name: str) -> Experiment:
    """Return an experiment with a published neuron, by its name.

    Parameters
    ----------
    name : str
        One of `presets`, such as ``"nest"`` or ``"glif5"``; docs/models.md has each one's source.

    Returns
    -------
    Experiment
        The neuron under a current that makes it fire.

    Raises
    ------
    UnknownNameError
        If no preset has this name.
    """
    known = _table()
    if not isinstance(name, str) or name not in known:
        raise unknown_name("preset", "a preset", name, known)
    return Experiment.from_dict({k: v for k, v in known[name].items() if k not in _ABOUT})


def about(name: str) -> dict[str, str]:
    """Return a preset's title, source and, where it has them, summary, family and label."""
    return {key: value for key, value in _table()[name].items() if key in _ABOUT}


@functools.cache
def _table() -> dict[str, dict[str, Any]]:
    import tomllib

    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
