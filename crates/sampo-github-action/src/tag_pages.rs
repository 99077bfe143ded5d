//! Where people see the tags of a repository on GitHub.

use sampo_core::SampoError;
use sampo_core::github::Addresses;
use sampo_core::github::call::encode;
use sampo_core::markdown::link;
use sampo_core::project::Project;
use sampo_core::repository::repository;

/// The pages of the tags of one repository; none where nobody knows which it is.
pub struct TagPages(Option<String>);

impl TagPages {
    /// Those of `project`.
    pub async fn of(project: &Project) -> Result<Self, SampoError> {
        let repository = repository(&project.config, &project.environment, &project.git()).await?;
        let addresses = Addresses::resolve(None, &project.environment)?;
        Ok(Self(repository.map(|repository| format!("{}/{repository}/releases/tag", addresses.web()))))
    }

    /// `tag` as Markdown, with a link to its page.
    pub fn link(&self, tag: &str) -> String {
        let page = self.0.as_ref().map(|base| format!("{base}/{}", encode(tag)));
        link(tag, page.as_deref())
    }
}
