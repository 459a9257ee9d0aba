"""Uncertainties of boundaries.  Oracle: Monte Carlo of the inputs, and the rule for a product of powers."""

import dataclasses

import numpy as np
import pytest

import jaxtri
from jaxtri.boundary import bands
from jaxtri.boundary.record import Curve
from jaxtri.boundary.trace import traced
from jaxtri.errors import InputError
from jaxtri.model.correlations import known_correlations, normal_draws
from jaxtri.model.standard_model import input_values, replaced
from jaxtri.scans.in_memory import plane_of
from jaxtri.scans.spec import load_spec
from jaxtri.tables.schema import Correlation

SEARCH = "na62_2021_kpi_invisible_low"
DRAWS = 2000
FOLLOWS = 0.05  # of sigma between vertices that are computed, with steps halved above 2 %
SAMPLING = 5 / np.sqrt(2 * DRAWS)  # five standard deviations of a standard deviation
SCAN = {
    "title": "bands",
    "model": "b_minus_l",
    "treatments": ["matched"],
    "searches": {"set": "printed", "only": [SEARCH, "belle_2021_bplus_kplus_ll"]},
    "axes": {
        "m_X": {"min": 1e-3, "max": 5.0, "points": 2, "spacing": "log"},
        "g_X": {"min": 1e-9, "max": 1.0, "points": 2, "spacing": "log"},
    },
}


@pytest.fixture(scope="module")
def plane():
    return plane_of(load_spec(SCAN))


@pytest.fixture(scope="module")
def found(plane):
    one = traced(plane)["matched"]
    return {
        search: bands.band(plane, plane.treatments[0], one.of(search)[0])
        for search in SCAN["searches"]["only"]
    }


@pytest.mark.long
@pytest.mark.parametrize(
    "search", [SEARCH, pytest.param("belle_2021_bplus_kplus_ll", marks=pytest.mark.long)]
)
def test_linear_band_is_that_of_a_monte_carlo(plane, found, search):
    one = found[search]
    for i in (20, 40):
        draws = bands.monte_carlo(
            plane, plane.treatments[0], search, one.m_X[i], one.g_X[i], draws=DRAWS, seed=i
        )
        assert np.all(np.isfinite(draws))
        np.testing.assert_allclose(np.std(draws), one.sigma[i], rtol=SAMPLING)
        assert (
            abs(np.mean(draws) - np.log(one.g_X[i])) < 5 * one.sigma[i] / np.sqrt(DRAWS) + one.sigma[i] ** 2
        )
        assert abs(np.std(draws) / (2 * one.sigma[i]) - 1) > SAMPLING  # so this is able to fail


@pytest.mark.long
def test_bands_of_limits_on_mass_and_lifetime():
    """A root moves as in a Monte Carlo; a lifetime at which the limit jumps moves as 1 / sqrt(width)."""
    only = ["lhcb_2017_bplus_kplus_mumu", "belle2_2023_bplus_kplus_ee"]
    searches = {"set": "2026", "only": only}
    spec = load_spec(SCAN | {"searches": searches, "treatments": ["matched", "figure"]})
    plane, found = plane_of(spec), jaxtri.boundaries(spec)
    curve = max(found["matched"].of(only[0]), key=lambda one: len(one.m_X))
    band = bands.band(plane, spec.treatments[0], curve)
    assert len(band.sigma)
    k = int(np.argmin(np.abs(np.log(band.m_X / 2.0))))
    m_X, g_X = float(band.m_X[k]), float(band.g_X[k])
    drawn = bands.monte_carlo(plane, spec.treatments[0], only[0], m_X, g_X, draws=DRAWS, seed=2)
    assert np.std(drawn) == pytest.approx(band.sigma[k], rel=SAMPLING + 0.05)  # 0.05: not quite linear
    (jumping,) = found["figure"].of(only[1])
    i = int(np.argmax(jumping.g_X))
    moves = bands.sensitivities(plane, spec.treatments[1], one_vertex(jumping, i))
    assert all(np.isfinite(move).all() for move in moves.values())
    assert {name for name, move in moves.items() if np.any(move)} == {"m_e"}  # nothing of production
    assert jumping.slope[i] == pytest.approx(-0.5, abs=1e-4)  # width proportional to mass, far above 2 m_e


def one_vertex(curve, i):
    parts = {name: getattr(curve, name)[i : i + 1] for name in ("m_X", "g_X", "slope", "residual")}
    return dataclasses.replace(curve, **parts)


def test_leading_contributions(found):
    """The kaon limit: CKM first; every contribution is below the total, and largest first."""
    one = found[SEARCH]
    for low, high, leading in one.leading:
        assert low < high
        assert 1 <= len(leading) <= 3
        sizes = [size for _, size in leading]
        assert sizes == sorted(sizes, reverse=True)
        assert leading[0][0].startswith("ckm_")
        inside = (low <= one.m_X) & (one.m_X <= high)
        assert np.sqrt(sum(size**2 for size in sizes)) <= one.sigma[inside].max() * (1 + 1e-12)


@pytest.mark.long
def test_walls_have_no_band(plane):
    """Along a curve: the computed vertices as they are, none on a wall."""
    curve = traced(plane)["matched"].of("belle_2021_bplus_kplus_ll")[0]
    one = bands.band(plane, plane.treatments[0], curve)
    every = one.along(curve)
    np.testing.assert_array_equal(every[one.vertices], one.sigma)
    wall = np.abs(curve.slope) > bands.STEEP
    assert wall.any()
    np.testing.assert_array_equal(np.isnan(every), wall | np.isnan(curve.slope))
    upright = dataclasses.replace(curve, slope=np.full_like(curve.slope, np.inf))
    assert np.all(np.isnan(bands.band(plane, plane.treatments[0], upright).along(upright)))


