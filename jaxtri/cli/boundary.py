"""The command `boundary`: exclusion curves to files, and their uncertainties as text."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxtri.boundary.bands import Band, bands_of
from jaxtri.boundary.lengths import LengthBand
from jaxtri.boundary.record import Boundaries
from jaxtri.durable.jobs.progress import progress
from jaxtri.durable.storage.atomic_files import write_whole
from jaxtri.errors import InputError, StorageError, UnresolvedError
from jaxtri.figures import sheet, spreads
from jaxtri.io import hdf5_scan, text_formats
from jaxtri.numerics.arrays import FloatArray
from jaxtri.scans.in_memory import boundaries, length_bands, plane_of
from jaxtri.scans.provenance import header
from jaxtri.scans.record import Header
from jaxtri.scans.spec import Spec, load_spec


def boundary(arguments: argparse.Namespace) -> str:
    """Trace, or read, every boundary; write it; say how uncertain it is."""
    folder = Path(arguments.output or ".")
    if not folder.is_dir():
        raise StorageError(f"{folder}: no such folder; make it first, or leave -o out")
    source = Path(arguments.source)
    if source.suffix == ".h5":
        for option in (name for name in ("bands", "lengths") if getattr(arguments, name)):
            raise InputError(f"--{option} needs the scan file (TOML); {source} holds curves alone")
        scan = hdf5_scan.open_scan(source)
        if scan.boundaries is None:
            raise InputError(f"{source}: holds no boundaries; scan again, or give the scan file (TOML)")
        wanted = _files(folder, source.stem, scan.boundaries, scan.header, arguments.format)
        said = "wrote " + (", ".join(_written(wanted, force=arguments.force)) or "no file")
        if not scan.boundaries.regions:
            raise UnresolvedError(f"{source}: nothing is excluded; {said}")
        return said
    return _of_spec(load_spec(source), folder, arguments)


def _stems(spec: Spec, folder: Path, arguments: argparse.Namespace) -> dict[str, Path]:
    """Names of the pictures that are asked for, without ending; none of them may be there."""
    wanted = [name for name in ("bands", "lengths") if getattr(arguments, name)]
    stems = {name: folder / f"{spec.name}_{name}" for name in wanted}
    if stems:
        sheet.require_title(spec.name, spec.title)
        pictures = [one.with_suffix(f".{suffix}") for one in stems.values() for suffix in sheet.FORMATS]
        hdf5_scan.check_outputs(pictures, 0, force=arguments.force)
    return stems


def _of_spec(spec: Spec, folder: Path, arguments: argparse.Namespace) -> str:
    """Trace every boundary of a scan file, with bands if they are asked for."""
    stems = _stems(spec, folder, arguments)
    found = boundaries(spec)
    known = _bands(spec, found) if arguments.bands else {}
    wanted: dict[Path, Content] = {}
    panels = {}
    for one in spec.treatments:
        name, curves = one.name, found[one.name].curves
        sigma = [b.along(curve) for b, curve in zip(known.get(name, ()), curves, strict=False)]
        top = header(spec, one)
        wanted |= _files(folder, f"{spec.name}_{name}", found[name], top, arguments.format, sigma)
        groups = {label["name"]: label["channel"][0] for label in top.searches}
        panels[name] = [
            (groups[curve.search], curve.m_X, curve.g_X, width)
            for curve, width in zip(curves, sigma, strict=False)
        ]
    moved = length_bands(spec) if arguments.lengths else {}
    for name, some in moved.items():
        wanted[folder / f"{spec.name}_{name}_lengths.csv"] = text_formats.lengths_csv_text(some)
    lines = ["wrote " + (", ".join(_written(wanted, force=arguments.force)) or "no file")]
    if arguments.bands:
        drawn = spreads.draw_bands(panels, (spec.m_X, spec.g_X), title=spec.title)
        lines += ["wrote " + ", ".join(map(str, sheet.save(drawn, stems["bands"])))]
        lines += bands_text(known)
    if arguments.lengths:
        lines += _lengths_drawn(spec, moved, stems["lengths"])
    _require_resolved(spec, found, lines[0])
    return "\n".join(lines)


def _require_resolved(spec: Spec, found: Mapping[str, Boundaries], said: str) -> None:
    """Raise where nothing is excluded, or critical masses could not be told apart."""
    nothing = [name for name, one in found.items() if not one.regions]
    if nothing:
        raise UnresolvedError(f"{spec.name}: nothing is excluded under {', '.join(nothing)}; {said}")
    unresolved = sum(one.unresolved for one in found.values())
    if unresolved:
        raise UnresolvedError(f"{spec.name}: {unresolved} critical masses could not be told apart; {said}")


def _lengths_drawn(spec: Spec, moved: Mapping[str, Sequence[LengthBand]], stem: Path) -> list[str]:
    """Draw what lengths of flight are worth; say it in lines."""
    groups = {label.name: label.channel[0] for label in spec.searches.labels}
    panels = {name: [_moved(groups[one.search], one) for one in some] for name, some in moved.items()}
    drawn = spreads.draw_lengths(panels, (spec.m_X, spec.g_X), title=spec.title)
    lines = ["wrote " + ", ".join(map(str, sheet.save(drawn, stem)))]
    for name, some in moved.items():
        lines.append(f"treatment {name}: range of ln g_X from that of effective lengths, or times, of flight")
        for one in some:
            times = "{:.3g} to {:.3g} times that used".format(*one.spread)
            seen = [part for part in one.largest() if part[2] > LEAST]
            lines += [
                f"  {one.search}, {a:.4g}-{b:.4g} GeV: at most {width:.2g}, {times}" for a, b, width in seen
            ]
            lines += [] if seen else [f"  {one.search}: nowhere above {LEAST:g}, {times}"]
    return lines


def _moved(group: str, one: LengthBand) -> spreads.Moved:
    """One search as it is drawn."""
    curves = [(curve.m_X, curve.g_X) for end in one.curves for curve in end]
    return spreads.Moved(
        group, curves, one.rings(one.larger), one.rings(1 - one.larger), one.m_X, one.width(one.m_X)
    )


def _bands(spec: Spec, found: Mapping[str, Boundaries]) -> dict[str, list[Band]]:
    """Uncertainty of every curve, with a progress bar."""
    known: dict[str, list[Band]] = {}
    with progress("bands", sum(len(one.curves) for one in found.values()), "curve") as bar:
        for one in spec.treatments:
            known[one.name] = []
            for uncertain in bands_of(plane_of(spec), one, found[one.name].curves):
                known[one.name].append(uncertain)
                bar.update()
    return known


LEAST = 1e-3  # of ln g_X: a smaller effect of a length is not listed
Content = str | tuple[Header, Boundaries]  # of a text, and of an HDF5 file


def _files(
    folder: Path,
    stem: str,
    found: Boundaries,
    top: Header,
    file_format: str,
    sigma: Sequence[FloatArray] = (),
) -> dict[Path, Content]:
    """Path and content of every file of one treatment."""
    if file_format == "h5":
        return {folder / f"{stem}_boundaries.h5": (top, found)}
    files = text_formats.texts(found, top.searches, file_format, stem, [one.tolist() for one in sigma])
    return {folder / name: text for name, text in files.items()}


def _written(wanted: dict[Path, Content], *, force: bool) -> list[str]:
    """Write files; name the file, or the folder of many."""
    for path in wanted:
        path.parent.mkdir(exist_ok=True)
    hdf5_scan.check_outputs(list(wanted), 0, force=force)
    for path, content in wanted.items():
        if isinstance(content, str):
            write_whole(path, content.encode())
        else:
            hdf5_scan.write_curves(path, *content)
    return list(dict.fromkeys(str(p if p.suffix in (".csv", ".h5") else p.parent) for p in wanted))


def bands_text(known: Mapping[str, Sequence[Band]]) -> list[str]:
    """One line a curve and decade of mass: 1 sigma and 2 sigma in ln g_X, and the leading inputs."""
    lines = []
    for treatment, some in known.items():
        lines.append(f"treatment {treatment}: uncertainty of ln g_X from the errors of the inputs")
        lines += [line for one in some for line in _band_lines(one)]
    return lines


def _band_lines(one: Band) -> list[str]:
    lines = []
    for low, high, leading in one.leading:
        inside = (low <= one.m_X) & (one.m_X <= high)
        largest = float(one.sigma[inside].max())
        parts = ", ".join(f"{name} {size:.2g}" for name, size in leading) or "none"
        lines.append(
            f"  {one.search}, {low:.4g}-{high:.4g} GeV: at most {largest:.2g} (1 sigma), "
            f"{2 * largest:.2g} (2 sigma); leading: {parts}"
        )
    return lines
