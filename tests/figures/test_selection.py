"""Several scans in one panel, and which searches and treatments are drawn.

Oracle: the exact curves of each scan, vertex by vertex; lightness by CIE 1976 L*a*b*.
"""

import dataclasses
import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from colour_vision import VISION, lab, linear
from jaxtri import scan
from jaxtri.errors import InputError
from jaxtri.figures.figure import caption, draw_scans
from jaxtri.figures.panels import MOST, PALETTES, SHADES, readable_ticks, shades
from jaxtri.figures.plane import draw
from jaxtri.figures.selection import chosen, names_of, same_grey
from jaxtri.figures.sheet import save
from jaxtri.scans.schema import FigureChoice
from jaxtri.tables.reader import check
from small_plane import SMALL

KAON, B = "na62_2021_kpi_invisible_low", "belle_2017_bk_invisible"
LIGHTER = 10  # of 100 in L*, four times what is just noticed


@pytest.fixture(scope="module")
def one():
    return scan(SMALL)["figure"]


def named(scan, treatment, model="b_minus_l", previous="previous_limits/b_minus_l.csv"):
    """The same scan under another name."""
    configuration = dict(scan.header.configuration)
    configuration["model"] = configuration["model"] | {"name": model, "previous_limits": previous}
    header = dataclasses.replace(scan.header, treatment=treatment, configuration=configuration)
    return dataclasses.replace(scan, header=header)


def lines_of(axes):
    return [one for one in axes.collections if isinstance(one, LineCollection)]


def pattern(lines):
    """Dashes in line widths; None for a solid line."""
    [(_, dashes)] = lines.get_linestyle()
    return dashes and tuple(np.round(np.array(dashes) / lines.get_linewidth(), 6))


def test_scans_in_one_panel(one):
    """Colours tell scans apart, dashes groups; every outline of every scan is there."""
    wide = dataclasses.replace(
        named(one, "matched"), header=dataclasses.replace(
            named(one, "matched").header, axes=dict(one.header.axes) | {"m_X": np.geomspace(1e-2, 200.0, 60)}
        ),
    )  # fmt: skip
    look = FigureChoice(together=True)
    figure = draw_scans({"figure": one, "matched": wide}, title="t", look=look)
    [axes] = figure.axes
    assert not axes.patches
    lines = lines_of(axes)
    assert len(lines) == 6
    assert [to_hex(some.get_edgecolor()[0]) for some in lines] == [SHADES[0]] * 3 + [SHADES[2]] * 3
    dashes = [pattern(some) for some in lines]
    assert dashes[:3] == dashes[3:]
    assert len(set(dashes)) == 3
    widths = [float(np.max(some.get_linewidth())) for some in lines]
    assert min(widths[:3]) > max(widths[3:])  # what coincides is seen below the other
    ends = one.boundaries.groups["K"][0].g_X[[0, -1]]
    np.testing.assert_array_equal(lines[0].get_segments()[0][[0, -1], 1], ends)
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == [
        "b_minus_l, figure",
        "b_minus_l, matched",
        "Z decays",
        "B decays",
        "K decays",
        "previous limits",
    ]
    assert axes.get_xlim() == (1e-3, 200.0)


def test_names_and_grey_of_several_models(one):
    """Grey is drawn where it is the same for all: else it would be taken for a limit on each."""
    same = {"a": one, "b": named(one, "figure")}
    assert names_of(same) == ["b_minus_l, figure (a)", "b_minus_l, figure (b)"]
    other = {"a": named(one, "figure"), "b": named(one, "figure", "b3_minus_l2", "b3_minus_l2.csv")}
    assert names_of(other) == ["b_minus_l, figure", "b3_minus_l2, figure"]
    assert same_grey({"a": named(one, "figure")})
    assert not same_grey(other)
    assert not same_grey({"a": named(one, "figure", previous=None)})


