"""Days as people write them; what could be two days is none."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

_WRITTEN = re.compile(
    r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日)(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_FIRST, _LAST = 36_526, 73_050  # 2000 to 2099 as Excel counts days
_EPOCH = date(1899, 12, 30)


def day(cell: str) -> tuple[date | None, bool]:
    """Read a day: year first, or Excel's number of days; None where it cannot be read, and whether it was a number.

    >>> day("2021/6/3")[0] == day("2021.06.03")[0] == day("２０２１年6月3日")[0] == date(2021, 6, 3)
    True
    >>> day("44350")
    (datetime.date(2021, 6, 3), True)
    >>> [day(cell)[0] for cell in ("06/03/2021", "2021-02-30", "民国110年6月3日")]
    [None, None, None]
    """
    text = unicodedata.normalize("NFKC", cell).strip()
    number = _SERIAL.fullmatch(text)
    if number and _FIRST <= int(number[1]) <= _LAST:
        return _EPOCH + timedelta(days=int(number[1])), True
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None, False
    year, *rest = (int(part) for part in found.groups() if part)
    try:
        return date(year, *rest), False
    except ValueError:  # the 30th of February
        return None, False
