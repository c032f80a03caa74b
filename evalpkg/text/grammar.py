"""What needs no teaching: clauses that say nothing, deny a difficulty or wish well from end to end."""

from __future__ import annotations

import re
from typing import Literal

from evalpkg.text.cleaning import unmasked

_Role = Literal["empty", "denial", "praise", "open"]

_LONGEST_EMPTY = 60  # no non-answer is longer, but for one character repeated
_LONGEST_DENIAL = 40

_SUBJECT = r"(?:我们?|我司|我店|本人|本公司|本店|本企业|企业|公司|个人|这边|这里|大家)?"
_TIME = (
    r"(?:另外|此外|暂时?|暂且|目前|现在|当前|现阶段|至今|今年|近期|一切|基本上?|确实|真的?|好像|应该|其实|也|都|"
    r"这方面|这块|对此)*"
)
_NONE = r"(?:无|没有?|未有|木有|冇|没啥|没什么|没有什么|没有?别的|无任何|没有任何|没有?其他|无其他|没太?大的?|没特别的?)"
_MATTER = (
    r"(?:意见|建议|问题|困难|要求|诉求|想法|看法|补充|需求|需要|话|事情?|可说|可写|可提|想说|要说|要提|说的|"
    r"不满意?|不足|难题|障碍|希望|反映|回答|答案)"
)
_TAIL = r"(?:了|的|啊|呀|哦|呢|吧|哈|谢谢)*"
_EMPTY = re.compile(
    r"n\.?/?a\.?|nan|none|no|nil|null|nothing|noidea|nocomments?|notapplicable"
    rf"|{_SUBJECT}{_TIME}{_NONE}(?:{_MATTER}(?:的|了|和|与|或|及|也|都)?(?:{_NONE})?)*{_TAIL}"
    rf"|{_TIME}(?:不知道|不清楚|不了解|不太?懂|说不清|说不上来?|不好说|没想好|没想过|想不到|想不起来?|记不清|"
    rf"不便透露|拒答|保密|不方便说)(?:说什么|写什么|怎么说|怎么写)?{_TAIL}"
    r"|随便|都行|都可以|都好|随意|略|空|空白|跳过|未填|不填|同上|见上|如上|如题|以上|一样|测试|试试|省略|暂缺|待定"
    r"|(?:以后|今后|将来|下次|下回|回头|到时候?|等)?(?:有|遇到|碰到|想到|想起来|需要)?(?:了|的话|问题|困难|需要|情况|时|以?后)*"
    r"(?:再|及时|会)(?:及时)?(?:说|反映|提|联系|填|补充|反馈)(?:吧|了)?"
    r"|还?(?:有|能有)?(?:啥|什么)(?:可|好)?说的(?:呢|啊|嘛)?"
    rf"|(?:都|一切|目前|现在|总体|整体|基本|感觉|各方面)*(?:挺好|还好|还行|还可以|可以|正常|蛮好|很好|好|良好|不错){_TAIL}"
    r"|(?:以上|非常|十分|万分|真心|衷心|先)?(?:谢谢|感谢|多谢|拜谢|辛苦)(?:您|你|你们|您们|大家|各位|领导|政府|了|啊|的?关心|的?支持)*"
    r"|(?:请|敬请|恳请|望|希望|盼|期待|盼望)?(?:有关|相关)?(?:部门|领导|政府|上级|贵单位)?(?:能|能够|给予|予以|帮忙|"
    r"尽快|尽早|早日|及时|多多|高度)*(?:重视|解决|回复|答复|回音|处理|关注|落实|协调|联系|联系我|考虑|转达)"
    r"(?:一下|为盼|为谢|此事|问题)?"
    r"|[0-9a-z]|[0-9.]+"
)
_CONTACT = re.compile(
    r"(?:我是|我叫|我们是|本人|联系人|联系|电话|手机|号码?|微信|同号|邮箱|地址|身份证|车牌|账号|的|老板|负责人|"
    r"法人|单位|公司|是|请|回电|拨打|打|加|或|qq|发|详情|找|我们?的?车)*"
)
_DENIAL = re.compile(
    r"(?P<before>.{0,10}?)(?:(?:不觉得|不认为|并不|没觉得|不存在|谈不上|(?:从?没有?|从?未|不曾)(?:再|有)?"
    r"(?:遇到|碰到|遇见|发生|出现|感到|存在|发现)过?).{1,16}"
    r"|(?:从?没有?|没人|从不)(?:拖|欠|停过|乱|罚过|断过|卡|为难|刁难|催).{0,5}"
    r"|(?:没有?(?:什么|啥|太大)?(?:问题|困难|影响|压力)|没遇到困难|不成问题|不缺|没受影响|不受影响|还算(?:顺利|方便|好)|还好|还行|"
    r"没啥说的|没什么(?:可|好)?说的|没啥意见|没有?意见|不用愁|不愁|(?<!不)够用?|(?<=[检来]查)(?:的)?不多|(?<=罚款)不多)(?:了|的)?)"
)
_PRAISE = re.compile(
    r"祝.{2,}|(?:希望|望|期望|请)?.{0,6}(?:继续|一如既往)(?:保持|坚持|努力|加油|这样|支持).{0,4}|(?:希望|望)保持"
    r"|(?:希望|期望|相信)(?:我们?|咱们?|家乡|洛阳|全市|国家|祖国|政府|城市|大家)?市?(?:的)?(?:明天|未来|发展|经济|营商环境|"
    r"日子)?(?:能|会)?(?:越来越|越办越|更加?)(?:好|快|强|美好?|繁荣|兴旺)|再接再厉|再创佳绩|更上一层楼"
    r"|(?:各方面|各部门|总体|整体|我们?|都|对政府)*(?:很|非常|特别|挺|十分|相当)满意(?:了|的)?"
)
_DENYING = re.compile(r"[没不未够谈还罚查]")
_MOANS = "难贵慢差累苦烦乱穷坑堵黑卡"  # even one of them, or any number, complains
_MARKS = re.compile(r"[\W_]+")
_LABEL = re.compile(r"(?:意见|建议|问题|困难|部门|事项|诉求)(?:[和与及、](?:意见|建议|诉求))?:")
_CLAUSE_END = re.compile(r"[,。;!?、:\s…~]+")
_CLAUSE = re.compile(r"[^,。;!?\n]+")


