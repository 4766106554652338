//! Sharing an amount by weights without losing a cent.

use crate::Amount;

/// Splits `total` by `weights` (largest remainder first, ties to the earlier part). The parts always sum to the total.
///
/// Weights of zero get nothing unless all are zero; then the first part takes everything.
pub fn split(total: Amount, weights: &[u64]) -> Vec<Amount> {
    let sum: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    if weights.is_empty() {
        return Vec::new();
    }
    let currency = total.currency();
    if sum == 0 {
        let mut parts = vec![Amount::zero(currency); weights.len()];
        parts[0] = total;
        return parts;
    }
    let magnitude = u128::from(total.minor().unsigned_abs());
    let sign = total.minor().signum();
    let mut shares: Vec<(u128, u128, usize)> = weights
        .iter()
        .enumerate()
        .map(|(i, w)| (magnitude * u128::from(*w) / sum, magnitude * u128::from(*w) % sum, i))
        .collect();
    let given: u128 = shares.iter().map(|share| share.0).sum();
    let mut left = magnitude - given;
    shares.sort_by(|a, b| b.1.cmp(&a.1).then(a.2.cmp(&b.2)));
    for share in &mut shares {
        if left == 0 {
            break;
        }
        share.0 += 1;
        left -= 1;
    }
    shares.sort_by_key(|share| share.2);
    // A share is never larger than the total, which came from 64 bits.
    shares
        .iter()
        .map(|share| Amount::new(i64::try_from(share.0).map_or(i64::MAX, |m| m.saturating_mul(sign)), currency))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(minor in -1_000_000_000_i64..1_000_000_000, weights in prop::collection::vec(0_u64..1_000_000, 1..20)) {
            let total = Amount::new(minor, "EUR".parse().unwrap());
            let parts = split(total, &weights);
            prop_assert_eq!(parts.len(), weights.len());
            prop_assert_eq!(parts.iter().map(|p| p.minor()).sum::<i64>(), minor);
        }
    }
}
