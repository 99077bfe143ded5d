//! The exact texts of configuration errors: they are what most users meet first.

use crate::error::Diagnose;
use crate::workspace::{Ecosystem, Package, PackageId};

use super::*;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("config.toml"), text.to_owned())
}

fn error(text: &str) -> String {
    let error = parse(text).expect_err(text);
    match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

#[test]
fn an_empty_file_means_the_documented_defaults() {
    let config = parse("").unwrap();
    assert_eq!(config.git.default_branch.as_str(), "main");
    assert_eq!(config.git.tag_format.as_str(), "{package_name}-v{version}");
    assert_eq!(config.distribute.artifacts_dir, "dist");
    assert_eq!(config.distribute.jobs.get(), 4);
    assert_eq!(config.distribute.include, ["README*", "LICENSE*"]);
    assert_eq!(config.distribute.archive.name.source(), "{{ crate }}-{{ version }}-{{ target }}");
    assert!(config.distribute.backends.is_empty());
}

#[test]
fn an_unknown_key_is_an_error_with_its_place_and_the_nearest_known_one() {
    assert_eq!(
        error("[git]\ndefualt_branch = 'x'\n"),
        "config.toml:2:1: unknown key `defualt_branch` (did you mean `default_branch`?)"
    );
    assert_eq!(
        error("version = 1\n\n[distribute]\ntargts = []\n"),
        "config.toml:4:1: unknown key `targts` (did you mean `targets`?)"
    );
    assert_eq!(error("[distributes]\n"), "config.toml:1:2: unknown key `distributes` (did you mean `distribute`?)");
}

#[test]
fn a_key_that_belongs_elsewhere_or_that_nobody_knows_yet_says_so() {
    assert_eq!(
        error("default_branch = 'trunk'\n[changelog]\ntags = []\n"),
        "there are 2 mistakes in the configuration\
         \n  config.toml:1:1: unknown key `default_branch` (it belongs in `[git]`)\
         \n  config.toml:3:1: unknown key `tags` (it belongs in `[changesets]`)"
    );
    assert_eq!(
        error("[github]\nwebhook = 'x'\n"),
        "config.toml:2:1: unknown key `webhook` (known here: repository; a newer version of Sampo may know it)"
    );
}

#[test]
fn a_wrong_type_is_an_error_with_its_place() {
    assert_eq!(
        error("[changelog]\nshow_release_date = 'yes'\n"),
        "config.toml:2:21: expected `true` or `false`, found the string \"yes\""
    );
    assert_eq!(
        error("[packages]\nfixed = ['a', 'b']\n"),
        "there are 2 mistakes in the configuration\
         \n  config.toml:2:10: expected a group of packages, found the string \"a\" (each group is an array of its own: `[[\"a\", \"b\"]]`)\
         \n  config.toml:2:15: expected a group of packages, found the string \"b\" (each group is an array of its own: `[[\"a\", \"b\"]]`)"
    );
    assert_eq!(
        error("[packages]\nbump_dependents = 'alway'\n"),
        "config.toml:2:19: unknown value `alway` (did you mean `always`?)"
    );
}

#[test]
fn a_wrong_type_is_told_in_the_words_of_toml() {
    let table = [
        ("git = 'x'\n", "1:7: expected a table, found the string \"x\""),
        ("git = []\n", "1:7: expected a table, found an array"),
        ("[distribute]\narchive = ['zip']\n", "2:11: expected a table, found an array"),
        ("[distribute.packages]\na = []\n", "2:5: expected a table, found an array"),
        ("[distribute]\narchive = ['zip', 'zip']\n", "2:11: expected a table, found an array"),
        ("[git]\nrelease_branches = ['a', ' ']\n", "2:26: this must not be blank"),
        ("version = '1'\n", "1:11: expected a whole number, found the string \"1\""),
        ("version = 1.5\n", "1:11: expected a whole number, found `1.5`"),
        ("[distribute]\njobs = 0\n", "2:8: expected a whole number above 0, found `0`"),
        ("[distribute]\nretries = -1\n", "2:11: expected a whole number from 0 to 4294967295, found `-1`"),
        ("[distribute]\ntargets = 'x'\n", "2:11: expected an array, found the string \"x\""),
        ("[distribute]\nstall_timeout = 5\n", "2:17: expected a string, found `5`"),
        ("[distribute]\npackages = true\n", "2:12: expected a table, found `true`"),
        ("[packages]\nfixed = [['a', 5]]\n", "2:16: expected a string, found `5`"),
        ("[packages]\nbump_dependents = 5\n", "2:19: expected a string"),
        ("[git]\ntag_unpublished = 5\n", "2:19: expected `true`, `false`, or an array of package patterns, found `5`"),
    ];
    for (text, expected) in table {
        assert_eq!(error(text), format!("config.toml:{expected}"), "{text}");
    }
}

#[test]
fn every_mistake_is_told_in_the_order_of_the_file() {
    let text = "\
        [distribute.backends.web]\npath = 'x'\n\
        [distribute]\ntargets = ['linux', 'x86_64-apple-darwin', 'mac']\njobs = 0\n\
        [gitt]\na = 1\nb = 2\n\
        [git]\ndefault_branch = ' '\n";
    let linux = parse("[distribute]\ntargets = ['linux']\n").unwrap_err().to_string();
    let linux = linux.strip_prefix("config.toml:2:12: ").unwrap();
    assert_eq!(
        error(text),
        format!(
            "there are 6 mistakes in the configuration\
             \n  config.toml:1:1: the backend `web` needs a `type`, such as `type = \"github-release\"`\
             \n  config.toml:4:12: {linux}\
             \n  config.toml:4:44: {}\
             \n  config.toml:5:8: expected a whole number above 0, found `0`\
             \n  config.toml:6:2: unknown key `gitt` (did you mean `git`?)\
             \n  config.toml:10:18: this must not be blank",
            linux.replace("linux`", "mac`")
        )
    );
}

#[test]
fn a_file_in_another_encoding_is_an_error_with_its_place() {
    let bytes = b"\xef\xbb\xbf[github]\n# caf\xe9\n".to_vec();
    let error = Source::new(Path::new("config.toml"), bytes).unwrap_err();
    assert_eq!(error.to_string(), "config.toml:2:6: this is not UTF-8, the encoding of TOML");
    assert_eq!(error.hint().as_deref(), Some("save the file as UTF-8"));
}

#[test]
fn categories_that_differ_in_case_only_are_refused() {
    assert_eq!(
        error("[changesets]\ntags = [\n  'Added',\n  'added',\n]\n"),
        "config.toml:4:3: `Added` and `added` are one category: case makes no difference"
    );
}

#[test]
fn a_member_of_a_group_is_refused_at_its_own_place() {
    let packages = ["a", "b"].map(|name| Package {
        id: PackageId::new(Ecosystem::Cargo, name),
        version: Some("1.0.0".into()),
        manifest: format!("/nowhere/{name}/Cargo.toml").into(),
        path: name.into(),
        publishable: true,
        registry: None,
        binaries: Vec::new(),
        dependencies: Vec::new(),
        metadata: serde_json::Value::Null,
    });
    let workspace = Workspace { root: "/nowhere".into(), packages: packages.into(), cargo_target_directory: None };
    let error = |text: &str| parse(text).unwrap().check_packages(&workspace).unwrap_err().to_string();
    assert_eq!(
        error("[packages]\nfixed = [\n  ['a',\n   'd'],\n]\n"),
        "config.toml:4:4: in `fixed`: no package is named `d`"
    );
    let place = "a package belongs to one group";
    assert_eq!(
        error("[packages]\nfixed = [['a', 'cargo/a']]\n"),
        format!("config.toml:2:16: `cargo/a` stands twice in this group: {place}")
    );
    assert_eq!(
        error("[packages]\nfixed = [['a'], ['a']]\n"),
        format!("config.toml:2:18: `cargo/a` stands in two groups of `fixed`: {place}")
    );
    assert_eq!(
        error("[packages]\nfixed = [['a']]\nlinked = [['b', 'a']]\n"),
        format!("config.toml:3:17: `cargo/a` stands in `fixed` and in `linked`: {place}")
    );
}

#[test]
fn broken_toml_is_an_error_with_its_place() {
    assert!(error("[git\n").starts_with("config.toml:1:5: "), "{}", error("[git\n"));
}

#[test]
fn values_are_checked_when_they_are_read() {
    assert_eq!(
        error("version = 2\n"),
        "config.toml:1:11: `version = 2` is a configuration format that this version does not know; expected 1"
    );
    assert_eq!(
        error("[git]\ntag_format = 'v{versoin}'\n"),
        "config.toml:2:14: `v{versoin}` is not a tag format: unknown placeholder `{versoin}`; known are `{ecosystem}`, `{package_name}` and `{version}`"
    );
    assert_eq!(
        error("[github]\nrepository = 'https://github.com/a/b'\n"),
        "config.toml:2:14: `https://github.com/a/b` is not a repository: expected `OWNER/REPOSITORY`"
    );
    assert_eq!(
        error("[distribute]\ntargets = ['x86_64-linux']\n"),
        "config.toml:2:12: `x86_64-linux` is not a target triple: expected something like `x86_64-unknown-linux-gnu`; did you mean `x86_64-unknown-linux-gnu`?"
    );
    assert_eq!(
        error("[distribute]\nstall_timeout = 'soon'\n"),
        "config.toml:2:17: `soon` is not a duration such as `90s` or `10m`: expected number at 0"
    );
}

#[test]
fn an_unknown_template_variable_is_an_error_with_its_place() {
    let text = error("[distribute.archive]\nname = '{{ crate }}-{{ taget }}'\n");
    assert!(text.starts_with("config.toml:2:8: unknown variable `taget` in the template"), "{text}");
    assert!(text.contains("did you mean `target`?"), "{text}");
}

#[test]
fn a_backend_needs_a_type_and_its_common_keys_are_strict() {
    assert_eq!(
        error("[distribute.backends.web]\npath = 'x'\n"),
        "config.toml:1:1: the backend `web` needs a `type`, such as `type = \"github-release\"`"
    );
    assert_eq!(
        error("[distribute.backends.web]\ntype = 'directory'\nartifacts = ['archiv']\n"),
        "config.toml:3:14: unknown value `archiv` (did you mean `archive`?)"
    );
    assert_eq!(
        error("[distribute.backends.'a b']\ntype = 'directory'\n"),
        "config.toml:1:1: `a b` is not a backend name: use letters, digits, `-`, `_` and `.`"
    );
}

#[test]
fn backends_that_are_no_named_tables_are_refused() {
    let hint = "(name each one, as in `[distribute.backends.github]` with `type = \"github-release\"` below it)";
    let message = "`backends` must hold one table for each backend";
    let table = [
        ("[distribute]\nbackends = 'x'\n", "2:12"),
        ("[distribute]\nbackends = ['x']\n", "2:12"),
        ("[[distribute.backends]]\ntype = 'directory'\n", "1:1"),
    ];
    for (text, place) in table {
        assert_eq!(error(text), format!("config.toml:{place}: {message} {hint}"), "{text}");
    }
    let both = error("[distribute]\nbackends = 'x'\njobs = 0\n");
    assert!(both.contains(message) && both.contains("above 0"), "{both}");
    let text = error("[distribute.backends]\nweb = 'x'\n");
    assert_eq!(text, "config.toml:2:7: the backend `web` must be a table");
}

#[test]
fn the_keys_of_a_backends_own_type_are_read_with_their_place() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Own {
        path: String,
    }
    let config = parse("[distribute.backends.web]\ntype = 'directory'\npath = 'x'\nneeds = []\n").unwrap();
    assert_eq!(config.distribute.backends["web"].own::<Own>().unwrap().path, "x");
    let config = parse("[distribute.backends.web]\ntype = 'directory'\npaht = 'x'\n").unwrap();
    let error = config.distribute.backends["web"].own::<Own>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are 2 mistakes in the configuration\n  config.toml:1:1: missing field `path`\n  \
         config.toml:3:1: unknown key `paht` (did you mean `path`?)"
    );
}

