"""The commands that compute grids: `scan`, `merge`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from jaxtri.cli import text as texts
from jaxtri.durable.jobs.job import parts_of
from jaxtri.durable.storage.tile_files import tiles_there
from jaxtri.io.estimate import estimate_text
from jaxtri.io.file_names import Outputs, named_outputs
from jaxtri.io.write_scan import Work, checked, client_for, merge_all, run_all
from jaxtri.scans.spec import Spec, load_specs


def scan(arguments: argparse.Namespace) -> str:
    """Compute the arrays only."""
    specs = load_specs(arguments.spec)
    outputs = named_outputs(specs, arguments.output)
    work = checked_work(specs, outputs, arguments)
    return computed(work, arguments) or "wrote " + ", ".join(map(str, outputs.values()))


def merge(arguments: argparse.Namespace) -> str:
    """Merge the parts of a job array."""
    specs = load_specs(arguments.spec)
    outputs = named_outputs(specs, arguments.output)
    folders = map(Path, arguments.folders)
    done = merge_all(specs, outputs, folders, force=arguments.force, break_lock=arguments.break_lock)
    if not done:
        return _complete(list(outputs.values()))
    return "wrote " + ", ".join(map(str, outputs.values()))


def checked_work(
    specs: tuple[Spec, ...], outputs: Outputs, arguments: argparse.Namespace, pictures: Sequence[Path] = ()
) -> Work:
    """Check a scan with the options of the command."""
    return checked(
        specs,
        outputs,
        memory=arguments.memory,
        part=arguments.part,
        force=arguments.force,
        break_lock=arguments.break_lock,
        pictures=pictures,
        clear_up=not arguments.dry_run,
    )


def computed(work: Work, arguments: argparse.Namespace, pictures: Sequence[Path] = ()) -> str:
    """Do the work; return what is to be said where the outputs are not newly written by it."""
    if work.is_done:
        return _complete([*(job.output for job in work.jobs), *pictures])
    if arguments.dry_run:
        return estimate_text(work)
    with client_for(arguments.workers, arguments.scheduler) as client:
        if not arguments.quiet:  # said before any work: which model, and what its anomalies mean
            sys.stderr.writelines(f"{texts.model_of(spec)}\n" for spec in work.specs)
        said = run_all(work, client=client, quiet=arguments.quiet)
    return "\n".join(said) if work.part else ""


def _complete(paths: list[Path]) -> str:
    """What is said where nothing is left to do."""
    said = f"{', '.join(map(str, paths))}: already complete; use --force to recompute"
    kept = [str(parts_of(path)) for path in paths if tiles_there(parts_of(path))]
    return said + (f"\nleft alone, tiles of a run to replace it: {', '.join(kept)}" if kept else "")
