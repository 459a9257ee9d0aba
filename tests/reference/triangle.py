"""Reference values of the q^2 = 0 triangle integral, from its closed form in multiple precision.

``python triangle.py`` writes ``triangle.json`` beside this file; ``python triangle.py --check`` compares the
closed form, and every stored record, with numerical integration of the defining double integral

    I00 = int_0^1 dx int_0^{1-x} dz 1/D,  D = m^2 - i0 - N,  N = z(1-x-z) p2 + x z k2,  J = 1 - 2 m^2 I00.

Inputs are binary64 numbers taken exactly, results are correctly rounded, infinite derivatives are null.
"""

import json
import math
import sys
from pathlib import Path

import mpmath as mp
import numpy as np

OUTPUT = Path(__file__).with_name("triangle.json")
P2_Z = 91.1879**2
KEYS = ("I00", "J", "dJ_dp2", "dJ_dk2", "dJ_dm")
# 2 m^2 I00 at m_Z = 91.188: (name, m, m_X, known value to 7 decimals or None)
SPOTS = (
    ("t", 172.57, 1e-3, 1.0241754),
    ("t", 172.57, 20.0, 1.0253405),
    ("c", 1.273, 20.0, None),
    ("b", 4.183, 1e-3, -0.0590681 + 0.0814386j),
    ("b", 4.183, 20.0, -0.0635012 + 0.0433915j),
    ("c", 1.273, 1e-3, -0.0122989 + 0.0104606j),
    ("tau", 1.77693, 1e-3, -0.0198028 + 0.0187894j),
)


def g(tau):
    """Return g = arcsin(sqrt(tau))^2 and dg/dtau at tau = s/4m^2 (+ i0 if real); inf slope at tau = 1."""
    if tau in (0, 1):
        return mp.pi**2 / 4 * tau, mp.inf if tau else mp.mpf(1)
    if mp.im(tau) == 0 and tau > 1:
        b = mp.sqrt(1 - 1 / tau)
        log = mp.log((1 + b) / (1 - b)) - mp.pi * 1j
        return -(log**2) / 4, -log / (2 * b * tau)
    if mp.im(tau) == 0 and tau < 0:
        y = mp.sqrt(-tau)
        return -(mp.asinh(y) ** 2), mp.asinh(y) / (y * mp.sqrt(1 + y * y))
    phi = mp.asin(mp.sqrt(tau))
    return phi**2, phi / mp.sqrt(tau * (1 - tau))


def closed_form(p2, k2, m2):
    """Return (I00, J, dJ/dp2, dJ/dk2, dJ/dm) from the closed form, at the working precision of mpmath."""
    tp, tk = p2 / (4 * m2), k2 / (4 * m2)
    (gp, sp), (gk, sk) = g(tp), g(tk)
    if tp == tk:
        ratio = sp
        dp = dk = mp.mpf(1) / 3 if tp == 0 else (1 - (1 - 2 * tp) * sp) / (4 * tp * (1 - tp))  # g''/2
    else:
        ratio = (gk - gp) / (tk - tp)
        dp, dk = (ratio - sp) / (tk - tp), (sk - ratio) / (tk - tp)
    jp, jk = -dp / (4 * m2), -dk / (4 * m2)
    return ratio / (2 * m2), 1 - ratio, jp, jk, -2 * (p2 * jp + k2 * jk) / mp.sqrt(m2)


def evaluate(p2, k2, m, dps=120):
    """Return `closed_form` at binary64 inputs with 2 dps digits; dps digits have to agree to 30."""
    values = []
    for digits in (dps, 2 * dps):
        with mp.workdps(digits):
            values.append(closed_form(mp.mpf(p2), mp.mpf(k2), mp.mpf(m) ** 2))
    for low, high in zip(*values, strict=True):
        assert low == high or not mp.isfinite(high) or abs(low - high) < 1e-30 * abs(high), (p2, k2, m)
    return values[1]


def record(regime, p2, k2, m):
    """Return the stored dictionary of one point; infinite entries are None."""
    value = evaluate(p2, k2, m)
    distance = float(min(abs(1 - mp.mpf(s) / (4 * mp.mpf(m) ** 2)) for s in (p2, k2)))
    scale = sum(abs(s * d) if s else 0 for s, d in zip((p2, k2, m), value[2:], strict=True))
    condition = float(scale / abs(value[1])) if value[1] and mp.isfinite(scale) else None
    pairs = [[float(mp.re(v)), float(mp.im(v))] if mp.isfinite(v) else None for v in value]
    out = {"regime": regime, "p2": p2, "k2": k2, "m": m, **dict(zip(KEYS, pairs, strict=True))}
    return {**out, "threshold_distance": distance, "condition": condition}


