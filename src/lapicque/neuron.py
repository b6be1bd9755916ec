"""The neurons; each docstring is the model's equations."""

from __future__ import annotations

import dataclasses
from typing import Any

from .errors import ParameterError, unknown_name
from .kernels import membrane
from .parameter import Described, check_fields, described, parameters, quantity


@described
class Neuron(Described):
    """A model neuron: what happens between spikes, when it spikes, and what a spike resets.

    Abstract. Subclasses are final, frozen and compared by their parameters.
    """

    @property
    def model(self) -> str:
        """The model's name, as in files."""
        return type(self).__name__

    @property
    def renewal(self) -> bool:
        """Whether every spike leaves the same state behind.

        Then the intervals under a constant current are all alike from the first spike on, and the
        analyses may use the closed forms of a linear membrane with a fixed threshold (`pack`).
        """
        raise NotImplementedError

    def default_V_0(self) -> float:
        """Return the potential (mV) at which a run starts unless told otherwise."""
        raise NotImplementedError

    def given(self) -> dict[str, float]:
        """Return the parameters that define the neuron (those derived from them left out)."""
        return {name: getattr(self, name) for name in parameters(type(self))}

    def rest(self) -> float | None:
        """Return the potential (mV) to which V decays without input; None if it does not decay."""
        raise NotImplementedError

    def pack(self) -> list[float]:
        """Return the row of numbers that the kernels work with."""
        raise NotImplementedError

    def rheobase(self) -> float:
        """Return the constant current (nA) above which the neuron fires again and again."""
        raise NotImplementedError

    def equation(self) -> str:
        """Return the model's equation with this neuron's numbers in it."""
        raise NotImplementedError

    def replace(self, **changes: Any) -> Neuron:
        """Return a neuron with some parameters changed and the other given ones kept.

        Parameters
        ----------
        **changes
            New values by name.
        """
        return type(self)(**{**self.given(), **changes})

    def __str__(self) -> str:
        described = parameters(type(self))
        listed = (f"{n} = {v:g} {described[n].unit}" for n, v in self.given().items())
        return f"{self.model}: {', '.join(listed)}"


def _check_reset(neuron: Any) -> None:
    if neuron.V_reset >= neuron.V_th and neuron.t_ref == 0.0:
        raise ParameterError(
            "V_reset",
            f"must be < V_th = {neuron.V_th:g} mV when t_ref is 0 ms",
            neuron.V_reset,
            "Else the reset itself is a spike, without end: lower V_reset or set t_ref > 0.",
            also=("V_th", "t_ref"),
        )


def _threshold(default: Any = -50.0) -> Any:
    return quantity("mV", "spike threshold", default=default, symbol="V_th")


def _reset(default: Any = -65.0) -> Any:
    return quantity("mV", "potential after a spike", default=default, symbol="V_reset")


def _refractory() -> Any:
    return quantity("ms", "refractory period", default=0.0, symbol="t_ref", minimum=0.0)


def _mV(value: float) -> str:
    return f"({_number(value)} mV)" if value < 0.0 else f"{_number(value)} mV"


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _reset_rule(neuron: Any) -> str:
    held = f", held for {neuron.t_ref:.4g} ms" if neuron.t_ref > 0.0 else ""
    return f"V ≥ {_number(neuron.V_th)} mV: spike, V = {_number(neuron.V_reset)} mV{held}"


_TRIAD = ("R_m", "C_m", "tau_m")


