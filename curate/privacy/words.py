"""Words of many languages that speak of telephones, births and orders, beside the English lists in `context`.

`EXACT` words are compared whole; `STEMS` also as the beginning of a longer word (`Telefonnummer`, `телефоны`) and, in
scripts written without blanks, anywhere in a run (`我的手机号是`). Letters beyond ASCII are compared as they stand,
so
their stems are entered in small, capitalised and capital letters. A stem has at least five bytes of UTF-8, because
shorter ones begin ordinary words. Written from the usual forms, letterheads and chats of these languages.
"""

from __future__ import annotations

import re

LETTERS = re.compile(r"[^\W\d_]+")
"""A word: letters of any script."""

EXACT: dict[str, str] = {
    "PHONE": """msisdn mob mobiel mobiele cel celu cellulare cellulaire tél tfno tlfn telf fono fone gsm puh puhelin
        natel rufnr durchwahl festnetz handynr wsp wpp whats ringa ringe bel bellen llama llamame llamadme chiamare
        chiami ligar ligue liga rufen ruft joindre rappeler rappelez rappel kontakt contacto contato contatto
        recapito kontaktnummer kom dzwonić oddzwonić zadzwoń volejte volat zavolejte hubungi telp ponsel nohp tel1
        tel2 phone1 phone2 mòbil mòbils hp wa nowa notelp celulares kontaktnr tlfnr telnr cellno mobno κιν γσμ
        arayın arayin gọi sđt đt liên llamenos llamanos contacte bereikbaar hívjon hívja sunați sunati simu nipigie
        talr tālr zəng truqueu trucar trucant nazovite nazvati pozovite zovite ringið hringdu sími símanúmer deitu
        ffôn tawagan kontakin tawag звоните наберете наберіть телефонуйте подзвоніть дзвоніть звънете звъннете
        јавете јавите""",
    "IDENTIFIER": """colis pedido pratica spedizione ordine ordini encomenda awb tilaus sipariş siparis kargo nf nfe
        pnr cod código codigo folio expediente contrato contratto protocolo protocollo processo protokol poz
        consignment claim upc gtin sscc siret siren oclc comanda đơn polizza póliza polisa""",
    "BIRTH": """geb geboren né née nato nata nascido nascida nasceu nascita nac nasc nar nacida nacido nací naci
        nasci ur urodzony urodzona narozen narozena narodený född fødd født syntynyt született născut sinh lahir
        lahiriyah dogum g.r birthyear""",
}
STEMS: dict[str, str] = {
    "PHONE": """telef telepo teléf téléph telemo telemó handynum mobiln mobilsz mobilte mobilnu rufnum rückru
        ruckruf phonen phoneno kontaktte cellulari puhelin matkapuh hotlin anruf appele rappele chiama lláme lláma
        llamam contáct márque dzwon zadzwo телеф мобил сотов позвон звони тел моб τηλ κινητ 電話 电话 手机 手機 携帯
        전화 휴대폰 핸드폰 연락처 โทร เบอร์ मोबाइल मोबाईल कॉल फोन फ़ोन दूरध्वनी दूरभाष মোবাইল ফোন মুঠোফোন தொலைபே
        கைபேசி அலைபே மொபைல் செல்போன் ఫోన్ మొబైల్ ఫోను ફોન મોબાઇલ મોબાઈલ ಫೋನ್ ಮೊಬೈಲ್ ದೂರವಾ ഫോൺ മൊബൈൽ ਫੋਨ ਫ਼ੋਨ ਮੋਬਾਈਲ
        දුරකථ ტელეფ მობილ დამირ დარეკ հեռախ բջջայ զանգահ ስልክ ይደውሉ ይደውል نقال محمول اتصل فون تماس tālru talru mobitel
        hringi τηλέφ τηλεφ καλέστ pokličite poklic zavolaj skambin zvaniet helist дзвон подзвон нөмірің хабарлас
        هاتف الهاتف جوال الجوال موبايل تلفن טלפון הטלפון נייד הנייד thoại""",
    "IDENTIFIER": """bestelln auftragsn sendungs rechnungsn kundennu vertragsn vertragsnu artikeln zählern aktenz
        liefersc seriennu commandes factura facture dossier référen expédit seguimien rastrei fattura ordernu
        factuur klantnu zendings zamówien zamowien faktur paczk objednáv zásilk beställn ordrenu tilausn заказ догов
        накладн отправлен 订单 訂單 快递 运单 單號 注文 伝票 追跡 주문 운송장 송장번 orderno trackingn invoicen
        shipmentn""",
    "BIRTH": """geburts naissan nacimie nascimen nascita geboorted urodze urodzi lahir narozen narodzen födelse
        fødsels syntymä doğum születés naștere nașteri naşteri nasteri рожден родил народжен γεννησ γέννησ γεννήθ
        生年月日 出生 生日 출생 생년월일 생일 जन्म ميلاد الميلاد والميلاد تولد پیدائش раждан לידה הלידה เกิด birthd
        জন্ম பிறந்த పుట్టి పుట్టిన ಜನ್ಮ ಹುಟ್ಟಿ ജനന ਜਨਮ જન્મ උපන් مواليد ولدت وُلد متولد נולדת נולדתי kapangan
        kaarawan ipinanga kuzaliwa nilizaliwa alizaliwa rođen rođenj rodjen rojst rojena rojen naroden narodil
        gimimo gimiau gimė gimęs gimusi dzimš dzimis dzimusi sünni sündinud lindje lindur datelind naixem nascut
        nascuda nèixer nacement роден раѓање народився народил γεννημ туған ծննդ ծնվել ծնված დაბად დავიბ ትውልድ ተወለ
        የትውልድ የተወለድ tug'ilgan tugilgan төрсөн fæðing jaiotz urodzo""",
}


def word_list(text: str) -> list[str]:
    """The words of a list that is written between blanks."""
    return text.split()


def spellings(word: str) -> set[str]:
    """The word as it may be written where letters beyond ASCII are not folded by the lexer."""
    return {word} if word.isascii() else {word, word.capitalize(), word.upper()}
