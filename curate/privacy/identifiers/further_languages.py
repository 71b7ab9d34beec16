"""How languages beyond those of the tables name what many countries have: accounts, passports, licences, identity numbers.

Written as the phrases of an entry are (`model.Identifier.words`): without accents, a stem with `*`. The words
of an owner
that a language hangs on the noun (`حسابي`, `numaram`) are written out or covered by a stem
; those behind it (`yangu`, `im`)
need nothing. A word that names other papers as well (`račun`, an invoice too) stands only in a phrase.
"""

from __future__ import annotations

ACCOUNT = """
    رقم حسابي; رقم حسابك; رقم حسابه; حسابي البنكي; الحساب البنكي; حسابي المصرفي; الحساب المصرفي; حساب بنكي;
    حسابي في البنك; شماره حساب; حساب بانکی; شماره حسابم; اکاؤنٹ نمبر; بینک اکاؤنٹ; اکاؤنٹ کا نمبر; کھاتہ نمبر;
    מספר החשבון; חשבון הבנק; חשבוני; खाता क्रमांक; खाते क्रमांक; बैंक खाता; बैंक खाते; बँक खाते; खाते का नंबर;
    खाता नं; खाते नंबर; खाते क्र; अकाउंट नंबर; अकाउंट नं; बैंक अकाउंट; खाता नम्बर; অ্যাকাউন্ট নম্বর; একাউন্ট নম্বর;
    অ্যাকাউন্ট নাম্বার; হিসাব নম্বর; ব্যাংক হিসাব; ব্যাংক অ্যাকাউন্ট; ব্যাংক একাউন্ট; கணக்கு எண்; வங்கி கணக்கு;
    ఖాతా నంబర్; ఖాతా సంఖ్య; బ్యాంక్ ఖాతా; అకౌంట్ నంబర్; ખાતા નંબર; ખાતા નં; બેંક ખાતા; ખાતા ક્રમાંક; એકાઉન્ટ નંબર;
    ಖಾತೆ ಸಂಖ್ಯೆ; ಬ್ಯಾಂಕ್ ಖಾತೆ; അക്കൗണ്ട് നമ്പർ; ബാങ്ക് അക്കൗണ്ട്*; ਖਾਤਾ ਨੰਬਰ; ਬੈਂਕ ਖਾਤਾ; ගිණුම් අංකය; โอนเข้าบัญชี;
    บัญชีธนาคาร; เลขบัญชีธนาคาร; rekening bank; rekening bca; rekening bni; rekening bri; rekening mandiri;
    nombor akaun; no akaun; akaun bank; numero ng account; namba ya akaunti; nambari ya akaunti; akaunti ya benki;
    akaunti yangu; akaunti namba; bankrekening*; rekeningnommer*; hesab nomr*; bank hesab*; banka hesap*;
    hisob raqam*; номер рахунку; номером рахунку; банківський рахунок; банківського рахунку; розрахунковий рахунок;
    розрахункового рахунку; карткового рахунку; картковий рахунок; р/р; номер на сметк*; банкова сметк*;
    банковата сметк*; разплащателна сметк*; банковский счет; банковского счета; лицевой счет; лицевого счета;
    номер банковского счета; broj racuna; brojem racuna; tekuci racun*; ziro racun*; bankovni racun*;
    broj tekuceg racuna; bankovnog racuna; racun u banci; na moj racun; broj ziro racuna; број рачуна; текући рачун;
    жиро рачун; број на сметк*; трансакциска сметк*; жиро сметк*; stevilka racuna; stevilko racuna; stevilka trr;
    trr; bancni racun*; transakcijski racun*; bankovy ucet; bankovni ucet; bankoveho uctu; bankovniho uctu;
    moj ucet; muj ucet; na ucet; cislem uctu; cisla uctu; saskaitos numer*; banko saskait*; atsiskaitomoji saskait*;
    konta numur*; konta nr; bankas kont*; norekinu kont*; kontonumb*; konto number; arveldusarve*; arvelduskont*;
    pangakonto*; pankkitili*; αριθμος λογαριασμου; αριθμο λογαριασμου; τραπεζικος λογαριασμος; τραπεζικο λογαριασμο;
    τραπεζικου λογαριασμου; λογαριασμο μου; λογαριασμος μου; λογαριασμου μου; numri i llogarise; numrin e llogarise;
    llogari bankare; llogaria bankare; llogaria ime; llogarine time; compte corrent; compte bancari;
    numero de conta bancaria; kontu zenbaki*; kontu korronte*; numar de cont; numarul de cont; numarul contului;
    cont bancar; contul bancar; cont nr; szamlaszam*; reikningsnumer*; bankareikning*; шот нөмір*; банк шот*;
    есепшот*; дансны дугаар*; ანგარიშის ნომერ*; საბანკო ანგარიშ*; ჩემი ანგარიშ*; հաշվի համար*; հաշվեհամար*;
    բանկային հաշիվ*; բանկային հաշվ*; ሂሳብ ቁጥ*; የሂሳብ ቁጥ*; ሒሳብ ቁጥ*; የባንክ ሂሳብ; numer konta bankowego; nr konta;
    nr rachunku; rachunku bankowego; konta bankowego; konto bankowe; numero del conto
"""
PASSPORT = """
    جواز سفري; جواز سفرك; جواز سفره; جواز سفرها; جوازي; رقم الجواز; الجواز رقم; گذرنامه; پاسپورت; گذرنامهام;
    پاسپورٹ; הדרכון; דרכוני; पासपोर्ट*; राहदानी; পাসপোর্ট*; பாஸ்போர்ட்*; கடவுச்சீட்டு*; పాస్పోర్ట్*; పాస్పోర్టు*;
    પાસપોર્ટ*; ಪಾಸ್ಪೋರ್ಟ್*; പാസ്പോർട്ട്*; ਪਾਸਪੋਰਟ*; ගමන් බලපත්*; พาสปอร์ต; hati ya kusafiria; pasipoti*; paspoti*;
    pasos*; пасош*; potni list*; potnega lista; potnim listom; cislo pasu; cisla pasu; cestovny pas;
    cestovneho pasu; cestovniho pasu; cestovnim pasem; paso numer*; paso nr; pasas nr; paso serij*; pases numur*;
    pases nr; pase nr; passi nr; pass nr; passinumb*; passi numb*; pasaport*; passaport*; vegabref*; პასპორტ*;
    անձնագ*; ፓስፖር*; የፓስፖር*
"""
LICENCE = """
    رخصة قيادة; رخصة قيادتي; رخصة السياقة; رقم الرخصة; گواهینامه رانندگی; گواهینامه; ڈرائیونگ لائسنس; רישיון נהיגה;
    רשיון נהיגה; רישיון הנהיגה; ड्राइविंग लाइसेंस*; ड्रायव्हिंग लायसन्स*; ড্রাইভিং লাইসেন্স*; ஓட்டுநர் உரிம*;
    డ్రైవింగ్ లైసెన్స్*; ડ્રાઇવિંગ લાઇસન્સ*; ใบขับขี่; ใบอนุญาตขับขี่; giay phep lai xe; bang lai xe; gplx;
    lesen memandu; leseni ya udereva; rybewys*; bestuurslisensie*; surucu belge*; suruculuk vəsiqə*;
    водійське посвідчення; водійського посвідчення; посвідчення водія; шофьорска книжка; шофьорската книжка;
    свидетелство за управление; vozacka dozvola; vozacke dozvole; vozacku dozvolu; возачка дозвола; возачке дозволе;
    voznisko dovoljenje; vozniskega dovoljenja; vodicsky preukaz; vodicskeho preukazu; vairuotojo pazymejim*;
    vaditaja apliecib*; juhiluba; juhiloa; αδεια οδηγησης; αδειας οδηγησης; διπλωμα οδηγησης; leje drejtimi;
    patenta e shoferit; carnet de conduir; permis de conduir; მართვის მოწმობ*; վարորդական վկայական*;
    жүргізуші куәлі*; ehliyet*
"""
NATIONAL = """
    رقم هويتي; رقم هويتك; رقم هويته; رقم الهويه; الهوية الوطنية; هويتي رقم; البطاقة الشخصية; بطاقتي الشخصية;
    الرقم الوطني; رقمي الوطني; الرقم القومي; رقمي القومي; رقم الإقامة; رقم إقامتي; السجل المدني; الرقم المدني;
    رقمي المدني; بطاقة التعريف; کد ملی; شماره ملی; کدملی; کد ملیم; شماره شناسنامه; شناختی کارڈ; شناختی کارڈ نمبر;
    מספר זהות; מספר הזהות; תעודת הזהות; ת"ז; ת״ז; תז; नागरिकता नम्बर; জাতীয় পরিচয়পত্র*; পরিচয়পত্র নম্বর; এনআইডি*;
    ভোটার আইডি; หมายเลขบัตรประชาชน; เลขบัตรประชาชน; เลขประจำตัวประชาชน; philsys; umid; gsis; kitambulisho*;
    namba ya nida; huduma namba; id-nommer*; identiteitsnommer*; şəxsiyyət vəsiqə*; fin kod*; рнокпп; унзр;
    id-картк*; ід-картк*; ідентифікаційний код; ідентифікаційного коду; податковий номер; посвідчення особи;
    лична карта; личната карта; licna karta; licne karte; licnu kartu; broj licne karte; maticni broj*; личне карте;
    личну карту; матични број; матичен број; лична карта; ембг; osobna iskaznica; osobne iskaznice;
    osobnoj iskaznici; osebna izkaznica; osebne izkaznice; obciansky preukaz; obcianskeho preukazu; cislo op;
    asmens tapatyb*; personas apliecib*; id-kaart*; αριθμος ταυτοτητας; αριθμο ταυτοτητας; δελτιο ταυτοτητας;
    δελτιου ταυτοτητας; ταυτοτητα μου; α.δ.τ; αδτ; αμκα; numri personal; numrin personal; numri i leternjoftim*;
    leternjoftim*; karta e identitetit; document nacional*; жсн; иин; жеке куәлі*; жеке сәйкестендіру нөмір*;
    jshshir; pinfl; პირადი ნომერ*; პირადობის ნომერ*; პირადობის მოწმობ*; հծհ; անձը հաստատող փաստաթ*;
    նույնականացման քարտ*; սոցիալական քարտ*; መታወቂያ; የመታወቂያ ቁጥ*; መታወቂያ ቁጥ*; ජාතික හැඳුනුම්පත්*; kimlik numara*;
    kennitala*; nortasun agiri*
"""
TAX = """
    الرقم الضريبي; رقم ضريبي; מספר עוסק; עוסק מורשה; เลขประจำตัวผู้เสียภาษี; namba ya mlipa kodi; nipt; nuis;
    ідентифікаційний номер платника; poreski broj; porezni broj; porezni identifikacijski broj; davcna stevilka;
    mokesciu moketojo kod*; nodoklu maksataja kod*; belastingnommer; npwp; сғс; бсн; საიდენტიფიკაციო კოდ*; հվհհ
"""
RECORD = """
    رقم المريض; رقم الملف الطبي; מספר מטופל; תיק רפואי; मरीज आईडी; रोगी संख्या; हस्पताल नंबर; hasta no*;
    hasta numara*; номер пацієнта; медичної картки; медичної карти; номер на пациента; ma benh nhan; so benh an;
    ma y te; so bhyt; the bhyt; bao hiem y te; หมายเลขผู้ป่วย; เลขประจำตัวผู้ป่วย; broj pacijenta; broj kartona;
    stevilka pacienta; cislo pacienta; cislo pojistence; cislo poistenca; paciento numer*; pacienta numur*;
    patsiendi numb*; potilastunnus*; αριθμος μητρωου ασθενους; namba ya mgonjwa; pasientnommer*; numar pacient;
    numarul pacientului
"""
PLATE = """
    державний номер; номерний знак*; держномер*; מספר רכב; לוחית רישוי; شماره پلاک; رقم اللوحة; رقم لوحة;
    πινακιδα κυκλοφοριας; αριθμος κυκλοφοριας; registarsk*; registracijsk*; registrska stevilka;
    registrske stevilke; valstybinis numer*; valstybinio numer*; valsts numur*; registracijas numur*; numbrimark*;
    registreerimisnumb*; autonumb*; регистрационен номер; рег. номер; namba ya gari; nombor pendaftaran;
    plat kereta
"""
