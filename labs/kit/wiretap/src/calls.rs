//! What is kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::Call;

/// The calls that are kept.
#[derive(Default)]
pub(crate) struct Kept {
    calls: Mutex<Vec<Call>>,
    changed: Notify,
}

impl Kept {
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().clone()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) async fn wait_for(&self, fits: impl Fn(&Call) -> bool) -> Call {
        loop {
            let changed = self.changed.notified();
            if let Some(call) = self.lock().iter().find(|call| fits(call)) {
                return call.clone();
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
