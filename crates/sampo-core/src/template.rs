//! Templates in the configuration: Jinja, strict, checked when they are read.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use minijinja::value::ValueKind;
use minijinja::{Environment, UndefinedBehavior};
use serde::{Deserialize, Deserializer};

use crate::shell::{Shell, Unquotable};
use crate::similar::nearest;

/// The variables that a template of one kind may use.
pub trait Scope {
    /// Their names.
    const VARIABLES: &'static [&'static str];
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident: [$($variable:literal),*];)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {}
        impl Scope for $name {
            const VARIABLES: &'static [&'static str] = &[
                "package", "package_id", "crate", "ecosystem", "version", "tag", "commit", "prerelease", "repository",
                $($variable),*
            ];
        }
    )*};
}

scopes! {
    /// One release: its package, version, tag and commit.
    ReleaseScope: [];
    /// One release on one target.
    TargetScope: ["target", "os", "arch", "ext"];
    /// One artifact of a release; `target` and what belongs to it are empty for an artifact of no target.
    ArtifactScope: ["target", "os", "arch", "ext", "artifact", "path", "sha256"];
}

/// A Jinja template whose variables all belong to `S`.
#[derive(Clone, PartialEq, Eq)]
pub struct Template<S> {
    source: String,
    scope: PhantomData<fn() -> S>,
}

/// A template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is not Jinja.
    #[error("the template `{source_text}` cannot be read: {reason}")]
    Syntax {
        /// The template.
        source_text: String,
        /// The parser's complaint.
        reason: String,
    },
    /// It uses a variable that does not exist here.
    #[error("unknown variable `{name}` in the template `{source_text}`; {}known here: {known}", did_you_mean(.nearest.as_deref()))]
    UnknownVariable {
        /// The template.
        source_text: String,
        /// The variable.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
        /// All variables that do exist, separated by commas.
        known: String,
    },
    /// It failed while being rendered.
    #[error("the template `{source_text}` cannot be rendered: {reason}")]
    Render {
        /// The template.
        source_text: String,
        /// What went wrong.
        reason: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default()
}

/// The values of a template's variables.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<&'static str, minijinja::Value>);

impl Variables {
    /// Sets `name`, replacing an earlier value.
    pub fn set(&mut self, name: &'static str, value: impl Into<minijinja::Value>) -> &mut Self {
        self.0.insert(name, value.into());
        self
    }
}

impl<S: Scope> Template<S> {
    /// Checks that `source` is a template and that every variable in it belongs to the scope.
    pub fn parse(source: impl Into<String>) -> Result<Self, TemplateError> {
        let source = source.into();
        let environment = environment(None);
        let template = environment
            .template_from_str(&source)
            .map_err(|error| TemplateError::Syntax { source_text: source.clone(), reason: error.to_string() })?;
        let mut unknown: Vec<String> = template
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| !S::VARIABLES.contains(&name.as_str()) && !is_builtin(&environment, name))
            .collect();
        unknown.sort_unstable();
        if let Some(name) = unknown.into_iter().next() {
            let nearest = nearest(&name, S::VARIABLES.iter().copied()).map(str::to_owned);
            let known = S::VARIABLES.join(", ");
            return Err(TemplateError::UnknownVariable { source_text: source, name, nearest, known });
        }
        Ok(Self { source, scope: PhantomData })
    }

    /// The text with every variable replaced by its value.
    pub fn render(&self, variables: &Variables) -> Result<String, TemplateError> {
        self.render_in(&environment(None), variables)
    }

    /// The text with every value quoted, so that `shell` takes each as one word whatever it contains.
    pub fn render_for_shell(&self, shell: Shell, variables: &Variables) -> Result<String, TemplateError> {
        self.render_in(&environment(Some(Box::new(move |value| quoted(shell, value)))), variables)
    }

    /// The text with every value escaped, so that a glob takes each literally.
    pub fn render_for_glob(&self, variables: &Variables) -> Result<String, TemplateError> {
        self.render_in(&environment(Some(Box::new(|value| Ok(glob::Pattern::escape(value))))), variables)
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it mentions `variable`.
    pub fn uses(&self, variable: &str) -> bool {
        environment(None)
            .template_from_str(&self.source)
            .is_ok_and(|template| template.undeclared_variables(false).contains(variable))
    }

    fn render_in(&self, environment: &Environment<'_>, variables: &Variables) -> Result<String, TemplateError> {
        environment
            .render_str(&self.source, &variables.0)
            .map_err(|error| TemplateError::Render { source_text: self.source.clone(), reason: error.to_string() })
    }
}

