"""How satisfied enterprises are, whether things got better, what troubles them, how appeals went.

Every function takes a `Survey` and returns an `estimate.Result`, or None when the survey did not ask or
nobody answered. Scores are means on 0-100, shares are per cent of the respondents who answered; all are
weighted, with design-based intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

WEIGHTINGS = {"enterprise": "按企业计", "employment": "按从业人员计"}
DIRECTIONS = {"better": "变好", "same": "持平", "worse": "变差"}


def overall(survey: Survey) -> estimate.Result | None:
    """Give the mean of overall satisfaction: one row, keys `item`, `label`."""
    item = _asked(survey, "outcome")
    return _scores(survey, [item] if item else [], "overall")


def environments(survey: Survey) -> estimate.Result | None:
    """Give the mean satisfaction with each environment (market, law, ...), in printed order."""
    return _scores(survey, survey.codebook.by_role("environment"), "environments")


def by(survey: Survey, column: str) -> estimate.Result | None:
    """Give the mean of overall satisfaction in each group of one column.

    Parameters
    ----------
    survey
        A survey with an ``outcome`` item.
    column
        Column of ``survey.responses`` such as ``"size"``, ``"district"`` or ``"mode"``.

    Returns
    -------
    Result or None
        Keys `group` (code) and `label`; groups in the order of the questionnaire, only those in which
        somebody answered. `extra["cov"]` is the covariance of the rows. None also without the column.
    """
    item = _asked(survey, "outcome")
    if item is None or column not in survey.responses:
        return None
    values, group = item.to100(survey.responses[item.code]), survey.responses[column]
    labels = _group_labels(survey, column)
    present = set(group[~np.isnan(values)].dropna())
    groups = [*(code for code in labels if code in present), *sorted(present - set(labels))]
    if not groups:
        return None
    within = np.column_stack([np.where(group == code, values, np.nan) for code in groups])
    keys = _keys("group", {code: labels.get(code, str(code)) for code in groups})
    return _means(survey, f"by_{column}", _base(item), keys, within)


def change(survey: Survey) -> estimate.Result | None:
    """Give the shares who see things better, the same or worse than half a year ago (key `direction`)."""
    return _directions(survey, "change")


def business_trend(survey: Survey) -> estimate.Result | None:
    """Give the shares whose own business got better, stayed the same, got worse (key `direction`)."""
    return _directions(survey, "business_trend")


def difficulties(survey: Survey) -> estimate.Result | None:
    """Give the share of respondents who ticked each difficulty.

    Returns
    -------
    Result or None
        Keys `option`, `label`, `exclusive` (True for "no difficulty", which excludes the others), then the
        share, its interval and `count`; most ticked first, the exclusive option last.
    """
    item = survey.codebook.one("difficulty")
    options = [] if item is None else [o for o in item.options if f"{item.code}.{o}" in survey.responses]
    if item is None or not options:
        return None
    ticks = survey.responses[[f"{item.code}.{option}" for option in options]].to_numpy(dtype=float)
    keys = _keys("option", {option: item.options[option] for option in options})
    keys["exclusive"] = keys["option"] == item.exclusive
    result = _shares(survey, "difficulties", _base(item), keys, ticks)
    return None if result is None else _sorted(result, ["exclusive", "estimate"], [True, False])


def most_urgent(survey: Survey) -> estimate.Result | None:
    """Give the share who name each difficulty as the most urgent (`option`, `label`), most named first."""
    item = _asked(survey, "difficulty_top")
    result = None if item is None else _options(survey, item, "most_urgent", _real_options(survey, item))
    return None if result is None else _sorted(result, ["estimate"], [False])


def appeals(survey: Survey) -> estimate.Result | None:
    """Give the experience with appeals: three rows, key `question`.

    `used`: share who raised an appeal through any channel; `solved`: of those asked how it ended, the share
    whose appeal was wholly solved; `satisfied`: of those who rated the handling, the share above the scale's
    middle. Denominators differ: see `n`. Questions that the survey did not ask are left out.
    """
    parts = [
        ("used", "反映过诉求", _used_channel(survey)),
        ("solved", "诉求完全解决", _solved(survey)),
        ("satisfied", "对办理满意", _satisfied(survey)),
    ]
    asked = [(question, label, y) for question, label, y in parts if y is not None]
    if not asked:
        return None
    keys = _keys("question", {question: label for question, label, _ in asked})
    return _shares(survey, "appeals", "回答了该题的企业", keys, np.column_stack([y for *_, y in asked]))


def appeal_channels(survey: Survey) -> estimate.Result | None:
    """Give the share of all who answered that went through each channel (keys `option`, `label`)."""
    item = _asked(survey, "appeal_channel")
    if item is None:
        return None
    return _options(survey, item, "appeal_channels", [o for o in item.options if o != _no_channel(item)])


def appeal_results(survey: Survey) -> estimate.Result | None:
    """Give, of those who appealed, the share at each degree of solution (`option`, `label`)."""
    item = _asked(survey, "appeal_solved")
    return None if item is None else _options(survey, item, "appeal_results", list(item.options))


def sensitivity(survey: Survey) -> estimate.Result | None:
    """Give overall satisfaction with and without the weights: two rows, key `weighting`."""
    item = _asked(survey, "outcome")
    if item is None:
        return None
    design, values = survey.design, item.to100(survey.responses[item.code])
    equal = estimate.Design(np.ones(design.n), clusters=design.clusters, strata=design.strata)
    rows = [
        estimate.tidy(_keys("weighting", {key: label}), estimate.mean(values, d), survey.round.level)
        for key, label, d in [("weighted", "加权", design), ("unweighted", "不加权", equal)]
    ]
    table = pd.concat(rows, ignore_index=True)
    return estimate.Result(table, "sensitivity", "分", _base(item), len(survey.responses))


def estimands(survey: Survey) -> estimate.Result | None:
    """Give overall satisfaction as enterprises see it and as weighted by the persons they employ.

    Returns
    -------
    Result or None
        Two rows, keys `weighting` ("enterprise", "employment") and `label`, each with the interval of its own design.
        `extra`: `difference` (employment minus enterprise) with `difference_low`, `difference_high`, from the
        covariance of the two weightings of the same respondents; `deff_enterprise`, `deff_employment` (Kish). None
        where the population's employment is not known.
    """
    item = _asked(survey, "outcome")
    if item is None or survey.employment is None:
        return None
    designs, level = [survey.design, survey.employment], survey.round.level
    both = estimate.under_weightings(item.to100(survey.responses[item.code]), designs)
    effects = [estimate.design_effect(design.weights) for design in designs]
    extra = {
        "cov": both.cov,
        **estimate.compared("difference", both, [-1, 1], level),
        **{f"deff_{key}": effect for key, effect in zip(WEIGHTINGS, effects, strict=True)},
    }
    table = estimate.tidy(_keys("weighting", WEIGHTINGS), both, level)
    return estimate.Result(table, "estimands", "分", _base(item), len(survey.responses), extra)


def difficulty_estimands(survey: Survey, *, most: int = 3) -> estimate.Result | None:
    """Give the most ticked difficulties as shares of enterprises and of the persons they employ.

    Parameters
    ----------
    survey
    most
        How many difficulties, by their share of enterprises.

    Returns
    -------
    Result or None
        Two rows a difficulty: keys `option`, `label`, `weighting`, `weighting_label`, then the share, its interval,
        `count`. `extra["differences"]`: a row a difficulty, employment minus enterprise in percentage points.
    """
    item, ticked = survey.codebook.one("difficulty"), difficulties(survey)
    if item is None or ticked is None or survey.employment is None:
        return None
    options = ticked.table[~ticked.table["exclusive"]].head(most)[["option", "label", "count"]]
    if options.empty:
        return None
    y = survey.responses[[f"{item.code}.{option}" for option in options["option"]]].to_numpy(dtype=float)
    both = estimate.under_weightings(y, [survey.design, survey.employment], estimate.share)
    return estimate.Result(
        _beside(options, both, survey.round.level),
        "difficulty_estimands",
        "%",
        _base(item),
        len(survey.responses),
        {"differences": _differences(options, both, survey.round.level)},
    )


def _beside(options: pd.DataFrame, both: estimate.Estimate, level: float) -> pd.DataFrame:
    """Put the two weightings of one difficulty side by side; `both` holds all of the first, then of the second."""
    weightings = pd.DataFrame(WEIGHTINGS.items(), columns=["weighting", "weighting_label"])
    keys = weightings.merge(options, how="cross")[
        ["option", "label", "weighting", "weighting_label", "count"]
    ]
    table = estimate.tidy(keys.drop(columns="count"), both, level, factor=100.0, count=keys["count"])
    order = np.arange(len(table)).reshape(len(WEIGHTINGS), -1).T.ravel()
    return table.loc[order].reset_index(drop=True)


def _differences(options: pd.DataFrame, both: estimate.Estimate, level: float) -> pd.DataFrame:
    one = np.eye(len(options))
    unlike = estimate.contrast(both, np.hstack([-one, one]))
    keys = options[["option", "label"]]
    return estimate.tidy(keys, unlike, level, factor=100.0, count=options["count"])


def _asked(survey: Survey, role: str) -> Item | None:
    """Return the item of a role if the survey asked it and somebody answered."""
    item = survey.codebook.one(role)
    return item if item is not None and _answered(survey, item) else None


def _answered(survey: Survey, item: Item) -> bool:
    return item.code in survey.responses and bool(survey.responses[item.code].notna().any())


def _scores(survey: Survey, items: list[Item], name: str) -> estimate.Result | None:
    items = [item for item in items if _answered(survey, item)]
    if not items:
        return None
    values = np.column_stack([item.to100(survey.responses[item.code]) for item in items])
    keys = _keys("item", {item.code: item.label for item in items})
    base = _base(items[0]) if len(items) == 1 else "回答了该项的企业"
    return _means(survey, name, base, keys, values)


def _base(item: Item) -> str:
    return f"回答了“{item.label}”的企业"


def _keys(name: str, labels: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({name: list(labels), "label": list(labels.values())})


def _means(survey: Survey, name: str, base: str, keys: pd.DataFrame, y: np.ndarray) -> estimate.Result:
    """Return a result for the columns of `y` (n, k), scores on 0-100, NaN = outside the row's domain."""
    means = estimate.mean(y, survey.design)
    table = estimate.tidy(keys, means, survey.round.level)
    return estimate.Result(table, name, "分", base, len(survey.responses), {"cov": means.cov})


