//! What takes long goes on while the checks before it are judged.

use tokio::sync::watch;

use crate::bench::Bench;

/// What will have come of it. Each clone is the same.
#[derive(Clone)]
pub(crate) struct Meanwhile<T>(watch::Receiver<Option<T>>);

impl Bench {
    /// Begins it, with the same program on a bench of its own; the end of this bench ends it too.
    pub(crate) fn begin<T, F>(&mut self, scenario: impl FnOnce(Bench) -> F) -> Meanwhile<T>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (tell, told) = watch::channel(None);
        let scenario = scenario(self.beside());
        self.meanwhile.spawn(async move {
            let _ = tell.send(Some(scenario.await));
        });
        Meanwhile(told)
    }
}

impl<T: Clone> Meanwhile<T> {
    /// What came of it. Whoever has bounded its steps has bounded this.
    pub(crate) async fn outcome(&self) -> T {
        let mut told = self.0.clone();
        let outcome = told.wait_for(Option::is_some).await.expect("it goes on as long as its bench is there");
        outcome.clone().expect("it was waited for")
    }
}