fn is_builtin(environment: &Environment<'_>, name: &str) -> bool {
    environment.globals().any(|(global, _)| global == name)
}

/// Makes a value harmless for what the rendered text is used as.
type Quote = Box<dyn Fn(&str) -> Result<String, minijinja::Error> + Send + Sync>;

fn quoted(shell: Shell, value: &str) -> Result<String, minijinja::Error> {
    let refused = |error: Unquotable| minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string());
    shell.quote(value).map(std::borrow::Cow::into_owned).map_err(refused)
}

fn environment(quote: Option<Quote>) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(move |out, _state, value| {
        if value.is_undefined() {
            return Err(minijinja::Error::from(minijinja::ErrorKind::UndefinedError));
        }
        let text = text_of(value);
        let text = match &quote {
            Some(quote) => quote(&text)?,
            None => text,
        };
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    environment
}

/// `true` and `false` as shells, JSON and TOML write them; Jinja itself writes Python's `True` and `False`.
fn text_of(value: &minijinja::Value) -> String {
    match value.kind() {
        ValueKind::Bool => value.is_true().to_string(),
        _ => value.to_string(),
    }
}

impl<S: Scope> fmt::Debug for Template<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", self.source)
    }
}

impl<'de, S: Scope> Deserialize<'de> for Template<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(source).map_err(serde::de::Error::custom)
    }
}

impl<S: Scope> schemars::JsonSchema for Template<S> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let variables = S::VARIABLES.join(", ");
        schemars::json_schema!({
            "type": "string",
            "description": format!("A Jinja template; variables: {variables}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        variables.set("crate", "my-cli").set("version", "1.2.0").set("target", "it's $(rm) `x`");
        variables
    }

    #[test]
    fn every_value_is_one_word_in_a_shell_command() {
        let template = Template::<TargetScope>::parse("build {{ crate }} {{ target }}").unwrap();
        let command = template.render_for_shell(Shell::Sh, &variables()).unwrap();
        assert_eq!(shlex::split(&command).unwrap(), ["build", "my-cli", "it's $(rm) `x`"]);
    }

    #[test]
    fn every_value_is_literal_in_a_glob() {
        let mut values = variables();
        values.set("crate", "a[b]*");
        let glob = Template::<TargetScope>::parse("out/{{ crate }}/*").unwrap().render_for_glob(&values).unwrap();
        let pattern = glob::Pattern::new(&glob).unwrap();
        assert!(pattern.matches("out/a[b]*/x") && !pattern.matches("out/ab/x"));
    }

    #[test]
    fn conditions_and_filters_work_and_plain_rendering_does_not_escape() {
        let template =
            Template::<TargetScope>::parse("{% if os %}x{% endif %}{{ crate|upper }}-<{{ target }}>").unwrap();
        let mut values = variables();
        values.set("os", "");
        assert_eq!(template.render(&values).unwrap(), "MY-CLI-<it's $(rm) `x`>");
    }

    #[test]
    fn a_truth_value_is_written_as_shells_write_it_and_can_be_asked_for() {
        let source = "--pre={{ prerelease }}{% if prerelease %} --next{% endif %}{% if prerelease == false %} --stable{% endif %}";
        let template = Template::<ReleaseScope>::parse(source).unwrap();
        for (prerelease, text) in [(true, "--pre=true --next"), (false, "--pre=false --stable")] {
            let mut values = Variables::default();
            values.set("prerelease", prerelease);
            assert_eq!(template.render(&values).unwrap(), text);
            assert_eq!(template.render_for_shell(Shell::Sh, &values).unwrap(), text);
        }
    }

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_known_one() {
        let error = Template::<ReleaseScope>::parse("{{ versoin }}").unwrap_err().to_string();
        assert!(
            error.starts_with("unknown variable `versoin` in the template `{{ versoin }}`; did you mean `version`?"),
            "{error}"
        );
        assert!(Template::<ReleaseScope>::parse("{{ target }}").is_err(), "a variable of another scope");
    }

    #[test]
    fn broken_syntax_is_an_error_with_the_template_in_it() {
        let error = Template::<ReleaseScope>::parse("{{ version").unwrap_err().to_string();
        assert!(error.contains("{{ version"), "{error}");
    }
}
