//! The exact texts of configuration errors: they are what most users meet first.

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
fn a_wrong_type_is_an_error_with_its_place() {
    assert_eq!(
        error("[changelog]\nshow_release_date = 'yes'\n"),
        "config.toml:2:21: invalid type: string \"yes\", expected a boolean"
    );
    assert_eq!(
        error("[packages]\nfixed = ['a', 'b']\n"),
        "config.toml:2:10: invalid type: string \"a\", expected a sequence"
    );
    assert_eq!(
        error("[packages]\nbump_dependents = 'alway'\n"),
        "config.toml:2:19: unknown value `alway` (did you mean `always`?)"
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
        "config.toml:2:11: `x86_64-linux` is not a target triple: expected something like `x86_64-unknown-linux-gnu`; did you mean `x86_64-unknown-linux-gnu`?"
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
    assert_eq!(error.to_string(), "config.toml:3:1: unknown key `paht`");
    assert_eq!(error.hint().as_deref(), Some("did you mean `path`?"));
}

#[test]
fn backends_that_need_each_other_or_nobody_are_refused() {
    let table =
        |name: &str, needs: &str| format!("[distribute.backends.{name}]\ntype = 'directory'\nneeds = ['{needs}']\n");
    assert_eq!(
        error(&(table("a", "b") + &table("b", "a"))),
        "config.toml:3:1: the backend `a` needs itself, by way of `b`"
    );
    assert_eq!(error(&table("a", "c")), "config.toml:3:1: no backend is named `c`; configured are: a");
}

#[test]
fn package_overrides_name_existing_backends_and_targets() {
    assert_eq!(
        error(
            "[distribute]\ntargets = ['x86_64-apple-darwin']\n[distribute.packages.'cargo/a']\noptional = ['aarch64-apple-darwin']\n"
        ),
        "config.toml:4:1: `aarch64-apple-darwin` is optional for `cargo/a` but not one of its targets"
    );
    assert_eq!(
        error("[distribute.backends.x]\ntype = 'directory'\n[distribute.packages.a]\nbackends = ['y']\n"),
        "config.toml:4:1: no backend is named `y`; configured are: x"
    );
}

#[test]
fn a_byte_order_mark_is_no_error() {
    assert!(parse("\u{feff}[git]\n").is_ok());
}
