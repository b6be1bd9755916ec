"""Units at the border: texts and the quantity objects of other packages become plain numbers."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lapicque as lq
from lapicque.parameter import Parameter
from lapicque.units import parse_unit, to_number

# Powers of ten, from the SI brochure.
PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "": 0}
PREFIXES |= {"k": 3, "M": 6, "G": 9}
OWN = {"ms": ("s", -3), "mV": ("V", -3), "nA": ("A", -9), "MOhm": ("Ohm", 6), "nF": ("F", -9)}
OWN |= {"uS": ("S", -6), "Hz": ("Hz", 0), "pC": ("C", -12), "rad": ("rad", 0)}
DECIMALS = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=6)


def rounded(text, exponent):
    """The double nearest to a decimal text times a power of ten."""
    return float(Fraction(Decimal(text)) * Fraction(10) ** exponent)


@pytest.mark.parametrize(("unit", "prefix"), list(itertools.product(OWN, PREFIXES)))
def test_every_prefix_of_every_unit(unit, prefix):
    """A whole number in any prefix of a unit is rounded once. The truth: fractions."""
    base, own = OWN[unit]
    for number in ("1", "30", "250", "7", "-12345", "9007199254740993"):
        for blank in ("", " ", "  "):
            found = to_number(f"{number}{blank}{prefix}{base}", unit, "x")
            whole = float(number)  # what the text alone would be
            if abs(int(number)) <= 2**53 and abs(PREFIXES[prefix] - own) <= 22:
                assert found == rounded(number, PREFIXES[prefix] - own), (number, prefix, unit)
            assert math.isclose(found, whole * 10.0 ** (PREFIXES[prefix] - own), rel_tol=1e-15)


@given(
    number=DECIMALS, pair=st.tuples(st.sampled_from(sorted(OWN)), st.sampled_from(sorted(PREFIXES)))
)
def test_a_decimal_with_a_unit_is_rounded_once(number, pair):
    """A decimal number with a unit becomes the double nearest to it. The truth: fractions."""
    unit, prefix = pair
    base, own = OWN[unit]
    text = f"{number:f}"
    assert to_number(f"{text} {prefix}{base}", unit, "x") == rounded(text, PREFIXES[prefix] - own)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("30 nS", "uS", 0.03),
        ("250 pF", "nF", 0.25),
        ("0.57 V", "mV", 570.0),
        ("16.1 nS", "uS", 0.0161),
        ("1e3 pA", "nA", 1.0),
        ("-70mV", "mV", -70.0),
        (" 2 ms ", "ms", 2.0),
        ("+.5 s", "ms", 500.0),
        ("5.", "ms", 5.0),
        ("1e-0000000003 V", "mV", 1.0),
        ("1e+00000000003 mV", "mV", 1000.0),
        ("4 V^0000000001", "mV", 4000.0),
        ("1E-2 kHz", "Hz", 10.0),
        ("3 nA/ms", "nA/ms", 3.0),
        ("3 uA / s", "nA/ms", 3.0),
        ("3 nA*ms^-1", "nA/ms", 3.0),
        ("3 nA ms^-1".replace(" ms", "·ms"), "nA/ms", 3.0),
        ("3 pA*us**-1", "nA/ms", 3.0),
        ("2 1/s", "1/ms", 0.002),
        ("2 Hz", "1/ms", 0.002),
        ("2 1/ms", "Hz", 2000.0),
        ("2 V/A", "MOhm", 2e-6),
        ("2 mV/nA", "MOhm", 2.0),
        ("2 s/MOhm", "nF", 2000.0),
        ("2 MOhm*nF", "ms", 2.0),
        ("5 MΩ", "MOhm", 5.0),
        ("5 M\u2126", "MOhm", 5.0),
        ("5 Mohm", "MOhm", 5.0),
        ("2 GOhm", "MOhm", 2000.0),
        ("4 mA*ms/V", "uS*ms", 4000.0),
        ("2", "", 2.0),
        ("4 V^2/V", "mV", 4000.0),
        ("2 1/nA", "1/nA", 2.0),
        ("2 1/pA", "1/nA", 2000.0),
    ],
)
def test_texts(text, unit, expected):
    """A number with products, quotients and powers of units is exact. The truth: by hand."""
    assert to_number(text, unit, "x") == expected


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("5 mV", "ms"),
        ("5 nA", "mV"),
        ("5 ms^2", "ms"),
        ("5 1/ms", "ms"),
        ("5 rad", "ms"),
        ("5 ms", "rad"),
        ("5 ms", ""),
        ("5 nA", "nA/ms"),
        ("5 pC", "nF"),
        ("5 MOhm", "uS"),
    ],
)
def test_another_dimension_is_refused(text, unit):
    """A text of another dimension is refused with the name, the unit it needs and the text."""
    with pytest.raises(lq.UnitError) as caught:
        to_number(text, unit, "some.path")
    message = str(caught.value)
    assert "'some.path' must be convertible to" in message
    assert (unit or "a pure number") in message
    assert text in message


@pytest.mark.parametrize(
    "symbol", ["apples", "mmV", "xV", "V^x", "V^", "*", "V*", "/V", "V//s", "m", "%", "°C", "V V"]
)
def test_an_unknown_unit_is_named(symbol):
    """A unit that does not exist is refused, and the text is shown."""
    with pytest.raises(lq.UnitError, match="'x'") as caught:
        to_number(f"3 {symbol}", "mV", "x")
    assert "unit" in str(caught.value)
    assert "mV" in str(caught.value)


GARBAGE = [
    "",
    " ",
    "V",
    "mV 3",
    "--3 mV",
    "1,5 mV",
    "0x10",
    "nan",
    "inf",
    "-inf",
    "1e",
    "one",
    "\n",
]
GARBAGE += [
    None,
    True,
    False,
    [],
    [1.0],
    (1.0,),
    {},
    {"value": 1},
    b"3 mV",
    object(),
    1j,
    int,
    len,
    "3 mV\x00",
]


@pytest.mark.parametrize("value", GARBAGE, ids=lambda v: repr(v).split(" at 0x")[0])
def test_garbage_is_refused(value):
    """What is no number and no quantity is refused with our own error, in one line."""
    with pytest.raises(lq.UnitError) as caught:
        to_number(value, "mV", "x")
    assert str(caught.value).startswith("'x' ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1 ms^1000*s^-999", "ms"),
        ("1 fs^1000*s^-999", "ms"),
        ("1 krad^400", "rad"),
        ("1 frad^400", "rad"),
        ("1e300 GV", "mV"),
        ("1e-300 fV", "mV"),
        ("1 V^99999999999999999999", "mV"),
        ("1 V^" + "9" * 5000, "mV"),
        ("9" * 100_000 + " mV", "mV"),
        ("1 " + "m" * 100_000, "mV"),
        ("1 " + "mV*" * 20_000 + "mV", "mV"),
        ("1e" + "9" * 5000, "mV"),
    ],
    ids=lambda v: v[:12],
)
def test_enormous_powers_are_no_crash(text, unit):
    """A text of enormous powers or length is refused by the parameter, in a short line."""
    bounded = Parameter(unit=unit, meaning="anything")
    number, message = 0.0, "'x' "
    try:
        number = bounded.check(text, "x")
    except lq.ParameterError as error:
        message = str(error)
    assert math.isfinite(number)
    assert message.startswith("'x' ")
    assert len(message) < 600


@given(
    st.text(max_size=20) | st.from_regex(r"[0-9.e+-]{1,6} ?[a-zA-ZµΩ^*/0-9 -]{0,8}", fullmatch=True)
)
def test_any_text_is_a_number_or_our_error(text):
    """Any text is a number or a UnitError; nothing else is raised."""
    number, message = 0.0, "'x' "
    try:
        number = to_number(text, "mV", "x")
    except lq.UnitError as error:
        message = str(error)
    assert type(number) is float
    assert message.startswith("'x' ")


@pytest.mark.parametrize("unit", ["mV", "nA/ms", "1/nA", "Hz", "MOhm*nF", "nA*ms^2", "rad"])
def test_units_of_ours_parse(unit):
    """Every unit that we write can be read back as itself."""
    assert to_number(f"1.25 {unit}", unit, "x") == 1.25
    parse_unit(unit)


def test_numbers_of_any_type():
    """Ints, fractions, decimals and NumPy scalars are numbers; NumPy's booleans and complex numbers
    are not, like Python's."""
    np = pytest.importorskip("numpy")
    for value in (3, 3.0, Fraction(3), Decimal(3), np.float64(3), np.float32(3), np.int8(3)):
        assert to_number(value, "mV", "x") == 3.0
        assert type(to_number(value, "mV", "x")) is float
    assert to_number(np.array(3.0), "mV", "x") == 3.0
    for value in (np.complex128(1 + 2j), np.bool_(True), np.array([3.0]), np.array([1.0, 2.0])):
        with pytest.raises(lq.UnitError):
            to_number(value, "mV", "x")


