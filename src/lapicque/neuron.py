"""The neurons; each docstring is the model's equations."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from .errors import ParameterError, unknown_name
from .kernels import models as models_kernel
from .parameter import Described, Parameter, check_fields, described, parameters, quantity


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

    def levels(self) -> list[tuple[str, str, str, float]]:
        """Return the potentials that matter: (parameter, words, role, mV), the threshold first.

        A role is "threshold", "rest" or "reset".
        """
        given = self.given()
        words = "threshold V_th" if self.fixed_threshold else "threshold at rest V_th"
        found = [("V_th", words, "threshold", given["V_th"])]
        if "E_L" in given:
            found.append(("E_L", "rest E_L", "rest", given["E_L"]))
        if "V_reset" in given:
            found.append(("V_reset", "reset V_reset", "reset", given["V_reset"]))
        return found

    @property
    def fixed_threshold(self) -> bool:
        """Whether the threshold stays where it is."""
        return True

    @property
    def leaves_currents(self) -> bool:
        """Whether a spike leaves a current behind."""
        return False

    state: ClassVar[Mapping[str, str]] = {}
    """The names of the state beside V, with their units."""

    def initial(self, given: Mapping[str, Any] | None = None) -> tuple[float, ...]:
        """Return the state beside V at the start of a run, as the kernels want it.

        Parameters
        ----------
        given : mapping, optional
            Values by name, see the class; what is left out is 0.

        Raises
        ------
        ParameterError
            If a name is unknown or a value breaks its rule.
        """
        self.plain_initial(given or {})
        return ()

    def plain_initial(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state beside V at the start as files have it: numbers and lists of them.

        Parameters
        ----------
        given : mapping
            Values by name.
        """
        found: dict[str, Any] = {}
        for name, value in given.items():
            if name not in self.state:
                what = f"a part of the state of {self.model}"
                raise unknown_name(f"initial.{name}", what, name, self.state)
            known = Parameter(unit=self.state[name], meaning="initial state", many=True)
            entries = list(known.check_many(value, f"initial.{name}"))
            found[name] = entries if len(entries) > 1 else entries[0]
        return found

    def default_V_0(self) -> float:
        """Return the potential (mV) at which a run starts unless told otherwise."""
        raise NotImplementedError

    def given(self) -> dict[str, Any]:
        """Return the parameters that define the neuron (those derived from them left out)."""
        return {name: getattr(self, name) for name in parameters(type(self))}

    def rest(self) -> float | None:
        """Return the potential (mV) to which V decays without input; None if it does not decay."""
        raise NotImplementedError

    def doubtful(self, of: Mapping[str, Any]) -> Any:
        """Return whether parameters together may break a rule, for many neurons at once.

        Parameters
        ----------
        of : mapping
            Each parameter, an array where it differs from neuron to neuron.

        Returns
        -------
        bool or array of bool
            Where it is true the constructor decides.
        """
        if "V_reset" not in of or of["V_reset"] is None:
            return False
        return (of["V_reset"] >= of["V_th"]) & (of["t_ref"] == 0.0)

    code: ClassVar[int]
    """The model's number in `lapicque.kernels.models`."""

    def raw(self) -> list[float]:
        """Return the neuron's own numbers in the order of `lapicque.kernels.models`."""
        known = parameters(type(self))
        plain = [getattr(self, name) for name, each in known.items() if not each.many]
        lists = [getattr(self, name) or () for name, each in known.items() if each.many]
        count = max(map(len, lists), default=0)
        numbers = [math.nan if value is None else value for value in plain]
        return [*self.raw_head(), float(count), *numbers, *(v for each in lists for v in each)]

    def raw_head(self) -> tuple[float, float]:
        """Return which of R_m, C_m and tau_m is derived, and the level, for `raw`."""
        return 0.0, 0.0

    def raw_index(self, name: str, entry: int = 0) -> int:
        """Return where a parameter stands in `raw`.

        Parameters
        ----------
        name : str
        entry : int
            Which entry, of a parameter of which there are many.
        """
        known = parameters(type(self))
        at = models_kernel.FIRST
        for other, each in known.items():
            if not each.many:
                if other == name:
                    return at
                at += 1
        for other, each in known.items():
            if each.many:
                if other == name:
                    return at + entry
                at += len(getattr(self, other) or ())
        raise KeyError(name)

    def pack(self) -> list[float]:
        """Return the row of numbers that the kernels work with."""
        raw = self.raw()
        row = [0.0] * models_kernel.row_size(self.code, raw, 0)
        models_kernel.pack(self.code, raw, 0, row)
        return row

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
        known = parameters(type(self))
        listed = (
            f"{n} = {_shown(v)} {known[n].unit if n in known else ''}".strip()
            for n, v in self.given().items()
        )
        return f"{self.model}: {', '.join(listed)}"


