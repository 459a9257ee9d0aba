"""Sign of one-loop emission against the anomalous X W W vertex in d_i -> d_j X: they interfere destructively.

Oracle: explicit products of gamma matrices, summed over four-dimensional loop momenta; no package code. Every
vertex is +i times L = g_X X_mu X_q (q-bar gamma^mu q) + (g_2/sqrt 2) W_mu (u-bar gamma^mu P_L d) + h.c., and
both results are read off as g_Xij of L = g_Xij X_mu (d_j-bar gamma^mu P_L d_i), in units m_W = 1.

The anomalous vertex is that of massless doublets whose W legs are conserved, Eq. (A9) of arXiv:2401.02483,
with -i for its phase (tests/physics/test_appendix_a.py): k_mu of the sum of Feynman diagrams is
-(g_2^2/4) Tr[X T^a T^b]/pi^2 eps^{alpha beta nu rho} q_alpha p_beta, with X incoming, p and q outgoing.
"""

import json

import numpy as np
import pytest

from places import REFERENCE

LOOP = 1e-8  # of loop integrals at vanishing external momentum; measured 1e-10
SLOPE = 1e-4  # of slopes in q^2, extrapolated from two values; next order q^4
G_2, G_X, X_Q = 0.65, 0.4, 1 / 3
A = 1.5  # a quarter of the sum of N_c X over left-handed fermions, for baryon number

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = np.array(
    [np.diag([1, 1, -1, -1]), *(np.block([[np.zeros((2, 2)), s], [-s, np.zeros((2, 2))]]) for s in PAULI)]
)
LOWER = np.diag(METRIC)[:, None, None] * GAMMA
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
LEFT, RIGHT = (np.eye(4) - GAMMA5) / 2, (np.eye(4) + GAMMA5) / 2
EPSILON = np.einsum("aij,bjk,ckl,dlm,mi->abcd", *[GAMMA] * 4, GAMMA5).imag / -4


def slash(a):
    return np.einsum("...m,mij->...ij", a @ METRIC, GAMMA)


def square(a):
    return ((a @ METRIC) * a).sum(-1)


def propagator(l, m):  # noqa: E741
    """Propagator i (lslash + m)/(l^2 - m^2)."""
    return 1j * (slash(l) + m * np.eye(4)) / (square(l) - m * m)[..., None, None]


def loop_points(radial=40, polar=12, azimuth=8):
    """Loop momenta (i l_4, l) over spheres, polar axes along energy and z, and weights of d^4l/(2 pi)^4."""
    t, w = np.polynomial.legendre.leggauss(radial)
    r, w = (1 + t) / (1 - t), w * 2 / (1 - t) ** 2 * ((1 + t) / (1 - t)) ** 3
    chi = np.arange(1, polar + 1) * np.pi / (polar + 1)
    w = np.multiply.outer(w, np.pi / (polar + 1) * np.sin(chi) ** 2)
    c, w_c = np.polynomial.legendre.leggauss(azimuth)
    w = np.multiply.outer(np.multiply.outer(w, w_c), np.full(4, np.pi / 2))
    r, chi, c, phi = np.meshgrid(r, chi, c, np.arange(4) * np.pi / 2, indexing="ij")
    s = np.sin(chi) * np.sqrt(1 - c * c)
    l = r * np.stack([1j * np.cos(chi), s * np.cos(phi), s * np.sin(phi), np.sin(chi) * c])  # noqa: E741
    return l.reshape(4, -1).T, 1j * w.ravel() / (2 * np.pi) ** 4


POINTS, WEIGHTS = loop_points()
W = -1j / (square(POINTS) - 1)  # of a W, without the metric; a Goldstone boson has the other sign


def loop_function(x):
    """f(x) of Eq. (7)."""
    return x * (1 + x * (np.log(x) - 1)) / (1 - x) ** 2


def penguin(x):
    """Inami and Lim's function of the gluon penguin."""
    rational = x * (18 - 11 * x - x**2) / (12 * (1 - x) ** 3)
    return -2 / 3 * np.log(x) + rational + x**2 * (15 - 16 * x + 4 * x**2) * np.log(x) / (6 * (1 - x) ** 4)


