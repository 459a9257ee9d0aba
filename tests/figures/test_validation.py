"""Pictures of limits: what lies on the axes.  Oracle: the numbers that are drawn."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from jaxtri.figures.panels import SHADES
from jaxtri.figures.validation import COLUMNS, draw_sheet, draw_validation, shown
from jaxtri.limits.search_tables import SearchLabel
from jaxtri.limits.validation_record import AtLifetime, Validation

M_X = np.linspace(0.2, 4.0, 41)
TAU = np.geomspace(0.1, 1e6, 15)


def made_up(tau_ps=TAU, **changes):
    """A record with a hole at 1.9 to 2.1 GeV."""
    limit = (
        1e-9 * np.outer(1 + M_X, np.maximum(tau_ps, 1.0) ** 0.3) if len(tau_ps) else 1e-9 * (1 + M_X)[:, None]
    )
    limit[(M_X > 1.9) & (M_X < 2.1)] = np.nan
    label = SearchLabel(
        "made_up", "made up: B0 -> K*0 X", "none", "B0 -> K*0 X", "mu+ mu-", "limit", 1e-9, 0.9, (), "none",
        "none", "", "none", "{}",
    )  # fmt: skip
    values = {
        "search": "made_up", "set_name": "2026", "label": label, "kind": "mass and lifetime", "factor": 1.0,
        "window": (0.2, 4.0), "vetoes": (), "holes": ((1.905, 2.095),), "below": "masked", "above": "masked",
        "places": limit.size, "masked": 0, "unused": 0, "disagreements": 0, "at_nodes": 0.0,
        "at_midpoints": 0.0, "beyond": 0.0, "lifetimes": (AtLifetime(0.1, 1e-9, 0.2, 0.0, 0.0),), "m_X": M_X,
        "tau_ps": tau_ps, "limit": limit,
    }  # fmt: skip
    return Validation(**(values | changes))


def lines_of(axes):
    return [line for line in axes.lines if line.get_linestyle() not in ("None", "")]


def test_five_lifetimes_from_the_first_to_the_last():
    assert shown(made_up()) == [0, 2, 4, 5, 7]
    found = made_up()
    (axes,) = draw_validation(found).axes
    lines = lines_of(axes)
    assert [to_hex(line.get_color()) for line in lines] == list(SHADES)
    assert len({line.get_linestyle() for line in lines}) >= 4
    for line, k in zip(lines, shown(found), strict=True):
        x, y = line.get_data()
        at = np.isin(x, found.m_X)
        np.testing.assert_allclose(y[at], found.limit[:, 2 * k])
        between = (x > 1.905) & (x < 2.095)
        assert between.any()
        assert np.isnan(y[between]).all()


def test_axes_have_names_units_and_logarithms():
    (axes,) = draw_validation(made_up()).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlabel() == "$m_X$ [GeV]"
    assert r"B^{0} \to K^{*0} X" in axes.get_ylabel()
    low, high = axes.get_ylim()
    assert low < 1e-9
    assert high > np.nanmax(made_up().limit)


def test_holes_and_vetoes_are_shaded():
    (axes,) = draw_validation(made_up(vetoes=((3.0, 3.2),))).axes
    shaded = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches)
    np.testing.assert_allclose(shaded, [(1.905, 2.095), (3.0, 3.2)])
    assert not draw_validation(made_up(holes=())).axes[0].patches


@pytest.mark.parametrize(
    ("tau_ps", "text"),
    [(0.0, r"$\tau_X = 0$"), (0.112, "112"), (11.2, "11.2"), (1122.0, "1.12"), (9.56e10, "95.6")],
)
def test_lifetimes_have_short_units(tau_ps, text):
    figure = draw_validation(made_up(tau_ps=np.array([tau_ps])))
    (legend,) = figure.legends
    assert text in legend.get_texts()[0].get_text()


def test_a_number_is_a_line_without_points():
    (axes,) = draw_validation(made_up(tau_ps=np.empty(0), kind="number", holes=())).axes
    assert len(axes.lines) == 1
    low, high = axes.get_ylim()
    assert high / low >= 99


def test_data_at_zero_mass_begin_at_the_edge():
    found = made_up(m_X=np.linspace(0.0, 4.0, 41))
    (axes,) = draw_validation(found).axes
    assert axes.get_xlim()[0] > 0
    assert min(line.get_xdata().min() for line in axes.lines) == pytest.approx(axes.get_xlim()[0])


def test_a_sheet_has_a_panel_for_each():
    figure = draw_sheet([made_up()] * (COLUMNS + 1), title="two rows")
    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert len(visible) == COLUMNS + 1
    assert {axes.get_title() for axes in visible} == {"made_up"}
    assert all(len(lines_of(axes)) == len(SHADES) for axes in visible)
