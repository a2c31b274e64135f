//! What the Argo CD plugin renders and refuses, told by whole repositories.

mod golden;
mod hostile;
mod kustomize;
