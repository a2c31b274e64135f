//! Models of the backends: Vault, DNS, databases, and objects of the cluster outside of the namespaces.

use std::rc::Rc;

use eod_domain::EnvironmentName;

use super::calls::Simulation;
use super::invariants;
use super::models::{paged, unavailable};
use super::world::World;
use crate::ports::*;

/// Backends of the simulation.
pub(super) const BACKENDS: [BackendKind; 4] =
    [BackendKind::Vault, BackendKind::Dns, BackendKind::Database, BackendKind::Objects];

/// Model of a backend: Vault, DNS, a database server, or objects of the cluster outside of the namespaces.
pub(super) struct SimBackend {
    pub(super) kind: BackendKind,
    pub(super) sim: Rc<Simulation>,
    pub(super) is_read_only: bool,
    /// True if a search also finds things of environments with a name that begins alike.
    pub(super) is_careless: bool,
}

fn check_up(world: &World, kind: BackendKind) -> Result<(), CallError> {
    let is_down = kind == BackendKind::Vault && world.is_vault_down;
    if is_down { Err(CallError::new(CallErrorKind::Unavailable, "Vault is sealed")) } else { Ok(()) }
}

impl Backend for SimBackend {
    fn kind(&self) -> BackendKind {
        self.kind
    }

    fn find<'a>(&'a self, environment: &'a EnvironmentName) -> BoxFuture<'a, Result<Vec<BackendItem>, CallError>> {
        let (name, is_careless, kind) = (environment.to_string(), self.is_careless, self.kind);
        let found = self.sim.call(true, move |world| {
            check_up(world, kind)?;
            let is_found =
                |item: &&BackendItem| item.environment == name || (is_careless && item.environment.starts_with(&name));
            Ok(world.items(kind).values().filter(is_found).cloned().collect())
        });
        Box::pin(async move { unavailable(found.await) })
    }

    fn end<'a>(&'a self, item: &'a BackendItem) -> BoxFuture<'a, Result<(), CallError>> {
        assert!(!self.is_read_only, "a dry run ends something");
        let (item, kind) = (item.clone(), self.kind);
        Box::pin(self.sim.call(true, move |world| {
            check_up(world, kind)?;
            let Some(found) = world.items(kind).remove(&item.name) else { return Ok(()) };
            if found != item {
                return Err(super::world::conflict());
            }
            invariants::item_deleted(world, kind, &item);
            world.note(|| format!("{kind} {} is deleted", item.name));
            world.remove_item(kind, &item.name);
            if world.lost_answer == Some(kind) {
                world.lost_answer = None;
                return Err(CallError::new(CallErrorKind::Unknown, "the connection was reset"));
            }
            Ok(())
        }))
    }

    fn snapshot<'a>(&'a self, environment: &'a EnvironmentName) -> BoxFuture<'a, Result<SnapshotOutcome, CallError>> {
        assert!(!self.is_read_only, "a dry run takes a snapshot");
        let (name, kind) = (environment.to_string(), self.kind);
        Box::pin(self.sim.call(true, move |world| {
            let has_data = world.items(kind).values().any(|item| item.environment == name);
            let Some(uid) = world.namespaces.get(&name).map(|namespace| namespace.uid.clone()) else {
                return Ok(SnapshotOutcome::NoData);
            };
            if kind != BackendKind::Database || !has_data {
                return Ok(SnapshotOutcome::NoData);
            }
            world.snapshots.insert(uid);
            Ok(SnapshotOutcome::Verified(format!("{name}.snapshot")))
        }))
    }

    fn sweep<'a>(&'a self, page: Option<&'a PageToken>) -> BoxFuture<'a, Result<ListPage<BackendItem>, CallError>> {
        let (page, kind) = (page.cloned(), self.kind);
        Box::pin(self.sim.call(true, move |world| {
            check_up(world, kind)?;
            Ok(paged(world.items(kind).into_iter().collect(), page.as_ref()))
        }))
    }
}
