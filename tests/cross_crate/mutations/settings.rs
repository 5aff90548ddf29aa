//! What people write: settings, configurations, sweeps, arguments.

use backdraft::{CheckpointEvery, EXPERIMENTS, Entry, Overlay, Preset, Shard, SweepSpec, plan};
use backdraft_zoo::NetworkConfig;

use super::{Outcome, Target, refusal, text};

fn some_experiment_takes(overlay: Overlay) -> Outcome {
    let overlays = [overlay];
    let offer = |experiment: &&dyn Entry| experiment.settings(Preset::Quick, &overlays);
    let outcomes: Vec<_> = EXPERIMENTS.iter().map(offer).collect();
    let refusals: Vec<String> =
        outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(refusal).collect();
    match refusals.iter().find(|refusal| refusal.lines().count() != 1).or(refusals.last()) {
        Some(refusal) if refusals.len() == outcomes.len() || refusal.contains('\n') => {
            Err(refusal.clone())
        }
        _ => Ok(()),
    }
}

pub(super) fn settings() -> Target<'static> {
    let examples =
        ["width=16", "adam_rate=0.01", "data=\"teacher\"", "augmentation.crop=2", "seeds=4"];
    Target {
        name: "--set",
        originals: examples.map(|example| example.as_bytes().to_vec()).to_vec(),
        read: Box::new(|bytes| {
            let overlay = Overlay::parse(&text(bytes)).map_err(refusal)?;
            some_experiment_takes(overlay)
        }),
    }
}

pub(super) fn configurations() -> Target<'static> {
    let of = |experiment: &&'static dyn Entry| {
        toml::to_string(&experiment.settings(Preset::Paper, &[]).unwrap()).unwrap().into_bytes()
    };
    Target {
        name: "configuration files",
        originals: EXPERIMENTS.iter().map(of).collect(),
        read: Box::new(|bytes| {
            let table =
                text(bytes).parse::<toml::Table>().map_err(|e| e.message().replace('\n', " "))?;
            let overlay = Overlay { origin: "file".to_owned(), table };
            some_experiment_takes(overlay)
        }),
    }
}

pub(super) fn networks() -> Target<'static> {
    Target {
        name: "network configurations",
        originals: backdraft_zoo::architectures()
            .into_iter()
            .map(|entry| serde_json::to_vec(&entry.default.miniature()).unwrap())
            .collect(),
        read: Box::new(|bytes| {
            let config: NetworkConfig = serde_json::from_slice(bytes).map_err(refusal)?;
            config.validate().map_err(refusal)
        }),
    }
}

const SWEEP: &str = "experiment = \"sigmoid-vs-relu\"\nseeds = 5\n[set]\ndepths = [3]\nflow_depth = 3\n[grid]\nadam_rate \
= [0.001, 0.01]\nwidth = [8, 16]\n[[list]]\nsteps = 100\n[random]\nsamples = 3\n[random.draw]\nsgd_rate = \
{ log_uniform = [1e-3, 1.0] }\nbatch_size = { integer = [8, 64] }\n";

pub(super) fn sweeps() -> Target<'static> {
    Target {
        name: "sweeps",
        originals: vec![SWEEP.as_bytes().to_vec()],
        read: Box::new(|bytes| {
            let spec = SweepSpec::parse(&text(bytes)).map_err(refusal)?;
            let experiment = backdraft::experiment(&spec.experiment).ok_or("no such experiment")?;
            // What is not absurd is planned whole.
            if spec.runs().map_err(refusal)?.len() > 2_000 {
                return Ok(());
            }
            plan(&spec, "sweep.toml", experiment, "flex")
                .map(drop)
                .map_err(|e| refusal(format_args!("{e:#}")))
        }),
    }
}

pub(super) fn arguments() -> Target<'static> {
    Target {
        name: "periods and shares",
        originals: ["10s", "500", "never", "2/5"].map(|word| word.as_bytes().to_vec()).to_vec(),
        read: Box::new(|bytes| {
            text(bytes)
                .parse::<CheckpointEvery>()
                .map(drop)
                .or_else(|_| text(bytes).parse::<Shard>().map(drop))
        }),
    }
}
