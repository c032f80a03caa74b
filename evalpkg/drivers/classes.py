"""Classes of enterprises that have an order, such as sizes: those that are too small stand with their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Group:
    """Respondents `inside` (n,) of one group; code and name."""

    code: str
    label: str
    inside: np.ndarray


def together(groups: list[Group], given: np.ndarray, least: int) -> tuple[list[Group], list[str]]:
    """Take classes that are too small together with the next one, the last with the one before it.

    Parameters
    ----------
    groups
        In their order, without overlap.
    given : ndarray, shape (n,)
        Which respondents count towards `least`.

    Returns
    -------
    list of Group, list of str
        A single group may still be too small. What was taken together, a Chinese sentence each without its full stop.

    Examples
    --------
    >>> sizes = np.array(["L"] * 20 + ["M"] * 90 + ["S"] * 150)
    >>> found, said = together([Group(c, c, sizes == c) for c in "LMS"], np.ones(260, dtype=bool), 100)
    >>> [group.code for group in found], said
    (['L+M', 'S'], ['人数不足 100 家，合并为一组：L＋M'])
    """
    merged: list[Group] = []
    for group in groups:
        if merged and (merged[-1].inside & given).sum() < least:
            group = _joined(merged.pop(), group)
        merged.append(group)
    if len(merged) > 1 and (merged[-1].inside & given).sum() < least:
        last = merged.pop()
        merged.append(_joined(merged.pop(), last))
    said = [f"人数不足 {least} 家，合并为一组：{group.label}" for group in merged if group not in groups]
    return merged, said


def _joined(one: Group, other: Group) -> Group:
    return Group(f"{one.code}+{other.code}", f"{one.label}＋{other.label}", one.inside | other.inside)
