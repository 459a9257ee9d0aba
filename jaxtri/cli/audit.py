"""The command `audit`: what a table of charges is, as text or JSON, and as a picture."""

import argparse
import dataclasses
import json
import textwrap
from pathlib import Path

import numpy as np

from jaxtri.cli import text as texts
from jaxtri.errors import InputError
from jaxtri.figures.comparison import by_text
from jaxtri.figures.decoupling import draw_decoupling
from jaxtri.figures.sheet import FORMATS, require_title, save
from jaxtri.io.hdf5_scan import check_outputs
from jaxtri.model.audit import Audit
from jaxtri.model.audit import audit as audit_of
from jaxtri.model.gauge_model import GaugeModel, load_model
from jaxtri.model.standard_model import load_standard_model
from jaxtri.physics.production.decoupling import decoupling

ENERGIES = (2e-4, 2e3, 700)  # GeV: lowest, highest, and how many
WIDTH = 110  # characters of a line
BEYOND = 10.0  # highest energy over 2 M of finite anomalons


def audit(arguments: argparse.Namespace) -> str:
    """Say what a model is; draw how its vertices decouple."""
    model = load_model(arguments.model, anomalons=_anomalons(arguments.anomalons))
    found = audit_of(model)
    if arguments.output:
        stem = Path(arguments.output)
        require_title(model.name, found.title)
        check_outputs([stem.with_name(f"{stem.name}.{one}") for one in FORMATS], 0, force=arguments.force)
    text = (
        json.dumps(texts.plain(dataclasses.asdict(found)), indent=1) if arguments.json else audit_text(found)
    )
    if arguments.output:
        written = ", ".join(map(str, _drawn(model, found, stem)))
        text += "" if arguments.json else f"\nwrote {written}"
    return text


def _anomalons(given: str | None) -> float | str | None:
    """Anomalons of the command line, in place of the model's."""
    try:
        return given if given in (None, "infinite") else float(str(given))
    except ValueError:
        raise InputError(f"--anomalons {given}: give a positive mass in GeV, or infinite") from None


def audit_text(found: Audit) -> str:
    """The answer for a reader: numbers first, then what the treatments mean."""
    exact = ", ".join(f"{name} = {value}" for name, value in found.anomalies.items())
    known = ", ".join(f"{name} {value}" for name, value in found.charges.items() if value)
    partners = ", ".join(map(str, found.right_handed_neutrinos)) or "none"
    universal = [
        f"{what} {'universal' if yes else 'not universal'}"
        for what, yes in (("quarks", found.universal_quarks), ("leptons", found.universal_leptons))
    ]
    lines = [
        f"{found.name}: {found.title}",
        f"  {found.standing}",
        f"  charges (others 0): {known or 'none'}; right-handed neutrinos: {partners}",
        f"  anomalies: {exact}",
        f"  {', '.join(universal)}; "
        + (f"charges differ within {', '.join(found.broken_doublets)}" if found.broken_doublets else
           "one charge per doublet"),
        f"  all fermions massless: sum of N_c X Q T3 = {found.triangle_sum} (Z -> gamma X), "
        f"A = {found.A} (B and K decays)",
        *(f"  caution: {one}" for one in found.cautions),
        "treatments:",
        *(f"  {', '.join(some)}: {meaning}" for meaning, some in by_text(found.treatments).items()),
        *(f"  ward has no rate of {', '.join(some)}: {reason}"
          for reason, some in by_text(found.refused).items()),
    ]  # fmt: skip
    if isinstance(found.anomalons, float):
        lines.append(
            f"  perturbative Yukawa couplings need a mass of anomalons below about 3 f_X for U(1)_B: "
            f"m_X above {found.anomalons / 3:.4g} GeV times g_X"
        )
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="    ") for line in lines)


def _drawn(model: GaugeModel, found: Audit, stem: Path) -> list[Path]:
    """Draw and save the picture."""
    low, high, count = ENERGIES
    if isinstance(found.anomalons, float):
        high = max(high, 2 * BEYOND * found.anomalons)
    sums = decoupling(load_standard_model(), model, np.geomspace(low, high, count))
    premises = {
        name: tuple(np.abs(np.asarray(one)) for one in getattr(sums, name)) for name in ("paper", "ward")
    }
    title = f"{found.title}: {found.standing}"
    figure = draw_decoupling(np.asarray(sums.energy), premises, sums.thresholds, title=title)
    return save(figure, stem)
