//! A spectator for programs that need none.

use backdraft_hooks::Row;
use backdraft_record::Ending;
use backdraft_trainer::Progress;

use crate::study::Spectator;
use crate::trial::Trial;

/// Hears nothing of a run but how it ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Spectator for Silent {
    fn started(&self, _worker: usize, _trial: &Trial) {}

    fn progress(&self, _worker: usize, _progress: Progress) {}

    fn measured(&self, _worker: usize, _rows: &[Row]) {}

    fn ended(&self, _worker: usize, _trial: &Trial, _ending: &Ending) {}

    fn warned(&self, _warning: &str) {}
}
