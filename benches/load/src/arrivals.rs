//! When visitors ask: at independent moments.

use std::time::Duration;

/// Moments since the start, with gaps that are exponentially distributed (a Poisson process): as the requests of many
/// visitors come who know nothing of each other. The same seed gives the same moments.
pub struct Arrivals {
    per_second: f64,
    state: u64,
    at_s: f64,
}

impl Arrivals {
    /// So many requests per second in the mean.
    pub fn new(per_second: f64, seed: u64) -> Self {
        Self { per_second, state: seed, at_s: 0.0 }
    }

    /// Above 0 and at most 1: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014) over a counter.
    fn chance(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bits = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(u32::MAX);
        (f64::from(bits) + 1.0) / (f64::from(u32::MAX) + 1.0)
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.at_s -= self.chance().ln() / self.per_second;
        Duration::try_from_secs_f64(self.at_s).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_kept_and_the_gaps_are_those_of_independent_visitors() {
        let moments: Vec<f64> = Arrivals::new(100.0, 7).take(20_000).map(|d| d.as_secs_f64()).collect();
        let gaps: Vec<f64> = moments.windows(2).map(|w| w[1] - w[0]).collect();
        let mean = gaps.iter().sum::<f64>() / 19_999.0;
        assert!((mean - 0.01).abs() < 0.0003, "{mean}");
        assert!(gaps.iter().all(|g| *g >= 0.0));
        // Of an exponential distribution 1/e lie above the mean, and a hundredth above 4.6 times it.
        let above = |x: f64| f64::from(u32::try_from(gaps.iter().filter(|g| **g > x).count()).unwrap()) / 19_999.0;
        assert!((above(0.01) - 0.368).abs() < 0.015, "{}", above(0.01));
        assert!((above(0.046_05) - 0.01).abs() < 0.003, "{}", above(0.046_05));
    }

    #[test]
    fn a_seed_has_moments_of_its_own() {
        let first = |seed| Arrivals::new(1.0, seed).next();
        assert_ne!(first(1), first(2));
        assert_eq!(first(1), first(1));
    }
}
