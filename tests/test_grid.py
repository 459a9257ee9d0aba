"""The (m_X, g_X) grid: two vmaps, blocks of masses, verdicts.

Oracle: a Python loop over the points, tests/pointwise.py, with the public rates at each of them; the
triangle sum from the public decoupling factor.
"""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pointwise
import pytest

from jaxtri import decoupling_factor, grid, load_spec, scan
from jaxtri.errors import InputError
from jaxtri.fields import CELL_FIELDS, EXCLUDED, FIELDS, NO_SEARCH, STATUS
from jaxtri.grid import blocks, mass_axis
from jaxtri.search import log_ratio

# Of a logarithm to base 10, or relative: some tens of operations on natural logarithms up to 100,
# with a spacing of 1.4e-14 and 7.6e-6 there.
ROUNDING = {"float64": 1e-12, "float32": 1e-5}
SLOPE = 1e-7  # central difference: step squared times a third derivative up to 1e3, and 1e-15 / step
STEP = 1e-5  # of ln g_X

M_X = [2e-3, 0.05, 0.24, 0.45, 3.0, 40.0, 400.0]
G_X = [1e-8, 2e-6, 1e-4, 0.03, 10.0]
TREATMENTS = ("figure", "matched")
BASE = {
    "title": "seven masses, five couplings",
    "model": "b_minus_l",
    "treatments": list(TREATMENTS),
    "searches": {"set": "printed"},
    "axes": {"m_X": {"values": M_X}, "g_X": {"values": G_X}},
}
CHARGES = {  # electric charge, T3, colours, X
    "m_e": (-1, -1 / 2, 1, -1), "m_mu": (-1, -1 / 2, 1, -1), "m_tau": (-1, -1 / 2, 1, -1),
    "m_u": (2 / 3, 1 / 2, 3, 1 / 3), "m_c": (2 / 3, 1 / 2, 3, 1 / 3), "m_t": (2 / 3, 1 / 2, 3, 1 / 3),
    "m_d": (-1 / 3, -1 / 2, 3, 1 / 3), "m_s": (-1 / 3, -1 / 2, 3, 1 / 3), "m_b": (-1 / 3, -1 / 2, 3, 1 / 3),
}  # fmt: skip


@pytest.fixture(scope="module", params=ROUNDING)
def precision(request):
    return request.param


@pytest.fixture(scope="module")
def scans(precision):
    return scan(BASE | {"precision": precision})


@pytest.fixture(scope="module")
def spec():
    return load_spec(BASE | {"precision": "float64"})


def loop(treatment):
    """All arrays of a grid, a point at a time."""
    searches = pointwise.searches("printed")
    points = [[pointwise.point(treatment, m_X, g_X) for g_X in G_X] for m_X in M_X]
    order = sorted(searches.values(), key=lambda search: ("ZBK".index(search.channel[0]), search.name))
    ratios = np.array([[[pointwise.log_ratio(one, p) for p in column] for column in points] for one in order])
    return {
        "x_br": np.array([[column[0].decay[name] for column in points] for name in pointwise.FINAL_STATES]),
        "valid": np.array([[one.has_data(m_X) for m_X in M_X] for one in order]),
        "log10_br": np.array(
            [
                [[log10(p.production[name]) for p in column] for column in points]
                for name in pointwise.CHANNELS
            ]
        ),
        "lifetime": np.array([[p.lifetime for p in column] for column in points]),
        "log10_ratio": ratios / np.log(10),
    }


def log10(value):
    return np.log10(value) if value > 0 else -np.inf


@pytest.fixture(scope="module", params=TREATMENTS)
def pair(request, scans):
    """One treatment: the scan and the loop."""
    return scans[request.param], loop(request.param)


def assert_close(value, expected, rounding):
    np.testing.assert_array_equal(np.isneginf(value), np.isneginf(expected))
    known = np.isfinite(expected)
    np.testing.assert_allclose(value[known], expected[known], rtol=rounding, atol=rounding)


@pytest.mark.parametrize("name", ["log10_br", "log10_ratio"])
def test_logarithms_are_those_of_a_loop(pair, precision, name):
    value, expected = pair[0][name], pair[1][name]
    assert value.dtype == precision
    assert_close(value, expected, ROUNDING[precision])
    assert not np.allclose(value[np.isfinite(value)], np.roll(expected, 1, 1)[np.isfinite(value)], 1e-3, 1e-3)


def test_rates_of_x_are_those_of_a_loop(pair, precision):
    value, expected = pair
    np.testing.assert_allclose(value["lifetime"], expected["lifetime"], ROUNDING[precision])
    hbar = value["width"].astype(float) * value["lifetime"]
    np.testing.assert_allclose(hbar, 6.582119569e-25, 2 * ROUNDING[precision])
    np.testing.assert_allclose(value["x_br"], expected["x_br"], ROUNDING["float64"], ROUNDING["float64"])
    np.testing.assert_array_equal(value["valid"], expected["valid"])
    assert value["width"].dtype == value["lifetime"].dtype == precision
    assert value["x_br"].dtype == "float64"


