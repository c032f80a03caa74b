"""The recipe of a round: params -> raw -> valid -> weighted = `Survey`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from evalpkg import codebook as codebooks
from evalpkg import ingest, params, weights
from evalpkg.codebook import Codebook
from evalpkg.estimate import Design
from evalpkg.params import ParamsError, Round, reference
from evalpkg.weights import Margins

DESCRIBING = ("district", "size", "industry", "chamber", "mode")
PERSONS_BY = ("size", "industry")  # what an enterprise's number of persons depends on most
CLUSTER_OF = {"chambers": "chamber", "districts": "district"}


@dataclass(frozen=True)
class Survey:
    """One round, read and weighted.

    `responses` has a row a questionnaire (index rid) with the columns district, size, industry, chamber and
    mode where they were asked; `ratings`, `contact`, `reasons` are respondents x departments; `remarks` has
    rid, item and text with personal data masked; `design` holds weights, calibration and clusters in the rows'
    order; `raking` is None when the round is not weighted; `guessed` counts, per margin, respondents who did
    not answer it and were given a category at random for weighting only; `flags` (rid x reason, bool) is what the
    raw file told about how a form was filled in; `employment` holds the weights under which a person employed
    counts, not an enterprise, None where the population's employment is not known; `sized` counts respondents whose
    size was told from other answers, and those whose own word was taken (see `ingest.sizes`), empty where the codebook
    does not say how.
    """

    round: Round
    codebook: Codebook
    responses: pd.DataFrame
    ratings: pd.DataFrame
    contact: pd.DataFrame
    reasons: pd.DataFrame
    remarks: pd.DataFrame
    design: Design
    raking: weights.RakingReport | None
    guessed: dict[str, int]
    problems: tuple[ingest.Problem, ...]
    counts: dict[str, int]
    flags: pd.DataFrame = field(default_factory=pd.DataFrame)
    employment: Design | None = None
    sized: dict[str, int] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of valid questionnaires."""
        return len(self.responses)


def open(round_id: str, root: str | Path | None = None) -> Survey:
    """Open a round: load its parameters, read its raw files, weight it to the population.

    Raises
    ------
    ParamsError, InputRefused, WeightsError
        Parameters, raw files or population margins are unusable; nothing has been written then.
    """
    round_ = params.load(round_id, root)
    return prepared(round_, ingest.read(round_))


def prepared(round_: Round, intake: ingest.Intake) -> Survey:
    """Weight a round whose raw files have been read; errors as `open`."""
    book = codebooks.load(round_.codebook, round_.root, round_.period.end)
    told = ingest.sizes(intake.responses, book)
    responses = described(intake.responses, book)
    responses = responses if told is None else responses.assign(size=told.size)
    _check_rules(responses, round_, book)
    categories, guessed = calibration(responses, round_)
    design, raking = weighted(responses, categories, round_, book)
    _check_clusters(design, round_)
    return Survey(
        round_, book, responses, intake.ratings, intake.contact, intake.reasons, intake.remarks,
        design, raking, guessed, intake.problems, intake.counts, intake.flags,
        employed(categories, round_, design), {} if told is None else told.counts,
    )  # fmt: skip


def restricted(survey: Survey, keep: np.ndarray) -> Survey:
    """Open the same survey with the kept respondents only, (n,) bool, weighted to the population anew.

    Raises
    ------
    WeightsError
        Without the others a category of the population has no respondent.
    """
    rids = survey.responses.index[keep]
    rows = {
        name: getattr(survey, name).loc[rids]
        for name in ("responses", "ratings", "contact", "reasons", "flags")
        if len(getattr(survey, name))
    }
    smaller = replace(survey, **rows, remarks=_written_by(survey.remarks, rids))
    if survey.raking is None:
        return replace(smaller, design=_rows(survey.design, keep), employment=None)
    categories, _ = calibration(smaller.responses, survey.round)
    design, raking = weighted(smaller.responses, categories, survey.round, survey.codebook)
    persons = employed(categories, survey.round, design)
    return replace(smaller, design=design, raking=raking, employment=persons)


def _written_by(remarks: pd.DataFrame, rids: pd.Index) -> pd.DataFrame:
    return remarks[remarks["rid"].isin(rids)] if "rid" in remarks else remarks


