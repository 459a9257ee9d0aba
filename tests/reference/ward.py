"""Reference numbers for X emission as Ward identities leave it, from formulas alone in multiple precision.

``python ward.py`` writes ``ward.json`` beside this file; ``python ward.py --check`` compares closed forms
with numerical integration: J with its Feynman integral (directly below threshold, with the logarithms of
D - i0 above it), E0 and E with the vertex of a W and its Goldstone boson in Feynman gauge; it also prints
rounded values that were derived separately.

    J(a, v; m) = 1/2 {1 + a/(a - v) [B0(a) - B0(v)] + 2 m^2 C0(a, 0, v)} / (a - v)
               = int_0^1 dx int_0^{1-x} dz x(1-x-z) / [m^2 - x(1-x) v - x z (a - v) - i0],

a = (mass of the axial leg)^2, v = (mass of the vector leg)^2. Inputs are binary64 numbers taken exactly,
results are correctly rounded, complex numbers are [re, im], infinite derivatives are null.
"""

import json
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path
from types import SimpleNamespace

from mpmath import mp

DIGITS = 50  # of every result; closed forms cancel, and are evaluated with more
OUTPUT = Path(__file__).with_name("ward.json")
UNITS = {
    "J": "masses in GeV, J in GeV^-2, dJ_dm_X and dJ_dm in GeV^-3; legs: ZX is J(m_Z^2, m_X^2; m), XZ is "
    "J(m_X^2, m_Z^2; m); condition is the sum over m_X, m_Z and m of |d ln J / d ln mass|",
    "z_to_gamma": "m_X and M in GeV, A without dimension, width in GeV and BR at g_X = 1",
    "E0": "x = m^2/m_W^2, no dimensions",
    "E": "q2 in GeV^2, m and m_W in GeV, E without dimension",
    "fcnc": "m_X in GeV; bs is i = b, j = s of V_ai conj(V_aj); sums per quark and couplings at g_X = 1, no "
    "dimensions; in none, abs and im are roots of sums of squares of |g| and of Im g",
    "kaon": "m_X, Q, W and width in GeV (W without dimension), at g_X = 1, kappa = 1, X_q = 1/3",
}
TABLES = {
    "m_e": 0.51099895069e-3, "m_mu": 0.1056583755, "m_tau": 1.77693, "m_u": 2.16e-3, "m_d": 4.70e-3,
    "m_s": 92.9e-3, "m_c": 1.2729, "m_b": 4.186, "m_t": 172.60, "m_Z": 91.1879, "Gamma_Z": 2.4955,
    "m_W": 80.3625, "G_F": 1.1663788e-5, "alpha_mZ": 0.0078168, "sw2_msbar": 0.23129, "ckm_lambda": 0.22501,
    "ckm_A": 0.826, "ckm_rhobar": 0.1591, "ckm_etabar": 0.3523, "m_Kp": 0.493677, "m_pip": 0.13957039,
    "m_u_loop": 0.3, "a_plus": -0.575, "b_plus": -0.722,
}  # fmt: skip
ROUNDED = TABLES | {
    "m_t": 172.57, "m_b": 4.183, "m_c": 1.273, "m_Z": 91.188, "m_W": 80.3692, "sw2_msbar": 0.23122,
    "alpha_mZ": 1 / 127.951,
}  # fmt: skip
SETS = {"tables": TABLES, "rounded": ROUNDED}

