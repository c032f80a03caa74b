"""What is odd about the answers of a file as a whole, though every cell can be read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evalpkg.codebook import Codebook
from evalpkg.ingest.answers import Answers, Floats
from evalpkg.ingest.problems import Problem

SMALL_SCALE = (
    10.0  # where a scale goes on to at least twice this, answers that all stay below are of another one
)
ENOUGH = 30  # scores, or forms, from which a file as a whole can be judged
RATED = 5  # departments that a form must rate to be called a straight line
MANY = 0.1  # of the forms


def oddities(file: str, given: Mapping[str, Answers], book: Codebook) -> list[Problem]:
    """List what is odd about the answers of one file: its scale, scores that are all alike, a single size class.

    Returns
    -------
    list of Problem
        E-SCALE refuses: every score lies in the lowest part of the scale that the codebook names, as where marks of 1 to 5 are
        read as per cent. The rest warn.
    """
    ratings = [item for item in book.by_role("rating") if item.code in given]
    found = []
    if ratings:
        scores = np.column_stack([given[item.code].numbers for item in ratings])
        top = max((item.scale.high for item in ratings if item.scale), default=0.0)
        found += _scores(file, scores, top)
    size = book.one("size")
    known = [] if size is None or size.code not in given else [c for c in given[size.code].first if c]
    if len(known) >= ENOUGH and len(set(known)) == 1:
        found.append(
            Problem("W-STRATA", file, "全部答卷是同一种规模，不能按规模加权；请检查是不是只导出了一部分")
        )
    return found


def _scores(file: str, scores: Floats, top: float) -> list[Problem]:
    known = scores[~np.isnan(scores)]
    if len(known) < ENOUGH:
        return []
    if top >= 2 * SMALL_SCALE and known.max() <= SMALL_SCALE:
        said = f"打分最高只有 {known.max():g}，而问卷说明里满分是 {top:g}；请在问卷说明里改正这道题的刻度"
        return [Problem("E-SCALE", file, said)]
    if len(np.unique(known)) == 1:
        return [Problem("W-CONSTANT", file, "全部打分都是同一个数，分不出任何差别；请检查导出是否正确")]
    many = scores[(~np.isnan(scores)).sum(axis=1) >= RATED]
    share = float((np.nanmax(many, axis=1) == np.nanmin(many, axis=1)).mean()) if len(many) else 0.0
    if share < MANY:
        return []
    return [
        Problem(
            "W-STRAIGHTLINE",
            file,
            f"{share:.0%} 的答卷给所有部门打同一个分；照常读入，页面另列去掉疑点后的结果",
        )
    ]
