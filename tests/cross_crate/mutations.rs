//! Mutated input to every reader: no panic, no input that takes long, bounded memory, and each refusal
//! is one line. `BACKDRAFT_MUTATIONS` of them to each reader, 100 if not told.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use backdraft::{
    Batch, CheckpointEvery, EXPERIMENTS, Entry, Factors, Interrupt, Overlay, Preset, RunFolder,
    Shard, SweepSpec, plan, read_trial,
};
use backdraft_mlp::MlpConfig;
use backdraft_trainer::{Checkpoint, OptimizerConfig};
use backdraft_zoo::NetworkConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// What a reader makes of an input: nothing, or why it refuses.
type Outcome = Result<(), String>;

type Reader<'a> = Box<dyn Fn(&[u8]) -> Outcome + 'a>;

/// A reader with inputs that it takes.
struct Target<'a> {
    name: &'static str,
    originals: Vec<Vec<u8>>,
    read: Reader<'a>,
}

/// Longest that one input may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most memory that the process may ever have held, in kilobytes.
const MEMORY: u64 = 500 << 10;

struct Random(u64);

impl Random {
    /// SplitMix64.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 31) as usize % bound.max(1)
    }
}

/// Words that formats stumble over.
const WORDS: [&str; 22] = [
    "nan",
    "inf",
    "-1",
    "0",
    "1e999",
    "99999999999999999999",
    "-0.0",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "\"",
    "\\",
    "\n",
    "=",
    "[",
    "{",
    "\u{0}",
    "é",
    "9223372036854775807",
    "1e-400",
];

fn mutate(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let word = WORDS[random.below(WORDS.len())];
        match random.below(9) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.below(256) as u8),
            2 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0xff][random.below(4)],
            3 => drop(bytes.splice(at..at, word.bytes())),
            4 => {
                let end = (at + 1 + random.below(8)).min(bytes.len());
                drop(bytes.splice(at..end, word.bytes()));
            }
            // Deep nests, and long runs of one byte.
            5 => {
                let byte = [b'[', b'{', b'9', b' ', b'.'][random.below(5)];
                drop(bytes.splice(at..at, vec![byte; 1 << random.below(15)]));
            }
            6 => {
                let end = (at + random.below(100)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            _ if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    bytes
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// As the command line prints it: line feeds that came from the input become spaces.
fn refusal(error: impl std::fmt::Display) -> String {
    error.to_string().replace('\n', " ")
}

/// Offers settings to every experiment; the refusal of the last one counts, or the first of several
/// lines.
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

fn settings() -> Target<'static> {
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

fn configurations() -> Target<'static> {
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

fn networks() -> Target<'static> {
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

fn sweeps() -> Target<'static> {
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

fn arguments() -> Target<'static> {
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

/// A small run, whose record is mutated.
fn recorded(folder: &Path) -> RunFolder {
    let experiment = backdraft::experiment("born-dead-relu").unwrap();
    let overlay = Overlay::parse("seeds=2").unwrap();
    let settings = experiment.settings(Preset::Quick, &[overlay]).unwrap();
    let trials = experiment.prepare(&settings).unwrap().trials().unwrap();
    let record = RunFolder::create(folder, "born-dead-relu", "0123456789ab").unwrap();
    let options = backdraft::StudyOptions { interrupt: Interrupt::default(), ..Default::default() };
    let bars = backdraft::Bars::new(1, 1, true);
    backdraft::run_study(&trials, &record, &Device::flex(), &options, &bars).unwrap();
    let manifest = backdraft::Manifest {
        schema: backdraft::SCHEMA,
        experiment: "born-dead-relu".to_owned(),
        id: record.id(),
        status: backdraft::Status::Finished,
        preset: Preset::Quick,
        settings,
        backend: "flex".to_owned(),
        device: "Cpu".to_owned(),
        versions: backdraft::Versions::current(),
        trials: trials.len(),
        command: "backdraft run born-dead-relu".to_owned(),
        started_unix: 1,
        seconds: 1.0,
        verdicts: vec![],
    };
    record.save(&manifest).unwrap();
    record.seal().unwrap();
    record
}

fn run_json(folder: &Path) -> Target<'_> {
    let path = recorded(folder).path().join("run.json");
    Target {
        name: "run.json",
        originals: vec![fs::read(&path).unwrap()],
        read: Box::new(move |bytes| {
            fs::write(&path, bytes).unwrap();
            let run = RunFolder::find(folder, "latest").map_err(refusal)?;
            let manifest = run.manifest().map_err(refusal)?;
            let experiment =
                backdraft::experiment(&manifest.experiment).ok_or("no such experiment")?;
            experiment.prepare(&manifest.settings).map(drop).map_err(refusal)
        }),
    }
}

fn measurements(folder: &Path) -> Target<'_> {
    let run = recorded(folder);
    let files = fs::read_dir(run.path().join("measurements")).unwrap();
    let original = fs::read(files.map(|file| file.unwrap().path()).next().unwrap()).unwrap();
    let path = folder.join("trial.jsonl");
    Target {
        name: "measurements",
        originals: vec![original],
        read: Box::new(move |bytes| {
            fs::write(&path, bytes).unwrap();
            read_trial(&path).map(drop).map_err(refusal)
        }),
    }
}

fn sums_and_locks(folder: &Path) -> Target<'_> {
    let run = recorded(folder);
    let sums = fs::read(run.path().join("SHA256SUMS")).unwrap();
    let lock = br#"{"host":"elsewhere","pid":7,"since_unix":1}"#.to_vec();
    Target {
        name: "SHA256SUMS and locks",
        originals: vec![sums, lock],
        read: Box::new(move |bytes| {
            for name in ["SHA256SUMS", "lock"] {
                fs::write(run.path().join(name), bytes).unwrap();
            }
            run.lock().map(drop).map_err(refusal)?;
            run.compare_sums().map(drop).map_err(refusal)
        }),
    }
}