#[test]
fn backends_that_need_each_other_or_nobody_are_refused() {
    let table =
        |name: &str, needs: &str| format!("[distribute.backends.{name}]\ntype = 'directory'\nneeds = ['{needs}']\n");
    assert_eq!(
        error(&(table("a", "b") + &table("b", "a"))),
        "config.toml:3:1: the backend `a` needs itself, by way of `b`"
    );
    assert_eq!(error(&table("a", "c")), "config.toml:3:10: no backend is named `c`; configured are: a");
}

#[test]
fn package_overrides_name_existing_backends_and_targets() {
    assert_eq!(
        error(
            "[distribute]\ntargets = ['x86_64-apple-darwin']\n[distribute.packages.'cargo/a']\noptional = ['aarch64-apple-darwin']\n"
        ),
        "config.toml:4:13: `aarch64-apple-darwin` is optional for `cargo/a` but not one of its targets"
    );
    assert_eq!(
        error("[distribute.backends.x]\ntype = 'directory'\n[distribute.packages.a]\nbackends = ['y']\n"),
        "config.toml:4:13: no backend is named `y`; configured are: x"
    );
}

#[test]
fn a_byte_order_mark_is_no_error() {
    assert!(parse("\u{feff}[git]\n").is_ok());
}

#[test]
fn a_time_limit_of_nothing_is_refused() {
    assert_eq!(error("[distribute]\nstall_timeout = '0s'\n"), "config.toml:2:17: this must be longer than nothing");
    assert!(parse("[distribute]\nmax_wait = '0s'\n").is_ok());
}
