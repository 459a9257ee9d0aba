"""The page for a browser.

Oracles: the exact curves that it shows, read back out of its text by `json` and `base64`; a browser that
opens it, where there is one.
"""

import dataclasses
import re

import numpy as np
import pytest

from bokeh_pages import in_page
from browser import Browser
from jaxtri import scan
from jaxtri.errors import InputError
from jaxtri.figures import page as pages
from jaxtri.figures.panels import SEEN, simplified, thinned
from jaxtri.figures.selection import with_searches
from small_plane import SMALL

MOST_BYTES = 3_000_000
POINTER = 0.03  # a pixel, of the 0.02 in ln m_X and the 0.04 in ln g_X that one is wide


@pytest.fixture(scope="module")
def scans():
    one = scan(SMALL)["figure"]
    return {"first": one, "second": with_searches(one, ["na62_2021_kpi_invisible_low"])}


@pytest.fixture(scope="module")
def page(scans):
    return pages.page_of(scans, title=SMALL["title"])


def test_every_curve_is_in_it(scans, page):
    """Vertices are those of the exact curves, to the last bit; all others lie within a tenth of a pixel."""
    assert len(page.encode()) < MOST_BYTES
    tables = in_page(page, "search")
    shown = [
        (name, np.asarray(m_X), np.asarray(g_X))
        for one in tables
        for name, m_X, g_X in zip(one["search"], one["m_X"], one["g_X"], strict=True)
    ]
    exact = [curve for one in scans.values() for curve in one.boundaries.curves]
    assert len(shown) == len(exact) > 4
    assert {name for name, *_ in shown} == {one.search for one in exact}
    for curve in exact:
        ends = curve.m_X[[0, -1]], curve.g_X[[0, -1]]
        m_X, g_X = next(
            (m, g)
            for name, m, g in shown
            if name == curve.search and np.array_equal((m[[0, -1]], g[[0, -1]]), ends)
        )
        assert set(zip(m_X, g_X, strict=True)) <= set(zip(curve.m_X, curve.g_X, strict=True))
        assert 2 <= len(m_X) <= len(curve.m_X)


def far(few, points):
    """Largest distance of points from a polyline, in parts of the panel [0, 1]^2."""
    start, along = few[:-1], np.diff(few, axis=0)
    between = points[:, None] - start
    share = np.clip((between * along).sum(-1) / (along**2).sum(-1), 0, 1)
    return np.linalg.norm(between - share[..., None] * along, axis=-1).min(axis=1).max()


def test_what_is_left_out_is_not_seen(scans):
    window = scans["first"]["m_X"], scans["first"]["g_X"]

    def scaled(points):
        return np.log(points) / np.log([axis[-1] / axis[0] for axis in window])

    fewer = 0
    for curve in scans["first"].boundaries.curves:
        points = np.stack([curve.m_X, curve.g_X], axis=1)
        few = simplified(points, window)
        assert far(scaled(few), scaled(points)) <= 1.001 * SEEN
        fewer += len(few) < len(points) / 3
    assert fewer
    curve = max(scans["first"].boundaries.curves, key=lambda one: len(one.m_X))
    points = np.stack([curve.m_X, curve.g_X], axis=1)
    few = simplified(points, window)
    even = points[np.linspace(0, len(points) - 1, len(few)).astype(int)]
    assert far(scaled(even), scaled(points)) > 2 * SEEN  # so the test above is able to fail
    assert len(few) < len(thinned(points, window))


def test_nothing_is_loaded(page):
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "http" not in markup
    assert not re.search(
        r"<script[^>]*\bsrc=|<link\b|<img\b|@import", markup + " ".join(re.findall("<script[^>]*>", page))
    )
    assert ">U(1)<sub>B-L</sub>: small</h3>" in page


def test_titles_are_text(scans):
    name = "</title><script>alert(1)</script> & $$x$$"
    page = pages.page_of({name: scans["first"]}, title=name)
    assert page.count("alert(1)") == page.count("&lt;script&gt;alert(1)") >= 2
    assert "$$x$$" not in page  # a library would be loaded for it


def test_what_a_page_needs(scans, monkeypatch):
    without = dataclasses.replace(scans["first"], boundaries=None)
    with pytest.raises(InputError, match="holds no curves, of which a page is made"):
        pages.page_of({"figure": without}, title="t")
    monkeypatch.setattr(pages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs Bokeh: pip install 'jaxtri\[html\]'"):
        pages.page_of(scans, title="t")


@pytest.fixture(scope="module")
def browser(tmp_path_factory, page):
    folder = tmp_path_factory.mktemp("page")
    (folder / "page.html").write_text(page)
    with Browser(folder / "profile") as one:
        one.folder = folder
        yield one


LIBRARY = """
window.plot = Bokeh.documents[0].roots()[0].children[0].children[0];
window.view = Bokeh.index.find_one(plot);
window.on_page = (x, y) => {
    const box = view.el.getBoundingClientRect();
    return [x + box.left, y + box.top];
};
window.inside = node => [...(node.shadowRoot ?? node).children, ...(node.shadowRoot ? node.children : [])];
window.tips = (node = document.body) => inside(node).flatMap(one => [
    ...(one.classList.contains("bk-Tooltip") ? [one.shadowRoot.textContent] : []), ...tips(one)]);
"""


@pytest.fixture
def opened(browser):
    browser.ask("Page.navigate", url=f"file://{browser.folder}/page.html")
    browser.until("window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle")
    browser.value(LIBRARY + "1")
    return browser


def test_it_opens_without_a_network_or_complaint(opened):
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []
    assert [url for url in opened.requests if url.startswith("file:")]  # so that others would be seen
    assert opened.value("document.querySelectorAll('h3').length") == 1


def test_the_curve_under_the_pointer_says_what_it_is(opened, scans):
    """Hover: the exact vertex at which the pointer is, with search, limit and reference."""
    [curve] = scans["first"].boundaries.of("na62_2021_kpi_invisible_low")[:1]
    middle = len(curve.m_X) // 2
    m_X, g_X = curve.m_X[middle], curve.g_X[middle]
    place = f"on_page(view.frame.x_scale.compute({m_X}), view.frame.y_scale.compute({g_X}))"
    opened.point_at(*opened.value(place))
    said = opened.until("tips().join(' | ')")
    for words in (
        "na62_2021_kpi_invisible_low",
        "K+ -> pi+ X, X to invisible",
        "NA62 arXiv:2103.15389",
        "3e-11",
    ):
        assert words in said
    told = [float(one) for one in re.findall(r"(?:m_X|g_X):?\s*([-+.e0-9]+)", said)]
    np.testing.assert_allclose(told, [m_X, g_X], rtol=POINTER)
    opened.point_at(5, 5)
    opened.until("tips().join('') === ''")


def test_a_click_on_the_legend_hides_a_group(opened):
    visible = "plot.renderers.filter(one => one.visible).length"
    before = opened.value(visible)
    place = """(() => {
        const item = view.computed_renderer_views.flatMap(one => one.model.type === "Legend" ? [one] : [])[0];
        const box = item.el.shadowRoot.querySelector(".bk-item").getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2];
    })()"""
    opened.click(*opened.value(place))
    assert opened.until(f"{visible} < {before} && {visible}") < before
    opened.click(*opened.value(place))
    opened.until(f"{visible} === {before}")