def _shown(value: Any) -> str:
    return f"({', '.join(f'{v:g}' for v in value)})" if isinstance(value, tuple) else f"{value:g}"


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


def _nA(value: float) -> str:
    return f"({_number(value)} nA)" if value < 0.0 else f"{_number(value)} nA"


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _reset_rule(neuron: Any) -> str:
    held = f", held for {neuron.t_ref:.4g} ms" if neuron.t_ref > 0.0 else ""
    return f"V ≥ {_number(neuron.V_th)} mV: spike, V = {_number(neuron.V_reset)} mV{held}"


_TRIAD = ("R_m", "C_m", "tau_m")


@described
class Leaky(Neuron):
    """A neuron with the leaky membrane ``tau_m dV/dt = -(V - E_L) + R_m I``. Abstract.

    Give two of R_m, C_m and tau_m = R_m C_m; the third follows, and `replace` keeps the other
    given one.
    """

    usual: ClassVar[Mapping[str, float]] = {"R_m": 10.0, "C_m": 1.0}

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
    derived: str = dataclasses.field(init=False, default="", repr=False)

    def __post_init__(self) -> None:
        check_fields(self)
        given = [name for name in _TRIAD if getattr(self, name) is not None]
        if not given:
            for name, value in self.usual.items():
                object.__setattr__(self, name, value)
            given = list(self.usual)
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
        self.check()

    def check(self) -> None:
        """Raise a `ParameterError` if the parameters do not go together."""

    def given(self) -> dict[str, Any]:
        """Return the parameters that define the neuron: the derived one left out."""
        return {n: v for n, v in super().given().items() if n != self.derived}

    def replace(self, **changes: Any) -> Self:
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
        return type(self)(**{**self.given(), **changes})

    def default_V_0(self) -> float:
        """Return E_L."""
        return self.E_L

    def rest(self) -> float | None:
        """Return E_L."""
        return self.E_L

    def raw_head(self) -> tuple[float, float]:
        """Return which of R_m, C_m and tau_m is derived, and the level, for `raw`."""
        return float(_TRIAD.index(self.derived)), 0.0

    def rheobase(self) -> float:
        """Return ``(V_th - E_L) / R_m``."""
        return (self.V_th - self.E_L) / self.R_m

    def __repr__(self) -> str:
        return f"{self.model}({', '.join(f'{n}={v!r}' for n, v in self.given().items())})"


@described
class LIF(Leaky):
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

    code = models_kernel.LIF

    V_reset: float = _reset()
    t_ref: float = _refractory()

    def check(self) -> None:
        """Raise a `ParameterError` if a reset would be a spike at once."""
        _check_reset(self)

    @property
    def renewal(self) -> bool:
        """True: V is all there is."""
        return True

    def equation(self) -> str:
        """Return the model's equation with this neuron's numbers in it."""
        return f"{_membrane_equation(self, 'I(t)')};  {_reset_rule(self)}"


