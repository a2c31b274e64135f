//! Files of one source.

use std::{collections::BTreeMap, fs, path::Path};

use super::{chart, draws::Draws, kustomization, objects};

/// Form of a source.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Form {
    /// A directory with manifests.
    Plain,
    /// A kustomization.
    Kustomize,
    /// A chart.
    Chart,
}

/// A repository with one application.
#[derive(Clone, Debug)]
pub struct Source {
    /// Form of the application's directory.
    pub form: Form,
    /// The application's directory.
    pub directory: &'static str,
    /// Contents by path.
    pub files: BTreeMap<String, String>,
}

/// Names of applications.
const NAMES: [&str; 12] = [
    "shop",
    "checkout",
    "catalog",
    "blog",
    "api-gateway",
    "orders",
    "wiki",
    "mailer",
    "search",
    "billing-ui",
    "guestbook",
    "tracker",
];

impl Source {
    /// Source of a number. Of five sources, two are charts, two are kustomizations and one has plain manifests.
    pub fn of(number: usize) -> Self {
        let mut draws = Draws::new(number);
        let name = draws.one(&NAMES);
        match number % 5 {
            0 | 2 => Self { form: Form::Chart, directory: "chart", files: chart::files(&mut draws, name) },
            1 | 3 => {
                let directory = kustomization::OVERLAY;
                Self { form: Form::Kustomize, directory, files: kustomization::files(&mut draws, name) }
            }
            _ => {
                let mut files = BTreeMap::new();
                for (file, text) in objects::application(&mut draws, name, true) {
                    files.insert(format!("deploy/{file}"), text);
                }
                Self { form: Form::Plain, directory: "deploy", files }
            }
        }
    }

    /// Writes the files below a folder.
    ///
    /// # Panics
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path) {
        for (path, text) in &self.files {
            let file = folder.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }
}
