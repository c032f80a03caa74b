"""The figures of what goes with satisfaction beside the drivers: one verb each over `effects`."""

from __future__ import annotations

from evalpkg.disclosure import Protected
from evalpkg.figures.effects import effects
from evalpkg.fragment import Fragment

DRIVER_SIGNS = ("estimate", "region", "family", "sure", "unsure", "few")  # of the page, for its legend


def steps(result: Protected | None, *, no: int = 1) -> Fragment:
    """Draw what goes with one step more on each driver, for an enterprise, its level of marking taken out."""
    return effects(
        result,
        no=no,
        title="打分高一档，满意度相应高多少",
        note="已扣除打分松紧；相关，不是承诺",
        id="steps",
        head="总体满意度相应高（分）与 95% 区间",
        column="相应高",
        tick="plain",
        tick_says="未扣除打分松紧",
    )


def theme_effects(result: Protected | None, *, no: int = 1) -> Fragment:
    """Draw how the satisfaction of those who write of a theme differs from that of other writers."""
    return effects(
        result,
        no=no,
        title="写到这类问题的企业满意度差多少",
        note="与写了意见而没有提到的企业相比",
        id="theme-effects",
    )


def policy_effects(result: Protected | None, *, no: int = 1) -> Fragment:
    """Draw how the satisfaction of those who received a policy differs from that of the eligible who did not."""
    return effects(
        result,
        no=no,
        title="享受了政策的企业满意度差多少",
        note="与符合条件而没有享受的企业相比",
        id="policy-effects",
    )
