//! Copies of secrets: created once, never overwritten, recognised later, and deleted as a whole.
//!
//! `eod_domain::vault` decides, this module executes the decision. A copy is created by one write that the server
//! refuses if a secret exists (`cas=0`). Its ownership metadata is written second, because the other order could put it
//! on a secret of another owner. The next run adopts or recognises everything that an interrupted run left.

mod copy;
mod existing;
mod notice;
mod options;
mod overrides;
mod owned;
mod owner;
mod subtree;

pub use self::{
    copy::{Cloned, clone},
    notice::Notice,
    options::CloneOptions,
    overrides::{Updated, update_overrides},
    owned::{Destroyed, Inspected, KeyState, Removed, destroy, inspect, refresh},
    owner::CopyOwner,
};
