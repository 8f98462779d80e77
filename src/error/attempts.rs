use std::fmt;
use std::time::Duration;

/// How often a request was sent, and for how long.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts {
    pub(crate) count: usize,
    pub(crate) elapsed: Duration,
}

/// ` (4 attempts in 31.2 s)`, and nothing for one attempt.
impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count > 1 { write!(f, " ({} attempts in {:.1} s)", self.count, self.elapsed.as_secs_f64()) } else { Ok(()) }
    }
}
