//! `run.json`: what was run, with what, and how it ended.

use std::fmt;
use std::sync::LazyLock;

use backdraft_verdicts::Verdict;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::id::hash;
use crate::about::Preset;

/// Version of the record's format.
pub const SCHEMA: u32 = 1;

/// The content of `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub schema: u32,
    /// Name of the experiment.
    pub experiment: String,
    /// The run's id.
    pub id: String,
    /// How it stands.
    pub status: Status,
    /// The preset that the settings started from.
    pub preset: Preset,
    /// All settings, seeds included.
    pub settings: Table,
    /// Name of the back end.
    pub backend: String,
    /// The device, in Burn's words.
    pub device: String,
    /// What was used.
    pub versions: Versions,
    /// Number of trials, variants × seeds.
    pub trials: usize,
    /// The command that repeats the run.
    pub command: String,
    /// When it was started first, in seconds since 1970.
    pub started_unix: u64,
    /// Seconds that its sessions took, but for those that were killed.
    pub seconds: f64,
    /// The conclusions, once all trials are done.
    pub verdicts: Vec<Verdict>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Under way, or cut off: running it again goes on with the trials that are missing.
    Running,
    /// All trials are done and judged.
    Finished,
    /// Stopped by the user or the system: running it again goes on where it stopped.
    Interrupted,
    /// Some trials failed, and are tried again by the same command; their files tell why.
    Failed,
}

impl Status {
    /// Says how a run stands; `has_owner` tells whether a living process works on it, without which a run
    /// under way was cut off.
    pub fn in_words(self, has_owner: bool) -> &'static str {
        match self {
            Self::Running if has_owner => "running",
            Self::Running => "cut off",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// What produced a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Backdraft.
    pub backdraft: String,
    /// Burn.
    pub burn: String,
    /// Operating system and processor architecture.
    pub platform: String,
    /// Start of the hash of the program file: a rebuilt program may measure something else.
    pub build: String,
}

impl Versions {
    /// Returns the versions of this program.
    pub fn current() -> Self {
        Self {
            backdraft: env!("CARGO_PKG_VERSION").to_owned(),
            burn: "0.22.1".to_owned(),
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            build: BUILD.clone(),
        }
    }

    /// Tells whether these are the versions of this very program; nobody can tell of an unknown build.
    pub fn is_this_program(&self) -> bool {
        self.build != UNKNOWN && *self == Self::current()
    }
}

/// Reads `Backdraft 0.1.0, build 0123456789ab, linux-x86_64`.
impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backdraft, build, platform, .. } = self;
        write!(f, "Backdraft {backdraft}, build {build}, {platform}")
    }
}

/// The build of a program that cannot read its own file.
pub(super) const UNKNOWN: &str = "unknown";

/// Hashed once.
static BUILD: LazyLock<String> = LazyLock::new(|| {
    // Linux shows a program its own file even if another has taken its name since it was started.
    let own = if cfg!(target_os = "linux") {
        Ok("/proc/self/exe".into())
    } else {
        std::env::current_exe()
    };
    own.and_then(std::fs::read).map_or_else(|_| UNKNOWN.to_owned(), |bytes| hash(&bytes))
});
