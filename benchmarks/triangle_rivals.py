"""What else evaluates the triangle integral, behind one interface.

With y = 1 − x − z, and p², q², k² of either sign,

    I00(p², q², k², m) = ∫₀¹dx ∫₀^{1−x}dz 1 / (m² − yz p² − xy q² − xz k² − i0),

which is −C0(p², q², k²; m, m, m) in the sign of LoopTools.  `rivals` lists what anyone can install; with
a folder it builds pySecDec's library there, and it loads the Fortran and C++ libraries that it is given.
"""

import contextlib
import ctypes
import functools
import importlib.metadata
import importlib.util
import math
import os
import shutil
import subprocess
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

LIBRARIES = ("LoopTools", "COLLIER", "QCDLoop", "OneLOop")  # TRIANGLE_LOOPTOOLS, ... name the files


@dataclass(frozen=True)
class Rival:
    """Another way to I00: `evaluate` takes (p2, q2, k2, m), floats, and is NaN where it gives up."""

    name: str
    version: str
    evaluate: Callable | None
    any_q2: bool = True  # more than q² = 0
    vectorised: bool = False  # arrays as well as floats
    why_not: str | None = None

    def available(self):
        """None, or the sentence that says why it cannot run here."""
        return self.why_not


def installed(name, package, evaluate, why_not=None, **more):
    """What a Python package offers; where the package is missing, the record says so."""
    if importlib.util.find_spec(package) is None:
        return Rival(name, "", None, why_not=f"{package} is not installed.", **more)
    return Rival(name, importlib.metadata.version(package), evaluate, why_not=why_not, **more)


def double_quadrature(p2, q2, k2, m):
    """As a newcomer writes it, on the real triangle and without i0: meaningless below threshold."""
    from scipy.integrate import dblquad

    def integrand(x, z):
        return 1 / (m * m - (1 - x - z) * (z * p2 + x * q2) - x * z * k2)

    with warnings.catch_warnings(action="ignore"), contextlib.suppress(ZeroDivisionError):
        return complex(dblquad(integrand, 0, 1, 0, lambda z: 1 - z)[0])
    return complex("nan")


def inner(t, p2, q2, k2, m2, lib=math):
    """The integrand that is left once one integral is done exactly; `lib` is math or mpmath.mp.

    With x = wt and y = w(1 − t), I00 = ∫₀¹dt ∫₀¹dw w / (m² − s w + a w² − i0), s = (1 − t) p² + t k²
    and a = s − t(1 − t) q².  Without real roots in w the inner integral is an arctangent; with them it
    is a logarithm and, for each root 1/u inside the range, iπ/(uρ), ρ² being the discriminant.
    """
    s, c = (1 - t) * p2 + t * k2, t * (1 - t) * q2
    a, half = s - c, 2 * m2 - s
    square = s * (s - 4 * m2) + 4 * c * m2
    if square == 0:  # no invariant at all, or a node on a singular point
        return 0.5 / m2
    rho = lib.sqrt(abs(square))
    log = (lib.log1p(-c / m2) if c < m2 else lib.log(c / m2 - 1)) / 2
    if square < 0:
        return (s * lib.atan2(rho, half) / rho + log) / a
    angle = lib.asinh((rho if c < m2 else abs(half)) / (2 * lib.sqrt(m2 * abs(m2 - c))))
    large = s + rho if s > 0 else s - rho
    weight = sum(1 / u for u in (large / (2 * m2), 2 * a / large) if u > 1)
    return ((s if half > 0 else -s) * angle / rho + log) / a + 1j * lib.pi * weight / rho


def cuts(p2, q2, k2, m2, lib=math):
    """At most five points, where `inner` is or nearly is singular: c = m², equal roots in w, s = 0."""
    d, e = k2 - p2, k2 - p2 - q2
    ratios = [(-p2, d)]
    if q2 > 4 * m2:
        root = 1 + lib.sqrt(1 - 4 * m2 / q2)
        ratios += [(2 * m2, q2 * root), (root, 2)]
    square = m2 * (p2 * q2 * k2 + m2 * (e * e - 4 * p2 * q2))
    if square >= 0:
        b = 2 * m2 * e - p2 * d
        large = b + 2 * lib.sqrt(square) if b > 0 else b - 2 * lib.sqrt(square)
        ratios += [(large, d * d - 4 * m2 * q2), (p2 * (p2 - 4 * m2), large)]
    return sorted({t for top, bottom in ratios if bottom and 0 < (t := top / bottom) < 1})