def _shares(
    survey: Survey, name: str, base: str, keys: pd.DataFrame, y: np.ndarray
) -> estimate.Result | None:
    """Return a result for the columns of `y` (n, k): 1 has the attribute, 0 has not, NaN not asked, blank."""
    if np.isnan(y).all():
        return None
    count = np.nansum(y, axis=0).astype(int)
    shares = estimate.share(y, survey.design)
    table = estimate.tidy(keys, shares, survey.round.level, factor=100.0, count=count)
    extra = {"cov": shares.cov * 100**2, **_comparisons(survey, keys, shares)}
    return estimate.Result(table, name, "%", base, len(survey.responses), extra)


def _comparisons(survey: Survey, keys: pd.DataFrame, shares: estimate.Estimate) -> dict[str, float]:
    """Compare better with worse (`net`), the largest share with the second (`lead`), in percentage points."""
    level = survey.round.level
    if "direction" in keys:
        net = keys["direction"].map({"better": 1.0, "same": 0.0, "worse": -1.0}).to_numpy()
        return estimate.compared("net", shares, net, level, factor=100.0)
    if "option" not in keys:  # rows that ask different things have no first and second
        return {}
    among = None if "exclusive" not in keys else ~keys["exclusive"].to_numpy(dtype=bool)
    return estimate.lead(shares, level, factor=100.0, among=among)


