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
LOOKS = (
    "axes", "contour", "figure", "font", "grid", "hatch", "image", "legend", "lines", "markers", "mathtext",
    "patch", "path", "pdf", "savefig", "scatter", "text", "xaxis", "xtick", "yaxis", "ytick",
)  # fmt: skip
STYLE: dict[Any, Any] = {  # from Matplotlib's own: a user's settings are not those of a shipped picture
    name: value for name, value in matplotlib.rcParamsDefault.items() if name.split(".")[0] in LOOKS
} | {
    "font.family": "serif",
    "mathtext.fontset": "cm",
    "font.size": 9,
    "hatch.linewidth": 0.4,
    "axes.titlesize": 9,
    "legend.fontsize": 7,
}
BY_HAND: dict[Any, Any] = {"figure.autolayout": False, "figure.constrained_layout.use": False}
NARROW: dict[Any, Any] = {
    "font.size": 7,
    "axes.titlesize": 6.5,
    "legend.fontsize": 5.5,
    "legend.handleheight": 1.1,  # room for hatches
    "lines.linewidth": 1.0,
}


def require_title(where: str, title: str) -> None:
    """Raise where a title cannot be typeset, before any work; ``where`` names its place.

    Raises
    ------
    InputError
        If a formula in it is broken.
    """
    require_text(f"{where}: title", as_mathematics(title), title)


def require_text(what: str, text: str, given: str | None = None) -> None:
    """Raise where a text that a picture shows cannot be typeset, before any work.

    Raises
    ------
    InputError
        If a formula in it is broken.
    """
    if "$" not in text:
        return
    try:
        MathTextParser("agg").parse(text)
    except ValueError as error:
        reason, shown = str(error).strip().splitlines()[-1], text if given is None else given
        raise InputError(f"{what} {shown!r}: not valid mathematics ({reason}); write \\$ for $") from None


def save(
    figure: Figure, stem: Path, *, fingerprint: str = "", only: Sequence[Path] | None = None
) -> list[Path]:
    """Save a figure as PDF and PNG, or one of them; the fingerprint of its data goes into the metadata.

    They are laid out once, so that both are the same picture.

    Raises
    ------
    StorageError
        If a file cannot be written.
    """
    paths = [stem.with_name(f"{stem.name}.{suffix}") for suffix in FORMATS]
    layout, dpi = figure.get_layout_engine(), figure.dpi
    with matplotlib.rc_context(STYLE | BY_HAND):
        try:
            if layout is not None:
                figure.dpi = DPI
                layout.execute(figure)
                figure.set_layout_engine(None)  # with any other, every file is drawn twice
            pictures = {path: _picture(figure, path, fingerprint) for path in paths}
        except ValueError as error:
            reason = str(error).strip().splitlines()[-1]
            raise InputError(
                f"{paths[0]}: a title is not valid mathematics ({reason}); write \\$ for $"
            ) from error
        finally:
            figure.set_layout_engine(layout)
            figure.dpi = dpi
    for path, picture in pictures.items():
        if only is None or path in only:
            write_whole(path, picture)
    return paths


def _picture(figure: Figure, path: Path, fingerprint: str) -> bytes:
    """What stands in the file of a figure."""
    key = "Keywords" if path.suffix == ".pdf" else "Description"
    picture, metadata = io.BytesIO(), {key: f"jaxtri config_sha256 {fingerprint}"}
    figure.savefig(picture, format=path.suffix[1:], dpi=DPI, metadata=metadata)
    return picture.getvalue()


def as_mathematics(title: str) -> str:
    """Set U(1)_{...} as mathematics."""
    head, brace, rest = title.partition("}")
    return f"${head}}}${rest}" if brace and "_{" in head and "$" not in title else title
