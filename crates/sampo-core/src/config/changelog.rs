//! `[changelog]`: what the entries of a changelog look like.

use std::fmt::Write;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, FixedOffset, Local, Utc};
use serde::Deserialize;

/// `[changelog]`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangelogConfig {
    /// Prefix each entry with its commit.
    pub show_commit_hash: bool,
    /// Thank the author of each entry.
    pub show_acknowledgments: bool,
    /// Logins or author names that are not thanked.
    pub exclude_acknowledgments: Vec<String>,
    /// Put the date into the heading of a release.
    pub show_release_date: bool,
    /// How the date is written.
    pub release_date_format: DateFormat,
    /// In which time zone.
    pub release_date_timezone: TimeZone,
    /// Entries that no changeset stands for.
    pub automatic_entries: AutomaticEntries,
}

impl Default for ChangelogConfig {
    fn default() -> Self {
        Self {
            show_commit_hash: true,
            show_acknowledgments: true,
            exclude_acknowledgments: Vec::new(),
            show_release_date: true,
            release_date_format: DateFormat("%Y-%m-%d".into()),
            release_date_timezone: TimeZone::Local,
            automatic_entries: AutomaticEntries::List,
        }
    }
}

impl ChangelogConfig {
    /// The date for a heading, or none if headings carry no date.
    pub fn date(&self, now: DateTime<Utc>) -> Option<String> {
        let format = &self.release_date_format.0;
        if !self.show_release_date || format.trim().is_empty() {
            return None;
        }
        let date = match &self.release_date_timezone {
            TimeZone::Local => now.with_timezone(&Local).format(format).to_string(),
            TimeZone::Fixed(offset) => now.with_timezone(offset).format(format).to_string(),
            TimeZone::Named(zone) => now.with_timezone(zone).format(format).to_string(),
        };
        Some(date)
    }
}

/// What becomes of entries that no changeset stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AutomaticEntries {
    /// They are listed.
    List,
    /// They are left out; releases with nothing else are folded into one.
    Collapse,
}

/// A strftime format in chrono's dialect; blank means no date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct DateFormat(String);

impl TryFrom<String> for DateFormat {
    type Error = String;

    fn try_from(format: String) -> Result<Self, String> {
        let bad = StrftimeItems::new(&format).any(|item| matches!(item, Item::Error));
        // Some specifiers parse and still cannot be written for a date with a zone.
        let mut text = String::new();
        if bad || write!(text, "{}", Utc::now().format(&format)).is_err() {
            return Err(format!("`{format}` is not a date format: expected something like `%Y-%m-%d`"));
        }
        if text.contains(char::is_control) {
            return Err("a date is written into a heading, so that it must be one line without tabs".into());
        }
        Ok(Self(format))
    }
}

/// The zone in which a release's date is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub enum TimeZone {
    /// That of the machine.
    Local,
    /// An offset such as `+02:00`.
    Fixed(FixedOffset),
    /// An IANA name such as `Europe/Helsinki`.
    Named(chrono_tz::Tz),
}

impl TryFrom<String> for TimeZone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let name = name.trim();
        if name.is_empty() || name.eq_ignore_ascii_case("local") {
            return Ok(Self::Local);
        }
        if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("z") {
            return Ok(Self::Named(chrono_tz::UTC));
        }
        if let Some(offset) = fixed_offset(name) {
            return Ok(Self::Fixed(offset));
        }
        name.parse().map(Self::Named).map_err(|_| {
            format!("`{name}` is not a time zone: expected `local`, `UTC`, an offset such as `+02:00`, or a name such as `Europe/Helsinki`")
        })
    }
}

/// `+HH:MM`, `+HHMM` or `+HH`, also with `-`.
fn fixed_offset(text: &str) -> Option<FixedOffset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = match digits.split_once(':') {
        Some((hours, minutes)) if hours.len() == 2 && minutes.len() == 2 => format!("{hours}{minutes}"),
        Some(_) => return None,
        None if digits.len() == 2 => format!("{digits}00"),
        None => digits.to_owned(),
    };
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (minutes < 60).then(|| FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_are_read_in_every_documented_form() {
        let fixed = |hours: i32| TimeZone::Fixed(FixedOffset::east_opt(hours * 3600).unwrap());
        let table = [
            ("", Some(TimeZone::Local)),
            ("local", Some(TimeZone::Local)),
            ("UTC", Some(TimeZone::Named(chrono_tz::UTC))),
            ("+02:00", Some(fixed(2))),
            ("-0500", Some(fixed(-5))),
            ("+03", Some(fixed(3))),
            ("Europe/Helsinki", Some(TimeZone::Named(chrono_tz::Europe::Helsinki))),
            ("Mars/Olympus", None),
            ("+2", None),
            ("+25:00", None),
            ("+02:99", None),
        ];
        for (text, expected) in table {
            assert_eq!(TimeZone::try_from(text.to_owned()).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_bad_date_format_is_refused_when_it_is_read() {
        assert!(DateFormat::try_from("%Q".to_owned()).is_err());
        for format in ["%Y\n## 9.9.9", "%Y%n", "%Y\t"] {
            let error = DateFormat::try_from(format.to_owned()).unwrap_err();
            assert_eq!(error, "a date is written into a heading, so that it must be one line without tabs");
        }
        assert!(DateFormat::try_from("%d.%m.%Y".to_owned()).is_ok());
    }

    #[test]
    fn the_date_follows_zone_and_format() {
        let config = ChangelogConfig {
            release_date_timezone: TimeZone::try_from("+02".to_owned()).unwrap(),
            release_date_format: DateFormat::try_from("%d.%m.%Y".to_owned()).unwrap(),
            ..ChangelogConfig::default()
        };
        let late = DateTime::from_timestamp(1_795_390_200, 0).unwrap();
        assert_eq!(config.date(late).as_deref(), Some("23.11.2026"));
    }
}
