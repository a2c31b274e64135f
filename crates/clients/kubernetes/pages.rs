//! Lists that are read one page at a time, so that memory does not grow with the cluster.

use serde_json::Value;

use super::{
    client::Kubernetes,
    object::ListQuery,
    request::{JSON, METADATA},
    response::Listed,
    verbs::not_a_list,
};
use crate::{Deadline, Error};

/// Pages of a list. All pages are of one point in time.
#[derive(Debug)]
pub struct ListPages {
    client: Kubernetes,
    query: ListQuery,
    accept: &'static str,
    next: NextPage,
}

#[derive(Debug)]
enum NextPage {
    First,
    Token(String),
    None,
}

impl Kubernetes {
    /// Lists the objects of a query page by page.
    pub fn pages(&self, query: ListQuery) -> ListPages {
        ListPages { client: self.clone(), query, accept: JSON, next: NextPage::First }
    }

    /// Lists the objects of a query page by page, with their metadata only.
    pub fn metadata_pages(&self, query: ListQuery) -> ListPages {
        ListPages { client: self.clone(), query, accept: METADATA, next: NextPage::First }
    }
}

impl ListPages {
    /// Reads the next page; `None` after the last one. The failure of a page ends the list: the pages before are an
    /// incomplete list then.
    ///
    /// # Errors
    ///
    /// The request failed, the server does not keep the list any more, or the response is not a list of objects.
    pub async fn next_page(&mut self, deadline: &Deadline) -> Result<Option<Vec<Value>>, Error> {
        let token = match &self.next {
            NextPage::First => None,
            NextPage::Token(token) => Some(token.as_str()),
            NextPage::None => return Ok(None),
        };
        let page = self.client.page(&self.query, token, self.accept, deadline).await;
        self.next = NextPage::None;
        let (objects, token) = page?;
        let objects: Result<Vec<Value>, _> = objects.iter().map(Listed::read).collect();
        let objects = objects.map_err(|_| not_a_list(&self.query))?;
        if let Some(token) = token {
            self.next = NextPage::Token(token);
        }
        Ok(Some(objects))
    }
}