LEPTONS, NEUTRINOS = ("e", "mu", "tau"), ("nu_e", "nu_mu", "nu_tau")
UP, DOWN = ("u", "c", "t"), ("d", "s", "b")
COLOURS_CHARGE_ISOSPIN = {
    **dict.fromkeys(LEPTONS, (1, Fraction(-1), Fraction(-1, 2))),
    **dict.fromkeys(NEUTRINOS, (1, Fraction(0), Fraction(1, 2))),
    **dict.fromkeys(UP, (3, Fraction(2, 3), Fraction(1, 2))),
    **dict.fromkeys(DOWN, (3, Fraction(-1, 3), Fraction(-1, 2))),
}
DOUBLETS = {  # vector-like charge of the quarks and of the leptons of each generation
    "B": ("1/3 1/3 1/3", "0 0 0"),
    "B-L": ("1/3 1/3 1/3", "-1 -1 -1"),
    "B-3Ltau": ("1/3 1/3 1/3", "0 0 -3"),
    "Lmu-Ltau": ("0 0 0", "0 1 -1"),
    "made_up_1": ("1/5 -2/7 3/4", "1/2 -5/3 1"),
    "made_up_2": ("2/3 2/3 -1/6", "-3/2 0 4/3"),
}
ANOMALON_MASSES = {"infinite": None, "1000": 1000.0, "200": 200.0}
M_X_Z = [1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 8.3, 8.4]
M_X_Z += [10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 85.0, 90.0, 91.0, 91.18]
M_X_FCNC = [1e-6, 1e-3, 0.01, 0.1, 0.2, 0.3, 0.34, 0.59, 0.61, 1.0, 1.5, 2.0, 2.5, 2.6, 3.0, 4.0, 4.3, 4.7]
M_X_KAON = [1e-6, 1e-3, 0.01, 0.1, 0.165, 0.2, 0.25, 0.3, 0.34, 0.354]
TRANSITIONS = ("bs", "sd", "bd")


def exact(inputs):
    """Turn a dict of float64 inputs into a namespace of the same numbers in multiple precision."""
    return SimpleNamespace(**{name: mp.mpf(float(value)) for name, value in inputs.items()})


def models():
    """Charge of every fermion, as a rational number."""
    out = {}
    for name, (quarks, leptons) in DOUBLETS.items():
        fermions = (*UP, *DOWN, *LEPTONS, *NEUTRINOS)
        out[name] = dict(zip(fermions, 2 * quarks.split() + 2 * leptons.split(), strict=True))
    return out


# ---- the form factor J ---------------------------------------------------------------------------------


def angle(s, m):
    """Return phi = arcsin(sqrt(s)/2m) and h = sqrt(4m^2/s - 1) phi at s + i0 for s, m > 0."""
    tau = s / (4 * m * m)
    if tau <= 1:
        phi = mp.asin(mp.sqrt(tau))
        return phi, mp.sqrt((1 - tau) / tau) * phi
    phi = mp.mpc(mp.pi / 2, mp.acosh(mp.sqrt(tau)))
    return phi, mp.mpc(0, -mp.sqrt((tau - 1) / tau)) * phi


def two_point(s, m):
    """Return B0(s; m, m) without its divergence, at mu = 1, and dB0/ds; the slope is inf at threshold."""
    if m == 0:
        return 2 - mp.log(s) + mp.mpc(0, mp.pi), -1 / s
    _, h = angle(s, m)
    gap = 4 * m * m - s
    return 2 - 2 * mp.log(m) - 2 * h, (mp.inf if gap == 0 else -(1 - 4 * m * m / gap * h) / s)


def squared_angle(s, m):
    """Return g = arcsin^2(sqrt(s)/2m), with C0(a, 0, v) = -2 [g(a) - g(v)]/(a - v), and dg/ds."""
    phi, h = angle(s, m)
    gap = 4 * m * m - s
    return phi**2, (mp.inf if gap == 0 else h / gap)


def closed_j(m_a, m_v, m):
    """Return J and its derivatives by m_a, m_v, m; the derivatives are inf where a leg is at threshold."""
    a, v = m_a**2, m_v**2
    w = a - v
    (ba, sa), (bv, sv) = two_point(a, m), two_point(v, m)
    (ga, ra), (gv, rv) = (squared_angle(s, m) if m else (mp.mpf(0),) * 2 for s in (a, v))
    n = 1 + a / w * (ba - bv) - 4 * m * m * (ga - gv) / w
    j = n / (2 * w)
    if not (mp.isfinite(sa) and mp.isfinite(sv)):
        return j, *([mp.inf] * 3)
    dn_da = -v / w**2 * (ba - bv) + a / w * sa - 4 * m * m * (ra / w - (ga - gv) / w**2)
    dn_dv = a / w**2 * (ba - bv) - a / w * sv + 4 * m * m * (rv / w - (ga - gv) / w**2)
    dj_da, dj_dv = dn_da / (2 * w) - j / w, dn_dv / (2 * w) + j / w
    by_m = -2 * (j + a * dj_da + v * dj_dv) / m if m else mp.mpf(0)  # J has the dimension of 1/mass^2
    return j, 2 * m_a * dj_da, 2 * m_v * dj_dv, by_m


