//! Texts as long as GitHub takes them.

/// `text` if it has at most `limit` characters, else as many whole lines as fit before `end`.
pub fn cut(text: String, limit: usize, end: &str) -> String {
    // Whether GitHub counts characters outside the basic plane once or twice is not documented: twice is safe.
    let length = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
    if length(&text) <= limit {
        return text;
    }
    let mut room = limit.saturating_sub(length(end));
    let fitting = text.char_indices().find(|(_, c)| match room.checked_sub(c.len_utf16()) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    });
    let head = &text[..fitting.map_or(text.len(), |(end, _)| end)];
    let head = head.rfind('\n').map_or(head, |end| &head[..end]);
    format!("{}{end}", head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 10_000;

    #[test]
    fn a_text_that_fits_is_kept_as_it_is() {
        let text = "ä".repeat(LIMIT);
        assert_eq!(cut(text.clone(), LIMIT, "end"), text);
    }

    #[test]
    fn a_longer_one_is_cut_after_a_line() {
        let short = cut("- 🎉 something new\n".repeat(1000), LIMIT, "\n\n… the rest\n");
        let length = short.encode_utf16().count();
        assert!(length <= LIMIT && length > LIMIT - 50, "{length}");
        assert!(short.ends_with("- 🎉 something new\n\n… the rest\n"), "{}", &short[short.len() - 100..]);
    }

    #[test]
    fn one_endless_line_is_cut_between_characters() {
        let short = cut("🎉".repeat(LIMIT), LIMIT, "u");
        assert!(short.starts_with("🎉🎉") && short.encode_utf16().count() <= LIMIT);
    }
}
