//! Runs that a program asks for: measured once, refused, stopped and taken up again.

use std::path::Path;
use std::sync::Arc;

use backdraft::{EXPERIMENTS, Interrupt, RunError, RunFolder, RunRequest, Silent, Status};
use tempfile::tempdir;

fn request(out: &Path) -> RunRequest<'static> {
    RunRequest::named(EXPERIMENTS, "born-dead-relu").unwrap().seeds(3).out(out).jobs(1)
}

#[test]
fn a_run_is_measured_once_and_anew_when_told() {
    let out = tempdir().unwrap();
    let first = request(out.path()).open().unwrap();
    assert!(!first.is_closed() && first.notices().is_empty());
    assert_eq!((first.trials(), first.jobs()), (9, 1));
    let first = first.execute(Arc::new(Silent)).unwrap();
    assert_eq!((first.verdicts().len(), first.failures().count()), (3, 0));
    assert_eq!((first.manifest().status, first.results().trials().len()), (Status::Finished, 9));

    let again = request(out.path()).open().unwrap();
    assert!(again.is_closed());
    let again = again.execute(Arc::new(Silent)).unwrap();
    assert_eq!(again.manifest().started_unix, first.manifest().started_unix);
    assert_eq!(again.results(), first.results());
    let fresh = request(out.path()).fresh(true).open().unwrap();
    assert!(!fresh.is_closed());
    let fresh = fresh.execute(Arc::new(Silent)).unwrap();
    assert_eq!(fresh.results(), first.results());
    assert_eq!(RunFolder::list(out.path()).len(), 1);
}

#[test]
fn a_stopped_run_goes_on_and_keeps_its_beginning() {
    let out = tempdir().unwrap();
    let interrupt = Interrupt::default();
    interrupt.request();
    let run = request(out.path()).interrupt(interrupt).open().unwrap();
    let stopped = run.execute(Arc::new(Silent)).err().unwrap();
    assert!(matches!(stopped, RunError::Interrupted { done: 0, trials: 9, .. }));
    let told = stopped.to_string();
    assert!(told.contains("go on with: backdraft run born-dead-relu --preset quick"), "{told}");
    assert!(told.contains(&format!("--out '{}'", out.path().display())), "{told}");
    let whole = request(out.path()).open().unwrap().execute(Arc::new(Silent)).unwrap();
    assert_eq!(whole.results().trials().len(), 9);
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_is_recorded() {
    let out = tempdir().unwrap();
    let refused = |request: RunRequest<'_>| request.open().err().unwrap().to_string();
    let unknown = RunRequest::named(EXPERIMENTS, "born-dead").err().unwrap().to_string();
    assert!(unknown.contains("did you mean `born-dead-relu`"), "{unknown}");
    let key = refused(request(out.path()).set("depths", 3).unwrap());
    assert!(key.contains("did you mean `depth`"), "{key}");
    assert!(refused(request(out.path()).seeds(1)).contains("seeds = 1"));
    assert!(refused(request(out.path()).seeds(u64::MAX)).contains("too large"));
    assert!(refused(request(out.path()).backend("flx")).contains("did you mean `flex`"));
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn two_at_a_time_are_refused() {
    let out = tempdir().unwrap();
    let held = request(out.path()).open().unwrap();
    assert!(matches!(request(out.path()).open(), Err(RunError::Locked(_))));
    drop(held);
    assert!(request(out.path()).open().is_ok());
}
