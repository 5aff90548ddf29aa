//! From the names in a file to those of the network.

use std::collections::{BTreeMap, HashSet};

use regex::Regex;

/// What wrappers put into names, wherever they are: compiled, sharded and checkpointed modules.
const WRAPPERS: [&str; 3] = ["_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."];

/// Components of a prefix that are looked for.
const DEEPEST: usize = 6;

/// Rules that rename, one after the other.
pub(super) struct Renames(Vec<(Regex, String)>);

impl Renames {
    pub(super) fn new(patterns: &[(String, String)]) -> Result<Self, String> {
        let rule = |(pattern, replacement): &(String, String)| {
            let pattern = Regex::new(pattern).map_err(|error| error.to_string())?;
            Ok((pattern, replacement.clone()))
        };
        patterns.iter().map(rule).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn apply(&self, name: &str) -> String {
        self.0.iter().fold(name.to_owned(), |name, (pattern, replacement)| {
            pattern.replace_all(&name, replacement.as_str()).into_owned()
        })
    }
}

/// Takes off what wrappers put into a name.
pub(super) fn unwrapped(name: &str) -> String {
    WRAPPERS.iter().fold(name.to_owned(), |name, wrapper| name.replace(wrapper, ""))
}

/// A prefix, and what the names with it become in the network.
#[derive(Debug, PartialEq)]
pub(super) struct Match {
    pub(super) prefix: String,
    /// By place in the file; nothing for a tensor without the prefix.
    pub(super) names: Vec<Option<String>>,
}

/// Finds the prefix under which a file holds the network: the one with which most of the `expected` names
/// are found, none of them twice. The error names two that are equally good.
pub(super) fn matched(
    names: &[String],
    expected: &HashSet<&str>,
    theirs: &Renames,
) -> Result<Match, [String; 2]> {
    let mut best: Option<(usize, Match)> = None;
    let mut rival: Option<(usize, String)> = None;
    for prefix in candidates(names, expected.len()) {
        let found = with_prefix(names, &prefix, theirs);
        let held: Vec<&str> = found.names.iter().flatten().map(String::as_str).collect();
        let held: Vec<&str> = held.into_iter().filter(|name| expected.contains(name)).collect();
        let count = held.iter().collect::<HashSet<_>>().len();
        let is_twice = count < held.len();
        match &best {
            _ if is_twice => {}
            Some((most, _)) if *most > count => {}
            // The longer prefix of the same tensors says more.
            Some((most, other)) if *most == count && !prefix.starts_with(&other.prefix) => {
                rival.get_or_insert((count, prefix));
            }
            _ => best = Some((count, found)),
        }
    }
    let (count, found) = best.unwrap_or_else(|| (0, with_prefix(names, "", theirs)));
    match rival {
        Some((other, prefix)) if other == count && count > 0 => Err([found.prefix, prefix]),
        _ => Ok(found),
    }
}

/// Returns what the names with a prefix become in the network.
pub(super) fn with_prefix(names: &[String], prefix: &str, theirs: &Renames) -> Match {
    let renamed = |name: &String| name.strip_prefix(prefix).map(|rest| theirs.apply(rest));
    Match { prefix: prefix.to_owned(), names: names.iter().map(renamed).collect() }
}

/// The prefixes that enough names have, the shortest first.
fn candidates(names: &[String], expected: usize) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        for (dot, _) in name.match_indices('.').take(DEEPEST) {
            *counts.entry(&name[..=dot]).or_default() += 1;
        }
    }
    let mut prefixes = vec![String::new()];
    let enough = counts.into_iter().filter(|(_, count)| 2 * count >= expected);
    prefixes.extend(enough.map(|(prefix, _)| prefix.to_owned()));
    prefixes.sort_by_key(String::len);
    prefixes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str]) -> Result<(String, usize), [String; 2]> {
        let rules = [(r"^0\.(\w+)$", "hidden.0.$1"), (r"^2\.(\w+)$", "head.$1")];
        let rules = rules.map(|(pattern, ours)| (pattern.to_owned(), ours.to_owned()));
        let theirs = Renames::new(&rules).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let expected = HashSet::from(["hidden.0.weight", "head.weight"]);
        let found = matched(&names, &expected, &theirs)?;
        let held = found.names.iter().flatten();
        let held = held.filter(|name| expected.contains(name.as_str())).count();
        Ok((found.prefix, held))
    }

    #[test]
    fn a_prefix_of_any_depth_is_found_and_one_of_two_networks_is_for_the_user_to_choose() {
        for prefix in ["", "net.", "model.", "module.model.", "a.b.c.d."] {
            let names = ["0.weight", "2.weight"].map(|name| format!("{prefix}{name}"));
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            assert_eq!(find(&names), Ok((prefix.to_owned(), 2)));
        }
        let beside = ["ema.0.weight", "net.0.weight", "net.2.weight", "step"];
        assert_eq!(find(&beside), Ok(("net.".to_owned(), 2)));
        let two = ["actor.0.weight", "actor.2.weight", "critic.0.weight", "critic.2.weight"];
        assert!(find(&two).is_err());
        assert_eq!(unwrapped("module._orig_mod.0.weight"), "module.0.weight");
    }
}
