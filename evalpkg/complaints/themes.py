"""Themes of a round's remarks: how many respondents name each, in which words, about which departments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalpkg import estimate
from evalpkg.complaints.coding import REST, Coded, coded
from evalpkg.complaints.copies import copies
from evalpkg.complaints.departments import Aliases, named, without_names
from evalpkg.complaints.features import match_keys
from evalpkg.complaints.labels import label_words
from evalpkg.complaints.lexicon import Theme
from evalpkg.text import clean, fold, unmasked, words

if TYPE_CHECKING:
    from evalpkg.survey import Survey

KINDS = {"complaint": "写了具体问题", "praise": "表扬", "non_answer": "没有具体意见"}
BY_DUTY = "（按职责）"


def themes(survey: Survey, said: Coded | None = None) -> estimate.Result | None:
    """Give the share of respondents who name each theme in their remarks.

    Remarks are split into complaints; non-answers and praise are set aside and counted. Every complaint gets a theme
    of the lexicon (`guided`); a respondent counts once a theme, and the denominator is all respondents.

    Parameters
    ----------
    survey
    said
        Its remarks as `coding.coded` gives them, alone or with earlier rounds; coded here, alone, where omitted.

    Returns
    -------
    Result or None
        Keys `theme`, `label`; the share, its interval, `count`; `words` used by at least k respondents of the theme;
        `departments` that at least k respondents of the theme name, else those in charge of it, marked （按职责）. Most
        named first, other complaints last. `extra`: `writers` (respondents, unless under k), `among_writers` (the
        shares among those who wrote), `kinds` (respondents by kind of remark), `copied` (respondents whose text is
        nearly another's, by theme), `lead` of the first theme over the second. None as `coded`.

    Raises
    ------
    ParamsError
        The lexicon is missing or faulty.
    """
    said = said or coded(survey)
    return None if said is None else _result(survey, said)


def mentions(said: Coded | None) -> pd.DataFrame | None:
    """Tell who names which theme, to compare them with those who do not (`drivers.reported`).

    Returns
    -------
    DataFrame or None
        All respondents (index rid) x theme, 0 or 1; other complaints are no theme, but all count in the last
        column, ``wrote``: whether the respondent complains of anything; ``attrs["labels"]`` names the themes. It stays
        in the house, as a remark does. None where there is nothing coded.
    """
    if said is None:
        return None
    complaints = said.complaints(said.survey)
    codes = [theme for theme in said.lexicon if theme in set(complaints["theme"])]
    index = said.survey.responses.index
    named = pd.DataFrame(said.holds(said.survey, codes), index=index, columns=codes)
    named = named.assign(wrote=index.isin(complaints["rid"])).astype(int)
    named.attrs["labels"] = {theme: said.labels[theme] for theme in codes}
    return named


def _result(survey: Survey, said: Coded) -> estimate.Result:
    complaints, known = said.complaints(survey), said.aliases
    keys = _keys(complaints, said.labels)
    holds = said.holds(survey, keys["theme"].tolist())
    count = holds.sum(axis=0).astype(int)
    shares = estimate.share(holds, survey.design)
    level, k = survey.round.level, survey.round.k
    table = estimate.tidy(keys, shares, level, factor=100.0, count=count)
    table["words"] = _words(complaints, keys["theme"], k, known)
    table["departments"] = _departments(survey, complaints, keys["theme"], said.lexicon, known)
    among = [theme != REST for theme in keys["theme"]]
    extra = {
        **_writers(survey, said.of(survey), holds, keys),
        **estimate.lead(shares, level, factor=100.0, among=among),
        "copied": _copied(survey, complaints, keys),
    }
    return estimate.Result(_sorted(table), "themes", "%", "全部有效答卷的企业", survey.n, extra)


def _keys(complaints: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """Themes that somebody names, in the order of the lexicon, other complaints last."""
    present = set(complaints["theme"])
    codes = [code for code in labels if code in present]
    return pd.DataFrame({"theme": codes, "label": [labels[code] for code in codes]})


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
