"""A script for lapicque itself, as a person would write it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ..current import Current, Part, Product
from ..experiment import Experiment
from .text import (
    LONG_SUM,
    WIDTH,
    block,
    call,
    labels,
    listed,
    literal,
    number,
    plain,
    summary,
    written_by,
)

_COMMON = tuple(f.name for f in dataclasses.fields(Part))
_ONE_RUN = """
experiment = {experiment}
response = experiment.run()
print(f"{{response.spike_count}} spikes (ms):", response.spike_times.tolist())
plot(response).savefig("experiment.png", dpi=150)
"""
_MANY_RUNS = """
experiments = [
{experiments}]
for k, (name, experiment) in enumerate(experiments, start=1):
    response = experiment.run()
    print(f"{{name}}: {{response.spike_count}} spikes (ms):", response.spike_times.tolist())
    plot(response).savefig(f"experiment-{{k}}.png", dpi=150)
"""


def write(experiments: Sequence[Experiment], names: Sequence[str]) -> str:
    """Return a script that runs the experiments with lapicque, prints their spikes and draws them.

    Parameters
    ----------
    experiments : sequence of Experiment
    names : sequence of str
        What each is called, "" for a single one.
    """
    called = labels(experiments, names)
    head = block([f"Written by {written_by()}; pip install 'lapicque[plot]'"])
    head += "import lapicque as lq\n"
    if any(_needs_product(part) for each in experiments for part in each.current.parts):
        head += "from lapicque.current import Product\n"
    head += "from lapicque.plot import plot\n"
    if len(experiments) == 1:
        (only,) = experiments
        head += f"\nneuron = {_neuron(only, 0)}\n"
        head += f"current = {_sum(only.current, 0)}\n"
        experiment = _experiment(only, "neuron", "current", 0)
        return head + _ONE_RUN.removeprefix("\n").format(experiment=experiment)
    listing = ""
    for name, each in zip(called, experiments, strict=True):
        experiment = _experiment(each, _neuron(each, 12), _sum(each.current, 12), 8)
        listing += f"    # {plain(summary(each))}\n"
        listing += f"    (\n        {literal(name)},\n        {experiment},\n    ),\n"
    return head + _MANY_RUNS.format(experiments=listing)


def _experiment(experiment: Experiment, neuron: str, current: str, indent: int) -> str:
    arguments = [neuron, current, f"duration={number(experiment.duration)}"]
    if experiment.V_0 is not None:
        arguments.append(f"V_0={number(experiment.V_0)}")
    if experiment.method is not None:
        given = [f"{name}={_value(value)}" for name, value in _given(experiment.method)]
        arguments.append(f"method={call(f'lq.{experiment.method.name}', given, indent + 4)}")
    if experiment.initial is not None:
        arguments.append(f"initial={experiment.initial!r}")
    if experiment.seed is not None:
        arguments.append(f"seed={int(experiment.seed)}")
    return call("lq.Experiment", arguments, indent)


def _neuron(experiment: Experiment, indent: int) -> str:
    given = [f"{name}={_value(value)}" for name, value in experiment.neuron.given().items()]
    return call(f"lq.{experiment.neuron.model}", given, indent)


def _given(thing: Any) -> list[tuple[str, Any]]:
    """Return the fields that are not at their default."""
    values = ((f, getattr(thing, f.name)) for f in dataclasses.fields(thing))
    # repr tells 0.0 from -0.0
    return [(f.name, value) for f, value in values if repr(value) != repr(f.default)]


def _value(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple) and any(isinstance(each, tuple) for each in value):
        return f"[{', '.join(map(_listed, value))}]"
    if isinstance(value, tuple):
        inside = ", ".join(map(number, value))
        return f"({inside})" if len(value) > 1 else inside
    return literal(value) if isinstance(value, str) else number(value)


def _listed(row: tuple[float, ...]) -> str:
    return f"[{', '.join(map(number, row))}]"


def _sum(current: Current, indent: int) -> str:
    if not current.parts:
        return "lq.Current()"
    flat = [_part(part, indent) for part in current.parts]
    line = " + ".join(flat)
    if len(flat) == 1 or ("\n" not in line and len(line) <= WIDTH - indent):
        return line
    inner = " " * (indent + 4)
    parts = [_part(part, indent + 4) for part in current.parts]
    if len(parts) > LONG_SUM:
        return "sum(\n{0}[\n{0}    {1},\n{0}]\n{2})".format(
            inner, f",\n{inner}    ".join(parts), " " * indent
        )
    return f"(\n{inner}" + f"\n{inner}+ ".join(parts) + f"\n{' ' * indent})"


def _part(part: Part, indent: int) -> str:
    if isinstance(part, Product):
        return _product(part, indent)
    given = dict(_given(part))
    factor = ""
    for name in {"times", "values", "edges"} & given.keys():
        given[name] = listed(given[name], indent + 4)
    if "factor" in given:
        factor = f"{number(given.pop('factor'))} * "
    own = [f.name for f in dataclasses.fields(part) if f.name not in _COMMON]
    if part.kind in ("constant", "step", "ramp"):
        # One number says it all.
        arguments = [number(getattr(part, own[0]))]
    else:
        arguments = []
        for name in own:
            if name in given:
                value = given[name]
                listing = name in ("times", "values", "edges")
                arguments.append(f"{name}={value if listing else _value(value)}")
    common = [name for name in _COMMON if name in given]
    if part.kind == "step":
        common = ["start", "stop", *(name for name in common if name not in ("start", "stop"))]
    for name in common:
        value = getattr(part, name)
        arguments.append(f"{name}={None if value is None else _value(value)}")
    return factor + call(f"lq.{part.kind}", arguments, indent)


def _needs_product(part: Part) -> bool:
    """Whether operators cannot say a product: it, or one in it, has an end or a name of its own."""
    if not isinstance(part, Product):
        return False
    inner = any(_needs_product(p) for factor in part.factors for p in factor.parts)
    return inner or part.stop is not None or part.name is not None


def _product(part: Product, indent: int) -> str:
    if part.stop is not None or part.name is not None:
        factors = ", ".join(_sum(factor, indent + 4) for factor in part.factors)
        arguments = [f"factors=({factors})"]
        arguments += [f"{name}={_value(v)}" for name, v in _given(part) if name != "factors"]
        # As `_given` begins with what all parts have, the order is the class's.
        return f"lq.Current(({call('Product', arguments, indent)},))"
    text = " * ".join(_factor(factor, indent) for factor in part.factors)
    given = dict(_given(part))
    if "factor" in given:
        text = f"{number(part.factor)} * ({text})"
    if "start" in given or "window" in given:
        text = f"({text})"
    if "start" in given:
        text += f".delayed({number(part.start)})"
    if part.window is not None:
        text += f".window{_value(part.window)}"
    return text


def _factor(factor: Current, indent: int) -> str:
    text = _sum(factor, indent)
    product = len(factor.parts) == 1 and isinstance(factor.parts[0], Product)
    whole = len(factor.parts) <= 1 and text.startswith("lq.") and not product
    return text if whole or text.startswith(("(\n", "sum(")) else f"({text})"
