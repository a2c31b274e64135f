//! Git repositories for tests to render from.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{command, keep_folders};

/// A repository with one branch, `main`. It is a local folder, which Argo CD reads like a remote repository.
pub struct Repository {
    folder: TempDir,
}

impl Repository {
    /// A repository with these files in its first commit.
    #[track_caller]
    pub fn new(files: &[(&str, &str)]) -> Self {
        let mut folder = TempDir::with_prefix("eod-repository-").unwrap();
        folder.disable_cleanup(keep_folders());
        let repository = Self { folder };
        fs::create_dir(repository.path()).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        for (file, text) in files {
            repository.write(file, text);
        }
        repository.commit("first");
        repository
    }

    /// The URL for an Application's `repoURL`.
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// The folder with the files.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Writes a file and its missing parent folders, without a commit.
    #[track_caller]
    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.with_folder(file);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Writes an executable file.
    #[track_caller]
    pub fn write_program(&self, file: &str, text: &str) {
        self.write(file, text);
        fs::set_permissions(self.path().join(file), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Creates a symbolic link; its target does not have to exist.
    #[track_caller]
    pub fn link(&self, file: &str, target: &str) {
        symlink(target, self.with_folder(file)).unwrap();
    }

    /// Removes a file or a folder.
    #[track_caller]
    pub fn remove(&self, file: &str) {
        self.git(&["rm", "-r", "--quiet", "--", file]);
    }

    /// Commits all files and returns the SHA. A commit without a change is possible.
    #[track_caller]
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.head()
    }

    /// The SHA of the last commit of the current branch.
    #[track_caller]
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Checks out a branch; creates it if it does not exist.
    #[track_caller]
    pub fn branch(&self, name: &str) {
        let exists = self.git(&["branch", "--list", name]).contains(name);
        let create: &[&str] = if exists { &[] } else { &["--create"] };
        self.git(&[&["switch", "--quiet"], create, &[name]].concat());
    }

    /// Runs git in the repository, with a fixed author and without the machine's settings.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "Test")
                .env(format!("GIT_{role}_EMAIL"), "test@example.com")
                // Fixed dates, so that equal files give equal commits.
                .env(format!("GIT_{role}_DATE"), "2026-01-01T00:00:00Z");
        }
        command::run(&mut command, "").expect_ok()
    }

    fn with_folder(&self, file: &str) -> PathBuf {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        path
    }
}
