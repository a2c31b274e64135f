package main

// The folder of one run, which contains all files of the servers.

import (
	"io/fs"
	"os"
	"path/filepath"
)

// scratch is an absolute path.
type scratch string

// verifier runs for every commit, even if signatures are not checked. Without the program every call of the repo-server
// fails.
const verifier = "#!/bin/sh\ngit verify-commit \"$1\" 2>&1 || true\n"

// newScratch makes the folders that are there from the start.
func newScratch(dir string) (scratch, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	made := scratch(dir)
	for _, name := range []string{made.programs(), made.sockets(), made.plugins(), made.logs()} {
		if err := os.MkdirAll(name, 0o700); err != nil {
			return "", err
		}
	}
	return made, os.WriteFile(filepath.Join(made.programs(), "git-verify-wrapper.sh"), []byte(verifier), 0o700)
}

// sockets is the folder of the plugins' sockets. The path of a socket is limited to about a hundred
// bytes, hence the short name.
func (s scratch) sockets() string { return filepath.Join(string(s), "sock") }

// plugins holds the settings of the stock plugin servers: NAME/plugin.yaml.
func (s scratch) plugins() string { return filepath.Join(string(s), "plugins") }

func (s scratch) logs() string { return filepath.Join(string(s), "log") }

func (s scratch) programs() string { return filepath.Join(string(s), "bin") }

func (s scratch) log(name string) string { return filepath.Join(s.logs(), filepath.Base(name)+".log") }

// environment is the environment of a server: only PATH is the machine's. It has its own folder for files.
func (s scratch) environment(name string, more []string) ([]string, error) {
	own := filepath.Join(string(s), "own", filepath.FromSlash(name))
	if err := os.MkdirAll(own, 0o700); err != nil {
		return nil, err
	}
	variables := []string{
		"HOME=" + own,
		"TMPDIR=" + own,
		"PATH=" + s.programs() + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"GIT_CONFIG_NOSYSTEM=1",
		"ARGOCD_GPG_ENABLED=false",
		"ARGOCD_PLUGINSOCKFILEPATH=" + s.sockets(),
		"ARGOCD_TLS_DATA_PATH=" + own,
		"ARGOCD_SSH_DATA_PATH=" + own,
		"ARGOCD_ASK_PASS_SOCK=" + filepath.Join(string(s), "askpass.sock"),
	}
	return append(variables, more...), nil
}

// remove deletes the folder. The repo-server leaves folders without read permission.
func (s scratch) remove() {
	_ = filepath.WalkDir(string(s), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(string(s))
}
