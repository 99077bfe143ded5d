//! Which names an npm registry accepts for something new.

/// The longest name.
const LONGEST: usize = 214;

/// Why no registry would take a package of this name, if so.
pub(super) fn check(name: &str) -> Result<(), String> {
    let (scope, plain) = match name.strip_prefix('@') {
        Some(rest) => {
            let (scope, plain) = rest.split_once('/').ok_or("a scope is followed by `/` and a name")?;
            (Some(scope), plain)
        }
        None => (None, name),
    };
    if name.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} characters"));
    }
    for part in scope.into_iter().chain([plain]) {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.~".contains(c);
        if part.is_empty() {
            return Err("a part of it is empty".into());
        }
        if let Some(wrong) = part.chars().find(|c| !is_allowed(*c)) {
            return Err(match wrong.is_uppercase() {
                true => "it has capital letters".into(),
                false => format!("`{}` is not allowed in it", wrong.escape_debug()),
            });
        }
    }
    let is_hidden = scope.is_none() && plain.starts_with(['.', '_']);
    let is_reserved = matches!(name, "node_modules" | "favicon.ico");
    match () {
        () if is_hidden => Err("it begins with `.` or `_`".into()),
        () if is_reserved => Err("it is reserved".into()),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_are_those_that_registries_accept() {
        for name in ["a", "my-lib", "@scope/my.lib_2", "@s/_x", "lib~x"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let long = "a".repeat(215);
        let table = [
            ("MyLib", "it has capital letters"),
            ("@Scope/x", "it has capital letters"),
            ("a b", "` ` is not allowed in it"),
            ("a/b", "`/` is not allowed in it"),
            ("@scope", "a scope is followed by `/` and a name"),
            ("@/x", "a part of it is empty"),
            (".a", "it begins with `.` or `_`"),
            ("_a", "it begins with `.` or `_`"),
            ("node_modules", "it is reserved"),
            (long.as_str(), "it is longer than 214 characters"),
        ];
        for (name, reason) in table {
            assert_eq!(check(name), Err(reason.to_owned()), "{name}");
        }
    }
}
