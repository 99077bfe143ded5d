//! Rate limits in force: whoever shares a token waits for them, not only the one that met them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Token;

/// The limit of one token at one GitHub. Its clones are the same limit.
#[derive(Debug, Clone, Default)]
pub struct Limit(Arc<Mutex<Option<Instant>>>);

impl Limit {
    /// How long to send nothing more.
    pub fn remaining(&self) -> Option<Duration> {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// GitHub has asked for a pause. One that ends later stays.
    pub(super) fn hold(&self, wait: Duration) {
        let until = Instant::now().checked_add(wait);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = until.max(*held);
    }
}

/// The limits of one run: one for each token at each GitHub.
#[derive(Debug, Default)]
pub struct Limits(Mutex<HashMap<Owner, Limit>>);

/// The origin of the API, and the token that requests carry there.
type Owner = (String, Option<Token>);

impl Limits {
    /// The limit that requests to `origin` with `token` are under.
    pub(super) fn of(&self, origin: String, token: Option<Token>) -> Limit {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((origin, token)).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limit_holds_until_the_later_of_two_times_and_not_longer() {
        let limit = Limit::default();
        assert_eq!(limit.remaining(), None);
        limit.hold(Duration::from_secs(60));
        limit.hold(Duration::from_secs(10));
        let other = limit.clone();
        assert_eq!(other.remaining(), Some(Duration::from_secs(60)));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(other.remaining(), None);
    }
}
