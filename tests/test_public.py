"""The public names: what `import jaxtri` offers, costs and promises.

Oracles: the frozen list below; a fresh interpreter for every function; doctest.
"""

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jaxtri
from places import PATIENCE_S

PACKAGE = Path(jaxtri.__file__).parent
PUBLIC = {  # a name may join; none may leave or change what it is called with
    "JaxtriError": None,
    "audit": "model",
    "bands": "source",
    "boundaries": "source",
    "boundary_coupling": "search sm model treatment searches m_X branch",
    "branching_ratio": "channel sm model treatment m_X g_X",
    "compare": "scans",
    "decoupling_factor": "p2 q2 k2 m precision",
    "delta_a": "sm model m_X g_X lepton",
    "previous_limits": "model m_X sm darkcast",
    "draw": "scan axes palette previous title style searches labels xlim ylim colour favoured",
    "excluded_couplings": "source m_X treatment",
    "load_dark_matter": "table",
    "load_moment_shift": "name",
    "load_model": "name_or_path relative_to anomalons",
    "length_bands": "source",
    "load_searches": "set_name measurement only exclude files confidence",
    "load_spec": "source",
    "load_specs": "source",
    "load_standard_model": "inputs unusual",
    "load_treatment": "name relative_to",
    "merge_scans": "source folders output force break_lock",
    "omega_h2": "sm model dark_matter m_X g_X",
    "muon_g2_couplings": "sm model shift m_X sigmas",
    "open_scan": "path",
    "point": "source m_X g_X treatment",
    "relic_couplings": "sm model dark_matter m_X",
    "scan": "source",
    "write_scan": "source output client memory force part shard break_lock quiet",
    "triangle_integral": "p2 q2 k2 m precision",
    "validate": "search set_name",
    "x_branching_ratios": "sm model m_X",
    "x_lifetime": "sm model m_X g_X",
    "x_width": "sm model m_X g_X",
}
FUNCTIONS = [name for name in PUBLIC if name != "JaxtriError"]
RECORDS = 'sm, model = jaxtri.load_standard_model(), jaxtri.load_model("b_minus_l"); '
THIRD = RECORDS.replace("b_minus_l", "b3_minus_l2")
CHI = 'jaxtri.load_dark_matter({"m_chi": 0.005, "x_N": 5, "temperature": "common"})'
SPEC = """{
    "curves": False, "title": "t", "model": "b_minus_l", "treatments": ["figure"],
    "searches": {"set": "printed", "only": ["na62_2021_kpi_invisible_low"]},
    "axes": {"m_X": {"values": [0.01, 0.02]}, "g_X": {"values": [1e-9, 1e-3, 1.0]}},
}"""
USES = {  # the first thing that a fresh interpreter does, and what it prints
    "JaxtriError": ("try: jaxtri.load_model('b')\nexcept jaxtri.JaxtriError as e: print(e.exit_code)", "2"),
    "audit": ("print(jaxtri.audit('baryon').A)", "3/2"),
    "bands": (f"print(jaxtri.bands({SPEC})['figure'][0].search)", "na62_2021_kpi_invisible_low"),
    "boundaries": (f"print(len(jaxtri.boundaries({SPEC})['figure'].curves))", "1"),
    "boundary_coupling": (
        RECORDS + 't, s = jaxtri.load_treatment("figure"), jaxtri.load_searches("printed")\n'
        'g = jaxtri.boundary_coupling("na62_2021_kpi_invisible_low", sm, model, t, s, 0.05)\n'
        "print(1e-7 < g < 1e-5)",
        "True",
    ),
    "branching_ratio": (
        RECORDS + 't = jaxtri.load_treatment("printed")\n'
        "print(f\"{jaxtri.branching_ratio('Z -> gamma X', sm, model, t, 1e-3, 1e-6):.6e}\")",
        "4.000000e-10",  # Eq. (5) at f_X = 1 TeV
    ),
    "compare": (
        f"print(jaxtri.compare(jaxtri.scan({SPEC})).splitlines()[0])",
        "| new exclusion, m_X in GeV | figure |",
    ),
    "decoupling_factor": ("print(jaxtri.decoupling_factor(1.0, 0.0, 2.0, 0.0).real)", "1.0"),
    "delta_a": (
        RECORDS + "print(f'{jaxtri.delta_a(sm, model, 1e-9, 1e-3):.5e}')",
        "1.26651e-08",
    ),  # g^2/(8 pi^2)
    "draw": (
        "from matplotlib.figure import Figure\naxes = Figure().subplots()\n"
        f"jaxtri.draw(jaxtri.scan({SPEC})['figure'], axes)\nprint(axes.get_title())",
        "b_minus_l, figure",
    ),
    "excluded_couplings": (
        f"print(*map(len, jaxtri.excluded_couplings({SPEC}, 0.05)['figure'].values()))",
        "1",
    ),
    "length_bands": (f"print(jaxtri.length_bands({SPEC})['figure'][0].spread)", "(0.75, 1.5)"),
    "load_dark_matter": (f"print({CHI}.temperature)", "common"),
    "load_moment_shift": ('print(jaxtri.load_moment_shift("2025").value)', "3.8e-10"),
    "load_model": ('print(jaxtri.load_model("b_minus_l").charge.sum().round(9))', "-4.0"),  # -6 + 6/3
    "load_searches": ('print(len(jaxtri.load_searches("corrected").labels) > 20)', "True"),
    "load_spec": (f"print(jaxtri.load_spec({SPEC}).m_X)", "[0.01 0.02]"),
    "load_specs": (f"print([one.model.name for one in jaxtri.load_specs({SPEC})])", "['b_minus_l']"),
    "load_standard_model": ('print(jaxtri.load_standard_model({"m_t": 173}).m_t)', "173.0"),
    "load_treatment": ('print(jaxtri.load_treatment("matched").k_to_pi)', "vector"),
    "omega_h2": (  # the coupling is that of an independent program
        f"{THIRD}print(f'{{jaxtri.omega_h2(sm, model, {CHI}, 0.03, 2.6034e-3):.4f}}')",
        "0.1200",
    ),
    "muon_g2_couplings": (
        RECORDS + 'shift = jaxtri.load_moment_shift("2025")\n'
        "print(jaxtri.muon_g2_couplings(sm, model, shift, 0.01)[0])",
        "0.0",
    ),
    "open_scan": (
        "try: jaxtri.open_scan('nowhere.h5')\nexcept OSError as e: print(e)",
        "nowhere.h5: no such file",
    ),
    "merge_scans": (
        f"import tempfile\nwith tempfile.TemporaryDirectory() as d:\n"
        f"    jaxtri.write_scan({SPEC}, d, part='1/1')\n    print(len(jaxtri.merge_scans({SPEC}, output=d)))",
        "1",
    ),
    "point": (f"print(jaxtri.point({SPEC}, 0.05, 1e-9)['figure'].status)", "ok"),
    "previous_limits": (
        "limits = jaxtri.previous_limits('baryon')\nprint([one.search for one in limits if not one.why])",
        "['na62_2019_inv']",
    ),
    "relic_couplings": (
        f"{THIRD}print(f'{{jaxtri.relic_couplings(sm, model, {CHI}, 0.03):.3e}}')",
        "2.603e-03",
    ),
    "scan": (f'print(jaxtri.scan({SPEC})["figure"]["excluded"].tolist())', "[[0, 1, 1], [0, 1, 1]]"),
    "triangle_integral": (
        'print(f"{jaxtri.triangle_integral(0.0, 0.0, 0.0, 2.0).real:.12f}")',
        "0.125000000000",
    ),
    "validate": ("print(jaxtri.validate('na62_2025_kpi_mumu').disagreements)", "0"),
    "write_scan": (
        f"import tempfile\nwith tempfile.TemporaryDirectory() as d: print(len(jaxtri.write_scan({SPEC}, d)))",
        "1",
    ),
    "x_branching_ratios": (
        RECORDS + 'print(f"{sum(jaxtri.x_branching_ratios(sm, model, 1e-4).values()):.9f}")',
        "1.000000000",
    ),
    "x_lifetime": (  # hbar * 12 pi / (g^2 m X^2 3/2) with three chiral neutrinos
        RECORDS + 'print(f"{jaxtri.x_lifetime(sm, model, 1e-4, 1.0):.9e}")',
        f"{6.582119569e-25 * 12 * 3.141592653589793 / (1e-4 * 1.5):.9e}",
    ),
    "x_width": (
        RECORDS + 'print(f"{jaxtri.x_width(sm, model, 1e-4, 2.0):.9e}")',
        f"{4 * 1e-4 * 1.5 / (12 * 3.141592653589793):.9e}",
    ),
}


