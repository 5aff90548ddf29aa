//! Training that goes on by a few steps at a time, as long as somebody asks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use backdraft_hooks::{Schedule, Taps};
use backdraft_layers::{InvalidField, Network};
use backdraft_rows::{QuantityName, Row, Thresholds, diagnose};
use backdraft_trainer::{
    Clipping, Listener, OptimizerConfig, Outcome, Progress, Splits, TrainError, Trainer,
    TrainerConfig,
};
use backdraft_zoo::ZooNetwork;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::error::PlaygroundError;
use super::gates::{Gates, Openness};
use super::look::hook;
use super::material::{BATCH, Material};
use super::setup::Setup;

/// Steps after which a session ends.
const STEPS: u64 = 5_000;
/// Observations that the diagnosis looks back on.
const REMEMBERED: usize = 20;

/// How a network of the playground is trained.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `setup` | | the network and its task | [`Setup`] |
/// | `optimizer` | `adam` | `adam` or `sgd` | |
/// | `learning_rate` | 0.001 | | above 0, to 10 |
/// | `clip_norm` | none | bound of the global gradient norm | above 0 |
/// | `every` | 10 | steps from frame to frame | 1 to 50 |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSetup {
    /// The network and its task.
    pub setup: Setup,
    /// The optimiser.
    #[serde(default)]
    pub optimizer: Optimizer,
    /// Learning rate.
    #[serde(default = "learning_rate")]
    pub learning_rate: f64,
    /// Bound of the global gradient norm, if it is clipped.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// Steps from frame to frame.
    #[serde(default = "every")]
    pub every: u64,
}

/// The optimisers that the playground offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// Adam with the defaults of Keras.
    #[default]
    Adam,
    /// Plain stochastic gradient descent.
    Sgd,
}

fn learning_rate() -> f64 {
    1e-3
}

fn every() -> u64 {
    10
}

/// Training as it stands after some steps.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    /// The network on the batch of this step.
    pub answer: Answer,
    /// Mean loss of the test examples.
    pub test_loss: Option<f64>,
    /// Share of them that is answered correctly, where answers can be correct.
    pub test_accuracy: Option<f64>,
    /// How training ended, if it has.
    pub ended: Option<String>,
}

impl TrainingSetup {
    fn trainer(&self) -> Result<TrainerConfig, InvalidField> {
        InvalidField::unless_in(1..=50, "every", usize::try_from(self.every).unwrap_or(0))?;
        if !(self.learning_rate > 0.0 && self.learning_rate <= 10.0) {
            let requirement = "it must be above 0, and 10 at most";
            return Err(InvalidField::new("learning_rate", self.learning_rate, requirement));
        }
        if let Some(bound) = self.clip_norm.filter(|bound| !(*bound > 0.0 && bound.is_finite())) {
            return Err(InvalidField::new("clip_norm", bound, "the bound must be positive"));
        }
        Ok(TrainerConfig {
            seed: self.setup.seed(),
            steps: STEPS,
            batch_size: BATCH,
            optimizer: match self.optimizer {
                Optimizer::Adam => OptimizerConfig::ADAM,
                Optimizer::Sgd => OptimizerConfig::SGD,
            },
            learning_rate: self.learning_rate,
            clipping: self.clip_norm.map(Clipping::GlobalNorm),
            evaluate_every: self.every,
            loss_every: self.every,
            ..Default::default()
        })
    }
}

/// A training run on a thread of its own, which waits after each frame until the next is wanted.
pub(super) struct Session {
    /// Lets training go on to the next frame; when it is dropped, training ends.
    wanted: SyncSender<()>,
    told: Receiver<Told>,
    parameters: usize,
    /// Observations of the latest frames, oldest first.
    remembered: VecDeque<Vec<Row>>,
    latest: Option<Frame>,
}

/// What the thread tells when a frame is wanted: an observation, or how training ended.
enum Told {
    Rows(Vec<Row>, Vec<Vec<Openness>>),
    Ended(String),
}

