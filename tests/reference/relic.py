"""Relic density of a Dirac particle that annihilates through a light vector boson, independently.

``python relic.py`` writes ``relic.json`` beside this file; ``python relic.py --check`` compares the thermal
averages with multiple precision, the integration with a second method, and the roots with printed ones.

* Thermal average in multiple precision: the integral over p itself, in 30 digits but for the
  Bessel functions of scipy, cut into pieces at
  p^2 = p0^2 +- 6^k w, where (s - M^2)^2 + M^2 Gamma^2 = 16 [(v - p0^2)^2 + w^2], p0^2 = (M - 2m)(M + 2m)/4,
  w = M Gamma/4.
* Thermal average in double precision, for the Boltzmann equation: within p0^2/2 of the pole the integrand is
  folded about p0^2 and its value there, whose integral is an arctangent, is taken out; what is left is
  smooth in ln |v - p0^2|, and the rest of the range in ln v. Composite Gauss-Legendre.
* Boltzmann equation: ln(n a^3) against ln T by LSODA (or Radau) with an error control, from where
  annihilation is 1e6 (or 1e5) times faster than the expansion to x = 1e8 (or 1e7). Coefficients are quintic
  splines in ln T.

The roots are found in two settings, ``fine`` and ``coarse``; what they differ by is in the file.

Sources: thermal average and Boltzmann equation, Gondolo and Gelmini, Nucl. Phys. B 360 (1991) 145; the cross
sections follow from the traces of a vector coupling. Units: GeV.
"""

import functools
import json
import math
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from mpmath import mp
from scipy.integrate import solve_ivp
from scipy.interpolate import make_interp_spline
from scipy.optimize import brentq
from scipy.special import kve

OUTPUT = Path(__file__).with_name("relic.json")
INPUTS = {
    "m_e": 0.51099895069e-3,
    "m_mu": 0.1056583755,
    "M_Planck": 1.220890e19,
    "omega_factor": 2.744e8,  # Omega h^2 = factor * m * 2 Y, m in GeV
    "omega_h2": 0.12,
    "T_decoupling": 2.0e-3,  # of neutrinos, for the neutrino bath
}
M_E, M_MU = INPUTS["m_e"], INPUTS["m_mu"]
LATE = 2 * math.pi**2 * 5.5 / 45  # entropy of photons and electrons in a comoving volume
TEMPERATURES = ("common", "neutrino_bath")
LINES = ((0.005, 5.0), (0.010, 10.0))
OTHER_LINES = ((0.030, 3.0), (0.120, 1.0))  # muons open in the second
RATIOS = (
    0.2, 0.4, 0.7, 0.9, 0.98, 0.999, 1.0, 1.001, 1.02, 1.1, 1.25, 1.4, 1.6, 1.8, 1.9, 1.96, 1.99, 1.998,
    2.002, 2.01, 2.02, 2.04, 2.07, 2.1, 2.15, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8, 2.9, 3.0, 3.2, 3.5, 4.0,
    5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 42.0, 60.0, 100.0,
)  # fmt: skip
FEW_RATIOS = (0.5, 0.95, 1.0, 1.3, 1.7, 1.95, 2.05, 2.3, 2.6, 3.0, 4.0, 8.0)
PRINTED = {  # rounded roots derived separately, MeV: (common, neutrino bath)
    (0.005, 5.0): {
        3: (3.6256e-4, 3.991e-4), 4.8: (4.6760e-4, 5.130e-4), 8: (5.8952e-4, 6.219e-4),
        9.9: (1.8952e-4, 1.942e-4), 10.1: (5.3964e-8, 5.894e-8), 13: (2.2171e-5, 2.660e-5),
        16: (1.0796e-3, 1.137e-3), 30: (2.6034e-3, 2.713e-3), 100: (9.1890e-3, 9.573e-3),
    },
    (0.010, 10.0): {
        3: (2.4615e-4, 2.634e-4), 11: (6.6660e-4, 6.840e-4), 19.6: (2.3659e-4, 2.366e-4),
        20.1: (7.5068e-8, 7.560e-8), 30: (9.0554e-4, 9.223e-4), 100: (4.4954e-3, 4.548e-3),
    },
}  # fmt: skip
FINE = SimpleNamespace(spacing=0.016, panel=0.7, order=10, rtol=1e-9, last=1e8, stiffest=1e6, method="LSODA")
COARSE = SimpleNamespace(spacing=0.025, panel=0.9, order=8, rtol=1e-7, last=1e7, stiffest=1e5, method="LSODA")
FIRST = 1.0  # x


