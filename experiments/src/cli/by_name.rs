//! Options whose values are chosen by name.

use backdraft_text::Named;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Takes one of the names of `T`, and shows all with their meanings in the help.
pub(super) fn by_name<T: Named>() -> impl TypedValueParser<Value = T> {
    let possible = T::ALL.iter().map(|&(_, name, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(possible).try_map(|name| T::named(&name))
}
