//! The state of a training run between two steps, as bytes.

mod contents;

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use burn_pack::{Reader, Writer};
use sha2::{Digest, Sha256};

use contents::{Parameters, contents};

/// First line of a checkpoint, without the version.
const MAGIC: &str = "backdraft checkpoint ";
/// Version of the format.
const VERSION: u32 = 1;

/// The state of a training run before a step: everything that later steps depend on.
///
/// It holds the step, the module with its running statistics, and the optimiser's moments. The order
/// of the batches and the learning rate follow from seed and step and are replayed. The variation of a
/// batch depends on the step alone, and a [`GradientHook`](backdraft_hooks::GradientHook) keeps no
/// state between steps.
///
/// The bytes are two lines of text (format and version; SHA-256 of the rest), the step, and three
/// fields, each preceded by its length (little-endian `u64`): the note, then module and optimiser in
/// Burn's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    step: u64,
    note: String,
    module: Vec<u8>,
    optimizer: Vec<u8>,
}

/// Why a checkpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The bytes are not a checkpoint.
    #[error("this is no checkpoint of Backdraft")]
    Foreign,
    /// A newer program wrote it.
    #[error(
        "the checkpoint has version {found}, this program reads {VERSION}; use a newer Backdraft"
    )]
    TooNew {
        /// Its version.
        found: u32,
    },
    /// It is truncated or altered.
    #[error("the checkpoint is damaged: its content does not match its SHA-256")]
    Damaged,
    /// It belongs to another network or training.
    #[error("the checkpoint does not fit this training: {reason}")]
    Unfit {
        /// What does not fit.
        reason: String,
    },
}

impl Checkpoint {
    /// Takes the state before `step`.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Unfit`] if Burn cannot write module or optimiser.
    pub fn take<M: Module>(
        step: u64,
        module: &M,
        optimizer: &ModuleOptimizer,
    ) -> Result<Self, CheckpointError> {
        Ok(Self {
            step,
            note: String::new(),
            // Burn's running statistics lag one update behind; `valid` brings them up to date.
            module: module.valid().into_record().into_bytes().map_err(unfit)?.to_vec(),
            optimizer: optimizer.into_bytes().map_err(unfit)?.to_vec(),
        })
    }

    /// Adds a note of its keeper.
    #[must_use]
    pub fn with_note(self, note: String) -> Self {
        Self { note, ..self }
    }

    /// Returns the step that comes next.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Returns the note of its keeper; empty if there is none.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Returns the module's parameters in Burn's format, as in a `.bpk` file: the same bytes for the same
    /// parameters, whose random identities are left out.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Unfit`] if Burn cannot read its own format.
    pub fn weights(&self) -> Result<Vec<u8>, CheckpointError> {
        let reader =
            Reader::from_bytes(Bytes::from_bytes_vec(self.module.clone())).map_err(unfit)?;
        let anonymous = reader.into_tensors().map_err(unfit)?.into_iter().map(|tensor| {
            let (name, dtype, shape, _, bytes) = tensor.into_parts().map_err(unfit)?;
            Ok(burn_pack::Tensor::new(name, dtype, shape, None, bytes))
        });
        let anonymous = anonymous.collect::<Result<Vec<_>, CheckpointError>>()?;
        Ok(Writer::new(anonymous).into_bytes().map_err(unfit)?.to_vec())
    }

    /// Loads the state into a module and an optimiser of the same configuration.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Unfit`] if the checkpoint was taken from others.
    pub fn restore<M: Module>(
        &self,
        module: M,
        optimizer: ModuleOptimizer,
    ) -> Result<(M, ModuleOptimizer), CheckpointError> {
        let bytes = |bytes: &[u8]| Bytes::from_bytes_vec(bytes.to_vec());
        contents(bytes(&self.module))?.check_types(&Parameters::of(&module))?;
        let record = ModuleRecord::from_bytes(bytes(&self.module)).map_err(unfit)?;
        let module = module.try_load_record(record).map_err(unfit)?;

        let stored = contents(bytes(&self.optimizer))?;
        stored.check(&Parameters::of(&module))?;
        let record = OptimizerRecord::from_bytes(bytes(&self.optimizer)).map_err(unfit)?;
        let optimizer = optimizer.load_record(record);
        // Burn skips states that it cannot rebuild and converts tensors to the precision of its
        // default device, so what was loaded is compared with what was stored.
        if contents(optimizer.into_bytes().map_err(unfit)?)? == stored {
            Ok((module, optimizer))
        } else {
            Err(unfit("the optimiser's state would lose precision or parts"))
        }
    }

