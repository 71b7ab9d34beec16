"""Identifiers of the Americas. Formats: the issuers named in each entry; checks: python-stdnum, or a dot and our own."""

from __future__ import annotations

from curate.privacy.identifiers.model import Identifier as Id

AR = (
    Id("ar_cuit", "TAX_ID", "AFIP, 11 digits: type, document, check digit", r"\d{2}[- .]?\d{8}[- .]?\d",
       "cuit; cuil; clave unica de identificacion tributaria", "ar.cuit", "99-99999999-9", 0.7),
    Id("ar_dni", "NATIONAL_ID", "RENAPER, 7 or 8 digits without a check digit", r"\d{1,2}\.\d{3}\.\d{3}|\d{7,8}",
       "dni; documento nacional de identidad; documento de identidad", score=0.7, reach=4),
)  # fmt: skip
BR = (
    Id("br_cpf", "TAX_ID", "Receita Federal, 11 digits, two check digits", r"\d{3}\.?\d{3}\.?\d{3}[-./ ]?\d{2}",
       "cpf; cadastro de pessoas fisicas; cadastro de pessoa fisica", "br.cpf", "999.999.999-99", 0.9, 0.95),
    Id("br_cnpj", "TAX_ID", "Receita Federal, 14 digits, two check digits", r"\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}",
       "cnpj; cadastro nacional da pessoa juridica", "br.cnpj", "99.999.999/9999-99", 0.9, 0.95),
    Id("br_pis", "NATIONAL_ID", "Caixa, 11 digits, weights mod 11", r"\d{3}\.?\d{5}\.?\d{2}-?\d",
       "pis; pasep; nit; nis; pis/pasep", ".pis"),
    Id("br_rg", "NATIONAL_ID", "state police, 7 to 9 digits, no common check", r"\d{1,2}\.?\d{3}\.?\d{3}-?[\dXx]",
       "rg; registro geral; carteira de identidade; identidade", score=0.65, reach=3),
)  # fmt: skip
CA = (
    Id("ca_sin", "NATIONAL_ID", "Service Canada, 9 digits, Luhn", r"\d{3}[- ]?\d{3}[- ]?\d{3}",
       "sin; social insurance; social insurance number; numero d'assurance sociale; assurance sociale; nas", "ca.sin"),
    Id("ca_bn", "TAX_ID", "CRA, 9 digits with Luhn, programme and reference", r"\d{9}(?: ?R[CMPTZ] ?\d{4})?",
       "business number; gst; hst; gst/hst; gst number", "ca.bn"),
)  # fmt: skip
CL = (
    Id("cl_rut", "NATIONAL_ID", "Registro Civil, 7 or 8 digits, check digit mod 11 or K",
       r"\d{1,2}\.?\d{3}\.?\d{3}-?[\dkK]", "rut; run; rol unico tributario; rol unico nacional; cedula de identidad",
       "cl.rut", "99.999.999-9 9.999.999-9 99.999.999-A 99.999.999-a 9.999.999-A 9.999.999-a", 0.85, 0.95),
)  # fmt: skip
CO = (
    Id("co_nit", "TAX_ID", "DIAN, up to 10 digits and a check digit", r"\d{3}\.?\d{3}\.?\d{3}-?\d",
       "nit; numero de identificacion tributaria", "co.nit"),
    Id("co_cedula", "NATIONAL_ID", "Registraduría, 6 to 10 digits without a check digit",
       r"\d{1,3}(?:\.\d{3}){2,3}|\d{6,10}", "cedula de ciudadania; cedula", score=0.65, reach=4),
)  # fmt: skip
CR = (
    Id("cr_cedula", "NATIONAL_ID", "TSE, province, volume, entry", r"\d-\d{4}-\d{4}|0?\d{9}",
       "cedula; cedula de identidad; cedula fisica", "cr.cpf", score=0.8, reach=4),
)  # fmt: skip
CU = (
    Id("cu_ni", "NATIONAL_ID", "11 digits with date of birth", r"\d{11}", "carne de identidad; numero de identidad",
       "cu.ni", score=0.85),
)  # fmt: skip
DO = (
    Id("do_cedula", "NATIONAL_ID", "JCE, 11 digits, Luhn", r"\d{3}-?\d{7}-?\d",
       "cedula; cedula de identidad*; electoral", "do.cedula", "999-9999999-9", 0.75),
    Id("do_rnc", "TAX_ID", "DGII, 9 digits, mod 11", r"\d{3}-?\d{5}-?\d|\d-\d{2}-\d{5}-\d",
       "rnc; registro nacional del contribuyente", "do.rnc"),
)  # fmt: skip
EC = (
    Id("ec_ci", "NATIONAL_ID", "Registro Civil, 10 digits, Luhn-like", r"\d{9}-?\d",
       "cedula; cedula de identidad; cedula de ciudadania; ci", "ec.ci"),
    Id("ec_ruc", "TAX_ID", "SRI, 13 digits", r"\d{13}", "ruc; registro unico de contribuyentes", "ec.ruc"),
)  # fmt: skip
GT = (
    Id("gt_nit", "TAX_ID", "SAT, up to 11 digits and check digit or K", r"\d{4,11}-?[\dkK]",
       "nit; numero de identificacion tributaria", "gt.nit", reach=4),
)  # fmt: skip
MX = (
    Id("mx_curp", "NATIONAL_ID", "RENAPO, 18 characters: name, date, sex, state, check digit",
       r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[A-Z\d]\d", "curp; clave unica de registro de poblacion", "mx.curp",
       "AAAA999999AAAAAA99 AAAA999999AAAAAAA9", 0.95, 0.95),
    Id("mx_rfc", "TAX_ID", "SAT, 12 or 13 characters: name, date, homoclave", r"[A-ZÑ&]{3,4} ?\d{6} ?[A-Z\d]{2}[A\d]",
       "rfc; registro federal de contribuyentes", "mx.rfc",
       "AAAA999999AA9 AAAA999999A99 AAAA999999999 AAAA9999999A9 AAAA999999AAA", 0.8, 0.95),
    Id("mx_nss", "NATIONAL_ID", "IMSS, 11 digits, Luhn", r"\d{2}[- ]?\d{2}[- ]?\d{2}[- ]?\d{4}[- ]?\d",
       "nss; imss; numero de seguridad social; numero de seguro social; seguro social", ".luhn_only"),
)  # fmt: skip
PE = (
    Id("pe_dni", "NATIONAL_ID", "RENIEC, 8 digits, the check digit seldom written", r"\d{8}(?:-?[\dA-K])?",
       "dni; documento nacional de identidad; cui", score=0.7, reach=4),
    Id("pe_ruc", "TAX_ID", "SUNAT, 11 digits, mod 11", r"\d{11}", "ruc; registro unico de contribuyentes", "pe.ruc"),
)  # fmt: skip
PY = (
    Id("py_ruc", "TAX_ID", "SET, 5 to 9 digits, mod 11", r"\d{5,8}-?\d", "ruc; registro unico del contribuyente",
       "py.ruc", reach=4),
)  # fmt: skip
SV = (
    Id("sv_nit", "TAX_ID", "Ministerio de Hacienda, 14 digits", r"\d{4}-?\d{6}-?\d{3}-?\d",
       "nit; numero de identificacion tributaria", "sv.nit", "9999-999999-999-9", 0.75),
)  # fmt: skip
US = (
    Id("us_ssn_labelled", "US_SSN", "numbers called so that are not in the form that the SSA writes",
       r"\d{2,4}(?:[-. ]\d{2,6}){1,3}|\d{8,13}", "ssn; social security; social security number*; social security no; "
       "social number; socialsecuritynumber; social insurance number; ss number; ss#", score=0.6, reach=2),
    Id("us_itin", "TAX_ID", "IRS, nine digits that begin with 9, fourth and fifth digit in set ranges",
       r"9\d{2}[- ]?\d{2}[- ]?\d{4}", "itin; individual taxpayer*; taxpayer*; tax id; tax identification*; tin",
       "us.itin", "999-99-9999", 0.6),
    Id("us_ein", "TAX_ID", "IRS, campus prefix and seven digits", r"\d{2}-?\d{7}",
       "ein; employer identification*; fein; tax id; federal tax id; tax identification*; taxpayer "
       "identification*; federal id", "us.ein", score=0.8),
    Id("us_ptin", "TAX_ID", "IRS, P and eight digits", r"P-?\d{8}", "ptin; preparer tax*", "us.ptin"),
    Id("us_npi", "MEDICAL_ID", "CMS, ten digits, Luhn with prefix 80840", r"[12]\d{9}",
       "npi; national provider*; provider identifier; provider id; provider number", ".npi"),
    Id("us_dea", "MEDICAL_ID", "DEA, two letters and seven digits, the last a check digit",
       r"[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}", "dea; dea number; dea registration", ".dea"),
    Id("us_mbi", "MEDICAL_ID", "CMS Medicare beneficiary identifier, eleven characters by place",
       r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}",
       "medicare*; mbi; beneficiary", "",
       "9AA9AA9AA99 9A99A99AA99 9AA9A99AA99 9A99AA9AA99 9AA9-AA9-AA99 9A99-A99-AA99 9AA9-A99-AA99 9A99-AA9-AA99", 0.75),
    Id("us_routing", "ROUTING_NUMBER", "ABA, nine digits, weights 3, 7, 1", r"\d{4}[- ]?\d{4}[- ]?\d",
       "routing*; rtn; aba; transit number; routing transit; bank code", "us.rtn"),
)  # fmt: skip
UY = (
    Id("uy_ci", "NATIONAL_ID", "DNIC, 7 digits and a check digit", r"\d\.?\d{3}\.?\d{3}-?\d",
       "cedula; cedula de identidad; ci", ".uruguayan_ci", "9.999.999-9", 0.55),
    Id("uy_rut", "TAX_ID", "DGI, 12 digits, mod 11", r"\d{12}", "rut; registro unico tributario", "uy.rut"),
)  # fmt: skip
VE = (
    Id("ve_rif", "TAX_ID", "SENIAT, a letter, eight digits, check digit", r"[VEJPGvejpg]-?\d{8}-?\d",
       "rif; registro de informacion fiscal", "ve.rif", "A-99999999-9", 0.75),
    Id("ve_cedula", "NATIONAL_ID", "SAIME, V or E and 6 to 9 digits", r"[VEve]-?\d{1,3}(?:\.?\d{3}){1,2}",
       "cedula; cedula de identidad", score=0.75, reach=4),
)  # fmt: skip

TABLE = {
    "AR": AR, "BR": BR, "CA": CA, "CL": CL, "CO": CO, "CR": CR, "CU": CU, "DO": DO, "EC": EC, "GT": GT, "MX": MX,
    "PE": PE, "PY": PY, "SV": SV, "US": US, "UY": UY, "VE": VE,
}  # fmt: skip
