"""Appendix A of arXiv:2401.02483, Eqs. (A1)-(A9), read from top to bottom with explicit numbers.

Oracle: gamma matrices, their traces, and loop integrals over four real dimensions; no code of the package.

The fermion line of a triangle is mu <- S(l-q) <- rho <- S(l) <- nu <- S(l+p) <- mu with
S(l) = (lslash + m)/(l^2 - m^2): X brings k = p + q in at mu, p leaves at nu (photon, or B) and q at rho (Z,
or B). The loop energy is turned, l = (i l_4, l_1, l_2, l_3), which is allowed below threshold, and the
integral is over spheres about the origin. A linearly divergent integral then has a value, which depends on
the routing of momenta: that is (A3). What belongs to a complete theory is a sum of triangles that does not.

Signs: gamma5 = i gamma^0 gamma^1 gamma^2 gamma^3 and
Tr[gamma^mu gamma^nu gamma^rho gamma^sigma gamma5] = -4i eps^{mu nu rho sigma}, which is what (A4) uses.

What the print has otherwise: under (A1) the labels g_V and g_A are exchanged; (A2) has (l+q)^2 for (l-q)^2
and no integral; (A4) has -2 pi^2 where the rotated integral has 2 pi^2 i, so that (A4)-(A9) are i times (A1);
(A5) has + for - between the two triangles, unlike (A6). (A8) and (A9) follow, but from conserved hypercharge
legs: if X is the vector leg it is conserved at every mass, and the mass term stands on the axial leg.
"""

import functools
import itertools

import numpy as np
import pytest

import jaxtri

TRACE = 1e-12  # of a trace of at most eight matrices: rounding
LOOP = 1e-7  # of a loop integral with 10^4 to 10^5 nodes, of order 1; measured 1e-9, shifted 1e-8
FEYNMAN = 1e-12  # of 48 x 48 Gauss-Legendre nodes below threshold; measured below 1e-13
MISS = 0.03  # relative; what must miss is off by more

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = np.array(
    [np.diag([1, 1, -1, -1]), *(np.block([[np.zeros((2, 2)), s], [-s, np.zeros((2, 2))]]) for s in PAULI)]
)
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
ONE = np.eye(4)
BASIS = np.concatenate([np.diag(METRIC)[:, None, None] * GAMMA, ONE[None]])  # lower index
LEFT, RIGHT = (ONE - GAMMA5) / 2, (ONE + GAMMA5) / 2
EPSILON = np.zeros((4, 4, 4, 4))
for order in itertools.permutations(range(4)):
    EPSILON[order] = np.linalg.det(ONE[list(order)])

PRINTED_PHASE = 1j  # (A4)-(A9) over the right-hand side of (A1)
N = 1 / np.pi**2  # normalisation of (A8) without couplings


# ---- vectors, propagators, loop momenta ------------------------------------------------------------------


def dot(a, b):
    return ((a @ METRIC) * b).sum(-1)


def slash(a):
    return np.einsum("...m,mij->...ij", a @ METRIC, GAMMA)


def propagator(l, m):  # noqa: E741
    """S(l) without its i."""
    return (slash(l) + m * ONE) / (dot(l, l) - m * m)[..., None, None]


def components(l, m):  # noqa: E741
    """Components of S(l) along gamma_0 ... gamma_3 and 1."""
    return np.vstack([l.T, np.full(len(l), m)]) * (1 / (dot(l, l) - m * m))


def contract(vector, tensor, leg):
    """Tensor with a lower-index vector on one of its legs 0 (X), 1 (nu), 2 (rho)."""
    return np.tensordot(vector @ METRIC, tensor, (0, leg))


def epsilon(a, b):
    """eps^{alpha beta . .} a_alpha b_beta."""
    return contract(b, contract(a, EPSILON, 0), 0)


def coefficient(tensor, structure):
    """How many times a structure a tensor is, and how much of the tensor is something else."""
    c = np.vdot(structure, tensor) / np.vdot(structure, structure)
    return c, abs(tensor - c * structure).max() / abs(structure).max()


