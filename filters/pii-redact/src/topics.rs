//! What the words before a value say it is: labels, in the languages people write them in.

/// A set of topics, one bit each.
pub(crate) type Topics = u128;

pub(crate) const NEUTRAL: Topics = 1 << 0;
pub(crate) const VERSION: Topics = 1 << 1;
pub(crate) const PHONE: Topics = 1 << 2;
pub(crate) const CARD: Topics = 1 << 3;
pub(crate) const IBAN: Topics = 1 << 4;
pub(crate) const SSN: Topics = 1 << 5;
pub(crate) const ITIN: Topics = 1 << 6;
pub(crate) const EIN: Topics = 1 << 7;
pub(crate) const TAX: Topics = 1 << 8;
pub(crate) const NATIONAL: Topics = 1 << 9;
pub(crate) const PASSPORT: Topics = 1 << 10;
pub(crate) const LICENSE: Topics = 1 << 11;
pub(crate) const ROUTING: Topics = 1 << 12;
pub(crate) const ACCOUNT: Topics = 1 << 13;
pub(crate) const NPI: Topics = 1 << 14;
pub(crate) const MBI: Topics = 1 << 15;
pub(crate) const DEA: Topics = 1 << 16;
pub(crate) const HEALTH: Topics = 1 << 17;
pub(crate) const INSURANCE: Topics = 1 << 18;
pub(crate) const EMPLOYEE: Topics = 1 << 19;
pub(crate) const VOTER: Topics = 1 << 20;
pub(crate) const SIN: Topics = 1 << 21;
pub(crate) const NHS: Topics = 1 << 22;
pub(crate) const NINO: Topics = 1 << 23;
pub(crate) const UTR: Topics = 1 << 24;
pub(crate) const STEUER: Topics = 1 << 25;
pub(crate) const RVNR: Topics = 1 << 26;
pub(crate) const KVNR: Topics = 1 << 27;
pub(crate) const LANR: Topics = 1 << 28;
pub(crate) const VAT: Topics = 1 << 29;
pub(crate) const NIR: Topics = 1 << 30;
pub(crate) const NIF: Topics = 1 << 31;
pub(crate) const CF: Topics = 1 << 32;
pub(crate) const CARTA: Topics = 1 << 33;
pub(crate) const BSN: Topics = 1 << 34;
pub(crate) const BE: Topics = 1 << 35;
pub(crate) const PESEL: Topics = 1 << 36;
pub(crate) const NIP: Topics = 1 << 37;
pub(crate) const REGON: Topics = 1 << 38;
pub(crate) const DOWOD: Topics = 1 << 39;
pub(crate) const SE: Topics = 1 << 40;
pub(crate) const NO: Topics = 1 << 41;
pub(crate) const DK: Topics = 1 << 42;
pub(crate) const FI: Topics = 1 << 43;
pub(crate) const CH: Topics = 1 << 44;
pub(crate) const PT: Topics = 1 << 45;
pub(crate) const RO: Topics = 1 << 46;
pub(crate) const CZ: Topics = 1 << 47;
pub(crate) const BG: Topics = 1 << 48;
pub(crate) const HU: Topics = 1 << 49;
pub(crate) const GR: Topics = 1 << 50;
pub(crate) const HR: Topics = 1 << 51;
pub(crate) const EE: Topics = 1 << 52;
pub(crate) const SI: Topics = 1 << 53;
pub(crate) const IE: Topics = 1 << 54;
pub(crate) const AT: Topics = 1 << 55;
pub(crate) const AADHAAR: Topics = 1 << 56;
pub(crate) const PAN: Topics = 1 << 57;
pub(crate) const GSTIN: Topics = 1 << 58;
pub(crate) const CPF: Topics = 1 << 59;
pub(crate) const CNPJ: Topics = 1 << 60;
pub(crate) const CN: Topics = 1 << 61;
pub(crate) const JP: Topics = 1 << 62;
pub(crate) const KR: Topics = 1 << 63;
pub(crate) const KRB: Topics = 1 << 64;
pub(crate) const SG: Topics = 1 << 65;
pub(crate) const TH: Topics = 1 << 66;
pub(crate) const TR: Topics = 1 << 67;
pub(crate) const IL: Topics = 1 << 68;
pub(crate) const ZA: Topics = 1 << 69;
pub(crate) const TW: Topics = 1 << 70;
pub(crate) const HK: Topics = 1 << 71;
pub(crate) const MY: Topics = 1 << 72;
pub(crate) const ID: Topics = 1 << 73;
pub(crate) const PK: Topics = 1 << 74;
pub(crate) const TFN: Topics = 1 << 75;
pub(crate) const AUMED: Topics = 1 << 76;
pub(crate) const ABN: Topics = 1 << 77;
pub(crate) const ACN: Topics = 1 << 78;
pub(crate) const NZ: Topics = 1 << 79;
pub(crate) const CURP: Topics = 1 << 80;
pub(crate) const RFC: Topics = 1 << 81;
pub(crate) const CUIT: Topics = 1 << 82;
pub(crate) const RUT: Topics = 1 << 83;
pub(crate) const CO: Topics = 1 << 84;
pub(crate) const PE: Topics = 1 << 85;
pub(crate) const EC: Topics = 1 << 86;
pub(crate) const NG: Topics = 1 << 87;
pub(crate) const AE: Topics = 1 << 88;
pub(crate) const INN: Topics = 1 << 89;
pub(crate) const SNILS: Topics = 1 << 90;
pub(crate) const UA: Topics = 1 << 91;
pub(crate) const VIN: Topics = 1 << 92;
pub(crate) const IMEI: Topics = 1 << 93;
pub(crate) const PLATE: Topics = 1 << 94;
pub(crate) const POSTCODE: Topics = 1 << 95;
pub(crate) const DOB: Topics = 1 << 96;
pub(crate) const CRYPTO: Topics = 1 << 97;
pub(crate) const IP_LABEL: Topics = 1 << 98;

