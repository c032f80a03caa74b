"""Personal data in remarks: found in many disguises, and not seen where there is none. Every person here is invented."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpkg.privacy import MASKS, Redaction, redact
from evalpkg.privacy.numbers import luhn
from evalpkg.privacy.view import view

# sentence | what must be masked to the last letter and digit, several parts separated by 、
DISCLOSING = """
联系电话：13598171234，请尽快处理|13598171234
有事打我手机 1 3 9 3 7 9 0 1 2 3 4|1 3 9 3 7 9 0 1 2 3 4
电话139.3790.1234|139.3790.1234
138 379 01234 随时联系|138 379 01234
(0379)-63912345找小王|(0379)-63912345、小王
办公室0379－6391 2345没人接|0379－6391 2345
我们厂电话63912345|63912345
手机+8613937901234|+8613937901234
电话0086-139-3790-1234|0086-139-3790-1234
打电话幺三九三七九零幺二三四|幺三九三七九零幺二三四
一三九，三七九零，一二三四，我的号|一三九，三七九零，一二三四
tel:13937901234|13937901234
手机号码是①③⑨③⑦⑨⓪①②③④|①③⑨③⑦⑨⓪①②③④
138****5678是我号|138****5678
身份证号：41030519850312123X|41030519850312123X
身份证 410305 1985 0312 1234|410305 1985 0312 1234
法人身份证号码４１０３０５１９８５０３１２１２３４|４１０３０５１９８５０３１２１２３４
身份证41030519850312123办不了|41030519850312123
老身份证410305850312123|410305850312123
护照E12345678签注|E12345678
本人证件号码是410328197607183516，查不到|410328197607183516
社会信用代码：91410300MA9F2K3L4X|91410300MA9F2K3L4X
税号9141 0305 7654 3210 9A|9141 0305 7654 3210 9A
税号914103007654321098开票失败|914103007654321098
统一代码 91410300ma9f2k3l4x 系统查不到|91410300ma9f2k3l4x
组织机构代码76543210-9|76543210-9
农行卡6228480718234567890没到账|6228480718234567890
对公账号1705020109200123456收不到退税|1705020109200123456
卡号：6217 8580 0001 2345 678|6217 8580 0001 2345 678
开户行建行涧西支行，账号41001540010050201234|41001540010050201234
发邮件到 zhang_san@sina.com|zhang_san@sina.com
邮箱lisi＠１６３．ｃｏｍ|lisi＠１６３．ｃｏｍ
邮箱 wang.wu(at)gmail.com|wang.wu(at)gmail.com
QQ：1234567|1234567
扣扣号12345678|12345678
加我q 987654321|987654321
QQ号是 1234 56789|1234 56789
微信号：zhang_8899|zhang_8899
加v信abc12345|abc12345
wx: luoyang_zs|luoyang_zs
微信同号13937901234|13937901234
我微信lyzcs2020|lyzcs2020
微信：mingming|mingming
V❤ abc_123|abc_123
豫CD8W21被误拍|豫CD8W21
车牌豫C·12345|豫C·12345
豫A12345挂车进城被罚|豫A12345挂
豫c88888停在门口被贴条|豫c88888
车牌号 豫C F1234|豫C F1234
陕A·D12345新能源车也限行|陕A·D12345
洛龙区关林路66号院内|洛龙区关林路66号
西工区中州中路100号2楼|西工区中州中路100号2楼
厂址：偃师区首阳山街道工业大道8号|偃师区首阳山街道工业大道8号
老城区西大街十八号门面|老城区西大街十八号
家住涧西区天津路5号院3号楼2单元401|涧西区天津路5号院3号楼2单元401
我店在王城大道和九都路交叉口往南50米路东|王城大道和九都路交叉口往南50米路东
地址在伊川县城关镇南府店村3组|伊川县城关镇南府店村3组
开元名郡小区5栋2单元301室漏水没人管|开元名郡小区5栋2单元301室
新安县磁涧镇老井村12号|新安县磁涧镇老井村12号
洛龙区太康路与学府街交叉口西北角|洛龙区太康路与学府街交叉口西北角
李总反映过三次|李总
找了刘主任也没用|刘主任
税务所王所长吃拿卡要|王所长
赵科长态度差|赵科长
孙经理和周会计都说不行|孙经理、周会计
街道办陈书记承诺过|陈书记
市监局冯队长带人来查|冯队长
胡某某恶意投诉|胡某某
联系人：李明|李明
联系人 张晓燕 |张晓燕
我叫王小明，开饭店的|王小明
法人代表：赵永强|赵永强
负责人杨帆说没钱|杨帆
会计小赵填错了|小赵
老李跑了五趟|老李
老马家的羊肉汤馆被罚|老马
窗口工作人员李娜态度很好|李娜
城管队员张强踢翻摊位|张强
科长马建军收了红包|马建军
局长郑伟不见我们|郑伟
找王志刚签字才行|王志刚
老板叫徐国庆|徐国庆
店主孙秀梅|孙秀梅
欧阳科长说下周|欧阳科长
上官婉儿女士开的店|上官婉儿
诸葛经理|诸葛经理
我是韩梅梅，做外贸|韩梅梅
本人姓名：董建华|董建华
陈志强每次都说材料不全|陈志强
李芳 13937901234|李芳、13937901234
王伟（电话13937901234）|王伟、13937901234
Mr. Smith 的工作签证|Smith
John Brown先生等了三个月|John Brown
Li Wei, visa renewal is slow|Li Wei
我们是洛阳恒基铸造有限公司|洛阳恒基铸造有限公司
洛阳市涧西区鑫源五金商行|洛阳市涧西区鑫源五金商行
河南中源实业集团有限公司拖欠货款|河南中源实业集团有限公司
汝阳县丰裕种植专业合作社|汝阳县丰裕种植专业合作社
大华纺织厂停产三次|大华纺织厂
伊川金石耐火材料厂|伊川金石耐火材料厂
好邻居超市门口不让停车|好邻居超市
张记烩面馆|张记烩面馆
李家豆腐汤店被责令整改|李家豆腐汤店
老雒阳面馆的招牌|老雒阳面馆
永鑫汽修被查封|永鑫汽修
客户宏达机械欠我们尾款|宏达机械
甲方中豪建设一直不付款|中豪建设
我是隆盛酒业的负责人|隆盛酒业
阳光理发店|阳光理发店
天一大药房医保结算慢|天一大药房
“老槐树”饭店招牌被拆|老槐树
企业名称：洛阳鑫诺智能科技|洛阳鑫诺智能科技
洛阳LY精密机械有限公司|洛阳LY精密机械有限公司
宜阳县韩城镇福来养殖场|宜阳县韩城镇福来养殖场
嵩县旧县镇德亭矿业公司的采矿证|德亭矿业公司
起诉洛阳万基置业有限公司两年没执行|洛阳万基置业有限公司
孟津区会盟镇鱼米香农家乐|鱼米香农家乐
瑞祥宾馆消防验收拖了半年|瑞祥宾馆
小天鹅幼儿园办证难|小天鹅幼儿园
赵会计让我们补了四次材料|赵会计
请转告钱副主任|钱副主任
窗口小杨服务热情|小杨
分管的孙副县长来调研过|孙副县长
吕工现场勘察后没下文|吕工
魏律师建议我们起诉|魏律师
雷书记说研究研究|雷书记
老陈和老吴都不干了|老陈、老吴
苏某伪造公章|苏某
曹先生在此经营十年|曹先生
贾女士反映的情况属实|贾女士
许大姐带我们办的|许大姐
办事员郝丽丽脸色难看|郝丽丽
会计李晓红说系统坏了|李晓红
经理蔡文斌|蔡文斌
税管员孟凡军长期不接电话|孟凡军
村支书田玉柱把路堵了|田玉柱
法人：宋佳，手机15538812345|宋佳、15538812345
联系人韩露 13700001111|韩露、13700001111
我是王丽娟，涧西区开美容院的|王丽娟
我姓张，叫张海涛|张海涛
股东刘建国和周海波闹矛盾|刘建国、周海波
前夫陈勇把公司公章拿走|陈勇
城管局马队长|马队长
找谢所要说法|谢所
司马先生|司马先生
请联系丁丽13938812345|丁丽、13938812345
崔巍巍，女，个体户|崔巍巍
Zhang Wei from Luoyang, permit delayed|Zhang Wei
David先生的居留许可|David
彭总监|彭总监
朱老师的培训班被关停|朱老师
员工张亮工伤赔偿|张亮
厨师长何平离职|何平
业务经理潘洁|潘洁
我们洛阳华翔玻璃制品有限公司去年亏损|洛阳华翔玻璃制品有限公司
洛阳市洛龙区爱尚美发工作室|爱尚美发工作室
鸿运来酒店消防问题|鸿运来酒店
恒通物流的车被扣|恒通物流
合作方金鑫商贸跑路|金鑫商贸
偃师顺达鞋业有限公司出口退税慢|偃师顺达鞋业有限公司
洛阳高新区博远软件公司申报高企|博远软件公司
宜阳德福面粉厂电费高|宜阳德福面粉厂
栾川伏牛山庄停业|伏牛山庄
我厂（洛阳永固紧固件厂）用工难|洛阳永固紧固件厂
孟津白鹤镇昌盛砖厂被关|昌盛砖厂
王婆婆凉皮店租金涨了|王婆婆凉皮店
刘记包子铺|刘记包子铺
杨氏骨科诊所医保定点申请|杨氏骨科诊所
小木屋咖啡馆|小木屋咖啡馆
江苏建工集团拖欠农民工工资|江苏建工集团
洛阳牡丹城宾馆|洛阳牡丹城宾馆
我在中弘卓越城A区3号楼经营母婴店|中弘卓越城A区3号楼
西工区解放路与体育场路交叉口往北100米|西工区解放路与体育场路交叉口往北100米
店址：涧西区牡丹广场地下一层B12号|涧西区牡丹广场地下一层B12号
瀍河区启明南路28-3号|瀍河区启明南路28-3号
伊川县鸦岭镇亓岭村5组12号|伊川县鸦岭镇亓岭村5组12号
家住宜阳县锦屏镇灵山村|宜阳县锦屏镇灵山村
洛龙区宜人路东方今典小区12-2-501|东方今典小区12-2-501
关林商贸城C区2排15号|关林商贸城C区2排15号
电话：0379 - 6412 3456|0379 - 6412 3456
电话037964123456|037964123456
致电86-379-64123456|86-379-64123456
手机13 8 0379 1234|13 8 0379 1234
15838812345/13938812345两个号都行|15838812345、13938812345
138-0379-1234或0379-64123456|138-0379-1234、0379-64123456
身份证号41O305198503121234被登记错|41O305198503121234
身份证后六位121234|121234
证件号码：4103271990 0229 1234|4103271990 0229 1234
统一社会信用代码 91410300-MA45ABCD1X|91410300-MA45ABCD1X
税务登记号410305123456789|410305123456789
卡号6228 4807 1823 4567 890|6228 4807 1823 4567 890
招行卡6214830379123456|6214830379123456
公户账号 2610 0012 3456 789|2610 0012 3456 789
邮箱a.b-c_d@mail.company.com.cn|a.b-c_d@mail.company.com.cn
QQ群123456789|123456789
q:12345678|12345678
加微信:Luo_yang2021|Luo_yang2021
微信 lihua-1990|lihua-1990
WeChat: tom_wang88|tom_wang88
微信号wx20200808|wx20200808
抖音号：lyhmg888|lyhmg888
支付宝13900001111|13900001111
京A·12345D|京A·12345D
豫C-D1234|豫C-D1234
豫 C 8 8 8 A 8|豫 C 8 8 8 A 8
网址http://www.xinlei.com/abc|http://www.xinlei.com/abc
www.lyqm.cn|www.lyqm.cn
我是偃师顾县镇的个体户武新民，电话13525901188，养殖贷款批不下来|武新民、13525901188
请拨打0379-6234 5678找郝经理|0379-6234 5678、郝经理
夏局长答应年底解决，现在没影了|夏局长
税所的小孟业务不熟|小孟
技术员毛志远离职后没人接手|毛志远
店长阎丽|阎丽
老牛饭庄的牌子被摘了|老牛饭庄
洛阳瑞昌玻璃钢制品有限责任公司反映：出口退税三个月未到|洛阳瑞昌玻璃钢制品有限责任公司
洛阳北方易初摩托车厂旁边的德隆铸造厂停产|德隆铸造厂
我在定鼎路56号开理发店，门口修路|定鼎路56号
涧西区景华路与青岛路交叉口西50米路南，占道经营|涧西区景华路与青岛路交叉口西50米路南
微信号Ly_2020_abc咨询了三次没回复|Ly_2020_abc
QQ号1029384756加了没通过|1029384756
邮箱hr.lyzg@126.example收简历，招不到人|hr.lyzg@126.example
豫CF88A9被电子眼误拍|豫CF88A9
我的身份证号411323199202306319被冒用注册公司|411323199202306319
营业执照91410305MA9GLT8X2K年报异常|91410305MA9GLT8X2K
中行账号6013 8201 0001 2345 678退税未到|6013 8201 0001 2345 678
手机一五八三七九二六六八八，求助|一五八三七九二六六八八
Mary Chen is our manager, visa delayed|Mary Chen
法定代表人：贾宏伟|贾宏伟
贾某某和薛某串标|贾某某、薛某
单位联系人戴工 0379-65432100|戴工、0379-65432100
审批科的彭姐说系统升级|彭姐
常老板欠款跑路|常老板
金科长嫌材料不齐|金科长
万主任让我们等通知|万主任
司法所的石所长调解过|石所长
鑫源轮胎店被要求换门头|鑫源轮胎店
好运来大酒店消防验收难|好运来大酒店
伊川县白沙镇恒兴面粉厂|伊川县白沙镇恒兴面粉厂
汝阳杜康村的福满堂酒坊|福满堂酒坊
代理商华信电器拖欠服务费|华信电器
嵩县车村镇绿野民宿|绿野民宿
我们恒丰物流有12台车|恒丰物流
方家牛肉汤馆|方家牛肉汤馆
庞记砂锅面|庞记砂锅面
赵氏正骨诊所|赵氏正骨诊所
新安县铁门镇玉梅村六组34号|新安县铁门镇玉梅村六组34号
洛龙区宝龙城市广场B座2203室|洛龙区宝龙城市广场B座2203室
13603790000（韩）|13603790000
+86-135-2590-1188|+86-135-2590-1188
传真：0379 - 63210987|0379 - 63210987
会计证件号41031119850101452x|41031119850101452x
名叫乔振东的协管员收费不给票|乔振东
与客户孔令辉有合同纠纷|孔令辉
负责人谭咏|谭咏
老板娘苏巧云|苏巧云
"""
HARMLESS = """
我们公司贷不到款
希望物业公司管管停车
供电公司经常停电
自来水公司收费高
洛阳银行贷款审批慢
外地公司来抢生意
小贷公司利息太高
化工厂必须进园区
开个饭店要办五个证
服装店生意不好
厂房租金涨了三成
药店医保刷卡系统老断
施工许可证办了三个月
员工工资社保负担重
职工子女上学难
总是让我们跑来跑去
马上要交社保了
安全检查太多
高总量排放企业先停
方案变来变去
金融支持不够
常年招不到工人
石油价格上涨
时间太长
万元以下罚款也要公示
许可证延期太慢
单位食堂也要办证
管理混乱，没人负责
项目经理不好招
主任不在就办不了
局长信箱没有回复
区长热线打不通
12345打了三次没人管
0379-12345没人接
拨打12366一直占线
热线0379-63912345打不通
2021年第3季度纳税12345.67元
投资3800万元，占地120亩
文号豫政办〔2021〕15号
合同金额1,380,000元
快递单号780123456789012丢件
发票号码01234567作废
注册资本1000万
3月15日到4月20日停产36天
8:30排队到11:20
张贴公告不及时
王城公园周边停车难
黄金地段租金高
向主管部门反映无果
任何部门都不管
成本太高了
白酒企业税负重
温度不够，暖气不热
江浙一带政策比我们好
党建检查太多
老板们都说难
小时工不好找
老城区道路窄
小李村附近修路
阿里巴巴平台扣点高
大家都觉得贵
开元大道修路半年
龙门大道堵车
九都路与王城大道交叉口天天堵
经开区管委会效率低
高新区比其他区好
解决企业用工难
程序太复杂
于法无据
周末不上班
应急局检查多
包工头跑了
钱不到位
毛利润只有3个点
水费电费双涨
车位不够
国家政策好
郑州的审批比洛阳快
洛阳市中小企业融资难
机械行业不景气
建材价格上涨
餐饮行业受疫情影响大
农村合作社没有补贴
连锁超市挤压小店
个体工商户享受不到
两家公司抢一个项目
某公司长期拖欠
QQ群里通知才知道
微信公众号信息不及时
支付宝付款要手续费
APP登录老是报错
ETC办理慢
GDP增长5.3%
VOCs治理费用60万
windows7系统打不开申报页面
国三车限行
总经理负责制
副局长级别以上才能批
我们老板不懂政策
找领导批示
程主任务重
经营成本高
严格执法我支持
施工队不专业
石材行业整治
金额太少
任务重，人手少
卫生局检查多
路灯不亮
宁可不办也不想跑
强制征收
温泉景区淡季
易燃易爆企业搬迁
曲线太陡
小张贴广告太多
大李营丹尼斯附近停车
安居房手续慢
方言听不懂
白跑一趟
全靠自己
高管个税负担
孔洞没修
车辆年检贵
文明城市创建关门三天
解封后客流没恢复
万众创业扶持少
马路坑洼
牛羊养殖用地难
龙门石窟门票贵
康养项目审批慢
关停并转没补偿
时不时停电
明显偏袒大企业
平台公司不讲理
加油站双层罐改造贵
幼儿园普惠补贴不到位
酒店布草洗涤要环评
宾馆特种行业许可慢
饭店油烟治理设备贵
门店招牌统一难看
老店被拆
市里的公司多
本地超市没活路
药厂排污指标
加盟店收费高
培训学校被一刀切
车行交易市场乱
总公司在郑州，分公司独立纳税难
子公司注销难
法院执行局效率低
检察院监督不力
联通电信移动宽带贵
中石化加油站不开票
阿里云服务器贵
工商联组织的活动好
商会会长换届
政府网站www.ly.gov.cn打不开
12328投诉没用
排污许可证编号91410300MA4XQ7B12T001P
设备型号HT-200A
第13条第8款
房租每平米138元
电价0.6234元
2020-2022年纳税1380000元
1-2楼都漏水
高管人员社保太重
平均工资涨得快
关于停车的建议
应收账款太多
常委会议精神传达慢
白天限货车晚上才能进
江边绿化很好
成品油税收高
马路市场没人管
文件太多看不懂
严控排放可以理解
方向不明
宋体标识必须统一，品牌没法用
金水区的政策比我们好
万元GDP能耗考核
毛坯房不能办证
何时能通天然气
石子路坑洼不平
程控设备进口难
时间成本高
周转资金紧张
解除合同纠纷难
罗列一堆材料
温室大棚用地性质
尤其是小企业更难
钱难借，事难办
经济开发区管委会没权审批
三小时都没排到
厂里工人流动大
店里生意差
公司注销手续多
2020年10月底前要求完成
编号第000123号文件
0.5元每度
平台佣金20%
1000平方米厂房年租金12万元
"""


def lines(block: str) -> list[str]:
    return block.strip().splitlines()


def covered(redaction: Redaction) -> set[int]:
    return {i for start, end, _ in redaction.spans for i in range(start, end)}


def all_covered(part: str, sentence: str, redaction: Redaction) -> bool:
    start = sentence.index(part)
    return {i for i in range(start, start + len(part)) if sentence[i].isalnum()} <= covered(redaction)


@pytest.mark.parametrize("line", lines(DISCLOSING))
def test_every_letter_and_digit_is_masked(line: str) -> None:
    sentence, parts = line.rsplit("|", 1)
    redaction = redact(sentence)
    assert [part for part in parts.split("、") if not all_covered(part, sentence, redaction)] == []


@pytest.mark.parametrize("sentence", lines(HARMLESS))
def test_departments_hotlines_utilities_and_plain_words_stay(sentence: str) -> None:
    assert redact(sentence) == Redaction(sentence, [])


def test_there_are_enough_sentences() -> None:
    assert len(lines(DISCLOSING)) > 150
    assert len(lines(HARMLESS)) > 100


STRUCTURED = {"PHONE", "ID_CARD", "USCC", "BANK_CARD", "EMAIL", "QQ", "WECHAT", "PLATE"}


def test_the_development_half_of_the_corpus(shared) -> None:
    rows = [
        json.loads(row) for row in (shared / "trust/pii/dev.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    missed: dict[bool, list[str]] = {True: [], False: []}
    for row in rows:
        redaction = redact(row["text"])
        for span in row["spans"]:
            if span["type"] != "QUASI" and not all_covered(span["text"], row["text"], redaction):
                missed[span["type"] in STRUCTURED].append(span["text"])
    touched = [row["id"] for row in rows if not row["spans"] and redact(row["text"]).spans]
    assert (missed[True], missed[False], touched) == ([], [], [])


def test_the_demo_topics_hold_no_personal_data(shared) -> None:
    rows = (shared / "domain/dicts/topic_phrases.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row for row in rows if redact(row.split(",", 2)[2]).spans] == []


def test_names_of_departments_stay(shared) -> None:
    rows = (shared / "domain/dicts/departments.csv").read_text(encoding="utf-8").splitlines()[1:]
    names = [name for row in rows for cell in row.split(",")[1:4] for name in cell.split(";")]
    sentences = [form.format(name) for name in names for form in ("{}", "{}办事慢", "去{}三次", "希望{}改进")]
    assert [sentence for sentence in sentences if redact(sentence).spans] == []


def test_the_text_is_the_original_with_masks_in_place_of_the_spans() -> None:
    sentence = "联系人：李明，电话１３９ ３７９０ １２３４，邮箱a@b.cn。"
    redaction = redact(sentence)
    assert redaction.text == "联系人：【姓名】，电话【电话】，邮箱【邮箱】。"
    assert [kind for *_, kind in redaction.spans] == ["PERSON", "PHONE", "EMAIL"]
    assert [sentence[a:b] for a, b, _ in redaction.spans] == ["李明", "１３９ ３７９０ １２３４", "a@b.cn"]


PIECES = [
    "13937901234", "139 3790 1234", "一三九三七九零一二三四", "0379-63912345", "张总", "李明", "联系人：", "我叫", "电话", "身份证", "410305198503121234",
    "6228480718234567890", "a@b.cn", "QQ", "微信", "wxid_ab12", "豫C12345", "西工区中州路8号", "宏发机械厂", "洛阳恒基铸造有限公司", "老王", "王某",
    "【电话】", "【姓名】", "【", "】", "的", "，", "。", " ", "1", "８", "-", "x", "找", "和", "\u200b", "①", "🙂", "\n", "公司", "店", "\ud800",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_redacting_again_changes_nothing(sentence: str) -> None:
    once = redact(sentence)
    assert redact(once.text) == Redaction(once.text, [])


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=40))
def test_spans_are_ordered_apart_and_rebuild_the_text(sentence: str) -> None:
    redaction = redact(sentence)
    ends = [0, *(place for start, end, _ in redaction.spans for place in (start, end)), len(sentence)]
    assert ends == sorted(ends)
    assert all(start < end and kind in MASKS for start, end, kind in redaction.spans)
    pieces = [sentence[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True)]
    masks = [MASKS[kind] for *_, kind in redaction.spans]
    assert redaction.text == "".join(a + b for a, b in zip(pieces, [*masks, ""], strict=True))


@given(
    st.text(alphabet="0123456789", min_size=9, max_size=9), st.sampled_from(["", " ", "-", "\u200b", " - "])
)
def test_a_mobile_number_is_found_however_it_is_spaced(rest: str, gap: str) -> None:
    number = "13" + rest
    spaced = gap.join((number[:3], number[3:7], number[7:]))
    sentence = f"请回电{spaced}，谢谢"
    assert all_covered(spaced, sentence, redact(sentence))


@pytest.mark.parametrize(
    "unit",
    ["张", "1", "13800001234 ", "a@", "有限公司", "洛阳", "路1号", "联系人", "1 ", "a.", "-1", "身份证1", "QQ", "记面馆", "王建国", "((0379", "小区1号楼", "张总、"],
)  # fmt: skip
def test_twenty_thousand_characters_are_read_to_the_end(unit: str) -> None:
    sentence = (unit * 20_000)[:20_000] + "。请回电13937901234"
    redaction = redact(sentence)
    assert redaction.text.endswith("请回电【电话】")
    assert redact(redaction.text).spans == []


def test_a_checksum_decides_on_a_number_that_is_called_something_else() -> None:
    right = next(n for n in (f"41030519850312123{d}" for d in "0123456789X") if redact(f"订单号{n}").spans)
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]  # the table printed in GB 11643
    assert right[-1] == "10X98765432"[sum(int(d) * w for d, w in zip(right, weights, strict=False)) % 11]
    assert redact(f"订单号{right[:17]}{'0' if right[-1] != '0' else '1'}").spans == []


def test_luhn_accepts_one_check_digit_of_ten() -> None:
    rng = random.Random(0)
    for _ in range(50):
        body = "".join(rng.choices("0123456789", k=15))
        good = [d for d in "0123456789" if luhn(body + d)]
        doubled = sum(sum(divmod(2 * int(d), 10)) for d in body[::2]) + sum(int(d) for d in body[1::2])
        assert good == [str(-doubled % 10)]


def test_the_view_traces_every_position_back() -> None:
    seen = view("１\u200b３㎡張①")
    assert seen.text == "13m2张 1 "
    assert [seen.origin(i) for i in range(len(seen.text))] == [0, 2, 3, 3, 4, 5, 5, 5]
    assert seen.origin_end(2) == 3
