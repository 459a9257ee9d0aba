"""Searches: limits, windows, decay in flight and ln r at one point.

Oracle: tests/pointwise.py, plain Python on the TOML tables and on the public rates at the point itself.
"""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pointwise
from jaxtri import load_searches
from jaxtri.errors import InputError, StorageError
from jaxtri.limits.signal import SearchAtMass, log_ratio, mass_point
from jaxtri.physics.decays.widths import FINAL_STATES
from jaxtri.tables.schema import CHANNEL_NAMES
from made_up_search import MEASUREMENT

ROUNDING = 1e-12  # of F, relative above 1: some tens of operations, and up to 600 roundings in ln P
CLOSE = 1e-15  # one or two operations
MISS = 1e-3  # a wrong ingredient moves ln r by more than this somewhere

SETS = ("printed", "corrected")
TREATMENTS = ("printed", "figure", "matched")
MASSES = [
    0.0012, 0.01, 0.05, 0.1, 0.13, 0.14, 0.17, 0.2, 0.22, 0.24, 0.2605, 0.3, 0.3541, 0.36, 0.45, 0.6, 1.02,
    2.0, 2.64, 2.9, 3.0, 3.3, 3.65, 4.0, 4.38, 4.65, 4.75, 4.784,
    10.0, 26.0, 40.0, 65.0, 74.0, 80.0, 84.0, 86.0, 88.5,
]  # fmt: skip
COUPLINGS = [1e-9, 1e-7, 2e-6, 3e-5, 1e-3, 0.3]
KINDS = {
    "invisible": "na62_2021_kpi_invisible_low",
    "prompt by length": "babar_2009_b0_kstar0_ee_low",
    "prompt by proper time": "na62_2022_kpi_mumu",
    "lifetime window": "lhcb_2017_bplus_kplus_mumu_displaced",
    "mean of electrons and muons": "belle_2021_bplus_kplus_ll",
    "mean over isospin": "babar_2012_bk_ll",
    "parent at rest": "e949_2008_kpi_invisible",
    "hadrons": "l3_1992_zgamma_hadrons",
}
OWN = (
    MEASUREMENT
    + """
m_X_vetoes = [[0.12, 0.15]]
[printed]
value = 2e-9
"""
)


@functools.cache
def loaded(set_name, measurement=None):
    return load_searches(set_name, measurement=measurement)


def production_and_decay(point):
    """Public rates of one point as the arrays that a row is made of."""
    production = jnp.array([point.production[name] for name in CHANNEL_NAMES])
    width = 6.582119569e-25 / point.lifetime  # hbar in GeV s
    return production, (jnp.array([point.decay[name] for name in FINAL_STATES]), jnp.asarray(width))


@jax.jit
def _columns(sm, searches, masses, production, decays, log_g):
    def column(*mass):
        found = mass_point(sm, searches, *mass)
        return jax.vmap(lambda u: log_ratio(found.searches, u))(log_g), found

    return jax.vmap(column)(masses, production, decays)


@functools.cache
def unit_points(treatment):
    return [pointwise.point(treatment, m_X, 1.0) for m_X in MASSES]


def computed(sm, searches, treatment):
    """Log ratios (mass, coupling, search) by jaxtri, from rates at g_X = 1."""
    rates = [production_and_decay(point) for point in unit_points(treatment)]
    stacked = jax.tree.map(lambda *values: jnp.stack(values), *rates)
    return np.asarray(_columns(sm, searches, jnp.array(MASSES), *stacked, jnp.log(jnp.array(COUPLINGS)))[0])


@functools.cache
def grid_points(treatment):
    return [pointwise.point(treatment, m_X, g_X) for m_X in MASSES for g_X in COUPLINGS]


def expected(searches, treatment):
    """The same in plain Python, from rates at each point's own coupling."""
    values = [[pointwise.log_ratio(search, point) for search in searches] for point in grid_points(treatment)]
    return np.array(values).reshape(len(MASSES), len(COUPLINGS), len(searches))


def in_order(searches):
    """Searches of the oracle in the order of a set."""
    found = pointwise.searches(searches.set_name)
    return [found[label.name] for label in searches.labels]