def _rows(design: Design, keep: np.ndarray) -> Design:
    clusters = None if design.clusters is None else design.clusters[keep]
    strata = None if design.strata is None else design.strata[keep]
    return Design(design.weights[keep], clusters=clusters, strata=strata)


def described(responses: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """Add the columns that describe a respondent under their role's name, industries as report groups."""
    columns = {}
    for role in DESCRIBING:
        item = book.one(role)
        if item is not None and item.code in responses:
            codes = responses[item.code]
            columns[role] = codes.map(item.groups) if item.groups else codes
    return responses.assign(**columns)


def calibration(responses: pd.DataFrame, round_: Round) -> tuple[pd.DataFrame, dict[str, int]]:
    """Categories of the raking margins, without gaps.

    A respondent who left a margin blank gets the category of a random respondent of the same size (of anybody
    where that fails); it serves for weighting only, and is counted.
    """
    columns = list(dict.fromkeys(column for margin in round_.raking for column in margin))
    absent = [column for column in columns if column not in responses]
    if absent:
        raise ParamsError(
            f"raking 用到了问卷里没有的列：{'、'.join(absent)}；可用的是 {'、'.join(DESCRIBING)}"
        )
    rng = np.random.default_rng(round_.seed_for("calibration"))
    donors = responses.get("size", pd.Series("", index=responses.index)).fillna("")
    filled = {column: _fill(responses[column], donors, rng) for column in columns}
    guessed = {column: int(responses[column].isna().sum()) for column in columns}
    frame = pd.DataFrame(filled, index=responses.index)
    return weights.collapse(frame, _rules(frame, round_)), guessed


def _check_rules(responses: pd.DataFrame, round_: Round, book: Codebook) -> None:
    """Refuse a misspelt column or category of `collapse`: it would merge nothing, and nobody would be told."""
    table = register(round_) if round_.raking else pd.DataFrame()
    for column, rule in round_.collapse.items():
        item = book.one(column)
        known = set() if item is None else {*item.options, *item.groups.values()}
        for frame in (responses, table):
            known |= set(frame[column].dropna()) if column in frame else set()
        names = "、".join(sorted(map(str, known))) or "、".join(DESCRIBING)
        unknown = [category for category in rule if category not in known]
        if unknown or not known:
            fault = f"的类别 {'、'.join(unknown)}" if known else "这一列"
            raise ParamsError(f"collapse：答卷和总体里都没有“{column}”{fault}；可用的是 {names}；请改正拼写")


def _check_clusters(design: Design, round_: Round) -> None:
    if design.n_clusters < 2 <= design.n:
        raise ParamsError(
            f"recruitment 写的是 {round_.recruitment}，但全部答卷出自同一个抽样单位，算不出误差；"
            "请改为 direct，或补充其他单位的答卷"
        )


def _rules(table: pd.DataFrame, round_: Round) -> dict[str, dict[str, str]]:
    return {column: rule for column, rule in round_.collapse.items() if column in table}


def _fill(column: pd.Series, donors: pd.Series, rng: np.random.Generator) -> pd.Series:
    filled = column.astype(object).copy()
    known = column.notna()
    for row in column.index[~known]:
        pool = column[known & (donors == donors[row])]
        filled[row] = rng.choice(np.asarray(pool if len(pool) else column[known], dtype=object))
    return filled


def weighted(
    responses: pd.DataFrame, categories: pd.DataFrame, round_: Round, book: Codebook
) -> tuple[Design, weights.RakingReport | None]:
    """Build the design: raked weights when margins are given, clusters by how firms were recruited.

    The linearisation starts from the raked weights themselves. Raking is unmoved by it (a start that already has the
    margins' factors leads to the same weights), but the residuals are then fitted where raking ended: with equal
    weights for a sample that holds forty times its share of large firms, their mean gets 13 times its true error.
    """
    item = book.one("weight")
    base = responses[item.code].to_numpy(float) if item else np.ones(len(responses))
    clusters = _clusters(responses, round_)
    if not round_.raking:
        return Design(base, clusters=clusters), None
    margins = population_margins(round_)
    final = weights.rake(categories, margins, base)
    if round_.trim is not None:
        final = weights.trim(final, round_.trim)
    calibration = weights.calibration_frame(categories, margins)
    design = Design(final, base_weights=final, calibration=calibration, clusters=clusters)
    return design, weights.report(categories, margins, final, base)


def employed(categories: pd.DataFrame, round_: Round, design: Design) -> Design | None:
    """Build the design under which a person employed counts, not an enterprise; None where they are not counted.

    Raking starts from enterprises represented times the persons that such an enterprise employs on average (by size
    and industry) and ends at the persons employed in every margin. Weights are not trimmed: few enterprises employ many.

    Raises
    ------
    ParamsError
        The margins file lacks the column that the parameters name, or it holds no numbers.
    WeightsError
        As `weights.rake`, said to be about persons.
    """
    if round_.employment is None or not round_.raking:
        return None
    table = population(round_)
    start = design.weights * _persons(categories, table, round_.employment)
    margins = _totals(table, round_, round_.employment)
    try:
        final = weights.rake(categories, margins, start)
    except weights.WeightsError as error:
        raise weights.WeightsError(f"按从业人员加权（{round_.employment}）：{error}") from error
    return Design(final, base_weights=final, calibration=design.calibration, clusters=design.clusters)


def population_margins(round_: Round) -> Margins:
    """Read the population totals of every raking margin, collapsed by the round's rules."""
    return _totals(population(round_), round_, "N")


def population(round_: Round) -> pd.DataFrame:
    """Read the population table of the round as `register`, its categories collapsed by the round's rules."""
    table = register(round_)
    return weights.collapse(table, _rules(table, round_))


def register(round_: Round) -> pd.DataFrame:
    """Read the population table of the round, a row a cell."""
    name = str(round_.margins)
    own = round_.raw / name
    table = pd.read_csv(own if own.is_file() else reference(round_.root, name), encoding="utf-8-sig")
    if "round" in table:
        table = table[table["round"] == round_.id]
    counts = ["N"] if round_.employment is None else ["N", round_.employment]
    lacking = {column for margin in round_.raking for column in margin} | set(counts)
    lacking -= set(table.columns)
    faults = [f"缺少列 {'、'.join(sorted(lacking))}"] if lacking else []
    faults += [f"没有轮次 {round_.id} 的行"] if table.empty else []
    faults += ["没有从业人员数就在参数里写 employment: null"] if round_.employment in lacking else []
    if faults:
        raise ParamsError(f"总体结构文件 {name}：{'；'.join(faults)}")
    for column in counts:
        _check_counts(table[column], name)
    return table


def _check_counts(counts: pd.Series, name: str) -> None:
    numbers = pd.to_numeric(counts, errors="coerce")
    wrong = counts.index[~(numbers >= 0)]
    if len(wrong):
        raise ParamsError(
            f"总体结构文件 {name} 第 {wrong[0] + 2} 行：{counts.name} 只能是不小于 0 的数；请核对这一行"
        )


def _totals(table: pd.DataFrame, round_: Round, column: str) -> Margins:
    return {
        (margin[0] if len(margin) == 1 else tuple(margin)): table.groupby(margin)[column].sum()
        for margin in round_.raking
    }


def _persons(categories: pd.DataFrame, table: pd.DataFrame, column: str) -> np.ndarray:
    """Persons per enterprise of each respondent's size and industry, of its size where the city has none such."""
    by = [name for name in PERSONS_BY if name in categories and name in table]
    persons = pd.Series(np.nan, index=categories.index)
    for keys in (by[:place] for place in range(len(by), 0, -1)):
        sums = table.groupby(keys)[["N", column]].sum()
        average = (sums[column] / sums["N"].where(sums["N"] > 0)).rename("persons")
        persons = persons.fillna(categories[keys].join(average, on=keys)["persons"])
    return persons.fillna(table[column].sum() / table["N"].sum()).to_numpy(dtype=float)


def _clusters(responses: pd.DataFrame, round_: Round) -> np.ndarray | None:
    """Cluster of every respondent; one that names no chamber came by itself and is its own cluster."""
    column = CLUSTER_OF.get(round_.recruitment)
    if column is None:
        return None
    if column not in responses:
        raise ParamsError(
            f"recruitment 写的是 {round_.recruitment}，但问卷里没有 {column} 这道题；请改为 direct 或补上"
        )
    alone = "rid " + responses.index.astype(str).to_series(index=responses.index)
    return responses[column].fillna(alone).to_numpy(dtype=object)