def single_quadrature(p2, q2, k2, m):
    """QUADPACK on `inner`, told of its singular points; one pass each for the real and imaginary parts."""
    from scipy.integrate import quad

    low, high = sorted((p2, k2), key=abs)  # t is finest near 0
    args = (low, q2, high, m * m)
    options = {"points": cuts(*args) or None, "epsabs": 0.0, "epsrel": 1e-10, "limit": 200}
    with warnings.catch_warnings(action="ignore"):
        return complex(quad(inner, 0, 1, args, complex_func=True, **options)[0])


def multiprecision(p2, q2, k2, m):
    """The closed form where q² = 0, otherwise tanh-sinh quadrature of `inner`."""
    from mpmath import mp

    with mp.workdps(30):
        p2, q2, k2, m = (mp.mpf(float(one)) for one in (p2, q2, k2, m))
        if q2 == 0 and p2 != k2:
            low, high = (mp.conj(mp.asin(mp.sqrt(s) / (2 * m))) ** 2 for s in (p2, k2))  # mp's cut: −i0
            return complex(2 * (high - low) / (k2 - p2))
        args = (p2, q2, k2, m * m, mp)
        return complex(mp.quad(lambda t: inner(t, *args), [0, *cuts(*args), 1]))


def inner_jax(t, p2, q2, k2, m2):
    """`inner`, every branch of it."""
    s, c = (1 - t) * p2 + t * k2, t * (1 - t) * q2
    a, half, far = s - c, 2 * m2 - s, c / m2
    square = s * (s - 4 * m2) + 4 * c * m2
    rho = jnp.sqrt(jnp.abs(square))
    log = jnp.where(far < 0.5, jnp.log1p(-far), jnp.log(jnp.abs(1 - far))) / 2
    angle = jnp.arcsinh(jnp.where(c < m2, rho, jnp.abs(half)) / (2 * jnp.sqrt(m2 * jnp.abs(m2 - c))))
    angle = jnp.where(square < 0, jnp.arctan2(rho, half), jnp.sign(half) * angle)
    large = s + jnp.where(s > 0, rho, -rho)
    weight = sum(jnp.where(u > 1, 1 / u, 0.0) for u in (large / (2 * m2), 2 * a / large))
    value = (s * angle / rho + log) / a + 1j * jnp.where(square < 0, 0.0, jnp.pi * weight / rho)
    return jnp.where(square == 0, 0.5 / m2, value)


@functools.cache
def quadax_kernel():
    """The compiled quadrature of many points, each piece stretched to unit length for quadgk to resolve."""
    import quadax

    def stretched(u, ends, args):
        start = jnp.clip(jnp.floor(u).astype(int), 0, 5)
        width = ends[start + 1] - ends[start]
        return width * inner_jax(ends[start] + (u - start) * width, *args)

    options = {"epsabs": 0.0, "epsrel": 1e-10, "max_ninter": 200}
    return jax.jit(jax.vmap(lambda *args: quadax.quadgk(stretched, jnp.arange(7.0), args, **options)[0]))


def quadax_quadrature(p2, q2, k2, m):
    """quadax.quadgk on the same integrand, jitted: the first call of each shape compiles."""
    spare = (0.21, 0.43, 0.59, 0.77, 0.89)  # harmless, in place of the points that are not needed
    p2, q2, k2, m2 = np.broadcast_arrays(p2, q2, k2, np.square(m))
    swap = np.abs(p2) > np.abs(k2)
    args = np.array([np.where(swap, k2, p2), q2, np.where(swap, p2, k2), m2], float).reshape(4, -1)
    ends = np.array([sorted([0.0, 1.0, *some, *spare[len(some) :]]) for some in map(cuts, *args.tolist())])
    return np.asarray(quadax_kernel()(ends, tuple(args))).reshape(m2.shape)


def closed_form(p2, q2, k2, m):
    """NumPy at q² = 0: one complex arcsine covers the branches; digits are lost only as k² nears p²."""
    low, high = (np.arcsin(np.sqrt(np.asarray(s) + 0j) / (2 * m)) ** 2 for s in (p2, k2))
    return 2 * (high - low) / (k2 - p2)


