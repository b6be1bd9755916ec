"""The public names: all there, documented, callable as promised, and light to import."""

import dataclasses
import inspect
import subprocess
import sys

import pytest

import lapicque as lq
from lapicque import current, method, neuron
from lapicque.parameter import Parameter, parameters
from lapicque.units import parse_unit

NAMES = {
    # neurons
    *("Neuron", "LIF", "PIF", "AdaptiveLIF", "MAT", "GLIF"),
    # currents
    *("Current", "constant", "step", "ramp", "sine", "decay", "alpha", "sampled", "synapses"),
    *("kicks", "square", "pulses", "chirp", "polynomial", "from_function"),
    # simulation
    *("simulate", "Exact", "Euler", "ExponentialEuler", "RK2", "RK4", "Response", "State"),
    *("Experiment", "load", "features", "preset", "presets", "sweep", "axis", "spike_train"),
    # errors
    *("LapicqueError", "ParameterError", "UnitError", "UnknownNameError", "ExperimentError"),
    *("LimitError", "SweepError", "MissingPackageError"),
}


def test_the_public_names_are_these():
    """Neither more nor fewer, each once: what stands here is what users may rely on."""
    assert set(lq.__all__) == NAMES
    assert len(lq.__all__) == len(NAMES)
    assert all(hasattr(lq, name) for name in NAMES)
    star = {}
    exec("from lapicque import *", star)
    assert {*star} - {"__builtins__"} == NAMES


def test_a_name_that_is_not_there_is_an_attribute_error():
    """Python's own words for a module."""
    with pytest.raises(AttributeError, match="module 'lapicque' has no attribute 'Lif'"):
        lq.Lif  # noqa: B018


def public_callables():
    """Functions of `__all__`, and own public methods of its classes, with dotted names."""
    for name in sorted(NAMES):
        thing = getattr(lq, name)
        yield name, thing
        if inspect.isclass(thing) and not issubclass(thing, lq.LapicqueError):
            for attribute, member in vars(thing).items():
                if isinstance(member, (classmethod, staticmethod)):
                    member = member.__func__
                if not attribute.startswith("_") and inspect.isfunction(member):
                    yield f"{name}.{attribute}", member


CALLABLES = dict(public_callables())


@pytest.mark.parametrize("name", CALLABLES)
def test_every_public_thing_has_a_docstring(name):
    """Names, and their classes' methods."""
    assert inspect.getdoc(CALLABLES[name])
    assert CALLABLES[name].__doc__


@pytest.mark.parametrize(
    "name", [name for name, thing in CALLABLES.items() if inspect.isfunction(thing)]
)
def test_a_function_with_parameters_documents_them(name):
    """numpydoc: a section Parameters that names each one."""
    signature = inspect.signature(CALLABLES[name])
    taken = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    if not taken:
        return
    text = inspect.getdoc(CALLABLES[name])
    assert "\nParameters\n----------\n" in text
    section = text.split("\nParameters\n----------\n")[1].split("\n\n")[0]
    entries = [line for line in section.splitlines() if line and line[0] != " "]
    documented = [n.strip(" *") for line in entries for n in line.split(":")[0].split(",")]
    assert documented == [p.name for p in taken]


def test_the_calls_of_the_contract():
    """Each call of the design's code block, exactly as written there."""
    neuron = lq.LIF(R_m=10.0, C_m=1.0, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0)
    lq.LIF(tau_m=10.0, R_m=10.0)
    current = lq.constant(1.6) + lq.sine(amplitude=0.8, frequency=5.0, phase=0.0)
    lq.step(1.0, 5.0, 9.0)
    lq.step(amplitude=1.0, start=5.0, stop=9.0)
    lq.ramp(0.01, start=0.0, stop=None)
    lq.decay(1.0, 5.0, start=0.0)
    lq.alpha(1.0, 5.0, start=0.0)
    lq.sampled([0.0, 1.0], [0.0, 1.0], interpolation="linear")
    lq.sampled([0.0, 1.0], [0.0, 1.0], interpolation="hold", stop=2.0)
    assert (current - 2.0 * current * 3.0).delayed(1.0).window(2.0, 3.0).parts
    r = lq.simulate(neuron, current, duration=1000.0, V_0=None)
    assert r.spike_times.dtype == float
    assert r.voltage(5.0, left=False) < -50.0
    assert r.current(5.0, left=False) == current(5.0)
    for cls in (lq.Euler, lq.ExponentialEuler, lq.RK2, lq.RK4):
        for locate in ("grid", "linear", "hermite"):
            lq.simulate(neuron, current, 10.0, method=cls(dt=0.01, locate=locate))
    assert lq.Euler(dt=0.01).locate == "grid"
    lq.simulate(neuron, current, 10.0, method=lq.Exact())
    experiment = lq.Experiment(neuron, current, 10.0, method=None, V_0=None, seed=None)
    experiment = experiment.replace({"neuron.R_m": 5.0})
    assert lq.Experiment.from_dict(experiment.to_dict()) == experiment
    assert lq.Experiment.from_toml(experiment.to_toml()) == experiment
    assert experiment.run().neuron.R_m == 5.0


def test_factories_name_their_parameters():
    """The order and the defaults of the contract."""
    assert str(inspect.signature(lq.ramp)).startswith("(slope: 'float', start: 'float' = 0.0, stop")
    for function, names in {
        lq.constant: ["amplitude"],
        lq.step: ["amplitude", "start", "stop"],
        lq.ramp: ["slope", "start", "stop"],
        lq.sine: ["amplitude", "frequency", "phase"],
        lq.decay: ["amplitude", "tau", "start"],
        lq.alpha: ["amplitude", "tau", "start"],
        lq.sampled: ["times", "values", "interpolation"],
        lq.simulate: (
            ["neuron", "current", "duration", "V_0", "method"]
            + ["initial", "state", "max_spikes", "max_steps"]
        ),
        lq.Experiment: ["neuron", "current", "duration", "method", "V_0", "seed", "initial"],
        lq.load: ["path"],
    }.items():
        found = [n for n in inspect.signature(function).parameters if n != "common"]
        assert found == names


CLASSES = [
    *neuron.models().values(),
    *current.kinds().values(),
    *method.methods().values(),
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_parameter_has_a_unit_that_we_can_read(cls):
    """Every float field of every class is a described parameter; its units parse."""
    described = parameters(cls)
    for field in dataclasses.fields(cls):
        if "float" in str(field.type) and "tuple" not in str(field.type):
            assert field.name in described or "array" in str(field.type), field.name
    for name, parameter in described.items():
        assert isinstance(parameter, Parameter)
        dimension, _ = parse_unit(parameter.unit)
        if parameter.display:
            assert parse_unit(parameter.display)[0] == dimension, name
        assert parameter.meaning
        assert parameter.minimum <= parameter.maximum


@pytest.mark.parametrize(
    "action", ["", "; lapicque.__version__", "; lapicque.features(); lapicque.__all__"]
)
def test_the_import_is_light(action):
    """`import lapicque` loads no NumPy, Matplotlib or server: they come when they are used."""
    heavy = ("numpy", "matplotlib", "starlette", "uvicorn", "tomli_w", "numba")
    code = f"import sys, lapicque{action}\nprint([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_signature_shows_the_parameters():
    """help() and Shift+Tab show names and defaults, not *args."""
    assert "t_ref=0.0" in str(inspect.signature(lq.LIF))
    assert list(inspect.signature(lq.Euler).parameters) == ["dt", "locate"]
