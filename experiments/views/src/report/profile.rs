//! Quantities along the layers or back in time, through training: what a slider can move through.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backdraft_record::{Factors, Picture, Profiled, TrialResult, thinned};
use backdraft_rows::{Axis, Chain, QuantityName, Subject};
use serde::Serialize;

use super::quantities::shown;
use super::spread::Spread;

/// Numbers that all profiles together may hold, about 8 bytes each in the page.
const NUMBERS: usize = 150_000;

/// One quantity of subjects that differ in their place alone.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    quantity: QuantityName,
    name: String,
    label: String,
    about: &'static str,
    is_log: bool,
    pub(super) axis: Axis,
    /// What the subjects have in common, such as `hidden.*.linear.weight`.
    kind: String,
    /// The subjects, by place; of the deepest variant.
    names: Vec<Subject>,
    lines: Vec<Line>,
    #[serde(skip)]
    rank: usize,
}

/// One variant of a profile.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Line {
    /// Index of the variant.
    variant: usize,
    steps: Vec<u64>,
    /// One for each step.
    spreads: Vec<Spread>,
    /// What the experiment's theory says of the first step, by place.
    #[serde(skip_serializing_if = "Option::is_none")]
    theory: Option<Vec<f64>>,
}

/// Quantity, axis and kind.
type Key<'a> = (&'a QuantityName, Chain);

/// Values of one trial: by step, then by place.
#[derive(Default)]
struct Course<'a> {
    names: Vec<&'a Subject>,
    steps: BTreeMap<u64, Vec<f64>>,
}

/// Returns the profiles of all variants; theory comes from the pictures that draw the same line.
pub(super) fn profiles(
    variants: &[(&Factors, Vec<&TrialResult>)],
    pictures: &[Picture],
) -> Vec<Profile> {
    let mut found: BTreeMap<Key, Profile> = BTreeMap::new();
    let courses: Vec<Vec<BTreeMap<Key, Course>>> = variants
        .iter()
        .map(|(_, trials)| trials.iter().map(|trial| courses(trial)).collect())
        .collect();
    let steps_kept = steps_that_fit(&courses);
    for (variant, trials) in courses.iter().enumerate() {
        let keys: BTreeSet<&Key> = trials.iter().flat_map(BTreeMap::keys).collect();
        for key in keys {
            let courses: Vec<&Course> = trials.iter().filter_map(|trial| trial.get(key)).collect();
            let (quantity, chain) = key;
            let shown = shown(quantity);
            let profile = found.entry(key.clone()).or_insert_with(|| Profile {
                quantity: (*quantity).clone(),
                name: shown.name,
                label: shown.label,
                about: shown.about,
                is_log: shown.is_log,
                axis: chain.axis,
                kind: chain.name.clone(),
                names: Vec::new(),
                lines: Vec::new(),
                rank: shown.rank,
            });
            if let Some(longest) = courses.iter().max_by_key(|course| course.names.len())
                && longest.names.len() > profile.names.len()
            {
                profile.names = longest.names.iter().map(|name| (*name).clone()).collect();
            }
            let mut line = line(variant, &courses, profile.is_log, steps_kept);
            let profiled = Profiled {
                variant: variants[variant].0.clone(),
                quantity: (*quantity).clone(),
                chain: chain.clone(),
            };
            let places = line.spreads.first().map_or(0, |first| first.mean.len());
            line.theory = theory(&profiled, places, pictures);
            profile.lines.push(line);
        }
    }
    let mut profiles: Vec<Profile> =
        found.into_values().filter(|profile| profile.names.len() > 1).collect();
    profiles.sort_by_key(|profile| profile.rank);
    profiles
}

/// Sorts the rows of a trial; those of the whole network and of histograms have no place.
fn courses(trial: &TrialResult) -> BTreeMap<Key<'_>, Course<'_>> {
    // Every row asks for its place; rows are many, places few.
    let mut places: HashMap<(&QuantityName, &Subject), Option<(usize, usize)>> = HashMap::new();
    let mut found: Vec<(Key, Course)> = Vec::new();
    for row in &trial.rows {
        let (quantity, subject) = (&row.quantity, &row.subject);
        let place = places.entry((quantity, subject)).or_insert_with(|| {
            let key = (quantity, subject.chain()?);
            let index = found.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
                found.push((key, Course::default()));
                found.len() - 1
            });
            found[index].1.names.push(subject);
            Some((index, found[index].1.names.len() - 1))
        });
        if let Some((index, place)) = *place {
            let values = found[index].1.steps.entry(row.step).or_default();
            if values.len() <= place {
                values.resize(place + 1, f64::NAN);
            }
            values[place] = row.value;
        }
    }
    let mut courses: BTreeMap<Key, Course> = found.into_iter().collect();
    courses.retain(|_, course| course.names.len() > 1);
    for ((_, chain), course) in &mut courses {
        if chain.axis == Axis::Time {
            // Time steps come in order; lags count from the last.
            course.names.reverse();
            let count = course.names.len();
            course.steps.values_mut().for_each(|values| {
                values.resize(count, f64::NAN);
                values.reverse();
            });
        }
    }
    courses
}

/// Returns how many steps a line may have so that all lines together fit.
fn steps_that_fit(courses: &[Vec<BTreeMap<Key, Course>>]) -> usize {
    let firsts = courses.iter().filter_map(|trials| trials.first()).flat_map(BTreeMap::values);
    let sizes: Vec<(usize, usize)> =
        firsts.map(|course| (course.steps.len(), course.names.len())).collect();
    let numbers = |most: usize| -> usize {
        sizes.iter().map(|(steps, places)| 3 * places * steps.min(&most)).sum()
    };
    let mut most = sizes.iter().map(|(steps, _)| *steps).max().unwrap_or(1);
    while most > 2 && numbers(most) > NUMBERS {
        most = most * 9 / 10;
    }
    most
}

