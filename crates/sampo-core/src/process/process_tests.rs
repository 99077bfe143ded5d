//! Real children, and grandchildren.

use super::*;
use std::sync::Mutex;

#[tokio::test]
async fn output_is_captured_per_stream_and_heard_line_by_line() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let command = Command::shell("echo out; echo err >&2; exit 7")
        .on_line(move |line| listener.lock().unwrap().push(line.to_owned()));
    let output = command.run().await.unwrap();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str(), output.status.code()), ("out\n", "err\n", Some(7)));
    heard.lock().unwrap().sort();
    assert_eq!(*heard.lock().unwrap(), ["err", "out"]);
}

#[tokio::test]
async fn a_failure_carries_the_end_of_the_output_and_no_secret() {
    let command = Command::shell("echo the token is hunter22 >&2; exit 1")
        .redacted_by(Redactor::new([crate::secret::Secret::new("hunter22")]));
    let error = command.run_to_success().await.unwrap_err().to_string();
    assert!(error.ends_with("the token is ***") && !error.contains("hunter22\n"), "{error}");
}

#[tokio::test]
async fn a_timeout_kills_grandchildren_too() {
    let folder = tempfile::tempdir().unwrap();
    let command = Command::shell("(sleep 1; echo survived > proof) & sleep 30")
        .in_folder(folder.path())
        .timeout(Duration::from_millis(100));
    assert!(matches!(command.run().await, Err(ProcessError::TimedOut { .. })));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!folder.path().join("proof").exists());
}

#[tokio::test]
async fn what_ignores_the_request_to_end_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let stubborn = "trap '' TERM; (trap '' TERM; sleep 3; echo survived > proof) & echo waiting; sleep 30";
    let command = Command::shell(stubborn).in_folder(folder.path()).timeout(Duration::from_millis(100));
    let error = command.run().await.unwrap_err();
    assert!(matches!(&error, ProcessError::TimedOut { output, .. } if output == "waiting"), "{error}");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!folder.path().join("proof").exists());
}

#[tokio::test]
async fn what_is_told_to_end_may_clean_up_first() {
    let folder = tempfile::tempdir().unwrap();
    let tidy = "trap 'echo done > tidied; exit' TERM; sleep 30 & wait";
    let command = Command::shell(tidy).in_folder(folder.path()).timeout(Duration::from_millis(200));
    assert!(matches!(command.run().await, Err(ProcessError::TimedOut { .. })));
    assert!(folder.path().join("tidied").exists());
}

#[tokio::test]
async fn a_missing_folder_is_not_taken_for_a_missing_program() {
    let error = Command::shell("true").in_folder("/no/such/folder").run().await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("no-folder", "`/no/such/folder` is not a folder, so that `true` cannot run there")
    );
}

#[tokio::test]
async fn plain_text_has_nothing_that_a_terminal_would_act_on() {
    let line = r"printf '\033[31mred\033[0m \033]0;title\007 10%%\r 20%%\rdone\a\r\n\377\n'";
    let output = Command::shell(line).as_plain_text().run().await.unwrap();
    assert_eq!(output.stdout, "done\n\u{fffd}\n");
    assert!(Command::shell(line).run().await.unwrap().stdout.contains('\u{1b}'), "files are captured as they are");
}

#[tokio::test]
async fn cancellation_ends_the_command() {
    let token = CancellationToken::new();
    let command = Command::new("sleep", ["30"]).cancelled_by(token.clone());
    token.cancel();
    assert!(matches!(command.run().await, Err(ProcessError::Cancelled { .. })));
}

#[tokio::test]
async fn endless_output_without_a_line_break_is_bounded() {
    let output = Command::shell("head -c 3000000 /dev/zero | tr '\\0' x").capture(100_000).run().await.unwrap();
    assert!(output.stdout.len() <= 200_000, "{}", output.stdout.len());
}

#[tokio::test]
async fn a_long_line_that_fits_into_the_capture_stays_whole() {
    let output = Command::shell("head -c 300000 /dev/zero | tr '\\0' x").capture(usize::MAX).run().await.unwrap();
    assert_eq!(output.stdout, format!("{}\n", "x".repeat(300_000)));
}

#[tokio::test]
async fn a_background_process_does_not_hold_up_the_end() {
    let started = std::time::Instant::now();
    let output = Command::shell("sleep 20 & echo done").run().await.unwrap();
    assert!(output.status.success());
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn what_was_said_is_kept_although_a_grandchild_holds_the_output_open() {
    let output = Command::shell("echo the-reason >&2; sleep 20 & exit 1").run().await.unwrap();
    assert_eq!((output.stderr.as_str(), output.status.code()), ("the-reason\n", Some(1)));
}

#[tokio::test]
async fn dropping_the_future_kills_grandchildren_too() {
    let folder = tempfile::tempdir().unwrap();
    let command = Command::shell("(sleep 1; echo survived > proof) & sleep 30")
        .in_folder(folder.path())
        .timeout(Duration::from_secs(30));
    assert!(tokio::time::timeout(Duration::from_millis(200), command.run()).await.is_err());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!folder.path().join("proof").exists());
}

#[tokio::test]
async fn a_missing_program_is_named_with_the_fix() {
    let error = Command::new("no-such-program-here", [""; 0]).run().await.unwrap_err();
    assert_eq!(error.code(), "tool-missing");
    assert!(error.hint().unwrap().contains("no-such-program-here"));
}
