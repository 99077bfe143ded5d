//! Which names GitHub leaves alone, and what it makes of the others.

/// The name under which GitHub would store an asset named `name`.
///
/// ASCII letters, digits and `._-+@` stay, every run of anything else becomes one dot. Of letters with marks and of
/// other scripts reports differ; here they count as anything else, so that such names never pass as unchanged.
pub fn stored_as(name: &str) -> String {
    let mut stored = String::with_capacity(name.len());
    for c in name.chars() {
        let stays = c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '@');
        match stays {
            true => stored.push(c),
            false if stored.ends_with('.') => {}
            false => stored.push('.'),
        }
    }
    let stored = stored.trim_end_matches('.');
    match stored.strip_prefix('.') {
        Some(extension) => format!("default.{extension}"),
        None => stored.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rewritten_as_github_does_it() {
        let table = [
            ("app-1.0.0-x86_64-unknown-linux-gnu.tar.gz", "app-1.0.0-x86_64-unknown-linux-gnu.tar.gz"),
            ("app_1.0+build@2.zip", "app_1.0+build@2.zip"),
            ("app_1.0~rc1_amd64.deb", "app_1.0.rc1_amd64.deb"),
            ("my app (1).zip", "my.app.1.zip"),
            ("a..b", "a.b"),
            (".profile", "default.profile"),
            ("end.", "end"),
            ("café.txt", "caf.txt"),
            ("[%!]", ""),
        ];
        for (name, stored) in table {
            assert_eq!(stored_as(name), stored, "{name}");
        }
    }
}