QUICK = ("JaxtriError", "load_model", "open_scan", "triangle_integral", "write_scan", "x_width")


def fresh(code, switch='import jax; jax.config.update("jax_enable_x64", True)'):
    command = [sys.executable, "-W", "error", "-c", f"{switch}\nimport jaxtri, sys\n{code}"]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_S)


def test_the_list_is_frozen():
    assert set(jaxtri.__all__) == set(PUBLIC)
    assert jaxtri.__all__ == sorted(jaxtri.__all__)
    assert dir(jaxtri) == sorted([*PUBLIC, "__version__"])


@pytest.mark.parametrize("name", PUBLIC)
def test_the_name_resolves(name):
    home = getattr(jaxtri, name)
    assert home.__name__ == name
    if PUBLIC[name] is not None:
        assert list(inspect.signature(home).parameters) == PUBLIC[name].split()


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        AttributeError, match=r"'jaxtri' has no attribute 'Scan'; it has: JaxtriError, audit, bands, bound"
    ):
        jaxtri.Scan  # noqa: B018
    assert not hasattr(jaxtri, "__wrapped__")


@pytest.mark.parametrize(
    ("code", "loaded"),
    [("dir(jaxtri), jaxtri.__version__", False), ("jaxtri.JaxtriError", False), ("jaxtri.load_model", True)],
)
def test_the_import_is_light(code, loaded):  # the last shows that jax would be seen
    done = fresh(f"{code}\nprint('jax' in sys.modules, 'numpy' in sys.modules)", switch="")
    assert done.stdout == f"{loaded} {loaded}\n", done.stderr


