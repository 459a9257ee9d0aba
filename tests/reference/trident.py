"""Neutrino tridents nu_mu Fe -> nu_mu mu+ mu- Fe of a vector exchange, by two independent methods.

An X that couples to muons and muon neutrinos adds to the vector coupling of the contact interaction

    L = -(G_F/sqrt2) [nubar g^a (1 - g5) nu] [mubar g_a (C_V - C_A g5) mu],
    C_V = 1/2 + 2 s_w^2 + v^2 g^2 x_mu x_nu / (K^2 + m_X^2),   C_A = 1/2,   v^2 = 1/(sqrt2 G_F),

K^2 the squared momentum that the neutrino loses.  So three means over the events of a vector interaction say
everything, whatever the charges: <1/(K^2 + m^2)>, <1/(K^2 + m^2)^2>, and the ratio of the axial to the vector
cross section.  V and A do not interfere, because the photon and the vector make a pair of charge parity +,
the photon and the axial vector one of charge parity -.

Photons of the nucleus are real, with the flux dn = dw/w (2 Z^2 alpha/pi) int_{q > w} dq/q F(q)^2, as in
arXiv:1406.2332; Helm's form factor of iron.  Neutrinos have 160 GeV.

"quadrature": deep inelastic scattering off a photon.  The vector structure functions are those of
gamma* gamma -> mu+ mu- with massive muons, the axial ones come from traces of 4 x 4 matrices.
"monte_carlo": |M|^2 of nu gamma -> nu mu+ mu- itself, all spinors as matrices, over three-body phase space.
"massless": nu gamma at high energy, sigma -> C^2 G^2 alpha s / 9 pi^2 [ln(s/m^2) + constant], by mpmath.

``python trident.py`` writes trident.json, ``python trident.py FILE`` also the table of the package.
"""

import json
import sys
from pathlib import Path

import mpmath
import numpy as np

M, ALPHA = 0.1056583755, 7.2973525643e-3
ENERGY = 160.0  # GeV
NUCLEONS = 55.845
HBARC = 0.1973269804
S_MIN, S_MAX = 4 * M**2, 480.0  # GeV^2; above, the form factor leaves nothing
MASSES = np.geomspace(1e-6, 1e3, 91)
CHECKED = [1e-3, 1e-2, 0.1, 1.0, 10.0]
EVENTS, BATCH, SEED = 800_000, 50_000, 7

METRIC = np.diag([1.0, -1, -1, -1])
PAULI = [np.array(p, complex) for p in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
ZERO, TWO, ONE = np.zeros((2, 2)), np.eye(2), np.eye(4)
GAMMA = np.array([np.block([[TWO, ZERO], [ZERO, -TWO]]), *(np.block([[ZERO, p], [-p, ZERO]]) for p in PAULI)])
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]


def gauss(order, low, high):
    x, w = np.polynomial.legendre.leggauss(order)
    return low + (high - low) * (x + 1) / 2, w * (high - low) / 2


def slash(p):
    return np.einsum("...m,mab->...ab", p @ METRIC, GAMMA)


def bar(matrix):
    return GAMMA[0] @ np.conj(np.swapaxes(matrix, -1, -2)) @ GAMMA[0]


def dot(a, b):
    return np.einsum("...m,mn,...n->...", a, METRIC, b)


def form_factor(q):
    """Helm: skin 0.9 fm, radius of Lewin and Smith."""
    c = 1.23 * NUCLEONS ** (1 / 3) - 0.60
    R = np.sqrt(c**2 + 7 / 3 * np.pi**2 * 0.52**2 - 5 * 0.9**2) / HBARC
    z = q * R
    return 3 * (np.sin(z) - z * np.cos(z)) / z**3 * np.exp(-((q * 0.9 / HBARC) ** 2) / 2)


