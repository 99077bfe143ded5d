use serde_json::Value;

use super::*;
use crate::config::Config;
use crate::distribute::finding::Level;

/// The workflow of the README in short: nothing is to be said about it.
const SOUND: &str = r"
on:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  release:
    runs-on: ubuntu-24.04
    permissions:
      contents: write
    outputs:
      build-matrix: ${{ steps.matrix.outputs.build-matrix }}
    steps:
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0
      - run: sampo publish || [ $? -eq 2 ]
      - run: git push origin --tags
      - id: matrix
        run: sampo distribute matrix
  build:
    needs: release
    if: ${{ needs.release.outputs.build-matrix != '' }}
    runs-on: ${{ matrix.os }}
    strategy:
      fail-fast: false
      matrix: ${{ fromJson(needs.release.outputs.build-matrix) }}
    steps:
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0
      - run: sampo distribute build --target $TARGET
  distribute:
    needs: [release, build]
    if: ${{ !cancelled() && needs.release.outputs.build-matrix != '' }}
    runs-on: ubuntu-24.04
    permissions:
      contents: write
    steps:
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0
      - uses: actions/download-artifact@v8
        with:
          path: dist
      - run: sampo distribute --report report.json
        env:
          GITHUB_TOKEN: ${{ github.token }}
";

/// What is to be said about a workflow in a repository with this configuration.
fn judged_by(text: &str, config: &str, may_write: Option<bool>) -> Vec<(Check, Level)> {
    let config = Config::parse(Path::new("config.toml"), config.to_owned()).unwrap();
    let workflows = [Workflow::parse("release.yml", text).unwrap()];
    let surroundings = Surroundings::of(&config, "", true, &workflows, may_write);
    let findings = examine(&workflows[0], &surroundings);
    let problems = findings.into_iter().filter(|finding| finding.level != Level::Ok);
    problems.map(|finding| (finding.check, finding.level)).collect()
}

fn judged(text: &str) -> Vec<(Check, Level)> {
    judged_by(text, "", None)
}

/// What is said once `old` stands there as `new`.
fn with(old: &str, new: &str) -> Vec<(Check, Level)> {
    assert!(SOUND.contains(old), "{old}");
    judged(&SOUND.replacen(old, new, 1))
}

#[test]
fn a_sound_workflow_is_left_alone() {
    assert_eq!(judged(SOUND), []);
}

#[test]
fn the_examples_of_the_documentation_and_this_projects_own_workflow_are_sound() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut known = 0;
    for folder in ["docs/examples", ".github/workflows"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "yml") {
                let text = std::fs::read_to_string(&path).unwrap();
                known += usize::from(Workflow::parse("x.yml", &text).unwrap().uses_sampo());
                assert_eq!(judged(&text), [], "{}", path.display());
            }
        }
    }
    assert!(known > 3, "{known}");
}

#[test]
fn each_mistake_is_told_and_nothing_else() {
    use Check::*;
    use Level::{Error, Note, Warning};
    let push = "    permissions:\n      contents: write\n    outputs";
    let history = "        with:\n          fetch-depth: 0\n      - run: sampo publish";
    let tags = "        with:\n          fetch-depth: 0\n      - uses: actions/download";
    let table = [
        ("permissions of the job that pushes", push, "    outputs", WorkflowPermissions, Error),
        ("history", history, "      - run: sampo publish", WorkflowCheckout, Warning),
        ("some history", "fetch-depth: 0", "fetch-depth: 50", WorkflowCheckout, Warning),
        ("tags for the delivery", tags, "      - uses: actions/download", WorkflowCheckout, Note),
        (
            "credentials",
            "fetch-depth: 0",
            "fetch-depth: 0\n          persist-credentials: false",
            WorkflowPush,
            Warning,
        ),
        ("guard", "    if: ${{ needs.release.outputs.build-matrix != '' }}\n", "", WorkflowMatrix, Error),
        ("fail-fast", "      fail-fast: false\n", "", WorkflowFailFast, Warning),
        ("fail-fast said", "fail-fast: false", "fail-fast: true", WorkflowFailFast, Warning),
        ("folder", "path: dist", "path: artifacts", WorkflowArtifacts, Error),
        ("no folder", "        with:\n          path: dist\n", "", WorkflowArtifacts, Error),
        ("one folder", "path: dist", "path: dist\n          merge-multiple: true", WorkflowArtifacts, Warning),
        ("a machine that is gone", "ubuntu-24.04", "ubuntu-20.04", WorkflowRunners, Error),
        ("a machine that goes", "ubuntu-24.04", "ubuntu-22.04", WorkflowRunners, Warning),
        ("a machine that moves", "runs-on: ${{ matrix.os }}", "runs-on: macos-latest", WorkflowRunners, Warning),
        ("an action that moves", "checkout@v5", "checkout@main", WorkflowPins, Warning),
        ("an action without a version", "download-artifact@v8", "download-artifact", WorkflowPins, Warning),
        ("no token", "        env:\n          GITHUB_TOKEN: ${{ github.token }}\n", "", WorkflowCredentials, Warning),
    ];
    for (what, old, new, check, level) in table {
        assert_eq!(with(old, new), [(check, level)], "{what}");
    }
}

