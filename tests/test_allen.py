"""GLIF neurons from Allen's neuron_config.json; the truth is the file's numbers, in SI, by hand."""

import json
import math

import pytest

import lapicque as lq
from lapicque.interop import allen

# The numbers of model 566283540 of the Allen Cell Types Database, GLIF 5.
FIVE = {
    "El": 0.0,
    "El_reference": -0.07304918416341143,
    "C": 7.780685989753313e-11,
    "R_input": 226503398.20222792,
    "th_inf": 0.02397620816390065,
    "dt": 5e-05,
    "spike_cut_length": 52,
    "asc_amp_array": [-5.1754992862776374e-11, 1.306232191694733e-10],
    "asc_tau_array": [0.03333333333333334, 0.0033333333333333335],
    "coeffs": {"a": 1, "b": 1, "C": 1, "G": 1, "th_inf": 0.9183450725085038},
    "voltage_reset_method": {
        "name": "v_before",
        "params": {"a": 0.9831052477150013, "b": -0.015394347765031346},
    },
    "threshold_dynamics_method": {
        "name": "three_components_exact",
        "params": {
            "a_spike": 0.0012023468247352638,
            "b_spike": 33.11178918014402,
            "a_voltage": 3.8798432251721056,
            "b_voltage": 29.40596363524473,
        },
    },
    "AScurrent_dynamics_method": {"name": "exp", "params": {}},
    "AScurrent_reset_method": {"name": "sum", "params": {"r": [1.0, 1.0]}},
}
FIXED = {
    "voltage_reset_method": {"name": "zero", "params": {}},
    "threshold_dynamics_method": {"name": "inf", "params": {}},
}
SILENT = {"AScurrent_dynamics_method": {"name": "none", "params": {}}}


def still(config):
    """The threshold without its pull."""
    method = config["threshold_dynamics_method"]
    params = {**method["params"], "a_voltage": 0.0}
    return {**config, "threshold_dynamics_method": {**method, "params": params}}


def test_level_5_is_read(tmp_path):
    """SI to ms, mV, nA, MOhm, nF; the threshold's coefficient; from a file under its number."""
    path = tmp_path / "neuron_config.json"
    path.write_text(json.dumps({"566283540": FIVE}))
    neuron = allen.read(path)
    assert neuron == allen.read(FIVE)
    assert neuron.level == 5
    expected = {
        "R_m": 226.50339820222792,
        "C_m": 0.07780685989753313,
        "E_L": -73.04918416341143,
        "V_th": -73.04918416341143 + 0.9183450725085038 * 23.97620816390065,
        "t_ref": 2.6,
        "voltage_reset_fraction": 0.9831052477150013,
        "voltage_reset_add": -15.394347765031346,
        "th_spike_add": 1.2023468247352638,
        "th_spike_decay": 0.03311178918014402,
        "asc_amps": (-0.051754992862776374, 0.1306232191694733),
        "asc_decay": (0.03, 0.3),
        "asc_r": (1.0, 1.0),
        "th_voltage_index": 0.0038798432251721056,
        "th_voltage_decay": 0.02940596363524473,
    }
    for name, value in expected.items():
        assert getattr(neuron, name) == pytest.approx(value, rel=1e-13), name
    assert lq.simulate(neuron, lq.constant(0.2), 500.0).spike_count > 3


@pytest.mark.parametrize(
    ("config", "level"),
    [
        ({**FIVE, **FIXED, **SILENT}, 1),
        ({**still(FIVE), **SILENT}, 2),
        ({**FIVE, **FIXED}, 3),
        (still(FIVE), 4),
        (FIVE, 5),
    ],
)
def test_the_level_follows_from_the_methods(config, level):
    """As the database's five kinds of model have them."""
    neuron = allen.read(config)
    assert neuron.level == level
    if level in (1, 3):
        assert neuron.V_reset == pytest.approx(neuron.E_L)


def test_coefficients_multiply_what_they_name():
    """G is 1/R: twice the conductance is half the resistance."""
    coeffs = {"G": 2.0, "C": 3.0, "a": 0.5, "b": 4.0, "th_inf": 2.0, "asc_amp_array": [2.0, 0.5]}
    neuron, plain = allen.read({**FIVE, "coeffs": coeffs}), allen.read({**FIVE, "coeffs": {}})
    assert neuron.R_m == pytest.approx(plain.R_m / 2)
    assert neuron.C_m == pytest.approx(plain.C_m * 3)
    assert neuron.th_voltage_index == pytest.approx(plain.th_voltage_index / 2)
    assert neuron.th_voltage_decay == pytest.approx(plain.th_voltage_decay * 4)
    assert neuron.V_th - neuron.E_L == pytest.approx(2 * (plain.V_th - plain.E_L))
    assert neuron.asc_amps == pytest.approx((2 * plain.asc_amps[0], plain.asc_amps[1] / 2))


def test_el_shifts_the_reset():
    """AllenSDK resets ``a V + b``, V from the reference: the potential it leads to is the same."""
    moved = allen.read({**FIVE, "El": 0.002})
    v = 0.015
    truth = -73.04918416341143 + 1e3 * (0.9831052477150013 * v - 0.015394347765031346)
    u = (-73.04918416341143 + 1e3 * v) - moved.E_L
    assert moved.E_L + moved.voltage_reset_fraction * u + moved.voltage_reset_add == pytest.approx(
        truth, rel=1e-13
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"C": None}, "'C' is missing"),
        ({"C": "x"}, "'C' must be a finite number"),
        ({"dt": math.nan}, "'dt' must be a finite number"),
        ({"asc_tau_array": 3.0}, "'asc_tau_array' must be a list of numbers"),
        ({"voltage_reset_method": {"name": "i_v_before"}}, "'voltage_reset_method' must name one"),
        ({"voltage_reset_method": {"name": "zero"}}, "'voltage_reset_method' must be"),
        (SILENT, "'AScurrent_dynamics_method' must be 'exp'"),
        ({"coeffs": [1]}, "'coeffs' must be an object"),
    ],
)
def test_a_wrong_file_is_an_error(change, message):
    """One message that names the field."""
    with pytest.raises(lq.ParameterError) as caught:
        allen.read({**FIVE, **change})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"1": {}, "2": {}}', "\xff"])
def test_a_file_that_is_none_is_an_error(tmp_path, text):
    """Not JSON, no object, no configuration, a missing file."""
    path = tmp_path / "x.json"
    path.write_text(text, "latin-1")
    with pytest.raises(lq.ExperimentError):
        allen.read(path)
    with pytest.raises(lq.ExperimentError, match="cannot be read"):
        allen.read(tmp_path / "none.json")
