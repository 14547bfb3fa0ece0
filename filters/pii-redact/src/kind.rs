//! What a finding is.

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The type of a finding. Names are stable: they are written into markers, records and metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names say it; the detectors document shape and source")]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in markers, records and configuration.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    Email = "EMAIL",
    Phone = "PHONE",
    CreditCard = "CREDIT_CARD",
    Iban = "IBAN",
    IpAddress = "IP_ADDRESS",
    MacAddress = "MAC_ADDRESS",
    Crypto = "CRYPTO",
    Dob = "DOB",
    Vin = "VIN",
    Imei = "IMEI",
    VehiclePlate = "VEHICLE_PLATE",
    Postcode = "UK_POSTCODE",
    UsSsn = "US_SSN",
    UsItin = "US_ITIN",
    UsEin = "US_EIN",
    UsPassport = "US_PASSPORT",
    AbaRouting = "ABA_ROUTING",
    UsNpi = "US_NPI",
    UsMbi = "US_MBI",
    MedicalLicense = "MEDICAL_LICENSE",
    CaSin = "CA_SIN",
    UkNhs = "UK_NHS",
    UkNino = "UK_NINO",
    UkUtr = "UK_UTR",
    UkDrivingLicence = "UK_DRIVING_LICENCE",
    DeTaxId = "DE_TAX_ID",
    DeSocialSecurity = "DE_SOCIAL_SECURITY",
    DeHealthInsurance = "DE_HEALTH_INSURANCE",
    DeLanr = "DE_LANR",
    DeVatId = "DE_VAT_ID",
    FrNir = "FR_NIR",
    EsNif = "ES_NIF",
    EsNie = "ES_NIE",
    ItFiscalCode = "IT_FISCAL_CODE",
    ItVatCode = "IT_VAT_CODE",
    ItIdentityCard = "IT_IDENTITY_CARD",
    NlBsn = "NL_BSN",
    BeNn = "BE_NN",
    PlPesel = "PL_PESEL",
    PlNip = "PL_NIP",
    PlRegon = "PL_REGON",
    SePersonnummer = "SE_PERSONNUMMER",
    NoFnr = "NO_FNR",
    DkCpr = "DK_CPR",
    FiHetu = "FI_HETU",
    ChAvs = "CH_AVS",
    PtNif = "PT_NIF",
    RoCnp = "RO_CNP",
    CzRc = "CZ_RC",
    BgEgn = "BG_EGN",
    HuTaj = "HU_TAJ",
    GrAmka = "GR_AMKA",
    HrOib = "HR_OIB",
    EeIk = "EE_IK",
    SiEmso = "SI_EMSO",
    IePps = "IE_PPS",
    AtVnr = "AT_VNR",
    InAadhaar = "IN_AADHAAR",
    InPan = "IN_PAN",
    InGstin = "IN_GSTIN",
    InVoter = "IN_VOTER",
    BrCpf = "BR_CPF",
    BrCnpj = "BR_CNPJ",
    CnResidentId = "CN_RESIDENT_ID",
    JpMyNumber = "JP_MY_NUMBER",
    KrRrn = "KR_RRN",
    KrBrn = "KR_BRN",
    KrDriverLicense = "KR_DRIVER_LICENSE",
    KrPassport = "KR_PASSPORT",
    SgNric = "SG_NRIC",
    SgUen = "SG_UEN",
    ThPin = "TH_PIN",
    TrTckn = "TR_TCKN",
    IlId = "IL_ID",
    ZaId = "ZA_ID",
    TwId = "TW_ID",
    HkId = "HK_ID",
    MyNric = "MY_NRIC",
    IdNik = "ID_NIK",
    PkCnic = "PK_CNIC",
    AuTfn = "AU_TFN",
    AuMedicare = "AU_MEDICARE",
    AuAbn = "AU_ABN",
    AuAcn = "AU_ACN",
    NzIrd = "NZ_IRD",
    MxCurp = "MX_CURP",
    MxRfc = "MX_RFC",
    ArCuit = "AR_CUIT",
    ClRut = "CL_RUT",
    CoNit = "CO_NIT",
    PeRuc = "PE_RUC",
    EcCi = "EC_CI",
    UyCi = "UY_CI",
    DoCedula = "DO_CEDULA",
    NgNin = "NG_NIN",
    AeEid = "AE_EID",
    RuInn = "RU_INN",
    RuSnils = "RU_SNILS",
    UaRntrc = "UA_RNTRC",
    PhTin = "PH_TIN",
    Passport = "PASSPORT",
    DriverLicense = "DRIVER_LICENSE",
    AccountNumber = "ACCOUNT_NUMBER",
    TaxId = "TAX_ID",
    NationalId = "NATIONAL_ID",
    MedicalRecord = "MEDICAL_RECORD",
    InsuranceId = "INSURANCE_ID",
    EmployeeId = "EMPLOYEE_ID",
    VoterId = "VOTER_ID",
    AwsAccessKey = "AWS_ACCESS_KEY",
    AwsSecretKey = "AWS_SECRET_KEY",
    GcpApiKey = "GCP_API_KEY",
    AzureStorageKey = "AZURE_STORAGE_KEY",
    GithubToken = "GITHUB_TOKEN",
    GitlabToken = "GITLAB_TOKEN",
    SlackToken = "SLACK_TOKEN",
    StripeKey = "STRIPE_KEY",
    OpenaiKey = "OPENAI_KEY",
    AnthropicKey = "ANTHROPIC_KEY",
    NpmToken = "NPM_TOKEN",
    PypiToken = "PYPI_TOKEN",
    HfToken = "HF_TOKEN",
    SendgridKey = "SENDGRID_KEY",
    ServiceToken = "SERVICE_TOKEN",
    Jwt = "JWT",
    PrivateKey = "PRIVATE_KEY",
    UrlPassword = "URL_PASSWORD",
    Password = "PASSWORD",
    BasicAuth = "BASIC_AUTH",
    BearerToken = "BEARER_TOKEN",
    GenericSecret = "GENERIC_SECRET",
}