def difference(value, other):
    """Absolute difference, relative above 1; infinite where only one of them is minus infinity."""
    finite = np.isfinite(value) & np.isfinite(other)
    first, second = np.where(finite, value, 0.0), np.where(finite, other, 0.0)
    gap = np.abs(first - second) / np.maximum(1, np.abs(second))
    return np.where(finite | (value == other), gap, np.inf)


@pytest.mark.parametrize(("set_name", "count"), [("printed", 27), ("corrected", 29)])
def test_every_table_loads(set_name, count):
    searches = loaded(set_name)
    assert len(searches.labels) == count
    assert {label.name for label in searches.labels} == set(pointwise.searches(set_name))
    assert [label.channel[0] for label in searches.labels] == sorted(
        (x.channel[0] for x in searches.labels), key="ZBK".index
    )


@pytest.mark.parametrize("set_name", SETS)
@pytest.mark.parametrize("measurement", [None, "central", "gauss"])
def test_limits(set_name, measurement):
    searches, oracle = loaded(set_name, measurement), pointwise.searches(set_name, measurement)
    limits = [oracle[label.name].limit for label in searches.labels]
    np.testing.assert_allclose(searches.limit, limits, rtol=CLOSE)
    np.testing.assert_allclose([label.limit for label in searches.labels], limits, rtol=CLOSE)


def test_gauss_is_central_and_1645_sigma_above():
    name = "belle_2021_bplus_kplus_mumu"  # 6.24 +0.65 -0.61 (stat) 0.16 (syst), 1e-7
    limits = {
        mode: load_searches("corrected", only=[name], measurement=mode).limit[0]
        for mode in ("central", "gauss")
    }
    np.testing.assert_allclose(limits["central"], 6.24e-7, rtol=CLOSE)
    np.testing.assert_allclose(limits["gauss"], 6.24e-7 + 1.645 * math.hypot(0.65e-7, 0.16e-7), rtol=CLOSE)
    assert abs(limits["gauss"] / (6.24e-7 + 1.645 * 0.65e-7) - 1) > MISS  # the systematic error counts


def test_sets_read_measurements_differently():
    label = {set_name: {one.name: one for one in loaded(set_name).labels} for set_name in SETS}
    measured = "babar_2012_bk_ll"
    assert label["printed"][measured].confidence is None
    assert label["corrected"][measured].confidence == 0.95
    assert label["corrected"]["belle_2017_bk_invisible"].confidence == 0.90
    assert label["printed"]["belle_2017_bk_invisible"].confidence == 0.95  # as the paper has it


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("set_name", SETS)
def test_log_ratio(sm, set_name, treatment):
    searches = loaded(set_name)
    oracle = expected(in_order(searches), treatment)
    assert np.max(difference(computed(sm, searches, treatment), oracle)) < ROUNDING
    for position, label in enumerate(searches.labels):  # every search was put to the test
        assert np.sum(np.isfinite(oracle[:, :, position])) >= len(COUPLINGS), label.name


WRONG = {
    "nothing flies": {"length_m": None, "wall_s": None},
    "parent at rest": {"gamma": 1.0},
    "any lifetime": {"tau_s": None},
    "limit 1 % off": {"limit": None},
}


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("invisible", "nothing flies"),
        ("invisible", "parent at rest"),
        ("prompt by length", "nothing flies"),
        ("prompt by length", "parent at rest"),
        ("prompt by proper time", "nothing flies"),
        ("lifetime window", "any lifetime"),
        ("parent at rest", "nothing flies"),
        ("hadrons", "limit 1 % off"),
    ],
)
def test_wrong_ingredient_misses(sm, kind, wrong):
    searches = loaded("printed")
    position = [label.name for label in searches.labels].index(KINDS[kind])
    right = in_order(searches)[position]
    change = {name: 1.01 * right.limit if name == "limit" else value for name, value in WRONG[wrong].items()}
    value = computed(sm, searches, "figure")[:, :, position]
    assert np.max(difference(value, expected([right], "figure")[:, :, 0])) < ROUNDING
    assert (
        np.max(difference(value, expected([dataclasses.replace(right, **change)], "figure")[:, :, 0])) > MISS
    )


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("mean of electrons and muons", {"final_state": "e+ e-"}),
        ("mean over isospin", {"channel": "B+ -> K+ X"}),
        ("mean over isospin", {"channel": "B0 -> K0 X"}),
    ],
)
def test_half_of_a_mean_misses(sm, kind, change):
    searches = loaded("printed")
    position = [label.name for label in searches.labels].index(KINDS[kind])
    half = dataclasses.replace(in_order(searches)[position], **change)
    value = computed(sm, searches, "matched")[:, :, position]
    assert np.max(difference(value, expected([half], "matched")[:, :, 0])) > MISS


