//! As much Markdown as a changelog needs: which lines are code or comments, and so are no headings.

/// A line of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Its text, without its line ending.
    pub(super) text: &'a str,
    /// Whether it belongs to a code block or an HTML comment.
    pub(super) is_literal: bool,
}

enum Block {
    None,
    Fence { marker: char, length: usize, is_indented: bool },
    Comment { is_indented: bool },
}

impl Block {
    fn is_in_item(&self) -> bool {
        matches!(self, Self::Fence { is_indented: true, .. } | Self::Comment { is_indented: true })
    }
}

/// Every line of `text`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    let mut block = Block::None;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        let text = line.trim_end_matches(['\n', '\r']);
        // A list item ends with the first text that is not indented, and so does the code or comment in it.
        if block.is_in_item() && !text.is_empty() && !text.starts_with(' ') {
            block = Block::None;
        }
        let was_open = !matches!(block, Block::None);
        advance(&mut block, text);
        Line { start: at, text, is_literal: was_open || !matches!(block, Block::None) }
    })
}

fn advance(block: &mut Block, text: &str) {
    match block {
        Block::None => {
            if let Some(fence) = opening_fence(text) {
                *block = fence;
            } else if let Some(comment) = opening_comment(text) {
                *block = comment;
            }
        }
        Block::Fence { marker, length, .. } => {
            let rest = text.trim_start().trim_start_matches(*marker);
            if rest.trim().is_empty() && text.trim_start().len() - rest.len() >= *length {
                *block = Block::None;
            }
        }
        Block::Comment { .. } if text.contains("-->") => *block = Block::None,
        Block::Comment { .. } => {}
    }
}

/// A comment that does not end on its line.
fn opening_comment(text: &str) -> Option<Block> {
    let (content, is_indented) = content(text);
    let comment = content.strip_prefix("<!--")?;
    (!comment.contains("-->")).then_some(Block::Comment { is_indented })
}

/// The text behind blanks and the bullet of a list item, and whether there were any.
fn content(text: &str) -> (&str, bool) {
    let content = text.trim_start_matches([' ', '\t']);
    let item = ["- ", "* ", "+ "].iter().find_map(|bullet| content.strip_prefix(bullet));
    (item.map_or(content, str::trim_start), item.is_some() || content.len() < text.len())
}

fn opening_fence(text: &str) -> Option<Block> {
    let (content, is_indented) = content(text);
    let marker = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = content.trim_start_matches(marker);
    let length = content.len() - info.len();
    // Back-ticks behind three back-ticks make a code span, not a block.
    (length >= 3 && !(marker == '`' && info.contains('`'))).then_some(Block::Fence { marker, length, is_indented })
}

/// Whether `line` begins an item of a list that is not nested.
pub(super) fn is_item(line: &str) -> bool {
    ["- ", "* ", "+ "].iter().any(|bullet| line.starts_with(bullet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<&str> {
        lines(text).filter(|line| !line.is_literal).map(|line| line.text).collect()
    }

    #[test]
    fn fenced_code_and_comments_are_literal() {
        let text = "a\n```toml\n## 1\n``\n```\nb\n~~~~\n```\n~~~\n~~~~\nc\n<!--\n## 2\n-->\nd\n```x``` e\n";
        assert_eq!(plain(text), ["a", "b", "c", "d", "```x``` e"]);
    }

    #[test]
    fn code_or_a_comment_in_a_list_item_ends_with_the_item() {
        assert_eq!(plain("- <!-- x\n  ## 1\n\n  x\n## 2\n"), ["## 2"]);
        assert_eq!(plain("- a\n  <!--\n  x\n## 2\n"), ["- a", "## 2"]);
        assert_eq!(plain("- a <!-- x -->\n<!-- x --> b\n"), ["- a <!-- x -->", "<!-- x --> b"]);
        assert_eq!(plain("- ```\n  ## 1\n\n  x\n## 2\n"), ["## 2"]);
        assert_eq!(plain("- a\n  ```\n  x\n  ```\n## 2\n"), ["- a", "## 2"]);
    }

    #[test]
    fn lines_know_where_they_begin() {
        let starts: Vec<usize> = lines("a\r\nä\nb").map(|line| line.start).collect();
        assert_eq!(starts, [0, 3, 6]);
    }
}