def partial_widths(lib, x_N, m, M, g):
    """Width of X into one chiral neutrino, muons and the dark particle."""

    def F(mass):
        r = (mass / M) ** 2
        return (1 + 2 * r) * lib.sqrt(1 - 4 * r) if 2 * mass < M else 0

    return g**2 * M / (24 * lib.pi) * (1 + 2 * F(M_MU) + 2 * x_N**2 * F(m))


def traces_to_XX(log1p_ratio, m2, M2, s, kappa):
    """The bracket of chi chi -> X X; ``log1p_ratio`` is Lambda."""
    a, L = s / 2 - M2, log1p_ratio
    difference = M2**2 + s * m2 - 4 * m2 * M2  # a^2 - kappa^2
    return (
        4 * (-2 + 2 * a * L)
        + 16 * (m2 + M2) * L
        - 4 * (8 * m2**2 + 8 * m2 * M2 + 2 * M2**2) / difference
        - 16 * (m2**2 - M2**2) * L / a
    )


# ---- thermal average, multiple precision ------------------------------------------------------------------


def average_mp(x_N, m, M, g, x):
    """Thermal averages [GeV^-2] into neutrinos, muons and X X, by quadrature with 30 digits."""
    x_N, m, M, g, x = map(mp.mpf, (x_N, m, M, g, x))
    T, m2, M2 = m / x, m**2, M**2
    p02 = (M - 2 * m) * (M + 2 * m) / 4
    w = M * partial_widths(mp, x_N, m, M, g) / 4
    norm = 4 / (m2**2 * T) / mp.mpf(kve(2, float(x))) ** 2
    scale = m * T

    def thermal(v):
        E = mp.sqrt(m2 + v)
        return norm * E * mp.mpf(kve(1, float(2 * E / T))) * mp.exp(-2 * v / (E + m) / T)

    def s_channel(v, muons):
        E2 = m2 + v
        sigma_v = x_N**2 * g**4 / (24 * mp.pi) * (4 * E2 + 2 * m2) * mp.sqrt(E2 * v)
        if muons:
            r = M_MU**2 / (4 * E2)
            sigma_v *= 2 * mp.sqrt(1 - 4 * r) * (1 + 2 * r) if 4 * r < 1 else 0
        return sigma_v / (16 * ((v - p02) ** 2 + w**2)) * thermal(v)

    def to_XX(v):
        s, q2 = 4 * (m2 + v), v + m2 - M2
        beta, beta_X = mp.sqrt(4 * v / s), mp.sqrt(4 * q2 / s)
        kappa = s * beta * beta_X / 2
        a = s / 2 - M2
        L = 2 * mp.atanh(kappa / a) / kappa if kappa else 2 / a
        bracket = traces_to_XX(L, m2, M2, s, kappa)
        return (x_N * g) ** 4 * beta_X / (64 * mp.pi * s) * bracket * mp.sqrt((m2 + v) * v) * thermal(v)

    def integral(f, lowest, poles):
        """Integral dv above ``lowest`` in q, v = lowest + q^2, without a root at the lower end."""
        end = lowest + 250 * T * (m + T)
        if lowest > 50 * T * (m + T) + 2500 * T**2:
            return mp.mpf(0)  # e^-100 of a closed channel
        edges = [lowest + scale * mp.mpf(t) for t in (0, 1e-3, 0.1, 0.5, 2, 5, 10, 20, 40, 80, 150)]
        edges += [lowest + m2 * mp.mpf(t) for t in (1e-3, 0.1, 1, 10, 100)]
        if poles:
            reach = abs(p02) + w + scale
            edges += [
                p02 + sign * w * mp.mpf(6) ** k for k in range(-1, 30) for sign in (-1, 1) if w * 6**k < reach
            ]
            edges += [p02]
        q = [mp.sqrt(v - lowest) for v in sorted(set(edges)) if lowest <= v < end] + [mp.sqrt(end - lowest)]
        return mp.quad(lambda q: 2 * q * f(lowest + q**2), q, method="gauss-legendre", maxdegree=5)

    low_mu = max(mp.mpf(0), mp.mpf(M_MU) ** 2 - m2)
    low_X = max(mp.mpf(0), M2 - m2)
    return [
        integral(lambda v: s_channel(v, muons=False), mp.mpf(0), poles=True),
        integral(lambda v: s_channel(v, muons=True), low_mu, poles=True),
        integral(to_XX, low_X, poles=False),
    ]


