"""The patterns of `east_asian`, and what they find in a line.

They stand apart because most data holds no sign of these scripts: compiling them takes 25 ms, a hundredth of a short
command. Sources, cost and limits are told there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curate.privacy.names.listed import family_and_first

_HAN = "一-龥々〆ヶ"
_KANA = "ぁ-んァ-ヴー"
_NUMBER = "[0-9０-９一二三四五六七八九十百]"
_JAPANESE_ADDRESS = re.compile(
    rf"(?:〒?\s?[0-9０-９]{{3}}[-－][0-9０-９]{{4}}[\s　]{{0,2}})?"
    rf"(?:(?:北海道|東京都|京都府|大阪府|[{_HAN}]{{2,3}}県)[\s　]?[{_HAN}{_KANA}]{{1,24}}?"
    rf"|[{_HAN}]{{1,5}}[市区][{_HAN}{_KANA}]{{1,16}}?(?=[0-9０-９]{{1,4}}(?:丁目|番|[-－の])))"
    rf"(?:{_NUMBER}{{1,4}}(?:丁目|番地?|号室?|[-－−–の]|(?=[0-9０-９]))(?![年月日時分回個])){{1,4}}[0-9０-９]{{0,4}}"
    rf"(?:[\s　]?(?:[{_HAN}{_KANA}A-Za-z]{{2,16}})(?:[0-9０-９]{{1,4}}(?:号室?|階|F)?))?"
)
_PROVINCES = (
    "北京|上海|天津|重庆|重慶|河北|山西|内蒙古|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|廣東|广西|海南|四川|贵州|云南|西藏|陕西|甘肃|"
    "青海|宁夏|新疆|香港|澳门|澳門|台北|臺北|新北|桃園|台中|臺中|台南|臺南|高雄|基隆|新竹|嘉義|苗栗|彰化|南投|雲林|屏東|宜蘭|花蓮|台東|臺東|澎湖|金門|广州|深圳|杭州|"
    "南京|苏州|成都|武汉|西安|长沙|郑州|青岛|大连|沈阳|厦门|宁波|合肥|济南|福州|昆明|哈尔滨|长春"
)
_CHINESE_ADDRESS = re.compile(
    rf"(?:{_PROVINCES})(?:省|市|县|縣|自治区|特别行政区)?[{_HAN}0-9０-９A-Za-z\-()（）]{{2,36}}?"
    r"[0-9０-９]{1,5}(?:(?:号|號|弄|座|室|栋|幢|楼|樓|层|院|单元|之)[0-9０-９]{0,5})+"
    rf"(?:[{_HAN}A-Za-z]{{0,8}}[0-9０-９A-Z]{{1,5}}(?:号|號|室|楼|樓|层|栋|幢|单元|座)){{0,3}}"
)
_KOREAN_ADDRESS = re.compile(
    r"(?:서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충청|충북|충남|전라|전북|전남|경상|경북|경남|제주)[가-힣]{0,6}"
    r"(?:\s[가-힣]{1,6}[시군구읍면]){1,3}(?:\s[가-힣0-9]{1,14}(?:로|길|동|리|가)){1,3}"
    r"(?:\s?[0-9]{1,4}(?:-[0-9]{1,4})?(?:번지)?(?![0-9년월]))?(?:,?\s?[가-힣A-Za-z]{0,12}\s?[0-9]{1,4}(?:동|층|호)){0,3}"
)
_JAPANESE_FIRM = re.compile(
    rf"(?:株式会社|有限会社|合同会社|医療法人(?:社団)?|学校法人)[{_HAN}ァ-ヴーA-Za-z0-9・&]{{1,18}}|"
    rf"[{_HAN}ァ-ヴーA-Za-z・]{{2,14}}(?:株式会社|有限会社|合同会社)"
)
_CHINESE_FIRM = re.compile(
    rf"[{_HAN}A-Za-z（）()]{{2,22}}?(?:股份有限公司|有限责任公司|有限公司|股份公司|集团公司|集團)(?:[{_HAN}]{{2,6}}分公司)?"
)
_BEFORE_FIRM = re.compile(
    r"^.*(?:我在|在|由|与|與|和|给|給|向|是|于|為|为|被告|原告|上诉人|甲方|乙方|我们|我們|本公司|关于|對|对)(?=[^在由与與和给給向是于]{4})"
)
_KOREAN_FIRM = re.compile(
    r"(?:주식회사|㈜|\(주\))\s?[가-힣A-Za-z0-9]{2,12}|[가-힣A-Za-z0-9]{2,12}\s?(?:주식회사|㈜|\(주\))"
    r"|[가-힣]{2,8}(?:대학교|대학병원|병원|은행|증권|전자|건설|제약|보험)(?=[\s,.)]|$|은|는|이|가|을|를|의|에|과|와|으로|로|도)"
)
_KOREAN_PARTICLE = re.compile(
    "(?<=[가-힣A-Za-z0-9]{3})(?:에서는|에게서|으로부터|에서|에게|으로|까지|부터|입니다|이며|이고|"
    "은|는|을|를|의|에|과|와|로)\\Z"
)
_INSTITUTION = re.compile(
    rf"(?:毕业于|就读于|任职于|就职于|转至|送往)([{_HAN}]{{2,12}}?(?:大学|学院|医院|银行|中学))"
    rf"|(?<![{_HAN}])(?!株式|有限|合同)[{_HAN}]{{2,8}}?(?:大学|大學|医院|醫院|病院|银行|銀行|研究所|研究院|高校|中学校|小学校|出版社|電機|製作所|商事|物産"
    rf"|自動車|製薬|電力|鉄道|航空|建設|工業|産業|不動産|証券|保険)(?![{_HAN}])"
    rf"|在([{_HAN}]{{2,8}}(?:银行|銀行|大学|大學|医院|醫院|公司|集团|集團))(?=上班|工作|读书|讀書|就读|任职|住院)"
)
_LABELLED = re.compile(
    rf"(?:(?:患者|お?客様?|申込者|契約者|受取人|名義人|会員)?(?:氏名|お?名前)|(?:收件|寄件|联系|聯絡|持卡|开户|申请|投保)人(?:姓名)?|(?:客户|患者|病人|员工|學生|学生)?姓名|户名)"
    rf"[\s　]{{0,8}}(?:[:：為为是][\s　]{{0,8}})?"
    rf"([{_HAN}]{{2,4}}(?:[ 　](?!電話|电话|地址|住所|年齢|年龄|性別|性别|生年|出生)"
    rf"[{_HAN}{_KANA}]{{1,4}})?|[{_HAN}]{{1,3}}[ 　]?[{_KANA}]{{2,4}}|[ァ-ヴー]{{2,8}}[ 　・][ァ-ヴー]{{2,8}})"
    rf"(?=[\s　，,。、;；:：(（)）/|]|$|先生|女士|小姐|様|さん|殿)"
    rf"|我姓([{_HAN}]{{1,2}})(?=[，,。！!]|$)"
    r"|(?:이름|성명|성함|예금주|환자명?|고객명|수령인|받는\s?사람|보호자)\s{0,8}(?:[:：은는]\s{0,8})?([가-힣]{2,4})(?=[\s,.()/;]|$|님|씨|입니다|이고|이며)"
)
_KOREAN_SPEAKER = re.compile(r"(?:고객|상담원|담당자|직원)\s{0,3}[:：]\s{0,3}([가-힣]{3})(?=님|씨|입니다|이에요|예요)")
"""Who speaks in a chat. Any noun may stand there (`고객: 문의입니다`), so lists must hold both parts."""
_KOREAN_SPOKEN_OF = re.compile(r"(?<![가-힣])([가-힣]{3})(?:님|\s?씨)(?=[^가-힣]|[가-힣]{1,3}(?![가-힣])|$)")
"""`김서준님이`, `장서윤 씨에게`; lists must hold both parts here, too (`담당자님`)."""
_FORMS = (
    ("STREET_ADDRESS", _JAPANESE_ADDRESS, 0.85), ("STREET_ADDRESS", _CHINESE_ADDRESS, 0.85),
    ("STREET_ADDRESS", _KOREAN_ADDRESS, 0.85), ("ORGANIZATION", _JAPANESE_FIRM, 0.85),
    ("ORGANIZATION", _CHINESE_FIRM, 0.8), ("ORGANIZATION", _KOREAN_FIRM, 0.85),
    ("ORGANIZATION", _INSTITUTION, 0.7), ("PERSON", _LABELLED, 0.85),
    ("PERSON", _KOREAN_SPEAKER, 0.85), ("PERSON", _KOREAN_SPOKEN_OF, 0.85),
)  # fmt: skip
_NOT_BEHIND_LABEL = frozenset(
    ("电话", "電話", "地址", "住所", "号码", "先生", "女士", "연락처", "전화", "주소", "생년월일", "관련", "정보")
)


def forms_in(line: str, first: int, types: list[str]) -> Iterator[tuple[int, int, str, float]]:
    """Begin, end, type and score of the forms that are asked for and begin at `first` or behind it, one pattern after the
    other."""
    for kind, pattern, score in _FORMS:
        for match in pattern.finditer(line, first) if kind in types else ():
            a, b = match.span(match.lastindex or 0)
            value = line[a:b]
            if pattern is _CHINESE_FIRM:
                lead = _BEFORE_FIRM.match(value)
                a += lead.end() if lead else 0
            if pattern is _KOREAN_FIRM:
                tail = _KOREAN_PARTICLE.search(value)
                b -= len(tail[0]) if tail else 0
            if kind == "PERSON" and value in _NOT_BEHIND_LABEL:
                continue
            if pattern in (_KOREAN_SPEAKER, _KOREAN_SPOKEN_OF) and not family_and_first(value[0], value[1:]):
                continue
            yield a, b, kind, score
