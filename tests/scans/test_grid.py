"""The (m_X, g_X) grid: two vmaps, blocks of masses, verdicts.

Oracle: a Python loop over the points, tests/pointwise.py, with the public rates at each of them; the
triangle sum from the public decoupling factor.
"""

import dataclasses
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pointwise
from jaxtri import decoupling_factor, load_searches, load_spec, scan
from jaxtri.durable.storage import tiling
from jaxtri.durable.storage.tiling import inside
from jaxtri.errors import InputError
from jaxtri.limits.signal import log_ratio, mass_point
from jaxtri.scans import grid
from jaxtri.scans.arrays import ARRAYS, CELL_ARRAYS, EXCLUDED, NO_SEARCH, OF_A_MODEL, STATED, STATUS, USUAL
from jaxtri.scans.grid import rates_at_masses
from jaxtri.scans.provenance import header, plan_of
from jaxtri.scans.tiles import compute, compute_tile

# Of a logarithm to base 10, or relative: some tens of operations on natural logarithms up to 100,
# with a spacing of 1.4e-14 and 7.6e-6 there.
ROUNDING = {"float64": 1e-12, "float32": 1e-5}
SLOPE = 1e-7  # central difference: step squared times a third derivative up to 1e3, and 1e-15 / step
STEP = 1e-5  # of ln g_X

