//! The pages of the documentation: their examples, their commands in running text, their links and headings.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// One Markdown file of the repository.
pub struct Page {
    /// Its path below the top folder.
    pub path: String,
    text: String,
}

/// A fenced block of code.
pub struct Example {
    /// Page and line, for messages.
    pub place: String,
    /// What it is written in: the first word behind the fence.
    pub language: String,
    /// The file that it shows, if it says so: `title="Cargo.toml"`.
    pub title: Option<String>,
    /// What is in it.
    pub text: String,
}

/// The top folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the repository").to_owned()
}

/// Every page that users and contributors read.
pub fn pages() -> Vec<Page> {
    let root = root();
    let mut paths = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    paths.extend(files_below(&root.join("docs"), "md"));
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let path = path.strip_prefix(&root).expect("a path below the root").to_string_lossy().replace('\\', "/");
            Page { path, text: text.replace("\r\n", "\n") }
        })
        .collect()
}

/// The files with this extension in `folder` and below, sorted.
pub fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path, extension),
            false => vec![path].into_iter().filter(|path| path.extension().is_some_and(|e| e == extension)).collect(),
        })
        .collect()
}

/// The examples of all pages in this language.
pub fn examples(language: &str) -> Vec<Example> {
    let examples: Vec<Example> =
        pages().iter().flat_map(Page::examples).filter(|example| example.language == language).collect();
    assert!(!examples.is_empty(), "no example in `{language}`");
    examples
}

impl Page {
    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its fenced blocks of code.
    pub fn examples(&self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut open: Option<Example> = None;
        for (event, range) in Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    open = Some(self.example(&info, range.start));
                }
                Event::Text(text) => {
                    if let Some(example) = &mut open {
                        example.text.push_str(&text);
                    }
                }
                Event::End(TagEnd::CodeBlock) => examples.extend(open.take()),
                _ => {}
            }
        }
        examples
    }

    fn example(&self, info: &str, offset: usize) -> Example {
        let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
        let title = rest.strip_prefix("title=\"").and_then(|rest| rest.strip_suffix('"')).map(str::to_owned);
        let place = format!("{}:{}", self.path, self.line(offset));
        assert!(rest.is_empty() || title.is_some(), "{place}: `{info}` is not understood");
        Example { place, language: language.to_owned(), title, text: String::new() }
    }

    /// What stands between backticks in running text, with its place.
    pub fn inline_code(&self) -> Vec<(String, String)> {
        let events = Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter();
        events
            .filter_map(|(event, range)| match event {
                Event::Code(code) => Some((format!("{}:{}", self.path, self.line(range.start)), code.into_string())),
                _ => None,
            })
            .collect()
    }

    /// Where its links lead, with the place of each.
    pub fn links(&self) -> Vec<(String, String)> {
        let events = Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter();
        events
            .filter_map(|(event, range)| match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    Some((format!("{}:{}", self.path, self.line(range.start)), dest_url.into_string()))
                }
                _ => None,
            })
            .collect()
    }

    /// The anchors of its headings, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let mut anchors = Vec::new();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(&self.text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().as_deref().map(anchor)),
                _ => {}
            }
        }
        anchors
    }

    fn line(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}