/// Words and the topics they announce; in lower case. A word counts at the edges of other words only when it is short
/// (see [`crate::label::Labels::new`]).
#[rustfmt::skip]
pub(crate) const WORDS: &[(Topics, &[&str])] = &[
    (NEUTRAL, &["call id", "session id", "message id", "event id", "job id", "run id", "task id", "device id",
        "trace id", "span id", "correlation id", "product id", "item id", "transaction id", "order", "orders",
        "ord", "tracking", "shipment", "parcel", "invoice", "inv", "ticket", "serial",
        "batch", "build", "version", "ver", "rev", "revision", "sku", "commit", "timestamp", "epoch", "uptime",
        "duration", "offset", "checksum", "digest", "sha256", "sha1", "md5", "uuid", "traceparent", "trace",
        "request id", "request_id", "requestid", "template", "meter id", "meter", "isbn", "ean", "issn", "doi",
        "part no", "part number", "size", "bytes", "total", "amount", "balance", "price", "population", "weights",
        "embedding", "lat/lon", "latitude", "longitude", "location", "position", "reference", "coordinates", "port",
        "pid", "tid", "thread", "block", "hash", "seed", "case", "chrome", "firefox", "safari", "page", "chapter",
        "figure", "object id", "po", "created", "weight", "case number"]),
    (VERSION, &["version", "v", "ver", "chrome", "firefox", "safari", "edge", "release", "section", "build", "oid",
        "firmware", "kernel", "driver", "sdk", "schema", "upgrade", "upgraded", "downgrade", "package", "semver"]),
    (PHONE, &["phone", "telephone", "tel", "tel.", "mobile", "cell", "cellphone", "fax", "whatsapp", "call",
        "callback", "dial", "hotline", "sms", "text me at", "text", "contact", "contact number", "desk", "office",
        "ph", "ph.", "mob", "mob.", "hp", "gsm", "reach me at", "reach", "ring", "answering at", "viber",
        "telegram", "signal", "téléphone", "portable", "mobil", "telefon", "telefono", "teléfono", "telefone",
        "celular", "móvil", "movil", "cellulare", "handy", "rufnummer", "telefoonnummer", "telefoon", "puhelin",
        "puhelinnumero", "tlf", "tfno", "telefonnummer", "mobilnummer", "komórka", "komórkowy", "numer telefonu",
        "電話", "電話番号", "携帯", "电话", "電話號碼", "手机", "手機", "联系电话", "전화", "휴대폰", "연락처", "โทร", "โทรศัพท์",
        "หมายเลขโทรศัพท์", "điện thoại", "telepon", "telepono", "cep", "cep telefonu", "sabit hat", "телефон",
        "моб", "тел", "тел.", "طلب", "هاتف", "جوال", "טלפון", "נייד", "फ़ोन", "मोबाइल", "main line", "direct line",
        "helpline", "emergency", "phones"]),
    (CARD, &["card", "cards", "credit card", "debit card", "visa", "mastercard", "amex", "american express",
        "discover", "jcb", "diners", "unionpay", "maestro", "cc", "ccnum", "card_number", "cardnumber", "pan",
        "carte", "tarjeta", "kreditkarte", "carta di credito", "cartão", "creditcard", "karte", "卡号", "信用卡", "カード",
        "카드", "карта", "карты", "account", "payment method"]),
    (IBAN, &["iban", "bank account", "account", "konto", "kontonummer", "rachunek", "rachunku", "nr konta",
        "bankverbindung", "compte", "cuenta", "wire transfer", "conto", "rekening", "bic"]),
    (SSN, &["ssn", "social security", "social security number", "socialsecurity", "soc sec", "ss#", "ss #", "ssns",
        "social_security"]),
    (ITIN, &["itin", "atin", "taxpayer", "individual taxpayer"]),
    (EIN, &["ein", "fein", "employer identification", "employer id", "federal tax"]),
    (TAX, &["tax id", "tax_id", "taxid", "tax identification", "tax number", "tin", "vat", "tax payer",
        "federal tax id"]),
    (NATIONAL, &["national id", "national identity", "identity card", "id number", "id card", "identity number",
        "citizen id", "national identification", "identification number", "id no", "personal number", "personal id"]),
    (PASSPORT, &["passport", "passports", "passeport", "reisepass", "pasaporte", "passaporto", "passaporte",
        "paspoort", "pass-nr", "passnummer", "paszport", "paszportu", "pasaport", "паспорт", "паспорта", "여권", "護照",
        "护照", "パスポート", "旅券", "travel document", "passeports", "pass no", "ausweis", "personalausweis",
        "personalausweisnummer"]),
    (LICENSE, &["driver's license", "driver’s license", "drivers license", "driver license", "driver's licence",
        "driver’s licence", "driving licence", "driving license", "drivers licence", "driver licence",
        "licence number", "license number", "dl", "dl number", "dl#", "license id", "permis de conduire",
        "führerschein", "fuehrerschein", "patente di guida", "patente", "carnet de conducir",
        "licencia de conducir", "prawa jazdy", "prawo jazdy", "rijbewijs", "carteira de motorista", "cnh",
        "körkort", "운전면허", "ehliyet", "driver_license", "drivers_license", "driverslicense", "driver's_license",
        "license", "dvla"]),
    (ROUTING, &["routing", "routing number", "aba", "rtn", "routing_number", "transit number"]),
    (ACCOUNT, &["account number", "account no", "account no.", "acct", "accnum", "acc", "account_number",
        "account id", "bank account", "checking", "savings", "account", "accounts", "iban", "konto", "nr konta",
        "bank_account", "a/c", "account details", "kontonummer", "número de cuenta", "numero di conto"]),
    (NPI, &["npi", "national provider", "provider identifier", "provider id"]),
    (MBI, &["medicare", "mbi", "beneficiary identifier", "medicare beneficiary", "beneficiary"]),
    (DEA, &["dea", "dea number", "dea license", "certificate number", "medical license"]),
    (HEALTH, &["mrn", "medical record", "patient id", "patient mrn", "patient", "medical file", "patient_id",
        "chart number", "health record", "rx"]),
    (INSURANCE, &["insurance id", "insurance number", "insurance policy", "insurance code", "policy number",
        "policy no", "policyholder", "policyholder id", "member id", "claim number", "claim id", "insurance_id",
        "policy"]),
    (EMPLOYEE, &["employee id", "employee number", "employee_id", "staff id", "personnel number", "personalnummer",
        "badge number", "emp id"]),
    (VOTER, &["voter", "voter id", "epic", "elector", "voter_id"]),
    (SIN, &["sin", "sins", "social insurance", "social insurance number", "nas", "numéro d'assurance sociale",
        "assurance sociale"]),
    (NHS, &["nhs", "nhs number", "nhs no", "national health"]),
    (NINO, &["nino", "national insurance", "ni number", "ni no", "insurance number"]),
    (UTR, &["utr", "unique taxpayer", "self assessment"]),
    (STEUER, &["steuer-id", "steuer id", "steueridentifikationsnummer", "steuerid", "steuer-identifikationsnummer",
        "steuernummer", "idnr", "steuer-idnr", "steuerliche identifikationsnummer"]),
    (RVNR, &["sozialversicherungsnummer", "rentenversicherungsnummer", "rvnr", "sv-nummer", "svnr",
        "versicherungsnummer", "rentenversicherung", "svn"]),
    (KVNR, &["krankenversicherung", "krankenversichertennummer", "krankenversichertennr", "kvnr", "egk-nummer",
        "egk", "gesundheitskarte", "versichertennummer", "krankenkasse"]),
    (LANR, &["lanr", "arztnummer", "lebenslange arztnummer"]),
    (VAT, &["ust-idnr", "ust-id", "ustid", "umsatzsteuer", "umsatzsteuer-id", "vat", "vat id", "vat number",
        "ustidnr", "partita iva", "p.iva", "p. iva", "piva", "tva", "btw"]),
    (NIR, &["nir", "sécurité sociale", "securite sociale", "sécurité_sociale", "insee", "numéro de sécu", "n° ss",
        "numéro de sécurité sociale"]),
    (NIF, &["dni", "nif", "nie", "cif", "número de extranjero", "documento nacional", "extranjero", "extranjeros",
        "identificación fiscal"]),
    (CF, &["codice fiscale", "c.f.", "cf", "cod. fisc", "codice_fiscale", "fiscal code", "tessera sanitaria"]),
    (CARTA, &["carta d'identità", "carta d'identita", "carta di identità", "carta identità", "c.i.e", "cie",
        "documento di identità"]),
    (BSN, &["bsn", "burgerservicenummer", "sofinummer", "sofi-nummer"]),
    (BE, &["numéro national", "rijksregisternummer", "rijksregister", "registre national", "nrn", "niss", "insz",
        "national number", "numéro_national"]),
    (PESEL, &["pesel"]),
    (NIP, &["nip"]),
    (REGON, &["regon"]),
    (DOWOD, &["dowód", "dowodu", "dowodem", "dowód osobisty", "dowodem osobistym", "dowodu osobistego", "dowod",
        "identity card number"]),
    (SE, &["personnummer", "pers.nr", "persnr", "pnr", "samordningsnummer", "personal identity number", "personnr"]),
    (SE, &["organisationsnummer", "orgnr", "org.nr", "company identity code", "org nr"]),
    (NO, &["fødselsnummer", "fodselsnummer", "fnr", "personnummer", "d-nummer"]),
    (DK, &["cpr", "cpr-nummer", "cpr nr", "cpr-nr", "personnummer"]),
    (FI, &["hetu", "henkilötunnus", "henkilotunnus", "personbeteckning"]),
    (CH, &["avs", "ahv", "ahv-nummer", "avs-nummer", "navs", "oasi"]),
    (PT, &["número de contribuinte", "numero de contribuinte", "contribuinte", "nif", "nipc"]),
    (RO, &["cnp", "cod numeric personal"]),
    (CZ, &["rodné číslo", "rodne cislo", "rč", "rodného čísla", "rodne", "birth number"]),
    (BG, &["егн", "egn", "единен граждански"]),
    (HU, &["taj", "tajszám", "taj szám", "taj-szám", "adóazonosító"]),
    (GR, &["αμκα", "amka", "αφμ", "afm"]),
    (HR, &["oib"]),
    (EE, &["isikukood", "asmens kodas", "personas kods", "isikukoodi"]),
    (SI, &["emšo", "emso", "jmbg", "matični broj"]),
    (IE, &["pps", "ppsn", "pps number"]),
    (AT, &["sozialversicherungsnummer", "svnr", "vsnr"]),
    (AADHAAR, &["aadhaar", "aadhar", "uidai", "आधार", "adhaar"]),
    (PAN, &["pan", "pan number", "pan card", "permanent account", "permanent account number", "pan no", "पैन"]),
    (GSTIN, &["gstin", "gst", "gst number"]),
    (CPF, &["cpf"]),
    (CNPJ, &["cnpj"]),
    (CN, &["身份证", "身份证号", "身份證", "居民身份证", "resident id", "id card number", "公民身份", "chinese id"]),
    (JP, &["my number", "mynumber", "個人番号", "マイナンバー"]),
    (KR, &["주민등록번호", "rrn", "resident registration", "주민번호", "frn", "외국인등록번호", "foreign registration",
        "alien registration"]),
    (KRB, &["brn", "사업자등록번호", "business registration"]),
    (SG, &["nric", "fin", "uen", "nric/fin"]),
    (TH, &["เลขประจำตัวประชาชน", "เลขบัตรประชาชน", "บัตรประชาชน", "thai national id", "thai id", "tnin"]),
    (TR, &["tckn", "tc kimlik", "tc kimlik no", "kimlik", "t.c. kimlik", "turkish id", "kimlik no", "tc no",
        "tc_kimlik"]),
    (IL, &["teudat zehut", "תעודת זהות", "ת.ז", "ת\"ז", "israeli id", "מספר זהות", "teudat_zehut"]),
    (ZA, &["rsa id", "rsa id number", "south african id", "sa id", "refugee id", "id nommer", "said",
        "south_african_id", "rsa_id"]),
    (TW, &["統一編號", "身分證", "身分證字號", "taiwan id"]),
    (HK, &["hkid", "香港身份證", "hong kong id"]),
    (MY, &["mykad", "kad pengenalan", "nric"]),
    (ID, &["nik", "ktp", "nomor induk"]),
    (PK, &["cnic", "nadra"]),
    (TFN, &["tfn", "tax file", "tax file number", "tax_file"]),
    (AUMED, &["medicare", "medicare number", "medicare card"]),
    (ABN, &["abn", "business number"]),
    (ACN, &["acn", "company number"]),
    (NZ, &["ird", "ird number"]),
    (CURP, &["curp", "clave curp"]),
    (RFC, &["rfc", "registro federal"]),
    (CUIT, &["cuit", "cuil", "cdi"]),
    (RUT, &["rut", "run", "rol único", "rol unico"]),
    (CO, &["nit", "cédula", "cedula", "cc"]),
    (PE, &["ruc", "dni"]),
    (EC, &["cédula", "cedula", "ci"]),
    (NG, &["nin", "bvn", "national identification number"]),
    (AE, &["emirates id", "eid"]),
    (INN, &["инн", "inn"]),
    (SNILS, &["снилс", "snils"]),
    (UA, &["рнокпп", "іпн", "ипн", "rntrc"]),
    (VIN, &["vin", "vin number", "chassis", "vehicle identification", "vehicle identification number",
        "fahrgestellnummer", "vehicle id", "numer vin", "nr vin", "car id", "châssis", "vehicle_identification"]),
    (IMEI, &["imei", "imeisv", "meid", "device imei"]),
    (PLATE, &["plate", "car reg", "vehicle", "vehicles", "plakasi", "araç", "plates", "license plate",
        "licence plate", "number plate", "vehicle registration",
        "registration number", "registration", "numer rejestracyjny", "nr rej", "nr rej.", "rejestracyjny",
        "rejestracyjny pojazdu", "kennzeichen", "plaka", "plakası", "immatriculation", "matrícula", "matricula",
        "targa", "reg no", "vrm", "plat nomor"]),
    (POSTCODE, &["postcode", "post code", "postal code", "postcodes"]),
    (DOB, &["dob", "d.o.b", "d.o.b.", "date of birth", "date_of_birth", "dateofbirth", "birthdate", "birth date",
        "birthday", "birth_date", "born", "born on", "né", "née", "né le", "née le", "date de naissance",
        "naissance", "geboren", "geburtsdatum", "geb.", "geb", "fecha de nacimiento", "nacimiento", "nacido",
        "nacida", "nato", "nata", "data di nascita", "nascita", "data de nascimento", "nascimento", "geboortedatum",
        "urodzony", "urodzona", "urodzonym", "urodzonej", "ur.", "data urodzenia", "född", "født", "fødselsdato",
        "födelsedatum", "syntymäaika", "doğum tarihi", "дата рождения", "родился", "родилась", "生年月日", "出生日期", "出生",
        "생년월일", "วันเกิด", "ngày sinh", "ημερομηνία γέννησης", "dátum narození", "datum narození"]),
    (CRYPTO, &["wallet", "btc", "bitcoin", "eth", "ethereum", "deposit address", "deposit", "send to", "crypto",
        "usdt", "tron", "trx", "ltc", "litecoin", "xrp", "ripple", "solana", "sol", "address", "donate"]),
    (IP_LABEL, &["ip", "ips", "ip address", "client address", "remote addr", "source ip", "host"]),
];