M_X = [2e-3, 0.05, 0.24, 0.45, 3.0, 40.0, 400.0]
G_X = [1e-8, 2e-6, 1e-4, 0.03, 10.0]
TREATMENTS = ("figure", "matched")
BASE = {
    "unusual_inputs": True,  # masses above 2 m_t, of which no statement is made
    "curves": False,
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
            if expected["log10_br"][:, i, j].max() > 0:
                status[i, j] = STATUS["rate_above_1"]
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
    assert set(one["status"].ravel()) == {STATUS["ok"], STATUS["out_of_domain"], STATUS["rate_above_1"]}
    np.testing.assert_array_equal(one["status"][-1], STATUS["out_of_domain"])  # above twice the top mass
    np.testing.assert_array_equal(one["leading"][-1], NO_SEARCH)
    np.testing.assert_array_equal(one["status"][:, -1], STATUS["out_of_domain"])  # Gamma_X > m_X
    assert np.all(one["log10_ratio"][:, :-1, -1].max(0) > 0)  # for which no exclusion is claimed
    assert np.all(one["excluded"][:, -1] == EXCLUDED["no_statement"])


def test_treatments_share_all_but_production(scans):
    figure, matched = (scans[name] for name in TREATMENTS)
    for name in ("x_br", "valid", "width", "lifetime", "triangle_sum_re", "triangle_sum_im"):
        np.testing.assert_array_equal(figure[name], matched[name])
    assert np.abs(np.nanmin(figure["log10_br"] - np.maximum(matched["log10_br"], -99))) > 1
    assert figure.header.fingerprint != matched.header.fingerprint


@pytest.mark.parametrize("letter", "ZBK")
def test_group_is_the_best_of_its_searches(scans, letter):
    one = scans["figure"]
    chosen = [search["channel"].startswith(letter) for search in one.header.searches]
    assert 0 < sum(chosen) < len(chosen)
    best = np.max(one["log10_ratio"][chosen], axis=0)
    stated = np.isin(one["status"], STATED)  # elsewhere no statement is made
    assert 0 < np.count_nonzero(stated) < stated.size
    np.testing.assert_array_equal(one.group(letter), np.where(stated, best, -np.inf))


def test_axes_and_shapes(scans):
    for one in scans.values():
        np.testing.assert_array_equal(one["m_X"], M_X)
        np.testing.assert_array_equal(one["g_X"], G_X)
        assert set(one.arrays) == set(USUAL)
        for name in USUAL:
            assert one[name].shape == tuple(len(one[dim]) for dim in ARRAYS[name].dims)


@pytest.fixture(scope="module")
def axis(spec):
    return rates_at_masses(spec.sm, spec.model, spec.treatments[0], spec.searches, spec.m_X)


def test_what_is_compiled_depends_on_no_name(monkeypatch, spec):
    """Other searches, more of them, and models of other names are traced once; other masses again."""
    traced = []
    monkeypatch.setattr(grid, "mass_point", lambda *rest: traced.append(1) or mass_point(*rest))

    def times(*names, model=spec.model, m_X=(0.05, 0.1, 0.2)):  # so many masses has no other test
        searches = load_searches("printed", only=[*names])
        points = rates_at_masses(spec.sm, model, spec.treatments[0], searches, m_X).points
        assert points.searches.log_norm.shape == (len(m_X), len(names))
        return len(traced)

    once = times("l3_1991_zgamma_ee")
    assert once > 0
    renamed = dataclasses.replace(spec.model, name="another", title="another", previous_limits=None)
    assert times("na62_2022_kpi_mumu", model=renamed) == once
    assert times("l3_1991_zgamma_ee", "na62_2022_kpi_mumu") == once
    assert times("l3_1991_zgamma_ee", m_X=(0.05, 0.1, 0.2, 0.3, 0.4)) > once  # so this is able to fail


CUTS = {  # of 7 masses and 5 couplings: chunk, cells and columns of a tile; most leave pieces to be padded
    "two by two": ((2, 2), 4, 4),
    "chunks in a tile": ((2, 3), 30, 4),
}


@pytest.mark.parametrize(("chunk", "most", "most_columns"), CUTS.values(), ids=CUTS)
def test_tiles_and_chunks_change_nothing(monkeypatch, spec, chunk, most, most_columns):
    whole = compute(spec, spec.treatments[0])
    monkeypatch.setattr(tiling, "CHUNK", chunk)
    monkeypatch.setattr(tiling, "TILE_CELLS", most)
    monkeypatch.setattr(tiling, "TILE_COLUMNS", most_columns)
    assert plan_of(header(spec, spec.treatments[0])).count > 1
    parts = compute(spec, spec.treatments[0])
    for name in USUAL:  # another shape is another compilation: the last bits may differ
        np.testing.assert_allclose(parts[name], whole[name], ROUNDING["float64"], err_msg=name)


def test_tiles_fill_the_plane_once(monkeypatch, spec):
    monkeypatch.setattr(tiling, "CHUNK", (2, 2))
    monkeypatch.setattr(tiling, "TILE_CELLS", 8)
    cut = plan_of(header(spec, spec.treatments[0]))
    seen = np.zeros(cut.shape, int)
    for tile in range(cut.count):
        fields, blocks = compute_tile(spec, spec.treatments[0], cut, tile)
        for where, block in blocks:
            seen[inside(where)] += 1
            assert set(block) == set(CELL_ARRAYS) & set(OF_A_MODEL)
        assert fields["valid"].shape[1:] == seen[inside(cut.box(tile))][:, 0].shape
    np.testing.assert_array_equal(seen, 1)


REDUCED = ("g_X_range", "excluded", "leading", "status")


def test_reductions_alone_are_those_of_the_whole(scans, precision):
    reduced = scan(BASE | {"precision": precision, "arrays": "reductions"})
    for name, one in reduced.items():
        assert tuple(one.arrays) == REDUCED
        for field in ("excluded", "leading", "status"):
            np.testing.assert_array_equal(one[field], scans[name][field])


def test_the_boundary_of_a_column_is_where_its_cells_change():
    """Lowest and highest excluded coupling, against the verdict of cells a hair below and above them."""
    masses = [m_X for m_X in M_X if m_X < 300]
    axes = {"m_X": {"values": masses}, "g_X": {"values": [G_X[0], 0.03]}}
    base = BASE | {"precision": "float64", "treatments": ["figure"]}
    ends = scan(base | {"arrays": ["g_X_range"], "axes": axes})["figure"]["g_X_range"]
    assert np.isfinite(ends).any()
    hair = 1e-9  # ln g_X: the edges are exact to 1e-12, the ratios to rounding
    for i, (low, high) in enumerate(ends.T):
        for edge, outside in ((low, -hair), (high, hair)):
            if not np.isfinite(edge) or np.isclose(edge, (G_X[0], 0.03), rtol=hair).any():
                continue
            g_X = sorted([edge * np.exp(-hair), edge * np.exp(hair)])
            near = scan(
                base | {"axes": {"m_X": {"values": masses[i : i + 1] * 1 + [400.0]}, "g_X": {"values": g_X}}}
            )
            verdict = list(near["figure"]["excluded"][0])
            assert verdict == ([0, 1] if outside < 0 else [1, 0])


def test_sources(tmp_path, scans, precision):
    path = tmp_path / "seven.toml"
    path.write_text(
        'title = "seven masses, five couplings"\nmodel = "b_minus_l"\ntreatments = ["figure", "matched"]\n'
        f'precision = "{precision}"\ncurves = false\nunusual_inputs = true\n[searches]\nset = "printed"\n'
        f"[axes.m_X]\nvalues = {M_X}\n[axes.g_X]\nvalues = {G_X}\n"
    )
    for source in (path, str(path), load_spec(path)):
        for name, one in scan(source).items():
            assert one.header.fingerprint == scans[name].header.fingerprint
            for field in USUAL:
                np.testing.assert_array_equal(one[field], scans[name][field])


def test_overflow_is_not_finite(spec):
    huge = scan(BASE | {"axes": {"m_X": {"values": M_X}, "g_X": {"values": [1e-3, 1e25]}}})["figure"]
    assert np.all(huge["status"][:, 1] == STATUS["non_finite"])  # g_X^2 beyond float32
    assert np.all(huge["excluded"][:, 1] == EXCLUDED["no_statement"])
    assert np.all(np.isin(huge["status"][:-1, 0], STATED))


def rows_of(axis, dtype):
    cast = lambda x: x.astype(dtype) if x.dtype == float else x  # noqa: E731
    return jax.tree.map(cast, axis.points.searches)


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
