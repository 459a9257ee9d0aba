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
from matplotlib.text import Text

from colour_vision import VISION, lab, linear
from jaxtri import scan
from jaxtri.errors import InputError
from jaxtri.figures import shown
from jaxtri.figures.figure import draw_scans
from jaxtri.figures.page import page_of
from jaxtri.figures.panels import OWN, PALETTES, SERIES, SHADES, in_unicode, readable_ticks, shades, typeset
from jaxtri.figures.plane import draw
from jaxtri.figures.plane_words import caption
from jaxtri.figures.selection import (
    MOST,
    chosen,
    kinds_of,
    names_of,
    panel_columns,
    panels_of,
    same_grey,
    with_searches,
)
from jaxtri.figures.sheet import save
from jaxtri.scans.schema import FigureChoice
from jaxtri.tables.reader import check
from jaxtri.tables.schema import CHANNEL_NAMES
from small_plane import SMALL

KAON, B = "na62_2021_kpi_invisible_low", "belle_2017_bk_invisible"
NOTICEABLE = 2.3  # distance in CIE 1976 L*a*b* that is just noticed (Mahy, Van Eycken, Oosterlinck 1994)
SERIES_APART = {"edge": 10 * NOTICEABLE, "face": 3.5 * NOTICEABLE}  # lines; pale areas, hatched besides
BESIDE = 1e-10  # of a mass, to the left and to the right of a wall
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
    look = FigureChoice(panels="together")
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
    groups = ["Z decays", "B decays", "K decays", "previous limits"]
    assert texts == ["figure", "matched", "", "", *groups]  # a column of scans, and one of groups
    assert axes.get_title().splitlines()[0] == "b_minus_l"
    assert "90 % and 95 % CL limits" in axes.get_title()
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
    drawn = {
        to_hex(some.get_edgecolor()[0]): sum(len(set(line[:, 0])) > 1 for line in some.get_segments())
        for some in lines_of(axes)
    }  # without walls
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
    own = lab(VISION[vision] @ linear(OWN[True][0]))
    apart = [np.linalg.norm(own - lab(VISION[vision] @ linear(shade))) for shade in SHADES]
    assert min(apart) > SERIES_APART["edge"]


def test_curves_of_ones_own_are_not_taken_for_a_scan(one, tmp_path):
    """In a shared panel they are red, for black is a scan; the legend and the caption say so."""
    (tmp_path / "own.csv").write_text("m_X,g_X\n0.1,1e-5\n1,1e-4\n")
    name = "a curve with a name that is much too long for what is left of the legend of a panel"
    own = [{"file": str(tmp_path / "own.csv"), "label": name}]
    both = {"figure": one, "matched": named(one, "matched")}
    for panels, colour, word in (("together", OWN[True][0], "Red"), ("each", "black", "Black")):
        look = check({"panels": panels, "size": "single", "curves": own}, FigureChoice, "plot")
        figure = draw_scans(both, title="t", look=look)
        [line] = [some for some in figure.axes[0].lines if len(some.get_xdata()) == 2]
        assert to_hex(line.get_color()) == to_hex(colour)
        assert f"{word}, solid: {name}." in caption(both, look)
        figure.draw_without_rendering()
        legend = figure.axes[0].get_legend()
        assert to_hex(legend.get_lines()[-1].get_color()) == to_hex(colour)
        assert legend.get_window_extent().x1 < figure.bbox.x1


def test_too_many_scans_for_one_panel(one):
    assert [len(shades(count)) for count in range(1, MOST + 1)] == [*range(1, MOST + 1)]
    with pytest.raises(InputError, match="6 scans in one panel: at most 5 can be told apart"):
        draw_scans(dict.fromkeys("abcdef", one), title="t", look=FigureChoice(panels="together"))


@pytest.mark.parametrize("xlim", [(6.0, 7000.0), (0.2, 0.1), (0.0, 1.0), (float("nan"), 1.0), (1e-2,), 0.1])
def test_limits_beyond_what_is_known_are_refused(one, xlim):
    with pytest.raises(InputError, match=r"xlim = .*: give two numbers that ascend, from"):
        draw(one, Figure().subplots(), xlim=xlim)


