//! What people wrote, made fit to stand in a pull request: it hides nothing, closes nothing, and notifies nobody. Pure.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

/// Between `@` and a name: GitHub then takes it for no mention, and shows nothing.
const NO_MENTION: &str = "<!-- -->";

/// `markdown` where tags stand as text and `@name` mentions nobody; code and addresses stay as they are. Control
/// characters are left out: GitHub does not keep all of them, and the description would differ in every run.
pub(super) fn tame(markdown: &str) -> String {
    let mut tamed = String::with_capacity(markdown.len());
    let mut at = 0;
    for range in prose(markdown) {
        tamed.push_str(&markdown[at..range.start]);
        push(&mut tamed, &markdown[range.clone()]);
        at = range.end;
    }
    tamed.push_str(&markdown[at..]);
    tamed.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    tamed
}

/// `text`, a name rather than Markdown, on one line.
pub(super) fn inline(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => escaped.push(' '),
            c if "\\`*[]~<>&|#".contains(c) => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    without_mentions(&escaped)
}

/// Where `markdown` is neither code nor the address of a link, from front to back.
fn prose(markdown: &str) -> Vec<Range<usize>> {
    let mut is_address = false;
    let mut is_code = false;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (event, range) in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Start(Tag::Link { link_type, .. }) => {
                is_address = matches!(link_type, LinkType::Autolink | LinkType::Email);
            }
            Event::End(TagEnd::Link) => is_address = false,
            Event::Text(_) | Event::Html(_) | Event::InlineHtml(_) if !is_address && !is_code => ranges.push(range),
            _ => {}
        }
    }
    ranges.sort_by_key(|range| range.start);
    // What a reader of Markdown reports twice is to be changed once.
    ranges.dedup_by(|later, earlier| later.start < earlier.end);
    ranges
}

fn push(tamed: &mut String, text: &str) {
    let text = text.replace('<', "&lt;");
    // A mention may begin where another piece ends.
    let joined = tamed.chars().next_back().map_or_else(|| text.clone(), |last| format!("{last}{text}"));
    let quiet = without_mentions(&joined);
    tamed.push_str(&quiet[joined.len() - text.len()..]);
}

/// GitHub takes `@` and a letter or digit for a mention unless a word, a path or an address goes before.
fn without_mentions(text: &str) -> String {
    let mut quiet = String::with_capacity(text.len());
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        quiet.push(c);
        let begins =
            |before: Option<char>| before.is_none_or(|before| !before.is_alphanumeric() && !"_/".contains(before));
        if c == '@' && begins(before) && characters.peek().is_some_and(char::is_ascii_alphanumeric) {
            quiet.push_str(NO_MENTION);
        }
        before = Some(c);
    }
    quiet
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_stand_as_text_and_nobody_is_mentioned() {
        let table = [
            ("plain", "plain"),
            ("</details> and <!-- hidden", "&lt;/details> and &lt;!-- hidden"),
            ("<!--\n\nhidden\n", "&lt;!--\n\nhidden\n"),
            ("`<details>` and `@me`", "`<details>` and `@me`"),
            ("```html\n<details>@me\n```\n<b>", "```html\n<details>@me\n```\n&lt;b>"),
            ("thanks @aino, @org/team!", "thanks @<!-- -->aino, @<!-- -->org/team!"),
            ("me@example.com, https://x.example/@me", "me@example.com, https://x.example/@me"),
            ("<https://x.example/@me> <me@x.example>", "<https://x.example/@me> <me@x.example>"),
            ("[a](https://x.example/(@me))", "[a](https://x.example/(@me))"),
            ("1 < 2, Vec<T>", "1 &lt; 2, Vec&lt;T>"),
            ("\\<b> *@me*", "\\&lt;b> *@<!-- -->me*"),
            ("a\0\u{1b}b\r\n\t`\u{7f}c`", "ab\n\t`c`"),
        ];
        for (text, expected) in table {
            assert_eq!(tame(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_changes_nothing_but_itself() {
        let hostile = "@evil/x\n## y <!-- ${{ z }}`";
        assert_eq!(inline(hostile), "@<!-- -->evil/x \\#\\# y \\<!-- ${{ z }}\\`");
        assert_eq!(inline("my-cli_2"), "my-cli_2");
    }

    proptest! {
        #[test]
        fn whatever_is_written_no_tag_is_left(text in "(<|>|!--|-->|/|details|a|@|`|``|\n|    |- |\\\\|\\[|\\]|\\(|\\)|https:| |&lt;){0,24}") {
            let tamed = tame(&text).replace(NO_MENTION, "");
            let html = Parser::new(&tamed).find(|event| matches!(event, Event::Html(_) | Event::InlineHtml(_)));
            prop_assert!(html.is_none(), "{tamed:?}: {html:?}");
        }
    }
}
