"""Independent reference numbers for every production rate: form factors, amplitudes, couplings, widths.

Written from the formulas alone, in 50-digit arithmetic, with none of the package's code. Equation numbers are
those of arXiv:2401.02483. Tables and formulas are aligned by hand, hence no formatter.

Run without arguments to write ``rates.json`` beside this file, or with ``--check`` to print rounded values
that were derived separately beside the same quantities computed here from their older inputs (``REFERENCE``).
"""

# fmt: off

import json
import sys
from pathlib import Path
from types import SimpleNamespace

from mpmath import mp

mp.dps = 50

UNITS = "powers of GeV, tau_* in s, hbar in GeV s; [re, im]; K->pi slopes lambda_* per m_pi+^2; g_X = 1"
INPUTS = {
    "m_e": 0.51099895069e-3, "m_mu": 0.1056583755, "m_tau": 1.77693, "m_Z": 91.1879, "Gamma_Z": 2.4955,
    "m_u": 2.16e-3, "m_d": 4.70e-3, "m_s": 92.9e-3, "m_c": 1.2729, "m_b": 4.186, "m_t": 172.60,
    "m_W": 80.3625, "G_F": 1.1663788e-5, "alpha_mZ": 0.0078168, "sw2_msbar": 0.23129,
    "ckm_lambda": 0.22501, "ckm_A": 0.826, "ckm_rhobar": 0.1591, "ckm_etabar": 0.3523,
    "m_Bp": 5.27941, "m_B0": 5.27972, "tau_Bp": 1.637e-12, "tau_B0": 1.5113e-12,
    "m_Kp": 0.493677, "m_K0": 0.497611, "tau_Kp": 1.2380e-8, "tau_KL": 5.116e-8,
    "m_pip": 0.13957039, "m_pi0": 0.1349768, "m_Kst_p": 0.89188, "m_Kst_0": 0.89556, "hbar": 6.582119569e-25,
    "f_Kpi": 0.9698, "lambda_plus_Kp": 0.02959, "lambda_0_Kp": 0.0176, "lambda_plus_KL": 0.0282,
    "lambda_0_KL": 0.0138, "f_plus_r1": 0.1616, "f_plus_r2": 0.1730, "f_plus_m2": 29.3,
    "f_0_r2": 0.3302, "f_0_m2": 37.46, "A_0_r1": 1.364, "A_0_mR": 5.28, "A_0_r2": -0.990, "A_0_m2": 36.78,
    "A_1_r2": 0.290, "A_1_m2": 40.38, "A_2_r1": -0.084, "A_2_r2": 0.342, "A_2_m2": 52.00,
    "V_r1": 0.923, "V_mR": 5.32, "V_r2": -0.511, "V_m2": 49.40}
REFERENCE = INPUTS | {
    "m_t": 172.57, "m_b": 4.183, "m_c": 1.273, "m_Z": 91.188, "m_W": 80.3692, "sw2_msbar": 0.23122,
    "alpha_mZ": 1 / 127.951, "tau_Bp": 1.638e-12, "tau_B0": 1.517e-12}

# fermion: colours, electric charge, weak isospin
FERMIONS = {f: (colours, mp.mpf(thirds) / 3, mp.mpf(halves) / 2) for colours, thirds, halves, names in (
    (1, -3, -1, ("e", "mu", "tau")), (1, 0, 1, ("nu_e", "nu_mu", "nu_tau")),
    (3, 2, 1, ("u", "c", "t")), (3, -1, -1, ("d", "s", "b"))) for f in names}
CHARGES = {"B-L": {f: mp.mpf(1) / 3 if row[0] == 3 else mp.mpf(-1) for f, row in FERMIONS.items()},
           "B3-L2": dict.fromkeys(FERMIONS, mp.mpf(0)) | dict.fromkeys(("b", "t"), mp.mpf(1) / 3)
           | dict.fromkeys(("mu", "nu_mu"), mp.mpf(-1))}

