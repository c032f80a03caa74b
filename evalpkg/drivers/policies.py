"""How far policies reach enterprises: heard of, eligible, applied for, received; and where they are lost on the way."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.drivers import adjustment, uptake
from evalpkg.drivers import stages as shown
from evalpkg.drivers.uptake import Policy
from evalpkg.groups import Group, candidates, together

if TYPE_CHECKING:
    from evalpkg.survey import Survey

STAGES = {"aware": "知道", "eligible": "知道且符合条件", "applied": "申请了", "received": "已享受"}
AVOIDABLE = {"aware": "没听说过", "applied": "没有申请", "received": "没有获批"}
AMONG = {"aware": "全部企业", "applied": "知道且符合条件的企业", "received": "申请了的企业"}
LEAD = ("lead", "lead_low", "lead_high")
TENTH = 10  # a step that one in ten of a size class takes is to be of k enterprises, or most of its row would be hidden


def funnel(survey: Survey) -> estimate.Result | None:
    """Give, policy by policy, the shares of all enterprises that are aware, eligible, applied, received.

    Parameters
    ----------
    survey
        Rows of the roles ``awareness`` (the first option: never heard of it) and ``uptake`` (four options: not eligible, did
        not apply, not granted, received), paired by their labels.

    Returns
    -------
    Result or None
        Four rows a policy: `policy`, `label`, `stage`, `stage_label`, `estimate` (per cent of all enterprises; who is not
        aware has not got any further), `std_error`, `conf_low`, `conf_high`, `n`, `count`; `step`, `step_low`, `step_high`
        (per cent of the stage before), `step_n`, `step_count`. Numbers of a step with fewer than k before it are left out;
        stages with fewer than k between them are not all shown (`stages.unseen`): those that are not have n = 0.
        `extra`: `lost`, a row a policy: the step on which the largest part is lost (`stage`, `stage_label`; `estimate`, per
        cent of those `among` whom it is counted, its limits, `n`, `count`), `lead` with limits over the next step, `text`;
        not being eligible is no loss; no row where it would tell of a hidden stage. `basis`, in Chinese, among whom losses are
        counted; `notes`. None where not asked.

    Raises
    ------
    DriversError
        No policy has both rows, two rows of a role with one label, or other options.

    Notes
    -----
    Share = (share aware of those who answered that) x (share of those aware who answered how far they got): who is aware and
    does not know whether it got anything does not make the others look less aware. Linearised, symmetric on the logit.
    """
    found = uptake.policies(survey)
    if found is None:
        return None
    policies, notes = found
    everybody, k = np.ones(survey.n, dtype=bool), survey.round.k
    hidden = [shown.unseen(policy.reached(everybody), k) for policy in policies]
    parts = [_stages(survey, policy, everybody, of) for policy, of in zip(policies, hidden, strict=True)]
    table = pd.concat(parts, ignore_index=True)
    lost = pd.DataFrame(
        [row for policy, of in zip(policies, hidden, strict=True) for row in _lost(survey, policy, of)]
    )
    extra = {"notes": notes, **({"lost": lost, "basis": _basis(set(lost["stage"]))} if len(lost) else {})}
    return estimate.Result(table, "policies", "%", "回答了政策问题的企业", survey.n, extra)


def funnel_by_size(survey: Survey) -> estimate.Result | None:
    """Give the funnel of each size class.

    Returns
    -------
    Result or None
        As `funnel` without `lost`, with the keys `size` and `size_label` besides. Classes with fewer than ten times k
        respondents (and the gate's least) stand with a neighbour, and a stage that could be seen of less than half of the
        classes has no rows, as `notes` say; empty where only one class is left. What could be reckoned from the funnel of
        all and the other classes is not shown either (`stages.across`). None where not asked, or nobody's size is known.
    """
    found = uptake.policies(survey)
    if found is None or survey.codebook.one("size") is None or "size" not in survey.responses:
        return None
    policies, notes = found
    groups, said = _sizes(survey)
    if not groups:
        return None
    table, left_out = _of_sizes(survey, policies, groups)
    if len(groups) < 2:
        table, left_out = table.iloc[:0], ["人数足够的规模不到两类，无从比较"]
    extra = {"notes": (*notes, *said, *left_out)}
    return estimate.Result(table, "policies_by_size", "%", "回答了政策问题的企业", survey.n, extra)


def _sizes(survey: Survey) -> tuple[list[Group], list[str]]:
    """Give the size classes, those that are too small with their neighbours."""
    found = candidates(survey.responses, survey.codebook, survey.round, "size")
    least = max(TENTH * survey.round.k, survey.round.min_raters)
    return together(found, lambda group: int(group.inside(survey.responses).sum()), least)


def _of_sizes(survey: Survey, policies: list[Policy], groups: list[Group]) -> tuple[pd.DataFrame, list[str]]:
    """Give the rows of all policies in each group, and say which stages are left out because they are seldom seen."""
    k, everybody = survey.round.k, np.ones(survey.n, dtype=bool)
    insides = [group.inside(survey.responses) for group in groups]
    reached = [np.array([policy.reached(inside) for inside in insides]) for policy in policies]
    whole = [policy.reached(everybody) for policy in policies]
    rare = shown.seldom([shown.across(of, all_, k) for of, all_ in zip(reached, whole, strict=True)])
    hidden = [shown.across(of, all_, k, rare) for of, all_ in zip(reached, whole, strict=True)]
    parts = [
        _stages(survey, policy, inside, unseen).assign(size=group.code, size_label=group.label)
        for policy, of in zip(policies, hidden, strict=True)
        for group, inside, unseen in zip(groups, insides, of, strict=True)
    ]
    table, names = pd.concat(parts, ignore_index=True), [list(STAGES)[stage] for stage in sorted(rare)]
    keys = ["policy", "label", "size", "size_label"]
    table = table.loc[~table["stage"].isin(names), [*keys, *(name for name in table if name not in keys)]]
    said = [f"“{STAGES[name]}”这一步在多数规模里与前后相差不足 {k} 家，不按规模列" for name in names]
    return table.reset_index(drop=True), said


def policy_effects(survey: Survey) -> estimate.Result | None:
    """Give the difference in overall satisfaction between who received a policy and who was eligible but did not.

    One model for all policies: who receives one often receives another, and a model each would count the same difference
    over and over; besides, among the eligible of one small policy alone there are too few to make alike in size, district
    and industry. Those who are not aware, not eligible, or gave no answer have columns of their own.

    Returns
    -------
    Result or None
        `policy`, `label`, `estimate` (points, 0-100), `std_error`, `conf_low`, `conf_high`, `n` (eligible), `count` (of them
        received), `family_low`, `family_high`, `sure`, as `reported`; policies with fewer than `min_raters` on either side
        are left out. `extra`: `outcome`, `controls`, `notes`, `compared`. None where not asked.

    Raises
    ------
    DriversError
        As `funnel`; too few respondents; an outcome on which all agree.
    """
    found, asked = uptake.policies(survey), adjustment.outcome(survey)
    if found is None or asked is None:
        return None
    (policies, notes), (item, values) = found, asked
    inside = ~np.isnan(values) & (survey.design.weights > 0)
    enough = [policy for policy in policies if min(_sides(policy, inside)) >= survey.round.min_raters]
    few = [policy.label for policy in policies if policy not in enough]
    if few:
        least = survey.round.min_raters
        notes = (*notes, f"已享受或符合条件而未享受的企业不足 {least} 家，不比较：{'、'.join(few)}")
    common = adjustment.controls(survey) if enough else adjustment.Controls(pd.DataFrame(), ())
    table, extra = pd.DataFrame(), dict[str, object]()
    if enough:
        received, others = _states(enough, survey.responses.index)
        compared = adjustment.differences(survey, values, received, [common.columns, others])
        table = _effects(enough, compared, inside, survey.round.level)
        extra = {"compared": int(compared.rows.sum())}
    extra |= {"outcome": item.label, "controls": common.names, "notes": notes}
    base = f"符合条件并回答了“{item.label}”的企业"
    return estimate.Result(
        table if len(table) else adjustment.empty("policy"), "policy_effects", "分", base, survey.n, extra
    )


def _stages(survey: Survey, policy: Policy, inside: np.ndarray, hidden: set[int]) -> pd.DataFrame:
    """Four rows of one policy among the respondents inside (n,), the stages hidden without numbers."""
    level, whole, reached = survey.round.level, policy.whole & inside, policy.reached(inside)
    keys = pd.DataFrame({"stage": list(STAGES), "stage_label": list(STAGES.values())})
    keys.insert(0, "policy", policy.code)
    keys.insert(1, "label", policy.label)
    told = reached[2] > 0 or reached[1] == 0  # else nobody says how far it got
    n, near = np.array([reached[0], *[whole.sum() if told else 0] * 3]), sorted(hidden)
    n[near] = 0  # the gate hides what nobody stands behind
    count = reached[list(shown.PLACES)]
    table = estimate.tidy(keys, _of_all(survey, policy, inside, n), level, factor=100.0, count=count)
    steps = pd.DataFrame(_steps(survey, np.where(inside[:, None], policy.steps, np.nan)))
    unseen = _unseen_steps(hidden)
    steps.loc[unseen, ["step", "step_low", "step_high"]] = np.nan
    steps.loc[unseen, ["step_n", "step_count"]] = 0
    return table.assign(**{str(name): steps[name].to_numpy() for name in steps})


def _unseen_steps(hidden: set[int]) -> list[int]:
    """Give the steps to and from hidden stages, which would give these back."""
    return sorted({step for stage in hidden for step in (stage, stage + 1) if step < len(STAGES)})


def _steps(survey: Survey, steps: np.ndarray) -> dict[str, np.ndarray]:
    """Shares of the stage before; where fewer than k stand behind one its limits, or all of it, are left out."""
    level, k = survey.round.level, survey.round.k
    count = np.nansum(steps, axis=0).astype(int)
    step = estimate.share(steps, survey.design)
    low, high = step.interval(level)
    few = step.n < k  # the gate sees to the point of a small count, but knows nothing of limits
    small = few | (count < k)
    return {
        "step": np.where(few, np.nan, 100 * step.estimate),
        "step_low": np.where(small, np.nan, 100 * low),
        "step_high": np.where(small, np.nan, 100 * high),
        "step_n": np.where(few, 0, step.n),
        "step_count": np.where(few, 0, count),
    }


def _of_all(survey: Survey, policy: Policy, inside: np.ndarray, n: np.ndarray) -> estimate.Estimate:
    """Multiply the share aware by the shares that got further, by the delta method."""
    columns = np.where(inside[:, None], np.column_stack([policy.aware, policy.later]), np.nan)
    parts = estimate.share(columns, survey.design)
    aware, further = parts.estimate[0], np.where(parts.n[1:] > 0, parts.estimate[1:], 0.0)
    known = (aware == 0) | (parts.n[1:] > 0)
    slopes = np.eye(4)
    slopes[1:, 0], slopes[1:, 1:] = further, np.where(known, aware, 1.0) * np.eye(3)
    if aware == 0 or np.isnan(aware):  # nothing follows: the later stages are as the first
        slopes[:, :] = [[1.0, 0, 0, 0]] * 4
    linear = estimate.contrast(replace(parts, scale="identity"), slopes)
    shares = np.array([aware, *np.where(known, aware * further, np.nan)])
    effective = None if parts.n_effective is None else np.full(4, parts.n_effective[0])
    return replace(linear, estimate=shares, scale="logit", n=n, n_effective=effective)


def _lost(survey: Survey, policy: Policy, hidden: set[int]) -> list[dict[Hashable, object]]:
    """Find the step on which the largest part is lost, of those with k before it; nothing where it may not be seen."""
    level, k, unseen = survey.round.level, survey.round.k, _unseen_steps(hidden)
    stages = list(STAGES)
    places = [stages.index(stage) for stage in AVOIDABLE]
    steps = policy.steps[:, places]
    part = estimate.share(np.where(np.isnan(steps), np.nan, 1 - steps), survey.design)
    count = np.nansum(1 - steps, axis=0).astype(int)
    size = np.where(part.n >= k, part.estimate, -1.0)
    first, second = np.argsort(-size, kind="stable")[:2]
    if count[first] < k or size[first] < 0 or places[first] in unseen:
        return []
    stage = stages[places[first]]
    keys = {"policy": policy.code, "label": policy.label, "stage": stage}
    keys |= {"stage_label": AVOIDABLE[stage], "among": AMONG[stage]}
    ahead = estimate.lead(part, level, factor=100.0, among=part.n >= k)
    sure = ahead.get("lead_low", -1.0) > 0
    few = count[second] < k or places[second] in unseen  # the lead over it would tell of it
    seen = dict.fromkeys(LEAD, np.nan) if few or not ahead else ahead
    row = estimate.tidy(pd.DataFrame([keys]), _one(part, first), level, factor=100.0, count=[count[first]])
    found: dict[Hashable, object] = row.iloc[0].to_dict()
    return [found | seen | {"text": _sentence(policy, stage, sure)}]


def _basis(stages: set[str]) -> str:
    """Say among whom each of the losses that are compared is counted."""
    told = "，".join(f"“{AVOIDABLE[stage]}”占{AMONG[stage]}" for stage in AVOIDABLE if stage in stages)
    return f"流失的百分比：{told}"


def _one(part: estimate.Estimate, place: int) -> estimate.Estimate:
    """One of several shares, on the logit as they are."""
    chosen = estimate.contrast(part, np.eye(len(part.estimate))[place])
    effective = None if part.n_effective is None else part.n_effective[[place]]
    return replace(chosen, scale="logit", n_effective=effective)


def _sentence(policy: Policy, stage: str, sure: bool) -> str:
    if sure:
        return f"“{policy.label}”流失最多的一步是“{AVOIDABLE[stage]}”"
    return f"“{policy.label}”流失最多的一步可能是“{AVOIDABLE[stage]}”，与其次的一步分不出"


def _sides(policy: Policy, inside: np.ndarray) -> tuple[int, int]:
    """Count who received, and who was eligible and did not."""
    return int((inside & (policy.stage == 3)).sum()), int((inside & np.isin(policy.stage, (1, 2))).sum())


def _states(policies: list[Policy], index: pd.Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Columns of who received, and of who takes no part in the comparison; eligible without it is what is left."""
    received = pd.DataFrame({p.code: (p.stage == 3).astype(float) for p in policies}, index=index)
    states = {
        f"{p.code} {name}": rows.astype(float)
        for p in policies
        for name, rows in (
            ("out", (p.aware == 0) | (p.stage == 0)),
            ("unanswered", ~p.whole),
        )
    }
    return received, pd.DataFrame(states, index=index)


def _effects(
    policies: list[Policy], found: adjustment.Differences, inside: np.ndarray, level: float
) -> pd.DataFrame:
    kept = [policy for policy in policies if policy.code in found.kept]
    if not kept:
        return pd.DataFrame()
    sides = np.array([_sides(policy, inside) for policy in kept])
    keys = pd.DataFrame({"policy": [p.code for p in kept], "label": [p.label for p in kept]})
    table = adjustment.effects(keys, found.estimate, level)
    return table.assign(n=sides.sum(axis=1), count=sides[:, 0])
