r"""Thermal averages of sigma v to 30 digits, in the variable s: formulas alone, and a quadrature that knows the pole.

    <sigma v> = int_{4m^2}^inf sigma (s - 4m^2) sqrt(s) K_1(sqrt(s)/T) ds / (8 m^4 T K_2(m/T)^2)

Writes thermal_average.json beside itself.  The interval is cut at the pole and at distances from it that grow by
factors of 10 from the width on, and mpmath's tanh-sinh rule is applied to every piece; s - m_X^2 is formed, in 60
digits.  Charges are those of U(1)_{B3-L2}: nu_mu and mu have charge 1.
"""

import json
from pathlib import Path

import mpmath as mp

mp.mp.dps = 60
M_MU = mp.mpf(0.1056583755)
CASES = [  # m_chi, x_N, m_X [GeV], g_X, m_chi / T
    *((0.005, 5.0, 0.003, 3.6e-4, x) for x in (6.0, 22.0, 1e4)),
    (0.005, 5.0, 0.004999, 4e-4, 22.0),
    (0.005, 5.0, 0.005, 4e-4, 22.0),
    (0.005, 5.0, 0.005, 4e-4, 1.0),
    (0.005, 5.0, 0.0051, 4e-4, 22.0),
    *((0.005, 5.0, 0.0099, 1.9e-4, x) for x in (22.0, 1e5)),
    (0.005, 5.0, 0.01, 1e-7, 22.0),
    *((0.005, 5.0, 0.0101, 5.4e-8, x) for x in (1.0, 22.0, 300.0, 3e3, 1e6)),
    *((0.005, 5.0, 0.013, 2.2e-5, x) for x in (3.0, 22.0, 100.0)),
    (0.005, 5.0, 0.016, 1.1e-3, 22.0),
    (0.005, 5.0, 0.1, 9.2e-3, 22.0),
    (0.005, 5.0, 0.02, 3.0, 22.0),  # wider than its mass
    (0.01, 10.0, 0.0201, 7.5e-8, 40.0),
    (0.09, 1.0, 0.3, 1e-3, 15.0),  # muons, heavier than chi
    (0.09, 1.0, 0.2, 1e-6, 15.0),
    (0.15, 1.0, 0.4, 1e-3, 20.0),  # muons, lighter than chi
]


def ratio(m_f, E):
    """R of a charged Dirac fermion of charge 1; 0 below threshold."""
    r = (m_f / E) ** 2
    return (1 + 2 * r) * mp.sqrt(1 - 4 * r) if 4 * r < 1 else mp.mpf(0)


def width(m, x_N, m_X, g):
    total = mp.mpf(1) / 2 + ratio(M_MU, m_X) + x_N**2 * ratio(m, m_X)
    return g**2 * m_X / (12 * mp.pi) * total


def sigma_beta(channel, m, x_N, m_X, g, s, beta):
    """The cross section times beta, which is finite at threshold."""
    if channel == "X X":
        beta_X = mp.sqrt(max(1 - 4 * m_X**2 / s, 0))
        a, kappa = s / 2 - m_X**2, s * beta * beta_X / 2
        log = 2 * mp.atanh(kappa / a) / kappa if kappa else 2 / a
        bracket = (
            4 * (-2 + 2 * a * log)
            + 16 * (m**2 + m_X**2) * log
            - 4 * (8 * m**4 + 8 * m**2 * m_X**2 + 2 * m_X**4) / (a**2 - kappa**2)
            - 16 * (m**4 - m_X**4) * log / a
        )
        return (x_N * g) ** 4 * beta_X / (64 * mp.pi * s) * bracket
    R = mp.mpf(1) / 2 if channel == "nu nubar" else ratio(M_MU, mp.sqrt(s))
    gamma = width(m, x_N, m_X, g)
    return x_N**2 * g**4 * R / (12 * mp.pi) * (s + 2 * m**2) / ((s - m_X**2) ** 2 + (m_X * gamma) ** 2)


def average(channel, m, x_N, m_X, g, x):
    m, x_N, m_X, g, x = map(mp.mpf, (m, x_N, m_X, g, x))
    T = m / x
    heavy = {"X X": m_X, "nu nubar": m, "mu+ mu-": M_MU}[channel]
    low = 4 * max(m, heavy) ** 2
    high = (mp.sqrt(low) + 90 * T) ** 2
    cuts = {low, high} | {(mp.sqrt(low) + k * T) ** 2 for k in (0.03, 0.3, 1, 3, 8, 20, 40)}
    if channel != "X X":
        pole, size = m_X**2, m_X * width(m, x_N, m_X, g)
        for k in range(60):
            cuts |= {pole - size * mp.mpf(10) ** k, pole + size * mp.mpf(10) ** k}
        cuts.add(pole)
        scale = abs(pole - low)
        cuts |= {low + scale * mp.mpf(10) ** k for k in range(-20, 3) if scale}
    else:
        scale = abs(m_X**2 - m**2)
        cuts |= {low + scale * mp.mpf(10) ** k for k in range(-3, 6) if scale}
    points = sorted(one for one in cuts if low <= one <= high)

    def integrand(s):
        root, beta = mp.sqrt(s), mp.sqrt(max(1 - 4 * m**2 / s, 0))
        return sigma_beta(channel, m, x_N, m_X, g, s, beta) * s * beta * root * mp.besselk(1, root / T)

    mp.mp.dps = 35
    total = mp.quad(integrand, points)
    found = total / (8 * m**4 * T * mp.besselk(2, x) ** 2)
    mp.mp.dps = 60
    return found


def main():
    records = []
    for m, x_N, m_X, g, x in CASES:
        channels = ["nu nubar", "X X"] + (["mu+ mu-"] if m > 0.05 else [])
        values = {channel: float(average(channel, m, x_N, m_X, g, x)) for channel in channels}
        records.append({"m_chi": m, "x_N": x_N, "m_X": m_X, "g_X": g, "x": x, "averages": values})
        print(records[-1], flush=True)
    found = {"m_mu": float(M_MU), "records": records}
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