def _membrane_equation(neuron: Any, current: str) -> str:
    left = f"{neuron.tau_m:.4g} ms dV/dt = −(V − {_mV(neuron.E_L)})"
    return f"{left} + {neuron.R_m:.4g} MOhm {current}"


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

    code = models_kernel.PIF

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
        """True: V is all there is."""
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


def _paired(neuron: Any, names: Sequence[str]) -> None:
    """Raise unless the lists are of one length; one of a single entry is spread over the others."""
    lengths = {name: len(getattr(neuron, name)) for name in names}
    longest = max(lengths.values())
    for name, length in lengths.items():
        if length == 1 < longest:
            object.__setattr__(neuron, name, getattr(neuron, name) * longest)
        elif length != longest:
            other = next(n for n in names if lengths[n] == longest)
            raise ParameterError(
                name,
                f"must have as many entries as {other}, {longest}",
                getattr(neuron, name),
                also=(other,),
            )


def _entries(given: Mapping[str, Any], name: str, count: int) -> list[float]:
    """Return ``count`` numbers of the initial state, 0 where they are not given."""
    value = given.get(name)
    if value is None:
        return [0.0] * count
    found = value if isinstance(value, list) else [value]
    if len(found) != count:
        entries = f"{count} number{'s' if count > 1 else ''}"
        raise ParameterError(f"initial.{name}", f"must have {entries}", value)
    return found


@described
class AdaptiveLIF(Leaky):
    """The leaky integrate-and-fire neuron with spike-triggered adaptation currents.

    ``tau_m dV/dt = -(V - E_L) + R_m (I(t) - sum_k w_k)``, ``tau_w dw_k/dt = -w_k``;  a spike where
    ``V >= V_th``, after which ``w_k`` grows by ``b_k`` and V is held at V_reset for t_ref, while
    the currents decay.  The AdEx neuron of `Brette and Gerstner` without its exponential and its
    subthreshold adaptation (Delta_T -> 0, a = 0), for any number of time constants.

    Parameters
    ----------
    R_m, C_m, tau_m : float
        Membrane resistance (MOhm), capacitance (nF), time constant (ms), > 0; give two.
    E_L : float
        Leak reversal, the resting potential (mV).
    V_th : float
        Spike threshold (mV).
    V_reset : float
        Potential after a spike (mV), < V_th unless t_ref > 0.
    t_ref : float
        Refractory period (ms), >= 0.
    b : float or list of float
        What a spike adds to each current (nA); positive ones slow the neuron down.
    tau_w : float or list of float, as many
        Their time constants (ms), > 0.

    The state beside V: ``w`` (nA), one number for each time constant, 0 at the start.

    Source: Treves (1993) Network 4:259-284; Gerstner et al. (2014) Neuronal Dynamics, 6.1.
    """

    code = models_kernel.ADAPTIVE_LIF
    state: ClassVar[Mapping[str, str]] = {"w": "nA"}

    V_reset: float = _reset()
    t_ref: float = _refractory()
    b: tuple[float, ...] = quantity(
        "nA", "adaptation current after a spike", default=(0.1,), symbol="b", many=True
    )
    tau_w: tuple[float, ...] = quantity(
        "ms",
        "adaptation time constant",
        default=(100.0,),
        symbol="tau_w",
        positive=True,
        least=1e-9,
        many=True,
    )

    def check(self) -> None:
        """Raise a `ParameterError` if the parameters do not go together."""
        _check_reset(self)
        _paired(self, ("b", "tau_w"))

    @property
    def renewal(self) -> bool:
        """False: the currents outlast the interval."""
        return False

    @property
    def leaves_currents(self) -> bool:
        """True: the adaptation currents, w."""
        return True

    def initial(self, given: Mapping[str, Any] | None = None) -> tuple[float, ...]:
        """Return the state beside V at the start of a run; ``w`` (nA) is 0 unless given.

        Parameters
        ----------
        given : mapping, optional
            ``{"w": 0.2}``, or a list with one number for each time constant.
        """
        plain = self.plain_initial(given or {})
        return (0.0, *(0.0 - w for w in _entries(plain, "w", len(self.b))))

    def equation(self) -> str:
        """Return the model's equation with this neuron's numbers in it."""
        sums = "w" if len(self.b) == 1 else "Σw"
        rules = ", ".join(
            f"{tau:.4g} ms dw/dt = −w, w = w + {_nA(b)}"
            for b, tau in zip(self.b, self.tau_w, strict=True)
        )
        return f"{_membrane_equation(self, f'(I(t) − {sums})')};  {rules};  {_reset_rule(self)}"


