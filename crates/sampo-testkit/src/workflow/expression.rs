//! GitHub's expressions, as far as workflows here use them. Whatever is not understood is a panic with its text, so that
//! nothing is ever silently empty.

use serde_json::Value;

use super::contexts::Contexts;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Literal(Value),
    /// `needs.build.outputs.x`.
    Path(Vec<String>),
    Call(String, Vec<Expression>),
    Not(Box<Expression>),
    Equal(Box<Expression>, Box<Expression>, bool),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

use Expression::{And, Call, Equal, Literal, Not, Or, Path};

/// Functions that tell how the job goes. A condition without one of them has `success()` in front.
const STATUS: [&str; 4] = ["success", "failure", "cancelled", "always"];

/// The value of a whole text: that of its expression, if there is nothing else in it.
pub(crate) fn value(text: &str, contexts: &Contexts) -> Value {
    match text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
        Some(inner) if !inner.contains("${{") => evaluate(&parse(inner), contexts),
        _ => Value::String(filled(text, contexts)),
    }
}

/// `text` with the values of its expressions.
pub(crate) fn filled(text: &str, contexts: &Contexts) -> String {
    let mut parts = text.split("${{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inner, rest) = part.split_once("}}").unwrap_or_else(|| panic!("`{text}` has no end"));
        filled = filled + &shown(&evaluate(&parse(inner), contexts)) + rest;
    }
    filled
}

/// Whether the condition of a job or step holds; without one, whether all before it has succeeded.
pub(crate) fn holds(condition: &Value, contexts: &Contexts) -> bool {
    let Some(text) = condition.as_str() else {
        assert!(condition.is_null(), "`{condition}` is no condition");
        return contexts.succeeds();
    };
    let inner = text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(text);
    let expression = parse(inner);
    (asks_for_status(&expression) || contexts.succeeds()) && is_true(&evaluate(&expression, contexts))
}

fn asks_for_status(expression: &Expression) -> bool {
    match expression {
        Literal(_) | Path(_) => false,
        Call(name, arguments) => STATUS.contains(&name.as_str()) || arguments.iter().any(asks_for_status),
        Not(inner) => asks_for_status(inner),
        Equal(left, right, _) | And(left, right) | Or(left, right) => asks_for_status(left) || asks_for_status(right),
    }
}

fn evaluate(expression: &Expression, contexts: &Contexts) -> Value {
    let value = |expression: &Expression| evaluate(expression, contexts);
    match expression {
        Literal(literal) => literal.clone(),
        Path(path) => contexts.get(path),
        Not(inner) => (!is_true(&value(inner))).into(),
        Equal(left, right, wanted) => (is_equal(&value(left), &value(right)) == *wanted).into(),
        And(left, right) => Some(value(left)).filter(|left| !is_true(left)).unwrap_or_else(|| value(right)),
        Or(left, right) => Some(value(left)).filter(is_true).unwrap_or_else(|| value(right)),
        Call(name, arguments) => {
            let values: Vec<Value> = arguments.iter().map(value).collect();
            call(name, &values, contexts)
        }
    }
}

fn call(name: &str, arguments: &[Value], contexts: &Contexts) -> Value {
    match (name, arguments) {
        ("always", []) => true.into(),
        ("success", []) => contexts.succeeds().into(),
        ("failure", []) => (!contexts.succeeds()).into(),
        // What is cancelled here is killed, and nothing follows it.
        ("cancelled", []) => false.into(),
        ("fromJson" | "fromJSON", [Value::String(text)]) => {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("fromJson('{text}'): {error}"))
        }
        ("contains", [Value::Array(items), item]) => items.iter().any(|known| is_equal(known, item)).into(),
        ("contains", [Value::String(text), item]) => text.to_lowercase().contains(&shown(item).to_lowercase()).into(),
        _ => panic!("the function `{name}` with {arguments:?} is not understood"),
    }
}

/// Texts are compared without their case, different types as numbers.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.to_lowercase() == right.to_lowercase(),
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => {
            panic!("{left} and {right} are not compared")
        }
        _ => number(left) == number(right),
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::String(text) if text.trim().is_empty() => 0.0,
        Value::String(text) => text.trim().parse().unwrap_or(f64::NAN),
        other => other.as_f64().unwrap_or(f64::NAN),
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// A value within a text.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => panic!("{value} is no text"),
    }
}

fn parse(text: &str) -> Expression {
    let mut parser = Parser { tokens: tokens(text), at: 0, text };
    let expression = parser.either();
    parser.expect(None);
    expression
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Literal(Value),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 11] = ["&&", "||", "!=", "==", "!", "(", ")", "[", "]", ",", "."];

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first == '\'' {
            quoted(rest)
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            let word = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
            assert!(!word.is_empty(), "`{text}` is not understood at `{rest}`");
            let literal = serde_json::from_str(word).ok().map(Token::Literal);
            (literal.unwrap_or_else(|| Token::Name(word.to_owned())), word.len())
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// A text in quotes, of which two stand for one; and how long it is in `rest`.
fn quoted(rest: &str) -> (Token, usize) {
    let mut end = 1;
    loop {
        end += rest[end..].find('\'').unwrap_or_else(|| panic!("`{rest}` has no end")) + 1;
        if !rest[end..].starts_with('\'') {
            return (Token::Literal(rest[1..end - 1].replace("''", "'").into()), end);
        }
        end += 1;
    }
}

struct Parser<'t> {
    tokens: Vec<Token>,
    at: usize,
    text: &'t str,
}