#[test]
fn what_amounts_to_the_same_is_left_alone() {
    let table = [
        ("path: dist", "path: ./dist/"),
        ("path: dist", "path: ${{ env.DIST }}"),
        ("path: dist", "path: built\n      - run: mv ./built/* dist/"),
        ("fetch-depth: 0", "fetch-depth: ${{ inputs.depth }}"),
        ("fetch-depth: 0", "fetch-depth: '0'"),
        ("runs-on: ubuntu-24.04", "runs-on: [self-hosted, linux]"),
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-latest"),
        ("fetch-depth: 0\n      - uses: actions/download", "fetch-tags: true\n      - uses: actions/download"),
        ("checkout@v5", "checkout@93cb6efe18208431cddfb8368fd83d5badbf9bfd"),
        ("    permissions:\n      contents: write\n    outputs", "    permissions: write-all\n    outputs"),
        ("needs.release.outputs.build-matrix != ''", "needs.release.outputs.build-needed == 'true'"),
        ("fail-fast: false", "fail-fast: ${{ inputs.hasty }}"),
        ("          GITHUB_TOKEN: ${{ github.token }}", "          GH_TOKEN: ${{ secrets.TOKEN }}"),
        ("run: sampo distribute --report", "run: GITHUB_TOKEN=$T sampo distribute --report"),
    ];
    for (old, new) in table {
        assert_eq!(with(old, new), [], "{new}");
    }
}

#[test]
fn a_matrix_that_is_handed_on_under_another_name_is_known() {
    let text = SOUND.replace("      build-matrix: ${{ steps", "      jobs: ${{ steps");
    let text = text.replace("needs.release.outputs.build-matrix", "needs.release.outputs.jobs");
    assert_eq!(judged(&text), []);
    let text = text.replacen("    if: ${{ needs.release.outputs.jobs != '' }}\n", "", 1);
    assert_eq!(judged(&text), [(Check::WorkflowMatrix, Level::Error)]);
}

#[test]
fn the_folder_is_that_of_the_configuration() {
    let config = "[distribute]\nartifacts_dir = './out/built'\n";
    assert_eq!(judged_by(SOUND, config, None), [(Check::WorkflowArtifacts, Level::Error)]);
    assert_eq!(judged_by(&SOUND.replace("path: dist", "path: out/built"), config, None), []);
}

#[test]
fn a_backend_with_a_token_of_its_own_needs_that_and_no_permission() {
    let config = "[distribute.backends.other]\ntype = 'github-release'\nrepository = 'acme/tap'\ntoken_env = 'TAP'\n";
    assert_eq!(judged_by(SOUND, config, None), [(Check::WorkflowCredentials, Level::Warning)]);
    let text = SOUND.replace("GITHUB_TOKEN: ${{ github.token }}", "TAP: ${{ secrets.TAP }}");
    let text = text.replace("    permissions:\n      contents: write\n    steps", "    steps");
    assert_eq!(judged_by(&text, config, None), []);
}

#[test]
fn without_a_word_in_the_file_the_settings_decide() {
    let text = SOUND.replace("permissions:\n  contents: read\n", "");
    let text = text.replace("    permissions:\n      contents: write\n", "");
    let said = |level| vec![(Check::WorkflowPermissions, level); 2];
    assert_eq!(judged_by(&text, "", None), said(Level::Note));
    assert_eq!(judged_by(&text, "", Some(false)), said(Level::Error));
    assert_eq!(judged_by(&text, "", Some(true)), []);
    let called = text.replace("on:\n  push:\n    branches: [main]", "on: workflow_call");
    assert_eq!(judged_by(&called, "", Some(false)), said(Level::Note));
}

