"""How far policies reach enterprises: heard of, eligible, applied for, received; and where they are lost on the way."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evalpkg import estimate
from evalpkg.drivers import adjustment, sample
from evalpkg.drivers.importance import DriversError

if TYPE_CHECKING:
    from evalpkg.codebook import Item
    from evalpkg.survey import Survey

STAGES = {"aware": "知道", "eligible": "知道且符合条件", "applied": "申请了", "received": "已享受"}
AVOIDABLE = {"aware": "没听说过", "applied": "符合条件但没有申请", "received": "申请了但没有获批"}
AMONG = {"aware": "全部企业", "applied": "知道且符合条件的企业", "received": "申请了的企业"}
LEAD = ("lead", "lead_low", "lead_high")
OPTIONS = 4  # not eligible, did not apply, not granted, received


@dataclass(frozen=True, eq=False)
class Policy:
    """One policy and how far each of n respondents got with it.

    Attributes
    ----------
    code, label : str
        Of the row that asks who has heard of it.
    aware : ndarray, shape (n,)
        1, 0, or NaN where not answered, or answered against itself (applied, but never heard of it).
    stage : ndarray, shape (n,)
        0 not eligible, 1 did not apply, 2 not granted, 3 received; NaN where not aware or not answered.
    """

    code: str
    label: str
    aware: np.ndarray
    stage: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """Whose way is known to its end, (n,) bool."""
        return np.asarray((self.aware == 0) | ~np.isnan(self.stage))

    @property
    def steps(self) -> np.ndarray:
        """Each stage among those of the stage before, (n, 4): 1, 0, NaN = outside."""
        reached = [np.where(self.stage >= j - 1, self.stage >= j, np.nan) for j in (1, 2, 3)]
        return np.column_stack([self.aware, *reached])

    @property
    def later(self) -> np.ndarray:
        """The three later stages among those who are aware and answered, (n, 3)."""
        known = ~np.isnan(self.stage)
        return np.column_stack([np.where(known, self.stage >= j, np.nan) for j in (1, 2, 3)])


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
        (per cent of the stage before), `step_n`, `step_count`. Numbers of a step with
        fewer than k before it are left out; a stage that fewer than k fewer have reached than the one before has n = 0, and is
        not shown. `extra`: `lost`, a row a policy: the step on which the largest part is lost (`stage`,
        `stage_label`, `among`, `estimate`, its limits, `n`, `count`), `lead` with limits over the next step, `text`; not being
        eligible is no loss; `notes`. None where not asked.

    Raises
    ------
    DriversError
        No policy has both rows, two rows of a role with one label, or other options.

    Notes
    -----
    Share = (share aware of those who answered that) x (share of those aware who answered how far they got): who is aware and
    does not know whether it got anything does not make the others look less aware. Linearised, symmetric on the logit.
    """
    found = _policies(survey)
    if found is None:
        return None
    policies, notes = found
    everybody = np.ones(survey.n, dtype=bool)
    table = pd.concat([_stages(survey, policy, everybody) for policy in policies], ignore_index=True)
    lost = pd.DataFrame([row for policy in policies for row in _lost(survey, policy)])
    extra = {"notes": notes, **({"lost": lost} if len(lost) else {})}
    return estimate.Result(table, "policies", "%", "回答了政策问题的企业", survey.n, extra)


def funnel_by_size(survey: Survey) -> estimate.Result | None:
    """Give the funnel of each size class: as `funnel`, keys `size` and `size_label` besides; None also without sizes."""
    found, item = _policies(survey), survey.codebook.one("size")
    if found is None or item is None or "size" not in survey.responses:
        return None
    policies, notes = found
    size = survey.responses["size"]
    parts = [
        _stages(survey, policy, inside).assign(size=code, size_label=label)
        for policy in policies
        for code, label in item.options.items()
        if (inside := (size == code).to_numpy(dtype=bool)).any()
    ]
    if not parts:
        return None
    table = pd.concat(parts, ignore_index=True)
    keys = ["policy", "label", "size", "size_label"]
    table = table[[*keys, *(name for name in table if name not in keys)]]
    return estimate.Result(table, "policies_by_size", "%", "回答了政策问题的企业", survey.n, {"notes": notes})


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
    found, asked = _policies(survey), adjustment.outcome(survey)
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


def _policies(survey: Survey) -> tuple[list[Policy], tuple[str, ...]] | None:
    """Pair the rows that ask who heard of a policy and how far it got."""
    known, used = (_rows(survey, role) for role in ("awareness", "uptake"))
    if not known or not used:
        return None
    both = [label for label in known if label in used]
    if not both:
        raise DriversError(
            "政策：没有一项同时问了是否知道（awareness）和是否享受（uptake）：两题各行的名称要一致；请改正题目字典"
        )
    alone = [label for label in [*known, *used] if label not in both]
    notes = [f"只问了知道或享受之一，不列入：{'、'.join(alone)}"] if alone else []
    pairs = [_paired(survey, known[label], used[label]) for label in both]
    policies = [policy for policy, _ in pairs if not np.isnan(policy.aware).all()]
    against = sum(odd for _, odd in pairs)
    if against:
        notes.append(
            f"有{sample.about(against, survey.round.k)} 处回答前后矛盾（没听说过却申请过或享受了），不计入"
        )
    return (policies, tuple(notes)) if policies else None