# meson channel: key of the choice, parent, daughter, lifetime, (i, j) of g_Xij, label of the K->pi slopes
MESONS = {"B+ -> K+ X": ("b_to_k", "m_Bp", "m_Kp", "tau_Bp", "bs", None),
          "B0 -> K0 X": ("b_to_k", "m_B0", "m_K0", "tau_B0", "bs", None),
          "B0 -> K*0 X": ("b_to_kstar", "m_B0", "m_Kst_0", "tau_B0", "bs", None),
          "B+ -> K*+ X": ("b_to_kstar", "m_Bp", "m_Kst_p", "tau_Bp", "bs", None),
          "K+ -> pi+ X": ("k_to_pi", "m_Kp", "m_pip", "tau_Kp", "sd", "Kp"),
          "KL -> pi0 X": ("k_to_pi", "m_K0", "m_pi0", "tau_KL", "sd", "KL")}
CHOICES = {"k_to_pi": ("printed", "bracket", "goldstone", "vector"),
           "b_to_k": ("printed", "double_pole", "goldstone", "vector"),
           "b_to_kstar": ("printed", "goldstone", "vector")}
KEYS = ("z_to_gamma", "fcnc_prefactor", "loop_argument", "k_to_pi", "b_to_k", "b_to_kstar")
TREATMENTS = {name: dict(zip(KEYS, choices, strict=True)) for name, choices in (
    ("printed", ("eq5", "printed", "ratio", "printed", "printed", "printed")),
    ("figure", ("eq5", "figure", "squared", "bracket", "printed", "printed")),
    ("matched", ("mass_basis", "matched", "squared", "vector", "vector", "vector")))}
M_X = [1e-3, 0.01, 0.1, 0.2, 0.3, 0.34, 1.0, 2.0, 3.0, 4.0, 4.3, 4.7, 10.0, 50.0, 90.0]
M_X_Z = sorted([*M_X, 1e-4, 8.3, 8.4, 20.0, 80.0])  # 1e-4 < 2 m_e; 8.3 and 8.4 lie on either side of 2 m_b
X_LOOP = [1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 1 - 1e-3, 1 - 1e-8,
          1.0, 1 + 1e-8, 1 + 1e-3, 1.1, 1.5, 2.0, 4.6, 10.0, 100.0, 1e3, 1e4]
Q2 = [0.0, 0.5, 5.0, 12.0]


def exact(inputs):
    """Turn a dict of float64 inputs into a namespace of the same numbers in multiple precision."""
    return SimpleNamespace(**{name: mp.mpf(float(value)) for name, value in inputs.items()})


def loop_function(x):
    """Eq. (7), f(x) = x [1 + x (ln x - 1)] / (1 - x)^2, continued by f(1) = 1/2."""
    return mp.mpf(1) / 2 if x == 1 else x * (1 + x * (mp.log(x) - 1)) / (1 - x) ** 2


def ckm(n):
    """CKM matrix from the Wolfenstein parameters, exact in lambda, in the PDG phase convention."""
    s12, s23, rho = n.ckm_lambda, n.ckm_A * n.ckm_lambda**2, mp.mpc(n.ckm_rhobar, n.ckm_etabar)
    z = s23 * s12 * rho * mp.sqrt(1 - s23**2) / (mp.sqrt(1 - s12**2) * (1 - s23**2 * rho))  # s13 exp(i delta)
    c12, c23, c13 = mp.sqrt(1 - s12**2), mp.sqrt(1 - s23**2), mp.sqrt(1 - abs(z) ** 2)
    return {"ud": c12 * c13, "us": s12 * c13, "ub": mp.conj(z),
            "cd": -s12 * c23 - c12 * s23 * z, "cs": c12 * c23 - s12 * s23 * z, "cb": s23 * c13,
            "td": s12 * s23 - c12 * c23 * z, "ts": -c12 * s23 - s12 * c23 * z, "tb": c23 * c13}


