//! How hard a challenge is: from risk to work, and from work to the parameters of the ALTCHA protocol.

/// From easiest to hardest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    easy: u32,
    hard: u32,
}

impl Range {
    /// From `easy` to `hard`; given the wrong way round, they are taken the right way round.
    pub(super) fn new(easy: u32, hard: u32) -> Self {
        Self { easy: easy.min(hard), hard: easy.max(hard) }
    }

    /// The value at `risk`, 0 to 1, in a straight line. Anything outside is the nearer end; not-a-number is the hard one.
    pub(super) fn at(self, risk: f32) -> u32 {
        let risk = if risk.is_nan() { 1.0 } else { f64::from(risk.clamp(0.0, 1.0)) };
        let span = f64::from(self.hard - self.easy);
        // In range by construction: 0 <= risk <= 1 and the span fits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let above = (span * risk).round() as u32;
        self.easy.saturating_add(above)
    }
}

/// Most iterations of one try, which is what checking an answer costs us: under two milliseconds.
pub(super) const MAX_COST: u32 = 4096;

/// Iterations per try and the prefix the key must have (hexadecimal zeros), so that `work` iterations are expected:
/// a prefix of n digits takes 16^n tries on average. As few tries as [`MAX_COST`] allows, because each try costs a
/// browser about a twentieth of a millisecond beside the iterations, which no program pays.
pub(super) fn shape(work: u32) -> (u32, String) {
    let mut digits = 1;
    while work >> (4 * digits) > MAX_COST && digits < 7 {
        digits += 1;
    }
    ((work >> (4 * digits)).max(1), "0".repeat(digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn risk_moves_from_easy_to_hard_and_no_further() {
        let range = Range::new(10, 110);
        assert_eq!([-1.0, 0.0, 0.5, 1.0, 7.0, f32::NAN].map(|r| range.at(r)), [10, 10, 60, 110, 110, 110]);
        assert_eq!(Range::new(9, 3).at(0.0), 3);
        assert_eq!(Range::new(0, u32::MAX).at(1.0), u32::MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_parameters_ask_for_the_work_wanted_and_checking_stays_cheap(work in 16u32..400_000_000) {
            let (cost, prefix) = shape(work);
            prop_assert!((1..=MAX_COST).contains(&cost));
            let expected = f64::from(cost) * 16f64.powi(i32::try_from(prefix.len()).unwrap());
            let ratio = expected / f64::from(work);
            prop_assert!((0.5..=1.0).contains(&ratio), "{work}: {cost} x 16^{} = {ratio}", prefix.len());
        }
    }
}
