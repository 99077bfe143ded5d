//! What GitHub makes of it, by way of a Markdown parser.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::*;
use crate::distribute::report::samples::{delivery, failed, report};
use crate::distribute::report::{Delivery, Status};

/// Everything at once: bars, backticks, line breaks, HTML, mentions, links, emphasis.
const HOSTILE: &str =
    "a|b``c`\n# d <script>alert(1)</script> @octocat [x](https://evil.example) **e** \\| &copy; \u{1b}[31m";

fn events(text: &str) -> Vec<Event<'_>> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).collect()
}

/// The cells of each row of each table, as their text.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut cell) = (Vec::new(), None);
    for event in events(text) {
        match event {
            Event::Start(Tag::TableRow) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => cell = Some(String::new()),
            Event::End(TagEnd::TableCell) => {
                let cell = cell.take().unwrap();
                if let Some(row) = rows.last_mut() {
                    row.push(cell);
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(cell) = &mut cell {
                    cell.push_str(&text);
                }
            }
            _ => {}
        }
    }
    rows
}

#[test]
fn it_tells_what_happened_what_failed_and_how_to_try_again() {
    let mut report = report();
    let url = Some("https://example.com/dl/a%20b.tar.gz".into());
    report.deliveries =
        vec![Delivery { url, ..delivery("github", "a b.tar.gz", Status::Delivered) }, failed("web", "SHA256SUMS")];
    report.complete(&Default::default());
    assert_eq!(
        report.to_markdown(Detail::Brief),
        "## 1 delivered, 1 failed\n\
         \n\
         To try again what did not succeed:\n\
         \n\
         ```sh\n\
         sampo distribute --tag my-cli-v1.2.0 --backend web\n\
         ```\n\
         \n\
         🔴 **`server-error`** `SHA256SUMS` at `web`\n\
         \n\
         ```text\n\
         GitHub answered 502\n\
         hint: try again later\n\
         ```\n\
         \n\
         ### `cargo/my-cli` `1.2.0` (`my-cli-v1.2.0`)\n\
         \n\
         | Status | Backend | Item | Size | |\n\
         | --- | --- | --- | ---: | --- |\n\
         | 🟢 delivered | `github` | [`a b.tar.gz`](<https://example.com/dl/a%20b.tar.gz>) | 1.2 MB |  |\n\
         | 🔴 failed | `web` | `SHA256SUMS` | 1.2 MB | `server-error` |\n"
    );
}

#[test]
fn a_hostile_name_changes_nothing_but_its_own_cell() {
    let names = [HOSTILE, "`", "``", "|", "\\", "\\|", " ", "", "a`", "`|`", "\n\n", "```\n```", "~~~", "<!--", "@a/b"];
    let mut report = report();
    report.deliveries = names.iter().map(|name| delivery("web", name, Status::Delivered)).collect();
    let text = report.to_markdown(Detail::Brief);
    let rows = cells(&text);
    assert_eq!(rows.len(), names.len(), "{text}");
    for (row, name) in rows.iter().zip(names) {
        let shown: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let item = if shown.trim().is_empty() { "?" } else { &shown };
        assert_eq!((row[0].as_str(), row[1].as_str(), row[2].trim()), ("🟢 delivered", "web", item.trim()), "{name:?}");
        assert_eq!(row[3..], ["1.2 MB", ""], "{name:?}");
    }
    let is_active = |event: &&Event<'_>| {
        matches!(
            event,
            Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Link { .. } | Tag::Emphasis | Tag::Strong)
        )
    };
    assert_eq!(events(&text).iter().find(is_active), None);
}

#[test]
fn a_hostile_message_stays_in_its_block() {
    let mut report = report();
    let message = format!("```\n{HOSTILE}\n````\n</details>");
    report.deliveries =
        vec![Delivery { message: Some(message), code: Some(HOSTILE.into()), ..failed(HOSTILE, HOSTILE) }];
    report.complete(&Default::default());
    let text = report.to_markdown(Detail::Brief);
    assert_eq!(cells(&text).len(), 1, "{text}");
    let blocks = events(&text).iter().filter(|event| matches!(event, Event::Start(Tag::CodeBlock(_)))).count();
    assert_eq!(blocks, 2, "{text}");
    let outside: String = {
        let mut is_inside = false;
        let kept = events(&text).into_iter().filter_map(|event| match event {
            Event::Start(Tag::CodeBlock(_)) => {
                is_inside = true;
                None
            }
            Event::End(TagEnd::CodeBlock) => {
                is_inside = false;
                None
            }
            Event::Text(text) if !is_inside => Some(text.to_string()),
            Event::Html(text) | Event::InlineHtml(text) => Some(text.to_string()),
            _ => None,
        });
        kept.collect()
    };
    assert!(!outside.contains(['@', '<']) && !text.contains('\u{1b}'), "{outside}");
}

#[test]
fn only_addresses_of_the_web_are_links_and_none_leaves_its_cell() {
    let mut report = report();
    let urls = [
        "https://example.com/a|b>c`d(e)?x=1&copy;2",
        "javascript:alert(1)",
        "not an address",
        "https://example.com/_a_*b*",
    ];
    report.deliveries = urls
        .iter()
        .map(|url| Delivery { url: Some((*url).into()), ..delivery("web", "x", Status::Delivered) })
        .collect();
    let text = report.to_markdown(Detail::Brief);
    assert!(cells(&text).iter().all(|row| row.len() == 5 && row[2] == "x"), "{text}");
    let links: Vec<String> = events(&text)
        .into_iter()
        .filter_map(|event| match event {
            Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, .. }) => Some(dest_url.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(links, ["https://example.com/a%7Cb%3Ec%60d(e)?x=1&copy;2", "https://example.com/_a_*b*"]);
}

#[test]
fn a_report_longer_than_a_summary_is_cut_between_rows_and_says_so() {
    let mut report = report();
    let name = "x".repeat(200);
    report.deliveries = (0..10_000).map(|n| delivery("web", &format!("{name}{n}"), Status::Delivered)).collect();
    report.deliveries.push(failed("web", "SHA256SUMS"));
    report.complete(&Default::default());
    let text = report.to_markdown(Detail::Full);
    assert!(text.len() <= LONGEST && text.len() > LONGEST - 1000, "{}", text.len());
    assert!(text.ends_with(" |\n\n_This is cut: the report as JSON has all of it._\n"));
    assert!(text.contains("server-error") && text.contains("--tag my-cli-v1.2.0"), "what matters comes first");
}