def test_triangle_sum_is_that_of_the_public_factor(scans, sm):
    masses = np.array([float(getattr(sm, name)) for name in CHARGES])
    weight = np.array([colours * x * charge * isospin for charge, isospin, colours, x in CHARGES.values()])
    factors = decoupling_factor(float(sm.m_Z) ** 2, 0.0, np.array(M_X)[:, None] ** 2, masses)
    expected = np.asarray(factors) @ weight
    for one in scans.values():
        value = one["triangle_sum_re"] + 1j * one["triangle_sum_im"]
        np.testing.assert_allclose(value, expected, ROUNDING["float64"])
    assert abs(expected[0] - (-0.3374 - 0.0076j)) < 1e-4  # worked out by hand for 1 MeV


def verdicts(expected, lifetime):
    """Status, excluded and leading of every point in plain Python, and how clear each one is."""
    width = 6.582119569e-25 / lifetime
    status = np.full(width.shape, STATUS["ok"])
    excluded, leading = np.zeros(width.shape, int), np.full(width.shape, NO_SEARCH)
    clear = np.full(width.shape, np.inf)
    for i, m_X in enumerate(M_X):
        for j in range(len(G_X)):
            ratios = list(expected["log10_ratio"][:, i, j])
            first, *rest = sorted(ratios, reverse=True)
            if first > -np.inf:
                leading[i, j] = ratios.index(first)
                clear[i, j] = min(abs(first), first - rest[0])
            excluded[i, j] = EXCLUDED["excluded"] if first > 0 else EXCLUDED["allowed"]
            if m_X >= 2 * pointwise.INPUTS["m_t"] or width[i, j] >= m_X:
                status[i, j], excluded[i, j] = STATUS["out_of_domain"], EXCLUDED["no_statement"]
    return status, excluded, leading, clear > 2 * ROUNDING["float32"]


def test_verdicts_are_those_of_a_loop(pair):
    value, expected = pair
    status, excluded, leading, clear = verdicts(expected, expected["lifetime"])
    np.testing.assert_array_equal(value["status"], status)
    np.testing.assert_array_equal(value["excluded"], excluded)
    np.testing.assert_array_equal(value["leading"][clear], leading[clear])
    assert np.sum(clear) > 25
    for name in ("status", "excluded", "leading"):
        assert value[name].dtype == "uint8"


def test_every_verdict_occurs(scans):
    one = scans["figure"]
    assert set(one["excluded"].ravel()) == set(EXCLUDED.values())
    assert set(one["status"].ravel()) == {STATUS["ok"], STATUS["out_of_domain"]}
    np.testing.assert_array_equal(one["status"][-1], STATUS["out_of_domain"])  # above twice the top mass
    np.testing.assert_array_equal(one["leading"][-1], NO_SEARCH)
    np.testing.assert_array_equal(one["status"][:, -1], STATUS["out_of_domain"])  # Gamma_X > m_X
    assert np.all(one["log10_ratio"][:, :-1, -1].max(0) > 0)  # for which no exclusion is claimed
    assert np.all(one["excluded"][:, -1] == EXCLUDED["no_statement"])


def test_treatments_share_all_but_production(scans):
    figure, matched = (scans[name] for name in TREATMENTS)
    for name in ("x_br", "valid", "width", "lifetime", "status", "triangle_sum_re", "triangle_sum_im"):
        np.testing.assert_array_equal(figure[name], matched[name])
    assert np.abs(np.nanmin(figure["log10_br"] - np.maximum(matched["log10_br"], -99))) > 1
    assert figure.header.fingerprint != matched.header.fingerprint


@pytest.mark.parametrize("letter", "ZBK")
def test_group_is_the_best_of_its_searches(scans, letter):
    one = scans["figure"]
    chosen = [search["channel"].startswith(letter) for search in one.header.searches]
    assert 0 < sum(chosen) < len(chosen)
    best = np.max(one["log10_ratio"][chosen], axis=0)
    stated = one["status"] == 1  # elsewhere no statement is made
    assert 0 < np.count_nonzero(stated) < stated.size
    np.testing.assert_array_equal(one.group(letter), np.where(stated, best, -np.inf))


def test_axes_and_shapes(scans):
    for one in scans.values():
        np.testing.assert_array_equal(one["m_X"], M_X)
        np.testing.assert_array_equal(one["g_X"], G_X)
        assert set(one.arrays) == set(FIELDS)
        for name, info in FIELDS.items():
            assert one[name].shape == tuple(len(one[dim]) for dim in info.dims)


