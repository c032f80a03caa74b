"""Clean a remark, and reduce it to the key that words are matched on."""

from __future__ import annotations

import re
import unicodedata

# Circled digits head the items of a list; NFKC would turn ① into a bare 1 that reads as a quantity.
_CIRCLED = {
    **{0x2460 + i: f"{i + 1}、" for i in range(20)},
    **{0x2776 + i: f"{i + 1}、" for i in range(10)},
    **{0x24F5 + i: f"{i + 1}、" for i in range(10)},
    **{0x3280 + i: f"{'一二三四五六七八九十'[i]}、" for i in range(10)},
}
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANK = re.compile(r"[^\S\n]+")
_STACKED = re.compile(r"[\u0300-\u036f\ufe00-\ufe0f\u20e3]+")
_MASK = re.compile(r"【[^】]{1,6}】")
_DROPPED = ("Cc", "Cf", "Cs", "Co")

# The frequent characters that differ, so that lexicon and grammar also read remarks in traditional script.
_TRADITIONAL = str.maketrans(
    "無沒見議暫時說講題問滿謝讚揚貸資銀難貴慢亂鎖錢稅費開發圍場車門廠業員會計辦審證許執檢查監罰環汙氣電"
    "網線絡訴處應對話實現標準規則劃務農產險養醫學師傳輸運費貨車國際進關係統級點數據創專項雙優惠補貼償還債"
    "權約買賣價減負擔歸屬過適遲緩讓寫讀該認識設備廣場東園區鄉鎮縣鄰廳樓層間隊長總經營結構築組織紀錄報導單"
    "裝燈聲體復歷歲來兩個們這後從當與並為爾嗎麼幾個請聯繫號碼戶損壞壓壟斷籤簽劑測選擇擴廢鐵鋼機動員勞臨聘",
    "无没见议暂时说讲题问满谢赞扬贷资银难贵慢乱锁钱税费开发围场车门厂业员会计办审证许执检查监罚环污气电"
    "网线络诉处应对话实现标准规则划务农产险养医学师传输运费货车国际进关系统级点数据创专项双优惠补贴偿还债"
    "权约买卖价减负担归属过适迟缓让写读该认识设备广场东园区乡镇县邻厅楼层间队长总经营结构筑组织纪录报导单"
    "装灯声体复历岁来两个们这后从当与并为尔吗么几个请联系号码户损坏压垄断签签剂测选择扩废铁钢机动员劳临聘",
)


def clean(text: str) -> str:
    r"""Normalise a remark: width, circled digits, invisible characters and runs of blanks.

    Circled digits become list markers, the rest is Unicode NFKC (full-width digits and punctuation become ASCII).
    Zero-width, control, surrogate and stacked combining characters go. Line ends stay, they end sentences.

    >>> clean("①贷款难　②招工难\u200b！")
    '1、贷款难 2、招工难!'
    """
    plain = unicodedata.normalize("NFKC", _visible(text.translate(_CIRCLED)))
    # NFKC itself brings blanks and accents forth (a free-standing accent becomes a blank and an accent).
    plain = unicodedata.normalize("NFKC", _visible(plain))
    return re.sub(r" ?\n[ \n]*", "\n", plain).strip()


def unmasked(text: str) -> str:
    """Blank out the masks of personal data: they are nobody's words.

    >>> unmasked("【单位】门口停车难")
    ' 门口停车难'
    """
    return _MASK.sub(" ", text)


def fold(text: str) -> str:
    """Reduce cleaned text to its match key: lower case and, for frequent characters, simplified script.

    The length is kept, so positions in the key are positions in the text.

    >>> fold("銀行貸款難 VAT")
    '银行贷款难 vat'
    """
    simple = text.translate(_TRADITIONAL)
    lower = simple.lower()
    return lower if len(lower) == len(simple) else simple


def _visible(text: str) -> str:
    """Drop what cannot be seen; any run of blanks but line ends becomes one space."""
    text = _STACKED.sub("", text)
    if not text.isprintable():
        text = _LINE_END.sub("\n", text)
        text = _BLANK.sub(" ", text)
        text = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _DROPPED)
    return re.sub(r"  +", " ", text)