def check_package(quantity):
    """What every package must do; ``quantity(number, "MOhm")`` makes one of its objects."""
    neuron = lq.LIF(
        R_m=quantity(40_000.0, "kOhm"),
        C_m=quantity(250.0, "pF"),
        E_L=quantity(-0.07, "V"),
        V_th=quantity(-50.0, "mV"),
        V_reset=quantity(-70000.0, "uV"),
        t_ref=quantity(0.002, "s"),
    )
    expected = {"R_m": 40.0, "C_m": 0.25, "E_L": -70.0, "V_th": -50.0, "V_reset": -70.0}
    expected["t_ref"] = 2.0
    for name, value in expected.items():
        assert type(getattr(neuron, name)) is float
        assert getattr(neuron, name) == pytest.approx(value, rel=1e-15), name
    part = lq.sine(quantity(800.0, "pA"), quantity(0.005, "kHz")).parts[0]
    assert (part.amplitude, part.frequency) == pytest.approx((0.8, 5.0), rel=1e-15)
    assert lq.simulate(neuron, lq.constant(1.0), quantity(0.1, "s")).stop == 100.0
    assert lq.Euler(dt=quantity(10.0, "us")).dt == pytest.approx(0.01, rel=1e-15)
    for name, wrong in (("R_m", "mV"), ("C_m", "MOhm"), ("V_th", "ms"), ("t_ref", "nA")):
        with pytest.raises(lq.UnitError, match=f"'{name}' must be convertible"):
            lq.LIF(**{name: quantity(1.0, wrong)})
    with pytest.raises(lq.UnitError, match="'amplitude' must be convertible to nA"):
        lq.constant(quantity(1.0, "mV"))
    with pytest.raises(lq.UnitError, match="'frequency' must be convertible to Hz"):
        lq.sine(1.0, quantity(5.0, "ms"))


