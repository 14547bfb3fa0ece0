//! Identifiers without a shape of their own, that a label announces right before them: passports, licences, accounts,
//! plates, records and memberships.

use crate::kind::Kind;
use crate::label::{Before, Opening};
use crate::shape::{Candidate, closes};
use crate::topics::*;
use crate::view::{More, View, down, up};

/// The longest identifier read, in characters.
const LONGEST: usize = 40;

/// What each label announces, and how many digits it must have.
const LABELLED: &[(Topics, Kind, usize)] = &[
    (PASSPORT, Kind::Passport, 4),
    (LICENSE, Kind::DriverLicense, 4),
    (PLATE, Kind::VehiclePlate, 2),
    (VIN, Kind::Vin, 3),
    (HEALTH, Kind::MedicalRecord, 4),
    (INSURANCE, Kind::InsuranceId, 4),
    (EMPLOYEE, Kind::EmployeeId, 4),
    (VOTER, Kind::VoterId, 4),
    (
        DOWOD | CARTA | NATIONAL | AADHAAR | NIF | HK | PESEL | NIP | REGON | SSN | STEUER | RVNR | KVNR | NINO,
        Kind::NationalId,
        6,
    ),
    (PAN, Kind::InPan, 3),
    (TAX | VAT | EIN | ITIN, Kind::TaxId, 5),
    (ACCOUNT, Kind::AccountNumber, 6),
    (ROUTING, Kind::AbaRouting, 6),
];

/// The identifier that begins at `start`.
pub(crate) fn find(view: View<'_>, start: usize, before: &Before<'_>) -> Result<Option<Candidate>, More> {
    if before.opening() == Opening::Closed {
        return Ok(None);
    }
    let first = view.run(start, LONGEST, |byte| byte.is_ascii_alphanumeric())?;
    let word = view.slice(start, first);
    if !word.iter().any(u8::is_ascii_digit) && !word.iter().all(u8::is_ascii_uppercase) {
        return Ok(None);
    }
    // A short number that nothing follows is no identifier; most of them are told here, without a look at labels.
    let goes_on = match view.at(first)? {
        Some(b'-' | b'/' | b'.' | b'_') => view.at(up(first, 1))?.is_some_and(|byte| byte.is_ascii_alphanumeric()),
        Some(b' ') => view.at(up(first, 1))?.is_some_and(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    if word.len() < 4 && !goes_on || !before.labelled() {
        return Ok(None);
    }
    let mut best: Option<(usize, Kind, usize)> = None;
    for &(topics, kind, digits) in LABELLED {
        let label = before.announces(topics).filter(|label| label.adjacent);
        if let Some(label) = label.filter(|label| best.is_none_or(|(end, ..)| label.end > end)) {
            best = Some((label.end, kind, digits));
        }
    }
    let Some((label, kind, wanted)) = best else { return Ok(None) };
    let end = read(view, start)?;
    let text = view.slice(start, end);
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let small = text.split(|byte| !byte.is_ascii_lowercase()).any(|run| run.len() > 3);
    let letters = text.iter().any(u8::is_ascii_uppercase);
    let fits = match kind {
        Kind::VehiclePlate => letters && text.len() > 3,
        _ => text.len() > 5,
    };
    if digits < wanted || !fits || small || text.len() > LONGEST || !closes(view, end)? || is_date(text) {
        return Ok(None);
    }
    Ok(Some(Candidate { kind, end, weight: (true, down(end, start), label) }))
}

/// Letters and digits, single hyphens, dots and slashes between them, and one blank before a group that has a digit.
fn read(view: View<'_>, start: usize) -> Result<usize, More> {
    let mut at = view.run(start, up(LONGEST, 1), |byte| byte.is_ascii_alphanumeric())?;
    let mut blanks = 0_usize;
    while down(at, start) <= LONGEST {
        let Some(separator) = view.at(at)? else { break };
        let next = up(at, 1);
        match separator {
            b'-' | b'/' | b'.' | b'_' => {
                let end = view.run(next, LONGEST, |byte| byte.is_ascii_alphanumeric())?;
                if end == next {
                    break;
                }
                at = end;
            }
            b' ' if blanks < 1 && down(at, start) <= 6 && view.at(next)?.is_some_and(|byte| byte.is_ascii_digit()) => {
                let end = view.run(next, LONGEST, |byte| byte.is_ascii_alphanumeric())?;
                if view.slice(next, end).iter().filter(|byte| byte.is_ascii_digit()).count() < 3 {
                    break;
                }
                blanks = up(blanks, 1);
                at = end;
            }
            _ => break,
        }
    }
    Ok(at)
}

fn is_date(text: &[u8]) -> bool {
    let shape: Vec<u8> = text.iter().map(|b| if b.is_ascii_digit() { b'9' } else { *b }).collect();
    matches!(shape.as_slice(), b"9999-99-99" | b"99.99.9999" | b"99/99/9999" | b"9999/99/99")
}
