//! The exact text of every format, and what cannot be a matrix.

use std::path::{Path, PathBuf};

use super::*;
use crate::distribute::participant::participants;
use crate::workspace::{Ecosystem, Package, PackageId, Workspace};

fn package(name: &str, binaries: &[&str]) -> Package {
    Package {
        id: PackageId::new(Ecosystem::Cargo, name),
        version: Some("1.2.0".into()),
        manifest: PathBuf::from("/w/crates").join(name).join("Cargo.toml"),
        path: format!("crates/{name}"),
        publishable: true,
        registry: None,
        binaries: binaries.iter().map(|&name| name.to_owned()).collect(),
        dependencies: Vec::new(),
        metadata: Value::Null,
    }
}

fn release(package: &Package) -> Release {
    Release {
        package: package.id.clone(),
        version: "1.2.0".parse().unwrap(),
        tag: format!("{}-v1.2.0", package.id.name()),
        commit: None,
        commit_time: 0,
        path: package.path.clone(),
        notes: None,
        repository: None,
    }
}

fn render(
    config: &str,
    packages: Vec<Package>,
    grouping: Grouping,
    format: MatrixFormat,
) -> Result<String, SampoError> {
    let config = Config::parse(Path::new("config.toml"), config.to_owned()).unwrap();
    let releases: Vec<Release> = packages.iter().map(release).collect();
    let workspace = Workspace { root: "/w".into(), packages, cargo_target_directory: None };
    let participants = participants(&config, &workspace).unwrap();
    Matrix::new(&config, &participants, &releases, grouping)?.render(format)
}

fn github(config: &str, packages: Vec<Package>) -> Result<String, SampoError> {
    render(config, packages, Grouping::Package, MatrixFormat::Github)
}

const CONFIG: &str = "[distribute]\ntargets = ['aarch64-apple-darwin', 'x86_64-pc-windows-msvc']\n";

#[test]
fn an_entry_has_the_documented_keys_in_their_order() {
    let config = format!(
        "{CONFIG}[distribute.runners]\nx86_64-pc-windows-msvc = 'big-windows'\n\
         [distribute.matrix.x86_64-pc-windows-msvc]\nfeatures = ['static']\n"
    );
    assert_eq!(
        github(&config, vec![package("my-cli", &["admin", "my-cli"])]).unwrap(),
        concat!(
            r#"{"include":[{"package":"cargo/my-cli","crate":"my-cli","version":"1.2.0","tag":"my-cli-v1.2.0","#,
            r#""target":"aarch64-apple-darwin","os":"macos-15","artifact":"my-cli-aarch64-apple-darwin","#,
            r#""binaries":"admin my-cli","ext":"","path":"crates/my-cli"},"#,
            r#"{"package":"cargo/my-cli","crate":"my-cli","version":"1.2.0","tag":"my-cli-v1.2.0","#,
            r#""target":"x86_64-pc-windows-msvc","os":"big-windows","artifact":"my-cli-x86_64-pc-windows-msvc","#,
            r#""binaries":"admin my-cli","ext":".exe","path":"crates/my-cli","features":["static"]}]}"#
        )
    );
}

#[test]
fn nothing_to_build_is_empty_in_every_format_s_own_way() {
    let nothing = |format| render(CONFIG, vec![package("lib", &[])], Grouping::Package, format).unwrap();
    assert_eq!(nothing(MatrixFormat::Github), "");
    assert_eq!(nothing(MatrixFormat::Json), "[]");
    assert_eq!(
        nothing(MatrixFormat::Gitlab),
        "\"stages\": [\"build\"]\n\"nothing to build\": {\"stage\":\"build\",\"script\":[\"echo 'nothing to build'\"]}"
    );
}

#[test]
fn one_entry_per_target_carries_all_its_packages() {
    let packages = vec![package("a", &["a", "tool"]), package("b", &["b", "tool"])];
    let text = render(CONFIG, packages, Grouping::Target, MatrixFormat::Json).unwrap();
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(
        entries[0],
        json!({
            "packages": "cargo/a cargo/b", "crates": "a b", "target": "aarch64-apple-darwin", "os": "macos-15",
            "artifact": "aarch64-apple-darwin", "binaries": "a tool b", "ext": "",
        })
    );
}

