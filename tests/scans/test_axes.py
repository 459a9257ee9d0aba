"""Further axes of a scan: what their nodes set, and what a scan along them holds.

Oracles: scans of one plane each with the same values written as inputs or charges; SciPy's Sobol
sequence; the closed form of a Majorana neutrino's phase space; means and spreads of normal draws.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import qmc

from jaxtri import load_model, load_spec, load_specs, load_standard_model, scan, x_width
from jaxtri.errors import InputError
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.standard_model import input_table, input_values
from jaxtri.physics.decays.widths import unit_decays
from jaxtri.scans.arrays import ARRAYS, OF_A_MODEL, REDUCTIONS, USUAL
from jaxtri.scans.axes import with_parameters
from jaxtri.scans.grid import over_axes

ROUNDING = 1e-12  # of rates and logarithms of size 1 to 100: the same operations, compiled in another shape
SIGMAS = 5  # of a mean of draws: fails by chance once in 2e6
POINTS = 4096
QUARKS = dict.fromkeys("udscbt", "1/3")
LEPTONS = dict.fromkeys(("e", "mu", "tau", "nu_e", "nu_mu", "nu_tau"), -1)
MODEL = {"title": "B-L", "name": "own", "neutrinos": "chiral", "charges": QUARKS | LEPTONS}
PARTNERS = {"neutrinos": "majorana", "m_nu_R": 0.01, "right_handed_neutrinos": [-1, -1, -1]}
BASE = {
    "curves": False,
    "title": "few points",
    "model": MODEL,
    "treatments": ["matched"],
    "searches": {"set": "corrected"},
    "precision": "float64",
    "arrays": list(OF_A_MODEL),
    "axes": {"m_X": {"values": [0.004, 0.05, 0.9, 3.0]}, "g_X": {"values": [1e-6, 1e-4, 1e-2]}},
}


def along(**axes):
    """Return the one scan of a file with further axes."""
    return scan(BASE | {"axes": axes | BASE["axes"]})["matched"]


def assert_same_plane(plane, other, rounding=ROUNDING):
    for name in OF_A_MODEL:
        np.testing.assert_allclose(
            np.asarray(plane[name], float), np.asarray(other[name], float), rounding, rounding, err_msg=name
        )


def charges_with(**changed):
    return MODEL | {"charges": MODEL["charges"] | changed}


VALUES = [171.0, 174.0]
SINGLE = {  # axis, its nodes, and the scan file of one plane at a node
    "m_t": ({"values": VALUES}, VALUES, lambda x: BASE | {"inputs": {"m_t": x}}),
    "top": (
        {"parameter": "m_t", "min": 171.0, "max": 174.0, "points": 2, "spacing": "log"},
        VALUES,
        lambda x: BASE | {"inputs": {"m_t": x}},
    ),
    "m_omega": ({"values": [0.78, 0.79]}, [0.78, 0.79], lambda x: BASE | {"inputs": {"m_omega": x}}),
    "X_mu": ({"values": [-2.0, 0.0]}, [-2.0, 0.0], lambda x: BASE | {"model": charges_with(mu=x)}),
    "tilt": (
        {"direction": {"b": 1, "t": 1, "mu": "-1/2"}, "values": [0.0, 0.5]},
        [0.0, 0.5],
        lambda x: BASE | {"model": charges_with(b=1 / 3 + x, t=1 / 3 + x, mu=-1 - x / 2)},
    ),
}


@pytest.mark.parametrize(
    "name", [one if one == "tilt" else pytest.param(one, marks=pytest.mark.long) for one in SINGLE]
)
def test_a_plane_along_an_axis_is_a_scan_of_its_own(name):
    axis, nodes, alone = SINGLE[name]
    whole = along(**{name: axis})
    np.testing.assert_array_equal(whole[name], nodes)
    planes = [whole.at(**{name: x}) for x in nodes]
    for x, plane in zip(nodes, planes, strict=True):
        assert_same_plane(plane, scan(alone(x))["matched"])
    with pytest.raises(AssertionError):  # so the comparison is able to fail
        assert_same_plane(planes[1], scan(alone(nodes[0]))["matched"])


def test_two_directions_add_up():
    one, other = ({fermion: 1, f"nu_{fermion}": 1} for fermion in ("e", "mu"))
    whole = along(a={"direction": one, "values": [0.5]}, b={"direction": other, "values": [2.0]})
    assert whole.header.parameters["a"].keys() == {"charges_a"}
    plane = scan(BASE | {"model": charges_with(e=-0.5, nu_e=-0.5, mu=1, nu_mu=1)})["matched"]
    assert_same_plane(whole.at(a=0.5, b=2.0), plane)


def test_one_mass_is_enough_beside_further_axes():
    single = {"m_X": {"values": [0.05]}, "g_X": BASE["axes"]["g_X"]}
    at_one = scan(BASE | {"axes": {"X_mu": {"values": [-2.0, 1.0]}} | single})["matched"]
    chosen = along(X_mu={"values": [-2.0, 1.0]}).at(m_X=0.06)
    np.testing.assert_array_equal(chosen["m_X"], [0.05])
    assert_same_plane(at_one, chosen)
    with pytest.raises(InputError, match=r"m_X = 9\.0: give a value from 0\.004 to 3"):
        along(X_mu={"values": [-2.0, 1.0]}).at(m_X=9.0)


@pytest.mark.long
def test_two_axes_are_all_pairs():
    whole = along(m_t={"values": VALUES}, X_mu={"values": [-2.0, -1.0, 0.0]})
    assert whole["log10_ratio"].shape[1:] == (2, 3, 4, 3)
    assert whole["valid"].shape[1:] == (2, 3, 4)
    plane = scan(BASE | {"inputs": {"m_t": 174.0}, "model": charges_with(mu=-2.0)})["matched"]
    assert_same_plane(whole.at(m_t=174.0, X_mu=-2.0), plane)


def test_the_mass_of_right_handed_neutrinos():
    """X -> N N opens at 2 m_N as (1 - 4 m_N^2/m_X^2)^(3/2); massless it is a second helicity."""
    base = BASE | {"model": MODEL | PARTNERS}
    whole = scan(base | {"axes": {"m_nu_R": {"values": [0.0, 0.01, 1.0]}} | BASE["axes"]})["matched"]
    chiral, dirac = (
        scan(BASE | {"model": MODEL | {"neutrinos": kind}})["matched"] for kind in ("chiral", "dirac")
    )
    assert_same_plane(whole.at(m_nu_R=0.0), dirac)
    light = slice(0, 3)  # masses of X below 2 m_N = 2 GeV
    np.testing.assert_allclose(whole["width"][2, light], chiral["width"][light], ROUNDING)
    m_X = np.array(BASE["axes"]["m_X"]["values"])
    beta = np.sqrt(np.maximum(0, 1 - (2 * 0.01 / m_X) ** 2))
    extra = 3 * m_X / (24 * np.pi) * beta**3 * 1e-4**2
    np.testing.assert_allclose(
        whole["width"][1, :, 1] - chiral["width"][:, 1], extra, rtol=1e-9, atol=1e-25
    )  # a difference of widths of the same size loses three digits


def test_x_width_is_differentiable_in_the_neutrino_mass(sm):
    model = load_model(MODEL | PARTNERS)
    slope = jax.grad(
        lambda m: x_width(*with_parameters(sm, model, {"m_nu_R": m}), 0.05, 1.0), allow_int=False
    )(jnp.asarray(0.01))
    step = 1e-6
    up, down = (
        x_width(*with_parameters(sm, model, {"m_nu_R": jnp.asarray(0.01 + s)}), 0.05, 1.0)
        for s in (step, -step)
    )
    np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=1e-7)
    assert slope < 0


def test_sobol_is_that_of_scipy():
    ranges = {"m_t": [170.0, 175.0], "X_tau": [-1.0, 1.0]}
    spec = load_spec(BASE | {"axes": {"cloud": {"sobol": ranges, "points": 6}} | BASE["axes"]})
    (axis,) = spec.axes
    unit = qmc.Sobol(2, scramble=False).random_base2(3)[:6]
    np.testing.assert_array_equal(axis.values, np.arange(6))
    np.testing.assert_allclose(axis.parameters["m_t"], 170 + 5 * unit[:, 0], rtol=1e-15)
    np.testing.assert_allclose(axis.parameters["X_tau"], 2 * unit[:, 1] - 1, rtol=1e-15, atol=1e-15)
    scrambled = [
        load_spec(BASE | {"axes": {"cloud": {"sobol": ranges, "points": 6, "seed": s}} | BASE["axes"]}).axes[
            0
        ]
        for s in (1, 1, 2)
    ]
    np.testing.assert_array_equal(scrambled[0].parameters["m_t"], scrambled[1].parameters["m_t"])
    assert np.any(scrambled[0].parameters["m_t"] != scrambled[2].parameters["m_t"])


def test_samples_from_a_file(tmp_path):
    path = tmp_path / "samples.csv"
    path.write_text("# two samples\nm_t, X_mu\n171, -2\n174, -1\n")
    whole = along(sample={"file": str(path)})
    np.testing.assert_array_equal(whole["sample"], [0, 1])
    np.testing.assert_array_equal(whole.header.parameters["sample"]["X_mu"], [-2, -1])
    plane = scan(BASE | {"inputs": {"m_t": 171.0}, "model": charges_with(mu=-2.0)})["matched"]
    assert_same_plane(whole.at(sample=0), plane)


def test_masses_from_a_file(tmp_path):
    path = tmp_path / "masses.csv"
    path.write_text("m_X\n0.004\n0.05\n")
    spec = load_spec(BASE | {"axes": BASE["axes"] | {"m_X": {"file": str(path)}}})
    np.testing.assert_array_equal(spec.m_X, [0.004, 0.05])


@pytest.mark.parametrize("name", ["m_X", "g_X", "top"])
def test_a_file_of_an_axis_that_falls_is_refused_by_line(tmp_path, name):
    path = tmp_path / "falling.csv"
    path.write_text("0.1\n0.3\n0.2\n")
    more = {"parameter": "X_t"} if name == "top" else {}
    with pytest.raises(InputError, match=r"falling\.csv: line 3: column 1 = 0.2 follows 0.3; values ascend"):
        load_spec(BASE | {"axes": BASE["axes"] | {name: {"file": str(path)} | more}})


def test_a_file_of_masses_needs_no_header(tmp_path):
    """As digitisers write it; a header that is a number is none."""
    path = tmp_path / "wpd.csv"
    path.write_text("# no header\n0.004\n0.05\n0.9\n3\n")
    spec = load_spec(BASE | {"axes": BASE["axes"] | {"m_X": {"file": str(path)}}})
    np.testing.assert_array_equal(spec.m_X, [0.004, 0.05, 0.9, 3.0])
    path.write_text("171,-2\n174,-1\n")
    with pytest.raises(InputError, match='no parameter "column 1"'):
        load_spec(BASE | {"axes": {"sample": {"file": str(path)}} | BASE["axes"]})


def test_draws_of_nuisance_parameters(sm):
    drawn = {"nuisance": ["m_t", "ckm_A"], "points": POINTS, "seed": 3}
    (axis,) = load_spec(BASE | {"axes": {"draw": drawn} | BASE["axes"]}).axes
    known = input_values(sm)
    table = input_table("standard_model")
    for name, sigma in (("m_t", table["m_t"].error), ("ckm_A", max(table["ckm_A"].error))):
        values = axis.parameters[name]
        assert values[0] == known[name]
        assert abs(values.mean() - known[name]) < SIGMAS * sigma / POINTS**0.5
        assert abs(values.std() / sigma - 1) < SIGMAS / (2 * POINTS) ** 0.5
    assert abs(np.corrcoef(*axis.parameters.values())[0, 1]) < SIGMAS / POINTS**0.5
    (again,) = load_spec(BASE | {"axes": {"draw": drawn} | BASE["axes"]}).axes
    np.testing.assert_array_equal(again.parameters["m_t"], axis.parameters["m_t"])
    (every,) = load_spec(
        BASE | {"axes": {"draw": drawn | {"nuisance": "all", "points": 2}} | BASE["axes"]}
    ).axes
    assert {"m_t", "tau_B_plus", "m_rho"} <= set(every.parameters)


def test_several_models_are_several_scans():
    specs = load_specs({k: v for k, v in BASE.items() if k != "model"} | {"models": ["b_minus_l", MODEL]})
    assert [one.model.name for one in specs] == ["b_minus_l", "own"]
    with pytest.raises(InputError, match="models b_minus_l, own; only jaxtri scan, run and load_specs"):
        load_spec({k: v for k, v in BASE.items() if k != "model"} | {"models": ["b_minus_l", MODEL]})
    with pytest.raises(InputError, match="models named b_minus_l more than once"):
        load_specs({k: v for k, v in BASE.items() if k != "model"} | {"models": ["b_minus_l", "b_minus_l"]})


def test_every_input_and_charge_can_be_an_axis(sm):
    model = load_model("b_minus_l")
    for name, value in input_values(sm).items():
        changed, _ = with_parameters(sm, model, {name: jnp.asarray(value) * 2})
        assert input_values(changed)[name] == (np.asarray(value) * 2).tolist()
    for i, fermion in enumerate(FERMIONS):
        _, changed = with_parameters(sm, model, {f"X_{fermion}": jnp.asarray(7.0)})
        assert changed.charge.tolist() == [7.0 if j == i else x for j, x in enumerate(model.charge.tolist())]
    assert load_standard_model().m_t == sm.m_t


def test_groups_of_arrays_may_stand_beside_others():
    for given, expected in (
        ("all", USUAL),
        (["all", "g_X_range"], OF_A_MODEL),
        (["reductions", "lifetime"], tuple(name for name in ARRAYS if name in (*REDUCTIONS, "lifetime"))),
        (["reductions"], tuple(name for name in ARRAYS if name in REDUCTIONS)),
        ("reductions", tuple(name for name in ARRAYS if name in REDUCTIONS)),
    ):
        assert load_spec(BASE | {"arrays": given}).arrays == expected
    with pytest.raises(InputError, match='no array "lifetimes"; did you mean lifetime'):
        load_spec(BASE | {"arrays": ["reductions", "lifetimes"]})


def test_an_input_that_is_given_is_not_drawn_and_not_set_again():
    given = BASE | {"inputs": {"ckm_A": 0.8}}
    (draw,) = load_spec(given | {"axes": {"draw": {"nuisance": "all", "points": 3}} | BASE["axes"]}).axes
    assert "ckm_lambda" in draw.parameters
    assert "ckm_A" not in draw.parameters
    for name, axis in (
        ("ckm_A", {"values": [0.7, 0.8]}),
        ("cloud", {"sobol": {"ckm_A": [0.7, 0.9]}, "points": 4}),
    ):
        with pytest.raises(InputError, match=rf"axes\.{name} and inputs both set ckm_A; leave one out"):
            load_spec(given | {"axes": {name: axis} | BASE["axes"]})


WRONG = {  # further axis, fragments of the message
    "unknown": ({"m_T": {"values": [1, 2]}}, ("axes.m_T", 'no parameter "m_T"', "did you mean m_u or m_t")),
    "list": ({"excited_omega_mass": {"values": [1, 2]}}, ("excited_omega_mass is a list",)),
    "range": ({"ckm_lambda": {"values": [0.2, 1.2]}}, ("ckm_lambda = 1.2", "between 0 and 1")),
    "negative mass": ({"m_t": {"values": [-1, 1]}}, ("m_t = -1", "between 0 and inf")),
    "no neutrino mass": ({"m_nu_R": {"values": [0, 1]}}, ('the right-handed neutrinos of "own"', "majorana")),
    "twice": (
        {"m_t": {"values": [171, 172]}, "top": {"parameter": "m_t", "values": [171, 172]}},
        ("axes.top and axes.m_t both set m_t",),
    ),
    "no fermion": ({"tilt": {"direction": {"top": 1}, "values": [0, 1]}}, ('no fermion "top"',)),
    "two kinds": (
        {"a": {"parameter": "m_t", "direction": {"t": 1}, "values": [0, 1]}},
        ("axes.a", "either parameter or direction"),
    ),
    "sobol and values": (
        {"a": {"sobol": {"m_t": [1, 2]}, "values": [0, 1]}},
        ("axes.a", "sobol or nuisance takes points and seed"),
    ),
    "no points": ({"a": {"sobol": {"m_t": [1, 2]}}}, ("axes.a", "give points")),
    "falling range": ({"a": {"sobol": {"m_t": [2, 1]}, "points": 4}}, ("low < high",)),
    "seed": ({"m_t": {"values": [171, 172], "seed": 1}}, ("seed belongs to sobol or nuisance",)),
    "no error": ({"a": {"nuisance": ["B_K_fplus_r1"], "points": 4}}, ("B_K_fplus_r1 has no error",)),
    "no input": ({"a": {"nuisance": ["m_T"], "points": 4}}, ('no input "m_T"', "did you mean m_u or m_t")),
    "no file": ({"a": {"file": "nowhere.csv"}}, ("nowhere.csv", "cannot be read")),
    "a name of ours": ({"search": {"parameter": "m_t", "values": [1, 2]}}, ('axis "search"',)),
    "an array's name": ({"excluded": {"parameter": "m_t", "values": [1, 2]}}, ('axis "excluded"',)),
    "a blank": ({"m t": {"parameter": "m_t", "values": [1, 2]}}, ('axis "m t"', "letters, digits and _")),
    "log of 0": (
        {"m_nu_R": {"min": 0, "max": 1, "points": 3, "spacing": "log"}},
        ("min = 0", "positive on a logarithmic axis"),
    ),
    "falling": ({"m_t": {"values": [172, 171]}}, ("values must ascend",)),
    "unknown key": ({"m_t": {"valeus": [171, 172]}}, ('no key "valeus"', "did you mean values")),
}


@pytest.mark.parametrize(("axes", "fragments"), WRONG.values(), ids=WRONG)
def test_a_wrong_axis_is_named_before_any_work(axes, fragments):
    with pytest.raises((InputError, OSError)) as caught:
        load_spec(BASE | {"axes": axes | BASE["axes"]})
    for fragment in fragments:
        assert fragment in str(caught.value)


FILES = {
    "empty": ("", "give a header"),
    "no rows": ("m_t\n", "give a header that names every column once, and at least one row"),
    "same name": ("m_t,m_t\n1,2\n", "names every column once"),
    "text": ("m_t\nheavy\n", "line 2 is heavy; give a finite number in each of 1 columns"),
    "ragged": ("m_t,m_b\n2,3\n# one\n1\n", "line 4 is 1; give a finite number in each of 2 columns"),
    "missing column": ("m_t,m_b\n1\n2\n", "a finite number in each of 2 columns"),
    "nan": ("m_t\nnan\n", "finite number"),
}


@pytest.mark.parametrize(("text", "words"), FILES.values(), ids=FILES)
def test_a_wrong_file_of_samples_is_named(tmp_path, text, words):
    path = tmp_path / "samples.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load_spec(BASE | {"axes": {"sample": {"file": str(path)}} | BASE["axes"]})
    assert str(path) in str(caught.value)


def test_charges_may_not_vary_under_formulas_without_charges():
    with pytest.raises(InputError, match=r'treatment "printed": .* hold no charges, but an axis'):
        load_spec(BASE | {"treatments": ["printed"], "axes": {"X_mu": {"values": [0, 1]}} | BASE["axes"]})


LENGTH = 7  # of an axis; no other dimension of the program has it


def arithmetic_along(axis, sm, model):
    """Names of the operations on arrays that have the dimension of an axis, in the decays of X."""
    nodes = ({name: jnp.linspace(*ends, LENGTH) for name, ends in axis.items()},)
    masses = jnp.array([0.004, 0.05, 0.9])
    program = jax.make_jaxpr(lambda nodes: over_axes(unit_decays, sm, model, nodes, masses))(nodes)
    found, waiting = set(), [program.jaxpr]
    while waiting:
        for equation in waiting.pop().eqns:
            inner = [getattr(one, "jaxpr", one) for one in jax.tree.leaves(list(equation.params.values()))]
            inner = [one for one in inner if hasattr(one, "eqns")]
            waiting += inner
            if not inner and any(LENGTH in var.aval.shape for var in equation.outvars):
                found.add(equation.primitive.name)
    return found


def test_what_does_not_depend_on_an_axis_is_computed_once_along_it(sm, b_minus_l):
    copies = {"broadcast_in_dim", "convert_element_type"}
    assert arithmetic_along({"m_t": (170.0, 175.0)}, sm, b_minus_l) <= copies  # X does not decay to tops
    assert {"mul", "div"} <= arithmetic_along({"m_mu": (0.1, 0.11)}, sm, b_minus_l)  # but to muons
