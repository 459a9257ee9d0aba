"""The reference numbers: independent of the package, reproducible, and made from the same inputs."""

import ast
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from jaxtri.model.constants import HBAR, NB_PER_GEV2
from jaxtri.model.fermions import FERMIONS
from jaxtri.model.standard_model import TABLES, input_table, input_values
from jaxtri.model.treatment import CHOICES
from jaxtri.tables.reader import FOLDER, read_columns
from places import PATIENCE_S, REFERENCE

SCRIPTS = sorted(REFERENCE.glob("*.py"))
RATES = {  # name in rates.py: name in the tables, where they differ
    "sw2_msbar": "sw2",
    "m_Bp": "m_B_plus",
    "tau_Bp": "tau_B_plus",
    "m_Kp": "m_K_plus",
    "tau_Kp": "tau_K_plus",
    "m_pip": "m_pi_plus",
    "m_Kst_p": "m_Kstar_plus",
    "m_Kst_0": "m_Kstar0",
    "f_Kpi": "K_pi_f_at_0",
    "lambda_plus_Kp": "K_pi_lambda_plus_charged",
    "lambda_0_Kp": "K_pi_lambda_zero_charged",
    "lambda_plus_KL": "K_pi_lambda_plus_neutral",
    "lambda_0_KL": "K_pi_lambda_zero_neutral",
} | {
    f"{short}_{parameter}": f"{long}_{parameter}"
    for short, long in (
        ("f_plus", "B_K_fplus"),
        ("f_0", "B_K_fzero"),
        *((F, "B_Kstar_" + F.replace("_", "")) for F in ("A_0", "A_1", "A_2", "V")),
    )
    for parameter in ("r1", "r2", "m2", "mR")
}
X_DECAYS = {
    "m_pip": "m_pi_plus",
    "m_Kp": "m_K_plus",
    "m_Kst": "m_Kstar_plus",
    "alpha": "alpha_0",
}


def imported(script):
    """Top-level packages that a script imports, wherever the import stands."""
    for node in ast.walk(ast.parse(script.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


WARD = {"m_u_loop": "m_u_constituent", "a_plus": "K_pi_a_plus", "b_plus": "K_pi_b_plus"}


def of_hadrons(inputs):
    """Hadronic inputs of x_decays.py under the names of tables/hadrons.toml."""
    mesons, excited = inputs["mesons"], np.array(inputs["omega_excited"])
    values = {
        f"{quantity}_{meson}": row[i]
        for meson, row in mesons.items()
        for i, quantity in enumerate(("m", "Gamma", "Bee"))
    }
    for state, modes in inputs["resonances"].items():
        values |= {f"B_{meson}_{state}": branching for meson, (branching, _) in modes.items()}
        values |= {f"phase_{meson}_{state}": phase for meson, (_, phase) in modes.items() if phase}
    for i, quantity in enumerate(("mass", "width", "BB", None, "phase")):
        values |= {f"excited_omega_{quantity}": excited[:, i]} if quantity else {}
    for meson, rows in inputs["kaon_form_factor"].items():
        values |= {
            f"kaon_{meson}_{q}": np.array(rows)[:, i] for i, q in enumerate(("mass", "width", "weight"))
        }
    for i, quantity in enumerate(("mass", "width", "peak_nb"), start=1):
        values[f"lump_{quantity}"] = [row[i] for row in inputs["lumps"].values()]
    kaons = inputs["width_modes"]["phi"]
    both = kaons["K+K-"] + kaons["K0K0bar"]
    return values | {
        "isovector_scale": inputs["isovector_scale"],
        "switch_mass": inputs["switch"]["centre"],
        "switch_width": inputs["switch"]["width"],
        "B_omega_pipi": inputs["width_modes"]["omega"]["pipi"],
        "B_phi_KK": both,
        "phi_charged_kaons": kaons["K+K-"] / both,
    }


@pytest.fixture(scope="module")
def reference_inputs(rates, x_decays):
    """Inputs of both scripts under the names of the tables."""
    of_ward = json.loads((REFERENCE / "ward.json").read_text())["inputs"]["tables"]
    scalars = {name: value for name, value in x_decays["inputs"].items() if isinstance(value, float)}
    return {
        "rates": {RATES.get(name, name): value for name, value in rates["inputs"].items()},
        "x_decays": {X_DECAYS.get(name, name): value for name, value in scalars.items()}
        | of_hadrons(x_decays["inputs"]),
        "ward": {(RATES | WARD).get(name, name): value for name, value in of_ward.items()},
    }


@pytest.mark.parametrize("script", ["rates", "x_decays", "ward"])
def test_inputs_are_those_of_the_tables(sm, reference_inputs, script):
    tables = {name: entry.value for table in TABLES for name, entry in input_table(table).items()}
    constants = {"hbar": HBAR, "nb_per_GeV-2": NB_PER_GEV2, "mu_min": 1.0}
    for name, value in reference_inputs[script].items():
        known = constants | tables
        np.testing.assert_allclose(value, known[name], 1e-15, err_msg=name)
        np.testing.assert_allclose(value, (constants | input_values(sm))[name], 1e-15, err_msg=name)


def test_isovector_points_are_those_of_the_table(x_decays):
    columns = read_columns(FOLDER / "isovector.csv")
    np.testing.assert_array_equal(np.array(x_decays["inputs"]["isovector_R"]).T, list(columns.values()))


def test_every_input_is_in_a_reference(reference_inputs):
    names = {name for table in TABLES for name in input_table(table)}
    unity = {"K_pi_kappa"}  # a choice: 1 in the formulas
    assert names - unity <= set.union(*map(set, reference_inputs.values()))


def test_triangle_is_at_the_mass_of_the_z(sm):
    records = json.loads((REFERENCE / "triangle.json").read_text())["records"]
    assert {record["p2"] for record in records if record["regime"] == "decay"} == {float(sm.m_Z**2)}


def test_charges_and_treatments_are_the_shipped_ones(rates, x_decays, models, treatments):
    for name, model in models.items():
        np.testing.assert_array_equal(model.charge, [rates["charges"][name][f] for f in FERMIONS])
        for fermion, charge in x_decays["models"][name]["charges"].items():
            assert model.charge[FERMIONS.index(fermion)] == charge
    for name, choices in rates["treatments"].items():
        assert {key: getattr(treatments[name], key) for key in choices} == choices
    assert set(CHOICES) - set(choices) == {"decoupling", "emission", "interference", "long_distance"}  # one


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_reference_does_not_know_the_package(script):
    names = set(imported(script))
    assert "mpmath" in names  # the walk finds imports
    assert not {name for name in names if name.startswith("jax")}


def test_rates_can_be_made_again(tmp_path):
    copy = shutil.copy(REFERENCE / "rates.py", tmp_path)
    subprocess.run([sys.executable, "-I", copy], check=True, timeout=PATIENCE_S)
    assert json.loads((tmp_path / "rates.json").read_text()) == json.loads(
        (REFERENCE / "rates.json").read_text()
    )
