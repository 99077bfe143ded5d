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
    ] {
        let backend = scene.backend(&format!("type = 'command'\nrun = 'true'\ncheck = '{check}'")).unwrap();
        let survey = backend.survey(&shipment, &backend.items(&shipment).unwrap()).await;
        match expected {
            None => assert_eq!(survey.unwrap().presences, [Presence::Absent, Presence::Absent]),
            Some(expected) => {
                let error = survey.unwrap_err();
                assert!(error.code == "check-failed" && error.message.starts_with(expected), "{error:?}");
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