fn network() -> Linear {
    LinearConfig::new(3, 2).init(&Device::flex().autodiff())
}

fn checkpoint() -> Vec<u8> {
    let (mut optimizer, network) = (OptimizerConfig::ADAM.init(), network());
    let x = Tensor::<2>::ones([4, 3], &Device::flex().autodiff());
    let mut gradients = network.forward(x).square().mean().backward();
    let gradients = GradientsParams::from_module(&mut gradients, &network);
    let network = optimizer.step(0.1, network, gradients);
    Checkpoint::take(7, &network, &optimizer).unwrap().with_note("{}".to_owned()).to_bytes()
}

fn restore(bytes: &[u8]) -> Outcome {
    let checkpoint = Checkpoint::from_bytes(bytes).map_err(refusal)?;
    checkpoint.restore(network(), OptimizerConfig::ADAM.init()).map(drop).map_err(refusal)
}

fn checkpoints() -> Target<'static> {
    Target { name: "checkpoints", originals: vec![checkpoint()], read: Box::new(restore) }
}

/// As an enemy would write them: with a sum that agrees.
fn forged_checkpoints() -> Target<'static> {
    let whole = checkpoint();
    let mut ends =
        whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let (first, second) = (ends.next().unwrap(), ends.next().unwrap());
    let header = whole[..first].to_vec();
    Target {
        name: "forged checkpoints",
        originals: vec![whole[second..].to_vec()],
        read: Box::new(move |content| {
            let sum: String = Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect();
            restore(&[&header[..], sum.as_bytes(), b"\n", content].concat())
        }),
    }
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens").join(name)
}

fn weights<'a>(folder: &'a Path, extension: &'static str) -> Target<'a> {
    let config =
        NetworkConfig::Mlp(MlpConfig { inputs: 3, depth: 2, width: 4, ..Default::default() });
    let path = folder.join("weights").with_extension(extension);
    backdraft_zoo::save(&config.try_init(1, &Device::flex()).unwrap(), &path).unwrap();
    Target {
        name: extension,
        originals: vec![fs::read(&path).unwrap()],
        read: Box::new(move |bytes| {
            // Burn maps the file into memory: written over, it would change under its reader.
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            let mut network = config.try_init(2, &Device::flex()).unwrap();
            backdraft_zoo::load(&mut network, &config, &path).map_err(refusal)
        }),
    }
}

fn batches(folder: &Path) -> Target<'_> {
    let names = ["mlp-tanh", "lstm-20", "resnet-none"];
    let read = |name: &str| fs::read(golden(&format!("{name}.batch.safetensors"))).unwrap();
    let path = folder.join("batch.safetensors");
    Target {
        name: "batches",
        originals: names.map(read).to_vec(),
        read: Box::new(move |bytes| {
            fs::write(&path, bytes).unwrap();
            Batch::read(&path, None).map(drop).map_err(refusal)
        }),
    }
}

#[test]
fn mutated_input_never_panics_hangs_or_swells_in_any_reader() {
    let told = std::env::var("BACKDRAFT_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let each: u64 = told.unwrap_or(100);
    let folders: Vec<TempDir> = (0..6).map(|_| TempDir::new().unwrap()).collect();
    let folder = |at: usize| folders[at].path();
    let targets = [
        settings(),
        configurations(),
        networks(),
        sweeps(),
        arguments(),
        run_json(folder(0)),
        measurements(folder(1)),
        sums_and_locks(folder(2)),
        checkpoints(),
        forged_checkpoints(),
        weights(folder(3), "safetensors"),
        weights(folder(4), "bpk"),
        batches(folder(5)),
    ];
    let mut faults = Vec::new();
    for target in &targets {
        for original in &target.originals {
            let read = (target.read)(original);
            assert!(
                read.is_ok() || target.name == "SHA256SUMS and locks",
                "{}: {read:?}",
                target.name
            );
        }
        let (mut refused, mut longest) = (0, Duration::ZERO);
        for seed in 0..each {
            let mut random = Random(seed);
            let original = &target.originals[random.below(target.originals.len())];
            let bytes = mutate(original, &mut random);
            let start = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| (target.read)(&bytes)));
            longest = longest.max(start.elapsed());
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(line)) if line.lines().count() == 1 => refused += 1,
                Ok(Err(lines)) => {
                    faults.push(format!("{} {seed}: not a line: {lines}", target.name))
                }
                Err(_) => faults.push(format!("{} {seed}: panicked", target.name)),
            }
        }
        println!("{}: {each} inputs, {refused} refused, longest {longest:.2?}", target.name);
        assert!(refused > 0, "{}: no mutation did any harm", target.name);
        if longest > PATIENCE {
            faults.push(format!("{}: an input took {longest:?}", target.name));
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults, such as {:#?}",
        faults.len(),
        &faults[..faults.len().min(9)]
    );
    if let Some(kilobytes) = peak_memory() {
        println!("peak memory {} MB", kilobytes >> 10);
        // Alone in its process, as the command in CONTRIBUTING.md runs it.
        assert!(told.is_none() || kilobytes < MEMORY, "{kilobytes} kB");
    }
}

/// The most memory that this process has ever held, in kilobytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Factors are read from measurement files, too.
#[test]
fn factors_of_any_text_are_read_back() {
    let factors = Factors::new([("a\"b", "\u{0}\n".to_owned())]);
    let text = serde_json::to_string(&factors).unwrap();
    assert_eq!(serde_json::from_str::<Factors>(&text).unwrap(), factors);
}
