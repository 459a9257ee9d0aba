"""What a scan file may hold: checked at the file's edge, before anything is computed."""

import re
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from jaxtri.limits.statistics import READINGS
from jaxtri.scans.arrays import ARRAYS, LABELS
from jaxtri.tables.dark_matter_schema import DarkMatterTable
from jaxtri.tables.fields import Charge, Positive, Real, Strict, Text, ascending, once
from jaxtri.tables.schema import AnomalonTable, Choice, Correlation, ModelTable

RESERVED = (
    *LABELS,
    *ARRAYS,
    "provenance",
    "boundaries",
    "parameters",
    "favoured",
)  # have this name in a scan's file
Range = Annotated[list[Real], Field(min_length=2, max_length=2), AfterValidator(ascending)]


def _either(**kinds: Any) -> Any:
    """Tell the alternatives of a value apart by its Python type, so that an error speaks of one only."""

    def tag(value: Any) -> str | None:
        if isinstance(value, BaseModel):
            return "<table>"
        if isinstance(value, bool):
            return None
        return next((f"<{name}>" for name, kind in kinds.items() if isinstance(value, kind)), None)

    words = {
        "name": "a name or a path",
        "table": "a table",
        "number": "a number",
        "list": "a list of numbers",
        "names": "a list of names",
    }
    allowed = " or ".join(words[name] for name in kinds)
    return Discriminator(tag, custom_error_type="other_type", custom_error_message=f"give {allowed}")


Points = Annotated[int, Field(strict=True, ge=2, le=10_000_000)]
Seed = Annotated[int, Field(strict=True, ge=0)]


class AnyAxisTable(Strict):
    """An axis with one coordinate: spacing, ends and number of points, the values themselves, or a file."""

    min: Real | None = None
    max: Real | None = None
    points: Points | None = None
    spacing: Literal["log", "linear"] | None = None
    values: Annotated[list[Real], Field(min_length=1)] | None = None  # one: a value that is fixed
    file: Text | None = None

    def _require_one_coordinate(self) -> None:
        """Raise unless the values are given in exactly one way."""
        ends = (self.min, self.max, self.points, self.spacing)
        if self.values is not None or self.file is not None:
            if any(part is not None for part in ends) or (self.values is not None and self.file is not None):
                raise ValueError("give either values, or file, or min, max, points and spacing")
        elif self.min is None or self.max is None or self.points is None or self.spacing is None:
            raise ValueError("give min, max, points and spacing, or values, or file")
        elif self.min >= self.max:
            raise ValueError(f"min = {self.min} must be below max = {self.max}")
        elif self.spacing == "log" and self.min <= 0:
            raise ValueError(f"min = {self.min} must be positive on a logarithmic axis")
        for i, (low, high) in enumerate(pairwise(self.values or []), start=1):
            if low >= high:
                raise ValueError(f"values must ascend, but values[{i}] = {high} follows {low}")


class AxisTable(AnyAxisTable):
    """Axis of m_X or g_X: all values are positive."""

    min: Positive | None = None
    max: Positive | None = None
    values: Annotated[list[Positive], Field(min_length=1)] | None = None  # one: m_X beside further axes

    @model_validator(mode="after")
    def _ends_or_values(self) -> "AxisTable":
        self._require_one_coordinate()
        return self


class FurtherAxisTable(AnyAxisTable):
    """Any other axis: one parameter, a direction of charges, or several parameters jointly."""

    parameter: Text | None = None
    direction: Annotated[dict[str, Charge], Field(min_length=1)] | None = None
    sobol: Annotated[dict[str, Range], Field(min_length=1)] | None = None
    nuisance: Annotated[list[Text], Field(min_length=1)] | Literal["all"] | None = None
    seed: Seed | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "FurtherAxisTable":
        if self.sobol is None and self.nuisance is None:
            if self.seed is not None:
                raise ValueError("seed belongs to sobol or nuisance")
            if self.parameter is not None and self.direction is not None:
                raise ValueError("give either parameter or direction")
            self._require_one_coordinate()
            return self
        others = (self.min, self.max, self.spacing, self.values, self.file, self.parameter, self.direction)
        if any(part is not None for part in others) or (self.sobol is not None and self.nuisance is not None):
            raise ValueError("sobol or nuisance takes points and seed, and nothing else")
        if self.points is None:
            raise ValueError("give points")
        return self


