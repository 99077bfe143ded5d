//! A section that was never released: its blocks move into the new one, whole.

use super::markdown::{Line, is_item, lines};
use super::{BUMP_ONLY, Group};

/// Adds every block of `body` to the group of its heading; groups that `groups` lacks come last.
pub(super) fn fold(groups: &mut Vec<Group>, body: &str) {
    for group in read(body) {
        match groups.iter_mut().find(|known| known.heading == group.heading) {
            Some(known) => known.blocks.extend(group.blocks),
            // Without a heading it would be taken for a part of what stands above it.
            None if group.heading.is_empty() => groups.insert(0, group),
            None => groups.push(group),
        }
    }
}

fn read(body: &str) -> Vec<Group> {
    let mut groups = vec![Group::default()];
    let mut after_blank = true;
    for line in lines(body) {
        let group = groups.last_mut().expect("there is always one group");
        match line.text.strip_prefix("### ") {
            Some(heading) if !line.is_literal => {
                groups.push(Group { heading: heading.trim().to_owned(), blocks: Vec::new() });
                after_blank = true;
                continue;
            }
            _ if begins_block(line, group, after_blank) => group.blocks.push(line.text.to_owned()),
            _ => {
                if let Some(block) = group.blocks.last_mut() {
                    block.push('\n');
                    block.push_str(line.text);
                }
            }
        }
        after_blank = line.text.trim().is_empty();
    }
    for block in groups.iter_mut().flat_map(|group| &mut group.blocks) {
        block.truncate(block.trim_end().len());
    }
    for group in &mut groups {
        group.blocks.retain(|block| !block.is_empty() && block != BUMP_ONLY);
    }
    groups.retain(|group| !group.blocks.is_empty());
    groups
}

/// An item of a list, or the first line of a paragraph; what is indented belongs to the block above it.
fn begins_block(line: Line<'_>, group: &Group, after_blank: bool) -> bool {
    let text = line.text;
    if text.trim().is_empty() {
        return false;
    }
    // The first line of a fence begins a block like any other text; the lines within it do not.
    let is_inside_code = line.is_literal && !text.starts_with(['`', '~', '-', '*', '+', '<']);
    let is_indented = text.starts_with([' ', '\t']);
    group.blocks.is_empty() || (!is_inside_code && !is_indented && (is_item(text) || after_blank))
}
