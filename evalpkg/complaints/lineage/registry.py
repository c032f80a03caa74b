"""Themes from round to round under ids that stay: what persists, changed, split, merged, is new or gone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.complaints.coding import Coded
from evalpkg.complaints.lineage.descent import GONE, Row, Wording, descent, wording, written
from evalpkg.complaints.lineage.file import FILE, lineage, path_of, read, write
from evalpkg.complaints.lineage.matching import MATCHED, likeness
from evalpkg.complaints.others import NAMED_BY, others
from evalpkg.survey import Survey

__all__ = ["read", "register", "registry", "update", "write"]

_FOUND_IN = re.compile(r"N(\d{4}H[12])-")


def registry(
    said: Coded | None, found: estimate.Result | None = None, kept: pd.DataFrame | None = None
) -> estimate.Result | None:
    """Give the status of every theme in this round against the last.

    A theme of the lexicon keeps its id, so what is asked is whether that which is filed under it still reads as before.
    Groups of other complaints are matched with those of all earlier rounds, see `descent.descent`.

    Parameters
    ----------
    said
    found
        What `others.others` found in it; found here where omitted.
    kept
        The registry as `read` gives it; read from the workspace where omitted.

    Returns
    -------
    Result or None
        Keys `kind` ("theme", "cluster"), `id`, `label` (the name that a person gave, else that of the lexicon, else the
        first words), `status`, `parent` (where a split one comes from, where a merged one went); the share now with its
        interval and `count`; `before`, `before_count`, `before_n` of last round; `similarity` of the wording to last
        round (of a group: to all earlier ones) and `fresh` (of the texts nearest to those of a group, what was said in
        this round), per cent, NaN where there is nothing to compare or fewer than k respondents stand on one side;
        `words` of groups. Statuses: "persists"; "changed", still named but no longer resembling itself, to be looked at;
        "split"; "merged"; "new"; "gone", named by fewer than k respondents. What k respondents never named is left
        out. `extra`: `last`, the round before, and `notes`. None without an earlier round, or where nothing is coded.

    Raises
    ------
    ParamsError
        The registry file is faulty.
    """
    if said is None or not said.history.rounds:
        return None
    survey, last = said.survey, said.history.rounds[-1]
    known = read(survey.round.root, survey.round.lexicon) if kept is None else kept
    words = wording(said)
    carried = descent(words, found or others(said), known)
    rows = {**_themes(words), **carried.rows}
    named = {str(row["id"]): str(row["name"]) for row in known.to_dict("records") if row["name"]}
    labels = {**said.labels, **named}
    keys = pd.DataFrame(
        {
            "kind": ["theme" if one in said.lexicon else "cluster" for one in rows],
            "id": list(rows),
            "label": [labels.get(one, "、".join(row.words[:NAMED_BY])) for one, row in rows.items()],
            "status": [row.status for row in rows.values()],
            "parent": [row.parent for row in rows.values()],
        }
    )
    table = _with_shares(keys, words, carried.ids, survey, last).assign(
        similarity=[100 * row.similarity for row in rows.values()],
        fresh=[100 * row.fresh for row in rows.values()],
        words=["、".join(row.words) for row in rows.values()],
    )
    extra = {"last": last.round.id, "notes": said.history.missing}
    return estimate.Result(table, "registry", "%", "全部有效答卷的企业", survey.n, extra)


def update(kept: pd.DataFrame, said: Coded, found: estimate.Result | None = None) -> pd.DataFrame:
    """Propose the registry after this round; nothing is written (`write`).

    Rows of `kept` stay, with the names, notes and columns of people; themes of the lexicon and groups that are to be
    told of are added, groups without a name: a person gives it. `since` is the first round in which k respondents named
    a theme, or a group was found, unless it is written already; `evidence` holds words that k respondents use, by which
    a group is found again.

    Parameters
    ----------
    kept
        The registry as `read` gives it.
    said
    found
        What `others.others` found in it; found here where omitted.
    """
    result = registry(said, found, kept)
    seen: dict[str, dict[str, Any]] = {}
    if result is not None:
        seen = {
            str(row["id"]): {str(c): cell for c, cell in row.items()}
            for row in result.table.to_dict("records")
        }
    last = "" if result is None else str(result.extra["last"])
    rows = {str(row["id"]): {str(c): str(cell) for c, cell in row.items()} for row in kept.to_dict("records")}
    for code, theme in said.lexicon.items():
        rows.setdefault(code, {"id": code, "name": theme.label})
    for one in seen:
        rows.setdefault(one, {"id": one})
    first = _since(said)
    for one, row in rows.items():
        if not row.get("since"):
            row["since"] = first.get(one) or (_found_in(one, said.survey.round.id) if one in seen else "")
        if one in seen:
            row["status"] = str(seen[one]["status"])
            used = seen[one]["words"] or "、".join(sorted(written(row.get("evidence", ""))))
            row["evidence"] = _evidence({**seen[one], "words": used}, last, said.survey)
        elif one in first and not row.get("status"):
            row["status"] = "new"  # of the first round there is
    for one in seen:
        _attach(one, str(seen[one]["parent"]), rows)
    return pd.DataFrame(list(rows.values()), columns=list(kept.columns), dtype=str).fillna("")


def register(said: Coded) -> list[str]:
    """Bring the registry of a workspace up to date with a round, and say in Chinese lines what a person has to do.

    Raises
    ------
    ParamsError
        The file that is there is faulty; it is left as it is.
    """
    survey = said.survey
    path = path_of(survey.round.root)
    kept = read(survey.round.root, survey.round.lexicon)
    new = update(kept, said)
    write(path, new)
    nameless = new[new["name"] == ""]
    lines = [f"已登记到 {path}：{len(new)} 类，其中 {len(new) - len(kept)} 类是这次加上的"]
    lines += [
        f"{row['id']}（{row['evidence'].split('；')[0]}）：还没有名称，请看过意见，在 {FILE} 的 name 一列起名，页面就用这个名称"
        for row in nameless.to_dict("records")
    ]
    return lines


def _themes(words: Wording) -> dict[str, Row]:
    """Compare what is filed under each theme of the lexicon in this round and in the last."""
    said, k = words.said, words.said.survey.round.k
    codes = list(said.lexicon)
    counts = _counts(said, codes)
    place = words.pieces["theme"].map({code: number for number, code in enumerate(codes)}).fillna(-1)
    theme = place.to_numpy(dtype=np.intp)
    last = np.where(words.of([said.history.rounds[-1]]), theme, -1)
    now = np.where(words.of([said.survey]), theme, -1)
    alike = likeness(words.shared, last, now).freed
    rows = {}
    for number, code in enumerate(codes):
        enough = counts[number] >= k
        if enough.any():
            similarity = float(alike[number, number]) if enough[-2:].all() else np.nan
            rows[code] = Row(_status(enough, similarity), similarity=similarity)
    return rows


def _status(enough: NDArray[np.bool_], similarity: float) -> str:
    """Status of a theme that k respondents named in some rounds and not in others, this one last.

    >>> _status(np.array([True, True]), 0.9), _status(np.array([True, True]), 0.4)
    ('persists', 'changed')
    >>> _status(np.array([False, True]), np.nan), _status(np.array([True, False]), np.nan)
    ('new', 'gone')
    """
    if not enough[-1]:
        return GONE
    if not enough[:-1].any():
        return "new"
    return "changed" if similarity < MATCHED else "persists"


def _counts(said: Coded, codes: Sequence[str]) -> NDArray[np.int64]:
    """Respondents who name each theme in each round, (themes, rounds)."""
    return np.column_stack([said.holds(survey, codes).sum(axis=0).astype(int) for survey in said.surveys])


def _with_shares(
    keys: pd.DataFrame, words: Wording, ids: pd.Series, survey: Survey, last: Survey
) -> pd.DataFrame:
    """Put the shares of this round and of the last beside the keys."""
    now, before = _holds(words, ids, keys, survey), _holds(words, ids, keys, last)
    shares, level = estimate.share(now, survey.design), survey.round.level
    table = estimate.tidy(keys, shares, level, factor=100.0, count=now.sum(axis=0).astype(int))
    return table.assign(
        before=100 * estimate.share(before, last.design).estimate,
        before_count=before.sum(axis=0).astype(int),
        before_n=last.n,
    )


def _holds(words: Wording, ids: pd.Series, keys: pd.DataFrame, survey: Survey) -> NDArray[np.float64]:
    """Tell whether each respondent of a round names each id, (n, k) of 0 and 1."""
    here = words.of([survey])
    group = ids.reindex(words.pieces.index).fillna("")[here]
    filed = group.where(group != "", words.pieces.loc[here, "theme"])
    named = pd.crosstab(words.pieces.loc[here, "rid"], filed).gt(0)
    named = named.reindex(index=survey.responses.index, columns=list(keys["id"]), fill_value=False)
    return named.to_numpy(dtype=float)


def _since(said: Coded) -> dict[str, str]:
    """First round in which k respondents named each theme of the lexicon."""
    codes = list(said.lexicon)
    enough = _counts(said, codes) >= said.survey.round.k
    rounds = [survey.round.id for survey in said.surveys]
    return {code: rounds[int(row.argmax())] for code, row in zip(codes, enough, strict=True) if row.any()}


def _found_in(one: str, this: str) -> str:
    found = _FOUND_IN.match(one)
    return found[1] if found else this


def _evidence(row: Mapping[str, Any], last: str, survey: Survey) -> str:
    """Write down what speaks for a status, nothing that fewer than k respondents stand behind."""
    k = survey.round.k
    parts = [f"词：{row['words']}"] if row["words"] else []
    parts += [f"相似度 {row['similarity']:.0f}%"] if np.isfinite(row["similarity"]) else []
    for round_id, share, count in (
        (last, row["before"], row["before_count"]),
        (survey.round.id, row["estimate"], row["count"]),
    ):
        parts.append(f"{round_id} {share:.1f}%" if count >= k else f"{round_id} 不足 {k} 家")
    return "；".join(parts)


def _attach(one: str, parent: str, rows: dict[str, dict[str, str]]) -> None:
    """Write down a parent, unless that made a theme descend from itself: of two that split and merged, the first stays."""
    parents = {name: row.get("parent", "") for name, row in rows.items()} | {one: parent}
    if parent in rows and one not in lineage(one, parents):
        rows[one]["parent"] = parent