def test_pint():
    """pint's quantities are converted and their dimension is checked."""
    pint = pytest.importorskip("pint")
    registry = pint.UnitRegistry()
    check_package(lambda number, unit: registry.Quantity(number, unit.replace("Ohm", "ohm")))
    slope = lq.ramp(registry.Quantity(2.0, "uA/s")).parts[0].slope
    assert slope == pytest.approx(2.0, rel=1e-15)
    with pytest.raises(lq.UnitError):
        lq.constant(registry.Quantity([1.0, 2.0], "nA"))


def test_quantities():
    """The quantities package's scalars are converted and their dimension is checked."""
    pq = pytest.importorskip("quantities")
    check_package(lambda number, unit: pq.Quantity(number, unit.replace("Ohm", "ohm")))
    slope = lq.ramp(pq.Quantity(2.0, "uA/s")).parts[0].slope
    assert slope == pytest.approx(2.0, rel=1e-15)
    with pytest.raises(lq.UnitError):
        lq.constant(pq.Quantity([1.0, 2.0], "nA"))


def test_astropy():
    """astropy's scalar quantities are converted and their dimension is checked."""
    units = pytest.importorskip("astropy.units")
    check_package(lambda number, unit: units.Quantity(number, unit))
    slope = lq.ramp(units.Quantity(2.0, "uA/s")).parts[0].slope
    assert slope == pytest.approx(2.0, rel=1e-15)
    with pytest.raises(lq.UnitError):
        lq.constant(units.Quantity([1.0, 2.0], "nA"))


class BrianLike:
    """What Brian2 documents of a quantity: an SI number, powers of (m, kg, s, A, K, mol, cd)."""

    def __init__(self, number, *powers):
        self.number = number
        self.dim = SimpleNamespace(_dims=(*powers, 0, 0, 0))

    def __float__(self):
        return self.number

    def get_best_unit(self):
        return self

    def __repr__(self):
        return f"{self.number!r} * si"


# 1 V = 1 kg m^2 s^-3 A^-1, and so on: the SI brochure.
SI = {"s": (0, 0, 1, 0), "V": (2, 1, -3, -1), "A": (0, 0, 0, 1), "Ohm": (2, 1, -3, -2)}
SI |= {"F": (-2, -1, 4, 2), "Hz": (0, 0, -1, 0), "S": (-2, -1, 3, 2), "C": (0, 0, 1, 1)}


def brian_like(number, unit):
    base = next(b for b in ("Ohm", "Hz", "s", "V", "A", "F") if unit.endswith(b))
    return BrianLike(number * 10.0 ** PREFIXES[unit.removesuffix(base)], *SI[base])


def test_brian2_like():
    """A quantity like Brian2's, with SI numbers and SI dimensions, is converted and checked."""
    check_package(brian_like)
    slope = lq.ramp(BrianLike(2e-6, 0, 0, -1, 1)).parts[0].slope
    assert slope == pytest.approx(2.0, rel=1e-15)
    assert to_number(BrianLike(3e-8, *SI["S"]), "uS", "x") == pytest.approx(0.03, rel=1e-15)


def test_brian2():
    """Brian2's own quantities are converted and their dimension is checked."""
    brian2 = pytest.importorskip("brian2")
    names = {"Ohm": "ohm", "Hz": "hertz", "s": "second", "V": "volt", "A": "amp", "F": "farad"}

    def quantity(number, unit):
        base = next(b for b in names if unit.endswith(b))
        return number * 10.0 ** PREFIXES[unit.removesuffix(base)] * getattr(brian2, names[base])

    check_package(quantity)


def test_a_wrong_dimension_names_the_unit_and_the_value():
    """The message has the name, the unit it needs and the value received."""
    with pytest.raises(lq.UnitError, match=r"'R_m' must be convertible to MOhm \(got '5 mV'\)"):
        lq.LIF(R_m="5 mV", C_m=1.0)
    with pytest.raises(lq.UnitError, match="unknown unit `apples`"):
        lq.LIF(R_m="5 apples", C_m=1.0)
    assert lq.LIF(R_m="40 MOhm", tau_m="10 ms").C_m == 0.25
    assert lq.constant("250 pA").parts[0].amplitude == 0.25
