//! The one way in which child processes are run: no terminal input, bounded output, killed with their children.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio_util::sync::CancellationToken;

use crate::error::Diagnose;
use crate::secret::{Redactor, TOKEN_VARIABLES};

/// How much of each output stream is kept by default, in bytes, counted from its end.
const DEFAULT_CAPTURE: usize = 1024 * 1024;
/// A single line longer than this, and than what is captured, is cut, so that a child cannot fill the memory without
/// a line break.
const LONGEST_LINE: usize = 64 * 1024;
/// How long grandchildren may hold the output open after the child itself has ended.
const LINGER: Duration = Duration::from_secs(2);

/// Hears each line of output as it comes.
type LineListener = Arc<dyn Fn(&str) + Send + Sync>;

/// A command to run, built up step by step and run with [`Command::run`].
#[derive(Clone)]
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    label: String,
    folder: Option<PathBuf>,
    environment: Vec<(OsString, Option<OsString>)>,
    timeout: Option<Duration>,
    cancellation: Option<CancellationToken>,
    redactor: Redactor,
    listener: Option<LineListener>,
    capture: usize,
}

/// What a command left behind.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// The end of its standard output, secrets replaced; invalid UTF-8 is replaced too.
    pub stdout: String,
    /// The end of its standard error, likewise.
    pub stderr: String,
}

/// A command could not be run to its end, or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It ended with another status than 0.
    #[error("`{label}` failed ({status}){}", with_output(output))]
    Failed {
        /// The command, shortened.
        label: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it printed.
        output: String,
    },
    /// It did not end in time and was killed.
    #[error("`{label}` was stopped after {} s without an end", timeout.as_secs_f32())]
    TimedOut {
        /// The command, shortened.
        label: String,
        /// The limit.
        timeout: Duration,
    },
    /// The run was cancelled and the command killed.
    #[error("`{label}` was stopped because the run was cancelled")]
    Cancelled {
        /// The command, shortened.
        label: String,
    },
    /// Its end or output could not be read.
    #[error("lost contact with `{label}`")]
    Lost {
        /// The command, shortened.
        label: String,
        /// Why.
        source: io::Error,
    },
}

fn with_output(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(":\n{output}") }
}

impl Diagnose for ProcessError {
    fn code(&self) -> &'static str {
        match self {
            Self::Start { .. } => "tool-missing",
            Self::Failed { .. } | Self::Lost { .. } => "command-failed",
            Self::TimedOut { .. } => "timeout",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Start { program, source } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!("install `{program}` or add its folder to PATH"))
            }
            _ => None,
        }
    }
}

