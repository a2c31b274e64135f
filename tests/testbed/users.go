package main

// Static users of the cluster with random tokens, each with its own kubeconfig file. The tokens are valid until the cluster
// ends.

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

type user struct {
	// name is the kubeconfig file's name without ending; empty for the administrator.
	name   string
	user   string
	groups []string
	token  string
}

// users is also the value of the repeatable flag --token.
type users []user

// tokenFlag keeps commas and quotes out of the names, since they end up in a CSV file.
var tokenFlag = regexp.MustCompile(`^([a-z0-9-]+)=([A-Za-z0-9:._@-]+)((?:,[A-Za-z0-9:._@-]+)*)$`)

func (u *users) String() string { return "" }

// Set parses NAME=USER[,GROUP...].
func (u *users) Set(text string) error {
	parts := tokenFlag.FindStringSubmatch(text)
	if parts == nil {
		return fmt.Errorf("expected NAME=USER[,GROUP...], got %q", text)
	}
	added := user{name: parts[1], user: parts[2]}
	if parts[3] != "" {
		added.groups = strings.Split(parts[3][1:], ",")
	}
	*u = append(*u, added)
	return nil
}

func (u users) makeTokens() error {
	for i := range u {
		random := make([]byte, 24)
		if _, err := rand.Read(random); err != nil {
			return err
		}
		u[i].token = hex.EncodeToString(random)
	}
	return nil
}

// file is the path of the user's kubeconfig.
func (u user) file(dir string) string {
	if u.name == "" {
		return filepath.Join(dir, "kubeconfig")
	}
	return filepath.Join(dir, u.name+".kubeconfig")
}

// writeTokens writes the file the API server reads once, at its start.
func (u users) writeTokens(dir string) error {
	var text strings.Builder
	for _, one := range u {
		fmt.Fprintf(&text, "%s,%s,%s,%q\n", one.token, one.user, one.user, strings.Join(one.groups, ","))
	}
	return os.WriteFile(filepath.Join(dir, "tokens.csv"), []byte(text.String()), 0o600)
}

// writeKubeconfigs comes after the API server made its certificate, which contains
// the authority that signed it.
func (u users) writeKubeconfigs(dir, address string) error {
	authority, err := os.ReadFile(filepath.Join(dir, "apiserver.crt"))
	if err != nil {
		return err
	}
	for _, one := range u {
		text := fmt.Sprintf(kubeconfig, address, base64.StdEncoding.EncodeToString(authority), one.user, one.token)
		if err := os.WriteFile(one.file(dir), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const kubeconfig = `apiVersion: v1
kind: Config
current-context: testbed
clusters:
- name: testbed
  cluster:
    server: https://%[1]s
    certificate-authority-data: %[2]s
contexts:
- name: testbed
  context: {cluster: testbed, user: %[3]s, namespace: default}
users:
- name: %[3]s
  user: {token: %[4]s}
`
