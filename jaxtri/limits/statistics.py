"""From a measurement to an upper limit: how a scan file may read it, and what confidence means."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from jaxtri.errors import InputError
from jaxtri.tables.schema import SearchTable

GAUSS_95 = 1.645  # one-sided 95 % quantile of the normal distribution
ONE_VALUE = ("central", "gauss", "sm_subtracted")  # how one measured branching fraction is read
BINNED = "binned_"  # before one of these: bin by bin of q2
READINGS = (*ONE_VALUE, *(BINNED + one for one in ONE_VALUE))
MEANINGS = {
    "central": "central value",
    "gauss": "central value + {z:.4g}σ",
    "sm_subtracted": "excess over the Standard Model + {z:.4g}σ",
}


@dataclass(frozen=True)
class Measured:
    """A measured branching fraction, and what the Standard Model says of it."""

    value: float
    sigma_up: float  # upper error: statistical and systematic added in quadrature
    sm_value: float | None = None
    sm_error: float | None = None


def quantile(confidence: float) -> float:
    """One-sided quantile of the normal distribution; 1.645, as it is printed, for 95 %."""
    return GAUSS_95 if confidence == 0.95 else NormalDist().inv_cdf(confidence)


def limit_of(measured: Measured, reading: str, confidence: float = 0.95) -> float | None:
    r"""Upper limit on what a new decay may add to a measured branching fraction b.

    .. math:: \text{central: } b,\qquad \text{gauss: } \max(0, b) + z\sigma_+,\qquad
              \text{sm\_subtracted: } \max(0, b - b_{SM}) + z\sqrt{\sigma_+^2 + \sigma_{SM}^2}

    Parameters
    ----------
    measured
        The measurement.
    reading
        One of `ONE_VALUE`.
    confidence
        z is its one-sided Gaussian quantile, 1.645 for 0.95; it does not enter ``central``.

    Returns
    -------
    float or None
        The limit; None where there is none: ``central`` of a value that is not positive, ``sm_subtracted``
        without a prediction.

    Notes
    -----
    Valid for: errors that are close to Gaussian.  A best fit below 0 counts as 0, so that a downward
    fluctuation gives no limit below z sigma: what an experiment of this precision can tell on average.
    Differs from print: the paper takes central values as limits.
    """
    if reading == "central":
        return measured.value if measured.value > 0 else None
    if reading == "gauss":
        return max(0.0, measured.value) + quantile(confidence) * measured.sigma_up
    if measured.sm_value is None or measured.sm_error is None:
        return None
    sigma = math.hypot(measured.sigma_up, measured.sm_error)
    return max(0.0, measured.value - measured.sm_value) + quantile(confidence) * sigma


def measured_of(table: SearchTable) -> Measured | None:
    """Return the one measured branching fraction of a search; None if it has bins alone."""
    if table.value is None or table.stat_up is None:
        return None
    sigma = math.hypot(table.stat_up, table.syst or 0.0)
    return Measured(table.value, sigma, table.sm_value, table.sm_error)


def upper_limit(table: SearchTable, reading: str, confidence: float | None = None) -> float:
    """Upper limit of a search that is one number: as published, or from a measurement by `limit_of`.

    A limit that is a curve has no one number: `limit_curves` and `binned_limits` read it.  A confidence level
    that differs from the published one scales the limit by `conversion`.
    """
    if table.kind != "measurement":
        assert isinstance(table.limit, float)
        return table.limit * conversion_of(table, confidence)
    measured = measured_of(table)
    assert measured is not None
    limit = limit_of(measured, reading, confidence or 0.95)
    assert limit is not None
    return limit


def conversion_of(table: SearchTable, wanted: float | None) -> float:
    """What multiplies the published limit of a search at another confidence level; 1 of a measurement."""
    return 1.0 if table.kind == "measurement" else conversion(table.confidence, wanted)


def conversion(published: float | None, wanted: float | None) -> float:
    r"""Factor z(wanted)/z(published) from a limit at one confidence level to another.

    Exact for a Gaussian estimate of a signal that came out 0, and an approximation for anything else: of few
    events, or of an excess, the true ratio is nearer to 1.
    """
    if published is None or wanted is None or published == wanted:
        return 1.0
    if min(published, wanted) <= 0.5:
        raise InputError(f"confidence {published:g}, {wanted:g}: only levels above 0.5 are converted")
    return NormalDist().inv_cdf(wanted) / NormalDist().inv_cdf(published)


def meaning(reading: str, confidence: float | None = None) -> str:
    """How a measured branching fraction becomes a limit, in words."""
    one = reading.removeprefix(BINNED)
    said = MEANINGS[one].format(z=quantile(confidence or 0.95))
    return said + (" in each bin of q²" if reading.startswith(BINNED) else "")
