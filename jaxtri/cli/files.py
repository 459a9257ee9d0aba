"""What each command does; `__main__` parses the arguments and turns errors into exit codes."""

import argparse
import dataclasses
import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jaxtri.cli import text as texts
from jaxtri.cli.boundary import boundary
from jaxtri.cli.scan import info, merge, run, scan
from jaxtri.errors import InputError, StorageError, unknown_name
from jaxtri.figures import comparison, figure
from jaxtri.io import hdf5_scan
from jaxtri.limits.searches import load_searches
from jaxtri.model.gauge_model import anomaly_coefficients, load_model
from jaxtri.model.treatment import CHOICES, NOT_YET, Treatment, load_treatment
from jaxtri.scans.arrays import Scan
from jaxtri.scans.point import excluded_couplings
from jaxtri.scans.point import point as point_at
from jaxtri.scans.spec import Spec, load_spec
from jaxtri.tables.reader import names


def plot(arguments: argparse.Namespace) -> str:
    """Draw scan files side by side."""
    files = [Path(name) for name in arguments.files]
    at = arguments.at or []
    where = _settings(at)
    scans = [hdf5_scan.open_scan(path).at(**where) for path in files]
    stem = Path(arguments.output or "_".join([files[0].stem, *at]))
    if stem.suffix[1:] in figure.FORMATS:
        stem = stem.with_suffix("")
    if stem.is_dir():
        raise StorageError(f"-o {stem}: is a folder; give the name of the pictures without ending")
    pictures = [stem.with_name(f"{stem.name}.{suffix}") for suffix in figure.FORMATS]
    hdf5_scan.check_outputs(pictures, 0, force=arguments.force)
    title = arguments.title or scans[0].header.title
    if any(one.further_axes for one in scans):
        if len(scans) > 1:
            raise InputError(
                "plot: one scan with a further axis at a time, or --at NAME=VALUE for each of them"
            )
        drawn = figure.draw_axis(scans[0], title=title)
    else:
        drawn = figure.draw_scans(_distinct(files, scans), title=title, palette=arguments.palette or "paper")
    saved = figure.save(drawn, stem, fingerprint=" ".join(one.header.fingerprint for one in scans))
    return "wrote " + ", ".join(map(str, saved))


def point(arguments: argparse.Namespace) -> str:
    """Everything at one point."""
    spec = load_spec(arguments.spec)
    points = [
        point_at(spec, one, arguments.m_X, arguments.g_X) for one in _treatments(spec, arguments.treatment)
    ]
    if arguments.json:
        return json.dumps([_plain(dataclasses.asdict(one)) for one in points], indent=1)
    return "\n".join([texts.model_of(spec), *map(texts.point_text, points)])


def limit(arguments: argparse.Namespace) -> str:
    """Excluded couplings of every search at one mass."""
    spec = load_spec(arguments.spec)
    found = {
        one.name: excluded_couplings(spec, one, arguments.m_X)
        for one in _treatments(spec, arguments.treatment)
    }
    if arguments.json:
        return json.dumps({"m_X": arguments.m_X, "excluded": found}, indent=1)
    return "\n".join(texts.limit_text(name, arguments.m_X, limits) for name, limits in found.items())


def compare(arguments: argparse.Namespace) -> str:
    """The table of what each group adds to earlier limits."""
    files = [Path(name) for name in arguments.files]
    return comparison.table(_distinct(files, [hdf5_scan.open_scan(path) for path in files]))


def models(arguments: argparse.Namespace) -> str:
    """Shipped models with their charges' anomalies."""
    lines = []
    for name in names("models"):
        model = load_model(name)
        lines += [f"{name}: {model.title}", texts.anomaly_text(anomaly_coefficients(model))]
    return "\n".join(lines)


def searches(arguments: argparse.Namespace) -> str:
    """Searches of a set: limit, confidence level, reference."""
    labels = load_searches(arguments.set).labels
    width = max(len(label.name) for label in labels)
    lines = []
    for label in labels:
        level = f"{100 * label.confidence:.0f} % CL" if label.confidence else "central"
        what = f"{label.channel}, {label.final_state}"
        lines.append(f"{label.name:<{width}}  {what:<28} < {label.limit:<9.4g} {level:<8} {label.reference}")
    return "\n".join(lines)


def treatments(arguments: argparse.Namespace) -> str:
    """Shipped treatments with their choices."""
    lines = []
    for name in names("treatments"):
        one = load_treatment(name)
        lines.append(f"{name}: {one.title}")
        lines += [f"  {key} = {getattr(one, key)}" for key in CHOICES]
    return "\n".join([*lines, *(f"{name}: {reason}" for name, reason in NOT_YET.items())])


def cite(arguments: argparse.Namespace) -> str:
    """BibTeX of what a scan file used."""
    return texts.citations(hdf5_scan.open_scan(arguments.file).header.searches)


COMMANDS: dict[str, Callable[[argparse.Namespace], str]] = {
    "run": run,
    "scan": scan,
    "merge": merge,
    "plot": plot,
    "point": point,
    "limit": limit,
    "boundary": boundary,
    "info": info,
    "compare": compare,
    "models": models,
    "searches": searches,
    "treatments": treatments,
    "cite": cite,
}


def _settings(texts: Iterable[str]) -> dict[str, float]:
    """Turn NAME=VALUE, NAME=VALUE ... into a table."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name in found:
            raise InputError(f"--at {text}: {name} is given twice; draw one plane at a time")
        try:
            found[name] = float(value)
        except ValueError:
            raise InputError(f"--at {text}: give NAME=VALUE, for example m_t=172.5") from None
    return found


def _distinct(files: list[Path], scans: list[Scan]) -> dict[str, Scan]:
    """Scans by treatment where that tells them apart, else by file and, if need be, by number."""
    treatments = [one.header.treatment for one in scans]
    if len(set(treatments)) == len(scans):
        return dict(zip(treatments, scans, strict=True))
    names = [path.stem for path in files]
    numbered = [f"{name} ({i})" if names.count(name) > 1 else name for i, name in enumerate(names, start=1)]
    return dict(zip(numbered, scans, strict=True))


def _treatments(spec: Spec, name: str | None) -> tuple[Treatment, ...]:
    """All treatments of a scan, or the one that was asked for."""
    if name is None:
        return spec.treatments
    for one in spec.treatments:
        if one.name == name:
            return (one,)
    raise unknown_name("--treatment", "treatment in this scan", name, [one.name for one in spec.treatments])


def _plain(value: Any) -> Any:
    """For JSON: complex numbers as [real, imaginary], infinities (a stable X) as null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, complex):
        return [value.real, value.imag]
    return None if isinstance(value, float) and not math.isfinite(value) else value