def loop_points(frame, scale, radial=32, polar=12, azimuth=10):
    """Loop momenta and the weights of int d^4l/(2 pi)^4 over spheres.

    The first two columns of the frame span the external momenta. About them numerators are polynomials of
    degree 3, which four angles integrate exactly; the other angles and the radius have Gauss nodes.
    """
    t, w = np.polynomial.legendre.leggauss(radial)
    r = scale * (1 + t) / (1 - t)
    w = w * 2 * scale / (1 - t) ** 2 * r**3
    chi = np.arange(1, polar + 1) * np.pi / (polar + 1)
    w = np.multiply.outer(w, np.pi / (polar + 1) * np.sin(chi) ** 2)
    c, w_c = np.polynomial.legendre.leggauss(azimuth)
    w = np.multiply.outer(np.multiply.outer(w, w_c), np.full(4, np.pi / 2))
    r, chi, c, phi = np.meshgrid(r, chi, c, np.arange(4) * np.pi / 2, indexing="ij")
    s = np.sin(chi) * np.sqrt(1 - c * c)
    components = r * np.stack([np.cos(chi), np.sin(chi) * c, s * np.cos(phi), s * np.sin(phi)])
    return components.reshape(4, -1).T @ frame.T, 1j * w.ravel() / (2 * np.pi) ** 4  # d^4l = i dl_1 ... dl_4


def traces(vertices):
    """Tr[V0 B V2 B V1 B] as a tensor of the legs 0, 1, 2, for B each of gamma_0 ... gamma_3 and 1."""
    v0, v1, v2 = vertices
    halves = (np.einsum("mij,ajk->maik", v, BASIS) for v in (v0, v2, v1))
    return np.einsum("maij,rbjk,vcki->mvrabc", *halves, optimize=True)


def line(vertices, offsets, m, points, weights):
    """Integral d^4l/(2 pi)^4 of Tr[V0 S(l + o0) V2 S(l + o1) V1 S(l + o2)], a tensor of the legs 0, 1, 2."""
    a, b, c = (components(points + o, m) for o in offsets)
    ab = (a[:, None] * b).reshape(25, -1)
    moments = (ab @ (c * weights).T).reshape(5, 5, 5)
    return np.tensordot(traces(vertices), moments, 3)


def uncrossed(vertices, m, p, q, points, weights, shift=0.0):
    """First trace of (A1)."""
    return line(vertices, (shift - q, shift + 0 * q, shift + p), m, points, weights)


def crossed(vertices, m, p, q, points, weights, shift=0.0):
    """Second trace of (A1): nu and p exchanged with rho and q."""
    v0, v1, v2 = vertices
    return uncrossed((v0, v2, v1), m, q, p, points, weights, shift).transpose(0, 2, 1)


def vertices(axial):
    """Vertices gamma on three legs, gamma gamma5 on the axial one."""
    return [GAMMA @ GAMMA5 if leg == axial else GAMMA for leg in range(3)]


def feynman(function, nodes=48):
    """int_0^1 dx int_0^{1-x} dz of a function that is smooth there."""
    t, w = np.polynomial.legendre.leggauss(nodes)
    x, w = (1 + t[:, None]) / 2, np.multiply.outer(w, w) / 4
    z = (1 - x) * (1 + t) / 2
    return (w * (1 - x) * function(x, z)).sum()


def i00(p2, q2, k2, m):
    """(A7), as it stands, below threshold."""
    return feynman(lambda x, z: 1 / (m**2 - z * (1 - z) * p2 - x * (1 - x) * q2 - x * z * (k2 - p2 - q2)))


def form_factor(a, v, m):
    """J(a, v; m): a = (axial leg)^2, v = (vector leg)^2, the third leg a photon; below threshold."""
    return feynman(lambda x, z: x * (1 - x - z) / (m**2 - x * (1 - x) * v - x * z * (a - v)))


# ---- two sets of momenta ---------------------------------------------------------------------------------


