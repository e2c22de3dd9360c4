//! Passwords: hashed by the proposer, so that the log never sees one and every member stores the
//! same hash.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Upstream's `--bcrypt-cost`.
pub const COST: u32 = 10;
/// What the algorithm allows.
pub const COST_MIN: u32 = 4;
/// What the algorithm allows.
pub const COST_MAX: u32 = 31;

/// A password that cannot be hashed, for it is longer than 72 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bcrypt: password length exceeds 72 bytes")]
pub struct TooLong;

/// Hashes a password for a request's `hashedPassword`. Slow by design: 2^cost rounds.
///
/// # Errors
/// The password is too long; bcrypt would silently ignore its tail.
pub fn hash(password: &str, cost: u32, salt: [u8; 16]) -> Result<String, TooLong> {
    if password.len() > 72 {
        return Err(TooLong);
    }
    let cost = if (COST_MIN..=COST_MAX).contains(&cost) { cost } else { COST };
    let hash = bcrypt::hash_with_salt(password, cost, salt).map_err(|_| TooLong)?;
    // Go's library knows the version by this letter; the hash is the same.
    Ok(STANDARD.encode(hash.format_for_version(bcrypt::Version::TwoA)))
}

/// True when the password fits a stored hash. As slow as hashing.
pub fn verify(password: &str, stored: &[u8]) -> bool {
    let stored = std::str::from_utf8(stored).unwrap_or_default();
    bcrypt::verify(password, stored).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_only() {
        let text = hash("secret", COST_MIN, [7; 16]).unwrap();
        let stored = STANDARD.decode(&text).unwrap();
        assert!(stored.starts_with(b"$2a$04$"));
        assert!(verify("secret", &stored) && !verify("other", &stored));
        assert!(!verify("secret", b"") && !verify("secret", b"\xff"));
        assert_eq!(hash("secret", COST_MIN, [7; 16]).unwrap(), text, "the salt decides");
        assert_eq!(hash(&"x".repeat(73), COST_MIN, [7; 16]), Err(TooLong));
    }
}