def bracket(n, fermion, m_X):
    """Decoupling factor 1 - 2 m^2 I00(p^2 = m_Z^2, q^2 = 0, k^2 = m_X^2) of a charged fermion, Eq. (3).

    I00 = 2 [g(k^2) - g(p^2)] / (k^2 - p^2), with g(s) = arcsin^2(sqrt(s)/2m) below threshold and, with the
    -i0 that Eq. (3) leaves out, -[ln((1 + beta)/(1 - beta)) - i pi]^2 / 4 above it, beta^2 = 1 - 4 m^2/s.
    """
    def g(s):
        if s <= 4 * m**2:
            return mp.asin(mp.sqrt(s) / (2 * m)) ** 2
        beta = mp.sqrt(1 - 4 * m**2 / s)
        return -((mp.log((1 + beta) / (1 - beta)) - mp.mpc(0, mp.pi)) ** 2) / 4
    m, p2, k2 = getattr(n, "m_" + fermion), n.m_Z**2, m_X**2
    return 1 - 4 * m**2 * (g(k2) - g(p2)) / (k2 - p2)


def weights(n, model, form):
    """Coefficient of each fermion's decoupling factor in A, for the vertex g_X e^2 A / (4 pi^2 s_w c_w).

    ``mass_basis``: N_c X Q T3. ``eq4``: the braces of Eq. (4) as printed, with Y_R = Q, Y_L = Q - T3, times
    N_c X and times 4, because Eq. (4) has g_X e^2 / (pi^2 s_w c_w) in front.
    """
    s2, c2, x = n.sw2_msbar, 1 - n.sw2_msbar, CHARGES[model]
    if form == "mass_basis":
        return {f: colours * x[f] * q * t3 for f, (colours, q, t3) in FERMIONS.items()}
    return {f: 4 * colours * x[f] * (s2 * q**2 - (s2 * (q - t3) ** 2 - c2 / 8))
            for f, (colours, q, t3) in FERMIONS.items()}


def z_amplitude(n, model, m_X, form):
    """Z -> gamma X amplitude: weights times decoupling factors, 1 for neutrinos, summed over the fermions."""
    return sum(w * (bracket(n, f, m_X) if FERMIONS[f][1] else 1) for f, w in weights(n, model, form).items())


def z_width(n, m_X, amplitude):
    """Z -> gamma X width, C^2 m_Z^3 (1 - m_X^2/m_Z^2)^3 / (24 pi) with C = e^2 |A| / (8 pi^2 s_w c_w m_X)."""
    e2, sc = 4 * mp.pi * n.alpha_mZ, mp.sqrt(n.sw2_msbar * (1 - n.sw2_msbar))
    coupling = e2 * abs(amplitude) / (8 * mp.pi**2 * sc * m_X)
    return coupling**2 * n.m_Z**3 / (24 * mp.pi) * (1 - m_X**2 / n.m_Z**2) ** 3


def z_branching_ratio(n, model, m_X, form):
    """Branching ratio of Z -> gamma X: Eq. (5) as printed for ``eq5``, width over Gamma_Z otherwise."""
    if m_X >= n.m_Z:
        return mp.mpf(0)
    if form == "eq5":
        return mp.mpf("4e-10") * (1 - m_X**2 / n.m_Z**2) ** 3 * (1000 / m_X) ** 2
    return z_width(n, m_X, z_amplitude(n, model, m_X, form)) / n.Gamma_Z


def w_anomaly(model):
    """Return A, a quarter of the sum of N_c X over left-handed fermions other than the top, with its sign."""
    return mp.fsum(colours * CHARGES[model][f] for f, (colours, _, _) in FERMIONS.items() if f != "t") / 4


def loop_sum(n, pair, argument):
    """Sum over a = u, c, t of V_ai V*_aj f(x), with x = m_a/m_W (``ratio``) or its square (``squared``)."""
    v, (i, j), power = ckm(n), pair, {"ratio": 1, "squared": 2}[argument]
    f = {a: loop_function((getattr(n, "m_" + a) / n.m_W) ** power) for a in "uct"}
    return mp.fsum(v[a + i] * mp.conj(v[a + j]) * f[a] for a in "uct")


