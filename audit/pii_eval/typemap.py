"""From the type names of a gold set to ours.

Names are compared without regard to case and signs (`us_ssn`, `US-SSN`, `UsSsn` are one). Each gold type is scored under
one of our types and *accepts* that and its neighbours: a person who marked `ID` did not say whether the number is a
national or a tax number, so either is right there. What we do not know is not scored; what the gold set does not mark
is not counted against the scanner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curate.errors import ConfigError, nearest

_NUMBERS = (
    "NATIONAL_ID", "TAX_ID", "US_SSN", "PASSPORT", "DRIVER_LICENSE", "MEDICAL_ID", "BANK_ACCOUNT", "DEVICE_ID",
    "LICENSE_PLATE", "VIN",
)  # fmt: skip
_STATE = ("NATIONAL_ID", "TAX_ID", "US_SSN")
_PLACES = ("LOCATION", "STREET_ADDRESS")
_TABLE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("PERSON", ("PERSON",), """person per name firstname lastname middlename givenname surname fullname givenname1
        givenname2 lastname1 lastname2 lastname3 people patient doctor personname nameperson student namestudent staff
        hcp username_person vorname nachname nombre prenom nom"""),
    ("LOCATION", _PLACES, """location loc gpe city state country county place town geolocation fac facility
        geo ort province"""),
    ("STREET_ADDRESS", _PLACES, """streetaddress address street addr buildingnumber buildingnum building fulladdress
        homeaddress postaladdress secondaryaddress direccion adresse"""),
    ("ORGANIZATION", ("ORGANIZATION",), "organization organisation org company companyname corporation hospital vendor"),
    ("EMAIL_ADDRESS", ("EMAIL_ADDRESS",), "email emailaddress mail emails"),
    ("PHONE_NUMBER", ("PHONE_NUMBER",), """phone phonenumber phonenum telephone telephonenum telephonenumber tel mobile
        mobilenumber fax faxnumber phoneno usphone usphonenumber cellphone telefon phonefax"""),
    ("CREDIT_CARD", ("CREDIT_CARD",), """creditcard creditcardnumber creditdebitcard card cardnumber debitcard
        paymentcard maskednumber creditcardnum ccn"""),
    ("IBAN", ("IBAN",), "iban ibancode ibannumber"),
    ("BANK_ACCOUNT", ("BANK_ACCOUNT", "IBAN"), """bankaccount accountnumber accountnum usbanknumber bankaccountnumber
        account bankaccountnum bban bankinfo financialaccount"""),
    ("ROUTING_NUMBER", ("ROUTING_NUMBER",), "routingnumber bankroutingnumber abarouting abaroutingnumber sortcode routing"),
    ("SWIFT_BIC", ("SWIFT_BIC",), "swift bic swiftbic swiftbiccode swiftcode bicswift bicnumber"),
    ("IP_ADDRESS", ("IP_ADDRESS",), "ip ipaddress ipv4 ipv6 ipv4address ipv6address ipaddr"),
    ("MAC_ADDRESS", ("MAC_ADDRESS",), "mac macaddress hardwareaddress"),
    ("US_SSN", _STATE, """usssn ssn socialnum socialsecuritynumber socialnumber socialsecurity itin usitin
        socialsecuritynum"""),
    ("NATIONAL_ID", _STATE, """nationalid idcard idcardnum idcardnumber nationalidnumber nationalidentity identitycard
        identitynumber nino uknino nrp_id cpf curp dni nie esnif sgnricfin nric inaadhaar aadhaar pesel plpesel bsn
        personnummer itfiscalcode codicefiscale uknhs_id govid governmentid nationalregistrationnumber idnational
        fipersonalidentitycode krrrn auacn"""),
    ("NATIONAL_ID", _NUMBERS, """id idnum idnumber ids identifier uniqueid uniqueidentifier personalid otherid
        customerid documentnumber idcode"""),
    ("TAX_ID", _STATE, "taxid taxnum taxnumber taxidentificationnumber tin ein usein vat vatnumber vatid inpan itvatcode "
        "cnpj auabn autfn steuerid taxidnumber"),
    ("PASSPORT", ("PASSPORT",), "passport passportnum passportnumber uspassport inpassport itpassport ukpassport"),
    ("DRIVER_LICENSE", ("DRIVER_LICENSE",), """driverlicense driverslicense driverlicensenum driverlicensenumber
        usdriverlicense itdriverlicense drivinglicense drivinglicence driverslicensenumber licensenumber"""),
    ("MEDICAL_ID", ("MEDICAL_ID", "NATIONAL_ID"), """medicalid medicalrecord medicalrecordnumber mrn npi uknhs nhs
        medicallicense healthplan healthinsurance healthinsuranceid healthplanbeneficiarynumber aumedicare medicare
        insurancenumber insuranceid medicalrecordnum healthplannum healthplannumber"""),
    ("LICENSE_PLATE", ("LICENSE_PLATE",), """licenseplate licenceplate vehiclevrm vrm plate platenumber numberplate
        vehicleregistration licenseplatenumber"""),
    ("VIN", ("VIN",), "vin vehiclevin vehicleidentificationnumber vehicleidentifier"),
    ("DEVICE_ID", ("DEVICE_ID",), "deviceid imei phoneimei imeinumber imsi deviceidentifier device"),
    ("DATE_OF_BIRTH", ("DATE_OF_BIRTH",), "dateofbirth dob birthdate birthday birth bod"),
    ("COORDINATES", ("COORDINATES",), """coordinates coordinate gps gpscoordinates nearbygpscoordinate geocoordinates
        latlong"""),
    ("HANDLE", ("HANDLE",), "handle username user login screenname accountname socialhandle twitter usernamehandle"),
    ("SECRET", ("SECRET", "URL_CREDENTIALS", "PRIVATE_KEY"), """secret password pass apikey key token accesstoken
        credential credentials pw secretkey authtoken jwt pin pinnumber cvv cvc creditcardcvv cardcvv otp onetimepassword
        onetimecode verificationcode"""),
    ("PRIVATE_KEY", ("PRIVATE_KEY",), "privatekey"),
    ("URL_CREDENTIALS", ("URL_CREDENTIALS",), "urlcredentials connectionstring"),
    ("CRYPTO_WALLET", ("CRYPTO_WALLET",), """crypto cryptowallet wallet bitcoinaddress bitcoin ethereumaddress
        litecoinaddress btcaddress cryptoaddress walletaddress"""),
)  # fmt: skip


def _words(text: str) -> list[str]:
    return text.split()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_KNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    _plain(alias): (ours, accepts) for ours, accepts, aliases in _TABLE for alias in aliases.split()
}
_ACCEPTS: dict[str, tuple[str, ...]] = {ours: accepts for ours, accepts, _ in reversed(_TABLE)}


@dataclass(frozen=True)
class TypeMap:
    """What each gold type is scored as."""

    scored: dict[str, str]
    """Gold type -> our type whose line in the table it belongs to."""
    accepts: dict[str, frozenset[str]]
    """Gold type -> our types that count as right."""
    not_scored: dict[str, str]
    """Gold type -> why it is not scored."""

    def lines(self) -> tuple[str, ...]:
        """Our types that the gold set marks, in alphabetical order."""
        return tuple(sorted(set(self.scored.values())))

    def line_of(self, found: str) -> str | None:
        """The line of the table that a prediction counts under; None where the gold set marks nothing of the kind."""
        if found in self.scored.values():
            return found
        return next((self.scored[gold] for gold in sorted(self.scored) if found in self.accepts[gold]), None)


def map_types(
    gold: Iterable[str],
    known: Iterable[str],
    own: Mapping[str, str] | None = None,
    only: Iterable[str] = (),
) -> TypeMap:
    """Map gold type names to ours.

    `known`: our types that the scanner can find. `own`: the user's choices by gold name, `none` for not scored. `only`:
    gold or our names to score, all if empty. Raises ConfigError for a name that does not exist.
    """
    types, chosen = set(known), {_plain(k): v for k, v in (own or {}).items()}
    names = sorted(set(gold))
    for name, ours in (own or {}).items():
        if _plain(name) not in {_plain(n) for n in names}:
            raise ConfigError(f"--map {name}: the gold set has no such type; it has {', '.join(names) or 'none'}")
        if ours.lower() != "none" and ours not in types:
            raise ConfigError(f"--map {name}: we have no type {ours!r}; {nearest(ours, types)}")
    wanted = {_plain(name) for name in only}
    unknown = wanted - {_plain(n) for n in (*names, *types)}
    if unknown:
        raise ConfigError(f"--types: neither the gold set nor the scanner knows {', '.join(sorted(unknown))}")
    scored: dict[str, str] = {}
    accepts: dict[str, frozenset[str]] = {}
    left: dict[str, str] = {}
    for name in names:
        plain = _plain(name)
        ours, accepted = _KNOWN.get(plain) or _by_parts(name) or ("", ())
        if plain in chosen:
            ours = "" if chosen[plain].lower() == "none" else chosen[plain]
            accepted = _ACCEPTS.get(ours, (ours,))
        elif not ours and name.upper() in types:
            ours, accepted = name.upper(), _ACCEPTS.get(name.upper(), (name.upper(),))
        if not ours:
            left[name] = "set aside by --map" if plain in chosen else "we look for nothing of this name"
        elif ours not in types:
            left[name] = f"the scanner does not find {ours}"
        elif wanted and plain not in wanted and _plain(ours) not in wanted:
            left[name] = "not asked for by --types"
        else:
            scored[name], accepts[name] = ours, frozenset(accepted) & types
    return TypeMap(scored, accepts, left)


def _by_parts(name: str) -> tuple[str, tuple[str, ...]] | None:
    """`NAME_STUDENT`, `B-person`, `private_phone`, `US_PHONE_NUMBER`: by the last or first words of the name."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    for size in range(len(words) - 1, 0, -1):
        for part in ("".join(words[-size:]), "".join(words[:size])):
            if part in _KNOWN and part not in _VAGUE:
                return _KNOWN[part]
    return None


_VAGUE = frozenset(_words("id ids key pin card name user pass state account device birth place company building title"))
"""Words that say too little as a part of a longer name (`PRODUCT_NAME`, `STATE_OF_MATTER`)."""