def edges_of(search):
    """Every edge of a search with both neighbours in floating point, the threshold included."""
    M, m = pointwise.parent_and_product(search.channel)
    edges = [*search.m_X, *(edge for veto in search.vetoes for edge in veto), M - m]
    beside = [np.nextafter(edge, to) for edge in edges for to in (0, np.inf)]
    middles = [(low + high) / 2 for low, high in search.vetoes]
    return [m_X for m_X in (*edges, *beside, *middles) if m_X > 0]


@pytest.mark.parametrize("set_name", SETS)
def test_data_exactly_inside_windows_and_outside_vetoes(sm, set_name):
    searches = loaded(set_name)
    oracle = in_order(searches)
    masses = np.array(sorted({m_X for search in oracle for m_X in edges_of(search)}))
    ones = jnp.ones(len(masses))
    production, fractions = jnp.ones((len(masses), 9)), jnp.full((len(masses), 5), 0.2)
    ratio, found = _columns(sm, searches, masses, production, (fractions, 1e-12 * ones), jnp.zeros(1))
    should = np.array([[search.has_data(m_X) for search in oracle] for m_X in masses])
    np.testing.assert_array_equal(found.searches.is_valid, should)
    assert np.all(np.isneginf(np.asarray(ratio)[:, 0][~should]))
    assert np.all(np.any(should, axis=0))
    assert not np.any(np.all(should, axis=0))


def test_vetoes_are_those_of_the_set(sm):
    m_X = 3.0969  # J/psi
    for set_name, has_data in (("printed", True), ("corrected", False)):
        position = [label.name for label in loaded(set_name).labels].index("lhcb_2013_bplus_kplus_mumu")
        assert in_order(loaded(set_name))[position].has_data(m_X) == has_data
        low, high = np.asarray(loaded(set_name).veto[position]).T
        assert bool(np.any((low < m_X) & (m_X < high))) != has_data


def by_hand(**changes):
    """Return a search of one's own at one mass."""
    values = {
        "log_norm": 3.0, "flight": 0.0, "log_above": jnp.inf, "log_below": jnp.inf,
        "is_invisible": True, "neutrinos": 0.4, "is_valid": True,
    }  # fmt: skip
    return SearchAtMass(**{name: jnp.asarray(value) for name, value in (values | changes).items()})


@pytest.mark.parametrize("is_invisible", [True, False])
def test_ratio_rises_with_the_coupling(is_invisible):
    search = by_hand(is_invisible=is_invisible, flight=1e8)
    values = np.asarray(jax.vmap(lambda u: log_ratio(search, u))(jnp.linspace(-20.0, 0.0, 401)))
    assert np.all(np.diff(values) > 0)


def test_ratio_falls_where_few_neutrinos_are_left():  # so the test above is able to fail
    search = by_hand(neutrinos=0.01, flight=1e8)
    values = np.asarray(jax.vmap(lambda u: log_ratio(search, u))(jnp.linspace(-20.0, 0.0, 401)))
    assert np.any(np.diff(values) < 0)


def test_lifetime_window_caps_both_sides():
    search = by_hand(log_norm=50.0, log_above=-10.0, log_below=14.0)  # ln g_X from -7 to -5
    u = jnp.array([-8.0, -7.0, -6.9, -5.1, -5.0, -4.0])
    np.testing.assert_allclose(
        jax.vmap(lambda x: log_ratio(search, x))(u), [-2.0, 0.0, 0.2, 0.2, 0.0, -2.0], atol=1e-14
    )


def test_no_data_is_minus_infinity_with_finite_slope():
    search = by_hand(is_valid=False, flight=1e8)
    assert log_ratio(search, -3.0) == -np.inf
    assert jax.grad(lambda u: log_ratio(search, u))(-3.0) == 0


