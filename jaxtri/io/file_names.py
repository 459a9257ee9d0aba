"""How the files of a scan are called."""

import os
from pathlib import Path

from jaxtri.errors import InputError, StorageError
from jaxtri.scans.spec import Spec

Outputs = dict[tuple[str, str], Path]  # by model and treatment


def outputs_in(specs: tuple[Spec, ...], folder: str | None) -> Outputs:
    """One file a model and treatment, named after the scan file, in the working directory or a folder."""
    where = Path(folder) if folder else Path()
    if folder and not os.path.isdir(where):
        raise StorageError(f"{folder}: no such folder; make it first, or leave -o out")
    several = len(specs) > 1
    return {
        (spec.model.name, one.name): where
        / "_".join([spec.name, *([spec.model.name] if several else []), f"{one.name}.h5"])
        for spec in specs
        for one in spec.treatments
    }


def named_outputs(specs: tuple[Spec, ...], output: str | None) -> Outputs:
    """The file that is named for one model and treatment, the folder that is named for several."""
    models, treatments = len(specs), len(specs[0].treatments)
    if output is None or os.path.isdir(output):
        return outputs_in(specs, output)
    if models * treatments > 1:
        what = f"{models} models times {treatments} treatments" if models > 1 else f"{treatments} treatments"
        raise InputError(f"-o {output}: {what} make one file each; name an existing folder")
    if Path(output).suffix != ".h5":
        raise InputError(f"-o {output}: neither an existing folder nor a file that ends in .h5")
    return {(specs[0].model.name, specs[0].treatments[0].name): Path(output)}
