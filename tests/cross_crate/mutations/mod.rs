//! Mutated input to every reader: no panic, no input that takes long, bounded memory, and each refusal
//! is one line. `BACKDRAFT_MUTATIONS` of them to each reader, 100 if not told.

mod logs;
mod mutant;
mod records;
mod settings;
mod weights;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use backdraft::Factors;
use backdraft_rows::LogFormat;
use tempfile::TempDir;

use logs::{forged_events, logs, patterns};
use mutant::{Random, mutate};
use records::{checkpoints, forged_checkpoints, measurements, run_json, sums_and_locks};
use settings::{arguments, configurations, networks, settings, sweeps};
use weights::{batches, weights};

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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// As the command line prints it: line feeds that came from the input become spaces.
fn refusal(error: impl std::fmt::Display) -> String {
    error.to_string().replace('\n', " ")
}

/// Offers settings to every experiment; the refusal of the last one counts, or the first of several
/// lines.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of readers")]
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
        logs(LogFormat::TensorBoard),
        logs(LogFormat::Csv),
        logs(LogFormat::JsonLines),
        logs(LogFormat::Json),
        forged_events(),
        patterns(),
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
        // Alone in its process, as the command in docs/checks.md runs it.
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
