"""Identifiers of Asia, Africa and Oceania; see `americas` for how to read an entry."""

from __future__ import annotations

from curate.privacy.identifiers.model import Identifier as Id

AE = (
    Id("ae_id", "NATIONAL_ID", "ICP, 784, year of birth, serial, Luhn", r"784[- ]?(?:19|20)\d{2}[- ]?\d{7}[- ]?\d",
       "emirates id; رقم الهوية; هوية", ".luhn_only", "999-9999-9999999-9", 0.9, 0.95),
)  # fmt: skip
AU = (
    Id("au_tfn", "TAX_ID", "ATO, eight or nine digits, weights mod 11", r"\d{3}[ -]?\d{3}[ -]?\d{2,3}",
       "tfn; tax file number; tax file", "au.tfn"),
    Id("au_medicare", "MEDICAL_ID", "Services Australia, ten digits, the ninth a check digit",
       r"[2-6]\d{3}[ -]?\d{5}[ -]?\d(?:[ -/]?\d)?", "medicare; medicare card; medicare number", ".medicare"),
    Id("au_abn", "TAX_ID", "ABR, eleven digits, mod 89", r"\d{2} ?\d{3} ?\d{3} ?\d{3}",
       "abn; australian business number", "au.abn"),
    Id("au_acn", "TAX_ID", "ASIC, nine digits", r"\d{3} ?\d{3} ?\d{3}", "acn; australian company number", "au.acn"),
    Id("au_bsb", "ROUTING_NUMBER", "bank, state, branch", r"\d{3}[- ]?\d{3}", "bsb; bsb number", score=0.8, reach=3),
)  # fmt: skip
AZ = (
    Id("az_voen", "TAX_ID", "ten digits", r"\d{10}", "voen; vöen", "az.voen", score=0.8),
)  # fmt: skip
BD = (
    Id("bd_nid", "NATIONAL_ID", "10, 13 or 17 digits", r"\d{17}|\d{13}|\d{10}", "nid; national id*; জাতীয় পরিচয়পত্র",
       score=0.75, reach=4),
)  # fmt: skip
CN = (
    Id("cn_ric", "NATIONAL_ID", "GB 11643, region, date of birth, serial, ISO 7064 mod 11,2", r"\d{17}[\dXx]",
       "身份证; 身份证号; 居民身份证; 公民身份号码; resident id*; id card; shenfenzheng", "cn.ric",
       "999999999999999999 99999999999999999A", 0.9, 0.95),
    Id("cn_uscc", "TAX_ID", "GB 32100, eighteen characters", "[0-9A-HJ-NP-RT-UW-Y]{18}",
       "统一社会信用代码; 信用代码; 税号; social credit code", "cn.uscc"),
    Id("cn_passport", "PASSPORT", "a letter and eight digits, or two letters and seven", r"[A-Z]\d{8}|[A-Z]{2}\d{7}",
       "护照; 护照号", score=0.85),
)  # fmt: skip
DZ = (
    Id("dz_nif", "TAX_ID", "fifteen or twenty digits", r"\d{15}(?:\d{5})?", "nif; numero d'identification fiscale",
       "dz.nif", score=0.8),
)  # fmt: skip
EG = (
    Id("eg_id", "NATIONAL_ID", "century, date of birth, governorate, serial", r"[23]\d{13}",
       "الرقم القومي; رقم قومي; national id*; بطاقة", ".egyptian_id", score=0.85),
    Id("eg_tn", "TAX_ID", "nine digits", r"\d{3}-?\d{3}-?\d{3}", "رقم التسجيل الضريبي; الرقم الضريبي", "eg.tn",
       score=0.8),
)  # fmt: skip
GH = (
    Id("gh_tin", "TAX_ID", "P00, C00, G00 and digits", r"[PCGQV]\d{10}|[PCGQV]00\d{7}[\dX]", "tin; ghana revenue",
       "gh.tin"),
    Id("gh_card", "NATIONAL_ID", "GHA, nine digits, check digit", r"GHA-\d{9}-\d", "ghana card", "", "AAA-999999999-9",
       0.9, 0.95),
)  # fmt: skip
HK = (
    Id("hk_id", "NATIONAL_ID", "one or two letters, six digits, check digit in brackets",
       r"[A-Z]{1,2}\d{6} ?\(?[\dA]\)?",
       "hkid; hong kong identity; hong kong id; identity card; 身份證; 身份證號碼; 香港身份證", ".hkid",
       "A999999(9 A999999(A AA999999(9 AA999999(A", 0.8, 0.95),
)  # fmt: skip
ID = (
    Id("id_nik", "NATIONAL_ID", "Dukcapil, region, date of birth, serial", r"\d{16}",
       "nik; nomor induk kependudukan; ktp; nomor ktp; no ktp; e-ktp", "id.nik"),
    Id("id_npwp", "TAX_ID", "DJP, fifteen digits, Luhn", r"\d{2}\.?\d{3}\.?\d{3}\.?\d-?\d{3}\.?\d{3}",
       "npwp; nomor pokok wajib pajak", "id.npwp", "99.999.999.9-999.999", 0.9, 0.95),
)  # fmt: skip
IL = (
    Id("il_id", "NATIONAL_ID", "nine digits, Luhn", r"\d{8}-?\d",
       "תעודת זהות; ת.ז; ת״ז; מספר זהות; teudat zehut; israeli id", "il.idnr"),
)  # fmt: skip
IN = (
    Id("in_aadhaar", "NATIONAL_ID", "UIDAI, twelve digits, Verhoeff", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}",
       "aadhaar*; aadhar*; adhaar*; uidai; uid; आधार*; આધાર*; ஆதார்*; ఆధార్*; ಆಧಾರ್*; ആധാർ*; ਆਧਾਰ*; আধার*", "in_.aadhaar"),
    Id("in_pan", "TAX_ID", "Income Tax Department, five letters, four digits, a letter",
       r"[A-Z]{3}[ABCFGHJLPTK][A-Z]\d{4}[A-Z]",
       "pan; pan card; pan number; permanent account; permanent account number; पैन", "in_.pan", "AAAAA9999A", 0.8, 0.95),
    Id("in_gstin", "TAX_ID", "state, PAN, entity, Z, check character", r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]",
       "gstin; gst; gst number", "in_.gstin", "99AAAAA9999A9A9 99AAAAA9999A9AA", 0.9, 0.95),
    Id("in_voter", "NATIONAL_ID", "Election Commission, three letters and seven digits", r"[A-Z]{3}\d{7}",
       "voter id*; epic; epic number; election card; voter card; voter*", "in_.epic"),
    Id("in_ifsc", "ROUTING_NUMBER", "RBI, four letters, zero, six characters", "[A-Z]{4}0[A-Z0-9]{6}",
       "ifsc; ifsc code; bank code", score=0.85),
)  # fmt: skip
JP = (
    Id("jp_my_number", "NATIONAL_ID", "twelve digits, weights mod 11", r"\d{4}[ -]?\d{4}[ -]?\d{4}",
       "マイナンバー; 個人番号; my number", "jp.in_"),
    Id("jp_cn", "TAX_ID", "thirteen digits, mod 9", r"\d{13}|\d-\d{4}-\d{4}-\d{4}", "法人番号; corporate number",
       "jp.cn"),
    Id("jp_passport", "PASSPORT", "two letters and seven digits", r"[A-Z]{2}\d{7}",
       "旅券番号; パスポート; パスポート番号", score=0.85),
)  # fmt: skip
KE = (
    Id("ke_pin", "TAX_ID", "KRA, A or P, nine digits, a letter", r"[AP]\d{9}[A-Z]", "kra pin; kra; pin", "ke.pin",
       "A999999999A", 0.0),
)  # fmt: skip
KR = (
    Id("kr_rrn", "NATIONAL_ID", "date of birth, sex and century, serial, mod 11", r"\d{6}-?[0-9]\d{6}",
       "주민등록번호; 주민번호; 외국인등록번호; resident registration", "kr.rrn", "999999-9999999", 0.85, 0.95),
    Id("kr_brn", "TAX_ID", "ten digits, weights mod 10", r"\d{3}-?\d{2}-?\d{5}",
       "사업자등록번호; 사업자번호; business registration", "kr.brn"),
)  # fmt: skip
LK = (
    Id("lk_nic", "NATIONAL_ID", "nine digits and V or X, or twelve digits", r"\d{9}[VvXx]|(?:19|20)\d{10}",
       "nic; national identity card; nic number; national id*", score=0.85),
)  # fmt: skip
MA = (
    Id("ma_ice", "TAX_ID", "fifteen digits, mod 97", r"\d{15}", "ice; identifiant commun", "ma.ice"),
    Id("ma_cin", "NATIONAL_ID", "one or two letters and five or six digits", r"[A-Z]{1,2}\d{5,6}",
       "cin; cnie; carte nationale", score=0.75, reach=4),
)  # fmt: skip
MU = (
    Id("mu_nid", "NATIONAL_ID", "a letter, date of birth, serial, check character", r"[A-Z]\d{12}[0-9A-Z]",
       "nic; national identity*; national id*", "mu.nid"),
)  # fmt: skip
MY = (
    Id("my_nric", "NATIONAL_ID", "JPN, date of birth, place, serial", r"\d{6}-?\d{2}-?\d{4}",
       "nric; mykad; kad pengenalan; no kp; no. kp; ic number; ic no", "my.nric", "999999-99-9999", 0.7),
)  # fmt: skip
MZ = (
    Id("mz_nuit", "TAX_ID", "nine digits", r"\d{9}", "nuit", "mz.nuit"),
)  # fmt: skip
NG = (
    Id("ng_nin", "NATIONAL_ID", "NIMC, eleven digits without a published check", r"\d{11}",
       "nin; national identification number; national id*", ".nigerian_nin", score=0.8, reach=4),
    Id("ng_bvn", "BANK_ACCOUNT", "CBN bank verification number, eleven digits", r"2\d{10}", "bvn; bank verification*",
       score=0.85),
)  # fmt: skip
NZ = (
    Id("nz_ird", "TAX_ID", "eight or nine digits, mod 11", r"\d{2,3}[- ]?\d{3}[- ]?\d{3}",
       "ird; ird number; inland revenue", "nz.ird"),
    Id("nz_bank", "BANK_ACCOUNT", "bank, branch, account, suffix", r"\d{2}-?\d{4}-?\d{7}-?\d{2,3}",
       "bank account; account number; account", "nz.bankaccount", "99-9999-9999999-99 99-9999-9999999-999", 0.8),
)  # fmt: skip
PH = (
    Id("ph_sss", "NATIONAL_ID", "ten digits", r"\d{2}-\d{7}-\d|\d{10}", "sss; sss number", score=0.85, reach=4),
    Id("ph_tin", "TAX_ID", "nine or twelve digits", r"\d{3}-?\d{3}-?\d{3}(?:-?\d{3,5})?", "tin; tin number; tin no",
       score=0.75, reach=4),
    Id("ph_philsys", "NATIONAL_ID", "twelve digits", r"\d{4}-\d{4}-\d{4}(?:-\d{4})?", "philsys; philid; psn", score=0.85),
)  # fmt: skip
PK = (
    Id("pk_cnic", "NATIONAL_ID", "NADRA, region, serial, sex", r"\d{5}-?\d{7}-?\d",
       "cnic; nic; شناختی کارڈ; nicop; nadra", "pk.cnic", "99999-9999999-9", 0.85, 0.95),
)  # fmt: skip
SA = (
    Id("sa_id", "NATIONAL_ID", "ten digits, 1 or 2 first, Luhn", r"[12]\d{9}",
       "iqama; الهوية الوطنية; رقم الهوية; الاقامة; الإقامة; السجل المدني; national id*; saudi id", ".luhn_only"),
)  # fmt: skip
SG = (
    Id("sg_nric", "NATIONAL_ID", "ICA, a letter, seven digits, a check letter", r"[STFGMstfgm]\d{7}[A-Za-z]",
       "nric; fin; nric/fin; identity card; ic number", ".nric", "A9999999A", 0.8, 0.95),
    Id("sg_uen", "TAX_ID", "ACRA, nine or ten characters", r"\d{8,9}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z]", "uen", "sg.uen"),
)  # fmt: skip
TH = (
    Id("th_pin", "NATIONAL_ID", "thirteen digits, mod 11", r"\d[ -]?\d{4}[ -]?\d{5}[ -]?\d{2}[ -]?\d",
       "เลขประจำตัวประชาชน; บัตรประชาชน; thai id; citizen id", "th.pin", "9-9999-99999-99-9", 0.85, 0.95),
)  # fmt: skip
TN = (
    Id("tn_mf", "TAX_ID", "seven digits, letters, serial", r"\d{7} ?/?[A-Z](?:/?[A-Z]/?[A-Z]/?\d{3})?",
       "matricule fiscal*", "tn.mf"),
)  # fmt: skip
TR = (
    Id("tr_tckimlik", "NATIONAL_ID", "eleven digits, two check digits", r"[1-9]\d{10}",
       "tc kimlik; kimlik no*; kimlik numara*; tckn; t.c. kimlik; kimlik; tc no; t.c", "tr.tckimlik", score=0.95),
    Id("tr_vkn", "TAX_ID", "ten digits", r"\d{10}", "vergi kimlik*; vkn; vergi no*; vergi numara*", "tr.vkn"),
)  # fmt: skip
TW = (
    Id("tw_id", "NATIONAL_ID", "a letter, nine digits, weights mod 10", r"[A-Z][1289A-D]\d{8}",
       "身分證; 身分證字號; 統一編號; 居留證; national id*", ".taiwan_id", "A999999999", 0.6, 0.95),
    Id("tw_ubn", "TAX_ID", "eight digits", r"\d{8}", "統一編號; 統編", "tw.ubn"),
)  # fmt: skip
VN = (
    Id("vn_cccd", "NATIONAL_ID", "twelve digits: province, century and sex, year, serial; or nine", r"0\d{11}|\d{9}",
       "cccd; cmnd; can cuoc cong dan; can cuoc; chung minh nhan dan; so cccd; so cmnd", score=0.85),
    Id("vn_mst", "TAX_ID", "ten digits, mod 11", r"\d{10}(?:-\d{3})?", "mst; ma so thue", "vn.mst"),
)  # fmt: skip
ZA = (
    Id("za_id", "NATIONAL_ID", "date of birth, sex, citizenship, Luhn", r"\d{6} ?\d{4} ?\d{3}",
       "south african id; sa id; id number; identity number; id no; id-nommer; rsa id", "za.idnr", "999999_9999_999",
       0.7, 0.95),
    Id("za_tin", "TAX_ID", "ten digits, Luhn", r"[01239]\d{9}", "tax number; tax reference; income tax", "za.tin"),
)  # fmt: skip

TABLE = {
    "AE": AE, "AU": AU, "AZ": AZ, "BD": BD, "CN": CN, "DZ": DZ, "EG": EG, "GH": GH, "HK": HK, "ID": ID, "IL": IL,
    "IN": IN, "JP": JP, "KE": KE, "KR": KR, "LK": LK, "MA": MA, "MU": MU, "MY": MY, "MZ": MZ, "NG": NG, "NZ": NZ,
    "PH": PH, "PK": PK, "SA": SA, "SG": SG, "TH": TH, "TN": TN, "TR": TR, "TW": TW, "VN": VN, "ZA": ZA,
}  # fmt: skip
