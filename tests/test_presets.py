"""Neurons by name: their numbers are the published ones, they fire, and the lab offers them."""

from pathlib import Path

import pytest

import lapicque as lq
from lapicque.lab.answer import answer, describe
from lapicque.presets import about

ROOT = Path(__file__).parent.parent

NEST = "nest/nest-simulator, models/"
COURSE = "NeuromatchAcademy/course-content, W2D3_Tutorial1, default_pars"
EXERCISES = "EPFL-LCN/neuronaldynamics-exercises, neurodynex3/leaky_integrate_and_fire/LIF.py"
FIGURE_5B = "Kobayashi, Tsubo & Shinomoto 2009, MAT_current.m, which makes figure 5B"
MAT = {"R_m": 50.0, "tau_m": 5.0, "t_ref": 2.0, "tau_theta": (10.0, 200.0)}
SIMPLE_RESET = {"V_reset": -78.85}
RESET = {"voltage_reset_fraction": 0.2, "voltage_reset_add": 18.51}
RESET |= {"th_spike_add": 0.37, "th_spike_decay": 0.009}
CURRENTS = {"asc_amps": (-9.18e-3, -198.94e-3), "asc_decay": (0.003, 0.1), "asc_r": (1.0, 1.0)}
FOLLOWS = {"th_voltage_index": 0.005, "th_voltage_decay": 0.09}
CELL = {"R_m": 1000.0 / 9.43, "C_m": 58.72e-3, "E_L": -78.85, "V_th": -51.68, "t_ref": 3.75}

# Name: the source, and what stands there (pF, nS and pA as nF, MOhm and nA).
PUBLISHED = {
    "nest": (
        f"{NEST}iaf_psc_exp.cpp and iaf_psc_alpha.cpp",
        {"tau_m": 10.0, "C_m": 0.25, "E_L": -70.0, "V_th": -55.0, "V_reset": -70.0, "t_ref": 2.0},
    ),
    "neuronal_dynamics": (
        EXERCISES,
        {"R_m": 10.0, "tau_m": 8.0, "E_L": -70.0, "V_th": -50.0, "V_reset": -65.0, "t_ref": 2.0},
    ),
    "neuromatch": (
        COURSE,
        {"R_m": 1000.0 / 10.0, "tau_m": 10.0, "E_L": -75.0, "V_th": -55.0, "V_reset": -75.0}
        | {"t_ref": 2.0},
    ),
    "notebook": (
        "the classroom notebook, experiment 1, as its code has it",
        {"R_m": 6.4, "C_m": 0.9, "E_L": 0.0, "V_th": 5.0, "V_reset": 0.4, "t_ref": 0.0},
    ),
    "adaptive": (
        "Gerstner et al. 2014, table 6.1, adapting; R, u_rest, theta_rh and the current beside it",
        {"R_m": 500.0, "tau_m": 20.0, "E_L": -70.0, "V_th": -50.0, "V_reset": -55.0, "t_ref": 0.0}
        | {"b": (0.005,), "tau_w": (100.0,)},
    ),
    "mat": (
        f"{NEST}mat2_psc_exp.cpp",
        {**MAT, "C_m": 0.1, "E_L": -70.0, "V_th": -70.0 + 19.0, "alpha": (37.0, 2.0)},
    ),
    "mat_ib": (FIGURE_5B, {**MAT, "E_L": -65.0, "V_th": -46.0, "alpha": (7.5, 1.5)}),
    "mat_fs": (FIGURE_5B, {**MAT, "E_L": -65.0, "V_th": -55.0, "alpha": (10.0, 0.2)}),
    "mat_ch": (FIGURE_5B, {**MAT, "E_L": -65.0, "V_th": -39.0, "alpha": (-0.5, 0.4)}),
    "glif1": (f"{NEST}glif_psc.cpp", {**CELL, **SIMPLE_RESET}),
    "glif2": (f"{NEST}glif_psc.cpp", {**CELL, **RESET}),
    "glif3": (f"{NEST}glif_psc.cpp", {**CELL, **SIMPLE_RESET, **CURRENTS}),
    "glif4": (f"{NEST}glif_psc.cpp", {**CELL, **RESET, **CURRENTS}),
    "glif5": (f"{NEST}glif_psc.cpp", {**CELL, **RESET, **CURRENTS, **FOLLOWS}),
}


