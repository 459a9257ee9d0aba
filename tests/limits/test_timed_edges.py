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
