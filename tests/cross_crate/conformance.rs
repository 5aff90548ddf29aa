//! Every architecture and preset of the zoo against everything that an architecture promises.

use backdraft::{BACKENDS, Backend};
use backdraft_hooks::Taps;
use backdraft_layers::{
    Architecture, Initializer, InvalidField, LinearInit, Network, TaskShape, weight_rng,
};
use backdraft_zoo::{CHECKS, conform, networks};
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

#[test]
fn every_architecture_and_preset_passes_every_check() {
    let built_in = BACKENDS.iter().filter(|backend| backend.is_built_in());
    let devices: Vec<_> = built_in.map(|b| Backend::select(Some(b.name)).unwrap().1).collect();
    let mut faults = Vec::new();
    for (name, config) in networks() {
        let report = config.miniature().conform(&devices);
        assert_eq!(report.len(), CHECKS.len());
        for check in report {
            faults.extend(check.fault.map(|fault| format!("{name}, {}: {fault}", check.check)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is broken in [`Broken`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Flaw {
    #[default]
    None,
    Outputs,
    Count,
    Seed,
    Validation,
    Detached,
    Untapped,
    Batch,
    Forgotten,
    Unfitted,
}

/// A linear architecture with a flaw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Broken {
    flaw: Flaw,
    width: usize,
    #[serde(skip)]
    forgotten: bool,
}

#[derive(Module, Debug)]
struct BrokenNetwork {
    layers: Vec<Linear>,
    #[module(skip)]
    flaw: Flaw,
}

impl Architecture for Broken {
    type Network = BrokenNetwork;
    const NAME: &'static str = "broken";
    const ABOUT: &'static str = "for the test of the tests";

    fn presets() -> Vec<(&'static str, Self)> {
        vec![]
    }

    fn validate(&self) -> Result<(), InvalidField> {
        if self.flaw == Flaw::Validation {
            return Ok(());
        }
        InvalidField::unless_in(1..=99, "width", self.width)
    }

    fn try_init(&self, seed: u64, device: &Device) -> Result<BrokenNetwork, InvalidField> {
        self.validate()?;
        let mut rng = weight_rng(if self.flaw == Flaw::Seed { 0 } else { seed });
        let init = LinearInit { weight: Initializer::HeNormal, bias_variance: Some(0.0) };
        let mut layer = |outputs| init.init(3, outputs, &mut rng, device);
        let layers = vec![layer(3), layer(2)];
        Ok(BrokenNetwork { layers, flaw: self.flaw })
    }

    fn example_shape(&self) -> Vec<usize> {
        vec![3]
    }

    fn outputs(&self) -> usize {
        2 + usize::from(self.flaw == Flaw::Outputs)
    }

    fn fitted(&self, _task: &TaskShape) -> Option<Self> {
        (self.flaw == Flaw::Unfitted).then(|| self.clone())
    }

    fn num_learned(&self) -> usize {
        12 + 8 + usize::from(self.flaw == Flaw::Count)
    }

    fn miniature(&self) -> Self {
        self.clone()
    }
}

impl Network for BrokenNetwork {
    fn score(&self, examples: Tensor<2>, taps: &mut Taps) -> Tensor<2> {
        let mut x = examples.tanh();
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x).tanh();
            if self.flaw != Flaw::Untapped || index != 1 {
                x = taps.tap(format!("layers.{index}"), x);
            }
            if self.flaw == Flaw::Detached && index == 0 {
                x = x.detach();
            }
        }
        if self.flaw == Flaw::Batch { x.clone() - x.mean_dim(0) } else { x }
    }
}

#[test]
fn each_flaw_is_found_by_the_check_that_is_for_it() {
    let faulty = |flaw: Flaw| -> Vec<&'static str> {
        let forgotten = flaw == Flaw::Forgotten;
        let report = conform(&Broken { flaw, width: 5, forgotten }, &[Device::flex()]);
        report.into_iter().filter(|c| c.fault.is_some()).map(|c| c.check).collect()
    };
    assert_eq!(faulty(Flaw::None), Vec::<&str>::new());
    for (flaw, check) in [
        (Flaw::Outputs, "output shapes"),
        (Flaw::Unfitted, "output shapes"),
        (Flaw::Batch, "rows are independent"),
        (Flaw::Untapped, "taps"),
        (Flaw::Detached, "gradients reach"),
        (Flaw::Detached, "finite differences"),
        (Flaw::Count, "parameter count"),
        (Flaw::Forgotten, "configuration"),
        (Flaw::Seed, "seeds"),
        (Flaw::Validation, "refusals"),
    ] {
        assert!(faulty(flaw).contains(&check), "{flaw:?}: {:?}", faulty(flaw));
    }
}