#[test]
fn the_mode_auto_opens_pull_requests() {
    let text = |permissions: &str, input: &str| {
        format!(
            "on: push\npermissions: {permissions}\njobs:\n  sampo:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: \
             actions/checkout@v5\n        with: {{ fetch-depth: 0 }}\n      - uses: \
             bruits/sampo/crates/sampo-github-action@v1\n        with: {{ {input} }}\n"
        )
    };
    let error = (Check::WorkflowPermissions, Level::Error);
    assert_eq!(judged(&text("{ contents: write, pull-requests: write }", "command: auto")), []);
    assert_eq!(judged(&text("{ contents: write }", "command: auto")), [error]);
    assert_eq!(judged(&text("{}", "")), [error, error]);
    assert_eq!(judged(&text("{}", "github-token: '${{ secrets.BOT }}'")), []);
    assert_eq!(judged(&text("{}", "dry-run: true")), []);
}

#[test]
fn a_workflow_without_sampo_is_none_of_ours() {
    let text = "on: push\njobs:\n  test:\n    runs-on: ubuntu-18.04\n    steps:\n      - uses: x/y@main\n      - run: git push\n";
    assert!(!Workflow::parse("ci.yml", text).unwrap().uses_sampo());
}

#[test]
fn files_of_any_content_are_read_or_told_and_never_worse() {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(FOLDER);
    std::fs::create_dir_all(workflows.join("folder.yml")).unwrap();
    let bomb: String =
        (1..60).map(|n| format!("a{n}: &a{n} [*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0}]\n", n - 1)).collect();
    let hostile = [
        ("anchors.yml", format!("a0: &a0 [x,x]\n{bomb}").into_bytes()),
        ("binary.yml", (0..=255).cycle().take(4096).collect()),
        ("cycle.yml", b"a: &a [*a]\n".to_vec()),
        ("deep.yml", [vec![b'['; 100_000], vec![b']'; 100_000]].concat()),
        ("long.yaml", vec![b'x'; 10 * 1024 * 1024]),
        ("tag.yml", b"jobs: !!python/object:os.system x\nx: [\n".to_vec()),
        ("twice.yml", b"jobs: {}\njobs: {}\n".to_vec()),
    ];
    for (name, contents) in &hostile {
        std::fs::write(workflows.join(name), contents).unwrap();
    }
    std::fs::write(workflows.join("release.yml"), SOUND).unwrap();
    std::fs::write(workflows.join("notes.txt"), "no workflow").unwrap();
    let files = read(folder.path());
    let unread: Vec<&str> = files.unread.iter().filter_map(|finding| finding.subject.as_deref()).collect();
    let mut expected: Vec<&str> = hostile.iter().map(|(name, _)| *name).chain(["folder.yml"]).collect();
    expected.sort_unstable();
    assert_eq!(unread, expected);
    assert_eq!(files.workflows.len(), 1);
}

#[test]
fn values_of_another_form_than_expected_are_as_if_they_were_not_there() {
    let strange = [
        "",
        "null",
        "[]",
        "jobs: 1",
        "jobs: [a]",
        "jobs: { a: null }",
        "jobs: { a: { steps: { run: x } } }",
        "jobs: { a: { steps: [1, null, [], { uses: [], run: {}, with: [] }], runs-on: { labels: 1 }, if: [] } }",
        "on: 1\npermissions: 1\nenv: 1\njobs: { a: { permissions: [], strategy: 1, outputs: 1, env: x } }",
    ];
    for text in strange {
        let workflow = Workflow::parse("x.yml", text).unwrap();
        assert!(!workflow.uses_sampo(), "{text}");
    }
    let odd = "jobs: { a: { steps: [{ run: sampo distribute, env: [] }, { uses: actions/checkout }], strategy: [], runs-on: 7 } }";
    assert!(judged(odd).iter().all(|(_, level)| *level <= Level::Warning));
    assert_eq!(Workflow::parse("x.yml", odd).unwrap().jobs[0].matrix, Value::Null);
}
