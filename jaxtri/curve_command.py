"""The command `boundary`: exclusion curves to files, and their uncertainties as text."""

import argparse
import os
from pathlib import Path

from jaxtri import export, store
from jaxtri.bands import Band, band
from jaxtri.boundary import boundaries
from jaxtri.curves import Boundaries
from jaxtri.errors import InputError, StorageError
from jaxtri.fields import Header
from jaxtri.provenance import header
from jaxtri.spec import Spec, load_spec


def boundary(arguments: argparse.Namespace) -> str:
    """Trace, or read, every boundary; write it; say how uncertain it is."""
    folder = Path(arguments.output or ".")
    if not folder.is_dir():
        raise StorageError(f"{folder}: no such folder; make it first, or leave -o out")
    source = Path(arguments.source)
    if source.suffix == ".h5":
        if arguments.bands:
            raise InputError(f"--bands needs the scan file (TOML); {source} holds curves alone")
        scan = store.open_scan(source)
        if scan.boundaries is None:
            raise InputError(f"{source}: holds no boundaries; scan again, or give the scan file (TOML)")
        wanted = _files(folder, source.stem, scan.boundaries, scan.header, arguments.format)
        return "wrote " + ", ".join(_written(wanted, force=arguments.force))
    spec = load_spec(source)
    found = boundaries(spec)
    wanted = {}
    for one in spec.treatments:
        stem = f"{spec.name}_{one.name}"
        wanted |= _files(folder, stem, found[one.name], header(spec, one), arguments.format)
    lines = ["wrote " + ", ".join(_written(wanted, force=arguments.force))]
    return "\n".join(lines + (bands_text(spec, found) if arguments.bands else []))


Content = str | tuple[Header, Boundaries]  # of a text, and of an HDF5 file


def _files(folder: Path, stem: str, found: Boundaries, top: Header, file_format: str) -> dict[Path, Content]:
    """Path and content of every file of one treatment."""
    if file_format == "h5":
        return {folder / f"{stem}_boundaries.h5": (top, found)}
    files = export.texts(found, top.searches, file_format, stem)
    return {folder / name: text for name, text in files.items()}


def _written(wanted: dict[Path, Content], *, force: bool) -> list[str]:
    """Write files; name the file, or the folder of many."""
    for path in wanted:
        if path.exists() and not force:
            raise StorageError(f"{path}: exists; choose another output or pass --force to replace it")
    for path, content in wanted.items():
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, str):
            _write_text(path, content)
        else:
            store.write_curves(path, *content)
    return list(dict.fromkeys(str(p if p.suffix in (".csv", ".h5") else p.parent) for p in wanted))


def _write_text(path: Path, text: str) -> None:
    """Write a file under another name and move it into place."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def bands_text(spec: Spec, found: dict[str, Boundaries]) -> list[str]:
    """One line a curve and decade of mass: 1 sigma and 2 sigma in ln g_X, and the leading inputs."""
    lines = []
    for treatment in spec.treatments:
        lines.append(f"treatment {treatment.name}: uncertainty of ln g_X from the errors of the inputs")
        for curve in found[treatment.name].curves:
            lines += _band_lines(band(spec, treatment, curve))
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
