//! Each value of a document on its own, so that one mistake does not hide the others.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{ConfigError, Source};

/// One value, within the tables and arrays that lead to it and nothing else.
pub(super) struct Alone<'a> {
    document: Spanned<DeValue<'a>>,
    /// For an element of an array: the place of the array, and its own.
    element: Option<(Range<usize>, Range<usize>)>,
}

impl<'a> Alone<'a> {
    /// Every value of `document`.
    pub(super) fn each_of(document: &Spanned<DeValue<'a>>) -> Vec<Self> {
        let around = |inner: DeValue<'a>| Spanned::new(document.span(), inner);
        let mut all = Vec::new();
        match document.get_ref() {
            DeValue::Table(table) if !table.is_empty() => {
                for (key, value) in table {
                    all.extend(Self::each_of(value).into_iter().map(|Self { document, element }| {
                        let table = [(key.clone(), document)].into_iter().collect();
                        Self { document: around(DeValue::Table(table)), element }
                    }));
                }
            }
            DeValue::Array(items) if !items.is_empty() => {
                for item in items {
                    all.extend(Self::each_of(item).into_iter().map(|Self { document: inner, element }| Self {
                        document: around(DeValue::Array([inner].into_iter().collect())),
                        element: element.or_else(|| Some((document.span(), item.span()))),
                    }));
                }
            }
            _ => all.push(Self { document: document.clone(), element: None }),
        }
        all
    }

    /// Everything that is wrong with `table` as a `T`, whose keys may be required.
    pub(super) fn mistakes<T: DeserializeOwned>(table: &Spanned<DeValue<'a>>, source: &Source) -> Vec<ConfigError> {
        let is_there = |key: &str| matches!(table.get_ref(), DeValue::Table(table) if table.contains_key(key));
        let empty = Self { document: Spanned::new(table.span(), DeValue::Table(DeTable::default())), element: None };
        let all = std::iter::once(empty).chain(Self::each_of(table));
        // Of two required keys each lacks the other one, alone.
        let is_real = |alone: &Self| alone.lacks::<T>().is_none_or(|key| !is_there(&key));
        all.filter(is_real).filter_map(|alone| alone.mistake::<T>(source)).collect()
    }

    /// The key that a `T` needs besides it.
    fn lacks<T: DeserializeOwned>(&self) -> Option<String> {
        let error = T::deserialize(ValueDeserializer::from(self.document.clone())).err()?;
        let key = error.message().strip_prefix("missing field `")?.strip_suffix('`')?;
        Some(key.to_owned())
    }

    /// What is wrong with it as a part of a `T`.
    pub(super) fn mistake<T: DeserializeOwned>(self, source: &Source) -> Option<ConfigError> {
        let error = T::deserialize(ValueDeserializer::from(self.document)).err()?;
        // A value that its own type refuses is reported at the array, though the array itself is in order.
        let is_about_array = error.message().starts_with("invalid type: sequence");
        let span = match self.element {
            Some((array, item)) if error.span().as_ref() == Some(&array) && !is_about_array => Some(item),
            _ => error.span(),
        };
        Some(source.read_error_at(span, &error))
    }
}
