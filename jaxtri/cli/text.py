"""Results as text for a terminal."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jaxtri.model.anomalies import anomalons_of, anomaly_coefficients, cautions, standing, verdict
from jaxtri.model.fermions import FERMIONS

if TYPE_CHECKING:  # listing what a file holds must not wait for JAX
    from jaxtri.scans.point import Intervals, Point
    from jaxtri.scans.record import Scan
    from jaxtri.scans.spec import Spec
STATUS_TEXT = {
    "out_of_domain": "OUT OF DOMAIN: m_X above 2 m_t, or X wider than its mass; no statement is made",
    "non_finite": "NOT A NUMBER: a rate is not finite; look at the inputs; no statement is made",
    "rate_above_1": "RATE ABOVE 1: X alone would exceed the measured total width of a parent",
}
SHOWN = 12  # missing tiles that are listed
STATE = {
    True: "running",
    False: "dead; the same command resumes",
    None: "another host or container: unknown",
}


def progress_text(seen: Any, owners: Sequence[Any]) -> str:
    """How far a scan is, and who works on it."""
    done, last = seen.tiles - len(seen.missing), f", last tile {max(seen.idle, 0.0):.0f} s ago"
    lines = [
        seen.title,
        f"  {done} of {seen.tiles} tiles, {seen.cells} of {seen.total} cells "
        f"({100 * seen.cells / seen.total:.1f} %)" + (last if done else ""),
    ]
    if done and seen.missing:
        more = ", ..." if len(seen.missing) > SHOWN else ""
        lines.append("  missing: " + ", ".join(map(str, seen.missing[:SHOWN])) + more)
    if not owners:
        lines.append(
            "  nobody works on it; the same command resumes, or jaxtri merge where all parts are there"
        )
    for one in owners:
        lines.append(f"  {one}: {STATE[one.is_alive]}")
    if any(one.is_alive is not False for one in owners) and seen.per_second:
        left = (seen.total - seen.cells) / seen.per_second
        lines.append(f"  {seen.per_second / 1e6:.2f} Mcell/s, about {left:.0f} s left")
    return "\n".join(lines)


def model_of(spec: "Spec") -> str:
    """A scan's model: its anomalies, and what they mean."""
    charges = dict(zip(FERMIONS, spec.model.charge.tolist(), strict=True))
    anomalies, anomalons = anomaly_coefficients(spec.model), anomalons_of(spec.model)
    text = model_text(spec.model.name, charges, anomalies, anomalons)
    for treatment in spec.treatments:
        text += f"\n  {treatment.name}: {verdict(anomalies, treatment.decoupling)}"
    if spec.sets_charges:
        text += "\n  (an axis of the scan changes charges: this is the model it starts from)"
    return text


def point_text(point: "Point") -> str:
    """Every rate at one point, one line each, and the verdict first."""
    from jaxtri.scans.arrays import STATED, STATUS  # it needs NumPy

    by = ", ".join(point.excluded_by)
    verdict = "not excluded" if STATUS[point.status] in STATED else "no statement"
    lines = [
        f"m_X = {point.m_X:g} GeV, g_X = {point.g_X:g}, treatment {point.treatment}: "
        + (f"excluded by {by}" if by else verdict),
        f"  width {point.width:.6g} GeV, lifetime {point.lifetime:.6g} s, "
        f"triangle sum {point.triangle_sum.real:.6g}{point.triangle_sum.imag:+.6g}i",
    ]
    if point.status != "ok":
        lines.append("  " + STATUS_TEXT[point.status])
    if point.projected:
        lines.append(f"  projections, not counted, that would exclude it: {', '.join(point.projected)}")
    lines.append("  X decays: " + ", ".join(f"{k} {v:.4g}" for k, v in point.x_branching_ratios.items()))
    lines += [f"  BR({name}) = {value:.6g}" for name, value in point.branching_ratios.items()]
    width = max(len(one.name) for one in point.verdicts)
    for one in sorted(point.verdicts, key=lambda one: -one.ratio if one.ratio > 0 else 0.0):
        figure = f"signal/limit {one.ratio:10.3g}" if one.ratio > 0 else " " * 23
        lines.append(f"  {one.name:<{width}}  {figure}  {one.reason}")
    return "\n".join(lines)


