"""The neurons: their parameters, what two of three mean, messages, rheobase, words."""

import dataclasses
import itertools
import math
import re
from pathlib import Path

import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import lapicque as lq
from lapicque.neuron import Leaky, models, neuron_from_dict, neuron_to_dict
from lapicque.parameter import parameters

TRIAD = {"R_m": 20.0, "C_m": 0.5, "tau_m": 10.0}


def pair(derived):
    return {name: value for name, value in TRIAD.items() if name != derived}


@pytest.mark.parametrize("derived", TRIAD)
def test_two_of_three_give_the_third(derived):
    """tau_m = R_m C_m, whichever two are given."""
    neuron = lq.LIF(**pair(derived))
    assert {name: getattr(neuron, name) for name in TRIAD} == TRIAD
    assert neuron.derived == derived
    assert set(neuron.given()) == {*pair(derived), "E_L", "V_th", "V_reset", "t_ref"}


@pytest.mark.parametrize(("derived", "changed"), list(itertools.permutations(TRIAD, 2)))
def test_a_change_keeps_the_other_given_one(derived, changed):
    """Changing one of the two given keeps the other; the derived one follows."""
    neuron = lq.LIF(**pair(derived)).replace(**{changed: 3.0})
    (kept,) = set(TRIAD) - {derived, changed}
    assert getattr(neuron, changed) == 3.0
    assert getattr(neuron, kept) == TRIAD[kept]
    assert neuron.derived == derived
    assert neuron.tau_m == pytest.approx(neuron.R_m * neuron.C_m, rel=1e-15)
    experiment = lq.Experiment(lq.LIF(**pair(derived)), lq.constant(1.0), 10.0)
    assert experiment.replace({f"neuron.{changed}": 3.0}).neuron == neuron


@pytest.mark.parametrize("derived", TRIAD)
def test_the_derived_one_cannot_be_set(derived):
    """The message names it, and the two that are given."""
    a, b = pair(derived)
    message = (
        f"'{derived}' is derived here: {a} and {b} are given (got 3.0). "
        f"Change {a} or {b}, or build a neuron from {derived}."
    )
    with pytest.raises(lq.ParameterError) as caught:
        lq.LIF(**pair(derived)).replace(**{derived: 3.0})
    assert str(caught.value) == message
    experiment = lq.Experiment(lq.LIF(**pair(derived)), lq.constant(1.0), 10.0)
    with pytest.raises(lq.ParameterError) as caught:
        experiment.replace({f"neuron.{derived}": 3.0})
    assert str(caught.value) == message.replace("'", "'neuron.", 1)


