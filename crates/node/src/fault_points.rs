//! Named places where a test may make the process die, fail or stand still.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What happens at an armed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Every task of the node ends where it stands, as by SIGKILL.
    Die,
    /// The task stands still this long, as by SIGSTOP, and then goes on as if nothing had happened.
    Pause(Duration),
}

#[derive(Default)]
struct Inner {
    armed: BTreeMap<&'static str, (u32, Action)>,
    fired: BTreeMap<&'static str, u32>,
}

/// The plan of one test: shared between the incarnations of a node, so that a fault fires as often as asked and no more.
#[derive(Clone, Default)]
pub struct FaultPoints(Option<Arc<Mutex<Inner>>>);

impl FaultPoints {
    /// No faults, and no cost at the points.
    pub fn none() -> Self {
        Self(None)
    }

    /// An empty plan that can be armed later.
    pub fn planned() -> Self {
        Self(Some(Arc::default()))
    }

    /// Fires `action` the `nth` time (from 1) that `point` is reached from now on, once.
    ///
    /// # Panics
    /// On a plan made by [`FaultPoints::none`]: a fault that can never fire proves nothing.
    pub fn arm(&self, point: &'static str, nth: u32, action: Action) {
        assert!(self.0.is_some(), "faults are armed on a planned set of points");
        if let Some(inner) = &self.0 {
            let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.armed.insert(point, (nth.max(1), action));
        }
    }

    /// Takes back what is armed and has not fired.
    pub fn disarm(&self) {
        if let Some(inner) = &self.0 {
            inner.lock().unwrap_or_else(PoisonError::into_inner).armed.clear();
        }
    }

    /// How often a fault fired at `point`.
    pub fn fired(&self, point: &str) -> u32 {
        let Some(inner) = &self.0 else { return 0 };
        inner.lock().unwrap_or_else(PoisonError::into_inner).fired.get(point).copied().unwrap_or(0)
    }

    pub(crate) fn reach(&self, point: &'static str) -> Option<Action> {
        let mut inner = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, action) = inner.armed.get_mut(point)?;
        *left -= 1;
        if *left > 0 {
            return None;
        }
        let action = *action;
        inner.armed.remove(point);
        *inner.fired.entry(point).or_default() += 1;
        Some(action)
    }
}
