//! What a file holds beside what a network takes.

use std::fmt;

/// A tensor by name and shape, in the layout of the file.
pub(super) type Named = (String, Vec<usize>);

/// Lines of the table.
const SHOWN: usize = 40;

/// How the tensors of a file and the parameters of a network differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// Parameters that the file does not hold.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Tensors, by their names in the file, that the network does not have.
    pub extra: Vec<(String, Vec<usize>)>,
    /// Parameters of another shape: name, expected, found.
    pub reshaped: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    /// Returns the tensor that a missing parameter most probably is: of its shape if there is one, and of
    /// the most similar name.
    pub fn nearest(&self, name: &str, shape: &[usize]) -> Option<&(String, Vec<usize>)> {
        let likeness = |(other, of): &&Named| {
            f64::from(u8::from(of == shape)) + strsim::jaro_winkler(name, other)
        };
        self.extra.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
    }

    /// Returns a table: expected, found, nearest name.
    pub fn table(&self) -> String {
        let told = |(name, shape): &Named| format!("{name} {shape:?}");
        let mut lines = vec![["expected".to_owned(), "found".to_owned(), "nearest".to_owned()]];
        let reshaped = self.reshaped.iter().map(|(name, expected, found)| {
            [format!("{name} {expected:?}"), format!("{found:?}"), String::new()]
        });
        let missing = self.missing.iter().take(SHOWN).map(|named| {
            let nearest = self.nearest(&named.0, &named.1).map_or_else(String::new, told);
            [told(named), "–".to_owned(), nearest]
        });
        let extra = self.extra.iter().map(|named| ["–".to_owned(), told(named), String::new()]);
        let all = self.reshaped.len() + self.missing.len() + self.extra.len();
        lines.extend(reshaped.chain(missing).chain(extra).take(SHOWN));
        let shown = lines.len() - 1;
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
        let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
        let line = |[a, b, c]: &[String; 3]| {
            format!("{a:<first$}  {b:<second$}  {c}").trim_end().to_owned()
        };
        let mut text = lines.iter().map(line).collect::<Vec<_>>().join("\n");
        if all > shown {
            text += &format!("\n… and {} more", all - shown);
        }
        text
    }
}

/// One line, with the first of each kind.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = |count: usize| match count {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let mut parts = Vec::new();
        if let Some((name, expected, found)) = self.reshaped.first() {
            let more = more(self.reshaped.len());
            parts.push(format!("`{name}`{more} has shape {found:?} instead of {expected:?}"));
        }
        if let Some((name, shape)) = self.missing.first() {
            let nearest = self.nearest(name, shape).map_or_else(String::new, |(name, shape)| {
                format!(" (nearest in the file: `{name}` {shape:?})")
            });
            let more = more(self.missing.len());
            parts.push(format!("no tensor for `{name}` {shape:?}{more}{nearest}"));
        }
        if let Some((name, shape)) = self.extra.first() {
            let more = more(self.extra.len());
            parts.push(format!("nothing takes `{name}` {shape:?}{more}"));
        }
        write!(f, "the tensors do not fit the network: {}; ", parts.join("; "))?;
        f.write_str(match (self.missing.is_empty(), self.reshaped.is_empty()) {
            (true, true) => "leave the rest out with `--partial`",
            (false, true) => "say what is what with `--rename 'PATTERN=REPLACEMENT'` or `--prefix`",
            (_, false) => "change the configuration with `--set`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_what_was_expected_and_found_and_the_nearest_name() {
        let named = |name: &str, shape: &[usize]| (name.to_owned(), shape.to_vec());
        let mismatch = Mismatch {
            missing: vec![named("head.weight", &[2, 4])],
            extra: vec![named("heat.weight", &[9]), named("classifier.weight", &[2, 4])],
            reshaped: vec![("hidden.0.weight".to_owned(), vec![4, 3], vec![5, 3])],
        };
        let table = mismatch.table();
        assert_eq!(table.lines().count(), 5);
        let line = table.lines().nth(2).unwrap();
        assert!(line.starts_with("head.weight [2, 4]") && line.contains("classifier"), "{table}");
        let told = mismatch.to_string();
        assert!(told.contains("`hidden.0.weight` has shape [5, 3] instead of [4, 3]"), "{told}");
        assert_eq!(told.lines().count(), 1);
    }
}