def planes(spec, axis):
    """All blocks put together."""
    found = {name: [] for name in CELL_FIELDS}
    at = 0
    for where, block in blocks(spec, axis):
        assert where.start == at
        at = where.stop
        for name, values in block.items():
            found[name].append(np.array(values))
    assert at == len(spec.m_X)
    return {name: np.concatenate(parts, FIELDS[name].dims.index("m_X")) for name, parts in found.items()}


@pytest.fixture(scope="module")
def axis(spec):
    return mass_axis(spec.sm, spec.model, spec.treatments[0], spec.searches, spec.m_X)


@pytest.mark.parametrize("block", [1, 2, 3, 5])
def test_blocks_change_nothing(monkeypatch, spec, axis, block):
    whole = planes(spec, axis)
    monkeypatch.setattr(grid, "BLOCK", block)  # 7 masses: the last block of 2, 3 and 5 is padded
    parts = planes(spec, axis)
    for name in CELL_FIELDS:
        np.testing.assert_array_equal(parts[name], whole[name])


def test_block_outlives_the_next_one(monkeypatch, spec, axis):
    monkeypatch.setattr(grid, "BLOCK", 2)
    stream = blocks(spec, axis)
    _, first = next(stream)
    before = {name: np.array(values) for name, values in first.items()}
    next(stream)
    for name in CELL_FIELDS:
        np.testing.assert_array_equal(first[name], before[name])


def test_sources(tmp_path, scans, precision):
    path = tmp_path / "seven.toml"
    path.write_text(
        'title = "seven masses, five couplings"\nmodel = "b_minus_l"\ntreatments = ["figure", "matched"]\n'
        f'precision = "{precision}"\n[searches]\nset = "printed"\n'
        f"[axes.m_X]\nvalues = {M_X}\n[axes.g_X]\nvalues = {G_X}\n"
    )
    for source in (path, str(path), load_spec(path)):
        for name, one in scan(source).items():
            assert one.header.fingerprint == scans[name].header.fingerprint
            for field in FIELDS:
                np.testing.assert_array_equal(one[field], scans[name][field])


def test_overflow_is_not_finite(spec):
    huge = scan(BASE | {"axes": {"m_X": {"values": M_X}, "g_X": {"values": [1e-3, 1e25]}}})["figure"]
    assert np.all(huge["status"][:, 1] == STATUS["non_finite"])  # g_X^2 beyond float32
    assert np.all(huge["excluded"][:, 1] == EXCLUDED["no_statement"])
    assert np.all(huge["status"][:-1, 0] == STATUS["ok"])


def rows_of(axis, dtype):
    cast = lambda x: x.astype(dtype) if x.dtype == float else x  # noqa: E731
    return jax.tree.map(cast, axis.rows.searches)


def over_grid(function, axis, log_g, dtype="float64"):
    """Map a function of (one search at one mass, ln g_X) over searches, masses and couplings."""
    inner = jax.vmap(function, in_axes=(None, 0))
    return np.asarray(jax.jit(jax.vmap(jax.vmap(inner, (0, None)), (0, None)))(rows_of(axis, dtype), log_g))


def test_gradient_is_the_finite_difference(axis):
    log_g = jnp.log(jnp.array([1e-8, 3e-7, 2e-6, 5e-6, 1e-4, 0.03, 1.0]))
    value, up, down = (over_grid(log_ratio, axis, log_g + shift) for shift in (0, STEP, -STEP))
    slope = over_grid(jax.grad(log_ratio, argnums=1), axis, log_g)
    assert np.all(np.isfinite(slope))
    known = np.isfinite(value)
    assert np.sum(known) > 200
    difference = (up[known] - down[known]) / (2 * STEP)
    np.testing.assert_allclose(slope[known], difference, rtol=SLOPE, atol=SLOPE)
    one_sided = (up[known] - value[known]) / STEP
    assert np.max(np.abs(slope[known] - one_sided)) > 10 * SLOPE  # so the comparison is able to fail
    assert np.ptp(slope[known]) > 1  # decays in flight bend the ratio


def test_gradient_in_single_precision(axis):
    slope = over_grid(jax.grad(log_ratio, 1), axis, jnp.log(jnp.array(G_X)).astype("float32"), "float32")
    assert slope.dtype == "float32"
    assert np.all(np.isfinite(slope))


def test_needs_64_bit_floats():
    program = f"from jaxtri import scan\nscan({BASE!r})"
    environment = os.environ | {"JAX_ENABLE_X64": "0"}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert (
        'InputError: jaxtri needs 64-bit floats: call jax.config.update("jax_enable_x64", True)'
        in ended.stderr
    )


def test_refuses_before_computing():
    with pytest.raises(InputError, match="did you mean b_minus_l"):
        scan(BASE | {"model": "b_minus"})
