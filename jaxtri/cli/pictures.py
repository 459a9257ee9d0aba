"""The commands that look at scan files side by side: `plot`, `compare`."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from jaxtri.durable.storage.atomic_files import write_whole
from jaxtri.errors import InputError, StorageError
from jaxtri.figures import comparison, reach
from jaxtri.io import hdf5_scan
from jaxtri.scans.look import checked_curves
from jaxtri.scans.record import Scan
from jaxtri.scans.schema import FigureChoice, OwnCurve
from jaxtri.tables.reader import check

EARLIER = {  # limits, by the choice of them
    "table": "the table of the model",
    "computed": "all searches, recast to the model",
    "visible": "searches for visible decays, recast to the model",
    "none": "none",
}


def plot(arguments: argparse.Namespace) -> str:
    """Draw scan files side by side."""
    from jaxtri.figures import figure, maps, page, plane_words, sheet  # `compare` needs no Matplotlib
    from jaxtri.figures.selection import chosen

    files = [Path(name) for name in arguments.files]
    at = arguments.at or []
    where = _settings(at)
    scans = [hdf5_scan.open_scan(path).at(**where) for path in files]
    look = _look(arguments)
    for curve in look.curves:
        sheet.require_text(f"--curve {curve.file}: label", curve.label)
    scans = _with_grey(scans, look.previous)
    drawn = chosen(_distinct(files, scans), look.searches, look.treatments)
    stem = _stem(arguments, files[0], look)
    pictures = [stem.with_name(f"{stem.name}.{suffix}") for suffix in sheet.FORMATS]
    pages = [stem.with_name(f"{stem.name}.html")] if look.html else []
    hdf5_scan.check_outputs([*pictures, *pages], 0, force=arguments.force)
    title = arguments.title or scans[0].header.title
    sheet.require_title("plot", title)
    along = any(one.further_axes for one in scans)
    if along and not all(one.further_axes for one in scans):
        raise InputError("plot: scans with further axes beside planes; draw them apart, or give --at")
    made = {path: page.page_of(drawn, title=title, look=look) for path in pages}
    picture = (maps.draw_further if along else figure.draw_scans)(drawn, title=title, look=look)
    saved = sheet.save(picture, stem, fingerprint=" ".join(one.header.fingerprint for one in drawn.values()))
    for path, content in made.items():
        write_whole(path, content.encode())
    said = "wrote " + ", ".join(map(str, [*saved, *pages]))
    if not arguments.caption:
        return said
    text = (maps if along else plane_words).caption(drawn, look)
    return f"{said}\n{text}"


def _stem(arguments: argparse.Namespace, first: Path, look: FigureChoice) -> Path:
    """Name of the pictures without ending, by default that of the first file."""
    from jaxtri.figures.sheet import FORMATS

    stem = Path(
        arguments.output
        or "_".join([first.stem, *(arguments.at or []), *([look.panels] if look.panels != "each" else [])])
    )
    if stem.suffix[1:] in FORMATS:
        stem = stem.with_suffix("")
    elif stem.suffix[1:] in ("svg", "eps", "ps", "jpg", "jpeg", "html"):
        raise InputError(f"-o {stem}: pictures are written as PDF and PNG; give their name without ending")
    if stem.is_dir():
        raise StorageError(f"-o {stem}: is a folder; give the name of the pictures without ending")
    return stem


def _look(arguments: argparse.Namespace) -> FigureChoice:
    """How a figure looks, from the options of the command."""
    given = {
        "palette": arguments.palette, "style": arguments.style, "xlim": arguments.xlim,
        "ylim": arguments.ylim, "size": arguments.size, "searches": arguments.searches,
        "treatments": arguments.treatments, "previous": arguments.previous, "panels": arguments.panels,
        "title": arguments.title or None,
    }  # fmt: skip
    switched = {key: True for key in ("labels", "html") if getattr(arguments, key)}
    known = {key: value for key, value in given.items() if value is not None}
    look = check(
        known | switched | {"curves": list(map(_curve, arguments.curve or []))}, FigureChoice, "plot"
    )
    return look.model_copy(update={"curves": checked_curves(look.curves, Path())})


def _curve(words: list[str]) -> dict[str, str]:
    """A curve of the user's: file, label and, if need be, style."""
    if not 2 <= len(words) <= len(OwnCurve.model_fields):
        raise InputError(
            f"--curve {' '.join(words)}: give a CSV file, a label in quotes and, if need be, a style"
        )
    return dict(zip(OwnCurve.model_fields, words, strict=False))


def compare(arguments: argparse.Namespace) -> str:
    """The table of what each group adds to earlier limits, or of what each search reaches."""
    files = [Path(name) for name in arguments.files]
    if arguments.reach:
        if arguments.previous:
            raise InputError("compare: --reach looks at searches alone; leave --previous out")
        every = _distinct(files, [hdf5_scan.open_scan(path) for path in files])
        return "\n\n".join(f"{name}:\n\n{reach.reach_table(one)}" for name, one in every.items())
    scans = _with_grey([hdf5_scan.open_scan(path) for path in files], arguments.previous)
    table = comparison.compare(_distinct(files, scans))
    return f"{table}\n\nearlier limits: {EARLIER[arguments.previous]}" if arguments.previous else table


def _with_grey(scans: list[Scan], choice: str | None) -> list[Scan]:
    """Scans with earlier limits as chosen; only computing them, or scans that hold them, need JAX."""
    own = any(one["channel"][0] == "p" for scan in scans for one in scan.header.searches)
    if choice == "table" or (choice is None and not own):
        return scans
    from jaxtri.numerics.jax_settings import prepare
    from jaxtri.scans.grey import with_grey

    prepare()
    return [with_grey(one, choice) for one in scans]


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