def pysecdec(folder=None, epsrel=1e-8, maxeval=10**6):
    """PySecDec's quasi-Monte Carlo on one core; half a minute to make its library in `folder`, once."""
    why_not = None if folder else "pySecDec compiles a library of its own: give a folder for it."
    why_not = why_not if shutil.which("make") and shutil.which("c++") else "pySecDec needs make and c++."
    if (record := installed("pySecDec, QMC", "pySecDec", None, why_not)).available():
        return record
    from pySecDec import LoopIntegralFromGraph, integral_interface, loop_package

    file = Path(folder) / "triangle" / "triangle_pylink.so"
    if not file.exists():
        rules = {"p1*p2": "(s3 - s1 - s2)/2", "p2*p3": "(s1 - s2 - s3)/2", "p1*p3": "(s2 - s1 - s3)/2"}
        rules |= {"p1*p1": "s1", "p2*p2": "s2", "p3*p3": "s3", "m**2": "m2"}
        lines, legs = [["m", [1, 2]], ["m", [2, 3]], ["m", [3, 1]]], [["p1", 1], ["p2", 2], ["p3", 3]]
        triangle = LoopIntegralFromGraph(lines, legs, replacement_rules=list(rules.items()))
        with contextlib.chdir(folder), contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
            loop_package("triangle", triangle, [0], real_parameters=["s1", "s2", "s3", "m2"], processes=1)
        subprocess.run(["make", "-C", str(file.parent), "pylink"], check=True, capture_output=True)
    library = integral_interface.IntegralLibrary(str(file))
    limits = {"epsrel": epsrel, "epsabs": 1e-300, "maxeval": maxeval}
    library.use_Qmc(transform="korobov3", cputhreads=1, **limits)

    def evaluate(p2, q2, k2, m):
        with contextlib.suppress(RuntimeError):  # no contour was found
            result = library([p2, q2, k2, m * m], number_of_presamples=10_000, format="json", **limits)
            return -complex(result[2]["sums"]["triangle"][0,][0])
        return complex("nan")

    return replace(record, evaluate=evaluate)


def shared_library(name, path=None):
    """A library through ctypes: `path`, or the variable TRIANGLE_<NAME>, says where it is.

    It exports C0(p², q², k²; m², m², m²), in the sign of LoopTools, as

        void triangle_c0(const double *p2, const double *q2, const double *k2, const double *m2,
                         double *re, double *im);

    COLLIER (C0_cll, a module procedure), OneLOop (avh_olo) and QCDLoop (C++) need these few lines, with
    bind(c) or extern "C", which also initialise.  LoopTools as a shared library needs none: the
    subroutine behind its C interface, c0nocache_, fills an array, the finite part first.
    """
    path = path or os.environ.get(f"TRIANGLE_{name.upper()}")
    if not path:
        return Rival(name, "", None, why_not=f"TRIANGLE_{name.upper()} names no shared library.")
    version = Path(path).resolve().name
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return Rival(name, "", None, why_not=f"{version} cannot be loaded.")
    shim = getattr(library, "triangle_c0", None)
    function = shim or getattr(library, "c0nocache_", None)
    if not function:
        return Rival(name, "", None, why_not=f"{version} exports neither triangle_c0 nor c0nocache_.")
    getattr(library, "ltini_", int)()

    def evaluate(p2, q2, k2, m):
        c0 = (ctypes.c_double * 6)(*6 * [math.nan])
        p, q, k, m2 = (ctypes.byref(ctypes.c_double(one)) for one in (p2, q2, k2, m * m))
        function(*((p, q, k, m2, c0, ctypes.byref(c0, 8)) if shim else (c0, p, q, k, m2, m2, m2)))
        return -complex(c0[0], c0[1])

    return Rival(name, version, evaluate)


def rivals(folder=None, libraries=None):
    """All of them, available or not; `libraries` maps names out of LIBRARIES to files."""
    x64 = None if jax.config.jax_enable_x64 else "JAX computes in 32 bits: set jax_enable_x64."
    return (
        installed("SciPy, dblquad", "scipy", double_quadrature),
        installed("SciPy, quad", "scipy", single_quadrature),
        installed("mpmath", "mpmath", multiprecision),
        installed("quadax, quadgk", "quadax", quadax_quadrature, x64, vectorised=True),
        installed("NumPy, closed form", "numpy", closed_form, any_q2=False, vectorised=True),
        pysecdec(folder),
        *(shared_library(name, (libraries or {}).get(name)) for name in LIBRARIES),
    )