def fcnc(n, model, pair, prefactor, argument):
    """g_Xij / g_X, the coefficient of X_mu dbar_j gamma^mu P_L d_i that Eq. (6) is matched to."""
    g4 = (4 * mp.sqrt(2) * n.G_F * n.m_W**2) ** 2
    factor = {"printed": g4 / 32, "figure": g4 / (32 * mp.pi**2),
              "matched": 3 * w_anomaly(model) * g4 / (16 * mp.pi**2) ** 2}
    return factor[prefactor] * loop_sum(n, pair, argument)


def form_factors_b(n, q2, m_B, m_V):
    """B -> K and B -> K* form factors; f_+ with the last pole of Eq. (B6) single, as printed, or double."""
    pole, double = 1 / (1 - q2 / n.f_plus_m2), 1 / (1 - q2 / n.A_2_m2)
    a1 = n.A_1_r2 / (1 - q2 / n.A_1_m2)
    a2 = n.A_2_r1 * double + n.A_2_r2 * double**2
    return {"f_plus_single": (n.f_plus_r1 + n.f_plus_r2) * pole,
            "f_plus_double": n.f_plus_r1 * pole + n.f_plus_r2 * pole**2,
            "f_0": n.f_0_r2 / (1 - q2 / n.f_0_m2), "A_1": a1, "A_2": a2,
            "A_0": n.A_0_r1 / (1 - q2 / n.A_0_mR**2) + n.A_0_r2 / (1 - q2 / n.A_0_m2),
            "A_3": ((m_B + m_V) * a1 - (m_B - m_V) * a2) / (2 * m_V),
            "V": n.V_r1 / (1 - q2 / n.V_mR**2) + n.V_r2 / (1 - q2 / n.V_m2)}


def form_factors_k(n, q2, label):
    """K -> pi form factors f_+ and f_0, linear in q^2, slopes per m_pi+^2 for both kaons."""
    slopes = {"f_plus": getattr(n, "lambda_plus_" + label), "f_0": getattr(n, "lambda_0_" + label)}
    return {name: n.f_Kpi * (1 + slope * q2 / n.m_pip**2) for name, slope in slopes.items()}


def meson_width(n, channel, m_X, choice):
    """Width of a meson decay per unit squared coupling: |g_Xij|^2, or (Im g_Xij)^2 for K_L, Eqs. (9) to (12).

    ``vector`` is the exact rate for a massive X; the others are Goldstone-limit formulas, printed or fixed.
    """
    key, parent, daughter, _, _, label = MESONS[channel]
    M, m, q2 = getattr(n, parent), getattr(n, daughter), m_X**2
    if m + m_X >= M:
        return mp.mpf(0)
    Q = mp.sqrt((M**2 - (m + m_X) ** 2) * (M**2 - (m - m_X) ** 2)) / (2 * M)
    common, s_wave = M**3 / (64 * mp.pi * q2), (1 - m**2 / M**2) ** 2 * (2 * Q / M)
    if key == "k_to_pi":
        ff = form_factors_k(n, q2, label)
        return common * {"printed": (1 - m / M**2) ** 2 * (2 * Q / M),  # dimensionful: masses in GeV
                         "bracket": s_wave, "goldstone": s_wave * ff["f_0"] ** 2,
                         "vector": (2 * Q / M) ** 3 * ff["f_plus"] ** 2}[choice]
    ff = form_factors_b(n, q2, M, m)
    if key == "b_to_k":
        return common * {"printed": s_wave * ff["f_plus_single"] ** 2,
                         "double_pole": s_wave * ff["f_plus_double"] ** 2,
                         "goldstone": s_wave * ff["f_0"] ** 2,
                         "vector": (2 * Q / M) ** 3 * ff["f_plus_double"] ** 2}[choice]
    if choice != "vector":
        return common * (2 * Q / M) ** 3 * ff[{"printed": "A_3", "goldstone": "A_0"}[choice]] ** 2
    a1, a2, v = ff["A_1"] * (M + m), ff["A_2"] / (M + m), ff["V"] / (M + m)
    h_0 = ((M**2 - m**2 - q2) * a1 - 4 * M**2 * Q**2 * a2) / (2 * m * m_X)
    return Q / (32 * mp.pi * M**2) * (h_0**2 + (a1 - 2 * M * Q * v) ** 2 + (a1 + 2 * M * Q * v) ** 2)