class Spacelike:
    """Random momenta p and q with p^2, q^2, k^2 < 0, where no fermion mass is at threshold."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        rotated = np.diag([1j, 1, 1, 1])
        p, q, *others = rng.normal(size=(4, 4)) * 0.5
        frame, _ = np.linalg.qr(np.column_stack([p, q, *others]))
        self.p, self.q = rotated @ p, rotated @ q
        self.k = self.p + self.q
        self.m, self.M = rng.uniform(0.7, 1.2), rng.uniform(1.5, 2.5)
        self.u, self.v = rng.uniform(-0.5, 0.5, size=2)
        self.grid = loop_points(rotated @ frame, 1.5, radial=40, polar=16, azimuth=12)
        self.samples = rng.normal(size=(20, 4)) @ rotated  # of the loop momentum

    def i00(self, m):
        """(A7) at these momenta."""
        return i00(*(dot(x, x).real for x in (self.p, self.q, self.k)), m)

    @functools.cache  # noqa: B019 (one object for each seed, as long as the tests run)
    def triangle(self, axial, m, shift=0.0):
        """Both traces of (A1), i.e. of (A2), for one place of gamma5; l -> l + a with a = shift (q - p)."""
        a = shift * (self.q - self.p)
        arguments = vertices(axial), m, self.p, self.q, *self.grid
        return uncrossed(*arguments, a) + crossed(*arguments, -a)

    def divergence(self, tensor, leg):
        """How many times N eps^{alpha beta . .} q_alpha p_beta the divergence of a leg is."""
        vector = (self.k, self.p, self.q)[leg]
        c, rest = coefficient(contract(vector, tensor, leg), epsilon(self.q, self.p))
        assert rest < LOOP
        return c / N


spacelike = functools.cache(Spacelike)


@pytest.fixture(params=[1, 2])
def at(request):
    return spacelike(request.param)


class OnShell:
    """Z -> X gamma at rest, m_Z = 1: the photon leaves at nu, Z enters at rho and X leaves at mu."""

    m_Z, m_X, m, M = 1.0, 0.4, 0.8, 1.7  # the fermion's m and the anomalon's M exceed m_Z/2

    def __init__(self):
        energy = (self.m_Z**2 - self.m_X**2) / (2 * self.m_Z)
        self.p, self.q = np.array([energy, 0, 0, energy]), np.array([-self.m_Z, 0, 0, 0])
        self.k = self.p + self.q
        self.grid = loop_points(np.diag([1j, 1, 1, 1])[:, [0, 3, 1, 2]], 1.2, radial=40, polar=16)
        photon, x_spin, z_spin = np.array([[0, 1, 1j, 0], [0, 1, -1j, 0], [0, 1, -1j, 0]]) / np.sqrt(2)
        x_long = np.array([energy, 0, 0, self.k[0]]) / self.m_X  # orthogonal to k, of norm -1
        self.polarisations = {
            "longitudinal X": (x_long, photon, z_spin),
            "transverse X": (x_spin, photon, np.array([0, 0, 0, 1])),
        }

    @functools.cache  # noqa: B019
    def triangle(self, axial, m, tilt=0.0):
        """Both traces of (A1); energies l_0 + o stay below m, so that the loop energy can be turned."""
        centre = np.array([-self.m_Z / 2, 0, 0, tilt])
        arguments = vertices(axial), m, self.p, self.q, *self.grid
        return uncrossed(*arguments, centre) + crossed(*arguments, -centre)

    def amplitude(self, tensor, polarisation):
        """A tensor over eps^{alpha mu nu rho} p_alpha, between polarisations: X^mu Z^rho Fdual_{mu rho}."""
        x, photon, z = self.polarisations[polarisation]

        def between(t):
            return contract(z, contract(photon, contract(x, t, 0), 0), 0)

        return between(tensor) / between(contract(self.p, EPSILON, 0))

    def i00(self, m):
        """(A7) at these momenta."""
        return i00(0.0, self.m_Z**2, self.m_X**2, m)


on_shell = functools.cache(OnShell)


# ---- (A1), (A2): what is contracted ----------------------------------------------------------------------


def test_a_trace_gives_epsilon_its_sign():
    trace = np.einsum("aij,bjk,ckl,dlm,mi->abcd", *[GAMMA] * 4, GAMMA5)
    np.testing.assert_allclose(trace, -4j * EPSILON, atol=TRACE)
    clifford = np.einsum("aij,bjk->abik", GAMMA, GAMMA)
    np.testing.assert_allclose(
        clifford + clifford.swapaxes(0, 1), 2 * METRIC[:, :, None, None] * ONE, atol=TRACE
    )
    assert abs(trace - 4j * EPSILON).max() > MISS  # the other sign


def test_labels_under_a1_are_exchanged():
    left, right = 0.7, -1.9  # Y_L and Y_R times g_1
    g_V, g_A = (right + left) / 2, (right - left) / 2
    chiral = GAMMA @ (left * LEFT + right * RIGHT)
    np.testing.assert_allclose(g_V * GAMMA + g_A * GAMMA @ GAMMA5, chiral, atol=TRACE)
    assert (
        abs(g_A * GAMMA + g_V * GAMMA @ GAMMA5 - chiral).max() > MISS
    )  # as printed; the product is the same


def test_divergence_is_a_difference_of_two_point_traces(at):
    """(A1) with its vertices and factors of i, contracted with k, is the integrand of (A2), with (l-q)^2."""
    p, q, m, g_X, g_V, g_A, slips = at.p, at.q, at.m, 0.3, 0.7, -0.4, []
    b = 1j * (g_V * GAMMA + g_A * GAMMA @ GAMMA5)
    for l in at.samples:  # noqa: E741
        before, middle, after = (propagator(x, m) for x in (l - q, l, l + p))
        a1, axial = -1j * g_X * slash(at.k) @ (1j * before), GAMMA @ GAMMA5
        a1 = np.einsum("ij,rjk,kl,nlm,mi->nr", a1, b, 1j * middle, b, 1j * after)
        rows = ((GAMMA, axial), (axial, GAMMA))
        first = [np.einsum("rij,jk,nkl,li->nr", r, middle, n, after) for r, n in rows]
        second = [np.einsum("ij,rjk,kl,nli->nr", before, r, middle, n) for r, n in rows]
        expected = g_X * g_V * g_A * sum(y - x for x, y in zip(first, second, strict=True))
        # (A2) has the terms with one gamma5: what changes sign with g_A
        b_other = 1j * (g_V * GAMMA - g_A * GAMMA @ GAMMA5)
        other = -1j * g_X * slash(at.k) @ (1j * before)
        other = np.einsum("ij,rjk,kl,nlm,mi->nr", other, b_other, 1j * middle, b_other, 1j * after)
        np.testing.assert_allclose((a1 - other) / 2, expected, rtol=0, atol=TRACE * abs(a1).max())
        printed = (dot(l - q, l - q) - m * m) / (dot(l + q, l + q) - m * m)  # in place of 1
        printed = g_X * g_V * g_A * sum(y * printed - x for x, y in zip(first, second, strict=True))
        slips.append(abs(printed - expected).max() / abs(expected).max())
    assert np.median(slips) > MISS


# ---- (A3)-(A6): the surface term -------------------------------------------------------------------------


def test_average_over_directions():
    """In (A4): l_s Tr[gamma^mu l gamma^rho l gamma^nu gamma5 l] averages to i l^4 eps_s^{rho nu mu}."""
    points, weights = loop_points(np.diag([1j, 1, 1, 1]), 1.0, radial=1)
    s = slash(points)
    trace = np.einsum("mij,njk,rkl,nlp,vpq,nqi->nmvr", GAMMA, s, GAMMA, s, GAMMA @ GAMMA5, s, optimize=True)
    average = np.tensordot((weights / weights.sum())[:, None] * points @ METRIC, trace, (0, 0))
    printed = 1j * np.einsum("ta,arvm->tmvr", METRIC, EPSILON) * dot(points[0], points[0]) ** 2
    np.testing.assert_allclose(average, printed, rtol=0, atol=TRACE * abs(printed).max())
    assert abs(average + printed).max() > MISS * abs(printed).max()


def test_shift_of_one_triangle(at):
    """(A4): M(a) - M(0) = a^tau/(2 pi)^4 (-2 pi^2) i eps^{alpha rho nu mu} g_{tau alpha} at every mass."""
    a = at.u * at.q + at.v * at.p
    printed = -2 * np.pi**2 / (2 * np.pi) ** 4 * 1j * contract(a, EPSILON, 0).transpose(2, 1, 0)
    for m, axial in ((at.m, 1), (at.M, 2)):
        arguments = vertices(axial), m, at.p, at.q, *at.grid
        found = PRINTED_PHASE * (uncrossed(*arguments, a) - uncrossed(*arguments))
        np.testing.assert_allclose(found, printed, rtol=0, atol=LOOP * abs(printed).max())
        assert abs(found + printed).max() > MISS * abs(printed).max()  # -a


def test_shift_of_both_triangles(at):
    """(A5) with - between its brackets, and (A6): u q + v p in one triangle, u p + v q in the crossed one."""
    a, b = at.u * at.q + at.v * at.p, at.u * at.p + at.v * at.q
    found = 0.0
    for axial in (1, 2):
        arguments = vertices(axial), at.m, at.p, at.q, *at.grid
        found = found + uncrossed(*arguments, a) + crossed(*arguments, b) - at.triangle(axial, at.m)
    found = PRINTED_PHASE * found
    minus, plus = (1j / (4 * np.pi**2) * contract(a + sign * b, EPSILON, 0) for sign in (-1, 1))
    np.testing.assert_allclose(found, minus, rtol=0, atol=LOOP * abs(minus).max())
    assert abs(found - plus).max() > MISS * abs(minus).max()  # (A5) as printed
    a6 = 1j * (at.u - at.v) / (4 * np.pi**2) * contract(at.k, contract(at.q - at.p, EPSILON, 0), 0)
    np.testing.assert_allclose(contract(at.k, found, 0), a6, rtol=0, atol=LOOP * abs(a6).max())
    np.testing.assert_allclose(contract(at.k, plus, 0), 0, atol=TRACE)  # as printed it has no divergence


def test_only_the_shift_gives_x_a_divergence(at):
    """(A6) holds all of k_mu M: with gamma5 on either B leg, and a = 0, X is conserved at every mass."""
    for m, axial in itertools.product((at.m, at.M), (1, 2)):
        assert abs(at.divergence(at.triangle(axial, m), 0)) < LOOP
    assert abs(at.divergence(at.triangle(0, at.m), 0)) > MISS  # an axial X is not


# ---- (A7)-(A9) -------------------------------------------------------------------------------------------


def both(at, m, u_hat):
    """M without couplings for gamma5 on either B leg, l shifted by u q + v p with u = -v = u_hat/2."""
    return PRINTED_PHASE * (at.triangle(1, m, u_hat / 2) + at.triangle(2, m, u_hat / 2))


def test_hypercharge_legs_fix_the_shift(at):
    """(A7): both B legs are conserved at u_hat = 2 - 4 m^2 I00, and at no other shift."""
    mass_term = 2 * at.m**2 * at.i00(at.m)
    for leg in (1, 2):
        assert abs(at.divergence(both(at, at.m, 2 - 2 * mass_term), leg)) < LOOP
        for other in (0.0, 2.0, 2 - mass_term):  # no shift, the massless one, half the mass term
            assert abs(at.divergence(both(at, at.m, other), leg)) > MISS


def test_a8(at):
    """k_mu M = (i/pi^2) [1 - 2 m^2 I00] eps^{alpha beta nu rho} q_alpha p_beta, if B legs are conserved."""
    factor = 1 - 2 * at.m**2 * at.i00(at.m)
    found = at.divergence(both(at, at.m, 2 * factor), 0)
    assert abs(found - 1j * factor) < LOOP
    for slip in (-1j * factor, 1j * (2 - factor), 1j * factor / 2):  # eps^{..} p q, 1 + 2 m^2 I00, one B leg
        assert abs(found - slip) > MISS


def test_a9(at):
    """The same for a left-handed doublet with one mass: -g_2^2/4 Tr[X T^a T^b] in place of g_V g_A."""
    isospin, charge, g_2 = PAULI / 2, 0.4, 0.65
    factor = 1 - 2 * at.m**2 * at.i00(at.m)
    a = factor * (at.q - at.p)
    w = [GAMMA, g_2 * GAMMA @ LEFT, g_2 * GAMMA @ LEFT]
    arguments = w, at.m, at.p, at.q, *at.grid
    lines = uncrossed(*arguments, a), crossed(*arguments, -a)
    for i, j in ((0, 0), (2, 2), (0, 1)):  # T^a at nu, T^b at rho; X is the same for both members
        traces = [charge * np.trace(x) for x in (isospin[j] @ isospin[i], isospin[i] @ isospin[j])]
        total = PRINTED_PHASE * sum(t * x for t, x in zip(traces, lines, strict=True))
        found = coefficient(contract(at.k, total, 0), epsilon(at.q, at.p))[0] / N
        printed = -1j / 4 * g_2**2 * charge * np.trace(isospin[i] @ isospin[j]) * factor
        if i == j:
            assert abs(found / printed - 1) < LOOP
            assert abs(found / -printed - 1) > MISS  # the sign of g_V g_A
        else:
            assert abs(found) < LOOP


# ---- where the mass term stands --------------------------------------------------------------------------

# Divergences of a massless triangle at a = 0 over N eps^{alpha beta . .} q_alpha p_beta, wherever gamma5 is
ROUTING = np.array([0.0, 0.25, -0.25])
AXIAL_SIGN = np.array(
    [-1.0, -1.0, 1.0]
)  # of the mass term of each leg in these units: k flows in, p and q out


@pytest.mark.parametrize("axial", [0, 1, 2])
def test_mass_term_stands_on_the_axial_leg(at, axial):
    """Of nine divergences three have a term -m^2 I00/pi^2, on the leg with gamma5; no other depends on m."""
    for m, leg in itertools.product((at.m, at.M), range(3)):
        mass_term = AXIAL_SIGN[leg] * m**2 * at.i00(m) * (leg == axial)
        found = at.divergence(at.triangle(axial, m), leg)
        assert abs(found - ROUTING[leg] - mass_term) < LOOP
        if leg == axial:
            assert abs(found - ROUTING[leg] + mass_term) > MISS  # wrong sign
        elif leg == 0:
            assert abs(found - AXIAL_SIGN[0] * m**2 * at.i00(m)) > MISS  # the mass term on the X leg, Eq. (1)


@pytest.mark.parametrize("shift", [0.0, 0.4, -0.5])
def test_vector_like_current_is_conserved_for_any_routing(at, shift):
    """Two fermions, m and M, with opposite anomalies: X and the photon are conserved, Z at rho is not."""
    total = at.triangle(2, at.m, shift) - at.triangle(2, at.M, shift)
    enhanced = at.m**2 * at.i00(at.m) - at.M**2 * at.i00(at.M)
    assert abs(at.divergence(total, 0)) < LOOP
    assert abs(at.divergence(total, 1)) < LOOP
    assert abs(at.divergence(total, 2) - AXIAL_SIGN[2] * enhanced) < LOOP
    assert abs(enhanced) > MISS  # what Eq. (1) would give X
    for leg in (0, 1):  # two routings: each triangle is finite, but no longer conserves both
        assert abs(at.divergence(at.triangle(2, at.m, shift) - at.triangle(2, at.M, shift + 0.5), leg)) > MISS


# ---- Z -> X gamma with anomalons -------------------------------------------------------------------------


def test_massless_integrands_are_identical(at):
    """Gamma5 moves along a massless line: the sum over T[VVA; m] - T[AVV; M] converges for any routing."""
    for m, same in ((0.0, True), (at.m, False)):
        a, b, c = (propagator(at.samples + o, m) for o in (-at.q, 0 * at.q, at.p))
        traces = [
            np.einsum("mij,njk,rkl,nls,vst,nti->nmvr", v0, a, v2, b, v1, c, optimize=True)
            for v0, v1, v2 in (vertices(2), vertices(0))
        ]
        difference = abs(traces[0] - traces[1]).max() / abs(traces[0]).max()
        assert difference < TRACE if same else difference > MISS


@pytest.mark.parametrize("polarisation", ["longitudinal X", "transverse X"])
@pytest.mark.parametrize("tilt", [0.0, 0.3])
def test_interference(polarisation, tilt):
    """On shell there is one structure, times 1 + 2 m_X^2 J(m_Z^2, m_X^2; m) + 2 m_Z^2 J(m_X^2, m_Z^2; M).

    T[VVA; m] is a fermion of the Standard Model of weight 1: X vector, Z axial; -T[AVV; M] is the anomalon of
    weight -1: X axial, Z vector.
    """
    z = on_shell()
    found = z.amplitude(z.triangle(2, z.m, tilt) - z.triangle(0, z.M, tilt), polarisation) / (-N / 2)
    fermion = 2 * z.m_X**2 * form_factor(z.m_Z**2, z.m_X**2, z.m)
    anomalon = 2 * z.m_Z**2 * form_factor(z.m_X**2, z.m_Z**2, z.M)
    assert abs(found - (1 + fermion + anomalon)) < LOOP
    exchanged = 2 * z.m_X**2 * form_factor(z.m_X**2, z.m_Z**2, z.m)
    for slip in (1 - fermion + anomalon, 1 + fermion - anomalon, 1 + anomalon, fermion - anomalon - 1):
        assert abs(found - slip) > MISS / 3
    assert abs(found - (1 + exchanged + anomalon)) > 100 * LOOP  # the legs of J exchanged


@pytest.mark.parametrize("polarisation", ["longitudinal X", "transverse X"])
def test_conserved_current_on_shell(polarisation):
    """Without anomalons 2 m_X^2 [J(m) - J(M)] is left, suppressed by m_X^2 where Eq. (5) has 1/m_X."""
    z = on_shell()
    found = z.amplitude(z.triangle(2, z.m) - z.triangle(2, z.M), polarisation) / (-N / 2)
    j, other = (form_factor(z.m_Z**2, z.m_X**2, m) for m in (z.m, z.M))
    assert abs(found - 2 * z.m_X**2 * (j - other)) < LOOP
    enhanced = -2 * (z.m**2 * z.i00(z.m) - z.M**2 * z.i00(z.M))
    assert abs(found - enhanced) > MISS


def test_legs_of_the_complete_theory():
    """T[VVA; m] - T[AVV; M]: the photon is conserved, Z up to m^2 I00(m); X has N/2 times its own sum."""
    z = on_shell()
    total = z.triangle(2, z.m) - z.triangle(0, z.M)
    structure = epsilon(z.q, z.p)
    k, p, q = (
        coefficient(contract(x, total, i), structure)[0] / (N / 2) for i, x in enumerate((z.k, z.p, z.q))
    )
    assert abs(p) < LOOP
    massive = 2 * z.m**2 * z.i00(z.m)
    assert abs(q - massive) < LOOP  # the fermion's mass; its Goldstone boson takes it up
    assert abs(q - massive + 2 * z.M**2 * z.i00(z.M)) > MISS  # not the anomalon's: Z is its vector leg
    bracket = 1 - (1 - 2 * z.M**2 * z.i00(z.M))  # weight of the fermion, whole; weight -1 of the anomalon
    assert abs(k - bracket) < LOOP
    decoupled = (1 - 2 * z.m**2 * z.i00(z.m)) - (1 - 2 * z.M**2 * z.i00(z.M))  # Eq. (1) for both
    assert abs(k - decoupled) > MISS


@pytest.mark.parametrize("M", [1.5, 2.0])
def test_z_leg_of_the_complete_massless_theory(at, M):
    """p_rho M = 0 as the fermion's mass goes to 0, for any anomalon, and p_nu M = 0 at any mass."""
    slopes = []
    for m in (0.8, 0.6):
        total = at.triangle(2, m, 0.4) - at.triangle(0, M, 0.4)
        assert abs(at.divergence(total, 1)) < LOOP
        residue = at.divergence(total, 2)
        slopes.append(residue / (m**2 * at.i00(m)))
    np.testing.assert_allclose(slopes, AXIAL_SIGN[2], rtol=LOOP)  # all of it is m^2 I00(m)
    heavy, *light = (m**2 * at.i00(m) for m in (0.6, 0.1, 0.05))
    assert heavy > 5 * light[0] > 5 * light[1]
    anomalon_alone = at.divergence(at.triangle(2, 0.8, 0.4), 2)
    assert abs(anomalon_alone - 0.8**2 * at.i00(0.8)) > MISS  # one triangle has a routing


