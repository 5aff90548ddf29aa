//! The place of a subject in a list of layers, read from its path.

use std::collections::HashMap;

use crate::subject::Subject;

/// The place of a subject: `stages.1.blocks.2.conv.weight` is item 2 of the list `stages.1.blocks`,
/// and `conv.weight` of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Position<'a> {
    pub(crate) list: &'a str,
    pub(crate) index: Option<u64>,
    pub(crate) part: &'a str,
}

impl<'a> Position<'a> {
    /// Reads a path.
    pub(crate) fn of(path: &'a str) -> Self {
        let mut end = path.len();
        let mut components = path.rsplit('.').peekable();
        while let Some(component) = components.next() {
            let start = end - component.len();
            let name = component.trim_end_matches(|c: char| c.is_ascii_digit());
            if let Ok(index) = component[name.len()..].parse() {
                let list = path[..start + name.len()].trim_end_matches('.');
                return Self { list, index: Some(index), part: &path[end..] };
            }
            end = start.saturating_sub(usize::from(components.peek().is_some()));
        }
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        Self { list: parent, index: None, part: "" }
    }
}

/// Items of one list, or siblings, with the same part of each.
pub(crate) struct Group<'h> {
    pub(crate) list: &'h str,
    pub(crate) part: &'h str,
    pub(crate) members: Vec<(u64, &'h Subject)>,
}

/// Returns the list or module that a subject is an item of.
pub(crate) fn list_of(subject: &Subject) -> &str {
    Position::of(subject.path()).list
}

/// Groups numbered subjects by list and part, in the order in which they were first seen.
pub(crate) fn groups<'h>(subjects: &[&'h Subject]) -> Vec<Group<'h>> {
    let mut groups: Vec<Group<'h>> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for subject in subjects {
        let Position { list, index: Some(index), part } = Position::of(subject.path()) else {
            continue;
        };
        let place = *places.entry((list, part)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group { list, part, members: Vec::new() });
        }
        groups[place].members.push((index, subject));
    }
    groups
}

/// Returns the name of a list without its places in other lists.
pub(crate) fn without_numbers(list: &str) -> String {
    list.split('.')
        .map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()))
        .collect::<Vec<_>>()
        .join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(path: &str) -> (&str, Option<u64>, &str) {
        let Position { list, index, part } = Position::of(path);
        (list, index, part)
    }

    #[test]
    fn a_position_is_that_in_the_innermost_list() {
        assert_eq!(position("hidden.3"), ("hidden", Some(3), ""));
        assert_eq!(position("hidden.3.linear.weight"), ("hidden", Some(3), ".linear.weight"));
        assert_eq!(position("a.0.b.2.conv.weight"), ("a.0.b", Some(2), ".conv.weight"));
        assert_eq!(position("net.conv12.weight"), ("net.conv", Some(12), ".weight"));
        assert_eq!(position("7"), ("", Some(7), ""));
        assert_eq!(position("stem"), ("", None, ""));
        assert_eq!(position("encoder.stem"), ("encoder", None, ""));
    }
}