@described
class MAT(Leaky):
    """The multi-timescale adaptive threshold neuron: no reset, the threshold moves.

    ``tau_m dV/dt = -(V - E_L) + R_m I(t)`` at all times;  a spike where
    ``V >= V_th + sum_j theta_j``, ``tau_theta dtheta_j/dt = -theta_j``, after which ``theta_j``
    grows by ``alpha_j``.  For t_ref no spike follows; if V is still above the threshold then, the
    neuron fires again.

    Parameters
    ----------
    R_m, C_m, tau_m : float
        Membrane resistance (MOhm), capacitance (nF), time constant (ms), > 0; give two.
    E_L : float
        Leak reversal, the resting potential (mV).
    V_th : float
        The threshold at rest (mV), the source's omega.
    t_ref : float
        Refractory period (ms), > 0.
    alpha : float or list of float
        What a spike adds to each part of the threshold (mV).
    tau_theta : float or list of float, as many
        Their time constants (ms), > 0.

    The state beside V: ``theta`` (mV), one number for each time constant, 0 at the start.

    Source: Kobayashi, Tsubo & Shinomoto (2009) Front Comput Neurosci 3:9.
    """

    code = models_kernel.MAT
    usual: ClassVar[Mapping[str, float]] = {"R_m": 50.0, "tau_m": 5.0}
    state: ClassVar[Mapping[str, str]] = {"theta": "mV"}

    E_L: float = quantity("mV", "leak reversal (resting) potential", default=-70.0, symbol="E_L")
    V_th: float = quantity("mV", "threshold at rest", default=-51.0, symbol="V_th")
    t_ref: float = quantity(
        "ms", "refractory period", default=2.0, symbol="t_ref", positive=True, least=1e-9
    )
    alpha: tuple[float, ...] = quantity(
        "mV", "rise of the threshold at a spike", default=(37.0, 2.0), symbol="alpha", many=True
    )
    tau_theta: tuple[float, ...] = quantity(
        "ms",
        "threshold time constant",
        default=(10.0, 200.0),
        symbol="tau",
        positive=True,
        least=1e-9,
        many=True,
    )

    def check(self) -> None:
        """Raise a `ParameterError` if the parameters do not go together."""
        _paired(self, ("alpha", "tau_theta"))

    @property
    def renewal(self) -> bool:
        """False: nothing is reset."""
        return False

    @property
    def fixed_threshold(self) -> bool:
        """False: it is all that a spike moves."""
        return False

    def initial(self, given: Mapping[str, Any] | None = None) -> tuple[float, ...]:
        """Return the state beside V at the start of a run; ``theta`` (mV) is 0 unless given.

        Parameters
        ----------
        given : mapping, optional
            ``{"theta": [10.0, 1.0]}``, one number for each time constant.
        """
        plain = self.plain_initial(given or {})
        return (0.0, *_entries(plain, "theta", len(self.alpha)))

    def equation(self) -> str:
        """Return the model's equation with this neuron's numbers in it."""
        rules = ", ".join(
            f"{tau:.4g} ms dθ/dt = −θ, θ = θ + {_mV(alpha)}"
            for alpha, tau in zip(self.alpha, self.tau_theta, strict=True)
        )
        return (
            f"{_membrane_equation(self, 'I(t)')};  V ≥ {_mV(self.V_th)} + Σθ: spike, no reset, "
            f"none follows for {self.t_ref:.4g} ms;  {rules}"
        )


