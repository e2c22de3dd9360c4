//! The range of scores, and how a plugin's numbers are brought into it.
//!
//! Upstream: pkg/scheduler/framework/plugins/helper/normalize_score.go.

/// The best.
pub const SCORE_MAX: i64 = 100;

/// Stretches scores so that the highest is the best; `reverse`: so that the highest is the worst.
pub fn normalize(reverse: bool, scores: &mut [i64]) {
    let most = scores.iter().copied().max().unwrap_or(0).max(0);
    for score in scores {
        let stretched = if most == 0 { 0 } else { SCORE_MAX * *score / most };
        *score = match (reverse, most) {
            (true, 0) => SCORE_MAX,
            (true, _) => SCORE_MAX - stretched,
            (false, 0) => *score,
            (false, _) => stretched,
        };
    }
}
