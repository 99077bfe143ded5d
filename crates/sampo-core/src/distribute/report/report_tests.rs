//! Reports that are read again.

use super::*;
use samples::report;

fn refused(name: &str, text: &str) -> ReportError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    Report::read(&path).unwrap_err()
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let written = report();
    written.write(&path).unwrap();
    assert_eq!(Report::read(&path).unwrap(), written);
}

#[test]
fn a_report_of_another_version_is_refused_whatever_else_is_in_it() {
    let error = refused("report.json", r#"{"schema_version": 2, "runs": []}"#);
    assert_eq!(error.code(), "report-version");
    assert!(error.to_string().ends_with("has the schema version 2, and this version of sampo reads 1"), "{error}");
    assert_eq!(error.hint().unwrap(), "use the version of sampo that wrote it, or a newer one");
    assert_eq!(
        refused("report.json", r#"{"schema_version": 0}"#).hint().unwrap(),
        "use the version of sampo that wrote it"
    );
}

#[test]
fn what_is_no_report_is_refused() {
    for text in ["", "[]", "{}", "{\"schema_version\": \"1\"}", "{\"schema_version\": 1}", "\u{1}", "# Report"] {
        assert_eq!(refused("report.json", text).code(), "report-invalid", "{text:?}");
    }
    let dry = Report { dry_run: true, ..report() };
    assert!(matches!(refused("report.json", &dry.to_json()), ReportError::DryRun { .. }));
    assert!(matches!(refused("report.md", &report().to_markdown(Detail::Brief)), ReportError::Markdown { .. }));
}
