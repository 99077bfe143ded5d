//! Values that must never be shown, and the filter that keeps them out of what others print.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// The environment variables that hold Sampo's own credentials unless others are configured, in the order in which
/// they are looked at. Children get them only where they ask for them.
pub const TOKEN_VARIABLES: &[&str] = &["GITHUB_TOKEN", "GH_TOKEN"];

/// The variables that configurations name beside them, and whether children inherit them. It only ever grows: what was
/// a secret of one repository is nobody's business while this process works on another.
static CONFIGURED: RwLock<BTreeMap<String, bool>> = RwLock::new(BTreeMap::new());

/// From now on, `variable` is known to hold a secret; children inherit it only if `is_inherited`.
pub fn declare(variable: &str, is_inherited: bool) {
    let mut configured = CONFIGURED.write().unwrap_or_else(PoisonError::into_inner);
    *configured.entry(variable.to_owned()).or_insert(is_inherited) &= is_inherited;
}

/// The variables that children get only where they ask for them.
pub fn token_variables() -> BTreeSet<String> {
    variables(|is_inherited| !is_inherited)
}

/// Every variable whose value must not be shown.
pub fn secret_variables() -> BTreeSet<String> {
    variables(|_| true)
}

fn variables(is_meant: impl Fn(bool) -> bool) -> BTreeSet<String> {
    let configured = CONFIGURED.read().unwrap_or_else(PoisonError::into_inner);
    let configured =
        configured.iter().filter(|(_, is_inherited)| is_meant(**is_inherited)).map(|(name, _)| name.clone());
    TOKEN_VARIABLES.iter().map(ToString::to_string).chain(configured).collect()
}

/// A token or password. Prints as `***`; the value is reached only through [`expose`](Self::expose).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value. Blanks and line breaks around it, common in copied tokens, are dropped.
    pub fn new(value: impl AsRef<str>) -> Self {
        Self(value.as_ref().trim().to_owned())
    }

    /// The value itself. For request headers and the environment of a child that asked for it, nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Replaces known secrets in text with `***`.
#[derive(Debug, Clone, Default)]
pub struct Redactor(Vec<Secret>);

/// Shorter values would blot out ordinary words.
const SHORTEST_SECRET: usize = 4;

impl Redactor {
    /// A filter for these secrets. Longer ones are replaced first, so that one that contains another leaves no rest.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<Secret> = secrets.into_iter().filter(|s| s.0.len() >= SHORTEST_SECRET).collect();
        secrets.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        secrets.dedup();
        Self(secrets)
    }

    /// A filter for the secrets of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(self.0.into_iter().chain(other.0))
    }

    /// Where to cut text that goes on, so that no secret is cut in two: before the last bytes that may be the
    /// beginning of one, and before one that is there already.
    pub fn cut(&self, text: &[u8]) -> usize {
        let lines = || {
            self.0
                .iter()
                .flat_map(|secret| secret.0.lines())
                .filter(|line| line.len() >= SHORTEST_SECRET)
                .map(str::as_bytes)
        };
        let longest = lines().map(<[u8]>::len).max().unwrap_or_default();
        let mut cut = text.len().saturating_sub(longest.saturating_sub(1));
        let across = |cut: usize| {
            lines().flat_map(move |line| (cut.saturating_sub(line.len() - 1)..cut).map(move |start| (line, start)))
        };
        while let Some((_, start)) = across(cut).find(|(line, start)| text[*start..].starts_with(line)) {
            cut = start;
        }
        cut
    }

    /// `text` without the secrets, and without what stands before the host of a URL. Each line of a multi-line secret
    /// counts, since output is filtered line by line.
    pub fn redact(&self, text: &str) -> String {
        self.redacted(text).into_owned()
    }

    /// The same, owned only if something had to go.
    pub fn redacted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = without_credentials(text);
        for secret in &self.0 {
            for line in secret.0.lines().filter(|line| line.len() >= SHORTEST_SECRET) {
                if text.contains(line) {
                    text = Cow::Owned(text.replace(line, "***"));
                }
            }
        }
        text
    }
}

/// `text` with `***` for the user and password of every URL in it. The user `git` is everybody's.
fn without_credentials(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    let mut is_changed = false;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let is_end = |c: char| c.is_whitespace() || c.is_control() || "/?#\"'`<>\\".contains(c);
        let authority = &after[..after.find(is_end).unwrap_or(after.len())];
        rest = after;
        if let Some((user, _)) = authority.rsplit_once('@').filter(|(user, _)| *user != "git") {
            shown.push_str("***");
            rest = &after[user.len()..];
            is_changed = true;
        }
    }
    shown.push_str(rest);
    if is_changed { Cow::Owned(shown) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars_everywhere() {
        let secret = Secret::new("ghp_abc\n");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
        assert_eq!(secret.expose(), "ghp_abc");
    }

    #[test]
    fn a_redactor_leaves_nothing_of_overlapping_or_multi_line_secrets() {
        let redactor =
            Redactor::new([Secret::new("token"), Secret::new("token-long"), Secret::new("line-one\nline-two")]);
        assert_eq!(redactor.redact("a token-long b token c line-two"), "a *** b *** c ***");
    }

    #[test]
    fn urls_are_shown_without_their_credentials() {
        let table = [
            ("at https://user:pass@host/x?a=b@c.", "at https://***@host/x?a=b@c."),
            ("https://token@host ssh://git@host", "https://***@host ssh://git@host"),
            ("'http://a:b@c@proxy:8080'", "'http://***@proxy:8080'"),
            ("https://host/@scope/name, me@example.com", "https://host/@scope/name, me@example.com"),
        ];
        for (text, shown) in table {
            assert_eq!(Redactor::default().redact(text), shown);
        }
    }

    #[test]
    fn values_too_short_to_be_secrets_are_left_alone() {
        assert_eq!(Redactor::new([Secret::new("a")]).redact("banana"), "banana");
    }
}
