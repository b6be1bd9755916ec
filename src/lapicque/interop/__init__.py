"""Experiments as scripts for lapicque itself and for other simulators: "Copy as".

One leaf for each format; it writes text and imports nothing that it writes for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ..experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Script:
    """A format that experiments can be copied as.

    Attributes
    ----------
    name : str
        Its name in requests: "brian2".
    label : str
        Its name for people: "Brian2".
    suffix : str
        Of its files: ".py".
    write : callable
        ``write(experiments, names)`` returns the text.  The names are what the experiments are
        called, "" for a single one.  A `LapicqueError` names what the format cannot hold.
    """

    name: str
    label: str
    suffix: str
    write: Callable[[Sequence[Experiment], Sequence[str]], str]


def scripts() -> dict[str, Script]:
    """Return every format by its name."""
    every = (
        Script("python", "Python", ".py", _python),
        Script("toml", "TOML", ".toml", _toml),
        Script("brian2", "Brian2", ".py", _brian2),
        Script("nest", "NEST", ".py", _nest),
    )
    return {each.name: each for each in every}


# A format is loaded when it is asked for.


def _python(experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    from .python import write

    return write(experiments, names)


def _toml(experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    from .toml import write

    return write(experiments, names)


def _brian2(experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    from .brian2 import write

    return write(experiments, names)


def _nest(experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    from .nest import write

    return write(experiments, names)
