//! Generated sources in the shapes of real repositories: directories with manifests, kustomizations and charts.
//!
//! Source number `n` has the same files in every run. The shares of the parts, such as Services of the type
//! `LoadBalancer`, are in the files of this folder. About one source in ten needs something that no preview gets, such as a
//! directory of the node, and a few cannot be built at all.

mod chart;
mod draws;
mod kustomization;
mod objects;
mod output;
mod source;
mod survey;
mod widened;

pub use self::{
    source::{Form, Source},
    survey::{Survey, survey},
};
