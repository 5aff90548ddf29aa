//! The architectures that names find in addition to the zoo's own.

use std::any::TypeId;
use std::sync::{PoisonError, RwLock};

use backdraft_layers::Architecture;

use super::config::OtherConfig;
use crate::fields::Fields;
use crate::list::{Entry, architectures};

/// What is known of a registered type.
struct Registered {
    of: TypeId,
    entry: fn() -> Entry,
    read: fn(&Fields) -> Result<OtherConfig, String>,
}

/// For the whole process, because a configuration is read without any context.
static REGISTERED: RwLock<Vec<Registered>> = RwLock::new(Vec::new());

/// Two architectures or presets have the same name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are two networks `{name}`: rename the one that is added")]
pub struct NameTaken {
    /// The name.
    pub name: String,
}

/// Lets names find an architecture and its presets: in [`architectures`](crate::architectures),
/// [`networks`](crate::networks), [`named`](crate::named), and wherever a
/// [`NetworkConfig`](crate::NetworkConfig) is read. This holds for the whole process. Registering a type
/// again changes nothing.
///
/// No parameter of its networks may have more than eight axes: a visit of one panics.
///
/// # Errors
///
/// [`NameTaken`] if there is an architecture or preset of the same name.
pub fn register<A: Architecture + 'static>() -> Result<(), NameTaken> {
    let of = TypeId::of::<A>();
    let new = Entry::of::<A>();
    // A listed architecture is registered by nature.
    let is_known = |known: &Entry| known.default == new.default;
    let known = architectures();
    if known.iter().any(is_known) {
        return Ok(());
    }
    let mut names: Vec<&str> = known.iter().flat_map(Entry::names).collect();
    for name in new.names() {
        if names.contains(&name) {
            return Err(NameTaken { name: name.to_owned() });
        }
        names.push(name);
    }
    let mut all = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    // Another thread may have registered it meanwhile.
    if all.iter().all(|registered| registered.of != of) {
        let read = |fields: &Fields| fields.read::<A>().map(OtherConfig::new);
        all.push(Registered { of, entry: Entry::of::<A>, read });
    }
    Ok(())
}

/// Returns every registered architecture, in the order of registration.
pub(crate) fn registered() -> Vec<Entry> {
    let all = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    all.iter().map(|registered| (registered.entry)()).collect()
}

/// Reads the configuration of a registered architecture from its fields.
pub(crate) fn read(name: &str, fields: &Fields) -> Option<Result<OtherConfig, String>> {
    let all = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    let registered = all.iter().find(|registered| (registered.entry)().name == name)?;
    Some((registered.read)(fields))
}
