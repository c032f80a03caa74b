"""Themes of a round's remarks: how many respondents name each, in which words, about which departments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.complaints.copies import copies
from evalpkg.complaints.departments import Aliases, aliases, named, without_names
from evalpkg.complaints.features import match_keys
from evalpkg.complaints.guided import OTHER, guided
from evalpkg.complaints.labels import label_words
from evalpkg.complaints.lexicon import Theme, read
from evalpkg.text import clean, fold, kind, split, unmasked, words

if TYPE_CHECKING:
    from evalpkg.survey import Survey

REST = "OTHER"  # code of the complaints that belong to no theme
KINDS = {"complaint": "写了具体问题", "praise": "表扬", "non_answer": "没有具体意见"}
BY_DUTY = "（按职责）"


def themes(survey: Survey) -> estimate.Result | None:
    """Give the share of respondents who name each theme in their remarks.

    Remarks are split into complaints; non-answers and praise are set aside and counted. Every complaint gets a theme
    of the lexicon (`guided`); a respondent counts once a theme, and the denominator is all respondents.

    Returns
    -------
    Result or None
        Keys `theme`, `label`; the share, its interval, `count`; `words` used by at least k respondents of the theme;
        `departments` that at least k respondents of the theme name, else those in charge of it, marked （按职责）. Most
        named first, other complaints last. `extra`: `writers` (respondents, unless under k), `among_writers` (the
        shares among those who wrote), `kinds` (respondents by kind of remark), `copied` (respondents whose text is
        nearly another's, by theme), `lead` of the first theme over the second, and `coded`, the complaints with rid
        and theme, which never leaves the house. None where the survey asked for no remarks, nobody wrote, or no
        word of the lexicon occurs (a language it does not know).

    Raises
    ------
    ParamsError
        The lexicon is missing or faulty.
    """
    if not survey.codebook.by_role("remark") or survey.remarks.empty:
        return None
    lexicon = read(survey.round.root, survey.round.lexicon)
    known = aliases(survey.codebook.departments)
    coded = code(survey.remarks, lexicon, survey.round.seed_for("themes"))
    if not (coded["theme"].isin(list(lexicon))).any():
        return None
    return _result(survey, coded, lexicon, known)


def mentions(survey: Survey, result: estimate.Result | None) -> pd.DataFrame | None:
    """Tell who names which theme, to compare them with those who do not (`drivers.reported`).

    Parameters
    ----------
    survey
    result
        What `themes` found in this survey.

    Returns
    -------
    DataFrame or None
        All respondents (index rid) x theme, 0 or 1; other complaints are no theme, but all count in the last
        column, ``wrote``: whether the respondent complains of anything; ``attrs["labels"]`` names the themes. It stays
        in the house, as a remark does. None where `themes` found nothing.

    Raises
    ------
    ValueError
        The result is not of `themes`, or of another survey.
    """
    if result is None:
        return None
    coded = result.extra.get("coded")
    if coded is None or not set(coded["rid"]) <= set(survey.responses.index):
        raise ValueError("企业提到的主题：结果不是由这一轮的 complaints.themes 得来的；请传入同一轮的结果")
    complaints = coded[coded["kind"] == "complaint"]
    codes = [theme for theme in result.table["theme"] if theme != REST]
    named = pd.DataFrame(_holds(survey, complaints, codes), index=survey.responses.index, columns=codes)
    said = named.assign(wrote=survey.responses.index.isin(complaints["rid"])).astype(int)
    said.attrs["labels"] = result.table.set_index("theme")["label"].to_dict()
    return said


def code(remarks: pd.DataFrame, lexicon: dict[str, Theme], seed: int) -> pd.DataFrame:
    """Split remarks and give each piece a kind, and each complaint a theme.

    Parameters
    ----------
    remarks
        Columns rid, item, text, personal data masked.
    lexicon
        Themes by code.
    seed
        For `guided`.

    Returns
    -------
    DataFrame
        Columns rid, item, text (a piece), kind, theme ("" where the piece is no complaint).
    """
    rows = [
        (rid, item, piece)
        for rid, item, text in remarks[["rid", "item", "text"]].itertuples(index=False)
        for piece in split(text) or [clean(text)]
    ]
    coded = pd.DataFrame(rows, columns=["rid", "item", "text"])
    coded["kind"] = [kind(text) for text in coded["text"]]
    coded["theme"] = ""
    complaint = coded["kind"] == "complaint"
    said = [unmasked(text) for text in coded.loc[complaint, "text"]]
    found = guided(said, {theme.code: theme.seeds for theme in lexicon.values()}, seed=seed)
    coded.loc[complaint, "theme"] = [REST if theme == OTHER else theme for theme in found]
    return coded


def _result(
    survey: Survey, coded: pd.DataFrame, lexicon: dict[str, Theme], known: Aliases
) -> estimate.Result:
    complaints = coded[coded["kind"] == "complaint"]
    keys = _keys(complaints, lexicon)
    holds = _holds(survey, complaints, keys["theme"].tolist())
    count = holds.sum(axis=0).astype(int)
    shares = estimate.share(holds, survey.design)
    level, k = survey.round.level, survey.round.k
    table = estimate.tidy(keys, shares, level, factor=100.0, count=count)
    table["words"] = _words(complaints, keys["theme"], k, known)
    table["departments"] = _departments(survey, complaints, keys["theme"], lexicon, known)
    among = [theme != REST for theme in keys["theme"]]
    extra = {
        **_writers(survey, coded, holds, keys),
        **estimate.lead(shares, level, factor=100.0, among=among),
        "copied": _copied(survey, complaints, keys),
        "coded": coded,
    }
    return estimate.Result(_sorted(table), "themes", "%", "全部有效答卷的企业", survey.n, extra)


def _keys(complaints: pd.DataFrame, lexicon: dict[str, Theme]) -> pd.DataFrame:
    """Themes that somebody names, in the order of the lexicon, other complaints last."""
    present = set(complaints["theme"])
    labels = {**{theme.code: theme.label for theme in lexicon.values()}, REST: OTHER}
    codes = [code for code in labels if code in present]
    return pd.DataFrame({"theme": codes, "label": [labels[code] for code in codes]})


def _holds(survey: Survey, complaints: pd.DataFrame, codes: list[str]) -> NDArray[np.float64]:
    """Tell whether each respondent (rows) names each theme (columns), 0 or 1; other counts for lack of a theme."""
    holds = pd.crosstab(complaints["rid"], complaints["theme"]).gt(0)
    if REST in holds:
        # A wish or a closing sentence often has no theme of its own.
        holds[REST] &= ~holds.drop(columns=REST).any(axis=1)
    return holds.reindex(index=survey.responses.index, columns=codes, fill_value=False).to_numpy(dtype=float)


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    order = table.assign(rest=table["theme"] == REST).sort_values(
        ["rest", "estimate"], ascending=[True, False], kind="stable"
    )
    return order.drop(columns="rest").reset_index(drop=True)


def _words(complaints: pd.DataFrame, codes: pd.Series, k: int, known: Aliases) -> list[str]:
    used = (
        (theme, rid, words(without_names(fold(clean(unmasked(text))), known)))
        for theme, rid, text in complaints[["theme", "rid", "text"]].itertuples(index=False)
    )
    found = label_words(used, k)
    return ["" if theme == REST else "、".join(found[theme]) for theme in codes]


def _departments(
    survey: Survey, complaints: pd.DataFrame, codes: pd.Series, lexicon: dict[str, Theme], known: Aliases
) -> list[str]:
    """Departments that at least k respondents name in complaints of a theme, else those in charge."""
    table = survey.codebook.departments
    short = dict(zip(table["code"], table["short"], strict=True))
    mentions = pd.DataFrame(
        [
            (theme, rid, department)
            for theme, rid, text in complaints[["theme", "rid", "text"]].itertuples(index=False)
            for department in named(text, known)
        ],
        columns=["theme", "rid", "department"],
    ).drop_duplicates()
    respondents = mentions.groupby(["theme", "department"]).size()
    enough = respondents[respondents >= survey.round.k].sort_values(ascending=False, kind="stable")
    return [_concerned(theme, enough, lexicon, short) for theme in codes]


def _concerned(theme: str, enough: pd.Series, lexicon: dict[str, Theme], short: dict[str, str]) -> str:
    if theme in enough.index.get_level_values("theme"):
        return "、".join(short[code] for code in enough[theme].index)
    duty = [short[code] for code in lexicon[theme].departments if code in short] if theme in lexicon else []
    return "、".join(duty) + BY_DUTY if duty else ""


def _writers(
    survey: Survey, coded: pd.DataFrame, holds: NDArray[np.float64], keys: pd.DataFrame
) -> dict[str, object]:
    """Count who wrote what, and give the shares among those who wrote."""
    by_kind = {name: set(coded.loc[coded["kind"] == name, "rid"]) for name in KINDS}
    wrote = by_kind["complaint"] | by_kind["praise"]
    by_kind["non_answer"] -= wrote
    inside = survey.responses.index.isin(list(wrote))
    share = estimate.share(np.where(inside[:, None], holds, np.nan), survey.design)
    among = estimate.tidy(keys, share, survey.round.level, factor=100.0, count=holds.sum(axis=0).astype(int))
    counted = [len(by_kind[name]) for name in KINDS]
    kinds = pd.DataFrame(
        {"kind": list(KINDS), "label": list(KINDS.values()), "count": counted, "n": survey.n}
    )
    few = len(wrote) < survey.round.k
    return {"among_writers": _sorted(among), "kinds": kinds} | ({} if few else {"writers": len(wrote)})


def _copied(survey: Survey, complaints: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Respondents, by theme, who handed in nearly the same words as another: a possible campaign."""
    group = copies(match_keys(complaints["text"].tolist()), complaints["rid"].tolist())
    people = complaints[group >= 0].groupby("theme")["rid"].nunique()
    count = people.reindex(keys["theme"], fill_value=0).to_numpy()
    return keys.assign(count=count, n=survey.n)
