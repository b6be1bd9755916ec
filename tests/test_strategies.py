"""Nothing that the package knows is left out of the property tests."""

import independent
import numpy as np
import pytest
import strategies
from hypothesis import Phase, settings
from hypothesis import find as shrinking_find

from lapicque import current, method, neuron


def find(strategy, wanted):
    """Some draw that is wanted; which one does not matter, so it is not made smaller."""
    patient = settings(phases=[Phase.generate], max_examples=2000)
    return shrinking_find(strategy, wanted, settings=patient)


def test_every_neuron_is_drawn():
    """A neuron without an entry in strategies.NEURONS fails here until it has one."""
    assert set(strategies.NEURONS) == set(neuron.models())


def test_every_shape_is_drawn():
    """A shape of current without an entry in strategies.SHAPES fails here until it has one."""
    assert set(strategies.SHAPES) == set(current.kinds())


def test_every_method_is_drawn():
    """A method without an entry in strategies.METHODS fails here until it has one."""
    assert set(strategies.METHODS) == set(method.methods())


@pytest.mark.parametrize("name", list(neuron.models()))
def test_a_neuron_strategy_draws_its_class(name):
    """Each entry draws the class it is named after, and `neurons()` draws it too."""
    cls = neuron.models()[name]
    assert type(find(strategies.NEURONS[name], lambda drawn: True)) is cls
    assert type(find(strategies.neurons(), lambda drawn: type(drawn) is cls)) is cls


@pytest.mark.parametrize("name", current.kinds())
def test_a_shape_strategy_draws_its_kind(name):
    """Each entry draws the kind it is named after, `currents()` draws it, and the independent

    evaluator knows its formula.
    """
    drawn = find(strategies.SHAPES[name], lambda current: True)
    assert [part.kind for part in drawn.parts] == [name]
    found = find(
        strategies.currents(), lambda current: name in [part.kind for part in current.parts]
    )
    assert np.isfinite(independent.current(found.to_dicts(), np.linspace(0, 100, 11))).all()


@pytest.mark.parametrize("name", method.methods())
def test_a_method_strategy_draws_its_class(name):
    """Each entry draws the class it is named after, and `methods()` draws it too."""
    cls = method.methods()[name]
    assert type(find(strategies.METHODS[name], lambda drawn: True)) is cls
    assert type(find(strategies.methods(), lambda drawn: type(drawn) is cls)) is cls


@pytest.mark.parametrize("start", [True, False])
@pytest.mark.parametrize("name", ["start", "stop", "window"])
def test_what_is_common_is_drawn(name, start):
    """start, stop and window are drawn set and unset: else the tests would miss half of it."""
    default = 0.0 if name == "start" else None

    def wanted(common):
        return (common.get(name, default) != default) is start

    assert wanted(find(strategies.common(), wanted))
