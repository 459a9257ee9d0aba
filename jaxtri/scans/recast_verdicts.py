"""What recast searches say of one point, and the couplings that they exclude at one mass."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxtri.limits.excluded_couplings import WIDEST, Ends, ends_within, up_to_widest
from jaxtri.limits.recast_points import (
    RecastAtMass,
    log_displaced_ratio,
    log_recast_ratio,
    recast_labels,
)
from jaxtri.limits.signal import MassPoint
from jaxtri.numerics.arrays import FloatArray
from jaxtri.numerics.kernels import kernel
from jaxtri.scans.spec import Spec
from jaxtri.scans.verdict import Verdict

SHORT = {
    "dump": "too little is made, or too little decays behind the shield",
    "displaced": "not at this lifetime",
}


@kernel()
def recast_ratios(recasts: RecastAtMass, log_g: Array) -> Array:
    """F of every recast search at one mass and coupling, (search,)."""
    found = jax.vmap(log_recast_ratio, (0, None))(recasts.signal, log_g)
    displaced = jax.vmap(log_displaced_ratio, (0, 0, 0, 0, None))(
        recasts.log_level, recasts.log_lifetime, recasts.log_tau, recasts.log_r, log_g
    )
    return found.at[recasts.position].set(displaced)


def recast_verdicts(
    spec: Spec, mass: MassPoint, log_g: float, no_statement: str | None
) -> tuple[Verdict, ...]:
    """Say in words why each recast search excludes a point, or does not."""
    if mass.recasts is None:
        return ()
    known = np.asarray(mass.recasts.is_known)
    found = np.asarray(recast_ratios(mass.recasts, jnp.asarray(log_g)))
    verdicts = []
    for i, label in enumerate(recast_labels(spec.recasts)):
        ratio = math.exp(found[i]) if known[i] else 0.0
        if no_statement is not None:
            ratio, reason = math.nan, f"no statement: {no_statement}"
        elif not known[i]:
            reason = f"no data at {float(mass.mass):.4g} GeV"
        elif ratio > 1:
            reason = f"excluded: {ratio:.3g} times the limit, recast from {label.reference}"
        else:
            why = SHORT.get(label.kind, "too little is made, or decays to what is seen")
            reason = f"allowed: {why}"
        verdicts.append(
            Verdict(
                name=label.name, excluded=ratio > 1, ratio=ratio, probability=math.nan, reason=reason
            )
        )  # fmt: skip
    return tuple(verdicts)


def recast_couplings(spec: Spec, mass: MassPoint) -> dict[str, list[tuple[float, float]]]:
    """Intervals of couplings that each recast search excludes at one mass, like `excluded_couplings`."""
    if mass.recasts is None:
        return {}
    one = jax.tree.map(np.asarray, mass.recasts)
    ends = ends_within(mass.mass, mass.width, Ends(*np.log(WIDEST)))
    found = {}
    for i, name in enumerate(spec.recasts):
        at = np.flatnonzero(one.position == i)
        if len(at):
            edges = one.displaced_low[at[0]], one.displaced_high[at[0]], one.displaced_exists[at[0]]
        else:
            edges = one.log_low[[i]], one.log_high[[i]], one.exists[[i]]
        found[name] = _within(*edges, *(float(np.asarray(end)) for end in ends))
    return found


def _within(
    low: FloatArray, high: FloatArray, exists: FloatArray, bottom: float, top: float
) -> list[tuple[float, float]]:
    """Intervals of g_X between two ends, ascending; what reaches the highest coupling ends there."""
    low, high = np.exp(np.maximum(low, bottom)), up_to_widest(np.exp(np.minimum(high, top)))
    return sorted(
        (float(a), float(b)) for a, b, some in zip(low, high, exists, strict=True) if some and a < b
    )
