//! What an experiment is: a question, claims with rules fixed beforehand, trials, and a judge.

use std::ops::Range;

use backdraft_record::{About, Picture, Preset, Results};
use backdraft_verdicts::Verdict;
use toml::Table;

use crate::settings::{Overlay, Settings, SettingsError, resolve, to_table};
use crate::trial::Trial;

/// An experiment with typed settings. List it in the catalogue, or add it to a laboratory of your own;
/// [`Listed`] makes an entry of it.
pub trait Experiment: Send + Sync + 'static {
    /// What can be set.
    type Settings: Settings;

    /// The description.
    const ABOUT: About;

    /// Returns the settings of a preset.
    fn settings(preset: Preset) -> Self::Settings;

    /// Returns the seeds that every variant runs with.
    fn seeds(settings: &Self::Settings) -> Range<u64>;

    /// Lists everything to run: variants × seeds.
    ///
    /// # Errors
    ///
    /// Data that cannot be had, or a network that cannot be built.
    fn trials(settings: &Self::Settings) -> anyhow::Result<Vec<Trial>>;

    /// Judges every claim from what was measured.
    fn judge(settings: &Self::Settings, results: &Results) -> Vec<Verdict>;

    /// Draws what was measured.
    fn pictures(settings: &Self::Settings, results: &Results) -> Vec<Picture>;
}

/// The same with settings as a table, so that experiments of any type stand in one list.
pub trait Entry: Send + Sync {
    /// The description.
    fn about(&self) -> &'static About;

    /// Returns the settings of a preset, overlaid and validated.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] naming the key.
    fn settings(&self, preset: Preset, overlays: &[Overlay]) -> Result<Table, SettingsError>;

    /// Prepares an experiment with settings from [`settings`](Self::settings) or a run record.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] naming the key.
    fn prepare(&self, settings: &Table) -> Result<Box<dyn Prepared>, SettingsError>;
}

/// An experiment with its settings.
pub trait Prepared: Send + Sync {
    /// Returns the seeds that every variant runs with.
    fn seeds(&self) -> Range<u64>;

    /// Lists everything to run.
    ///
    /// # Errors
    ///
    /// Data that cannot be had, or a network that cannot be built.
    fn trials(&self) -> anyhow::Result<Vec<Trial>>;

    /// Judges every claim.
    fn judge(&self, results: &Results) -> Vec<Verdict>;

    /// Draws what was measured.
    fn pictures(&self, results: &Results) -> Vec<Picture>;
}

/// Makes an [`Entry`] of an [`Experiment`] type.
pub struct Listed<E>(std::marker::PhantomData<fn() -> E>);

impl<E> Listed<E> {
    /// Creates the entry.
    pub const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<E> Default for Listed<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Experiment> Entry for Listed<E> {
    fn about(&self) -> &'static About {
        &E::ABOUT
    }

    fn settings(&self, preset: Preset, overlays: &[Overlay]) -> Result<Table, SettingsError> {
        to_table(&resolve(&E::settings(preset), overlays)?)
    }

    fn prepare(&self, settings: &Table) -> Result<Box<dyn Prepared>, SettingsError> {
        let overlay = Overlay { origin: "settings".to_owned(), table: settings.clone() };
        let settings = resolve(&E::settings(Preset::default()), &[overlay])?;
        Ok(Box::new(WithSettings::<E> { settings }))
    }
}

struct WithSettings<E: Experiment> {
    settings: E::Settings,
}

impl<E: Experiment> Prepared for WithSettings<E> {
    fn seeds(&self) -> Range<u64> {
        E::seeds(&self.settings)
    }

    fn trials(&self) -> anyhow::Result<Vec<Trial>> {
        E::trials(&self.settings)
    }

    fn judge(&self, results: &Results) -> Vec<Verdict> {
        E::judge(&self.settings, results)
    }

    fn pictures(&self, results: &Results) -> Vec<Picture> {
        E::pictures(&self.settings, results)
    }
}