def test_some_searches_and_treatments(one):
    scans = {"figure": one, "matched": named(one, "matched")}
    some = chosen(scans, [KAON, B], ["matched"])
    assert list(some) == ["matched"]
    [axes] = draw_scans(some, title="t").axes
    drawn = {to_hex(some.get_edgecolor()[0]): len(some.get_segments()) for some in lines_of(axes)}
    assert drawn == {
        PALETTES["okabe-ito"][letter].edge: len(one.boundaries.of(name))
        for letter, name in (("B", B), ("K", KAON))
    }
    said = caption(some)
    assert "NA62" in said
    assert "KTeV" not in said
    assert "KTeV" in caption(scans)
    with pytest.raises(InputError, match="did you mean na62_2021_kpi_invisible_low"):
        chosen(scans, ["na62_2021_kpi_invisible_lo"], [])
    with pytest.raises(InputError, match='no treatment "printed"; known: figure, matched'):
        chosen(scans, [], ["printed"])


def test_some_searches_of_a_grid(one):
    """A scan without curves is drawn by the contours of the chosen searches alone."""
    grid = dataclasses.replace(one, boundaries=None)
    axes = Figure().subplots()
    draw(grid, axes, searches=[B], previous=False)
    assert {to_hex(patch.get_edgecolor()) for patch in axes.patches} == {PALETTES["okabe-ito"]["B"].edge}
    [some] = chosen({"a": grid}, [B], []).values()
    position = one.header.axes["search"].index(B)
    np.testing.assert_array_equal(some["log10_ratio"], one["log10_ratio"][[position]])
    assert np.any(some.group("B") != one.group("B"))


@pytest.mark.parametrize("vision", VISION)
def test_scans_are_told_apart_in_grey_print_and_by_everyone(vision):
    seen = [lab(VISION[vision] @ linear(shade))[0] for shade in SHADES]
    assert min(b - a for a, b in itertools.pairwise(seen)) > LIGHTER
    groups = sorted(lab(linear(style.edge))[0] for style in PALETTES["okabe-ito"].values())
    assert min(b - a for a, b in itertools.pairwise(groups)) < LIGHTER  # so the test is able to fail


def test_too_many_scans_for_one_panel(one):
    assert [len(shades(count)) for count in range(1, MOST + 1)] == [*range(1, MOST + 1)]
    with pytest.raises(InputError, match="6 scans in one panel: at most 5 can be told apart"):
        draw_scans(dict.fromkeys("abcdef", one), title="t", look=FigureChoice(together=True))


@pytest.mark.parametrize("xlim", [(6.0, 7000.0), (0.2, 0.1), (0.0, 1.0), (float("nan"), 1.0), (1e-2,), 0.1])
def test_limits_beyond_what_is_known_are_refused(one, xlim):
    with pytest.raises(InputError, match=r"xlim = .*: give two numbers that ascend, from"):
        draw(one, Figure().subplots(), xlim=xlim)


def test_what_is_no_scan_or_no_list_is_refused(one):
    for given, more, said in (
        ("file.h5", {}, "is no scan"), (one, {"searches": "name"}, "give a list of names"),
        (one, {"previous": "computed"}, "give True, False, or what previous_limits returns"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=said):
            draw(given, Figure().subplots(), **more)


def test_a_users_settings_of_matplotlib_do_not_change_a_picture(one, tmp_path, monkeypatch):
    looks = {"text.usetex": True, "axes.facecolor": "yellow", "savefig.bbox": "tight", "axes.grid": True}

    def picture(name):
        save(draw_scans({"one": one}, title="t"), tmp_path / name)
        return (tmp_path / f"{name}.png").read_bytes()

    plain = picture("plain")
    with matplotlib.rc_context(looks):
        assert picture("own") == plain


@pytest.mark.parametrize("xlim", [(0.1, 0.11), (0.2, 0.3), (6.0, 7.0)])
def test_a_narrow_axis_has_labels(one, xlim):
    axes = Figure().subplots()
    axes.set(xscale="log", xlim=xlim)
    readable_ticks(axes)
    shown = [one for one in axes.xaxis.get_majorticklocs() if xlim[0] <= one <= xlim[1]]
    assert 3 <= len(shown) <= 8
    texts = [axes.xaxis.get_major_formatter()(value) for value in shown]
    assert len(set(texts)) == len(texts)


def test_labels_of_scans_together_are_refused_and_not_dropped():
    with pytest.raises(InputError, match="plot: labels name the regions of one scan"):
        check({"labels": True, "together": True}, FigureChoice, "plot")
