"""What each command does; `__main__` parses the arguments and turns errors into exit codes."""

import argparse
import dataclasses
import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from jaxtri import column, figure, report, store, summary
from jaxtri.boundary import boundaries
from jaxtri.curve_command import boundary
from jaxtri.errors import InputError, StorageError, unknown_name
from jaxtri.fields import Scan
from jaxtri.gauge_model import anomaly_coefficients, load_model
from jaxtri.grid import blocks, mass_axis, mass_fields
from jaxtri.provenance import header
from jaxtri.search import load_searches
from jaxtri.spec import Spec, load_spec
from jaxtri.standard_model import FERMIONS
from jaxtri.tables import names
from jaxtri.treatment import CHOICES, NOT_YET, Treatment, load_treatment

CELLS_PER_SECOND = 1e6  # all arrays of a cell, compressed and written, on two cores; for --dry-run
START_UP_S = 15.0  # imports, compilation, boundaries and figure


def prepare() -> None:
    """Switch 64-bit floats on, and keep compiled kernels for the next run in a private folder."""
    jax.config.update("jax_enable_x64", True)
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = home / "jaxtri" / f"jax-{jax.__version__}-{jax.default_backend()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return  # compiled anew every time: slower, nothing else
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def run(arguments: argparse.Namespace) -> str:
    """Scan, then draw the figure."""
    spec = load_spec(arguments.spec)
    outputs = _outputs(spec, arguments.output)
    stem = (Path(arguments.output) if arguments.output else Path()) / spec.name
    pictures = [stem.with_name(f"{stem.name}.{suffix}") for suffix in figure.FORMATS]
    if arguments.dry_run:
        return _plan(spec, [*outputs.values(), *pictures])
    store.check_outputs([*outputs.values(), *pictures], _size(spec), force=arguments.force)
    _announce(spec, arguments)
    _write_all(spec, outputs, arguments)
    scans = {name: store.open_scan(path) for name, path in outputs.items()}
    palette = arguments.palette or spec.figure.palette
    drawn = figure.draw_scans(scans, title=spec.figure.title or spec.title, palette=palette)
    saved = figure.save(drawn, stem, fingerprint=" ".join(scan.header.fingerprint for scan in scans.values()))
    return "\n".join(["wrote " + ", ".join(map(str, [*outputs.values(), *saved])), summary.table(scans)])


def scan(arguments: argparse.Namespace) -> str:
    """Compute the arrays only."""
    spec = load_spec(arguments.spec)
    outputs = _single(spec, arguments.output) if arguments.output else _outputs(spec, None)
    if arguments.dry_run:
        return _plan(spec, list(outputs.values()))
    store.check_outputs(list(outputs.values()), _size(spec), force=arguments.force)
    _announce(spec, arguments)
    _write_all(spec, outputs, arguments)
    return "wrote " + ", ".join(map(str, outputs.values()))


def plot(arguments: argparse.Namespace) -> str:
    """Draw scan files side by side."""
    files = [Path(name) for name in arguments.files]
    scans = [store.open_scan(path) for path in files]
    stem = Path(arguments.output) if arguments.output else Path(files[0].stem)
    if stem.suffix[1:] in figure.FORMATS:
        stem = stem.with_suffix("")
    if stem.is_dir():
        raise StorageError(f"-o {stem}: is a folder; give the name of the pictures without ending")
    pictures = [stem.with_name(f"{stem.name}.{suffix}") for suffix in figure.FORMATS]
    store.check_outputs(pictures, 0, force=arguments.force)
    title = arguments.title or scans[0].header.title
    drawn = figure.draw_scans(_distinct(files, scans), title=title, palette=arguments.palette or "paper")
    saved = figure.save(drawn, stem, fingerprint=" ".join(one.header.fingerprint for one in scans))
    return "wrote " + ", ".join(map(str, saved))


def point(arguments: argparse.Namespace) -> str:
    """Everything at one point."""
    spec = load_spec(arguments.spec)
    points = [
        column.point(spec, one, arguments.m_X, arguments.g_X)
        for one in _treatments(spec, arguments.treatment)
    ]
    if arguments.json:
        return json.dumps([_plain(dataclasses.asdict(one)) for one in points], indent=1)
    return "\n".join([_model_text(spec), *map(report.point_text, points)])


def limit(arguments: argparse.Namespace) -> str:
    """Excluded couplings of every search at one mass."""
    spec = load_spec(arguments.spec)
    found = {
        one.name: column.excluded_couplings(spec, one, arguments.m_X)
        for one in _treatments(spec, arguments.treatment)
    }
    if arguments.json:
        return json.dumps({"m_X": arguments.m_X, "excluded": found}, indent=1)
    return "\n".join(report.limit_text(name, arguments.m_X, limits) for name, limits in found.items())