def test_defaults():
    """LIF: 10 MOhm, 1 nF, rest and reset -65 mV, threshold -50 mV, no refractoriness; PIF alike."""
    leaky, perfect = lq.LIF(), lq.PIF()
    assert leaky == lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=0.0)
    assert perfect == lq.PIF(C_m=1.0, V_th=-50.0, V_reset=-65.0, t_ref=0.0)
    assert (leaky.default_V_0(), leaky.rest(), leaky.tau_m) == (-65.0, -65.0, 10.0)
    assert (perfect.default_V_0(), perfect.rest(), perfect.rheobase()) == (-65.0, None, 0.0)
    assert not hasattr(perfect, "E_L")
    assert lq.PIF(V_reset=-70.0).default_V_0() == -70.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lq.LIF(R_m=0.0, C_m=1.0), "'R_m' must be > 0 MOhm (got 0.0)"),
        (lambda: lq.LIF(tau_m=-3.0, R_m=1.0), "'tau_m' must be > 0 ms (got -3.0)"),
        (lambda: lq.LIF(t_ref=-1.0), "'t_ref' must be >= 0 ms (got -1.0)"),
        (lambda: lq.LIF(V_th=math.nan), "'V_th' must be a finite number in mV (got nan)"),
        (lambda: lq.LIF(E_L=-math.inf), "'E_L' must be a finite number in mV (got -inf)"),
        (lambda: lq.LIF(E_L=1e300), "'E_L' must be at most 1e+30 mV in size (got 1e+300)"),
        (lambda: lq.LIF(E_L=None), "'E_L' must be a number in mV (got None)"),
        (lambda: lq.LIF(t_ref=True), "'t_ref' must be a number in ms (got True)"),
        (lambda: lq.LIF(C_m="30 nS", R_m=1.0), "'C_m' must be convertible to nF (got '30 nS')"),
        (
            lambda: lq.LIF(C_m="big", R_m=1.0),
            "'C_m' must be a number in nF (got 'big'). Write a number, or \"30 nS\".",
        ),
        (
            lambda: lq.LIF(R_m=1.0),
            "'R_m' needs one more of R_m (MOhm), C_m (nF) and tau_m (ms) beside it (got 1.0). "
            "Give two of them; the third is derived (tau_m = R_m C_m).",
        ),
        (
            lambda: lq.LIF(R_m=1.0, C_m=1.0, tau_m=1.0),
            "'tau_m' makes three of R_m (MOhm), C_m (nF) and tau_m (ms) (got 1.0). "
            "Give two of them; the third is derived (tau_m = R_m C_m).",
        ),
        (
            lambda: lq.LIF(V_reset=-50.0),
            "'V_reset' must be < V_th = -50 mV when t_ref is 0 ms (got -50.0). "
            "Else the reset itself is a spike, without end: lower V_reset or set t_ref > 0.",
        ),
        (
            lambda: lq.PIF(V_reset=0.0),
            "'V_reset' must be < V_th = -50 mV when t_ref is 0 ms (got 0.0). "
            "Else the reset itself is a spike, without end: lower V_reset or set t_ref > 0.",
        ),
        (
            lambda: lq.LIF(V_thr=-50.0),
            "'V_thr' is not a parameter of LIF (got 'V_thr'). Did you mean `V_th`?",
        ),
        (
            lambda: lq.LIF(vth=-50.0),
            "'vth' is not a parameter of LIF (got 'vth'). Did you mean `V_th`?",
        ),
        (
            lambda: lq.LIF(tau=3.0),
            "'tau' is not a parameter of LIF (got 'tau'). Did you mean `tau_m`?",
        ),
        (
            lambda: lq.PIF(R_m=3.0),
            "'R_m' is not a parameter of PIF (got 'R_m'). Known: C_m, V_reset, V_th, t_ref.",
        ),
        (
            lambda: lq.LIF(10.0),
            "'LIF' takes its parameters by name (got 10.0). Write R_m=...",
        ),
        (lambda: lq.LIF().replace(R=3.0), "'R' is not a parameter of LIF (got 'R'). "),
        (
            lambda: neuron_from_dict({}),
            f"'neuron.model' is missing. Known: {', '.join(models())}",
        ),
        (
            lambda: neuron_from_dict({"model": "lif"}),
            "'neuron.model' is not a model (got 'lif'). Did you mean `LIF`?",
        ),
        (
            lambda: neuron_from_dict({"model": "LIF", "t_ref": -1}),
            "'neuron.t_ref' must be >= 0 ms (got -1)",
        ),
        (
            lambda: neuron_from_dict("LIF"),
            "'neuron' must be a table with `model` and parameters (got 'LIF')",
        ),
    ],
)
def test_the_message_says_what_is_wrong(make, message):
    """Name, rule with unit, value received, and the cure where it is known."""
    with pytest.raises(lq.ParameterError) as caught:
        make()
    assert str(caught.value).startswith(message)