# ---- thermal average, double precision, all temperatures and couplings of one mass -----------------------


def log_nodes(low, high, setting):
    """Composite Gauss-Legendre nodes and weights of int dv over (low, high), uniform in ln v."""
    t, weight = np.polynomial.legendre.leggauss(setting.order)
    edges = np.linspace(np.log(low), np.log(high), 1 + math.ceil(np.log(high / low) / setting.panel))
    half = np.diff(edges)[:, None] / 2
    v = np.exp(((edges[1:] + edges[:-1]) / 2)[:, None] + half * t).ravel()
    return v, (half * weight).ravel() * v


class Average:
    """<sigma v> over x at one mass; couplings only reweight what is tabulated here."""

    def __init__(self, x_N, m, M, y, setting):
        """Tabulate over y = ln T."""
        self.x_N, self.m, self.M = x_N, m, M
        self.T = np.exp(y)
        self.p02 = (M - 2 * m) * (M + 2 * m) / 4
        self.setting = setting
        self.low, self.high = 1e-11 * m * self.T.min(), 200 * (m + self.T.max()) * self.T.max()
        self.k2 = kve(2, m / self.T) ** 2
        outer, folded = [], []
        if self.p02 > 2 * self.low:
            half = self.p02 / 2
            outer += [log_nodes(self.low, half, setting)]
            if 3 * half < self.high:
                outer += [self.from_edge(3 * half)]
            folded = log_nodes(1e-17 * half, half, setting)
        else:
            outer += [log_nodes(self.low, self.high, setting)]
        self.outer = [np.concatenate(part) for part in zip(*outer, strict=True)]
        self.f_outer = self.s_channel(self.outer[0]) * self.outer[1]
        self.folded = folded
        if len(folded):
            self.f0 = self.s_channel(np.array([self.p02]))[:, 0]
            u, weight = folded
            sides = self.s_channel(self.p02 + u) + self.s_channel(self.p02 - u)
            self.f_folded = (sides - 2 * self.f0[:, None]) * weight
        self.into_XX = self.to_XX()

    def from_edge(self, edge):
        """Nodes from an edge upwards: panels grow from the edge."""
        step, w = log_nodes(1e-3 * edge, self.high, self.setting)
        t, weight = np.polynomial.legendre.leggauss(4 * self.setting.order)
        first = 1e-3 * edge * (1 + t) / 2
        return np.concatenate([edge + first, edge + step]), np.concatenate([1e-3 * edge * weight / 2, w])

    def thermal(self, v):
        """E K1(2E/T)/K2^2 with its norm, over (T, v)."""
        E = np.sqrt(self.m**2 + v)
        exponent = -2 * v / (E + self.m) / self.T[:, None]
        i, j = np.nonzero((exponent > -200) & (v > 1e-11 * self.m * self.T[:, None]))
        values = np.zeros_like(exponent)
        norm = 4 / (self.m**4 * self.T) / self.k2
        values[i, j] = norm[i] * E[j] * kve(1, 2 * E[j] / self.T[i]) * np.exp(exponent[i, j])
        return values

    def s_channel(self, v):
        """Integrand at g = 1 without the propagator, neutrinos and muons."""
        E2 = self.m**2 + v
        r = np.minimum(M_MU**2 / (4 * E2), 0.25)
        final = 1 + 2 * np.sqrt(1 - 4 * r) * (1 + 2 * r)
        sigma_v = self.x_N**2 / (24 * np.pi) * (4 * E2 + 2 * self.m**2) * np.sqrt(E2 * v) / 16
        return sigma_v * final * self.thermal(v)

    def to_XX(self):
        """<sigma v> into X X at g = 1."""
        m2, M2 = self.m**2, self.M**2
        above, below = max(0.0, (self.M - self.m) * (self.M + self.m)), (self.m - self.M) * (self.m + self.M)
        u, weight = log_nodes(self.low, self.high, self.setting)
        v, q2 = u + above, u + max(0.0, below)
        s = 4 * (m2 + v)
        beta, beta_X = np.sqrt(4 * v / s), np.sqrt(4 * q2 / s)
        kappa, a = s * beta * beta_X / 2, s / 2 - M2
        z = kappa / a
        series = 2 / a * sum(z ** (2 * k) / (2 * k + 1) for k in range(9))
        L = np.where(z < 0.02, series, 2 * np.arctanh(np.where(z < 0.02, 0.5, z)) / kappa)
        bracket = traces_to_XX(L, m2, M2, s, kappa)
        f = self.x_N**4 * beta_X / (64 * np.pi * s) * bracket * np.sqrt((m2 + v) * v)
        return (self.thermal(v) * (f * weight)).sum(axis=1)

    def __call__(self, g):
        """<sigma v> [GeV^-2] over T."""
        w = self.M * partial_widths(math_like, self.x_N, self.m, self.M, g) / 4
        total = self.f_outer @ (1 / ((self.outer[0] - self.p02) ** 2 + w**2))
        if len(self.folded):
            total += self.f_folded @ (1 / (self.folded[0] ** 2 + w**2))
            total += 2 * self.f0 * math.atan(self.p02 / 2 / w) / w
        return g**4 * (total + self.into_XX)


