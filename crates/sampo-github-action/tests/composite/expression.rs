//! Expressions of workflows, `${{ … }}`, as far as this project uses them; anything else fails the test.

use serde_json::Value;

/// `text` with the values of its expressions as text.
pub fn filled(text: &str, contexts: &Value) -> String {
    let mut parts = text.split("${{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("}}").unwrap();
        filled = filled + &words(&value(expression, contexts)) + rest;
    }
    filled
}

/// The value of what stands in `${{ … }}`, or of a condition, which may stand without.
pub fn value(expression: &str, contexts: &Value) -> Value {
    let expression = expression.trim();
    let expression = expression.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(expression);
    let mut reader = Reader { rest: expression.trim(), contexts };
    let value = reader.or();
    assert_eq!(reader.rest, "", "`{expression}` is not understood");
    value
}

/// Whether a value counts as true.
pub fn is_true(value: &Value) -> bool {
    !matches!(words(value).as_str(), "" | "false" | "0")
}

/// A value as text.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

struct Reader<'a> {
    rest: &'a str,
    contexts: &'a Value,
}

impl Reader<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        self.rest = rest.trim_start();
        true
    }

    fn or(&mut self) -> Value {
        let mut value = self.and();
        while self.takes("||") {
            let other = self.and();
            value = if is_true(&value) { value } else { other };
        }
        value
    }

    fn and(&mut self) -> Value {
        let mut value = self.comparison();
        while self.takes("&&") {
            let other = self.comparison();
            value = if is_true(&value) { other } else { value };
        }
        value
    }

    fn comparison(&mut self) -> Value {
        let value = self.single();
        if self.takes("==") {
            return (words(&value) == words(&self.single())).into();
        }
        if self.takes("!=") {
            return (words(&value) != words(&self.single())).into();
        }
        value
    }

    fn single(&mut self) -> Value {
        if self.takes("!") {
            return (!is_true(&self.single())).into();
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            let (literal, rest) = rest.split_once('\'').unwrap();
            self.rest = rest.trim_start();
            return literal.into();
        }
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        if self.takes("(") { self.call(name) } else { self.context(name) }
    }

    fn call(&mut self, name: &str) -> Value {
        let mut arguments = Vec::new();
        while !self.takes(")") {
            arguments.push(self.or());
            self.takes(",");
        }
        match (name, &arguments[..]) {
            ("cancelled", []) => false.into(),
            ("fromJson", [text]) => serde_json::from_str(&words(text)).expect("`fromJson` is given JSON"),
            ("contains", [Value::Array(list), item]) => list.contains(item).into(),
            ("endsWith", [text, end]) => words(text).ends_with(&words(end)).into(),
            _ => panic!("`{name}` is not understood"),
        }
    }

    fn context(&self, name: &str) -> Value {
        let mut names = name.split('.');
        let first = names.next().unwrap_or_default();
        let context = self.contexts.get(first).unwrap_or_else(|| panic!("there is no context `{first}` here"));
        let strict = matches!(first, "inputs" | "matrix" | "needs");
        names.fold(context.clone(), |value, name| {
            assert!(!strict || value.get(name).is_some(), "`{name}` is nothing in {value}");
            value.get(name).cloned().unwrap_or_default()
        })
    }
}