def limit_text(
    treatment: str, m_X: float, limits: "Intervals", highest: float, projected: "Intervals"
) -> str:
    """Excluded couplings of every search at one mass, the strongest first, then of projections."""
    from jaxtri.limits.excluded_couplings import WIDEST  # JAX is there: limits were computed

    width = max(map(len, [*limits, *projected]))
    some = sorted((name for name in limits if limits[name]), key=lambda name: limits[name][0])
    end = "" if highest in WIDEST else ", where X is as wide as its mass"
    lines = [f"m_X = {m_X:g} GeV, treatment {treatment}: excluded couplings up to {highest:.4g}{end}"]
    for name in some:
        lines.append(f"  {name:<{width}}  " + ", ".join(_interval(*one, highest) for one in limits[name]))
    nothing = [name for name in limits if not limits[name]]
    if nothing:
        lines.append("  nothing excluded, or no data here: " + ", ".join(nothing))
    for name, one in projected.items():
        would = ", ".join(_interval(*pair, highest) for pair in one) or "nothing"
        lines.append(f"  {name:<{width}}  projection, not counted: would exclude {would}")
    return "\n".join(lines)


def _interval(low: float, high: float, highest: float) -> str:
    return f"g_X > {low:.6g}" if high >= highest else f"{low:.6g} < g_X < {high:.6g}"


def info_text(scan: "Scan") -> str:
    """What a scan file holds."""
    header, configuration = scan.header, scan.header.configuration
    model, searches = configuration["model"], configuration["searches"]
    axes = configuration.get("further_axes", {}) | configuration["axes"]
    lines = [
        header.title,
        f"  model {model['name']}, treatment {header.treatment}, searches {searches['set']}",
        "  charges " + ", ".join(f"{k} {v:g}" for k, v in model["charges"].items()),
        *model_text(*(model.get(key) for key in ("name", "charges", "anomalies", "anomalons"))).splitlines(),
        f"  {verdict(model['anomalies'], configuration['treatment']['decoupling'])}",
        *(
            f"  {name}: {axis['points']} points from {axis['min']:g} to {axis['max']:g}"
            + (f", sets {', '.join(axis['sets'])}" if "sets" in axis else "")
            for name, axis in axes.items()
        ),
        f"  arrays, cells in {configuration['precision']}: {', '.join(header.arrays) or 'boundaries only'}",
    ]
    if "excluded" in header.arrays:
        excluded = scan["excluded"]
        lines.append(
            f"  {100 * float((excluded == 1).mean()):.2f} % excluded, "
            f"{100 * float((excluded == 2).mean()):.2f} % without statement"
        )
    lines += [
        f"  config_sha256 {header.fingerprint}",
        "  " + ", ".join(f"{name} {value}" for name, value in header.versions.items()),
    ]
    return "\n".join(lines)


def anomaly_text(anomalies: Mapping[str, float]) -> str:
    """Anomaly coefficients in one line."""
    return "  anomalies: " + ", ".join(
        f"{name} {round(value, 12) + 0.0:g}" for name, value in anomalies.items()
    )


def model_text(
    name: str,
    charges: Mapping[str, float],
    anomalies: Mapping[str, float],
    anomalons: float | str | None,
) -> str:
    """A model's anomalies, and what they mean for the treatments."""
    lines = [f"model {name}: {standing(anomalies, anomalons)}", anomaly_text(anomalies)]
    return "\n".join([*lines, *(f"  {caution}" for caution in cautions(charges))])


def citations(searches: tuple[Mapping[str, Any], ...]) -> str:
    """BibTeX of the searches used, each entry once, and of the method."""
    entries = dict.fromkeys(one["bibtex"].strip() for one in searches)
    return "\n\n".join([*METHOD, *entries])


METHOD = (
    """@article{SmithTait2024,
  author = "Smith, Tyler B. and Tait, Tim M. P.",
  title = "{Conserved Currents are Not Anomaly-Safe}",
  eprint = "2401.02483",
  archivePrefix = "arXiv",
  primaryClass = "hep-ph",
  year = "2024"
}""",
)


def plain(value: Any) -> Any:
    """For JSON: complex numbers as [real, imaginary], infinities (a stable X) as null, fractions as text."""
    if hasattr(value, "tolist"):  # an array
        return plain(value.tolist())
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, Fraction):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
