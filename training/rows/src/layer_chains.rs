//! Which layers follow each other, found from their names and the order in which they were seen.

use std::collections::{HashMap, HashSet};

use crate::chain::Axis;
use crate::history::History;
use crate::position::{Group, Position, groups, list_of, without_numbers};
use crate::profile::{Place, Profile};
use crate::quantity_name::QuantityName;
use crate::subject::Subject;

/// With fewer places, a trend means little.
pub(crate) const FEWEST_PLACES: usize = 3;

/// Siblings whose names hold no number are in no known order. This many are a chain if their
/// gradients rise or fall from each to the next, which parallel parts do by chance once in twelve.
const FEWEST_SIBLINGS: usize = 4;

/// Within a network, the gradient changes from one stage to the next by less than this factor, even
/// where it vanishes; towers with losses of their own differ by any factor.
const LARGEST_STEP_BETWEEN_STAGES: f64 = 30.0;

impl History<'_> {
    /// Returns the chains of layers with at least three places, each with the gradient at every place:
    /// ‖∂L/∂a‖ where layers are tapped, in the order of the forward pass, else ‖∂L/∂W‖ of the weights.
    ///
    /// The items of a list are a chain, in their order (`hidden.0`, `hidden.1`, … or `conv1`, `conv2`,
    /// …). Lists within a list (`stages.0.blocks`, `stages.1.blocks`) are one if the gradient goes on
    /// from each to the next. Taps without a number are a chain with their siblings, as they were seen
    /// in order. Parts of different lists never are, so that two towers are not compared.
    pub fn layer_chains(&self) -> Vec<Profile<'_>> {
        let taps: Vec<&Subject> = self
            .subjects(&QuantityName::ACTIVATION_GRADIENT_NORM)
            .filter(|subject| subject.time_step().is_none())
            .collect();
        let (mut chains, tapped) = self.tapped_chains(&taps);
        let weights = self.weights();
        // A model in a wrapper taps under its own names: `hidden.0` of `model.hidden.0.weight`.
        let is_untapped = |subject: &&&Subject| {
            let list = Position::of(subject.path()).list;
            let ends = list.match_indices('.').map(|(dot, _)| &list[dot + 1..]);
            !std::iter::once(list).chain(ends).any(|end| tapped.contains(end))
        };
        let untapped: Vec<&Subject> = weights.iter().filter(is_untapped).copied().collect();
        chains.extend(self.weight_chains(&untapped));
        chains
    }

    /// Returns the weights whose gradients were measured. Where no name says which these are, as in a log of
    /// whole layers or of Flax's kernels, all that is not added is one.
    fn weights(&self) -> Vec<&Subject> {
        let subjects = || self.subjects(&QuantityName::GRADIENT_NORM);
        let weights: Vec<&Subject> = subjects().filter(|subject| subject.is_weight()).collect();
        if !weights.is_empty() {
            return weights;
        }
        let is_added = |subject: &Subject| {
            let leaf = subject.path().rsplit('.').next().unwrap_or("");
            subject.is_offset() || leaf.starts_with("bias")
        };
        subjects().filter(|subject| !is_added(subject)).collect()
    }

    /// Returns the layers over time: one profile for each tapped recurrent layer with at least three
    /// time steps, in the order in which it ran. What lies within another tap, as an LSTM's memory does
    /// within its layer, is left out.
    pub fn time_chains(&self) -> Vec<Profile<'_>> {
        let quantity = QuantityName::ACTIVATION_GRADIENT_NORM;
        let mut layers: Vec<(&Subject, Vec<&Subject>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for subject in self.subjects(&quantity).filter(|subject| subject.time_step().is_some()) {
            let place = *places.entry(subject.path()).or_insert(layers.len());
            if place == layers.len() {
                layers.push((subject, Vec::new()));
            }
            layers[place].1.push(subject);
        }
        let is_outermost = |layer: &&Subject| {
            let mut outer = layer.path();
            while let Some((parent, _)) = outer.rsplit_once('.') {
                if places.contains_key(parent) {
                    return false;
                }
                outer = parent;
            }
            true
        };
        let long = layers.iter().filter(|(_, steps)| steps.len() >= FEWEST_PLACES);
        long.filter(|(layer, _)| is_outermost(layer))
            .map(|(_, steps)| self.chain_of(&quantity, Axis::Time, steps.iter().copied()))
            .collect()
    }

    /// Returns the chains of taps and the lists that they cover.
    fn tapped_chains<'h>(&'h self, taps: &[&'h Subject]) -> (Vec<Profile<'h>>, HashSet<&'h str>) {
        let quantity = QuantityName::ACTIVATION_GRADIENT_NORM;
        let groups = groups(taps);
        let mut sizes: HashMap<&str, usize> = HashMap::new();
        groups
            .iter()
            .for_each(|group| *sizes.entry(group.list).or_default() += group.members.len());
        let is_long = |group: &Group<'_>| group.members.len() >= FEWEST_PLACES;
        let covered: HashSet<&str> =
            groups.iter().filter(|group| is_long(group)).map(|group| group.list).collect();
        let mut chains: Vec<Profile<'h>> = self.joined(&quantity, groups);
        // Lists that are too short part by part: all their taps, in the order of the forward pass.
        let in_short_list = |subject: &&&Subject| {
            let Position { list, index, .. } = Position::of(subject.path());
            index.is_some() && !covered.contains(list) && sizes[list] >= FEWEST_PLACES
        };
        let mut short: HashMap<&str, Vec<&Subject>> = HashMap::new();
        for subject in taps.iter().filter(in_short_list) {
            short.entry(Position::of(subject.path()).list).or_default().push(subject);
        }
        let covers = |list: &&str| covered.contains(list) || short.contains_key(list);
        // What is in no list: siblings.
        let mut siblings: HashMap<&str, Vec<&Subject>> = HashMap::new();
        for subject in taps {
            let list = Position::of(subject.path()).list;
            if !covers(&list) || Position::of(subject.path()).index.is_none() {
                let parent = subject.path().rsplit_once('.').map_or("", |(parent, _)| parent);
                siblings.entry(parent).or_default().push(subject);
            }
        }
        let all_covered = covered.iter().copied().chain(short.keys().copied()).collect();
        for members in short.into_values().chain(siblings.into_values()) {
            if members.len() >= FEWEST_PLACES {
                chains.push(self.chain_of(&quantity, Axis::Depth, members.into_iter()));
            }
        }
        chains.sort_by_key(|chain| taps.iter().position(|tap| *tap == chain.places[0].subject));
        (chains, all_covered)
    }

    fn weight_chains<'h>(&'h self, weights: &[&'h Subject]) -> Vec<Profile<'h>> {
        let quantity = QuantityName::GRADIENT_NORM;
        let mut groups = groups(weights);
        groups.iter_mut().for_each(|group| group.members.sort_by_key(|(index, _)| *index));
        let mut chains = self.joined(&quantity, groups);
        let mut siblings: HashMap<(&str, &str), Vec<&Subject>> = HashMap::new();
        for subject in weights.iter().filter(|s| Position::of(s.path()).index.is_none()) {
            let Some((module, leaf)) = subject.path().rsplit_once('.') else { continue };
            let parent = module.rsplit_once('.').map_or("", |(parent, _)| parent);
            siblings.entry((parent, leaf)).or_default().push(subject);
        }
        let long = siblings.into_values().filter(|members| members.len() >= FEWEST_SIBLINGS);
        let in_declared_order =
            long.map(|members| self.chain_of(&quantity, Axis::Depth, members.into_iter()));
        chains.extend(in_declared_order.filter(Profile::is_monotonic));
        chains.sort_by_key(|chain| weights.iter().position(|w| *w == chain.places[0].subject));
        chains
    }

    /// Makes a chain of each group; groups of lists within the same list are one chain if the gradient
    /// goes on from the end of one to the start of the next.
    fn joined<'h>(&'h self, quantity: &QuantityName, groups: Vec<Group<'h>>) -> Vec<Profile<'h>> {
        let mut chains: Vec<Profile<'h>> = Vec::new();
        let mut open: HashMap<(String, &str), usize> = HashMap::new();
        for Group { list, part, members } in groups {
            let members = members.into_iter().map(|(_, subject)| subject);
            let chain = self.chain_of(quantity, Axis::Depth, members);
            let key = (without_numbers(list), part);
            let before = open.get(&key).copied().filter(|at| chain.continues(&chains[*at]));
            if let Some(at) = before {
                chains[at].places.extend(chain.places);
            } else {
                open.insert(key, chains.len());
                chains.push(chain);
            }
        }
        chains.retain(|chain| chain.places.len() >= FEWEST_PLACES);
        chains
    }

    fn chain_of<'h>(
        &'h self,
        quantity: &QuantityName,
        axis: Axis,
        subjects: impl Iterator<Item = &'h Subject>,
    ) -> Profile<'h> {
        let place = |subject| Place { subject, course: self.course(quantity, subject) };
        Profile { quantity: quantity.clone(), axis, places: subjects.map(place).collect() }
    }
}

