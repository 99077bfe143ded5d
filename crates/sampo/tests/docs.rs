//! What the documentation shows is true: configurations are read, commands are understood, links lead somewhere.

#[path = "docs/commands.rs"]
mod commands;
#[path = "docs/markdown.rs"]
mod markdown;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use markdown::{examples, files_below, pages, root};
use sampo_core::config::Config;
use sampo_core::distribute::backend::BackendType;
use sampo_core::distribute::report::Report;
use serde_json::Value;

/// The languages of examples; all but `text` are checked.
const LANGUAGES: &[&str] = &["toml", "sh", "yaml", "json", "text"];

fn read_configuration(place: &str, text: &str) -> Config {
    let config = Config::parse(Path::new(place), text.to_owned()).unwrap_or_else(|error| panic!("{error}"));
    for table in config.distribute.backends.values() {
        let checked = BackendType::find(table).and_then(|kind| (kind.check)(table));
        checked.unwrap_or_else(|error| panic!("{error}"));
    }
    config
}

fn read_yaml(place: &str, text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}"))
}

/// Every script in a workflow: the values of these keys, wherever they stand.
fn scripts(yaml: &Value) -> Vec<String> {
    match yaml {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("run", Value::String(script)) => vec![script.clone()],
                ("script" | "before_script", Value::Array(lines)) => {
                    lines.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                _ => scripts(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(scripts).collect(),
        _ => Vec::new(),
    }
}

/// The scripts of all examples and of this project's own workflows, with their places.
fn all_scripts() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        examples("sh").into_iter().map(|example| (example.place, example.text)).collect();
    for example in examples("yaml") {
        let yaml = read_yaml(&example.place, &example.text);
        all.extend(scripts(&yaml).into_iter().map(|script| (example.place.clone(), script)));
    }
    for folder in [".github", "docs/examples"] {
        for path in files_below(&root().join(folder), "yml") {
            let place = path.display().to_string();
            let yaml = read_yaml(&place, &fs::read_to_string(&path).expect("a workflow"));
            all.extend(scripts(&yaml).into_iter().map(|script| (place.clone(), script)));
        }
    }
    all
}

#[test]
fn every_example_says_what_it_is_written_in() {
    for example in pages().iter().flat_map(markdown::Page::examples) {
        let (place, language) = (&example.place, &example.language);
        assert!(LANGUAGES.contains(&language.as_str()), "{place}: `{language}` is none of {LANGUAGES:?}");
    }
}

#[test]
fn every_configuration_is_read_by_the_real_reader() {
    for example in examples("toml") {
        match &example.title {
            None => drop(read_configuration(&example.place, &example.text)),
            Some(_) => {
                let table: Result<toml::Table, _> = example.text.parse();
                table.unwrap_or_else(|error| panic!("{}: {error}", example.place));
            }
        }
    }
}

#[test]
fn data_in_examples_can_be_read() {
    for example in examples("json") {
        let value: Result<Value, _> = serde_json::from_str(&example.text);
        let value = value.unwrap_or_else(|error| panic!("{}: {error}", example.place));
        if value.get("deliveries").is_some() {
            let report: Result<Report, _> = serde_json::from_value(value);
            report.unwrap_or_else(|error| panic!("{}: {error}", example.place));
        }
    }
    for example in examples("yaml") {
        read_yaml(&example.place, &example.text);
    }
}

#[test]
fn a_workflow_on_a_page_is_the_one_in_its_file() {
    let titled: Vec<_> = examples("yaml").into_iter().filter(|example| example.title.is_some()).collect();
    assert!(!titled.is_empty());
    for example in titled {
        let title = example.title.expect("a title");
        let file = fs::read_to_string(root().join(&title)).unwrap_or_else(|error| panic!("{title}: {error}"));
        let shown = file.replace("\r\n", "\n").contains(&example.text);
        assert!(shown, "{}: that is not what stands in `{title}`", example.place);
    }
}

#[test]
fn every_whole_workflow_is_explained() {
    let page = pages().into_iter().find(|page| page.path == "docs/ci.md").expect("the page on CI");
    for path in files_below(&root().join("docs/examples"), "yml") {
        let link = path.strip_prefix(root().join("docs")).expect("a file of the documentation");
        let link = link.to_string_lossy().replace('\\', "/");
        assert!(page.links().iter().any(|(_, to)| *to == link), "`{link}` is not linked from {}", page.path);
    }
}

#[test]
fn one_version_of_the_action_is_named_everywhere() {
    let files = files_below(&root().join("docs/examples"), "yml");
    let workflows = files.iter().map(|path| fs::read_to_string(path).expect("a workflow"));
    let texts: String = workflows.chain(pages().iter().map(|page| page.text().to_owned())).collect();
    let version = |rest: &str| rest.split(|c: char| !c.is_ascii_digit() && c != '.').next().map(str::to_owned);
    let named: BTreeSet<String> = texts.split("sampo-github-action-v").skip(1).filter_map(version).collect();
    let versions: Vec<&str> = named.iter().map(String::as_str).filter(|version| !version.is_empty()).collect();
    assert_eq!(versions.len(), 1, "{versions:?}");
}

#[cfg(unix)]
#[test]
fn every_script_is_accepted_by_the_shell() {
    for (place, script) in all_scripts() {
        // What GitHub fills in before the shell sees it.
        let script = script.replace("${{", "{{");
        let output = std::process::Command::new("sh").args(["-n", "-c", &script]).output().expect("a shell");
        assert!(output.status.success(), "{place}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_command_is_understood() {
    let mut checker = commands::Checker::new();
    let in_text = pages().iter().flat_map(markdown::Page::inline_code).collect::<Vec<_>>();
    for (place, script) in all_scripts().into_iter().chain(in_text) {
        checker.check(&place, &script);
    }
    assert!(checker.calls > 50, "only {} calls were found", checker.calls);
}

#[test]
fn calls_are_found_wherever_they_stand_in_a_script() {
    let script = "A=1 sampo release --dry-run # look\nsampo publish || [ $? -eq 2 ]\necho sampo\nsampo release \\\n  --plan x > log";
    let words = |call: &str| call.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(commands::calls("here", script), ["release --dry-run", "publish", "release --plan x"].map(words));
}

#[test]
fn every_local_link_leads_somewhere() {
    let pages = pages();
    let anchors: BTreeMap<&str, Vec<String>> = pages.iter().map(|page| (page.path.as_str(), page.anchors())).collect();
    let root = root();
    for page in &pages {
        for (place, link) in page.links() {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = root.join(&page.path).parent().expect("a page has a folder").to_owned();
            let target = if file.is_empty() { root.join(&page.path) } else { folder.join(file) };
            // On Windows a real path looks different, so that both sides are made real.
            let target = target.canonicalize().unwrap_or_else(|error| panic!("{place}: `{link}`: {error}"));
            if !anchor.is_empty() {
                let path = target
                    .strip_prefix(root.canonicalize().expect("the repository"))
                    .expect("a file of the repository")
                    .to_string_lossy()
                    .replace('\\', "/");
                let known = &anchors[path.as_str()];
                assert!(known.iter().any(|heading| heading == anchor), "{place}: `{link}`: there is {known:?}");
            }
        }
    }
}

#[test]
fn every_key_of_the_configuration_is_described() {
    let is_configuration = |(name, _): &(&str, Value)| *name == "config.schema.json";
    let (_, mut schema) = sampo_core::schema::all().into_iter().find(is_configuration).expect("its schema");
    let mut keys = BTreeSet::from(["backends".to_owned()]);
    let types = schema["properties"]["distribute"]["properties"]["backends"].take();
    collect_keys(&schema, &mut keys);
    let types = types["additionalProperties"]["oneOf"].as_array().expect("the types of backends");
    let keys_of = |backend: &Value| -> BTreeSet<String> {
        backend["properties"].as_object().expect("keys").keys().cloned().collect()
    };
    let common = types.iter().map(keys_of).reduce(|common, keys| &common & &keys).expect("a type of backend");
    assert!(keys.contains("check_platform") && common.contains("needs"), "{keys:?} {common:?}");
    assert_described(&(&keys | &common), "docs/configuration.md");
    for backend in types {
        let name = backend["properties"]["type"]["const"].as_str().expect("the name of a type");
        assert_described(&(&keys_of(backend) - &common), &format!("docs/backends/{name}.md"));
    }
}

fn collect_keys(schema: &Value, keys: &mut BTreeSet<String>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        keys.insert(key.clone());
        collect_keys(inner, keys);
    }
    for inner in ["additionalProperties", "items"].iter().filter_map(|keyword| schema.get(keyword)) {
        collect_keys(inner, keys);
    }
}

/// A key is described by a row of a table, by a heading, or by an example in running text.
fn assert_described(keys: &BTreeSet<String>, path: &str) {
    let page = pages().into_iter().find(|page| page.path == path).unwrap_or_else(|| panic!("`{path}` is missing"));
    let describes = |line: &str, key: &str| {
        let cell = line.strip_prefix("| ").and_then(|row| row.split(" | ").next()).unwrap_or_default();
        cell.contains(&format!("`{key}`"))
            || (line.starts_with('#') && (line.contains(&format!("[{key}]")) || line.contains(&format!(".{key}"))))
            || line.contains(&format!("`{key} = "))
    };
    let missing: Vec<&String> =
        keys.iter().filter(|key| !page.text().lines().any(|line| describes(line, key))).collect();
    assert!(missing.is_empty(), "`{path}` does not describe {missing:?}");
}

#[test]
fn every_question_of_the_doctor_is_explained_and_no_other() {
    let is_diagnosis = |(name, _): &(&str, Value)| *name == "distribute-diagnosis.schema.json";
    let (_, schema) = sampo_core::schema::all().into_iter().find(is_diagnosis).expect("its schema");
    let names = schema["$defs"]["Check"]["oneOf"].as_array().expect("the checks").iter();
    let asked: BTreeSet<&str> = names.map(|name| name["const"].as_str().expect("a name")).collect();
    assert!(asked.contains("tags"), "{asked:?}");
    let pages = pages();
    let page = pages.iter().find(|page| page.path == "docs/doctor.md").expect("the page");
    let rows = page.text().lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let explained: BTreeSet<&str> = rows.map(|(name, _)| name).filter(|name| !LEVELS.contains(name)).collect();
    assert_eq!(explained, asked);
}

/// The rows of the other table on that page.
const LEVELS: &[&str] = &["ok", "note", "warning", "error"];

#[test]
fn every_error_code_is_explained_and_no_other() {
    let raised = raised_codes();
    assert!(raised.contains("config-invalid") && raised.contains("conflict"), "{raised:?}");
    let pages = pages();
    let page = pages.iter().find(|page| page.path == "docs/troubleshooting.md").expect("the page");
    let rows = page.text().lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let explained: BTreeSet<String> = rows.map(|(code, _)| code.to_owned()).collect();
    let missing: Vec<_> = raised.difference(&explained).collect();
    let stray: Vec<_> = explained.difference(&raised).collect();
    assert!(missing.is_empty() && stray.is_empty(), "not explained: {missing:?}; never raised: {stray:?}");
}

/// The literals that the sources use as codes of errors.
fn raised_codes() -> BTreeSet<String> {
    let crates = ["sampo-core", "sampo", "sampo-github-action"];
    let sources = crates.map(|name| files_below(&root().join(format!("crates/{name}/src")), "rs")).concat();
    let is_test = |path: &Path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        name.ends_with("_tests") || ["conformance", "scene", "driver", "fixtures"].contains(&&*name)
    };
    // Raised by its name only, by several backends.
    let mut codes = BTreeSet::from([sampo_core::distribute::backend::CHANGED_MEANWHILE.to_owned()]);
    for path in sources.iter().filter(|path| !is_test(path)) {
        let source = fs::read_to_string(path).expect("a source file");
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for body in source.split("fn code(&self)").skip(1) {
            let body = body.split("\n    }\n").next().unwrap_or_default();
            codes.extend(body.split('"').skip(1).step_by(2).map(str::to_owned));
        }
        for call in ["BackendError::new(", "BackendError::transient("] {
            let arguments = source.split(call).skip(1).filter_map(|arguments| arguments.split_once(','));
            codes.extend(arguments.filter_map(|(code, _)| code_of(code.trim(), source)));
        }
    }
    codes
}

/// The text of a code that is given as a literal, or as a constant of the same file.
fn code_of(code: &str, source: &str) -> Option<String> {
    let literal = match code.strip_prefix('"') {
        Some(literal) => literal,
        None => source.split_once(&format!("const {code}: &str = \""))?.1,
    };
    Some(literal.split_once('"')?.0.to_owned())
}

#[tokio::test]
async fn this_project_s_own_files_are_in_order() {
    let environment = sampo_core::environment::Environment::default();
    let project = sampo_core::project::Project::open(&root(), environment, &sampo_core::event::Silent).await.unwrap();
    let config = read_configuration(
        ".sampo/config.toml",
        &fs::read_to_string(root().join(".sampo/config.toml")).expect("the configuration"),
    );
    let participants = sampo_core::distribute::participant::participants(&config, &project.workspace).unwrap();
    let names: Vec<&str> = participants.iter().map(|participant| participant.id().name()).collect();
    assert_eq!(names, ["sampo", "sampo-github-action"]);
    let pending = sampo_core::changeset::Pending::read(&project.workspace, &config.changesets).unwrap();
    assert!(pending.without_message.is_empty(), "{:?}", pending.without_message);
}
