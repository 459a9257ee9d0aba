"""Arguments of every command."""

import argparse

from jaxtri import __version__

EXAMPLES = """examples:
  jaxtri run scans/figure_3.toml                          scan three treatments, draw Figure 3
  jaxtri point scans/figure_3.toml --m-X 0.01 --g-X 1e-6  every rate there, and why it is excluded
  jaxtri limit scans/figure_3.toml --m-X 0.05             the coupling each search excludes at one mass
  jaxtri boundary scans/figure_3.toml --bands             exact curves as CSV, and their uncertainty
  jaxtri compare figure_3_*.h5                            where each group improves on earlier limits
  jaxtri audit baryon -o audit_baryon                     anomalies, and which treatments mean something
  jaxtri previous b3_minus_l2                             what searches for a dark photon say of it
  jaxtri cite figure_3_matched.h5 > searches.bib          what to cite

exit codes: 0 done, 1 internal error, 2 wrong usage or input, 3 finished but for some tiles or curves,
4 file cannot be read or written, 75 stopped by SIGTERM, 130 interrupted (the same command resumes)
"""


def parser() -> argparse.ArgumentParser:
    """Build the argument parser."""
    top = argparse.ArgumentParser(
        prog="jaxtri",
        description="Exclusion limits on light U(1)_X gauge bosons from anomalous triangle amplitudes.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"jaxtri {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _scan_commands(commands)
    _point_commands(commands)
    _boundary_command(commands)
    _file_commands(commands)
    _audit_command(commands)
    _previous_command(commands)
    _coverage_command(commands)
    _validate_command(commands)
    for name, text in (("models", "list the shipped models"), ("treatments", "list the treatments")):
        commands.add_parser(name, help=text, description=text)
    schema = commands.add_parser("schema", help="JSON Schema of a file, for editors")
    schema.add_argument("kind", metavar="KIND", help="scan, model, search or treatment")
    searches = commands.add_parser("searches", help="list the searches of a set")
    searches.add_argument("--set", required=True, metavar="SET", help="printed, corrected, 2026 or binned")
    return top


def _scan_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, text, output in (
        ("run", "scan, draw contours and figure", "folder for all outputs (default: working directory)"),
        ("scan", "compute the arrays only", "file, or folder for several treatments"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("spec", help="scan file (TOML)")
        command.add_argument("-o", "--output", metavar="PATH", help=output)
        command.add_argument(
            "--force", action="store_true", help="replace existing files, and tiles of another scan"
        )
        command.add_argument("--dry-run", action="store_true", help="say how many cells, bytes and seconds")
        command.add_argument("--quiet", action="store_true", help="no progress bar")
        _engine(command)
        if name == "run":
            _palette(command)
    text = "merge the parts of a job array (--part) into the finished file"
    command = commands.add_parser("merge", help=text, description=text)
    command.add_argument("spec", help="scan file (TOML)")
    command.add_argument("folders", nargs="*", metavar="FOLDER", help="further folders that hold tiles")
    command.add_argument("-o", "--output", metavar="PATH", help="file, or folder for several treatments")
    command.add_argument("--force", action="store_true", help="replace existing files")
    _lock(command)


def _engine(command: argparse.ArgumentParser) -> None:
    """Options of memory and machines."""
    command.add_argument("--memory", default="1GiB", metavar="SIZE", help="memory to use (default: 1GiB)")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, metavar="N", help="so many local processes, with Dask")
    where.add_argument("--scheduler", metavar="ADDRESS", help="a running Dask cluster, as tcp://host:port")
    where.add_argument(
        "--part", "--shard", metavar="I/N", help="only part I of N, as a job array; then: jaxtri merge"
    )
    _lock(command)


def _lock(command: argparse.ArgumentParser) -> None:
    text = "write although a process of another host says that it does"
    command.add_argument("--break-lock", action="store_true", help=text)


def _point_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, text in (
        ("point", "every rate, lifetime and ratio at one point, and why it is or is not excluded"),
        ("limit", "the couplings that every search excludes at one mass"),
        ("relic", "the couplings at which dark matter has its density at one mass"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("spec", help="scan file (TOML); its axes are not used")
        command.add_argument(
            "--m-X", dest="m_X", type=float, required=True, metavar="GEV", help="mass of X [GeV]"
        )
        if name == "point":
            command.add_argument("--g-X", dest="g_X", type=float, required=True, metavar="G", help="coupling")
        if name != "relic":
            text = "only this treatment of the scan file"
            command.add_argument("--treatment", metavar="NAME", help=text)
        command.add_argument("--json", action="store_true", help="machine-readable output")


def _boundary_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "exclusion curves of every search, exact to rounding"
    command = commands.add_parser("boundary", help=text, description=text)
    command.add_argument("source", metavar="SPEC|FILE", help="scan file (TOML, or HDF5 with boundaries)")
    command.add_argument(
        "--format", choices=("csv", "hepdata", "lmt", "h5"), default="csv", help="default: csv"
    )
    command.add_argument("--bands", action="store_true", help="say what the errors of the inputs do to g_X")
    text = "say what the ranges of effective lengths of flight do to g_X"
    command.add_argument("--lengths", action="store_true", help=text)
    command.add_argument(
        "-o", "--output", metavar="FOLDER", help="where to write (default: working directory)"
    )
    command.add_argument("--force", action="store_true", help="replace existing files")


def _audit_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "what a table of charges is: anomalies, and which treatments mean something"
    command = commands.add_parser("audit", help=text, description=text)
    command.add_argument("model", metavar="MODEL", help="shipped model, or model file (TOML)")
    command.add_argument("--anomalons", metavar="GEV", help="mass of heavy fermions [GeV], or infinite")
    command.add_argument("--json", action="store_true", help="machine-readable output")
    command.add_argument("-o", "--output", metavar="STEM", help="draw how fermions decouple")
    command.add_argument("--force", action="store_true", help="replace existing files")


def _previous_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "what searches for a dark photon exclude for a model, and why some exclude nothing"
    command = commands.add_parser("previous", help=text, description=text)
    command.add_argument("model", metavar="MODEL|SPEC", help="shipped model, model file or scan file (TOML)")
    command.add_argument("--m-X", dest="m_X", type=float, metavar="GEV", help="at one mass of X [GeV]")
    text = (
        "checkout of DarkCast, whose limits take the place of the shipped ones (only .lmt and .prd are read)"
    )
    command.add_argument("--darkcast", metavar="FOLDER", help=text)
    command.add_argument("--json", action="store_true", help="machine-readable output")


def _coverage_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "whether B and K decays exclude what relic density and the muon's g-2 favour together"
    command = commands.add_parser("coverage", help=text, description=text)
    command.add_argument("spec", help="scan file (TOML) with dark_matter and muon_g2")
    command.add_argument(
        "--set", dest="sets", action="append", default=[], metavar="SET",
        help="printed, corrected, 2026 or binned; several times for several (default: that of the scan file)",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="machine-readable output")


def _validate_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "a search's published limit beside the interpolation that is compared with"
    command = commands.add_parser("validate", help=text, description=text)
    command.add_argument("searches", nargs="*", metavar="SEARCH", help="shipped search, or file (TOML)")
    text = (
        "all searches of a set (printed, corrected, 2026, binned), or these in it (else the newest with each)"
    )
    command.add_argument("--set", metavar="SET", help=text)
    command.add_argument("--json", action="store_true", help="machine-readable output")
    text = "draw a picture of each there, and of a whole set one of all"
    command.add_argument("-o", "--output", metavar="FOLDER", help=text)
    command.add_argument("--force", action="store_true", help="replace existing files")


def _file_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    plot = commands.add_parser("plot", help="draw scan files side by side")
    plot.add_argument("files", nargs="+", metavar="FILE", help="scan file (HDF5)")
    plot.add_argument("-o", "--output", metavar="STEM", help="name of the pictures without ending")
    plot.add_argument("--title", help="title of the figure")
    plot.add_argument(
        "--at", action="append", metavar="NAME=VALUE", help="node of a further axis, the nearest one"
    )
    plot.add_argument("--force", action="store_true", help="replace existing files")
    plot.add_argument("--style", choices=("regions", "curves"), help="filled regions, or outlines alone")
    for name, what in (("--xlim", "masses [GeV]"), ("--ylim", "couplings")):
        text = f"lowest and highest {what} to show"
        plot.add_argument(name, nargs=2, type=float, metavar=("LOW", "HIGH"), help=text)
    text = "width: one column (86 mm), two (178 mm), or by the number of panels"
    plot.add_argument("--size", choices=("panels", "single", "double"), help=text)
    plot.add_argument("--labels", action="store_true", help="names of the groups on their regions")
    text = "which scans share a panel, as curves: none, models of a treatment, treatments of a model, all"
    plot.add_argument("--panels", choices=("each", "treatments", "models", "together"), help=text)
    for name, what in (("--searches", "searches"), ("--treatments", "treatments")):
        plot.add_argument(name, nargs="+", metavar="NAME", help=f"only these {what}")
    text = "a curve of your own: CSV file with the columns m_X [GeV] and g_X, label; solid, dashed or dotted"
    plot.add_argument("--curve", nargs="+", action="append", metavar=("FILE", "LABEL"), help=text)
    plot.add_argument("--html", action="store_true", help="a page with zoom and hover besides (extra html)")
    plot.add_argument("--caption", action="store_true", help="print a caption, with the sources of the grey")
    _palette(plot)
    compare = commands.add_parser("compare", help="table of what each group adds to earlier limits")
    compare.add_argument("files", nargs="+", metavar="FILE", help="scan file (HDF5)")
    text = "instead: how far each search reaches in g_X, and the masses that it leads"
    compare.add_argument("--reach", action="store_true", help=text)
    for command in (plot, compare):
        text = (
            "earlier limits: the model's table (default), all recast to it, those of visible decays, or none"
        )
        command.add_argument("--previous", choices=("table", "computed", "visible", "none"), help=text)
    for name, text in (
        ("info", "say what a scan file holds, or how far a scan is"),
        ("cite", "BibTeX of the searches used"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("file", metavar="FILE", help="scan file (HDF5)")
        if name == "info":
            command.add_argument("--verify", action="store_true", help="read all of it against its checksums")


def _palette(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--palette",
        choices=("okabe-ito", "paper", "blue"),
        help="okabe-ito: colour-blind safe (default); paper: red, blue, green; blue: all of them",
    )


def parsed(argv: list[str] | None) -> argparse.Namespace:
    """Arguments in any order; argparse before Python 3.13 takes no further folder after an option."""
    known = parser()
    arguments, rest = known.parse_known_args(argv)
    if rest and (not hasattr(arguments, "folders") or any(one.startswith("-") for one in rest)):
        known.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.folders += rest
    return arguments
