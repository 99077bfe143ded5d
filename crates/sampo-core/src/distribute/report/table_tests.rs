//! What a person sees, without colours.

use super::*;
use crate::distribute::report::Delivery;
use crate::distribute::report::samples::{delivery, failed, report};

/// Without ANSI sequences, as a caller without a terminal would show it.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[rest.find('m').unwrap() + 1..];
    }
    plain + rest
}

#[test]
fn columns_are_aligned_and_problems_stand_below() {
    let mut report = report();
    report.deliveries.push(delivery("github", "a.tar.gz", Status::Delivered));
    report.deliveries.extend([failed("web", "long-name.tar.gz"), failed("web", "SHA256SUMS")]);
    report.finishes.push(Delivery {
        code: Some("not-selected".into()),
        message: Some("a run with all targets finishes the release".into()),
        bytes: 0,
        ..delivery("github", "finish", Status::Skipped)
    });
    report.complete(&Default::default());
    assert_eq!(
        plain(&report.to_text(100, Detail::Brief)),
        "cargo/my-cli 1.2.0 (my-cli-v1.2.0)\n\
         \x20 delivered  github  a.tar.gz          1.2 MB\n\
         \x20 failed     web     SHA256SUMS        1.2 MB  server-error\n\
         \x20 failed     web     long-name.tar.gz  1.2 MB  server-error\n\
         \x20 skipped    github  finish                    not-selected\n\
         server-error: web, SHA256SUMS and 1 more: GitHub answered 502\n\
         \x20 try again later\n\
         not-selected: github, finish: a run with all targets finishes the release\n\
         1 delivered, 2 failed\n\
         To try again what did not succeed: sampo distribute --tag my-cli-v1.2.0 --backend web\n"
    );
}

#[test]
fn many_unchanged_items_are_one_line_unless_all_are_asked_for() {
    let mut report = report();
    for number in 0..300 {
        report.deliveries.push(delivery("github", &format!("{number}.tar.gz"), Status::Unchanged));
    }
    report.deliveries.push(delivery("github", "new.tar.gz", Status::Delivered));
    report.deliveries.push(delivery("site", "one.tar.gz", Status::Unchanged));
    report.complete(&Default::default());
    assert_eq!(
        plain(&report.to_text(100, Detail::Brief)),
        "cargo/my-cli 1.2.0 (my-cli-v1.2.0)\n\
         \x20 delivered  github  new.tar.gz  1.2 MB\n\
         \x20 unchanged  github  300 items   370 MB\n\
         \x20 unchanged  site    one.tar.gz  1.2 MB\n\
         1 delivered, 301 unchanged\n"
    );
    assert_eq!(report.to_text(100, Detail::Full).lines().count(), 304);
}

#[test]
fn what_happened_alike_at_several_backends_is_told_once() {
    let mut report = report();
    report.deliveries.extend(["site", "web"].map(|backend| failed(backend, "a.tar.gz")));
    report.deliveries.push(failed("other", "b.tar.gz"));
    report.complete(&Default::default());
    let text = plain(&report.to_text(100, Detail::Brief));
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("server-error:")).collect();
    assert_eq!(
        told,
        [
            "server-error: other, b.tar.gz: GitHub answered 502",
            "server-error: site and web, a.tar.gz: GitHub answered 502"
        ]
    );
    assert!(report.to_markdown(Detail::Brief).contains("`a.tar.gz` at `site` and `web`\n"));
}

#[test]
fn many_messages_of_one_kind_are_counted_and_share_their_hint() {
    let mut report = report();
    for number in 0..40 {
        let message = Some(format!("the destination holds file {number}"));
        report.deliveries.push(Delivery { message, ..failed("web", &format!("{number:02}.tar.gz")) });
    }
    report.complete(&Default::default());
    let text = plain(&report.to_text(100, Detail::Brief));
    let told: Vec<&str> = text.lines().skip(41).collect();
    assert_eq!(told.len(), 9, "{text}");
    assert_eq!(
        told[4..7],
        [
            "server-error: web, 04.tar.gz: the destination holds file 4",
            "server-error: web: 35 more of this kind",
            "  try again later",
        ]
    );
}

#[test]
fn a_narrow_terminal_gets_shorter_names_and_then_no_sizes() {
    let mut report = report();
    let name = "my-cli-1.2.0-x86_64-unknown-linux-gnu.tar.gz";
    report.deliveries.extend([delivery("github", name, Status::Delivered), failed("github", "SHA256SUMS")]);
    report.complete(&Default::default());
    let rows = |width: usize| -> Vec<String> {
        plain(&report.to_text(width, Detail::Brief)).lines().skip(1).take(2).map(str::to_owned).collect()
    };
    assert_eq!(rows(100)[1], format!("  delivered  github  {name}  1.2 MB"));
    assert_eq!(rows(70)[1], "  delivered  github  my-cli-1…n-linux-gnu.tar.gz  1.2 MB");
    assert_eq!(rows(70)[0], "  failed     github  SHA256SUMS                   1.2 MB  server-error");
    assert_eq!(rows(60)[1], "  delivered  github  my-cli-1…linux-gnu.tar.gz");
    for width in [60, 70, 80, 90] {
        assert!(rows(width).iter().all(|row| row.chars().count() <= width), "{width}: {:?}", rows(width));
    }
    assert_eq!(rows(10)[1], "  delivered  github  my-cli…ux-gnu.tar.gz", "names are not shortened beyond use");
}
