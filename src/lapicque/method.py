"""The methods: how V is integrated, and how a spike is found."""

from __future__ import annotations

import dataclasses
from typing import Any

from .errors import ParameterError, unknown_name
from .kernels import steps, train
from .parameter import Described, check_fields, described, quantity


@described
class Method(Described):
    """A way to solve a neuron's equation. Abstract; subclasses are final and frozen."""

    @property
    def name(self) -> str:
        """The method's name, as in files."""
        return type(self).__name__

    @classmethod
    def title(cls) -> str:
        """Return the method's name in a sentence."""
        return cls.__name__

    def to_dict(self) -> dict[str, Any]:
        """Return the method as a dict of plain values."""
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {"name": self.name, **data}


_CROSSING = {"auto": train.AUTO, "isolation": train.ISOLATION, "march": train.MARCH}


@described
class Exact(Method):
    """The closed form between spikes and a proven search for each crossing: no time step.

    Attributes
    ----------
    crossing : {"auto", "isolation", "march"}
        How crossings are found (docs/theory.md); both methods find the same, "auto" takes the
        quicker one.
    """

    crossing: str = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.crossing, str) or self.crossing not in _CROSSING:
            raise unknown_name("crossing", "a way to find crossings", self.crossing, _CROSSING)

    @classmethod
    def title(cls) -> str:
        """Return the method's name in a sentence."""
        return "exact"

    def code(self) -> int:
        """Return the kernels' number for how crossings are found."""
        return _CROSSING[self.crossing]

    def to_dict(self) -> dict[str, Any]:
        """Return the method as a dict of plain values; the default is left out."""
        return {k: v for k, v in super().to_dict().items() if v != "auto"}


_LOCATE = {"grid": steps.GRID, "linear": steps.LINEAR, "hermite": steps.HERMITE}


@dataclasses.dataclass(frozen=True)
class Tableau:
    """A Runge-Kutta method: ``k_i = F(t + c_i h, V + h sum_j a_ij k_j)``, ``V + h sum_i b_i k_i``.

    Attributes
    ----------
    c, b : tuple of float, shape (stages,)
    a : tuple of float, shape (stages * stages,), row by row
    """

    c: tuple[float, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]


_EULER = Tableau(c=(0.0,), a=(0.0,), b=(1.0,))


@described
class FixedStep(Method):
    """A method with a time step. Abstract.

    Attributes
    ----------
    dt : float
        The step (ms). Steps lie on the grid ``k dt``; the last one may be shorter.
    locate : {"grid", "linear", "hermite"}
        A spike's time: the step's end, as most simulators have it, or where a line or a cubic
        through the step reaches the threshold; then the rest of the step starts from the reset.
    """

    dt: float = quantity("ms", "time step", symbol="dt", positive=True)
    locate: str = "grid"

    def __post_init__(self) -> None:
        check_fields(self)
        if not isinstance(self.locate, str) or self.locate not in _LOCATE:
            raise unknown_name("locate", "a way to locate spikes", self.locate, _LOCATE)

    def locate_code(self) -> int:
        """Return the kernels' number for how spikes are located."""
        return _LOCATE[self.locate]

    @property
    def order(self) -> int:
        """The order of V's error between spikes."""
        raise NotImplementedError

    @property
    def tableau(self) -> Tableau:
        """The method's coefficients."""
        return _EULER

    @property
    def exponential(self) -> bool:
        """Whether the leak is integrated exactly."""
        return False


@described
class Euler(FixedStep):
    """Forward Euler, order 1."""

    @property
    def order(self) -> int:
        """The order of V's error between spikes."""
        return 1


@described
class ExponentialEuler(FixedStep):
    """Exponential Euler: exact while the current stays constant, else order 1."""

    @classmethod
    def title(cls) -> str:
        """Return the method's name in a sentence."""
        return "exponential Euler"

    @property
    def order(self) -> int:
        """The order of V's error between spikes."""
        return 1

    @property
    def exponential(self) -> bool:
        """Whether the leak is integrated exactly."""
        return True


@described
class RK2(FixedStep):
    """The explicit midpoint rule, order 2."""

    @property
    def order(self) -> int:
        """The order of V's error between spikes."""
        return 2

    @property
    def tableau(self) -> Tableau:
        """The method's coefficients."""
        return Tableau(c=(0.0, 0.5), a=(0.0, 0.0, 0.5, 0.0), b=(0.0, 1.0))


@described
class RK4(FixedStep):
    """The classical Runge-Kutta method, order 4."""

    @property
    def order(self) -> int:
        """The order of V's error between spikes."""
        return 4

    @property
    def tableau(self) -> Tableau:
        """The method's coefficients."""
        return Tableau(
            c=(0.0, 0.5, 0.5, 1.0),
            a=(
                *(0.0, 0.0, 0.0, 0.0),
                *(0.5, 0.0, 0.0, 0.0),
                *(0.0, 0.5, 0.0, 0.0),
                *(0.0, 0.0, 1.0, 0.0),
            ),
            b=(1 / 6, 1 / 3, 1 / 3, 1 / 6),
        )


def locates() -> tuple[str, ...]:
    """Return the ways to locate a spike within a step."""
    return tuple(_LOCATE)


def methods() -> dict[str, type[Method]]:
    """Return every method by its name in files."""
    return {
        cls.__name__: cls
        for cls in (*Method.__subclasses__(), *FixedStep.__subclasses__())
        if cls is not FixedStep
    }


def method_from_dict(data: Any) -> Method:
    """Build a method from ``{"name": "Euler", "dt": 0.01, ...}``."""
    if not isinstance(data, dict):
        raise ParameterError("method", "must be a table with `name` and its parameters", data)
    if "name" not in data:
        raise ParameterError("method.name", f"is missing. Known: {', '.join(methods())}")
    name = data["name"]
    cls = methods().get(name) if isinstance(name, str) else None
    if cls is None:
        raise unknown_name("method.name", "a method", name, methods())
    try:
        return cls(**{str(k): v for k, v in data.items() if k != "name"})
    except ParameterError as error:
        raise error.knowing("name").within("method") from None
