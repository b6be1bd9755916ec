"""What all scripts are made of: numbers, names and comments that can be read as nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..current import Current, Part, Product
from ..errors import ParameterError
from ..experiment import Experiment

WIDTH = 88
# Longer sums are written as `sum([...])`: a compiler nests a sum as deeply as it is long.
LONG_SUM = 50
# Deeper products are refused: a compiler allows some hundred brackets.
MAX_DEPTH = 20
_LONGEST_NAME = 100
_PER_LINE = 6


def number(value: float) -> str:
    """Return a number that reads back as the same double."""
    return repr(float(value))


def plain(text: str) -> str:
    """Return a text as one line of printable ASCII, for comments."""
    line = ascii(" ".join(text.split()))[1:-1]
    return line if len(line) <= _LONGEST_NAME else f"{line[:_LONGEST_NAME]}..."


def literal(text: str) -> str:
    """Return a text as a Python string of one line of printable ASCII."""
    quoted = ascii(" ".join(text.split()))
    return quoted if {"'", '"'} & {*quoted[1:-1]} else f'"{quoted[1:-1]}"'


def listed(values: Iterable[float], indent: int) -> str:
    """Return numbers as a list, several in a line."""
    words = [number(value) for value in values]
    line = f"[{', '.join(words)}]"
    if len(line) <= WIDTH - indent:
        return line
    rows = (", ".join(words[k : k + _PER_LINE]) for k in range(0, len(words), _PER_LINE))
    inner = "".join(f"{' ' * (indent + 4)}{row},\n" for row in rows)
    return f"[\n{inner}{' ' * indent}]"


def call(name: str, arguments: Sequence[str], indent: int) -> str:
    """Return a call in one line, or with one line for each argument where that is too long."""
    line = f"{name}({', '.join(arguments)})"
    if "\n" not in line and len(line) <= WIDTH - indent:
        return line
    inner = "".join(f"{' ' * (indent + 4)}{argument},\n" for argument in arguments)
    return f"{name}(\n{inner}{' ' * indent})"


def labels(experiments: Sequence[Experiment], names: Sequence[str]) -> list[str]:
    """Return what each experiment is called; check what every format asks of its input."""
    if not experiments:
        raise ParameterError("experiments", "must have at least one entry", list(experiments))
    if len(names) != len(experiments):
        rule = f"must have as many entries as experiments ({len(experiments)})"
        raise ParameterError("names", rule, len(names))
    for experiment in experiments:
        for k, part in enumerate(experiment.current.parts):
            if _depth(part) > MAX_DEPTH:
                rule = f"must not nest products more than {MAX_DEPTH} deep in a script"
                raise ParameterError(f"current.{k}", rule)
    several = len(names) > 1
    return [name or f"experiment{f' {k + 1}' * several}" for k, name in enumerate(names)]


def _depth(part: Part) -> int:
    if not isinstance(part, Product):
        return 0
    return 1 + max((_depth(p) for factor in part.factors for p in factor.parts), default=0)


def written_by() -> str:
    """Return who wrote the script: "lapicque 1.2.3"."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"lapicque {version('lapicque')}"
    except PackageNotFoundError:  # the modules lie there, not installed
        return "lapicque"


def summary(experiment: Experiment) -> str:
    """Return an experiment in a few words."""
    return f"{experiment.neuron.model} neuron, {_kinds(experiment.current)}, " + (
        f"{number(experiment.duration)} ms"
    )


def _kinds(current: Current) -> str:
    kinds = dict.fromkeys(part.kind for part in current.parts)
    return f"current: {', '.join(kinds)}" if kinds else "no current"


def not_used(experiments: Sequence[Experiment], tool: str) -> str:
    """Return comments on what a simulator's script has no use for: methods and seeds."""
    lines = []
    for k, experiment in enumerate(experiments):
        which = f"Experiment {k + 1}: " if len(experiments) > 1 else ""
        if experiment.method is not None:
            lines.append(f"{which}{plain(repr(experiment.method))} is lapicque's own method.")
        if experiment.seed is not None:
            lines.append(f"{which}the seed {int(experiment.seed)} is left out: nothing is random.")
    return block(["", *lines, f"{tool} solves it in its own way."]) if lines else ""


def mapping(entries: Mapping[str, str], indent: int) -> str:
    """Return a dict of written values, one in a line."""
    inner = "".join(f'{" " * (indent + 4)}"{name}": {text},\n' for name, text in entries.items())
    return f"{{\n{inner}{' ' * indent}}}"


def block(lines: Iterable[str]) -> str:
    """Return comment lines."""
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)