impl Session {
    /// Starts training; nothing is computed before the first frame is wanted.
    pub(super) fn start(
        training: &TrainingSetup,
        device: &Device,
    ) -> Result<Self, PlaygroundError> {
        let config = training.trainer()?;
        let material = Material::of(&training.setup)?;
        let network = material.network(device)?;
        let parameters = material.config.num_learned();
        let schedule = Schedule::Every(training.every);
        let (wanted, wait) = sync_channel(1);
        let (tell, told) = sync_channel(1);
        let device = device.clone();
        let train = move || {
            let mut listener = Patient { wait, tell, rows: Vec::new(), gates: Rc::default() };
            if listener.wait().is_err() {
                return;
            }
            let ended = match run(&material, network, config, schedule, &device, &mut listener) {
                Ok(Outcome::Finished) => format!("{STEPS} steps are taken."),
                Ok(Outcome::Interrupted { step }) => format!("Stopped before step {step}."),
                Ok(Outcome::Diverged { step, subject }) => {
                    format!("Diverged at step {step}: {subject} is no longer finite.")
                }
                Err(error) => error.to_string(),
            };
            // An error here means that nobody wants to know any more.
            let _ = listener.tell.send(Told::Ended(ended));
        };
        let thread = thread::Builder::new().name("playground training".to_owned());
        match thread.spawn(train) {
            Ok(_) => {
                Ok(Self { wanted, told, parameters, remembered: VecDeque::new(), latest: None })
            }
            Err(error) => Err(PlaygroundError::BrokenOff { reason: error.to_string() }),
        }
    }

    /// Trains on to the next frame; once training has ended, returns the last one again.
    pub(super) fn next(&mut self) -> Result<Frame, PlaygroundError> {
        if let Some(latest) = self.latest.as_ref().filter(|latest| latest.ended.is_some()) {
            return Ok(latest.clone());
        }
        let told = self.wanted.send(()).ok().and_then(|()| self.told.recv().ok());
        let frame = match (told, &self.latest) {
            (Some(Told::Rows(rows, gates)), _) => self.frame(rows, gates),
            (Some(Told::Ended(ended)), Some(latest)) => {
                Frame { ended: Some(ended), ..latest.clone() }
            }
            (Some(Told::Ended(reason)), None) => {
                return Err(PlaygroundError::BrokenOff { reason });
            }
            (None, _) => {
                return Err(PlaygroundError::BrokenOff { reason: "it panicked".to_owned() });
            }
        };
        self.latest = Some(frame.clone());
        Ok(frame)
    }

    fn frame(&mut self, rows: Vec<Row>, gates: Vec<Vec<Openness>>) -> Frame {
        let value = |quantity: QuantityName| {
            rows.iter().find(|row| row.quantity == quantity).map(|row| row.value)
        };
        let test_loss = value(QuantityName::TEST_LOSS);
        let test_accuracy = value(QuantityName::TEST_ACCURACY);
        let loss = value(QuantityName::LOSS).unwrap_or(f64::NAN);
        let untrained = "Theory speaks of networks before training: it is shown at step 0.";
        let mut answer =
            Answer::new(&rows, gates, loss, self.parameters, Err(untrained.to_owned()));
        self.remembered.push_back(rows);
        if self.remembered.len() > REMEMBERED {
            self.remembered.pop_front();
        }
        answer.findings = diagnose(self.remembered.iter().flatten(), &Thresholds::default());
        Frame { answer, test_loss, test_accuracy, ended: None }
    }
}

fn run(
    material: &Material,
    network: ZooNetwork,
    config: TrainerConfig,
    schedule: Schedule,
    device: &Device,
    listener: &mut Patient,
) -> Result<Outcome, TrainError> {
    let [train, test] = material.examples(device);
    let gates = Rc::clone(&listener.gates);
    let forward = |model: &ZooNetwork, x: Tensor<2>, taps: &mut Taps| {
        let outputs = model.score(x.clone(), taps);
        if taps.is_on() {
            gates.replace(Gates::of(&material.config, model, &x, taps));
        }
        outputs
    };
    let splits = Splits { train: &train, test: &test };
    let trainer = Trainer::new(config, device)?;
    let loss = &material.data.loss;
    let (_, outcome) =
        trainer.fit(network, splits, forward, loss, &mut hook(schedule), listener)?;
    Ok(outcome)
}

