//! What GitHub makes of the name of an uploaded asset.

/// The name under which GitHub stores an asset that is uploaded as `name`.
pub(crate) fn stored_as(name: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
    let mut stored = String::new();
    for c in name.chars() {
        let c = if kept(c) { c } else { '.' };
        if c != '.' || !stored.ends_with('.') {
            stored.push(c);
        }
    }
    let trimmed = stored.trim_end_matches('.');
    match trimmed.strip_prefix('.') {
        Some(_) => format!("default{trimmed}"),
        None => trimmed.to_owned(),
    }
}