impl Kind {
    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether it gives access to something, rather than names someone.
    pub const fn is_secret(self) -> bool {
        self as u16 >= Self::AwsAccessKey as u16
    }
}

/// What kinds have in common, as configuration names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Addresses and numbers under which a person is reached.
    Contact,
    /// Cards, accounts, wallets.
    Financial,
    /// Addresses of machines.
    Network,
    /// Numbers of vehicles and devices.
    Device,
    /// What describes a person.
    Personal,
    /// Numbers of patients, insured and those who treat them.
    Health,
    /// Numbers of persons and companies that states and employers give.
    Identity,
    /// What gives access.
    Secret,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 8] = [
        Self::Contact,
        Self::Financial,
        Self::Network,
        Self::Device,
        Self::Personal,
        Self::Health,
        Self::Identity,
        Self::Secret,
    ];

    /// Its name in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Financial => "financial",
            Self::Network => "network",
            Self::Device => "device",
            Self::Personal => "personal",
            Self::Health => "health",
            Self::Identity => "identity",
            Self::Secret => "secret",
        }
    }
}

impl Kind {
    /// What it belongs to.
    pub const fn family(self) -> Family {
        match self {
            Self::Email | Self::Phone => Family::Contact,
            Self::CreditCard | Self::Iban | Self::Crypto | Self::AbaRouting | Self::AccountNumber => Family::Financial,
            Self::IpAddress | Self::MacAddress => Family::Network,
            Self::Vin | Self::Imei | Self::VehiclePlate => Family::Device,
            Self::Dob | Self::Postcode => Family::Personal,
            Self::UsNpi
            | Self::UsMbi
            | Self::MedicalLicense
            | Self::UkNhs
            | Self::DeHealthInsurance
            | Self::DeLanr
            | Self::AuMedicare
            | Self::MedicalRecord
            | Self::InsuranceId => Family::Health,
            kind if kind.is_secret() => Family::Secret,
            _ => Family::Identity,
        }
    }

    /// The country that gives it, as ISO 3166 writes it (`UK` for `GB`); none for what is known everywhere.
    pub fn region(self) -> Option<&'static str> {
        let national = self as u16 >= Self::UsSsn as u16 && self as u16 <= Self::PhTin as u16;
        match self {
            Self::AbaRouting | Self::MedicalLicense => Some("US"),
            Self::Postcode => Some("UK"),
            _ if national => self.name().split_once('_').map(|(region, _)| region),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Family, Kind};

    #[test]
    fn names_are_unique_and_lead_back() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert_eq!(Kind::named("emial"), None);
    }

    #[test]
    fn every_national_kind_has_a_region_of_two_letters() {
        let regions: Vec<_> = Kind::ALL.iter().filter_map(|kind| kind.region()).collect();
        assert!(regions.len() > 80 && regions.iter().all(|region| region.len() == 2), "{regions:?}");
        assert_eq!((Kind::UsSsn.region(), Kind::PhTin.region()), (Some("US"), Some("PH")));
        assert_eq!((Kind::IpAddress.region(), Kind::HfToken.region(), Kind::Email.region()), (None, None, None));
    }

    #[test]
    fn every_family_has_a_kind() {
        for family in Family::ALL {
            assert!(Kind::ALL.iter().any(|kind| kind.family() == family), "{}", family.name());
        }
        assert!(Kind::ALL.iter().all(|kind| kind.is_secret() == (kind.family() == Family::Secret)));
    }

    #[test]
    fn secrets_are_told_from_identities() {
        assert!(Kind::GenericSecret.is_secret() && Kind::AwsAccessKey.is_secret());
        assert!(!Kind::Email.is_secret() && !Kind::VoterId.is_secret());
    }
}