impl Profile<'_> {
    /// Tells whether the gradient goes on from the end of `before` to the start of this.
    fn continues(&self, before: &Self) -> bool {
        let (Some(end), Some(start)) = (before.places.last(), self.places.first()) else {
            return false;
        };
        let step = (start.latest() / end.latest()).ln().abs();
        step < LARGEST_STEP_BETWEEN_STAGES.ln()
    }

    fn is_monotonic(&self) -> bool {
        self.places.is_sorted_by(|a, b| a.latest() < b.latest())
            || self.places.is_sorted_by(|a, b| a.latest() > b.latest())
    }

    /// Returns the list or module that the places are items of; what is said of several chains in it
    /// is one trouble.
    pub(crate) fn list(&self) -> &str {
        self.places.first().map_or("", |place| list_of(place.subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;

    fn rows(quantity: &QuantityName, norms: &[(&str, f64)]) -> Vec<Row> {
        norms.iter().map(|(name, norm)| Row::new(0, quantity.clone(), *name, *norm)).collect()
    }

    fn chains(quantity: &QuantityName, norms: &[(&str, f64)]) -> Vec<Vec<String>> {
        let rows = rows(quantity, norms);
        let history = History::new(&rows);
        let names = |chain: &Profile<'_>| {
            chain.places.iter().map(|place| place.subject.to_string()).collect()
        };
        history.layer_chains().iter().map(names).collect()
    }

    #[test]
    fn a_head_before_the_hidden_layers_changes_nothing() {
        let hidden = ["hidden.0.weight", "hidden.1.weight", "hidden.2.weight"];
        let norms = hidden.map(|name| (name, 1.0));
        let head = ("head.weight", 1.0);
        let gradient = QuantityName::GRADIENT_NORM;
        let first = [&[head], &norms[..]].concat();
        let last = [&norms[..], &[head]].concat();
        assert_eq!(chains(&gradient, &first), [hidden]);
        assert_eq!(chains(&gradient, &last), [hidden]);
    }

    #[test]
    fn layers_are_in_the_order_of_their_numbers_and_taps_in_that_of_the_forward_pass() {
        let norms = [("layers.10.weight", 1.0), ("layers.9.weight", 1.0), ("layers.2.weight", 1.0)];
        let weights = chains(&QuantityName::GRADIENT_NORM, &norms);
        assert_eq!(weights, [["layers.2.weight", "layers.9.weight", "layers.10.weight"]]);
        let norms = [("up.2", 1.0), ("up.1", 1.0), ("up.0", 1.0)];
        let taps = chains(&QuantityName::ACTIVATION_GRADIENT_NORM, &norms);
        assert_eq!(taps, [["up.2", "up.1", "up.0"]]);
    }

    #[test]
    fn towers_are_chains_of_their_own_and_stages_are_one() {
        for quantity in [QuantityName::GRADIENT_NORM, QuantityName::ACTIVATION_GRADIENT_NORM] {
            let end = if quantity == QuantityName::GRADIENT_NORM { ".weight" } else { "" };
            let norms = |lists: [(&str, f64); 2]| -> Vec<(String, f64)> {
                let of = |(list, norm): (&str, f64)| {
                    [0, 1, 2].map(|item| (format!("{list}.{item}{end}"), norm))
                };
                lists.into_iter().flat_map(of).collect()
            };
            let lengths = |lists: [(&str, f64); 2]| -> Vec<usize> {
                let norms = norms(lists);
                let norms: Vec<_> = norms.iter().map(|(name, norm)| (&**name, *norm)).collect();
                chains(&quantity, &norms).iter().map(Vec::len).collect()
            };
            assert_eq!(lengths([("left", 1.0), ("right", 1.0)]), [3, 3]);
            assert_eq!(lengths([("towers.0.layers", 1.0), ("towers.1.layers", 1e-5)]), [3, 3]);
            assert_eq!(lengths([("stages.0.blocks", 0.5), ("stages.1.blocks", 1.0)]), [6]);
        }
    }

    #[test]
    fn whole_layers_and_kernels_are_weights_where_none_is_called_so() {
        for end in ["", ".kernel"] {
            let names = [0, 1, 2].map(|layer| format!("layers.{layer}{end}"));
            let biases = [0, 1, 2].map(|layer| format!("layers.{layer}.bias"));
            let norms: Vec<_> = names.iter().chain(&biases).map(|name| (&**name, 1.0)).collect();
            assert_eq!(chains(&QuantityName::GRADIENT_NORM, &norms), [names]);
        }
    }

    #[test]
    fn taps_without_numbers_are_a_chain_and_weights_only_where_a_trend_shows() {
        let names = ["first", "second", "third", "fourth"];
        let taps = names.map(|name| (name, 1.0));
        assert_eq!(chains(&QuantityName::ACTIVATION_GRADIENT_NORM, &taps), [names]);
        let weights = |norms: [f64; 4]| {
            let names = names.map(|name| format!("{name}.weight"));
            let norms: Vec<_> = names.iter().map(String::as_str).zip(norms).collect();
            chains(&QuantityName::GRADIENT_NORM, &norms).len()
        };
        assert_eq!(weights([1e-6, 1e-4, 1e-2, 1.0]), 1);
        assert_eq!(weights([1e-6, 1.0, 1e-2, 1e-4]), 0);
    }

    #[test]
    fn weights_are_left_out_where_their_layers_are_tapped_even_in_a_wrapper() {
        for prefix in ["", "model.", "outer.model."] {
            let taps = [0, 1, 2].map(|layer| (layer, format!("hidden.{layer}")));
            let mut rows = Vec::new();
            for (layer, tap) in taps {
                let weight = format!("{prefix}hidden.{layer}.weight");
                rows.push(Row::new(0, QuantityName::GRADIENT_NORM, weight, 1.0));
                rows.push(Row::new(0, QuantityName::ACTIVATION_GRADIENT_NORM, tap, 1.0));
            }
            let history = History::new(&rows);
            let chains = history.layer_chains();
            assert_eq!((chains.len(), chains[0].is_tapped()), (1, true), "{prefix}");
        }
    }

    #[test]
    fn time_chains_leave_out_the_memory_within_a_layer() {
        let names = ["layers.0.cell@0", "layers.0.cell@1", "layers.0.cell@2"];
        let states = ["layers.0@0", "layers.0@1", "layers.0@2", "layers.1@0", "layers.1@1"];
        let norms: Vec<_> = names.iter().chain(&states).map(|name| (*name, 1.0)).collect();
        let rows = rows(&QuantityName::ACTIVATION_GRADIENT_NORM, &norms);
        let history = History::new(&rows);
        let chains = history.time_chains();
        assert_eq!(chains.len(), 1);
        assert_eq!(chains[0].places[0].subject, "layers.0@0");
    }
}