@given(strategies.neurons())
def test_neurons_are_values(neuron):
    """Frozen, equal by parameters, hashable, and made again by their repr and their dict."""
    again = eval(repr(neuron), dict(models()))
    assert again == neuron == neuron.replace() == neuron_from_dict(neuron_to_dict(neuron))
    assert hash(again) == hash(neuron)
    assert again.pack() == neuron.pack()
    assert neuron != neuron.replace(V_th=neuron.V_th + 1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        neuron.V_th = 0.0


def test_neurons_of_different_givens_differ():
    """R_m, C_m given is not R_m, tau_m given: they change differently."""
    assert lq.LIF(**pair("C_m")) != lq.LIF(**pair("tau_m"))
    assert lq.LIF() != lq.PIF()


def test_repr_and_words():
    """repr is Python that makes it again; str has the units."""
    neuron = lq.LIF(tau_m=20.0, C_m=0.25, t_ref=2.0)
    assert repr(neuron) == (
        "LIF(C_m=0.25, tau_m=20.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)"
    )
    assert str(neuron) == (
        "LIF: C_m = 0.25 nF, tau_m = 20 ms, E_L = -65 mV, V_th = -50 mV, V_reset = -65 mV, "
        "t_ref = 2 ms"
    )


def test_text_with_units_is_converted():
    """Text with a unit: "250 pF" is 0.25 nF, "0.02 GOhm" 20 MOhm, "-0.07 V" -70 mV."""
    assert lq.LIF(C_m="250 pF", R_m="0.02 GOhm") == lq.LIF(C_m=0.25, R_m=20.0)
    assert lq.LIF(tau_m="0.01 s", R_m=1) == lq.LIF(tau_m=10.0, R_m=1.0)
    assert lq.PIF(V_reset="-0.07 V", t_ref="2000 us") == lq.PIF(V_reset=-70.0, t_ref=2.0)


def test_quantities_are_converted():
    """pint, quantities and astropy: converted, and refused where the dimension differs."""
    pint = pytest.importorskip("pint")
    unit = pint.UnitRegistry()

    def nF(given):
        return lq.LIF(C_m=given, R_m=20.0).C_m

    quarter = pytest.approx(0.25, rel=1e-15)  # these packages round on their own
    assert nF(250 * unit.pF) == quarter
    assert lq.LIF(C_m=1.0, R_m=20 * unit.megaohm) == lq.LIF(C_m=1.0, R_m=20.0)
    with pytest.raises(lq.UnitError, match="'C_m' must be convertible to nF"):
        lq.LIF(C_m=250 * unit.mV, R_m=20.0)
    quantities = pytest.importorskip("quantities")
    assert nF(250 * quantities.pF) == quarter
    with pytest.raises(lq.UnitError, match="'C_m' must be convertible to nF"):
        lq.LIF(C_m=250 * quantities.mV, R_m=20.0)
    units = pytest.importorskip("astropy.units")
    assert nF(250 * units.pF) == quarter
    with pytest.raises(lq.UnitError, match="'C_m' must be convertible to nF"):
        lq.LIF(C_m=250 * units.mV, R_m=20.0)


@given(strategies.lifs(), st.sampled_from([1e-3, 1e-6, 1e-9]))
def test_the_rheobase_parts_silence_from_firing(neuron, share):
    """Just below (V_th - E_L)/R_m no spike however long, just above one after the closed form.

    The truth: tau_m log((R_m I - (V_reset - E_L)) / (R_m I - (V_th - E_L))).
    """
    current = neuron.rheobase()
    assert current == pytest.approx((neuron.V_th - neuron.E_L) / neuron.R_m, rel=1e-15)
    # 1e-9 of the drive is well above its rounding error unless the gap cancels.
    size = max(abs(current), 1e-3 * abs(neuron.V_th) / neuron.R_m)
    off = share * size
    below = lq.simulate(neuron, lq.constant(current - off), 1e5, V_0=neuron.V_reset)
    assert below.spike_count == 0
    gap, start = neuron.V_th - neuron.E_L, neuron.V_reset - neuron.E_L
    drive = neuron.R_m * (current + off)
    first = neuron.tau_m * math.log((drive - start) / (drive - gap))
    above = lq.simulate(neuron, lq.constant(current + off), 1.01 * first, V_0=neuron.V_reset)
    assert above.spikes[0] == pytest.approx(first, rel=1e-4)


def test_any_current_fires_a_perfect_integrator():
    """Rheobase 0: 1 fA does it, after C_m (V_th - V_reset) / I; none or less never."""
    neuron = lq.PIF(C_m=0.5)
    response = lq.simulate(neuron, lq.constant(1e-6), 8e6)
    assert response.spikes.tolist() == [0.5 * 15.0 / 1e-6]
    assert lq.simulate(neuron, lq.constant(0.0), 1e9).spike_count == 0
    assert lq.simulate(neuron, lq.constant(-1e-6), 1e9).spike_count == 0


MINUS = "\N{MINUS SIGN}"


@given(strategies.neurons())
def test_the_equation_holds_the_numbers(neuron):
    """Every parameter in use stands in the equation's text, to four digits, whatever its sign."""
    text = neuron.equation().replace(MINUS, "-")
    numbers = [abs(float(x)) for x in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", text)]
    in_use = set(neuron.given()) - {"level"} - (set() if neuron.t_ref else {"t_ref"})
    if isinstance(neuron, Leaky):
        in_use = in_use - {"C_m"} | {"tau_m", "R_m"}
    for name in in_use:
        value = getattr(neuron, name)
        for number in value if isinstance(value, tuple) else (value,):
            assert abs(float(f"{number:.4g}")) in numbers, name


def test_the_equation_reads_well():
    """The exact text for the defaults, apart from which minus and which >= it uses."""

    def plain(neuron):
        text = neuron.equation()
        return text.replace(MINUS, "-").replace("\N{GREATER-THAN OR EQUAL TO}", ">=")

    assert plain(lq.LIF(t_ref=2.0)) == (
        "10 ms dV/dt = -(V - (-65 mV)) + 10 MOhm I(t);  "
        "V >= -50 mV: spike, V = -65 mV, held for 2 ms"
    )
    assert plain(lq.PIF()) == "1 nF dV/dt = I(t);  V >= -50 mV: spike, V = -65 mV"


@pytest.mark.parametrize("neuron", [lq.LIF(), lq.PIF(), lq.LIF(E_L=0.0, V_reset=-1.5, V_th=2.0)])
def test_the_equation_has_one_minus_sign(neuron):
    """Typographic or ASCII, but not both in one text."""
    text = neuron.equation()
    assert not (MINUS in text and "-" in text)


PURE = ("voltage_reset_fraction", "asc_r")


@pytest.mark.parametrize("cls", models().values())
def test_every_model_describes_itself(cls):
    """Its docstring has the equation; every parameter a unit, symbol and meaning; it is final."""
    assert "dV/dt" in cls.__doc__
    assert "Source:" in cls.__doc__
    assert cls.__bases__ in ((lq.Neuron,), (Leaky,))
    assert not cls.__subclasses__()
    for name, parameter in parameters(cls).items():
        assert parameter.symbol
        assert parameter.meaning
        assert parameter.unit or name in PURE


MODELS = (Path(__file__).parent.parent / "docs" / "models.md").read_text("utf-8")


def test_the_table_of_parameters_is_the_code():
    """docs/models.md: each parameter with its unit, default and meaning, and no other."""

    def shown(value):
        listed = value if isinstance(value, tuple) else (value,)
        return ", ".join(f"{x:g}" for x in listed if x is not None).replace("-", MINUS)

    expected = []
    for name, cls in models().items():
        for key, parameter in parameters(cls).items():
            level = {"level": 3 if key == "V_reset" else 5} if cls is lq.GLIF else {}
            neuron = cls(**level)
            value = None if key == getattr(neuron, "derived", None) else getattr(neuron, key)
            words = (f"`{name}`", f"`{key}`", parameter.unit or "1", shown(value))
            expected.append(f"| {' | '.join([*words, parameter.meaning])} |")
    found = MODELS.partition("|---|---|---|---|---|\n| `LIF` | `R_m`")
    table = "| `LIF` | `R_m`" + found[2].partition("\n\n")[0]
    assert table.splitlines() == expected


@pytest.mark.parametrize("name", models())
def test_the_table_of_models_has_it(name):
    """A row with its state beside V and its source."""
    rows = [line for line in MODELS.splitlines() if line.startswith(f"| `{name}`")]
    cls = models()[name]
    assert all(f"`{part}`" in "".join(rows) for part in cls.state)
    source = " ".join(cls.__doc__.partition("Source:")[2].split())
    year = re.search(r"\d{4}", source)[0]
    assert year in rows[0]