def branching_ratio(n, model, channel, m_X, choices):
    """Branching ratio of any channel at g_X = 1 under a dict of choices; 0 beyond threshold."""
    if channel == "Z -> gamma X":
        return z_branching_ratio(n, model, m_X, choices["z_to_gamma"])
    key, _, _, tau, pair, _ = MESONS[channel]
    g = fcnc(n, model, pair, choices["fcnc_prefactor"], choices["loop_argument"])
    g2 = mp.im(g) ** 2 if channel.startswith("KL") else abs(g) ** 2
    return g2 * meson_width(n, channel, m_X, choices[key]) * getattr(n, tau) / n.hbar


def tables(inputs):
    """Every reference number, as nested dicts of multiple-precision numbers."""
    n, grid, grid_z, q2s = exact(inputs), *([mp.mpf(v) for v in values] for values in (M_X, M_X_Z, Q2))
    z = {"m_X": M_X_Z, "bracket": {f: [bracket(n, f, m) for m in grid_z] for f in FERMIONS if "nu" not in f}}
    for model in CHARGES:
        z[model] = {"eq5": {"BR": [z_branching_ratio(n, model, m, "eq5") for m in grid_z]}}
        for form in ("mass_basis", "eq4"):
            amplitudes = [mp.mpc(z_amplitude(n, model, m, form)) for m in grid_z]
            widths = [z_width(n, m, a) for m, a in zip(grid_z, amplitudes, strict=True)]
            massless = mp.chop(mp.fsum(weights(n, model, form).values()), tol=mp.mpf("1e-40"))
            z[model][form] = {"amplitude": amplitudes, "massless_sum": massless, "width": widths,
                              "BR": [z_branching_ratio(n, model, m, form) for m in grid_z]}
    rows = {"B+": [form_factors_b(n, q2, n.m_Bp, n.m_Kst_p) for q2 in q2s],
            "B0": [form_factors_b(n, q2, n.m_B0, n.m_Kst_0) for q2 in q2s],
            "K+": [form_factors_k(n, q, "Kp") for q in q2s], "KL": [form_factors_k(n, q, "KL") for q in q2s]}
    meson = {"m_X": M_X}
    for channel, (key, parent, daughter, tau, _, _) in MESONS.items():
        meson[channel] = {"threshold": getattr(n, parent) - getattr(n, daughter)}
        for choice in CHOICES[key]:
            widths = [meson_width(n, channel, m, choice) for m in grid]
            meson[channel][choice] = {"width": widths, "BR": [w * getattr(n, tau) / n.hbar for w in widths]}
    pairs, arguments, prefactors = ("bs", "sd"), ("ratio", "squared"), ("printed", "figure", "matched")
    return {
        "units": UNITS, "inputs": inputs, "charges": CHARGES, "treatments": TREATMENTS,
        "loop_function": {"x": X_LOOP, "f": [loop_function(mp.mpf(x)) for x in X_LOOP]},
        "ckm": {name: mp.mpc(value) for name, value in ckm(n).items()},
        "form_factors": {"q2": Q2} | {c: {f: [r[f] for r in rs] for f in rs[0]} for c, rs in rows.items()},
        "z_to_gamma": z,
        "fcnc": {"g2_squared": 4 * mp.sqrt(2) * n.G_F * n.m_W**2, "A": {m: w_anomaly(m) for m in CHARGES},
                 "loop_sum": {p: {a: loop_sum(n, p, a) for a in arguments} for p in pairs},
                 "g_Xij": {m: {p: {k: {a: fcnc(n, m, p, k, a) for a in arguments} for k in prefactors}
                               for p in pairs} for m in CHARGES}},
        "meson_per_g_squared": meson,
        "branching_ratio": {"m_X": M_X} | {
            model: {name: {c: [branching_ratio(n, model, c, m, choices) for m in grid]
                           for c in ("Z -> gamma X", *MESONS)} for name, choices in TREATMENTS.items()}
            for model in CHARGES},
    }


