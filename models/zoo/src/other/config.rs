//! The configuration of an architecture that the zoo does not list.

use std::any::Any;
use std::fmt;

use backdraft_layers::Architecture;
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};

use super::architecture::AnyArchitecture;

/// The configuration of an architecture outside the zoo's own list.
///
/// [`NetworkConfig::of`](crate::NetworkConfig::of) makes one of anything that implements
/// [`Architecture`]. It is read and written as a table, so its fields must be what TOML can hold.
pub struct OtherConfig(Box<dyn AnyArchitecture>);

impl OtherConfig {
    pub(crate) fn new(config: impl Architecture + 'static) -> Self {
        Self(Box::new(config))
    }

    pub(crate) fn get(&self) -> &dyn AnyArchitecture {
        &*self.0
    }

    /// Returns the configuration, if it has this type.
    pub fn downcast_ref<A: Architecture + 'static>(&self) -> Option<&A> {
        (&*self.0 as &dyn Any).downcast_ref()
    }
}

impl Clone for OtherConfig {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl fmt::Debug for OtherConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for OtherConfig {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(&*other.0)
    }
}

/// Its fields, and the name of the architecture in the field `architecture`.
impl Serialize for OtherConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = self.0.table().map_err(S::Error::custom)?;
        let mut map = serializer.serialize_map(Some(table.len() + 1))?;
        map.serialize_entry("architecture", self.0.name())?;
        for (field, value) in &table {
            map.serialize_entry(field, value)?;
        }
        map.end()
    }
}