math_like = SimpleNamespace(sqrt=math.sqrt, pi=math.pi)


# ---- the expanding bath -----------------------------------------------------------------------------------


def thermal_density(mass, dof, sign, T):
    """Energy and entropy densities [GeV^4, GeV^3] of a gas without chemical potential."""
    t, weight = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(0, 120.0, 121)
    q = (edges[:-1, None] + 0.5 * (1 + t)).ravel()
    weight = np.tile(weight / 2, 120)
    E = np.sqrt(q**2 + (mass / np.asarray(T)[:, None]) ** 2)
    f = dof / (2 * np.pi**2) * np.exp(-E) / (1 + sign * np.exp(-E)) * weight
    rho, pressure = (f * q**2 * E).sum(axis=1) * T**4, (f * q**4 / (3 * E)).sum(axis=1) * T**4
    return rho, (rho + pressure) / T


def photons_electrons(T):
    """Energy and entropy densities of photons and electrons."""
    rho, s = thermal_density(M_E, 4, 1, T)
    return np.pi**2 / 15 * T**4 + rho, 4 * np.pi**2 / 45 * T**3 + s


def massless_fermions(dof, T):
    """Energy and entropy densities of massless fermions."""
    rho = 7 / 8 * dof * np.pi**2 / 30 * T**4
    return rho, 4 / 3 * rho / T


def common(m, M, T):
    """Energy density and ln a with one temperature; the dark particle and X are not counted."""
    rho, s = photons_electrons(T)
    T_nu = T * (s * 45 / (2 * np.pi**2) / T**3 / 5.5) ** (1 / 3)
    return rho + massless_fermions(6, T_nu)[0], np.log(LATE / s) / 3


def neutrino_bath(m, M, T):
    """Energy density and ln a with T that of neutrinos, of the dark particle and of X."""
    T_D = INPUTS["T_decoupling"]

    def dark(T):
        parts = massless_fermions(6, T), thermal_density(m, 4, 1, T), thermal_density(M, 3, -1, T)
        return np.sum(parts, axis=0)

    at_D = np.array([T_D])
    s_em, s_dark = photons_electrons(at_D)[1], dark(at_D)[1]
    rho, s = dark(T)
    if T.min() >= T_D * (1 - 1e-12):
        rho_em, em = photons_electrons(T)
        return rho + rho_em, np.log((s_em + s_dark) / (s + em) * LATE / s_em) / 3
    wanted = np.log(s / s_dark * s_em)
    fine = np.linspace(np.log(T.min()) - 1, np.log(T.max()) + 1, 4 * len(T))
    table = np.log(photons_electrons(np.exp(fine))[1])
    T_gamma = np.exp(make_interp_spline(table, fine, k=5)(wanted))
    for _ in range(2):  # s goes like T^3, more or less: what is left of the error of the table is removed
        T_gamma *= np.exp((wanted - np.log(photons_electrons(T_gamma)[1])) / 3)
    return rho + photons_electrons(T_gamma)[0], np.log(s_dark / s * LATE / s_em) / 3


