//! What a step does with Sampo, told by its action or its script. Dry runs do nothing.

use super::model::{Values, is_expression};

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::distribute::doctor) enum Role {
    /// Prepares pull requests, and publishes when there is nothing to prepare.
    Auto,
    /// Changes versions and changelogs.
    Release,
    /// Publishes packages and makes tags, and pushes them if it is the Action.
    Publish,
    /// Finds out what is to be built.
    Plan,
    /// Builds.
    Build,
    /// Delivers.
    Distribute,
    /// Looks at destinations, or does anything else that changes nothing.
    Look,
    /// Pushes to the repository with the credentials of the checkout.
    Push,
}

/// The name of the Action's folder, and of its program.
const ACTION: &str = "sampo-github-action";

/// Words before a program's name that mean something else than starting it.
const MENTIONS: &[&str] = &["echo", "printf", "install", "binstall", "add", "which", "command", "--package", "-p"];

/// What a step does.
pub(super) fn roles(uses: Option<&str>, run: Option<&str>, with: &Values) -> Vec<Role> {
    let by_action = uses.and_then(|uses| of_action(uses, with));
    let by_script = run.into_iter().flat_map(commands).flat_map(|words| of_command(&words));
    by_action.into_iter().flatten().chain(by_script).collect()
}

/// The Action pushes what it makes.
fn of_action(uses: &str, with: &Values) -> Option<Vec<Role>> {
    let action = uses.split_once('@').map_or(uses, |(action, _)| action).trim_end_matches('/');
    if !action.ends_with(ACTION) {
        return None;
    }
    let is_dry = with.get("dry-run").is_some_and(|value| matches!(value.as_str(), "true" | "1"));
    let mode = with.get("command").or_else(|| with.get("mode")).map_or("auto", |mode| mode.trim());
    Some(match mode {
        _ if is_dry || is_expression(mode) => vec![Role::Look],
        mode => of_mode(mode),
    })
}

fn of_mode(mode: &str) -> Vec<Role> {
    match mode {
        "auto" | "automatic" => vec![Role::Auto, Role::Push],
        "release" => vec![Role::Release],
        "publish" => vec![Role::Publish, Role::Push],
        "plan" => vec![Role::Plan],
        "distribute" => vec![Role::Distribute],
        _ => vec![Role::Look],
    }
}

/// The commands of a script as words, roughly: quotes are dropped, and what is quoted is taken apart.
fn commands(script: &str) -> Vec<Vec<&str>> {
    let mut commands: Vec<Vec<&str>> = vec![Vec::new()];
    for line in script.split('\n') {
        let mut is_continued = false;
        for word in line.split_whitespace() {
            if word.starts_with('#') {
                break;
            }
            is_continued = word == "\\";
            let is_end = matches!(word, "&&" | "||" | "|" | ";" | "&") || word.ends_with(';');
            let word = word.trim_matches(|c: char| "\"'`$();\\".contains(c));
            if !word.is_empty() && !matches!(word, "&&" | "||" | "|" | "&") {
                commands.last_mut().expect("one was put there").push(word);
            }
            if is_end {
                commands.push(Vec::new());
            }
        }
        if !is_continued {
            commands.push(Vec::new());
        }
    }
    commands.retain(|words| !words.is_empty());
    commands
}

fn of_command(words: &[&str]) -> Vec<Role> {
    let is_program = |word: &str, name: &str| {
        let file = word.rsplit(['/', '\\']).next().unwrap_or_default();
        file.strip_suffix(".exe").unwrap_or(file) == name
    };
    let started = |name: &str| {
        let at = words.iter().position(|word| is_program(word, name))?;
        let is_mentioned = words[..at].iter().any(|word| MENTIONS.contains(word)) && !words[at..].contains(&"--");
        (!is_mentioned).then_some(&words[at + 1..])
    };
    if words.contains(&"--dry-run") {
        return vec![Role::Look];
    }
    if let Some(arguments) = started("sampo") {
        return of_arguments(arguments).into_iter().collect();
    }
    if let Some(arguments) = started(ACTION) {
        let mode = arguments.iter().skip_while(|word| **word != "--mode").nth(1);
        return mode.map(|mode| of_mode(mode)).unwrap_or_default();
    }
    let pushes = started("git").is_some_and(|arguments| arguments.contains(&"push"));
    // An address of its own has credentials of its own.
    let has_address = words.iter().any(|word| word.contains("://"));
    if pushes && !has_address { vec![Role::Push] } else { Vec::new() }
}

fn of_arguments(arguments: &[&str]) -> Option<Role> {
    let mut words = arguments.iter().skip_while(|word| word.starts_with('-'));
    match (*words.next()?, words.next().copied()) {
        ("publish", _) => Some(Role::Publish),
        ("release", _) => Some(Role::Release),
        ("distribute", Some("matrix")) => Some(Role::Plan),
        ("distribute", Some("build")) => Some(Role::Build),
        ("distribute", Some("verify" | "status" | "doctor" | "init")) => Some(Role::Look),
        ("distribute", _) => Some(Role::Distribute),
        ("add" | "status" | "pre" | "init", _) => Some(Role::Look),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_script(script: &str) -> Vec<Role> {
        roles(None, Some(script), &Values::new())
    }

    #[test]
    fn a_script_is_known_by_the_commands_in_it() {
        let table: &[(&str, &[Role])] = &[
            ("sampo publish || [ $? -eq 2 ]", &[Role::Publish]),
            ("git config user.name x\nsampo -v publish\ngit push origin --tags", &[Role::Publish, Role::Push]),
            ("sampo distribute matrix", &[Role::Plan]),
            ("sampo distribute build --package \"$PACKAGE\"", &[Role::Build]),
            ("sampo distribute --report report.json", &[Role::Distribute]),
            ("SAMPO_RELEASE_BRANCH=main ./bin/sampo distribute", &[Role::Distribute]),
            ("sampo \\\n  distribute \\\n  matrix", &[Role::Plan]),
            ("cargo run --package sampo -- distribute", &[Role::Distribute]),
            ("out=$(sampo distribute matrix)", &[]),
            ("sampo distribute verify && sampo distribute", &[Role::Look, Role::Distribute]),
            ("sampo-github-action --mode publish", &[Role::Publish, Role::Push]),
            ("sampo publish --dry-run", &[Role::Look]),
            ("# sampo publish", &[]),
            ("echo sampo publish", &[]),
            ("cargo install --locked --git https://github.com/bruits/sampo sampo", &[]),
            ("cargo test --package sampo release", &[]),
            ("git push https://x:$TOKEN@github.com/acme/app main", &[]),
            ("", &[]),
        ];
        for (script, expected) in table {
            assert_eq!(of_script(script), *expected, "{script}");
        }
    }

    #[test]
    fn the_action_is_known_by_its_name_and_its_mode() {
        let of = |uses: &str, with: &[(&str, &str)]| {
            let with = with.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            roles(Some(uses), None, &with)
        };
        let action = "bruits/sampo/crates/sampo-github-action@v1";
        assert_eq!(of(action, &[]), [Role::Auto, Role::Push]);
        assert_eq!(of(action, &[("command", "publish")]), [Role::Publish, Role::Push]);
        assert_eq!(of("./crates/sampo-github-action", &[("mode", "distribute")]), [Role::Distribute]);
        assert_eq!(of(action, &[("mode", "publish"), ("dry-run", "true")]), [Role::Look]);
        assert_eq!(of(action, &[("mode", "${{ inputs.mode }}")]), [Role::Look]);
        assert_eq!(of("actions/checkout@v5", &[]), []);
    }
}