def test_the_presets_are_these():
    """Neither more nor fewer, in this order."""
    assert lq.presets() == list(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_numbers_are_the_published_ones(name):
    """Every parameter of the neuron, and no other; the source is named."""
    _, numbers = PUBLISHED[name]
    neuron = lq.preset(name).neuron
    for parameter, value in numbers.items():
        assert getattr(neuron, parameter) == pytest.approx(value, rel=1e-15), parameter
    assert {*neuron.given()} - {"level"} <= {*numbers}
    assert about(name)["source"]
    if name.startswith("glif"):
        assert neuron.level == int(name[-1])


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_fires_and_survives_a_file(name, tmp_path):
    """Several spikes; the same experiment again from TOML."""
    experiment = lq.preset(name)
    assert experiment.run().spike_count > 2
    path = tmp_path / "experiment.toml"
    path.write_text(experiment.to_toml())
    assert lq.load(path) == experiment


def test_what_two_closed_forms_say():
    """NEST's neuron at 0.5 nA: t_ref + tau_m ln(20/5) apart; the notebook's first spike."""
    intervals = lq.preset("nest").run().spike_times
    assert intervals[1] - intervals[0] == pytest.approx(15.862943611198906, abs=1e-10)
    assert lq.preset("notebook").run().spikes[0] == pytest.approx(21.15113665419389, abs=1e-10)


def test_a_call_does_not_spoil_the_next():
    """Each call gives an experiment of its own, equal to the last one."""
    assert lq.preset("mat") == lq.preset("mat")
    lq.presets().clear()
    assert lq.presets()


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("glf5", r"Did you mean `glif5`\?"),
        ("NEST", r"Did you mean `nest`\?"),
        *((name, "Known: adaptive, glif1, ") for name in ("", "x", None, 3, ["nest"])),
    ],
)
def test_an_unknown_name_is_refused(name, cure):
    """By name, with the likeliest or all known ones."""
    with pytest.raises(lq.UnknownNameError, match=f"'preset' is not a preset .*{cure}"):
        lq.preset(name)


def test_the_lab_offers_each_neuron():
    """As a version of an entry of its menu, with the experiment that `preset` gives, the source, a
    slider for every parameter of the neuron, and spikes and thresholds in the picture."""
    offered = {
        variant["name"]: (entry, variant)
        for entry in describe()["presets"]
        for variant in entry["variants"]
    }
    for name in lq.presets():
        experiment = lq.preset(name)
        # The notebook's is there already.
        entry, variant = offered["notebook" if name == "notebook" else name]
        if name == "notebook":
            entry = next(e for e in describe()["presets"] if e["name"] == "constant")
            variant = next(v for v in entry["variants"] if v["name"] == "notebook")
        else:
            assert entry["group"] == "Neurons"
            assert entry["summary"]
            assert about(name)["source"] in variant["note"]
            paths = {t["path"] for s in variant["sliders"] for t in s["targets"]}
            known = {path for path in experiment.paths() if path.startswith("neuron.")}
            given = {path for path in known if path.split(".")[1] in experiment.neuron.given()}
            assert paths >= given
        (shown,) = variant["experiments"]
        assert shown["experiment"] == experiment.to_dict()
        reply = answer({"kind": "run", "view": "traces", "experiments": [shown["experiment"]]})
        (result,) = reply["results"]
        assert len(result["spikes"]) > 2
        assert any(line["role"] == "threshold" for line in result["lines"])
        assert bool(result["theta"]) is not experiment.neuron.fixed_threshold


def test_the_documents_list_every_preset():
    """docs/models.md has a row with the name and the neuron of each."""
    text = (ROOT / "docs" / "models.md").read_text()
    for name in lq.presets():
        neuron = lq.preset(name).neuron
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert f"| `{neuron.model}`" in row