class Line:
    """Relic density at one (m, x_N, M) in one history of temperatures; a function of g."""

    def __init__(self, x_N, m, M, setting):
        """Tabulate what does not depend on g."""
        self.m, self.M, self.setting = m, M, setting
        first, last = np.log(m / FIRST), np.log(m / setting.last)
        T_D = np.log(INPUTS["T_decoupling"])
        edges = [first, T_D, last] if last < T_D < first else [first, last]
        self.y = [np.linspace(b, a, 9 + math.ceil((a - b) / setting.spacing)) for a, b in pairwise(edges)]
        self.averages = [Average(x_N, m, M, y, setting) for y in self.y]
        self.history = {name: [self.segment(name, y) for y in self.y] for name in TEMPERATURES}
        self.known = functools.cache(lambda g: [average(g) for average in self.averages])

    def segment(self, name, y):
        """Logarithms of a^-3/H |dln a/dln T| and of N_eq."""
        T = np.exp(y)
        rho, ln_a = {"common": common, "neutrino_bath": neutrino_bath}[name](self.m, self.M, T)
        H = np.sqrt(8 * np.pi * rho / 3) / INPUTS["M_Planck"]
        slope = make_interp_spline(y, ln_a, k=5).derivative()(y)
        x = self.m / T
        ln_n = np.log(self.m**2 * T * kve(2, x) / np.pi**2) - x
        return np.log(-slope / H) - 3 * ln_a, ln_n + 3 * ln_a

    def density(self, name, g):
        """Omega h^2."""
        value = None
        for y, (rate, ln_N_eq), average in zip(self.y, self.history[name], self.known(g), strict=True):
            spline = make_interp_spline(y, np.stack([rate + np.log(average), ln_N_eq], axis=1), k=5)

            def slope(y, ln_N, spline=spline):
                rate, ln_N_eq = spline(y)
                return np.exp(rate + ln_N) * -np.expm1(2 * (ln_N_eq - ln_N))

            def jacobian(y, ln_N, spline=spline):
                rate, ln_N_eq = spline(y)
                return [np.exp(rate + ln_N) * (1 + np.exp(2 * (ln_N_eq - ln_N)))]

            end = len(y) - 1
            if value is None:
                speed = spline(y).sum(axis=1)  # ln of annihilations in a Hubble time, in equilibrium
                slow = speed < math.log(self.setting.stiffest)
                end = end if slow.all() else np.flatnonzero(~slow)[0]
                if end == 0:  # still in equilibrium
                    continue
                departure = spline.derivative()(y[end])[1] / 2 / math.exp(speed[end])
                value = ln_N_eq[end] + departure
            tolerance = self.setting.rtol
            solution = solve_ivp(
                slope,
                (y[end], y[0]),
                [value],
                self.setting.method,
                rtol=tolerance,
                atol=tolerance,
                jac=jacobian,
            )
            assert solution.success
            value = solution.y[0, -1]
        Y = math.exp(value) / LATE * 2 / (43 / 11)
        return INPUTS["omega_factor"] * self.m * 2 * Y

    def root(self, name, guess):
        """Coupling at which the density is the measured one."""

        def excess(ln_g):
            return math.log(self.density(name, math.exp(ln_g)) / INPUTS["omega_h2"])

        low = high = math.log(guess)
        step = 0.02
        while excess(low) < 0:
            low -= step
            step *= 2
        step = 0.02
        while excess(high) > 0:
            high += step
            step *= 2
        return math.exp(brentq(excess, low, high, xtol=1e-11, rtol=1e-14))


def masses(m, x_N):
    """Masses of a line [GeV]."""
    ratios = RATIOS if (m, x_N) in LINES else FEW_RATIOS
    return sorted({round(m * r, 12) for r in ratios} | {mev * 1e-3 for mev in PRINTED.get((m, x_N), ())})


