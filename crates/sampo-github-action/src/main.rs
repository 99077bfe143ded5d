//! Sampo as a GitHub Action: inputs become requests of core, events become log lines and annotations, results outputs.

mod annotations;
mod distribute;
mod inputs;

use std::process::ExitCode;
use std::str::FromStr;

use clap::Parser;
use sampo_core::SampoError;
use sampo_core::environment::Environment;
use sampo_core::error::chain;

use inputs::Inputs;

/// Sampo as a GitHub Action.
///
/// Every input is read from the environment, as GitHub hands it over: `INPUT_` and the input's name in upper case.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// What to do; by default what the input `command` says.
    #[arg(long)]
    mode: Option<String>,
}

/// What the Action can do.
enum Mode {
    Distribute,
}

impl FromStr for Mode {
    type Err = anyhow::Error;

    fn from_str(mode: &str) -> anyhow::Result<Self> {
        match mode {
            "distribute" => Ok(Self::Distribute),
            "auto" | "automatic" | "plan" | "release" | "publish" | "verify" => {
                anyhow::bail!("the mode `{mode}` is not supported yet; supported is `distribute`")
            }
            other => anyhow::bail!("unknown mode `{other}`; supported is `distribute`"),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match run(arguments).await {
        Ok(code) => code,
        Err(error) => {
            let (text, hint) = match error.downcast_ref::<SampoError>() {
                Some(error) => (chain(error), error.hint()),
                None => (chain(error.as_ref()), None),
            };
            annotations::error(&text, hint.as_deref());
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let inputs = Inputs::new(Environment::of_process());
    let mode = arguments.mode.as_deref().or_else(|| inputs.get("mode")).or_else(|| inputs.get("command"));
    let mode = mode.ok_or_else(|| anyhow::anyhow!("no mode: pass `--mode distribute`, or set the input `command`"))?;
    match mode.parse()? {
        Mode::Distribute => distribute::run(&inputs).await,
    }
}
