"""The sheet that panels stand on: its sizes, fonts and title, and how it is saved as PDF and PNG."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

from jaxtri.durable.storage.atomic_files import write_whole
from jaxtri.errors import InputError

PANEL = (4.6, 5.6)  # inches
LEGEND = 0.13  # share of the height below the panels
WIDTHS = {"single": 3.386, "double": 7.008}  # inches: one column of 86 mm, two of 178 mm together
DPI = 200
FORMATS = ("pdf", "png")
STYLE: dict[Any, Any] = {
    "font.family": "serif",
    "mathtext.fontset": "cm",
    "font.size": 9,
    "hatch.linewidth": 0.4,
    "axes.titlesize": 9,
    "legend.fontsize": 7,
}
NARROW: dict[Any, Any] = {
    "font.size": 7,
    "axes.titlesize": 6.5,
    "legend.fontsize": 5.5,
    "lines.linewidth": 1.0,
}


def require_title(title: str) -> None:
    """Raise where a title cannot be typeset, before any work.

    Raises
    ------
    InputError
        If a formula in it is broken.
    """
    try:
        MathTextParser("agg").parse(as_mathematics(title))
    except ValueError as error:
        raise InputError(
            f"title {title!r}: not valid mathematics ({str(error).strip().splitlines()[-1]}); write \\$ for $"
        ) from None


def save(
    figure: Figure, stem: Path, *, fingerprint: str = "", only: Sequence[Path] | None = None
) -> list[Path]:
    """Save a figure as PDF and PNG, or one of them; the fingerprint of its data goes into the metadata.

    Both are drawn in any case: what is drawn first moves the layout of what follows.

    Raises
    ------
    StorageError
        If a file cannot be written.
    """
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in FORMATS]
    with matplotlib.rc_context(STYLE):
        for path in paths:
            key = "Keywords" if path.suffix == ".pdf" else "Description"
            picture = io.BytesIO()
            try:
                figure.savefig(
                    picture,
                    format=path.suffix[1:],
                    dpi=DPI,
                    metadata={key: f"jaxtri config_sha256 {fingerprint}"},
                )
            except ValueError as error:
                reason = str(error).strip().splitlines()[-1]
                raise InputError(
                    f"{path}: a title is not valid mathematics ({reason}); write \\$ for $"
                ) from error
            if only is None or path in only:
                write_whole(path, picture.getvalue())
    return paths


def as_mathematics(title: str) -> str:
    """Set U(1)_{...} as mathematics."""
    head, brace, rest = title.partition("}")
    return f"${head}}}${rest}" if brace and "_{" in head and "$" not in title else title
