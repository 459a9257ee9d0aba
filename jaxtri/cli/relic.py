"""The command `relic`: couplings at which dark matter has its density, at one mass, as text or JSON."""

import argparse
import dataclasses
import json

from jaxtri.cli import text as texts
from jaxtri.errors import InputError
from jaxtri.model.cosmology import cosmology
from jaxtri.physics.relic.relic_lines import RelicPoint, relic_point
from jaxtri.scans.favoured import ASSUMED
from jaxtri.scans.spec import load_spec

SHOWN = 1e-4  # smallest share of a channel that is listed


def relic(arguments: argparse.Namespace) -> str:
    """Couplings on every relic line of a scan at one mass."""
    spec = load_spec(arguments.spec)
    if not spec.dark_matter:
        raise InputError(
            f"{spec.name}: no dark matter; add a table [[dark_matter]] with m_chi (GeV), x_N and "
            'temperature = "common" or "neutrino_bath" to the scan file or the model'
        )
    lines = [relic_point(spec.sm, spec.model, one, arguments.m_X) for one in spec.dark_matter]
    if arguments.json:
        known = {"value": cosmology().n_eff, "error": cosmology().n_eff_error}
        found = {
            "m_X": arguments.m_X,
            "n_eff_measured": known,
            "lines": [dataclasses.asdict(one) for one in lines],
        }
        return json.dumps(texts.plain(found), indent=1)
    head = (
        f"m_X = {arguments.m_X:g} GeV, model {spec.model.name}: couplings with Omega h^2 = "
        f"{cosmology().relic_density:g}"
    )
    return "\n".join([head, *map(relic_text, lines), *map(_on_n_eff, lines)])


def _on_n_eff(line: RelicPoint) -> str:
    """What chi and X do to the number of neutrinos, beside the measured one."""
    head = f"  m_chi = {line.m_chi:g} GeV: "
    if line.n_eff is None:
        return head + "no N_eff: chi and X do not heat neutrinos alone"
    known = cosmology()
    return (
        f"{head}N_eff = {line.n_eff:.3g} with chi and X in the bath of neutrinos (neutrino_bath), "
        f"{line.n_eff_chi:.3g} with chi alone; measured {known.n_eff:g} +- {known.n_eff_error:g}"
    )


def relic_text(line: RelicPoint) -> str:
    """One line at one mass: its coupling, Omega h^2 there, what chi annihilates into."""
    head = f"  m_chi = {line.m_chi:g} GeV, x_N = {line.x_N:g}, temperature {line.temperature}: "
    if not line.g_X:
        return head + "none below the coupling that makes X as wide as its mass"
    shares = [
        ", ".join(f"{name} {share:.4g}" for name, share in channels.items() if share > SHOWN)
        for channels in line.channels
    ]
    found = [
        f"g_X = {g:.6g}, Omega h^2 = {omega:.6g}; chi chibar -> {share}"
        for g, omega, share in zip(line.g_X, line.omega_h2, shares, strict=True)
    ]
    caution = f"; {ASSUMED}, which fails here" if line.kinetic_equilibrium_assumed else ""
    return head + "; ".join(found) + caution
