//! Lists that are read one page at a time, so that memory does not grow with the cluster.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    client::Kubernetes,
    object::ListQuery,
    request::{JSON, METADATA},
    response::Listed,
    verbs::not_a_list,
};
use crate::{Deadline, Error};

/// Content of the objects in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ListContent {
    /// Whole objects, without `managedFields`.
    Objects,
    /// Metadata only, without `managedFields`.
    Metadata,
}

/// Page of a list. All pages of a list are of one point in time.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectPage {
    /// Objects of the page.
    pub objects: Vec<Value>,
    /// Token of the next page; `None` for the last page.
    pub next: Option<String>,
}

impl Kubernetes {
    /// Reads one page of a list: the first one without a token. If a page fails, the pages before it are an incomplete
    /// list.
    ///
    /// # Errors
    ///
    /// The request failed, the server no longer stores the list, or the response is not a list of objects.
    pub async fn list_page(
        &self,
        query: &ListQuery,
        content: ListContent,
        token: Option<&str>,
        deadline: &Deadline,
    ) -> Result<ObjectPage, Error> {
        let accept = match content {
            ListContent::Objects => JSON,
            ListContent::Metadata => METADATA,
        };
        let (objects, next) = self.page(query, token, accept, deadline).await?;
        let objects: Result<Vec<Value>, _> = objects.iter().map(Listed::read).collect();
        Ok(ObjectPage { objects: objects.map_err(|_| not_a_list(query))?, next })
    }

    /// Reads one page of a list as [`Kubernetes::list_page`], and of each object only the fields of `T`. Objects that
    /// are much larger than these fields use no memory after the page was read.
    ///
    /// # Errors
    ///
    /// As [`Kubernetes::list_page`]; or an object has a field of another type.
    pub async fn list_fields<T: DeserializeOwned>(
        &self,
        query: &ListQuery,
        token: Option<&str>,
        deadline: &Deadline,
    ) -> Result<(Vec<T>, Option<String>), Error> {
        let (objects, next) = self.page(query, token, JSON, deadline).await?;
        let objects: Result<Vec<T>, _> = objects.iter().map(Listed::fields).collect();
        Ok((objects.map_err(|_| not_a_list(query))?, next))
    }
}
