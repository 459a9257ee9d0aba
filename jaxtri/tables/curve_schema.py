"""What a table of a search may hold of a limit that depends on mass and lifetime, or on a bin of q2."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from jaxtri.tables.fields import Positive, Probability, Real, Strict, Text, Window


class CurveKeys(Strict):
    """What a limit curve says of itself, at the head of its file or in the table `curve` of a search."""

    reference: Text | None = None
    locator: Text | None = None
    confidence: Annotated[Real, Field(gt=0, lt=1)] | None = None
    spin: Annotated[int, Field(strict=True, ge=0)] | None = None  # that the search assumed for X
    column: Text | None = None  # that holds the limit, where several could
    tau: Literal["knot", "lower_edge"] = "knot"
    below: Literal["constant", "masked"] = "masked"
    above: Literal["constant", "masked", "decay_scaling"] = "masked"
    offset_ps: Annotated[Real, Field(ge=0)] = 0.0
    factor: Positive = 1.0
    last_mass: Positive | None = None
    holes: list[Window] = Field(default=[])


class CurveFile(CurveKeys):
    """A limit curve in a file, with keys that replace those at its head."""

    file: Text


def or_nothing(value: Any) -> Any:
    """Turn an empty cell of a CSV file into nothing."""
    return None if value == "" else value


Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Above = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class BinRow(Strict):
    """A row of a table of partial branching fractions: one bin of q2 [GeV^2], or m_X^2."""

    q2_min: NotNegative
    q2_max: Above
    value: Annotated[Finite, Field(gt=-1, le=1)]
    error_up: Above
    error_down: Annotated[Above | None, BeforeValidator(or_nothing)]
    sm_value: Annotated[NotNegative | None, BeforeValidator(or_nothing)]
    sm_error: Annotated[NotNegative | None, BeforeValidator(or_nothing)]
    sm_reference: Annotated[Text | None, BeforeValidator(or_nothing)]

    @model_validator(mode="after")
    def _ascending(self) -> "BinRow":
        if self.q2_max <= self.q2_min:
            raise ValueError(f"q2_max = {self.q2_max:g} is not above q2_min = {self.q2_min:g}")
        prediction(self.sm_value, self.sm_error, self.sm_reference)
        return self


def prediction(value: float | None, error: float | None, reference: str | None) -> None:
    """Refuse a prediction of the Standard Model without its error or its reference."""
    if len({part is None for part in (value, error, reference)}) > 1:
        raise ValueError("give sm_value, sm_error and sm_reference together, or none of them")


def points(value: list[list[float]]) -> list[list[float]]:
    """Refuse points of a limit that are no pairs, or no triples, of numbers with a limit up to 1."""
    for row in value:
        if len(row) not in (2, 3) or len(row) != len(value[0]):
            raise ValueError(f"{row} is no [m_X, limit] or [m_X, tau_ps, limit] as the others are")
        if row[0] < 0 or min(row[1:]) <= 0 or row[-1] > 1:
            raise ValueError(f"{row}: give a mass [GeV], for a triple a lifetime [ps], and a limit in (0, 1]")
    return value


def _one_of(word: str, **kinds: type | tuple[type, ...]) -> Discriminator:
    """Of alternatives, the one whose kind a value is; the tags are "<name>"."""

    def tag(value: Any) -> str | None:
        return next((f"<{name}>" for name, kind in kinds.items() if isinstance(value, kind)), None)

    return Discriminator(tag, custom_error_type="other_type", custom_error_message=f"give {word}")


Points = Annotated[list[list[Real]], Field(min_length=2), AfterValidator(points)]
Limit = Annotated[
    Annotated[Probability, Tag("<number>")] | Annotated[Points, Tag("<points>")],
    _one_of("a number, or points [m_X, limit]", number=(int, float), points=list),
]
CurveOf = Annotated[
    Annotated[Text, Tag("<file>")] | Annotated[CurveFile, Tag("<table>")],
    _one_of("the name of a file, or a table with the key file", file=str, table=(dict, CurveFile)),
]
