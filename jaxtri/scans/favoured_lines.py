"""Relic lines and the band of the muon's moment, over masses that are as dense as the lines are steep."""

import numpy as np

from jaxtri.model.dark_matter import DarkMatter
from jaxtri.numerics.arrays import FloatArray
from jaxtri.physics.muon_g2 import muon_g2_couplings
from jaxtri.physics.relic.relic_lines import OUT_OF_EQUILIBRIUM, kinetic_equilibrium_fails, relic_couplings
from jaxtri.scans.favoured import Favoured, MuonBand, RelicLine
from jaxtri.scans.spec import Spec

EVEN = 320  # masses over the whole axis
NEAR = 36  # on each side of a threshold
CLOSEST = 1e-4  # to a threshold, relative; at 2 m_chi itself there is no line


def favoured(spec: Spec) -> Favoured:
    """Solve every relic line of a scan at every mass of a mesh, and the edges of its band of the muon.

    Parameters
    ----------
    spec
        A scan in the (m_X, g_X) plane; only the ends of its axis of masses are used.
    """
    lines = tuple(_line(spec, one) for one in spec.dark_matter)
    return Favoured(relic=lines, muon=_band(spec) if spec.muon_g2 else None)


def line_masses(low: float, high: float, m_chi: float) -> FloatArray:
    """Masses of X from end to end of an axis, dense near 2 m_chi and m_chi, but at 2 m_chi none."""
    steps = np.geomspace(CLOSEST, 0.5, NEAR)
    thresholds = [scale * m_chi * (1 + side * steps) for scale in (1.0, 2.0) for side in (-1, 1)]
    edges = [m_chi, *(OUT_OF_EQUILIBRIUM[1] * m_chi * (1 + side * 1e-9) for side in (-1, 1))]
    found = np.unique(np.concatenate([np.geomspace(low, high, EVEN), *thresholds, edges]))
    inside = (found >= low) & (found <= high)
    return found[inside & (np.abs(found / (2 * m_chi) - 1) > CLOSEST / 2)]


def _line(spec: Spec, one: DarkMatter) -> RelicLine:
    m_chi = float(one.m_chi)
    m_X = line_masses(float(spec.m_X[0]), float(spec.m_X[-1]), m_chi)
    return RelicLine(
        m_chi=m_chi,
        x_N=float(one.x_N),
        temperature=one.temperature,
        m_X=m_X,
        g_X=np.asarray(relic_couplings(spec.sm, spec.model, one, m_X)),
        equilibrium_assumed=np.asarray(kinetic_equilibrium_fails(m_chi, m_X)),
    )


def _band(spec: Spec) -> MuonBand:
    choice = spec.muon_g2
    assert choice is not None
    m_X = np.geomspace(float(spec.m_X[0]), float(spec.m_X[-1]), EVEN)
    low, high = muon_g2_couplings(spec.sm, spec.model, choice.shift, m_X, sigmas=choice.sigmas)
    return MuonBand(
        data=choice.shift.name,
        title=choice.shift.title,
        reference=choice.shift.reference,
        value=choice.shift.value,
        error=choice.shift.error,
        sigmas=choice.sigmas,
        m_X=m_X,
        lowest=np.asarray(low),
        highest=np.asarray(high),
    )