def test_stable_x_always_escapes(sm):
    searches = loaded("printed")
    production, fractions = jnp.full((1, 9), 1e-3), jnp.zeros((1, 5))
    ratio, found = _columns(
        sm, searches, jnp.array([0.05]), production, (fractions, jnp.zeros(1)), jnp.zeros(1)
    )
    assert found.lifetime == np.inf
    for label, value, has_data in zip(
        searches.labels, np.asarray(ratio)[0, 0], np.asarray(found.searches.is_valid)[0], strict=True
    ):
        escapes = has_data and label.final_state == "invisible"
        np.testing.assert_allclose(value, np.log(1e-3 / label.limit) if escapes else -np.inf)


def test_precision_is_that_of_the_row():
    search = jax.tree.map(lambda x: x.astype("float32") if x.dtype == float else x, by_hand(flight=1e8))
    assert log_ratio(search, jnp.asarray(-3.0, "float32")).dtype == "float32"
    assert log_ratio(by_hand(flight=1e8), -3.0).dtype == "float64"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("printd",), 'search set "printd"; did you mean printed'),
        (("printed", {"measurement": "gaus"}), 'measurement "gaus"; did you mean gauss'),
        (("printed", {"only": ["babar_2012_bk_l"]}), 'search "babar_2012_bk_l"; did you mean babar_2012_bk'),
        (("printed", {"exclude": ["ktev_2004"]}), 'search "ktev_2004"; did you mean ktev_2004_klpi0_ee'),
        (("printed", {"only": []}), 'none of the set "printed" is left'),
        (("printed", {"only": ["belle_2021_bplus_kplus_ee"]}), 'is not in the set "printed"'),
    ],
)
def test_refuses(arguments, found):
    with pytest.raises(InputError) as raised:
        load_searches(arguments[0], **(arguments[1] if len(arguments) > 1 else {}))
    assert found in str(raised.value)


def test_only_and_exclude():
    names = ["babar_2012_bk_ll", "ktev_2004_klpi0_ee"]
    assert [label.name for label in load_searches("printed", only=names).labels] == names
    left = load_searches("printed", exclude=names)
    assert {label.name for label in left.labels} == set(pointwise.searches("printed")) - set(names)


@pytest.mark.parametrize("set_name", SETS)
def test_search_of_ones_own(sm, tmp_path, set_name):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    searches = load_searches(set_name, files=[path])
    position = [label.name for label in searches.labels].index("own")
    assert len(searches.labels) == len(loaded(set_name).labels) + 1
    mode = {"printed": "central", "corrected": "gauss"}[set_name]
    oracle = pointwise.search_of("own", pointwise.raw_table(path, set_name), mode)
    np.testing.assert_allclose(
        searches.limit[position], {"printed": 2e-9, "corrected": 1e-9 + 1.645 * 5e-10}[set_name]
    )
    value = computed(sm, searches, "figure")[:, :, position]
    assert np.max(difference(value, expected([oracle], "figure")[:, :, 0])) < ROUNDING
    assert np.sum(np.isfinite(value)) > len(COUPLINGS)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('"K+ -> pi+ X"', '"K+ -> pi X"', 'channel "K+ -> pi X"; did you mean K+ -> pi+ X'),
        ('"e+ e-"', '"gamma gamma"', "final_state = 'gamma gamma'"),
        ("syst", "sist", "sist"),
        ("value = 1e-9", "value = 3.0", "value = 3.0"),
        ("stat_up = 3e-10", "", "stat_up"),
        ("[0.01, 0.3]", "[0.3, 0.01]", "low < high"),
        ('reference = "none"', "", "reference is missing"),
        ("length_m = 0.1, ", "", "give either length_m or tau_ps"),
        ("gamma_parent = 2.0, ", "", "length_m needs gamma_parent or beta_gamma_parent"),
        ("gamma_parent = 2.0", "gamma_parent = 0.5", "prompt.gamma_parent = 0.5"),
    ],
)
def test_refuses_a_bad_file(tmp_path, old, new, found):
    path = tmp_path / "own.toml"
    assert old in OWN
    path.write_text(OWN.replace(old, new, 1))
    with pytest.raises(InputError) as raised:
        load_searches("corrected", files=[path])
    assert found in str(raised.value)
    assert "own.toml" in str(raised.value)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(StorageError, match=r"nowhere\.toml: cannot be read"):
        load_searches("corrected", files=[tmp_path / "nowhere.toml"])


def test_needs_64_bit_floats():
    with jax.enable_x64(False), pytest.raises(InputError, match="jax_enable_x64"):
        load_searches("printed")
