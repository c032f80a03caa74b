"""Groups of enterprises that are large enough for themes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalpkg.groups import COLUMNS, MOST, NEIGHBOURS, Group, candidates, check, together

if TYPE_CHECKING:
    from evalpkg.survey import Survey

LEAST = 100  # respondents of a group: of fewer, hardly a theme has k


@dataclass(frozen=True)
class Division:
    """Groups with enough respondents; Chinese sentences on what was left out and what was taken together."""

    groups: tuple[Group, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def divided(survey: Survey, column: str, groups: Mapping[str, str] | None = None) -> Division:
    """Divide the respondents of a round into at most four groups by one column.

    Parameters
    ----------
    survey
    column
        ``"size"``, ``"district"``, ``"industry"`` or ``"mode"``.
    groups
        As `groups.candidates`.

    Returns
    -------
    Division
        Groups of at least `LEAST` respondents, size classes taken together with a neighbour first; of more than four
        others the largest. Empty where the survey did not ask.

    Raises
    ------
    ParamsError
        As `groups.candidates`.
    """
    check(column)
    if column not in survey.responses or survey.responses[column].isna().all():
        return Division()
    found = candidates(survey.responses, survey.codebook, survey.round, column, groups)
    notes: list[str] = []
    if column in NEIGHBOURS and groups is None:
        found, notes = together(found, lambda group: _size(group, survey), LEAST)
    enough = [group for group in found if _size(group, survey) >= LEAST]
    few = [group.label for group in found if group not in enough]
    left_out = [f"不足 {LEAST} 家，不单列：{'、'.join(few)}"] if few else []
    largest = sorted(enough, key=lambda group: -_size(group, survey))[:MOST]
    if len(enough) > MOST:
        rest = "、".join(group.label for group in enough if group not in largest)
        left_out.append(f"{COLUMNS[column]}只列家数最多的 {MOST} 组，其余不单列：{rest}")
    return Division(tuple(group for group in enough if group in largest), tuple(left_out), tuple(notes))


def _size(group: Group, survey: Survey) -> int:
    return int((group.inside(survey.responses) & (survey.design.weights > 0)).sum())