def rounded(value):
    """Round a multiple-precision number to what JSON holds: float64, or [re, im] if it is complex."""
    return [float(value.real), float(value.imag)] if isinstance(value, mp.mpc) else float(value)


def quoted_values():
    """Rows of (quantity, quoted value, value computed with REFERENCE), all for B-L at g_X = 1."""
    n, tiny, mev = exact(REFERENCE), mp.mpf("1e-6"), mp.mpf("1e-3")
    rows = [("A_Z", "-0.3374-0.0076i", z_amplitude(n, "B-L", mev, "mass_basis"))]
    for label, quoted, a in (("full", "4.00e-9", rows[0][2]), ("A = -1/9", "4.33e-10", mp.mpf(-1) / 9)):
        rows += [(f"BR(Z) (f_X/TeV)^2, {label}", quoted, z_width(n, mev, a) / n.Gamma_Z * mev**2 / 10**6)]
    bs, sd = (fcnc(n, "B-L", pair, "matched", "squared") for pair in ("bs", "sd"))
    bs_ratio, sd_ratio = (fcnc(n, "B-L", pair, "matched", "ratio") for pair in ("bs", "sd"))
    rows += [("|g_bs|/A", "1.0902e-6", 4 * abs(bs)), ("|g_sd|/A", "1.0473e-8", 4 * abs(sd)),
             ("|Im g_sd|/A", "3.77e-9", 4 * abs(sd.imag)),
             ("g_Xij, printed/matched", "1039", abs(fcnc(n, "B-L", "bs", "printed", "squared") / bs)),
             ("loop sum bs, squared/ratio", "1.54", abs(bs / bs_ratio)),
             ("loop sum sd, squared/ratio", "1/7.40", abs(sd / sd_ratio)),
             ("loop sum Im sd, squared/ratio", "1.54", sd.imag / sd_ratio.imag)]
    for channel, matched, printed in (("B+ -> K+ X", "1.475e-2", "6.74e3"), ("K+ -> pi+ X", "5.65e-5", "763"),
                                      ("KL -> pi0 X", "3.17e-5", "3.70")):
        for name, quoted in (("matched", matched), ("printed", printed)):
            rate = branching_ratio(n, "B-L", channel, tiny, TREATMENTS[name])
            rows += [(f"{channel}, {name}, BR m_X^2", quoted, rate * tiny**2)]
    eq5, mass_basis = (z_branching_ratio(n, "B-L", mev, form) for form in ("eq5", "mass_basis"))
    rows += [("limit on g_X: Z, eq5/mass_basis", "3.2", mp.sqrt(mass_basis / eq5))]
    for channel, m, old, new, quoted in (
        ("K+ -> pi+ X", 0, "printed", "bracket", "2.15"), ("KL -> pi0 X", 0, "printed", "bracket", "2.04"),
        ("K+ -> pi+ X", 0.1, "bracket", "vector", "1/1.07"), ("B+ -> K+ X", 2, "printed", "vector", "1/1.08"),
        ("K+ -> pi+ X", 0.2, "bracket", "vector", "1/1.24"), ("B+ -> K+ X", 4, "printed", "vector", "1/1.56"),
        ("K+ -> pi+ X", 0.3, "bracket", "vector", "1/1.9"), ("B0 -> K*0 X", 2, "printed", "vector", "1.7"),
        ("B0 -> K*0 X", 3, "printed", "vector", "3.4"), ("B0 -> K*0 X", 4, "printed", "vector", "14"),
    ):
        before, after = (meson_width(n, channel, mp.mpf(m) or tiny, choice) for choice in (old, new))
        rows += [(f"limit on g_X: {channel}, {old}/{new}, m_X = {m}", quoted, mp.sqrt(after / before))]
    return rows


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        for label, quoted, computed in quoted_values():
            print(f"{label:58} {quoted:>16}   {mp.nstr(computed, 8)}")
    else:
        with Path(__file__).with_suffix(".json").open("w") as out:
            print(json.dumps(tables(INPUTS), indent=1, default=rounded), file=out)