@described
class LIF(Neuron):
    """The leaky integrate-and-fire neuron.

    ``tau_m dV/dt = -(V - E_L) + R_m I(t)``;  a spike where ``V >= V_th``, after which V is held
    at V_reset for t_ref.

    Give two of R_m, C_m and tau_m = R_m C_m; the third follows, and `replace` keeps the other
    given one.  Without any of them, R_m = 10 MOhm and C_m = 1 nF.

    Parameters
    ----------
    R_m : float
        Membrane resistance (MOhm), > 0.
    C_m : float
        Membrane capacitance (nF), > 0.
    tau_m : float
        Membrane time constant (ms), > 0.
    E_L : float
        Leak reversal, the resting potential (mV).
    V_th : float
        Spike threshold (mV).
    V_reset : float
        Potential after a spike (mV), < V_th unless t_ref > 0.
    t_ref : float
        Refractory period (ms), >= 0.

    Source: Lapicque (1907); Gerstner et al. (2014) Neuronal Dynamics, 1.3.
    """

    R_m: float = quantity(
        "MOhm", "membrane resistance", default=None, symbol="R_m", positive=True, optional=True
    )
    C_m: float = quantity(
        "nF",
        "membrane capacitance",
        default=None,
        symbol="C_m",
        positive=True,
        optional=True,
        display="pF",
    )
    tau_m: float = quantity(
        "ms", "membrane time constant", default=None, symbol="tau_m", positive=True, optional=True
    )
    E_L: float = quantity("mV", "leak reversal (resting) potential", default=-65.0, symbol="E_L")
    V_th: float = _threshold()
    V_reset: float = _reset()
    t_ref: float = _refractory()
    derived: str = dataclasses.field(init=False, default="")

    def __post_init__(self) -> None:
        check_fields(self)
        given = [name for name in _TRIAD if getattr(self, name) is not None]
        if not given:
            object.__setattr__(self, "R_m", 10.0)
            object.__setattr__(self, "C_m", 1.0)
            given = ["R_m", "C_m"]
        if len(given) != 2:
            raise ParameterError(
                given[-1],
                "makes three of R_m (MOhm), C_m (nF) and tau_m (ms)"
                if len(given) == 3
                else "needs one more of R_m (MOhm), C_m (nF) and tau_m (ms) beside it",
                getattr(self, given[-1]),
                "Give two of them; the third is derived (tau_m = R_m C_m).",
            )
        derived = next(name for name in _TRIAD if name not in given)
        object.__setattr__(self, "derived", derived)
        value = {
            "R_m": lambda: self.tau_m / self.C_m,
            "C_m": lambda: self.tau_m / self.R_m,
            "tau_m": lambda: self.R_m * self.C_m,
        }[derived]()
        object.__setattr__(self, derived, value)
        _check_reset(self)

    def given(self) -> dict[str, float]:
        """Return the parameters that define the neuron: the derived one left out."""
        return {n: v for n, v in super().given().items() if n != self.derived}

    def replace(self, **changes: Any) -> LIF:
        """Return a neuron with some parameters changed and the other given ones kept.

        Parameters
        ----------
        **changes
            New values by name; not of the parameter that follows from the given ones.
        """
        if self.derived in changes:
            kept = " and ".join(n for n in _TRIAD if n != self.derived)
            raise ParameterError(
                self.derived,
                f"is derived here: {kept} are given",
                changes[self.derived],
                f"Change {kept.replace(' and ', ' or ')}, or build a neuron from {self.derived}.",
            )
        return LIF(**{**self.given(), **changes})

    @property
    def renewal(self) -> bool:
        """True: a spike leaves V_reset behind, and nothing else."""
        return True

    def default_V_0(self) -> float:
        """Return E_L."""
        return self.E_L

    def rest(self) -> float | None:
        """Return E_L."""
        return self.E_L

    def rheobase(self) -> float:
        """Return ``(V_th - E_L) / R_m``."""
        return (self.V_th - self.E_L) / self.R_m

    def equation(self) -> str:
        """Return the model's equation with this neuron's numbers in it."""
        return (
            f"{self.tau_m:.4g} ms dV/dt = −(V − {_mV(self.E_L)}) + {self.R_m:.4g} MOhm I(t);  "
            + _reset_rule(self)
        )

    def pack(self) -> list[float]:
        """Return the row of numbers that the kernels work with."""
        row = [0.0] * membrane.ROW
        membrane.pack_leaky(
            self.R_m,
            self.C_m,
            self.tau_m,
            _TRIAD.index(self.derived),
            self.E_L,
            self.V_th,
            self.V_reset,
            self.t_ref,
            row,
        )
        return row

    def __repr__(self) -> str:
        return f"LIF({', '.join(f'{n}={v!r}' for n, v in self.given().items())})"


@described
class PIF(Neuron):
    """The perfect (non-leaky) integrate-and-fire neuron.

    ``C_m dV/dt = I(t)``;  a spike where ``V >= V_th``, after which V is held at V_reset for
    t_ref.  A run starts at V_reset.

    Parameters
    ----------
    C_m : float
        Membrane capacitance (nF), > 0.
    V_th : float
        Spike threshold (mV).
    V_reset : float
        Potential after a spike (mV), < V_th unless t_ref > 0.
    t_ref : float
        Refractory period (ms), >= 0.

    Source: Gerstein & Mandelbrot (1964) Biophys J 4:41-68.
    """

    C_m: float = quantity(
        "nF", "membrane capacitance", default=1.0, symbol="C_m", positive=True, display="pF"
    )
    V_th: float = _threshold()
    V_reset: float = _reset()
    t_ref: float = _refractory()

    def __post_init__(self) -> None:
        check_fields(self)
        _check_reset(self)

    @property
    def renewal(self) -> bool:
        """True: a spike leaves V_reset behind, and nothing else."""
        return True

    def default_V_0(self) -> float:
        """Return V_reset."""
        return self.V_reset

    def rest(self) -> float | None:
        """Return None: without input V stays where it is."""
        return None

    def rheobase(self) -> float:
        """Return 0: any current, however weak, reaches the threshold in the end."""
        return 0.0

    def equation(self) -> str:
        """Return the model's equation with this neuron's numbers in it."""
        return f"{self.C_m:.4g} nF dV/dt = I(t);  {_reset_rule(self)}"

    def pack(self) -> list[float]:
        """Return the row of numbers that the kernels work with."""
        row = [0.0] * membrane.ROW
        membrane.pack_perfect(self.C_m, self.V_th, self.V_reset, self.t_ref, row)
        return row


def models() -> dict[str, type[Neuron]]:
    """Return every neuron class by its name in files."""
    return {cls.__name__: cls for cls in Neuron.__subclasses__()}


def neuron_from_dict(data: Any) -> Neuron:
    """Build a neuron from ``{"model": "LIF", "R_m": ..., ...}``."""
    if not isinstance(data, dict):
        raise ParameterError("neuron", "must be a table with `model` and parameters", data)
    if "model" not in data:
        raise ParameterError("neuron.model", f"is missing. Known: {', '.join(models())}")
    name = data["model"]
    cls = models().get(name) if isinstance(name, str) else None
    if cls is None:
        raise unknown_name("neuron.model", "a model", name, models())
    try:
        return cls(**{str(k): v for k, v in data.items() if k != "model"})
    except ParameterError as error:
        raise error.knowing("model").within("neuron") from None


def neuron_to_dict(neuron: Neuron) -> dict[str, Any]:
    """Return a neuron as a dict of plain values; the inverse of `neuron_from_dict`."""
    return {"model": neuron.model, **neuron.given()}
