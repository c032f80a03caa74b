"""Tell remarks that say nothing and remarks that praise from complaints."""

from __future__ import annotations

import re
from typing import Literal

from evalpkg.text.cleaning import clean, fold, unmasked

Kind = Literal["non_answer", "praise", "complaint"]
_Role = Literal["empty", "denial", "good", "bad", "plain"]

_LONGEST_EMPTY = 60  # no non-answer is longer, but for one character repeated

_SUBJECT = r"(?:我们?|我司|我店|本人|本公司|本店|本企业|企业|公司|个人|这边|这里|大家)?"
_TIME = (
    r"(?:暂时?|暂且|目前|现在|当前|现阶段|至今|今年|近期|一切|基本上?|确实|真的?|好像|应该|其实|也|都|"
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
    rf"|(?:都|一切|目前|现在|总体|整体|基本|感觉|各方面)*(?:挺好|还好|还行|还可以|可以|正常|蛮好|很好|好|良好|不错){_TAIL}"
    r"|(?:以上|非常|十分|万分|真心|衷心|先)?(?:谢谢|感谢|多谢|拜谢|辛苦)(?:您|你|你们|您们|大家|各位|领导|政府|了|啊|的?关心|的?支持)*"
    r"|(?:请|敬请|恳请|望|希望|盼|期待|盼望)?(?:有关|相关)?(?:部门|领导|政府|上级|贵单位)?(?:能|能够|给予|予以|帮忙|"
    r"尽快|尽早|早日|及时|多多|高度)*(?:重视|解决|回复|答复|回音|处理|关注|落实|协调|联系|联系我|考虑|转达)"
    r"(?:一下|为盼|为谢|此事|问题)?"
    r"|[0-9a-z]|(.)\1*|[0-9.]+"
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
_GOOD = re.compile(
    r"点赞|表扬|赞扬|称赞|好评|满意|(?:感谢|谢谢).{3,}|(?:服务|态度)(?:态度|都|也|很|非常|特别|真|挺)*(?:好|到位|周到|"
    r"热情|棒|和蔼|亲切|端正)|耐心|周到|热情|热心|贴心|细心|尽责|负责|敬业|专业|高效|给力|优秀|一流|靠谱|廉洁|清廉|公正|"
    r"亲民|为民|帮了?大忙|随叫随到|一次(?:就|性)?办(?:成|好|完)|"
    r"(?:方便|便利|快|好|省事|省心|顺畅|规范|透明)了?(?:多了|很多|不少|许多)|越来越(?:好|方便|快|规范|便捷|强)|"
    r"比(?:以前|过去|从前|原来|往年|去年|一年|早先)(?:.{0,3})(?:强|好|快|方便|规范)|"
    r"效率(?:很|非常|特别|挺|真|也)?高|(?:办得|办事|办理|速度|响应|回复|处理)(?:很|非常|特别|挺|真|也|都)*(?:快|及时|迅速|"
    r"顺利)|很(?:快|及时|方便|顺利|便捷|规范|到位|好)|(?:非常|特别|真的?|太)(?:棒|好|方便|满意|感谢)|真好|真不错|暖心|"
    r"有信心|大力支持|好政府|好干部|人民公仆|[赞棒]"
)
_WISH = re.compile(
    r"祝.{2,}|(?:希望|望|期望|请)?.{0,6}(?:继续|一如既往)(?:保持|坚持|努力|加油|这样|支持).{0,4}|(?:希望|望)保持"
    r"|(?:希望|期望|相信)(?:我们?|咱们?|家乡|洛阳|全市|国家|祖国|政府|城市|大家)?市?(?:的)?(?:明天|未来|发展|经济|营商环境|"
    r"日子)?(?:能|会)?(?:越来越|越办越|更加?)(?:好|快|强|美好?|繁荣|兴旺)|再接再厉|再创佳绩|更上一层楼"
)
_GOOD_DENIAL = re.compile(
    r"(?:不|没有?|从不|从未|无)(?:推诿|扯皮|拖拉?|刁难|卡|吃拿卡要|乱收费|乱罚款|收费|找关系|托关系|找人|求人|多跑|再跑|"
    r"用再?跑|用排队|耽误|敷衍|摆架子|厌其烦|辞辛苦|遗余力|错|难|麻烦|慢|贵|话说|得说)|没想到|少跑|不用?跑|不见面|不动产|"
    r"不用.{0,6}|最多跑一次|减税降费|减免|减税|退税|容缺|解决(?:了|得)|帮.{0,6}解决"
)
_BAD = re.compile(
    r"[不没未无难慢贵差缺少堵乱罚卡拖欠累苦怕贪懒坑骗压垫耗逼赖躲催]|太(?!棒|好|方便|满意|感谢)|但|可是|然而|只是|就是|倒是|主要还是|关键是|头疼|"
    r"希望|建议|请|盼|应当|应该|要求|需要|需|能否|能不能|可否|加强|加大|改善|改进|提高|增加|减少|降低|取消|完善|解决|"
    r"过[高低多长]|偏[高低]|问题|困难|投诉|涨|高了|停[产电水工]|排队|麻烦|敷衍|冷漠|再[^接创]|一点"
)
_CLAUSE_END = re.compile(r"[,。;!?、:\s…~]+")


def kind(text: str) -> Kind:
    """Tell whether a remark says nothing, praises, or complains.

    Clause by clause: a non-answer must match the grammar from end to end ("没有" is one, "没有停车位" is a
    complaint); to deny a difficulty ("没有遇到拖欠") is no complaint; praise needs a word of approval. Any clause
    that wants something makes a complaint.

    >>> [kind(t) for t in ("暂无。", "没有停车位", "窗口态度很好，点赞")]
    ['non_answer', 'complaint', 'praise']
    """
    key = fold(clean(text))
    roles = [_role(clause) for clause in _CLAUSE_END.split(key)]
    said = [role for role in roles if role != "empty"]
    if not said or _empty(_bare(key)):
        return "non_answer"
    if "bad" in said:
        return "complaint"
    if "good" in said:
        return "praise"
    return "non_answer" if "denial" in said else "complaint"


def affirmed(text: str) -> str:
    """Blank out the clauses of a folded remark that deny a difficulty: their words are no evidence for a theme.

    >>> affirmed("不觉得贷款难,就是缺人")
    ',就是缺人'
    """
    return _CLAUSE.sub(lambda clause: "" if _denies(clause[0]) else clause[0], text)


_CLAUSE = re.compile(r"[^,。;!?\n]+")


def _role(clause: str) -> _Role:
    """Tell what one clause does."""
    bare = _bare(unmasked(clause))
    if _empty(bare) or (bare != _bare(clause) and _CONTACT.fullmatch(bare)):
        return "empty"
    if _denies(bare):
        return "denial"
    if _WISH.fullmatch(bare):
        return "good"
    if _BAD.search(_GOOD_DENIAL.sub("", bare)):
        return "bad"
    return "good" if _GOOD.search(bare) else "plain"


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _empty(bare: str) -> bool:
    return (
        not bare
        or bare == bare[0] * len(bare)
        or (len(bare) <= _LONGEST_EMPTY and bool(_EMPTY.fullmatch(bare)))
    )


def _denies(clause: str) -> bool:
    return len(clause) <= 40 and bool(_DENIAL.fullmatch(clause.strip()))