def _rows(survey: Survey, role: str) -> dict[str, Item]:
    items = [item for item in survey.codebook.by_role(role) if item.code in survey.responses]
    labels = [item.label for item in items]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise DriversError(f"政策：有两行都叫“{twice[0]}”（{role}）：各行名称不能重复；请改正题目字典")
    return dict(zip(labels, items, strict=True))


def _paired(survey: Survey, known: Item, used: Item) -> tuple[Policy, int]:
    """Read one policy, and count who contradicts itself."""
    if len(used.options) != OPTIONS or len(known.options) < 2:
        raise DriversError(
            f"政策：“{used.label}”的选项不合要求：享受题要依次有四个选项（不符合条件、未申请、未获批、已享受），"
            "知晓题的第一个选项是没听说过；请改正题目字典"
        )
    heard, stage = _place(survey, known), _place(survey, used)
    aware = np.where(np.isnan(heard), np.nan, heard > 0)
    against = (aware == 0) & (stage >= 2)
    aware = np.where(against, np.nan, aware)
    return Policy(known.code, known.label, aware, np.where(aware == 1, stage, np.nan)), int(against.sum())


def _place(survey: Survey, item: Item) -> np.ndarray:
    """Answers as places 0.. among the options; ordered options arrive as numbers."""
    answer = survey.responses[item.code]
    options: Sequence[object] = list(item.options)
    if pd.api.types.is_numeric_dtype(answer):
        options = [float(option) for option in item.options]
    return np.asarray(answer.map({option: place for place, option in enumerate(options)}), dtype=float)


def _stages(survey: Survey, policy: Policy, inside: np.ndarray) -> pd.DataFrame:
    """Four rows of one policy among the respondents inside (n,)."""
    level = survey.round.level
    whole, aware = policy.whole & inside, ~np.isnan(policy.aware) & inside
    reached = np.where(np.isnan(policy.stage), 0, policy.stage)
    count = [
        int((aware & (policy.aware == 1)).sum()),
        *(int((whole & (reached >= j)).sum()) for j in (1, 2, 3)),
    ]
    keys = pd.DataFrame({"stage": list(STAGES), "stage_label": list(STAGES.values())})
    keys.insert(0, "policy", policy.code)
    keys.insert(1, "label", policy.label)
    told = bool((~np.isnan(policy.stage) & inside).any()) or not (policy.aware[inside] == 1).any()
    n = np.array([aware.sum(), *[whole.sum() if told else 0] * 3])
    # who answered, who of them is aware, who of these answered how far it got, and how far: one within the other
    told_of = int((whole & (policy.aware == 1)).sum())
    first = _too_near([int(aware.sum()), count[0]], survey.round.k)
    near = [stage - 1 for stage in first] + _too_near([told_of, *count[1:]], survey.round.k)
    n[near] = 0  # the gate hides what nobody stands behind
    table = estimate.tidy(keys, _of_all(survey, policy, inside, n), level, factor=100.0, count=count)
    steps = pd.DataFrame(_steps(survey, np.where(inside[:, None], policy.steps, np.nan)))
    # the step to a hidden stage and the step from it would give it back
    unseen = sorted({place for stage in near for place in (stage, stage + 1) if place < len(steps)})
    steps.loc[unseen, ["step", "step_low", "step_high"]] = np.nan
    steps.loc[unseen, ["step_n", "step_count"]] = 0
    return table.assign(**{str(name): steps[name].to_numpy() for name in steps})


def _too_near(count: Sequence[int], k: int) -> list[int]:
    """Find the stages that fewer than k enterprises fewer have reached than the stage shown before: those would be told.

    >>> _too_near([90, 60, 55, 20], 10)
    [2]
    """
    near, last = [], count[0]
    for stage, reached in enumerate(count[1:], start=1):
        if 0 < last - reached < k:
            near.append(stage)
        else:
            last = reached
    return near


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


def _lost(survey: Survey, policy: Policy) -> list[dict[Hashable, object]]:
    """Find the step on which the largest part is lost, of those with k before it; nothing where fewer than k are lost."""
    level, k = survey.round.level, survey.round.k
    stages = list(STAGES)
    places = [stages.index(stage) for stage in AVOIDABLE]
    steps = policy.steps[:, places]
    part = estimate.share(np.where(np.isnan(steps), np.nan, 1 - steps), survey.design)
    count = np.nansum(1 - steps, axis=0).astype(int)
    size = np.where(part.n >= k, part.estimate, -1.0)
    first, second = np.argsort(-size, kind="stable")[:2]
    if count[first] < k or size[first] < 0:
        return []
    stage = stages[places[first]]
    keys = {"policy": policy.code, "label": policy.label, "stage": stage}
    keys |= {"stage_label": AVOIDABLE[stage], "among": AMONG[stage]}
    ahead = estimate.lead(part, level, factor=100.0, among=part.n >= k)
    sure = ahead.get("lead_low", -1.0) > 0
    seen = dict.fromkeys(LEAD, np.nan) if count[second] < k or not ahead else ahead
    row = estimate.tidy(pd.DataFrame([keys]), _one(part, first), level, factor=100.0, count=[count[first]])
    found: dict[Hashable, object] = row.iloc[0].to_dict()
    return [found | seen | {"text": _sentence(policy, stage, sure)}]


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