impl Parser<'_> {
    fn either(&mut self) -> Expression {
        let mut left = self.both();
        while self.takes("||") {
            left = Or(left.into(), self.both().into());
        }
        left
    }

    fn both(&mut self) -> Expression {
        let mut left = self.comparison();
        while self.takes("&&") {
            left = And(left.into(), self.comparison().into());
        }
        left
    }

    fn comparison(&mut self) -> Expression {
        let left = self.single();
        for (symbol, wanted) in [("==", true), ("!=", false)] {
            if self.takes(symbol) {
                return Equal(left.into(), self.single().into(), wanted);
            }
        }
        left
    }

    fn single(&mut self) -> Expression {
        if self.takes("!") {
            return Not(self.single().into());
        }
        if self.takes("(") {
            let inner = self.either();
            self.expect(Some(")"));
            return inner;
        }
        match self.next() {
            Some(Token::Literal(literal)) => Literal(literal),
            Some(Token::Name(name)) if self.takes("(") => Call(name, self.arguments()),
            Some(Token::Name(name)) => self.path(name),
            other => panic!("`{}` is not understood at {other:?}", self.text),
        }
    }

    fn arguments(&mut self) -> Vec<Expression> {
        let mut arguments = Vec::new();
        while !self.takes(")") {
            if !arguments.is_empty() {
                self.expect(Some(","));
            }
            arguments.push(self.either());
        }
        arguments
    }

    fn path(&mut self, root: String) -> Expression {
        let mut path = vec![root];
        while self.takes(".") {
            match self.next() {
                Some(Token::Name(name)) => path.push(name),
                other => panic!("`{}` is not understood at {other:?}", self.text),
            }
        }
        Path(path)
    }

    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let is_there = matches!(self.tokens.get(self.at), Some(Token::Symbol(found)) if *found == symbol);
        self.at += usize::from(is_there);
        is_there
    }

    /// The symbol, or the end.
    fn expect(&mut self, symbol: Option<&str>) {
        let found = self.next();
        let is_right = match (&found, symbol) {
            (Some(Token::Symbol(found)), Some(symbol)) => *found == symbol,
            (None, None) => true,
            _ => false,
        };
        assert!(is_right, "`{}` is not understood at {found:?}", self.text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contexts() -> Contexts {
        let mut contexts = Contexts::default();
        contexts.set("inputs", json!({ "run-id": "", "from": "github", "flag": "true" }));
        contexts
            .set("needs", json!({ "build": { "result": "skipped", "outputs": { "matrix": "{\"include\":[1]}" } } }));
        contexts.set("secrets", json!({}));
        contexts
    }

    #[test]
    fn values_are_those_that_github_gives() {
        for (text, expected) in [
            ("${{ inputs.from }}", json!("github")),
            ("a ${{ inputs.from }}-${{ inputs.run-id }}b", json!("a github-b")),
            ("${{ inputs.run-id == '' && inputs.from || '' }}", json!("github")),
            ("${{ inputs.run-id != '' && inputs.from || 'it''s' }}", json!("it's")),
            ("${{ fromJson(needs.build.outputs.matrix) }}", json!({ "include": [1] })),
            ("${{ contains(fromJson('[\"success\", \"skipped\"]'), needs.build.result) }}", json!(true)),
            ("${{ !(inputs.flag == 'TRUE') || null }}", json!(null)),
            ("${{ secrets.NONE }}", json!(null)),
            ("${{ true == 1 && 'a' == 'A' && null == '' }}", json!(true)),
        ] {
            assert_eq!(value(text, &contexts()), expected, "{text}");
        }
    }

    #[test]
    fn a_condition_without_a_status_function_needs_success() {
        let mut contexts = contexts();
        for (condition, after_success, after_failure) in [
            (json!(null), true, false),
            (json!("inputs.from == 'github'"), true, false),
            (json!("${{ !cancelled() && inputs.from != '' }}"), true, true),
            (json!("failure()"), false, true),
            (json!("always()"), true, true),
        ] {
            contexts.has_failed = false;
            assert_eq!(holds(&condition, &contexts), after_success, "{condition}");
            contexts.has_failed = true;
            assert_eq!(holds(&condition, &contexts), after_failure, "{condition}");
        }
    }

    #[test]
    fn what_is_not_understood_is_never_empty() {
        for text in [
            "hashFiles('x')",
            "inputs.nothing",
            "runner.os",
            "inputs.from < 1",
            "needs.*.result",
            "'a",
            "inputs.from x",
        ] {
            let evaluated = std::panic::catch_unwind(|| value(&format!("${{{{ {text} }}}}"), &contexts()));
            assert!(evaluated.is_err(), "{text}: {evaluated:?}");
        }
    }
}