def info(arguments: argparse.Namespace) -> str:
    """What a scan file holds."""
    return report.info_text(store.open_scan(arguments.file))


def compare(arguments: argparse.Namespace) -> str:
    """The table of what each group adds to earlier limits."""
    files = [Path(name) for name in arguments.files]
    return summary.table(_distinct(files, [store.open_scan(path) for path in files]))


def models(arguments: argparse.Namespace) -> str:
    """Shipped models with their charges' anomalies."""
    lines = []
    for name in names("models"):
        model = load_model(name)
        lines += [f"{name}: {model.title}", report.anomaly_text(anomaly_coefficients(model))]
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
    return report.citations(store.open_scan(arguments.file).header.searches)


COMMANDS: dict[str, Callable[[argparse.Namespace], str]] = {
    "run": run,
    "scan": scan,
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


def _distinct(files: list[Path], scans: list[Scan]) -> dict[str, Scan]:
    """Scans by treatment where that tells them apart, else by file and, if need be, by number."""
    treatments = [one.header.treatment for one in scans]
    if len(set(treatments)) == len(scans):
        return dict(zip(treatments, scans, strict=True))
    names = [path.stem for path in files]
    numbered = [f"{name} ({i})" if names.count(name) > 1 else name for i, name in enumerate(names, start=1)]
    return dict(zip(numbered, scans, strict=True))


def _model_text(spec: Spec) -> str:
    """The model's anomalies, and what they mean."""
    charges = dict(zip(FERMIONS, spec.model.charge.tolist(), strict=True))
    return report.model_text(spec.model.name, charges, anomaly_coefficients(spec.model))


def _announce(spec: Spec, arguments: argparse.Namespace) -> None:
    """Say before any work which model it is and what its anomalies mean."""
    if not arguments.quiet:
        sys.stderr.write(_model_text(spec) + "\n")


def _treatments(spec: Spec, name: str | None) -> tuple[Treatment, ...]:
    """All treatments of a scan, or the one that was asked for."""
    if name is None:
        return spec.treatments
    for one in spec.treatments:
        if one.name == name:
            return (one,)
    raise unknown_name("--treatment", "treatment in this scan", name, [one.name for one in spec.treatments])


def _outputs(spec: Spec, folder: str | None) -> dict[str, Path]:
    """One file a treatment, named after the scan file, in the working directory or a folder."""
    where = Path(folder) if folder else Path()
    if folder and not where.is_dir():
        raise StorageError(f"{folder}: no such folder; make it first, or leave -o out")
    return {one.name: where / f"{spec.name}_{one.name}.h5" for one in spec.treatments}


def _single(spec: Spec, output: str) -> dict[str, Path]:
    """The file named by -o for one treatment, the folder named by -o for several."""
    if len(spec.treatments) == 1 and not Path(output).is_dir():
        return {spec.treatments[0].name: Path(output)}
    if len(spec.treatments) > 1 and not Path(output).is_dir():
        raise InputError(
            f"-o {output}: {len(spec.treatments)} treatments make one file each; name an existing folder"
        )
    return _outputs(spec, output)


def _size(spec: Spec) -> int:
    """Uncompressed size of all files [bytes]."""
    return sum(store.raw_bytes(header(spec, one)) for one in spec.treatments)


def _plan(spec: Spec, paths: list[Path]) -> str:
    """What would be done, for --dry-run."""
    cells = len(spec.treatments) * len(spec.m_X) * len(spec.g_X)
    seconds = START_UP_S + cells / CELLS_PER_SECOND
    size = _size(spec) / 1e6
    return (
        f"{len(spec.m_X)} x {len(spec.g_X)} points, {len(spec.treatments)} treatments, "
        f"{len(spec.searches.labels)} searches: {cells} cells, {size:.0f} MB before compression, "
        f"at most about {store.EXPECTED_RATIO * size:.0f} MB on disk, about {seconds:.0f} s\n"
        "would write " + ", ".join(map(str, paths))
    )


def _write_all(spec: Spec, outputs: dict[str, Path], arguments: argparse.Namespace) -> None:
    """Compute and write every treatment, with a progress bar."""
    curves = boundaries(spec)
    for one in spec.treatments:
        axis = mass_axis(spec.sm, spec.model, one, spec.searches, spec.m_X)
        top = header(spec, one)
        cells = len(spec.m_X) * len(spec.g_X)
        with report.progress(one.name, cells, "cell", quiet=arguments.quiet) as bar:
            store.write_scan(
                outputs[one.name],
                top,
                mass_fields(axis),
                blocks(spec, axis),
                boundaries=curves[one.name],
                force=arguments.force,
                report=bar.update,
            )


def _plain(value: Any) -> Any:
    """For JSON: complex numbers as [real, imaginary], infinities (a stable X) as null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, complex):
        return [value.real, value.imag]
    return None if isinstance(value, float) and not math.isfinite(value) else value
