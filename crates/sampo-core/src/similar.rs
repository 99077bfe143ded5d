//! What a misspelt name was probably meant to be.

/// The candidate most like `name`, if any is like enough to be what was meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_strange_one_has_none() {
        let known = ["default_branch", "release_branches", "tag_format"];
        assert_eq!(nearest("defualt_branch", known), Some("default_branch"));
        assert_eq!(nearest("tagformat", known), Some("tag_format"));
        assert_eq!(nearest("colour", known), None);
    }
}
