//! The training sessions that are going on: few, and none for long after the last question.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use burn::tensor::Device;

use super::error::PlaygroundError;
use super::session::{Frame, Session, TrainingSetup};

/// Sessions at a time; a new one pushes out the one that was not asked for the longest.
const MOST: usize = 8;
/// How long a session waits for the next question.
const PATIENCE: Duration = Duration::from_secs(600);

/// Training sessions by name.
#[derive(Default)]
pub struct Sessions {
    sessions: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    session: Arc<Mutex<Session>>,
    asked: Instant,
}

impl Sessions {
    /// Starts a session; returns its name and its first frame, the network before training.
    ///
    /// # Errors
    ///
    /// [`PlaygroundError`] if the setup is out of bounds or the network cannot be built.
    pub fn start(
        &self,
        training: &TrainingSetup,
        device: &Device,
    ) -> Result<(String, Frame), PlaygroundError> {
        let mut session = Session::start(training, device)?;
        let frame = session.next()?;
        // A hasher's keys are random: a name that cannot be guessed needs no further crate.
        let name = format!("{:016x}", RandomState::new().hash_one(()));
        let kept = Kept { session: Arc::new(Mutex::new(session)), asked: Instant::now() };
        let mut sessions = self.lock();
        while sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, kept)| kept.asked);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            sessions.remove(&oldest);
        }
        sessions.insert(name.clone(), kept);
        Ok((name, frame))
    }

    /// Trains a session on to its next frame.
    ///
    /// # Errors
    ///
    /// [`PlaygroundError::NoSession`] if there is none of this name.
    pub fn next(&self, name: &str) -> Result<Frame, PlaygroundError> {
        let session = {
            let mut sessions = self.lock();
            let kept = sessions.get_mut(name);
            let kept = kept.ok_or_else(|| PlaygroundError::NoSession { name: name.to_owned() })?;
            kept.asked = Instant::now();
            Arc::clone(&kept.session)
        };
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        session.next()
    }

    /// Returns the sessions without those that expired.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, kept| kept.asked.elapsed() < PATIENCE);
        sessions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_sessions_push_out_the_oldest_and_unknown_names_are_refused() {
        let (sessions, device) = (Sessions::default(), Device::flex());
        let json = r#"{"setup": {"kind": "layers", "depth": 1, "width": 2}, "every": 1}"#;
        let training: TrainingSetup = serde_json::from_str(json).unwrap();
        let names: Vec<String> =
            (0..=MOST).map(|_| sessions.start(&training, &device).unwrap().0).collect();
        assert_eq!(sessions.lock().len(), MOST);
        let error = sessions.next(&names[0]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("expired"), "{error}");
        assert_eq!(sessions.next(&names[MOST]).unwrap().answer.step, 1);
        assert!(sessions.next("../../etc/passwd").is_err());
    }
}