def line_records(m, x_N):
    """Roots and densities of one line."""
    guess = dict.fromkeys(TEMPERATURES, 3e-4)
    for M in masses(m, x_N):
        fine, coarse = Line(x_N, m, M, FINE), Line(x_N, m, M, COARSE)
        for name in TEMPERATURES:
            g = fine.root(name, guess[name])
            slope = (fine.density(name, g * 1.001) / fine.density(name, g / 1.001) - 1) / 0.002
            difference = coarse.density(name, g) / INPUTS["omega_h2"] - 1
            couplings = [g / 3, g, 2 * g]
            omegas = [fine.density(name, value) for value in couplings]
            yield {
                "m_chi": m, "x_N": x_N, "m_X": M, "temperature": name, "g_X": g, "slope": slope,
                "settings_differ": abs(difference), "settings_differ_g_X": abs(difference / slope),
                "at_g_X": couplings, "omega_h2": omegas,
            }  # fmt: skip
            guess[name] = g


def average_records():
    """Thermal averages in 30 digits."""
    points = [
        (m, x_N, m * ratio, g, x)
        for m, x_N, ratios in (
            (0.005, 5.0, (0.3, 1.0, 1.5, 1.99, 2.0, 2.01, 2.2, 2.6, 4.0)),
            (0.12, 1.0, (0.8, 2.4)),
        )
        for ratio in ratios
        for g in (1e-7, 1e-3)
        for x in (5.0, 25.0, 1000.0)
    ] + [
        (0.005, 5.0, 0.012, 0.5, 20.0),
        (0.005, 5.0, 0.012, 5.0, 20.0),
    ]  # X about as wide as heavy, and wider
    for m, x_N, M, g, x in points:
        nu, mu, XX = (float(value) for value in average_mp(x_N, m, M, g, x))
        yield {"m_chi": m, "x_N": x_N, "m_X": M, "g_X": g, "x": x, "nu": nu, "mu": mu, "XX": XX}


def check():
    """Compare with a second way of everything."""
    mp.dps = 30
    worst = 0.0
    for record in average_records():
        if record["m_X"] == 2 * record["m_chi"]:  # the double route has nodes down to 1e-11 m T, not to w
            continue
        y = np.log(record["m_chi"] / record["x"]) + np.array([0.0, 0.1])
        average = Average(record["x_N"], record["m_chi"], record["m_X"], y, FINE)(record["g_X"])[0]
        total = record["nu"] + record["mu"] + record["XX"]
        worst = max(worst, abs(average / total - 1))
    print(f"thermal average, double against multiple precision: {worst:.1e}")
    radau = SimpleNamespace(**vars(FINE) | {"method": "Radau", "rtol": 1e-9})
    for M in (0.004, 0.0101, 0.013):
        one, two = (Line(5.0, 0.005, M, setting) for setting in (FINE, radau))
        g = one.root("common", 3e-4)
        for name in TEMPERATURES:
            print(f"LSODA against Radau, {M}, {name}: {two.density(name, g) / one.density(name, g) - 1:.1e}")
    for (m, x_N), roots in PRINTED.items():
        for mev, both in roots.items():
            line = Line(x_N, m, mev * 1e-3, FINE)
            ratios = [line.root(name, g) / g - 1 for name, g in zip(TEMPERATURES, both, strict=True)]
            print(f"({m}, {x_N}) {mev} MeV, over printed roots - 1: {ratios[0]:.1e} {ratios[1]:.1e}")


def main():
    """Write the file."""
    mp.dps = 30
    lines = [record for m, x_N in (*LINES, *OTHER_LINES) for record in line_records(m, x_N)]
    content = {
        "note": "masses in GeV; averages in GeV^-2; settings_differ: |d Omega/Omega| between two settings of "
        "the integration at the root, settings_differ_g_X: the same in g_X; slope: d ln Omega / d ln g_X",
        "inputs": INPUTS,
        "averages": list(average_records()),
        "lines": lines,
    }
    OUTPUT.write_text(json.dumps(content, indent=1) + "\n")
    print(max(record["settings_differ_g_X"] for record in lines))


if __name__ == "__main__":
    check() if "--check" in sys.argv[1:] else main()
