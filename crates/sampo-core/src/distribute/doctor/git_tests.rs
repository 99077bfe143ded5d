use super::*;

fn facts() -> Facts {
    Facts {
        head: "aaa".into(),
        is_shallow: false,
        branch: Some("main".into()),
        identity: Ok(()),
        origin: None,
        tags: HashMap::new(),
        remote: Remote::None,
    }
}

fn tags_at(commits: &[(&str, &str)]) -> HashMap<String, String> {
    commits.iter().map(|(tag, commit)| ((*tag).to_owned(), (*commit).to_owned())).collect()
}

fn config(text: &str) -> Config {
    Config::parse(std::path::Path::new("config.toml"), text.to_owned()).unwrap()
}

const HERE: Circumstances = Circumstances { is_online: true, is_ci: false };

#[test]
fn a_tag_is_told_by_where_it_stands() {
    let here = [("head", "aaa"), ("old", "bbb"), ("unpushed", "aaa"), ("moved", "aaa")];
    let there = [("head", "aaa"), ("old", "bbb"), ("moved", "ccc"), ("unfetched", "aaa")];
    let facts = Facts { tags: tags_at(&here), remote: Remote::Tags(tags_at(&there)), ..facts() };
    let all = ["head", "old", "unpushed", "moved", "unfetched", "future"];
    let found: Vec<(Level, String)> = tags(&facts, &all).into_iter().map(|f| (f.level, f.title)).collect();
    let expected = [
        (Level::Ok, "tagged at HEAD, to be distributed now: `head`"),
        (Level::Ok, "tagged at earlier commits: `old`"),
        (Level::Note, "not tagged yet: `future`"),
        (Level::Warning, "on the remote, but not here: `unfetched`"),
        (Level::Error, "not on the remote: `unpushed`"),
        (Level::Error, "at another commit on the remote: `moved`"),
    ];
    assert_eq!(found, expected.map(|(level, title)| (level, title.to_owned())));
}

#[test]
fn without_an_answer_of_the_remote_a_tag_counts_as_pushed() {
    for remote in [Remote::None, Remote::NotAsked, Remote::Silent("no network".into())] {
        let facts = Facts { tags: tags_at(&[("v1", "aaa")]), remote, ..facts() };
        assert_eq!(standing(&facts, "v1"), Standing::AtHead);
        assert_eq!(standing(&facts, "v2"), Standing::Nowhere);
    }
}

#[test]
fn a_shallow_clone_is_mended_as_it_was_made() {
    assert_eq!(depth(&facts(), HERE).level, Level::Ok);
    let shallow = Facts { is_shallow: true, ..facts() };
    assert_eq!(depth(&shallow, HERE).fix.as_deref(), Some("`git fetch --unshallow --tags`"));
    let in_ci = depth(&shallow, Circumstances { is_ci: true, ..HERE });
    assert_eq!((in_ci.level, in_ci.fix.as_deref()), (Level::Warning, Some("check out with `fetch-depth: 0`")));
}

#[test]
fn another_branch_than_that_of_releases_is_worth_a_note() {
    let level = |branch: Option<&str>, variable: Option<&str>| {
        let facts = Facts { branch: branch.map(str::to_owned), ..facts() };
        let environment = variable.into_iter().map(|branch| ("SAMPO_RELEASE_BRANCH", branch)).collect();
        super::branch(&facts, &config(""), &environment).level
    };
    assert_eq!(level(Some("main"), None), Level::Ok);
    assert_eq!(level(Some("topic"), None), Level::Note);
    assert_eq!(level(None, None), Level::Note);
    assert_eq!(level(None, Some("main")), Level::Ok);
}

#[test]
fn an_unknown_committer_and_a_silent_remote_are_warnings() {
    let nobody = Facts { identity: Err(GitError::NoIdentity { said: "who are you".into() }), ..facts() };
    let finding = identity(&nobody);
    assert_eq!(finding.level, Level::Warning);
    assert!(finding.fix.unwrap().contains("git config user.name"));
    let level = |answer: Remote| remote(&Facts { remote: answer, ..facts() }).level;
    assert_eq!(level(Remote::Tags(HashMap::new())), Level::Ok);
    assert_eq!(level(Remote::None), Level::Note);
    assert_eq!(level(Remote::NotAsked), Level::Note);
    assert_eq!(level(Remote::Silent("refused".into())), Level::Warning);
}

#[test]
fn a_fork_is_told_from_the_repository_that_is_configured() {
    let level = |configured: &str| {
        let origin = Some(Repository { owner: "acme".into(), name: "app".into() });
        super::origin(&Facts { origin, ..facts() }, &config(configured)).map(|finding| finding.level)
    };
    assert_eq!(level("[github]\nrepository = 'Acme/App'"), Some(Level::Ok));
    assert_eq!(level("[github]\nrepository = 'acme/other'"), Some(Level::Warning));
    assert_eq!(level(""), None);
}

#[test]
fn what_stands_before_a_host_is_not_shown() {
    let table = [
        ("cannot reach 'https://me:hunter2@github.com/acme/app': no", "cannot reach 'https://github.com/acme/app': no"),
        ("https://x@y:hunter2@host", "https://host"),
        ("ssh://git@host/a@b and git@host:c", "ssh://host/a@b and git@host:c"),
        ("no address", "no address"),
    ];
    for (text, shown) in table {
        assert_eq!(without_credentials(text), shown);
    }
}