def test_width():
    """|c eps^{alpha mu nu rho} p_alpha|^2 summed: Gamma = |c|^2 k^3 (m_X^2 + m_Z^2)/(12 pi m_Z^2 m_X^2)."""
    z = on_shell()
    tensor = contract(z.p, EPSILON, 0)
    sums = []
    for p, m2 in ((z.k, z.m_X**2), (z.q, z.m_Z**2)):
        sums.append(-METRIC + np.outer(METRIC @ p, METRIC @ p) / m2)
    squared = np.einsum("mvr,abc,ma,vb,rc->", tensor, tensor, sums[0], -METRIC, sums[1])
    k = z.p[0]
    width = squared / 3 * k / (8 * np.pi * z.m_Z**2)
    expected = k**3 * (z.m_X**2 + z.m_Z**2) / (12 * np.pi * z.m_Z**2 * z.m_X**2)
    np.testing.assert_allclose(width, expected, rtol=TRACE)
    longitudinal = k**3 / (12 * np.pi * z.m_X**2)  # the longitudinal X alone
    assert abs(width / longitudinal - 1) > MISS


# ---- I00 -------------------------------------------------------------------------------------------------


def photon_leg(p2, k2, m):
    """(A7) at q^2 = 0 with the -i0 that its denominator needs: 2 [g(k^2) - g(p^2)]/(k^2 - p^2)."""

    def g(s):
        return np.arcsin(np.sqrt(complex(s) / (4 * m * m) + (1e-300j if s > 0 else 0))) ** 2

    return 2 * (g(k2) - g(p2)) / (k2 - p2)