def at_two_precisions(function, *floats):
    """Return a tuple of results from binary64 arguments, to more than `DIGITS` digits (asserted)."""
    results = []
    for digits in (200, 400):
        with mp.workdps(digits):
            results.append(function(*map(mp.mpf, floats)))
    for low, high in zip(*results, strict=True):
        assert low == high or abs(low - high) < abs(high) * mp.mpf(10) ** -DIGITS, floats
    return results[1]


def j_record(regime, legs, m_X, m_Z, m):
    """Return the stored dictionary of one point."""
    order = (m_Z, m_X) if legs == "ZX" else (m_X, m_Z)
    j, by_a, by_v, by_m = at_two_precisions(closed_j, *order, m)
    by_Z, by_X = (by_a, by_v) if legs == "ZX" else (by_v, by_a)
    slopes = zip((m_Z, m_X, m), (by_Z, by_X, by_m), strict=True)
    condition = float(sum(abs(x * d) for x, d in slopes) / abs(j)) if mp.isfinite(by_a) else None
    record = {"regime": regime, "legs": legs, "m_X": m_X, "m_Z": m_Z, "m": m, "J": j}
    return record | {"dJ_dm_X": by_X, "dJ_dm": by_m, "condition": condition}


def j_points(m_Z):
    """Yield (regime, legs, m_X, m_Z, m), every number a binary64 float."""
    light = (1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 1.0, 3.0, 10.0, 30.0, 60.0, 80.0, 90.0, 91.0)
    tiny, heavier = (0.0, 1e-12, 1e-9, 1e-6, 0.51099895069e-3, 2.16e-3), (172.57, 1e3, 1e4, 1e5, 1e6)
    for m_X, m in product(light, (*tiny, 0.1056583755, 1.273, 4.183, 20.0, 46.0, 91.188, *heavier)):
        yield "grid", "ZX", m_X, m_Z, m
    near = [m_Z * (1 - 10.0**-n) for n in range(1, 13)]
    for m_X, m in product(near, (0.0, 1e-12, 0.51099895069e-3, 4.183, 45.0, 172.57, 1e5)):
        yield "near_m_Z", "ZX", m_X, m_Z, m
    beside = [0.0, *(sign * 10.0**-n for n in (2, 4, 6, 8, 10, 12) for sign in (1, -1))]
    for m, d in product((0.51099895069e-3, 0.1056583755, 1.273, 4.183, 20.0, 45.0), beside):
        yield "threshold_X", "ZX", 2 * m * (1 + d), m_Z, m
    for m_X, d in product((1e-3, 30.0), beside):
        yield "threshold_Z", "ZX", m_X, m_Z, m_Z / 2 * (1 + d)
    heavy = [m_Z * r for r in (1.0, 1.2, 2.0, 5.0, 10.0, 30.0, 100.0, 1e3, 1e4)]
    for m_X, m in product((1e-9, 1e-3, 0.1, 1.0, 10.0, 30.0, 60.0, 90.0, near[-1]), [*heavy, 200.0, 1e3]):
        yield "anomalon", "XZ", m_X, m_Z, m


# ---- Z -> X gamma --------------------------------------------------------------------------------------


def weights(charges):
    """Return N_c X Q T3 of every charged fermion, a rational number."""
    rows = ((f, *COLOURS_CHARGE_ISOSPIN[f], Fraction(x)) for f, x in charges.items())
    return {f: colours * x * q * t3 for f, colours, q, t3, x in rows if q}


def mpq(rational):
    """Return a rational number in multiple precision."""
    return mp.mpf(rational.numerator) / rational.denominator


def z_amplitude(n, charges, m_X, M):
    """Return A(m_X) at s = m_Z^2, v = m_X^2: sum of w [1 + 2 v J(s, v; m)] - 2 s sum of w_a J(v, s; M)."""
    w = weights(charges)
    total, out = sum(w.values()), mp.mpc(0)
    for f, weight in w.items():
        out += mpq(weight) * (1 + 2 * m_X**2 * closed_j(n.m_Z, m_X, getattr(n, "m_" + f))[0])
    return out + (2 * n.m_Z**2 * mpq(total) * closed_j(m_X, n.m_Z, M)[0] if M is not None and total else 0)


