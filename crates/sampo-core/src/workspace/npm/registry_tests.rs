//! What registries answer, well and badly.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;
use crate::error::Diagnose;
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

fn client_of(root: &Path, environment: &Environment, arguments: &[&str]) -> NpmRegistry {
    NpmRegistry::new(RegistryContext {
        root,
        environment,
        arguments: arguments.iter().map(ToString::to_string).collect(),
        staged: Vec::new(),
        reporter: Arc::new(Silent),
    })
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
    let registry = client_of(Path::new("/nowhere"), &environment, &[]);
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

#[tokio::test]
async fn a_registry_that_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap());
    let registry = NpmRegistry {
        client: client(Duration::from_millis(200)),
        ..client_of(Path::new("/nowhere"), &Environment::default(), &["--registry", &address])
    };
    let error = registry.has(&package("a", &[])).await.unwrap_err();
    assert_eq!(error.code(), "publish-failed");
    let said = crate::error::chain(&error);
    assert!(said.starts_with(&format!("cannot ask `{address}`: ")) && said.contains("timed out"), "{said}");
}

#[test]
fn a_package_is_asked_for_where_its_manager_uploads_it() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::write(tree.path().join(".npmrc"), "@s:registry=https://scope\nregistry=https://all\n").unwrap();
    let environment = Environment::default();
    let package = |name: &str, own: Option<&str>| Package {
        id: PackageId::new(Ecosystem::Npm, name),
        registry: own.map(str::to_owned),
        manifest: tree.path().join("package.json"),
        ..package(name, &[])
    };
    let (own, forwarded) = (Some("https://own"), &["--registry", "https://forwarded"][..]);
    let table = [
        ("npm@11.0.0", "@s/a", own, forwarded, "https://forwarded/"),
        ("npm@11.0.0", "@s/a", own, &[], "https://own/"),
        ("pnpm@10.0.0", "@s/a", None, &[], "https://scope/"),
        ("pnpm@10.0.0", "a", None, &[], "https://all/"),
        ("yarn@1.22.22", "@s/a", own, forwarded, "https://own/"),
        ("yarn@1.22.22", "@s/a", None, forwarded, "https://scope/"),
        ("yarn@1.22.22", "a", None, forwarded, "https://forwarded/"),
        ("yarn@4.0.0", "@s/a", None, &[], "https://registry.npmjs.org/"),
        ("bun@1.4.0", "@s/a", own, forwarded, "https://scope/"),
        ("bun@1.4.0", "a", own, forwarded, "https://forwarded/"),
    ];
    for (manager, name, own, arguments, expected) in table {
        std::fs::write(tree.path().join("package.json"), format!(r#"{{"packageManager": "{manager}"}}"#)).unwrap();
        let registry = client_of(tree.path(), &environment, arguments);
        let package = package(name, own);
        assert_eq!(
            registry.address(&package, &registry.settings(&package)),
            expected,
            "{manager} {name} {arguments:?}"
        );
    }
}