def verdict(key: str) -> Literal["non_answer", "praise"] | None:
    """Tell what a folded remark is whose every clause the grammar knows; None where one clause is open.

    >>> [verdict(key) for key in ("没有意见", "没有停车位", "没遇到拖欠,祝洛阳越来越好")]
    ['non_answer', None, 'praise']
    """
    roles = _roles(key)
    if "open" in roles:
        return None
    return "praise" if "praise" in roles else "non_answer"


def says_nothing(key: str) -> bool:
    """Tell whether every clause of a folded remark is empty; to deny a difficulty is to say something.

    >>> [says_nothing(key) for key in ("意见:无;建议:无", "没有。谢谢", "没有拖欠")]
    [True, True, False]
    """
    return _roles(key) <= {"empty"}


def _roles(key: str) -> set[_Role]:
    """Collect what the clauses of a folded remark do, up to the first open one."""
    words = bare(key)
    if _empty(words):
        return {"empty"}
    if words == key:  # a single clause, as most are
        return {_stance(words)}
    roles: set[_Role] = set()
    for clause in _CLAUSE_END.split(_LABEL.sub("", key) if ":" in key else key):
        roles.add(_role(clause))
        if "open" in roles:
            break
    return roles


def bare(text: str) -> str:
    """Strip everything but letters and digits."""
    return _MARKS.sub("", text)


def affirmed(text: str) -> str:
    """Blank out the clauses of a folded remark that deny a difficulty: their words are no evidence for a theme.

    >>> affirmed("不觉得贷款难,就是缺人")
    ',就是缺人'
    """
    return _CLAUSE.sub(lambda clause: "" if _denies(clause[0]) else clause[0], text)


def _role(clause: str) -> _Role:
    """Tell what one clause does, so far as it can be told without teaching."""
    masked = "【" in clause
    words = bare(unmasked(clause) if masked else clause)
    if _empty(words) or (masked and _CONTACT.fullmatch(words)):
        return "empty"
    return _stance(words)


def _stance(words: str) -> _Role:
    if _denies(words):
        return "denial"
    return "praise" if _PRAISE.fullmatch(words) else "open"


def _empty(words: str) -> bool:
    return (
        not words
        or (len(words) <= _LONGEST_EMPTY and bool(_EMPTY.fullmatch(words)))
        or (words[0] not in _MOANS and len(words) > 1 and words == words[0] * len(words))
    )


def _denies(clause: str) -> bool:
    return (
        len(clause) <= _LONGEST_DENIAL
        and bool(_DENYING.search(clause))  # most clauses hold none, and end here
        and bool(_DENIAL.fullmatch(clause.strip()))
    )