@pytest.mark.parametrize(("p2", "k2", "m"), [(1.0, 0.16, 0.8), (1.0, -2.0, 1.7), (-3.0, -0.2, 0.5)])
def test_i00_at_a_photon_leg(p2, k2, m):
    np.testing.assert_allclose(i00(p2, 0.0, k2, m), photon_leg(p2, k2, m).real, rtol=FEYNMAN)
    np.testing.assert_allclose(
        float(jaxtri.triangle_integral(p2, 0.0, k2, m).real), i00(p2, 0.0, k2, m), rtol=FEYNMAN
    )
    assert abs(i00(p2, 0.0, 2 * p2 - k2, m) / i00(p2, 0.0, k2, m) - 1) > MISS  # p.q with the other sign


def test_limits_of_the_mass_term():
    """2 m^2 I00 -> 1 for a heavy fermion; -> 0 for a light one although q^2 = 0 is never above m^2."""
    z = on_shell()
    heavy = 2 * 50.0**2 * z.i00(50.0)
    assert abs(heavy - 1 - (z.m_Z**2 + z.m_X**2) / (12 * 50.0**2)) < 1e-7  # next order: (m_Z/M)^4/90
    assert abs(heavy - 1) > 1e-5  # without the correction
    sizes = [abs(2 * m * m * photon_leg(z.m_Z**2, z.m_X**2, m)) for m in (0.3, 1e-2, 1e-3)]
    assert sizes[0] > MISS
    assert sizes[1] < 0.02
    assert sizes[2] < 1e-3
