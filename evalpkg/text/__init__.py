"""Clean, split and segment Chinese remarks: a string goes in, strings come out."""

import rjieba

from evalpkg.text.cleaning import clean, fold, unmasked
from evalpkg.text.kinds import Kind, affirmed, kind
from evalpkg.text.splitting import split

__all__ = ["Kind", "affirmed", "clean", "fold", "kind", "split", "unmasked", "words"]


def words(text: str) -> list[str]:
    """Segment a remark into words; blanks and punctuation are left out.

    >>> words("银行贷款审批太慢！")
    ['银行贷款', '审批', '太慢']
    """
    return [word for word in rjieba.cut(fold(clean(text))) if word[0].isalnum()]
