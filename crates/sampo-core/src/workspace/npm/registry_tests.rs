//! What registries answer, well and badly.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;
use crate::event::Silent;
use crate::workspace::Ecosystem;
use crate::workspace::fixtures::package;

/// A registry that gives each question the next of `answers`; its address, with a password in it.
fn registry(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://aino:pa55word@{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(&stream).lines();
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            (&stream).write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn only_a_sound_answer_tells_what_a_registry_has() {
    let table = [
        (answer("200 OK", r#"{"versions": {"1.0.0": {}}}"#), "true"),
        (answer("200 OK", r#"{"versions": {"0.9.0": {}}}"#), "false"),
        (answer("200 OK", r#"{"versions": "1.0.0"}"#), "false"),
        (answer("404 Not Found", "no such package"), "false"),
        (answer("200 OK", "<html>1.0.0</html>"), "cannot ask `ADDRESS`: error decoding response body"),
        (answer("401 Unauthorized", "{}"), "`ADDRESS` answered with status 401"),
        (answer("403 Forbidden", "{}"), "`ADDRESS` answered with status 403"),
        (answer("429 Too Many Requests", "{}"), "`ADDRESS` answered with status 429"),
        (answer("503 Service Unavailable", ""), "`ADDRESS` answered with status 503"),
        ("no HTTP\r\n\r\n".to_owned(), "cannot ask `ADDRESS`: "),
    ];
    let address = registry(table.iter().map(|(answer, _)| answer.clone()).collect());
    let environment = [("NPM_TOKEN", "s3cret")].into_iter().collect();
    let registry = NpmRegistry::new(RegistryContext {
        root: Path::new("/nowhere"),
        environment: &environment,
        arguments: Vec::new(),
        staged: Vec::new(),
        reporter: Arc::new(Silent),
    });
    let package =
        Package { id: PackageId::new(Ecosystem::Npm, "a"), registry: Some(address.clone()), ..package("a", &[]) };
    for (answer, expected) in table {
        let said = match registry.has(&package).await {
            Ok(has) => has.to_string(),
            Err(error) => crate::error::chain(&error),
        };
        let expected = expected.replace("ADDRESS", &format!("{}/", address.replace("aino:pa55word@", "")));
        assert!(said.starts_with(&expected), "{answer}: {said}");
        assert!(!said.contains("pa55word") && !said.contains("s3cret"), "{said}");
    }
}