/// Tells each observation with what was recorded before it, then waits until the next is wanted.
struct Patient {
    wait: Receiver<()>,
    tell: SyncSender<Told>,
    rows: Vec<Row>,
    /// The gates of the latest forward pass that was observed.
    gates: Rc<RefCell<Option<Gates>>>,
}

impl Patient {
    fn wait(&self) -> io::Result<()> {
        self.wait.recv().map_err(gone)
    }
}

impl Listener for Patient {
    fn record(&mut self, rows: &[Row]) -> io::Result<()> {
        self.rows.extend_from_slice(rows);
        if !rows.iter().any(|row| row.quantity == QuantityName::ACTIVATION_GRADIENT_NORM) {
            return Ok(());
        }
        let gates = self.gates.take().map_or(Ok(vec![]), Gates::read);
        let gates = gates.map_err(|error| io::Error::other(format!("{error:?}")))?;
        self.tell.send(Told::Rows(std::mem::take(&mut self.rows), gates)).map_err(gone)?;
        self.wait()
    }

    fn progress(&mut self, _: Progress) {}
}

fn gone<E>(_: E) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the session is over")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look;

    fn training(json: &str) -> TrainingSetup {
        serde_json::from_str(json).unwrap()
    }

    const LAYERS: &str = r#"{"setup": {"kind": "layers", "depth": 3, "width": 16,
        "activation": "relu", "initializer": "he_normal"}, "every": 20}"#;
    const SEQUENCE: &str =
        r#"{"setup": {"kind": "sequence", "length": 12, "hidden": 8}, "every": 5}"#;

    #[test]
    fn the_first_frame_of_training_is_the_look_before_it() {
        let device = Device::flex();
        for training in [LAYERS, SEQUENCE].map(training) {
            let before = look(&training.setup, &device).unwrap();
            let frame = Session::start(&training, &device).unwrap().next().unwrap();
            assert_eq!(frame.answer.loss, before.loss);
            for (trained, looked) in frame.answer.places.iter().zip(&before.places) {
                let trained = crate::Place { update_ratio: None, ..trained.clone() };
                assert_eq!(trained, *looked);
            }
        }
    }

    #[test]
    fn training_learns_and_the_same_seed_learns_the_same() {
        let device = Device::flex();
        let run = || {
            let mut session = Session::start(&training(LAYERS), &device).unwrap();
            (0..10).map(|_| session.next().unwrap()).collect::<Vec<_>>()
        };
        let (first, second) = (run(), run());
        assert_eq!((first[0].answer.step, first[9].answer.step), (0, 180));
        let accuracy = |frame: &Frame| frame.test_accuracy.unwrap();
        assert!(accuracy(&first[0]) < 0.3 && accuracy(&first[9]) > 0.8, "{:?}", first[9]);
        let losses = |frames: &[Frame]| frames.iter().map(|f| f.answer.loss).collect::<Vec<_>>();
        assert_eq!(losses(&first), losses(&second));
    }

    #[test]
    fn training_that_diverges_says_so_and_stays_ended() {
        // Linear, so that nothing can die before it blows up.
        let json = LAYERS.replace("relu", "identity").replace(
            "\"every\": 20",
            "\"every\": 1, \"learning_rate\": 10, \"optimizer\": \"sgd\"",
        );
        let mut session = Session::start(&training(&json), &Device::flex()).unwrap();
        let mut frames = (0..100).map(|_| session.next().unwrap());
        let ended = frames.find_map(|frame| frame.ended).unwrap();
        assert!(ended.starts_with("Diverged at step"), "{ended}");
        assert_eq!(session.next().unwrap().ended, Some(ended));
    }

    #[test]
    fn what_is_out_of_range_is_refused_before_anything_runs() {
        let refused = |more: &str| {
            let json = LAYERS.replace("\"every\": 20", more);
            Session::start(&training(&json), &Device::flex()).map(|_| ()).unwrap_err().to_string()
        };
        assert!(refused("\"every\": 1000").contains("from 1 to 50"));
        assert!(refused("\"learning_rate\": 0").contains("above 0"));
        assert!(refused("\"clip_norm\": -1").contains("positive"));
    }
}