def flux():
    """Nodes in ln s, and int dq/q 2 F^2 from s / 2E on; constants drop out."""
    log_s = np.linspace(np.log(S_MIN), np.log(S_MAX), 1500)
    log_q = np.linspace(np.log(S_MIN / (2 * ENERGY)) - 1e-3, np.log(2.0), 20_000)
    f = 2 * form_factor(np.exp(log_q)) ** 2
    steps = np.concatenate([[0.0], np.cumsum((f[1:] + f[:-1]) / 2 * np.diff(log_q))])
    return log_s, np.interp(np.exp(log_s) / (2 * ENERGY), np.exp(log_q), steps[-1] - steps)


def vector_functions(x, K2):
    """F2 and FL of gamma* gamma -> mu+ mu-, over alpha / pi."""
    b = np.sqrt(np.maximum(1 - 4 * M**2 * x / (K2 * (1 - x)), 0))
    log, r = np.log((1 + b) / (1 - b)), M**2 / K2
    F2 = (x**2 + (1 - x) ** 2 + 4 * x * (1 - 3 * x) * r - 8 * x**2 * r**2) * log
    F2 = x * (F2 + b * (8 * x * (1 - x) - 1 - 4 * x * (1 - x) * r))
    return F2, 4 * x**2 * (b * (1 - x) - 2 * x * r * log)


def by_traces(W2, K2, axial, order=48):
    """F2 and FL over alpha / pi from traces: one current of momentum k, k^2 = -K2, one real photon."""
    W, b = np.sqrt(W2), np.sqrt(1 - 4 * M**2 / W2)
    w = (W2 + K2) / (2 * W)
    p, k = np.array([w, 0, 0, w]), np.array([W - w, 0, 0, -w])
    u, weight = gauss(order, -np.arctanh(b), np.arctanh(b))
    c = np.clip(np.tanh(u) / b, -1, 1)
    weight = weight * (1 - np.tanh(u) ** 2) / b
    s, E, P = np.sqrt(1 - c**2), np.full_like(c, W / 2), W * b / 2
    one, other = np.stack([E, P * s, 0 * c, P * c], -1), np.stack([E, -P * s, 0 * c, -P * c], -1)
    left, right = slash(one) + M * ONE, slash(other) - M * ONE
    S1 = (slash(one - p) + M * ONE) / (-2 * dot(one, p))[:, None, None]
    S2 = (slash(p - other) + M * ONE) / (-2 * dot(other, p))[:, None, None]
    along = p + k * dot(p, k) / K2
    along = along / np.sqrt(abs(dot(along, along)))
    sums = []
    for direction in (np.array([0, 1.0, 0, 0]), np.array([0, 0, 1.0, 0]), along):
        current, total = slash(direction) @ (GAMMA5 if axial else ONE), 0.0
        for photon in (-GAMMA[1], -GAMMA[2]):
            vertex = photon @ S1 @ current + current @ S2 @ photon
            total = total + np.einsum("nab,nbc,ncd,nda->n", left, vertex, right, bar(vertex)).real
        sums.append(np.sum(weight * total) / 2 * b)
    T, L = (sums[0] + sums[1]) / 2, sums[2]
    scale = K2 / (K2 + W2) / 8
    return scale * (T + L), scale * L