_RESETS, _CURRENTS, _FOLLOWS = (2, 4, 5), (3, 4, 5), (5,)
_LEVELS: dict[str, tuple[tuple[int, ...], Any]] = {
    "V_reset": ((1, 3), None),
    "voltage_reset_fraction": (_RESETS, 0.20),
    "voltage_reset_add": (_RESETS, 18.51),
    "th_spike_add": (_RESETS, 0.37),
    "th_spike_decay": (_RESETS, 0.009),
    "asc_amps": (_CURRENTS, (-0.00918, -0.19894)),
    "asc_decay": (_CURRENTS, (0.003, 0.1)),
    "asc_r": (_CURRENTS, (1.0,)),
    "th_voltage_index": (_FOLLOWS, 0.005),
    "th_voltage_decay": (_FOLLOWS, 0.09),
}


def _level_quantity(unit: str, meaning: str, **more: Any) -> Any:
    return quantity(unit, meaning, default=None, optional=True, **more)


@described
class GLIF(Leaky):
    """The generalized leaky integrate-and-fire neurons of the Allen Institute, levels 1 to 5.

    ``tau_m dV/dt = -(V - E_L) + R_m (I(t) + sum_k I_k)``, ``dI_k/dt = -asc_decay_k I_k``;  a spike
    where ``V >= V_th + theta_s + theta_v``, ``dtheta_s/dt = -th_spike_decay theta_s``,
    ``dtheta_v/dt = th_voltage_index (V - E_L) - th_voltage_decay theta_v``.  V is held for t_ref
    after a spike; at its end

    - levels 1 and 3: ``V = V_reset``;  levels 2, 4 and 5:
      ``V = E_L + voltage_reset_fraction (V - E_L) + voltage_reset_add``, V being that at the
      spike, and ``theta_s = theta_s exp(-th_spike_decay t_ref) + th_spike_add``;
    - levels 3 to 5: ``I_k = asc_r_k I_k exp(-asc_decay_k t_ref) + asc_amps_k``;
    - level 5: theta_v is what it was at the spike.

    That is the order of AllenSDK and of NEST's glif_psc: what a spike adds is added after the
    refractory period.  The paper writes ``- delta V`` where they have ``+ voltage_reset_add``.

    Parameters
    ----------
    level : int
        1 (LIF), 2 (LIF-R), 3 (LIF-ASC), 4 (LIF-R-ASC) or 5 (LIF-R-ASC-A); parameters that a level
        does not have must be left out.
    R_m, C_m, tau_m : float
        Membrane resistance (MOhm), capacitance (nF), time constant (ms), > 0; give two.
    E_L : float
        Leak reversal, the resting potential (mV).
    V_th : float
        The threshold at rest (mV), the source's theta_inf.
    t_ref : float
        Refractory period, the source's cut around a spike (ms), >= 0.
    V_reset : float
        Levels 1 and 3: potential after a spike (mV); E_L by default.
    voltage_reset_fraction, voltage_reset_add : float
        Levels 2, 4, 5: the reset rule (a pure number, mV).
    th_spike_add, th_spike_decay : float
        Levels 2, 4, 5: what a spike adds to the threshold (mV), and its decay rate (1/ms).
    asc_amps, asc_decay, asc_r : float or list of float
        Levels 3 to 5: after-spike currents (nA), their decay rates (1/ms), and what part of one is
        left by the next spike.
    th_voltage_index, th_voltage_decay : float
        Level 5: how V pulls the threshold, and how fast that decays (1/ms).

    The state beside V, 0 at the start: ``I_asc`` (nA), one number for each current, ``theta_s`` and
    ``theta_v`` (mV).

    The defaults are NEST's, mouse cell 490626718 of the Allen Cell Types Database.

    Source: Teeter et al. (2018) Nat Commun 9:709; Mihalas & Niebur (2009) Neural Comput 21:704-718.
    """

    code = models_kernel.GLIF
    usual: ClassVar[Mapping[str, float]] = {"R_m": 1000.0 / 9.43, "C_m": 0.05872}
    state: ClassVar[Mapping[str, str]] = {"I_asc": "nA", "theta_s": "mV", "theta_v": "mV"}

    level: int = 1
    E_L: float = quantity("mV", "leak reversal (resting) potential", default=-78.85, symbol="E_L")
    V_th: float = quantity("mV", "threshold at rest", default=-51.68, symbol="V_th")
    t_ref: float = quantity("ms", "refractory period", default=3.75, symbol="t_ref", minimum=0.0)
    V_reset: float = _level_quantity("mV", "potential after a spike", symbol="V_reset")
    voltage_reset_fraction: float = _level_quantity(
        "", "part of V - E_L that a spike leaves", symbol="f_v", minimum=-1.0, maximum=1.0
    )
    voltage_reset_add: float = _level_quantity("mV", "what a spike adds to V", symbol="delta_V")
    th_spike_add: float = _level_quantity(
        "mV", "what a spike adds to the threshold", symbol="delta_s"
    )
    th_spike_decay: float = _level_quantity(
        "1/ms", "decay rate of the spike's part of the threshold", symbol="b_s", positive=True
    )
    asc_amps: tuple[float, ...] = _level_quantity(
        "nA", "after-spike current", symbol="I_asc", many=True, display="pA"
    )
    asc_decay: tuple[float, ...] = _level_quantity(
        "1/ms", "decay rate of the after-spike current", symbol="k", positive=True, many=True
    )
    asc_r: tuple[float, ...] = _level_quantity(
        "",
        "part of an after-spike current that a spike leaves",
        symbol="r",
        many=True,
        minimum=-1.0,
        maximum=1.0,
    )
    th_voltage_index: float = _level_quantity("1/ms", "pull of V on the threshold", symbol="a_v")
    th_voltage_decay: float = _level_quantity(
        "1/ms", "decay rate of the voltage's part of the threshold", symbol="b_v", positive=True
    )

    def __post_init__(self) -> None:
        level = self.level
        if isinstance(level, bool) or level not in (1, 2, 3, 4, 5):
            raise ParameterError("level", "must be 1, 2, 3, 4 or 5", level)
        for name, (levels, usual) in _LEVELS.items():
            value = getattr(self, name)
            if value is not None and level not in levels:
                listed = ", ".join(map(str, levels))
                raise ParameterError(
                    name,
                    f"is no parameter of level {level}, but of level {listed}",
                    value,
                    also=("level",),
                )
            if value is None and level in levels:
                object.__setattr__(self, name, self.E_L if name == "V_reset" else usual)
        super().__post_init__()

    def check(self) -> None:
        """Raise a `ParameterError` if the parameters do not go together."""
        object.__setattr__(self, "level", int(self.level))
        if self.V_reset is not None:
            _check_reset(self)
        if self.asc_amps is not None:
            _paired(self, ("asc_amps", "asc_decay", "asc_r"))

    @property
    def renewal(self) -> bool:
        """True for level 1."""
        return self.level == 1

    @property
    def fixed_threshold(self) -> bool:
        """True for levels 1 and 3."""
        return self.level not in _RESETS

    @property
    def leaves_currents(self) -> bool:
        """True for levels 3 to 5."""
        return self.level in _CURRENTS

    def given(self) -> dict[str, Any]:
        """Return the level and its parameters."""
        mine = {n: v for n, v in super().given().items() if v is not None}
        return {"level": self.level, **mine}

    def replace(self, **changes: Any) -> Self:
        """Return a neuron with some parameters changed and the other given ones kept.

        Parameters
        ----------
        **changes
            New values by name. With another ``level``, what that level has not is left out.
        """
        if changes.get("level", self.level) == self.level:
            return super().replace(**changes)
        known = {n: v for n, v in self.given().items() if n not in _LEVELS}
        level = changes["level"]
        kept = {
            n: getattr(self, n)
            for n, (levels, _) in _LEVELS.items()
            if level in levels and getattr(self, n) is not None
        }
        return type(self)(**{**known, **kept, **changes})

    def raw_head(self) -> tuple[float, float]:
        """Return which of R_m, C_m and tau_m is derived, and the level, for `raw`."""
        return super().raw_head()[0], float(self.level)

    def rheobase(self) -> float:
        """Return the constant current above which the neuron fires again and again.

        ``(V_th - E_L) / R_m``; at level 5 the threshold follows V, and it is
        ``1 / (1 - th_voltage_index / th_voltage_decay)`` times that, or infinite.
        """
        least = super().rheobase()
        if self.level < 5:
            return least
        followed = 1.0 - self.th_voltage_index / self.th_voltage_decay
        return least / followed if followed > 0.0 else math.copysign(math.inf, least)

    def initial(self, given: Mapping[str, Any] | None = None) -> tuple[float, ...]:
        """Return the state beside V at the start of a run, 0 unless given.

        Parameters
        ----------
        given : mapping, optional
            ``I_asc`` (nA, a list), ``theta_s`` and ``theta_v`` (mV), as far as the level has them.
        """
        plain = self.plain_initial(given or {})
        levels = {"I_asc": _CURRENTS, "theta_s": _RESETS, "theta_v": _FOLLOWS}
        for name, value in plain.items():
            if self.level not in levels[name]:
                listed = ", ".join(map(str, levels[name]))
                rule = f"is no state of level {self.level}, but of level {listed}"
                raise ParameterError(f"initial.{name}", rule, value)
        currents = _entries(plain, "I_asc", len(self.asc_amps or ()))
        spiked = _entries(plain, "theta_s", int(self.level in _RESETS))
        (followed,) = _entries(plain, "theta_v", 1)
        if self.renewal:
            return ()
        return (followed, *currents, *spiked)

    def equation(self) -> str:
        """Return the model's equation with this neuron's numbers in it."""
        has_currents, has_reset = self.level in _CURRENTS, self.level in _RESETS
        parts = [_membrane_equation(self, "(I(t) + ΣI_k)" if has_currents else "I(t)")]
        if has_currents:
            rules = zip(self.asc_decay, self.asc_amps, self.asc_r, strict=True)
            parts.append(
                ", ".join(
                    f"dI/dt = −{_number(k)}/ms I, I = {_number(r)} I + {_nA(a)}"
                    for k, a, r in rules
                )
            )
        if not has_reset:
            parts.append(_reset_rule(self))
            return ";  ".join(parts)
        moving = " + theta_s + theta_v" if self.level == 5 else " + theta_s"
        held = f", held for {self.t_ref:.4g} ms" if self.t_ref > 0.0 else ""
        parts.append(
            f"V ≥ {_mV(self.V_th)}{moving}: spike, V − E_L = "
            f"{_number(self.voltage_reset_fraction)} (V − E_L) + "
            f"{_mV(self.voltage_reset_add)}{held}"
        )
        parts.append(
            f"d theta_s/dt = −{_number(self.th_spike_decay)}/ms theta_s, "
            f"theta_s = theta_s + {_mV(self.th_spike_add)}"
        )
        if self.level == 5:
            parts.append(
                f"d theta_v/dt = {_number(self.th_voltage_index)}/ms (V − E_L) − "
                f"{_number(self.th_voltage_decay)}/ms theta_v"
            )
        return ";  ".join(parts)


def models() -> dict[str, type[Neuron]]:
    """Return every neuron class by its name in files."""
    leaky = Leaky.__subclasses__()
    return {cls.__name__: cls for cls in (*leaky[:1], PIF, *leaky[1:])}


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
    given = {n: list(v) if isinstance(v, tuple) else v for n, v in neuron.given().items()}
    return {"model": neuron.model, **given}
