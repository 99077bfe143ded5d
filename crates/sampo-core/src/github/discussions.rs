//! The discussions of a repository: their categories, those that there are, and new ones.

use serde::Deserialize;
use serde_json::json;

use super::Github;
use super::error::GithubError;
use super::graphql::Query;
use crate::config::Repository;

/// GitHub refuses longer texts, in characters.
pub const LONGEST_BODY: usize = 65_536;
/// What a token needs.
const READ: &str = "discussions=read";
const WRITE: &str = "discussions=write";
/// So many pages of discussions are looked through.
const MOST_PAGES: usize = 50;

const FORUM: &str = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { \
                     id hasDiscussionsEnabled discussionCategories(first: 100) { nodes { id name slug } } } }";

const RECENT: &str = "query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) { \
                      discussions(first: 100, after: $after, orderBy: { field: CREATED_AT, direction: DESC }) { \
                      nodes { title url createdAt } pageInfo { hasNextPage endCursor } } } }";

const OPEN: &str =
    "mutation($input: CreateDiscussionInput!) { createDiscussion(input: $input) { discussion { url } } }";

/// Where discussions of a repository are opened.
#[derive(Debug, Clone, Deserialize)]
pub struct Forum {
    /// The repository's id.
    id: String,
    /// Its categories, in the order that people see.
    #[serde(rename = "discussionCategories")]
    categories: Nodes<Category>,
    /// Whether discussions are switched on.
    #[serde(rename = "hasDiscussionsEnabled")]
    pub is_enabled: bool,
}

/// A category of discussions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Category {
    id: String,
    /// Its name, for people.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
}

/// A discussion.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discussion {
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: String,
    created_at: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Nodes<T> {
    nodes: Vec<T>,
    page_info: Option<PageInfo>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
struct OfRepository<T> {
    repository: T,
}

impl Forum {
    /// Its categories, in the order that people see.
    pub fn categories(&self) -> &[Category] {
        &self.categories.nodes
    }
}

impl Github {
    /// Where discussions of `repository` are opened.
    pub async fn forum(&self, repository: &Repository) -> Result<Forum, GithubError> {
        let query = Query {
            action: format!("read the discussion categories of `{repository}`"),
            text: FORUM,
            variables: json!({ "owner": repository.owner, "name": repository.name }),
            permission: READ,
        };
        Ok(self.query::<OfRepository<Forum>>(&query).await?.repository)
    }

    /// The discussions opened at `since` or later, a time as GitHub writes it; the newest first. A few older ones may
    /// be among them.
    pub async fn discussions_since(
        &self,
        repository: &Repository,
        since: &str,
    ) -> Result<Vec<Discussion>, GithubError> {
        #[derive(Deserialize)]
        struct Recent {
            discussions: Nodes<Discussion>,
        }
        let mut found = Vec::new();
        let mut after = None;
        for _ in 0..MOST_PAGES {
            let query = Query {
                action: format!("list the discussions of `{repository}`"),
                text: RECENT,
                variables: json!({ "owner": repository.owner, "name": repository.name, "after": after }),
                permission: READ,
            };
            let Nodes { nodes, page_info } = self.query::<OfRepository<Recent>>(&query).await?.repository.discussions;
            // Times of one form and zone: their order is that of their text.
            let is_through = nodes.last().is_none_or(|last| last.created_at.as_str() < since);
            found.extend(nodes);
            match page_info {
                Some(PageInfo { has_next_page: true, end_cursor }) if !is_through => after = end_cursor,
                _ => break,
            }
        }
        Ok(found)
    }

    /// Opens a discussion; its page. Doing it twice opens two: look before repeating it.
    pub async fn open_discussion(
        &self,
        forum: &Forum,
        category: &Category,
        title: &str,
        body: &str,
    ) -> Result<String, GithubError> {
        #[derive(Deserialize)]
        struct Opened {
            #[serde(rename = "createDiscussion")]
            created: Created,
        }
        #[derive(Deserialize)]
        struct Created {
            discussion: Page,
        }
        #[derive(Deserialize)]
        struct Page {
            url: String,
        }
        let input = json!({ "repositoryId": forum.id, "categoryId": category.id, "title": title, "body": body });
        let query = Query {
            action: format!("open the discussion `{title}`"),
            text: OPEN,
            variables: json!({ "input": input }),
            permission: WRITE,
        };
        Ok(self.mutate::<Opened>(&query).await?.created.discussion.url)
    }
}

#[cfg(test)]
mod tests {
    use sampo_testkit::FakeGithub;
    use sampo_testkit::github::TOKEN;

    use super::*;

    #[tokio::test]
    async fn every_page_is_read_back_to_the_time_asked_for() {
        let github = FakeGithub::start();
        github.with_discussions(&["ideas"]);
        for number in 0..250 {
            github.add_discussion(&format!("Idea {number}"), "ideas");
        }
        let variables = [("GITHUB_API_URL", github.api_url()), ("GITHUB_TOKEN", TOKEN)];
        let client = Github::of_environment(&variables.into_iter().collect()).unwrap();
        let repository = github.repository().try_into().unwrap();
        let all = client.discussions_since(&repository, "2026-01-02T03:04:05Z").await.unwrap();
        assert_eq!((all.len(), all[0].title.as_str(), all[249].title.as_str()), (250, "Idea 249", "Idea 0"));
        let recent = client.discussions_since(&repository, "2026-01-03T00:00:00Z").await.unwrap();
        assert_eq!(recent.len(), 100, "all of the first page are older");
    }
}