def test_64_bit_floats_are_not_switched_on_by_importing():
    done = fresh(
        "import jax, jaxtri.scans.grid, jaxtri.io.hdf5_scan; print(jax.config.read('jax_enable_x64'))",
        switch="",
    )
    assert done.stdout == "False\n", done.stderr


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.long) for name in USES]
)
def test_it_works_from_a_fresh_interpreter(name):
    done = fresh(USES[name][0])
    assert (done.stdout, done.stderr) == (USES[name][1] + "\n", "")


def test_every_public_name_is_used():
    assert set(USES) == set(PUBLIC)


WITH_EXAMPLES = sorted(path for path in PACKAGE.rglob("*.py") if ">>>" in path.read_text())


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_in_docstrings_run(path):
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_there_are_examples():
    assert {"channels", "integral", "widths"} <= {path.stem for path in WITH_EXAMPLES}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_docstrings_name_every_parameter(name):
    doc = inspect.getdoc(getattr(jaxtri, name))
    section = doc.split("Parameters\n----------\n")[1].split("\n\n")[0]
    named = re.findall(r"^(\w[\w, ]*)$", section, flags=re.MULTILINE)
    assert ", ".join(named).split(", ") == PUBLIC[name].split()


@pytest.mark.parametrize("name", ["triangle_integral", "decoupling_factor", "x_width"])
def test_formulas_state_where_they_hold(name):
    notes = inspect.getdoc(getattr(jaxtri, name)).split("Notes\n-----\n")[1]
    assert "Valid for: " in notes
    assert "Differs from print: " in notes


def physics_functions():
    """Every function in physics that names an equation: name, docstring, docstring of its module."""
    for path in sorted((PACKAGE / "physics").rglob("*.py")):
        module = ast.parse(path.read_text())
        for node in ast.walk(module):
            doc = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
            if doc and re.search(r"\bEqs?\. ?\(", doc):
                yield f"{path.stem}.{node.name}", doc, ast.get_docstring(module) or ""


CLAIMS = {name: (doc, module) for name, doc, module in physics_functions()}
STATED = re.compile(
    r"Differs from print: \S|in the form that\s+the treatment chooses|as printed|"
    r"the (?:common )?form of|\|g_bs\|\^2 of"  # dispatchers; print itself; a factor shared by two forms
)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claimed_equation_says_how_it_differs_from_print(name):
    doc, module = CLAIMS[name]
    assert STATED.search(doc) or "Differs from print" in module


def test_equations_are_claimed():
    text = " ".join(doc for doc, _ in CLAIMS.values())
    for equation in ("(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)", "(9)", "(10)", "(11)", "(12)"):
        assert equation in text, equation
    assert all(f"({one})" in text for one in ("B2", "B3", "B4", "B6"))
