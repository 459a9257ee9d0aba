"""Kinds of values that the schemas of tables share."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Real, Field(gt=0)]
Probability = Annotated[Real, Field(gt=0, le=1)]
Text = Annotated[str, Field(strict=True, min_length=1)]
NAME = r"^[^/\\\x00-\x1f]*[^/\\\x00-\x1f. ][^/\\\x00-\x1f]*$"
Name = Annotated[Text, Field(pattern=NAME)]  # it becomes part of the names of files


def repeated(names: Sequence[str]) -> list[str]:
    """Return what stands more than once in a list."""
    return sorted({one for one in names if names.count(one) > 1})


def once(names: list[str]) -> list[str]:
    """Require a list in which nothing stands twice."""
    twice = repeated(names)
    if twice:
        raise ValueError(f"{', '.join(twice)} stands in it twice; leave one out")
    return names


def ascending(value: list[float]) -> list[float]:
    """Refuse a window whose ends are the wrong way round."""
    if value[0] >= value[1]:
        raise ValueError("must be [low, high] with low < high")
    return value


Window = Annotated[
    list[Annotated[Real, Field(ge=0)]], Field(min_length=2, max_length=2), AfterValidator(ascending)
]


class Strict(BaseModel):
    """A table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _fraction(value: Any) -> Any:
    """Turn the text "p/q" into a number; anything else is left for the type check."""
    if isinstance(value, str):
        try:
            return float(Fraction(value))
        except (ValueError, ZeroDivisionError, OverflowError):
            raise ValueError('not a number; write 0.5, -1 or "1/3"') from None
    return value


LARGEST_CHARGE = 1e3
Charge = Annotated[
    Annotated[Real, Field(ge=-LARGEST_CHARGE, le=LARGEST_CHARGE)],
    BeforeValidator(_fraction),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d+(/\d+)?$"}]}),
]


class Quantity(Strict):
    """A measured or fitted input: value, 1 sigma error, unit, where it comes from."""

    value: Real | list[Real]
    error: Annotated[Real, Field(ge=0)] | list[Real] | None = None
    unit: str
    reference: Text
    note: str | None = None
