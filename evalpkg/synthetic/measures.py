"""The ledger of measures that departments announced, and what each truly did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from . import world


@dataclass(frozen=True)
class Measure:
    """A row of the ledger; `gain` is the true effect on the department's mean (points of 0-100), the same for all firms."""

    id: str
    title: str
    department: str
    announced: date
    effective: date
    targets: str
    source: str
    registered: date
    gain: float = 0.0
    evidence: str = "合成示例"


MEASURES = (
    Measure("ME-001", "服务保障民营经济健康发展二十三条", "D29", date(2021, 9, 6), date(2021, 9, 15), "C_D29;E4;LEGAL", "2021H1",
            date(2021, 9, 20), 1.0),
    Measure("ME-002", "涉企案件六项工作机制", "D29", date(2021, 9, 6), date(2021, 9, 15), "C_D29;LEGAL", "2021H1", date(2021, 9, 20)),
    Measure("ME-003", "优化营商环境二十条（门店招牌、临时停放）", "D12", date(2021, 9, 10), date(2021, 9, 15), "C_D12;SIGN;PARK", "2021H1",
            date(2021, 9, 20)),
    Measure("ME-004", "民营企业座谈会与现场帮扶", "D10", date(2021, 9, 17), date(2021, 9, 17), "C_D10;ENV", "2021H1", date(2021, 9, 20)),
    Measure("ME-005", "轻微首违不罚清单与企业开办一日办结", "D20", date(2021, 12, 20), date(2022, 1, 1), "C_D20", "2021H1",
            date(2021, 12, 28), 5.5),
    Measure("ME-006", "货车通行码网上办理", "D05", date(2021, 12, 24), date(2022, 1, 1), "C_D05;LOG", "2021H1", date(2021, 12, 28)),
    Measure("ME-007", "小微企业用电报装零投资", "D33", date(2022, 6, 20), date(2022, 7, 1), "C_D33;UTIL", "2021H2", date(2022, 6, 28)),
    Measure("ME-008", "不动产登记联办窗口", "D09", date(2022, 6, 24), date(2022, 7, 1), "C_D09;LAND", "2021H2", date(2022, 6, 28)),
)  # fmt: skip


def gains(wave: world.Wave) -> dict[str, float]:
    """Add up the true gain of each department by a round, in proportion to the days of its reference period under the measure."""
    total: dict[str, float] = {}
    for measure in MEASURES:
        total[measure.department] = total.get(measure.department, 0.0) + measure.gain * world.exposure(
            measure.effective, wave
        )
    return total


def ledger() -> pd.DataFrame:
    """Arrange the measures as the register file."""
    rows = [
        {"measure_id": m.id, "title": m.title, "department": m.department, "announced": m.announced.isoformat(),
         "effective": m.effective.isoformat(), "ended": "", "target_items": m.targets, "coverage": "all",
         "source_round": m.source, "dose": "", "evidence": m.evidence, "registered_on": m.registered.isoformat()}
        for m in MEASURES
    ]  # fmt: skip
    return pd.DataFrame(rows)


def truth() -> list[dict[str, object]]:
    """State what each measure truly did: the gain of its department, and of its difficulty in logits."""
    return [
        {"measure_id": m.id, "department": m.department, "effective": m.effective.isoformat(), "gain": m.gain,
         "difficulty_logit": {"SIGN": -0.7} if m.id == "ME-003" else {}}
        for m in MEASURES
    ]  # fmt: skip