def z_width(n, m_X, amplitude):
    """Return k^3 (m_X^2 + m_Z^2)/(12 pi m_Z^2 m_X^2) |e^2 A/(4 pi^2 s_w c_w)|^2, k the photon's momentum."""
    k = (n.m_Z**2 - m_X**2) / (2 * n.m_Z)
    vertex = n.alpha_mZ * abs(amplitude) / (mp.pi * mp.sqrt(n.sw2_msbar * (1 - n.sw2_msbar)))
    return k**3 * (m_X**2 + n.m_Z**2) / (12 * mp.pi * n.m_Z**2 * m_X**2) * vertex**2


def z_section(inputs):
    """Return A, width and branching ratio of every model and anomalon mass, with one set of inputs."""
    out = {}
    with mp.workdps(250):
        n = exact(inputs)
        for name, charges in models().items():
            total = sum(weights(charges).values())
            out[name] = {"A_0": str(total)}
            for label, M in ANOMALON_MASSES.items() if total else (("none", None),):
                heavy = None if M is None else mp.mpf(M)
                rows = [z_amplitude(n, charges, mp.mpf(m), heavy) for m in M_X_Z]
                widths = [z_width(n, mp.mpf(m), a) for m, a in zip(M_X_Z, rows, strict=True)]
                out[name][label] = {"A": rows, "width": widths, "BR": [x / n.Gamma_Z for x in widths]}
    return out


# ---- flavour -------------------------------------------------------------------------------------------


def penguin(x):
    """Return E0(x), the gluon penguin of one quark at q^2 = 0; 43/72 where its closed form is 0/0."""
    if x == 1:
        return mp.mpf(43) / 72
    first = x * (18 - 11 * x - x**2) / (12 * (1 - x) ** 3)
    return -2 * mp.log(x) / 3 + first + x**2 * (15 - 16 * x + 4 * x**2) * mp.log(x) / (6 * (1 - x) ** 4)


def light_penguin(q2, m, m_W):
    """Return E(q^2) = -4 int_0^1 dy y(1-y) ln[(m^2 - y(1-y) q^2 - i0)/m_W^2] in closed form, q^2 >= 0."""
    log, ratio = -4 * mp.log(m / m_W) / 3, 2 * m * m / q2 if q2 else None
    return log + (10 / mp.mpf(9) + 4 * (ratio - (1 + ratio) * angle(q2, m)[1]) / 3 if q2 else 0)


def loop_function(x):
    """Return f(x) = x [1 + x (ln x - 1)] / (1 - x)^2, Eq. (7)."""
    return x * (1 + x * (mp.log(x) - 1)) / (1 - x) ** 2


def ckm(n):
    """Return the CKM matrix from the Wolfenstein parameters, exact in lambda, in the PDG phase convention."""
    s12, s23, apex = n.ckm_lambda, n.ckm_A * n.ckm_lambda**2, mp.mpc(n.ckm_rhobar, n.ckm_etabar)
    s13 = s12 * s23 * apex * mp.sqrt(1 - s23**2)  # times exp(i delta), as of here
    s13 /= mp.sqrt(1 - s12**2) * (1 - s23**2 * apex)
    c12, c23, c13 = mp.sqrt(1 - s12**2), mp.sqrt(1 - s23**2), mp.sqrt(1 - abs(s13) ** 2)
    rows = (
        (c12 * c13, s12 * c13, mp.conj(s13)),
        (-s12 * c23 - c12 * s23 * s13, c12 * c23 - s12 * s23 * s13, s23 * c13),
        (s12 * s23 - c12 * c23 * s13, -c12 * s23 - s12 * c23 * s13, c23 * c13),
    )
    return {u + d: mp.mpc(v) for u, row in zip(UP, rows, strict=True) for d, v in zip(DOWN, row, strict=True)}


def lambdas(n, transition):
    """Return V_ai conj(V_aj) of the three up quarks for the transition i -> j."""
    v, (i, j) = ckm(n), transition
    return [v[u + i] * mp.conj(v[u + j]) for u in UP]


