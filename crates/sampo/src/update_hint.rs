//! The hint at a newer version, at the end of a command that somebody watches.

use std::io::{self, IsTerminal};

use sampo_core::clock;
use sampo_core::environment::Environment;
use sampo_core::update::UpdateCheck;
use tokio::runtime::Runtime;

use crate::exit::HINT;
use crate::print;

/// The question for a newer version, if it may be asked.
pub struct UpdateHint(Option<UpdateCheck>);

impl UpdateHint {
    /// Asks in the background, if today nobody has asked yet.
    pub fn begin(runtime: &Runtime) -> Self {
        let environment = Environment::of_process();
        let check = io::stderr().is_terminal().then(|| check(&environment)).flatten();
        if let (Some(check), Ok(now)) = (check.clone(), clock::now(&environment))
            && check.is_due(now)
        {
            runtime.spawn(async move { check.ask(now).await });
        }
        Self(check)
    }

    /// Shows what is known by now.
    pub fn show(&self) {
        if let Some(newer) = self.0.as_ref().and_then(UpdateCheck::newer) {
            let running = env!("CARGO_PKG_VERSION");
            print::note(format_args!(
                "{HINT}hint:{HINT:#} sampo {newer} is there, this is {running} (SAMPO_NO_UPDATE_CHECK=1 stops this)"
            ));
        }
    }
}

fn check(environment: &Environment) -> Option<UpdateCheck> {
    UpdateCheck::new(environment, env!("CARGO_PKG_VERSION").parse().ok()?)
}
