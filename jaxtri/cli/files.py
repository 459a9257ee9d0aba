"""The commands that read files: `info`, `cite`."""

import argparse
from pathlib import Path

from jaxtri.cli import text as texts
from jaxtri.durable.jobs.job import PLAN, parts_of, read_plan
from jaxtri.durable.jobs.status import progress_of
from jaxtri.durable.storage.lock import owners
from jaxtri.io import hdf5_scan


def cite(arguments: argparse.Namespace) -> str:
    """BibTeX of what a scan file used."""
    header = hdf5_scan.open_scan(arguments.file).header
    return texts.citations((*header.searches, *header.projections))


def info(arguments: argparse.Namespace) -> str:
    """What a scan file holds, or how far a scan is."""
    path = Path(arguments.file)
    inside = sorted(path.glob("*.parts")) if path.is_dir() and not (path / PLAN).exists() else []
    if inside:
        return "\n".join(texts.progress_text(progress_of(one), owners(one)) for one in inside)
    folder = path if path.is_dir() else parts_of(path)
    if folder.is_dir() and not path.is_file():
        return texts.progress_text(progress_of(folder), owners(folder))
    text = texts.info_text(hdf5_scan.open_scan(path))
    if arguments.verify:
        text += f"\n  verified: {hdf5_scan.verify(path)} arrays and texts are as they were written"
    if read_plan(folder) is not None:
        text += "\nbeing replaced by:\n" + texts.progress_text(progress_of(folder), owners(folder))
    return text
