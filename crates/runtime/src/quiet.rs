//! Looks into the ledger at steady distances, and less often while nothing goes on: an idle world stays idle.

/// After so many looks that found nothing, while nothing was committed here either, only every [`SKIP`]th is made.
const PATIENCE: u32 = 10;
/// See [`PATIENCE`].
const SKIP: u32 = 5;

/// Decides which looks are made.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    looks: u32,
    commits: u64,
}

impl Quiet {
    /// Whether it is looked this time; `commits` is what was committed here so far.
    pub(crate) fn is_due(&mut self, commits: u64) -> bool {
        self.looks = if commits == self.commits { self.looks.saturating_add(1) } else { 0 };
        self.commits = commits;
        self.looks <= PATIENCE || self.looks.is_multiple_of(SKIP)
    }

    /// Something was found: there may be more.
    pub(crate) fn found(&mut self) {
        self.looks = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_nothing_looks_less_often_until_something_happens() {
        let mut quiet = Quiet::default();
        let looks = |quiet: &mut Quiet, commits: u64| (0..20).filter(|_| quiet.is_due(commits)).count();
        assert_eq!(looks(&mut quiet, 0), 12);
        assert_eq!(looks(&mut quiet, 0), 4);
        assert!(quiet.is_due(1));
        assert_eq!(looks(&mut quiet, 1), 12);
        quiet.found();
        assert!(quiet.is_due(1));
    }
}