def _sorted(result: estimate.Result, columns: list[str], ascending: list[bool]) -> estimate.Result:
    """Sort the rows; the covariance follows them."""
    order = result.table.sort_values(columns, ascending=ascending, kind="stable").index.to_numpy()
    table = result.table.loc[order].reset_index(drop=True)
    extra = {**result.extra, "cov": result.extra["cov"][np.ix_(order, order)]}
    return estimate.Result(table, result.name, result.unit, result.base, result.total, extra)


def _directions(survey: Survey, role: str) -> estimate.Result | None:
    item = _asked(survey, role)
    if item is None or item.scale is None:
        return None
    answer = survey.responses[item.code]
    side = np.sign(answer - _middle(item))
    y = np.column_stack([_indicator(answer, side == sign) for sign in (1, 0, -1)])
    return _shares(survey, role, _base(item), _keys("direction", DIRECTIONS), y)


def _options(survey: Survey, item: Item, name: str, options: list[str]) -> estimate.Result | None:
    """Share of each option of a question with one answer."""
    if not options:
        return None
    answer = _codes(survey, item)
    y = np.column_stack([_indicator(answer, answer == option) for option in options])
    keys = _keys("option", {option: item.options[option] for option in options})
    return _shares(survey, name, _base(item), keys, y)


def _indicator(answer: pd.Series, has: pd.Series) -> np.ndarray:
    """Return 1 where the respondent `has` the attribute, 0 where not, NaN without an answer."""
    return np.where(answer.isna(), np.nan, has.to_numpy(dtype=bool))


def _codes(survey: Survey, item: Item) -> pd.Series:
    """Answers as option codes; ordered options arrive as numbers."""
    answer = survey.responses[item.code]
    if not pd.api.types.is_numeric_dtype(answer):
        return answer
    return answer.map({float(option): option for option in item.options})


def _real_options(survey: Survey, item: Item) -> list[str]:
    """Options that are difficulties: not the "none" of this question or of the one it follows."""
    parent = survey.codebook.one("difficulty")
    none = {item.exclusive, parent.exclusive if parent else ""}
    return [option for option in item.options if option not in none]


def _no_channel(item: Item) -> str:
    return item.exclusive or "0"


def _used_channel(survey: Survey) -> np.ndarray | None:
    item = _asked(survey, "appeal_channel")
    if item is None:
        return None
    answer = _codes(survey, item)
    return _indicator(answer, answer != _no_channel(item))


def _solved(survey: Survey) -> np.ndarray | None:
    item = _asked(survey, "appeal_solved")
    if item is None or item.scale is None:
        return None
    answer = survey.responses[item.code]
    return _indicator(answer, answer >= item.scale.high)


def _satisfied(survey: Survey) -> np.ndarray | None:
    item = _asked(survey, "appeal_satisfaction")
    if item is None or item.scale is None:
        return None
    answer = survey.responses[item.code]
    return _indicator(answer, answer > _middle(item))


def _middle(item: Item) -> float:
    assert item.scale is not None
    return (item.scale.low + item.scale.high) / 2


def _group_labels(survey: Survey, column: str) -> dict[str, str]:
    item = survey.codebook.one(column)
    return {} if item is None else {**item.options, **{group: group for group in item.groups.values()}}
