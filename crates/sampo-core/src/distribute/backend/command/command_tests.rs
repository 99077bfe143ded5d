//! Real commands in a real shell.

use super::*;
use crate::distribute::backend::conformance::conforms;
use crate::distribute::backend::scene::Scene;

/// Puts artifacts into a folder `there`, and knows what is in it.
const KEYS: &str = r#"
type = "command"
run = "mkdir -p there && cp {{ path }} there/{{ artifact }}"
check = "cmp -s {{ path }} there/{{ artifact }}"
"#;

async fn deliver(scene: &Scene, keys: &str) -> Result<Receipt, BackendError> {
    let backend = scene.backend(keys).unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    let items = backend.items(&shipment).unwrap();
    backend.deliver(&shipment, &items[0], &Presence::Unknown, &Progress::default()).await
}

#[tokio::test]
async fn it_keeps_the_promises_of_a_backend() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    conforms(&*backend, &scene.two_artifacts("1.2.0")).await;
    assert_eq!(std::fs::read_to_string(scene.root().join("there/my-cli-mac.tar.gz")).unwrap(), "mac");
}

#[tokio::test]
async fn without_a_check_nobody_knows_what_is_there() {
    let scene = Scene::new();
    let backend = scene.backend("type = 'command'\nrun = 'true'").unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    let survey = backend.survey(&shipment, &backend.items(&shipment).unwrap()).await.unwrap();
    assert_eq!(survey.presences, [Presence::Unknown, Presence::Unknown]);
}

#[tokio::test]
async fn a_check_that_did_not_run_is_an_error_and_not_an_answer() {
    let scene = Scene::new();
    let shipment = scene.two_artifacts("1.2.0");
    for (check, expected) in [
        ("exit 1", None),
        ("no-such-program-anywhere", Some("`check` ended with status 127")),
        ("exit 126", Some("`check` ended with status 126")),
        ("kill -9 $$", Some("`check` was ended by a signal: 9")),
        ("exit 75", Some("`check` ended with status 75")),
    ] {
        let backend = scene.backend(&format!("type = 'command'\nrun = 'true'\ncheck = '{check}'")).unwrap();
        let survey = backend.survey(&shipment, &backend.items(&shipment).unwrap()).await;
        match expected {
            None => assert_eq!(survey.unwrap().presences, [Presence::Absent, Presence::Absent]),
            Some(expected) => {
                let error = survey.unwrap_err();
                assert!(error.code == "check-failed" && error.message.starts_with(expected), "{error:?}");
                assert_eq!(error.is_retryable(), check == "exit 75");
            }
        }
    }
}

