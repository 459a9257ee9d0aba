"""The command that computes grids and draws them: `run`."""

import argparse
from pathlib import Path

from jaxtri.cli.scan import checked_work, computed
from jaxtri.durable.storage.atomic_files import write_whole
from jaxtri.errors import InputError
from jaxtri.figures import comparison, figure, maps, page, sheet
from jaxtri.figures.plane import PLOTTED, require_window
from jaxtri.figures.selection import chosen, require_panels
from jaxtri.io import hdf5_scan
from jaxtri.io.file_names import outputs_in
from jaxtri.scans.grey import with_grey
from jaxtri.scans.spec import Spec, load_specs


def run(arguments: argparse.Namespace) -> str:
    """Scan, then draw the figure."""
    specs = load_specs(arguments.spec)
    spec = specs[0]  # all have the same figure
    _require_drawable(specs)
    sheet.require_title(spec.name, spec.figure.title or spec.title)
    _require_texts(spec)
    require_window(f"{spec.name}: figure: xlim", spec.figure.xlim, spec.m_X)
    require_window(f"{spec.name}: figure: ylim", spec.figure.ylim, spec.g_X)
    outputs = outputs_in(specs, arguments.output)
    stem = (Path(arguments.output) if arguments.output else Path()) / spec.name
    pictures = [stem.with_name(f"{stem.name}.{suffix}") for suffix in sheet.FORMATS]
    if spec.figure.html:
        page.require_library()
        pictures.append(stem.with_name(f"{stem.name}.html"))
    work = checked_work(specs, outputs, arguments, pictures)
    said = computed(work, arguments, pictures)
    if said:
        return said
    scans = {
        treatment if len(specs) == 1 else f"{model}, {treatment}": with_grey(
            hdf5_scan.open_scan(path), spec.figure.previous
        )
        for (model, treatment), path in outputs.items()
    }
    look = spec.figure.model_copy(update={"palette": arguments.palette or spec.figure.palette})
    shown, title = chosen(scans, look.searches, look.treatments), look.title or spec.title
    draw = maps.draw_further if spec.axes else figure.draw_scans
    drawn = draw(shown, title=title, look=look)
    fingerprint = " ".join(scan.header.fingerprint for scan in scans.values())
    sheet.save(drawn, stem, fingerprint=fingerprint, only=work.files)
    if spec.figure.html and pictures[-1] in work.files:
        write_whole(pictures[-1], page.page_of(shown, title=title, look=look).encode())
    said = "wrote " + ", ".join(map(str, work.files))
    return said if spec.axes else f"{said}\n{comparison.compare(scans)}"


def _require_texts(spec: Spec) -> None:
    """Raise where a text in the figure cannot be typeset."""
    for curve in spec.figure.curves:
        sheet.require_text(f"{spec.name}: figure: label of {curve.file}", curve.label)
    for label in (*spec.searches.labels, *spec.projections.labels):
        sheet.require_text(f"{spec.name}: experiment of {label.name}", label.experiment)


def _require_drawable(specs: tuple[Spec, ...]) -> None:
    """Raise where the figure, planes or maps, cannot be drawn from what scans store."""
    spec = specs[0]
    pairs = [(model.model.name, one.name) for model in specs for one in model.treatments]
    kinds = {pair: pair for pair in pairs if not spec.figure.treatments or pair[1] in spec.figure.treatments}
    if spec.axes:
        joint = [one.name for one in spec.axes if one.joint]
        maps.require_drawable(spec.name, spec.sizes, joint, spec.arrays, spec.figure, count=len(kinds))
        return
    if spec.figure.html and not spec.traces_curves:
        raise InputError(f"{spec.name}: figure: html is made of curves; leave curves = false out, or html")
    require_panels(f"{spec.name}: figure", kinds, spec.figure.panels)
    lacking = [name for name in PLOTTED if name not in spec.arrays]
    if lacking and not spec.traces_curves:
        raise InputError(
            f"{spec.name}: run draws curves, or {' and '.join(lacking)}; leave curves out of the scan file, "
            "add these to arrays, or use jaxtri scan"
        )