def test_what_is_no_scan_or_no_list_is_refused(one):
    for given, more, said in (
        ("file.h5", {}, "is no scan"), (one, {"searches": "name"}, "give a list of names"),
        (one, {"previous": "computed"}, "give True, False, or what previous_limits returns"),
        (one, {"style": 3}, 'no style "3"; known: curves'), (one, {"searches": [3]}, 'no search "3"'),
        (one, {"palette": None}, 'no palette "None"'), (one, {"title": r"$\frac$"}, "draw: title"),
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


@pytest.mark.parametrize("decades", [3, 8, 15, 30])
def test_every_decade_has_a_tick(decades):
    """Also where not all are labelled, as in a column of a page."""
    axes = Figure(figsize=(3.4, 2.2)).subplots()
    axes.set(yscale="log", xlim=(0.1, 0.2), ylim=(10.0**-decades, 1.0))
    readable_ticks(axes)
    ticks = np.concatenate([axes.yaxis.get_majorticklocs(), axes.yaxis.get_minorticklocs()])
    for power in range(decades + 1):
        assert np.isclose(ticks, 10.0**-power, rtol=1e-9, atol=0).any()
    labels = [one.get_text() for one in axes.yaxis.get_minorticklabels()]
    assert not any(labels)  # of the decades between


def test_outlines_of_shared_panels_are_thin_in_a_column(one):
    """Else dashes of jagged curves run into each other; the legend draws them as wide as the panel."""
    scans = {"figure": one, "matched": named(one, "matched")}
    widths = {}
    for size in ("panels", "single"):
        [axes] = draw_scans(scans, title="t", look=FigureChoice(panels="together", size=size)).axes
        drawn = [float(np.max(some.get_linewidth())) for some in lines_of(axes)]
        listed = [line.get_linewidth() for line in axes.get_legend().get_lines()[:2]]
        assert listed == [drawn[0], drawn[3]]
        widths[size] = drawn
    assert np.all(np.array(widths["single"]) < 0.6 * np.array(widths["panels"]))


@pytest.mark.parametrize("channel", CHANNEL_NAMES)
def test_channels_are_typeset(channel):
    text = f"Belle invisible, {channel.replace('->', '→')}"
    assert typeset(text).startswith("Belle invisible, $")
    assert typeset(text).endswith("X$")
    assert in_unicode(text).endswith("X")
    assert "+ " not in in_unicode(text)


@pytest.mark.parametrize("panels", ["together", "models", "treatments"])
def test_labels_of_scans_together_are_refused_and_not_dropped(panels):
    with pytest.raises(InputError, match="plot: labels name the regions of one scan"):
        check({"labels": True, "panels": panels}, FigureChoice, "plot")


@pytest.fixture(scope="module")
def four(one):
    """Two models under two treatments."""
    return {
        f"{model} {treatment}": named(one, treatment, model)
        for model in ("b_minus_l", "baryon")
        for treatment in ("figure", "matched")
    }


@pytest.mark.parametrize(
    ("how", "count", "first"),
    [
        ("each", 4, "b_minus_l, treatment: figure"),
        ("models", 2, "b_minus_l"),
        ("treatments", 2, "treatment: figure"),
        ("together", 1, "searches: printed, 90 % and 95 % CL limits and central values"),
    ],
)
def test_which_scans_share_a_panel(four, how, count, first):
    """Title and legend name together what each curve is; nothing stands on anything else."""
    figure = draw_scans(four, title="t", look=FigureChoice(panels=how))
    assert len(figure.axes) == count
    assert figure.axes[0].get_title().splitlines()[0] == first
    legends = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]
    told = {
        "each": ["Z decays: L3 invisible"],
        "models": ["figure", "matched"],
        "treatments": ["b_minus_l", "baryon"],
        "together": [
            f"{model}, {name}" for model in ("b_minus_l", "baryon") for name in ("figure", "matched")
        ],
    }
    for texts in legends:
        assert texts[: len(told[how])] == told[how]
    figure.canvas.draw()
    boxes = [
        box
        for axes in figure.axes
        for box in (axes.title.get_window_extent(), axes.get_legend().get_window_extent(), axes.bbox)
    ]
    assert [1 for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)] == []
    assert min(box.y0 for box in boxes) >= 0


def test_a_row_for_each_model(four):
    kinds = kinds_of(four)
    assert [panel_columns(kinds, how) for how in ("each", "models", "treatments", "together")] == [2, 2, 2, 1]
    axes = draw_scans(four, title="t").axes
    tops = [round(one.get_position().y1, 6) for one in axes]
    assert tops[0] == tops[1] > tops[2] == tops[3]
    ragged = dict(list(kinds.items())[:3])
    assert panel_columns(ragged, "each") == 3
    assert panels_of(ragged, "models") == [["b_minus_l figure", "b_minus_l matched"], ["baryon figure"]]


SOME = ["belle_2021_bplus_kplus_ll", "lhcb_2013_bplus_kplus_mumu", B, "babar_2009_b0_kstar0_ee_low", KAON]


def excluded(rings, m_X, g_X):
    """Whether a point is in a region, whose edges are straight between vertices."""
    return any(
        masses[0] < m_X < masses[-1] and np.interp(m_X, masses, low) < g_X < np.interp(m_X, masses, high)
        for masses, low, high in rings
    )