@pytest.mark.long
def test_a_band_follows_the_resonances(monkeypatch):
    """At every vertex of a curve over omega and phi: what is computed there."""
    axes = SCAN["axes"] | {"m_X": {"min": 0.3, "max": 2.0, "points": 2, "spacing": "log"}}
    searches = {"set": "printed", "only": ["l3_1997_zgamma_invisible"]}
    plane = plane_of(load_spec(SCAN | {"axes": axes, "searches": searches}))
    treatment, curve = plane.treatments[0], traced(plane)["matched"].curves[0]
    errors = bands.input_errors(plane.sm)
    moves = {name: x * errors[name] for name, x in bands.sensitivities(plane, treatment, curve).items()}
    known = np.sqrt(bands.variance(moves, plane.correlations))

    def miss():
        along = bands.band(plane, treatment, curve).along(curve)
        return np.nanmax(np.abs(along / known - 1))

    assert miss() < FOLLOWS
    monkeypatch.setattr(bands, "ROUNDS", 0)
    monkeypatch.setattr(bands, "FIRST", 64)
    assert miss() > 5 * FOLLOWS  # so this is able to fail


def test_errors_come_from_the_tables(sm):
    errors = bands.input_errors(sm)
    assert errors["m_t"] == 0.27
    assert errors["ckm_A"] == 0.016  # the larger of two sides
    assert errors["B_K_fplus_r1"] == 0  # none in the table
    assert errors["excited_omega_mass"].shape == (2,)
    other = jaxtri.load_standard_model({"m_t": 173.0})
    assert bands.input_errors(other)["m_t"] == 0  # a user's value has no error


def test_inputs_are_replaced_wherever_they_are(sm):
    changed = replaced(sm, {"m_t": 1.0, "m_omega": 2.0, "K_pi_f_at_0": 3.0})
    assert (changed.m_t, changed.hadrons.m_omega, changed.form_factors.K_pi_f_at_0) == (1.0, 2.0, 3.0)
    assert dataclasses.replace(changed, m_t=sm.m_t).m_W == sm.m_W


CORRELATED = [{"inputs": ["ckm_A", "ckm_rhobar"], "value": -0.9, "reference": "made up"}]


@pytest.mark.long
def test_correlated_inputs(plane, found):
    """Linear and by Monte Carlo alike; leaving a correlation out must miss."""
    correlated = plane_of(load_spec(SCAN | {"correlations": CORRELATED}))
    one = found[SEARCH]
    i = 20
    curve = Curve(
        search=SEARCH, m_X=one.m_X[i : i + 1], g_X=one.g_X[i : i + 1], slope=np.zeros(1),
        residual=np.zeros(1), closed=False,
    )  # fmt: skip
    [sigma] = np.unique(bands.band(correlated, plane.treatments[0], curve).sigma)
    draws = bands.monte_carlo(
        correlated, plane.treatments[0], SEARCH, one.m_X[i], one.g_X[i], draws=DRAWS, seed=7
    )
    np.testing.assert_allclose(np.std(draws), sigma, rtol=SAMPLING)
    assert abs(one.sigma[i] / sigma - 1) > 1.5 * SAMPLING  # so this is able to fail
    moves = {name: float(x[0]) for name, x in moves_of(plane, curve).items() if name.startswith("ckm_")}
    expected = one.sigma[i] ** 2 - 1.8 * moves["ckm_A"] * moves["ckm_rhobar"]
    np.testing.assert_allclose(sigma**2, expected, rtol=1e-12)


def moves_of(plane, curve):
    errors = bands.input_errors(plane.sm)
    slopes = bands.sensitivities(plane, plane.treatments[0], curve)
    return {name: slope * errors[name] for name, slope in slopes.items()}


def test_elements_of_lists_may_be_correlated(sm):
    pairs = [Correlation(inputs=["excited_omega_mass[1]", "m_t"], value=0.6, reference="made up")]
    known = known_correlations(pairs)
    errors = bands.input_errors(sm) | {"m_t": np.array(2.0), "excited_omega_mass": np.array([1.0, 3.0])}
    draws = normal_draws(input_values(sm), errors, known, 20000, 3)
    mixed = np.stack([draws["m_t"], draws["excited_omega_mass"][:, 1]])
    np.testing.assert_allclose(np.corrcoef(mixed)[0, 1], 0.6, atol=5 / np.sqrt(20000))
    np.testing.assert_allclose(np.std(mixed, axis=1), [2.0, 3.0], rtol=5 / np.sqrt(40000))
    alone = np.corrcoef(draws["m_t"], draws["excited_omega_mass"][:, 0])[0, 1]
    assert abs(alone) < 5 / np.sqrt(20000)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([(["ckm_A", "ckm_B"], 0.1)], "ckm_B"),
        ([(["ckm_A", "ckm_A"], 0.1)], "every pair of two inputs once"),
        ([(["ckm_A", "m_t"], 0.1), (["m_t", "ckm_A"], 0.2)], "every pair of two inputs once"),
        ([(["m_t", "m_W"], 0.9), (["m_t", "m_Z"], 0.9), (["m_W", "m_Z"], -0.9)], "none can be negative"),
        ([(["m_t", "m_W"], 1.5)], "less than 1"),
    ],
)
def test_impossible_correlations_are_refused(pairs, message):
    given = [{"inputs": names, "value": value, "reference": "none"} for names, value in pairs]
    with pytest.raises(InputError, match=message):
        load_spec(SCAN | {"correlations": given})
