"""Error of the quadrature rules of Eq. (3) against their nodes: numbers, and the picture.

Oracles: tests/reference/triangle.json (q² = 0) and triangle_general.npz, both in multiple precision.
``python triangle_convergence.py`` draws triangle_convergence.pdf and .png beside this file.
"""

import functools
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import drawing
from jaxtri.figures import sheet
from jaxtri.physics.triangle import massless_leg, tensor, three_legs

HERE = Path(__file__).parent
REFERENCE = HERE.parent / "tests" / "reference"
RECORDS = json.loads((REFERENCE / "triangle.json").read_text())["records"]
GENERAL = dict(np.load(REFERENCE / "triangle_general.npz"))
ORDERS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128)


def three_leg_points(regime):
    """Invariants (3, n), masses and exact I00 of a regime of the general reference."""
    here = (GENERAL["regime"] == regime) & (GENERAL["m"] > 0)
    return np.stack([GENERAL[n][here] for n in ("p2", "q2", "k2")]), GENERAL["m"][here], GENERAL["I00"][here]


def relative(value, exact):
    return np.abs(np.asarray(value) / exact - 1)


def zero_leg_points(keep):
    chosen = [one for one in RECORDS if keep(one)]
    return tuple(jnp.array([one[key] for one in chosen]) for key in ("p2", "k2", "m")), chosen


def of_decays(one):
    """Whether a record is a decay of the Z above the threshold of its fermion."""
    return one["regime"] == "decay" and 4 * one["m"] ** 2 < one["p2"]


def undeformed_error(order, *, below):
    """Worst relative error of I00 on the real square: above all thresholds, or below one."""
    (p2, k2, m), chosen = zero_leg_points(lambda one: one["regime"] == "decay" and of_decays(one) == below)
    value = tensor.undeformed_rule(p2, 0.0, k2, m, order=order)
    return float(np.max(relative(value, np.array([complex(*one["I00"]) for one in chosen]))))


def contour_error(order):
    """Worst relative error of I00 at q² = 0 on the deformed contour, every decay point below threshold."""
    (p2, k2, m), chosen = zero_leg_points(of_decays)
    value = massless_leg.contour_rule(p2, k2, m, order=order).join() / (2 * m**2)
    return float(np.max(relative(value, np.array([complex(*one["I00"]) for one in chosen]))))


def heavy_error(order):
    """Worst relative error of 1 − 2 m² I00 at q² = 0 for heavy fermions."""
    (p2, k2, m), chosen = zero_leg_points(
        lambda one: one["regime"] == "heavy" and one["p2"] < 4 * massless_leg.HEAVY * one["m"] ** 2
    )
    value = massless_leg.heavy_rule(p2 / (4 * m**2), k2 / (4 * m**2), order=order)
    return float(np.max(relative(value, np.array([one["J"][0] for one in chosen]))))


def three_legs_error(order):
    """Worst relative error of I00 with three legs on the contour, 24 decades at random."""
    s, m, exact = three_leg_points("random")
    here = np.abs(s).max(0) > m**2
    arguments = [jnp.asarray(v) for v in (*s[:, here], m[here])]
    value = three_legs.contour_rule(*arguments, order=order).join()
    return float(np.max(relative(value, exact[here])))


def real_axis_error(order):
    """The same integral over one angle a side, on the real axis: logarithms, square roots, no contour."""
    s, m, exact = three_leg_points("mild")
    below = s.max(0) > 4 * m**2
    s, m, exact = s[:, below], m[below], exact[below]
    p2, q2, k2 = s
    lam = (p2 - q2 - k2) ** 2 - 4 * q2 * k2
    weight = -s * (s.sum(0) - 2 * s) / (2 * lam)
    nodes, weights = np.polynomial.legendre.leggauss(order)
    a = m**2 + p2 * q2 * k2 / lam
    n = m[:, None] ** 2 - s[..., None] * (1 - ((nodes + 1) / 2) ** 2) / 4
    log = np.log(np.abs(n / a[:, None])) - 1j * np.pi * ((n < 0) * 1.0 - (a < 0)[:, None])
    inner = (log / (n / a[:, None] - 1)) @ (weights / 2)
    value = (weight / a * inner).sum(0)
    return float(np.median(relative(value, exact)))


def draw():
    """Draw error against nodes."""
    few = [n for n in ORDERS if n <= 12]
    rules = {
        "real square, below threshold: never converges": (
            ORDERS,
            functools.partial(undeformed_error, below=True),
        ),
        "real square, top quark": (ORDERS, functools.partial(undeformed_error, below=False)),
        "real angles, three legs, below threshold": (ORDERS, real_axis_error),
        "contour, three legs, 24 decades": (few, three_legs_error),
        "contour, q² = 0, below threshold: exact": (few, contour_error),
        "heavy fermion, 1 − 2m²I₀₀ directly": (few, heavy_error),
    }
    curves = {
        name: (np.array(orders), np.array([max(rule(n), 1e-17) for n in orders]))
        for name, (orders, rule) in rules.items()
    }
    drawn = drawing.draw_errors(curves, title="Triangle integral, Eq. (3): error against nodes")
    sheet.save(drawn, HERE / "triangle_convergence")


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    draw()
