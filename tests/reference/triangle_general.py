"""Reference values of the equal-mass triangle integral with three virtual legs, in multiple precision.

    I00 = int over x + y + z = 1 of 1/D,  D = m^2 - i0 - y z p2 - x y q2 - x z k2,  J = 1 - 2 m^2 I00

(I00 = -C0).  ``python triangle_general.py`` writes ``triangle_general.npz`` beside this file, ``--check``
compares the closed form and the stored file with numerical integration.  Inputs are binary64 numbers taken
exactly; the results are correctly rounded, infinite derivatives are nan.  The closed form is one sum of
dilogarithms for legs of either sign: split the simplex into three triangles that share the stationary point
of D, where D_c = m^2 + p2 q2 k2/lambda, and integrate along the rays from it.  With lambda = p2^2 + q2^2 +
k2^2 - 2 (p2 q2 + q2 k2 + k2 p2) and a = 2 s - p2 - q2 - k2,

    I00 = 1/sqrt(lambda) sum_s int_{-1}^1 dv [ln(m^2 - i0 - s (1 - v^2)/4) - ln(D_c - i0)]/(v - v0),
    v0 = a/sqrt(lambda),

over the legs s.  The argument is s/4 (v - b)(v + b), b = sqrt(1 - 4 (m^2 - i0)/s).  If lambda > 0, v0 is real
and the integral is -sum_{v, sigma = +-1} v Li2((v - v0)/(sigma b - v0)), the i0 of b choosing the side of the
cut.  If lambda < 0, v0 is imaginary and 2 pi i n is added where the logarithm of a product is not the sum of
logarithms.  I00 is analytic at lambda = 0, where it is the mean of its values on both sides, very close.
Derivatives are differences.  Every number comes from two precisions which agree (32 digits for I00 and J, 22
for derivatives).
"""

import functools
import itertools
import math
import sys
import time
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import numpy as np
from mpmath.libmp import to_fixed

OUTPUT = Path(__file__).with_name("triangle_general.npz")
VALUES = ("I00", "J", "dp2", "dq2", "dk2", "dm")