def quadrature(orders=(90, 48)):
    """Means over the events of a vector interaction, and the axial cross section over the vector one."""
    log_s, n = flux()
    s = np.exp(log_s)

    def above(h):
        steps = np.concatenate([[0.0], np.cumsum((h[1:] + h[:-1]) / 2 * np.diff(log_s))])
        return steps[-1] - steps

    moments = [above(n * s**-power) for power in (0, 1, 2)]
    log_K2, weight = gauss(orders[0], np.log(1e-17), np.log(S_MAX * 0.99))
    K2, weight = np.exp(log_K2), weight * np.exp(log_K2)
    found = np.zeros((2, len(K2)))
    for i, one in enumerate(K2):
        t, w = gauss(orders[1], 0, 1)
        reach = np.log((S_MAX - one) / S_MIN) if S_MAX - one > S_MIN else 0.0
        W2 = S_MIN * np.exp(reach * t**2)
        x, least = one / (one + W2), one + W2  # least s
        g = [np.interp(np.log(least), log_s, m) for m in moments]
        y0, y1, y2 = g[0], least * g[1], least**2 * g[2]
        measure = w * W2 * 2 * t * reach / least
        axial = (
            np.array([by_traces(a, one, True) for a in W2]).T
            if reach and one > 1e-9
            else np.zeros((2, len(W2)))
        )
        for row, (F2, FL) in enumerate((vector_functions(x, one), axial)):
            found[row, i] = np.sum(measure * ((y0 - y1 + y2 / 2) * F2 - y2 / 2 * FL))
    events = weight * found[0]
    means = [[np.sum(events / (K2 + m**2) ** k) / np.sum(events) for m in MASSES] for k in (1, 2)]
    return {
        "m_X": MASSES.tolist(), "mean": means[0], "mean_square": means[1],
        "axial_over_vector": np.sum(weight * found[1]) / np.sum(events),
    }  # fmt: skip


def frame(R, p, sign):
    """Momenta p in the rest frame of R (sign -1), or back (1)."""
    mass = np.sqrt(dot(R, R))
    along = np.sum(R[:, 1:] * p[:, 1:], axis=1)
    E = (R[:, 0] * p[:, 0] + sign * along) / mass
    move = (along / (R[:, 0] + mass) + sign * p[:, 0]) / mass
    return np.concatenate([E[:, None], p[:, 1:] + R[:, 1:] * move[:, None]], axis=1)


def events(random, number, log_s, n):
    """K^2 and weights (vector, axial) of random events."""
    reach = np.log(S_MAX / S_MIN)
    s = S_MIN * np.exp(reach * random.random(number))
    weight = np.interp(np.log(s), log_s, n) / s  # ds/s sigma, sigma = int |M|^2 / 2s
    span = np.log(s / S_MIN)
    W2 = S_MIN * np.exp(span * random.random(number))
    weight = weight * span * W2
    root = np.sqrt(s)
    k, k_out = root / 2, (s - W2) / (2 * root)
    small, u = 1e-12, random.random(number)
    z = np.where(random.random(number) < 0.5, small**u, u)  # (1 - cos)/2, half of it logarithmic
    weight = weight / (0.5 * (z > small) / (z * -np.log(small)) + 0.5) * k_out / root
    c = 1 - 2 * z
    zero, sine = np.zeros(number), np.sqrt(1 - c**2)
    neutrino, photon = np.stack([k, zero, zero, k], 1), np.stack([k, zero, zero, -k], 1)
    out = np.stack([k_out, k_out * sine, zero, k_out * c], 1)
    pair = neutrino + photon - out
    b, W = np.sqrt(1 - S_MIN / W2), np.sqrt(W2)
    axis = frame(pair, photon, -1)[:, 1:]
    axis = axis / np.linalg.norm(axis, axis=1)[:, None]
    first = np.cross(axis, [0.3, 1.0, 0.2])
    first = first / np.linalg.norm(first, axis=1)[:, None]
    h = np.arctanh(b)
    t = np.tanh(h * (2 * random.random(number) - 1))
    weight = weight * h * (1 - t**2)  # b dc
    cc, phi = np.clip(t / b, -1, 1), 2 * np.pi * random.random(number)
    across = np.cos(phi)[:, None] * first + np.sin(phi)[:, None] * np.cross(axis, first)
    d = cc[:, None] * axis + np.sqrt(1 - cc**2)[:, None] * across
    one = frame(pair, np.concatenate([(W / 2)[:, None], (W * b / 2)[:, None] * d], axis=1), 1)
    return 4 * k * k_out * z, [
        weight * squared(neutrino, photon, out, one, pair - one, axial) for axial in (False, True)
    ]


