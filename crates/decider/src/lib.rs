//! The shape every aggregate has: decide, evolve, react. Pure, so it cannot wait, fail or look at a clock.

/// An aggregate: state folded from events, commands decided into events, events answered by effects.
pub trait Decider {
    /// What is remembered. `Default` is the stream before its first event.
    type State: Default + Clone + Send + Sync + 'static;
    /// What may be asked. Time, prices and look-ups travel inside.
    type Command;
    /// What has happened. Never edited after release.
    type Event: Clone;
    /// What the world should now be asked.
    type Effect;
    /// Why a command is refused, by name.
    type Rejection: std::error::Error + Send + Sync + 'static;

    /// The events that a command causes. An empty list: nothing new (asked before).
    ///
    /// # Errors
    /// A named rejection, never a panic.
    fn decide(state: &Self::State, command: Self::Command) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The state after one more event. Only assigns.
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;

    /// What to ask of the world after `event`; `state` already includes it.
    fn react(state: &Self::State, event: &Self::Event) -> Vec<Self::Effect>;
}

/// Folds events onto a state.
pub fn fold<'a, D: Decider>(state: D::State, events: impl IntoIterator<Item = &'a D::Event>) -> D::State
where
    D::Event: 'a,
{
    events.into_iter().fold(state, D::evolve)
}