impl Command {
    /// A program with its arguments, run without a shell.
    pub fn new<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: impl IntoIterator<Item = A>) -> Self {
        let program = program.as_ref().to_owned();
        let arguments: Vec<OsString> = arguments.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let words = std::iter::once(&program).chain(arguments.iter().take(2));
        let label = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        Self {
            program,
            arguments,
            label,
            folder: None,
            environment: Vec::new(),
            timeout: None,
            cancellation: None,
            redactor: Redactor::default(),
            listener: None,
            capture: DEFAULT_CAPTURE,
        }
    }

    /// A line for a POSIX shell. On Windows the `sh` of Git for Windows runs it, as in GitHub's `shell: bash`.
    pub fn shell(line: &str) -> Self {
        let mut command = Self::new(posix_shell(), ["-c", line]);
        command.label = line.lines().next().unwrap_or_default().chars().take(80).collect();
        command
    }

    /// Adds an argument at the end.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Runs it in `folder`.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), Some(value.into())));
        self
    }

    /// Keeps an inherited environment variable from the child.
    #[must_use]
    pub fn without_env(mut self, name: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), None));
        self
    }

    /// Keeps Sampo's own credentials from the child.
    #[must_use]
    pub fn without_tokens(self) -> Self {
        TOKEN_VARIABLES.iter().fold(self, Self::without_env)
    }

    /// Kills it with all its children once it has run for `timeout`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Kills it with all its children once `cancellation` fires.
    #[must_use]
    pub fn cancelled_by(mut self, cancellation: CancellationToken) -> Self {
        self.cancellation = Some(cancellation);
        self
    }

    /// Keeps these secrets out of everything that is captured or heard.
    #[must_use]
    pub fn redacted_by(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Hears each line of both output streams as it comes, without its line ending.
    #[must_use]
    pub fn on_line(mut self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Keeps at most the last `bytes` of each output stream instead of the default 1 MiB.
    #[must_use]
    pub fn capture(mut self, bytes: usize) -> Self {
        self.capture = bytes;
        self
    }

    /// How the command is named in messages; by default its first words.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Runs it to its end, whatever its exit status.
    ///
    /// Dropping the future kills the child. With a timeout or a cancellation the child gets a process group (on
    /// Windows a job) of its own, so that its children end with it.
    pub async fn run(&self) -> Result<Output, ProcessError> {
        let mut child = self.spawn()?;
        let stdout = child.stdout().take();
        let stderr = child.stderr().take();
        let reading = async { tokio::join!(self.read(stdout), self.read(stderr)) };
        tokio::pin!(reading);

        let deadline = async {
            match self.timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let cancelled = async {
            match &self.cancellation {
                Some(token) => token.cancelled().await,
                None => std::future::pending().await,
            }
        };

        // Output must be read while waiting, or a talkative child would block on a full pipe.
        let mut captured = None;
        let ended = {
            let waiting = child.wait();
            tokio::pin!(waiting, deadline, cancelled);
            loop {
                tokio::select! {
                    status = &mut waiting => break Ended::Itself(status),
                    output = &mut reading, if captured.is_none() => captured = Some(output),
                    () = &mut deadline => break Ended::Late,
                    () = &mut cancelled => break Ended::Cancelled,
                }
            }
        };
        let label = || self.label.clone();
        match ended {
            Ended::Itself(Ok(status)) => {
                let (stdout, stderr) = match captured {
                    Some(output) => output,
                    None => tokio::time::timeout(LINGER, reading).await.unwrap_or_default(),
                };
                Ok(Output { status, stdout, stderr })
            }
            Ended::Itself(Err(source)) => Err(ProcessError::Lost { label: label(), source }),
            Ended::Late => {
                self.kill(child).await;
                Err(ProcessError::TimedOut { label: label(), timeout: self.timeout.unwrap_or_default() })
            }
            Ended::Cancelled => {
                self.kill(child).await;
                Err(ProcessError::Cancelled { label: label() })
            }
        }
    }

    /// Runs it, and takes any exit status but 0 as an error that carries the end of its output.
    pub async fn run_to_success(&self) -> Result<Output, ProcessError> {
        let output = self.run().await?;
        if output.status.success() {
            return Ok(output);
        }
        let said = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
        Err(ProcessError::Failed { label: self.label.clone(), status: output.status, output: last_lines(said, 20) })
    }

    fn spawn(&self) -> Result<Box<dyn ChildWrapper>, ProcessError> {
        let mut command = CommandWrap::with_new(&self.program, |command| {
            command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            if let Some(folder) = &self.folder {
                command.current_dir(folder);
            }
            for (name, value) in &self.environment {
                match value {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
        });
        command.wrap(KillOnDrop);
        if self.timeout.is_some() || self.cancellation.is_some() {
            #[cfg(unix)]
            command.wrap(process_wrap::tokio::ProcessGroup::leader());
            #[cfg(windows)]
            command.wrap(process_wrap::tokio::JobObject);
        }
        command
            .spawn()
            .map_err(|source| ProcessError::Start { program: self.program.to_string_lossy().into_owned(), source })
    }

    async fn kill(&self, mut child: Box<dyn ChildWrapper>) {
        // It may have ended by itself in the meantime; then there is nothing left to kill.
        let _ = Box::into_pin(child.kill()).await;
    }

    async fn read(&self, stream: Option<impl AsyncRead + Unpin>) -> String {
        let Some(stream) = stream else { return String::new() };
        let mut lines = BufReader::new(stream);
        let mut kept = Tail::new(self.capture);
        let mut line = Vec::new();
        let longest = self.capture.max(LONGEST_LINE);
        while read_line(&mut lines, &mut line, longest).await {
            let text = self.redactor.redact(&String::from_utf8_lossy(&line));
            if let Some(listener) = &self.listener {
                listener(text.trim_end_matches('\r'));
            }
            kept.push(text);
            line.clear();
        }
        kept.into_text()
    }
}

enum Ended {
    Itself(io::Result<ExitStatus>),
    Late,
    Cancelled,
}

/// Reads up to the next line break or `longest` bytes; false at the end of the stream.
async fn read_line(stream: &mut (impl AsyncBufReadExt + Unpin), line: &mut Vec<u8>, longest: usize) -> bool {
    use tokio::io::AsyncReadExt;
    let read = stream.take(longest as u64).read_until(b'\n', line).await;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    matches!(read, Ok(bytes) if bytes > 0)
}

/// The last lines of a stream, up to a number of bytes.
struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
    limit: usize,
}

impl Tail {
    fn new(limit: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, limit }
    }

    fn push(&mut self, line: String) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line);
        while self.bytes > self.limit && self.lines.len() > 1 {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len() + 1);
        }
    }

    fn into_text(self) -> String {
        let mut text = String::with_capacity(self.bytes);
        for line in self.lines {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// The last `count` lines of `text`, without blank ones at its end.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(not(windows))]
fn posix_shell() -> OsString {
    "sh".into()
}

/// The `sh` that comes with Git for Windows. A bare `bash` may be that of WSL, which sees other paths.
#[cfg(windows)]
fn posix_shell() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|folder| folder.join("git.exe").is_file())
        .flat_map(|folder| [folder.join("../bin/sh.exe"), folder.join("../usr/bin/sh.exe")])
        .find(|shell| shell.is_file())
        .map_or_else(|| "sh".into(), PathBuf::into_os_string)
}

impl fmt::Debug for Command {
    /// Without the environment, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("label", &self.label).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Whether `program` is a file in a folder of `PATH`.
pub fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| {
        let candidate: &Path = &folder.join(program);
        candidate.is_file() || (cfg!(windows) && candidate.with_extension("exe").is_file())
    })
}

#[cfg(all(test, unix))]
mod tests {
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
    async fn cancellation_ends_the_command() {
        let token = CancellationToken::new();
        let command = Command::new("sleep", ["30"]).cancelled_by(token.clone());
        token.cancel();
        assert!(matches!(command.run().await, Err(ProcessError::Cancelled { .. })));
    }

    #[tokio::test]
    async fn endless_output_without_a_line_break_is_bounded() {
        let output = Command::shell("head -c 3000000 /dev/zero | tr '\\0' x").capture(100_000).run().await.unwrap();
        assert!(output.stdout.len() <= 100_000 + LONGEST_LINE, "{}", output.stdout.len());
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
    async fn a_missing_program_is_named_with_the_fix() {
        let error = Command::new("no-such-program-here", [""; 0]).run().await.unwrap_err();
        assert_eq!(error.code(), "tool-missing");
        assert!(error.hint().unwrap().contains("no-such-program-here"));
    }
}
