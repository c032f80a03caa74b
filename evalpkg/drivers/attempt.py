"""Analyses beside the main one: what cannot be computed is said, and stops no page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalpkg import estimate
from evalpkg.drivers.importance import DriversError

if TYPE_CHECKING:
    from evalpkg.survey import Survey

COLUMNS = ("item", "label", "estimate", "std_error", "conf_low", "conf_high", "n")


def attempt(
    analysis: Callable[..., estimate.Result | None], survey: Survey, *given: Any, **named: Any
) -> estimate.Result | None:
    """Run an analysis; where it refuses, give an empty result that says why in `notes`.

    Parameters
    ----------
    analysis
        Of this package: `odds`, `nonlinear`, `by`, `reported`, ...
    survey, given, named
        What it takes.

    Returns
    -------
    Result or None
        Of the analysis; an empty one has the columns of an effect.
    """
    try:
        return analysis(survey, *given, **named)
    except DriversError as refused:
        table = pd.DataFrame({name: pd.Series(dtype=float) for name in COLUMNS})
        total = len(survey.responses)
        extra = {"notes": (str(refused),)}
        return estimate.Result(table, str(getattr(analysis, "__name__", "refused")), "%", "", total, extra)
