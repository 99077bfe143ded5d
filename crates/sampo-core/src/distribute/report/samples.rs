//! Reports for the tests of their forms.

use super::{Delivery, Report, ReportedRelease, Status};

/// A report of one release, `cargo/my-cli` 1.2.0, without any delivery.
pub(super) fn report() -> Report {
    let mut report = Report::new(false, &[], Vec::new(), Vec::new());
    report.releases.push(ReportedRelease {
        package: "cargo/my-cli".parse().unwrap(),
        version: "1.2.0".into(),
        tag: "my-cli-v1.2.0".into(),
        commit: None,
        prerelease: false,
    });
    report
}

pub(super) fn delivery(backend: &str, item: &str, status: Status) -> Delivery {
    Delivery {
        backend: backend.into(),
        package: "cargo/my-cli".parse().unwrap(),
        version: "1.2.0".into(),
        tag: "my-cli-v1.2.0".into(),
        target: None,
        item: item.into(),
        status,
        attempts: 1,
        bytes: 1_234_567,
        duration_ms: 5,
        url: None,
        code: None,
        message: None,
        hint: None,
        retryable: false,
    }
}

pub(super) fn failed(backend: &str, item: &str) -> Delivery {
    Delivery {
        code: Some("server-error".into()),
        message: Some("GitHub answered 502".into()),
        hint: Some("try again later".into()),
        ..delivery(backend, item, Status::Failed)
    }
}