class AxesTable(BaseModel):
    """The axes of a scan: m_X and g_X, and any further ones by a name of the user's."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, FurtherAxisTable] = Field(init=False)

    m_X: AxisTable
    g_X: AxisTable

    @model_validator(mode="after")
    def _names(self) -> "AxesTable":
        for name in self.further:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in RESERVED:
                raise ValueError(
                    f'axis "{name}": use letters, digits and _, and none of {", ".join(RESERVED)}'
                )
        return self

    @property
    def further(self) -> dict[str, FurtherAxisTable]:
        """AxesTable besides m_X and g_X, in the order of the file."""
        return self.__pydantic_extra__


RecastChoice = Annotated[
    Annotated[Literal["all", "visible"], Tag("<name>")]
    | Annotated[list[Text], Field(min_length=1), Tag("<names>")],
    _either(name=str, names=list),
]


Names = Annotated[list[Text], AfterValidator(once)]


class SearchChoice(Strict):
    """Which searches a scan uses and how it reads measurements."""

    set: Literal["printed", "corrected", "2026", "binned"]
    measurement: Literal[READINGS] | None = None  # type: ignore[valid-type]
    confidence: Annotated[Real, Field(gt=0.5, lt=1)] | None = None
    only: Names | None = None
    exclude: Names = Field(default_factory=list)
    files: Names = Field(default_factory=list)
    recast: RecastChoice | None = None

    @model_validator(mode="after")
    def _levels(self) -> "SearchChoice":
        if self.confidence is not None and self.recast is not None:
            raise ValueError(
                "confidence does not go with recast: recast limits keep their own levels; leave one out"
            )
        return self


PositiveRange = Annotated[list[Positive], Field(min_length=2, max_length=2), AfterValidator(ascending)]


class OwnCurve(Strict):
    """A curve of the user's in the figure: a CSV file with the columns m_X [GeV] and g_X."""

    file: Text
    label: Text
    style: Literal["solid", "dashed", "dotted"] = "solid"


class FigureChoice(Strict):
    """How the figure of a scan looks."""

    title: Text | None = None
    palette: Literal["okabe-ito", "paper", "blue"] = "okabe-ito"
    style: Literal["regions", "curves"] = "regions"
    xlim: PositiveRange | None = None
    ylim: PositiveRange | None = None
    size: Literal["panels", "single", "double"] = "panels"
    labels: Annotated[bool, Field(strict=True)] = False
    panels: Literal["each", "treatments", "models", "together"] = "each"
    searches: list[Text] = Field(default_factory=list)
    treatments: list[Text] = Field(default_factory=list)
    html: Annotated[bool, Field(strict=True)] = False
    previous: Literal["table", "computed", "visible", "none"] | None = None
    curves: list[OwnCurve] = Field(default_factory=list)

    @model_validator(mode="after")
    def _labels_apart(self) -> "FigureChoice":
        if self.labels and self.panels != "each":
            raise ValueError("labels name the regions of one scan; of scans together the legend names each")
        return self


Kind = TypeVar("Kind", bound=Strict)
NameOr = Annotated[
    Annotated[Text, Tag("<name>")] | Annotated[Kind, Tag("<table>")], _either(name=str, table=dict)
]
NumberOrList = Annotated[
    Annotated[Real, Tag("<number>")] | Annotated[list[Real], Tag("<list>")],
    _either(number=(int, float), list=list),
]
NamesOr = Annotated[
    Annotated[Literal["all", "reductions"], Tag("<name>")]
    | Annotated[list[Text], Field(min_length=1), Tag("<names>")],
    _either(name=str, names=list),
]


class MuonTable(Strict):
    """Which measured moment of the muon is shown, and how many standard deviations its band has."""

    data: Text
    sigmas: Annotated[Positive, Field(le=10)]


class SpecTable(Strict):
    """A scan file."""

    title: Text
    model: NameOr[ModelTable] | None = None
    models: Annotated[list[NameOr[ModelTable]], Field(min_length=1)] | None = None
    treatments: Annotated[list[NameOr[Choice]], Field(min_length=1)]
    searches: SearchChoice
    anomalons: AnomalonTable | None = None
    dark_matter: list[DarkMatterTable] = Field(default_factory=list)
    muon_g2: MuonTable | None = None
    axes: AxesTable
    precision: Literal["float32", "float64"] = "float32"
    arrays: NamesOr = "all"
    compression: Literal["gzip", "none"] = "gzip"
    curves: Annotated[bool, Field(strict=True)] = True
    inputs: dict[str, NumberOrList] = Field(default_factory=dict)
    unusual_inputs: Annotated[bool, Field(strict=True)] = False
    correlations: list[Correlation] = Field(default_factory=list)
    figure: FigureChoice = FigureChoice()

    @model_validator(mode="after")
    def _one_or_more_models(self) -> "SpecTable":
        if (self.model is None) == (self.models is None):
            raise ValueError("give either model, or models as a list")
        return self
