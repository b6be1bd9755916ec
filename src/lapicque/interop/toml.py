"""The experiment file, as `lapicque run` and `lq.load` read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..experiment import Experiment
from .text import block, labels, number, plain, written_by


def write(experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    """Return the experiments as the text of a TOML file.

    A file holds one experiment.  Of several the first is written plainly and the others as
    comments under their names, so that the text is a file that runs as it is, and nothing is
    lost: to take another one, remove ``# `` before its lines and delete what stands above them.

    The layout is our own (`Experiment.to_toml` needs a package that the static page has not):
    lists stand in one line.

    Parameters
    ----------
    experiments : sequence of Experiment
    names : sequence of str
        What each is called, "" for a single one.
    """
    called = labels(experiments, names)
    head = [f"Written by {written_by()}; run it: lapicque run FILE"]
    if len(experiments) == 1:
        return block(head) + "\n" + _document(experiments[0])
    head += [
        f"A file holds one experiment. This text has {len(experiments)}, the first in force and "
        "the others as comments:",
        "to take another one, delete the lines above it and remove the '# ' before its own.",
    ]
    text = block(head)
    for k, (name, experiment) in enumerate(zip(called, experiments, strict=True)):
        document = _document(experiment)
        text += f"\n# ---- {k + 1} of {len(experiments)}: {plain(name)} ----\n\n"
        text += document if k == 0 else block(document.splitlines())
    return text


def _document(experiment: Experiment) -> str:
    plain_values, tables, arrays = [], [], []
    for key, value in experiment.to_dict().items():
        if isinstance(value, dict):
            tables.append(f"\n[{key}]\n" + _pairs(value))
        elif isinstance(value, list) and value:
            arrays += [f"\n[[{key}]]\n" + _pairs(entry) for entry in value]
        else:
            plain_values.append(f"{key} = {_value(value)}\n")
    return "".join([*plain_values, *tables, *arrays])


def _pairs(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, str):
        # JSON's strings are TOML's, but for one character that TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    return str(value) if isinstance(value, int) else number(value)