    /// Writes the checkpoint as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = self.step.to_le_bytes().to_vec();
        for field in [self.note.as_bytes(), &self.module, &self.optimizer] {
            content.extend((field.len() as u64).to_le_bytes());
            content.extend(field);
        }
        let mut bytes = format!("{MAGIC}{VERSION}\n{}\n", sum(&content)).into_bytes();
        bytes.append(&mut content);
        bytes
    }

    /// Reads a checkpoint from bytes.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] if they are not a complete checkpoint that this program can read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or(CheckpointError::Foreign)?;
        let (version, rest) = line(rest).ok_or(CheckpointError::Damaged)?;
        match version.parse::<u32>() {
            Ok(VERSION) => {}
            Ok(found) if found > VERSION => return Err(CheckpointError::TooNew { found }),
            _ => return Err(CheckpointError::Foreign),
        }
        let (declared, mut content) = line(rest).ok_or(CheckpointError::Damaged)?;
        if sum(content) != declared {
            return Err(CheckpointError::Damaged);
        }
        let step = number(&mut content)?;
        let mut fields = [&[][..]; 3];
        for field in &mut fields {
            let length = number(&mut content)?;
            let length = usize::try_from(length).map_err(|_| CheckpointError::Damaged)?;
            let (taken, rest) = content.split_at_checked(length).ok_or(CheckpointError::Damaged)?;
            (*field, content) = (taken, rest);
        }
        let [note, module, optimizer] = fields.map(<[u8]>::to_vec);
        let note = String::from_utf8(note).map_err(|_| CheckpointError::Damaged)?;
        Ok(Self { step, note, module, optimizer })
    }
}

fn unfit(reason: impl std::fmt::Display) -> CheckpointError {
    CheckpointError::Unfit { reason: reason.to_string() }
}

fn sum(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Splits off a short line of text.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().take(100).position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

fn number(content: &mut &[u8]) -> Result<u64, CheckpointError> {
    let (bytes, rest) = content.split_first_chunk().ok_or(CheckpointError::Damaged)?;
    *content = rest;
    Ok(u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::OptimizerConfig;
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::GradientsParams;
    use burn::tensor::{Device, Tensor};

    fn network(inputs: usize) -> Linear {
        LinearConfig::new(inputs, 2).init(&Device::flex().autodiff())
    }

    fn trained() -> (Linear, ModuleOptimizer) {
        let mut optimizer = OptimizerConfig::ADAM.init();
        let network = network(3);
        let x = Tensor::<2>::ones([4, 3], &Device::flex().autodiff());
        let mut gradients = network.forward(x).square().mean().backward();
        let gradients = GradientsParams::from_module(&mut gradients, &network);
        (optimizer.step(0.1, network, gradients), optimizer)
    }

    fn checkpoint() -> Checkpoint {
        let (network, optimizer) = trained();
        Checkpoint::take(7, &network, &optimizer).unwrap().with_note("a note".to_owned())
    }

    #[test]
    fn bytes_read_back_as_written_and_the_state_with_them() {
        let checkpoint = checkpoint();
        let read = Checkpoint::from_bytes(&checkpoint.to_bytes()).unwrap();
        assert_eq!(read, checkpoint);
        assert_eq!((read.step(), read.note()), (7, "a note"));
        let (restored, optimizer) = read.restore(network(3), OptimizerConfig::ADAM.init()).unwrap();
        assert!(restored.weight.is_require_grad());
        let again = Checkpoint::take(7, &restored, &optimizer).unwrap();
        assert_eq!(again.module, checkpoint.module);
    }

    #[test]
    fn the_weights_of_equal_networks_are_the_same_bytes_and_load() {
        let equal = || {
            let weight = Tensor::ones([3, 2], &Device::flex().autodiff());
            let network = Linear { weight: burn::module::Param::from_tensor(weight), bias: None };
            Checkpoint::take(7, &network, &OptimizerConfig::ADAM.init()).unwrap()
        };
        let (first, second) = (equal(), equal());
        assert_ne!(first.module, second.module, "the identities of parameters are random");
        let weights = first.weights().unwrap();
        assert_eq!(weights, second.weights().unwrap());
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(weights)).unwrap();
        let other = LinearConfig::new(3, 2).with_bias(false).init(&Device::flex());
        let loaded = other.try_load_record(record).unwrap();
        assert_eq!(loaded.weight.val().into_data().iter::<f64>().sum::<f64>(), 6.0);
    }

    #[test]
    fn a_checkpoint_cut_anywhere_or_changed_anywhere_is_refused() {
        let bytes = checkpoint().to_bytes();
        for length in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..length]).is_err(), "cut at {length}");
            let mut changed = bytes.clone();
            changed[length] ^= 1;
            assert!(Checkpoint::from_bytes(&changed).is_err(), "changed at {length}");
        }
        let newer = String::from_utf8_lossy(&bytes[..30]).replace(" 1\n", " 2\n");
        let refused = Checkpoint::from_bytes(newer.as_bytes());
        assert_eq!(refused, Err(CheckpointError::TooNew { found: 2 }));
    }

    #[test]
    fn another_network_or_optimiser_is_refused() {
        let checkpoint = checkpoint();
        let wide = checkpoint.restore(network(5), OptimizerConfig::ADAM.init());
        assert!(wide.err().unwrap().to_string().contains("shape mismatch"));
        let sgd = OptimizerConfig::Sgd { momentum: 0.9, weight_decay: 0.0 };
        assert!(checkpoint.restore(network(3), sgd.init()).is_err());
    }
}
