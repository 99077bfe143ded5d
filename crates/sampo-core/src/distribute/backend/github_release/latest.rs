//! The key `latest`: `"auto"`, `true` or `false`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// Whether a release becomes the repository's latest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latest {
    /// If it is the highest stable version of the package that holds that place, or if nothing does.
    Auto,
    /// If it is the highest stable version of its package, whichever package holds that place.
    Always,
    /// Never.
    Never,
}

impl<'de> Deserialize<'de> for Latest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LatestVisitor;

        impl Visitor<'_> for LatestVisitor {
            type Value = Latest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`\"auto\"`, `true` or `false`")
            }

            fn visit_bool<E: Error>(self, always: bool) -> Result<Latest, E> {
                Ok(if always { Latest::Always } else { Latest::Never })
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Latest, E> {
                match text {
                    "auto" => Ok(Latest::Auto),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(LatestVisitor)
    }
}

impl JsonSchema for Latest {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Latest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["auto", true, false] })
    }
}
