"""From a measurement to an upper limit."""

import math

from jaxtri.tables.schema import SearchTable

GAUSS_95 = 1.645  # one-sided 95 % quantile of the normal distribution


def upper_limit(table: SearchTable, mode: str) -> float:
    """Upper limit of a search: as quoted, or from a measurement (central, or central + 1.645 sigma).

    A limit that is a curve has no one number: `limit_curves` reads it.
    """
    if table.kind != "measurement":
        assert isinstance(table.limit, float)
        return table.limit
    assert table.value is not None
    assert table.stat_up is not None
    sigma = math.hypot(table.stat_up, table.syst or 0.0)
    return table.value + (GAUSS_95 * sigma if mode == "gauss" else 0.0)
