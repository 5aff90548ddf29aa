//! The fields of a configuration before its architecture is known.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

/// Everything that a configuration says, except the name of its architecture.
pub(crate) struct Fields(Table);

impl Fields {
    /// Takes the name of the architecture from among the fields. A null is the same as no field.
    pub(crate) fn named<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<(String, Self), D::Error> {
        let all = BTreeMap::<String, Option<Value>>::deserialize(deserializer)?;
        let given = all.into_iter().filter_map(|(field, value)| Some((field, value?)));
        let mut fields: Table = given.collect();
        match fields.remove("architecture") {
            Some(Value::String(name)) => Ok((name, Self(fields))),
            Some(other) => {
                Err(D::Error::custom(format!("`architecture = {other}` is not the name of one")))
            }
            None => Err(D::Error::missing_field("architecture")),
        }
    }

    /// Reads a configuration from the fields.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        let read = T::deserialize(self.0.clone());
        read.map_err(|error: toml::de::Error| error.message().to_owned())
    }
}
