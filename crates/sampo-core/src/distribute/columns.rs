//! Text in columns, with a colour for each cell.

use anstyle::Style;

/// One cell.
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::new() }
    }

    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// `rows` as lines below each other, each begun with `indent`. Columns are as wide as their widest cell.
pub(super) fn lines(rows: &[Vec<Cell>], indent: &str) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(Cell::width).max();
    let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or_default()).collect();
    let line = |row: &Vec<Cell>| {
        let mut text = indent.to_owned();
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let is_last = row[index + 1..].iter().all(|cell| cell.text.is_empty());
            let style = cell.style;
            text += &format!("{style}{}{style:#}", cell.text);
            if is_last {
                break;
            }
            text.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        text
    };
    rows.iter().map(line).collect()
}

/// As many of `names` as a person wants to read, with the number of the others.
pub(super) fn listed(names: &[String]) -> String {
    const MANY: usize = 10;
    match names.len() {
        count if count > MANY => format!("{} and {} more", names[..MANY].join(", "), count - MANY),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_each_other_and_no_line_ends_in_blanks() {
        let cell = Cell::plain;
        let rows = [vec![cell("a"), cell("long"), cell("")], vec![cell("größe"), cell("b"), cell("c")]];
        assert_eq!(lines(&rows, "  "), ["  a      long", "  größe  b     c"]);
    }

    #[test]
    fn long_lists_are_cut_with_their_rest_counted() {
        let names: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(listed(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
        assert_eq!(listed(&names[..2]), "0, 1");
    }
}