def test_chosen_searches_of_a_group_are_told_apart(one):
    """Oracles: the search's own curves; what its regions hold to the left and to the right of a wall."""
    axes = Figure().subplots()
    draw(one, axes, searches=SOME, previous=False, style="curves")
    lines = {to_hex(some.get_edgecolor()[0]): some for some in lines_of(axes)}
    assert len(lines) == len(SOME)
    assert len({pattern(some) for some in lines.values()}) == len(SOME)
    for name, style in zip(SOME, SERIES, strict=False):
        curves = one.boundaries.of(name)
        rings = [ring.edges for ring in one.boundaries.regions if ring.search == name]
        drawn = lines[style.edge].get_segments()
        walls = [some for some in drawn if len(some) == 2 and some[0, 0] == some[1, 0]]
        assert len(drawn) == len(curves) + len(walls)
        for wall in walls:
            middle = np.sqrt(wall[0, 1] * wall[1, 1])
            assert excluded(rings, wall[0, 0] * (1 - BESIDE), middle) != excluded(
                rings, wall[0, 0] * (1 + BESIDE), middle
            )
        data = max(m_X[-1] for m_X, *_ in rings)
        assert (
            any(abs(wall[0, 0] / data - 1) < 1e-10 for wall in walls) or name == B
        )  # it ends with the phase space
    few = Figure().subplots()
    draw(one, few, searches=[B, KAON], previous=False, style="curves")  # one of each parent: its colours
    assert {to_hex(some.get_edgecolor()[0]) for some in lines_of(few)} == {
        PALETTES["okabe-ito"][letter].edge for letter in "BK"
    }


def test_more_chosen_searches_than_colours_have_those_of_their_parents(one):
    every = [search["name"] for search in one.header.searches]
    assert len(every) > len(SERIES)
    axes = Figure().subplots()
    draw(one, axes, searches=every, previous=False)
    assert {to_hex(some.get_edgecolor()[0]) for some in lines_of(axes)} <= {
        style.edge for style in PALETTES["okabe-ito"].values()
    }


def test_a_legend_lists_chosen_searches_in_their_order(one):
    [axes] = draw_scans({"a": one}, title="t", look=FigureChoice(searches=SOME)).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        r"Belle $\ell^+\ell^-$", r"LHCb $\mu^+\mu^-$", "Belle invisible", "BaBar $e^+e^-$", "NA62 invisible",
        "previous limits",
    ]  # fmt: skip
    twins = ["na62_2021_kpi_invisible_low", "na62_2021_kpi_invisible_high"]
    [axes] = draw_scans({"a": one}, title="t", look=FigureChoice(searches=twins)).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()][:2] == twins


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("part", SERIES_APART)
def test_chosen_searches_are_told_apart_by_everyone(part, vision):
    seen = [lab(VISION[vision] @ linear(getattr(style, part))) for style in SERIES]
    apart = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)]
    assert min(apart) > SERIES_APART[part]
    assert len({style.hatch for style in SERIES}) == len({str(style.line) for style in SERIES}) == len(SERIES)
    paper = [
        lab(VISION["deuteranopia"] @ linear(getattr(style, part))) for style in PALETTES["paper"].values()
    ]
    least = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(paper, 2))
    assert least < SERIES_APART[part]  # red and green: so the test is able to fail


def test_the_legend_names_what_is_shown(one):
    """Oracle: regions that reach into the window, at many masses."""
    look = FigureChoice(xlim=[0.3, 2.0], ylim=[1e-3, 1e-1])
    [axes] = draw_scans({"a": one}, title="t", look=look).axes
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "NA62 invisible" not in " ".join(texts)
    assert "NA62 invisible" in " ".join(
        text.get_text() for text in draw_scans({"a": one}, title="t").axes[0].get_legend().get_texts()
    )
    lines = [line for line in caption({"a": one}, look).splitlines() if line[1:].startswith(" decays")]
    masses, inside = np.geomspace(*look.xlim, 999), set()
    for ring in one.boundaries.regions:
        m_X, *sides = ring.edges
        low, high = (np.interp(masses, m_X, side, left=np.nan, right=np.nan) for side in sides)
        if np.any((low < look.ylim[1]) & (high > look.ylim[0])):
            inside.add(ring.search)
    experiments = {label["experiment"]: False for label in one.header.searches}
    for label in one.header.searches:
        experiments[label["experiment"]] |= label["name"] in inside
    for name, there in experiments.items():
        assert any(f"{name} " in line for line in lines) == there, name
    nowhere = FigureChoice(xlim=[1e-3, 2e-3], ylim=[1e-9, 2e-9])
    texts = [
        text.get_text()
        for text in draw_scans({"a": one}, title="t", look=nowhere).axes[0].get_legend().get_texts()
    ]
    assert texts == [f"{letter} decays: nothing excluded" for letter in "ZBK"]


