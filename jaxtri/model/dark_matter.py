"""Dark matter: a Dirac fermion chi that X couples to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from jaxtri.numerics.jax_settings import require_x64
from jaxtri.tables.dark_matter_schema import DarkMatterTable
from jaxtri.tables.reader import check


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class DarkMatter:
    """A Dirac fermion chi, vector-like under X, and how the bath around it is described."""

    m_chi: Array  # [GeV]
    x_N: Array  # its X charge
    temperature: str = field(metadata={"static": True})  # a name in physics.relic.bath.TEMPERATURES
    has_nu_R: bool = field(default=False, metadata={"static": True})  # annihilates into nu_R nu_R
    m_nu_R: Array | float = 0.0  # mass of that Majorana neutrino [GeV]
    x_nu_R: Array | float = 0.0  # its X charge

    @property
    def label(self) -> str:
        """Name of a line, such as "m_chi = 0.005, x_N = 5, common"."""
        partner = f", nu_R {float(self.m_nu_R):g}" if self.has_nu_R else ""
        return f"m_chi = {float(self.m_chi):g}, x_N = {float(self.x_N):g}, {self.temperature}{partner}"

    def summary(self) -> dict[str, Any]:
        """Plain data, for the configuration of a scan."""
        partner = {"mass": float(self.m_nu_R), "charge": float(self.x_nu_R)} if self.has_nu_R else None
        return {
            "m_chi": float(self.m_chi),
            "x_N": float(self.x_N),
            "temperature": self.temperature,
            "right_handed_neutrino": partner,
        }


def load_dark_matter(table: Mapping[str, Any] | DarkMatterTable) -> DarkMatter:
    """Return dark matter from the keys of a table ``[[dark_matter]]``.

    Parameters
    ----------
    table
        ``m_chi`` [GeV], ``x_N``, ``temperature``, which is ``"common"`` or ``"neutrino_bath"``, and, where
        chi and X go to a right-handed neutrino, ``right_handed_neutrino`` with ``mass`` [GeV] and ``charge``.

    Raises
    ------
    InputError
        If a key is missing or unknown, ``x_N`` is 0, or ``m_chi`` is not between 1e-4 and 0.25 GeV.
    """
    require_x64()
    if not isinstance(table, DarkMatterTable):
        table = check(table, DarkMatterTable, "dark_matter")
    partner = table.right_handed_neutrino
    return DarkMatter(
        m_chi=jnp.asarray(table.m_chi, dtype=float),
        x_N=jnp.asarray(table.x_N, dtype=float),
        temperature=table.temperature,
        has_nu_R=partner is not None,
        m_nu_R=jnp.asarray(partner.mass if partner else 0.0, dtype=float),
        x_nu_R=jnp.asarray(partner.charge if partner else 0.0, dtype=float),
    )