fn line(variant: usize, courses: &[&Course], is_log: bool, most: usize) -> Line {
    let steps: BTreeSet<u64> = courses.iter().flat_map(|c| c.steps.keys().copied()).collect();
    let steps = thinned(&steps.into_iter().collect::<Vec<_>>(), most);
    let spread = |step: &u64| {
        let values: Vec<&Vec<f64>> = courses.iter().filter_map(|c| c.steps.get(step)).collect();
        let places = values.iter().map(|values| values.len()).min().unwrap_or(0);
        let mut spread = Spread::default();
        for place in 0..places {
            let seeds: Vec<f64> = values.iter().map(|values| values[place]).collect();
            spread.push(&seeds, is_log);
        }
        spread
    };
    let spreads = steps.iter().map(spread).collect();
    Line { variant, steps, spreads, theory: None }
}

/// Returns the theory of a profile, by place, from the picture that draws it.
fn theory(profiled: &Profiled, places: usize, pictures: &[Picture]) -> Option<Vec<f64>> {
    let offset = if profiled.chain.axis == Axis::Depth { 1.0 } else { 0.0 };
    let mut series = pictures.iter().flat_map(|picture| &picture.series);
    let drawn = series.find(|series| series.profile.as_ref() == Some(profiled))?;
    // Two lines are the bounds of a region, which a slider's picture has no room for.
    let [predicted] = &drawn.theory[..] else { return None };
    let at = |place: usize| {
        let point = predicted.iter().find(|point| point.x == place as f64 + offset);
        point.map_or(f64::NAN, |point| point.y)
    };
    Some((0..places).map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_record::Ending;
    use backdraft_record::by_layer;
    use backdraft_rows::Row;

    fn trial(
        seed: u64,
        subjects: &[&str],
        steps: &[u64],
        value: impl Fn(usize, u64) -> f64,
    ) -> TrialResult {
        let rows = steps.iter().flat_map(|step| {
            subjects.iter().enumerate().map(|(place, subject)| {
                let value = value(place, *step);
                Row::new(*step, QuantityName::ACTIVATION_GRADIENT_NORM, *subject, value)
            })
        });
        TrialResult {
            factors: Factors::new([]),
            seed,
            rows: rows.collect(),
            ending: Ending::Finished,
        }
    }

    fn of(trials: &[TrialResult], pictures: &[Picture]) -> Vec<Profile> {
        profiles(&[(&trials[0].factors, trials.iter().collect())], pictures)
    }

    #[test]
    fn a_profile_holds_means_over_seeds_by_layer_and_step() {
        let subjects = ["hidden.0", "hidden.1", "network"];
        let trials = [1.0, 4.0].map(|scale| {
            trial(0, &subjects, &[0, 10], |place, step| {
                scale * (place as f64 + 1.0) * (step + 1) as f64
            })
        });
        let profiles = of(&trials, &[]);
        assert_eq!(profiles.len(), 1);
        assert_eq!(profiles[0].names, ["hidden.0", "hidden.1"]);
        assert_eq!(profiles[0].lines[0].steps, [0, 10]);
        assert_eq!(profiles[0].lines[0].spreads[1].mean, [22.0, 44.0]);
    }

    #[test]
    fn time_counts_backwards() {
        let trials = [trial(0, &["h@0", "h@1", "h@2"], &[0], |place, _| place as f64 + 1.0)];
        let profiles = of(&trials, &[]);
        assert_eq!(profiles[0].names, ["h@2", "h@1", "h@0"]);
        assert_eq!(profiles[0].lines[0].spreads[0].mean, [3.0, 2.0, 1.0]);
    }

    #[test]
    fn theory_is_taken_from_the_picture_that_draws_the_profile() {
        let trials = [1.0, 4.0]
            .map(|scale| trial(0, &["l.0", "l.1"], &[0], |place, _| scale * (place as f64 + 1.0)));
        let trials_of = trials.iter().collect::<Vec<_>>();
        let profile = by_layer(&trials_of, &QuantityName::ACTIVATION_GRADIENT_NORM, |_| true);
        let theory = [(1.0, 2.1), (2.0, 4.2)];
        let empty = || Picture::new("p", "", "", "");
        let drawn = empty().profile("a", profile.clone()).predicted("a", theory);
        assert_eq!(of(&trials, &[drawn])[0].lines[0].theory, Some(vec![2.1, 4.2]));
        // The same numbers are not the same profile.
        let other = empty().measured("a", profile.points.clone()).predicted("a", theory);
        assert_eq!(of(&trials, &[other])[0].lines[0].theory, None);
        let variant = Factors::new([("network", "another".to_owned())]);
        let of_another = profile.of.map(|of| Profiled { variant, ..of });
        let another = backdraft_record::Profile { of: of_another, points: profile.points };
        let another = empty().profile("a", another).predicted("a", theory);
        assert_eq!(of(&trials, &[another])[0].lines[0].theory, None);
    }

    #[test]
    fn many_steps_are_thinned_to_fit_the_page() {
        assert_eq!(thinned(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4), [0, 3, 6, 9]);
        let subjects: Vec<String> = (0..50).map(|layer| format!("hidden.{layer}")).collect();
        let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
        let steps: Vec<u64> = (0..2_001).collect();
        let line = &of(&[trial(0, &subjects, &steps, |_, _| 1.0)], &[])[0].lines[0];
        assert!(
            line.steps.len() * 150 <= NUMBERS && line.steps.len() > 800,
            "{}",
            line.steps.len()
        );
        assert_eq!((line.steps[0], line.steps.last()), (0, Some(&2_000)));
    }
}