def emission(n, transition, m_X):
    """Return the sum of lambda E over quarks, and g_eff at g_X = 1, X_q = 1/3."""
    functions = (light_penguin(m_X**2, n.m_u_loop, n.m_W), light_penguin(m_X**2, n.m_c, n.m_W))
    functions = (*functions, penguin((n.m_t / n.m_W) ** 2))
    total = sum(x * e for x, e in zip(lambdas(n, transition), functions, strict=True))
    return total, mp.sqrt(2) * n.G_F * m_X**2 / (24 * mp.pi**2) * total


def anomalous(n, transition):
    """Return +3 A g_2^4/(16 pi^2)^2 sum lambda f(x) at A = 3/2, g_X = 1, with the quarks' current masses.

    Its sign, in L = g_X X_mu X_q (q-bar gamma^mu q) + g_Xij X_mu (d_j-bar gamma^mu P_L d_i): massless
    doublets that couple to W through conserved currents have d_mu J^mu = A g_2^2/(16 pi^2) W^a Wdual^a, with
    epsilon fixed by Tr[gamma^a gamma^b gamma^c gamma^d gamma5] = -4i epsilon^{abcd}. From the Lagrangian
    -(g_aW/4) phi W^a Wdual^a, g_aW = A g_2^2/(4 pi^2 f_X), the W loop makes +(3/4) g_2^2 g_aW/(16 pi^2) times
    sum lambda f, the coefficient of (d_mu phi) d_j-bar gamma^mu P_L d_i. One-loop emission enters with + as
    well; sum lambda E is about -5.2 lambda_t, sum lambda f 1.2 lambda_t: they interfere destructively.
    """
    masses = zip(lambdas(n, transition), (n.m_u, n.m_c, n.m_t), strict=True)
    total = sum(x * loop_function((m / n.m_W) ** 2) for x, m in masses)
    return 3 * mp.mpf(3) / 2 * (4 * mp.sqrt(2) * n.G_F * n.m_W**2 / (16 * mp.pi**2)) ** 2 * total


def fcnc_section(inputs):
    """Return couplings of U(1)_B with anomalons of infinite mass, and their parts, with one set of inputs."""
    n, out = exact(inputs), {}
    out["ckm"] = ckm(n)
    for transition in TRANSITIONS:
        sums, loops = zip(*(emission(n, transition, mp.mpf(m)) for m in M_X_FCNC), strict=True)
        wz = anomalous(n, transition)
        squares = [[mp.sqrt(part(wz) ** 2 + part(g) ** 2) for g in loops] for part in (abs, mp.im)]
        out[transition] = {
            "sum_lambda_E": sums, "g_eff": loops, "anomalous": wz, "derived": [wz + g for g in loops],
            "opposite": [wz - g for g in loops], "none": dict(zip(("abs", "im"), squares, strict=True)),
        }  # fmt: skip
    return out


def kaon_section(inputs):
    """Return the long-distance K+ -> pi+ X: width = W^2 m_X^2 Q^3/(512 pi^5 m_K^4)."""
    n, out = exact(inputs), {"Q": [], "W": [], "width": []}
    for m_X in map(mp.mpf, M_X_KAON):
        square = (n.m_Kp**2 - (n.m_pip + m_X) ** 2) * (n.m_Kp**2 - (n.m_pip - m_X) ** 2)
        momentum = mp.sqrt(square) / (2 * n.m_Kp)
        weak = n.G_F * n.m_Kp**2 * (n.a_plus + n.b_plus * (m_X / n.m_Kp) ** 2)
        width = weak**2 * m_X**2 * momentum**3 / (512 * mp.pi**5 * n.m_Kp**4)
        for key, value in zip(out, (momentum, weak, width), strict=True):
            out[key].append(value)
    return out


def penguin_section():
    """Return E0 and its derivative by x."""
    near = [1 + sign * 10.0**-n for n in range(1, 13) for sign in (-1, 1)]
    xs = sorted([*(10.0**n for n in range(-12, 7)), *near, 0.2, 0.5, 2.0, 3.0, 4.6, 4.61, 5.0, 20.0, 50.0])
    values, slopes = [], []
    for x in xs:
        with mp.workdps(300):
            values.append(penguin(mp.mpf(x)))
            slopes.append(mp.diff(penguin, mp.mpf(x), h=mp.mpf(10) ** -90) if x != 1 else -mp.mpf(19) / 60)
    return {"x": xs, "E0": values, "dE0_dx": slopes}