def test_what_crosses_the_window_between_vertices_is_seen():
    """Oracle: many points on the straight lines, in logarithms; a window beside them as a control."""
    view = ((1.0, 2.0), (1e-4, 2e-4))
    x, lower, upper = np.log([1.0, 2.0]), np.log([1e-6, 1e-2]), np.log([2e-6, 2e-2])
    dense = np.linspace(*x, 10_001)
    crosses = (np.interp(dense, x, lower) < np.log(2e-4)) & (np.interp(dense, x, upper) > np.log(1e-4))
    assert crosses.any()
    assert shown._overlaps(x, lower, upper, view)
    assert not shown._overlaps(x, lower, upper, ((1.0, 1.1), (1e-4, 2e-4)))
    assert shown._overlaps(x, lower, np.full(2, np.inf), ((1.9, 2.0), (1e-1, 1.0)))
    assert shown._passes(np.array([1.0, 2.0]), np.array([1e-6, 1e-2]), view)
    assert not shown._passes(np.array([1.0, 2.0]), np.array([1e-6, 1e-2]), ((1.0, 1.1), (1e-4, 2e-4)))
    assert shown._passes(np.array([1.5, 1.5]), np.array([1e-6, 1e-2]), view)  # upright


def without_curves(scan):
    return dataclasses.replace(scan, boundaries=None)


def test_scans_without_curves_share_a_panel_as_outlines(four):
    """What the legend says of dashes is what is drawn; nothing is filled."""
    flat = {name: without_curves(one) for name, one in four.items()}
    axes = draw_scans(flat, title="t", look=FigureChoice(panels="models")).axes[0]
    assert axes.patches
    assert not any(patch.get_fill() for patch in axes.patches)
    drawn = {patch.get_linestyle() for patch in axes.patches}
    assert len(drawn) == 3
    look = FigureChoice(labels=True)
    [axes] = draw_scans({"a": without_curves(four["b_minus_l figure"])}, title="t", look=look).axes
    assert {text.get_text() for text in axes.texts} == {f"{letter} decays" for letter in "ZBK"}
    look = FigureChoice(xlim=[1e-3, 2e-3], ylim=[1e-9, 2e-9])
    [axes] = draw_scans({"a": without_curves(four["b_minus_l figure"])}, title="t", look=look).axes
    assert all("nothing excluded" in text.get_text() for text in axes.get_legend().get_texts())


def test_grey_of_a_shared_panel_goes_to_its_top(one):
    low = dataclasses.replace(
        named(one, "matched"), header=dataclasses.replace(
            named(one, "matched").header, axes=dict(one.header.axes) | {"g_X": one["g_X"][:60]}
        ),
    )  # fmt: skip
    [axes] = draw_scans({"low": low, "all": one}, title="t", look=FigureChoice(panels="together")).axes
    grey = next(area for area in axes.collections if not isinstance(area, LineCollection))
    assert max(path.vertices[:, 1].max() for path in grey.get_paths()) == one["g_X"][-1]


def test_linear_and_logarithmic_axes_do_not_share_a_panel(one):
    axes = dict(one.header.axes) | {"m_X": np.linspace(1e-3, 5.0, len(one["m_X"]))}
    linear = dataclasses.replace(one, header=dataclasses.replace(one.header, axes=axes))
    with pytest.raises(InputError, match="axes of m_X in one panel: a log, b linear; draw them in panels"):
        draw_scans({"a": one, "b": linear}, title="t", look=FigureChoice(panels="together"))


@pytest.mark.parametrize("size", ["single", "double", "panels"])
def test_names_stand_within_their_panels_when_these_have_their_size(four, size, tmp_path):
    """After the layout of the saved picture: inside the axes, none upon another."""
    figure = draw_scans(four, title="t", look=FigureChoice(labels=True, size=size))
    save(figure, tmp_path / "named")
    figure.canvas.draw()
    for axes in figure.axes:
        boxes = [Text.get_window_extent(text) for text in axes.texts]
        assert len(boxes) == 3
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
        assert min(box.x0 for box in boxes) >= axes.bbox.x0 - 1
        assert max(box.x1 for box in boxes) <= axes.bbox.x1 + 1
        assert axes.bbox.height > 0.5 * axes.bbox.width


def test_a_page_of_a_panel_in_which_nothing_is_drawn(one):
    pytest.importorskip("bokeh")
    bare = named(with_searches(one, []), "matched", previous=None)
    assert "<script" in page_of({"all": one, "bare": bare}, title="t", look=FigureChoice(searches=[KAON]))


def test_a_search_that_is_in_no_scan_is_an_error_in_python_too(one):
    with pytest.raises(InputError, match='figure: no search "no_such"'):
        draw_scans({"a": one}, title="t", look=FigureChoice(searches=["no_such"]))