def anomalous(x):
    """g_Xij of a quark, m^2 = x m_W^2, and a longitudinal X of small momentum; differences of x converge."""
    k, m_X = np.array([0.3, 0.2, -0.5, 0.7]), 1.3  # k flows in
    # X leaves, with polarisation -k/m_X; Tr[X T^a T^b] of all doublets is A
    vertex = A * G_X * G_2**2 / (4 * np.pi**2 * m_X)
    tensor = vertex * np.einsum("abvr,a,nb->nvr", EPSILON, k @ METRIC, POINTS @ METRIC)  # p = l, q = k - l
    left = LOWER @ LEFT
    line = np.einsum(
        "rij,njk,vkm,nvr->nim", left, propagator(POINTS, np.sqrt(x)), left, tensor, optimize=True
    )
    quarks = (1j * G_2) ** 2 / 2 * np.tensordot(WEIGHTS * W**2, line, 1)  # sum of T^a T^a over charged W: 1/2
    amplitude = 1j * slash(-k / m_X) @ LEFT
    return np.vdot(amplitude, quarks) / np.vdot(amplitude, amplitude)


ALONG, BACK = (slash(np.array([1.0, 0, 0, s])) for s in (1, -1))
SPINORS = ALONG @ GAMMA[1] @ BACK  # u(P) u-bar(P') up to a factor, for vertices that end on P_L


def vertex(x, energy):
    """Integrand of the X vertex between massless left-handed quarks that turn back, at q^2 = -4 energy^2.

    A W and its Goldstone boson in Feynman gauge; over the tree vertex i gamma^mu P_L.
    """
    m, before, after = np.sqrt(x), energy * np.array([1, 0, 0, 1]), energy * np.array([1, 0, 0, -1])
    a, b = (propagator(p - POINTS, m) for p in (after, before))
    middle = a @ (1j * G_X * X_Q * GAMMA[1]) @ b
    scale = (1j * G_2) ** 2 / 2
    w = scale * np.einsum("aij,njk,akm->nim", GAMMA @ LEFT, middle, LOWER @ LEFT, optimize=True)
    w *= W[:, None, None]
    goldstone = scale * x * RIGHT @ middle @ LEFT * -W[:, None, None]
    tree = np.einsum("ij,ji", SPINORS, 1j * GAMMA[1] @ LEFT)
    return np.einsum("nij,ji->n", w + goldstone, SPINORS) / tree


def emitted(x):
    """Slope in q^2 at 0 of that vertex."""
    rest = vertex(x, 0.0)
    slopes = [((vertex(x, e) - rest) @ WEIGHTS) / (-4 * e * e) for e in (0.1, 0.1 / np.sqrt(2))]
    return 2 * slopes[1] - slopes[0]


def test_anomalous_vertex_has_a_positive_sign():
    """g_Xij = +3 A g_X g_2^4/(16 pi^2)^2 f(x)."""
    for x in (0.5, 4.6):
        expected = 3 * A * G_X * G_2**4 / (16 * np.pi**2) ** 2 * loop_function(x)
        found = anomalous(x) - anomalous(0.0)
        assert abs(found / expected - 1) < LOOP
        assert abs(found / -expected - 1) > 1  # the opposite sign


def test_one_loop_emission_has_a_positive_sign():
    """g_Xij = +g_X X_q g_2^2 q^2/(32 pi^2 m_W^2) [E0(x) + 1/9]: CKM unitarity removes the constant."""
    scale = G_X * X_Q * G_2**2 / (32 * np.pi**2)
    for x in (0.5, 4.6):
        found = emitted(x) / scale
        assert abs(found - penguin(x) - 1 / 9) < SLOPE
        assert abs(found + penguin(x) + 1 / 9) > 0.5  # the opposite sign


@pytest.mark.parametrize("transition", ["bs", "bd"])
def test_interference_is_destructive(transition):
    """With |V V*| of charm and top nearly opposite, f grows and E falls with the mass of the quark."""
    data = json.loads((REFERENCE / "ward.json").read_text())["fcnc"]
    parts = data["rounded"][transition]
    alone = abs(complex(*parts["anomalous"]))
    derived, opposite = (np.abs([complex(*g) for g in parts[key]]) / alone for key in ("derived", "opposite"))
    visible = np.array(data["m_X"]) > 0.01
    assert (derived < 1)[visible].all()
    assert (opposite > 1)[visible].all()
    assert loop_function(4.6) > loop_function(1e-3)
    assert penguin(4.6) < penguin(1e-3)
    if transition == "bs":  # 4 GeV: the rate is 0.72 of the anomalous one alone
        np.testing.assert_allclose(derived[data["m_X"].index(4.0)] ** 2, 0.72, atol=0.005)