def light_penguin_section():
    """Return E(q^2) of charm and of a constituent up quark."""
    out = {"m_W": ROUNDED["m_W"]}
    for name, m in (("c", 1.273), ("u", 0.3)):
        edge = 4 * m * m
        near = [edge, *(edge * (1 + sign * 10.0**-n) for n in (3, 6, 9, 12) for sign in (1, -1))]
        small = [0.0, *(10.0**n for n in range(-18, 0)), 0.25, 0.3, 0.5]
        q2 = sorted([*small, *near, *(x / 2 for x in range(2, 51))])
        with mp.workdps(150):
            values = [mp.mpc(light_penguin(mp.mpf(x), mp.mpf(m), mp.mpf(ROUNDED["m_W"]))) for x in q2]
        out[name] = {"m": m, "q2": q2, "E": values}
    return out


def plain(value):
    """Turn numbers of mpmath into floats and pairs of floats, inf into None."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, mp.mpc):
        return [float(value.real), float(value.imag)]
    return (float(value) if mp.isfinite(value) else None) if isinstance(value, mp.mpf) else value


def compute():
    """Return everything that the file holds."""
    records = [j_record(*p) for p in j_points(ROUNDED["m_Z"])]
    for r in records:  # complex also where the imaginary part is 0
        r.update({key: mp.mpc(r[key]) for key in ("J", "dJ_dm_X", "dJ_dm") if mp.isfinite(r[key])})
    return {
        "units": UNITS,
        "inputs": SETS,
        "models": models(),
        "J": records,
        "z_to_gamma": {"m_X": M_X_Z} | {name: z_section(inputs) for name, inputs in SETS.items()},
        "E0": penguin_section(),
        "E": light_penguin_section(),
        "fcnc": {"m_X": M_X_FCNC} | {name: fcnc_section(inputs) for name, inputs in SETS.items()},
        "kaon": {"m_X": M_X_KAON} | {name: kaon_section(inputs) for name, inputs in SETS.items()},
    }


def lines(value):
    """Return JSON in which what fits on a line stands on a line."""
    text = json.dumps(value, allow_nan=False)
    if len(text) < 300 or not isinstance(value, dict | list):
        return text
    if isinstance(value, dict):
        return "{" + ",\n".join(f"{json.dumps(k)}: {lines(v)}" for k, v in value.items()) + "}"
    return "[" + ",\n".join(map(lines, value)) + "]"


# ---- checks --------------------------------------------------------------------------------------------


def roots_of_denominator(s, m):
    """Return the points in (0, 1) at which m^2 = x(1-x)s."""
    if s <= 4 * m * m:
        return []
    half = mp.sqrt(1 - 4 * m * m / s) / 2
    return [mp.mpf(1) / 2 - half, mp.mpf(1) / 2 + half]


def log_integral(m_a, m_v, m):
    """Return J after its z integral: int dx {(1-x)/w + D_a ln(D_a/D_v)/(x w^2)}, with ln(D - i0)."""
    a, v = m_a**2, m_v**2
    w = a - v

    def log(d):
        return mp.log(abs(d)) - (mp.mpc(0, mp.pi) if d < 0 else 0)

    def integrand(x):
        d_a, d_v = (m * m - x * (1 - x) * s for s in (a, v))
        return (1 - x) / w + (d_a * (log(d_a) - log(d_v)) / (x * w * w) if d_a and d_v else 0)

    return mp.quad(integrand, sorted([0, *roots_of_denominator(a, m), *roots_of_denominator(v, m), 1]))


def double_integral(m_a, m_v, m, legs=True):
    """Return J as it is defined, below threshold; legs = False has x z in the numerator, wrongly."""
    a, v = m_a**2, m_v**2

    def integrand(x, t):
        z = (1 - x) * t
        numerator = x * (1 - x - z) if legs else x * z
        return (1 - x) * numerator / (m * m - x * (1 - x) * v - x * z * (a - v))

    return mp.quad(integrand, [0, 1], [0, 1])


def vertex_slope(x):
    """Return d/dq^2 at 0 of the left-handed vertex of a W and its Goldstone boson, Feynman gauge, m_W = 1.

    The gauge boson couples to the quark alone: with s = u + t the parameters of both quark propagators,
    F = 2 int {-ln D + [(1-u)(1-t) q^2 + x]/D + (x/2) [-ln D + (u t q^2 + x)/D]}, D = s x + 1 - s - u t q^2.
    """

    def integrand(s):  # the integral over u at fixed s is a polynomial
        d, ut, both = s * x + 1 - s, s**3 / 6, s * (1 - s) + s**3 / 6
        return 2 * (ut / d + both / d + x * ut / d**2 + x / 2 * (2 * ut / d + x * ut / d**2))

    return mp.quad(integrand, [0, 0.5, 0.9, 0.99, 0.999, 1 - 1e-5, 1])


def check():
    """Compare closed forms with integrals, and print rounded values that were derived separately."""
    mp.dps = 25
    m_Z = mp.mpf(ROUNDED["m_Z"])
    worst = mp.mpf(0)
    for m_X, m in product((0.5, 9.0, 60.0, 91.0), (60.0, 172.57, 1000.0)):
        for order in ((m_Z, mp.mpf(m_X)), (mp.mpf(m_X), m_Z)):
            value = closed_j(*order, mp.mpf(m))[0]
            worst = max(worst, abs(double_integral(*order, mp.mpf(m)) / value - 1))
            assert abs(double_integral(*order, mp.mpf(m), legs=False) / value - 1) > 1e-6
    print(f"J against its double integral below threshold: {float(worst):.1e}")
    worst = mp.mpf(0)
    for m_X, m in product((0.5, 9.0, 60.0, 91.0), (0.000511, 0.1, 4.0, 20.0, 45.8, 60.0, 172.57)):
        for order in ((m_Z, mp.mpf(m_X)), (mp.mpf(m_X), m_Z)):
            worst = max(worst, abs(log_integral(*order, mp.mpf(m)) / closed_j(*order, mp.mpf(m))[0] - 1))
    print(f"J against its logarithms with D - i0, both sides of threshold: {float(worst):.1e}")
    slopes = mp.mpf(0)
    for r in ((m_Z, 30, 172.57), (m_Z, 30, 4.2), (m_Z, 5, 4.2), (30, m_Z, 1000), (m_Z, 91, 20)):
        point = [mp.mpf(x) for x in r]
        for i, slope in enumerate(closed_j(*point)[1:]):
            by = mp.diff(lambda e, i=i, p=point: closed_j(*(x + e * (i == j) for j, x in enumerate(p)))[0], 0)
            slopes = max(slopes, abs(by / slope - 1))
    print(f"derivatives of J against differences: {float(slopes):.1e}")
    assert worst < 1e-18
    assert slopes < 1e-10
    shifts = [penguin(mp.mpf(x)) - vertex_slope(mp.mpf(x)) for x in (0.01, 0.3, 0.999, 4.6, 30.0, 1e3)]
    spread = max(shifts) - min(shifts)
    print(f"E0 minus the vertex of W and Goldstone: {float(shifts[0]):.12f}, spread {float(spread):.1e}")
    assert spread < 1e-12
    with mp.workdps(200):
        step = mp.mpf(10) ** -30
        left, middle, right = (penguin(1 + sign * step) for sign in (-1, 0, 1))
        assert abs(left + right - 2 * middle) < 10 * step**2
        assert abs((right - left) / (2 * step) + mp.mpf(19) / 60) < 10 * step
    for q2, m in ((0.3, 0.3), (4.0, 0.3), (6.0, 1.273), (25.0, 1.273)):
        q2, m, m_W = mp.mpf(q2), mp.mpf(m), mp.mpf(ROUNDED["m_W"])

        def integrand(y, q2=q2, m=m, m_W=m_W):
            d = m * m - y * (1 - y) * q2
            return -4 * y * (1 - y) * (mp.log(abs(d) / m_W**2) - (mp.mpc(0, mp.pi) if d < 0 else 0))

        direct = mp.quad(integrand, [0, *roots_of_denominator(q2, m), 1])
        assert abs(direct - light_penguin(q2, m, m_W)) < 1e-20
    print("E against its integral on both sides of threshold: below 1e-20")
    printed()


def b_to_k(n, g_bs, m_X):
    """Return BR(B+ -> K+ X) with exact kinematics, m_B^3/(64 pi m_X^2) |g|^2 f_+^2 (2Q/m_B)^3 tau_B."""
    m_B, m_K, tau = mp.mpf("5.27941"), n.m_Kp, mp.mpf("1.637e-12") / mp.mpf("6.582119569e-25")
    double_q = mp.sqrt((m_B**2 - (m_K + m_X) ** 2) * (m_B**2 - (m_K - m_X) ** 2)) / m_B
    pole = 1 - m_X**2 / mp.mpf("29.3")
    f_plus = mp.mpf("0.1616") / pole + mp.mpf("0.1730") / pole**2
    return double_q**3 / (64 * mp.pi * m_X**2) * abs(g_bs * f_plus) ** 2 * tau


def printed():
    """Print rounded values beside those computed here."""
    n, charges = exact(ROUNDED), models()
    j = closed_j(n.m_Z, mp.mpf(30), n.m_t)[0]
    print("J(m_Z^2, 900; 172.57)", mp.nstr(j, 20), "known 1.43182558508508529e-6")
    for m_X, known in (
        ("0.01", "1.4999998"),
        ("1", "1.4990674+0.00018770i"),
        ("10", "1.4481443+0.0031549i"),
        ("30", "1.2860170+0.0021847i"),
        ("60", "1.0760464+0.0016737i"),
        ("80", "0.9708359+0.0014263i"),
    ):
        m_X = mp.mpf(m_X)
        row = [mp.nstr(z_amplitude(n, charges["B"], m_X, M), 12) for M in (None, mp.mpf(1000), mp.mpf(200))]
        print(f"U(1)_B, A({float(m_X)}) for M infinite, 1 TeV, 200 GeV: {row}, known {known}")
    for m_X, known in (("0.01", "5.456e-13"), ("1", "3.942e-9"), ("30", "1.0975e-7")):
        m_X = mp.mpf(m_X)
        br = z_width(n, m_X, z_amplitude(n, charges["B-L"], m_X, None)) / n.Gamma_Z
        print(f"B-L, BR({float(m_X)}) = {mp.nstr(br, 8)}, known {known}")
    m_X = mp.mpf("1e-6")
    br = z_width(n, m_X, z_amplitude(n, charges["B"], m_X, None)) / n.Gamma_Z * (m_X / 1000) ** 2
    print("U(1)_B, BR f_X^2/TeV^2:", mp.nstr(br, 8), "known 7.892e-8")
    for m_X in (40, 85):  # rates added instead of amplitudes, heavy anomalons
        m_X = mp.mpf(m_X)
        a = z_amplitude(n, charges["B"], m_X, None)
        added = 1.5**2 + abs(a - mp.mpf(3) / 2) ** 2
        print(f"rates added over amplitudes added at {m_X} GeV: {mp.nstr(added / abs(a) ** 2, 5)}")
    wz, loop = anomalous(n, "bs"), emission(n, "bs", mp.mpf(4))[1]
    for name, g, known in (("derived", wz + loop, "1.903e-10"), ("opposite", wz - loop, "3.486e-10")):
        br = b_to_k(n, 1e-4 * g, mp.mpf(4))
        print(f"U(1)_B, 4 GeV, g_X = 1e-4, {name}: |g_bs| = {mp.nstr(1e-4 * abs(g), 8)}")
        print(f"    BR(B+ -> K+ X) = {mp.nstr(br, 6)}, known {known}")
    print("ratio of rates:", mp.nstr(abs((wz + loop) / wz) ** 2, 6), "known 0.72")
    for transition, known in (("bs", "1.0902e-6"), ("sd", "1.0473e-8, Im 3.77e-9")):
        c = anomalous(n, transition) / mp.mpf(1.5)
        print(f"anomalous {transition} per A:", mp.nstr(abs(c), 8), mp.nstr(abs(mp.im(c)), 6), "known", known)
    for m_X in map(mp.mpf, ("1e-3", 1, 4)):
        g = abs(emission(n, "bs", m_X)[1] / m_X**2)
        print(f"|g_eff| of bs over m_X^2 at {mp.nstr(m_X, 2)} GeV: {mp.nstr(g, 6)}, known 1.55e-8")
    print("f(x_t)", mp.nstr(loop_function((n.m_t / n.m_W) ** 2), 8), "known 1.2152")


if __name__ == "__main__":
    mp.dps = 2 * DIGITS
    if "--check" in sys.argv[1:]:
        check()
    else:
        OUTPUT.write_text(lines(plain(compute())) + "\n")