#[test]
fn a_gitlab_pipeline_has_a_job_per_entry_and_its_own_keywords() {
    let config = format!(
        "{CONFIG}[distribute.runners]\naarch64-apple-darwin = 'mac'\n\
         [distribute.matrix.aarch64-apple-darwin]\nimage = 'x: y'\n"
    );
    let text = render(&config, vec![package("my-cli", &["my-cli"])], Grouping::Package, MatrixFormat::Gitlab).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[1],
        concat!(
            r#""build my-cli 1.2.0 aarch64-apple-darwin": {"stage":"build","tags":["mac"],"#,
            r#""variables":{"TARGET":"aarch64-apple-darwin","ARTIFACT":"my-cli-aarch64-apple-darwin"},"#,
            r#""script":["sampo distribute build --package cargo/my-cli --target aarch64-apple-darwin"],"#,
            r#""artifacts":{"paths":["dist/my-cli-aarch64-apple-darwin/"]},"image":"x: y"}"#
        )
    );
    assert!(!lines[2].contains("windows-2025"), "a label of GitHub's machines: {}", lines[2]);
}

#[test]
fn a_target_without_a_runner_is_an_error_with_the_line_to_add() {
    let config = "[distribute]\ntargets = ['s390x-unknown-linux-gnu']\n";
    let error = github(config, vec![package("a", &["a"])]).unwrap_err();
    assert_eq!(error.to_string(), "config.toml:1:2: no runner is known to build `s390x-unknown-linux-gnu`");
    assert!(error.hint().unwrap().ends_with("[distribute.runners]\ns390x-unknown-linux-gnu = \"ubuntu-24.04\""));
    assert!(render(config, vec![package("a", &["a"])], Grouping::Package, MatrixFormat::Gitlab).is_ok());
    let text = render(config, vec![package("a", &["a"])], Grouping::Package, MatrixFormat::Json).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()[0]["os"], "", "another CI system has its own machines");
}

#[test]
fn a_runner_is_suggested_that_fits_and_before_it_the_target_that_was_likely_meant() {
    let hint = |triple: &str| {
        let config = format!("[distribute]\ntargets = ['{triple}']\n");
        github(&config, vec![package("a", &["a"])]).unwrap_err().hint().unwrap()
    };
    let misspelt = hint("x86_64-unkown-linux-gnu");
    assert!(misspelt.starts_with("did you mean the target `x86_64-unknown-linux-gnu`? If not, name one"), "{misspelt}");
    assert!(hint("arm64ec-pc-windows-msvc").ends_with("arm64ec-pc-windows-msvc = \"windows-2025\""));
    assert!(hint("arm64e-apple-darwin").ends_with("arm64e-apple-darwin = \"macos-15\""));
}

#[test]
fn an_extra_key_may_not_overwrite_ours() {
    let config = format!("{CONFIG}[distribute.matrix.aarch64-apple-darwin]\nos = 'x'\n");
    let error = github(&config, vec![package("a", &["a"])]).unwrap_err();
    assert_eq!(error.to_string(), "config.toml:4:1: `os` is a key of every matrix entry and cannot be set");
}

#[test]
fn a_matrix_over_the_limit_names_the_way_out() {
    let packages: Vec<Package> = (0..129).map(|number| package(&format!("p{number:03}"), &["x"])).collect();
    let error = github(CONFIG, packages.clone()).unwrap_err();
    assert_eq!(error.code(), "matrix-too-large");
    assert_eq!(error.to_string(), "the build matrix has 258 jobs, and GitHub takes at most 256");
    assert!(error.hint().unwrap().contains("--group-by target"));
    assert!(render(CONFIG, packages.clone(), Grouping::Target, MatrixFormat::Github).is_ok());
    assert!(github(CONFIG, packages[..128].to_vec()).is_ok());
    assert!(render(CONFIG, packages, Grouping::Package, MatrixFormat::Json).is_ok(), "the limit is GitHub's");
}

#[test]
fn hostile_names_stay_values_on_one_line() {
    let mut hostile = package("a", &["a"]);
    hostile.path = "x\"}]}\nbuild-needed=true\n".into();
    let text = github(CONFIG, vec![hostile]).unwrap();
    assert_eq!(text.lines().count(), 1);
    let parsed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(parsed["include"][0]["path"], "x\"}]}\nbuild-needed=true\n");
}

#[test]
fn the_schema_demands_exactly_the_keys_that_entries_have() {
    for (grouping, index) in [(Grouping::Package, 0), (Grouping::Target, 1)] {
        let text = render(CONFIG, vec![package("my-cli", &["my-cli"])], grouping, MatrixFormat::Json).unwrap();
        let entries: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&text).unwrap();
        let mut keys: Vec<&str> = entries[0].keys().map(String::as_str).collect();
        let schema = schema();
        let required = &schema["properties"]["include"]["items"]["anyOf"][index]["required"];
        let mut required: Vec<&str> = required.as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
        keys.sort_unstable();
        required.sort_unstable();
        assert_eq!(keys, required);
    }
}