def points():
    """Yield (regime, p2, k2, m), every number a binary64 float."""
    rng, both = np.random.default_rng(20240102), (-1.0, 1.0)

    def power(low, high, signs=(1.0,)):
        return float(rng.choice(signs) * 10 ** rng.uniform(low, high))

    for m in (0.000511, 0.10566, 1.77693, 0.00216, 0.0047, 0.0929, 1.2729, 4.186, 172.6):
        yield from (("decay", P2_Z, power(a, a + 1) ** 2, m) for a in (-3, -2, -1, 0, math.log10(9.1)))
    for regime, low, high in (("heavy", 0, 4), ("light", -9, -1)):
        for m in (91.1879 * float(10**e) for e in np.linspace(low, high, 13)):
            yield from ((regime, P2_Z, k2, m) for k2 in (power(-6, 2), power(2, 3.9)))
    for delta in (s * 10.0**-n for n in range(3, 10) for s in (1, -1)):
        m = power(-1, 1.9)
        yield "threshold", P2_Z, 4 * m * m * (1 + delta), m
        yield "threshold", 4 * m * m * (1 + delta), 4 * m * m * power(-6, -0.1), m
        yield "threshold", P2_Z, power(-6, 3.5), 91.1879 / 2 / math.sqrt(1 + delta)
    for p2, k2 in ((P2_Z, 4.0), (4.0, 1.0), (4.0, -5.0), (4.004, 3.996), (3.99996, 4.00004)):
        yield "threshold", p2, k2, 1.0  # one leg exactly at threshold, or both near it
    for n, delta in enumerate(s * 10.0**-n for n in range(1, 16) for s in (1, -1)):
        yield "collinear", P2_Z, P2_Z * (1 + delta), (1.2729, 172.6, 30.0, 46.0)[n // 2 % 4]
    for m in (0.000511, 0.00216, 4.186, 45.5, 46.0, 60.0, 172.6, 1e4, 1e5):
        yield "collinear", P2_Z, P2_Z, m
        yield "collinear", P2_Z, P2_Z * (1 + power(-3, -1, both)), m
        yield "collinear", -P2_Z, -P2_Z * (1 + power(-15, -2, both)), m
    for m in (0.000511, 1.2729, 40.0, 172.6, 1e5):
        for k2 in (0.0, *(s * x for x in (1e-30, 1e-14, 1e-10, 1e-6) for s in (1, -1))):
            yield "k2_to_zero", P2_Z, k2, m
        for p2, k2 in ((-P2_Z, 0.0), (0.0, P2_Z), (0.0, -1e-10), (0.0, 0.0)):
            yield "k2_to_zero", p2, k2, m
    for sp, sk in ((1, -1), (-1, 1), (-1, -1)) * 12:
        yield "spacelike", sp * power(-6, 8), sk * power(-6, 8), power(-4, 4)
    for n, delta in enumerate(s * 10.0**-n for n in range(2, 13) for s in (1, -1)):
        m = (1.0, 91.1879, 172.6)[n // 2 % 3]
        top, other = power(0, 0, both) * 4 * m * m * (0.25 + delta), m * m * power(-8, -0.05, both)
        yield from (("switch", top, other, m), ("switch", other, top, m))
    for _ in range(200):
        yield "random", power(-8, 8, both), power(-8, 8, both), power(-6, 6)


def generate():
    """Write the reference file."""
    mp.mp.dps, spots = 60, []
    every = [record(*p) for p in points()]
    kept = [r for r in every if r["condition"] is None or r["condition"] < 1e6]
    for name, m, mx, _ in SPOTS:
        v = complex(1 - evaluate(91.188**2, mx**2, m)[1])
        spots.append({"name": name, "p2": 91.188**2, "k2": mx**2, "m": m, "2m2_I00": [v.real, v.imag]})
    blocks = [",\n".join(json.dumps(r, allow_nan=False) for r in part) for part in (kept, spots)]
    OUTPUT.write_text(f'{{"records": [\n{blocks[0]}\n],\n"spots": [\n{blocks[1]}\n]}}\n')
    print(f"{len(kept)} records, {len(every) - len(kept)} ill-conditioned points left out")


def direct(p2, k2, m, nodes):
    """Return the quantities of `KEYS` by double-exponential quadrature over z and t = x/(1-z).

    D = m^2 - z(1-z)s(t), s = p2 + t(k2-p2). Where D changes sign, z and t move into the complex plane by
    i move_z and i move_t, with signs for which Im D < 0 at every node, as -i0 asks (asserted).
    """
    v, h = np.linspace(-3.9, 3.9, nodes, retstep=True)
    t, tc = (1 / (1 + np.exp(s * np.pi * np.sinh(v))) for s in (-1, 1))
    weight = h * np.pi * np.cosh(v) * t * tc
    weight = np.concatenate([weight, weight])[:, None] / 2 * weight
    z, zc = np.concatenate([t, 2 - t])[:, None] / 2, np.concatenate([2 - t, t])[:, None] / 2
    slope, zz = np.concatenate([tc, -tc])[:, None], z * zc  # slope = 1 - 2z without cancellation
    m2, q, s = m * m, k2 - p2, p2 * tc + k2 * t
    size = 1.5 if max(p2, k2) > 4 * m2 else 0.0
    turn, floor, cut = size * np.sign(q), max(m2, min(abs(p2), abs(k2))), m2 / max(abs(p2), abs(k2), m2)
    hs, hz = np.hypot(s, floor), np.hypot(zz, cut)
    move_z, move_t = 1j * size * zz * slope * s / hs, 1j * turn * t * tc * zz / hz
    cross = 1j * size * zz * slope * q * floor**2 / hs**3 * 1j * turn * t * tc * slope * cut**2 / hz**3
    jac = (1 + 1j * size * (slope**2 - 2 * zz) * s / hs) * (1 + 1j * turn * (tc - t) * zz / hz) - cross
    z, zc, t, tc, slope = z + move_z, zc - move_z, t + move_t, tc - move_t, slope - 2 * move_z
    gap_p, gap_k = (float(mp.mpf(m) ** 2 - mp.mpf(leg) / 4) for leg in (p2, k2))
    s = p2 * tc + k2 * t
    d = np.where(abs(slope) < 0.5, tc * gap_p + t * gap_k + slope**2 * s / 4, m2 - z * zc * s)
    assert (d.imag <= 1e-15 * abs(d)).all()
    a, b, weight = z * zc * tc, z * zc * t, weight * jac * zc
    n = a * p2 + b * k2
    parts = 1 / d, -2 * n / d, -2 * (m / d) ** 2 * a, -2 * (m / d) ** 2 * b, 4 * m * n / d**2
    return [complex((weight * f).sum()) for f in parts]


def check():
    """Compare the closed form and the stored file with numerical integration and numerical derivatives."""
    mp.mp.dps = 20
    for case in ((1, 2, 1), (-3, 1, 1), (-2, -5, 1), (9, 1, 1 - 1j), (9, -4, 1 - 1j), (8, 6, 1 - 1j)):
        p, k, m2 = map(mp.mpmathify, case)  # m^2 - i eps with a finite eps where it is needed
        unit, q = [0, 1], k - p
        v = mp.quad(lambda t, z, p=p, q=q, a=m2: (1 - z) / (a - z * (1 - z) * (p + t * q)), unit, unit)
        print(f"mp.quad at p2, k2, m^2 = {case}: {float(abs(1 - v / closed_form(p, k, m2)[0])):.1e}")
    mp.mp.dps, data, errors, slopes = 60, json.loads(OUTPUT.read_text()), {}, []
    for s in (9, 4.5, 400):  # the logarithm is the limit m^2 -> m^2 - i0, that is s -> s + i0
        assert abs(g(mp.mpf(s) / 4)[0] - g(mp.mpc(s, 1e-40) / 4)[0]) < 1e-38
    for r in data["records"]:
        x, new = [r["p2"], r["k2"], r["m"]], [math.inf] * 5
        keep = [i for i, key in enumerate(KEYS) if r[key] is not None]
        for nodes in (161, 321, 641, 1281):
            old, new = new, direct(*x, nodes)
            if all(abs(new[i] - old[i]) <= 1e-6 * abs(new[i]) for i in keep):
                break
        stored = [complex(*(r[key] or [math.nan])) for key in KEYS]
        errors.setdefault(r["regime"], []).extend(abs(1 - new[i] / stored[i]) for i in keep if stored[i])
        y = tuple(enumerate((mp.mpf(x[0]), mp.mpf(x[1]), mp.mpf(x[2]) ** 2)))
        for n, power in enumerate((1, 1, 2) if r["threshold_distance"] else ()):
            j = lambda e, n=n, y=y: closed_form(*(v + v * e * (i == n) for i, v in y))[1]  # noqa: E731
            slope = power * mp.diff(j, 0, h=1e-40)
            slopes.append(float(abs(slope - x[n] * stored[n + 2]) / (abs(x[n] * stored[n + 2]) or 1.0)))
    for regime, e in errors.items():
        print(f"{regime:10s} {len(e)} against quadrature: median {np.median(e):.0e}, worst {max(e):.0e}")
    print(f"{len(slopes)} derivatives against differences of the closed form: worst {max(slopes):.0e}")
    assert max(map(max, errors.values())) < 1e-7
    assert max(slopes) < 1e-15
    for (name, _, mx, known), spot in zip(SPOTS, data["spots"], strict=True):
        value = complex(*spot["2m2_I00"])
        assert known is None or max(abs((value - known).real), abs((value - known).imag)) < 0.51e-7, name
        print(f"2m^2 I00 {name} m_X={mx}: {value:.9f}, known {known}")


if __name__ == "__main__":
    check() if "--check" in sys.argv[1:] else generate()
