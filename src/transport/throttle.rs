//! State shared by the requests of a client: the number in flight, the pause that a server asked for, and the retry budget.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout};

/// How many retries the budget allows without a success between them.
const BUDGET: f64 = 20.0;

/// How much a success adds to the budget, so that requests soon resume at full rate.
const PER_SUCCESS: f64 = 2.0;

/// How much each second adds: once the budget is spent, a server that is down gets one retry every two seconds.
const PER_SECOND: f64 = 0.5;

/// The longest time over which waiting requests are spread after a pause.
pub(super) const MAX_SPREAD: Duration = Duration::from_secs(5);

/// Shared by the clones of a client.
#[derive(Debug)]
pub(super) struct Throttle {
    in_flight: Semaphore,
    shared: Mutex<Shared>,
    success: Notify,
}

#[derive(Debug)]
struct Shared {
    budget: f64,
    filled_at: Option<Instant>,
    paused_until: Option<Instant>,
}

impl Throttle {
    pub(super) fn new(max_in_flight: usize) -> Self {
        Self {
            in_flight: Semaphore::new(max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            shared: Mutex::new(Shared { budget: BUDGET, filled_at: None, paused_until: None }),
            success: Notify::new(),
        }
    }

    /// Waits until another request may be in flight. The result is never `None`, because the semaphore is never closed.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.in_flight.acquire().await.ok()
    }

    /// Records a pause that a server asked for; every request of the client waits for it.
    pub(super) fn pause(&self, pause: Duration) {
        let until = Instant::now().checked_add(pause);
        let mut shared = self.lock();
        shared.paused_until = shared.paused_until.max(until);
    }

    /// Waits for the end of the pause. Requests resume at random moments, not all at once.
    pub(super) async fn paused(&self) {
        loop {
            let now = Instant::now();
            let Some(until) = self.lock().paused_until.filter(|until| *until > now) else { return };
            let spread = ((until - now) / 2).clamp(Duration::from_millis(200), MAX_SPREAD);
            sleep_until(until + spread.mul_f64(fastrand::f64())).await;
        }
    }

    /// Takes one retry from the budget, and waits if the budget is spent.
    pub(super) async fn retry(&self) {
        loop {
            // Registers for notifications before checking the budget, so that no success in between is missed.
            let success = self.success.notified();
            let missing = self.take();
            if missing <= 0.0 {
                return;
            }
            // Rounded up: timers have a resolution of a millisecond.
            let wait = Duration::from_secs_f64(missing / PER_SECOND) + Duration::from_millis(1);
            let _ = timeout(wait, success).await;
        }
    }

    /// Takes one retry and returns 0, or returns how much is missing from the budget.
    fn take(&self) -> f64 {
        let mut shared = self.lock();
        let now = Instant::now();
        let since = shared.filled_at.map_or(0.0, |filled| (now - filled).as_secs_f64());
        shared.filled_at = Some(now);
        shared.budget = (shared.budget + since * PER_SECOND).min(BUDGET);
        if shared.budget >= 1.0 {
            shared.budget -= 1.0;
            return 0.0;
        }
        1.0 - shared.budget
    }

    pub(super) fn succeeded(&self) {
        let mut shared = self.lock();
        if shared.budget < BUDGET {
            shared.budget = (shared.budget + PER_SUCCESS).min(BUDGET);
            self.success.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