#[tokio::test]
async fn the_environment_tells_everything_about_the_artifact() {
    let scene = Scene::new();
    let keys = "type = 'command'\nrun = 'env | grep ^SAMPO_ | sort > env.txt; echo $GREETING >> env.txt'\nenv = { GREETING = 'hello {{ version }}' }";
    deliver(&scene, keys).await.unwrap();
    let root = scene.root().display();
    let text = std::fs::read_to_string(scene.root().join("env.txt")).unwrap();
    let expected = format!(
        "SAMPO_ARTIFACT={root}/built/my-cli-linux.tar.gz\n\
         SAMPO_ARTIFACT_KIND=archive\n\
         SAMPO_ARTIFACT_NAME=my-cli-linux.tar.gz\n\
         SAMPO_ARTIFACT_SHA256={}\n\
         SAMPO_BACKEND=x\n\
         SAMPO_COMMIT=0123456789abcdef0123456789abcdef01234567\n\
         SAMPO_CRATE=my-cli\n\
         SAMPO_ECOSYSTEM=cargo\n\
         SAMPO_PACKAGE=cargo/my-cli\n\
         SAMPO_TAG=my-cli-v1.2.0\n\
         SAMPO_TARGET=x86_64-unknown-linux-gnu\n\
         SAMPO_VERSION=1.2.0\n\
         hello 1.2.0\n",
        crate::distribute::checksum::Digest::of("linux"),
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn once_for_a_release_it_gets_a_list_of_all_artifacts() {
    let scene = Scene::new();
    let backend =
        scene.backend("type = 'command'\nper = 'release'\nrun = 'cp \"$SAMPO_ARTIFACTS\" list.json'").unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    let items = backend.items(&shipment).unwrap();
    assert_eq!(items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["my-cli-v1.2.0"]);
    backend.deliver(&shipment, &items[0], &Presence::Unknown, &Progress::default()).await.unwrap();
    let list: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(scene.root().join("list.json")).unwrap()).unwrap();
    assert_eq!(list[1]["name"], "my-cli-mac.tar.gz");
    assert_eq!(list[1]["target"], "aarch64-apple-darwin");
}

#[tokio::test]
async fn status_75_and_a_timeout_may_be_tried_again_and_nothing_else() {
    let scene = Scene::new();
    let error = deliver(&scene, "type = 'command'\nrun = 'exit 75'").await.unwrap_err();
    assert!(error.is_retryable());
    let error = deliver(&scene, "type = 'command'\nrun = 'sleep 30'\ntimeout = '100ms'").await.unwrap_err();
    assert_eq!((error.code, error.is_retryable()), ("timeout", true));
    let error = deliver(&scene, "type = 'command'\nrun = 'echo the reason >&2; exit 1'").await.unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!(error.message, "the command ended with status 1: the reason");
}

#[tokio::test]
async fn tokens_reach_only_a_command_that_asked_and_never_the_output() {
    let mut scene = Scene::new();
    scene.environment = [("GITHUB_TOKEN", "ghp_secret_1"), ("MY_TOKEN", "secret_2")].into_iter().collect();
    let run = "run = 'echo \"token: $GITHUB_TOKEN $MY_TOKEN\"; exit 1'";
    let error = deliver(&scene, &format!("type = 'command'\npass_env = ['GITHUB_TOKEN', 'MY_TOKEN']\n{run}")).await;
    assert_eq!(error.unwrap_err().message, "the command ended with status 1: token: *** ***");
    let events = scene.recorder.events().join("\n");
    assert!(events.contains("token: *** ***") && !events.contains("secret_"), "{events}");
}

#[tokio::test]
async fn a_variable_to_pass_on_that_is_not_set_is_an_error_with_its_name() {
    let error = deliver(&Scene::new(), "type = 'command'\nrun = 'true'\npass_env = ['MY_TOKEN']").await.unwrap_err();
    assert_eq!(error.code, "credentials-missing");
    assert!(error.message.contains("`MY_TOKEN`"));
}

#[tokio::test]
async fn a_value_with_blanks_and_quotes_is_one_word_for_the_command() {
    let scene = Scene::new();
    let backend = scene.backend("type = 'command'\nrun = 'printf %s {{ artifact }} > name.txt'").unwrap();
    let shipment = scene.shipment("1.2.0", vec![scene.artifact("it's $HOME.zip", None, "x")]);
    let items = backend.items(&shipment).unwrap();
    backend.deliver(&shipment, &items[0], &Presence::Unknown, &Progress::default()).await.unwrap();
    assert_eq!(std::fs::read_to_string(scene.root().join("name.txt")).unwrap(), "it's $HOME.zip");
}

#[tokio::test]
async fn what_a_command_said_before_its_time_was_up_is_told() {
    let keys = "type = 'command'\nrun = 'echo connecting; sleep 30'\ntimeout = '200ms'";
    let error = deliver(&Scene::new(), keys).await.unwrap_err();
    assert_eq!(error.message, "`echo connecting; sleep 30` was stopped after 200ms without an end:\nconnecting");
}

#[tokio::test]
async fn endless_strange_output_is_shown_plainly_and_kept_in_part() {
    let scene = Scene::new();
    let run = r#"run = '''printf '\033[2J\377<\r'; head -c 5000000 /dev/zero | tr '\0' x; exit 1'''"#;
    let error = deliver(&scene, &format!("type = 'command'\n{run}")).await.unwrap_err();
    assert!(error.message.starts_with("the command ended with status 1: …xxx") && error.message.len() < 5000);
    assert!(!scene.recorder.events().concat().contains("\\u{1b}"));
}

#[tokio::test]
async fn what_cannot_be_started_says_what_to_mend() {
    for (keys, code, hint) in [
        ("run = ['no-such-program-here']", "tool-missing", "install `no-such-program-here` or add its folder to PATH"),
        ("run = ['/']", "tool-missing", "make `/` executable"),
        ("run = 'true'\nworking_directory = 'nowhere'", "no-folder", "make it, or correct the name"),
        (
            "run = 'no-such-program-here'",
            "command-failed",
            "with this status a shell says that there is no such program: is it installed, and on PATH?",
        ),
        ("run = 'cp {{ artifact }} x'\nshell = 'cmd'", "tool-missing", "install `cmd` or add its folder to PATH"),
    ] {
        let error = deliver(&Scene::new(), &format!("type = 'command'\n{keys}")).await.unwrap_err();
        assert_eq!((error.code, error.hint.as_deref()), (code, Some(hint)), "{keys}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_missing_secret_is_found_before_the_first_delivery() {
    let mut scene = Scene::new();
    let keys = "type = 'command'\nrun = 'true'\npass_env = ['MY_TOKEN']";
    assert_eq!(scene.backend(keys).unwrap().check().await.unwrap_err().code, "credentials-missing");
    scene.environment = [("MY_TOKEN", "secret")].into_iter().collect();
    scene.backend(keys).unwrap().check().await.unwrap();
}

#[tokio::test]
async fn a_value_that_a_shell_cannot_be_given_is_an_error() {
    let scene = Scene::new();
    let backend = scene.backend("type = 'command'\nshell = 'cmd'\nrun = 'echo {{ artifact }}'").unwrap();
    let shipment = scene.shipment("1.2.0", vec![scene.artifact("100%.zip", None, "x")]);
    let items = backend.items(&shipment).unwrap();
    let error = backend.deliver(&shipment, &items[0], &Presence::Unknown, &Progress::default()).await.unwrap_err();
    assert!(error.code == "config-invalid" && error.message.contains("a percent sign"), "{error:?}");
}

#[test]
fn every_mistake_in_its_keys_is_told_at_once() {
    let keys = "type = 'command'\nper = 'release'\ntimeout = 'soon'\nchek = 'x'\nworking_directory = 1";
    let text = Scene::new().backend(keys).unwrap_err();
    let starts = [
        "config.toml:1:1: missing field `run`",
        "config.toml:4:11: `soon` is not",
        "config.toml:5:1: unknown key `chek`",
        "config.toml:6:21: expected",
    ];
    let lines: Vec<&str> = text.lines().skip(1).map(str::trim_start).collect();
    assert!(lines.len() == 4 && lines.iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{text}");
    let keys = "type = 'command'\nper = 'release'\nrun = '{{ path }}'\noutputs_url = 'https://{{ artifact }}'\n\
                env = { SAMPO_TAG = 'x' }\npass_env = ['A=B', '']";
    let text = Scene::new().backend(keys).unwrap_err();
    assert!(text.starts_with("there are 5 mistakes"), "{text}");
}

#[test]
fn a_shell_runs_what_is_written_for_it() {
    let mistake = |keys: &str| Scene::new().backend(&format!("type = 'command'\n{keys}")).map(drop);
    mistake("run = 'x'\nshell = 'pwsh'").unwrap();
    mistake("run = ['x']\ncheck = 'y'\nshell = 'powershell'").unwrap();
    assert_eq!(
        mistake("run = ['x']\nshell = 'pwsh'").unwrap_err(),
        "config.toml:4:1: `pwsh` has nothing to run: an array runs without a shell"
    );
    assert_eq!(
        mistake("run = \"a\\nb\"\nshell = 'cmd'").unwrap_err(),
        "config.toml:3:1: `cmd` runs no more than one line"
    );
    assert!(mistake("run = 'x'\nshell = 'fish'").unwrap_err().starts_with("config.toml:4:9: unknown value `fish`"));
}

#[test]
fn configuration_errors_have_their_line() {
    let scene = Scene::new();
    assert_eq!(scene.backend("type = 'command'").unwrap_err(), "config.toml:1:1: missing field `run`");
    assert_eq!(
        scene.backend("type = 'command'\nper = 'release'\nrun = 'upload {{ artifact }}'").unwrap_err(),
        "config.toml:4:1: `artifact` means nothing with `per = \"release\"`: the file in `SAMPO_ARTIFACTS` lists all artifacts"
    );
    assert!(
        scene.backend("type = 'command'\nrun = []").unwrap_err().starts_with("config.toml:3:7: the command must name")
    );
}
