"""Which questions tell the size class of a respondent, and whether what is declared of them can be true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evalpkg.codebook.declared import ItemSpec, SizeSpec
from evalpkg.codebook.size_rules import SizeRules, read_size_rules
from evalpkg.params import ParamsError

if TYPE_CHECKING:
    from evalpkg.codebook.questionnaire import Item

CLASSES = ("X", "S", "M", "L")  # micro, small, medium, large: smallest first
INDIVIDUAL = "G"  # 个体工商户, a class of its own whatever its numbers
Bands = dict[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Sizing:
    """How size is told from other answers: codes of the questions, and the rules.

    `individual` holds (question, option) pairs that make a respondent an individual business; `assets` is "" where they were
    not asked.
    """

    rules: SizeRules
    industry: str
    employees: str
    revenue: str
    assets: str = ""
    individual: tuple[tuple[str, str], ...] = ()


def bands(spec: ItemSpec, options: Mapping[str, str], path: Path) -> Bands:
    """Read the limits of the options of a banded question; none where it states none.

    Raises
    ------
    ParamsError
        Not one pair of limits an option, or bands that overlap or leave a gap: an upper limit that is still in its band,
        such as 9 for 5 to 9, would shift every class.
    """
    if not spec.bands:
        return {}
    at = f"{path.name}：题目 {spec.code} 的 bands "
    if spec.type != "category":
        raise ParamsError(f"{at}只能写在单选题（type: category）里；请删去")
    wrong = sorted({*spec.bands} ^ {*options})
    if wrong:
        raise ParamsError(f"{at}要给每个选项写 [下限, 上限]，不多不少；请核对选项 {'、'.join(wrong)}")
    found = {code: (low, np.inf if high is None else high) for code, (low, high) in spec.bands.items()}
    rising = sorted(found.values())
    if rising[0][0] < 0 or not all(low < high for low, high in rising):
        raise ParamsError(f"{at}的下限不能小于 0，上限要大于下限，没有上限写 null；请改正")
    if any(high != low for (_, high), (low, _) in pairwise(rising)):
        raise ParamsError(f"{at}要首尾相接：上限不算在档内，写下一档的下限，例如 5—9 人写 [5, 10]；请改正")
    return found


def sizing(specs: list[ItemSpec], items: Mapping[str, Item], root: Path, path: Path) -> Sizing | None:
    """Read how size is told from other answers; None where the codebook does not say.

    Raises
    ------
    ParamsError
        The declaration names a question, option or file that is not there, or one of the wrong kind.
    """
    declared = [(spec, spec.rules) for spec in specs if spec.rules is not None]
    if not declared:
        return None
    (spec, rule), *others = declared
    at = f"{path.name}：题目 {spec.code} 的 rules "
    if others or spec.role != "size" or spec.type != "category":
        raise ParamsError(f"{at}只能写在规模题（role: size，type: category）里，且只写一次；请改正")
    lacking = {*CLASSES, *([INDIVIDUAL] if rule.individual else [])} - set(items[spec.code].options)
    if lacking:
        raise ParamsError(f"{at}会推算出选项里没有的规模 {'、'.join(sorted(lacking))}；请在选项里补上")
    _check_questions(rule, items, at)
    rules = read_size_rules(root, rule.file)
    industry = items[rule.industry]
    if not any(len(rules.covering(option)) for option in industry.options):
        raise ParamsError(
            f"{at}的行业题 {rule.industry} 没有一个选项是国民经济行业分类的代码（A、51、7010）；请改用这种代码作选项"
        )
    return Sizing(
        rules, rule.industry, rule.employees, rule.revenue, rule.assets, tuple(rule.individual.items())
    )


def _check_questions(rule: SizeSpec, items: Mapping[str, Item], at: str) -> None:
    """Refuse a question that is not there, that gives no number, or an option that it does not have."""
    measured = [code for code in (rule.employees, rule.revenue, rule.assets) if code]
    absent = [code for code in (rule.industry, *measured, *rule.individual) if code not in items]
    if absent:
        raise ParamsError(f"{at}指向不存在的题目 {'、'.join(absent)}；请改正")
    silent = [code for code in measured if not (items[code].bands or items[code].type == "integer")]
    if silent:
        raise ParamsError(
            f"{at}用到的题目 {'、'.join(silent)} 没有写明 bands（每个选项的下限和上限），也不是填数的题；请补上"
        )
    chosen = {rule.industry: "", **rule.individual}
    open_ = [code for code in chosen if items[code].type != "category"]
    if open_:
        raise ParamsError(f"{at}用到的题目 {'、'.join(open_)} 不是单选题（type: category）；请改正")
    unknown = [
        f"{code}={option}" for code, option in rule.individual.items() if option not in items[code].options
    ]
    if unknown:
        raise ParamsError(f"{at}的 individual 里有不存在的选项 {'、'.join(unknown)}；请改正")
