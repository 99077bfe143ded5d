//! The one way in which child processes are run: no terminal input, bounded output, killed with their children.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::error::Diagnose;
use crate::secret::{Redactor, token_variables};
use crate::shell::{Invocation, Shell};

mod output;
mod posix_shell;
pub mod search;

use output::{Capture, LineListener};
pub use output::{last_lines, last_words};
use posix_shell::posix_shell;

/// How much of each output stream is kept by default, in bytes, counted from its end.
const DEFAULT_CAPTURE: usize = 1024 * 1024;
/// How long grandchildren may hold the output open after the child itself has ended.
const LINGER: Duration = Duration::from_secs(2);
/// How long a child that is to end has for cleaning up, before it is killed.
const GRACE: Duration = Duration::from_secs(2);
#[cfg(unix)]
const SIGTERM: i32 = 15;

/// A command to run, built up step by step and run with [`Command::run`].
#[derive(Clone)]
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    /// What Windows gets at the end of the command line as it is; elsewhere one more argument.
    raw: Option<OsString>,
    label: String,
    folder: Option<PathBuf>,
    environment: Vec<(OsString, Option<OsString>)>,
    timeout: Option<Duration>,
    cancellation: Option<CancellationToken>,
    redactor: Redactor,
    listener: Option<LineListener>,
    kept: usize,
    is_plain: bool,
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
    /// The folder that it was to run in is none.
    #[error("`{}` is not a folder, so that `{label}` cannot run there", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
        /// The command, shortened.
        label: String,
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
    #[error("`{label}` was stopped after {} without an end{}", humantime::format_duration(*timeout), with_output(output))]
    TimedOut {
        /// The command, shortened.
        label: String,
        /// The limit.
        timeout: Duration,
        /// The end of what it printed.
        output: String,
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
            Self::NoFolder { .. } => "no-folder",
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
            Self::Start { program, source } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some(format!("make `{program}` executable"))
            }
            Self::NoFolder { .. } => Some("make it, or correct the name".into()),
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
            raw: None,
            label,
            folder: None,
            environment: Vec::new(),
            timeout: None,
            cancellation: None,
            redactor: Redactor::default(),
            listener: None,
            kept: DEFAULT_CAPTURE,
            is_plain: false,
        }
    }

    /// A line for a POSIX shell. On Windows the `sh` of Git for Windows runs it, as in GitHub's `shell: bash`.
    pub fn shell(line: &str) -> Self {
        Self::in_shell(Shell::Sh, line)
    }

    /// A line for `shell`.
    pub fn in_shell(shell: Shell, line: &str) -> Self {
        let Invocation { program, options, line: argument, is_raw } = shell.invocation(line);
        let program = if shell == Shell::Sh { posix_shell() } else { program.into() };
        let mut command = Self::new(program, options);
        if is_raw {
            command.raw = Some(argument.into());
        } else {
            command.arguments.push(argument.into());
        }
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

    /// Adds what `environment` has and this process has not.
    #[must_use]
    pub fn adding(self, environment: &Environment) -> Self {
        environment.added().fold(self, |command, (name, value)| command.env(name, value))
    }

    /// Keeps Sampo's own credentials from the child.
    #[must_use]
    pub fn without_tokens(self) -> Self {
        token_variables().into_iter().fold(self, Self::without_env)
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
        self.kept = bytes;
        self
    }

    /// Takes everything that only a terminal understands, such as colours, out of what is captured or heard.
    #[must_use]
    pub fn as_plain_text(mut self) -> Self {
        self.is_plain = true;
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
    /// With a timeout or a cancellation the child gets a process group (on Windows a job) of its own, so that its
    /// children end with it: on Unix they are asked to, and killed if they do not. Dropping the future kills them at once.
    pub async fn run(&self) -> Result<Output, ProcessError> {
        let mut child = Running(self.spawn()?);
        let (stdout, stderr) = (self.listen(), self.listen());
        let (out, err) = (child.0.stdout().take(), child.0.stderr().take());
        let reading = async { tokio::join!(stdout.read(out), stderr.read(err)) };
        tokio::pin!(reading);
        // Output must be read while waiting, or a talkative child would block on a full pipe.
        let mut is_read = false;
        let ended = {
            let waiting = child.0.wait();
            tokio::pin!(waiting);
            let (late, cancelled) = (self.deadline(), self.cancelled());
            tokio::pin!(late, cancelled);
            loop {
                tokio::select! {
                    status = &mut waiting => break Ended::Itself(status),
                    _ = &mut reading, if !is_read => is_read = true,
                    () = &mut late => break Ended::Late,
                    () = &mut cancelled => break Ended::Cancelled,
                }
            }
        };
        let label = self.label.clone();
        match ended {
            Ended::Itself(Ok(status)) => {
                // What a grandchild that lives on may still say is not waited for; what was said is kept.
                if !is_read {
                    let _ = tokio::time::timeout(LINGER, reading).await;
                }
                Ok(Output { status, stdout: stdout.text(), stderr: stderr.text() })
            }
            Ended::Itself(Err(source)) => Err(ProcessError::Lost { label, source }),
            Ended::Late | Ended::Cancelled => {
                let rest = async {
                    if !is_read {
                        reading.await;
                    }
                };
                child.ask_to_end(rest).await;
                match ended {
                    Ended::Cancelled => Err(ProcessError::Cancelled { label }),
                    _ => {
                        let timeout = self.timeout.unwrap_or_default();
                        Err(ProcessError::TimedOut {
                            label,
                            timeout,
                            output: last_words(&stderr.text(), &stdout.text()),
                        })
                    }
                }
            }
        }
    }

    fn listen(&self) -> Capture {
        Capture::new(self.kept, self.is_plain, self.redactor.clone(), self.listener.clone())
    }

    async fn deadline(&self) {
        match self.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    }

    async fn cancelled(&self) {
        match &self.cancellation {
            Some(token) => token.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Runs it, and takes any exit status but 0 as an error that carries the end of its output.
    pub async fn run_to_success(&self) -> Result<Output, ProcessError> {
        let output = self.run().await?;
        if output.status.success() {
            return Ok(output);
        }
        let said = last_words(&output.stderr, &output.stdout);
        Err(ProcessError::Failed { label: self.label.clone(), status: output.status, output: said })
    }

    fn spawn(&self) -> Result<Box<dyn ChildWrapper>, ProcessError> {
        let mut command = CommandWrap::with_new(&self.program, |command| {
            command.args(&self.arguments);
            if let Some(raw) = &self.raw {
                #[cfg(windows)]
                command.raw_arg(raw);
                #[cfg(not(windows))]
                command.arg(raw);
            }
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
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
        command.spawn().map_err(|source| match &self.folder {
            // The system says the same of a program that is missing and of a folder that is.
            Some(folder) if !folder.is_dir() => {
                ProcessError::NoFolder { folder: folder.clone(), label: self.label.clone() }
            }
            _ => ProcessError::Start { program: self.program.to_string_lossy().into_owned(), source },
        })
    }
}

/// A child that does not outlive its handle.
struct Running(Box<dyn ChildWrapper>);

impl Running {
    /// Lets the child and its children clean up, for a while; `rest` is what they still say. Dropping this kills
    /// whoever is left.
    async fn ask_to_end(&mut self, rest: impl Future<Output = ()>) {
        #[cfg(unix)]
        if self.0.signal(SIGTERM).is_ok() {
            let ended = async { tokio::join!(self.0.wait(), rest) };
            let _ = tokio::time::timeout(GRACE, ended).await;
        }
        #[cfg(not(unix))]
        drop(rest);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to kill.
        let _ = self.0.start_kill();
    }
}

enum Ended {
    Itself(io::Result<ExitStatus>),
    Late,
    Cancelled,
}

impl fmt::Debug for Command {
    /// Without the environment, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("label", &self.label).field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
#[path = "process/process_tests.rs"]
mod tests;
