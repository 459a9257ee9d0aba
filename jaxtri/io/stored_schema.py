"""What the texts of a scan's file must hold to be read, so that nothing that uses them fails."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from jaxtri.model.fermions import FERMIONS

Number = Annotated[float, Field(allow_inf_nan=False)]


class Stored(BaseModel):
    """A table of a file; later versions may have written more keys."""

    model_config = ConfigDict(extra="allow")


class StoredModel(Stored):
    """The model of a scan."""

    name: str
    charges: dict[Literal[FERMIONS], Number] = Field(min_length=len(FERMIONS))  # type: ignore[valid-type]
    anomalies: dict[str, Number]
    previous_limits: str | None


class StoredChoice(Stored):
    """The set of searches of a scan."""

    set: str


class StoredAxis(Stored):
    """Ends and length of an axis."""

    min: Number
    max: Number
    points: int


class StoredFurtherAxis(StoredAxis):
    """A further axis, and what it sets."""

    sets: list[str]
    joint: bool


class StoredConfiguration(Stored):
    """The resolved configuration."""

    model: StoredModel
    searches: StoredChoice
    axes: dict[Literal["m_X", "g_X"], StoredAxis] = Field(min_length=2)
    further_axes: dict[str, StoredFurtherAxis] = {}
    precision: Literal["float32", "float64"]


class StoredSearch(Stored):
    """A search, as its label has it."""

    name: str
    title: str
    experiment: str
    channel: Annotated[str, Field(pattern="^[ZBKp]")]
    final_state: str
    confidence: float | None
    tau_window_s: list[float]
    reference: str
    bibtex: str


TEXTS: dict[str, TypeAdapter[Any]] = {
    "configuration": TypeAdapter(StoredConfiguration),
    "searches": TypeAdapter(list[StoredSearch]),
    "projections": TypeAdapter(list[StoredSearch]),
    "inputs": TypeAdapter(dict[str, dict[str, Any]]),
    "versions": TypeAdapter(dict[str, str]),
}
