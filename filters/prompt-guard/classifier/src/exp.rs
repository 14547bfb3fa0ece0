//! The exponential and the logarithm, the same everywhere: libraries differ in the last bits.

/// e to the power of `x`, within two units of the last place; 0 below -87, and infinite above 88.
pub fn exp(x: f32) -> f32 {
    if x.is_nan() {
        return x;
    }
    if x < -87.0 {
        return 0.0;
    }
    if x > 88.0 {
        return f32::INFINITY;
    }
    let x = f64::from(x);
    let halvings = (x * core::f64::consts::LOG2_E).round();
    let rest = x - halvings * core::f64::consts::LN_2;
    // Taylor to the eighth power: the rest is at most ln 2 / 2, the ninth term below 1e-9.
    let mut sum = 1.0;
    for n in [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0] {
        sum = 1.0 + sum * rest / n;
    }
    #[allow(clippy::cast_possible_truncation, reason = "from -126 to 127")]
    let exponent = (halvings as i64).saturating_add(1023);
    let power = f64::from_bits(u64::try_from(exponent).unwrap_or(0) << 52);
    #[allow(clippy::cast_possible_truncation, reason = "the result of a function of f32")]
    let result = (sum * power) as f32;
    result
}

/// The natural logarithm of a whole number, within a millionth; 0 of 0.
pub fn ln(n: usize) -> f32 {
    // ln n = 2 artanh((n - 2^k) / (n + 2^k)) + k ln 2, where the fraction is at most a third.
    let k = n.checked_ilog2().unwrap_or(0);
    #[allow(clippy::cast_precision_loss, reason = "beyond 2^53 the last bits do not count")]
    let n = n.max(1) as f64;
    let power = f64::from_bits(u64::from(k).saturating_add(1023) << 52);
    let x = (n - power) / (n + power);
    let mut sum = 0.0;
    for odd in [11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = sum * x * x + 1.0 / odd;
    }
    #[allow(clippy::cast_possible_truncation, reason = "at most 45")]
    let result = (2.0 * x * sum + f64::from(k) * core::f64::consts::LN_2) as f32;
    result
}

/// The probability of a logit: 1 / (1 + e^-x).
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_exponential_and_the_logarithm() {
        for step in -8700..8800_i16 {
            let x = f32::from(step) / 100.0;
            let (ours, theirs) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / theirs - 1.0).abs() < 1.2e-7, "{x}: {ours} {theirs}");
        }
        for n in 1..5000_u32 {
            let (ours, theirs) = (f64::from(ln(n as usize)), f64::from(n).ln());
            assert!((ours - theirs).abs() < 1e-6, "{n}: {ours} {theirs}");
        }
        assert_eq!((exp(0.0), exp(-1000.0), exp(1000.0)), (1.0, 0.0, f32::INFINITY));
        assert_eq!((sigmoid(0.0), sigmoid(-1000.0), sigmoid(1000.0)), (0.5, 0.0, 1.0));
    }
}
