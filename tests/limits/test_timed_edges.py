"""One edge of a limit on mass and lifetime in compiled code.  Oracle: `timed_couplings`, by brentq."""

import dataclasses

import jax
import numpy as np
import pytest

import jaxtri
from jaxtri.errors import InputError
from jaxtri.limits.searches import load_searches

SAME = 1e-9  # of g_X: both are roots to rounding, of F that may be flat
CASES = [
    ("na62_2025_kpi_invisible", "matched", (0.05, 0.2)),
    ("lhcb_2017_bplus_kplus_mumu", "printed", (0.3, 0.9, 2.0)),
]
TOP = 1.0  # above, an edge is the end of the couplings, where X is as wide as its mass


def coupling(search, treatment, m_X, branch, sm=None):
    records = sm or jaxtri.load_standard_model(), jaxtri.load_model("b_minus_l")
    treatment = jaxtri.load_treatment(treatment)
    return jaxtri.boundary_coupling(search, *records, treatment, load_searches("2026"), m_X, branch=branch)


def spec(treatment):
    axes = {"m_X": {"values": [0.1, 0.2]}, "g_X": {"values": [1e-5, 1e-4]}}
    searches = {"set": "2026", "only": [name for name, _, _ in CASES]}
    return {"title": "t", "model": "b_minus_l", "treatments": [treatment], "searches": searches, "axes": axes}


@pytest.mark.parametrize(("search", "treatment", "masses"), CASES, ids=[name for name, _, _ in CASES])
def test_edges_are_those_of_the_host(search, treatment, masses):
    count = 0
    for m_X in masses:
        known = jaxtri.excluded_couplings(spec(treatment), m_X)[treatment][search]
        edges = [edge for pair in known for edge in pair if edge < TOP]
        found = [float(coupling(search, treatment, m_X, branch)) for branch in range(len(edges) + 1)]
        np.testing.assert_allclose(found[:-1], edges, rtol=SAME)
        assert np.isnan(found[-1])
        count += len(edges)
    assert count >= len(masses)


def test_derivatives_are_those_of_neighbours():
    search, treatment, masses = CASES[0]
    sm, m_X = jaxtri.load_standard_model(), masses[1]

    def edge(m_t):
        return coupling(search, treatment, m_X, 0, dataclasses.replace(sm, m_t=m_t))

    step = 1e-3
    slope = jax.grad(edge)(sm.m_t)
    expected = (edge(sm.m_t + step) - edge(sm.m_t - step)) / (2 * step)
    np.testing.assert_allclose(slope, expected, rtol=1e-6)
    assert abs(1.01 * slope - expected) > 1e-3 * abs(expected)  # the test can fail


def test_only_so_many_edges_are_counted():
    with pytest.raises(InputError, match="branch = 16: give 0 to 15"):
        coupling(CASES[0][0], "matched", 0.05, 16)


def test_range_of_a_scan_is_that_of_single_masses():
    """The array g_X_range of limits on mass and lifetime: the lowest and highest edge within the axis."""
    wanted = spec("printed") | {"arrays": ["g_X_range", "status"]}
    wanted["axes"] = {
        "m_X": {"values": [0.05, 0.3, 1.0, 2.0]},
        "g_X": {"min": 1e-9, "max": 1e-3, "points": 4, "spacing": "log"},
    }
    found = jaxtri.scan(wanted)["printed"]["g_X_range"]
    below = 0
    for i, m_X in enumerate(wanted["axes"]["m_X"]["values"]):
        known = [p for some in jaxtri.excluded_couplings(wanted, m_X)["printed"].values() for p in some]
        inside = [(max(low, 1e-9), min(high, 1e-3)) for low, high in known if low < 1e-3 and high > 1e-9]
        np.testing.assert_allclose(found[0, i], min(low for low, _ in inside), rtol=SAME)
        np.testing.assert_allclose(found[1, i], max(high for _, high in inside), rtol=SAME)
        below += found[1, i] < 1e-3
    assert below  # at one of them less than the whole axis is excluded from above