def squared(neutrino, photon, out, one, other, axial):
    """|M|^2 summed over spins and the two photons, up to constants: spinors as matrices."""
    left, right = slash(one) + M * ONE, slash(other) - M * ONE
    S1 = (slash(one - photon) + M * ONE) / (-2 * dot(one, photon))[:, None, None]
    S2 = (slash(photon - other) + M * ONE) / (-2 * dot(other, photon))[:, None, None]
    currents = [g @ (GAMMA5 if axial else ONE) for g in GAMMA]
    chiral, total = [g @ (ONE - GAMMA5) for g in GAMMA], 0.0
    a, b = slash(out), slash(neutrino)
    nu = np.array([[np.einsum("nab,bc,ncd,da->n", a, g, b, bar(h)) for h in chiral] for g in chiral])
    for e in (-GAMMA[1], -GAMMA[2]):
        vertices = [e @ S1 @ g + g @ S2 @ e for g in currents]
        ahead = [left @ o @ right for o in vertices]
        behind = [bar(o) for o in vertices]
        for i in range(4):
            for j in range(4):
                mu = np.einsum("nab,nba->n", ahead[i], behind[j])
                total = total + (METRIC[i, i] * METRIC[j, j] * nu[i, j] * mu).real
    return total


def monte_carlo():
    """The same means from random events, with their statistical errors."""
    random, (log_s, n) = np.random.default_rng(SEED), flux()
    parts = [events(random, BATCH, log_s, n) for _ in range(EVENTS // BATCH)]
    K2 = np.concatenate([K for K, _ in parts])
    vector, axial = (np.concatenate([w[i] for _, w in parts]) for i in (0, 1))

    def mean(f, weight=vector):
        value = np.sum(weight * f) / np.sum(vector)
        error = np.sqrt(np.sum((weight * f - value * vector) ** 2)) / np.sum(vector)
        return [float(value), float(error)]

    return {
        "m_X": CHECKED,
        "mean": [mean(1 / (K2 + m**2)) for m in CHECKED],
        "mean_square": [mean(1 / (K2 + m**2) ** 2) for m in CHECKED],
        "axial_over_vector": mean(1.0, axial),
    }


def massless():
    """The constant beside ln(s/m^2) without masses in numerators: -8/3."""
    mpmath.mp.dps = 20
    f = lambda x: x * (x**2 + (1 - x) ** 2)  # noqa: E731
    y_mean = mpmath.quad(lambda y: (1 - y + y**2 / 2) * mpmath.log(y), [0, 1]) * mpmath.mpf(3) / 2
    x_mean = 3 * mpmath.quad(lambda x: f(x) * mpmath.log(1 - x) + x * (8 * x * (1 - x) - 1), [0, 1])
    long = mpmath.quad(lambda x: 4 * x**2 * (1 - x), [0, 1]) / 6 * mpmath.mpf(9) / 2
    return float(y_mean + x_mean - long)


def write_table(path, found):
    """The means as a CSV file, with the digits that they have."""
    head = [
        "# Means over events of neutrino tridents by a vector contact interaction, 160 GeV on iron.",
        "# mean = <1/(K^2 + m_X^2)> [GeV^-2], mean_square = <1/(K^2 + m_X^2)^2> [GeV^-4]; K^2 is the squared",
        "# momentum that the neutrino loses.  Computed by tests/reference/trident.py; no charge enters.",
        "m_X,mean,mean_square",
    ]
    rows = zip(*(found[key] for key in ("m_X", "mean", "mean_square")), strict=True)
    path.write_text("\n".join([*head, *(",".join(f"{x:.6e}" for x in row) for row in rows)]) + "\n")


if __name__ == "__main__":
    result = {"quadrature": quadrature()}
    coarse = quadrature((60, 32))
    changes = [np.array(coarse[k]) / np.array(result["quadrature"][k]) - 1 for k in ("mean", "mean_square")]
    result["change_with_order"] = float(np.max(np.abs(changes)))
    if len(sys.argv) > 1:
        write_table(Path(sys.argv[1]), result["quadrature"])
    result |= {"monte_carlo": monte_carlo(), "massless": massless()}
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