@functools.cache
def bernoulli(prec):
    """Return B_2k/(2k+1)! for k = 1, 2, ... as integers times 2^prec, last first, enough for |u| < 1.1."""
    out, k = [], 1
    while len(out) < 2 or abs(out[-1]) * 5**k >> 2 * k:
        num, den = mp.bernfrac(2 * k)
        out.append((int(num) << prec) // (int(den) * math.factorial(2 * k + 1)))
        k += 1
    return out[::-1]


def dilog(z, side=0):
    """Return Li2(z), for real z > 1 on the side of the cut where Im z has the sign of `side`."""
    if z in (0, 1):
        return mp.pi**2 / 6 * z
    if abs(z) > 1:
        cut = mp.isinf(z) or (isinstance(z, mp.mpf) and z > 0)
        log = mp.mpc(mp.log(z), -side * mp.pi) if cut else mp.log(-z)
        return -dilog(1 / z) - mp.pi**2 / 6 - log**2 / 2
    if mp.re(z) > 0.5:
        return mp.pi**2 / 6 - mp.log(z) * mp.log(1 - z) - dilog(1 - z)
    prec = (mp.mp.prec + 20) // 128 * 128 + 128
    u = -mp.log(1 - z)
    square, re, im = u * u, 0, 0
    x, y = to_fixed(mp.re(square)._mpf_, prec), to_fixed(mp.im(square)._mpf_, prec)
    if y:
        for c in bernoulli(prec):
            re, im = (((re + c) * x - im * y) >> prec), (((re + c) * y + im * x) >> prec)
        series = mp.mpc(mp.ldexp(mp.mpf(re), -prec), mp.ldexp(mp.mpf(im), -prec))
    else:
        for c in bernoulli(prec):
            re = ((re + c) * x) >> prec
        series = mp.ldexp(mp.mpf(re), -prec)
    return u * (1 - u / 4 + series)


def argument(x, side):
    """Return arg x, for real x < 0 on the given side of the cut."""
    return side * mp.pi * (x < 0) if isinstance(x, mp.mpf) else mp.arg(x)


def edge(s, mu, v0, log_dc):
    """Return the v integral of leg s; `log_dc` is None for real v0."""
    b, up, total = mp.sqrt(1 - 4 * mu / s), mp.sign(s), mp.mpf(0)
    real = isinstance(b, mp.mpf)
    if log_dc is None:
        if not real and isinstance(mu, mp.mpf):
            return 2 * mp.re(sum(-v * dilog((v - v0) / (b - v0)) for v in (1, -1)))
        for v, sign in itertools.product((1, -1), (1, -1)):
            total -= v * dilog((v - v0) / (sign * b - v0), -mp.sign(v - v0) * sign * up)
        return total
    path, const = mp.log(1 - v0) - mp.log(-1 - v0), mp.log(abs(s) / 4) - log_dc
    for sign in (1, -1):
        c = v0 - sign * b if s > 0 else b - sign * v0
        const += mp.log(c)
        for v in (1, -1):
            x, z = (v - sign * b if s > 0 else b - sign * v), (v - v0) / (sign * b - v0)
            total -= v * dilog(z)
            if x:
                turns = mp.nint((argument(x, -sign) - mp.arg(c) - mp.arg(x / c)) / (2 * mp.pi))
                total += v * 2j * mp.pi * turns * mp.log(z)
    return total + const * path


def kallen(s):
    """Return lambda, exactly unless the sizes of the legs differ beyond reason."""
    with mp.workprec(8000):
        return sum(x * x for x in s) - 2 * (s[0] * s[1] + s[1] * s[2] + s[2] * s[0])


def triangle(s, mu):
    """Return I00 for three real legs s and m^2 = mu, real (then mu - i0) or with Im mu < 0."""
    lam, top = kallen(s), max(map(abs, s))
    if top == 0:
        return 1 / (2 * mu)
    if lam == 0:
        prec = mp.mp.prec
        n = max((i for i in range(3) if s[i] != 4 * mu), key=lambda i: abs(s[i]))
        with mp.workprec(4 * prec):
            near = [
                [x * (1 + side * (i == n)) for i, x in enumerate(s)]
                for side in (mp.ldexp(1, -prec), -mp.ldexp(1, -prec))
            ]
            return sum(triangle(x, mu) for x in near) / 2
    guard = 1.5 * max(0, 2 * mp.mag(top) - mp.mag(lam)) + 2 * max(0, mp.mag(mu) - mp.mag(top))
    with mp.extraprec(int(guard) + 20):
        root, dc = mp.sqrt(lam), mu + s[0] * s[1] * s[2] / lam
        log_dc = None if lam > 0 else mp.mpc(mp.log(abs(dc)), argument(dc, -1))
        parts = [
            edge(x, mu, (2 * x - sum(s)) / root, log_dc) for x in s if x and (lam > 0 or 2 * x != sum(s))
        ]
        value = sum(parts) / root
    return +value


def is_real(p2, q2, k2, m):
    """Return whether D has one sign on the simplex, so that nothing has an imaginary part."""
    s = [Fraction(x) for x in (p2, q2, k2)]
    m2, lam = Fraction(m) ** 2, sum(x * x for x in s) - 2 * (s[0] * s[1] + s[1] * s[2] + s[2] * s[0])
    inside = lam < 0 and min(s) > 0 and 2 * max(s) < sum(s) and m2 * lam + s[0] * s[1] * s[2] > 0
    return (max(s) <= 4 * m2 and not inside) or (m == 0 and min(s) > 0)


def at_precision(point, dps):
    """Return [I00, J, dI/dp2, dI/dq2, dI/dk2, dI/dm] from forward differences; None where it is infinite."""
    with mp.workdps(dps):
        x = [*map(mp.mpf, point[:3]), mp.mpf(point[3]) ** 2]
        value, floor, slopes = triangle(x[:3], x[3]), min(x[3], max(map(abs, x[:3]))), []
        peak = [leg == 4 * x[3] for leg in x[:3]]
        for n, infinite in enumerate((*peak, any(peak))):
            if infinite or x[n] == floor == 0:
                slopes.append(None if infinite else mp.mpf(0))
                continue
            step = mp.ldexp(1, mp.mag(max(abs(x[n]), floor)) - mp.mp.prec // 2)
            y = [mp.fadd(leg, step * (i == n), exact=True) for i, leg in enumerate(x)]
            slopes.append((triangle(y[:3], y[3]) - value) / step)
        if slopes[3] is not None:
            slopes[3] *= 2 * point[3]
        return [value, 1 - 2 * x[3] * value, *slopes]


@mp.workdps(60)
def evaluate(*point):
    """Return the values of `at_precision` at inputs p2, q2, k2, m and the conditions of I00 and J."""
    real, old = is_real(*point), None
    for dps in (80, 130, 210, 340, 550, 890):
        new = at_precision(point, dps)
        if real:
            new = [None if v is None else mp.re(v) for v in new]
        if old and all(
            abs(part(a) - part(b)) <= (1e-32 if n < 2 else 1e-22) * abs(part(b))
            for n, (a, b) in enumerate(zip(old, new, strict=True))
            for part in (mp.re, mp.im)
            if b is not None
        ):
            break
        old = new
    else:
        raise ArithmeticError(f"two precisions never agree at {point}")
    if None in new:
        return new, math.nan, math.nan
    legs, m = [mp.mpf(v) * d for v, d in zip(point[:3], new[2:5], strict=True)], mp.mpf(point[3])
    in_m, size = m * new[5], sum(map(abs, legs))
    assert abs(sum(legs) + in_m / 2 + new[0]) < 1e-18 * (size + abs(new[0])), point  # I00 is homogeneous
    return (
        new,
        float((size + abs(in_m)) / abs(new[0])),
        float(2 * m**2 * (size + 2 * abs(sum(legs))) / abs(new[1])),
    )


def points():
    """Yield (regime, p2, q2, k2, m), every number a binary64 float."""
    rng, both = np.random.default_rng(20240611), (-1.0, 1.0)

    def power(low, high, signs=(1.0,)):
        return float(rng.choice(signs) * 10 ** rng.uniform(low, high))

    def legs(low, high):
        return [power(low, high, both) for _ in range(3)]

    def near(low, high):
        return 1 + power(low, high, both)

    def put(first, others):
        others = list(others)
        others.insert(int(rng.integers(3)), first)
        return others

    yield from (("random", *legs(-12, 12), power(-6, 6)) for _ in range(10000))
    yield from (("mild", *legs(-2, 2), power(-2, 1)) for _ in range(1000))
    for _ in range(300):
        p2 = power(-4, 4, both)
        k2, m = p2 * near(-14, -1), math.sqrt(abs(p2) * power(-8, 4))
        yield "soft", p2, p2 * power(-14, -1, both), k2, m
    for s in (
        (4, 1, 1),
        (9, 4, 1),
        (-4, -1, -1),
        (-9, -4, -1),
        (1, 0, 1),
        (-1, -1, 0),
        (1, 4, 9),
        (2.25, 0.25, 1),
    ):
        yield from (("gram", *map(float, s), m) for m in (1e-3, 0.25, 0.7, 30.0))
    for _ in range(168):
        k2 = power(-2, 2)
        q2 = k2 * power(-4, 4)
        p2, sign = (math.sqrt(q2) + math.sqrt(k2)) ** 2 * near(-15, -1), float(rng.choice(both))
        yield "gram", sign * p2, sign * q2, sign * k2, math.sqrt(p2 * power(-8, 3))
    for n in range(230):
        scale, s = power(-4, 4), legs(-1, 1)
        m = math.sqrt(scale * max(map(abs, s)) * power(-30, -8)) if n < 200 else 0.0
        yield "tiny_mass", *(scale * x for x in s), m
    for _ in range(200):
        m = power(-2, 1)
        yield "threshold", *put(4 * m * m * near(-13, -2), legs(-2, 2)[:2]), m
    yield from (("threshold", *put(4.0, legs(-2, 2)[:2]), 1.0) for _ in range(10))
    count = 0
    while count < 150:
        p2, q2, k2 = legs(-1, 1)
        square = -p2 * q2 * k2 / (p2**2 + q2**2 + k2**2 - 2 * (p2 * q2 + q2 * k2 + k2 * p2))
        if square > 0 and (count % 2 or p2 * q2 < 0 or p2 > 0):  # half of them without the all-spacelike legs
            count += 1
            yield "landau", p2, q2, k2, math.sqrt(square * near(-12, -1))
    for n in range(200):
        a, b = power(-2, 2, both), power(-2, 2, both)
        yield (
            "small_leg",
            *put(max(abs(a), abs(b)) * power(-30, -10, both) * (n % 4 > 0), (a, b)),
            power(-2, 1),
        )
    for n in range(60):
        a = power(-2, 2, both)
        others = a * power(-30, -10, both) * (n % 3 > 0), a * power(-30, -10, both) * (n % 3 > 1)
        yield "two_small", *put(a, others), power(-2, 1)
    for _ in range(200):
        s = legs(-2, 2)
        yield "heavy", *s, math.sqrt(max(map(abs, s)) * power(0, 16))
    for n in range(200):
        m, c = power(-2, 2), (0.5, 1, 2, 4)[n % 4]
        top = m * m * c * near(-12, -1)
        others = [top * power(-3, 0, both) for _ in range(2)]
        yield "switch", *put(float(rng.choice(both)) * top, others), m
    for n in range(60):
        a, b = power(-2, 2, both), power(-2, 2, both)
        yield "equal", *put(b if n % 3 else a, (a, a)), power(-2, 1)


def generate():
    """Write the reference file."""
    records, seconds = [], {}
    for point in points():
        start = time.perf_counter()
        values, *conditions = evaluate(*point[1:])
        records.append((*point, *(complex(math.nan if v is None else v) for v in values), *conditions))
        seconds[point[0]] = seconds.get(point[0], 0) + time.perf_counter() - start
    print({regime: f"{t:.0f} s" for regime, t in seconds.items()})
    names = ("regime", "p2", "q2", "k2", "m", *VALUES, "condition_I00", "condition_J")
    columns = (np.array(column) for column in zip(*records, strict=True))
    np.savez_compressed(OUTPUT, **dict(zip(names, columns, strict=True)))


def direct(p2, q2, k2, m, nodes, turn=1.5):
    """Return I00 and its four derivatives by double-exponential quadrature over the displaced simplex.

    D = m^2 - N(x, y, z).  The displacement x_i -> x_i + i c x_i (d_i N - sum_j x_j d_j N) keeps every face
    and the sum of the x_i, and gives Im N = c Var(d_i N) > 0, as -i0 asks, without changing the integral;
    c < 0 is +i0.  An odd number of nodes has one where a leg at its threshold is singular.
    """
    v, h = np.linspace(-3.9, 3.9, nodes, retstep=True)
    t, tc = (1 / (1 + np.exp(sign * np.pi * np.sinh(v))) for sign in (-1, 1))
    weight = h * np.pi * np.cosh(v) * t * tc
    r, rc, weight = t[:, None], tc[:, None], (weight * t)[:, None] * weight
    x = np.stack(np.broadcast_arrays(rc, r * tc, r * t))
    legs = np.array([[0, q2, k2], [q2, 0, p2], [k2, p2, 0]])
    slope, c = np.tensordot(legs, x, 1), 1j * turn / np.abs(legs).max()
    mean = (x * slope).sum(0)
    jac = c * x[:, None] * (legs[:, :, None, None] - 2 * slope) + np.eye(3)[:, :, None, None] * (
        1 + c * (slope - mean)
    )
    jac = jac[:2, :2] - jac[:2, 2:]
    weight = weight * (jac[0, 0] * jac[1, 1] - jac[0, 1] * jac[1, 0])
    x = x * (1 + c * (slope - mean))
    pairs = x[1] * x[2], x[0] * x[1], x[0] * x[2]
    d = m * m - sum(leg * pair for leg, pair in zip((p2, q2, k2), pairs, strict=True))
    return np.array([(weight * f).sum() for f in (1 / d, *(pair / d**2 for pair in pairs), -2 * m / d**2)])


def one_zero_leg(p2, k2, m):
    """Return I00 at q2 = 0 from its elementary closed form."""

    def g(s):
        tau = s / (4 * m**2)
        if tau < 0:
            return -(mp.asinh(mp.sqrt(-tau)) ** 2)
        b = mp.sqrt(1 - 1 / tau) if tau > 1 else 0
        return (
            mp.asin(mp.sqrt(tau)) ** 2 if tau <= 1 else -((mp.log((1 + b) / (1 - b)) - 1j * mp.pi) ** 2) / 4
        )

    return 2 * (g(k2) - g(p2)) / (k2 - p2)


CHECKS = (
    *(
        (a * 5.0, b * 0.7, c * 2.1, m)
        for a, b, c in itertools.product((1, -1), repeat=3)
        for m in (0.3, 0.8, 2.0)
    ),
    *((a * 3.0, b * 2.5, c * 2.2, m) for a, b, c in itertools.product((1, -1), repeat=3) for m in (0.2, 1.1)),
    *(
        (3.0, 2.5, 2.2, m) for m in (0.87, 0.93, 0.97)
    ),  # m^2 below R^2, all legs below or some above threshold
    *((4.0, 1.0, 1.0, m) for m in (0.3, 0.9, 1.5)),  # lambda = 0
    *((-9.0, -4.0, -1.0, m) for m in (0.3, 2.0)),
    *((1.0, 0.0, 1.0, m) for m in (0.4, 0.6)),
    *(
        (a, b, c, 0.0)
        for a, b, c in ((3.0, 2.0, -1.0), (-3.0, -2.0, -1.0), (3.0, 2.0, 1.5), (-9.0, 1.0, 1.5))
    ),
    *((0.0, a, b, 0.5) for a, b in ((3.0, 0.0), (-3.0, 0.0), (-1.0, 1.5))),
    (4.0, -1.0, 2.0, 1.0),  # a leg at its threshold
    (1.0, 4.0, -3.0, 1.0),
    (4.0, 9.0, 1.5, 1.0),
)


def check():
    """Compare the closed form and the stored file with numerical integration and with the q2 = 0 form."""
    mp.mp.dps, unit = 15, [0, 1]
    for case in ((3, 1, 2, 1), (-3, 1, 2, 1), (-5, -2, -0.1, 0.3), (4, 1, 1, 1.5), (3, 2.5, 2.2, 1.1)):
        for mu in (case[3], case[3] / 2 - 0.7j, 0.1 - 0.3j):
            p, q, k, mu = (*map(mp.mpf, case[:3]), mp.mpmathify(mu))
            total = mp.quad(
                lambda t, r, p=p, q=q, k=k, mu=mu: (
                    r / (mu - r * r * t * (1 - t) * p - r * (1 - r) * ((1 - t) * q + t * k))
                ),
                unit,
                unit,
            )
            error = float(abs(1 - total / triangle([p, q, k], mu)))
            print(f"mp.quad at {case[:3]}, m^2 = {mp.nstr(mu, 3)}: {error:.0e}")
            assert error < 1e-12
    mp.mp.dps = 60
    for case in CHECKS:
        values = evaluate(*case)[0]
        stored = np.array([complex(math.nan if v is None else v) for v in (values[0], *values[2:])])
        value, other = (direct(*case, 800, turn=turn) for turn in (1.5, -1.5))
        size = np.where(stored == 0, 1, np.abs(stored))
        wrong = np.abs(value - stored) / size
        print(f"displaced simplex at {case}: {np.nanmax(wrong):.0e}, +i0 {abs(other[0] / stored[0] - 1):.0e}")
        assert np.nanmax(wrong) < (1e-7 if np.isfinite(stored).all() else 2e-2)  # with a leg at its threshold
        assert (abs(other[0] / stored[0] - 1) > 1e-2) == (stored[0].imag != 0)
    for p2, k2, m in ((9.0, 1.0, 1.0), (3.0, 1.0, 1.0), (-9.0, 1.0, 0.4), (-2.0, -5.0, 1.0), (9.0, 0.5, 0.1)):
        exact = one_zero_leg(mp.mpf(p2), mp.mpf(k2), mp.mpf(m))
        assert abs(evaluate(p2, 0.0, k2, m)[0][0] / exact - 1) < 1e-30, (p2, k2, m)
    data, count = np.load(OUTPUT), 0
    for n, point in enumerate(points()):
        if n % 50 == 0:
            values = [complex(math.nan if v is None else v) for v in evaluate(*point[1:])[0]]
            np.testing.assert_array_equal(values, [data[name][n] for name in VALUES])
            assert point == tuple(data[name][n] for name in ("regime", "p2", "q2", "k2", "m"))
            count += 1
    print(f"{count} stored records made again, the same to the last bit")


if __name__ == "__main__":
    check() if "--check" in sys.argv[1:] else generate()
